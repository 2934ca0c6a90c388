//! What heads are taken and what heads are refused, concern by concern.

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
        "GET // HTTP/1.1",
        "!#$%&'*+-.^_`|~09azAZ / HTTP/1.1",
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
        "GET / HTTP/1.10",
        "GET / HTTP/10.1",
        "GET / HTTP/01.1",
        "GET / HTTP/1",
        "GET / HTTP/1.",
        "GET / HTTP/1,1",
        "GET / HTTP/+1.1",
        "GET / HTTP /1.1",
        "GET / XHTTP/1.1",
        "GET / FTP/1.1",
        "GET /\tHTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "\tGET / HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET: / HTTP/1.1",
        "GET / HTTP/1.1\r",
        "GET / a HTTP/1.1",
        " / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1.1 ",
        "GET",
        "é",
        "\r\nGET / HTTP/1.1",
    ] {
        line(none, Err(HeadError::RequestLine));
    }
    for target in [
        "/#a",
        "/a#",
        "http://a/#b",
        "http://a@b/",
        "http://a:b@c/",
        "http://a:65536/",
        "http://",
        "http:/a",
        "http:a",
        "/\x7f",
        "/\x01",
        "/a\tb",
        "/`",
        "/^",
        "/\"",
        "/<a>",
        "/é",
        "/{a}",
        "/%",
        "/%4",
        "/%4g?%41",
        "http://a/%zz",
        "",
        "a",
        "*",
        "ftp://a/",
        "http:///",
        "\\",
    ] {
        let mut room = HeadRoom::new();
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let error = parse(text.as_bytes(), &mut room).expect_err(target);
        assert_eq!(error.status(), Status::BAD_REQUEST, "{target:?}");
    }
    line("OPTIONS * HTTP/1.1", Ok(Framing::None));
    line("GET http://b:8080/a?b HTTP/1.1", Ok(Framing::None));
    // As browsers send them.
    line("GET /a?^`\\{|}[] HTTP/1.1", Ok(Framing::None));
    line("GET http://b?^`\\ HTTP/1.1", Ok(Framing::None));
    line("GET /a|[%41]?100% HTTP/1.1", Ok(Framing::None));
    line("GET /\\?^ HTTP/1.1", Err(HeadError::Target));
    line("CONNECT a:443 HTTP/1.1", Ok(Framing::None));
    line("GET a:443 HTTP/1.1", Err(HeadError::Target));
    line("GET https://a/ HTTP/1.1", Err(HeadError::Scheme));
    line("GET HTTPS://a HTTP/1.1", Err(HeadError::Scheme));
    line("CONNECT https://a HTTP/1.1", Err(HeadError::Target));
    line("CONNECT a@b:443 HTTP/1.1", Err(HeadError::Target));
    line("OPTIONS http://a HTTP/1.1", Ok(Framing::None));
    line("POST * HTTP/1.1", Err(HeadError::Target));
    line("PRI * HTTP/2.0", Err(HeadError::Version));
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
        "a:0",
        "a:65535",
        "a:00080",
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
        "a:65536",
        "a:65616",
        "a:99999999999999999999",
        "a:+80",
        "a:8 0",
        "http://a",
        "a\tb",
        "a\u{e9}",
        "[::1]:x",
        "[::1%25eth0]",
        "[127.0.0.1]",
        "[]:80",
        "]",
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
        (" \t7 \t", 7),
        ("18446744073709551615", u64::MAX),
    ] {
        check(&with(&length(value)), Ok(Framing::Length(number)));
    }
    for value in [
        "5,5",
        "5, 5",
        "5,6",
        "5,",
        ",5",
        ",",
        "5;",
        "5.0",
        "5e0",
        "0b1",
        "1_0",
        "\"5\"",
        "5\u{a0}",
        "\u{661}",
        "99999999999999999999999999",
        "+5",
        "-5",
        "0x5",
        "5 5",
        "",
        "18446744073709551616",
    ] {
        check(&with(&length(value)), Err(HeadError::ContentLength));
    }
    for second in ["5", "6", "05", ""] {
        let twice = length("5") + &length(second);
        check(&with(&twice), Err(HeadError::ContentLength));
    }
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
        "Transfer-Encoding: ,",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: gzip,,chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding:",
        "Transfer-Encoding:\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked chunked",
        "Transfer-Encoding: 'chunked'",
        "Transfer-Encoding: chunke\u{212a}",
        "Transfer-Encoding: gzip, chunked\r\nContent-Length: 5",
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

/// Every byte, in each place where it may stand.
#[test]
fn bytes_of_names_values_and_targets() {
    let taken = |before: &[u8], byte: u8, behind: &[u8]| {
        let mut room = HeadRoom::new();
        let text = [before, &[byte], behind].concat();
        parse(&text, &mut room).is_ok()
    };
    let line = b"GET / HTTP/1.1\r\nHost: a\r\n";
    for byte in 0..=u8::MAX {
        let shown = byte.escape_ascii();
        let token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let name = [&line[..], b"A"].concat();
        // A colon ends the name, and is a value's byte from there on.
        let named = token || byte == b':';
        assert_eq!(
            taken(&name, byte, b"B: c\r\n\r\n"),
            named,
            "{shown} in a name"
        );
        assert_eq!(
            taken(line, byte, b": c\r\n\r\n"),
            token,
            "{shown} as a name"
        );
        let value = [&line[..], b"A: b"].concat();
        let text = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        assert_eq!(
            taken(&value, byte, b"c\r\n\r\n"),
            text,
            "{shown} in a value"
        );
        let target = byte.is_ascii_graphic() && !b"\"#<>\\^`{}%".contains(&byte);
        let behind = b" HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(
            taken(b"GET /a", byte, behind),
            target,
            "{shown} in a target"
        );
        let query = target || b"\\^`{}%".contains(&byte);
        assert_eq!(taken(b"GET /?a", byte, behind), query, "{shown} in a query");
    }
}
