//! The parent's part of a run: one process for each share, their records
//! merged, and none left behind.

use crate::load;
use crate::plan::{Plan, Share};
use crate::record::{Failure, Record};
use pelton::os::fork::{self, Child, Ending};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use std::io::{self, PipeReader, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest wait, so that a signal which comes just before it is soon seen.
const WAIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// A worker process that says nothing for this long after its time is ended.
const GRACE: Duration = Duration::from_secs(10);

/// A worker process and what it was given.
struct Worker {
    child: Child,
    reader: PipeReader,
    share: Share,
}

/// Runs `shares` of the plan's clients, each in a process of its own, until
/// its time is up or `stop` is set. `watch` sees what they counted. `tell` is
/// given a line for each process that died; its clients count as failed.
///
/// # Errors
/// No process could be made, or no pipe to it.
pub(crate) fn run(
    plan: &Plan,
    addr: SocketAddr,
    shares: &[Share],
    stop: &AtomicBool,
    watch: &mut dyn FnMut(&Record),
    tell: &dyn Fn(&str),
) -> io::Result<Record> {
    let workers = shares
        .iter()
        .map(|&share| Worker::start(plan, addr, share, stop))
        .collect::<io::Result<Vec<Worker>>>()?; // those that did start end here
    wait(&workers, plan.time, stop);
    let mut sum = Record::default();
    for worker in workers {
        let (id, clients) = (worker.child.id(), worker.share.clients);
        match worker.end() {
            Ok(record) => sum.merge(&record),
            Err(how) => {
                tell(&format!(
                    "worker process {id} died ({how}); its {clients} clients count as failed"
                ));
                sum.fail_many(Failure::Lost, clients as u64);
            }
        }
        watch(&sum);
    }
    Ok(sum)
}

/// Waits until every process has spoken, or is gone.
fn wait(workers: &[Worker], time: Duration, stop: &AtomicBool) {
    let mut waiting: Vec<&Worker> = workers.iter().collect();
    let mut until = Instant::now() + time + GRACE;
    let mut told = false;
    while !waiting.is_empty() {
        if !told && stop.load(Ordering::Relaxed) {
            told = true;
            until = Instant::now() + GRACE;
            // From a terminal they have it already; one more does no harm.
            signal(&waiting, Signal::TERM);
        }
        if Instant::now() > until {
            signal(&waiting, Signal::KILL);
            return;
        }
        let watched = waiting
            .iter()
            .map(|worker| PollFd::new(&worker.reader, PollFlags::IN));
        let mut watched: Vec<PollFd<'_>> = watched.collect();
        if poll(&mut watched, Some(&WAIT)).is_ok() {
            let mut quiet = watched.iter().map(|one| one.revents().is_empty());
            waiting.retain(|_| quiet.next().unwrap_or(true));
        }
    }
}

fn signal(workers: &[&Worker], signal: Signal) {
    for worker in workers {
        // It is not reaped yet: at worst it has ended, and does not hear.
        let _ = worker.child.signal(signal);
    }
}

impl Worker {
    fn start(plan: &Plan, addr: SocketAddr, share: Share, stop: &AtomicBool) -> io::Result<Worker> {
        let (reader, mut writer) = io::pipe()?;
        let work = move || {
            let sent = load::run(plan, addr, share, stop).and_then(|record| {
                let mut bytes = Vec::new();
                record.write(&mut bytes);
                writer.write_all(&bytes)
            });
            u8::from(
                sent.inspect_err(|error| eprintln!("webbench: {error}"))
                    .is_err(),
            )
        };
        Ok(Worker {
            child: fork::fork(work)?,
            reader,
            share,
        })
    }

    /// Takes the record of a process, and reaps it.
    fn end(mut self) -> Result<Record, String> {
        let mut bytes = Vec::new();
        let read = self.reader.read_to_end(&mut bytes).ok();
        let record = read.and_then(|_| Record::read(&mut &bytes[..]));
        match (self.child.wait(), record) {
            (Ok(Ending::Exited(0)), Some(record)) => Ok(record),
            (Ok(Ending::Exited(status)), _) => Err(format!("exit status {status}")),
            (Ok(Ending::Killed(signal)), _) => Err(format!("signal {signal}")),
            (Err(error), _) => Err(error.to_string()),
        }
    }
}
