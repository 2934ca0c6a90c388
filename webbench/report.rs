//! What a run gave, told in the classic lines. Pure.

use crate::plan::{Plan, Version};
use crate::record::{Failure, Record};
use std::fmt::Write;
use std::time::Duration;

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
        "\nBenchmarking: {} {}{version}\n{clients}, running {}{kept}{reload}.\n",
        plan.method,
        plan.url,
        plan.end(),
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
        let count = record.failed_as(kind);
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
        let mut record = Record::default();
        record.succeeded = 5_000_000_000;
        record.bytes = 7;
        record.elapsed = Duration::from_millis(2500);
        for (count, kind) in (1..).zip(Failure::ALL) {
            record.fail_many(kind, count);
        }
        record
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
