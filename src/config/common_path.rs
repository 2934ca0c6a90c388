//! Paths that two patterns have in common: whether there is one, and whether
//! they are all that one of the two has.

use crate::config::PathPattern;

/// What stands at one place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Letter(u8),
    /// Any letters; `deep`: slashes too.
    Star {
        deep: bool,
    },
}

impl Token {
    /// Whether a star takes this letter, and stays.
    fn takes(self, letter: u8) -> bool {
        matches!(self, Token::Star { deep } if deep || letter != b'/')
    }
}

/// Where a search stands: how many tokens of each pattern are behind it, how
/// long the path is that has led there, and the letter that it goes on with.
struct Step {
    behind: (usize, usize),
    len: usize,
    letter: Option<u8>,
}

/// A path of both forms, if there is one. The work is that of one pattern's
/// length by the other's.
pub(super) fn common_path(one: &PathPattern, other: &PathPattern) -> Option<Vec<u8>> {
    let (one, other) = (tokens(one), tokens(other));
    let width = other.len() + 1;
    let mut seen = vec![false; (one.len() + 1) * width];
    let mut path = Vec::new();
    let mut steps = vec![Step {
        behind: (0, 0),
        len: 0,
        letter: None,
    }];
    while let Some(Step {
        behind: (i, j),
        len,
        letter,
    }) = steps.pop()
    {
        if std::mem::replace(&mut seen[i * width + j], true) {
            continue;
        }
        path.truncate(len);
        path.extend(letter);
        let len = path.len();
        let mut go = |behind, letter| {
            steps.push(Step {
                behind,
                len,
                letter,
            });
        };
        let (a, b) = (one.get(i).copied(), other.get(j).copied());
        // A star may stand for nothing more.
        if let Some(Token::Star { .. }) = a {
            go((i + 1, j), None);
        }
        if let Some(Token::Star { .. }) = b {
            go((i, j + 1), None);
        }
        match (a, b) {
            (None, None) => return Some(path),
            (Some(Token::Letter(letter)), Some(Token::Letter(same))) if letter == same => {
                go((i + 1, j + 1), Some(letter));
            }
            (Some(star), Some(Token::Letter(letter))) if star.takes(letter) => {
                go((i, j + 1), Some(letter));
            }
            (Some(Token::Letter(letter)), Some(star)) if star.takes(letter) => {
                go((i + 1, j), Some(letter));
            }
            _ => {}
        }
    }
    None
}

/// Whether all paths of one pattern are of the form of another, which is `wide`.
/// The work is as above.
pub(super) fn covers(wide: &PathPattern, narrow: &PathPattern) -> bool {
    let start = wide.text().split('*').next().unwrap_or("");
    if !narrow.text().starts_with(start) {
        return false;
    }
    let wide = tokens(wide);
    // How many tokens of it may be behind; at first none, and then stars, which
    // may stand for nothing.
    let mut behind = vec![false; wide.len() + 1];
    behind[0] = true;
    skip_stars(&mut behind, &wide);
    for token in tokens(narrow) {
        let mut next = vec![false; wide.len() + 1];
        for (at, known) in wide.iter().enumerate().filter(|(at, _)| behind[*at]) {
            match (*known, token) {
                (Token::Letter(letter), Token::Letter(same)) if letter == same => {
                    next[at + 1] = true;
                }
                (star, Token::Letter(letter)) if star.takes(letter) => next[at] = true,
                (Token::Star { deep }, Token::Star { deep: wanted }) if deep || !wanted => {
                    next[at] = true;
                }
                _ => {}
            }
        }
        skip_stars(&mut next, &wide);
        behind = next;
    }
    behind[wide.len()]
}

fn skip_stars(behind: &mut [bool], pattern: &[Token]) {
    for (at, token) in pattern.iter().enumerate() {
        if behind[at] && matches!(token, Token::Star { .. }) {
            behind[at + 1] = true;
        }
    }
}

fn tokens(pattern: &PathPattern) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = pattern.text().bytes().peekable();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            b'*' => Token::Star {
                deep: letters.next_if_eq(&b'*').is_some(),
            },
            letter => Token::Letter(letter),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expected: Option<&str>) {
        let pattern = |text: &str| text.parse::<PathPattern>().expect("a pattern");
        let (one, other) = (pattern(one), pattern(other));
        for (one, other) in [(&one, &other), (&other, &one)] {
            let found = common_path(one, other);
            let path = found.map(|path| {
                assert!(one.matches(&path) && other.matches(&path));
                String::from_utf8_lossy(&path).into_owned()
            });
            assert_eq!(path.as_deref(), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_path_of_both_forms_is_found_where_there_is_one() {
        check("/a", "/a", Some("/a"));
        check("/a", "/b", None);
        check("/private/**", "/**", Some("/private/"));
        check("/private/**", "/**.pdf", Some("/private/.pdf"));
        check("/private/**", "/*.pdf", None);
        check("/private/*", "/*/a", Some("/private/a"));
        check("/private/**", "/assets/**", None);
        check("/a*c", "/ab*", Some("/abc"));
        check("/*a*", "/b*", Some("/ba"));
        check("/**/x/**", "/a/*", None);
        check("/**/x/**", "/a/*/b", Some("/a/x/b"));
        check("/**.html", "/**.htm", None);
        check("/a", "/a/**", None);
    }

    /// Held against all short paths of three letters.
    #[test]
    fn it_is_found_exactly_where_there_is_one() {
        let mut paths: Vec<Vec<u8>> = vec![b"/".to_vec()];
        let mut at = 0;
        while paths[at].len() < 6 {
            for letter in *b"ab/" {
                let longer = [&paths[at][..], &[letter]].concat();
                paths.push(longer);
            }
            at += 1;
        }
        let texts = [
            "/", "/*", "/**", "/a*", "/*a", "/a/**", "/**/b", "/a*b", "/*/*", "/**a**b",
        ];
        for one in texts {
            for other in texts {
                let pattern = |text: &str| text.parse::<PathPattern>().expect("a pattern");
                let (one, other) = (pattern(one), pattern(other));
                let both = |path: &Vec<u8>| one.matches(path) && other.matches(path);
                let found = common_path(&one, &other);
                assert_eq!(found.is_some(), paths.iter().any(both), "{one} {other}");
                assert!(found.is_none_or(|path| both(&path)), "{one} {other}");
                let covered = |path: &Vec<u8>| !other.matches(path) || one.matches(path);
                assert_eq!(
                    covers(&one, &other),
                    paths.iter().all(covered),
                    "{one} {other}"
                );
            }
        }
    }
}
