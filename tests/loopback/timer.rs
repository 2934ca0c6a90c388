//! The application's own due time of a connection. Each case in both modes.

use crate::support::{
    Rig, both_at_once, connect, package, read_answer, read_package, read_to_end, read_until_cut,
};
use pelton::base::tick::Millis;
use pelton::config::Mode;
use pelton::engine::Count;
use pelton::service::{Context, Response, Router};
use pelton::session::{CloseReason, Flow};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ECHO: u16 = 1;
const HEARTBEAT: u16 = 0;
/// Sets the timer to as many milliseconds as the body says; 0 stops it.
const SET: u16 = 20;
/// The same, and then blocks for a while.
const SET_AND_BLOCK: u16 = 21;
/// What the timer says.
const RANG: u16 = 22;
const BLOCK: Duration = Duration::from_millis(2_500);

fn set(body: &[u8], context: &mut Context<'_>) {
    let digits = std::str::from_utf8(body).expect("digits");
    match digits.parse().expect("digits") {
        0 => context.stop_timer(),
        after_ms => context.set_timer(Duration::from_millis(after_ms)),
    }
}

/// A timer that says so, or does worse the second time.
fn router(second: fn(&mut Context<'_>) -> Flow) -> (Router, Arc<AtomicUsize>) {
    let rings = Arc::new(AtomicUsize::new(0));
    let counted = rings.clone();
    let router = Router::new()
        .message(SET, |package, context| {
            set(package.body, context);
            Ok(context.answer(SET, b"")?)
        })
        .message(SET_AND_BLOCK, |package, context| {
            set(package.body, context);
            thread::sleep(BLOCK);
            Ok(context.answer(SET_AND_BLOCK, b"")?)
        })
        .http("GET", "/timer", |_, context| {
            context.set_timer(Duration::from_secs(1));
            Response::text("set\n")
        })
        .timer(move |context| {
            context.answer(RANG, b"").expect("short");
            if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                Flow::Continue
            } else {
                second(context)
            }
        });
    (router, rings)
}

fn start(mode: Mode, second: fn(&mut Context<'_>) -> Flow) -> (Rig, Arc<AtomicUsize>) {
    let (router, rings) = router(second);
    let adjust = |config: &mut pelton::Config| config.workers = 1;
    (Rig::with_router(mode, adjust, router), rings)
}

/// Rings once more, a second later.
fn again(context: &mut Context<'_>) -> Flow {
    context.set_timer(Duration::from_secs(1));
    Flow::Continue
}

#[test]
fn it_rings_once_for_each_time_it_is_set_and_never_early() {
    both_at_once(|mode| {
        let (rig, _) = start(mode, again);
        let mut stream = connect(rig.frame);
        for after_ms in [1_u64, 700, 1_500] {
            let begun = Instant::now();
            let set = package(SET, after_ms.to_string().as_bytes());
            stream.write_all(&set).expect("sent");
            assert_eq!(read_package(&mut stream).0, SET);
            assert_eq!(read_package(&mut stream).0, RANG);
            // The server's clock counts whole milliseconds.
            let least = Duration::from_millis(after_ms - 1);
            assert!(begun.elapsed() >= least, "early: {:?}", begun.elapsed());
            if after_ms > 1 {
                // From the second time on it has set itself anew.
                assert_eq!(read_package(&mut stream).0, RANG);
            }
        }
    });
}

#[test]
fn signs_of_life_neither_move_nor_lose_it_and_it_can_be_stopped() {
    both_at_once(|mode| {
        let (rig, rings) = start(mode, |_| Flow::Continue);
        let [mut stopped, mut stream] = [connect(rig.frame), connect(rig.frame)];
        stopped.write_all(&package(SET, b"300")).expect("sent");
        assert_eq!(read_package(&mut stopped).0, SET);
        stopped.write_all(&package(SET, b"0")).expect("sent");
        assert_eq!(read_package(&mut stopped).0, SET);
        stream.write_all(&package(SET, b"2500")).expect("sent");
        assert_eq!(read_package(&mut stream).0, SET);
        let begun = Instant::now();
        loop {
            stream.write_all(&package(HEARTBEAT, b"")).expect("sent");
            let (code, _) = read_package(&mut stream);
            if code == RANG {
                break;
            }
            assert_eq!(code, HEARTBEAT);
            thread::sleep(Duration::from_millis(50));
        }
        assert!(begun.elapsed() >= Duration::from_millis(2_400));
        assert_eq!(
            rings.load(Ordering::Relaxed),
            1,
            "the stopped one is silent"
        );
        stopped.write_all(&package(ECHO, b"still")).expect("sent");
        assert_eq!(read_package(&mut stopped).1, b"still");
    });
}

#[test]
fn it_waits_for_the_call_that_is_under_way() {
    both_at_once(|mode| {
        let (rig, _) = start(mode, again);
        let mut stream = connect(rig.frame);
        let blocks = package(SET_AND_BLOCK, b"1");
        stream.write_all(&blocks).expect("sent");
        assert_eq!(read_package(&mut stream).0, SET_AND_BLOCK);
        assert_eq!(read_package(&mut stream).0, RANG);
    });
}

#[test]
fn it_may_end_the_connection_with_a_last_word() {
    both_at_once(|mode| {
        let (rig, _) = start(mode, |_| Flow::End);
        let mut stream = connect(rig.frame);
        for _ in 0..2 {
            stream.write_all(&package(SET, b"1")).expect("sent");
            assert_eq!(read_package(&mut stream).0, SET);
            assert_eq!(read_package(&mut stream).0, RANG);
        }
        assert_eq!(read_to_end(&mut stream), b"");
        rig.wait_for("it is closed", |rig| rig.closed(CloseReason::Done) == 1);
    });
}

#[test]
fn one_that_panics_ends_its_own_connection_alone() {
    both_at_once(|mode| {
        let (rig, _) = start(mode, |_| panic!("a fault of the application"));
        let [mut bad, mut good] = [connect(rig.frame), connect(rig.frame)];
        for last in [false, true] {
            bad.write_all(&package(SET, b"1")).expect("sent");
            assert_eq!(read_package(&mut bad).0, SET);
            if !last {
                assert_eq!(read_package(&mut bad).0, RANG);
            }
        }
        assert_eq!(
            read_until_cut(&mut bad),
            b"",
            "what it had begun to say is taken back"
        );
        assert_eq!(rig.count(Count::Panics), 1);
        good.write_all(&package(ECHO, b"here")).expect("sent");
        assert_eq!(read_package(&mut good).1, b"here");
    });
}

#[test]
fn over_http_it_says_nothing_unasked() {
    both_at_once(|mode| {
        let (rig, rings) = start(mode, |_| Flow::End);
        let mut stream = connect(rig.http);
        for ring in 1..=2 {
            let request = b"GET /timer HTTP/1.1\r\nHost: a\r\n\r\n";
            stream.write_all(request).expect("sent");
            let answer = read_answer(&mut stream, false);
            assert_eq!((answer.status, &answer.body[..]), (200, &b"set\n"[..]));
            rig.wait_for("it rings", |_| rings.load(Ordering::Relaxed) == ring);
        }
        assert_eq!(read_to_end(&mut stream), b"", "the second time it ends");
    });
}

#[test]
fn it_is_no_sign_of_life() {
    both_at_once(|mode| {
        let (router, _) = router(again);
        let adjust = |config: &mut pelton::Config| {
            config.timeouts.frame_silence = Some(Millis::seconds(4));
        };
        let rig = Rig::with_router(mode, adjust, router);
        let mut stream = connect(rig.frame);
        stream.write_all(&package(SET, b"1")).expect("sent");
        assert_eq!(read_package(&mut stream).0, SET);
        assert_eq!(read_package(&mut stream).0, RANG);
        stream.write_all(&package(SET, b"1")).expect("sent");
        assert_eq!(read_package(&mut stream).0, SET);
        let mut rings = 0;
        let mut ring = vec![0; package(RANG, b"").len()];
        while stream.read_exact(&mut ring).is_ok() {
            rings += 1;
            assert!(rings < 10, "it keeps a silent client alive");
        }
        assert!(rings >= 2, "cut after {rings} rings");
        assert_eq!(rig.closed(CloseReason::Silent), 1);
    });
}
