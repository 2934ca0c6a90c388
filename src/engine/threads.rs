//! The threads of a server: how many, and their start.

use super::fleet::{Fleet, Order};
use super::gate::Gate;
use super::pool;
use super::worker::Worker;
use crate::base::limits::{POOL_THREADS_MAX, WORKERS_MAX};
use crate::config::{Config, Mode};
use crate::net::listener::Listener;
use mio::Poll;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// How many loops a server has by this configuration.
#[must_use]
pub fn workers(config: &Config) -> usize {
    let wanted = if config.workers == 0 {
        processors()
    } else {
        config.workers
    };
    wanted.clamp(1, WORKERS_MAX)
}

/// How many threads the pool has: a reactor needs one only for a service with
/// requests that block.
pub(super) fn of_pool(config: &Config, has_blocking: bool) -> usize {
    match (config.mode, config.proactor.threads) {
        (Mode::Reactor, _) if !has_blocking => 0,
        (_, 0) => (2 * processors()).min(POOL_THREADS_MAX),
        (_, threads) => threads.min(POOL_THREADS_MAX),
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get())
}

/// Starts the loops and the pool. They pass the gate together.
///
/// # Errors
/// What the system says; no thread is left running then.
pub(super) fn start(
    fleet: &Arc<Fleet>,
    polls: Vec<Poll>,
    listeners: Vec<Vec<Listener>>,
    pool_threads: usize,
) -> io::Result<Vec<JoinHandle<io::Result<()>>>> {
    let gate = Arc::new(Gate::new(polls.len() + pool_threads));
    let mut threads = Vec::new();
    let start = || {
        for (id, (poll, listeners)) in polls.into_iter().zip(listeners).enumerate() {
            let mut worker = Worker::new(id as u16, fleet.clone(), poll, listeners)?;
            let (gate, fleet) = (gate.clone(), fleet.clone());
            let body = move || {
                if !gate.pass() {
                    return Ok(());
                }
                let ended = StopOthers(fleet);
                let result = worker.run();
                drop(ended);
                result
            };
            threads.push(
                thread::Builder::new()
                    .name(format!("pelton-loop-{id}"))
                    .spawn(body)?,
            );
        }
        for number in 0..pool_threads {
            let (gate, fleet) = (gate.clone(), fleet.clone());
            let body = move || {
                if gate.pass() {
                    pool::work(&fleet);
                }
                Ok(())
            };
            threads.push(
                thread::Builder::new()
                    .name(format!("pelton-pool-{number}"))
                    .spawn(body)?,
            );
        }
        Ok(())
    };
    if let Err(error) = start() {
        gate.shut();
        for thread in threads {
            let _ = thread.join(); // it has had nothing to do yet
        }
        return Err(error);
    }
    Ok(threads)
}

/// A loop that ends by a panic or an error takes the others with it: half a
/// server is worse than none.
struct StopOthers(Arc<Fleet>);

impl Drop for StopOthers {
    fn drop(&mut self) {
        if self.0.order() == Order::Serve {
            self.0.give(Order::Stop);
        }
    }
}
