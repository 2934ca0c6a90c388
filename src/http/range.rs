//! A single byte range (RFC 9110 14).

use super::fields::digits;

/// What a Range field asks of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranged {
    /// All of it: the field is malformed, of another unit, or names several
    /// ranges, and a server may ignore it then (14.2).
    Whole,
    /// The bytes from `first` to `last`, both included.
    Part {
        /// First byte.
        first: u64,
        /// Last byte.
        last: u64,
    },
    /// Nothing that is there: 416.
    Unsatisfiable,
}

/// Reads a Range field for a representation of `len` bytes. Numbers beyond the
/// end, however large, mean the end.
#[must_use]
pub fn parse(value: &[u8], len: u64) -> Ranged {
    let Some((unit, set)) = value.split_at_checked(6) else {
        return Ranged::Whole;
    };
    if !unit.eq_ignore_ascii_case(b"bytes=") || set.contains(&b',') {
        return Ranged::Whole;
    }
    let set = set.trim_ascii();
    let Some(dash) = memchr::memchr(b'-', set) else {
        return Ranged::Whole;
    };
    match (&set[..dash], &set[dash + 1..]) {
        (b"", suffix) => number(suffix).map_or(Ranged::Whole, |count| last_bytes(count, len)),
        (first, b"") => number(first).map_or(Ranged::Whole, |first| part(first, u64::MAX, len)),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => part(first, last, len),
            _ => Ranged::Whole,
        },
    }
}

fn part(first: u64, last: u64, len: u64) -> Ranged {
    match len.checked_sub(1) {
        Some(end) if first <= end => Ranged::Part {
            first,
            last: last.min(end),
        },
        _ => Ranged::Unsatisfiable,
    }
}

/// The last `count` bytes; of an empty file there are none.
fn last_bytes(count: u64, len: u64) -> Ranged {
    if count == 0 || len == 0 {
        return Ranged::Unsatisfiable;
    }
    Ranged::Part {
        first: len.saturating_sub(count),
        last: len - 1,
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

    #[test]
    fn ranges() {
        let part = |first, last| Ranged::Part { first, last };
        for (value, len, expected) in [
            ("bytes=0-499", 10_000, part(0, 499)),
            ("bytes=500-999", 10_000, part(500, 999)),
            ("bytes=-500", 10_000, part(9_500, 9_999)),
            ("bytes=9500-", 10_000, part(9_500, 9_999)),
            ("BYTES=0-0", 1, part(0, 0)),
            ("bytes=0-18446744073709551616", 10, part(0, 9)),
            ("bytes=-99999999999999999999", 10, part(0, 9)),
            ("bytes=9-20", 10, part(9, 9)),
            ("bytes=10-", 10, Ranged::Unsatisfiable),
            ("bytes=99999999999999999999-", 10, Ranged::Unsatisfiable),
            ("bytes=-0", 10, Ranged::Unsatisfiable),
            ("bytes=-5", 0, Ranged::Unsatisfiable),
            ("bytes=0-", 0, Ranged::Unsatisfiable),
            ("bytes=5-4", 10, Ranged::Whole),
            ("bytes=0-1,3-4", 10, Ranged::Whole),
            ("bytes=", 10, Ranged::Whole),
            ("bytes=-", 10, Ranged::Whole),
            ("bytes=a-b", 10, Ranged::Whole),
            ("bytes=+1-2", 10, Ranged::Whole),
            ("bytes=1--2", 10, Ranged::Whole),
            ("bytes 1-2", 10, Ranged::Whole),
            ("lines=1-2", 10, Ranged::Whole),
            ("", 10, Ranged::Whole),
        ] {
            check(value, len, expected);
        }
    }
}
