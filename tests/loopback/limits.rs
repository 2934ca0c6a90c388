//! What becomes of a server that runs out of something: connections, open
//! files, buffer memory. It goes on with what it has, and does not spin.

use crate::support::program::{Program, config_text};
use crate::support::{
    Folder, Rig, both, both_at_once, connect, get, package, pattern, read_answer, read_package,
    read_to_end,
};
use pelton::base::tick::Millis;
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::service::{Response, Router, StaticSite};
use pelton::session::CloseReason;
use rustix::process::{Resource, Rlimit, prlimit};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A look whether something comes that should not.
const A_WHILE: Duration = Duration::from_millis(400);

/// What a server that waits may use of a processor within [`WATCHED`].
const IDLE_MAX: Duration = Duration::from_millis(200);
const WATCHED: Duration = Duration::from_secs(2);

const GET_SMALL: &[u8] = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";

/// A client that has sent a request and not read its answer.
fn asking(addr: SocketAddr) -> TcpStream {
    let mut stream = connect(addr);
    stream.write_all(GET_SMALL).expect("sent");
    stream
}

/// `count` clients that have asked.
fn clients(addr: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| asking(addr)).collect()
}

fn is_served(stream: &mut TcpStream) {
    let answer = read_answer(stream, false);
    assert_eq!((answer.status, answer.body.len()), (200, 1024));
}

fn is_served_again(stream: &mut TcpStream) {
    stream.write_all(GET_SMALL).expect("sent");
    is_served(stream);
}

/// Nothing comes from this one, for now.
fn waits(stream: &mut TcpStream) {
    let patience = stream.read_timeout().expect("it has one");
    stream.set_read_timeout(Some(A_WHILE)).expect("a timeout");
    let kind = stream.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::WouldBlock), "it should wait");
    stream.set_read_timeout(patience).expect("a timeout");
}

/// A site and a configuration for a process of its own.
fn site(mode: Mode) -> Folder {
    let folder = Folder::site();
    let more = "[timeouts]\nhttp_idle_s = 120\n[proactor]\nthreads = 1\n";
    let text = config_text(mode, folder.path(), more);
    folder.write("pelton.toml", text.as_bytes());
    folder
}

const ARGUMENTS: [&str; 4] = ["--config", "pelton.toml", "--workers", "1"];

#[test]
fn connections_beyond_the_limit_wait_for_room() {
    both(|mode| {
        let rig = Rig::start(mode, |config| {
            config.workers = 1;
            config.limits.connections = 4;
        });
        let mut held = clients(rig.http, 4);
        held.iter_mut().for_each(is_served);
        let mut late = clients(rig.http, 3);
        late.iter_mut().for_each(waits);
        held.iter_mut().for_each(is_served_again);
        assert_eq!(rig.live(), 4);
        assert!(rig.count(Count::AcceptPauses) > 0);
        drop(held);
        late.iter_mut().for_each(is_served);
    });
}

/// However the system spreads clients over the loops.
#[test]
fn the_limit_on_connections_is_that_of_all_loops_together() {
    const MOST: u64 = 6;
    both(|mode| {
        let rig = Rig::start(mode, |config| {
            config.workers = 4;
            config.limits.connections = MOST as usize;
        });
        let mut all = clients(rig.http, 3 * MOST as usize);
        rig.wait_for("it is full", |rig| rig.live() == MOST);
        std::thread::sleep(A_WHILE);
        assert_eq!(rig.live(), MOST);
        // A few at a time: whoever is served makes room for the others.
        while !all.is_empty() {
            let (mut served, rest): (Vec<TcpStream>, _) = all.into_iter().partition(has_answer);
            served.iter_mut().for_each(is_served);
            all = rest;
            std::thread::sleep(Duration::from_millis(5));
        }
        rig.wait_for("all are gone", |rig| rig.live() == 0);
        assert_eq!(rig.count(Count::Accepted), 3 * MOST);
    });
}

fn has_answer(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("set");
    let came = stream.peek(&mut [0]).is_ok_and(|count| count > 0);
    stream.set_nonblocking(false).expect("set");
    came
}

/// Whoever needs few descriptors leaves room for the files that are served.
#[test]
fn with_few_open_files_allowed_those_it_has_are_served_and_it_does_not_spin() {
    both_at_once(|mode| {
        let folder = site(mode);
        let program = Program::start_with_open_files(100, folder.path(), &ARGUMENTS);
        let most = program
            .lines
            .last()
            .and_then(|line| line.split_once("up to "));
        let (most, _) = most
            .and_then(|(_, rest)| rest.split_once(' '))
            .expect("a number");
        let most: usize = most.parse().expect("a number");
        assert!((10..90).contains(&most), "{:?}", program.lines);
        let mut held = clients(program.http(), most);
        held.iter_mut().for_each(is_served);
        let mut late = clients(program.http(), 10);
        late.iter_mut().for_each(waits);
        let used = program.processor_time_within(WATCHED);
        assert!(used < IDLE_MAX, "{used:?} while it waits");
        held.iter_mut().for_each(is_served_again);
        drop(held);
        late.iter_mut().for_each(is_served);
    });
}

/// The limit falls to what is open already: `accept` itself fails.
#[test]
fn without_a_descriptor_left_those_it_has_are_served_and_it_does_not_spin() {
    both_at_once(|mode| {
        let folder = site(mode);
        let program = Program::start(folder.path(), &ARGUMENTS);
        let mut held = clients(program.http(), 20);
        held.iter_mut().for_each(is_served);
        let open = Some(program.first_free_descriptor());
        let limit = Rlimit {
            current: open,
            maximum: open,
        };
        prlimit(Some(program.id()), Resource::Nofile, limit).expect("a lower limit");
        let mut late = clients(program.http(), 3);
        late.iter_mut().for_each(waits);
        let used = program.processor_time_within(WATCHED);
        assert!(used < IDLE_MAX, "{used:?} while it waits");
        // The file in its cache cannot be looked at again, and is served.
        held.iter_mut().for_each(is_served_again);
        held.truncate(10);
        late.iter_mut().for_each(is_served);
        held.iter_mut().for_each(is_served_again);
    });
}

/// Open files are kept for the next request, but not at the cost of others.
#[test]
fn more_large_files_than_descriptors_are_served() {
    both_at_once(|mode| {
        let folder = site(mode);
        for number in 0..120 {
            let path = folder.path().join(format!("large-{number}"));
            File::create(path)
                .and_then(|file| file.set_len(5 << 20))
                .expect("a sparse file");
        }
        let program = Program::start_with_open_files(100, folder.path(), &ARGUMENTS);
        let mut stream = connect(program.http());
        for number in 0..120 {
            let head = format!("HEAD /large-{number} HTTP/1.1\r\nHost: a\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("sent");
            assert_eq!(read_answer(&mut stream, true).status, 200, "file {number}");
        }
        let mut other = asking(program.http());
        is_served(&mut other);
    });
}

// --- buffer memory -----------------------------------------------------

/// One loop with a MiB for buffers, and a handler that takes bodies.
fn short_of_memory(mode: Mode, adjust: impl FnOnce(&mut Config)) -> Rig {
    let router = Router::new()
        .site(StaticSite::new(0))
        .http("POST", "/len", |request, _| {
            Response::text(request.body.len().to_string())
        });
    Rig::with_router(
        mode,
        |config| {
            config.workers = 1;
            config.limits.buffer_bytes = 1 << 20;
            config.limits.body_bytes = 900_000;
            adjust(config);
        },
        router,
    )
}

/// Clients that hold all of the memory: each is one byte short of its body.
fn eaters(rig: &Rig) -> Vec<TcpStream> {
    let mut eaters = Vec::new();
    for len in [200_000, 60_000, 3_000] {
        loop {
            let mut stream = connect(rig.http);
            let head = format!("POST /len HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n");
            let part = [head.into_bytes(), vec![7; len - 1]].concat();
            if is_refused(rig, &mut stream, &part) {
                break;
            }
            eaters.push(stream);
        }
    }
    eaters
}

/// Sends `request`: whether the server, out of memory, answers 503.
fn is_refused(rig: &Rig, stream: &mut TcpStream, request: &[u8]) -> bool {
    let refused = rig.count(Count::Refused);
    let read = rig.count(Count::ReadBytes) + request.len() as u64;
    stream.write_all(request).expect("sent");
    rig.wait_for("it is taken or refused", |rig| {
        rig.count(Count::Refused) > refused || rig.count(Count::ReadBytes) >= read
    });
    if rig.count(Count::Refused) == refused {
        return false;
    }
    let answer = read_answer(stream, false);
    assert_eq!(
        (answer.status, answer.field("connection")),
        (503, Some("close"))
    );
    true
}

/// The eaters send their last byte and get their answers. In proactor mode a
/// request is copied for the pool, and there may be no memory for that.
fn let_go(mode: Mode, eaters: &mut [TcpStream]) {
    for stream in eaters.iter_mut() {
        stream.write_all(&[7]).expect("sent");
    }
    for stream in eaters {
        let status = read_answer(stream, false).status;
        assert!(
            matches!((mode, status), (_, 200) | (Mode::Proactor, 503)),
            "{status}"
        );
    }
}

#[test]
fn out_of_buffer_memory_http_is_answered_503_and_packages_wait() {
    both(|mode| {
        let rig = short_of_memory(mode, |_| {});
        let body = pattern(25_000);
        let whole = package(1, &body);
        let mut eaters = eaters(&rig);
        // The reserve holds the first one's part; the others' stays with the
        // system.
        let mut paused: Vec<TcpStream> = (0..3).map(|_| connect(rig.frame)).collect();
        for stream in &mut paused {
            stream.write_all(&whole[..20_000]).expect("sent");
        }
        paused.iter_mut().for_each(waits);
        let mut half = connect(rig.http);
        half.write_all(b"GET /small.txt HTTP/1.1\r\nHo")
            .expect("sent");
        assert_eq!(read_answer(&mut half, false).status, 503);
        for stream in &mut paused {
            stream.write_all(&whole[20_000..]).expect("sent");
        }
        let_go(mode, &mut eaters);
        for stream in &mut paused {
            assert_eq!(read_package(stream), (1, body.clone()), "in {mode} mode");
            stream.write_all(&package(1, b"again")).expect("sent");
            assert_eq!(read_package(stream), (1, b"again".to_vec()));
        }
        assert_eq!(get(rig.http, "/small.txt", "").body, pattern(1024));
    });
}

#[test]
fn a_paused_frame_client_is_closed_by_its_deadline() {
    both_at_once(|mode| {
        let rig = short_of_memory(mode, |config| {
            config.timeouts.frame_silence = Some(Millis(2_000));
        });
        let mut eaters = eaters(&rig);
        let mut paused = connect(rig.frame);
        paused
            .write_all(&package(1, &pattern(25_000))[..20_000])
            .expect("sent");
        let mut rest = Vec::new();
        // What it had sent is unread, so the end may be a reset.
        let _ = paused.read_to_end(&mut rest);
        assert_eq!((rest.len(), rig.closed(CloseReason::Silent)), (0, 1));
        let_go(mode, &mut eaters);
        assert_eq!(get(rig.http, "/small.txt", "").body, pattern(1024));
        drop(eaters);
        rig.wait_for("all are gone", |rig| rig.live() == 0);
    });
}

/// What is only announced takes no room from what comes.
#[test]
fn bodies_that_are_announced_and_do_not_come_hold_next_to_nothing() {
    both(|mode| {
        let router = Router::new()
            .site(StaticSite::new(0))
            .http("POST", "/up", |request, _| {
                Response::text(request.body.len().to_string())
            });
        let adjust = |config: &mut Config| config.limits.buffer_bytes = 8 << 20;
        let rig = Rig::with_router(mode, adjust, router);
        let up = |len: usize| {
            let mut stream = connect(rig.http);
            let head = format!("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("sent");
            stream
        };
        let mut announced: Vec<TcpStream> = (0..200).map(|_| up(1_000_000)).collect();
        rig.wait_for("all are there", |rig| rig.live() == 200);
        let mut others = [up(300_000), announced.swap_remove(100)];
        for (stream, len) in others.iter_mut().zip([300_000, 1_000_000]) {
            stream.write_all(&pattern(len)).expect("sent");
            let answer = read_answer(stream, false);
            let expected = len.to_string().into_bytes();
            assert_eq!((answer.status, answer.body), (200, expected));
        }
        is_served(&mut asking(rig.http));
    });
}

/// A server whose memory is held by others waits without turning.
#[test]
fn a_server_out_of_memory_does_not_spin() {
    both_at_once(|mode| {
        let folder = Folder::site();
        let more = "[limits]\nbuffer_mb = 4\nbody_bytes = 1000000\n\
                    [timeouts]\nprogress_s = 60\n[proactor]\nthreads = 1\n";
        let text = config_text(mode, folder.path(), more);
        folder.write("pelton.toml", text.as_bytes());
        let program = Program::start(folder.path(), &ARGUMENTS);
        // Each part of a package holds 64 KiB, while there are any.
        let part = &package(1, &pattern(25_000))[..20_000];
        let mut paused: Vec<TcpStream> = (0..80).map(|_| connect(program.frame())).collect();
        for stream in &mut paused {
            stream.write_all(part).expect("sent");
        }
        let used = program.processor_time_within(WATCHED);
        assert!(used < IDLE_MAX, "{used:?} while it waits");
        is_served_or_refused(program.http());
        drop(paused);
        program.wait_for("they are gone", |program| program.sockets() < 20);
        assert_eq!(get(program.http(), "/small.txt", "").body, pattern(1024));
    });
}

/// In reactor mode a whole GET needs no buffer; in proactor mode it does.
fn is_served_or_refused(addr: SocketAddr) {
    let mut stream = asking(addr);
    let answer = read_answer(&mut stream, false);
    assert!(matches!(answer.status, 200 | 503), "{}", answer.head);
    if answer.status == 503 {
        assert_eq!(answer.field("retry-after"), Some("1"));
        assert_eq!(read_to_end(&mut stream), b"");
    }
}
