//! How the server is doing: the numbers are those of what was done, people
//! and scrapers can read them, and nobody else is told.

use crate::support::{
    PATIENCE, Rig, both, connect, get, package, pattern, read_answer, read_package, request,
};
use pelton::config::{Config, Mode};
use pelton::frame::Package;
use pelton::service::{Bad, Context, Response, Router, StaticSite};
use serde_json::Value;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const PATH: &str = "/_pelton/";
const GET_SMALL: &[u8] = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
/// A loop gathers what it has once a second.
const A_LOOK: Duration = Duration::from_millis(1_200);

fn rig(mode: Mode) -> Rig {
    let slow = |_: &Package<'_>, context: &mut Context<'_>| -> Result<(), Bad> {
        std::thread::sleep(Duration::from_millis(60));
        Ok(context.answer(9, b"at last")?)
    };
    let router = Router::new()
        .message(9, slow)
        .http("GET", "/panic", |_, _| -> Response {
            panic!("as the test wants")
        })
        .site(StaticSite::new(0));
    Rig::with_router(mode, shown, router)
}

fn shown(config: &mut Config) {
    config.workers = 2;
    config.status.path = Some(PATH.to_owned());
}

fn numbers(addr: SocketAddr) -> Value {
    let answer = get(addr, "/_pelton/status.json", "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// The sum over all loops of what stands under `name` in one of their lists.
fn sum(all: &Value, list: &str, name: &str) -> u64 {
    let of_loop = |each: &Value| {
        let named = |one: &&Value| one["name"] == name;
        let one = each[list].as_array().expect("a list").iter().find(named);
        one.expect("its name")["count"].as_u64().expect("a number")
    };
    loops(all).iter().map(of_loop).sum()
}

fn loops(all: &Value) -> &[Value] {
    all["loops"].as_array().expect("the loops")
}

fn ask(stream: &mut TcpStream) {
    stream.write_all(GET_SMALL).expect("sent");
    assert_eq!(read_answer(stream, false).body, pattern(1024));
}

#[test]
fn the_numbers_are_those_of_what_was_done() {
    both(|mode| {
        let rig = rig(mode);
        let before = numbers(rig.http);
        assert_eq!(before["mode"], mode.to_string());
        assert_eq!(before["draining"], false);
        assert_eq!(loops(&before).len(), 2);
        let mut held: Vec<TcpStream> = (0..30).map(|_| connect(rig.http)).collect();
        for stream in &mut held {
            (0..10).for_each(|_| ask(stream));
        }
        let mut frame = connect(rig.frame);
        for _ in 0..5 {
            frame.write_all(&package(9, b"")).expect("sent");
            assert_eq!(read_package(&mut frame).1, b"at last");
        }
        frame.write_all(&package(777, b"")).expect("sent");
        assert_eq!(get(rig.http, "/panic", "").status, 500);
        numbers(rig.http);
        std::thread::sleep(A_LOOK);
        let after = numbers(rig.http);
        let risen = |name: &str| sum(&after, "counts", name) - sum(&before, "counts", name);
        // The looks themselves are requests as well, on connections of their own.
        assert_eq!(risen("requests"), 300 + 1 + 2);
        assert_eq!(risen("accepted"), 30 + 1 + 1 + 2);
        assert_eq!(risen("packages"), 6);
        assert_eq!((risen("panics"), risen("unhandled_packages")), (1, 1));
        assert!(risen("written_bytes") > 300 * 1024);
        assert!(risen("read_bytes") > 300 * GET_SMALL.len() as u64);
        assert!(sum(&after, "phases", "idle") >= 31);
        let wheel = |each: &Value| -> u64 {
            let buckets = each["wheel"].as_array().expect("buckets");
            assert_eq!(buckets.len(), 8);
            buckets.iter().filter_map(Value::as_u64).sum()
        };
        let on_wheels: u64 = loops(&after).iter().map(wheel).sum();
        assert!((31..=33).contains(&on_wheels), "{on_wheels}");
        // Five took 60 ms and more, the files far less.
        let slow: u64 = times(&after)[14..].iter().sum();
        assert!(slow >= 5, "{:?}", times(&after));
        assert!(times(&after).iter().sum::<u64>() >= 306);
    });
}

/// Waits until the loops together have so many of what stands under `name`.
fn until(addr: SocketAddr, name: &str, count: u64) {
    let start = Instant::now();
    let now = || -> u64 {
        let all = numbers(addr);
        let each = loops(&all).iter().map(|each| each[name].as_u64());
        each.map(|count| count.expect("a number")).sum()
    };
    while now() != count {
        assert!(start.elapsed() < PATIENCE, "{} {name}, not {count}", now());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_lent_out_is_told_until_it_is_back() {
    both(|mode| {
        let rig = rig(mode);
        let mut half = connect(rig.http);
        half.write_all(&GET_SMALL[..9]).expect("sent");
        until(rig.http, "buffers", 1);
        half.write_all(&GET_SMALL[9..]).expect("sent");
        assert_eq!(read_answer(&mut half, false).body, pattern(1024));
        until(rig.http, "buffers", 0);
        if mode == Mode::Proactor {
            // All of them are one job, which takes some ticks.
            let mut frame = connect(rig.frame);
            frame.write_all(&package(9, b"").repeat(50)).expect("sent");
            until(rig.http, "jobs", 1);
            (0..50).for_each(|_| assert_eq!(read_package(&mut frame).0, 9));
        }
        until(rig.http, "jobs", 0);
    });
}

/// Requests by the time they took, all loops together.
fn times(all: &Value) -> Vec<u64> {
    let of_loop = |each: &Value| -> Vec<u64> {
        let times = each["latency"].as_array().expect("buckets");
        times.iter().filter_map(Value::as_u64).collect()
    };
    let lists: Vec<Vec<u64>> = loops(all).iter().map(of_loop).collect();
    let bucket = |number: usize| lists.iter().map(|list| list[number]).sum();
    (0..lists[0].len()).map(bucket).collect()
}

#[test]
fn a_server_that_goes_away_is_healthy_and_not_ready() {
    both(|mode| {
        let rig = rig(mode);
        for name in ["health", "ready"] {
            assert_eq!(get(rig.http, &format!("{PATH}{name}"), "").status, 200);
        }
        let mut lookers = [connect(rig.http), connect(rig.http)];
        lookers.iter_mut().for_each(ask);
        rig.handle.drain();
        for (looker, (name, status)) in lookers.iter_mut().zip([("health", 200), ("ready", 503)]) {
            let request = format!("GET {PATH}{name} HTTP/1.1\r\nHost: a\r\n\r\n");
            looker.write_all(request.as_bytes()).expect("sent");
            assert_eq!(read_answer(looker, false).status, status, "{name}");
        }
    });
}

/// One loop that a handler holds up is no health, though the other one answers.
#[test]
fn a_loop_that_is_held_up_is_told_of() {
    let (open, opened) = channel::<()>();
    let opened = Mutex::new(opened);
    let router = Router::new()
        .http("GET", "/loop", |_, context| context.peer.worker.to_string())
        .http("GET", "/gate", move |_, _| {
            let _ = opened.lock().expect("one at a time").recv_timeout(PATIENCE);
            "open"
        });
    let rig = Rig::with_router(Mode::Reactor, shown, router);
    let ask = |stream: &mut TcpStream, target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
    };
    let mut held = connect(rig.http);
    ask(&mut held, "/loop");
    let its = read_answer(&mut held, false).body;
    // The system spreads clients over the loops as it likes.
    let other = (0..1_000)
        .map(|_| connect(rig.http))
        .find_map(|mut stream| {
            ask(&mut stream, "/loop");
            (read_answer(&mut stream, false).body != its).then_some(stream)
        });
    let mut other = other.expect("one of the other loop");
    let mut health = || {
        ask(&mut other, "/_pelton/health");
        read_answer(&mut other, false).status
    };
    assert_eq!(health(), 200);
    ask(&mut held, "/gate");
    rig.wait_for("it is told", |_| health() == 503);
    open.send(()).expect("it waits yet");
    assert_eq!(read_answer(&mut held, false).body, b"open");
    rig.wait_for("it is over", |_| health() == 200);
}

/// Who looks but once sees what there is, and not what there was when somebody
/// last looked.
#[test]
fn a_single_look_sees_what_is_there() {
    both(|mode| {
        let rig = rig(mode);
        let mut held: Vec<TcpStream> = (0..20).map(|_| connect(rig.http)).collect();
        held.iter_mut().for_each(ask);
        std::thread::sleep(2 * A_LOOK);
        let seen = sum(&numbers(rig.http), "phases", "idle");
        assert_eq!(seen, 20);
    });
}

#[test]
fn it_is_a_folder_of_its_own_and_for_reading_alone() {
    both(|mode| {
        let rig = rig(mode);
        let page = get(rig.http, PATH, "");
        assert_eq!(page.status, 200);
        assert!(page.body.starts_with(b"<!doctype html>"));
        assert_eq!(get(rig.http, "/_pelton/nothing", "").status, 404);
        assert_eq!(get(rig.http, "/_pelton", "").status, 404);
        let refused = request(
            rig.http,
            "POST",
            "/_pelton/status.json",
            "Content-Length: 0\r\n",
        );
        assert_eq!(
            (refused.status, refused.field("allow")),
            (405, Some("GET, HEAD"))
        );
        let off = Rig::start(mode, |_| {});
        assert_eq!(get(off.http, PATH, "").status, 404);
    });
}

/// A Python that has the client; the system's own may not be the first.
fn python_with_client() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        Command::new(python)
            .args(["-c", "import prometheus_client"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

/// The text is read by the parser that Prometheus' own Python client has.
#[test]
fn a_scraper_reads_the_metrics() {
    let parser = "import sys\n\
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
        for family in read(sys.stdin.read()):\n\
        \x20   print(family.type, family.name)\n\
        \x20   asked = [s.value for s in family.samples if s.labels.get('kind') == 'requests']\n\
        \x20   print('requests', int(sum(asked)))\n";
    let Some(python) = python_with_client() else {
        let required = std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
        assert!(!required, "python3-prometheus-client is required");
        println!("skipped: Debian's package python3-prometheus-client is not installed");
        return;
    };
    let rig = rig(Mode::Reactor);
    let mut stream = connect(rig.http);
    (0..7).for_each(|_| ask(&mut stream));
    let answer = get(rig.http, "/_pelton/metrics", "");
    let media_type = answer.field("content-type").expect("a type");
    assert!(media_type.starts_with("application/openmetrics-text; version=1.0.0"));
    let mut python = Command::new(python)
        .args(["-c", parser])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut input = python.stdin.take().expect("it was piped");
    input.write_all(&answer.body).expect("sent");
    drop(input);
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    // Its seven, and the look.
    for line in [
        "requests 8",
        "counter pelton_events",
        "counter pelton_traffic_bytes",
        "counter pelton_closed",
        "gauge pelton_connections",
        "gauge pelton_wheel_bucket",
        "histogram pelton_request_seconds",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
}
