//! One run from end to end: what is checked before it, what is watched while
//! it goes, and its outcome.

use crate::Failed;
use crate::machine::Facts;
use crate::outcome::Outcome;
use crate::plan::{Plan, Share};
use crate::progress::Progress;
use crate::reach;
use crate::run;
use crate::series::Series;
use crate::server::{self, Meter};
use crate::setup::{self, Setup};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;

/// A plan that can be run, any number of times.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) plan: Plan,
    shares: Vec<Share>,
    addr: SocketAddr,
    /// The server's process, if it is to be watched.
    pub(crate) server: Option<u32>,
    pub(crate) facts: Facts,
}

impl Bench {
    /// Checks that all fits, and that the server is there.
    ///
    /// # Errors
    /// What does not fit (2), or is not there (1).
    pub(crate) fn new(plan: Plan, server: Option<u32>) -> Result<Bench, Failed> {
        let machine = reach::machine();
        let shares = plan.shares(machine).map_err(|line| Failed(2, line))?;
        server
            .map_or(Ok(()), server::check)
            .map_err(|line| Failed(2, line))?;
        let addr = reach::server(plan.server()).map_err(|line| Failed(1, line))?;
        Ok(Bench {
            plan,
            shares,
            addr,
            server,
            facts: Facts::read(machine.cpus, machine.files),
        })
    }

    /// Its options by name.
    pub(crate) fn setup(&self) -> Setup {
        setup::of(&self.plan, self.shares.len())
    }

    /// Runs it until its end or until `stop` is set. `lead` stands in front of
    /// the progress bar.
    ///
    /// # Errors
    /// No processes to run it (3).
    pub(crate) fn run(&self, stop: &AtomicBool, lead: &str) -> Result<Outcome, Failed> {
        let progress = Progress::new(self.plan.time, self.plan.requests, lead);
        let mut series = Series::new();
        let mut meter = self.server.map(Meter::start);
        let record = run::run(
            &self.plan,
            self.addr,
            &self.shares,
            stop,
            &mut |record| {
                series.add(record);
                progress.show(record);
                if let Some(meter) = &mut meter {
                    meter.look(record);
                }
            },
            &|line| progress.tell(line),
        )
        .map_err(|error| Failed(3, cannot_fork(self.shares.len(), &error)))?;
        Ok(Outcome {
            setup: self.setup(),
            facts: self.facts.clone(),
            usage: meter.map(|meter| meter.end(&record)),
            series: series.end(&record),
            record,
        })
    }
}

fn cannot_fork(processes: usize, error: &io::Error) -> String {
    let fewer = "take fewer with --processes, or raise `ulimit -u`";
    format!("cannot start {processes} worker processes: {error}; {fewer}")
}
