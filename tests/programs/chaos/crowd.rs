//! As many clients at once as there is room for, all with the same in mind,
//! and more.

use super::asked::Asked;
use super::garbage;
use super::place::{Place, connect_rudely, stranger};
use crate::random::Random;
use crate::support::{package, pattern, reset};
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// What one counts as.
pub(crate) const KIND: &str = "crowd";
/// More than there is room for, in each of the loops, and far more than one
/// address may have.
const CROWD: usize = 180;
/// So many deaf ones: more than buffers of their size are kept.
const DEAF: usize = 24;
/// It stays this long.
const STAY: Duration = Duration::from_millis(120);

/// What everybody in a crowd says.
enum Word {
    /// This, to be heard out or not.
    Same(Vec<u8>),
    /// This, by clients that take next to nothing of what comes back.
    Deaf(Vec<u8>),
    /// Each something else.
    Any,
}

/// A round of crowds, one of each, in any order and always at the same pace. They
/// need what the server has kept since the [`storm`], and come sooner than it lets
/// go of that: under such a load it holds the same all the time.
pub(crate) fn round(place: &Place, dice: &mut Random) {
    let words = vec![
        Word::Same(Vec::new()),
        Word::Same(half(Asked::upload(0).input(false))),
        Word::Same(half(package(1, &pattern(3_000)))),
        Word::Same(half(package(1, &pattern(12_000)))),
        Word::Same(long_answers()),
        Word::Any,
    ];
    for word in dice.shuffled(words) {
        if place.is_over() {
            return;
        }
        let from = dice.once_in(6).then(|| stranger(dice));
        gather(place, &word, from, dice);
        place.chaos(KIND);
        thread::sleep(STAY);
    }
}

/// The worst that there can be, ahead of all others: whatever the server keeps
/// for reuse, it has from then on, and none of it comes as a surprise later.
pub(crate) fn storm(place: &Place, dice: &mut Random) {
    let small = Asked::small().input(false);
    for word in [
        Word::Same(half(package(1, &pattern(3_000)))),
        Word::Same(half(package(1, &pattern(12_000)))),
        Word::Same(half(package(1, &pattern(29_000)))),
        Word::Same(long_answers()),
        // The system itself takes some 3 MB of answers for each of them.
        Word::Deaf(small.repeat(4_000)),
        Word::Any,
    ] {
        for _ in 0..2 {
            gather(place, &word, None, dice);
            thread::sleep(STAY);
        }
    }
}

/// They come, stay a moment, and are gone by resets or not.
fn gather(place: &Place, word: &Word, from: Option<[u8; 4]>, dice: &mut Random) {
    let mut all: Vec<TcpStream> = Vec::new();
    let (count, stay) = match word {
        Word::Deaf(_) => (DEAF, 4 * STAY),
        Word::Same(_) | Word::Any => (CROWD, STAY),
    };
    for _ in 0..count {
        let from = from.unwrap_or_else(|| stranger(dice));
        let (said, narrow) = match word {
            Word::Same(said) => (said.clone(), None),
            Word::Deaf(said) => (said.clone(), Some(4 << 10)),
            Word::Any => (garbage::something(dice), None),
        };
        let Some(mut stream) = connect_rudely(from, place.auto, narrow) else {
            break; // there is no room for any more
        };
        if stream.set_nonblocking(true).is_ok() {
            let _ = stream.write(&said); // as much of it as is taken
        }
        all.push(stream);
    }
    thread::sleep(stay);
    for stream in all {
        if dice.once_in(2) {
            reset(stream);
        }
    }
}

fn half(mut whole: Vec<u8>) -> Vec<u8> {
    whole.pop();
    whole
}

/// Requests of which some are answered in memory, and the rest has to wait
/// until the answers are taken.
fn long_answers() -> Vec<u8> {
    let small = Asked::small().input(false).repeat(24);
    let large = Asked::large().input(false).repeat(8);
    [small, large].concat()
}
