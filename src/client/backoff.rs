//! When a lost connection is made anew: soon at first, then ever later.

use crate::base::limits::{RECONNECT_FIRST_MS, RECONNECT_LAST_MS};
use crate::base::tick::{Millis, Time};

/// When to connect next. Invariant: `delay` is within its two bounds.
#[derive(Debug)]
pub struct Backoff {
    delay: Millis,
    at: Time,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            delay: Millis(RECONNECT_FIRST_MS),
            at: Time(0),
        }
    }
}

impl Backoff {
    /// The time from which on one may connect.
    #[must_use]
    pub fn at(&self) -> Time {
        self.at
    }

    /// A connection was not made, or is lost. `heard`: something good had come
    /// over it; one that is only accepted and closed is no success.
    pub fn failed(&mut self, heard: bool, now: Time) {
        if heard {
            self.delay = Millis(RECONNECT_FIRST_MS);
        }
        self.at = now + self.delay;
        self.delay = Millis((self.delay.0 * 2).min(RECONNECT_LAST_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_five_seconds_and_begins_anew_after_a_good_connection() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.at(), Time(0), "the first time at once");
        for wait in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            backoff.failed(false, Time(1_000));
            assert_eq!(backoff.at(), Time(1_000 + wait));
        }
        backoff.failed(true, Time(9_000));
        assert_eq!(backoff.at(), Time(9_100));
    }
}
