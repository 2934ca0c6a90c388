//! Packages in another framing than the usual one over real sockets, each case
//! in both modes.

use crate::support::{
    PATIENCE, Rig, both, both_at_once, connect, get, package, pattern, read_package, read_to_end,
    read_until_cut,
};
use pelton::base::key::Peer;
use pelton::base::tick::Millis;
use pelton::client::{Client, Settings};
use pelton::config::{Config, Listen, Mode, Protocol};
use pelton::engine::{Count, Server};
use pelton::frame::codec::TooLong;
use pelton::frame::head16::Tag;
use pelton::frame::{Framing, HEAD16, Outline};
use pelton::service::{Group, Router};
use pelton::session::{CloseReason, Flow};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ECHO: u16 = 1;
/// Joins the group.
const JOIN: u16 = 20;
/// Is said to the group.
const SAY: u16 = 21;
/// Answered by six bytes: what the tag holds beside the sequence.
const TAG: u16 = 22;
/// Answered by itself, as what may block is: on the pool in either mode.
const SLOW: u16 = 23;
/// Sets a timer, which says so under this code.
const RING: u16 = 24;
/// No handler is for it.
const UNKNOWN: u16 = 99;
/// Answered by nobody but the test itself.
const LATER: u16 = 25;
/// One framing panics over it.
const UNWRITABLE: u16 = 13;
/// What is said here stays a package of any framing.
const BODY_BYTES: usize = 20_000;

/// The group, the peer that joined last, and who waits for an answer.
#[derive(Clone, Default)]
struct Room {
    group: Arc<Group>,
    last: Arc<Mutex<Option<Peer>>>,
    waiting: Arc<Mutex<Vec<(Peer, u64)>>>,
}

fn router(room: &Room) -> Router {
    let (joins, hears, http) = (room.clone(), room.clone(), room.clone());
    let waiting = room.waiting.clone();
    let slow = Router::new()
        .message(SLOW, |package, context| {
            Ok(context.answer(SLOW, package.body)?)
        })
        .blocking();
    let quick = Router::new()
        .message(JOIN, move |package, context| {
            joins.group.join(context.peer);
            *joins.last.lock().expect("no panic") = Some(context.peer);
            Ok(context.answer(JOIN, package.body)?)
        })
        .message(SAY, move |package, context| {
            Ok(context.broadcast(&hears.group, SAY, package.body)?)
        })
        .message(TAG, |package, context| {
            let tag = Tag::from(package.tag);
            let parts = [tag.version, tag.flag, tag.service];
            let body: Vec<u8> = parts.into_iter().flat_map(u16::to_be_bytes).collect();
            Ok(context.answer(TAG, &body)?)
        })
        .message(LATER, move |package, context| {
            let mut waiting = waiting.lock().expect("no panic");
            waiting.push((context.peer, package.tag));
            Ok(())
        })
        .message(UNWRITABLE, |package, context| {
            Ok(context.answer(UNWRITABLE, package.body)?)
        })
        .message(RING, |_, context| {
            context.set_timer(Duration::from_millis(10));
            Ok(())
        })
        .timer(|context| {
            let fits = context.answer(RING, b"rings");
            fits.map_or(Flow::End, |()| Flow::Continue)
        })
        .http("GET", "/say", move |_, context| {
            let said = context.broadcast(&http.group, SAY, b"from http");
            said.map_or("too long", |()| "said")
        });
    slow.merge(quick)
}

/// The port for frames is in head16; the one for both is in head8, as ever.
fn rig(mode: Mode, room: &Room) -> Rig {
    let adjust = |config: &mut Config| config.listen[1].framing = "head16";
    Rig::with_router(mode, adjust, router(room))
}

fn sequence(sequence: u16) -> u64 {
    Tag {
        sequence,
        ..Tag::default()
    }
    .into()
}

/// A package in head16 as bytes.
fn long(code: u16, tag: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    HEAD16
        .encode(code, tag, body, &mut bytes)
        .expect("short enough");
    bytes
}

/// Reads one package in head16: its code, its tag, its body.
fn read_long(stream: &mut impl Read) -> (u16, u64, Vec<u8>) {
    let mut bytes = vec![0; 16];
    stream.read_exact(&mut bytes).expect("a head");
    let number = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    assert_eq!((number(0), number(14)), (0, 0), "a short one, and reserved");
    let tag = Tag {
        version: number(4),
        flag: number(6),
        service: number(8),
        sequence: number(12),
    };
    let (code, len) = (number(10), usize::from(number(2)));
    let mut body = vec![0; len - 16];
    stream.read_exact(&mut body).expect("a body");
    (code, tag.into(), body)
}

fn joined(stream: &mut TcpStream, long_head: bool) {
    if long_head {
        stream.write_all(&long(JOIN, 0, b"")).expect("sent");
        assert_eq!(read_long(stream), (JOIN, 0, Vec::new()));
    } else {
        stream.write_all(&package(JOIN, b"")).expect("sent");
        assert_eq!(read_package(stream), (JOIN, Vec::new()));
    }
}

// --- what is right -----------------------------------------------------------

#[test]
fn an_example_comes_back_byte_for_byte() {
    both(|mode| {
        let rig = rig(mode, &Room::default());
        let example = b"\0\0\0\x15\x01\x02\x03\x04\x05\x06\0\x01\x09\x0a\0\0hello";
        for piece in [1, 5, 15, 16, 17, 21] {
            let mut stream = connect(rig.frame);
            for part in example.chunks(piece) {
                stream.write_all(part).expect("sent");
            }
            stream.shutdown(Shutdown::Write).expect("half-closed");
            assert_eq!(read_to_end(&mut stream), example, "by {piece}");
        }
    });
}

#[test]
fn every_answer_of_a_batch_has_its_sequence() {
    both(|mode| {
        let rig = rig(mode, &Room::default());
        let code = |number: u16| [ECHO, 0, SLOW, ECHO][usize::from(number % 4)];
        let body = |number: u16| match code(number) {
            0 => Vec::new(),
            _ => pattern(usize::from(number) * 7 % 300),
        };
        let numbers = || (0..500_u16).map(|number| number.wrapping_mul(40_503));
        let batch: Vec<u8> = numbers()
            .flat_map(|number| long(code(number), sequence(number), &body(number)))
            .collect();
        let mut stream = connect(rig.frame);
        stream.write_all(&batch).expect("sent");
        for number in numbers() {
            let answer = read_long(&mut stream);
            assert_eq!(answer, (code(number), sequence(number), body(number)));
        }
    });
}

#[test]
fn handlers_see_what_else_the_head_says() {
    both(|mode| {
        let rig = rig(mode, &Room::default());
        let tag = Tag {
            version: 2,
            flag: 3,
            service: 4,
            sequence: 5,
        };
        let mut stream = connect(rig.frame);
        stream.write_all(&long(TAG, tag.into(), b"")).expect("sent");
        let body = vec![0, 2, 0, 3, 0, 4];
        assert_eq!(read_long(&mut stream), (TAG, tag.into(), body));
        // Where there is none they see zeros.
        let mut stream = connect(rig.auto);
        stream.write_all(&package(TAG, b"")).expect("sent");
        assert_eq!(read_package(&mut stream), (TAG, vec![0; 6]));
    });
}

#[test]
fn what_answers_nothing_has_no_sequence() {
    both_at_once(|mode| {
        let rig = rig(mode, &Room::default());
        let mut stream = connect(rig.frame);
        let both = [long(RING, 7, b""), long(ECHO, 8, b"")].concat();
        stream.write_all(&both).expect("sent");
        assert_eq!(read_long(&mut stream), (ECHO, 8, Vec::new()));
        assert_eq!(read_long(&mut stream), (RING, 0, b"rings".to_vec()));
    });
}

#[test]
fn an_answer_from_elsewhere_has_its_sequence_too() {
    both(|mode| {
        let room = Room::default();
        // Head16 comes second here: the answers are encoded anew on their way.
        let adjust = |config: &mut Config| {
            config.listen[1].framing = "head16";
            config.listen.swap(1, 2);
        };
        let rig = Rig::with_router(mode, adjust, router(&room));
        let mut stream = connect(rig.auto);
        let three = [7, 8, 9].map(|number| long(LATER, sequence(number), b""));
        stream.write_all(&three.concat()).expect("sent");
        let waiting = || room.waiting.lock().expect("no panic");
        rig.wait_for("all are asked", |_| waiting().len() == 3);
        for &(peer, tag) in waiting().iter().rev() {
            rig.handle.answer(peer, tag, LATER, b"now").expect("room");
        }
        for number in [9, 8, 7] {
            let answer = (LATER, sequence(number), b"now".to_vec());
            assert_eq!(read_long(&mut stream), answer);
        }
    });
}

#[test]
fn a_package_without_a_handler_is_dropped_and_counted() {
    both(|mode| {
        let rig = rig(mode, &Room::default());
        let mut stream = connect(rig.frame);
        let both = [long(UNKNOWN, 1, b"what?"), long(ECHO, 2, b"here")].concat();
        stream.write_all(&both).expect("sent");
        assert_eq!(read_long(&mut stream), (ECHO, 2, b"here".to_vec()));
        rig.wait_for("it is counted", |rig| rig.count(Count::Unhandled) == 1);
        assert_eq!(rig.count(Count::Packages), 2);
    });
}

// --- what is wrong -----------------------------------------------------------

#[test]
fn a_length_out_of_its_bounds_closes_after_the_answers() {
    both(|mode| {
        let rig = rig(mode, &Room::default());
        for (number, length) in [0_u32, 15, 30_001, u32::MAX].into_iter().enumerate() {
            let mut input = long(ECHO, 1, b"before");
            input.extend(length.to_be_bytes());
            input.extend([0; 12]);
            let mut stream = connect(rig.frame);
            stream.write_all(&input).expect("sent");
            let output = read_until_cut(&mut stream);
            assert_eq!(output, long(ECHO, 1, b"before"), "{length}");
            drop(stream); // nobody lingers
            let bad = number as u64 + 1;
            rig.wait_for("counted", |rig| rig.closed(CloseReason::BadLength) == bad);
        }
        let longest = pattern(30_000 - 16);
        let mut stream = connect(rig.frame);
        stream.write_all(&long(ECHO, 1, &longest)).expect("sent");
        assert!(read_long(&mut stream) == (ECHO, 1, longest));
        stream.write_all(&long(ECHO, 2, b"")).expect("sent");
        assert_eq!(read_long(&mut stream), (ECHO, 2, Vec::new()));
    });
}

#[test]
fn the_third_heartbeat_with_a_body_closes() {
    both(|mode| {
        let rig = rig(mode, &Room::default());
        let mut stream = connect(rig.frame);
        let bad = long(0, 1, b"x");
        let input = [&bad, &long(0, 2, b""), &bad, &long(ECHO, 3, b""), &bad];
        stream
            .write_all(&input.map(Vec::as_slice).concat())
            .expect("sent");
        let output = read_until_cut(&mut stream);
        assert_eq!(output, [long(0, 2, b""), long(ECHO, 3, b"")].concat());
        rig.wait_for("it is counted", |rig| {
            rig.closed(CloseReason::BadPackages) == 1
        });
        assert_eq!(rig.count(Count::BadPackages), 3);
    });
}

// --- letters -----------------------------------------------------------------

#[test]
fn each_member_of_a_group_gets_it_in_its_own_framing() {
    both(|mode| {
        let room = Room::default();
        let rig = rig(mode, &room);
        let mut longs = [(); 5].map(|()| connect(rig.frame));
        let mut shorts = [(); 5].map(|()| connect(rig.auto));
        longs.iter_mut().for_each(|stream| joined(stream, true));
        shorts.iter_mut().for_each(|stream| joined(stream, false));
        let mut all_hear = |said: &[u8]| {
            for stream in &mut longs {
                assert!(read_long(stream) == (SAY, 0, said.to_vec()));
            }
            for stream in &mut shorts {
                assert!(read_package(stream) == (SAY, said.to_vec()));
            }
        };
        let said = pattern(BODY_BYTES);
        connect(rig.frame)
            .write_all(&long(SAY, 7, &said))
            .expect("sent");
        all_hear(&said);
        let mut speaker = connect(rig.auto);
        speaker.write_all(&package(SAY, &said)).expect("sent");
        all_hear(&said);
        assert_eq!(get(rig.http, "/say", "").body, b"said");
        all_hear(b"from http");
        let handle = &rig.handle;
        handle
            .broadcast(&room.group, SAY, b"from afar")
            .expect("room");
        all_hear(b"from afar");
        let last = room.last.lock().expect("no panic").expect("a peer");
        handle.send(last, SAY, b"to one").expect("room");
        let heard = read_package(&mut shorts[4]);
        assert_eq!(heard, (SAY, b"to one".to_vec()));
        assert_eq!(rig.count(Count::Letters), 41);
    });
}

#[test]
fn what_fits_no_package_of_another_framing_is_lost_there_alone() {
    both(|mode| {
        let room = Room::default();
        let adjust = |config: &mut Config| {
            config.listen[1].framing = "head16";
            config.limits.package_bytes = 65_535;
        };
        let rig = Rig::with_router(mode, adjust, router(&room));
        let (mut one, mut other) = (connect(rig.frame), connect(rig.auto));
        joined(&mut one, true);
        joined(&mut other, false);
        let said = vec![7; 65_527];
        other.write_all(&package(SAY, &said)).expect("sent");
        assert!(read_package(&mut other) == (SAY, said));
        one.write_all(&long(ECHO, 1, b"")).expect("sent");
        assert_eq!(read_long(&mut one), (ECHO, 1, Vec::new()));
        // It may be on its way to another loop.
        rig.wait_for("it is lost", |rig| rig.count(Count::LettersLost) == 1);
    });
}

// --- clients -----------------------------------------------------------------

#[test]
fn the_client_calls_in_head16() {
    both(|mode| {
        let room = Room::default();
        let rig = rig(mode, &room);
        let settings = Settings {
            timeout: Millis(PATIENCE.as_millis() as u64),
            framing: &HEAD16,
            ..Settings::default()
        };
        let mut client = Client::with(rig.frame, settings).expect("connected");
        let call =
            |client: &mut Client, code, body: &[u8]| client.call(code, body).expect("answer");
        assert_eq!(call(&mut client, ECHO, b"hello"), b"hello");
        assert_eq!(call(&mut client, SLOW, b"slowly"), b"slowly");
        assert_eq!(call(&mut client, JOIN, b""), b"");
        // What is pushed under the code of a call is told from its answer.
        client.send(SAY, b"one").expect("sent");
        let handle = &rig.handle;
        rig.wait_for("it is said", |rig| rig.count(Count::Letters) == 1);
        handle
            .broadcast(&room.group, ECHO, b"pushed")
            .expect("room");
        rig.wait_for("it is said", |rig| rig.count(Count::Letters) == 2);
        assert_eq!(call(&mut client, ECHO, b"answered"), b"answered");
        assert_eq!(client.receive().expect("a push"), (SAY, b"one".to_vec()));
        assert_eq!(
            client.receive().expect("a push"),
            (ECHO, b"pushed".to_vec())
        );
    });
}

// --- settings ----------------------------------------------------------------

/// A line of digits is a code; no more than that. It panics over others, and
/// has nothing for code 13.
#[derive(Debug)]
struct Digits(&'static str);

impl Framing for Digits {
    fn name(&self) -> &'static str {
        self.0
    }

    fn head(&self, input: &[u8], seen: usize) -> pelton::frame::Read {
        let Some(at) = input[seen..].iter().position(|&byte| byte == b'\n') else {
            return pelton::frame::Read::More;
        };
        let digits = str::from_utf8(&input[..seen + at]).expect("text");
        let code = digits.parse().expect("digits");
        pelton::frame::Read::Whole(Outline::new(seen + at + 1, 0, code))
    }

    fn encode(&self, code: u16, _: u64, _: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.extend_from_slice(format!("{code}\n").as_bytes());
        assert!(code != UNWRITABLE, "half-way");
        Ok(())
    }
}

static DIGITS: Digits = Digits("digits");
static OTHER_DIGITS: Digits = Digits("digits");

#[test]
fn a_framing_of_ones_own_is_served() {
    both(|mode| {
        let folder = crate::support::Folder::site();
        let mut config = crate::support::config(mode, folder.path());
        config.listen[1].framing = "digits";
        let server = Server::new(config).framing(&DIGITS);
        let running = server.service(router(&Room::default())).start();
        let running = running.expect("it starts");
        let addr = running.listeners()[1].0;
        let mut stream = connect(addr);
        for part in ["1\n0\n0", "00", "1\n"] {
            stream.write_all(part.as_bytes()).expect("sent");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut answers = [0; 6];
        stream.read_exact(&mut answers).expect("answers");
        assert_eq!(&answers, b"1\n0\n1\n");
        // Where it panics, that package or that connection is lost, and no more.
        let mut other = connect(addr);
        other.write_all(b"1\n13\n").expect("sent");
        stream.write_all(b"x\n1\n").expect("sent");
        assert_eq!(read_until_cut(&mut stream), b"");
        other.write_all(b"23\n").expect("sent");
        let mut answers = [0; 5];
        other.read_exact(&mut answers).expect("answers");
        assert_eq!(&answers, b"1\n23\n");
        running.handle().stop();
        running.wait().expect("no loop fails");
    });
}

#[test]
fn without_buffer_memory_long_heads_wait_for_it() {
    both(|mode| {
        let folder = crate::support::Folder::site();
        let mut config = crate::support::config(mode, folder.path());
        config.listen[1].framing = "digits";
        config.workers = 1;
        config.limits.buffer_bytes = 256 << 10;
        let server = Server::new(config).framing(&DIGITS);
        let running = server.service(router(&Room::default())).start();
        let running = running.expect("it starts");
        let mut clients = [(); 8].map(|()| connect(running.listeners()[1].0));
        // The first part of each is held; for all of the second there is no room.
        for zeros in [3_000, 17_000] {
            for client in &mut clients {
                client.write_all(&vec![b'0'; zeros]).expect("sent");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(running.handle().buffer_bytes() <= 256 << 10);
        for client in &mut clients {
            client.write_all(b"1\n").expect("sent");
        }
        for client in &mut clients {
            client.shutdown(Shutdown::Write).expect("half-closed");
            let output = read_until_cut(client);
            // In proactor mode a package needs memory twice, and may be let go.
            let let_go = mode == Mode::Proactor && output.is_empty();
            assert!(let_go || output == b"1\n", "{output:?} in {mode} mode");
        }
        running.handle().stop();
        running.wait().expect("no loop fails");
    });
}

#[test]
fn what_no_listener_can_speak_is_refused_in_one_line() {
    let refused = |protocol, framing, servers: fn(Server) -> Server| {
        let listen = Listen {
            framing,
            ..Listen::new(([127, 0, 0, 1], 0).into(), protocol)
        };
        let config = Config {
            listen: vec![listen],
            sites: Vec::new(),
            ..Config::default()
        };
        match servers(Server::new(config)).start() {
            Err(error) => error.to_string(),
            Ok(running) => {
                running.handle().stop();
                running.wait().expect("no loop fails");
                String::new()
            }
        }
    };
    let alone = |server: Server| server;
    let with_one = |server: Server| server.framing(&DIGITS);
    let with_two = |server: Server| server.framing(&DIGITS).framing(&OTHER_DIGITS);
    assert!(refused(Protocol::Frame, "digits", alone).contains("head8, head16; or add"));
    assert_eq!(refused(Protocol::Frame, "digits", with_one), "");
    assert!(refused(Protocol::Frame, "digits", with_two).contains("another name"));
    assert!(refused(Protocol::Auto, "digits", with_one).contains("Protocol::Frame"));
    assert!(refused(Protocol::Http, "head16", alone).contains("Protocol::Frame"));
}
