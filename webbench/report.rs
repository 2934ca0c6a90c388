//! What a run gave, told in the classic lines, and behind them in a small
//! table. Pure.

use crate::histogram::Histogram;
use crate::outcome::{self, Outcome};
use crate::plan::{Plan, Version};
use crate::record::{Failure, Record};
use crate::server::Usage;
use crate::units;
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

/// The line about requests that were sent once more, if there are any.
fn sent_again(record: &Record) -> Option<String> {
    let count = record.sent_again;
    (count > 0).then(|| {
        format!("Sent again: {count}, whose connections the server had ended between answers.\n")
    })
}

/// What stands on standard error after a run: failures by kind, what was sent
/// again, times, and what the server used; nothing where there is nothing.
pub(crate) fn details(outcome: &Outcome) -> String {
    let failures = failures(&outcome.record).unwrap_or_default();
    let failures = failures + &sent_again(&outcome.record).unwrap_or_default();
    let usage = outcome.usage.as_ref();
    let usage = usage.map(|usage| server(usage, outcome.processor_per_request()));
    failures + &latencies(outcome) + &usage.unwrap_or_default()
}

/// The times of requests that succeeded, as a table of 80 columns at most.
fn latencies(outcome: &Outcome) -> String {
    let times = outcome.times();
    let Some((_, whole)) = times.last().filter(|(_, whole)| whole.len() > 0) else {
        return String::new();
    };
    let mut table = format!("{:10}", "Latency");
    for (name, _) in outcome::figures(whole) {
        let _ = write!(table, "{name:>10}"); // a String takes all
    }
    let timed = times.iter().filter(|(_, histogram)| histogram.len() > 0);
    for (name, histogram) in timed {
        let _ = write!(table, "\n{name:10}{}", row(histogram));
    }
    table + "\n"
}

fn row(histogram: &Histogram) -> String {
    let figure = |(_, time)| format!("{:>10}", units::time(time));
    outcome::figures(histogram).map(figure).collect()
}

/// Two lines about the server.
fn server(usage: &Usage, per_request: Option<Duration>) -> String {
    let [before, most, after] = [usage.memory_before, usage.memory_max, usage.memory_after]
        .map(|bytes| units::size(bytes as f64));
    let time = per_request.map_or("no request".to_owned(), |time| {
        format!("{} of CPU time a request", units::time(time))
    });
    format!(
        "Server process {}: {time}.\n\
         Server memory: {before} before, {most} at most, {after} after.\n",
        usage.pid
    )
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

    #[test]
    fn a_table_behind_the_failures() {
        let mut example = outcome::example();
        let text = details(&example);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Failed: 3 reset, 2 status 5xx.");
        assert_eq!(
            lines[1],
            "Sent again: 4, whose connections the server had ended between answers."
        );
        assert_eq!(
            lines[2],
            "Latency         mean       p50       p75       p90       p99     p99.9       max"
        );
        assert!(
            lines[3].starts_with("connect      31.0 µs   31.0 µs "),
            "{}",
            lines[3]
        );
        assert!(
            lines[5].starts_with("whole        1.50 ms   1.50 ms "),
            "{}",
            lines[5]
        );
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        assert_eq!(
            lines[6],
            "Server process 42: 7.50 µs of CPU time a request."
        );
        let memory = "Server memory: 1.00 MiB before, 3.00 MiB at most, 2.00 MiB after.";
        assert_eq!(lines[7], memory);
        example.record = Record::default();
        example.usage = None;
        assert_eq!(details(&example), "");
    }
}
