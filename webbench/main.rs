//! `webbench`, a forked load tester: arguments to a plan, run, and report.
//! The one place that exits the process.
//!
//! ```text
//!  arguments ──> plan ──> bench ──> run ──fork──> load: clients + answers
//!                           ^                            │
//!                 compare ──┘  outcome <── record, pipe ─┘
//!                                 └──> report, json, csv, html
//! ```
//!
//! Exit status: 0 done, 1 server not reachable, 2 bad arguments, 3 could not
//! fork, 4 a threshold was missed. The classic lines go to standard output, all
//! else to standard error.

mod answer;
mod arguments;
mod bench;
mod client;
mod compare;
mod csv;
mod dial;
mod histogram;
mod html;
mod json;
mod leb128;
mod load;
mod machine;
mod outcome;
mod outputs;
mod pace;
mod package;
mod pipe;
mod plan;
mod progress;
mod queue;
mod reach;
mod reader;
mod record;
mod report;
mod run;
mod score;
mod series;
mod server;
mod setup;
mod units;
mod url;

use arguments::{Arguments, Nothing};
use bench::Bench;
use outputs::Form;
use plan::Plan;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How the program ends, if not well: its exit status and a line that says
/// what to do.
#[derive(Debug)]
struct Failed(u8, String);

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let done = if compare::is_meant(&words) {
        compare::read(&words[1..]).map(compare::run)
    } else {
        arguments::read(words).map(test)
    };
    let done = done.unwrap_or_else(|nothing| match nothing {
        Nothing::Asked(text) => {
            say(&text);
            Ok(())
        }
        Nothing::Refused(line) => Err(Failed(2, line)),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(status, line)) => {
            let _ = writeln!(io::stderr(), "webbench: {line}"); // nobody is left to tell
            ExitCode::from(status)
        }
    }
}

/// Runs what the arguments say, and reports.
fn test(mut arguments: Arguments) -> Result<(), Failed> {
    let outputs = std::mem::take(&mut arguments.outputs);
    let plan = Plan::new(arguments).map_err(|line| Failed(2, line))?;
    let bench = Bench::new(plan, outputs.server_pid)?;
    let sinks = outputs.open().map_err(|line| Failed(2, line))?;
    let stop = stop_on_signals()?;
    let is_plain = !sinks.take_standard_output();
    if is_plain {
        say(&report::opening(&bench.plan));
    }
    let outcome = bench.run(&stop, "")?;
    let _ = io::stderr().write_all(report::details(&outcome).as_bytes()); // as above
    if is_plain {
        say(&report::closing(&outcome.record));
    }
    sinks
        .write(|form| match form {
            Form::Json => json::report(&outcome),
            Form::Csv => csv::report(&outcome),
            Form::Html => html::report(&outcome),
        })
        .map_err(|line| Failed(2, line))
}

/// A flag that INT and TERM set, here and in the processes forked later.
fn stop_on_signals() -> Result<Arc<AtomicBool>, Failed> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Failed(3, format!("cannot watch for signals: {error}")))?;
    }
    Ok(stop)
}

/// To standard output, at once; a reader that has gone away is no reason to
/// fail.
fn say(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
