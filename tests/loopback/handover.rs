//! What a server needs to be one of several processes in turn: sockets that
//! are there already, an end that cuts nobody off, a pulse.

use crate::support::{
    Folder, PATIENCE, Rig, both, both_at_once, config, connect, get, package, pattern, read_package,
};
use pelton::base::tick::Millis;
use pelton::config::{Config, Listen, Mode, Protocol};
use pelton::engine::{Count, Server};
use pelton::os::socket::{self, ListenOptions};
use pelton::service::{Response, Router};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A configuration with one HTTP listener, of that address.
fn http_at(mode: Mode, folder: &Folder, addr: &str) -> Config {
    let addr = addr.parse().expect("an address");
    let listen = vec![Listen::new(addr, Protocol::Http)];
    Config {
        listen,
        ..config(mode, folder.path())
    }
}

#[test]
fn one_socket_does_for_many_loops() {
    both(|mode| {
        let folder = Folder::site();
        let given = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = given.local_addr().expect("its address");
        let mut config = http_at(mode, &folder, &addr.to_string());
        config.workers = 3;
        let server = Server::new(config).sockets(addr, vec![given]);
        let running = server.start().expect("the server starts");
        assert_eq!(running.listeners()[0].0, addr);
        for _ in 0..32 {
            assert_eq!(get(addr, "/small.txt", "").body, pattern(1024));
        }
        running.handle().stop();
        running.wait().expect("no loop fails");
    });
}

#[test]
fn sockets_beyond_the_loops_are_served_and_those_that_do_not_listen_are_no_burden() {
    both(|mode| {
        let folder = Folder::site();
        let options = ListenOptions {
            reuse_port: true,
            defer_accept: false,
        };
        let any = "127.0.0.1:0".parse().expect("an address");
        let first = socket::prepare(any, options).expect("a free port");
        let addr = first.local_addr().expect("its address");
        let mut ours = vec![first];
        for _ in 0..3 {
            ours.push(socket::prepare(addr, options).expect("the same port"));
        }
        let theirs = ours.iter().map(|one| one.try_clone().expect("once more"));
        let mut config = http_at(mode, &folder, "127.0.0.1:0");
        config.workers = 1;
        let running = Server::new(config).sockets(any, theirs.collect()).start();
        let running = running.expect("the server starts");
        let turns = || running.handle().tallies()[0].get(Count::Turns);
        thread::sleep(Duration::from_millis(100));
        let before = turns();
        thread::sleep(Duration::from_millis(200));
        assert!(turns() - before < 10, "the loop sleeps");
        assert!(
            std::net::TcpStream::connect(addr).is_err(),
            "nobody listens"
        );
        for one in &ours {
            socket::begin_listening(one).expect("it listens");
        }
        for _ in 0..64 {
            assert_eq!(get(addr, "/small.txt", "").body, pattern(1024));
        }
        running.handle().stop();
        running.wait().expect("no loop fails");
    });
}

/// Two listeners of one address have a socket each.
#[test]
fn sockets_for_one_address_are_taken_in_turn() {
    let folder = Folder::site();
    let listener = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let [one, other] = [listener(), listener()];
    let addrs = [&one, &other].map(|socket| socket.local_addr().expect("its address"));
    let any = "127.0.0.1:0".parse().expect("an address");
    let mut config = http_at(Mode::Reactor, &folder, "127.0.0.1:0");
    config.listen.push(Listen::new(any, Protocol::Frame));
    let server = Server::new(config).sockets(any, vec![one]);
    let running = server.sockets(any, vec![other]).start();
    let running = running.expect("the server starts");
    let bound = running.listeners();
    assert_eq!(
        bound,
        [(addrs[0], Protocol::Http), (addrs[1], Protocol::Frame)]
    );
    running.handle().stop();
    running.wait().expect("no loop fails");
}

/// It has no `Connection: close` to go by: it reads the end between two
/// packages, well before whatever is left is cut.
#[test]
fn a_client_whose_packages_never_stop_is_let_go_between_two_of_them() {
    both_at_once(|mode| {
        let drain = Duration::from_secs(4);
        let adjust = |config: &mut Config| config.drain = Millis(drain.as_millis() as u64);
        let rig = Rig::start(mode, adjust);
        let mut stream = connect(rig.frame);
        stream.write_all(&package(1, b"first")).expect("sent");
        assert_eq!(read_package(&mut stream).1, b"first");
        rig.handle.drain();
        let start = Instant::now();
        let mut answered = 0_u32;
        loop {
            let asked = package(1, &answered.to_be_bytes());
            stream
                .write_all(&asked)
                .expect("the connection is not reset");
            let mut answer = vec![0; asked.len()];
            match stream.read_exact(&mut answer) {
                Ok(()) => answered += 1,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "a clean end");
                    assert_eq!(answer, vec![0; asked.len()], "and no part of an answer");
                    break;
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
        let took = start.elapsed();
        assert!(answered > 100, "it was served all the while: {answered}");
        assert!(took > drain / 3 && took < drain, "{took:?}");
        drop(stream);
        rig.wait();
    });
}

/// It may have come from another process that went away: it is not sent on to
/// the next one without an answer, however short the drain.
#[test]
fn a_client_that_has_just_come_is_answered_before_it_is_let_go() {
    both_at_once(|mode| {
        let rig = Rig::start(mode, |config| config.drain = Millis(2_000));
        let mut stream = connect(rig.frame);
        rig.wait_for("it is there", |rig| rig.live() == 1);
        rig.handle.drain();
        thread::sleep(Duration::from_millis(400));
        stream.write_all(&package(1, b"first")).expect("sent");
        assert_eq!(read_package(&mut stream).1, b"first");
        assert_eq!(stream.read(&mut [0]).expect("no reset"), 0);
        drop(stream);
        rig.wait();
    });
}

/// Its packages are rare, so it is let go while nothing is under way.
#[test]
fn a_silent_client_of_packages_reads_the_end_and_no_reset() {
    both(|mode| {
        let rig = Rig::start(mode, |_| {});
        let mut stream = connect(rig.frame);
        stream.write_all(&package(1, b"first")).expect("sent");
        assert_eq!(read_package(&mut stream).1, b"first");
        rig.handle.drain();
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).expect("no reset"), 0);
        // What crossed with the end is dropped; the end stays the end.
        stream.write_all(&package(1, b"late")).expect("sent");
        thread::sleep(Duration::from_millis(50));
        assert_eq!(stream.read(&mut byte).expect("no reset"), 0);
        drop(stream);
        rig.wait();
    });
}

#[test]
fn a_pulse_tells_a_loop_that_sleeps_from_one_that_is_stuck() {
    let (reached, is_reached) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let router = Router::new().http("GET", "/gate", move |_, _| {
        reached.send(()).expect("the test waits");
        let gate = gate.lock().expect("one at a time");
        gate.recv_timeout(PATIENCE).expect("it opens");
        Response::text("open\n")
    });
    let rig = Rig::with_router(Mode::Reactor, |_| {}, router);
    let mut pulse = rig.handle.pulse();
    let mut beats = |count: usize| {
        let start = Instant::now();
        let mut beaten = 0;
        while beaten < count && start.elapsed() < Duration::from_millis(500) {
            beaten += usize::from(pulse.has_moved());
            thread::sleep(Duration::from_millis(5));
        }
        beaten
    };
    assert_eq!(
        beats(10),
        10,
        "loops that have nothing to do turn when asked"
    );
    let mut stream = connect(rig.http);
    stream
        .write_all(b"GET /gate HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    is_reached
        .recv_timeout(PATIENCE)
        .expect("the handler is called");
    assert!(beats(10) <= 1, "one of the loops does not turn");
    open.send(()).expect("the handler waits");
    assert_eq!(beats(10), 10);
}
