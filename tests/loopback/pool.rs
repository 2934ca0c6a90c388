//! The proactor: handlers that block, queues that are full, mail between
//! loops, and how a server goes away. What does not depend on the mode runs
//! in both.

use crate::support::{
    PATIENCE, Rig, both, connect, connect_narrow, get, package, pattern, read_answer, read_package,
    read_to_end, reset,
};
use pelton::base::key::Peer;
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::engine::doorbell::{Doorbell, Wake};
use pelton::engine::inbox::{Inbox, Outgoing};
use pelton::service::{Bad, Group, Response, Router, StaticSite};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// One loop, `threads` threads and a queue of `queue_len` jobs.
fn pool(threads: usize, queue_len: usize) -> impl FnOnce(&mut Config) {
    move |config| {
        config.workers = 1;
        config.proactor.threads = threads;
        config.proactor.queue_len = queue_len;
    }
}

/// Answers the target of the request after `pause`.
fn slow_echo(pause: Duration) -> Router {
    Router::new()
        .site(StaticSite::new(0))
        .http("GET", "/slow", move |request, _| {
            thread::sleep(pause);
            Response::text(String::from_utf8_lossy(request.head.target()).into_owned())
        })
}

/// A handler at `/gate` that says when it was reached and answers when it is
/// told to.
fn gated() -> (Router, Receiver<()>, std::sync::mpsc::Sender<()>) {
    let (reached, is_reached) = channel();
    let (open, opened) = channel();
    let opened = Mutex::new(opened);
    let router = Router::new()
        .site(StaticSite::new(0))
        .http("GET", "/gate", move |_, _| {
            let _ = reached.send(());
            let _ = opened.lock().expect("one at a time").recv_timeout(PATIENCE);
            Response::text("open\n")
        });
    (router, is_reached, open)
}

fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("sent");
}

fn get_text(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// A client that has sent a GET and not read its answer.
fn asking(addr: SocketAddr, target: &str) -> TcpStream {
    let mut stream = connect(addr);
    send(&mut stream, &get_text(target));
    stream
}

#[test]
fn a_handler_that_blocks_delays_nobody_else() {
    let (router, reached, open) = gated();
    let rig = Rig::with_router(Mode::Proactor, pool(4, 64), router);
    let mut slow = asking(rig.http, "/gate");
    reached
        .recv_timeout(PATIENCE)
        .expect("the handler is called");
    for _ in 0..20 {
        let answer = get(rig.http, "/small.txt", "");
        assert_eq!(answer.body, pattern(1024));
    }
    open.send(()).expect("it waits yet");
    assert_eq!(read_answer(&mut slow, false).body, b"open\n");
}

/// More of them than one job holds.
#[test]
fn heartbeats_behind_a_handler_that_blocks_keep_their_place() {
    const GATE: u16 = 7;
    const BEATS: usize = 5_000;
    let (open, opened) = channel();
    let opened = Mutex::new(opened);
    let router = Router::new().message(GATE, move |_, context| {
        let opened = opened.lock().expect("one at a time");
        opened.recv_timeout(PATIENCE).expect("it is opened");
        context.answer(GATE, b"open").map_err(|_| Bad)
    });
    let rig = Rig::with_router(Mode::Proactor, pool(1, 8), router);
    let mut stream = connect(rig.frame);
    let input = [package(GATE, b""), package(0, b"").repeat(BEATS)].concat();
    stream.write_all(&input).expect("sent");
    open.send(()).expect("the handler is there");
    assert_eq!(read_package(&mut stream), (GATE, b"open".to_vec()));
    let mut answers = vec![0; 8 * BEATS];
    stream.read_exact(&mut answers).expect("all are answered");
    assert!(answers == package(0, b"").repeat(BEATS));
}

#[test]
fn full_queues_lose_nothing_and_keep_the_order() {
    const CLIENTS: usize = 200;
    const REQUESTS: usize = 5;
    let adjust = |config: &mut Config| {
        pool(1, 2)(config);
        config.workers = 2;
    };
    let rig = Rig::with_router(Mode::Proactor, adjust, slow_echo(Duration::from_millis(1)));
    let target = |client: usize, number: usize| format!("/slow?{client}.{number}");
    let mut clients: Vec<TcpStream> = (0..CLIENTS).map(|_| connect(rig.http)).collect();
    for (client, stream) in clients.iter_mut().enumerate() {
        let batch: String = (0..REQUESTS)
            .map(|number| get_text(&target(client, number)))
            .collect();
        send(stream, &batch);
    }
    for (client, stream) in clients.iter_mut().enumerate() {
        for number in 0..REQUESTS {
            let answer = read_answer(stream, false);
            assert_eq!(answer.body, target(client, number).as_bytes());
        }
    }
    drop(clients);
    rig.wait_for("all are gone", |rig| rig.live() == 0);
}

#[test]
fn who_waits_behind_clients_that_are_gone_is_served() {
    let (router, reached, open) = gated();
    let rig = Rig::with_router(Mode::Proactor, pool(1, 1), router);
    let mut first = asking(rig.http, "/gate");
    reached
        .recv_timeout(PATIENCE)
        .expect("the handler is called");
    let waiting: Vec<TcpStream> = (0..10).map(|_| asking(rig.http, "/small.txt")).collect();
    rig.wait_for("all are accepted", |rig| rig.live() == 11);
    let mut last = asking(rig.http, "/small.txt");
    rig.wait_for("the last is accepted", |rig| rig.live() == 12);
    waiting.into_iter().for_each(reset);
    rig.wait_for("the resets are seen", |rig| rig.live() == 2);
    open.send(()).expect("the handler waits");
    assert_eq!(read_answer(&mut first, false).body, b"open\n");
    assert_eq!(read_answer(&mut last, false).body, pattern(1024));
}

/// Reads `count` answers with `expected` as body, with pauses.
fn read_slowly(stream: &mut TcpStream, count: usize, expected: &[u8]) {
    for _ in 0..count {
        let head = crate::support::read_answer(stream, true);
        assert_eq!(head.status, 200);
        let mut body = vec![0; expected.len()];
        for part in body.chunks_mut(MIB) {
            thread::sleep(Duration::from_millis(2));
            stream.read_exact(part).expect("more of the body");
        }
        assert!(body == expected, "the bytes of the file, in order");
    }
}

/// Answers far beyond what an outbox may hold, in one batch, to clients that
/// read slowly, while others break off.
#[test]
fn large_answers_to_slow_readers_come_whole() {
    const REQUESTS: usize = 6;
    both(|mode| {
        let gone = Arc::new(AtomicU64::new(0));
        let count = gone.clone();
        let router = Router::new().site(StaticSite::new(0)).closed(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let adjust = |config: &mut Config| {
            pool(1, 2)(config);
            config.workers = 2;
        };
        let rig = Rig::with_router(mode, adjust, router);
        let content = pattern(4 * MIB);
        rig.folder.write("four.bin", &content);
        let batch = get_text("/four.bin").repeat(REQUESTS);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let mut stream = connect_narrow(rig.http, 64 << 10);
                    send(&mut stream, &batch);
                    read_slowly(&mut stream, REQUESTS, &content);
                });
            }
            scope.spawn(|| {
                for round in 0..40 {
                    let mut stream = connect_narrow(rig.http, 64 << 10);
                    send(&mut stream, &batch);
                    let mut some = vec![0; 10_000 * (round % 8)];
                    stream.read_exact(&mut some).expect("the first bytes");
                    reset(stream);
                }
            });
        });
        rig.wait_for("all are gone", |rig| rig.live() == 0);
        rig.wait_for("the service has heard of each", |_| {
            gone.load(Ordering::Relaxed) == 46
        });
    });
}

/// What a member of the group is sent: who sent it, and its number there.
fn letter(sender: u32, number: u32) -> Vec<u8> {
    [sender.to_be_bytes(), number.to_be_bytes()].concat()
}

/// Codes of the group's messages.
const JOIN: u16 = 7;
const TELL: u16 = 8;

/// Everybody who joins gets what anybody tells.
fn talk() -> Router {
    let group = Arc::new(Group::new());
    let (joined, told, left) = (group.clone(), group.clone(), group);
    Router::new()
        .message(JOIN, move |_, context| {
            joined.join(context.peer);
            context.answer(JOIN, &[]).map_err(|_| Bad)
        })
        .message(TELL, move |package, context| {
            context
                .broadcast(&told, TELL, package.body)
                .map_err(|_| Bad)
        })
        .closed(move |_, context| {
            left.leave(context.peer);
        })
}

/// Reads what all members told: each letter once, and in order per sender.
fn hear(stream: &mut impl Read, members: u32, letters: u32) {
    let mut next = vec![0; members as usize];
    for _ in 0..members * letters {
        let (code, body) = read_package(stream);
        let (sender, number) = body.split_at(4);
        let sender = u32::from_be_bytes(sender.try_into().expect("four bytes"));
        let number = u32::from_be_bytes(number.try_into().expect("four bytes"));
        assert_eq!(
            (code, number),
            (TELL, next[sender as usize]),
            "from {sender}"
        );
        next[sender as usize] += 1;
    }
}

#[test]
fn loops_that_mail_each_other_heavily_lose_nothing() {
    const MEMBERS: u32 = 24;
    const LETTERS: u32 = 400;
    both(|mode| {
        let adjust = |config: &mut Config| {
            config.workers = 4;
            config.proactor.queue_len = 4;
            // How fast the clients read is not what this is about.
            config.limits.queued_packages = usize::MAX;
        };
        let rig = Rig::with_router(mode, adjust, talk());
        let mut members: Vec<TcpStream> = (0..MEMBERS).map(|_| connect(rig.frame)).collect();
        for member in &mut members {
            member.write_all(&package(JOIN, &[])).expect("sent");
            assert_eq!(read_package(member).0, JOIN);
        }
        thread::scope(|scope| {
            for (sender, member) in members.iter_mut().enumerate() {
                let tell = move |number| package(TELL, &letter(sender as u32, number));
                let all: Vec<u8> = (0..LETTERS).flat_map(tell).collect();
                let mut writer = member.try_clone().expect("a clone");
                scope.spawn(move || writer.write_all(&all).expect("sent"));
                scope.spawn(move || {
                    let mut member = std::io::BufReader::new(member);
                    hear(&mut member, MEMBERS, LETTERS);
                });
            }
        });
        let delivered = u64::from(MEMBERS) * u64::from(MEMBERS * LETTERS);
        assert_eq!(
            (rig.count(Count::Letters), rig.count(Count::LettersLost)),
            (delivered, 0)
        );
        drop(members);
        rig.wait_for("all are gone", |rig| rig.live() == 0);
    });
}

/// Those who come and go cannot be held up: when a loop does not take its mail
/// what they say to it is dropped, and not piled up.
#[test]
fn news_for_a_loop_that_is_held_up_are_bounded() {
    const HOST: u16 = 7;
    const GATE: u16 = 8;
    const NEWS: u16 = 9;
    let (open, opened) = channel();
    let opened = Mutex::new(opened);
    let hosts: Arc<Mutex<Vec<Peer>>> = Arc::default();
    let (known, told) = (hosts.clone(), hosts.clone());
    let router = Router::new()
        .message(HOST, move |_, context| {
            known.lock().expect("whole").push(context.peer);
            context
                .answer(HOST, &context.peer.worker.to_be_bytes())
                .map_err(|_| Bad)
        })
        .message(GATE, move |_, context| {
            let opened = opened.lock().expect("one at a time");
            opened.recv_timeout(PATIENCE).expect("it is opened");
            context.answer(GATE, b"open").map_err(|_| Bad)
        })
        .closed(move |_, context| {
            let hosts = told.lock().expect("whole").clone();
            let mine = context.peer.worker;
            for host in hosts.into_iter().filter(|host| host.worker != mine) {
                for _ in 0..500 {
                    context.send(host, NEWS, b"").expect("short");
                }
            }
        });
    let rig = Rig::with_router(Mode::Reactor, |_| {}, router);
    let mut held = connect(rig.frame);
    held.write_all(&package(HOST, b"")).expect("sent");
    assert_eq!(read_package(&mut held).0, HOST);
    held.write_all(&package(GATE, b"")).expect("sent");
    rig.wait_for("much was lost", |rig| {
        // Half of them wait for the loop that is held up, and the others go.
        drop(connect(rig.frame));
        rig.count(Count::LettersLost) > 10_000
    });
    open.send(()).expect("the handler is there");
    let mut reader = std::io::BufReader::new(&mut held);
    assert_eq!(read_package(&mut reader), (GATE, b"open".to_vec()));
    for _ in 0..4_000 {
        assert_eq!(read_package(&mut reader), (NEWS, vec![]));
    }
}

#[test]
fn a_handler_that_panics_costs_its_own_connection_and_no_more() {
    both(|mode| {
        let router = Router::new()
            .site(StaticSite::new(0))
            .http("GET", "/panic", |_, _| -> Response { panic!("on purpose") })
            .message(9, |_, _| panic!("on purpose"));
        let rig = Rig::with_router(mode, pool(1, 8), router);
        for _ in 0..3 {
            let mut stream = connect(rig.http);
            let batch = get_text("/small.txt") + &get_text("/panic") + &get_text("/small.txt");
            send(&mut stream, &batch);
            assert_eq!(read_answer(&mut stream, false).body, pattern(1024));
            let answer = read_answer(&mut stream, false);
            assert_eq!(
                (answer.status, answer.field("connection")),
                (500, Some("close"))
            );
            assert_eq!(read_to_end(&mut stream), b"");
            let mut stream = connect(rig.frame);
            stream
                .write_all(&[package(1, b"before"), package(9, b"")].concat())
                .expect("sent");
            assert_eq!(read_package(&mut stream), (1, b"before".to_vec()));
            assert_eq!(read_to_end(&mut stream), b"");
        }
        assert_eq!(rig.count(Count::Panics), 6);
        assert_eq!(crate::support::get(rig.http, "/small.txt", "").status, 200);
    });
}

#[test]
fn a_drain_finishes_what_is_under_way() {
    both(|mode| {
        let (router, reached, open) = gated();
        // In reactor mode the handler blocks one loop: the others below have
        // to be served all the same, by and by.
        let rig = Rig::with_router(mode, pool(2, 8), router);
        let mut idle = asking(rig.http, "/small.txt");
        read_answer(&mut idle, false);
        let mut half = connect(rig.http);
        send(&mut half, "GET /small.txt HTTP/1.1\r\nHo");
        rig.wait_for("both are there", |rig| rig.live() == 2);
        let mut blocked = asking(rig.http, "/gate");
        reached
            .recv_timeout(PATIENCE)
            .expect("the handler is called");
        let start = Instant::now();
        rig.handle.drain();
        open.send(()).expect("the handler waits");
        let answer = read_answer(&mut blocked, false);
        assert_eq!(
            (&*answer.body, answer.field("connection")),
            (&b"open\n"[..], Some("close"))
        );
        assert_eq!(read_to_end(&mut blocked), b"");
        assert_eq!(read_to_end(&mut idle), b"", "idle ones are let go");
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{:?}",
            start.elapsed()
        );
        send(&mut half, "st: a\r\n\r\n");
        let answer = read_answer(&mut half, false);
        assert_eq!(
            (answer.status, answer.field("connection")),
            (200, Some("close"))
        );
        assert_eq!(read_to_end(&mut half), b"");
        let http = rig.http;
        rig.wait();
        assert!(TcpStream::connect(http).is_err(), "nobody listens any more");
    });
}

/// A request that comes on a kept-alive connection after the drain began is
/// answered, and told that it was the last.
#[test]
fn a_request_on_its_way_when_a_drain_begins_is_answered() {
    both(|mode| {
        let rig = Rig::start(mode, pool(2, 8));
        let mut stream = asking(rig.http, "/small.txt");
        read_answer(&mut stream, false);
        rig.handle.drain();
        send(&mut stream, &get_text("/small.txt"));
        let answer = read_answer(&mut stream, false);
        assert_eq!(
            (answer.status, answer.field("connection")),
            (200, Some("close"))
        );
        assert_eq!(read_to_end(&mut stream), b"");
        rig.wait();
    });
}

#[test]
fn a_drain_that_takes_too_long_is_cut() {
    both(|mode| {
        let adjust = |config: &mut Config| {
            pool(2, 8)(config);
            config.drain = pelton::base::tick::Millis(1_500);
        };
        let rig = Rig::start(mode, adjust);
        let mut half = connect(rig.http);
        send(&mut half, "GET / HTT");
        rig.wait_for("it is there", |rig| rig.live() == 1);
        rig.handle.drain();
        let took = rig.wait();
        assert!((1_400..8_000).contains(&took.as_millis()), "{took:?}");
    });
}

/// Jobs that nobody has begun are dropped: who would take their answers?
#[test]
fn a_stop_does_not_wait_for_the_queue() {
    let pause = Duration::from_millis(100);
    let rig = Rig::with_router(Mode::Proactor, pool(1, 1024), slow_echo(pause));
    let clients: Vec<TcpStream> = (0..200).map(|_| asking(rig.http, "/slow")).collect();
    rig.wait_for("their requests are taken", |rig| {
        rig.count(Count::Requests) == 200
    });
    rig.handle.stop();
    let took = rig.wait();
    assert!(took < Duration::from_secs(12), "{took:?}");
    drop(clients);
}

#[test]
fn a_stop_cuts_what_is_idle_and_what_is_under_way() {
    both(|mode| {
        let rig = Rig::start(mode, pool(1, 8));
        let mut idle = asking(rig.http, "/small.txt");
        read_answer(&mut idle, false);
        let stuck = asking(rig.http, "/huge.bin");
        rig.wait_for("both are there", |rig| rig.live() == 2);
        rig.handle.stop();
        let took = rig.wait();
        assert!(took < Duration::from_secs(2), "{took:?}");
        drop(stuck);
    });
}

/// What holds such a client up is the server: its deadlines do not run.
#[test]
fn waiting_for_the_pool_is_not_being_idle() {
    let (router, reached, open) = gated();
    let adjust = |config: &mut Config| {
        pool(1, 1)(config);
        config.timeouts.http_idle = Some(pelton::base::tick::Millis(1_000));
    };
    let rig = Rig::with_router(Mode::Proactor, adjust, router);
    let mut first = asking(rig.http, "/gate");
    reached
        .recv_timeout(PATIENCE)
        .expect("the handler is called");
    let mut last = asking(rig.http, "/small.txt");
    thread::sleep(Duration::from_millis(3_500));
    open.send(()).expect("the handler waits");
    assert_eq!(read_answer(&mut first, false).body, b"open\n");
    assert_eq!(read_answer(&mut last, false).body, pattern(1024));
    assert_eq!(read_to_end(&mut last), b"", "now it is idle");
}

struct Rings(AtomicU64);

impl Wake for Rings {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The receiver's ring may come before the sender sleeps: then the sender must
/// not, or what is stuck with it stays there.
#[test]
fn a_sender_with_stuck_mail_does_not_sleep_through_the_ring() {
    let inbox = Inbox::new(1, 2);
    let elsewhere = Inbox::new(1, 2);
    let bell = Doorbell::new(Rings(AtomicU64::new(0)));
    let mut outgoing = Outgoing::new(0, 2);
    outgoing.send(1, "first", &inbox, &bell);
    outgoing.send(1, "second", &inbox, &bell);
    let called =
        |outgoing: &Outgoing<&'static str>| outgoing.is_called([&elsewhere, &inbox].into_iter());
    assert!(
        outgoing.is_stuck() && !called(&outgoing),
        "it sleeps until it is woken"
    );
    assert_eq!(inbox.take(), Some("first"));
    assert_eq!(
        inbox.waiting_senders().collect::<Vec<_>>(),
        [0],
        "it is rung for once"
    );
    assert!(called(&outgoing));
    outgoing.retry(1, &inbox, &bell);
    assert!(!outgoing.is_stuck() && !called(&outgoing));
    assert_eq!(inbox.take(), Some("second"));
}
