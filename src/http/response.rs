//! The head of an answer, and the small page of an error.

use super::date::HttpDate;
use super::range::Part;
use super::status::Status;
use std::io::Write;

/// What an answer says of its connection (RFC 9112 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It goes on, as is usual in HTTP/1.1: nothing is said.
    KeepAlive,
    /// It goes on, and an HTTP/1.0 client is told so.
    KeepAlive10,
    /// It ends.
    Close,
}

impl Connection {
    /// What becomes of a connection after an answer to an HTTP/1.`minor`
    /// client; `last`: it ends.
    #[must_use]
    pub fn after(last: bool, minor: u8) -> Connection {
        match minor {
            _ if last => Connection::Close,
            0 => Connection::KeepAlive10,
            _ => Connection::KeepAlive,
        }
    }

    /// The field line, its CRLF included; empty where nothing is said.
    #[must_use]
    pub fn field_line(self) -> &'static [u8] {
        match self {
            Connection::KeepAlive => b"",
            Connection::KeepAlive10 => b"Connection: keep-alive\r\n",
            Connection::Close => b"Connection: close\r\n",
        }
    }
}

/// Writes the head of an answer, line by line.
///
/// ```
/// use pelton::http::{Connection, HeadWriter, HttpDate, Status};
///
/// let mut out = Vec::new();
/// HeadWriter::new(&mut out, Status::OK, &HttpDate::from_unix(784_111_777))
///     .length(5)
///     .finish(Connection::Close);
/// assert!(out.starts_with(b"HTTP/1.1 200 OK\r\nServer: pelton\r\nDate: Sun, 06 Nov 1994"));
/// assert!(out.ends_with(b"Content-Length: 5\r\nConnection: close\r\n\r\n"));
/// ```
#[derive(Debug)]
pub struct HeadWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    date_at: usize,
}

impl<'a> HeadWriter<'a> {
    /// Begins a head behind what `out` holds.
    pub fn new(out: &'a mut Vec<u8>, status: Status, date: &HttpDate) -> HeadWriter<'a> {
        let start = out.len();
        out.extend_from_slice(b"HTTP/1.1 ");
        digits(out, u64::from(status.code()));
        out.push(b' ');
        out.extend_from_slice(status.reason().as_bytes());
        out.extend_from_slice(b"\r\nServer: pelton\r\nDate: ");
        let date_at = out.len() - start;
        out.extend_from_slice(date.as_bytes());
        out.extend_from_slice(b"\r\n");
        HeadWriter {
            out,
            start,
            date_at,
        }
    }

    /// Where the date stands, from the head's start: so that a head that is
    /// kept can be given another one.
    #[must_use]
    pub fn date_at(&self) -> usize {
        self.date_at
    }

    /// A field line. One that would break out of its line (CR, LF, NUL) is
    /// left out, and fails a debug build.
    #[must_use]
    pub fn field(self, name: &str, value: &[u8]) -> HeadWriter<'a> {
        let breaks = |bytes: &[u8]| bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        if breaks(name.as_bytes()) || breaks(value) {
            return self;
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Content-Type.
    #[must_use]
    pub fn content_type(self, media_type: &str) -> HeadWriter<'a> {
        self.field("Content-Type", media_type.as_bytes())
    }

    /// Content-Length.
    #[must_use]
    pub fn length(self, length: u64) -> HeadWriter<'a> {
        self.out.extend_from_slice(b"Content-Length: ");
        digits(self.out, length);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Content-Range of a part of `len` bytes (RFC 9110 14.4).
    #[must_use]
    pub fn content_range(self, part: Part, len: u64) -> HeadWriter<'a> {
        let Part { first, last } = part;
        // A Vec takes whatever is written to it.
        let _ = write!(self.out, "Content-Range: bytes {first}-{last}/{len}\r\n");
        self
    }

    /// Field lines that are written already, each with its CRLF.
    #[must_use]
    pub fn lines(self, lines: &[u8]) -> HeadWriter<'a> {
        debug_assert!(lines.is_empty() || lines.ends_with(b"\r\n"));
        self.out.extend_from_slice(lines);
        self
    }

    /// Where the next line will stand, from the head's start.
    #[must_use]
    pub fn here(&self) -> usize {
        self.out.len() - self.start
    }

    /// The connection's line, if any, and the empty one.
    pub fn finish(self, connection: Connection) {
        self.out.extend_from_slice(connection.field_line());
        self.out.extend_from_slice(b"\r\n");
    }
}

/// Appends a number in digits.
fn digits(out: &mut Vec<u8>, number: u64) {
    // A Vec takes whatever is written to it.
    let _ = write!(out, "{number}");
}

/// Appends the page that goes with an error: what it is, and `hint`, if there
/// is one, in a sentence. It needs nothing from outside.
pub fn error_page(status: Status, hint: &str, out: &mut Vec<u8>) {
    let (code, reason) = (status.code(), status.reason());
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{code} {reason}</title>\n<style>:root{{color-scheme:light dark}}\
         body{{background:light-dark(#f6f8f6,#0c161b);color:light-dark(#11242d,#e4edee);\
         font:1rem/1.5 ui-sans-serif,system-ui,sans-serif;margin:20vh auto;max-width:34rem;\
         padding:0 1rem}}h1{{font-weight:500}}b{{color:light-dark(#8a5614,#e2b06a)}}\
         p{{color:light-dark(#4a5f69,#9fb3ba)}}</style>\n\
         <h1><b>{code}</b> {reason}</h1>\n"
    );
    if !hint.is_empty() {
        out.extend_from_slice(b"<p>");
        escape(hint.as_bytes(), out);
        out.extend_from_slice(b"</p>\n");
    }
}

/// Appends `text` with what HTML would read as markup escaped.
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_where_it_is_said_to_be() {
        let mut out = b"before".to_vec();
        let date = HttpDate::from_unix(0);
        let head = HeadWriter::new(&mut out, Status::NOT_FOUND, &date);
        let at = 6 + head.date_at();
        head.finish(Connection::KeepAlive);
        assert_eq!(&out[at..at + HttpDate::LEN], date.as_bytes());
    }

    #[test]
    fn a_value_never_breaks_out_of_its_line() {
        let mut out = Vec::new();
        HeadWriter::new(&mut out, Status::FOUND, &HttpDate::from_unix(0))
            .field("Location", b"/a\r\nSet-Cookie: b")
            .field("X-Good", b"c")
            .finish(Connection::Close);
        let text = String::from_utf8(out).expect("ASCII");
        assert!(!text.contains("Set-Cookie") && text.contains("X-Good: c\r\n"));
    }

    #[test]
    fn pages_are_small_and_escaped() {
        let mut page = Vec::new();
        error_page(Status::BAD_REQUEST, "<script>'\"&", &mut page);
        let text = String::from_utf8(page).expect("UTF-8");
        assert!(text.contains("&lt;script&gt;&#39;&quot;&amp;") && text.len() < 1024);
    }
}
