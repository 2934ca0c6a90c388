//! Time as a number that is handed down: the pure rooms never ask a clock.

use crate::base::limits::TICK_MS;
use std::ops::Add;

/// Milliseconds since the process took its first look at the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub u64);

/// Number of a second since the process took its first look at the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub u64);

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

impl Time {
    /// Later than anything that comes: "no deadline".
    pub const NEVER: Time = Time(u64::MAX);

    /// The tick that has begun at this time.
    #[must_use]
    pub fn tick(self) -> Tick {
        Tick(self.0 / TICK_MS)
    }

    /// The first tick that begins no earlier than this time.
    #[must_use]
    pub fn tick_at_or_after(self) -> Tick {
        Tick(self.0.div_ceil(TICK_MS))
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Time) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl Tick {
    /// When this tick begins.
    #[must_use]
    pub fn begins(self) -> Time {
        Time(self.0.saturating_mul(TICK_MS))
    }
}

impl Millis {
    /// A span of whole seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Millis {
        Millis(seconds.saturating_mul(1_000))
    }
}

impl Add<Millis> for Time {
    type Output = Time;

    fn add(self, span: Millis) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_round_the_way_their_names_say() {
        assert_eq!(Time(1_999).tick(), Tick(1));
        assert_eq!(Time(1_001).tick_at_or_after(), Tick(2));
        assert_eq!(Time(2_000).tick_at_or_after(), Tick(2));
        assert_eq!(Tick(2).begins(), Time(2_000));
        assert_eq!(Time::NEVER + Millis(1), Time::NEVER);
        assert_eq!(Time(1).since(Time(5)), Millis(0));
    }
}
