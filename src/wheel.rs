//! F1: the hashed timing wheel: eight buckets on a rim, one tick a second. Pure.
//!
//! ```text
//!            hand: the first tick not yet visited
//!             |
//!   +---+---+-v-+---+---+---+---+---+
//!   | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |   bucket = tick mod 8
//!   +---+---+-|-+---+---+---+---+---+
//!             +-> link <-> link <-> link      (doubly linked by slab index)
//! ```
//!
//! Each live index is in exactly one bucket. A due time that moves later, as
//! it does with every request, only stores a number: the hand files the link
//! anew when it comes by. Nothing is dropped early, and nothing later than
//! one tick after the turn of the loop in which its tick began.

use crate::base::limits::WHEEL_BUCKETS;
use crate::base::tick::{Tick, Time};

const NONE: u32 = u32::MAX;
const UNLINKED: u8 = u8::MAX;
const _: () = assert!(WHEEL_BUCKETS < UNLINKED as usize);

#[derive(Clone, Copy, Debug)]
struct Link {
    due: Time,
    previous: u32,
    next: u32,
    bucket: u8,
}

const FREE: Link = Link {
    due: Time::NEVER,
    previous: NONE,
    next: NONE,
    bucket: UNLINKED,
};

/// The due times of a worker's connections, by slab index. Owns the links and
/// nothing else; inserting and removing are O(1) and allocate only when the
/// slab itself has grown.
#[derive(Debug)]
pub struct Wheel {
    first: [u32; WHEEL_BUCKETS],
    links: Vec<Link>,
    hand: Tick,
    live: usize,
}

impl Wheel {
    /// An empty wheel whose hand stands just past `now`.
    #[must_use]
    pub fn new(now: Time) -> Wheel {
        let hand = Tick(now.tick().0 + 1);
        Wheel {
            first: [NONE; WHEEL_BUCKETS],
            links: Vec::new(),
            hand,
            live: 0,
        }
    }

    /// Sets when `index` is due; [`Time::NEVER`] takes it off the wheel.
    #[inline]
    pub fn set(&mut self, index: u32, due: Time) {
        match self.links.get_mut(index as usize) {
            // With every request: the hand finds it where it is, and in time.
            Some(link) if link.bucket != UNLINKED && link.due <= due && due != Time::NEVER => {
                link.due = due;
            }
            _ => self.set_anew(index, due),
        }
    }

    fn set_anew(&mut self, index: u32, due: Time) {
        if due == Time::NEVER {
            return self.remove(index);
        }
        let slot = index as usize;
        if slot >= self.links.len() {
            self.links.resize(slot + 1, FREE);
        }
        let link = &mut self.links[slot];
        link.due = due;
        let bucket = link.bucket;
        if bucket == UNLINKED {
            self.live += 1;
            self.file(index);
        } else if self.next_visit(bucket) > due.tick_at_or_after() {
            self.unlink(index);
            self.file(index);
        }
    }

    /// Takes `index` off the wheel, if it is on it.
    pub fn remove(&mut self, index: u32) {
        let linked = self
            .links
            .get(index as usize)
            .is_some_and(|link| link.bucket != UNLINKED);
        if linked {
            self.unlink(index);
            self.links[index as usize] = FREE;
            self.live -= 1;
        }
    }

    /// Moves the hand past `now`; what is due leaves the wheel and is appended
    /// to `expired`.
    pub fn turn(&mut self, now: Time, expired: &mut Vec<u32>) {
        let last = now.tick();
        if last < self.hand {
            return;
        }
        // After a long silence one round reaches every bucket.
        let from = self
            .hand
            .0
            .max((last.0 + 1).saturating_sub(WHEEL_BUCKETS as u64));
        self.hand = Tick(last.0 + 1);
        for tick in from..=last.0 {
            self.visit(bucket_of(Tick(tick)), now, expired);
        }
    }

    /// When the hand has to move next; `None` while nothing is on the wheel.
    #[must_use]
    pub fn next_turn(&self) -> Option<Time> {
        (self.live > 0).then(|| self.hand.begins())
    }

    /// The first tick not yet visited: its bucket is the next.
    #[must_use]
    pub fn hand(&self) -> Tick {
        self.hand
    }

    /// Number of indexes on the wheel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether nothing is on the wheel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many links each bucket holds. Walks them all: for tests and for
    /// people who look.
    #[must_use]
    pub fn bucket_lens(&self) -> [usize; WHEEL_BUCKETS] {
        std::array::from_fn(|bucket| {
            let first = Some(self.first[bucket]).filter(|&index| index != NONE);
            let next =
                |&index: &u32| Some(self.links[index as usize].next).filter(|&index| index != NONE);
            std::iter::successors(first, next).count()
        })
    }

    fn visit(&mut self, bucket: usize, now: Time, expired: &mut Vec<u32>) {
        let mut index = std::mem::replace(&mut self.first[bucket], NONE);
        while index != NONE {
            let Link { due, next, .. } = self.links[index as usize];
            if due <= now {
                self.links[index as usize] = FREE;
                self.live -= 1;
                expired.push(index);
            } else {
                self.file(index);
            }
            index = next;
        }
    }

    /// Puts an unlinked index, whose due time is stored, at the front of its
    /// bucket.
    fn file(&mut self, index: u32) {
        let due = self.links[index as usize].due;
        let bucket = bucket_of(due.tick_at_or_after().max(self.hand));
        let next = std::mem::replace(&mut self.first[bucket], index);
        if next != NONE {
            self.links[next as usize].previous = index;
        }
        self.links[index as usize] = Link {
            due,
            previous: NONE,
            next,
            bucket: bucket as u8,
        };
    }

    fn unlink(&mut self, index: u32) {
        let Link {
            previous,
            next,
            bucket,
            ..
        } = self.links[index as usize];
        match previous {
            NONE => self.first[bucket as usize] = next,
            _ => self.links[previous as usize].next = next,
        }
        if next != NONE {
            self.links[next as usize].previous = previous;
        }
    }

    /// The next tick at which the hand comes to `bucket`.
    fn next_visit(&self, bucket: u8) -> Tick {
        let ahead = (bucket as u64).wrapping_sub(self.hand.0) % WHEEL_BUCKETS as u64;
        Tick(self.hand.0 + ahead)
    }
}

fn bucket_of(tick: Tick) -> usize {
    (tick.0 % WHEEL_BUCKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(wheel: &mut Wheel, now: u64) -> Vec<u32> {
        let mut expired = Vec::new();
        wheel.turn(Time(now), &mut expired);
        expired.sort_unstable();
        expired
    }

    #[test]
    fn what_is_due_leaves_in_its_tick_and_not_before() {
        let mut wheel = Wheel::new(Time(0));
        wheel.set(3, Time(2_500));
        assert!(turn(&mut wheel, 2_999).is_empty());
        assert_eq!(turn(&mut wheel, 3_000), [3]);
        assert_eq!((wheel.len(), wheel.next_turn()), (0, None));
    }

    #[test]
    fn a_later_due_time_is_only_stored_and_an_earlier_one_is_filed_at_once() {
        let mut wheel = Wheel::new(Time(0));
        wheel.set(0, Time(2_000));
        wheel.set(0, Time(6_000));
        assert_eq!(
            wheel.bucket_lens(),
            [0, 0, 1, 0, 0, 0, 0, 0],
            "still where it was"
        );
        assert!(turn(&mut wheel, 2_000).is_empty());
        assert_eq!(
            wheel.bucket_lens(),
            [0, 0, 0, 0, 0, 0, 1, 0],
            "filed by the hand"
        );
        wheel.set(0, Time(3_100));
        assert_eq!(
            wheel.bucket_lens(),
            [0, 0, 0, 0, 1, 0, 0, 0],
            "filed at once"
        );
        assert_eq!(turn(&mut wheel, 4_000), [0]);
    }

    #[test]
    fn more_than_a_round_away_stays_for_another_round() {
        let mut wheel = Wheel::new(Time(0));
        wheel.set(1, Time(70_000));
        for now in 0..70 {
            assert!(turn(&mut wheel, now * 1_000).is_empty());
        }
        assert_eq!(turn(&mut wheel, 70_000), [1]);
    }

    #[test]
    fn a_due_time_in_the_past_is_found_at_the_next_tick() {
        let mut wheel = Wheel::new(Time(10_000));
        wheel.set(1, Time(5));
        assert_eq!(turn(&mut wheel, 11_000), [1]);
    }

    #[test]
    fn one_late_turn_finds_everything() {
        let mut wheel = Wheel::new(Time(0));
        for index in 0..100 {
            wheel.set(index, Time(u64::from(index) * 1_000));
        }
        assert_eq!(turn(&mut wheel, 1_000_000).len(), 100);
        wheel.remove(5);
        assert_eq!(wheel.len(), 0);
    }
}
