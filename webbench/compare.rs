//! Two targets in turn: `webbench compare A B`. What drifts while it goes on,
//! on the machine or the way, meets both alike.

mod arguments;
mod json;
mod table;

pub(crate) use arguments::{Comparing, read};

use crate::Failed;
use crate::bench::Bench;
use crate::outputs::Sinks;
use crate::plan::Plan;
use crate::{report, say, stop_on_signals};
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use table::{MEASURES, Round, Turn};

/// Two targets that take turns.
struct Comparison {
    benches: [Bench; 2],
    rounds: u32,
}

/// Whether the command line asks for a comparison.
pub(crate) fn is_meant(words: &[OsString]) -> bool {
    words.get(1).is_some_and(|word| word == "compare")
}

/// Runs what the arguments say, and reports.
///
/// # Errors
/// What ends it: as a single run, and a ratio that is too low (4).
pub(crate) fn run(arguments: Comparing) -> Result<(), Failed> {
    let Comparing {
        load,
        other,
        rounds,
        pid_a,
        pid_b,
        fail_below,
    } = arguments;
    let bench = |url: String, pid| {
        let mut load = load.clone();
        load.url = url;
        let plan = Plan::new(load).map_err(|line| Failed(2, line))?;
        Bench::new(plan, pid)
    };
    let benches = [bench(load.url.clone(), pid_a)?, bench(other, pid_b)?];
    let sinks = load.outputs.open().map_err(|line| Failed(2, line))?;
    let stop = stop_on_signals()?;
    let comparison = Comparison { benches, rounds };
    let done = comparison.run(&stop, !sinks.take_standard_output())?;
    comparison.report(&done, sinks)?;
    fail_below.map_or(Ok(()), |least| check(&done, least))
}

impl Comparison {
    /// Runs all rounds, or those that are done when `stop` is set. Each is told
    /// when it is done, if that `is_told`.
    fn run(&self, stop: &AtomicBool, is_told: bool) -> Result<Vec<Round>, Failed> {
        let tell = |text: &str| {
            if is_told {
                say(text);
            }
        };
        let [a, b] = &self.benches;
        tell(&table::opening([&a.plan, &b.plan], self.rounds));
        let mut done = Vec::new();
        for number in 1..=self.rounds {
            let Some(round) = self.round(number, stop)? else {
                break; // it was interrupted, and says nothing
            };
            tell(&table::row(number, &round));
            done.push(round);
        }
        tell(&table::closing(&done));
        Ok(done)
    }

    /// A turn for each. The one that begins changes from round to round.
    fn round(&self, number: u32, stop: &AtomicBool) -> Result<Option<Round>, Failed> {
        let first = usize::from(number.is_multiple_of(2));
        let mut turns = [None, None];
        for side in [first, 1 - first] {
            let name = ["A", "B"][side];
            let lead = format!("{number}/{} {name} ", self.rounds);
            let outcome = self.benches[side].run(stop, &lead)?;
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let Some(failures) = report::failures(&outcome.record) {
                let line = format!("Round {number}, {name}: {failures}");
                let _ = io::stderr().write_all(line.as_bytes()); // nobody is left to tell
            }
            turns[side] = Some(Turn::of(&outcome));
        }
        let [a, b] = turns;
        Ok(a.zip(b).map(|(a, b)| Round {
            first,
            turns: [a, b],
        }))
    }

    fn report(&self, done: &[Round], sinks: Sinks) -> Result<(), Failed> {
        sinks
            .write(|_| json::report(&self.benches, done)) // `read` lets no other through
            .map_err(|line| Failed(2, line))
    }
}

/// Whether the first is fast enough beside the other.
fn check(done: &[Round], least: f64) -> Result<(), Failed> {
    let [rate, ..] = MEASURES;
    match table::spread(done, rate) {
        Some(spread) if spread.median >= least => Ok(()),
        Some(spread) => Err(Failed(
            4,
            format!(
                "the median of rate A/B is {:.3}, below {least}",
                spread.median
            ),
        )),
        None => Err(Failed(
            4,
            format!("there is no rate A/B to be at least {least}"),
        )),
    }
}
