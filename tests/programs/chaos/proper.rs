//! Clients of HTTP that behave, however oddly: each of their answers is checked to the
//! byte, and a wrong, missing or late one panics.

use super::asked::Asked;
use super::place::Place;
use crate::random::Random;
use crate::support::{connect, connect_narrow};
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

/// One connection of a client that speaks HTTP.
pub(crate) fn http(place: &Place, dice: &mut Random) {
    match dice.below(8) {
        0 | 1 => one_each(place, dice),
        2 | 3 => pipelined(place, dice, false),
        4 => pipelined(place, dice, true),
        // It takes its time, more than there is while processes change.
        5 if !place.changing => match dice.below(3) {
            0 => download(place, dice),
            1 => upload(place, dice),
            _ => drip(place, dice),
        },
        _ => kept(place, dice),
    }
}

/// One request after the other.
fn kept(place: &Place, dice: &mut Random) {
    let mut stream = BufReader::new(connect(place.any_http(dice)));
    for _ in 0..=dice.below(10) {
        let asked = Asked::any(dice);
        send(&mut stream, &asked.input(false));
        if !goes_on(place, &asked, &mut stream) {
            return;
        }
        rest(place, dice);
    }
}

/// A connection for a request, which ends as it should.
fn one_each(place: &Place, dice: &mut Random) {
    for _ in 0..=dice.below(4) {
        let mut stream = BufReader::new(connect(place.any_http(dice)));
        let asked = Asked::any(dice);
        send(&mut stream, &asked.input(true));
        assert!(!asked.is_answered(&mut stream), "it was the last request");
        place.answered(asked.kind);
        ends(&mut stream);
    }
}

/// Many requests in one write; `half`: and then the end of them.
fn pipelined(place: &Place, dice: &mut Random, half: bool) {
    let stream = connect(place.any_http(dice));
    let all: Vec<Asked> = (0..2 + dice.below(14)).map(|_| Asked::any(dice)).collect();
    let input: Vec<u8> = all.iter().flat_map(|asked| asked.input(false)).collect();
    (&stream).write_all(&input).expect("sent");
    if half {
        stream.shutdown(Shutdown::Write).expect("half-closed");
    }
    let mut reader = BufReader::new(&stream);
    for asked in &all {
        if !goes_on(place, asked, &mut reader) {
            return;
        }
    }
    if half {
        ends(&mut reader);
    }
}

/// The huge file, slower than it comes.
fn download(place: &Place, dice: &mut Random) {
    struct Slow(TcpStream);
    impl Read for Slow {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            if room.len() > 1024 {
                thread::sleep(Duration::from_millis(4));
            }
            let most = room.len().min(32 << 10);
            self.0.read(&mut room[..most])
        }
    }
    let mut stream = connect_narrow(place.any_http(dice), 64 << 10);
    let asked = Asked::huge();
    stream.write_all(&asked.input(true)).expect("sent");
    let mut slow = Slow(stream);
    asked.is_answered(&mut slow);
    place.answered(asked.kind);
    ends(&mut slow);
}

/// A body in pieces, some of them late.
fn upload(place: &Place, dice: &mut Random) {
    let mut stream = connect(place.any_http(dice));
    let asked = Asked::upload(50_000 + dice.below(300_000));
    for piece in asked.input(false).chunks(20_000) {
        stream.write_all(piece).expect("sent");
        thread::sleep(Duration::from_millis(dice.below(60) as u64));
    }
    goes_on(place, &asked, &mut stream);
}

/// A head in many pieces.
fn drip(place: &Place, dice: &mut Random) {
    let mut stream = connect(place.any_http(dice));
    let asked = Asked::any(dice);
    let input = asked.input(false);
    let (slow, rest) = input.split_at(input.len().min(100));
    for piece in slow.chunks(1 + dice.below(9)) {
        stream.write_all(piece).expect("sent");
        thread::sleep(Duration::from_millis(dice.below(8) as u64));
    }
    stream.write_all(rest).expect("sent");
    goes_on(place, &asked, &mut stream);
}

/// A connection that is used as long as there is somebody to use it: all the
/// time, if the server does not change.
pub(crate) fn steady(place: &Place, dice: &mut Random) {
    let mut stream = BufReader::new(connect(place.http));
    while !place.is_over() {
        let asked = Asked::any(dice);
        send(&mut stream, &asked.input(false));
        if !goes_on(place, &asked, &mut stream) {
            return;
        }
        rest(place, dice);
    }
}

fn send(stream: &mut BufReader<TcpStream>, input: &[u8]) {
    stream.get_mut().write_all(input).expect("sent");
}

/// The answer is right; returns whether the connection stays, which it does
/// while the server does not change.
fn goes_on(place: &Place, asked: &Asked, stream: &mut impl Read) -> bool {
    let stays = asked.is_answered(stream);
    place.answered(asked.kind);
    assert!(stays || place.changing, "it ends the connection");
    stays
}

/// Nothing for a while, which is shorter than any deadline.
pub(crate) fn rest(place: &Place, dice: &mut Random) {
    let most_ms = match dice.below(4) {
        _ if place.changing => 10, // whoever is at rest for long is let go
        0 => 500,
        _ => 20,
    };
    thread::sleep(Duration::from_millis(dice.below(most_ms) as u64));
}

/// The server ends the connection cleanly.
pub(crate) fn ends(stream: &mut impl Read) {
    let end = stream.read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(end, Ok(0), "a clean end");
}
