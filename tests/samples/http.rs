//! Requests, good and bad.

use super::Sample;
use pelton::base::limits::TRAILER_BYTES_MAX;
use pelton::session::Protocol;

const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = plain();
    samples.extend(lengths());
    samples.extend(chunks());
    samples.extend(plans());
    samples.extend(expectations());
    samples.extend(refused_lines());
    samples.extend(refused_fields());
    samples.extend(bounds());
    samples.extend(large());
    samples
}

fn http(text: &str, sketch: &str) -> Sample {
    Sample::new(Protocol::Http, text, sketch)
}

/// A request with fields and a body, another behind it.
fn post(path: &str, fields: &str, rest: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{rest}{GET}")
}

fn plain() -> Vec<Sample> {
    vec![
        http("", "PeerClosed"),
        http(GET, "GET /a; PeerClosed"),
        http(&GET.repeat(3), "GET /a; GET /a; GET /a; PeerClosed"),
        http(
            "GET /x?y=%20 HTTP/1.1\r\nHost: b.example:80 \r\nAccept:\r\nRange: bytes=0-\r\n\r\n",
            "GET /x?y=%20; PeerClosed",
        ),
        http(
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
            "OPTIONS *; CONNECT a:443; PeerClosed",
        ),
        http(
            "get http://b:80/c HTTP/1.7\r\nHost: a\r\n\r\n",
            "get http://b:80/c; PeerClosed",
        ),
        http("GET /a HTTP/1.0\r\n\r\nGET", "GET /a last; Done"),
        http(
            "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
            "GET /a; GET /b last; Done",
        ),
        http(
            &format!("{GET}GET /b HTTP/1.1\r\nHost: a\r\nConnection: TE,, close\r\n\r\n{GET}"),
            "GET /a; GET /b last; Done",
        ),
        http(&format!("\r\n{GET}\r\n{GET}"), "GET /a; GET /a; PeerClosed"),
        http(&format!("{GET}\r\n"), "GET /a; Truncated 408"),
        http("\r", "Truncated 408"),
        http("GET /a HTTP/1.1\r\nHost: a\r\n\r", "Truncated 408"),
        http(
            &format!("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n{GET}"),
            "GET /bad; GET /a; PeerClosed",
        ),
        http(
            &format!("GET /end HTTP/1.1\r\nHost: a\r\n\r\n{GET}"),
            "GET /end; Done",
        ),
        http(
            &format!("GET /full HTTP/1.1\r\nHost: a\r\n\r\n{GET}"),
            "GET /full; 503; NoMemory",
        ),
    ]
}

fn lengths() -> Vec<Sample> {
    let five = "Content-Length: 5\r\n";
    vec![
        http(
            &post("/b", five, "12345"),
            "plan /b; POST /b+5; GET /a; PeerClosed",
        ),
        http(
            &post("/b", five, "\r\n\r\n\n"),
            "plan /b; POST /b+5; GET /a; PeerClosed",
        ),
        http(
            &post("/b", "Content-Length: 0\r\n", ""),
            "POST /b; GET /a; PeerClosed",
        ),
        http(
            &post("/b", "Content-Length: \t 05 \r\n", "12345"),
            "plan /b; POST /b+5; GET /a; PeerClosed",
        ),
        http(
            &post("/b", "Content-Length: 5\r\nConnection: close\r\n", "12345"),
            "plan /b; POST /b+5 last; Done",
        ),
        http(
            &format!("{GET}{GET}{}{GET}", post("/b", five, "12345").repeat(2)),
            "GET /a; GET /a; plan /b; POST /b+5; GET /a; plan /b; POST /b+5; GET /a; GET /a; \
             PeerClosed",
        ),
        http(
            &format!(
                "{GET}{}{GET}{GET}",
                post("/drop", five, "12345").replace(GET, "").repeat(2)
            ),
            "GET /a; plan /drop; POST /drop; plan /drop; POST /drop; GET /a; GET /a; PeerClosed",
        ),
        http(
            &post("/b", "Content-Length: 500\r\n", "12345"),
            "plan /b; Truncated 408",
        ),
        http(&post("/end", five, "12345"), "plan /end; POST /end+5; Done"),
        http(
            &post("/full", five, "12345"),
            "plan /full; POST /full+5; 503; NoMemory",
        ),
    ]
}

fn chunks() -> Vec<Sample> {
    let good = |body: &str, len: usize| {
        let sketch = format!("plan /c; POST /c+{len}; GET /a; PeerClosed");
        http(&post("/c", CHUNKED, body), &sketch)
    };
    let bad = |body: &str| http(&post("/c", CHUNKED, body), "plan /c; 400; BadRequest");
    vec![
        good("5\r\nhello\r\n0\r\n\r\n", 5),
        good(
            "00A;x\r\n0123456789\r\n1 ;\ta=\"b;\\\"c\"\r\nx\r\n000\r\n\r\n",
            11,
        ),
        good(
            "2\r\n\r\n\r\n3\r\n0\r\n\r\n0;z\r\nX: y\r\nContent-Length: 7\r\n\r\n",
            5,
        ),
        http(
            &post("/c", CHUNKED, "0\r\n\r\n"),
            "plan /c; POST /c; GET /a; PeerClosed",
        ),
        http(
            "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "plan /c; Truncated 408",
        ),
        bad("x\r\n"),
        bad("-1\r\n"),
        bad("5\nhello"),
        bad("5\r\nhello0\r\n\r\n"),
        bad("5\r\nhello\n0\r\n\r\n"),
        bad("10000000000000000\r\n"),
        bad("1;a\rb\r\n"),
        bad("1;a \r\n"),
        bad("1;a=\"b\r\n"),
        bad("1 2\r\n"),
        bad("0\r\nA\r\n\r\n"),
        bad("0\r\nA : b\r\n\r\n"),
        bad("0\r\n folded: x\r\n\r\n"),
        bad("0\r\nA: \0\r\n\r\n"),
        bad("0\r\nA: b\r\n\rx"),
        good(&format!("1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(254)), 1),
        bad(&format!("1;{}\r\n", "x".repeat(255))),
    ]
}

fn plans() -> Vec<Sample> {
    let five = "Content-Length: 5\r\n";
    let broken = "5\r\nhelloX";
    vec![
        http(
            &post("/drop", five, "12345"),
            "plan /drop; POST /drop; GET /a; PeerClosed",
        ),
        http(
            &post("/drop", CHUNKED, "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
            "plan /drop; POST /drop; GET /a; PeerClosed",
        ),
        http(
            &post(
                "/drop",
                "Content-Length: 5\r\nConnection: close\r\n",
                "12345",
            ),
            "plan /drop; POST /drop last; Done",
        ),
        // It has had its answer: there is no second one.
        http(
            "POST /drop HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1234",
            "plan /drop; POST /drop; Truncated",
        ),
        http(
            &post("/drop", CHUNKED, broken),
            "plan /drop; POST /drop; BadRequest",
        ),
        http(
            &post("/never", five, "12345"),
            "plan /never; 405; BadRequest",
        ),
        http(
            &post("/never", CHUNKED, broken),
            "plan /never; 405; BadRequest",
        ),
    ]
}

fn expectations() -> Vec<Sample> {
    let expect = |rest: &str| format!("Expect: 100-Continue\r\n{rest}");
    let five = expect("Content-Length: 5\r\n");
    let old = "POST /e HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab";
    vec![
        http(
            &post("/e", &five, "12345"),
            "plan /e; 100; POST /e+5; GET /a; PeerClosed",
        ),
        http(
            &post("/e", &expect(CHUNKED), "1\r\nx\r\n0\r\n\r\n"),
            "plan /e; 100; POST /e+1; GET /a; PeerClosed",
        ),
        http(&post("/e", &expect(""), ""), "POST /e; GET /a; PeerClosed"),
        http(
            &post("/drop", &five, "12345"),
            "plan /drop; POST /drop last; Done",
        ),
        http(
            &post("/never", &five, "12345"),
            "plan /never; 405; BadRequest",
        ),
        http(old, "plan /e; POST /e+2 last; Done"),
        http(&post("/e", "Expect: a miracle\r\n", ""), "417; BadRequest"),
    ]
}

fn refused_lines() -> Vec<Sample> {
    let line = |line: &str, status: u16| {
        let text = format!("{GET}{line}\r\nHost: a\r\n\r\n{GET}");
        http(&text, &format!("GET /a; {status}; BadRequest"))
    };
    vec![
        line("GET /", 400),
        line("GET / HTTP/1.1 ", 400),
        line("GET / http/1.1", 400),
        line("GET / HTTP/2.0", 505),
        line("GET / HTTP/0.9", 505),
        line("GET /<> HTTP/1.1", 400),
        line("GET a HTTP/1.1", 400),
        line("GET https://a/ HTTP/1.1", 421),
        line("G\u{e9}T / HTTP/1.1", 400),
        line("GET / HTTP/1.1\n", 400),
        line("\r\nGET / HTTP/1.1\r", 400),
        line("\n", 400),
        line("\rGET / HTTP/1.1", 400),
        // One empty line is skipped; the second is one too many.
        line("\r\n\r\nGET / HTTP/1.1", 400),
        // Nothing but empty lines is no request.
        line("\r\n\r\n", 400),
    ]
}

fn refused_fields() -> Vec<Sample> {
    let host = |lines: &str| {
        let text = format!("GET / HTTP/1.1\r\n{lines}\r\n{GET}");
        http(&text, "400; BadRequest")
    };
    let field = |lines: &str, status: u16| {
        http(
            &post("/f", lines, "12345"),
            &format!("{status}; BadRequest"),
        )
    };
    vec![
        host(""),
        host("Host: a\r\nHost: a\r\n"),
        host("Host: a@b\r\n"),
        host("Host: a,b\r\n"),
        host("Host: a\r\nA : b\r\n"),
        host("Host: a\r\nA: b\rc\r\n"),
        host("Host: a\r\nA: b\0\r\n"),
        host("Host: a\r\n folded\r\n"),
        host("Host: a\nA: b\r\n"),
        field("Content-Length: +5\r\n", 400),
        field("Content-Length: 5,6\r\n", 400),
        field("Content-Length: 5,5\r\n", 400),
        field("Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        field("Transfer-Encoding: chunked,\r\n", 400),
        field("Content-Length: 18446744073709551616\r\n", 400),
        field("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        field("Transfer-Encoding: gzip\r\n", 400),
        field("Transfer-Encoding: chunked, gzip\r\n", 400),
        field(
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            501,
        ),
        http(
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400; BadRequest",
        ),
    ]
}

fn bounds() -> Vec<Sample> {
    // 256 bytes of head, 64 of body.
    let head = |len: usize| {
        let fill = "x".repeat(len - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len());
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {fill}\r\n\r\n")
    };
    let sized = |len: usize| {
        post(
            "/b",
            &format!("Content-Length: {len}\r\n"),
            &"y".repeat(len),
        )
    };
    let first = "28\r\n0123456789012345678901234567890123456789\r\n";
    let chunked = |path: &str, second: &str| post(path, CHUNKED, &format!("{first}{second}"));
    let whole = "18\r\n012345678901234567890123\r\n0\r\n\r\n";
    let over = "19\r\n0123456789012345678901234\r\n0\r\n\r\n";
    vec![
        http(&format!("{}{GET}", head(256)), "GET /; GET /a; PeerClosed").small(),
        http(
            &format!("\r\n{}{GET}", head(256)),
            "GET /; GET /a; PeerClosed",
        )
        .small(),
        http(&head(257), "431; BadRequest").small(),
        http(
            &format!("{GET}\r\n{}", head(257)),
            "GET /a; 431; BadRequest",
        )
        .small(),
        http(&format!("GET /{}", "a".repeat(250)), "Truncated 408").small(),
        http(&format!("GET /{}", "a".repeat(300)), "414; BadRequest").small(),
        http(&format!("GET /{}\n", "a".repeat(250)), "400; BadRequest").small(),
        http(&format!("GET /{}\n", "a".repeat(251)), "414; BadRequest").small(),
        http(&sized(64), "plan /b; POST /b+64; GET /a; PeerClosed").small(),
        http(&sized(65), "plan /b; 413; BadRequest").small(),
        http(
            &chunked("/c", whole),
            "plan /c; POST /c+64; GET /a; PeerClosed",
        )
        .small(),
        http(&chunked("/c", over), "plan /c; 413; BadRequest").small(),
        http(
            &chunked("/drop", whole),
            "plan /drop; POST /drop; GET /a; PeerClosed",
        )
        .small(),
        http(
            &chunked("/drop", over),
            "plan /drop; POST /drop; BadRequest",
        )
        .small(),
        http(
            &post("/b", "Content-Length: 18446744073709551615\r\n", ""),
            "plan /b; 413; BadRequest",
        ),
        http(
            &post(
                "/drop",
                "Expect: 100-continue\r\nContent-Length: 65\r\n",
                "",
            ),
            "plan /drop; 413; BadRequest",
        )
        .small(),
    ]
}

fn large() -> Vec<Sample> {
    let many = |count: usize| {
        let fields = "A: b\r\n".repeat(count);
        format!("GET /a HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    };
    // Bytes of the last size line do not count as trailers.
    let trailer = |len: usize| {
        let lines = format!("A: {}\r\n", "t".repeat(len - 5));
        post("/c", CHUNKED, &format!("0;xxx\r\n{lines}\r\n"))
    };
    let body = "0123456789abcdef".repeat(1_250);
    vec![
        http(&many(99), "GET /a; PeerClosed"),
        http(&many(100), "431; BadRequest"),
        http(
            &trailer(TRAILER_BYTES_MAX),
            "plan /c; POST /c; GET /a; PeerClosed",
        ),
        http(&trailer(TRAILER_BYTES_MAX + 1), "plan /c; 400; BadRequest"),
        http(
            &post("/b", "Content-Length: 20000\r\n", &body),
            "plan /b; POST /b+20000; GET /a; PeerClosed",
        ),
        http(
            &post(
                "/c",
                CHUNKED,
                &format!("4E20\r\n{body}\r\n1\r\nx\r\n0\r\n\r\n"),
            ),
            "plan /c; POST /c+20001; GET /a; PeerClosed",
        ),
        http(&format!("GET /{}", "a".repeat(17_000)), "414; BadRequest"),
    ]
}
