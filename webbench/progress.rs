//! A line that shows how a run goes, on standard error where that is a
//! terminal; elsewhere nothing. It moves when it is told something, and needs
//! no thread.

use crate::record::Record;
use crate::units;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

/// A bar of fixed width, and words that are cut off where the line ends.
const TEMPLATE: &str = "{prefix}{bar:24.cyan/blue} {wide_msg}";

/// Shortest time from which a rate is told.
const RATE_TIME: Duration = Duration::from_millis(500);

/// The line, which it owns and clears at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    time: Option<Duration>,
    requests: Option<u64>,
    /// Since when the rate is taken, and what was done then.
    since: Cell<(Duration, u64)>,
    rate: Cell<f64>,
}

impl Progress {
    /// A line for a run of this length, or of so many requests, whichever is
    /// done first. `lead` stands in front of it.
    pub(crate) fn new(time: Option<Duration>, requests: Option<u64>, lead: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(1_000), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template(TEMPLATE);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(lead.to_owned());
        Progress {
            bar,
            time,
            requests,
            since: Cell::default(),
            rate: Cell::default(),
        }
    }

    /// Shows what has been counted so far.
    pub(crate) fn show(&self, record: &Record) {
        if self.bar.is_hidden() {
            return;
        }
        let (since, done) = self.since.get();
        let requests = record.succeeded + record.failed();
        let time = record.elapsed.saturating_sub(since);
        let rate = requests.saturating_sub(done) as f64 / time.as_secs_f64();
        if time >= RATE_TIME {
            self.since.set((record.elapsed, requests));
        }
        if time >= RATE_TIME || (since.is_zero() && !time.is_zero()) {
            self.rate.set(rate);
        }
        let part = part_done(record, self.time, self.requests);
        self.bar.set_position((part * 1_000.0) as u64);
        self.bar
            .set_message(words(record, self.time, self.requests, self.rate.get()));
    }

    /// Tells a line on standard error, above this one.
    pub(crate) fn tell(&self, line: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr(), "webbench: {line}"); // nobody is left to tell
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// How much of a run is done, from 0 to 1.
fn part_done(record: &Record, time: Option<Duration>, requests: Option<u64>) -> f64 {
    let elapsed = record.elapsed.as_secs_f64();
    let of_time = time.map_or(0.0, |all| elapsed / all.as_secs_f64());
    let done = (record.succeeded + record.failed()) as f64;
    let of_requests = requests.map_or(0.0, |all| done / all as f64);
    of_time.max(of_requests).min(1.0)
}

/// What stands beside the bar.
fn words(record: &Record, time: Option<Duration>, requests: Option<u64>, rate: f64) -> String {
    if record.elapsed.is_zero() {
        return "warming up".to_owned();
    }
    let rate = units::rate(rate);
    let failed = units::count(record.failed());
    let seconds = record.elapsed.as_secs_f64();
    let done = match (requests, time) {
        (Some(all), _) => {
            let done = units::count(record.succeeded + record.failed());
            format!("{done} of {}", units::count(all))
        }
        (None, Some(time)) => {
            let left = time.saturating_sub(record.elapsed).as_secs_f64();
            format!("{seconds:.0} s, {left:.0} s left")
        }
        (None, None) => format!("{seconds:.0} s"),
    };
    format!("{done} · {rate} requests/s · {failed} failed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Failure;

    #[test]
    fn a_run_by_time_and_one_by_requests() {
        let mut record = Record::default();
        let minute = Some(Duration::from_secs(60));
        assert_eq!(words(&record, minute, None, 0.0), "warming up");
        record.elapsed = Duration::from_secs(15);
        record.succeeded = 48;
        record.fail_many(Failure::Reset, 2);
        let told = words(&record, minute, None, 12_345.0);
        assert_eq!(told, "15 s, 45 s left · 12,345 requests/s · 2 failed");
        let told = words(&record, minute, Some(1_000), 3.0);
        assert_eq!(told, "50 of 1,000 · 3 requests/s · 2 failed");
        let part = |requests| part_done(&record, minute, requests);
        assert!((part(None) - 0.25).abs() < 1e-9);
        assert!(
            (part(Some(100)) - 0.5).abs() < 1e-9,
            "what is done first ends it"
        );
        assert!((part(Some(10)) - 1.0).abs() < 1e-9);
    }
}
