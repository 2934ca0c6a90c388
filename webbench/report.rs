//! What a run gave: counted by each worker process, sent to the parent as a
//! record of fixed size, merged, and told in the classic lines. Pure.

use crate::plan::{Plan, Version};
use std::fmt::Write;
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
    /// What came is not HTTP.
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

/// Kinds of failures.
const FAILURES: usize = 9;

impl Failure {
    const ALL: [Failure; FAILURES] = [
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

    fn words(self) -> &'static str {
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

/// Counts of requests. One that the end of the run cut off is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Answered with a status of 200 to 399.
    pub(crate) succeeded: u64,
    /// Length of these answers, heads and all.
    pub(crate) bytes: u64,
    /// How long it took.
    pub(crate) elapsed: Duration,
    failed: [u64; FAILURES],
}

/// Numbers in a record, eight bytes each.
const NUMBERS: usize = 3 + FAILURES;

/// Length of a record on the wire. A pipe passes one this short on whole.
pub(crate) const RECORD_BYTES: usize = 8 * NUMBERS;

impl Record {
    /// Counts a failure.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.fail_many(failure, 1);
    }

    /// Counts so many failures of one kind.
    pub(crate) fn fail_many(&mut self, failure: Failure, count: u64) {
        self.failed[failure as usize] += count;
    }

    /// All failures together.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.iter().sum()
    }

    /// Adds what another process counted in the same time.
    pub(crate) fn merge(&mut self, other: &Record) {
        self.succeeded += other.succeeded;
        self.bytes += other.bytes;
        self.elapsed = self.elapsed.max(other.elapsed);
        for (sum, more) in self.failed.iter_mut().zip(other.failed) {
            *sum += more;
        }
    }

    /// The record as it goes through a pipe:
    /// `succeeded | bytes | nanoseconds | failures of each kind`.
    pub(crate) fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let elapsed = u64::try_from(self.elapsed.as_nanos()).unwrap_or(u64::MAX);
        let first = [self.succeeded, self.bytes, elapsed];
        let mut bytes = [0; RECORD_BYTES];
        for (place, number) in bytes
            .as_chunks_mut()
            .0
            .iter_mut()
            .zip(first.iter().chain(&self.failed))
        {
            *place = number.to_ne_bytes();
        }
        bytes
    }

    /// The record that came through a pipe.
    pub(crate) fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Record {
        let mut numbers = [0; NUMBERS];
        for (number, place) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = u64::from_ne_bytes(*place);
        }
        let [succeeded, bytes, elapsed, failed @ ..] = numbers;
        Record {
            succeeded,
            bytes,
            elapsed: Duration::from_nanos(elapsed),
            failed,
        }
    }
}

/// The lines before the run.
pub(crate) fn opening(plan: &Plan) -> String {
    let version = match plan.version {
        Version::Http10 => String::new(), // the usual one was never named
        version => format!(" (using {version})"),
    };
    let clients = match plan.clients {
        1 => "1 client".to_owned(),
        clients => format!("{clients} clients"),
    };
    let kept = if plan.keep_alive {
        ", keeping connections alive"
    } else {
        ""
    };
    let reload = if plan.reload { ", forcing reload" } else { "" };
    format!(
        "\nBenchmarking: {} {}{version}\n{clients}, running {} sec{kept}{reload}.\n",
        plan.method,
        plan.url,
        plan.time.as_secs(),
    )
}

/// The lines after the run.
pub(crate) fn closing(record: &Record) -> String {
    format!(
        "\nSpeed={} pages/min, {} bytes/sec.\nRequests: {} susceed, {} failed.\n",
        per(record.succeeded, 60, record.elapsed),
        per(record.bytes, 1, record.elapsed),
        record.succeeded,
        record.failed(),
    )
}

/// The line that tells failures apart, if there are any.
pub(crate) fn failures(record: &Record) -> Option<String> {
    let mut line = String::new();
    for kind in Failure::ALL {
        let count = record.failed[kind as usize];
        if count > 0 {
            let lead = if line.is_empty() { "Failed: " } else { ", " };
            let _ = write!(line, "{lead}{count} {}", kind.words()); // a String takes all
        }
    }
    (!line.is_empty()).then(|| line + ".\n")
}

/// `count` in `elapsed`, as so many in `seconds`.
fn per(count: u64, seconds: u32, elapsed: Duration) -> u64 {
    let scaled = u128::from(count) * Duration::from_secs(seconds.into()).as_nanos();
    u64::try_from(scaled / elapsed.as_nanos().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments;

    fn record() -> Record {
        let mut record = Record {
            succeeded: 5_000_000_000,
            bytes: 7,
            elapsed: Duration::from_millis(2500),
            ..Record::default()
        };
        for (count, kind) in (1..).zip(Failure::ALL) {
            record.fail_many(kind, count);
        }
        record
    }

    #[test]
    fn a_record_comes_through_a_pipe_as_it_was() {
        assert_eq!(Record::from_bytes(&record().to_bytes()), record());
        const { assert!(RECORD_BYTES <= 512, "what POSIX passes on whole") };
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
    }

    #[test]
    fn classic_lines() {
        let opening = |words: &str| {
            let words = std::iter::once("webbench").chain(words.split_whitespace());
            let plan = Plan::new(arguments::read(words).expect("good")).expect("good");
            super::opening(&plan)
        };
        assert_eq!(
            opening("-t 5 http://a"),
            "\nBenchmarking: GET http://a\n1 client, running 5 sec.\n"
        );
        assert_eq!(
            opening("-c 64 -t 5 -2 http://127.0.0.1:8080/"),
            "\nBenchmarking: GET http://127.0.0.1:8080/ (using HTTP/1.1)\n\
             64 clients, running 5 sec.\n"
        );
        assert_eq!(
            opening("-k -r --head http://a"),
            "\nBenchmarking: HEAD http://a (using HTTP/1.1)\n\
             1 client, running 30 sec, keeping connections alive, forcing reload.\n"
        );
        assert_eq!(
            closing(&record()),
            "\nSpeed=120000000000 pages/min, 2 bytes/sec.\n\
             Requests: 5000000000 susceed, 45 failed.\n"
        );
        let nothing = "\nSpeed=0 pages/min, 0 bytes/sec.\nRequests: 0 susceed, 0 failed.\n";
        assert_eq!(closing(&Record::default()), nothing);
    }

    #[test]
    fn failures_are_told_by_kind() {
        let mut record = Record::default();
        assert_eq!(failures(&record), None);
        record.fail(Failure::Status5xx);
        record.fail_many(Failure::Refused, 2);
        let line = failures(&record);
        assert_eq!(
            line.as_deref(),
            Some("Failed: 2 connect refused, 1 status 5xx.\n")
        );
    }
}
