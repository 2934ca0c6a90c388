//! Whether memory is flat. One look says little, for memory goes with the load
//! of the moment: what counts are the lows of windows, which a burst does not
//! move and a leak does, and the trend over all of the time.

use std::time::Duration;

/// The windows that the time after the settling is split into.
const WINDOWS: usize = 10;

/// What a server had at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    /// Memory of its own that it has written to: what a leak is made of.
    pub(crate) own_kib: usize,
    /// That and what it has of files, its program's above all.
    pub(crate) resident_kib: usize,
    pub(crate) descriptors: usize,
}

/// How memory went once it was settled.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    /// What a tenth of each window lies below, in KiB.
    pub(crate) windows: Vec<f64>,
}

/// Takes the samples that came after the settling.
pub(crate) fn judge(samples: &[Sample], settling: Duration) -> Flat {
    let settled = samples.iter().filter(|sample| sample.at >= settling);
    let own: Vec<usize> = settled.map(|sample| sample.own_kib).collect();
    assert!(
        own.len() >= 3 * WINDOWS,
        "{} samples say nothing",
        own.len()
    );
    let windows = own.chunks(own.len().div_ceil(WINDOWS));
    Flat {
        windows: windows.map(low).collect(),
    }
}

impl Flat {
    /// The first window, that in the middle, and the last.
    pub(crate) fn path(&self) -> [f64; 3] {
        let windows = &self.windows;
        [0, windows.len() / 2, windows.len() - 1].map(|number| windows[number])
    }

    /// How far the windows are apart, as a part of the lowest.
    pub(crate) fn spread(&self) -> f64 {
        let highest = self.windows.iter().copied().fold(f64::MIN, f64::max);
        let lowest = self.windows.iter().copied().fold(f64::MAX, f64::min);
        highest / lowest - 1.0
    }

    /// How much it rose from the first window to the last by its trend (the
    /// median of the slopes between any two windows, as Theil and Sen have it),
    /// as a part of the first.
    pub(crate) fn rise(&self) -> f64 {
        let windows = &self.windows;
        let mut slopes = Vec::new();
        for (from, first) in windows.iter().enumerate() {
            for (further, second) in windows[from + 1..].iter().enumerate() {
                slopes.push((second - first) / (further + 1) as f64);
            }
        }
        slopes.sort_by(f64::total_cmp);
        slopes[slopes.len() / 2] * (windows.len() - 1) as f64 / windows[0]
    }

    pub(crate) fn assert_within(&self, bound: f64, name: &str) {
        let (spread, rise) = (self.spread(), self.rise());
        let is_flat = spread <= bound && rise <= bound;
        assert!(
            is_flat,
            "{name}: memory is not flat: {:.1} % apart, {:.1} % up in all: {:?}",
            100.0 * spread,
            100.0 * rise,
            self.windows
        );
    }
}

/// What a tenth of the numbers lies below.
fn low(numbers: &[usize]) -> f64 {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers[numbers.len() / 10] as f64
}

/// An hour of samples, of which memory is told.
fn hour(own_kib: impl Fn(usize) -> usize) -> Flat {
    let sample = |second: usize| Sample {
        at: Duration::from_secs(second as u64),
        own_kib: own_kib(second),
        resident_kib: 0,
        descriptors: 0,
    };
    let samples: Vec<Sample> = (0..3_600).map(sample).collect();
    judge(&samples, Duration::from_secs(300))
}

#[test]
fn bursts_and_what_comes_before_the_settling_are_no_leak() {
    let flat = hour(|second| match second {
        0..300 => 100 * second,
        _ if second % 10 == 0 => 20_000,
        _ => 10_000 + second % 7,
    });
    flat.assert_within(0.02, "bursts");
}

#[test]
fn a_leak_is_found_whether_it_creeps_or_jumps() {
    let is_found = |own_kib: &dyn Fn(usize) -> usize| {
        let flat = hour(own_kib);
        std::panic::catch_unwind(|| flat.assert_within(0.02, "a leak")).is_err()
    };
    assert!(is_found(&|second| 10_000 + second / 10));
    assert!(is_found(&|second| if second < 3_200 {
        10_000
    } else {
        10_250
    }));
    // Bursts hide nothing of it.
    assert!(is_found(&|second| 10_000
        + second / 5
        + 5_000 * (second % 3)));
}
