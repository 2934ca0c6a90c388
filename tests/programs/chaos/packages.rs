//! Clients of the framed protocol that behave, or nearly: what is bad about
//! their packages costs them no more than these.

use super::place::Place;
use super::proper::{ends, rest};
use crate::random::Random;
use crate::support::{connect, package, pattern, read_package};
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

/// Every kind, in the order of the report.
pub(crate) const KINDS: [&str; 4] = ["echo", "heartbeat", "unknown code", "bad package"];

const HEARTBEAT: u16 = 0;
const ECHO: u16 = 1;
/// Bad packages that a connection survives.
const BAD_MAX: usize = 2;

/// A package, and the answer to it.
struct Sent {
    kind: &'static str,
    input: Vec<u8>,
    answer: Option<(u16, Vec<u8>)>,
}

/// Some packages: no more than [`BAD_MAX`] are bad, and the last one is
/// answered.
fn some(dice: &mut Random) -> Vec<Sent> {
    let mut bad = 0;
    let mut all: Vec<Sent> = (0..dice.below(12))
        .map(|_| match dice.below(12) {
            0 => heartbeat(),
            1 => unknown(dice),
            2 if bad < BAD_MAX => {
                bad += 1;
                spoiled(dice)
            }
            _ => echo(dice),
        })
        .collect();
    all.push(echo(dice));
    all
}

fn echo(dice: &mut Random) -> Sent {
    let most = if dice.once_in(5) { 29_992 } else { 300 };
    let body = pattern(dice.below(most + 1));
    Sent {
        kind: "echo",
        input: package(ECHO, &body),
        answer: Some((ECHO, body)),
    }
}

fn heartbeat() -> Sent {
    Sent {
        kind: "heartbeat",
        input: package(HEARTBEAT, b""),
        answer: Some((HEARTBEAT, Vec::new())),
    }
}

/// Nobody has a handler for this code: no answer, and nothing else.
fn unknown(dice: &mut Random) -> Sent {
    Sent {
        kind: "unknown code",
        input: package(100 + dice.below(1000) as u16, &pattern(dice.below(300))),
        answer: None,
    }
}

/// Its CRC is another.
fn spoiled(dice: &mut Random) -> Sent {
    let mut input = package(ECHO, &pattern(1 + dice.below(300)));
    input[4 + dice.below(4)] ^= 1 << dice.below(8);
    Sent {
        kind: "bad package",
        input,
        answer: None,
    }
}

/// One connection of a client: its packages in turn or at once, and then
/// perhaps the end of them.
pub(crate) fn visit(place: &Place, dice: &mut Random) {
    let stream = connect(place.any_frame(dice));
    let mut reader = BufReader::new(&stream);
    let all = some(dice);
    if dice.once_in(2) {
        for sent in &all {
            (&stream).write_all(&sent.input).expect("sent");
            if !is_answered(place, sent, &mut reader) {
                return;
            }
            rest(place, dice);
        }
        return;
    }
    let half = dice.once_in(2);
    let input: Vec<u8> = all.iter().flat_map(|sent| sent.input.clone()).collect();
    thread::scope(|scope| {
        // As many answers come back meanwhile as are sent.
        scope.spawn(|| {
            write_with_whims(&stream, &input, dice);
            if half {
                stream.shutdown(Shutdown::Write).expect("half-closed");
            }
        });
        if all.iter().all(|sent| is_answered(place, sent, &mut reader)) && half {
            ends(&mut reader);
        }
    });
}

/// Cut anywhere, with pauses anywhere.
fn write_with_whims(mut stream: &TcpStream, input: &[u8], dice: &mut Random) {
    let cut = if dice.once_in(2) { 1_000 } else { input.len() };
    for piece in input.chunks(1 + dice.below(cut)) {
        stream.write_all(piece).expect("sent");
        if dice.once_in(30) {
            thread::sleep(Duration::from_millis(dice.below(4) as u64));
        }
    }
}

/// A connection with a package now and then, for as long as there is somebody
/// to send it.
pub(crate) fn steady(place: &Place, dice: &mut Random) {
    let mut stream = connect(place.frame);
    while !place.is_over() {
        let sent = if dice.once_in(2) {
            echo(dice)
        } else {
            heartbeat()
        };
        stream.write_all(&sent.input).expect("sent");
        if !is_answered(place, &sent, &mut stream) {
            return;
        }
        rest(place, dice);
    }
}

/// The answer is right, if there is one; returns whether the connection stays.
/// It may end between two packages where the server changes.
fn is_answered(place: &Place, sent: &Sent, stream: &mut impl Read) -> bool {
    if let Some(answer) = &sent.answer {
        let mut first = [0];
        let count = stream.read(&mut first);
        if count.unwrap_or_else(|error| panic!("{}: {error}", sent.kind)) == 0 {
            assert!(place.changing, "{}: it ends the connection", sent.kind);
            return false;
        }
        let come = read_package(&mut first.as_slice().chain(stream));
        assert_eq!(come.0, answer.0, "{}", sent.kind);
        assert!(come.1 == answer.1, "{}: another body", sent.kind);
    }
    place.answered(sent.kind);
    true
}
