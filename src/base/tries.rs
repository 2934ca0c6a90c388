//! How often a name or an address may be tried with passwords. Time is an
//! argument.
//!
//! ```text
//!             now                     due
//!  ------------|-----------------------|------------> time
//!              |<-- one try each ----->|
//!               at most a minute of it
//! ```
//!
//! A try moves `due` on by its share of a minute; one that would move it
//! further than a minute ahead is refused (the leaky bucket in its form with
//! one number). So a whole minute's tries may come at once, and then one after
//! each share.

use super::limits::TRIES_KEPT_MAX;
use super::network::network;
use super::tick::Time;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;

const MS_US: u64 = 1_000;
const SECOND_US: u64 = 1_000 * MS_US;
const MINUTE_US: u64 = 60 * SECOND_US;
/// A table that is full is looked through no more often than this.
const SWEEP_MS: u64 = 1_000;
/// Of so many entries of a table that stays full, one makes room.
const LOOKED_AT: usize = 16;

/// What is tried.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum What<'a> {
    Name(&'a [u8]),
    Address(IpAddr),
}

impl What<'_> {
    /// An address as far as it stands for somebody.
    pub(crate) fn address(address: IpAddr) -> What<'static> {
        What::Address(network(address))
    }
}

/// The tries of all names and addresses. Owns a table of a bounded size, with a
/// keyed hash in place of each name: when it is full of what still counts,
/// those who have tried little are forgotten.
#[derive(Debug)]
pub(crate) struct Tries {
    /// Microseconds that a try costs; `None` = any number may come.
    share_us: Option<u64>,
    /// In microseconds, so that shares are whole.
    due_us: HashMap<u64, u64>,
    keys: RandomState,
    swept: Time,
    capacity: usize,
}

impl Tries {
    /// So many tries per minute for each; 0 = any number.
    pub(crate) fn new(per_minute: usize) -> Tries {
        Tries {
            share_us: (per_minute > 0).then(|| (MINUTE_US / per_minute as u64).max(1)),
            due_us: HashMap::new(),
            keys: RandomState::new(),
            swept: Time::default(),
            capacity: TRIES_KEPT_MAX,
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// It is one too many, and not counted: the next one may do in so many
    /// seconds.
    pub(crate) fn count(&mut self, what: What<'_>, now: Time) -> Result<(), u64> {
        let Some(share_us) = self.share_us else {
            return Ok(());
        };
        if matches!(what, What::Address(address) if address.is_unspecified()) {
            return Ok(()); // a unix socket's clients have none: it stands for nobody
        }
        let now_us = now.0.saturating_mul(MS_US);
        let key = self.keys.hash_one(what);
        let due_us = self.due_us.get(&key).copied();
        if due_us.is_none() {
            self.make_room(now);
        }
        let next_us = due_us.unwrap_or(0).max(now_us) + share_us;
        let over_us = next_us.saturating_sub(now_us + MINUTE_US);
        if over_us > 0 {
            return Err(over_us.div_ceil(SECOND_US));
        }
        self.due_us.insert(key, next_us);
        Ok(())
    }

    /// Takes a try back: it was none.
    pub(crate) fn give_back(&mut self, what: What<'_>) {
        let key = self.keys.hash_one(what);
        if let (Some(share_us), Some(due_us)) = (self.share_us, self.due_us.get_mut(&key)) {
            *due_us = due_us.saturating_sub(share_us);
        }
    }

    /// Forgets whoever may try as often as anybody new; where nobody may, one
    /// who has tried little. An attacker with addresses without end gains few
    /// tries by that, and locks nobody out.
    fn make_room(&mut self, now: Time) {
        if self.due_us.len() < self.capacity {
            return;
        }
        if now.since(self.swept).0 >= SWEEP_MS {
            self.swept = now;
            let now_us = now.0.saturating_mul(MS_US);
            self.due_us.retain(|_, due_us| *due_us > now_us);
        }
        if self.due_us.len() < self.capacity {
            return;
        }
        let some = self.due_us.iter().take(LOOKED_AT);
        let least = some.min_by_key(|(_, due_us)| **due_us).map(|(key, _)| *key);
        if let Some(key) = least {
            self.due_us.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: What<'static> = What::Name(b"ada");

    #[test]
    fn a_minutes_tries_come_at_once_and_then_one_by_one() {
        let mut tries = Tries::new(10);
        let start = Time(5_000);
        for _ in 0..10 {
            assert_eq!(tries.count(ADA, start), Ok(()));
        }
        assert_eq!(tries.count(ADA, start), Err(6));
        assert_eq!(tries.count(What::Name(b"bob"), start), Ok(()));
        assert_eq!(tries.count(ADA, Time(10_001)), Err(1));
        assert_eq!(tries.count(ADA, Time(11_000)), Ok(()));
        assert_eq!(tries.count(ADA, Time(11_000)), Err(6));
        for _ in 0..10 {
            assert_eq!(tries.count(ADA, Time(200_000)), Ok(()));
        }
        assert_eq!(tries.count(ADA, Time(200_000)), Err(6));
    }

    #[test]
    fn shares_are_whole() {
        for per_minute in [1, 7, 9_000, 40_000, 1_000_000] {
            let mut tries = Tries::new(per_minute);
            for _ in 0..per_minute {
                assert_eq!(tries.count(ADA, Time(0)), Ok(()));
            }
            assert!(tries.count(ADA, Time(0)).is_err(), "{per_minute}");
        }
    }

    #[test]
    fn a_try_that_is_refused_costs_nothing() {
        let mut tries = Tries::new(1);
        assert_eq!(tries.count(ADA, Time(0)), Ok(()));
        for second in 0..60 {
            let left = tries.count(ADA, Time(second * 1_000));
            assert_eq!(left, Err(60 - second));
        }
        assert_eq!(tries.count(ADA, Time(60_000)), Ok(()));
    }

    #[test]
    fn without_a_limit_nothing_is_kept() {
        let mut tries = Tries::new(0);
        for _ in 0..10_000 {
            assert_eq!(tries.count(ADA, Time(0)), Ok(()));
        }
        assert!(tries.due_us.is_empty());
    }

    #[test]
    fn a_full_table_forgets_first_what_is_over_then_who_has_tried_little() {
        let mut tries = Tries::new(10);
        tries.capacity = 3;
        let mut count = |name: &str, at: u64| tries.count(What::Name(name.as_bytes()), Time(at));
        for _ in 0..10 {
            assert_eq!(count("a", 2_000), Ok(()));
        }
        // Names without end: each makes room for the next, and "a" stays.
        for number in 0..100 {
            assert_eq!(count(&number.to_string(), 2_000), Ok(()));
        }
        assert_eq!(count("a", 2_000), Err(6));
        assert_eq!(count("b", 61_999), Ok(()));
        assert_eq!(tries.due_us.len(), 2, "what was over is gone");
    }

    #[test]
    fn a_try_that_was_none_is_given_back() {
        let mut tries = Tries::new(1);
        for _ in 0..5 {
            assert_eq!(tries.count(ADA, Time(1_000)), Ok(()));
            tries.give_back(ADA);
        }
        assert_eq!(tries.count(ADA, Time(1_000)), Ok(()));
        assert_eq!(tries.count(ADA, Time(1_000)), Err(60));
    }

    #[test]
    fn addresses_stand_for_who_has_them() {
        let mut tries = Tries::new(1);
        let mut count = |address: &str| {
            let address = address.parse().expect("an address");
            tries.count(What::address(address), Time(0)).is_ok()
        };
        assert!(count("192.0.2.1") && count("192.0.2.2"));
        assert!(!count("::ffff:192.0.2.1"), "the same in IPv6");
        assert!(count("2001:db8::1") && count("2001:db8:0:1::1"));
        assert!(!count("2001:db8::2"), "the same network");
        assert_eq!(tries.count(What::Name(b"192.0.2.1"), Time(0)), Ok(()));
    }
}
