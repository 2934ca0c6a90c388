//! However requests are mixed, pipelined and cut, the answers are the same
//! bytes as one at a time, each on a connection of its own; dates apart.

use crate::random::Random;
use crate::support::{Rig, both_at_once, connect, get, masked, pattern, read_to_end};
use pelton::config::Mode;
use pelton::service::{Response, Router, StaticSite};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::thread;
use std::time::Duration;

/// Connections in each mode.
const CONNECTIONS: u64 = 400;
/// Requests on one of them.
const REQUESTS_MAX: usize = 24;

#[test]
fn a_mix_of_requests_is_answered_as_each_of_them_alone() {
    both_at_once(|mode| {
        let rig = rig(mode);
        let samples: Vec<Sample> = requests(&rig)
            .into_iter()
            .map(|(last, bytes)| Sample {
                answer: talk(&rig, &bytes, &[]),
                bytes,
                last,
            })
            .collect();
        for sample in &samples {
            let closes = sample
                .answer
                .windows(17)
                .any(|part| part == b"Connection: close");
            assert_eq!(closes, sample.last, "{}", show(&sample.bytes));
        }
        for seed in 0..CONNECTIONS {
            let mix = Mix::new(&samples, seed);
            let got = talk(&rig, &mix.input, &mix.cuts);
            if got != mix.expected {
                let same = got.iter().zip(&mix.expected).take_while(|(a, b)| a == b);
                let at = same.count();
                let shows =
                    |all: &[u8]| show(&all[at.saturating_sub(100)..all.len().min(at + 200)]);
                panic!(
                    "seed {seed}, {mode} mode: they differ at byte {at}\nmixed: {}\nalone: {}\n\
                     input cut at {:?}: {}",
                    shows(&got),
                    shows(&mix.expected),
                    mix.cuts,
                    show(&mix.input)
                );
            }
        }
    });
}

fn rig(mode: Mode) -> Rig {
    let echo = |media_type: &'static str| {
        move |request: &pelton::session::HttpRequest<'_>, _: &mut pelton::service::Context<'_>| {
            Response::new(media_type, request.body.to_vec())
        }
    };
    let router = Router::new()
        .http("POST", "/echo", echo("application/octet-stream"))
        .http("POST", "/blocking", echo("text/plain"))
        .blocking()
        .http("PUT", "/echo", echo("text/plain"))
        .site(StaticSite::new(0));
    let rig = Rig::with_router(mode, |_| {}, router);
    for file in ["index.html", "small.txt", "large.bin", "huge.bin"] {
        rig.folder.date(file, 1_000_000_000);
    }
    rig
}

/// A request, and the answer to it alone.
struct Sample {
    bytes: Vec<u8>,
    answer: Vec<u8>,
    /// The connection ends after it.
    last: bool,
}

impl Sample {
    /// The client asked for the end.
    fn says_last(&self) -> bool {
        let head = self.bytes[..self.head_len()].escape_ascii().to_string();
        head.contains("Connection: close") || self.last && head.contains("HTTP/1.0")
    }

    fn head_len(&self) -> usize {
        let end = self.bytes.windows(4).position(|part| part == b"\r\n\r\n");
        end.map_or(self.bytes.len(), |end| end + 4)
    }
}

/// What is sent, and what has to come back.
struct Mix {
    input: Vec<u8>,
    expected: Vec<u8>,
    cuts: Vec<usize>,
}

impl Mix {
    fn new(samples: &[Sample], seed: u64) -> Mix {
        let mut random = Random::new(seed);
        let (mut input, mut expected) = (Vec::new(), Vec::new());
        let (mut ended, mut places) = (false, Vec::new());
        let mut sample = random.pick(samples);
        for _ in 0..=random.below(REQUESTS_MAX) {
            // The same once more is answered in a way of its own.
            if !random.once_in(3) {
                sample = random.pick(samples);
            }
            // Most connections are to last for a while.
            if sample.last && !random.once_in(4) {
                continue;
            }
            places.extend([input.len(), input.len() + sample.head_len()]);
            input.extend_from_slice(&sample.bytes);
            if !ended {
                expected.extend_from_slice(&sample.answer);
            }
            ended |= sample.last;
            // What follows a request that said so itself may find the connection
            // closed.
            if sample.says_last() {
                break;
            }
        }
        let pieces = if random.once_in(8) { 200 } else { 8 };
        places.push(input.len());
        let mut cuts: Vec<usize> = (0..random.below(pieces))
            .map(|_| match random.below(4) {
                0 => random.below(input.len() + 1),
                // Where a head begins or ends, or near it.
                1 => (random.pick(&places) + random.below(7)).saturating_sub(3),
                _ => *random.pick(&places),
            })
            .map(|cut| cut.min(input.len()))
            .collect();
        cuts.sort_unstable();
        Mix {
            input,
            expected,
            cuts,
        }
    }
}

/// Sends `input` in pieces while it reads, says that no more will come, and
/// returns what came until the server closed.
fn talk(rig: &Rig, input: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut stream = connect(rig.http);
    let mut writer = stream.try_clone().expect("a second handle");
    let output = thread::scope(|scope| {
        scope.spawn(move || send(&mut writer, input, cuts));
        read_to_end(&mut stream)
    });
    masked::dates(output)
}

/// A pause now and then, so that the pieces are read one by one.
fn send(writer: &mut TcpStream, input: &[u8], cuts: &[usize]) {
    let mut start = 0;
    for &cut in cuts.iter().chain([&input.len()]) {
        // Behind its last request the server may have closed already.
        if writer.write_all(&input[start..cut]).is_err() {
            return;
        }
        if cuts.len() < 8 {
            thread::sleep(Duration::from_micros((cut % 7 * 100) as u64));
        }
        start = cut;
    }
    let _ = writer.shutdown(Shutdown::Write);
}

/// Requests of all kinds, and whether the connection ends after each.
fn requests(rig: &Rig) -> Vec<(bool, Vec<u8>)> {
    let etag = get(rig.http, "/small.txt", "");
    let etag = etag.field("etag").expect("a tag");
    let mut all = vec![
        (false, b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        (
            false,
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_vec(),
        ),
        (true, b"GET / HTTP/1.0\r\n\r\n".to_vec()),
        (true, b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (true, b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        (true, b"GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_vec()),
        (true, b"GET / HTTP/1.1\nHost: a\n\n".to_vec()),
    ];
    let mut add = |last: bool, line: &str, fields: &str, body: &[u8]| {
        let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        all.push((last, [head.as_bytes(), body].concat()));
    };
    for target in [
        "/",
        "/small.txt",
        "/large.bin",
        "/none",
        "/folder",
        "/a%2fb",
        "http://b/",
    ] {
        add(false, &format!("GET {target}"), "", b"");
        add(false, &format!("HEAD {target}"), "", b"");
    }
    for fields in [
        "Range: bytes=5-9\r\n",
        "Range: bytes=0-1,5-9,-3\r\n",
        "Range: bytes=9999-\r\n",
        "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n",
        "Accept-Encoding: gzip, br\r\nUser-Agent: a browser\r\n",
        "If-Match: \"x\"\r\n",
        "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT\r\n",
        &format!("If-None-Match: {etag}\r\n"),
    ] {
        add(false, "GET /small.txt", fields, b"");
        add(false, "HEAD /small.txt", fields, b"");
    }
    add(
        false,
        "GET /huge.bin",
        "Range: bytes=9-70000,0-5,-9\r\n",
        b"",
    );
    add(false, "GET /huge.bin", "Range: bytes=1-\r\n", b"");
    add(
        false,
        "GET /large.bin",
        "Range: bytes=0-99999,200000-\r\n",
        b"",
    );
    for line in [
        "OPTIONS *",
        "OPTIONS /",
        "DELETE /small.txt",
        "BREW /",
        "GET /echo",
    ] {
        add(false, line, "", b"");
    }
    for len in [0, 1, 5_000, 90_000] {
        let body = pattern(len);
        let length = format!("Content-Length: {len}\r\n");
        for line in [
            "POST /echo",
            "PUT /echo",
            "POST /blocking",
            "POST /small.txt",
        ] {
            add(false, line, &length, &body);
            add(
                true,
                line,
                &(length.clone() + "Connection: close\r\n"),
                &body,
            );
            let in_chunks = chunked(&body, &[7, 4_000, 40_000]);
            add(false, line, "Transfer-Encoding: chunked\r\n", &in_chunks);
        }
        let expects = length + "Expect: 100-continue\r\n";
        add(false, "POST /echo", &expects, &body);
    }
    add(
        true,
        "POST /small.txt",
        "Content-Length: 1\r\nExpect: 100-continue\r\n",
        b"x",
    );
    for (fields, body) in [
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello0\r\n\r\n"),
        ("Content-Length: 1048577\r\n", "x"),
        ("Expect: a miracle\r\n", ""),
    ] {
        add(true, "POST /echo", fields, body.as_bytes());
    }
    all
}

/// A body in chunks of these lengths and one more, with what may stand between.
fn chunked(body: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut add = |range: Range<usize>| {
        if !range.is_empty() {
            chunks.extend_from_slice(format!("{:x};a=\"b\"\r\n", range.len()).as_bytes());
            chunks.extend_from_slice(&body[range]);
            chunks.extend_from_slice(b"\r\n");
        }
    };
    let mut start = 0;
    for len in lengths {
        let end = body.len().min(start + len);
        add(start..end);
        start = end;
    }
    add(start..body.len());
    chunks.extend_from_slice(b"0\r\nTrailer: x\r\n\r\n");
    chunks
}

/// The beginning, as a Rust literal.
fn show(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(600)].escape_ascii().to_string()
}
