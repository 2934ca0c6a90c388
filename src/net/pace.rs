//! How fast one connection's answers may go, where that is limited: so many
//! bytes, then nothing before the next second begins.

use super::visitors::Visitor;
use crate::base::limits::TICK_MS;
use crate::base::tick::{Tick, Time};
use std::sync::Arc;

/// What is set for a connection where limits are: one box, so that without
/// them a connection stays small.
#[derive(Debug, Default)]
pub(super) struct Limited {
    /// What is kept of its address; elsewhere while it is served.
    pub(super) visitor: Option<Arc<Visitor>>,
    /// How fast its answers may go.
    pub(super) pace: Option<Pace>,
}

/// What a connection may still write. It is filled up in step with the wheel,
/// which looks at connections once a second.
#[derive(Debug)]
pub(super) struct Pace {
    bytes_per_s: u64,
    left: u64,
    filled: Time,
}

impl Pace {
    /// A full second's worth, at first.
    pub(super) fn new(bytes_per_s: u64, now: Time) -> Pace {
        Pace {
            bytes_per_s,
            left: bytes_per_s,
            filled: now,
        }
    }

    /// Bytes that may be written now.
    pub(super) fn left(&mut self, now: Time) -> u64 {
        if now.tick() > self.filled.tick() {
            let more = self.bytes_per_s.saturating_mul(now.since(self.filled).0) / TICK_MS;
            self.left = (self.left + more).min(self.bytes_per_s);
            self.filled = now;
        }
        self.left
    }

    /// So many bytes were written.
    pub(super) fn spend(&mut self, count: u64) {
        self.left = self.left.saturating_sub(count);
    }

    /// Whether nothing may be written before it is filled up again.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// When there will be more.
    pub(super) fn refills(&self) -> Time {
        Tick(self.filled.tick().0 + 1).begins()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_brings_a_seconds_worth_and_no_more_is_saved_up() {
        let mut pace = Pace::new(1_000, Time(10_400));
        assert_eq!(pace.left(Time(10_400)), 1_000);
        pace.left = 0;
        assert_eq!((pace.left(Time(10_999)), pace.refills()), (0, Time(11_000)));
        assert_eq!(pace.left(Time(11_000)), 600);
        pace.left = 0;
        assert_eq!(pace.left(Time(12_003)), 1_000);
        pace.left = 0;
        assert_eq!((pace.left(Time(12_999)), pace.refills()), (0, Time(13_000)));
        assert_eq!(pace.left(Time(60_000)), 1_000);
    }
}
