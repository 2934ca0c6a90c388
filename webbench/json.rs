//! A run as JSON, in a shape that is described in README.md and only grows.
//! Pure.

use crate::histogram::Histogram;
use crate::machine::Facts;
use crate::outcome::{self, Outcome, microseconds};
use crate::series::Sample;
use crate::server::Usage;
use crate::setup::Setup;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// Raised where a name goes, or means something else.
pub(crate) const FORMAT: u32 = 1;

/// The whole report.
#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    kind: &'static str,
    #[serde(serialize_with = "as_map")]
    setup: &'a Setup,
    machine: &'a Facts,
    elapsed_s: f64,
    #[serde(flatten)]
    figures: Figures,
    series: Vec<Stretch>,
    server: Option<Server>,
}

/// Counts, rates and latencies, in a report of its own or in a round of a
/// comparison.
#[derive(Serialize)]
pub(crate) struct Figures {
    counts: Counts,
    rate_per_s: f64,
    bytes_per_s: f64,
    #[serde(serialize_with = "as_map")]
    latency_us: Vec<(String, Latency)>,
}

#[derive(Serialize)]
struct Counts {
    succeeded: u64,
    failed: u64,
    bytes: u64,
    #[serde(serialize_with = "as_map")]
    failures: Vec<(String, u64)>,
    sent_again: u64,
}

/// A histogram in figures; all of them null where nothing was timed.
#[derive(Serialize)]
struct Latency {
    count: u64,
    #[serde(flatten, serialize_with = "as_map")]
    figures: Vec<(String, Option<f64>)>,
}

#[derive(Serialize)]
struct Stretch {
    from_s: f64,
    to_s: f64,
    succeeded: u64,
    failed: u64,
    bytes: u64,
    rate_per_s: f64,
}

#[derive(Serialize)]
struct Server {
    pid: u32,
    processes: usize,
    cpu_us: f64,
    cpu_us_per_request: Option<f64>,
    memory_kind: &'static str,
    memory_before_bytes: u64,
    memory_max_bytes: u64,
    memory_after_bytes: u64,
}

/// The report of a run.
pub(crate) fn report(outcome: &Outcome) -> String {
    let per_request = outcome.processor_per_request();
    let usage = outcome.usage.as_ref();
    text(&Report {
        format: FORMAT,
        kind: "run",
        setup: &outcome.setup,
        machine: &outcome.facts,
        elapsed_s: outcome.record.elapsed.as_secs_f64(),
        figures: figures(outcome),
        series: outcome.series.iter().map(Stretch::of).collect(),
        server: usage.map(|usage| Server::of(usage, per_request)),
    })
}

/// Counts, rates and latencies of a run.
pub(crate) fn figures(outcome: &Outcome) -> Figures {
    let record = &outcome.record;
    let latency = |(name, histogram)| (key(name), Latency::of(histogram));
    Figures {
        counts: Counts {
            succeeded: record.succeeded,
            failed: record.failed(),
            bytes: record.bytes,
            failures: outcome.failures().collect(),
            sent_again: record.sent_again,
        },
        rate_per_s: outcome.rate(),
        bytes_per_s: outcome.bytes_rate(),
        latency_us: outcome.times().map(latency).into(),
    }
}

/// What serde makes of it, and a line end.
pub(crate) fn text(report: &impl Serialize) -> String {
    // The shapes here have text for keys, and their numbers are finite: what
    // could fail does not come up.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}

/// A name as a key: `p99.9` is `p99_9`.
pub(crate) fn key(name: &str) -> String {
    name.replace([' ', '.'], "_")
}

/// Pairs as an object that keeps their order.
pub(crate) fn as_map<K: Serialize, V: Serialize, S: Serializer>(
    pairs: &[(K, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

impl Latency {
    fn of(histogram: &Histogram) -> Latency {
        let is_timed = histogram.len() > 0;
        let figure = |(name, time)| (key(name), is_timed.then(|| microseconds(time)));
        Latency {
            count: histogram.len(),
            figures: outcome::figures(histogram).map(figure).collect(),
        }
    }
}

impl Stretch {
    fn of(sample: &Sample) -> Stretch {
        Stretch {
            from_s: sample.from.as_secs_f64(),
            to_s: sample.to.as_secs_f64(),
            succeeded: sample.succeeded,
            failed: sample.failed,
            bytes: sample.bytes,
            rate_per_s: sample.rate(),
        }
    }
}

impl Server {
    fn of(usage: &Usage, per_request: Option<Duration>) -> Server {
        Server {
            pid: usage.pid,
            processes: usage.processes,
            cpu_us: microseconds(usage.processor),
            cpu_us_per_request: per_request.map(microseconds),
            memory_kind: usage.memory_kind.name(),
            memory_before_bytes: usage.memory_before,
            memory_max_bytes: usage.memory_max,
            memory_after_bytes: usage.memory_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::example;
    use serde_json::{Value, json};

    #[test]
    fn the_shape() {
        let text = report(&example());
        let read: Value = serde_json::from_str(&text).expect("JSON");
        for (path, expected) in [
            ("/format", json!(1)),
            ("/kind", json!("run")),
            ("/setup/url", json!("http://a/?b=<c>&d=\"e\"")),
            ("/setup/clients", json!(4)),
            ("/setup/processes", json!(2)),
            ("/machine/webbench", json!("1.2.3")),
            ("/elapsed_s", json!(2.0)),
            ("/counts/succeeded", json!(3_000)),
            ("/counts/failed", json!(5)),
            ("/counts/failures/reset", json!(3)),
            ("/counts/failures/status_5xx", json!(2)),
            ("/counts/failures/timed_out", json!(0)),
            ("/counts/sent_again", json!(4)),
            ("/rate_per_s", json!(1_500.0)),
            ("/bytes_per_s", json!(300_000.0)),
            ("/latency_us/connect/count", json!(1)),
            ("/latency_us/whole/count", json!(3_000)),
            ("/series/1/from_s", json!(1.0)),
            ("/series/1/failed", json!(5)),
            ("/series/1/rate_per_s", json!(1_500.0)),
            ("/server/cpu_us_per_request", json!(7.5)),
            ("/server/memory_kind", json!("pss")),
            ("/server/memory_max_bytes", json!(3 << 20)),
        ] {
            assert_eq!(read.pointer(path), Some(&expected), "{path} of {text}");
        }
        let p99_9 = read["latency_us"]["whole"]["p99_9"]
            .as_f64()
            .expect("a time");
        assert!((p99_9 / 2_997.0 - 1.0).abs() < 0.01, "{p99_9}");
        let places = [
            "format",
            "setup",
            "elapsed_s",
            "counts",
            "latency_us",
            "server",
        ];
        let places = places.map(|name| text.find(&format!("\"{name}\"")).expect(name));
        assert!(places.is_sorted(), "in the order in which it is described");
    }

    #[test]
    fn what_was_not_seen_is_null() {
        let mut outcome = example();
        outcome.usage = None;
        outcome.record = crate::record::Record::default();
        let read: Value = serde_json::from_str(&report(&outcome)).expect("JSON");
        assert_eq!(read["server"], Value::Null);
        assert_eq!(read["rate_per_s"], json!(0.0));
        let whole = &read["latency_us"]["whole"];
        assert_eq!((&whole["count"], &whole["p50"]), (&json!(0), &Value::Null));
    }
}
