//! Dates (RFC 9110 5.6.7): one form is written, three are read.

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

/// A date as the 29 bytes of `Sun, 06 Nov 1994 08:49:37 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpDate([u8; 29]);

/// The last second of the year 9999: the form has four digits for a year.
const LAST_S: u64 = 253_402_300_799;

impl HttpDate {
    /// Bytes of a date.
    pub const LEN: usize = 29;

    /// The date so many seconds after 1970 began; at most the last of 9999.
    #[must_use]
    pub fn from_unix(seconds: u64) -> HttpDate {
        let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_S));
        let mut bytes = *b"Thu, 01 Jan 1970 00:00:00 GMT";
        // Into the array, since 304s have one each: no String for it.
        let written = write!(&mut bytes[..], "{}", httpdate::HttpDate::from(time));
        debug_assert!(written.is_ok(), "up to the year 9999 a date fits");
        HttpDate(bytes)
    }

    /// The 29 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 29] {
        &self.0
    }
}

/// Reads a date of any of the three forms: seconds since 1970; `None` if it is
/// none, or earlier.
#[must_use]
pub fn parse(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    let time = httpdate::parse_http_date(text.trim_ascii()).ok()?;
    time.duration_since(UNIX_EPOCH)
        .ok()
        .map(|span| span.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_are_read_and_one_is_written() {
        let written = HttpDate::from_unix(784_111_777);
        assert_eq!(written.as_bytes(), b"Sun, 06 Nov 1994 08:49:37 GMT");
        for form in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(form.as_bytes()), Some(784_111_777), "{form}");
        }
        for bad in [
            "",
            "now",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "784111777",
            "\u{1f4c5}",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(HttpDate::from_unix(u64::MAX), HttpDate::from_unix(LAST_S));
    }
}
