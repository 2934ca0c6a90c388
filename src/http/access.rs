//! Lines of the access log: one a request, in three forms.
//!
//! ```text
//!  common:    1.2.3.4 - name [06/Nov/1994:08:49:37 +0000] "GET / HTTP/1.1" 200 15
//!  combined:  the same, then "Referer" "User-Agent"
//!  json:      {"time":"1994-11-06T08:49:37Z","client":"1.2.3.4", ... }
//! ```
//!
//! The first two are those of Apache, which many tools read. Whatever a client
//! says is escaped, so that it neither ends its line nor what it stands in, and
//! cut where it is long. Nothing is allocated but what the line itself needs.

use super::credentials;
use super::date::HttpDate;
use super::head::Head;
use crate::base::limits::ACCESS_TEXT_BYTES_MAX;
use crate::base::tick::Millis;
use std::io::Write;
use std::net::IpAddr;

/// A longer name is not shown.
const NAME_BYTES: usize = 256;

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Apache's common log format.
    Common,
    /// The same with Referer and User-Agent.
    Combined,
    /// One object a line: all that is known.
    Json,
}

/// What a line tells of one request.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who asked.
    pub client: IpAddr,
    /// What was asked for; `None`: it could not be read.
    pub head: Option<&'a Head<'a>>,
    /// When it was answered.
    pub date: &'a HttpDate,
    /// The answer's; `None`: there was none.
    pub status: Option<u16>,
    /// Bytes of the answer's body.
    pub body_bytes: u64,
    /// From the turn of the loop that read it to its answer.
    pub took: Millis,
}

/// What there is to log of an answer as it will be sent: its status, and the
/// bytes of its body. `front`: its bytes from the first one on, its whole head
/// among them; `len`: how many it has in all.
#[must_use]
pub fn measure(front: &[u8], len: u64) -> (Option<u16>, u64) {
    let digits = front
        .get(9..12)
        .and_then(|text| std::str::from_utf8(text).ok());
    let status = digits.and_then(|digits| digits.parse().ok());
    let head = memchr::memmem::find(front, b"\r\n\r\n").map_or(0, |end| end + 4);
    match status {
        Some(_) => (status, len.saturating_sub(head as u64)),
        None => (None, 0),
    }
}

impl Entry<'_> {
    /// Appends the line, its line break included.
    pub fn write(&self, form: Form, out: &mut Vec<u8>) {
        match form {
            Form::Json => self.json(out),
            Form::Common => self.common(out),
            Form::Combined => {
                self.common(out);
                for name in ["referer", "user-agent"] {
                    out.extend_from_slice(b" \"");
                    plain(self.field(name).unwrap_or(b"-"), out);
                    out.push(b'"');
                }
            }
        }
        out.push(b'\n');
    }

    // A Vec takes whatever is written to it.

    fn common(&self, out: &mut Vec<u8>) {
        let _ = write!(out, "{} - ", self.client);
        match self.user(&mut [0; NAME_BYTES]) {
            Some(name) => word(name, out),
            None => out.push(b'-'),
        }
        let date = Parts::of(self.date);
        for part in [
            b" [", date.day, b"/", date.month, b"/", date.year, b":", date.time,
        ] {
            out.extend_from_slice(part);
        }
        out.extend_from_slice(b" +0000] \"");
        plain(self.request_line().unwrap_or(b"-"), out);
        out.extend_from_slice(b"\" ");
        let _ = match self.status {
            Some(status) => write!(out, "{status} "),
            None => write!(out, "- "),
        };
        let _ = match self.body_bytes {
            0 => write!(out, "-"),
            bytes => write!(out, "{bytes}"),
        };
    }

    fn json(&self, out: &mut Vec<u8>) {
        let date = Parts::of(self.date);
        out.extend_from_slice(b"{\"time\":\"");
        for part in [
            date.year,
            b"-",
            date.month_number(),
            b"-",
            date.day,
            b"T",
            date.time,
        ] {
            out.extend_from_slice(part);
        }
        let _ = write!(out, "Z\",\"client\":\"{}\"", self.client);
        quoted(b",\"user\":", self.user(&mut [0; NAME_BYTES]), out);
        let host = self.head.and_then(Head::host);
        quoted(b",\"host\":", host, out);
        quoted(b",\"request\":", self.request_line(), out);
        let _ = match self.status {
            Some(status) => write!(out, ",\"status\":{status}"),
            None => write!(out, ",\"status\":null"),
        };
        let _ = write!(out, ",\"bytes\":{}", self.body_bytes);
        quoted(b",\"referer\":", self.field("referer"), out);
        quoted(b",\"user_agent\":", self.field("user-agent"), out);
        let _ = write!(out, ",\"took_ms\":{}}}", self.took.0);
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        self.head.and_then(|head| head.field(name))
    }

    /// As it came.
    fn request_line(&self) -> Option<&[u8]> {
        let bytes = self.head?.bytes();
        let end = memchr::memchr(b'\r', bytes).unwrap_or(bytes.len());
        Some(&bytes[..end])
    }

    /// The name in the credentials, if there is one (RFC 7617 2).
    fn user<'r>(&self, room: &'r mut [u8; NAME_BYTES]) -> Option<&'r [u8]> {
        let name = credentials::name(self.head?, room)?;
        Some(name).filter(|name| !name.is_empty())
    }
}

/// The parts of a date.
struct Parts<'a> {
    day: &'a [u8],
    month: &'a [u8],
    year: &'a [u8],
    time: &'a [u8],
}

impl Parts<'_> {
    fn of(date: &HttpDate) -> Parts<'_> {
        let bytes = date.as_bytes();
        Parts {
            day: &bytes[5..7],
            month: &bytes[8..11],
            year: &bytes[12..16],
            time: &bytes[17..25],
        }
    }

    fn month_number(&self) -> &'static [u8] {
        match self.month {
            b"Jan" => b"01",
            b"Feb" => b"02",
            b"Mar" => b"03",
            b"Apr" => b"04",
            b"May" => b"05",
            b"Jun" => b"06",
            b"Jul" => b"07",
            b"Aug" => b"08",
            b"Sep" => b"09",
            b"Oct" => b"10",
            b"Nov" => b"11",
            _ => b"12",
        }
    }
}

fn cut(text: &[u8]) -> &[u8] {
    &text[..text.len().min(ACCESS_TEXT_BYTES_MAX)]
}

/// Escaped as Apache does: quotes and backslashes by a backslash, and what is
/// no ASCII that can be seen in hexadecimal digits.
fn plain(text: &[u8], out: &mut Vec<u8>) {
    for &byte in cut(text) {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => hexadecimal(byte, out),
        }
    }
}

/// The same where blanks and quotes would end it.
fn word(text: &[u8], out: &mut Vec<u8>) {
    for &byte in cut(text) {
        match byte {
            b'"' | b'\\' | b' ' => hexadecimal(byte, out),
            _ => plain(&[byte], out),
        }
    }
}

fn hexadecimal(byte: u8, out: &mut Vec<u8>) {
    let _ = write!(out, "\\x{byte:02x}");
}

fn quoted(key: &[u8], text: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    match text {
        Some(text) => {
            out.push(b'"');
            string(text, out);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

/// Inside of a string of JSON (RFC 8259 7). Bytes that are no UTF-8 become
/// U+FFFD.
fn string(text: &[u8], out: &mut Vec<u8>) {
    for chunk in cut(text).utf8_chunks() {
        for letter in chunk.valid().chars() {
            let _ = match letter {
                '"' | '\\' => write!(out, "\\{letter}"),
                _ if letter.is_control() => write!(out, "\\u{:04x}", u32::from(letter)),
                _ => write!(out, "{letter}"),
            };
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::ACCESS_LINE_BYTES_MAX;
    use crate::http::head::HeadRoom;
    use crate::http::parse::parse;

    const START: &str = "GET /a?b HTTP/1.1\r\nHost: a.example\r\n";

    /// The line of a request with these further field lines.
    fn line(form: Form, fields: &[u8]) -> String {
        let head = [START.as_bytes(), fields, b"\r\n"].concat();
        let mut room = HeadRoom::new();
        let head = parse(&head, &mut room).expect("a head");
        let entry = Entry {
            client: [127, 0, 0, 1].into(),
            head: Some(&head),
            date: &HttpDate::from_unix(784_111_777),
            status: Some(200),
            body_bytes: 15,
            took: Millis(3),
        };
        let mut out = Vec::new();
        entry.write(form, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_usual_lines_are_those_of_apache() {
        let fields =
            b"Referer: http://b/\r\nUser-Agent: curl/8\r\nAuthorization: Basic YW5uOng=\r\n";
        let common = "127.0.0.1 - ann [06/Nov/1994:08:49:37 +0000] \"GET /a?b HTTP/1.1\" 200 15";
        assert_eq!(line(Form::Common, fields), format!("{common}\n"));
        let combined = format!("{common} \"http://b/\" \"curl/8\"\n");
        assert_eq!(line(Form::Combined, fields), combined);
        assert_eq!(
            line(Form::Json, fields),
            "{\"time\":\"1994-11-06T08:49:37Z\",\"client\":\"127.0.0.1\",\"user\":\"ann\",\
             \"host\":\"a.example\",\"request\":\"GET /a?b HTTP/1.1\",\"status\":200,\"bytes\":15,\
             \"referer\":\"http://b/\",\"user_agent\":\"curl/8\",\"took_ms\":3}\n"
        );
    }

    #[test]
    fn what_is_not_there_is_a_hyphen_or_null() {
        assert!(line(Form::Combined, b"").ends_with(" 200 15 \"-\" \"-\"\n"));
        assert!(line(Form::Json, b"").contains("\"user\":null,\"host\":\"a.example\""));
        let entry = Entry {
            client: [127, 0, 0, 1].into(),
            head: None,
            date: &HttpDate::from_unix(0),
            status: None,
            body_bytes: 0,
            took: Millis(0),
        };
        let mut out = Vec::new();
        entry.write(Form::Combined, &mut out);
        let expected = "127.0.0.1 - - [01/Jan/1970:00:00:00 +0000] \"-\" - - \"-\" \"-\"\n";
        assert_eq!(String::from_utf8_lossy(&out), expected);
        out.clear();
        entry.write(Form::Json, &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(
            (&value["status"], &value["request"]),
            (&().into(), &().into())
        );
    }

    #[test]
    fn a_client_breaks_no_line_and_no_quotes() {
        let agent = b"User-Agent: a\" 200 \\ \x80\xff\tz\r\n";
        let text = line(Form::Combined, agent);
        assert!(
            text.ends_with("\"a\\\" 200 \\\\ \\x80\\xff\\x09z\"\n"),
            "{text}"
        );
        let text = line(Form::Json, agent);
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["user_agent"], "a\" 200 \\ \u{fffd}\u{fffd}\tz");
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn names_are_decoded_up_to_the_colon() {
        let user = |credentials: &str| {
            let field = format!("Authorization: {credentials}\r\n");
            let text = line(Form::Common, field.as_bytes());
            text.split(' ').nth(2).unwrap_or_default().to_owned()
        };
        for (credentials, expected) in [
            ("Basic YW5uOng=", "ann"),
            ("basic YW5uOjo=", "ann"),
            ("Basic YSBiOg==", "a\\x20b"), // "a b:"
            ("Basic IiAiOg==", "\\x22\\x20\\x22"),
            ("Basic IgoiOg==", "-"), // a line break
            ("Basic Og==", "-"),
            ("Basic YW5u", "-"),
            ("Basic ????", "-"),
            ("Basic", "-"),
            ("Bearer YW5uOng=", "-"),
        ] {
            assert_eq!(user(credentials), expected, "{credentials}");
        }
        assert_eq!(user(&format!("Basic {}Og==", "QUFB".repeat(86))), "-");
    }

    #[test]
    fn a_line_is_never_longer_than_its_bound() {
        let long = "\u{1}".repeat(5_000);
        let name = "////".repeat(85) + "Og==";
        let entry = |form| {
            let fields = format!(
                "Authorization: Basic {name}\r\nReferer: {0}\r\nUser-Agent: {0}\r\n",
                "\u{80}".repeat(5_000)
            );
            line(form, fields.as_bytes()).len()
        };
        for form in [Form::Common, Form::Combined, Form::Json] {
            assert!(entry(form) < ACCESS_LINE_BYTES_MAX);
        }
        let mut out = Vec::new();
        string(long.as_bytes(), &mut out);
        assert_eq!(out.len(), 6 * ACCESS_TEXT_BYTES_MAX);
    }

    #[test]
    fn answers_are_measured_by_their_bytes() {
        assert_eq!(
            measure(b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody", 36),
            (Some(404), 4)
        );
        assert_eq!(
            measure(b"HTTP/1.1 200 OK\r\n\r\n", 1_000_019),
            (Some(200), 1_000_000)
        );
        assert_eq!(measure(b"", 0), (None, 0));
    }
}
