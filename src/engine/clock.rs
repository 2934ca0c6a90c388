//! The two clocks, each read where a turn begins and nowhere else.

use crate::base::tick::Time;
use crate::http::HttpDate;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Counts milliseconds from when it was made: the same count on every thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(super) fn new() -> Clock {
        Clock {
            origin: Instant::now(),
        }
    }

    /// The time of this turn.
    pub(super) fn now(&self) -> Time {
        Time(self.origin.elapsed().as_millis() as u64)
    }

    /// The same in microseconds, for the time that something takes.
    pub(super) fn now_us(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }
}

/// The date for answers, asked for once a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Date {
    pub(super) unix_s: u64,
    pub(super) text: HttpDate,
    /// When the second is over.
    stale: Time,
}

impl Date {
    pub(super) fn new(now: Time) -> Date {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let unix_s = since_epoch.as_secs();
        let left_ms = 1_000 - u64::from(since_epoch.subsec_millis());
        Date {
            unix_s,
            text: HttpDate::from_unix(unix_s),
            stale: Time(now.0 + left_ms),
        }
    }

    /// Asks again if the second is over.
    pub(super) fn refresh(&mut self, now: Time) {
        if now >= self.stale {
            *self = Date::new(now);
        }
    }
}
