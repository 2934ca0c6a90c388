//! How large a run is, and what its clients send.

use super::random::Random;
use super::shared::{Action, Shared};
use super::worker::Worker;
use std::sync::Arc;

/// Receivers of one request's letters.
pub(crate) const LETTERS_MAX: usize = 5;

/// Says which seed it was when an assertion fails.
pub(crate) struct Culprit(pub(crate) u64);

impl Drop for Culprit {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

/// How large a world is, and how fast its parts are.
pub(crate) struct Sizes {
    pub(crate) workers: usize,
    pub(crate) pool: usize,
    pub(crate) connections: usize,
    pub(crate) queue_len: usize,
    pub(crate) inbox: usize,
    /// Reads a worker gets: where there are few, few wake-ups hide a lost one.
    pub(crate) reads: usize,
    /// Of five reads, so many are for the pool.
    pub(crate) jobs: usize,
}

impl Sizes {
    pub(crate) fn new(random: &mut Random) -> Sizes {
        Sizes {
            workers: 1 + random.below(4),
            pool: 1 + random.below(3),
            connections: 1 + random.below(6),
            queue_len: 1 + random.below(3),
            inbox: 1 + random.below(4),
            reads: *random.pick(&[5, 10, 20]),
            jobs: *random.pick(&[0, 1, 3]),
        }
    }

    pub(crate) fn workers(&self) -> (Arc<Shared>, Vec<Worker>) {
        let shared = Shared::new(self.workers, self.queue_len, self.inbox);
        let shared = Arc::new(shared);
        let worker = |id| Worker::new(id, shared.clone(), self.connections);
        let workers = (0..self.workers).map(worker).collect();
        (shared, workers)
    }

    pub(crate) fn action(&self, random: &mut Random) -> Action {
        let letters = *random.pick(&[0, 0, 1, 2, LETTERS_MAX]);
        let mail = (0..letters).map(|_| random.below(self.workers)).collect();
        match random.below(5) {
            share if share < self.jobs => Action::Job {
                parts: 1 + random.below(4),
                mail,
            },
            4 => Action::Nothing,
            _ => Action::Mail(mail),
        }
    }
}
