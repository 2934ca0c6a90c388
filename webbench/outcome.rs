//! All that is known of a run once it is over: what the reports are made of.
//! Pure.

use crate::histogram::{Histogram, PERCENTILES};
use crate::machine::Facts;
use crate::record::{Failure, Record};
use crate::series::Sample;
use crate::server::Usage;
use crate::setup::Setup;
use std::time::Duration;

/// A run and what it gave.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) setup: Setup,
    pub(crate) facts: Facts,
    pub(crate) record: Record,
    pub(crate) series: Vec<Sample>,
    /// What the server used, if it was watched.
    pub(crate) usage: Option<Usage>,
}

impl Outcome {
    /// Requests that succeeded in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.per_s(self.record.succeeded)
    }

    /// Bytes of their answers in a second.
    pub(crate) fn bytes_rate(&self) -> f64 {
        self.per_s(self.record.bytes)
    }

    fn per_s(&self, count: u64) -> f64 {
        let seconds = self.record.elapsed.as_secs_f64();
        if seconds > 0.0 {
            count as f64 / seconds
        } else {
            0.0
        }
    }

    /// Failures of each kind, by a name without spaces.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let named = |kind: Failure| (kind.words().replace(' ', "_"), self.record.failed_as(kind));
        Failure::ALL.into_iter().map(named)
    }

    /// What was timed, by name.
    pub(crate) fn times(&self) -> [(&'static str, &Histogram); 3] {
        let times = &self.record.times;
        [
            ("connect", &times.connect),
            ("first byte", &times.first_byte),
            ("whole", &times.whole),
        ]
    }

    /// Processor time of the server for each request.
    pub(crate) fn processor_per_request(&self) -> Option<Duration> {
        self.usage.as_ref()?.processor_per_request(&self.record)
    }
}

/// The figures that every report gives of a histogram, by name.
pub(crate) fn figures(histogram: &Histogram) -> impl Iterator<Item = (&'static str, Duration)> {
    let percentiles =
        PERCENTILES.map(|(name, of_hundred)| (name, histogram.percentile(of_hundred)));
    std::iter::once(("mean", histogram.mean())).chain(percentiles)
}

/// A time in microseconds.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

/// An outcome with something of everything, for the tests of reports.
#[cfg(test)]
pub(crate) fn example() -> Outcome {
    use crate::server::MemoryKind;
    let mut record = Record::default();
    record.succeeded = 3_000;
    record.bytes = 600_000;
    record.elapsed = Duration::from_secs(2);
    record.fail_many(Failure::Reset, 3);
    record.fail_many(Failure::Status5xx, 2);
    record.sent_again = 4;
    for number in 1..=3_000 {
        record.times.whole.add(Duration::from_micros(number));
        record
            .times
            .first_byte
            .add(Duration::from_micros(number / 2 + 1));
    }
    record.times.connect.add(Duration::from_micros(31));
    let sample = |from: u64, failed| Sample {
        from: Duration::from_secs(from),
        to: Duration::from_secs(from + 1),
        succeeded: 1_500,
        failed,
        bytes: 300_000,
    };
    let plan = crate::arguments::read(["webbench", "-c", "4", "http://a/?b=<c>&d=\"e\""]);
    let plan = crate::plan::Plan::new(plan.expect("good arguments")).expect("a good plan");
    Outcome {
        setup: crate::setup::of(&plan, 2),
        facts: Facts {
            date: "Thu, 01 Jan 1970 00:00:07 GMT".to_owned(),
            unix_s: 7,
            webbench: "1.2.3",
            command: "webbench -c 4 'http://a/?b=<c>&d=\"e\"'".to_owned(),
            processor: "<i>Some</i> & Sons".to_owned(),
            memory_bytes: 2 << 30,
            ..Facts::default()
        },
        series: vec![sample(0, 0), sample(1, 5)],
        usage: Some(Usage {
            pid: 42,
            processes: 3,
            processor: Duration::from_nanos(3_005 * 7_500),
            memory_before: 1 << 20,
            memory_max: 3 << 20,
            memory_after: 2 << 20,
            memory_kind: MemoryKind::Proportional,
        }),
        record,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let mut outcome = example();
        assert!((outcome.rate() - 1_500.0).abs() < 1e-9);
        assert!((outcome.bytes_rate() - 300_000.0).abs() < 1e-9);
        assert_eq!(
            outcome.processor_per_request(),
            Some(Duration::from_nanos(7_500))
        );
        outcome.record = Record::default();
        assert!(outcome.rate().abs() < 1e-9, "no time, no rate");
        assert_eq!(outcome.processor_per_request(), None);
    }
}
