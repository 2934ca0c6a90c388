//! How a run went over time: snapshots of what was counted so far, made into
//! samples of a second, or longer ones where a run is long. Pure.

use crate::record::Record;
use std::time::Duration;

/// Most samples that are kept; then two and two become one.
const SAMPLES_MAX: usize = 600;

/// Length of a sample, at first.
const STEP: Duration = Duration::from_secs(1);

/// What was counted in a stretch of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Where it begins, from the start of the measured part.
    pub(crate) from: Duration,
    /// Where it ends.
    pub(crate) to: Duration,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) bytes: u64,
}

/// The samples of a run, in order and without gaps.
///
/// ```text
///  | sample | sample | sample | … | what is counted since |
///  0        step     2 steps      end                     newest snapshot
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Series {
    samples: Vec<Sample>,
    step: Duration,
    /// Sums of all samples; `to` is where the last one ends.
    end: Sample,
}

impl Sample {
    const NOTHING: Sample = Sample {
        from: Duration::ZERO,
        to: Duration::ZERO,
        succeeded: 0,
        failed: 0,
        bytes: 0,
    };

    /// Requests that succeeded in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.per_s(self.succeeded)
    }

    /// Requests that failed in a second.
    pub(crate) fn failures_rate(&self) -> f64 {
        self.per_s(self.failed)
    }

    fn per_s(&self, count: u64) -> f64 {
        let length = self.to.saturating_sub(self.from).as_secs_f64();
        if length > 0.0 {
            count as f64 / length
        } else {
            0.0
        }
    }

    /// Takes in the sample that follows.
    fn join(&mut self, next: &Sample) {
        self.to = next.to;
        self.succeeded += next.succeeded;
        self.failed += next.failed;
        self.bytes += next.bytes;
    }
}

impl Series {
    /// Without samples.
    pub(crate) fn new() -> Series {
        Series {
            samples: Vec::new(),
            step: STEP,
            end: Sample::NOTHING,
        }
    }

    /// Takes what was counted since the start.
    pub(crate) fn add(&mut self, record: &Record) {
        // A snapshot comes late, never early: the next one is then due a step
        // after this one was, so that they do not drift.
        let due = self.step * (self.steps_done() + 1);
        if record.elapsed >= due {
            let sample = self.since_end(record);
            self.push(sample);
        }
    }

    /// Takes what was counted in all, and gives the samples. What is left over
    /// is one more, or goes to the last one if it is too short to say much.
    pub(crate) fn end(mut self, record: &Record) -> Vec<Sample> {
        let rest = self.since_end(record);
        let is_short = rest.to.saturating_sub(rest.from) < self.step / 2;
        match self.samples.last_mut() {
            Some(last) if is_short => last.join(&rest),
            _ => self.samples.push(rest),
        }
        self.samples
    }

    /// How many whole steps the samples cover.
    fn steps_done(&self) -> u32 {
        let steps = self.end.to.as_nanos() / self.step.as_nanos();
        u32::try_from(steps).unwrap_or(u32::MAX - 1)
    }

    fn since_end(&self, record: &Record) -> Sample {
        Sample {
            from: self.end.to,
            to: record.elapsed.max(self.end.to),
            succeeded: record.succeeded.saturating_sub(self.end.succeeded),
            failed: record.failed().saturating_sub(self.end.failed),
            bytes: record.bytes.saturating_sub(self.end.bytes),
        }
    }

    fn push(&mut self, sample: Sample) {
        self.end.join(&sample);
        self.samples.push(sample);
        if self.samples.len() >= SAMPLES_MAX {
            let pairs = self.samples.chunks(2).map(|pair| {
                let mut sum = pair[0];
                pair[1..].iter().for_each(|next| sum.join(next));
                sum
            });
            self.samples = pairs.collect();
            self.step *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Failure;

    /// So many snapshots, this far apart; each with ten answers more, and one
    /// failure more.
    fn run(snapshots: u64, apart_ms: u64) -> Vec<Sample> {
        let mut series = Series::new();
        let mut record = Record::default();
        for number in 1..=snapshots {
            record.elapsed = Duration::from_millis(number * apart_ms);
            record.succeeded += 10;
            record.bytes += 1_000;
            record.fail(Failure::Reset);
            series.add(&record);
            assert!(series.samples.len() < SAMPLES_MAX);
        }
        let samples = series.end(&record);
        let mut at = Duration::ZERO;
        for sample in &samples {
            assert!(
                sample.from == at && sample.to > at,
                "no gap before {sample:?}"
            );
            at = sample.to;
        }
        assert_eq!(at, record.elapsed);
        let sum = |count: fn(&Sample) -> u64| samples.iter().map(count).sum::<u64>();
        assert_eq!(sum(|sample| sample.succeeded), record.succeeded);
        assert_eq!(sum(|sample| sample.failed), record.failed());
        assert_eq!(sum(|sample| sample.bytes), record.bytes);
        samples
    }

    #[test]
    fn a_sample_a_second() {
        let samples = run(20, 250);
        assert_eq!(samples.len(), 5);
        for sample in samples {
            assert_eq!(
                (sample.succeeded, sample.failed, sample.bytes),
                (40, 4, 4_000)
            );
            assert!((sample.rate() - 40.0).abs() < 1e-9);
            assert!((sample.failures_rate() - 4.0).abs() < 1e-9);
        }
    }

    #[test]
    fn late_snapshots_do_not_drift() {
        assert_eq!(run(100, 301).len(), 30);
        assert_eq!(run(10, 3_000).len(), 10, "few of them");
    }

    #[test]
    fn the_rest_is_a_sample_only_if_it_says_something() {
        assert_eq!(run(5, 250).len(), 1, "a quarter of a second joins the last");
        assert_eq!(run(7, 250).len(), 2);
        assert_eq!(run(1, 100).len(), 1, "all that there is");
    }

    #[test]
    fn a_long_run_has_longer_samples() {
        let samples = run(3_000, 1_000);
        assert!(
            (SAMPLES_MAX / 2..SAMPLES_MAX).contains(&samples.len()),
            "{}",
            samples.len()
        );
        assert!(
            samples
                .iter()
                .all(|sample| (sample.rate() - 10.0).abs() < 1e-9)
        );
        run(50_000, 60_000);
    }

    #[test]
    fn nothing_counted_is_one_empty_sample() {
        let samples = Series::new().end(&Record::default());
        assert_eq!(samples, [Sample::NOTHING]);
        assert!(samples[0].rate().abs() < 1e-9);
    }
}
