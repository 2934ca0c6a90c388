//! What a request is refused for, so that no two servers read it in two ways;
//! over sockets, in both modes.
//!
//! Each case is followed by a request that must not be answered: after what
//! cannot be trusted comes one answer, and the end.

use crate::support::{Rig, both, connect, exchange, read_answer, read_to_end};
use pelton::service::{Response, Router, StaticSite};
use std::io::Write;
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

const NEXT: &str = "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";

fn rig(mode: pelton::config::Mode) -> Rig {
    let router = Router::new()
        .http("POST", "/echo", |request, _| {
            Response::new("application/octet-stream", request.body.to_vec())
        })
        .site(StaticSite::new(0));
    Rig::with_router(mode, |_| {}, router)
}

/// One answer with this status, which says that it is the last, and the end.
fn refused(rig: &Rig, status: u16, request: &str) {
    let output = exchange(rig.http, (request.to_owned() + NEXT).as_bytes());
    let output = String::from_utf8_lossy(&output);
    assert_eq!(statuses(&output), [status], "{request:?}: {output}");
    assert!(
        output.contains("\r\nConnection: close\r\n"),
        "{request:?}: {output}"
    );
}

/// Answered with this status, and so is what follows.
fn taken(rig: &Rig, status: u16, request: &str) {
    let mut stream = connect(rig.http);
    let input = request.to_owned() + NEXT;
    stream.write_all(input.as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half-closed");
    let output = read_to_end(&mut stream);
    let output = String::from_utf8_lossy(&output);
    assert_eq!(statuses(&output), [status, 200], "{request:?}: {output}");
}

fn statuses(output: &str) -> Vec<u16> {
    let parts = output.split("HTTP/1.1 ").skip(1);
    // A page may name the version too.
    parts
        .filter_map(|part| part.get(..3)?.parse().ok())
        .collect()
}

fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}")
}

/// RFC 9112 6: where a body ends is never left to a guess.
#[test]
fn lengths_and_codings() {
    both(|mode| {
        let rig = rig(mode);
        for (fields, body) in [
            ("Content-Length: 5\r\n", "hello"),
            ("Content-Length:5\r\n", "hello"),
            ("Content-Length: \t005 \t\r\n", "hello"),
            ("CONTENT-LENGTH: 0\r\n", ""),
            ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            ("transfer-encoding:\tCHUNKED\t\r\n", "0\r\n\r\n"),
        ] {
            taken(&rig, 200, &post(fields, body));
        }
        for fields in [
            // Both, in either order, whatever they say.
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 5\r\nTransfer-Encoding:\r\n",
            "Content-Length: x\r\nTransfer-Encoding: chunked\r\n",
            // Repeated.
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\ncontent-length: 05\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: 5,\r\n",
            // No digits.
            "Content-Length:\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: 5 0\r\n",
            "Content-Length: 5.\r\n",
            "Content-Length: 5e1\r\n",
            "Content-Length: \"5\"\r\n",
            "Content-Length: \u{665}\r\n",
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length: 18446744073709551621\r\n",
            "Content-Length: 340282366920938463463374607431768211461\r\n",
            // Names that are nearly the right one.
            "Content-Length : 5\r\n",
            " Content-Length: 5\r\n",
            "Content-Length\t: 5\r\n",
            "Content-Length\u{b}: 5\r\n",
            "Content-Length\0: 5\r\n",
            "Transfer-Encoding : chunked\r\n",
            "\tTransfer-Encoding: chunked\r\n",
            "X: y\r\n Transfer-Encoding: chunked\r\n",
            "X: y\rTransfer-Encoding: chunked\r\n",
            "X: y\nTransfer-Encoding: chunked\r\n",
            // Anything but a final `chunked`.
            "Transfer-Encoding:\r\n",
            "Transfer-Encoding: ,\r\n",
            "Transfer-Encoding: chunked,\r\n",
            "Transfer-Encoding: , chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunkedx\r\n",
            "Transfer-Encoding: chunked;q=1\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked\u{b}\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "Transfer-Encoding: chun\r\n ked\r\n",
            "Transfer-Encoding: gzip\r\n",
        ] {
            refused(&rig, 400, &post(fields, "0\r\n\r\n"));
        }
        for fields in [
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
        ] {
            refused(&rig, 501, &post(fields, "0\r\n\r\n"));
        }
        refused(
            &rig,
            413,
            &post("Content-Length: 18446744073709551615\r\n", ""),
        );
        let old = "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        refused(&rig, 400, old);
    });
}

/// RFC 9112 7.1.
#[test]
fn chunks() {
    both(|mode| {
        let rig = rig(mode);
        let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
        for body in [
            "1\r\na\r\n0\r\n\r\n",
            "0001\r\na\r\n000\r\n\r\n",
            "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
            "1;a;b=c;d=\"e;\\\"f\"\r\na\r\n0;g\r\n\r\n",
            "1 ; a = b\r\na\r\n0\r\nX: y\r\nHost: b\r\nTransfer-Encoding: x\r\n\r\n",
        ] {
            taken(&rig, 200, &chunked(body));
        }
        let zeros = format!("{}\r\na\r\n", "0".repeat(300) + "1");
        let extension = format!("1;{}\r\na\r\n", "x".repeat(300));
        let padded = format!("1;{}\r\na\r\n", "x".repeat(200)).repeat(100);
        let trailer = format!("0\r\nX: {}\r\n\r\n", "y".repeat(9_000));
        let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(2_000));
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\na\r\n0\r\n\r\n",
            "0x1\r\na\r\n0\r\n\r\n",
            " 1\r\na\r\n0\r\n\r\n",
            "1 \r\na\r\n0\r\n\r\n",
            "1 2\r\na\r\n0\r\n\r\n",
            "1_0\r\n",
            "FFFFFFFFFFFFFFFFF\r\n",
            "10000000000000001\r\na\r\n0\r\n\r\n",
            "1\na\r\n0\r\n\r\n",
            "1\ra\r\n0\r\n\r\n",
            "1\r\na\n0\r\n\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "2\r\na\r\n0\r\n\r\n",
            "1;\r\na\r\n0\r\n\r\n",
            "1;a\nb\r\na\r\n0\r\n\r\n",
            "1;a\rb\r\na\r\n0\r\n\r\n",
            "1;a=\"\r\n\"\r\na\r\n0\r\n\r\n",
            "1;a\0\r\na\r\n0\r\n\r\n",
            "0\r\nX\r\n\r\n",
            "0\r\nX : y\r\n\r\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nX: y\r\n z\r\n\r\n",
            "0\r\nX: \0\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\n: y\r\n\r\n",
            "0\r\n\n",
            &zeros,
            &extension,
            &padded,
            &trailer,
            &trailers,
        ] {
            refused(&rig, 400, &chunked(body));
        }
    });
}

/// RFC 9112 2.2, 3 and 5; RFC 9110 5.
#[test]
fn lines_and_versions() {
    both(|mode| {
        let rig = rig(mode);
        taken(&rig, 200, &("\r\n".to_owned() + NEXT));
        taken(&rig, 200, &get("/", "A:\r\nB: \u{e9}\t\"'\\\r\n"));
        let host = "Host: a\r\n\r\n";
        for request in [
            "\r\n\r\n".to_owned() + NEXT,
            "\n".to_owned() + NEXT,
            "\r".to_owned() + NEXT,
            " ".to_owned() + NEXT,
            format!("GET / HTTP/1.1\n{host}"),
            format!("GET / HTTP/1.1\r{host}"),
            format!("GET / HTTP/1.1 \r\n{host}"),
            format!("GET  / HTTP/1.1\r\n{host}"),
            format!("GET /  HTTP/1.1\r\n{host}"),
            format!("GET\t/ HTTP/1.1\r\n{host}"),
            format!("GET / HTTP/1.1\r\n {host}"),
            format!("GET / HTTP/1\r\n{host}"),
            format!("GET / HTTP/1.10\r\n{host}"),
            format!("GET / HTTP/11\r\n{host}"),
            format!("GET / http/1.1\r\n{host}"),
            format!("GET /\r\n{host}"),
            format!("GET\r\n{host}"),
            format!("G\u{e9}T / HTTP/1.1\r\n{host}"),
            format!("G{{T / HTTP/1.1\r\n{host}"),
            get("/", "A\r\n"),
            get("/", ": b\r\n"),
            get("/", "A : b\r\n"),
            get("/", "A(: b\r\n"),
            get("/", "A: b\r\n c\r\n"),
            get("/", "A: b\rc\r\n"),
            get("/", "A: b\nc: d\r\n"),
            get("/", "A: b\0\r\n"),
            get("/", "A: b\u{1}\r\n"),
            get("/", "A: b\u{7f}\r\n"),
            get("/", "A\u{e9}: b\r\n"),
        ] {
            refused(&rig, 400, &request);
        }
        for version in ["0.9", "2.0", "3.1"] {
            refused(&rig, 505, &format!("GET / HTTP/{version}\r\n{host}"));
        }
        refused(&rig, 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        refused(&rig, 414, &get(&format!("/{}", "x".repeat(20_000)), ""));
        // A path that can be no file's is refused as well, but it can be read.
        let long = "x".repeat(4_095);
        taken(&rig, 414, &get(&format!("/{long}"), ""));
        taken(&rig, 414, &get(&format!("/{}%78", &long[1..]), ""));
        taken(&rig, 404, &get(&format!("/{}", &long[1..]), ""));
        taken(
            &rig,
            404,
            &get(&format!("/{}?{long}", "%78".repeat(4_000)), ""),
        );
        refused(
            &rig,
            431,
            &get("/", &format!("A: {}\r\n", "x".repeat(20_000))),
        );
        refused(&rig, 431, &get("/", &"A: b\r\n".repeat(101)));
        for expectation in ["x", "100-continue, x", "100-continued", ""] {
            refused(&rig, 417, &get("/", &format!("Expect: {expectation}\r\n")));
        }
    });
}

/// RFC 9112 3.2 and RFC 9110 7.2.
#[test]
fn targets_and_hosts() {
    both(|mode| {
        let rig = rig(mode);
        for target in [
            "/",
            "/?",
            "//",
            "/?a=b&c={d}|[e]",
            "http://b",
            "http://b:80/?c",
        ] {
            taken(&rig, 200, &get(target, ""));
        }
        for target in [
            "/#",
            "/a#b",
            "/\"",
            "/<",
            "/>",
            "/\\",
            "/^",
            "/`",
            "/\u{e9}",
            "/\u{1}",
            "/\u{7f}",
            "/\0",
            "/\t",
            "",
            "a",
            "*",
            "?",
            "http:",
            "http:/",
            "http://",
            "http:///",
            "http://@b/",
            "http://a@b/",
            "http://b:x/",
            "http://b:65536/",
            "http://b#c",
            "http://[::1/",
            "ftp://b/",
            "b:80",
        ] {
            refused(&rig, 400, &get(target, ""));
        }
        refused(&rig, 421, &get("https://a/", ""));
        for host in ["a", "a:", "a:80", "[::1]:80", "127.0.0.1", "A-b.c_d~"] {
            taken(
                &rig,
                200,
                &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            );
        }
        for host in [
            "", ":80", "a:b", "a:80:80", "a:65536", "a:-1", "a@b", "a b", "a,b", "a/b", "a?b",
            "a#b", "\"a\"", "<a>", "a\\b", "a%2", "::1", "[::1", "[]", "[g]", "[::1]a", "\u{e9}",
        ] {
            refused(
                &rig,
                400,
                &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            );
            refused(
                &rig,
                400,
                &format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n"),
            );
        }
        for lines in [
            "",
            "Host: a\r\nHost: a\r\n",
            "Host: a\r\nhost: b\r\n",
            "Hos: a\r\n",
        ] {
            refused(&rig, 400, &format!("GET / HTTP/1.1\r\n{lines}\r\n"));
        }
        // Host is checked though the target has an authority.
        refused(&rig, 400, "GET http://a/ HTTP/1.1\r\nHost: a@b\r\n\r\n");
        refused(&rig, 400, "GET http://a/ HTTP/1.1\r\n\r\n");
    });
}

/// Nothing that a client sends comes back unescaped, in a head or in a page.
#[test]
fn nothing_comes_back_unescaped() {
    both(|mode| {
        let rig = rig(mode);
        rig.folder.write("<zq>\r\nZq: \"'/index.html", b"x");
        for target in [
            "/%3Czq%3E",
            "/%3Czq%3E%0d%0aZq:%20%22'",
            "/%3Czq%3E?%3Czq%3E",
            "/folder?%0d%0aZq:%20a",
            "/folder?'zq'",
            "/%5c%3Czq%3E/..%2f",
            "/zq%zz",
        ] {
            for method in ["GET", "POST", "OPTIONS", "ZQ"] {
                let fields = "X-Zq: <zq>\r\nReferer: http://<zq>/\r\nCookie: zq=\"<zq>\"\r\n\
                              Origin: <zq>\r\nUser-Agent: <zq>\r\nConnection: close\r\n";
                let input = format!("{method} {target} HTTP/1.1\r\nHost: zq\r\n{fields}\r\n");
                let output = exchange(rig.http, input.as_bytes());
                let output = String::from_utf8_lossy(&output);
                for bad in ["<zq>", "\r\nZq:", "\nZq:", "\"<zq"] {
                    assert!(!output.contains(bad), "{input}\n{output}");
                }
            }
        }
    });
}

/// A body that nobody takes is on its way when its request has been answered:
/// the answer is not lost to a reset, and the client gets all of the body out.
#[test]
fn the_answer_outlives_a_large_body() {
    both(|mode| {
        let rig = rig(mode);
        for (target, fields, len, status) in [
            ("/small.txt", "Connection: close\r\n", 900_000, 405),
            ("/small.txt", "Expect: 100-continue\r\n", 900_000, 405),
            ("/small.txt", "", 1_500_000, 413),
            ("/echo", "", 1_500_000, 413),
        ] {
            let mut stream = connect(rig.http);
            let head = format!(
                "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n{fields}\r\n"
            );
            stream.write_all(head.as_bytes()).expect("sent");
            std::thread::sleep(std::time::Duration::from_millis(20));
            stream
                .write_all(&vec![b'x'; len])
                .expect("all of it is taken");
            let output = String::from_utf8(read_to_end(&mut stream)).expect("text");
            assert_eq!(statuses(&output), [status], "{head}: {output}");
        }
    });
}

/// The server ends a connection whose client has not asked for it, and may be
/// sending its next request: that is no reason to reset it.
#[test]
fn who_has_not_asked_for_the_end_may_go_on_sending() {
    both(|mode| {
        let rig = rig(mode);
        let mut stream = connect(rig.http);
        let input = "POST /small.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx";
        stream.write_all(input.as_bytes()).expect("sent");
        let answer = read_answer(&mut stream, false);
        assert_eq!(answer.status, 405);
        assert_eq!(answer.field("connection"), Some("close"));
        for _ in 0..3 {
            let next = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
            stream.write_all(next).expect("it still listens");
            thread::sleep(Duration::from_millis(20));
        }
        stream.shutdown(Shutdown::Write).expect("half closed");
        assert!(read_to_end(&mut stream).is_empty(), "a clean end");
    });
}
