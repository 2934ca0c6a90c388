//! Answers, cut at every byte.

use super::*;

/// What the answers in `parts` are, and what the end of the connection is
/// then; errors end it.
fn read(asked: Asked, parts: &[&[u8]], memo: &mut Memo) -> Outcome {
    let mut answer = Answer::new(asked);
    let mut whole = Vec::new();
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() {
            match answer.take(rest, memo) {
                Err(BadAnswer) => return (whole, None),
                Ok(Taken::More) => rest = &[],
                Ok(Taken::Whole(one, behind)) => {
                    whole.push(one);
                    rest = &rest[rest.len() - behind..];
                }
            }
        }
    }
    (whole, Some(answer.end()))
}

type Outcome = (Vec<Whole>, Option<Result<Whole, ClosedEarly>>);

/// Reads `text` whole, cut in two at every byte, and byte by byte, with and
/// without a head that is remembered.
fn check(asked: Asked, text: &str) -> Outcome {
    let text = text.as_bytes();
    let mut memo = Memo::default();
    let expected = read(asked, &[text], &mut memo);
    assert_eq!(read(asked, &[text], &mut memo), expected, "again");
    for cut in 0..=text.len() {
        let parts = text.split_at(cut);
        for memo in [&mut memo, &mut Memo::default()] {
            let outcome = read(asked, &[parts.0, parts.1], memo);
            assert_eq!(outcome, expected, "cut at {cut}");
        }
    }
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(read(asked, &bytes, &mut memo), expected, "byte by byte");
    expected
}

/// One answer that ends by itself: its status, and whether it keeps the
/// connection.
fn one(asked: Asked, text: &str) -> (u16, bool) {
    let (whole, end) = check(asked, text);
    assert_eq!((whole.len(), end), (1, Some(Err(ClosedEarly))), "{text:?}");
    assert_eq!(whole[0].bytes, text.len() as u64, "{text:?}");
    (whole[0].status, whole[0].keeps)
}

#[test]
fn by_length() {
    let text = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(one(Asked::Body, text), (200, true));
    let bare_line_feeds = "HTTP/1.1 404\nCONTENT-LENGTH:1\nX:\n\na";
    assert_eq!(one(Asked::Body, bare_line_feeds), (404, true));
    let empty = "HTTP/1.1 500 \r\ncontent-length: 0 \r\nContent-Length: 0\r\n\r\n";
    assert_eq!(one(Asked::Body, empty), (500, true));
}

#[test]
fn in_chunks() {
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                5;a=b\r\nhello\r\n0a\r\n0123456789\r\n0\r\nX: y\r\n\r\n";
    assert_eq!(one(Asked::Body, text), (200, true));
    let both = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n\
                0\r\n\r\n";
    assert_eq!(one(Asked::Body, both), (200, false), "framed twice");
}

#[test]
fn without_a_body() {
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
    assert_eq!(one(Asked::Head, long), (200, true));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(one(Asked::Head, chunked), (200, true));
    assert_eq!(
        one(Asked::Body, "HTTP/1.1 204 No Content\r\n\r\n"),
        (204, true)
    );
    assert_eq!(
        one(Asked::Body, "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"),
        (304, true)
    );
}

#[test]
fn until_the_connection_ends() {
    for text in [
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nhello",
    ] {
        let (whole, end) = check(Asked::Body, text);
        let expected = Whole {
            status: 200,
            keeps: false,
            bytes: text.len() as u64,
        };
        assert_eq!((whole.len(), end), (0, Some(Ok(expected))), "{text:?}");
    }
}

#[test]
fn what_keeps_the_connection() {
    for (version, fields, keeps) in [
        (1, "", true),
        (1, "Connection: close\r\n", false),
        (1, "connection: TE, CLOSE\r\n", false),
        (1, "Connection: closed\r\n", true),
        (1, "Connection: keep-alive\r\nConnection: close\r\n", false),
        (0, "", false),
        (0, "Connection: Keep-Alive\r\n", true),
    ] {
        let text = format!("HTTP/1.{version} 200 OK\r\n{fields}Content-Length: 1\r\n\r\na");
        assert_eq!(one(Asked::Body, &text), (200, keeps), "{fields:?}");
    }
}

#[test]
fn interim_answers_are_passed_over() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\nContent-Length: 3\r\n\r\n\
                HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(one(Asked::Body, text), (200, true));
}

#[test]
fn several_on_one_connection() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let other = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
    let (whole, end) = check(Asked::Body, &[answer, answer, other, answer].concat());
    let status: Vec<u16> = whole.iter().map(|whole| whole.status).collect();
    assert_eq!(
        (status, end),
        (vec![200, 200, 404, 200], Some(Err(ClosedEarly)))
    );
}

#[test]
fn what_is_cut_off_is_early() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for end in 0..text.len() {
        let outcome = check(Asked::Body, &text[..end]);
        assert_eq!(
            outcome,
            (Vec::new(), Some(Err(ClosedEarly))),
            "after {end} bytes"
        );
    }
}

#[test]
fn what_is_not_http_is_bad() {
    let long = format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(HEAD_BYTES_MAX));
    let mut memo = Memo::default();
    assert_eq!(read(Asked::Body, &[long.as_bytes()], &mut memo).1, None);
    for text in [
        "\r\n",
        "hello\r\n",
        "HTTP/2 200\r\n",
        "HTTP/1.x 200\r\n",
        "HTTP/1.1\r\n",
        "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20\r\n",
        "HTTP/1.1 2000\r\n",
        "HTTP/1.1 099 x\r\n",
        "HTTP/1.1 600 x\r\n",
        "HTTP/1.1 101 x\r\n",
        "http/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ] {
        assert_eq!(check(Asked::Body, text), (Vec::new(), None), "{text:?}");
    }
}

#[test]
fn old_fields_may_be_folded() {
    let text = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(one(Asked::Body, text), (200, true));
}

#[test]
fn bare_answers() {
    for text in [
        "hello",
        "H",
        "HTTP",
        "HTTX/1.1 404\r\n",
        "\r\n\r\n",
        "<p>\n</p>\n",
    ] {
        let (whole, end) = check(Asked::Bare, text);
        let expected = Whole {
            status: 200,
            keeps: false,
            bytes: text.len() as u64,
        };
        assert_eq!((whole.len(), end), (0, Some(Ok(expected))), "{text:?}");
    }
    assert_eq!(check(Asked::Bare, ""), (Vec::new(), Some(Err(ClosedEarly))));
    assert_eq!(
        check(Asked::Bare, "HTTP/"),
        (Vec::new(), Some(Err(ClosedEarly))),
        "half a head"
    );
    let refused = "HTTP/1.1 505 x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(one(Asked::Bare, refused), (505, false));
}

#[test]
fn a_reader_is_small() {
    assert!(size_of::<Answer>() <= 128);
}
