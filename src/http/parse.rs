//! Bytes to a head: where it ends, and what is in it.
//!
//! httparse checks the syntax, loosely; what it lets through and RFC 9112 does
//! not is refused here.

use super::error::HeadError;
use super::fields::Fields;
use super::head::{FieldSpan, Head, HeadRoom, Method, RequestLine, Span};
use super::target;
use crate::base::limits::HEAD_FIELDS_MAX;
use std::mem::MaybeUninit;

/// Where a head ends, or how far it was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// One past its empty line.
    At(usize),
    /// More is needed; the next search starts here.
    NotYet {
        /// Bytes that need not be looked at again.
        scanned: usize,
    },
}

/// Seeks the end of the head at the front of `input`, from `scanned` on, which
/// is where the last search of the same bytes stopped (0 at first).
///
/// # Errors
/// [`HeadError::BareLineFeed`], as soon as one is there: RFC 9112 2.2 allows
/// refusing it, and waiting for a CRLF that never comes helps nobody.
pub fn find_end(input: &[u8], scanned: usize) -> Result<End, HeadError> {
    let mut at = scanned.min(input.len());
    // Lines are short: eight bytes at a time beat a call per line.
    while let Some(word) = input[at..].first_chunk() {
        let mut hits = line_feeds(*word);
        while hits != 0 {
            let line_feed = at + hits.trailing_zeros() as usize / 8;
            if ends_head(&input[..line_feed])? {
                return Ok(End::At(line_feed + 1));
            }
            hits &= hits - 1;
        }
        at += size_of::<u64>();
    }
    for line_feed in at..input.len() {
        if input[line_feed] == b'\n' && ends_head(&input[..line_feed])? {
            return Ok(End::At(line_feed + 1));
        }
    }
    Ok(End::NotYet {
        scanned: input.len(),
    })
}

/// Whether the line feed behind `before` ends the empty line.
fn ends_head(before: &[u8]) -> Result<bool, HeadError> {
    match before {
        [.., b'\n', b'\r'] => Ok(true),
        [.., b'\r'] => Ok(false),
        _ => Err(HeadError::BareLineFeed),
    }
}

/// The high bit of each byte that is a line feed.
fn line_feeds(word: [u8; 8]) -> u64 {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let zero_where_equal = u64::from_le_bytes(word) ^ u64::from_le_bytes([b'\n'; 8]);
    !(((zero_where_equal & LOW_BITS) + LOW_BITS) | zero_where_equal | LOW_BITS)
}

/// Parses `bytes`: exactly one head, its empty line included and no empty line
/// ahead of it. What is found goes to `room`.
///
/// # Errors
/// [`HeadError`].
pub fn parse<'a>(bytes: &'a [u8], room: &'a mut HeadRoom) -> Result<Head<'a>, HeadError> {
    let count = match parse_as(bytes, room) {
        // httparse says this of any version but 1.0 and 1.1, and of none.
        Err(HeadError::Version) => {
            let mut copy = bytes.to_vec();
            copy[version_at(bytes)?] = b'1';
            parse_as(&copy, room)?
        }
        parsed => parsed?,
    };
    Ok(Head::new(bytes, &room.line, &room.fields[..count]))
}

/// Parses a head into `found`; returns the number of its fields.
fn parse_as(text: &[u8], found: &mut HeadRoom) -> Result<usize, HeadError> {
    let mut room = [const { MaybeUninit::uninit() }; HEAD_FIELDS_MAX];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(text, &mut room) {
        Ok(httparse::Status::Complete(len)) if len == text.len() => {}
        Ok(_) => return Err(HeadError::Field),
        Err(error) => return Err(refusal(error)),
    }
    let (Some(method), Some(path)) = (request.method, request.path) else {
        return Err(HeadError::RequestLine);
    };
    let method_span = span_of(text, method.as_bytes());
    if method_span.start != 0 {
        return Err(HeadError::RequestLine); // httparse skips any number of empty lines
    }
    let minor = request.version.unwrap_or(1);
    let mut fields = Fields::new(minor);
    for (span, header) in found.fields.iter_mut().zip(request.headers.iter()) {
        // httparse leaves blanks that end a value to us in some cases.
        let value = header.value.trim_ascii();
        *span = FieldSpan {
            name: span_of(text, header.name.as_bytes()),
            value: span_of(text, value),
        };
        fields.take(header.name.as_bytes(), value, span.value)?;
    }
    let count = request.headers.len();
    let name = Method::parse(method.as_bytes());
    let form = target::check(name, path.as_bytes())?;
    let host = fields.host()?;
    let authority = form.authority.map(|authority| span_of(text, authority));
    found.line = RequestLine {
        method: name,
        method_span,
        target: span_of(text, path.as_bytes()),
        plain_path: form.plain_path,
        minor,
        framing: fields.framing()?,
        keep_alive: fields.keep_alive(),
        expect_continue: fields.expect_continue(),
        seen: fields.seen(),
        host: authority.or(host),
    };
    Ok(count)
}

/// The offsets of `part`, which lies within `whole`.
fn span_of(whole: &[u8], part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if part.is_empty() || start > whole.len() {
        return Span::default();
    }
    Span {
        start: start as u16,
        end: (start + part.len()) as u16,
    }
}

/// A version that httparse does not know: a later minor one is served as 1.1
/// (RFC 9110 2.5), and this is where its digit stands; another major one is
/// told from garbage.
fn version_at(bytes: &[u8]) -> Result<usize, HeadError> {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    match &bytes[..end] {
        [
            ..,
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            b'0'..=b'9',
            b'\r',
        ] => Ok(end - 2),
        [
            ..,
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'0'..=b'9',
            b'.',
            b'0'..=b'9',
            b'\r',
        ] => Err(HeadError::Version),
        _ => Err(HeadError::RequestLine),
    }
}

fn refusal(error: httparse::Error) -> HeadError {
    match error {
        httparse::Error::TooManyHeaders => HeadError::TooManyFields,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => HeadError::Field,
        httparse::Error::Version => HeadError::Version,
        httparse::Error::Token | httparse::Error::Status | httparse::Error::NewLine => {
            HeadError::RequestLine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::Framing;
    use super::super::seen::Seen;
    use super::super::status::Status;
    use super::*;

    fn check(text: &str, expected: Result<Framing, HeadError>) {
        let mut room = HeadRoom::new();
        let got = parse(text.as_bytes(), &mut room).map(|head| head.line().framing);
        assert_eq!(got, expected, "{text:?}");
    }

    fn with(fields: &str) -> String {
        format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    }

    #[test]
    fn the_end_is_found_however_the_head_is_cut() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
        for cut in 0..text.len() {
            let scanned = match find_end(&text[..cut], 0) {
                Ok(End::NotYet { scanned }) => scanned,
                Ok(End::At(end)) => {
                    assert!(end == 27 && cut >= 27);
                    continue;
                }
                Err(error) => panic!("{error:?} at {cut}"),
            };
            assert_eq!(find_end(text, scanned), Ok(End::At(27)), "cut at {cut}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_refused_at_once() {
        assert_eq!(
            find_end(b"GET / HTTP/1.1\n", 0),
            Err(HeadError::BareLineFeed)
        );
        assert_eq!(find_end(b"\n", 0), Err(HeadError::BareLineFeed));
        assert_eq!(
            find_end(b"GET / HTTP/1.1\r\nHost: a\n\r\n", 0),
            Err(HeadError::BareLineFeed)
        );
    }

    #[test]
    fn parts_of_a_head_are_where_they_stand() {
        let text = b"GET /a?b HTTP/1.1\r\nHost: x:80 \r\nAccept:\r\nRange: bytes=0-\r\n\r\n";
        let mut room = HeadRoom::new();
        let head = parse(text, &mut room).expect("a good head");
        assert_eq!((head.method(), head.target()), (Method::Get, &b"/a?b"[..]));
        assert_eq!(head.method_name(), b"GET");
        assert_eq!(
            (head.host(), head.field("ACCEPT")),
            (Some(&b"x:80"[..]), Some(&b""[..]))
        );
        assert_eq!(head.field("nothing"), None);
        assert!(head.keep_alive() && head.line().seen.contains(Seen::RANGE));
        let again = Head::new(text, head.line(), head.field_spans());
        assert_eq!(again.fields().count(), 3);
    }

    #[test]
    fn request_lines() {
        let line = |line: &str, expected| {
            check(&format!("{line}\r\nHost: a\r\n\r\n"), expected);
        };
        for good in [
            "GET / HTTP/1.1",
            "GET / HTTP/1.0",
            "GET / HTTP/1.2",
            "get / HTTP/1.9",
        ] {
            line(good, Ok(Framing::None));
        }
        for version in ["GET / HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/3.7"] {
            line(version, Err(HeadError::Version));
        }
        for none in [
            "GET /",
            "GET / HTTP/11",
            "GET / http/1.1",
            "GET / HTTP/1.1 ",
            "GET",
            "é",
            "\r\nGET / HTTP/1.1",
        ] {
            line(none, Err(HeadError::RequestLine));
        }
        for target in [
            "/#a", "/\"", "/<a>", "/é", "", "a", "*", "ftp://a/", "http:///", "\\",
        ] {
            let mut room = HeadRoom::new();
            let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            let error = parse(text.as_bytes(), &mut room).expect_err(target);
            assert_eq!(error.status(), Status::BAD_REQUEST, "{target:?}");
        }
        line("OPTIONS * HTTP/1.1", Ok(Framing::None));
        line("GET http://b:8080/a?b HTTP/1.1", Ok(Framing::None));
        line("CONNECT a:443 HTTP/1.1", Ok(Framing::None));
        line("GET a:443 HTTP/1.1", Err(HeadError::Target));
        line("CONNECT / HTTP/1.1", Err(HeadError::Target));
    }

    #[test]
    fn the_authority_of_the_target_wins() {
        let text = b"GET http://b:8080/a HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut room = HeadRoom::new();
        assert_eq!(
            parse(text, &mut room).expect("good").host(),
            Some(&b"b:8080"[..])
        );
    }

    #[test]
    fn field_lines_that_the_grammar_forbids() {
        for bad in [
            "A : b\r\n",
            ": b\r\n",
            "A\r\n",
            " A: b\r\n",
            "A: b\r\n c\r\n",
            "A: b\rc\r\n",
            "A: b\0\r\n",
            "A: b\x01\r\n",
            "A(: b\r\n",
            "A: b\x7f\r\n",
        ] {
            check(&with(bad), Err(HeadError::Field));
        }
        check(&with(&"A: b\r\n".repeat(99)), Ok(Framing::None));
        check(
            &with(&"A: b\r\n".repeat(100)),
            Err(HeadError::TooManyFields),
        );
    }

    #[test]
    fn which_limit_it_was() {
        assert_eq!(HeadError::too_long(b"GET /aaaa"), HeadError::TargetTooLong);
        assert_eq!(
            HeadError::too_long(b"GET / HTTP/1.1\r\nA"),
            HeadError::FieldsTooLarge
        );
    }

    #[test]
    fn hosts() {
        let host = |lines: &str, minor: u8| {
            let mut room = HeadRoom::new();
            let text = format!("GET / HTTP/1.{minor}\r\n{lines}\r\n");
            parse(text.as_bytes(), &mut room).is_ok()
        };
        for good in [
            "a",
            "a.example:80",
            "127.0.0.1",
            "[::1]",
            "[::1]:80",
            " a ",
            "a%20b",
            "a:",
            "A_b-c~",
            "[v1.a:b]",
        ] {
            assert!(host(&format!("Host:{good}\r\n"), 1), "{good:?}");
        }
        for bad in [
            "",
            ":80",
            "a@b",
            "a/b",
            "a?b",
            "a#b",
            "\"a\"",
            "a b",
            "[::1",
            "::1",
            "[::1]a",
            "a:b",
            "a:80:80",
            "[]",
            "a%2",
            "a%zz",
            "a,b",
            "[g::1]",
            "[1:2]x:80",
            "a\\b",
        ] {
            assert!(!host(&format!("Host:{bad}\r\n"), 1), "{bad:?}");
            assert!(!host(&format!("Host:{bad}\r\n"), 0), "{bad:?} in 1.0");
        }
        assert!(!host("", 1), "1.1 needs one");
        assert!(host("", 0), "1.0 does not");
        assert!(!host("Host: a\r\nHost: a\r\n", 1));
    }

    #[test]
    fn body_framing() {
        let all = |expected: Result<Framing, HeadError>, lines: &[&str]| {
            for line in lines {
                check(&with(&format!("{line}\r\n")), expected);
            }
        };
        let length = |value: &str| format!("Content-Length: {value}\r\n");
        for (value, number) in [
            ("0", 0),
            ("007", 7),
            ("5, 5", 5),
            ("18446744073709551615", u64::MAX),
        ] {
            check(&with(&length(value)), Ok(Framing::Length(number)));
        }
        for value in [
            "5,6",
            "5,",
            "+5",
            "-5",
            "0x5",
            "5 5",
            "",
            "18446744073709551616",
        ] {
            check(&with(&length(value)), Err(HeadError::ContentLength));
        }
        check(&with(&length("5").repeat(2)), Ok(Framing::Length(5)));
        let differing = length("5") + &length("6");
        check(&with(&differing), Err(HeadError::ContentLength));
        let chunked = ["Transfer-Encoding: chunked", "Transfer-Encoding: CHUNKED"];
        all(Ok(Framing::Chunked), &chunked);
        let unknown = [
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        ];
        all(Err(HeadError::UnknownCoding), &unknown);
        let refused = [
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: chunked, gzip",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: chunked;a=b",
            "Transfer-Encoding: identity",
            "Transfer-Encoding:",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
        ];
        all(Err(HeadError::TransferEncoding), &refused);
        all(Err(HeadError::Field), &["Transfer-Encoding: \x0bchunked"]);
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(old, Err(HeadError::TransferEncoding));
    }

    #[test]
    fn keeping_the_connection() {
        let keeps = |minor: u8, fields: &str| {
            let mut room = HeadRoom::new();
            let text = format!("GET / HTTP/1.{minor}\r\nHost: a\r\n{fields}\r\n");
            parse(text.as_bytes(), &mut room)
                .expect(fields)
                .keep_alive()
        };
        for fields in [
            "",
            "Connection: closed\r\n",
            "Connection: ,\r\n",
            "Connection: TE\r\n",
        ] {
            assert!(keeps(1, fields) && !keeps(0, fields), "{fields:?}");
        }
        for fields in [
            "Connection: close\r\n",
            "Connection: CLOSE\r\n",
            "Connection: ,, TE ,close\r\n",
            "Connection: TE\r\nConnection: close\r\n",
            "Connection: keep-alive, close\r\n",
        ] {
            assert!(!keeps(1, fields) && !keeps(0, fields), "{fields:?}");
        }
        assert!(keeps(0, "Connection: Keep-Alive\r\n"));
    }

    #[test]
    fn expectations() {
        let expects = |minor: u8, value: &str| {
            let mut room = HeadRoom::new();
            let text = format!("GET / HTTP/1.{minor}\r\nHost: a\r\nExpect: {value}\r\n\r\n");
            parse(text.as_bytes(), &mut room).map(|head| head.line().expect_continue)
        };
        assert_eq!(expects(1, "100-Continue"), Ok(true));
        assert_eq!(
            expects(0, "100-continue"),
            Ok(false),
            "never a 1xx to HTTP/1.0"
        );
        assert_eq!(expects(1, "something"), Err(HeadError::Expectation));
    }
}
