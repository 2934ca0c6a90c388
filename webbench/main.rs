//! `webbench`, a forked load tester: arguments to a plan, run, and report.
//! The one place that exits the process.
//!
//! ```text
//!  arguments ──> plan ──> reach ──> run ──fork──> load: clients + answers
//!                                    │                       │
//!                       report <── merge <── record, pipe ───┘
//! ```
//!
//! Exit status: 0 done, 1 server not reachable, 2 bad arguments, 3 could not
//! fork. The classic lines go to standard output, all else to standard error.

mod answer;
mod arguments;
mod client;
mod dial;
mod histogram;
mod load;
mod pace;
mod package;
mod pipe;
mod plan;
mod queue;
mod reach;
mod reader;
mod record;
mod report;
mod run;
mod score;
mod url;

use arguments::Nothing;
use plan::Plan;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How the program ends, if not well: its exit status and a line that says
/// what to do.
struct Failed(u8, String);

fn main() -> ExitCode {
    let done = match arguments::read(std::env::args_os()) {
        Ok(arguments) => Plan::new(arguments)
            .map_err(|line| Failed(2, line))
            .and_then(|plan| bench(&plan)),
        Err(Nothing::Asked(text)) => {
            say(&text);
            Ok(())
        }
        Err(Nothing::Refused(line)) => Err(Failed(2, line)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(status, line)) => {
            tell(&line);
            ExitCode::from(status)
        }
    }
}

/// Runs a plan and reports.
fn bench(plan: &Plan) -> Result<(), Failed> {
    let shares = plan
        .shares(reach::machine())
        .map_err(|line| Failed(2, line))?;
    let addr = reach::server(plan.server()).map_err(|line| Failed(1, line))?;
    let stop = stop_on_signals()
        .map_err(|error| Failed(3, format!("cannot watch for signals: {error}")))?;
    say(&report::opening(plan));
    let record = run::run(plan, addr, &shares, &stop, &mut |_| (), &tell)
        .map_err(|error| Failed(3, cannot_fork(shares.len(), &error)))?;
    if let Some(line) = report::failures(&record) {
        let _ = io::stderr().write_all(line.as_bytes()); // nobody is left to tell
    }
    say(&report::closing(&record));
    Ok(())
}

fn cannot_fork(processes: usize, error: &io::Error) -> String {
    let fewer = "take fewer with --processes, or raise `ulimit -u`";
    format!("cannot start {processes} worker processes: {error}; {fewer}")
}

/// A flag that INT and TERM set, here and in the processes forked later.
fn stop_on_signals() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// To standard output, at once; a reader that has gone away is no reason to
/// fail.
fn say(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line to standard error.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "webbench: {line}");
}
