//! Byte ranges, one or several (RFC 9110 14).

use super::fields::{digits, elements};
use crate::base::limits::RANGES_MAX;

/// What a Range field asks of a representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ranged {
    /// All of it: the field is malformed, of another unit, or names more ranges
    /// than are taken, and a server may ignore it then (14.2); or it asks for the
    /// end of what is empty.
    Whole,
    /// One stretch of it.
    Part(Part),
    /// Several, at least two, in the order they were asked for. No two of them
    /// overlap or touch.
    Parts(Vec<Part>),
    /// Nothing that is there: 416.
    Unsatisfiable,
}

/// A stretch of a representation, which is within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// First byte.
    pub first: u64,
    /// Last byte, which is not before the first.
    pub last: u64,
}

impl Part {
    /// Number of bytes: at least one.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }

    /// Whether the two overlap, or one begins where the other ends.
    fn touches(self, other: Part) -> bool {
        self.first <= other.last.saturating_add(1) && other.first <= self.last.saturating_add(1)
    }
}

/// Reads a Range field for a representation of `len` bytes. Numbers beyond the
/// end, however large, mean the end. Ranges that overlap or touch are made one
/// (15.3.7.2), so no byte is ever sent twice; allocates only for several.
#[must_use]
pub fn parse(value: &[u8], len: u64) -> Ranged {
    let Some((unit, set)) = value.split_at_checked(6) else {
        return Ranged::Whole;
    };
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return Ranged::Whole;
    }
    let mut specs = elements(set);
    let only = match (specs.next(), specs.next()) {
        (None, _) => return Ranged::Whole,
        (Some(only), None) => read(only, len),
        (Some(_), Some(_)) => return several(set, len),
    };
    match only {
        Spec::Ignored => Ranged::Whole,
        Spec::Nothing => Ranged::Unsatisfiable,
        Spec::Part(part) => Ranged::Part(part),
    }
}

/// Several ranges: what cannot be satisfied among them is left out (14.1.2), and
/// more than a client can have use for are ignored (14.2, 17.15).
fn several(set: &[u8], len: u64) -> Ranged {
    let mut parts = Vec::new();
    for (number, spec) in elements(set).enumerate() {
        match read(spec, len) {
            _ if number == RANGES_MAX => return Ranged::Whole,
            Spec::Ignored => return Ranged::Whole,
            Spec::Nothing => {}
            Spec::Part(part) => add(&mut parts, part),
        }
    }
    match parts[..] {
        [] => Ranged::Unsatisfiable,
        [only] => Ranged::Part(only),
        _ => Ranged::Parts(parts),
    }
}

/// Adds a part; those that it touches become one with it, where the first of
/// them stood. The others touched none of these, so they do not touch the
/// whole either.
fn add(parts: &mut Vec<Part>, mut part: Part) {
    let mut place = None;
    let mut at = 0;
    while let Some(&known) = parts.get(at) {
        if known.touches(part) {
            part.first = part.first.min(known.first);
            part.last = part.last.max(known.last);
            place.get_or_insert(at);
            parts.remove(at);
        } else {
            at += 1;
        }
    }
    parts.insert(place.unwrap_or(parts.len()), part);
}

/// What one of the ranges comes to.
enum Spec {
    /// It is malformed, or cannot be told: the whole field is ignored.
    Ignored,
    /// It begins behind the end, or is the last 0 bytes.
    Nothing,
    Part(Part),
}

/// `first-last`, `first-` or `-count` (14.1.2).
fn read(spec: &[u8], len: u64) -> Spec {
    let Some(dash) = memchr::memchr(b'-', spec) else {
        return Spec::Ignored;
    };
    match (&spec[..dash], &spec[dash + 1..]) {
        (b"", suffix) => number(suffix).map_or(Spec::Ignored, |count| last_bytes(count, len)),
        (first, b"") => number(first).map_or(Spec::Ignored, |first| part(first, u64::MAX, len)),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => part(first, last, len),
            _ => Spec::Ignored,
        },
    }
}

fn part(first: u64, last: u64, len: u64) -> Spec {
    match len.checked_sub(1) {
        Some(end) if first <= end => Spec::Part(Part {
            first,
            last: last.min(end),
        }),
        _ => Spec::Nothing,
    }
}

/// The last `count` bytes. Of an empty file they are all of it: that can be
/// satisfied (14.1.2), but no Content-Range says so, and the file is sent whole.
fn last_bytes(count: u64, len: u64) -> Spec {
    match (count, len.checked_sub(1)) {
        (0, _) => Spec::Nothing,
        (_, None) => Spec::Ignored,
        (_, Some(last)) => Spec::Part(Part {
            first: len.saturating_sub(count),
            last,
        }),
    }
}

/// A number in digits, as large as need be.
fn number(text: &[u8]) -> Option<u64> {
    let all_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    all_digits.then(|| digits(text).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, len: u64, expected: Ranged) {
        assert_eq!(parse(value.as_bytes(), len), expected, "{value:?} of {len}");
    }

    fn part(first: u64, last: u64) -> Ranged {
        Ranged::Part(Part { first, last })
    }

    fn parts(all: &[(u64, u64)]) -> Ranged {
        let part = |&(first, last)| Part { first, last };
        Ranged::Parts(all.iter().map(part).collect())
    }

    #[test]
    fn one_range() {
        for (value, len, expected) in [
            // The examples of 14.1.2.
            ("bytes=0-499", 10_000, part(0, 499)),
            ("bytes=500-999", 10_000, part(500, 999)),
            ("bytes=-500", 10_000, part(9_500, 9_999)),
            ("bytes=9500-", 10_000, part(9_500, 9_999)),
            ("BYTES=0-0", 1, part(0, 0)),
            ("bytes= 0-0 ", 1, part(0, 0)),
            ("bytes=,0-0,", 1, part(0, 0)),
            ("bytes=0-18446744073709551616", 10, part(0, 9)),
            ("bytes=-99999999999999999999", 10, part(0, 9)),
            ("bytes=9-20", 10, part(9, 9)),
            ("bytes=0-", u64::MAX, part(0, u64::MAX - 1)),
            ("bytes=10-", 10, Ranged::Unsatisfiable),
            ("bytes=99999999999999999999-", 10, Ranged::Unsatisfiable),
            ("bytes=-0", 10, Ranged::Unsatisfiable),
            ("bytes=-5", 0, Ranged::Whole),
            ("bytes=-0", 0, Ranged::Unsatisfiable),
            ("bytes=0-", 0, Ranged::Unsatisfiable),
        ] {
            check(value, len, expected);
        }
    }

    #[test]
    fn several_ranges() {
        for (value, len, expected) in [
            // The examples of 14.1.2.
            ("bytes=0-0,-1", 10_000, parts(&[(0, 0), (9_999, 9_999)])),
            (
                "bytes=0-999, 4500-5499, -1000",
                10_000,
                parts(&[(0, 999), (4_500, 5_499), (9_000, 9_999)]),
            ),
            ("bytes=500-600,601-999", 10_000, part(500, 999)),
            ("bytes=500-700,601-999", 10_000, part(500, 999)),
            // The order is that of the field, also where some are made one.
            ("bytes=7-8,0-1", 10, parts(&[(7, 8), (0, 1)])),
            ("bytes=9-9,0-1,5-6,2-4", 10, parts(&[(9, 9), (0, 6)])),
            ("bytes=0-0,4-4,8-8,1-7", 10, part(0, 8)),
            (
                "bytes=0-0,8-8,4-4,3-5",
                10,
                parts(&[(0, 0), (8, 8), (3, 5)]),
            ),
            ("bytes=0-,0-,0-,-10,5-6", 10, part(0, 9)),
            (" bytes=0-0,2-2", 10, Ranged::Whole),
            ("bytes=0-0\t,\t,,2-2", 10, parts(&[(0, 0), (2, 2)])),
            // What cannot be satisfied is left out, unless it is all of them.
            ("bytes=0-0,20-30,-0", 10, part(0, 0)),
            ("bytes=10-,-0", 10, Ranged::Unsatisfiable),
            ("bytes=0-,-5", 0, Ranged::Whole),
            ("bytes=0-,-0", 0, Ranged::Unsatisfiable),
            (
                "bytes=0-18446744073709551615,-1",
                u64::MAX,
                part(0, u64::MAX - 1),
            ),
        ] {
            check(value, len, expected);
        }
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1--2",
            "bytes=1-2-",
            "bytes=1 -2",
            "bytes=1- 2",
            "bytes 1-2",
            "bytes =1-2",
            "bytes:1-2",
            "lines=1-2",
            "bytes=0-0,x",
            "bytes=0-0,5-4",
            "bytes=0-0;2-2",
            "bytes=0-0,bytes=2-2",
        ] {
            check(value, 10, Ranged::Whole);
        }
    }

    #[test]
    fn there_are_so_many_and_no_more() {
        let apart = |count: u64| {
            let specs: Vec<String> = (0..count).map(|at| format!("{0}-{0}", 2 * at)).collect();
            format!("bytes={}", specs.join(","))
        };
        let all: Vec<(u64, u64)> = (0..RANGES_MAX as u64).map(|at| (2 * at, 2 * at)).collect();
        check(&apart(RANGES_MAX as u64), 10_000, parts(&all));
        check(&apart(RANGES_MAX as u64 + 1), 10_000, Ranged::Whole);
        // The famous one: byte for byte the whole file, over and over.
        let killer: String = (0..1_300).map(|at| format!(",5-{at}")).collect();
        check(&format!("bytes=0-{killer}"), 10_000, Ranged::Whole);
    }
}
