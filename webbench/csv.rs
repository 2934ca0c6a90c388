//! A run as two lines of comma-separated values (RFC 4180): names, figures.
//! Pure.

use crate::json::key;
use crate::outcome::{self, Outcome, microseconds};
use crate::setup;

/// The report of a run.
pub(crate) fn report(outcome: &Outcome) -> String {
    let columns = columns(outcome);
    let names: Vec<String> = columns.iter().map(|(name, _)| field(name)).collect();
    let figures: Vec<String> = columns.iter().map(|(_, value)| field(value)).collect();
    format!("{}\n{}\n", names.join(","), figures.join(","))
}

/// Names and values; the same names for every run.
fn columns(outcome: &Outcome) -> Vec<(String, String)> {
    let record = &outcome.record;
    let mut columns = vec![("unix_s".to_owned(), outcome.facts.unix_s.to_string())];
    let setup = outcome.setup.iter();
    columns.extend(setup.map(|(name, value)| ((*name).to_owned(), setup::words(value))));
    let mut add = |name: &str, value: String| columns.push((name.to_owned(), value));
    add("elapsed_s", number(record.elapsed.as_secs_f64()));
    add("succeeded", record.succeeded.to_string());
    add("failed", record.failed().to_string());
    add("bytes", record.bytes.to_string());
    add("rate_per_s", number(outcome.rate()));
    add("bytes_per_s", number(outcome.bytes_rate()));
    for (name, count) in outcome.failures() {
        add(&format!("failed_{name}"), count.to_string());
    }
    add("sent_again", record.sent_again.to_string());
    for (what, histogram) in outcome.times() {
        let what = key(what);
        add(&format!("{what}_count"), histogram.len().to_string());
        for (name, time) in outcome::figures(histogram) {
            let time = (histogram.len() > 0).then(|| number(microseconds(time)));
            add(
                &format!("{what}_{}_us", key(name)),
                time.unwrap_or_default(),
            );
        }
    }
    columns.extend(usage(outcome));
    columns
}

/// The server's columns, empty where it was not watched.
fn usage(outcome: &Outcome) -> [(String, String); 5] {
    let usage = outcome.usage.as_ref();
    let per_request = outcome.processor_per_request();
    [
        (
            "server_cpu_us",
            usage.map(|usage| number(microseconds(usage.processor))),
        ),
        (
            "server_cpu_us_per_request",
            per_request.map(|time| number(microseconds(time))),
        ),
        (
            "server_memory_before_bytes",
            usage.map(|usage| usage.memory_before.to_string()),
        ),
        (
            "server_memory_max_bytes",
            usage.map(|usage| usage.memory_max.to_string()),
        ),
        (
            "server_memory_after_bytes",
            usage.map(|usage| usage.memory_after.to_string()),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.unwrap_or_default()))
}

fn number(number: f64) -> String {
    format!("{number:.3}")
}

/// A field, in quotes where it needs them.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::example;

    #[test]
    fn names_and_figures() {
        let mut outcome = example();
        let text = report(&outcome);
        let url = "\"http://a/?b=<c>&d=\"\"e\"\"\"";
        let start = format!("\n7,{url},GET,HTTP/1.0,4,30,,0,0,,no,1,,no,no,30,2,2.000,3000,5,");
        assert!(text.contains(&start), "{text}");
        let names = text.lines().next().expect("names").split(',');
        let different: std::collections::BTreeSet<&str> = names.clone().collect();
        assert_eq!(different.len(), names.count(), "{text}");
        let columns = columns(&outcome);
        let value = |name: &str| {
            let found = columns.iter().find(|(column, _)| column == name);
            found.unwrap_or_else(|| panic!("no {name}")).1.as_str()
        };
        assert_eq!(value("rate_per_s"), "1500.000");
        assert_eq!((value("failed_reset"), value("sent_again")), ("3", "4"));
        assert_eq!(value("connect_count"), "1");
        assert_eq!(value("server_cpu_us_per_request"), "7.500");
        assert!(value("whole_p99_9_us").starts_with("299"));
        outcome.usage = None;
        outcome.record.times = crate::record::Times::default();
        let bare = self::columns(&outcome);
        assert!(
            bare.iter()
                .map(|(name, _)| name)
                .eq(columns.iter().map(|(name, _)| name))
        );
        assert_eq!(bare.last().map(|(_, value)| value.as_str()), Some(""));
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (text, expected) in [("a b", "a b"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\"")] {
            assert_eq!(field(text), expected);
        }
    }
}
