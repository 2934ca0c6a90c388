//! The binary protocol over real sockets, each case in both modes.

use crate::support::{
    PATIENCE, Rig, both, both_at_once, connect, connect_narrow, package, pattern, read_answer,
    read_package, read_to_end, read_until_cut,
};
use pelton::base::key::Peer;
use pelton::base::tick::Millis;
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::frame::codec;
use pelton::service::{Bad, Group, Router, StaticSite};
use pelton::session::CloseReason;
use std::collections::HashMap;
use std::io::{BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const ECHO: u16 = 1;
/// Its handler finds every package bad.
const ALWAYS_BAD: u16 = 7;
/// No handler is for it.
const UNKNOWN: u16 = 9;
const BODY_BYTES_MAX: usize = 30_000 - 8;

fn router() -> Router {
    Router::new()
        .message(ALWAYS_BAD, |_, _| Err(Bad))
        .site(StaticSite::new(0))
}

fn rig(mode: Mode) -> Rig {
    Rig::with_router(mode, |_| {}, router())
}

fn sent(addr: SocketAddr, input: &[u8]) -> TcpStream {
    let mut stream = connect(addr);
    stream.write_all(input).expect("sent");
    stream
}

/// A package whose CRC is wrong.
fn spoiled(code: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = package(code, body);
    bytes[7] ^= 1;
    bytes
}

// --- what is right -----------------------------------------------------------

/// As much at once as a socket does not take, and more than one buffer holds.
#[test]
fn many_answers_to_one_package_arrive_whole() {
    const MANY: u16 = 8;
    const ANSWERS: usize = 399;
    both(|mode| {
        let body = pattern(65_000);
        let told = body.clone();
        let router = Router::new().message(MANY, move |_, context| {
            for _ in 0..ANSWERS {
                context.answer(MANY, &told)?;
            }
            Ok(())
        });
        let rig = Rig::with_router(mode, |config| config.limits.package_bytes = 65_535, router);
        let mut stream = connect_narrow(rig.frame, 16 << 10);
        stream.write_all(&package(MANY, b"")).expect("sent");
        let mut stream = BufReader::new(stream);
        for _ in 0..ANSWERS {
            assert!(read_package(&mut stream) == (MANY, body.clone()));
        }
    });
}

/// The next package may be on its way: a plain close would reset it, and what was
/// answered before might be lost with that.
#[test]
fn who_sends_on_behind_a_fault_of_ours_reads_the_end_and_no_reset() {
    const PANICS: u16 = 8;
    both(|mode| {
        let router =
            Router::new().message(PANICS, |_, _| -> Result<(), Bad> { panic!("on purpose") });
        let rig = Rig::with_router(mode, |_| {}, router);
        let input = [package(ECHO, b"first"), package(PANICS, b"")].concat();
        let mut stream = sent(rig.frame, &input);
        assert_eq!(read_package(&mut stream), (ECHO, b"first".to_vec()));
        rig.wait_for("it is at its end", |rig| rig.count(Count::Panics) == 1);
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(50));
            stream.write_all(&package(0, b"")).expect("it is taken");
        }
        assert_eq!(read_to_end(&mut stream), b"");
    });
}

#[test]
fn the_examples_of_the_protocol_byte_for_byte() {
    both(|mode| {
        let rig = rig(mode);
        for example in [
            "00 08 00 00 00 00 00 00",
            "00 0d 00 01 36 10 a6 86 68 65 6c 6c 6f",
            "00 18 00 01 ce ce e2 88 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
            "00 16 00 01 29 3a 8d 9a 68 c3 a9 6c 6c 6f 2c 20 e4 b8 96 e7 95 8c",
        ] {
            let byte = |hex| u8::from_str_radix(hex, 16).expect("hex");
            let bytes: Vec<u8> = example.split(' ').map(byte).collect();
            for addr in [rig.frame, rig.auto] {
                let mut stream = sent(addr, &bytes);
                stream.shutdown(Shutdown::Write).expect("half-closed");
                assert_eq!(read_to_end(&mut stream), bytes, "{example}");
            }
        }
    });
}

#[test]
fn every_size_comes_back_however_it_is_cut() {
    both(|mode| {
        let rig = rig(mode);
        let mut stream = connect(rig.frame);
        for len in [
            0,
            1,
            7,
            8,
            9,
            100,
            4_087,
            4_088,
            4_089,
            16_384,
            29_991,
            BODY_BYTES_MAX,
        ] {
            let body = pattern(len);
            let bytes = package(ECHO, &body);
            for piece in [
                bytes.len(),
                bytes.len().div_ceil(2),
                bytes.len().div_ceil(9),
            ] {
                for part in bytes.chunks(piece) {
                    stream.write_all(part).expect("sent");
                }
                assert!(
                    read_package(&mut stream) == (ECHO, body.clone()),
                    "{len} by {piece}"
                );
            }
        }
        for byte in package(ECHO, b"slowly") {
            stream.write_all(&[byte]).expect("sent");
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(read_package(&mut stream), (ECHO, b"slowly".to_vec()));
    });
}

#[test]
fn five_hundred_packages_in_one_write_are_a_good_client() {
    both(|mode| {
        let rig = rig(mode);
        for len in [0, 100, 4_000] {
            let input: Vec<u8> = (0..500_u16)
                .flat_map(|number| {
                    package(ECHO, &[&number.to_be_bytes()[..], &pattern(len)].concat())
                })
                .collect();
            let stream = connect(rig.frame);
            let mut writer = stream.try_clone().expect("a second handle");
            let sending = thread::spawn(move || writer.write_all(&input));
            thread::sleep(Duration::from_millis(100));
            let mut reader = BufReader::new(stream);
            for number in 0..500_u16 {
                let (_, body) = read_package(&mut reader);
                assert_eq!(body[..2], number.to_be_bytes(), "in order");
                assert_eq!(body.len(), 2 + len);
            }
            sending.join().expect("no panic").expect("all sent");
        }
        assert_eq!(rig.closed(CloseReason::QueueFull), 0);
    });
}

// --- what is wrong -------------------------------------------------------------

/// Sends `input`, checks that exactly `output` comes before the end, and that
/// the end is counted as `reason`.
fn ends(rig: &Rig, case: &str, input: &[u8], output: &[u8], reason: CloseReason) {
    let before = rig.closed(reason);
    let mut stream = sent(rig.frame, input);
    if matches!(reason, CloseReason::PeerClosed | CloseReason::Truncated) {
        stream.shutdown(Shutdown::Write).expect("half-closed");
    }
    assert_eq!(read_to_end(&mut stream), output, "{case}");
    drop(stream);
    rig.wait_for(case, |rig| rig.closed(reason) == before + 1);
}

#[test]
fn a_length_out_of_bounds_ends_the_connection() {
    both(|mode| {
        let rig = rig(mode);
        let good = [package(ECHO, b"before"), package(0, b"")].concat();
        for len in (0..8).chain([30_001, 65_535]) {
            let head = [&u16::to_be_bytes(len)[..], &[0, 1, 0, 0, 0, 0]].concat();
            let case = format!("len {len}");
            ends(&rig, &case, &head, b"", CloseReason::BadLength);
            let behind = [good.clone(), head, good.clone()].concat();
            ends(&rig, &case, &behind, &good, CloseReason::BadLength);
        }
    });
}

/// What becomes of packages, by the rules: the answers, how many are bad, how
/// many are unknown, and why the connection ends.
fn by_the_rules(letters: &str) -> (Vec<u8>, u64, u64, CloseReason) {
    let (mut output, mut bad, mut unknown) = (Vec::new(), 0, 0);
    for (number, letter) in letters.chars().enumerate() {
        match letter {
            'e' => output.extend(package(ECHO, &[number as u8])),
            'b' => output.extend(package(0, b"")),
            'u' => unknown += 1,
            _ => bad += 1,
        }
        if bad == 3 {
            return (output, bad, unknown, CloseReason::BadPackages);
        }
    }
    (output, bad, unknown, CloseReason::PeerClosed)
}

fn as_packages(letters: &str) -> Vec<u8> {
    let one = |(number, letter): (usize, char)| match letter {
        'e' => package(ECHO, &[number as u8]),
        'b' => package(0, b""),
        'u' => package(UNKNOWN, b"?"),
        'h' => package(ALWAYS_BAD, b"bad by its handler"),
        'c' => spoiled(ECHO, b"bad by its CRC"),
        'n' => spoiled(ECHO, b""),
        _ => package(0, b"a heartbeat with a body"),
    };
    letters.chars().enumerate().flat_map(one).collect()
}

#[test]
fn the_third_bad_package_closes_and_those_before_are_answered() {
    both(|mode| {
        let rig = rig(mode);
        let mut cases: Vec<String> = [
            "ceeceec",
            "ecececeee",
            "eBeBeBe",
            "enenene",
            "hhhe",
            "hhhb",
            "ehehehe",
            "hhcb",
            "hchb",
            "chhb",
            "cchb",
            "cche",
            "hcceb",
            "ehbcube",
            "hhbeub",
            "eceBe",
            "uuuuuue",
            "eubhubc",
            "bbbcbbbhbbbBbbb",
            "hhhhccc",
            "cchhhh",
        ]
        .map(String::from)
        .to_vec();
        // And some that nobody thought of, always the same ones.
        let mut seed = 1_u64;
        for _ in 0..60 {
            let mut letter = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b"eebuhcnB"[(seed >> 60) as usize & 7])
            };
            cases.push((0..12).map(|_| letter()).collect());
        }
        for case in cases {
            let (output, bad, unknown, reason) = by_the_rules(&case);
            let counts = |rig: &Rig| (rig.count(Count::BadPackages), rig.count(Count::Unhandled));
            let before = counts(&rig);
            ends(&rig, &case, &as_packages(&case), &output, reason);
            assert_eq!(counts(&rig), (before.0 + bad, before.1 + unknown), "{case}");
        }
    });
}

#[test]
fn bad_packages_are_counted_across_writes() {
    both(|mode| {
        let rig = rig(mode);
        let mut stream = connect(rig.frame);
        for letter in ["h", "c"] {
            stream.write_all(&as_packages(letter)).expect("sent");
            stream.write_all(&package(ECHO, b"good")).expect("sent");
            assert_eq!(read_package(&mut stream).1, b"good");
        }
        stream.write_all(&as_packages("h")).expect("sent");
        assert!(read_to_end(&mut stream).is_empty());
    });
}

#[test]
fn an_end_in_the_middle_of_a_package_hands_nothing_on() {
    both(|mode| {
        let rig = rig(mode);
        let whole = package(ECHO, &pattern(5_000));
        for cut in [1, 2, 7, 8, 9, 4_000, whole.len() - 1] {
            for before in [&b""[..], &package(ECHO, b"before")] {
                let input = [before, &whole[..cut]].concat();
                ends(
                    &rig,
                    &format!("cut at {cut}"),
                    &input,
                    before,
                    CloseReason::Truncated,
                );
            }
        }
    });
}

// --- clients that do not read ----------------------------------------------------

/// Writes packages, and never reads, until the server has had enough. Returns
/// the most buffer memory that was seen meanwhile.
fn flood(rig: &Rig, body: &[u8]) -> usize {
    let mut stream = connect_narrow(rig.frame, 16 << 10);
    stream
        .set_write_timeout(Some(Duration::from_millis(100)))
        .expect("a timeout");
    let input = package(ECHO, body).repeat(60_000_usize.div_ceil(body.len() + 8));
    let (start, mut at, mut most) = (Instant::now(), 0, 0);
    loop {
        assert!(start.elapsed() < PATIENCE, "the server goes on for ever");
        most = most.max(rig.handle.buffer_bytes());
        match stream.write(&input[at..]) {
            Ok(count) => at = (at + count) % input.len(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return most,
        }
    }
}

#[test]
fn a_client_that_does_not_read_is_dropped_at_the_limit_or_in_time() {
    both_at_once(|mode| {
        let short = |config: &mut Config| {
            config.timeouts.progress = Some(Millis::seconds(1));
        };
        for (len, reason) in [
            (0, CloseReason::QueueFull),
            (20_000, CloseReason::SlowReader),
        ] {
            let rig = Rig::with_router(mode, short, router());
            let most = flood(&rig, &pattern(len));
            assert!(most < 4 << 20, "{most} bytes of buffers");
            rig.wait_for("it is counted", |rig| rig.closed(reason) == 1);
            let mut other = sent(rig.frame, &package(ECHO, b"others"));
            assert_eq!(read_package(&mut other).1, b"others");
        }
    });
}

#[test]
fn without_buffer_memory_packages_wait_where_they_are() {
    both(|mode| {
        let adjust = |config: &mut Config| {
            config.workers = 1;
            config.limits.buffer_bytes = 256 << 10;
        };
        let rig = Rig::with_router(mode, adjust, router());
        let bytes = package(ECHO, &pattern(BODY_BYTES_MAX));
        let (front, back) = bytes.split_at(15_000);
        let mut clients: Vec<TcpStream> = (0..8).map(|_| sent(rig.frame, front)).collect();
        rig.wait_for("they are there", |rig| rig.count(Count::Accepted) == 8);
        thread::sleep(Duration::from_millis(100));
        assert!(rig.handle.buffer_bytes() <= 256 << 10);
        for client in &mut clients {
            client.write_all(back).expect("sent");
        }
        let answered = clients
            .iter_mut()
            .filter_map(|client| {
                client.shutdown(Shutdown::Write).ok();
                let output = read_until_cut(client);
                assert!(output.is_empty() || output == bytes);
                (!output.is_empty()).then_some(())
            })
            .count() as u64;
        // In proactor mode a package needs memory twice, and may be let go.
        let let_go = 8 - answered;
        rig.wait_for("they are counted", |rig| {
            rig.closed(CloseReason::NoMemory) == let_go
        });
        assert!(mode == Mode::Proactor || let_go == 0, "{let_go} let go");
        let mut other = sent(rig.frame, &bytes);
        assert!(
            read_package(&mut other).1 == pattern(BODY_BYTES_MAX),
            "and then goes on"
        );
    });
}

// --- silence ---------------------------------------------------------------------

#[test]
fn silence_closes_and_heartbeats_keep_alive() {
    both_at_once(|mode| {
        let short = |config: &mut Config| {
            config.timeouts.frame_silence = Some(Millis::seconds(1));
            config.timeouts.http_head = Some(Millis::seconds(1));
        };
        let rig = Rig::with_router(mode, short, router());
        let mut silent = connect(rig.frame);
        let mut undecided = connect(rig.auto);
        // Bytes are no sign of life: whole packages are.
        let mut dripping = sent(rig.frame, &package(ECHO, &pattern(100))[..50]);
        let mut beating = connect(rig.frame);
        for _ in 0..12 {
            beating.write_all(&package(0, b"")).expect("sent");
            assert_eq!(read_package(&mut beating), (0, Vec::new()));
            let _ = dripping.write_all(b"x"); // it may be cut already
            thread::sleep(Duration::from_millis(250));
        }
        rig.wait_for("the silent ones are gone", |rig| rig.live() == 1);
        assert_eq!(rig.closed(CloseReason::Silent), 2);
        assert!(read_to_end(&mut silent).is_empty());
        assert!(read_to_end(&mut undecided).is_empty());
        assert!(read_until_cut(&mut dripping).is_empty());
    });
}

// --- one port for both --------------------------------------------------------------

#[test]
fn an_auto_port_tells_the_protocols_apart() {
    both(|mode| {
        let rig = rig(mode);
        let http = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
        let after_line = [&b"\r\n"[..], &http].concat();
        let frame = package(ECHO, b"hello");
        for pause in [0, 2] {
            let slowly = |input: &[u8]| {
                let mut stream = connect(rig.auto);
                for part in input.chunks(if pause == 0 { input.len() } else { 1 }) {
                    stream.write_all(part).expect("sent");
                    thread::sleep(Duration::from_millis(pause));
                }
                stream
            };
            for input in [&http, &after_line] {
                let mut stream = slowly(input);
                assert_eq!(read_answer(&mut stream, false).body, pattern(1024));
                stream.write_all(&http).expect("sent");
                assert_eq!(
                    read_answer(&mut stream, false).status,
                    200,
                    "and it stays so"
                );
            }
            let mut stream = slowly(&frame);
            assert_eq!(read_package(&mut stream), (ECHO, b"hello".to_vec()));
            stream
                .write_all(&package(0x2000, b"decided"))
                .expect("sent");
            stream.write_all(&frame).expect("sent");
            assert_eq!(read_package(&mut stream), (ECHO, b"hello".to_vec()));
        }
        rig.wait_for("the unknown ones are counted", |rig| {
            rig.count(Count::Unhandled) == 2
        });
    });
}

// --- letters to others ----------------------------------------------------------------

/// Registers the sender under the number in the body.
const REGISTER: u16 = 100;
/// Sends the body to the peer whose number is its first byte.
const SEND: u16 = 101;
const JOIN: u16 = 102;
/// Sends the body to the group.
const TELL_ALL: u16 = 103;

fn post_office() -> Router {
    let peers: Arc<Mutex<HashMap<u8, Peer>>> = Arc::default();
    let known = peers.clone();
    let group: Arc<Group> = Arc::default();
    let (joined, left) = (group.clone(), group.clone());
    Router::new()
        .message(REGISTER, move |package, context| {
            peers
                .lock()
                .expect("no panic")
                .insert(package.body[0], context.peer);
            context.answer(REGISTER, package.body).map_err(|_| Bad)
        })
        .message(SEND, move |package, context| {
            let to = known
                .lock()
                .expect("no panic")
                .get(&package.body[0])
                .copied();
            context
                .send(to.ok_or(Bad)?, SEND, package.body)
                .map_err(|_| Bad)
        })
        .message(JOIN, move |package, context| {
            joined.join(context.peer);
            context.answer(JOIN, package.body).map_err(|_| Bad)
        })
        .message(TELL_ALL, move |package, context| {
            context
                .broadcast(&group, TELL_ALL, package.body)
                .map_err(|_| Bad)
        })
        .closed(move |_, context| {
            left.leave(context.peer);
        })
}

/// A client that has said `code` with `number`, and has been heard.
fn introduced(stream: TcpStream, code: u16, number: u8) -> TcpStream {
    let mut stream = stream;
    stream.write_all(&package(code, &[number])).expect("sent");
    assert_eq!(read_package(&mut stream), (code, vec![number]));
    stream
}

#[test]
fn letters_reach_peers_of_all_workers_in_the_order_of_their_sender() {
    const CLIENTS: u8 = 16;
    const EACH: u16 = 40;
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, post_office());
        let clients: Vec<TcpStream> = (0..CLIENTS)
            .map(|number| introduced(connect(rig.frame), REGISTER, number))
            .collect();
        let spread: Vec<u64> = rig
            .handle
            .tallies()
            .iter()
            .map(|tally| tally.live())
            .collect();
        assert!(
            spread.iter().all(|&live| live > 0),
            "one in 65,536 times: {spread:?}"
        );
        thread::scope(|scope| {
            for (from, stream) in (0..CLIENTS).zip(&clients) {
                scope.spawn(move || post_to_all(stream, from, CLIENTS, EACH));
                scope.spawn(move || read_from_all(stream, from, CLIENTS, EACH));
            }
        });
        let letters = u64::from(CLIENTS) * u64::from(CLIENTS) * u64::from(EACH);
        assert_eq!(
            (rig.count(Count::Letters), rig.count(Count::LettersLost)),
            (letters, 0)
        );
    });
}

fn post_to_all(mut stream: &TcpStream, from: u8, clients: u8, each: u16) {
    for number in 0..each {
        let letter = |to| package(SEND, &[&[to, from][..], &number.to_be_bytes()].concat());
        let batch: Vec<u8> = (0..clients).flat_map(letter).collect();
        stream.write_all(&batch).expect("sent");
    }
}

fn read_from_all(stream: &TcpStream, to: u8, clients: u8, each: u16) {
    let mut next = vec![0; usize::from(clients)];
    let mut reader = BufReader::new(stream);
    for _ in 0..usize::from(clients) * usize::from(each) {
        let (code, body) = read_package(&mut reader);
        let number = u16::from_be_bytes([body[2], body[3]]);
        let from = usize::from(body[1]);
        assert_eq!(
            (code, body[0], number),
            (SEND, to, next[from]),
            "from {from}"
        );
        next[from] += 1;
    }
}

#[test]
fn a_letter_to_a_peer_that_is_gone_is_lost_and_counted() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, post_office());
        let gone = introduced(connect(rig.frame), REGISTER, 1);
        let mut sender = introduced(connect(rig.frame), REGISTER, 2);
        drop(gone);
        rig.wait_for("it is gone", |rig| rig.live() == 1);
        // Whoever has its slot now gets nothing of it.
        let mut other = introduced(connect(rig.frame), REGISTER, 3);
        sender.write_all(&package(SEND, &[1, 0])).expect("sent");
        rig.wait_for("it is lost", |rig| rig.count(Count::LettersLost) == 1);
        sender.write_all(&package(SEND, &[3, 0])).expect("sent");
        assert_eq!(read_package(&mut other), (SEND, vec![3, 0]));
    });
}

#[test]
fn a_letter_goes_out_even_if_its_sender_goes_at_once() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, post_office());
        let mut receiver = introduced(connect(rig.frame), REGISTER, 1);
        for number in 0..50 {
            let sender = sent(rig.frame, &package(SEND, &[1, number]));
            sender.shutdown(Shutdown::Write).expect("half-closed");
            assert_eq!(read_package(&mut receiver), (SEND, vec![1, number]));
        }
    });
}

#[test]
fn a_slow_member_is_dropped_and_holds_nobody_up() {
    both_at_once(|mode| {
        let rig = Rig::with_router(mode, |_| {}, post_office());
        let slow = introduced(connect_narrow(rig.frame, 16 << 10), JOIN, 0);
        let mut members: Vec<TcpStream> = (1..5)
            .map(|number| introduced(connect(rig.frame), JOIN, number))
            .collect();
        let body = pattern(BODY_BYTES_MAX);
        let tell = package(TELL_ALL, &body);
        let mut rounds = 0;
        while rig.closed(CloseReason::QueueFull) == 0 {
            let start = Instant::now();
            members[0].write_all(&tell).expect("sent");
            for member in &mut members {
                assert!(read_package(member) == (TELL_ALL, body.clone()));
            }
            assert!(start.elapsed() < Duration::from_secs(30), "held up");
            rounds += 1;
            assert!(rounds < 3_000, "the slow one is never dropped");
        }
        assert!(rounds > 400, "that many may wait");
        rig.wait_for("it is gone", |rig| rig.live() == 4);
        drop(slow);
        // What is on its way to it is lost; then it has left the group.
        let mut tell_all = || {
            members[0].write_all(&tell).expect("sent");
            for member in &mut members {
                assert!(read_package(member) == (TELL_ALL, body.clone()));
            }
            rig.count(Count::LettersLost)
        };
        let lost = (tell_all(), tell_all(), tell_all());
        assert_eq!(lost.1, lost.2, "it is told no more");
    });
}

#[test]
fn the_crc_is_that_of_zlib() {
    assert_eq!(
        (codec::crc(b""), codec::crc(b"123456789")),
        (0, 0xcbf4_3926)
    );
}
