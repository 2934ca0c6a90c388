//! The wall clock steps by hours. What is shown follows it, and no deadline
//! does. The server's own wall clock, that is: a small C library is loaded
//! ahead of the system's, which adds what stands in a file.

use super::load::SMALL;
use super::rig::{Served, Setup, folder};
use crate::support::program::BINARY;
use crate::support::{
    PATIENCE, both_at_once, connect, connect_narrow, get, package, read_answer, read_package,
};
use pelton::http::date;
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const HOUR: i64 = 3_600;

/// A client that asks for nothing more is let go after this.
const IDLE: Duration = Duration::from_secs(2);

/// Requests of one address that are answered in a second, and at once.
const RATE: usize = 200;

/// A server whose wall clock can be set.
struct Stepped {
    served: Served,
    step: File,
}

impl Stepped {
    /// Nothing where the library cannot be made, and need not be.
    fn start(setup: &Setup) -> Option<Stepped> {
        let folder = folder(setup);
        let (library, file) = (folder.path().join("clock.so"), folder.path().join("step"));
        let step = File::create(&file).expect("a file");
        step.set_len(8).expect("its length");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/faults/clock.c");
        let made = Command::new("gcc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared"])
            .args(["-fPIC", "-o"])
            .args([&library, &source])
            .output();
        match made {
            Ok(made) => assert!(made.status.success(), "{made:?}"),
            Err(error) => {
                let required = std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|set| set == "1");
                assert!(!required, "gcc is required: {error}");
                println!("skipped: gcc: {error}");
                return None;
            }
        }
        let mut command = Command::new(BINARY);
        command.args(["--config", "conf.toml"]);
        command.env("LD_PRELOAD", &library);
        command.env("PELTON_TEST_CLOCK", &file);
        let served = Served::by(command, folder, setup);
        Some(Stepped { served, step })
    }

    fn http(&self) -> SocketAddr {
        self.served.program.http()
    }

    /// The server's wall clock is so far ahead of the machine's from here on.
    fn step(&self, seconds: i64) {
        self.step
            .write_all_at(&seconds.to_ne_bytes(), 0)
            .expect("written");
    }

    /// The clock is set, and shown as it is within a second.
    fn shows(&self, ahead: i64) {
        self.served.wait_for("the date is the new one", || {
            let answer = get(self.http(), "/small.txt", "");
            let text = answer.field("date").expect("a date");
            let shown = date::parse(text.as_bytes()).expect("a date");
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.expect("after 1970").as_secs() as i64;
            (shown as i64 - (now + ahead)).abs() <= 3
        });
    }
}

/// A client that has had an answer and asks for nothing more.
fn resting(addr: SocketAddr) -> TcpStream {
    let mut stream = connect(addr);
    let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).expect("sent");
    assert_eq!(read_answer(&mut stream, false).status, 200);
    stream
}

/// How long until the server closes it, from now on.
fn closed_after(stream: &TcpStream) -> Duration {
    let begin = Instant::now();
    assert_eq!(stream.peek(&mut [0]).expect("an end"), 0);
    begin.elapsed()
}

/// Nothing has come from the server, not even the end, if it is not too late
/// for that.
fn is_open_before(stream: &TcpStream, in_time: bool) {
    stream.set_nonblocking(true).expect("set");
    let peeked = stream.peek(&mut [0]).map_err(|error| error.kind());
    stream.set_nonblocking(false).expect("set");
    assert!(
        !in_time || peeked == Err(ErrorKind::WouldBlock),
        "{peeked:?}"
    );
}

/// A client of another address, which asks `RATE` times at once: how many are
/// answered, and not refused by the limit on its rate.
fn burst(addr: SocketAddr) -> usize {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let from = SocketAddr::from(([127, 0, 0, 7], 0));
    socket.bind(&from.into()).expect("its address");
    socket.connect(&addr.into()).expect("connected");
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let asked = b"HEAD /small.txt HTTP/1.1\r\nHost: a\r\n\r\n".repeat(RATE);
    stream.write_all(&asked).expect("sent");
    let mut status = || read_answer(&mut stream, true).status;
    (0..RATE).filter(|_| status() == 200).count()
}

/// The limit is that of the time that has really passed.
fn keeps_its_rate(stepped: &Stepped, ahead: i64) {
    thread::sleep(Duration::from_millis(1_100)); // the burst is whole again
    let begin = Instant::now();
    let first = burst(stepped.http());
    assert!(first > RATE / 2, "{first} of them were answered");
    stepped.step(ahead);
    let both = first + burst(stepped.http());
    let passed = begin.elapsed().as_secs_f64();
    let most = RATE as f64 * (1.0 + passed) + 2.0;
    assert!((both as f64) <= most, "{both} within {passed} s");
}

#[test]
fn a_wall_clock_that_steps_moves_no_deadline() {
    both_at_once(|mode| {
        let setup = Setup {
            more: "[timeouts]\nhttp_idle_s = 2\nframe_heartbeat_s = 1\n\
                   [limits]\nrequests_per_s = 200\n",
            wanted: SMALL,
            ..Setup::new(mode)
        };
        let Some(stepped) = Stepped::start(&setup) else {
            return;
        };
        stepped.shows(0);
        let mut silent = connect(stepped.served.program.frame());
        silent.write_all(&package(1, b"once")).expect("sent");
        assert_eq!(read_package(&mut silent).1, b"once");
        let silent = thread::spawn(move || closed_after(&silent));
        for ahead in [5 * HOUR, -10 * HOUR] {
            keeps_its_rate(&stepped, ahead);
            stepped.shows(ahead);
            let (client, since) = (resting(stepped.http()), Instant::now());
            stepped.step(2 * ahead);
            thread::sleep(IDLE / 2);
            let had = since.elapsed();
            is_open_before(&client, had < IDLE);
            stepped.step(0);
            let lasted = had + closed_after(&client);
            assert!(lasted > IDLE * 9 / 10 && lasted < 5 * IDLE, "{lasted:?}");
            let content = format!("written at {ahead}");
            stepped
                .served
                .folder
                .write("site/new.txt", content.as_bytes());
            stepped.served.wait_for("a change shows", || {
                get(stepped.http(), "/new.txt", "").body == content.as_bytes()
            });
        }
        // Three beats and ten seconds of grace.
        let lasted = silent.join().expect("it was closed");
        assert!(lasted > Duration::from_secs(12), "{lasted:?}");
        drains(stepped);
    });
}

/// A drain takes what it may, with a client that does not read: no less, and
/// no more.
fn drains(stepped: Stepped) {
    let Stepped { served, step } = stepped;
    let mut stream = connect_narrow(served.program.http(), 64 << 10);
    let request = b"GET /huge.bin HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).expect("sent");
    read_answer(&mut stream, true);
    let begin = Instant::now();
    let (program, _folder) = served.end_load();
    program.signal(Signal::QUIT);
    step.write_all_at(&(5 * HOUR).to_ne_bytes(), 0)
        .expect("written");
    let (status, _) = program.wait();
    let took = begin.elapsed();
    assert_eq!(status.code(), Some(0));
    assert!(took > Duration::from_secs(2), "{took:?} of 3 s");
    assert!(took < Duration::from_secs(40), "{took:?} of 3 s");
}
