//! When a serving process that ended is started again, and when no more.

use crate::base::limits::{RESTART_CALM_MS, RESTART_FIRST_MS, RESTART_LAST_MS, STARTS_FAILED_MAX};
use std::time::Duration;

/// Remembers the last wait, and counts starts in a row that failed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restarts {
    /// The last wait.
    wait_ms: u64,
    failed: u32,
}

impl Restarts {
    /// A serving process is up.
    pub(super) fn is_up(&mut self) {
        self.failed = 0;
    }

    /// One ended that had been up for `lasted`: how long to wait for the next.
    pub(super) fn ended_after(&mut self, lasted: Duration) -> Duration {
        if lasted >= Duration::from_millis(RESTART_CALM_MS) {
            self.wait_ms = 0;
        }
        self.wait()
    }

    /// One ended before it was up: how long to wait for the next; `None` if it
    /// is no use.
    pub(super) fn failed(&mut self) -> Option<Duration> {
        self.failed += 1;
        (self.failed < STARTS_FAILED_MAX).then(|| self.wait())
    }

    fn wait(&mut self) -> Duration {
        self.wait_ms = (2 * self.wait_ms).clamp(RESTART_FIRST_MS, RESTART_LAST_MS);
        Duration::from_millis(self.wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_a_bound_and_begin_anew_after_a_calm_time() {
        let mut restarts = Restarts::default();
        let waits: Vec<u128> = (0..9)
            .map(|_| restarts.ended_after(SECOND).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        for _ in 0..100 {
            assert_eq!(restarts.ended_after(SECOND), 5 * SECOND);
        }
        assert_eq!(restarts.ended_after(10 * SECOND), SECOND / 10);
    }

    #[test]
    fn the_fifth_failure_in_a_row_is_the_last() {
        let mut restarts = Restarts::default();
        for _ in 0..4 {
            assert!(restarts.failed().is_some());
        }
        restarts.is_up();
        for _ in 0..4 {
            assert!(restarts.failed().is_some());
        }
        assert_eq!(restarts.failed(), None);
    }
}
