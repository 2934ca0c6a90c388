//! What no client should send.

use super::asked::Asked;
use crate::random::Random;
use crate::support::{package, pattern};

/// Requests or packages that are right.
pub(crate) fn something(dice: &mut Random) -> Vec<u8> {
    let count = 1 + dice.below(5);
    if dice.once_in(2) {
        let one = |_| Asked::any(dice).input(false);
        (0..count).flat_map(one).collect()
    } else {
        let one = |_| package(dice.below(9) as u16, &pattern(dice.below(500)));
        (0..count).flat_map(one).collect()
    }
}

/// Any bytes.
pub(crate) fn noise(dice: &mut Random) -> Vec<u8> {
    let len = 1 + dice.below(2_000);
    (0..len).map(|_| dice.next() as u8).collect()
}

/// Something right, made wrong in a few places.
pub(crate) fn mutated(dice: &mut Random) -> Vec<u8> {
    let mut bytes = something(dice);
    for _ in 0..=dice.below(6) {
        if bytes.is_empty() {
            break;
        }
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(20)).min(bytes.len());
        match dice.below(5) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes.insert(at, dice.next() as u8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => bytes.truncate(end),
        }
    }
    bytes
}

/// More than a head, a line or a body may be.
pub(crate) fn too_much(dice: &mut Random) -> Vec<u8> {
    let many = |text: &str, count: usize| text.repeat(count);
    let text = match dice.below(6) {
        0 => format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", many("a", 20_000)),
        1 => format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}", many("b", 40_000)),
        2 => format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", many("A: b\r\n", 200)),
        3 => "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nabc".to_owned(),
        4 => {
            let line = many("f", 300);
            format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{line}")
        }
        _ => {
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                .to_owned()
        }
    };
    text.into_bytes()
}

/// Packages that are bad, each in its way, among good ones.
pub(crate) fn bad_packages(dice: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..1 + dice.below(8) {
        let mut one = package(1, &pattern(1 + dice.below(300)));
        match dice.below(8) {
            // A length below the least, or above the most.
            0 => one[..2].copy_from_slice(&(dice.below(8) as u16).to_be_bytes()),
            1 => one[..2].copy_from_slice(&(30_001 + dice.below(35_000) as u16).to_be_bytes()),
            // A heartbeat with a body.
            2 => one[2..4].fill(0),
            3..7 => one[4] ^= 0xff,
            _ => {}
        }
        bytes.extend(one);
    }
    bytes
}
