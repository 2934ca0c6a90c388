//! One worker's lane to the pool and back.

use super::job::Job;
use crate::base::buffer::Pool;
use crate::base::kept::Kept;
use crate::base::key::{Key, Peer};
use crate::base::limits::JOBS_KEPT_MAX;
use crate::frame::Framing;
use crate::session::CloseReason;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// One worker's lane to the pool and back. Owns the credits, the jobs that are
/// free, and those that wait for their connection to take the first answers.
#[derive(Debug)]
pub(super) struct Lane {
    /// Jobs that may yet be submitted: so many that no queue can be full.
    credits: usize,
    /// How many of them may be slow ones: the others stay for those that are
    /// quick.
    slow_credits: usize,
    free: Kept<Box<Job>>,
    parked: HashMap<u32, Box<Job>>,
    waiting: VecDeque<Key>,
    /// Those whose job is a slow one.
    waiting_slow: VecDeque<Key>,
    /// Connections that are gone while their job is under way, and why.
    departed: HashMap<Key, CloseReason>,
}

impl Lane {
    pub(super) fn new(credits: usize, slow_credits: usize) -> Lane {
        Lane {
            credits,
            slow_credits,
            free: Kept::new(),
            parked: HashMap::new(),
            waiting: VecDeque::new(),
            waiting_slow: VecDeque::new(),
            departed: HashMap::new(),
        }
    }

    /// Jobs that may yet be submitted.
    pub(super) fn credits(&self) -> usize {
        self.credits
    }

    pub(super) fn has_credit(&self) -> bool {
        self.credits > 0
    }

    /// Takes a credit for a job that is submitted next; `false`: there is none.
    pub(super) fn spend(&mut self, slow: bool) -> bool {
        if self.credits == 0 || (slow && self.slow_credits == 0) {
            return false;
        }
        self.credits -= 1;
        self.slow_credits -= usize::from(slow);
        true
    }

    /// A completion was drained: its credit is back.
    pub(super) fn earn(&mut self, slow: bool) {
        self.credits += 1;
        self.slow_credits += usize::from(slow);
    }

    /// `key` has requests and there is no credit.
    pub(super) fn wait(&mut self, key: Key) {
        let slow = self.parked.get(&key.index).is_some_and(|job| job.slow);
        let waiting = if slow {
            &mut self.waiting_slow
        } else {
            &mut self.waiting
        };
        waiting.push_back(key);
    }

    /// The connections that have waited longest, as many as there are credits.
    pub(super) fn resumable(&mut self) -> Vec<Key> {
        // Slow ones first: they have at most their share, and the quick ones
        // the rest, so neither waits for ever.
        let most = self.credits.min(self.slow_credits);
        let slow = most.min(self.waiting_slow.len());
        let quick = (self.credits - slow).min(self.waiting.len());
        let slow = self.waiting_slow.drain(..slow);
        slow.chain(self.waiting.drain(..quick)).collect()
    }

    /// Whether somebody waits for a credit and there is one: the last one to
    /// be resumed may have had no use for it.
    pub(super) fn can_resume(&self) -> bool {
        let slow_waits = self.slow_credits > 0 && !self.waiting_slow.is_empty();
        self.credits > 0 && (slow_waits || !self.waiting.is_empty())
    }

    /// Keeps a job whose answers so far are as much as its connection takes.
    pub(super) fn park(&mut self, index: u32, job: Box<Job>) {
        self.parked.insert(index, job);
    }

    pub(super) fn is_parked(&self, index: u32) -> bool {
        self.parked.contains_key(&index)
    }

    /// The job that was parked for a connection.
    pub(super) fn unpark(&mut self, index: u32) -> Option<Box<Job>> {
        if self.parked.is_empty() {
            return None;
        }
        self.parked.remove(&index)
    }

    /// Remembers why a connection is gone until its job is back.
    pub(super) fn depart(&mut self, key: Key, reason: CloseReason) {
        self.departed.insert(key, reason);
    }

    /// Why the connection of a job that is back is gone.
    pub(super) fn departed(&mut self, key: Key) -> CloseReason {
        self.departed.remove(&key).unwrap_or(CloseReason::Done)
    }

    /// Whether a job is under way whose connection is gone.
    pub(super) fn awaits_departed(&self) -> bool {
        !self.departed.is_empty()
    }

    /// Takes a job back for another use.
    pub(super) fn recycle(&mut self, mut job: Box<Job>, pool: &mut Pool) {
        job.reset(pool);
        if self.free.len() < JOBS_KEPT_MAX {
            self.free.give(job);
        }
    }

    /// Once a tick: drops free jobs that have not been needed.
    pub(super) fn tick(&mut self) {
        self.free.unneeded().for_each(drop);
    }

    /// Whether [`Lane::tick`] has something to wait for.
    pub(super) fn wants_tick(&self) -> bool {
        !self.free.is_empty()
    }

    /// An empty job for a connection.
    pub(super) fn job(
        &mut self,
        peer: Peer,
        address: SocketAddr,
        framing: &'static dyn Framing,
    ) -> Box<Job> {
        let Some(mut job) = self.free.take() else {
            return Job::new(peer, address, framing);
        };
        job.peer = peer;
        job.address = address;
        job.framing = framing;
        job
    }
}
