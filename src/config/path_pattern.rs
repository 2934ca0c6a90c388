//! Patterns of paths, and the places that they lead to.
//!
//! `*` is any letters but a slash, none as well; `**` is any letters at all.
//! In the place, `{1}`, `{2}` … are what the stars stood for, in their order.

use crate::base::limits::{PATH_BYTES_MAX, PATTERN_STARS_MAX};
use std::fmt::{self, Display};
use std::str::FromStr;

/// A pattern of paths. It is held against a decoded path, without its query.
/// Braces, and the signs of regular expressions, are mistakes.
///
/// ```
/// use pelton::config::PathPattern;
///
/// let pages: PathPattern = "/**.html".parse()?;
/// assert!(pages.matches(b"/a/b.html") && !pages.matches(b"/a/b.css"));
/// let tops: PathPattern = "/*.html".parse()?;
/// assert!(tops.matches(b"/b.html") && !tops.matches(b"/a/b.html"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    /// The text ahead of the first star.
    start: Vec<u8>,
    /// Every star with the text behind it.
    stars: Vec<Star>,
}

/// A star and the text that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Star {
    /// It stands for slashes too.
    deep: bool,
    text: Vec<u8>,
}

/// Which bytes of a path the stars stood for: first, and one past the last.
pub type Stretches = [(usize, usize); PATTERN_STARS_MAX];

impl PathPattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many stars there are.
    #[must_use]
    pub fn stars(&self) -> usize {
        self.stars.len()
    }

    /// Whether a path is of this form.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        self.stretches(path).is_some()
    }

    /// What the stars stand for in a path of this form; each for as little as
    /// it can, the first one first.
    ///
    /// A text that does not follow moves the star before it on, or the last
    /// deep one, where the star would have to pass a slash. The stars ahead of
    /// that one need not be tried again: all that they could reach, it can.
    /// So the work is that of the path's length by the pattern's.
    #[must_use]
    pub fn stretches(&self, path: &[u8]) -> Option<Stretches> {
        let mut found = [(0, 0); PATTERN_STARS_MAX];
        let rest = path.strip_prefix(&self.start[..])?;
        let Some(last) = self.stars.len().checked_sub(1) else {
            return rest.is_empty().then_some(found);
        };
        let mut at = self.start.len();
        let (mut star, mut begin) = (0, at);
        // The last deep star, where it begins and where it ends so far.
        let mut deep: Option<(usize, usize, usize)> = None;
        loop {
            let Star {
                deep: is_deep,
                text,
            } = &self.stars[star];
            if *is_deep {
                deep = Some((star, begin, at));
            }
            let fits = path[at..].starts_with(text);
            let end = at + text.len();
            if fits && (star < last || end == path.len()) {
                found[star] = (begin, at);
                if star == last {
                    return Some(found);
                }
                (star, begin, at) = (star + 1, end, end);
                continue;
            }
            if *is_deep || path.get(at) != Some(&b'/') {
                at += 1;
            } else {
                let (back, from, to) = deep?;
                (star, begin, at) = (back, from, to + 1);
            }
            if at > path.len() {
                // A deep star has come to the end: none further back gets on.
                let (back, from, to) = deep.filter(|deep| deep.0 < star)?;
                (star, begin, at) = (back, from, to + 1);
                if at > path.len() {
                    return None;
                }
            }
        }
    }
}

impl FromStr for PathPattern {
    type Err = String;

    /// What is wrong and what to write instead, in one line.
    fn from_str(text: &str) -> Result<PathPattern, String> {
        no_expression(text)?;
        if text.starts_with("*.") {
            return Err(format!(
                "a path begins with a slash: write \"/*{text}\", or \"/{text}\" for those at \
                 the top"
            ));
        }
        check_path(text)?;
        no_braces(text)?;
        let mut stars = Vec::new();
        let mut pieces = text.split('*');
        let start = pieces.next().unwrap_or("").as_bytes().to_vec();
        let mut deep = false;
        while let Some(piece) = pieces.next() {
            let next_is_star = piece.is_empty() && pieces.clone().next().is_some();
            if next_is_star && deep {
                return Err(format!(
                    "`{text}` has three stars in a row: write `*` or `**`"
                ));
            }
            if next_is_star {
                deep = true;
                continue;
            }
            let text = piece.as_bytes().to_vec();
            stars.push(Star { deep, text });
            deep = false;
        }
        if stars.len() > PATTERN_STARS_MAX {
            return Err(format!("`{text}` has more than {PATTERN_STARS_MAX} stars"));
        }
        let text = text.to_owned();
        Ok(PathPattern { text, start, stars })
    }
}

impl Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Patterns are not regular expressions, which users of other servers write.
fn no_expression(text: &str) -> Result<(), String> {
    let signs = [
        "(.", "([", "(?", "|", "\\", "[0-9", "[a-z", "[A-Z", "[^", "]+",
    ];
    let has = |sign: &&str| text.contains(*sign);
    if !text.starts_with(['^', '~']) && !text.ends_with('$') && !signs.iter().any(has) {
        return Ok(());
    }
    let bare = text.trim_start_matches(['~', '*', ' ', '^']);
    let meant = bare
        .trim_end_matches('$')
        .replace("([^/]+)", "*")
        .replace("([^/]*)", "*")
        .replace("(.*)", "**")
        .replace("(.+)", "**")
        .replace(".*", "**")
        .replace('\\', "");
    let meant = match meant.starts_with('/') {
        true => meant,
        false => format!("/**{meant}"),
    };
    let is_good = !meant.contains(['(', '[', '^', '|']) && meant.parse::<PathPattern>().is_ok();
    let meant = if is_good { &meant } else { "/old/**" };
    Err(format!(
        "`{text}`: patterns are not regular expressions: write one such as \"{meant}\""
    ))
}

/// A choice in braces is two patterns here, and a name in them, or behind a
/// colon, is a star.
fn no_braces(text: &str) -> Result<(), String> {
    if let Some((before, rest)) = text.split_once("/:") {
        let (name, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        return Err(format!(
            "`{text}`: `:{name}` stands for nothing: write `*` for any letters, \
             \"{before}/*{behind}\""
        ));
    }
    let Some((before, rest)) = text.split_once(['{', '}']) else {
        return Ok(());
    };
    let (inner, behind) = rest.split_once('}').unwrap_or((rest, ""));
    Err(match inner.split_once(',') {
        Some((one, other)) => {
            let other = other.split(',').next().unwrap_or(other).trim();
            format!(
                "`{text}`: braces are not understood: write a rule for each, \
                 \"{before}{}{behind}\" and \"{before}{other}{behind}\"",
                one.trim()
            )
        }
        None => format!(
            "`{text}`: braces are not understood: write `*` for any letters, \"{before}*{behind}\""
        ),
    })
}

/// Whether a decoded path may look like this; stars are letters here.
pub(super) fn check_path(text: &str) -> Result<(), String> {
    let folded = text.replace("//", "/");
    if text.len() > PATH_BYTES_MAX {
        return Err(format!("a path has {PATH_BYTES_MAX} bytes at most"));
    }
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
        return Err(format!(
            "`{text}` is a URL: write the path alone, \"{path}\""
        ));
    }
    if !text.starts_with('/') {
        return Err(format!("a path begins with a slash: write \"/{text}\""));
    }
    if folded != text {
        return Err(format!(
            "slashes are folded before a path is looked at: write \"{folded}\""
        ));
    }
    if text.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!(
            "`{text}` has a segment of dots: write where it leads"
        ));
    }
    if text.contains(['?', '#']) {
        return Err(format!(
            "`{text}`: what follows `?` or `#` is no part of a path: remove it"
        ));
    }
    if text.contains(char::is_control) {
        return Err("a path has no control characters".to_owned());
    }
    let encoded = |at: usize| {
        let digits = text.as_bytes().get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    match text.find('%') {
        Some(at) if encoded(at) => {
            let sign = &text[at..at + 3];
            Err(format!(
                "paths are decoded before they are looked at: write the letter for `{sign}`"
            ))
        }
        _ => Ok(()),
    }
}

/// Where a redirect or a rewrite leads: text, and what the stars stood for.
///
/// ```
/// use pelton::config::{PathPattern, Place};
///
/// let from: PathPattern = "/old/**".parse()?;
/// let to = Place::new("/new/{1}", &from)?;
/// assert!(Place::new("/new/{2}", &from).is_err(), "there is one star");
/// # let _ = to;
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    parts: Vec<Part>,
}

/// A stretch of a [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// What this star stood for, counted from 0.
    Star(usize),
}

impl Place {
    /// Reads a place that paths of the form `from` are led to.
    ///
    /// # Errors
    /// What is wrong and what to write instead, in one line.
    pub fn new(text: &str, from: &PathPattern) -> Result<Place, String> {
        let stars = from.stars();
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let number = rest[open..]
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'));
            let Some((digits, behind)) = number else {
                return Err(format!(
                    "`{text}` has a brace alone: write `{{1}}` for a star"
                ));
            };
            let star = digits
                .parse()
                .ok()
                .filter(|star| (1..=stars).contains(star));
            let Some(star) = star.filter(|_| digits.len() == 1) else {
                return Err(no_such_star(digits, from));
            };
            push_text(&mut parts, &rest[..open]);
            parts.push(Part::Star(star - 1));
            rest = behind;
        }
        push_text(&mut parts, rest);
        Ok(Place { parts })
    }

    /// What it is made of, in order; no two texts follow one another.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The place that `path` is led to, as plain text.
    pub(super) fn at(&self, path: &str, stretches: &Stretches) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Star(star) => {
                let (start, end) = stretches[*star];
                path.get(start..end).unwrap_or("").to_owned()
            }
        };
        self.parts.iter().map(part).collect()
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn no_such_star(digits: &str, from: &PathPattern) -> String {
    match from.stars() {
        0 => format!("`{{{digits}}}` stands for a star, and \"{from}\" has none: remove it"),
        1 => format!("`{{{digits}}}` stands for a star, and \"{from}\" has one: write `{{1}}`"),
        stars => format!(
            "`{{{digits}}}` stands for a star, and \"{from}\" has {stars}: write `{{1}}` to \
             `{{{stars}}}`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: Option<&[&str]>) {
        let pattern: PathPattern = pattern.parse().expect("a pattern");
        let found = pattern.stretches(path.as_bytes()).map(|stretches| {
            let stretch = |(start, end): &(usize, usize)| &path[*start..*end];
            stretches[..pattern.stars()]
                .iter()
                .map(stretch)
                .collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected, "{pattern} {path}");
    }

    #[test]
    fn a_pattern_without_stars_is_a_path() {
        check("/", "/", Some(&[]));
        check("/a", "/a", Some(&[]));
        check("/a", "/a/", None);
        check("/a/", "/a", None);
        check("/a", "/A", None);
    }

    #[test]
    fn one_star_stays_within_a_segment_and_two_do_not() {
        check("/*", "/", Some(&[""]));
        check("/*", "/a", Some(&["a"]));
        check("/*", "/a/b", None);
        check("/**", "/a/b/", Some(&["a/b/"]));
        check("/a*c", "/abc", Some(&["b"]));
        check("/a*c", "/ac", Some(&[""]));
        check("/a*c", "/a/c", None);
        check("/a**c", "/a/c", Some(&["/"]));
        check("/*.html", "/a.html.html", Some(&["a.html"]));
        check("/old/**", "/old", None);
        check("/old/**", "/old/", Some(&[""]));
        check("/*/b/*", "/a/b/c", Some(&["a", "c"]));
        check("/*/b/*", "/a/c/b/c", None);
    }

    #[test]
    fn stars_take_as_little_as_they_can() {
        check("/**/b/**", "/x/b/y/b/z", Some(&["x", "y/b/z"]));
        check("/**/*.html", "/a/b/c.html", Some(&["a/b", "c"]));
        check("/**/*", "/a/b/c", Some(&["a/b", "c"]));
        check("/**a*b", "/a/ab", Some(&["a/", ""]));
        check("/**-*-**", "/a-/-b-c/", Some(&["a-/", "b", "c/"]));
        check("/**a*b**c*d", "/a/aab/c/cd", Some(&["a/", "a", "/c/", ""]));
        check("/**x", "/y", None);
        check("/**/**/x", "/a/b/c/y", None);
        check("/**/*/x", "/a/b/c/x", Some(&["a/b", "c"]));
        check("/*a*", "/bbb", None);
    }

    /// Every pattern and path of a few letters, against all ways to split.
    #[test]
    fn it_finds_what_trying_everything_finds() {
        fn all(letters: &[&str], len: usize) -> Vec<String> {
            let mut words = vec![String::new()];
            for _ in 0..len {
                let longer: Vec<String> = words
                    .iter()
                    .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")))
                    .collect();
                words.extend(longer);
            }
            words.sort();
            words.dedup();
            words
        }
        fn slow(pattern: &[u8], path: &[u8]) -> bool {
            match pattern {
                [] => path.is_empty(),
                [b'*', b'*', rest @ ..] => (0..=path.len()).any(|at| slow(rest, &path[at..])),
                [b'*', rest @ ..] => (0..=path.len())
                    .take_while(|at| !path[..*at].contains(&b'/'))
                    .any(|at| slow(rest, &path[at..])),
                [letter, rest @ ..] => path.first() == Some(letter) && slow(rest, &path[1..]),
            }
        }
        let paths = all(&["a", "/"], 6);
        for pattern in all(&["a", "/", "*", "**"], 5) {
            let text = format!("/{pattern}");
            let Ok(quick) = text.parse::<PathPattern>() else {
                continue;
            };
            for path in &paths {
                let path = format!("/{path}");
                let expected = slow(text.as_bytes(), path.as_bytes());
                assert_eq!(quick.matches(path.as_bytes()), expected, "{text} {path}");
            }
        }
    }

    #[test]
    fn a_long_path_takes_no_time_to_speak_of() {
        let pattern: PathPattern = "/**a*a*a*a**a*a*a*b".parse().expect("a pattern");
        assert!(!pattern.matches(format!("/{}", "a".repeat(4_000)).as_bytes()));
    }

    fn refused(text: &str, part: &str) {
        let message = text.parse::<PathPattern>().expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
    }

    #[test]
    fn what_no_path_looks_like_is_refused() {
        refused("a", "write \"/a\"");
        refused("", "write \"/\"");
        refused("/a//b", "write \"/a/b\"");
        refused("/a/../b", "segment of dots");
        refused("/a?b", "remove it");
        refused("/a%20b", "the letter for `%20`");
        refused("/***", "three stars");
        refused("/*/*/*/*/*/*/*/*/*/*", "more than 9");
        refused("/a\n", "control");
        refused("*.css", "write \"/**.css\"");
        refused("https://a.org/b", "write the path alone, \"/b\"");
        refused("https://a.org", "write the path alone, \"/\"");
        assert!("/100%".parse::<PathPattern>().is_ok());
    }

    #[test]
    fn what_other_servers_understand_is_told() {
        refused("^/old/(.*)$", "write one such as \"/old/**\"");
        refused("/(a|b)/", "write one such as \"/old/**\"");
        refused("~* \\.css$", "write one such as \"/**.css\"");
        refused("^/a/([^/]+)\\.html$", "write one such as \"/a/*.html\"");
        refused("/*.{css,js}", "\"/*.css\" and \"/*.js\"");
        refused("/{css, js}/*", "\"/css/*\" and \"/js/*\"");
        refused("/users/{id}/a", "\"/users/*/a\"");
        refused("/{a", "\"/*\"");
        refused("/:id/edit", "\"/*/edit\"");
        refused("/a/[0-9]+", "regular expressions");
    }

    #[test]
    fn a_place_has_the_stars_of_its_pattern() {
        let check = |from: &str, to: &str, path: &str, expected: Result<&str, &str>| {
            let from: PathPattern = from.parse().expect("a pattern");
            match (Place::new(to, &from), expected) {
                (Ok(place), Ok(expected)) => {
                    let stretches = from.stretches(path.as_bytes()).expect("it matches");
                    assert_eq!(place.at(path, &stretches), expected);
                }
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (got, _) => panic!("{to}: {got:?}"),
            }
        };
        check("/*/**", "/{2}/{1}", "/a/b/c", Ok("/b/c/a"));
        check("/*", "/x{1}{1}", "/a", Ok("/xaa"));
        check("/a", "/b", "/a", Ok("/b"));
        check("/*", "/{2}", "", Err("has one: write `{1}`"));
        check("/a", "/{1}", "", Err("has none"));
        check("/*/*", "/{3}", "", Err("`{1}` to `{2}`"));
        check("/*", "/{0}", "", Err("`{0}`"));
        check("/*", "/{01}", "", Err("`{01}`"));
        check("/*", "/{", "", Err("a brace alone"));
        check("/*", "/}", "", Err("a brace alone"));
    }
}
