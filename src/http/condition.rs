//! Preconditions (RFC 9110 13): in the order of 13.2.2.

use super::date;
use super::head::{Head, Method};
use super::seen::Seen;

/// What identifies the representation as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// The entity tag in its quotes; a strong one.
    pub etag: &'a [u8],
    /// When it was last modified, in seconds since 1970.
    pub modified_unix_s: Option<u64>,
}

/// What the preconditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answer as if there were none.
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Evaluates the preconditions of a request for a representation that exists.
#[must_use]
pub fn evaluate(head: &Head<'_>, validators: &Validators<'_>) -> Outcome {
    let seen = head.line().seen;
    // If-Match, and If-Unmodified-Since where there is none (13.1.1, 13.1.4).
    let unless_changed = if seen.contains(Seen::IF_MATCH) {
        any_tag(head, "if-match", |tag| {
            matches_strongly(tag, validators.etag)
        })
    } else if seen.contains(Seen::IF_UNMODIFIED_SINCE) {
        !modified_since(head, "if-unmodified-since", validators).unwrap_or(false)
    } else {
        true
    };
    if !unless_changed {
        return Outcome::Failed;
    }
    let reads = matches!(head.method(), Method::Get | Method::Head);
    // If-None-Match, and If-Modified-Since where there is none (13.1.2, 13.1.3).
    if seen.contains(Seen::IF_NONE_MATCH) {
        let known = any_tag(head, "if-none-match", |tag| {
            matches_weakly(tag, validators.etag)
        });
        return match known {
            false => Outcome::Proceed,
            true if reads => Outcome::NotModified,
            true => Outcome::Failed,
        };
    }
    if seen.contains(Seen::IF_MODIFIED_SINCE)
        && reads
        && modified_since(head, "if-modified-since", validators) == Some(false)
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

/// Whether a Range field is to be obeyed at the time `unix_s` (13.1.5): If-Range
/// is absent, or is the very tag, or the exact date of a representation. That
/// date has to be a strong validator: in the second that it names the file may
/// change once more, and still have it (8.8.2.2).
#[must_use]
pub fn range_applies(head: &Head<'_>, validators: &Validators<'_>, unix_s: u64) -> bool {
    let mut lines = head.all("if-range");
    match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(tag), None) if tag.starts_with(b"\"") => matches_strongly(tag, validators.etag),
        (Some(text), None) => {
            let date = date::parse(text).filter(|date| *date < unix_s);
            date.is_some() && date == validators.modified_unix_s
        }
        (Some(_), Some(_)) => false,
    }
}

/// Whether any entity tag of the lists in the lines named `name` fits; `*`
/// fits whatever exists. A quoted tag may hold commas.
fn any_tag(head: &Head<'_>, name: &str, fits: impl Fn(&[u8]) -> bool) -> bool {
    head.all(name)
        .any(|line| line.trim_ascii() == b"*" || tags(line).any(&fits))
}

/// The entity tags of a list; it ends where the grammar does.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| !b", \t".contains(byte))?;
        rest = &rest[start..];
        let quote = if rest.starts_with(b"W/\"") { 2 } else { 0 };
        let inner = rest.get(quote..)?.strip_prefix(b"\"")?;
        let end = quote + 2 + memchr::memchr(b'"', inner)?;
        let (tag, behind) = rest.split_at(end);
        let next = behind.trim_ascii_start();
        if !next.is_empty() && !next.starts_with(b",") {
            return None;
        }
        rest = next;
        Some(tag)
    })
}

/// RFC 9110 8.8.3.2, as [`matches_weakly`].
fn matches_strongly(tag: &[u8], etag: &[u8]) -> bool {
    tag == etag && !etag.starts_with(b"W/")
}

fn matches_weakly(tag: &[u8], etag: &[u8]) -> bool {
    opaque(tag) == opaque(etag)
}

/// An entity tag without its mark of weakness.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Whether the representation is later than the date of the field; `None` for
/// a bad date, and for a field that is there twice: both are ignored (13.1.3,
/// 13.1.4).
fn modified_since(head: &Head<'_>, name: &str, validators: &Validators<'_>) -> Option<bool> {
    let mut lines = head.all(name);
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    Some(validators.modified_unix_s? > date::parse(line)?)
}

#[cfg(test)]
mod tests {
    use super::super::{head, parse};
    use super::*;

    const NOW: Validators<'static> = Validators {
        etag: b"\"a\"",
        modified_unix_s: Some(784_111_777),
    };
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sunday, 06-Nov-94 08:49:36 GMT";
    const LATER: &str = "Sun Nov  6 08:49:38 1994";

    fn check(method: &str, fields: &[(&str, &str)], expected: Outcome) {
        let lines: String = fields
            .iter()
            .map(|(n, v)| format!("{n}: {v}\r\n"))
            .collect();
        let text = format!("{method} / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let mut room = head::HeadRoom::new();
        let head = parse::parse(text.as_bytes(), &mut room).expect("a good head");
        assert_eq!(evaluate(&head, &NOW), expected, "{text}");
    }

    /// The answer's time, unless a case is about it.
    const NOW_S: u64 = 784_200_000;

    #[test]
    fn if_none_match() {
        for (value, expected) in [
            ("\"a\"", Outcome::NotModified),
            ("W/\"a\"", Outcome::NotModified),
            ("\"b\", W/\"c,\" , \"a\"", Outcome::NotModified),
            (",\t,\"a\",", Outcome::NotModified),
            ("\"a\" ,x", Outcome::NotModified),
            ("*", Outcome::NotModified),
            ("\"b\"", Outcome::Proceed),
            ("\"b,\"", Outcome::Proceed),
            ("\"A\"", Outcome::Proceed),
            ("\"\"", Outcome::Proceed),
            ("\"a \"", Outcome::Proceed),
            ("w/\"a\"", Outcome::Proceed),
            ("W/ \"a\"", Outcome::Proceed),
            ("W/a", Outcome::Proceed),
            ("a", Outcome::Proceed),
            ("", Outcome::Proceed),
            ("\"a", Outcome::Proceed),
            ("\"b\" \"a\"", Outcome::Proceed),
            ("\"b\"\"a\"", Outcome::Proceed),
            ("\"b\";\"a\"", Outcome::Proceed),
            ("*, \"a\"", Outcome::Proceed),
            ("**", Outcome::Proceed),
        ] {
            check("GET", &[("If-None-Match", value)], expected);
            check("HEAD", &[("If-None-Match", value)], expected);
            let put = match expected {
                Outcome::NotModified => Outcome::Failed,
                other => other,
            };
            check("PUT", &[("If-None-Match", value)], put);
        }
        let lines = [("If-None-Match", "\"b\""), ("If-None-Match", "\"a\"")];
        check("HEAD", &lines, Outcome::NotModified);
    }

    #[test]
    fn if_modified_since() {
        for (value, expected) in [
            (SAME, Outcome::NotModified),
            (LATER, Outcome::NotModified),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Outcome::NotModified),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Outcome::NotModified),
            (EARLIER, Outcome::Proceed),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Outcome::Proceed),
            // None of these is a date.
            ("Mon, 06 Nov 1994 08:49:37 GMT", Outcome::Proceed),
            ("Sun, 06 Nov 1994 08:49:37 UTC", Outcome::Proceed),
            ("Sun, 06 Nov 1994 08:49:37", Outcome::Proceed),
            ("Sun, 06 Nov 1994 24:49:37 GMT", Outcome::Proceed),
            ("Sun, 31 Feb 1999 08:49:37 GMT", Outcome::Proceed),
            ("Sun, 6 Nov 1994 08:49:37 GMT", Outcome::Proceed),
            ("Sun, 06 Nov 1994 08:49:37 GMT, ", Outcome::Proceed),
            ("784111777", Outcome::Proceed),
            ("yesterday", Outcome::Proceed),
            ("*", Outcome::Proceed),
            ("", Outcome::Proceed),
        ] {
            check("GET", &[("If-Modified-Since", value)], expected);
            check("HEAD", &[("If-Modified-Since", value)], expected);
            check("POST", &[("If-Modified-Since", value)], Outcome::Proceed);
        }
        let twice = [("If-Modified-Since", SAME), ("If-Modified-Since", SAME)];
        check("GET", &twice, Outcome::Proceed);
    }

    #[test]
    fn if_match() {
        for (value, expected) in [
            ("\"a\"", Outcome::Proceed),
            ("\"b\", \"a\"", Outcome::Proceed),
            ("*", Outcome::Proceed),
            ("W/\"a\"", Outcome::Failed),
            ("\"b\"", Outcome::Failed),
            ("a", Outcome::Failed),
            ("", Outcome::Failed),
            ("\"b\" \"a\"", Outcome::Failed),
        ] {
            check("GET", &[("If-Match", value)], expected);
            check("PUT", &[("If-Match", value)], expected);
        }
        let lines = [("If-Match", "\"b\""), ("If-Match", "\"a\"")];
        check("GET", &lines, Outcome::Proceed);
    }

    #[test]
    fn if_unmodified_since() {
        for (value, expected) in [
            (EARLIER, Outcome::Failed),
            (SAME, Outcome::Proceed),
            (LATER, Outcome::Proceed),
            ("x", Outcome::Proceed),
        ] {
            check("GET", &[("If-Unmodified-Since", value)], expected);
            check("DELETE", &[("If-Unmodified-Since", value)], expected);
        }
        let twice = [
            ("If-Unmodified-Since", EARLIER),
            ("If-Unmodified-Since", EARLIER),
        ];
        check("GET", &twice, Outcome::Proceed);
    }

    /// 13.2.2, step by step: who is asked first, and who is asked no more.
    #[test]
    fn the_order() {
        let (matches, fails) = (("If-Match", "\"a\""), ("If-Match", "\"b\""));
        let (is_known, is_new) = (("If-None-Match", "\"a\""), ("If-None-Match", "\"b\""));
        let unmodified = ("If-Unmodified-Since", SAME);
        let modified = ("If-Unmodified-Since", EARLIER);
        let seen = ("If-Modified-Since", SAME);
        let unseen = ("If-Modified-Since", EARLIER);
        for (fields, expected) in [
            (&[matches, modified][..], Outcome::Proceed),
            (&[fails, unmodified], Outcome::Failed),
            (&[is_new, seen], Outcome::Proceed),
            (&[is_known, unseen], Outcome::NotModified),
            (&[matches, is_known], Outcome::NotModified),
            (&[fails, is_known], Outcome::Failed),
            (&[matches, seen], Outcome::NotModified),
            (&[fails, seen], Outcome::Failed),
            (&[unmodified, is_known], Outcome::NotModified),
            (&[modified, is_known], Outcome::Failed),
            (&[unmodified, seen], Outcome::NotModified),
            (&[unmodified, unseen], Outcome::Proceed),
            (&[seen, is_new, modified, matches], Outcome::Proceed),
        ] {
            check("GET", fields, expected);
        }
    }

    #[test]
    fn without_a_date_dates_are_ignored() {
        for name in ["If-Modified-Since", "If-Unmodified-Since"] {
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{name}: {LATER}\r\n\r\n");
            let mut room = head::HeadRoom::new();
            let head = parse::parse(text.as_bytes(), &mut room).expect("a good head");
            let undated = Validators {
                modified_unix_s: None,
                ..NOW
            };
            assert_eq!(evaluate(&head, &undated), Outcome::Proceed, "{name}");
        }
    }

    fn check_range(lines: &[&str], unix_s: u64, expected: bool) {
        let lines: String = lines.iter().map(|v| format!("If-Range: {v}\r\n")).collect();
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let mut room = head::HeadRoom::new();
        let head = parse::parse(text.as_bytes(), &mut room).expect("a good head");
        assert_eq!(range_applies(&head, &NOW, unix_s), expected, "{text}");
    }

    #[test]
    fn if_range() {
        for (lines, expected) in [
            (&[][..], true),
            (&["\"a\""], true),
            (&["W/\"a\""], false),
            (&["\"b\""], false),
            (&["\"a"], false),
            (&["\"a\", \"b\""], false),
            (&["*"], false),
            (&["x"], false),
            (&[""], false),
            (&[SAME], true),
            (&["Sunday, 06-Nov-94 08:49:37 GMT"], true),
            (&["Sun Nov  6 08:49:37 1994"], true),
            (&[LATER], false),
            (&[EARLIER], false),
            (&["\"a\"", "\"a\""], false),
            (&[SAME, SAME], false),
        ] {
            check_range(lines, NOW_S, expected);
        }
    }

    #[test]
    fn a_date_is_strong_when_its_second_is_over() {
        let modified = 784_111_777;
        check_range(&[SAME], modified + 1, true);
        check_range(&[SAME], modified, false);
        check_range(&[SAME], modified - 1, false);
        check_range(&["\"a\""], modified, true);
    }
}
