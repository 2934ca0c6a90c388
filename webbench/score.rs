//! A worker's count of what came back, and of how long it took; what came
//! before the measured part of the run is left out. Pure.

use crate::answer::Whole;
use crate::record::{Failure, Record};
use std::time::Duration;

/// What is counted in the measured part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// What ends in it.
    Ended,
    /// What is begun in it: so many requests were asked for.
    Begun,
}

/// When a request was begun, when the first byte of its answer came, and when
/// the last one: nanoseconds of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spell {
    /// Or when it was due, at a constant rate.
    pub(crate) begun_ns: u64,
    pub(crate) first_ns: u64,
    pub(crate) now_ns: u64,
}

/// The count.
#[derive(Debug)]
pub(crate) struct Score {
    record: Record,
    counted: Counted,
    /// When the measured part begins.
    from_ns: u64,
    /// The last answer's times and how many in a row had the same: requests
    /// that are begun and answered in the same turns do, and are added at once.
    row: (Spell, u64),
}

impl Score {
    pub(crate) fn new(counted: Counted, from_ns: u64) -> Score {
        let none = Spell {
            begun_ns: 0,
            first_ns: 0,
            now_ns: 0,
        };
        Score {
            record: Record::default(),
            counted,
            from_ns,
            row: (none, 0),
        }
    }

    /// A connection was made.
    pub(crate) fn connected(&mut self, took_ns: u64, now_ns: u64) {
        if now_ns >= self.from_ns {
            self.record.times.connect.add(Duration::from_nanos(took_ns));
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&mut self, whole: &Whole, spell: Spell) {
        if !self.counts(spell.begun_ns, spell.now_ns) {
            return;
        }
        match whole.status {
            400..500 => self.record.fail(Failure::Status4xx),
            500.. => self.record.fail(Failure::Status5xx),
            _ => {
                self.record.succeeded += 1;
                self.record.bytes += whole.bytes;
                if self.row.0 != spell {
                    self.end_row();
                    self.row.0 = spell;
                }
                self.row.1 += 1;
            }
        }
    }

    /// So many requests were sent whose answers nobody waits for.
    pub(crate) fn sent(&mut self, count: u64, begun_ns: u64, now_ns: u64) {
        if self.counts(begun_ns, now_ns) {
            self.record.succeeded += count;
        }
    }

    /// So many requests are sent once more.
    pub(crate) fn repeated(&mut self, count: u64, begun_ns: u64, now_ns: u64) {
        if self.counts(begun_ns, now_ns) {
            self.record.sent_again += count;
        }
    }

    /// So many requests failed.
    pub(crate) fn failed(&mut self, failure: Failure, count: u64, begun_ns: u64, now_ns: u64) {
        if self.counts(begun_ns, now_ns) {
            self.record.fail_many(failure, count);
        }
    }

    /// What has been counted by now.
    pub(crate) fn record(&mut self, now_ns: u64) -> &Record {
        self.end_row();
        self.record.elapsed = Duration::from_nanos(now_ns.saturating_sub(self.from_ns));
        &self.record
    }

    fn counts(&self, begun_ns: u64, now_ns: u64) -> bool {
        let when = match self.counted {
            Counted::Ended => now_ns,
            Counted::Begun => begun_ns,
        };
        when >= self.from_ns
    }

    fn end_row(&mut self) {
        let (spell, count) = self.row;
        if count > 0 {
            let since = |ns: u64| Duration::from_nanos(ns.saturating_sub(spell.begun_ns));
            let times = &mut self.record.times;
            times.first_byte.add_many(since(spell.first_ns), count);
            times.whole.add_many(since(spell.now_ns), count);
            self.row.1 = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(score: &mut Score, status: u16, begun_ns: u64, first_ns: u64, now_ns: u64) {
        let whole = Whole {
            status,
            keeps: true,
            bytes: 10,
        };
        let spell = Spell {
            begun_ns,
            first_ns,
            now_ns,
        };
        score.answered(&whole, spell);
    }

    #[test]
    fn only_good_answers_have_times() {
        let mut score = Score::new(Counted::Ended, 0);
        for (status, now_ns) in [(200, 7), (302, 7), (404, 7), (503, 7), (200, 9)] {
            answer(&mut score, status, 2, 5, now_ns);
        }
        score.failed(Failure::Reset, 3, 2, 9);
        score.sent(2, 2, 9);
        score.connected(4, 9);
        let record = score.record(20);
        assert_eq!(
            (record.succeeded, record.bytes, record.failed()),
            (5, 30, 5)
        );
        assert_eq!(record.failed_as(Failure::Status4xx), 1);
        assert_eq!(record.elapsed, Duration::from_nanos(20));
        let counts = |histogram: &crate::histogram::Histogram| -> Vec<(u128, u64)> {
            let counts = histogram.counts();
            counts
                .map(|(time, count)| (time.as_nanos(), count))
                .collect()
        };
        assert_eq!(counts(&record.times.connect), [(4, 1)]);
        assert_eq!(counts(&record.times.first_byte), [(3, 3)]);
        assert_eq!(counts(&record.times.whole), [(5, 2), (7, 1)]);
        assert_eq!(score.record(20).times.whole.len(), 3, "added once");
    }

    #[test]
    fn what_comes_before_the_measured_part_is_left_out() {
        for (counted, expected) in [(Counted::Ended, 2), (Counted::Begun, 1)] {
            let mut score = Score::new(counted, 100);
            for (begun_ns, now_ns) in [(10, 99), (90, 100), (100, 110)] {
                answer(&mut score, 200, begun_ns, now_ns, now_ns);
                score.failed(Failure::TimedOut, 1, begun_ns, now_ns);
            }
            let record = score.record(150);
            assert_eq!((record.succeeded, record.failed()), (expected, expected));
            assert_eq!(record.elapsed, Duration::from_nanos(50));
        }
        assert_eq!(
            Score::new(Counted::Ended, 100).record(50).elapsed,
            Duration::ZERO
        );
    }
}
