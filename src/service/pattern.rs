//! Paths with names in them: what they match, and what the names stand for.

use std::collections::BTreeSet;
use std::sync::Arc;

/// A path such as `/cups/{id}`, taken apart.
pub(super) struct Pattern {
    text: String,
    parts: Vec<Part>,
}

/// What stands between two slashes. The order is that of precedence: what says
/// more comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// This text and no other.
    Literal(Vec<u8>),
    /// Any one segment that is not empty: `{name}`.
    One(Arc<str>),
    /// All that is left, slashes included, if it is not empty: `{name..}`.
    Rest(Arc<str>),
}

impl Pattern {
    /// Whether there are names in `path`.
    pub(super) fn is_one(path: &str) -> bool {
        path.contains(['{', '}'])
    }

    /// Takes a path apart.
    ///
    /// # Panics
    /// If it is none: a fault of the program, found when it starts.
    pub(super) fn new(path: &str) -> Pattern {
        let parts: Vec<Part> = path.split('/').skip(1).map(Part::new).collect();
        let mut names = BTreeSet::new();
        for (at, part) in parts.iter().enumerate() {
            let is_last = at + 1 == parts.len();
            assert!(
                is_last || !matches!(part, Part::Rest(_)),
                "nothing follows a name with two dots: {path:?}"
            );
            let is_new = part.name().is_none_or(|name| names.insert(name));
            assert!(is_new, "a name stands twice in {path:?}");
        }
        Pattern {
            text: path.to_owned(),
            parts,
        }
    }

    /// The path as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Sorts the pattern that says more ahead: what comes first in a path
    /// decides. Patterns of one rank that match the same paths are the same
    /// but for their names.
    pub(super) fn rank(&self) -> Vec<u8> {
        let kind = |part: &Part| match part {
            Part::Literal(_) => 0,
            Part::One(_) => 1,
            Part::Rest(_) => 2,
        };
        self.parts.iter().map(kind).collect()
    }

    /// Whether both match the same paths.
    pub(super) fn is_like(&self, other: &Pattern) -> bool {
        let alike = |(one, other): (&Part, &Part)| match (one, other) {
            (Part::Literal(one), Part::Literal(other)) => one == other,
            _ => true, // of the same kind, by rank
        };
        self.rank() == other.rank() && self.parts.iter().zip(&other.parts).all(alike)
    }

    /// Whether a decoded path is of this form. It is not where a name would
    /// stand for bytes that are no UTF-8.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        self.walk(path, |_, _| {})
    }

    /// What the names stand for in a path that matches.
    pub(super) fn values(&self, path: &[u8]) -> PathValues {
        let mut values = Vec::new();
        self.walk(path, |name, value| {
            values.push((name.clone(), value.to_owned()));
        });
        PathValues(Some(values))
    }

    fn walk(&self, path: &[u8], mut found: impl FnMut(&Arc<str>, &str)) -> bool {
        let mut rest = path.strip_prefix(b"/");
        for part in &self.parts {
            let Some(here) = rest else { return false };
            let end = memchr::memchr(b'/', here);
            let segment = &here[..end.unwrap_or(here.len())];
            rest = end.map(|end| &here[end + 1..]);
            let (name, value) = match part {
                Part::Literal(text) if text == segment => continue,
                Part::Literal(_) => return false,
                Part::One(name) => (name, segment),
                Part::Rest(name) => {
                    rest = None;
                    (name, here)
                }
            };
            match std::str::from_utf8(value) {
                Ok(value) if !value.is_empty() => found(name, value),
                _ => return false,
            }
        }
        rest.is_none()
    }
}

impl Part {
    fn new(text: &str) -> Part {
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        let Some(inner) = inner else {
            let plain = !Pattern::is_one(text);
            assert!(plain, "a name is a whole segment in braces: {text:?}");
            return Part::Literal(text.as_bytes().to_vec());
        };
        let name = inner.strip_suffix("..").unwrap_or(inner);
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        assert!(
            !name.is_empty() && name.bytes().all(is_word),
            "a name is made of letters, digits and underscores: {text:?}"
        );
        if name.len() < inner.len() {
            Part::Rest(name.into())
        } else {
            Part::One(name.into())
        }
    }

    fn name(&self) -> Option<&Arc<str>> {
        match self {
            Part::Literal(_) => None,
            Part::One(name) | Part::Rest(name) => Some(name),
        }
    }
}

/// What the names in a path stand for, in one request: see
/// [`Context::path`](super::Context::path).
#[derive(Clone, Debug, Default)]
pub struct PathValues(Option<Vec<(Arc<str>, String)>>);

impl PathValues {
    /// What `name` stands for, decoded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().flatten();
        let found = values.find(|(known, _)| **known == *name);
        found.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &[u8], expected: Option<&[(&str, &str)]>) {
        let pattern = Pattern::new(pattern);
        let matched = pattern.matches(path).then(|| pattern.values(path));
        let found = matched.as_ref().map(|values| {
            let values = values.0.iter().flatten();
            let pairs = values.map(|(name, value)| (&**name, &**value));
            pairs.collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected, "{} {path:?}", pattern.text());
    }

    #[test]
    fn names_stand_for_segments() {
        check("/cups/{id}", b"/cups/7", Some(&[("id", "7")]));
        check(
            "/cups/{id}",
            "/cups/große".as_bytes(),
            Some(&[("id", "große")]),
        );
        for other in [
            &b"/cups"[..],
            b"/cups/",
            b"/cups/7/",
            b"/cup/7",
            b"/cups/\xff",
        ] {
            check("/cups/{id}", other, None);
        }
        let both: &[_] = &[("shelf", "a"), ("id", "7")];
        check("/{shelf}/cups/{id}", b"/a/cups/7", Some(both));
        check("/cups/{id}/", b"/cups/7/", Some(&[("id", "7")]));
        check("/{any}", b"*", None);
    }

    #[test]
    fn the_rest_may_have_slashes_but_not_be_empty() {
        check("/files/{path..}", b"/files/a/b/", Some(&[("path", "a/b/")]));
        check("/files/{path..}", b"/files/a", Some(&[("path", "a")]));
        check("/files/{path..}", b"/files/", None);
        check("/files/{path..}", b"/files", None);
    }

    #[test]
    fn values_are_found_by_name() {
        let values = Pattern::new("/{a}/{b}").values(b"/1/2");
        assert_eq!((values.get("b"), values.get("c")), (Some("2"), None));
    }

    #[test]
    fn patterns_are_alike_whatever_their_names() {
        let is_like = |one, other| Pattern::new(one).is_like(&Pattern::new(other));
        assert!(is_like("/cups/{id}", "/cups/{name}"));
        assert!(!is_like("/cups/{id}", "/cups/{id..}"));
        assert!(!is_like("/cups/{id}", "/jugs/{id}"));
        assert!(!is_like("/cups/{id}", "/cups/{id}/handle"));
    }

    #[test]
    fn what_is_no_pattern_is_told_at_the_start() {
        for wrong in [
            "/{}", "/{a b}", "/x{a}", "/{a", "/{a}/{a}", "/{a..}/b", "/{..}",
        ] {
            let told = std::panic::catch_unwind(|| Pattern::new(wrong));
            assert!(told.is_err(), "{wrong}");
        }
    }
}
