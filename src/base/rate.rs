//! So many a second and a burst on top, kept in one number per client: the
//! generic cell rate algorithm (ITU-T I.371, annex A), without a timer.

use super::tick::{Millis, Time};
use std::sync::atomic::{AtomicU64, Ordering};

const NS_PER_S: u64 = 1_000_000_000;
const NS_PER_MS: u64 = 1_000_000;
/// The fastest rate.
const PER_S_MAX: u64 = 1_000_000;

/// A rate with its burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Between two of them, in the long run.
    each_ns: u64,
    /// How far ahead of its time one may come.
    ahead_ns: u64,
}

impl Rate {
    /// `per_s` a second in the long run, at least 1 and at most a million, and
    /// up to `burst` at once. Time is told in milliseconds, so a burst is no
    /// less than what comes within one.
    #[must_use]
    pub fn new(per_s: u64, burst: u64) -> Rate {
        let each_ns = NS_PER_S / per_s.clamp(1, PER_S_MAX);
        let burst = burst.max(NS_PER_MS.div_ceil(each_ns)).max(1);
        Rate {
            each_ns,
            ahead_ns: each_ns.saturating_mul(burst),
        }
    }

    /// Takes one from the `meter` of a client, which begins at 0.
    ///
    /// # Errors
    /// How long to wait until there is one; nothing is taken.
    pub fn take(self, meter: &AtomicU64, now: Time) -> Result<(), Millis> {
        let now_ns = now.0.saturating_mul(NS_PER_MS);
        let mut until_ns = meter.load(Ordering::Relaxed);
        loop {
            let next_ns = until_ns.max(now_ns).saturating_add(self.each_ns);
            let ahead_ns = next_ns - now_ns;
            if ahead_ns > self.ahead_ns {
                return Err(Millis((ahead_ns - self.ahead_ns).div_ceil(NS_PER_MS)));
            }
            let swapped = meter.compare_exchange_weak(
                until_ns,
                next_ns,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match swapped {
                Ok(_) => return Ok(()),
                Err(other_ns) => until_ns = other_ns,
            }
        }
    }
}

/// Whether a meter says no more than one that begins.
#[must_use]
pub fn is_rested(meter: &AtomicU64, now: Time) -> bool {
    meter.load(Ordering::Relaxed) <= now.0.saturating_mul(NS_PER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `tries` are let through at this time.
    fn taken(rate: Rate, meter: &AtomicU64, at: u64, tries: usize) -> usize {
        let took = |_: &usize| rate.take(meter, Time(at)).is_ok();
        (0..tries).filter(took).count()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (rate, meter) = (Rate::new(10, 5), AtomicU64::new(0));
        assert_eq!(taken(rate, &meter, 1_000, 100), 5);
        assert_eq!(rate.take(&meter, Time(1_000)), Err(Millis(100)));
        assert_eq!(taken(rate, &meter, 1_099, 100), 0);
        assert_eq!(taken(rate, &meter, 1_100, 100), 1);
        assert_eq!(taken(rate, &meter, 1_350, 100), 2);
        assert!(!is_rested(&meter, Time(1_350)));
        assert_eq!(taken(rate, &meter, 60_000, 100), 5);
        assert!(is_rested(&meter, Time(60_500)));
    }

    #[test]
    fn in_the_long_run_it_is_the_rate_however_often_one_asks() {
        for (per_s, burst) in [
            (1, 1),
            (7, 1),
            (100, 10),
            (5_000, 1),
            (400_000, 1),
            (700_000, 1),
            (1_000_000, 1),
        ] {
            let (rate, meter) = (Rate::new(per_s, burst), AtomicU64::new(0));
            let let_in: usize = (0..10_000).map(|at| taken(rate, &meter, at, 1_100)).sum();
            let due = per_s as usize * 10;
            let slack = burst as usize + due / 100 + 1;
            assert!(let_in.abs_diff(due) <= slack, "{let_in} of {due}");
        }
    }
}
