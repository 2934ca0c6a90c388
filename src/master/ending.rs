//! The end of a master: its serving processes go first.

use super::stage::End;
use super::supervisor::Master;
use crate::base::limits::LEAVE_MS;
use rustix::process::Signal;
use std::time::{Duration, Instant};

impl Master {
    /// Tells all serving processes to go: at once, or when what is under way is
    /// done.
    pub(super) fn begin_end(&mut self, is_fast: bool) {
        if self.end.as_ref().is_some_and(|end| end.is_fast || !is_fast) {
            return; // they know
        }
        log::info!(
            "{}",
            if is_fast {
                "stopping"
            } else {
                "QUIT: finishing what is under way"
            }
        );
        self.announce("STOPPING=1");
        self.restart = None;
        let signal = if is_fast { Signal::TERM } else { Signal::QUIT };
        for child in self.serving.iter().chain(&self.leaving) {
            child.signal(signal);
        }
        if let Some(starting) = &self.starting {
            starting.child.signal(Signal::TERM); // it has nothing to finish
        }
        let drain = if is_fast {
            0
        } else {
            self.settings.config.drain.0
        };
        let until = Instant::now() + Duration::from_millis(drain.saturating_add(LEAVE_MS));
        self.end = Some(End { until, is_fast });
    }

    /// Kills what has not gone by then.
    pub(super) fn end_in_time(&mut self, now: Instant) {
        let Some(end) = &mut self.end else {
            return;
        };
        if end.until <= now {
            end.until = now + Duration::from_millis(LEAVE_MS);
            for child in self.children() {
                log::warn!(
                    "serving process {} takes too long; it is killed",
                    child.pid()
                );
                child.signal(Signal::KILL);
            }
        }
    }

    /// Whether nothing is left to watch over.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some() && self.children().next().is_none()
    }
}
