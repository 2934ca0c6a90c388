//! Floods: what comes again and again is told once and counted.

use super::rig::{Served, Setup, count};
use crate::support::{PATIENCE, Rig, both_at_once, connect, package, pattern, read_until_cut};
use crate::support::{get, read_package};
use log::{LevelFilter, Log, Metadata, Record};
use pelton::engine::Count;
use pelton::{Response, Router};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;

const THREADS: usize = 4;

/// Connections of `THREADS` clients, one after the other, each of which sends
/// `bytes` and is closed for it.
fn flood(addr: SocketAddr, connections: usize, bytes: &[u8]) {
    let share = connections / THREADS;
    assert_eq!(share * THREADS, connections);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..share {
                    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE);
                    let stream = stream.as_mut().expect("connected");
                    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                    stream.write_all(bytes).expect("sent");
                    read_until_cut(stream);
                }
            });
        }
    });
}

#[test]
fn twenty_thousand_bad_packages_are_a_few_lines() {
    both_at_once(|mode| {
        let served = Served::start(&Setup::new(mode));
        let mut bad = package(1, b"its CRC is another");
        bad[4] ^= 1;
        // The third one closes; a length out of bounds does so at once.
        flood(served.program.frame(), 2_000, &bad.repeat(3));
        flood(served.program.frame(), 4_000, &[0, 7, 0, 1, 0, 0, 0, 0]);
        assert_eq!(served.logged("connection closed"), 2, "{}", served.log());
        let (errors, folder) = served.stop();
        assert_eq!(errors, "");
        let log = fs::read_to_string(folder.path().join("logs/log")).expect("its log");
        for (reason, more) in [
            ("too many bad packages", 1_999),
            ("a package whose length is out of bounds", 3_999),
        ] {
            let line = format!("{reason} ({more} more like it in the last minute)");
            assert_eq!(count(&log, &line), 1, "{log}");
            assert_eq!(count(&log, reason), 2, "{log}");
        }
        assert!(log.lines().count() < 10, "{log}");
    });
}

/// What servers in this process log of panics: nobody else has any.
static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        if line.contains("panicked") {
            LOGGED.lock().expect("no panic").push(line);
        }
    }

    fn flush(&self) {}
}

fn panicking() -> Router {
    Router::new()
        .http("GET", "/fine", |_, _| "fine\n")
        .http("GET", "/panics", |_, _| -> Response {
            panic!("over a path")
        })
        .message(7, |_, _| panic!("over a code"))
}

#[test]
fn panics_are_a_few_lines() {
    const EACH: usize = 2_500;
    log::set_logger(&Logger).expect("the first one");
    log::set_max_level(LevelFilter::Info);
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, |_| {}, panicking());
        let mut kept = connect(rig.frame);
        let mut is_served = || {
            kept.write_all(&package(1, &pattern(9))).expect("sent");
            assert_eq!(read_package(&mut kept), (1, pattern(9)));
            assert_eq!(get(rig.http, "/fine", "").body, b"fine\n");
        };
        is_served();
        flood(rig.http, EACH, b"GET /panics HTTP/1.1\r\nHost: a\r\n\r\n");
        is_served();
        flood(rig.frame, EACH, &package(7, b""));
        is_served();
        assert_eq!(rig.count(Count::Panics), 2 * EACH as u64);
        drop(kept);
        rig.stop();
    });
    let log = LOGGED.lock().expect("no panic").join("\n");
    let more = EACH - 1;
    for (first, what) in [
        (
            "path panicked (\"/panics\": \"over a path\")",
            "a path panicked",
        ),
        ("code panicked (7: \"over a code\")", "a code panicked"),
    ] {
        let counted = format!("{what} ({more} more like it in the last minute)");
        // Of both servers.
        assert_eq!((count(&log, first), count(&log, &counted)), (2, 2), "{log}");
    }
    assert!(log.lines().count() < 12, "{log}");
}
