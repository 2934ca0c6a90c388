//! Clients that do not behave and take their time, many at once on one
//! thread: they drip, stall, stay silent or read little. Those that break a
//! deadline of the server must be gone in time.

use super::asked::Asked;
use super::place::{Place, connect_rudely, stranger};
use crate::random::Random;
use crate::support::{package, pattern, reset};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Every kind, in the order of the report.
pub(crate) const KINDS: [&str; 9] = [
    "never used",
    "idle",
    "silent",
    "head in drops",
    "body in drops",
    "package in drops",
    "half-closed for good",
    "little reader",
    "no reader",
];

/// So many are there at once.
const CROWD: usize = 60;
/// Longer than any deadline of the server: silence of a frame client is 13 s.
const DROPPED: Duration = Duration::from_secs(40);
/// Those that may stay go by themselves after this.
const LIFE_MS: usize = 20_000;

/// One of them.
struct Held {
    kind: &'static str,
    stream: TcpStream,
    since: Instant,
    due: Instant,
    /// It goes by itself.
    leaves: Option<Instant>,
    /// What it has still to send, a drop at a time.
    drops: VecDeque<u8>,
    /// Bytes that it reads at a time.
    reads: usize,
}

/// Keeps a crowd of them until the end.
pub(crate) fn crowd(place: &Place, dice: &mut Random) {
    let mut all: Vec<Held> = Vec::new();
    let mut next = Vec::new();
    while !place.is_over() {
        if all.len() < CROWD && dice.once_in(4) {
            // As many of one kind as of another, so that the load is an even one.
            if next.is_empty() {
                next = dice.shuffled(KINDS.to_vec());
            }
            all.extend(next.pop().and_then(|kind| Held::come(place, kind, dice)));
        }
        let now = Instant::now();
        all.retain_mut(|held| now < held.due || held.goes_on(now, dice));
        thread::sleep(Duration::from_millis(20));
    }
}

impl Held {
    fn come(place: &Place, kind: &'static str, dice: &mut Random) -> Option<Held> {
        let head = "POST /small.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n";
        let long = package(1, &pattern(3_000));
        let ask = |asked: &Asked| asked.input(false);
        let (http, frame) = (place.any_http(dice), place.any_frame(dice));
        let (to, first, drops): (SocketAddr, Vec<u8>, Vec<u8>) = match kind {
            "never used" => (place.any(dice), vec![], vec![]),
            "idle" => (http, ask(&Asked::any(dice)), vec![]),
            "silent" => (frame, package(0, b""), vec![]),
            "head in drops" => (http, head.into(), pattern(400)),
            "body in drops" => (http, format!("{head}\r\n").into(), pattern(400)),
            "package in drops" => (frame, long[..20].into(), long[20..].into()),
            "half-closed for good" => (place.any(dice), super::garbage::something(dice), vec![]),
            _ => (http, ask(&Asked::huge()), vec![]),
        };
        let narrow = kind.ends_with("reader").then_some(8 << 10);
        let mut stream = connect_rudely(stranger(dice), to, narrow)?;
        let _ = stream.write_all(&first); // the server may have had enough of it
        if kind == "half-closed for good" {
            let _ = stream.shutdown(Shutdown::Write); // it may be over
        }
        stream.set_nonblocking(true).ok()?;
        place.chaos(kind);
        let may_stay = kind.ends_with("reader");
        let leaves = (may_stay || dice.once_in(3)).then(|| dice.below(LIFE_MS) as u64);
        let now = Instant::now();
        Some(Held {
            kind,
            stream,
            since: now,
            due: now,
            leaves: leaves.map(|ms| now + Duration::from_millis(ms)),
            drops: drops.into(),
            reads: match kind {
                "no reader" => 0,
                "little reader" => 2_000,
                _ => 64 << 10,
            },
        })
    }

    /// It does the next thing it does; returns whether it is still there.
    fn goes_on(&mut self, now: Instant, dice: &mut Random) -> bool {
        if self.leaves.is_some_and(|leaves| now >= leaves) {
            self.leave(dice);
            return false;
        }
        let may_stay = self.kind.ends_with("reader");
        let late = now - self.since > DROPPED && !may_stay;
        assert!(!late, "{}: it is still there after {DROPPED:?}", self.kind);
        self.due = now + Duration::from_millis(100 + dice.below(200) as u64);
        self.hears() && self.drips()
    }

    /// Reads what it reads; returns whether the connection is there.
    fn hears(&mut self) -> bool {
        let mut room = vec![0; self.reads];
        while !room.is_empty() {
            match self.stream.read(&mut room) {
                Ok(0) => return false,
                Ok(count) if count == room.len() && self.kind != "little reader" => {}
                Ok(_) => return true,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn drips(&mut self) -> bool {
        let Some(drop) = self.drops.pop_front() else {
            return true;
        };
        let sent = self.stream.write(&[drop]);
        sent.is_ok() || sent.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    fn leave(&mut self, dice: &mut Random) {
        if dice.once_in(2)
            && let Ok(same) = self.stream.try_clone()
        {
            reset(same);
        }
    }
}
