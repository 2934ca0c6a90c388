//! A run as one page that needs nothing else: its style, two pictures and all
//! figures are in it. Pure.

mod latency;
mod rate;
mod scale;

use crate::outcome::{self, Outcome};
use crate::record::Failure;
use crate::server::Usage;
use crate::setup;
use crate::units;
use std::fmt::Display;

const STYLE: &str = include_str!("html/style.css");

/// The report of a run.
pub(crate) fn report(outcome: &Outcome) -> String {
    let title = escaped(&title(outcome));
    let facts = &outcome.facts;
    let opening = format!(
        "<header>\n<p class=\"name\">webbench</p>\n<h1>{title}</h1>\n<p>{}, for {} s</p>\n</header>\n",
        escaped(&facts.date),
        figure(outcome.record.elapsed.as_secs_f64()),
    );
    let body = [
        opening,
        tiles(outcome),
        section("Requests over time", &rate::picture(&outcome.series)),
        section(
            "Latency of whole answers",
            &latency::picture(&outcome.record.times.whole),
        ),
        section("Latency in figures", &latencies(outcome)),
        format!(
            "<div class=\"pair\">\n<div>\n{}{}</div>\n<div>\n{}{}</div>\n</div>\n",
            section("Counts", &counts(outcome)),
            section("Set-up", &setup_list(outcome)),
            section("Machine", &machine(outcome)),
            outcome.usage.map_or(String::new(), |usage| section(
                "Server",
                &server(&usage, outcome)
            )),
        ),
        section(
            "Command",
            &format!("<code>{}</code>\n", escaped(&facts.command)),
        ),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>webbench: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        body.concat()
    )
}

/// What was asked, and how.
fn title(outcome: &Outcome) -> String {
    let value = |wanted: &str| {
        let found = outcome.setup.iter().find(|(name, _)| *name == wanted);
        found.map_or(String::new(), |(_, value)| setup::words(value))
    };
    format!("{} {}", value("method"), value("url"))
        .trim()
        .to_owned()
}

/// The figures that most readers came for.
fn tiles(outcome: &Outcome) -> String {
    let record = &outcome.record;
    let is_bad = if record.failed() > 0 { "bad" } else { "" };
    let time = |of_hundred| units::time(record.times.whole.percentile(of_hundred));
    let mut tiles = vec![
        ("", units::rate(outcome.rate()), "requests/s"),
        ("", units::count(record.succeeded), "succeeded"),
        (is_bad, units::count(record.failed()), "failed"),
    ];
    if record.times.whole.len() > 0 {
        tiles.push(("", time(50.0), "median latency"));
        tiles.push(("", time(99.0), "99th percentile"));
    }
    if let Some(time) = outcome.processor_per_request() {
        tiles.push(("", units::time(time), "server CPU a request"));
    }
    let tile = |(class, figure, what): &(&str, String, &str)| {
        format!("<section class=\"{class}\"><b>{figure}</b><span>{what}</span></section>\n")
    };
    let tiles: String = tiles.iter().map(tile).collect();
    format!("<div class=\"tiles\">\n{tiles}</div>\n")
}

fn section(name: &str, content: &str) -> String {
    format!("<section>\n<h2>{name}</h2>\n{content}</section>\n")
}

/// A table of names and values.
fn list<N: Display, V: Display>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let row = |(name, value): (N, V)| {
        let (name, value) = (escaped(&name.to_string()), escaped(&value.to_string()));
        format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")
    };
    let rows: String = pairs.into_iter().map(row).collect();
    format!("<table class=\"list\">\n<tbody>\n{rows}</tbody>\n</table>\n")
}

fn latencies(outcome: &Outcome) -> String {
    let [_, _, (_, whole)] = outcome.times();
    let names = outcome::figures(whole).map(|(name, _)| format!("<th scope=\"col\">{name}</th>"));
    let names: String = names.collect();
    let row = |(what, histogram): (&str, &crate::histogram::Histogram)| {
        let is_timed = histogram.len() > 0;
        let cell = |(_, time)| {
            let text = if is_timed {
                units::time(time)
            } else {
                "–".to_owned()
            };
            format!("<td>{text}</td>")
        };
        let cells: String = outcome::figures(histogram).map(cell).collect();
        let count = units::count(histogram.len());
        format!("<tr><th scope=\"row\">{what}</th><td>{count}</td>{cells}</tr>\n")
    };
    let rows: String = outcome.times().map(row).concat();
    format!(
        "<div class=\"scroll\">\n<table>\n<thead>\n<tr><th></th><th scope=\"col\">timed</th>{names}</tr>\n\
         </thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

fn counts(outcome: &Outcome) -> String {
    let record = &outcome.record;
    let mut pairs = vec![
        ("succeeded", units::count(record.succeeded)),
        ("failed", units::count(record.failed())),
    ];
    let kinds = Failure::ALL.map(|kind| (kind.words(), record.failed_as(kind)));
    let seen = kinds.into_iter().filter(|(_, count)| *count > 0);
    pairs.extend(seen.map(|(words, count)| (words, units::count(count))));
    if record.sent_again > 0 {
        pairs.push(("sent again", units::count(record.sent_again)));
    }
    pairs.push(("bytes", units::count(record.bytes)));
    pairs.push(("bytes/s", units::size(outcome.bytes_rate())));
    list(pairs)
}

fn setup_list(outcome: &Outcome) -> String {
    let is_set = |(_, value): &&(&str, serde_json::Value)| !value.is_null();
    let set = outcome.setup.iter().filter(is_set);
    list(set.map(|(name, value)| (option(name), setup::words(value))))
}

/// The name of an option in words: `warm_up_s` is "warm up (s)".
fn option(name: &str) -> String {
    let name = name.replace("_per_s", "/s");
    let unit = name.strip_suffix("_s").map(|name| format!("{name} (s)"));
    unit.unwrap_or(name).replace('_', " ")
}

fn machine(outcome: &Outcome) -> String {
    let facts = &outcome.facts;
    list([
        ("processor", facts.processor.clone()),
        ("processors", facts.processors.to_string()),
        ("memory", units::size(facts.memory_bytes as f64)),
        ("kernel", facts.kernel.clone()),
        ("congestion control", facts.congestion_control.clone()),
        ("open files", units::count(facts.open_files as u64)),
        ("webbench", facts.webbench.to_owned()),
    ])
}

fn server(usage: &Usage, outcome: &Outcome) -> String {
    let per_request = outcome.processor_per_request();
    let [before, most, after] = [usage.memory_before, usage.memory_max, usage.memory_after]
        .map(|bytes| units::size(bytes as f64));
    list([
        ("process", usage.pid.to_string()),
        ("processes seen", usage.processes.to_string()),
        ("CPU time", units::time(usage.processor)),
        (
            "CPU time a request",
            per_request.map_or("–".to_owned(), units::time),
        ),
        ("memory before", before),
        ("memory at most", most),
        ("memory after", after),
        ("memory counted as", usage.memory_kind.name().to_owned()),
    ])
}

/// A number with a digit behind the point where it has one.
fn figure(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Text without what means something in HTML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::example;

    #[test]
    fn all_figures_are_on_the_page_and_what_users_wrote_is_text() {
        let page = report(&example());
        for part in [
            "<h1>GET http://a/?b=&lt;c&gt;&amp;d=&quot;e&quot;</h1>",
            "&lt;i&gt;Some&lt;/i&gt; &amp; Sons",
            "<th scope=\"row\">succeeded</th><td>3,000</td>",
            "<th scope=\"row\">status 5xx</th><td>2</td>",
            "<th scope=\"row\">sent again</th><td>4</td>",
            "<b>1,500</b><span>requests/s</span>",
            "<section class=\"bad\"><b>5</b>",
            "<td>7.50 µs</td>",
            "<th scope=\"row\">warm up (s)</th><td>0</td>",
            "prefers-color-scheme: dark",
            "<code>webbench -c 4 &#39;http",
        ] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        assert_eq!(page.matches("<svg ").count(), 2);
        assert!(!page.contains("<script") && !page.contains("<c>") && !page.contains("timed out"));
        // What is opened is closed.
        for tag in ["section", "div", "table", "tr", "td", "svg", "g", "p"] {
            let open = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn a_run_without_answers_has_a_page_too() {
        let mut outcome = example();
        outcome.record = crate::record::Record::default();
        outcome.series = crate::series::Series::new().end(&outcome.record);
        outcome.usage = None;
        let page = report(&outcome);
        assert_eq!(page.matches("<svg ").count(), 2);
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    }
}
