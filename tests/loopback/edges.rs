//! Where event loops hang, leak or lie: ends and resets at awkward times,
//! clients that do not read, answers that come late. Each case in both modes.

use crate::support::{
    PATIENCE, Rig, both, both_at_once, connect, connect_narrow, get, package, pattern, read_answer,
    read_package, read_to_end, read_until_cut, reset,
};
use pelton::base::tick::Millis;
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::service::{Bad, Response, Router, StaticSite};
use pelton::session::CloseReason;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const ECHO: u16 = 1;
const GET_SMALL: &str = "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";

fn router() -> Router {
    Router::new()
        .http("POST", "/echo", |request, _| {
            Response::new("application/octet-stream", request.body.to_vec())
        })
        .http("GET", "/slow", |_, _| {
            thread::sleep(Duration::from_millis(30));
            Response::text("slow\n")
        })
        .site(StaticSite::new(0))
}

/// One worker, so that a slot is soon reused and a loop that hangs is felt.
fn one_worker(config: &mut Config) {
    config.workers = 1;
}

/// The same with short times.
fn hurried(config: &mut Config) {
    one_worker(config);
    config.timeouts.progress = Some(Millis::seconds(1));
    config.timeouts.http_head = Some(Millis::seconds(1));
    config.timeouts.http_idle = Some(Millis::seconds(1));
}

fn sent(addr: SocketAddr, input: &[u8]) -> TcpStream {
    let mut stream = connect(addr);
    stream.write_all(input).expect("sent");
    stream
}

/// Somebody else's request is answered, and soon.
fn others_are_served(rig: &Rig) {
    let start = Instant::now();
    assert_eq!(get(rig.http, "/small.txt", "").body, pattern(1024));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "held up: {:?}",
        start.elapsed()
    );
}

// --- ends ------------------------------------------------------------------------

#[test]
fn data_and_fin_at_once_are_answered_in_full() {
    both(|mode| {
        let rig = Rig::with_router(mode, one_worker, router());
        let requests = GET_SMALL.repeat(5).into_bytes();
        let packages = package(ECHO, &pattern(1_000)).repeat(5);
        for _ in 0..40 {
            for addr in [rig.http, rig.auto] {
                let mut stream = sent(addr, &requests);
                stream.shutdown(Shutdown::Write).expect("half-closed");
                let output = read_to_end(&mut stream);
                assert_eq!(output.len() % 5, 0);
                assert!(output.len() > 5 * 1024 && output.ends_with(&pattern(1024)));
            }
            for addr in [rig.frame, rig.auto] {
                let mut stream = sent(addr, &packages);
                stream.shutdown(Shutdown::Write).expect("half-closed");
                assert!(read_to_end(&mut stream) == packages);
            }
        }
        rig.wait_for("all are gone", |rig| rig.live() == 0);
        assert_eq!(rig.closed(CloseReason::PeerClosed), 160);
    });
}

#[test]
fn a_half_closed_client_may_read_slowly() {
    // All of it takes longer than the deadline, no part of it nearly as long.
    let adjust = |config: &mut Config| {
        one_worker(config);
        config.timeouts.progress = Some(Millis::seconds(3));
    };
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, adjust, router());
        let mut stream = connect_narrow(rig.http, 32 << 10);
        let request = "GET /huge.bin HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
        stream.write_all(request.as_bytes()).expect("sent");
        stream.shutdown(Shutdown::Write).expect("half-closed");
        for _ in 0..2 {
            let body = read_answer(&mut Slowly(&mut stream), false).body;
            assert!(body == pattern(6 << 20));
        }
        assert!(read_to_end(&mut stream).is_empty());
    });
}

/// Reads little by little once it is asked for much.
struct Slowly<'a>(&'a mut TcpStream);

impl Read for Slowly<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let some = room.len().min(64 << 10);
        if some > 1 {
            thread::sleep(Duration::from_millis(15));
        }
        self.0.read(&mut room[..some])
    }
}

#[test]
fn resets_at_any_time_leave_nothing_behind() {
    both(|mode| {
        let gone = Arc::new(AtomicU64::new(0));
        let told = gone.clone();
        let router = router().closed(move |_, _| {
            told.fetch_add(1, Ordering::SeqCst);
        });
        let rig = Rig::with_router(mode, one_worker, router);
        let many =
            |target: &str, count| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(count);
        let body = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nhalf".to_owned();
        let slow = many("/slow", 2) + &many("/large.bin", 3);
        let requests = [
            "GET / HTT".to_owned(),
            body,
            many("/huge.bin", 1),
            many("/large.bin", 60),
            many("/small.txt", 600),
            slow,
            "GET / HTTP/7.7\r\n\r\n".to_owned(),
        ];
        let mut clients = 0;
        for pause in [0, 1, 3, 10, 20] {
            for _ in 0..3 {
                for input in &requests {
                    cut_off(rig.http, input.as_bytes(), pause);
                }
                cut_off(rig.frame, &package(ECHO, &pattern(9_000))[..4_000], pause);
                cut_off(rig.frame, &package(ECHO, &pattern(9_000)).repeat(30), pause);
                clients += requests.len() as u64 + 2;
            }
        }
        rig.wait_for("all are gone", |rig| rig.live() == 0);
        // The reset may come before the connection is taken: then the count
        // is lower, but all that were taken are reported, once each.
        let accepted = rig.count(Count::Accepted);
        assert!(accepted <= clients);
        rig.wait_for("the service has heard", |_| {
            gone.load(Ordering::SeqCst) == accepted
        });
        others_are_served(&rig);
        assert!(rig.handle.buffer_bytes() < 8 << 20);
    });
}

/// Sends, waits a moment, reads a little or nothing, and resets.
fn cut_off(addr: SocketAddr, input: &[u8], pause: u64) {
    let mut stream = connect_narrow(addr, 32 << 10);
    stream.write_all(input).expect("sent");
    thread::sleep(Duration::from_millis(pause));
    if pause % 2 == 1 {
        stream.set_nonblocking(true).expect("no wait");
        let _ = stream.read(&mut [0; 4096]);
    }
    reset(stream);
}

// --- clients that do not read ---------------------------------------------------------

/// Writes `input` without reading until the server takes no more, then reads
/// while the rest is written. `check` reads all answers.
fn stall_then_read(addr: SocketAddr, input: &[u8], check: impl FnOnce(&mut BufReader<TcpStream>)) {
    let stream = connect_narrow(addr, 32 << 10);
    let mut writer = stream.try_clone().expect("a second handle");
    writer
        .set_write_timeout(Some(Duration::from_millis(300)))
        .expect("a timeout");
    let mut at = 0;
    while at < input.len()
        && let Ok(count) = writer.write(&input[at..])
    {
        at += count;
    }
    writer.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    thread::scope(|scope| {
        scope.spawn(|| writer.write_all(&input[at..]).expect("all sent in the end"));
        check(&mut BufReader::with_capacity(1 << 16, stream));
    });
}

#[test]
fn a_paused_connection_goes_on_where_it_stopped() {
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, one_worker, router());
        let each = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
        let requests: Vec<u8> = (0..6_000_u32)
            .flat_map(|number| {
                [each.as_bytes(), &number.to_be_bytes(), GET_SMALL.as_bytes()].concat()
            })
            .collect();
        stall_then_read(rig.http, &requests, |reader| {
            for number in 0..6_000_u32 {
                assert_eq!(read_answer(reader, false).body, number.to_be_bytes());
                assert!(read_answer(reader, false).body == pattern(1024), "{number}");
            }
        });
        let packages: Vec<u8> = (0..2_000_u32)
            .flat_map(|number| {
                package(ECHO, &[&number.to_be_bytes()[..], &pattern(4_000)].concat())
            })
            .collect();
        stall_then_read(rig.frame, &packages, |reader| {
            for number in 0..2_000_u32 {
                assert_eq!(read_package(reader).1[..4], number.to_be_bytes());
            }
        });
    });
}

#[test]
fn who_stops_reading_is_dropped_and_holds_nobody_up() {
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, hurried, router());
        let huge = "GET /huge.bin HTTP/1.1\r\nHost: a\r\n\r\n".repeat(50);
        let large = "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200);
        let mut stuck: Vec<TcpStream> = [
            (rig.http, huge.into_bytes()),
            (rig.http, large.into_bytes()),
            (rig.frame, package(ECHO, &pattern(20_000)).repeat(10)),
        ]
        .into_iter()
        .map(|(addr, input)| {
            let mut stream = connect_narrow(addr, 16 << 10);
            stream.write_all(&input).expect("sent");
            stream
        })
        .collect();
        // The frame client goes on until nothing is taken any more, and then
        // with heartbeats: they are no excuse for not reading.
        let beating = stuck.last_mut().expect("three");
        beating.set_nonblocking(true).expect("no wait");
        let echo = package(ECHO, &pattern(20_000));
        let (start, mut most) = (Instant::now(), 0);
        while rig.closed(CloseReason::SlowReader) < 3 {
            assert!(start.elapsed() < PATIENCE, "they are never dropped");
            let _ = beating.write(&echo);
            let _ = beating.write(&package(0, b""));
            others_are_served(&rig);
            most = most.max(rig.handle.buffer_bytes());
            thread::sleep(Duration::from_millis(2));
        }
        assert!(most < 4 << 20, "{most} bytes of buffers");
        rig.wait_for("only we are left", |rig| rig.live() == 0);
    });
}

// --- deadlines --------------------------------------------------------------------------

/// Sends `pieces`, one every `pause`, until the server has had enough or all
/// are sent. Returns what came back, and after how long.
fn drip(rig: &Rig, start: &str, pieces: usize, piece: &[u8], pause: u64) -> (String, Duration) {
    let mut stream = sent(rig.http, start.as_bytes());
    let mut writer = stream.try_clone().expect("a second handle");
    let piece = piece.to_vec();
    let begin = Instant::now();
    let sending = thread::spawn(move || {
        for _ in 0..pieces {
            thread::sleep(Duration::from_millis(pause));
            if writer.write_all(&piece).is_err() {
                break;
            }
        }
    });
    let output = read_until_cut(&mut stream);
    let taken = begin.elapsed();
    drop(stream);
    sending.join().expect("no panic");
    (String::from_utf8_lossy(&output).into_owned(), taken)
}

#[test]
fn what_does_not_come_in_time_is_cut_in_time() {
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, hurried, router());
        let post = |target: &str, len: usize| {
            format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n")
        };
        let drips = post("/echo", 5_000);
        let nothing = post("/echo", 5) + "1";
        let cases = [
            ("a head in drips", "GET /", 100, "x", Some("408")),
            ("half a head", "GET / HTTP/1.1\r\nHo", 0, "", Some("408")),
            ("a body in drips", &drips, 100, "0123456789", Some("408")),
            ("a body that stops", &nothing, 0, "", Some("408")),
            (
                "a body that nobody takes",
                &post("/small.txt", 5_000),
                100,
                "x",
                Some("405"),
            ),
            ("silence", "", 0, "", None),
            ("silence behind a request", GET_SMALL, 0, "", Some("200")),
        ];
        thread::scope(|scope| {
            for (case, start, pieces, piece, expected) in cases {
                let rig = &rig;
                scope.spawn(move || {
                    let (output, taken) = drip(rig, start, pieces, piece.as_bytes(), 100);
                    let times = output.matches("HTTP/1.1 ").count();
                    assert_eq!(times, usize::from(expected.is_some()), "{case}: {output}");
                    assert_eq!(output.get(9..12), expected, "{case}");
                    // One second, a tick, and for the drained body a linger.
                    let (least, most) = (Duration::from_millis(900), Duration::from_secs(6));
                    assert!(taken >= least && taken < most, "{case}: {taken:?}");
                });
            }
        });
        rig.wait_for("all are gone", |rig| rig.live() == 0);
    });
}

#[test]
fn a_body_that_moves_on_is_not_cut() {
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, hurried, router());
        let start = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 12000\r\n\
                     Connection: close\r\n\r\n";
        let (output, taken) = drip(&rig, start, 8, &[b'x'; 1_500], 500);
        assert!(
            output.starts_with("HTTP/1.1 200 ") && output.ends_with('x'),
            "{output}"
        );
        assert!(taken > Duration::from_secs(3));
    });
}

// --- answers that come late ---------------------------------------------------------------

/// Holds a handler up: tells when it has begun, and lets it go on. When this
/// is dropped nothing is held up any more.
struct Latch {
    begun: Receiver<()>,
    open: Sender<()>,
}

/// A latch, and what the handler has to call.
fn latch() -> (Latch, impl Fn() + Send + Sync + 'static) {
    let (begins, begun) = channel();
    let (open, gate) = channel();
    let gate = Mutex::new(gate);
    let wait = move || {
        let _ = begins.send(());
        let _ = gate.lock().expect("no panic").recv();
    };
    (Latch { begun, open }, wait)
}

/// A server of one worker where `/late` waits for the latch.
fn with_latch(mode: Mode, adjust: impl FnOnce(&mut Config)) -> (Rig, Latch) {
    let (latch, wait) = latch();
    let router = router().http("GET", "/late", move |_, _| {
        wait();
        Response::text("late\n")
    });
    (Rig::with_router(mode, adjust, router), latch)
}

impl Latch {
    fn begun(&self) {
        self.begun
            .recv_timeout(PATIENCE)
            .expect("the handler begins");
    }

    fn open(&self) {
        self.open.send(()).expect("the handler waits");
    }
}

const GET_LATE: &[u8] = b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn an_answer_that_comes_late_goes_to_nobody_else() {
    let mode = Mode::Proactor; // in reactor mode the handler holds the loop
    let (rig, latch) = with_latch(mode, one_worker);
    for round in 0..20 {
        let first = sent(rig.http, GET_LATE);
        latch.begun();
        reset(first);
        rig.wait_for("it is gone", |rig| rig.live() == 0);
        // The slot has a new owner, who waits for a job of its own.
        let mut second = sent(rig.http, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        if round % 2 == 0 {
            assert_eq!(read_answer(&mut second, false).body, b"slow\n");
            latch.open();
        } else {
            latch.open();
            assert_eq!(read_answer(&mut second, false).body, b"slow\n");
        }
        for _ in 0..5 {
            second.write_all(GET_SMALL.as_bytes()).expect("sent");
            assert!(
                read_answer(&mut second, false).body == pattern(1024),
                "{round}"
            );
        }
        second.shutdown(Shutdown::Write).expect("half-closed");
        assert!(read_to_end(&mut second).is_empty(), "nothing else came");
        rig.wait_for("it is gone", |rig| rig.live() == 0);
    }
}

#[test]
fn what_a_handler_wrote_to_others_goes_out_even_if_its_client_is_gone() {
    const REGISTER: u16 = 7;
    const TELL: u16 = 8;
    let mode = Mode::Proactor; // in reactor mode the handler holds the loop
    let (latch, wait) = latch();
    let registered = Arc::new(Mutex::new(None));
    let known = registered.clone();
    let router = Router::new()
        .message(REGISTER, move |package, context| {
            *registered.lock().expect("no panic") = Some(context.peer);
            context.answer(REGISTER, package.body).map_err(|_| Bad)
        })
        .message(TELL, move |package, context| {
            wait();
            let to = known.lock().expect("no panic").ok_or(Bad)?;
            context.send(to, TELL, package.body).map_err(|_| Bad)
        });
    let rig = Rig::with_router(mode, one_worker, router);
    let latch = latch; // so that it is dropped ahead of the server
    let mut receiver = sent(rig.frame, &package(REGISTER, b""));
    assert_eq!(read_package(&mut receiver).0, REGISTER);
    let sender = sent(rig.frame, &package(TELL, b"a letter"));
    latch.begun();
    reset(sender);
    rig.wait_for("its client is gone", |rig| rig.live() == 1);
    latch.open();
    assert_eq!(read_package(&mut receiver), (TELL, b"a letter".to_vec()));
}

#[test]
fn credits_that_nobody_uses_go_to_the_next_at_once() {
    both_at_once(|mode| {
        let one_credit = |config: &mut Config| {
            one_worker(config);
            config.proactor.queue_len = 1;
        };
        let (rig, latch) = with_latch(mode, one_credit);
        let moment = || thread::sleep(Duration::from_millis(50));
        for resets in [false, true] {
            let mut first = sent(rig.http, GET_LATE);
            latch.begun();
            // These wait for the credit and, when they get it, have no use for
            // it.
            let mut others: Vec<TcpStream> = (0..5).map(|_| sent(rig.http, b"GET / HT")).collect();
            moment();
            let mut last = sent(rig.http, GET_SMALL.as_bytes());
            moment();
            if resets {
                others.drain(..).for_each(reset);
                moment();
            }
            let start = Instant::now();
            latch.open();
            assert_eq!(read_answer(&mut first, false).body, b"late\n");
            assert!(read_answer(&mut last, false).body == pattern(1024));
            assert!(
                start.elapsed() < Duration::from_secs(2),
                "{:?}",
                start.elapsed()
            );
        }
    });
}

// --- everything at once -----------------------------------------------------------------------

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

#[test]
fn fifty_clients_with_whims_get_every_answer() {
    both(|mode| {
        let rig = Rig::with_router(mode, one_worker, router());
        let until = Instant::now() + Duration::from_secs(3);
        thread::scope(|scope| {
            for seed in 0..50 {
                let rig = &rig;
                scope.spawn(move || {
                    let mut dice = Dice(seed);
                    while Instant::now() < until {
                        if dice.below(2) == 0 {
                            http_client(rig, &mut dice);
                        } else {
                            frame_client(rig, &mut dice);
                        }
                    }
                });
            }
        });
        rig.wait_for("all are gone", |rig| rig.live() == 0);
        // What is kept for reuse, and no more.
        assert!(
            rig.handle.buffer_bytes() < 8 << 20,
            "{}",
            rig.handle.buffer_bytes()
        );
        for reason in [
            CloseReason::QueueFull,
            CloseReason::SlowReader,
            CloseReason::BadRequest,
        ] {
            assert_eq!(rig.closed(reason), 0, "{reason:?}");
        }
    });
}

/// Writes `input` in random cuts with random pauses, then half-closes or not.
fn send_with_whims(stream: &TcpStream, input: &[u8], dice: &mut Dice, half_close: bool) {
    let mut writer = stream;
    let mut rest = input;
    while !rest.is_empty() {
        let most = if dice.below(2) == 0 {
            40
        } else {
            rest.len() as u64
        };
        let count = (1 + dice.below(most) as usize).min(rest.len());
        writer.write_all(&rest[..count]).expect("sent");
        rest = &rest[count..];
        if dice.below(4) == 0 {
            thread::sleep(Duration::from_millis(dice.below(4)));
        }
    }
    if half_close {
        stream.shutdown(Shutdown::Write).expect("half-closed");
    }
}

/// What must come back: status, body, and whether it answers a HEAD.
type Expected = (u16, Vec<u8>, bool);

/// A client's requests, and the answers to them.
fn some_requests(dice: &mut Dice) -> (Vec<u8>, Vec<Expected>) {
    let (mut input, mut expected) = (Vec::new(), Vec::new());
    for _ in 0..=dice.below(12) {
        let mut ask = |line: &str, body: &[u8]| {
            let head = format!(
                "{line} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            input.extend_from_slice(head.as_bytes());
            input.extend_from_slice(body);
        };
        expected.push(match dice.below(12) {
            0 => {
                ask("HEAD /huge.bin", b"");
                (200, Vec::new(), true)
            }
            1 => {
                ask("GET /large.bin", b"");
                (200, pattern(300_000), false)
            }
            2 => {
                ask("POST /small.txt", &pattern(dice.below(3_000) as usize));
                (405, Vec::new(), false)
            }
            3..6 => {
                let body = pattern(dice.below(9_000) as usize);
                ask("POST /echo", &body);
                (200, body, false)
            }
            6 => {
                ask("GET /none", b"");
                (404, Vec::new(), false)
            }
            _ => {
                ask("GET /small.txt", b"");
                (200, pattern(1024), false)
            }
        });
    }
    (input, expected)
}

/// Reads while it writes; now and then it loses patience, reads nothing and
/// resets.
fn http_client(rig: &Rig, dice: &mut Dice) {
    let (input, expected) = some_requests(dice);
    let addr = if dice.below(2) == 0 {
        rig.http
    } else {
        rig.auto
    };
    let stream = connect(addr);
    let half_close = dice.below(3) == 0;
    let impatient = dice.below(10) == 0;
    thread::scope(|scope| {
        let stream = &stream;
        scope.spawn(move || {
            if !impatient {
                let mut reader = BufReader::new(stream);
                for (status, body, head) in &expected {
                    let answer = read_answer(&mut reader, *head);
                    assert_eq!(answer.status, *status);
                    assert!(*status != 200 || answer.body == *body);
                }
                if half_close {
                    assert_end(&mut reader);
                }
            }
        });
        send_with_whims(stream, &input, dice, half_close && !impatient);
    });
    if impatient {
        reset(stream);
    }
}

fn frame_client(rig: &Rig, dice: &mut Dice) {
    let bodies: Vec<Vec<u8>> = (0..=dice.below(12))
        .map(|_| {
            let most = if dice.below(4) == 0 { 29_000 } else { 300 };
            pattern(dice.below(most) as usize)
        })
        .collect();
    let input: Vec<u8> = bodies.iter().flat_map(|body| package(ECHO, body)).collect();
    let addr = if dice.below(2) == 0 {
        rig.frame
    } else {
        rig.auto
    };
    let stream = connect(addr);
    let half_close = dice.below(3) == 0;
    thread::scope(|scope| {
        let stream = &stream;
        scope.spawn(move || {
            let mut reader = BufReader::new(stream);
            for body in &bodies {
                assert!(read_package(&mut reader) == (ECHO, body.clone()));
            }
            if half_close {
                assert_end(&mut reader);
            }
        });
        send_with_whims(stream, &input, dice, half_close);
    });
}

fn assert_end(reader: &mut impl Read) {
    let mut rest = Vec::new();
    let end = reader.read_to_end(&mut rest).map_err(|error| error.kind());
    assert!(
        end == Ok(0) || end == Err(ErrorKind::ConnectionReset),
        "{end:?}"
    );
}
