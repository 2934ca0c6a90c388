//! The access log and the client's real address, in both modes: a line for each
//! request, whole, whatever a client sends.

use crate::support::{
    Folder, PATIENCE, Rig, both, both_at_once, connect, exchange, get, package, read_answer,
    read_until_cut, request,
};
use pelton::base::tick::Millis;
use pelton::config::{AccessFormat, Config, Mode, Protocol, Rate};
use pelton::engine::Count;
use pelton::http::Status;
use pelton::service::StaticSite;
use pelton::{Response, Router};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A server with an access log, and where that is.
fn logged(mode: Mode, format: AccessFormat, adjust: impl FnOnce(&mut Config)) -> (Rig, Folder) {
    let folder = Folder::new();
    let path = folder.path().join("access.log");
    let adjust = |config: &mut Config| {
        config.workers = 1; // the lines of one loop are in order
        config.log.access = Some(path);
        config.log.access_format = format;
        adjust(config);
    };
    (Rig::with_router(mode, adjust, router()), folder)
}

fn router() -> Router {
    Router::new()
        .http("GET", "/me", |_, context| context.address.to_string())
        .http("GET", "/panic", |_, _| -> Response { panic!("of a test") })
        .http("POST", "/post", |request, _| request.body.len().to_string())
        .http("GET", "/later", |_, context| {
            let ticket = context.later();
            std::thread::spawn(move || ticket.respond("here it is\n"));
            Response::later(PATIENCE, Status::SERVICE_UNAVAILABLE)
        })
        .http("GET", "/never", |_, context| {
            std::mem::forget(context.later());
            Response::later(PATIENCE, Status::SERVICE_UNAVAILABLE)
        })
        .http("GET", "/late", |_, context| {
            std::mem::forget(context.later());
            Response::later(Duration::from_millis(500), Status::SERVICE_UNAVAILABLE)
        })
        .http("GET", "/blocking", |_, _| {
            std::thread::sleep(Duration::from_millis(30));
            "slow\n"
        })
        .blocking()
        .site(StaticSite::new(0))
}

fn file(folder: &Folder) -> PathBuf {
    folder.path().join("access.log")
}

/// The lines of a server that is stopped.
fn lines(rig: Rig, folder: &Folder) -> Vec<String> {
    rig.stop();
    read(folder)
}

fn read(folder: &Folder) -> Vec<String> {
    let text = fs::read_to_string(file(folder)).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "whole lines");
    text.lines().map(str::to_owned).collect()
}

/// A line without its time.
fn timeless(line: &str) -> String {
    let (start, end) = (
        line.find(" [").expect("a time"),
        line.find("] ").expect("its end"),
    );
    let time = &line[start + 2..end];
    assert_eq!((time.len(), time.ends_with(" +0000")), (26, true), "{line}");
    line[..start].to_owned() + &line[end + 1..]
}

#[test]
fn each_request_has_its_line() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Combined, |config| {
            config.limits.body_bytes = 100;
        });
        let ask = |method, target, fields| request(rig.http, method, target, fields).status;
        assert_eq!(
            ask("GET", "/small.txt", "User-Agent: me\r\nReferer: /b\r\n"),
            200
        );
        assert_eq!(ask("HEAD", "/small.txt", ""), 200);
        assert_eq!(
            ask("GET", "/huge.bin?x=1", "Authorization: Basic YW5uOng=\r\n"),
            200
        );
        assert_eq!(ask("GET", "/small.txt", "Range: bytes=0-9\r\n"), 206);
        assert_eq!(ask("GET", "/panic", ""), 500);
        assert_eq!(ask("GET", "/blocking", ""), 200);
        assert_eq!(ask("GET", "/later", ""), 200);
        let post = "POST /post HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
        exchange(
            rig.http,
            format!("{post}Content-Length: 3\r\n\r\nabc").as_bytes(),
        );
        exchange(
            rig.http,
            format!("{post}Content-Length: 101\r\n\r\n").as_bytes(),
        );
        exchange(rig.http, b"GET / HTTP/1.1\r\nbad line\r\n\r\n");
        let got: Vec<String> = lines(rig, &folder)
            .iter()
            .map(|line| timeless(line))
            .collect();
        let size = |line: &String| line.split(' ').nth(7).unwrap_or_default().to_owned();
        let expected = [
            "127.0.0.1 - - \"GET /small.txt HTTP/1.1\" 200 1024 \"/b\" \"me\"".to_owned(),
            "127.0.0.1 - - \"HEAD /small.txt HTTP/1.1\" 200 - \"-\" \"-\"".to_owned(),
            "127.0.0.1 - ann \"GET /huge.bin?x=1 HTTP/1.1\" 200 6291456 \"-\" \"-\"".to_owned(),
            "127.0.0.1 - - \"GET /small.txt HTTP/1.1\" 206 10 \"-\" \"-\"".to_owned(),
            format!(
                "127.0.0.1 - - \"GET /panic HTTP/1.1\" 500 {} \"-\" \"-\"",
                size(&got[4])
            ),
            "127.0.0.1 - - \"GET /blocking HTTP/1.1\" 200 5 \"-\" \"-\"".to_owned(),
            "127.0.0.1 - - \"GET /later HTTP/1.1\" 200 11 \"-\" \"-\"".to_owned(),
            "127.0.0.1 - - \"POST /post HTTP/1.1\" 200 1 \"-\" \"-\"".to_owned(),
            format!(
                "127.0.0.1 - - \"POST /post HTTP/1.1\" 413 {} \"-\" \"-\"",
                size(&got[8])
            ),
            format!(
                "127.0.0.1 - - \"-\" 400 {} \"-\" \"-\"",
                got[9].split(' ').nth(5).unwrap()
            ),
        ];
        assert_eq!(got, expected);
    });
}

#[test]
fn pipelined_and_repeated_requests_have_one_line_each_and_packages_none() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| config.workers = 2);
        let ask = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
        const CLIENTS: usize = 8;
        const BATCHES: usize = 10;
        const BATCH: usize = 50;
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let mut stream = connect(rig.auto);
                    for _ in 0..BATCHES {
                        stream.write_all(&ask.repeat(BATCH)).expect("sent");
                        for _ in 0..BATCH {
                            assert_eq!(read_answer(&mut stream, false).status, 200);
                        }
                    }
                });
            }
        });
        let mut peer = connect(rig.frame);
        peer.write_all(&package(1, b"echo")).expect("sent");
        let all = lines(rig, &folder);
        assert_eq!(all.len(), CLIENTS * BATCHES * BATCH);
        let line = "127.0.0.1 - - \"GET /small.txt HTTP/1.1\" 200 1024";
        assert!(all.iter().all(|one| timeless(one) == line));
    });
}

#[test]
fn a_client_cannot_break_a_line() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Combined, |_| {});
        let long = "x".repeat(9_000);
        let fields = [
            "User-Agent: a\" 200 \\\t\u{9b}2J",
            &format!("Referer: {long}"),
            "Authorization: Basic IiAiOg==",
        ];
        let fields = fields.join("\r\n") + "\r\n";
        assert_eq!(get(rig.http, "/small.txt", &fields).status, 200);
        let all = lines(rig, &folder);
        assert_eq!(all.len(), 1);
        let agent = " \"a\\\" 200 \\\\\\x09\\xc2\\x9b2J\"";
        assert!(all[0].ends_with(agent), "{}", all[0]);
        assert!(
            all[0].starts_with("127.0.0.1 - \\x22\\x20\\x22 ["),
            "{}",
            all[0]
        );
        assert!(all[0].len() < 3_000, "what is long is cut");
    });
}

#[test]
fn json_has_all_that_is_known() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Json, |_| {});
        assert_eq!(
            get(rig.http, "/blocking", "User-Agent: \"me\"\r\n").status,
            200
        );
        exchange(rig.http, b"GET\r\n\r\n");
        let all = lines(rig, &folder);
        let all: Vec<Value> = all
            .iter()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let [slow, bad] = &all[..] else {
            panic!("{all:?}");
        };
        assert_eq!(slow["request"], "GET /blocking HTTP/1.1");
        assert_eq!((&slow["status"], &slow["bytes"]), (&200.into(), &5.into()));
        assert_eq!(
            (&slow["client"], &slow["user_agent"]),
            (&"127.0.0.1".into(), &"\"me\"".into())
        );
        assert!(slow["took_ms"].as_u64() >= Some(29), "{slow}");
        assert!(slow["host"].is_string() && slow["referer"].is_null());
        assert_eq!(
            (&bad["status"], &bad["request"]),
            (&400.into(), &Value::Null)
        );
    });
}

/// Waits until the log has so many lines.
fn wait_for_lines(folder: &Folder, count: usize) {
    let start = Instant::now();
    while fs::read_to_string(file(folder))
        .unwrap_or_default()
        .lines()
        .count()
        < count
    {
        assert!(start.elapsed() < PATIENCE, "no {count} lines come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn lines_come_within_a_second_and_into_the_file_that_has_the_name() {
    both_at_once(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |_| {});
        get(rig.http, "/small.txt", "");
        wait_for_lines(&folder, 1);
        fs::rename(file(&folder), folder.path().join("old.log")).expect("moved");
        get(rig.http, "/small.txt", "");
        rig.handle.reopen_access_log();
        let start = Instant::now();
        while !file(&folder).exists() {
            assert!(start.elapsed() < PATIENCE, "no new file");
            std::thread::sleep(Duration::from_millis(5));
        }
        get(rig.http, "/small.txt", "");
        let new = lines(rig, &folder).len();
        let old = fs::read_to_string(folder.path().join("old.log")).expect("the old one");
        assert_eq!(new + old.lines().count(), 3);
        assert!(new >= 1);
    });
}

/// Answers that no handler gives, in the order in which they are asked for.
const REFUSED: [(&str, &str, &str); 12] = [
    ("GET\r\n\r\n", "-", "400"),
    ("GET / HTTP/2.0\r\n\r\n", "-", "505"),
    ("GET /LONG HTTP/1.1\r\nHost: a\r\n\r\n", "-", "414"),
    ("GET / HTTP/1.1\r\nHost: a\r\nA: LONG\r\n\r\n", "-", "431"),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n",
        "-",
        "417",
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: tea, chunked\r\n\r\n",
        "-",
        "501",
    ),
    ("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "-", "421"),
    // From here on the head is whole, and the fault behind it, or the server's.
    (
        "GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /late HTTP/1.1",
        "503",
    ),
    (
        "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n",
        "POST /post HTTP/1.1",
        "413",
    ),
    (
        "POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\ntea\r\n",
        "POST /post HTTP/1.1",
        "400",
    ),
    (
        "POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\nLONG",
        "POST /post HTTP/1.1",
        "413",
    ),
    (
        "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nslow",
        "POST /post HTTP/1.1",
        "408",
    ),
];

#[test]
fn what_the_protocol_refuses_has_its_line_as_well() {
    both_at_once(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            config.limits.body_bytes = 100;
            config.limits.head_bytes = 1_024;
            config.timeouts.progress = Some(Millis::seconds(1));
        });
        let long = "x".repeat(2_000);
        for (text, _, status) in REFUSED {
            let answer = exchange(rig.http, text.replace("LONG", &long).as_bytes());
            let expected = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(expected.as_bytes()), "{text}");
        }
        let all = lines(rig, &folder);
        assert_eq!(all.len(), REFUSED.len(), "{all:?}");
        for (line, (_, asked, status)) in all.iter().zip(REFUSED) {
            let expected = format!("127.0.0.1 - - \"{asked}\" {status} ");
            assert!(timeless(line).starts_with(&expected), "{line}");
        }
    });
}

/// What has no room is answered 503, whether its head was read or not.
#[test]
fn so_has_what_there_is_no_memory_for() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            config.limits.buffer_bytes = 1 << 20;
            config.limits.body_bytes = 900_000;
        });
        let mut eaters = Vec::new();
        for len in [200_000, 60_000, 3_000] {
            let head = format!("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n");
            loop {
                let (refused, held) = (rig.count(Count::Refused), rig.handle.buffer_bytes());
                let mut stream = connect(rig.http);
                stream.write_all(head.as_bytes()).expect("sent");
                rig.wait_for("it is taken or refused", |rig| {
                    rig.count(Count::Refused) > refused || rig.handle.buffer_bytes() > held
                });
                if rig.count(Count::Refused) > refused {
                    assert_eq!(read_answer(&mut stream, false).status, 503);
                    break;
                }
                eaters.push(stream);
            }
        }
        let mut half = connect(rig.http);
        half.write_all(b"GET / HTTP/1.1\r\nHo").expect("sent");
        assert_eq!(read_answer(&mut half, false).status, 503);
        let all = lines(rig, &folder);
        let asked = ["POST /post HTTP/1.1"; 3].into_iter().chain(["-"]);
        assert_eq!(all.len(), 4, "{all:?}");
        for (line, asked) in all.iter().zip(asked) {
            let expected = format!("127.0.0.1 - - \"{asked}\" 503 ");
            assert!(timeless(line).starts_with(&expected), "{line}");
        }
    });
}

#[test]
fn lines_are_of_answers_that_leave_and_in_their_order() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |_| {});
        let bad = "bad\r\n\r\n";
        for target in ["/small.txt", "/panic"] {
            let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n{bad}");
            exchange(rig.http, text.as_bytes());
        }
        let all = lines(rig, &folder);
        let status = |line: &String| timeless(line).rsplit(' ').nth(1).map(str::to_owned);
        let statuses: Vec<String> = all.iter().filter_map(status).collect();
        // What panics ends its connection: nobody is told of what is behind it.
        assert_eq!(statuses, ["200", "400", "500"], "{all:?}");
    });
}

#[test]
fn who_is_turned_away_has_a_line_if_it_is_told() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            config.limits.connections_per_address = Some(1);
            for listen in &mut config.listen {
                listen.proxy_protocol = listen.protocol != Protocol::Auto;
            }
        });
        let ask = "GET /me HTTP/1.1\r\nHost: a\r\n\r\n";
        let from = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
        let begin = |addr, text: &str| {
            let mut stream = connect(addr);
            stream.write_all(text.as_bytes()).expect("sent");
            stream
        };
        let proxied = format!("{from}{ask}");
        let mut first = begin(rig.http, &proxied);
        assert_eq!(read_answer(&mut first, false).status, 200);
        assert_eq!(
            read_answer(&mut begin(rig.http, &proxied), false).status,
            429
        );
        // No word is said to these three.
        assert!(read_until_cut(&mut begin(rig.http, "PROXY nonsense\r\n")).is_empty());
        let mut direct = begin(rig.auto, ask);
        assert_eq!(read_answer(&mut direct, false).status, 200);
        assert!(read_until_cut(&mut begin(rig.auto, ask)).is_empty());
        assert!(read_until_cut(&mut begin(rig.frame, from)).is_empty());
        let all = lines(rig, &folder);
        let all: Vec<String> = all.iter().map(|line| timeless(line)).collect();
        let [me, away, auto] = &all[..] else {
            panic!("{all:?}");
        };
        assert!(
            me.starts_with("192.0.2.1 - - \"GET /me HTTP/1.1\" 200 "),
            "{me}"
        );
        assert!(away.starts_with("192.0.2.1 - - \"-\" 429 "), "{away}");
        assert!(
            auto.starts_with("127.0.0.1 - - \"GET /me HTTP/1.1\" 200 "),
            "{auto}"
        );
    });
}

#[test]
fn so_is_who_comes_without_a_proxy() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Json, |config| {
            config.limits.connections_per_address = Some(1);
        });
        let mut held = connect(rig.http);
        held.write_all(b"GET /me HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect("sent");
        assert_eq!(read_answer(&mut held, false).status, 200);
        assert_eq!(get(rig.http, "/me", "").status, 429);
        let all = lines(rig, &folder);
        let away: Value = serde_json::from_str(&all[1]).expect("JSON");
        assert_eq!(
            (&away["status"], &away["client"]),
            (&429.into(), &"127.0.0.1".into())
        );
        assert_eq!(
            (&away["request"], &away["host"]),
            (&Value::Null, &Value::Null)
        );
        assert!(away["bytes"].as_u64() > Some(0), "{away}");
    });
}

#[test]
fn a_full_log_is_rolled_over_between_two_lines() {
    both_at_once(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            config.log.rotate_bytes = Some(150);
            config.log.keep = 1;
        });
        for round in 1..=3 {
            let target = format!("/small.txt?round={round}");
            get(rig.http, &target, "");
            let start = Instant::now();
            while !read(&folder).iter().any(|line| line.contains(&target)) {
                assert!(start.elapsed() < PATIENCE, "no line of round {round}");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let last = lines(rig, &folder);
        let old = fs::read_to_string(folder.path().join("access.log.1")).expect("the old one");
        let asked = |line: &str, round| line.contains(&format!("/small.txt?round={round} HTTP"));
        assert!(last.len() == 1 && asked(&last[0], 3), "{last:?}");
        assert!(old.lines().count() == 1 && asked(&old, 2), "{old}");
        assert!(!folder.path().join("access.log.2").exists());
    });
}

#[test]
fn who_leaves_before_the_answer_has_a_line_without_status() {
    both_at_once(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |_| {});
        let mut stream = connect(rig.http);
        stream
            .write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect("sent");
        rig.wait_for("it waits", |rig| rig.count(Count::Requests) == 1);
        std::thread::sleep(Duration::from_millis(100));
        drop(stream);
        rig.wait_for("it is gone", |rig| rig.live() == 0);
        let all = lines(rig, &folder);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(
            timeless(&all[0]),
            "127.0.0.1 - - \"GET /never HTTP/1.1\" - -"
        );
    });
}

#[test]
fn a_log_that_cannot_be_written_holds_up_nobody() {
    both_at_once(|mode| {
        let rig = Rig::with_router(
            mode,
            |config| config.log.access = Some("/dev/full".into()),
            router(),
        );
        for _ in 0..20 {
            assert_eq!(get(rig.http, "/small.txt", "").status, 200);
        }
        rig.stop();
    });
}

#[test]
fn a_log_that_cannot_be_opened_is_told_at_the_start() {
    let folder = Folder::site();
    let mut config = crate::support::config(Mode::Reactor, folder.path());
    config.log.access = Some(folder.path().join("none/access.log"));
    let error = pelton::Server::new(config)
        .start()
        .err()
        .expect("no such folder");
    assert!(error.to_string().ends_with("see log.access"), "{error}");
}

fn trusting(config: &mut Config, networks: &[&str]) {
    let network = |text: &&str| text.parse().expect("a network");
    config.trusted_proxies = networks.iter().map(network).collect();
}

#[test]
fn behind_a_trusted_proxy_the_client_is_who_it_names() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            trusting(config, &["127.0.0.0/8", "10.0.0.0/8"]);
        });
        let me = |fields| String::from_utf8(get(rig.http, "/me", fields).body).expect("text");
        let named = "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-For: 10.1.2.3\r\n";
        assert_eq!(me(named), "203.0.113.9:0");
        assert!(me("").starts_with("127.0.0.1:"));
        assert!(me("X-Forwarded-For: unknown\r\n").starts_with("127.0.0.1:"));
        assert_eq!(
            me("X-Forwarded-For: [2001:db8::1]:99\r\n"),
            "[2001:db8::1]:99"
        );
        // One connection for several clients, at once and by turns.
        let ask = |client: u8, path: &str| {
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.{client}\r\n\r\n")
        };
        let mut stream = connect(rig.http);
        let all = ask(1, "/me") + &ask(2, "/blocking") + &ask(3, "/me") + &ask(4, "/later");
        stream.write_all(all.as_bytes()).expect("sent");
        let mut body = || String::from_utf8(read_answer(&mut stream, false).body).expect("text");
        let bodies: Vec<String> = (0..4).map(|_| body()).collect();
        assert_eq!(bodies, ["9.9.9.1:0", "slow\n", "9.9.9.3:0", "here it is\n"]);
        let all = lines(rig, &folder);
        let clients: Vec<&str> = all
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let usual = "127.0.0.1";
        let mut expected = vec!["203.0.113.9", usual, usual, "2001:db8::1"];
        expected.extend(["9.9.9.1", "9.9.9.2", "9.9.9.3", "9.9.9.4"]);
        let mut sorted = clients[4..].to_vec();
        sorted.sort_unstable();
        assert_eq!([&clients[..4], &sorted[..]].concat(), expected);
    });
}

#[test]
fn nobody_else_is_believed() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            trusting(config, &["10.0.0.0/8", "::1"]);
        });
        let answer = get(rig.http, "/me", "X-Forwarded-For: 203.0.113.9\r\n");
        assert!(answer.body.starts_with(b"127.0.0.1:"));
        assert!(lines(rig, &folder)[0].starts_with("127.0.0.1 "));
    });
}

#[test]
fn limits_count_by_the_client_behind_the_proxy() {
    both(|mode| {
        let (rig, folder) = logged(mode, AccessFormat::Common, |config| {
            trusting(config, &["127.0.0.1"]);
            config.limits.connections_per_address = Some(1);
            config.limits.requests = Some(Rate {
                per_s: 1,
                burst: Some(2),
            });
            config.timeouts.http_idle = Some(Millis::seconds(60));
        });
        let ask = |stream: &mut std::net::TcpStream, client: u8| {
            let text = format!(
                "GET /me HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 9.9.9.{client}\r\n\r\n"
            );
            stream.write_all(text.as_bytes()).expect("sent");
            read_answer(stream, false).status
        };
        // The proxy itself has more connections than a client may have.
        let (mut one, mut two) = (connect(rig.http), connect(rig.http));
        let statuses = [
            ask(&mut one, 1),
            ask(&mut two, 1),
            ask(&mut one, 1),
            ask(&mut one, 2),
        ];
        assert_eq!(statuses, [200, 200, 429, 200]);
        let all = lines(rig, &folder);
        let refused = all
            .iter()
            .find(|line| line.contains(" 429 "))
            .expect("a line");
        assert!(refused.starts_with("9.9.9.1 - - ") && refused.contains("\"GET /me HTTP/1.1\""));
    });
}
