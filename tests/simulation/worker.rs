//! A worker without sockets: what `engine/{worker,serve,mail,proactor}.rs` do
//! with the queues between threads, in the same order, a call at a time.
//!
//! Only the queues are the real ones. What a client sends is a list of
//! [`Action`]s, what a handler does is to write letters.

mod mail;

use super::shared::{Action, Event, Job, Letter, Shared};
use pelton::engine::inbox::Outgoing;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Mirrors `net::connection::Step`.
enum Step {
    Event,
    Turn,
    Job,
    Credit,
    Mail,
}

#[derive(Default)]
struct Connection {
    arrived: VecDeque<Action>,
    in_flight: bool,
    /// The socket takes no more.
    blocked: bool,
    mailed: bool,
    gone: bool,
    lists: BTreeSet<List>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Run,
    Credit,
    Mail,
}

/// Where in its turn a worker is. Each step is one call of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Poll,
    Asleep,
    Ready,
    Completions,
    Mail { taken: usize },
    Retry { to: usize },
    Resume,
    Run { left: usize },
}

pub(crate) struct Worker {
    pub(crate) id: usize,
    pub(crate) phase: Phase,
    /// What the next poll tells.
    pub(crate) events: VecDeque<(usize, Event)>,
    /// Connections whose clients will read on.
    pub(crate) blocked: Vec<usize>,
    shared: Arc<Shared>,
    connections: Vec<Connection>,
    ready: VecDeque<usize>,
    run: VecDeque<usize>,
    mail: Vec<usize>,
    local: VecDeque<Letter>,
    outgoing: Outgoing<Letter>,
    credits: usize,
    waiting: VecDeque<usize>,
    parked: BTreeMap<usize, Job>,
    jobs_under_way: BTreeSet<usize>,
    jobs_begun: usize,
    /// Turns taken only because somebody had made room for letters.
    calls_heard: usize,
    sent: Vec<usize>,
    received: Vec<usize>,
}

/// Lets others take steps in the middle of one of ours.
pub(crate) type Breathe<'a> = &'a mut dyn FnMut();

impl Worker {
    pub(crate) fn new(id: usize, shared: Arc<Shared>, connections: usize) -> Worker {
        let workers = shared.posts.len();
        Worker {
            id,
            phase: Phase::Poll,
            events: VecDeque::new(),
            blocked: Vec::new(),
            connections: (0..connections).map(|_| Connection::default()).collect(),
            ready: VecDeque::new(),
            run: VecDeque::new(),
            mail: Vec::new(),
            local: VecDeque::new(),
            outgoing: Outgoing::new(id, workers),
            credits: shared.queue_len,
            waiting: VecDeque::new(),
            parked: BTreeMap::new(),
            jobs_under_way: BTreeSet::new(),
            jobs_begun: 0,
            calls_heard: 0,
            sent: vec![0; workers],
            received: vec![0; workers],
            shared,
        }
    }

    /// Whether it would wake, or is awake.
    pub(crate) fn can_step(&self) -> bool {
        let alarm = &self.shared.posts[self.id].alarm;
        self.phase != Phase::Asleep || !self.events.is_empty() || alarm.is_rung()
    }

    /// Mirrors `Worker::run`.
    pub(crate) fn step(&mut self, breathe: Breathe<'_>) {
        self.phase = match self.phase {
            Phase::Poll => self.sleep(breathe),
            Phase::Asleep => self.note(),
            Phase::Ready => match self.ready.pop_front() {
                Some(key) => {
                    self.serve(key, breathe);
                    Phase::Ready
                }
                None => Phase::Completions,
            },
            Phase::Completions => self.take_completion(breathe),
            Phase::Mail { taken } => self.take_letter(taken, breathe),
            Phase::Retry { to } => self.retry(to),
            Phase::Resume => self.resume_waiting(),
            Phase::Run { left } => self.serve_next(left, breathe),
        };
    }

    fn sleep(&mut self, breathe: Breathe<'_>) -> Phase {
        if self.has_work() {
            return self.note();
        }
        let shared = self.shared.clone();
        let post = &shared.posts[self.id];
        let idle = || {
            breathe();
            let nothing_came = post.inbox.is_empty() && post.completions.is_empty();
            let inboxes = shared.posts.iter().map(|post| &post.inbox);
            let called = nothing_came && self.outgoing.is_called(inboxes);
            self.calls_heard += usize::from(called);
            breathe();
            nothing_came && !called
        };
        match post.bell.may_sleep(idle) {
            true => Phase::Asleep,
            false => self.note(),
        }
    }

    fn has_work(&self) -> bool {
        let credit_waits = self.credits > 0 && !self.waiting.is_empty();
        let mail_waits = !self.mail.is_empty() && !self.outgoing.is_stuck();
        credit_waits || mail_waits || !self.run.is_empty() || !self.local.is_empty()
    }

    /// The poll returns.
    fn note(&mut self) -> Phase {
        let post = &self.shared.posts[self.id];
        post.alarm.consume();
        post.bell.awake();
        for (key, event) in self.events.drain(..) {
            let connection = &mut self.connections[key];
            match event {
                Event::Arrives(action) => connection.arrived.push_back(action),
                Event::Writable => connection.blocked = false,
                Event::Gone => {
                    connection.gone = true;
                    if let Some(job) = self.parked.remove(&key) {
                        self.jobs_under_way.remove(&job.id);
                    }
                }
            }
            self.ready.push_back(key);
        }
        Phase::Ready
    }

    fn serve(&mut self, key: usize, breathe: Breathe<'_>) {
        if self.connections[key].gone {
            return;
        }
        let mail_waits = self.outgoing.is_stuck() && self.connections[key].mailed;
        let (step, job, mail) = self.advance(key, mail_waits);
        self.submit(job);
        if !mail.is_empty() {
            self.post_letters(key, &mail, breathe);
        }
        self.settle(key, &step);
    }

    /// Mirrors `Connection::advance`.
    fn advance(&mut self, key: usize, mail_waits: bool) -> (Step, Option<Job>, Vec<usize>) {
        let connection = &mut self.connections[key];
        let wait = match &*connection {
            Connection { blocked: true, .. } => Some(Step::Event),
            Connection {
                in_flight: true, ..
            } => Some(Step::Job),
            Connection { arrived, .. } if arrived.is_empty() => Some(Step::Event),
            _ if mail_waits => Some(Step::Mail),
            _ if self.credits == 0 => Some(Step::Credit),
            _ => None,
        };
        if let Some(step) = wait {
            return (step, None, Vec::new());
        }
        let action = connection.arrived.pop_front().expect("it has work");
        let next = match connection.arrived.is_empty() {
            true => Step::Event,
            false => Step::Turn,
        };
        match action {
            Action::Nothing => (next, None, Vec::new()),
            Action::Mail(mail) => (next, None, mail),
            Action::Job { parts, mail } => {
                connection.in_flight = true;
                self.jobs_begun += 1;
                let (worker, connection, id) = (self.id, key, self.jobs_begun);
                assert!(self.jobs_under_way.insert(id));
                let job = Job {
                    worker,
                    connection,
                    id,
                    parts,
                    mail,
                };
                (Step::Job, Some(job), Vec::new())
            }
        }
    }

    fn settle(&mut self, key: usize, step: &Step) {
        match step {
            Step::Event => {}
            Step::Turn => self.enlist(key, List::Run),
            Step::Job => self.submit_parked(key),
            Step::Credit => self.enlist(key, List::Credit),
            Step::Mail => self.enlist(key, List::Mail),
        }
    }

    fn enlist(&mut self, key: usize, list: List) {
        let connection = &mut self.connections[key];
        if connection.gone || !connection.lists.insert(list) {
            return;
        }
        match list {
            List::Run => self.run.push_back(key),
            List::Credit => self.waiting.push_back(key),
            List::Mail => self.mail.push(key),
        }
    }

    fn submit(&mut self, job: Option<Job>) {
        let Some(job) = job else { return };
        assert!(self.credits > 0);
        self.credits -= 1;
        self.shared.queued.fetch_add(1, Ordering::SeqCst);
        let pushed = self.shared.jobs.push(job);
        assert!(pushed.is_ok(), "there are more jobs than credits");
    }

    fn submit_parked(&mut self, key: usize) {
        if !self.parked.contains_key(&key) {
            return;
        }
        if self.credits > 0 {
            let job = self.parked.remove(&key);
            self.submit(job);
        } else {
            self.enlist(key, List::Credit);
        }
    }

    fn take_completion(&mut self, breathe: Breathe<'_>) -> Phase {
        let Some(job) = self.shared.posts[self.id].completions.pop() else {
            return Phase::Mail { taken: 0 };
        };
        self.credits += 1;
        assert!(self.credits <= self.shared.queue_len);
        assert!(self.jobs_under_way.contains(&job.id), "it came back twice");
        self.take_home(job, breathe);
        Phase::Completions
    }

    /// Mirrors `Worker::complete`.
    fn take_home(&mut self, job: Job, breathe: Breathe<'_>) {
        let key = job.connection;
        let connection = &mut self.connections[key];
        if connection.gone {
            self.jobs_under_way.remove(&job.id);
        } else if job.parts > 0 {
            // Every other answer does not fit the socket.
            connection.blocked = job.parts.is_multiple_of(2);
            let step = match connection.blocked {
                true => Step::Event,
                false => Step::Job,
            };
            if connection.blocked {
                self.blocked.push(key);
            }
            self.parked.insert(key, job);
            self.settle(key, &step);
        } else {
            connection.in_flight = false;
            self.jobs_under_way.remove(&job.id);
            self.shared.left.fetch_sub(1, Ordering::SeqCst);
            // The letters go out with the next requests' own.
            let mail_waits = self.outgoing.is_stuck() && self.connections[key].mailed;
            let (step, next, more) = self.advance(key, mail_waits);
            self.submit(next);
            let mail = [job.mail, more].concat();
            if !mail.is_empty() {
                self.post_letters(key, &mail, breathe);
            }
            self.settle(key, &step);
        }
    }

    /// Mirrors the start of `Worker::serve_run_list`.
    fn resume_waiting(&mut self) -> Phase {
        let count = self.credits.min(self.waiting.len());
        let keys: Vec<usize> = self.waiting.drain(..count).collect();
        self.resume(keys, List::Credit);
        if !self.outgoing.is_stuck() {
            let keys = std::mem::take(&mut self.mail);
            self.resume(keys, List::Mail);
        }
        for letter in std::mem::take(&mut self.local) {
            self.deliver(&letter);
        }
        Phase::Run {
            left: self.run.len(),
        }
    }

    fn resume(&mut self, keys: Vec<usize>, list: List) {
        for key in keys {
            self.connections[key].lists.remove(&list);
            self.enlist(key, List::Run);
        }
    }

    fn serve_next(&mut self, left: usize, breathe: Breathe<'_>) -> Phase {
        let next = match left {
            0 => None,
            _ => self.run.pop_front(),
        };
        let Some(key) = next else {
            return Phase::Poll;
        };
        self.connections[key].lists.remove(&List::Run);
        self.serve(key, breathe);
        Phase::Run { left: left - 1 }
    }

    /// Asleep for good: is anything left that should have been done?
    pub(crate) fn check_done(&self, others: &[&Worker]) {
        let post = &self.shared.posts[self.id];
        assert!(!self.outgoing.is_stuck(), "letters are stuck");
        assert!(
            post.inbox.is_empty() && self.local.is_empty(),
            "unread letters"
        );
        assert!(post.completions.is_empty() && self.parked.is_empty());
        assert_eq!(self.jobs_under_way, BTreeSet::new(), "jobs are lost");
        assert_eq!(self.credits, self.shared.queue_len, "credits are lost");
        for (key, connection) in self.connections.iter().enumerate() {
            let done = connection.arrived.is_empty() && !connection.in_flight;
            assert!(done || connection.gone, "connection {key} hangs");
        }
        for other in others {
            let (sent, got) = (self.sent[other.id], other.received[self.id]);
            assert_eq!(sent, got, "letters from {} to {}", self.id, other.id);
        }
    }

    /// Nobody spins: a turn for stuck letters has its cause. No more can be
    /// stuck than the connections have written: what a job and the read behind
    /// it say, each.
    pub(crate) fn check_bounds(&self, others: &[&Worker], letters_max: usize) {
        let calls = self.shared.calls[self.id].load(Ordering::SeqCst);
        assert!(self.calls_heard <= calls, "it spins");
        let under_way = |other: &&Worker| self.sent[other.id] - other.received[self.id];
        let elsewhere = others.iter().filter(|other| other.id != self.id);
        let count: usize = elsewhere.map(under_way).sum();
        let queues: usize = self.shared.posts.len() * letters_max;
        assert!(count <= 2 * letters_max * self.connections.len() + queues);
    }
}
