//! The parent's part of a run: one process for each share, their records
//! merged as they come, and none left behind.

use crate::load;
use crate::pipe::{Heard, Receiver, Sender};
use crate::plan::{Plan, Share};
use crate::record::{Failure, Record};
use pelton::os::fork::{self, Child, Ending};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest wait, so that a signal which comes just before it is soon seen.
const WAIT: Duration = Duration::from_millis(100);

/// Between two records of a worker process, where there are few of them.
const NEWS: Duration = Duration::from_millis(250);

/// So many processes are few: each record costs its reader some time.
const FEW: usize = 128;

/// A worker process that says nothing for this long is ended.
const GRACE: Duration = Duration::from_secs(10);

/// A worker process and what it was given.
struct Worker {
    child: Child,
    receiver: Receiver,
    share: Share,
    /// How long it has said nothing, while it was listened to.
    silent: Duration,
    /// It has nothing more to say.
    done: bool,
}

/// Runs `shares` of the plan's clients, each in a process of its own, until
/// the run's end or until `stop` is set. `watch` sees what has been counted so
/// far, all processes together, about four times a second. `tell` is given a
/// line for each process that died; its clients count as failed.
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
    let news = NEWS * (1 + shares.len() / FEW) as u32;
    let mut workers = shares
        .iter()
        .map(|&share| Worker::start(plan, addr, share, stop, news))
        .collect::<io::Result<Vec<Worker>>>()?; // those that did start end here
    attend(&mut workers, stop, news, watch);
    let mut sum = sum(&workers);
    for worker in workers {
        let (id, clients) = (worker.child.id(), worker.share.clients);
        if let Err(how) = worker.end() {
            tell(&format!(
                "worker process {id} died ({how}); its {clients} clients count as failed"
            ));
            sum.fail_many(Failure::Lost, clients as u64);
        }
    }
    watch(&sum);
    Ok(sum)
}

/// Hears all processes until every one is done, or gone.
fn attend(
    workers: &mut [Worker],
    stop: &AtomicBool,
    news: Duration,
    watch: &mut dyn FnMut(&Record),
) {
    let mut told = false;
    let mut watched = Instant::now();
    let mut before = Instant::now();
    while workers.iter().any(|worker| !worker.done) {
        if !told && stop.load(Ordering::Relaxed) {
            told = true;
            // From a terminal they have it already; one more does no harm.
            workers.iter().for_each(|one| one.signal(Signal::TERM));
        }
        hear(workers);
        // Where this process was stopped for a while, so were they.
        end_silent(workers, before.elapsed().min(2 * WAIT), GRACE + news);
        before = Instant::now();
        // They speak at the same moments: what some have said and others not
        // yet would be a sum of two moments.
        let is_whole = workers.iter().all(|one| one.done || one.silent < news / 2);
        let since = watched.elapsed();
        if (is_whole && since >= news / 2) || since >= 2 * news {
            watch(&sum(workers));
            watched = Instant::now();
        }
    }
}

/// Waits a moment for news, and takes what there is of all processes alike.
fn hear(workers: &mut [Worker]) {
    let mut waiting: Vec<&mut Worker> = workers.iter_mut().filter(|one| !one.done).collect();
    let pipes = waiting
        .iter()
        .map(|one| PollFd::new(one.receiver.pipe(), PollFlags::IN));
    let mut pipes: Vec<PollFd<'_>> = pipes.collect();
    let wait = Timespec::try_from(WAIT).ok();
    if poll(&mut pipes, wait.as_ref()).is_err() {
        return; // a signal
    }
    let ready: Vec<bool> = pipes.iter().map(|one| !one.revents().is_empty()).collect();
    for (worker, _) in waiting.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
        worker.silent = Duration::ZERO;
        worker.done = worker.receiver.hear() == Heard::End;
    }
}

/// Ends processes that hang, after so much more silence.
fn end_silent(workers: &mut [Worker], more: Duration, grace: Duration) {
    for worker in workers.iter_mut().filter(|worker| !worker.done) {
        worker.silent += more;
        if worker.silent > grace {
            worker.signal(Signal::KILL);
            worker.done = true;
        }
    }
}

/// What all have said so far.
fn sum(workers: &[Worker]) -> Record {
    let mut sum = Record::default();
    for record in workers.iter().filter_map(|one| one.receiver.last()) {
        sum.merge(record);
    }
    sum
}

impl Worker {
    fn start(
        plan: &Plan,
        addr: SocketAddr,
        share: Share,
        stop: &AtomicBool,
        news: Duration,
    ) -> io::Result<Worker> {
        let (reader, writer) = io::pipe()?;
        let work = move || {
            let ran = Sender::new(writer)
                .and_then(|sender| load::run(plan, addr, share, stop, news, sender));
            u8::from(
                ran.inspect_err(|error| eprintln!("webbench: {error}"))
                    .is_err(),
            )
        };
        Ok(Worker {
            child: fork::fork(work)?,
            receiver: Receiver::new(reader),
            share,
            silent: Duration::ZERO,
            done: false,
        })
    }

    fn signal(&self, signal: Signal) {
        // It is not reaped yet: at worst it has ended, and does not hear.
        let _ = self.child.signal(signal);
    }

    /// Reaps the process; it has ended well or this says how.
    fn end(mut self) -> Result<(), String> {
        let spoke = self.receiver.last().is_some();
        drop(self.receiver); // it must not wait for a reader
        match self.child.wait() {
            Ok(Ending::Exited(0)) if spoke => Ok(()),
            Ok(Ending::Exited(status)) => Err(format!("exit status {status}")),
            Ok(Ending::Killed(signal)) => Err(format!("signal {signal}")),
            Err(error) => Err(error.to_string()),
        }
    }
}
