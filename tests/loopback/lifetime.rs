//! A connection's begin and end, and what the service keeps with it in
//! between. Each case in both modes.

use crate::support::{
    Rig, both, both_at_once, connect, get, package, read_answer, read_package, read_until_cut,
    reset,
};
use pelton::base::tick::Millis;
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::service::{Bad, Context, Response, Router};
use pelton::session::{CloseReason, Flow};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const ECHO: u16 = 1;
const GREETING: u16 = 30;
/// How often this connection has asked.
const COUNT: u16 = 31;
/// The same, but it takes its time.
const SLOW_COUNT: u16 = 32;
const FAREWELL: u16 = 33;

/// What a connection keeps; `alive` knows how many of them there are.
struct Kept {
    count: u32,
    alive: Arc<AtomicI64>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

fn count(context: &mut Context<'_>) -> Result<u32, Bad> {
    let kept = context.state.get_mut::<Kept>().ok_or(Bad)?;
    kept.count += 1;
    Ok(kept.count)
}

type Ends = Arc<Mutex<Vec<(SocketAddr, CloseReason, u32)>>>;

/// A service that greets, counts for each connection, and writes down how
/// connections end and what they had kept by then.
fn counting() -> (Router, Arc<AtomicI64>, Ends) {
    let alive = Arc::new(AtomicI64::new(0));
    let ends = Ends::default();
    let (living, ended) = (alive.clone(), ends.clone());
    let router = Router::new()
        .connected(move |context| {
            living.fetch_add(1, Ordering::SeqCst);
            let alive = living.clone();
            context.state.set(Kept { count: 0, alive });
            context.answer(GREETING, b"welcome").expect("short");
        })
        .message(COUNT, |_, context| {
            let count = count(context)?;
            Ok(context.answer(COUNT, &count.to_be_bytes())?)
        })
        .message(SLOW_COUNT, |_, context| {
            thread::sleep(Duration::from_millis(200));
            count(context).map(drop)
        })
        .http("GET", "/count", |_, context| {
            let count = count(context).unwrap_or(0);
            Response::text(format!("{count}\n"))
        })
        .closed(move |reason, context| {
            let count = context.state.get::<Kept>().map_or(0, |kept| kept.count);
            let mut ends = ended.lock().expect("no test panics with it");
            ends.push((context.address, reason, count));
        });
    (router, alive, ends)
}

fn asked(stream: &mut TcpStream) -> u32 {
    stream.write_all(&package(COUNT, b"")).expect("sent");
    let (code, body) = read_package(stream);
    assert_eq!(code, COUNT);
    u32::from_be_bytes(body.try_into().expect("four bytes"))
}

#[test]
fn clients_that_speak_packages_are_greeted_and_nobody_else() {
    both(|mode| {
        let (router, ..) = counting();
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut stream = connect(rig.frame);
        assert_eq!(read_package(&mut stream), (GREETING, b"welcome".to_vec()));
        let mut undecided = connect(rig.auto);
        undecided.write_all(&package(ECHO, b"first")).expect("sent");
        assert_eq!(read_package(&mut undecided), (ECHO, b"first".to_vec()));
        assert_eq!(get(rig.http, "/count", "").body, b"1\n");
    });
}

#[test]
fn each_connection_keeps_its_own() {
    both(|mode| {
        let (router, alive, _) = counting();
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut streams = [connect(rig.frame), connect(rig.frame)];
        for stream in &mut streams {
            assert_eq!(read_package(stream).0, GREETING);
        }
        let [one, other] = &mut streams;
        assert_eq!(
            [asked(one), asked(one), asked(other), asked(one)],
            [1, 2, 1, 3]
        );
        let mut http = connect(rig.http);
        for count in 1..=3 {
            let request = b"GET /count HTTP/1.1\r\nHost: a\r\n\r\n";
            http.write_all(request).expect("sent");
            assert_eq!(
                read_answer(&mut http, false).body,
                format!("{count}\n").as_bytes()
            );
        }
        assert_eq!(alive.load(Ordering::SeqCst), 3);
        drop((streams, http));
        rig.wait_for("all is dropped", |_| alive.load(Ordering::SeqCst) == 0);
    });
}

#[test]
fn the_service_hears_how_each_connection_ended_and_has_its_state_then() {
    both_at_once(|mode| {
        let (router, alive, ends) = counting();
        let adjust = |config: &mut Config| {
            config.timeouts.frame_silence = Some(Millis::seconds(3));
        };
        let rig = Rig::with_router(mode, adjust, router);
        let open = || {
            let mut stream = connect(rig.frame);
            assert_eq!(read_package(&mut stream).0, GREETING);
            assert_eq!(asked(&mut stream), 1);
            stream
        };
        let closes = open();
        let resets = open();
        let mut breaks = open();
        let silent = open();
        // This one goes while its job is under way.
        let mut leaves = open();
        let addresses = [&closes, &resets, &breaks, &silent, &leaves]
            .map(|stream| stream.local_addr().expect("an address"));
        leaves.write_all(&package(SLOW_COUNT, b"")).expect("sent");
        leaves.shutdown(Shutdown::Both).expect("shut");
        drop(closes);
        reset(resets);
        breaks.write_all(&[0, 7, 0, 1, 0, 0, 0, 0]).expect("sent");
        assert_eq!(read_until_cut(&mut breaks), b"");
        let expected = [
            (CloseReason::PeerClosed, 1),
            (CloseReason::Reset, 1),
            (CloseReason::BadLength, 1),
            (CloseReason::Silent, 1),
            (CloseReason::PeerClosed, 2),
        ];
        rig.wait_for("all five have ended", |_| {
            ends.lock().expect("whole").len() == 5
        });
        for (address, (reason, count)) in addresses.into_iter().zip(expected) {
            let ends = ends.lock().expect("whole");
            let ended: Vec<_> = ends.iter().filter(|end| end.0 == address).collect();
            assert_eq!(ended, [&(address, reason, count)]);
        }
        rig.wait_for("all is dropped", |_| alive.load(Ordering::SeqCst) == 0);
        drop(silent);
    });
}

#[test]
fn a_stop_is_an_end_too() {
    both(|mode| {
        let (router, alive, ends) = counting();
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut stream = connect(rig.frame);
        assert_eq!(read_package(&mut stream).0, GREETING);
        rig.stop();
        let ends = ends.lock().expect("whole");
        assert_eq!(
            ends.iter().map(|end| end.1).collect::<Vec<_>>(),
            [CloseReason::Stopping]
        );
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_drain_waits_for_the_job_of_one_who_is_gone() {
    let (router, alive, ends) = counting();
    let rig = Rig::with_router(Mode::Proactor, |_| {}, router);
    let mut stream = connect(rig.frame);
    assert_eq!(read_package(&mut stream).0, GREETING);
    assert_eq!(asked(&mut stream), 1);
    let from = stream.local_addr().expect("an address");
    stream.write_all(&package(SLOW_COUNT, b"")).expect("sent");
    thread::sleep(Duration::from_millis(50)); // the pool has it then, most likely
    reset(stream);
    rig.wait_for("it is gone", |rig| rig.live() == 0);
    rig.handle.drain();
    rig.wait();
    let ends = ends.lock().expect("whole");
    assert_eq!(*ends, [(from, CloseReason::Reset, 2)]);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_said_at_the_end_reaches_others() {
    both(|mode| {
        let first = Arc::new(Mutex::new(None));
        let host = first.clone();
        let router = Router::new()
            .connected(move |context| {
                let mut first = first.lock().expect("whole");
                first.get_or_insert(context.peer);
            })
            .closed(move |_, context| {
                let host = host.lock().expect("whole").expect("somebody came");
                context.send(host, FAREWELL, b"gone").expect("short");
                context.answer(FAREWELL, b"to nobody").expect("short");
            });
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut host = connect(rig.frame);
        host.write_all(&package(ECHO, b"in")).expect("sent");
        assert_eq!(read_package(&mut host).1, b"in");
        for _ in 0..3 {
            drop(connect(rig.frame));
            assert_eq!(read_package(&mut host), (FAREWELL, b"gone".to_vec()));
        }
    });
}

#[test]
fn who_does_not_say_who_it_is_in_time_is_shown_out() {
    both_at_once(|mode| {
        let router = Router::new()
            .connected(|context| context.set_timer(Duration::from_secs(1)))
            .message(COUNT, |_, context| {
                context.stop_timer();
                Ok(context.answer(COUNT, b"")?)
            })
            .timer(|context| {
                context.answer(FAREWELL, b"who are you?").expect("short");
                Flow::End
            });
        let rig = Rig::with_router(mode, |_| {}, router);
        let [mut stranger, mut friend] = [connect(rig.frame), connect(rig.frame)];
        friend.write_all(&package(COUNT, b"")).expect("sent");
        assert_eq!(read_package(&mut friend).0, COUNT);
        assert_eq!(
            read_package(&mut stranger),
            (FAREWELL, b"who are you?".to_vec())
        );
        assert_eq!(read_until_cut(&mut stranger), b"");
        friend.write_all(&package(ECHO, b"here")).expect("sent");
        assert_eq!(read_package(&mut friend).1, b"here");
    });
}

#[test]
fn a_panic_at_either_end_stays_there() {
    both(|mode| {
        let begun = Arc::new(AtomicI64::new(0));
        let router = Router::new()
            .connected(move |context| {
                context.answer(GREETING, b"half a word").expect("short");
                assert!(
                    begun.fetch_add(1, Ordering::SeqCst) > 0,
                    "the first is unlucky"
                );
            })
            .closed(|reason, _| assert!(reason != CloseReason::PeerClosed, "a fault"));
        let adjust = |config: &mut Config| config.workers = 1;
        let rig = Rig::with_router(mode, adjust, router);
        assert_eq!(read_until_cut(&mut connect(rig.frame)), b"");
        rig.wait_for("the panic is counted", |rig| rig.count(Count::Panics) == 1);
        let mut second = connect(rig.frame);
        assert_eq!(read_package(&mut second).0, GREETING);
        drop(second);
        rig.wait_for("the other one, too", |rig| rig.count(Count::Panics) == 2);
        assert_eq!(read_package(&mut connect(rig.frame)).0, GREETING);
    });
}
