//! Descriptors and memory that have an end.

use super::load::SMALL;
use super::rig::{Served, Setup, folder};
use crate::support::program::BINARY;
use crate::support::{both_at_once, connect, get, package, pattern, read_answer, read_package};
use pelton::config::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// A client whose connection is there before the trouble.
fn asks(stream: &mut TcpStream, target: &str) -> (u16, Option<String>) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let answer = read_answer(stream, false);
    (
        answer.status,
        answer.field("retry-after").map(str::to_owned),
    )
}

fn asking(addr: SocketAddr) -> TcpStream {
    let mut stream = connect(addr);
    stream
        .write_all(b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    stream
}

#[test]
fn without_a_descriptor_left_files_are_503_and_clients_wait() {
    both_at_once(|mode| {
        let setup = Setup {
            master: mode == Mode::Proactor,
            wanted: SMALL,
            ..Setup::new(mode)
        };
        let served = Served::start(&setup);
        let http = served.program.http();
        // On every thread that may answer.
        let mut held: Vec<TcpStream> = (0..20).map(|_| connect(http)).collect();
        for stream in held.iter_mut().chain([&mut connect(http)]) {
            assert_eq!(asks(stream, "/small.txt").0, 200);
        }
        let pid = served.serving();
        // Standard streams alone: whatever else is open stays so.
        let limit = Rlimit {
            current: Some(3),
            maximum: getrlimit(Resource::Nofile).maximum,
        };
        let before = prlimit(Some(pid), Resource::Nofile, limit).expect("a lower limit");
        for stream in &mut held {
            let answer = asks(stream, "/other.txt");
            assert_eq!(answer, (503, Some("1".to_owned())));
            assert_eq!(asks(stream, "/nowhere.txt").0, 503, "who knows?");
        }
        let mut late: Vec<TcpStream> = (0..4).map(|_| asking(http)).collect();
        served.wait_for_log("no file can be opened");
        served.wait_for_log("no room for more connections");
        thread::sleep(Duration::from_millis(2_500));
        for part in ["no file can be opened", "no room for more connections"] {
            assert_eq!(served.logged(part), 1, "{}", served.log());
        }
        assert!(
            served.log().contains("(Too many open files"),
            "{}",
            served.log()
        );
        prlimit(Some(pid), Resource::Nofile, before).expect("the limit of before");
        for stream in &mut late {
            let answer = read_answer(stream, false);
            assert_eq!((answer.status, answer.body), (200, pattern(1024)));
        }
        for stream in &mut held {
            assert_eq!(asks(stream, "/other.txt").0, 200);
            assert_eq!(asks(stream, "/nowhere.txt").0, 404);
        }
        let (errors, folder) = served.stop();
        assert_eq!(errors, "");
        let log = std::fs::read_to_string(folder.path().join("logs/log")).expect("its log");
        // All but one of the 40 requests, and looks at the file of the load.
        let (_, more) = log
            .rsplit_once("are answered 503 (")
            .expect("the last line of it");
        let (more, _) = more
            .split_once(" more like it in the last minute)")
            .expect("a count");
        let more: usize = more.parse().expect("a number");
        assert!((39..4_000).contains(&more), "{log}");
        let lines = log
            .lines()
            .filter(|line| line.contains("no file can be opened"));
        assert_eq!(lines.count(), 2, "{log}");
    });
}

#[test]
fn with_64_open_files_some_are_served_and_others_wait() {
    both_at_once(|mode| {
        let setup = Setup {
            master: true,
            wanted: SMALL,
            ..Setup::new(mode)
        };
        let mut command = Command::new("sh");
        let script = "ulimit -n 64; exec \"$0\" --config conf.toml --workers 1";
        command.args(["-c", script, BINARY]);
        let served = Served::by(command, folder(&setup), &setup);
        let http = served.program.http();
        let mut clients: Vec<TcpStream> = (0..40).map(|_| asking(http)).collect();
        served.wait_for_log("no room for more connections");
        // Each makes room for another.
        for stream in &mut clients {
            let answer = read_answer(stream, false);
            assert_eq!((answer.status, answer.body), (200, pattern(1024)));
            stream.shutdown(std::net::Shutdown::Both).expect("closed");
        }
        assert_eq!(get(http, "/other.txt", "").body, pattern(2048));
        assert_eq!(served.logged("no room for more connections"), 1);
        let (errors, _) = served.stop();
        assert_eq!(errors, "");
    });
}

/// Each part of a package holds a buffer, while there are any.
#[test]
fn without_memory_some_wait_and_the_others_are_served() {
    both_at_once(|mode| {
        let mut wanted = SMALL;
        // In proactor mode a request is copied, and may find no memory.
        wanted.or_503 = mode == Mode::Proactor;
        let setup = Setup {
            more: "[limits]\nbuffer_mb = 4\nbody_bytes = 1000000\n[proactor]\nthreads = 1\n",
            wanted,
            ..Setup::new(mode)
        };
        let served = Served::start(&setup);
        let whole = package(1, &pattern(25_000));
        let mut halves: Vec<TcpStream> = (0..80).map(|_| connect(served.program.frame())).collect();
        for stream in &mut halves {
            stream.write_all(&whole[..20_000]).expect("sent");
        }
        served.wait_for_log("no buffer memory left");
        thread::sleep(Duration::from_millis(2_500));
        assert_eq!(
            served.logged("no buffer memory left"),
            1,
            "{}",
            served.log()
        );
        // In proactor mode one that is whole takes a second buffer, and is closed
        // where there is none.
        if mode == Mode::Reactor {
            for stream in &mut halves {
                stream.write_all(&whole[20_000..]).expect("sent");
            }
            for stream in &mut halves {
                assert_eq!(read_package(stream), (1, pattern(25_000)));
            }
        }
        drop(halves);
        served.wait_for("there is memory", || {
            let answer = get(served.program.http(), "/other.txt", "");
            answer.body == pattern(2048)
        });
        let mut stream = connect(served.program.frame());
        stream.write_all(&whole).expect("sent");
        assert_eq!(read_package(&mut stream), (1, pattern(25_000)));
        let (errors, folder) = served.stop();
        assert_eq!(errors, "");
        let log = std::fs::read_to_string(folder.path().join("logs/log")).expect("its log");
        assert!(log.contains("packages wait ("), "{log}");
        assert!(log.contains(" more like it in the last minute)"), "{log}");
    });
}
