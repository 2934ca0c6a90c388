//! The proactor: the loop does the I/O, a pool of threads runs the handlers.

use super::call;
use super::job::Job;
use super::tally::{Count, Tally};
use crate::base::buffer::Pool;
use crate::base::key::{Key, Peer};
use crate::base::limits::JOBS_KEPT_MAX;
use crate::http::{Head, HttpDate};
use crate::net::connection::{Exchange, Step};
use crate::service::{Replies, Service, own};
use crate::session::{BodyPlan, CloseReason, Flow, Own, Request, Sink};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// One worker's lane to the pool and back. Owns the credits, the jobs that are
/// free, and those that wait for their connection to take the first answers.
#[derive(Debug)]
pub(super) struct Lane {
    /// Jobs that may yet be submitted: so many that no queue can be full.
    credits: usize,
    #[allow(clippy::vec_box, reason = "jobs travel in their boxes, which are kept")]
    free: Vec<Box<Job>>,
    parked: HashMap<u32, Box<Job>>,
    waiting: VecDeque<Key>,
    /// Connections that are gone while their job is under way, and why.
    departed: HashMap<Key, CloseReason>,
}

impl Lane {
    pub(super) fn new(credits: usize) -> Lane {
        Lane {
            credits,
            free: Vec::new(),
            parked: HashMap::new(),
            waiting: VecDeque::new(),
            departed: HashMap::new(),
        }
    }

    pub(super) fn has_credit(&self) -> bool {
        self.credits > 0
    }

    /// Takes a credit: the job that goes with it is submitted next.
    pub(super) fn spend(&mut self) {
        debug_assert!(self.credits > 0);
        self.credits -= 1;
    }

    /// A completion was drained: its credit is back.
    pub(super) fn earn(&mut self) {
        self.credits += 1;
    }

    /// `key` has requests and there is no credit.
    pub(super) fn wait(&mut self, key: Key) {
        self.waiting.push_back(key);
    }

    /// The connections that have waited longest, as many as there are credits.
    pub(super) fn resumable(&mut self) -> Vec<Key> {
        let count = self.credits.min(self.waiting.len());
        self.waiting.drain(..count).collect()
    }

    /// Whether somebody waits for a credit and there is one: the last one to
    /// be resumed may have had no use for it.
    pub(super) fn can_resume(&self) -> bool {
        self.credits > 0 && !self.waiting.is_empty()
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

    /// Takes a job back for another use.
    pub(super) fn recycle(&mut self, mut job: Box<Job>, pool: &mut Pool) {
        job.reset(pool);
        if self.free.len() < JOBS_KEPT_MAX {
            self.free.push(job);
        }
    }

    fn job(&mut self, peer: Peer, address: SocketAddr) -> Box<Job> {
        let mut job = self.free.pop().unwrap_or_else(|| Job::new(peer, address));
        job.peer = peer;
        job.address = address;
        job
    }
}

/// Takes what one connection's session finds into a job, for the pool.
pub(super) struct ProactorSink<'a> {
    pub(super) service: &'a dyn Service,
    pub(super) lane: &'a mut Lane,
    pub(super) job: Option<Box<Job>>,
    pub(super) peer: Peer,
    pub(super) address: SocketAddr,
    pub(super) date: &'a HttpDate,
    pub(super) replies: &'a mut Replies,
    pub(super) tally: &'a Tally,
    pub(super) mail_waits: bool,
}

impl Sink for ProactorSink<'_> {
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan {
        call::plan(self.service, head)
    }

    fn request(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow {
        let mut job = match self.job.take() {
            Some(job) => job,
            None => self.lane.job(self.peer, self.address),
        };
        let fits = job.add(request, strikes, pool);
        if !fits && job.is_empty() {
            self.lane.recycle(job, pool);
            return Flow::NoMemory;
        }
        let full = job.is_full();
        self.job = Some(job);
        if !fits {
            return Flow::NoMemory;
        }
        self.tally.count_request(request);
        if full { Flow::Pause } else { Flow::Continue }
    }

    fn bad_package(&mut self) {
        match &mut self.job {
            Some(job) => job.add_bad(),
            None => self.tally.add(Count::BadPackages, 1),
        }
    }

    fn own(&mut self, answer: Own) {
        self.tally.count_own(answer);
        match &mut self.job {
            Some(job) => job.add_own(answer),
            None => own::write(answer, self.date, self.replies),
        }
    }
}

impl Exchange for ProactorSink<'_> {
    fn replies(&mut self) -> &mut Replies {
        self.replies
    }

    fn in_flight(&self) -> bool {
        self.job.is_some()
    }

    fn timer(&mut self, mute: bool) -> Flow {
        let mut job = self.lane.job(self.peer, self.address);
        job.add_timer(mute);
        self.job = Some(job);
        Flow::Continue
    }

    fn wait(&self) -> Option<Step> {
        if self.mail_waits {
            Some(Step::Mail)
        } else if !self.lane.has_credit() {
            Some(Step::Credit)
        } else {
            None
        }
    }
}
