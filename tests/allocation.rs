//! In reactor mode the requests that a server lives on allocate nothing.
//!
//! The allocator counts for the whole process, so this file has one test, and
//! its client allocates nothing either while it counts.

mod support;

use pelton::Router;
use pelton::config::{self, AccessFormat, Mode};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::{Rig, connect, get, package};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is counted: at least so many rounds, for at least so long that the
/// server's clock ticks. The first rounds are not counted.
const ROUNDS_MIN: usize = 1_000;
const TIME_MIN: Duration = Duration::from_millis(1_200);
const WARM_UP: usize = 50;
/// So many in a row allocate nothing at all.
const QUIET_ROUNDS_MIN: usize = 200;
/// Once a second a file is looked at again and the date is made anew: that
/// much is allowed, and a bit for what the system's own threads do.
const ALLOCATIONS_A_SECOND_MAX: usize = 5;

/// What came of the rounds of one case.
#[derive(Debug)]
struct Counted {
    rounds: usize,
    allocations: usize,
    quiet_rounds: usize,
    took: Duration,
}

/// Sends `request` and reads an answer of `len` bytes, again and again.
fn count(stream: &mut TcpStream, request: &[u8], len: usize) -> Counted {
    let mut answer = vec![0; len];
    let mut round = || {
        stream.write_all(request).expect("sent");
        stream.read_exact(&mut answer).expect("an answer");
    };
    (0..WARM_UP).for_each(|_| round());
    let mut counted = Counted {
        rounds: 0,
        allocations: 0,
        quiet_rounds: 0,
        took: Duration::ZERO,
    };
    let mut quiet = 0;
    let start = Instant::now();
    while counted.rounds < ROUNDS_MIN || start.elapsed() < TIME_MIN {
        counted.rounds += 1;
        let region = Region::new(ALLOCATOR);
        round();
        let change = region.change();
        let allocations = change.allocations + change.reallocations;
        counted.allocations += allocations;
        quiet = if allocations == 0 { quiet + 1 } else { 0 };
        counted.quiet_rounds = counted.quiet_rounds.max(quiet);
    }
    counted.took = start.elapsed();
    counted
}

fn check(name: &str, stream: &mut TcpStream, request: &[u8], len: usize) {
    let counted = count(stream, request, len);
    println!("{name}: {counted:?}");
    let seconds = counted.took.as_secs() as usize + 1;
    assert!(
        counted.quiet_rounds >= QUIET_ROUNDS_MIN,
        "{name}: {counted:?}"
    );
    assert!(
        counted.allocations <= seconds * ALLOCATIONS_A_SECOND_MAX,
        "{name}: {counted:?}"
    );
}

/// How long the answer to `request` is: it is read until nothing more comes.
fn answer_len(rig: &Rig, request: &[u8]) -> usize {
    let mut stream = connect(rig.http);
    stream.write_all(request).expect("sent");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("half closed");
    support::read_to_end(&mut stream).len()
}

#[test]
fn a_kept_alive_request_allocates_nothing() {
    let rig = Rig::start(Mode::Reactor, |config| config.workers = 1);
    let text = |method: &str, fields: &str| {
        format!("{method} /small.txt HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
    };
    let missing = b"GET /missing HTTP/1.1\r\nHost: a\r\n\r\n";
    let len = answer_len(&rig, missing);
    let counted = count(&mut connect(rig.http), missing, len);
    assert!(
        counted.allocations >= counted.rounds,
        "an error page is made anew each time, so this counts: {counted:?}"
    );
    let etag = get(rig.http, "/small.txt", "")
        .field("etag")
        .expect("a tag")
        .to_owned();
    let browser = "User-Agent: a browser\r\nAccept: text/html,*/*;q=0.8\r\n\
                   Accept-Encoding: gzip, br\r\nCookie: a=b; c=d\r\n";
    let cases = [
        ("GET", text("GET", "")),
        ("GET as browsers send it", text("GET", browser)),
        ("HEAD", text("HEAD", "")),
        ("304", text("GET", &format!("If-None-Match: {etag}\r\n"))),
        ("a range", text("GET", "Range: bytes=5-99\r\n")),
        ("16 GETs in one write", text("GET", "").repeat(16)),
    ];
    for (name, request) in cases {
        let len = answer_len(&rig, &request);
        check(name, &mut connect(rig.http), &request, len);
    }
    for (name, body) in [("an echo", 100), ("a heartbeat", 0)] {
        let request = package(u16::from(body > 0), &vec![7; body]);
        check(name, &mut connect(rig.frame), &request, request.len());
    }
    drop(rig);
    rules_cost_nothing_where_the_file_is_known();
    a_line_of_the_access_log_allocates_nothing();
}

fn a_line_of_the_access_log_allocates_nothing() {
    let folder = support::Folder::new();
    for (name, format) in [
        ("logged as combined", AccessFormat::Combined),
        ("logged as JSON", AccessFormat::Json),
    ] {
        let rig = Rig::start(Mode::Reactor, |config| {
            config.workers = 1;
            config.log.access = Some(folder.path().join(name));
            config.log.access_format = format;
            config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        });
        let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\nUser-Agent: a \"browser\"\r\n\
                        Referer: http://a/\r\nAuthorization: Basic YW5uOng=\r\n\
                        X-Forwarded-For: 203.0.113.9, 127.0.0.2\r\n\r\n";
        let len = answer_len(&rig, request);
        check(name, &mut connect(rig.http), request, len);
        rig.stop();
        let text = std::fs::read_to_string(folder.path().join(name)).expect("the log");
        assert!(text.lines().count() > ROUNDS_MIN);
    }
}

/// Sites with rules of every kind, none of which is for the file itself but for
/// its fields.
const RULES: &str = r#"
[[site]]
hosts = ["one.example", "*.two.example"]
[[site.redirect]]
from = "/old/**"
to = "/new/{1}"
[[site.rewrite]]
from = "/**/app/**"
to = "/app.html"
[[site.header]]
path = "/**"
set = { X-Frame-Options = "DENY" }
[[site.cache_control]]
path = "/**.txt"
value = "max-age=60"
[site.cors]
origins = ["https://a.example"]
[[site]]
hosts = ["*"]
"#;

fn rules_cost_nothing_where_the_file_is_known() {
    let parsed = config::parse(RULES).expect("good rules");
    let router = Router::new().site(&parsed);
    let adjust = |config: &mut config::Config| {
        config.workers = 1;
        let root = config.sites[0].root.clone();
        config.sites = parsed.sites;
        for site in &mut config.sites {
            site.root.clone_from(&root);
        }
    };
    let rig = Rig::with_router(Mode::Reactor, adjust, router);
    let text = |host: &str, fields: &str| {
        format!("GET /small.txt HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n").into_bytes()
    };
    for (name, request, line) in [
        (
            "a site by its name",
            text("One.Example:80", ""),
            "Cache-Control: max-age=60",
        ),
        (
            "a site by a star",
            text("a.b.two.example", ""),
            "X-Frame-Options: DENY",
        ),
        (
            "a site for the rest",
            text("[::1]:80", ""),
            "Accept-Ranges: bytes",
        ),
        (
            "a page of another origin",
            text("one.example", "Origin: https://a.example\r\n"),
            "Access-Control-Allow-Origin: https://a.example",
        ),
    ] {
        let mut stream = connect(rig.http);
        stream.write_all(&request).expect("sent");
        let head = support::read_answer(&mut stream, false).head;
        assert!(head.contains(line), "{name}: {head}");
        let len = answer_len(&rig, &request);
        check(name, &mut stream, &request, len);
    }
}
