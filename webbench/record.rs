//! What a run gave: counted by each worker process, sent to the parent again
//! and again as it grows, and merged there. Pure.

use crate::histogram::Histogram;
use crate::leb128::{put, take};
use std::time::Duration;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody listens there.
    Refused,
    /// The connection cannot be made: no route, no port, no file left.
    Unreachable,
    /// The connection was reset.
    Reset,
    /// The whole answer was not there in time.
    TimedOut,
    /// What came is not what the protocol has for an answer.
    BadAnswer,
    /// The connection ended before the answer did.
    ClosedEarly,
    /// A status of 400 to 499.
    Status4xx,
    /// A status of 500 to 599.
    Status5xx,
    /// The worker process of this client died.
    Lost,
}

impl Failure {
    /// All kinds, in order.
    pub(crate) const ALL: [Failure; 9] = [
        Failure::Refused,
        Failure::Unreachable,
        Failure::Reset,
        Failure::TimedOut,
        Failure::BadAnswer,
        Failure::ClosedEarly,
        Failure::Status4xx,
        Failure::Status5xx,
        Failure::Lost,
    ];

    /// The kind in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Failure::Refused => "connect refused",
            Failure::Unreachable => "connect impossible",
            Failure::Reset => "reset",
            Failure::TimedOut => "timed out",
            Failure::BadAnswer => "bad answer",
            Failure::ClosedEarly => "closed early",
            Failure::Status4xx => "status 4xx",
            Failure::Status5xx => "status 5xx",
            Failure::Lost => "lost with a worker process",
        }
    }
}

/// Counts and times of requests. One that the end of the run cut off is in
/// none of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// Answered as they should be: over HTTP with a status of 200 to 399.
    pub(crate) succeeded: u64,
    /// Length of these answers, heads and all.
    pub(crate) bytes: u64,
    /// How long it was counted.
    pub(crate) elapsed: Duration,
    failed: [u64; Failure::ALL.len()],
    /// Sent once more, since the server had ended the connection between two
    /// answers: neither success nor failure, the second try is.
    pub(crate) sent_again: u64,
    /// Times of those that succeeded.
    pub(crate) times: Times,
}

/// How long things took, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Times {
    /// Making a connection, once for each.
    pub(crate) connect: Histogram,
    /// From when a request was begun, or was due, to its answer's first byte.
    pub(crate) first_byte: Histogram,
    /// From when a request was begun, or was due, to its answer's last byte.
    pub(crate) whole: Histogram,
}

impl Record {
    /// Counts a failure.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.fail_many(failure, 1);
    }

    /// Counts so many failures of one kind.
    pub(crate) fn fail_many(&mut self, failure: Failure, count: u64) {
        self.failed[failure as usize] += count;
    }

    /// Failures of one kind.
    pub(crate) fn failed_as(&self, failure: Failure) -> u64 {
        self.failed[failure as usize]
    }

    /// All failures together.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.iter().sum()
    }

    /// Adds what another process counted in the same time.
    pub(crate) fn merge(&mut self, other: &Record) {
        self.succeeded += other.succeeded;
        self.bytes += other.bytes;
        self.sent_again += other.sent_again;
        self.elapsed = self.elapsed.max(other.elapsed);
        for (sum, more) in self.failed.iter_mut().zip(other.failed) {
            *sum += more;
        }
        self.times.connect.merge(&other.times.connect);
        self.times.first_byte.merge(&other.times.first_byte);
        self.times.whole.merge(&other.times.whole);
    }

    /// Appends the record as it goes through a pipe, all numbers LEB128:
    /// `succeeded | bytes | nanoseconds | sent again | failures of each kind |
    /// histograms`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let elapsed = u64::try_from(self.elapsed.as_nanos()).unwrap_or(u64::MAX);
        for number in [self.succeeded, self.bytes, elapsed, self.sent_again] {
            put(out, number);
        }
        for count in self.failed {
            put(out, count);
        }
        let Times {
            connect,
            first_byte,
            whole,
        } = &self.times;
        for histogram in [connect, first_byte, whole] {
            histogram.write(out);
        }
    }

    /// Takes a record from the front of what came through a pipe; `None` if it
    /// is not one.
    pub(crate) fn read(bytes: &mut &[u8]) -> Option<Record> {
        let (succeeded, of_bytes) = (take(bytes)?, take(bytes)?);
        let (elapsed, sent_again) = (take(bytes)?, take(bytes)?);
        let mut failed = [0; Failure::ALL.len()];
        for count in &mut failed {
            *count = take(bytes)?;
        }
        Some(Record {
            succeeded,
            bytes: of_bytes,
            elapsed: Duration::from_nanos(elapsed),
            failed,
            sent_again,
            times: Times {
                connect: Histogram::read(bytes)?,
                first_byte: Histogram::read(bytes)?,
                whole: Histogram::read(bytes)?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record {
            succeeded: 5_000_000_000,
            bytes: 7,
            elapsed: Duration::from_millis(2500),
            sent_again: 300,
            ..Record::default()
        };
        for (count, kind) in (1..).zip(Failure::ALL) {
            record.fail_many(kind, count);
        }
        record.times.whole.add(Duration::from_micros(70));
        record.times.whole.add(Duration::from_micros(900));
        record.times.connect.add(Duration::from_micros(30));
        record
    }

    #[test]
    fn a_record_comes_through_a_pipe_as_it_was() {
        let mut bytes = Vec::new();
        record().write(&mut bytes);
        assert_eq!(Record::read(&mut &bytes[..]), Some(record()));
        for cut in 0..bytes.len() {
            assert_eq!(Record::read(&mut &bytes[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn each_kind_has_its_place() {
        for (place, kind) in Failure::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }

    #[test]
    fn counts_add_up_and_time_does_not() {
        let mut sum = record();
        sum.merge(&Record {
            succeeded: 1,
            elapsed: Duration::from_secs(3),
            ..Record::default()
        });
        sum.merge(&record());
        assert_eq!((sum.succeeded, sum.bytes), (10_000_000_001, 14));
        assert_eq!((sum.failed(), sum.elapsed), (90, Duration::from_secs(3)));
        assert_eq!(sum.sent_again, 600);
        assert_eq!(sum.times.whole.len(), 4);
    }
}
