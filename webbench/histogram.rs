//! Times and how often each was seen, to three figures (HdrHistogram). Pure.

use crate::leb128::{put, take};
use std::time::Duration;

/// Longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Significant figures.
const FIGURES: u8 = 3;

/// The percentiles that every report names.
pub(crate) const PERCENTILES: [(&str, f64); 6] = [
    ("p50", 50.0),
    ("p75", 75.0),
    ("p90", 90.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("max", 100.0),
];

/// A histogram of times, in nanoseconds. It owns no memory until the first
/// one is added, and a fixed amount from then on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram(Option<Box<hdrhistogram::Histogram<u64>>>);

impl Histogram {
    /// Adds a time. One that is longer than an hour counts as an hour.
    pub(crate) fn add(&mut self, time: Duration) {
        self.add_many(time, 1);
    }

    /// Adds a time so many times.
    pub(crate) fn add_many(&mut self, time: Duration, count: u64) {
        let counts = self.0.get_or_insert_with(|| Box::new(empty()));
        counts.saturating_record_n(nanoseconds(time), count);
    }

    /// How many times were added.
    pub(crate) fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, |counts| counts.len())
    }

    /// The time that this much of a hundred were not longer than; zero if
    /// there is none.
    pub(crate) fn percentile(&self, of_hundred: f64) -> Duration {
        let value = |counts: &hdrhistogram::Histogram<u64>| match of_hundred {
            100.0.. => counts.max(),
            _ => counts.value_at_quantile(of_hundred / 100.0),
        };
        Duration::from_nanos(self.0.as_deref().map_or(0, value))
    }

    /// The mean; zero if there is none.
    pub(crate) fn mean(&self) -> Duration {
        Duration::from_nanos(self.0.as_ref().map_or(0, |counts| counts.mean() as u64))
    }

    /// Every time that was seen, to three figures, and how often; rising.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let recorded = self.0.iter().flat_map(|counts| counts.iter_recorded());
        recorded.map(|step| {
            let time = Duration::from_nanos(step.value_iterated_to());
            (time, step.count_at_value())
        })
    }

    /// Adds another one's times.
    pub(crate) fn merge(&mut self, other: &Histogram) {
        let Some(more) = &other.0 else {
            return;
        };
        let counts = self.0.get_or_insert_with(|| Box::new(empty()));
        // Both have the same bounds: there is room for all.
        let added = counts.add(&**more);
        debug_assert!(added.is_ok());
    }

    /// Appends it as pairs of `nanoseconds | count`, their number first.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put(out, self.counts().count() as u64);
        for (time, count) in self.counts() {
            put(out, nanoseconds(time));
            put(out, count);
        }
    }

    /// Takes one from the front of `bytes`; `None` if there is none.
    pub(crate) fn read(bytes: &mut &[u8]) -> Option<Histogram> {
        let mut histogram = Histogram::default();
        for _ in 0..take(bytes)? {
            histogram.add_many(Duration::from_nanos(take(bytes)?), take(bytes)?);
        }
        Some(histogram)
    }
}

fn empty() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new_with_bounds(1, nanoseconds(LONGEST), FIGURES)
        .unwrap_or_else(|_| unreachable!("these bounds are good"))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks, by sorting.
    fn computed(times: &[u64], of_hundred: f64) -> u64 {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let rank = (of_hundred / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted[rank.clamp(1, sorted.len()) - 1]
    }

    #[test]
    fn percentiles_are_within_two_in_a_hundred_of_computed_ones() {
        let mut seed = 1_u64;
        let mut times = Vec::new();
        let mut histogram = Histogram::default();
        for round in 0..100_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // From 30 µs to 30 s, most of them short.
            let time = 30_000 + (seed >> 34) % (1 << (10 + round % 25));
            times.push(time);
            histogram.add(Duration::from_nanos(time));
        }
        for (name, of_hundred) in PERCENTILES {
            let expected = computed(&times, of_hundred) as f64;
            let got = histogram.percentile(of_hundred).as_nanos() as f64;
            assert!(
                (got / expected - 1.0).abs() < 0.02,
                "{name}: {got} for {expected}"
            );
        }
        let mean = times.iter().sum::<u64>() as f64 / times.len() as f64;
        assert!((histogram.mean().as_nanos() as f64 / mean - 1.0).abs() < 0.02);
        assert_eq!(
            histogram.counts().map(|(_, count)| count).sum::<u64>(),
            histogram.len()
        );
    }

    #[test]
    fn an_empty_one_and_a_very_long_time() {
        let mut histogram = Histogram::default();
        assert_eq!(
            (histogram.len(), histogram.percentile(99.0)),
            (0, Duration::ZERO)
        );
        histogram.add(Duration::MAX);
        let longest = histogram.percentile(100.0);
        assert!(longest >= LONGEST && longest < LONGEST + LONGEST / 500);
    }
}
