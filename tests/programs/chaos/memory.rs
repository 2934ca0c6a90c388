//! Whether memory is flat: under a load that stays the same, and whenever all
//! clients have gone. From one moment to the next it goes up and down with what
//! they do, by more than a leak of an hour; so under load it is judged by the mean
//! of minutes, and at rest, where it is the same each time, by every look.

use std::time::Duration;

/// The windows that the time under load is split into: of an hour, about ten
/// minutes each, in which bursts even out.
const WINDOWS: usize = 5;

/// What a server had at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the load began.
    pub(crate) at: Duration,
    /// The clients have been there for some time, and the load is even.
    pub(crate) is_steady: bool,
    /// Memory of its own that it has written to: what a leak is made of.
    pub(crate) own_kib: usize,
    /// That and what it has of files, its program's above all.
    pub(crate) resident_kib: usize,
    pub(crate) descriptors: usize,
}

/// What was held at times that should be alike.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    pub(crate) kib: Vec<f64>,
}

impl Flat {
    /// What was held each time that nobody was there.
    pub(crate) fn at_rest(kib: &[usize]) -> Flat {
        assert!(kib.len() > 1, "{} looks say nothing", kib.len());
        Flat {
            kib: kib.iter().map(|&kib| kib as f64).collect(),
        }
    }

    /// What was held under a steady load, in the mean of each window.
    pub(crate) fn under_load(samples: &[Sample]) -> Flat {
        let steady = samples.iter().filter(|sample| sample.is_steady);
        let own: Vec<usize> = steady.map(|sample| sample.own_kib).collect();
        let few = own.len();
        assert!(few >= 3 * WINDOWS, "{few} samples say nothing");
        let windows = own.chunks(few.div_ceil(WINDOWS));
        Flat {
            kib: windows.map(mean).collect(),
        }
    }

    /// The first, that in the middle, and the last.
    pub(crate) fn path(&self) -> [f64; 3] {
        [0, self.kib.len() / 2, self.kib.len() - 1].map(|number| self.kib[number])
    }

    /// How far they are apart, as a part of the lowest.
    pub(crate) fn spread(&self) -> f64 {
        let highest = self.kib.iter().copied().fold(f64::MIN, f64::max);
        let lowest = self.kib.iter().copied().fold(f64::MAX, f64::min);
        highest / lowest - 1.0
    }

    /// How much it rose from the first to the last by its trend (the median of
    /// the slopes between any two, as Theil and Sen have it), as a part of the
    /// first.
    pub(crate) fn rise(&self) -> f64 {
        let mut slopes = Vec::new();
        for (from, first) in self.kib.iter().enumerate() {
            for (further, second) in self.kib[from + 1..].iter().enumerate() {
                slopes.push((second - first) / (further + 1) as f64);
            }
        }
        slopes.sort_by(f64::total_cmp);
        slopes[slopes.len() / 2] * (self.kib.len() - 1) as f64 / self.kib[0]
    }

    /// `name`: whose memory, and when.
    pub(crate) fn assert_within(&self, bound: f64, name: &str) {
        let (spread, rise) = (self.spread(), self.rise());
        let is_flat = spread <= bound && rise <= bound;
        assert!(
            is_flat,
            "{name}: memory is not flat: {:.1} % apart, {:.1} % up in all: {:?}",
            100.0 * spread,
            100.0 * rise,
            self.kib
        );
    }
}

fn mean(numbers: &[usize]) -> f64 {
    numbers.iter().sum::<usize>() as f64 / numbers.len() as f64
}

#[test]
fn what_creeps_or_jumps_is_found_and_what_is_alike_is_not() {
    let is_flat = |kib: &dyn Fn(usize) -> usize| {
        let flat = Flat::at_rest(&(0..12).map(kib).collect::<Vec<_>>());
        std::panic::catch_unwind(|| flat.assert_within(0.02, "a server")).is_ok()
    };
    assert!(is_flat(&|look| 10_000 + 100 * (look % 2)));
    assert!(!is_flat(&|look| 10_000 + 20 * look));
    assert!(!is_flat(&|look| if look < 11 { 10_000 } else { 10_250 }));
    assert!(!is_flat(&|look| 10_000 - 20 * look));
}

#[test]
fn bursts_hide_no_trend() {
    let sample = |second: usize, leak: usize| Sample {
        at: Duration::from_secs(second as u64),
        // What comes ahead of that is not looked at.
        is_steady: second >= 100,
        own_kib: if second < 100 { 50_000 } else { 10_000 }
            + leak * second
            + if second.is_multiple_of(3) { 5_000 } else { 0 },
        resident_kib: 0,
        descriptors: 0,
    };
    let flat = |leak| {
        let samples: Vec<Sample> = (0..1_000).map(|second| sample(second, leak)).collect();
        Flat::under_load(&samples)
    };
    assert!(flat(0).rise() < 0.001 && flat(0).spread() < 0.001);
    let leak = flat(1);
    assert!((0.05..0.08).contains(&leak.rise()), "{}", leak.rise());
    assert!(std::panic::catch_unwind(|| leak.assert_within(0.02, "a server")).is_err());
}
