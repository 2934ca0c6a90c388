//! Clients that do not behave and are gone at once: nothing of theirs may
//! stay, and nobody else may notice.

use super::asked::Asked;
use super::garbage;
use super::place::{Place, connect_rudely, stranger};
use crate::random::Random;
use crate::support::{package, pattern, reset};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// Every kind, in the order of the report.
pub(crate) const KINDS: [&str; 10] = [
    "death in a request",
    "death over an answer",
    "reset",
    "half-close",
    "noise",
    "mutation",
    "too much",
    "bad packages",
    "flood",
    "deaf to packages",
];
/// Between one and the next, at most.
const PAUSE_MS: usize = 60;

/// More than `limits.flood_packets` allows, and nobody answers them.
const FLOOD_PACKAGES: usize = 30_000;
const NO_CODE: u16 = 999;

/// A round of them: each kind once, those that cost little three times, in any
/// order. Dealt like this, one minute is as bad as the next.
pub(crate) fn round(place: &Place, dice: &mut Random) {
    let dear = ["flood", "deaf to packages"];
    let often = |&kind: &&'static str| !dear.contains(&kind);
    let cheap = KINDS.into_iter().filter(often).cycle();
    let cheap = cheap.take(3 * (KINDS.len() - dear.len()));
    let cards = dear.into_iter().chain(cheap).collect();
    for kind in dice.shuffled(cards) {
        if place.is_over() {
            return;
        }
        visit(place, kind, dice);
        place.chaos(kind);
        thread::sleep(Duration::from_millis(dice.below(PAUSE_MS) as u64));
    }
}

fn visit(place: &Place, kind: &str, dice: &mut Random) {
    match kind {
        "death in a request" => {
            let input = cut(garbage::something(dice), dice);
            drop(meet(place.any(dice), &input, dice));
        }
        "death over an answer" => dies_over_an_answer(place, dice),
        "reset" => {
            let input = cut(garbage::something(dice), dice);
            let met = meet(place.any(dice), &input, dice);
            thread::sleep(Duration::from_millis(dice.below(20) as u64));
            if let Some(stream) = met {
                reset(stream);
            }
        }
        "half-close" => half_closes(place, dice),
        "noise" => hears_out(place.any(dice), &garbage::noise(dice), dice),
        "mutation" => hears_out(place.any(dice), &garbage::mutated(dice), dice),
        "too much" => hears_out(place.any_http(dice), &garbage::too_much(dice), dice),
        "bad packages" => hears_out(place.any_frame(dice), &garbage::bad_packages(dice), dice),
        "flood" => {
            let flood = package(NO_CODE, b"").repeat(FLOOD_PACKAGES);
            hears_out(place.any_frame(dice), &flood, dice);
        }
        _ => [120, 20_000]
            .into_iter()
            .for_each(|bytes| is_deaf(place, bytes, dice)),
    }
}

/// A connection over which so much was sent as it takes; `None`: there was no
/// room for it.
fn meet(to: SocketAddr, input: &[u8], dice: &mut Random) -> Option<TcpStream> {
    let mut stream = connect_rudely(stranger(dice), to, None)?;
    let _ = stream.write_all(input); // the server may have had enough of it
    Some(stream)
}

/// Some of it, from the start.
fn cut(mut bytes: Vec<u8>, dice: &mut Random) -> Vec<u8> {
    bytes.truncate(dice.below(bytes.len() + 1));
    bytes
}

/// Closed with most of an answer unread, which resets it.
fn dies_over_an_answer(place: &Place, dice: &mut Random) {
    let input = if dice.once_in(3) {
        Asked::huge().input(false)
    } else {
        let one = |_| Asked::any(dice).input(false);
        (0..20).flat_map(one).collect()
    };
    if let Some(mut stream) = meet(place.any_http(dice), &input, dice) {
        let mut some = vec![0; 1 + dice.below(100_000)];
        let _ = stream.read(&mut some);
    }
}

/// Says that there is no more, wherever that is, and hears out what comes.
fn half_closes(place: &Place, dice: &mut Random) {
    let input = cut(garbage::something(dice), dice);
    if let Some(mut stream) = meet(place.any(dice), &input, dice) {
        let _ = stream.shutdown(Shutdown::Write); // it may be over
        hear_out(&mut stream);
    }
}

fn hears_out(to: SocketAddr, input: &[u8], dice: &mut Random) {
    if let Some(mut stream) = meet(to, input, dice) {
        hear_out(&mut stream);
    }
}

/// Reads until the end, or until nothing comes for a moment.
fn hear_out(stream: &mut TcpStream) {
    let mut piece = [0; 16 << 10];
    for _ in 0..1_000 {
        if !stream.read(&mut piece).is_ok_and(|count| count > 0) {
            return;
        }
    }
}

/// Sends packages with so many bytes as long as they are taken, and reads no
/// answer.
fn is_deaf(place: &Place, bytes: usize, dice: &mut Random) {
    let Some(mut stream) = connect_rudely(stranger(dice), place.frame, Some(4 << 10)) else {
        return;
    };
    let input = package(1, &pattern(bytes));
    let input = input.repeat(60_000 / input.len());
    for _ in 0..500 {
        if stream.write_all(&input).is_err() {
            return;
        }
    }
}
