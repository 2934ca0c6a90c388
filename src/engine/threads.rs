//! The threads of a server: how many, and their start.

use super::fleet::{Fleet, Order, PoolSize};
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

/// How many threads the pool has: a reactor needs those alone that may block,
/// and only for a service with such requests.
pub(super) fn of_pool(config: &Config, has_blocking: bool) -> PoolSize {
    let threads = match config.proactor.threads {
        0 => 2 * processors(),
        threads => threads,
    };
    let threads = threads.min(POOL_THREADS_MAX);
    let if_any = |any: bool| if any { threads } else { 0 };
    PoolSize {
        quick: if_any(config.mode == Mode::Proactor),
        slow: if_any(has_blocking),
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
    pool: PoolSize,
) -> io::Result<Vec<JoinHandle<io::Result<()>>>> {
    let gate = Arc::new(Gate::new(polls.len() + pool.quick + pool.slow));
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
        let quick = (0..pool.quick).map(|number| (format!("pelton-pool-{number}"), false));
        let slow = (0..pool.slow).map(|number| (format!("pelton-slow-{number}"), true));
        for (name, slow) in quick.chain(slow) {
            let (gate, fleet) = (gate.clone(), fleet.clone());
            let body = move || {
                if gate.pass() {
                    pool::work(&fleet, slow);
                }
                Ok(())
            };
            threads.push(thread::Builder::new().name(name).spawn(body)?);
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
