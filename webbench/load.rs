//! A worker process: an event loop over its share of the clients.
//!
//! Its turn, in order: begin requests (connect all, then send all), now and
//! then end those whose time is up, wait, events, clients that have rested.

use crate::answer::{Asked, Memo, Whole};
use crate::client::{Client, Step};
use crate::pipe::Sender;
use crate::plan::{Plan, Share};
use crate::record::{Failure, Record};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Poll};
use slab::Slab;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Read at once from a socket, all clients into one buffer.
const READ_BYTES: usize = 64 * 1024;

/// Events taken from the system in one turn.
const EVENTS_MAX: usize = 1024;

/// Longest wait, so that a signal which comes just before it is soon seen.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// Between two looks for requests whose time is up.
const EXPIRE_MS: u32 = 100;

/// Connections that are done with and stay open until the next turn.
const PARTED_MAX: usize = 1024;

/// A client whose connection could not be made rests this long: nothing is
/// learnt from a million refusals.
const REST: Duration = Duration::from_millis(10);

/// The clients of one process and what they counted.
struct Load<'a> {
    plan: &'a Plan,
    addr: SocketAddr,
    asked: Asked,
    request: Vec<u8>,
    poll: Poll,
    clients: Slab<Client>,
    /// Clients, by their keys, that begin a request in the next turn.
    ready: Vec<usize>,
    /// Clients that rest, the one that rose first in front.
    resting: VecDeque<(Instant, usize)>,
    /// Connections done with in this turn, and in the one before.
    parted: [Vec<TcpStream>; 2],
    parted_max: usize,
    buffer: Box<[u8]>,
    memo: Memo,
    record: Record,
    /// The turn's time, in milliseconds of the run.
    now_ms: u32,
    /// When it is next looked for requests whose time is up.
    expire_at_ms: u32,
}

/// Runs a share of the clients until the time is up or `stop` is set. What it
/// has counted goes to `sender` every so often, `news`, and at the end.
///
/// # Errors
/// The system has no room for an event loop, or the parent is gone.
pub(crate) fn run(
    plan: &Plan,
    addr: SocketAddr,
    share: Share,
    stop: &AtomicBool,
    news: Duration,
    mut sender: Sender,
) -> io::Result<()> {
    let mut news_at = Instant::now() + news;
    let mut load = Load::new(plan, addr, share)?;
    let mut events = Events::with_capacity(EVENTS_MAX);
    let start = Instant::now();
    let mut now = start;
    let end = start + plan.time;
    while now < end && !stop.load(Ordering::Relaxed) {
        load.begin_requests(now);
        load.expire(now);
        match load.poll.poll(&mut events, Some(load.wait(now, end))) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => events.clear(),
            Ok(()) => {}
        }
        now = Instant::now();
        load.now_ms = now.duration_since(start).as_millis() as u32;
        load.drop_parted();
        for event in &events {
            load.on_event(now, event);
        }
        load.wake(now);
        if now >= news_at {
            news_at = now + news;
            load.record.elapsed = now.duration_since(start);
            sender.offer(&load.record)?;
        }
    }
    load.record.elapsed = now.duration_since(start);
    sender.finish(&load.record)
}

impl<'a> Load<'a> {
    fn new(plan: &'a Plan, addr: SocketAddr, share: Share) -> io::Result<Load<'a>> {
        let asked = plan.asked();
        let mut slab = Slab::with_capacity(share.clients);
        let ready = (0..share.clients).map(|_| slab.insert(Client::new(asked)));
        Ok(Load {
            plan,
            addr,
            asked,
            request: plan.request(),
            poll: Poll::new()?,
            ready: ready.collect(),
            clients: slab,
            resting: VecDeque::new(),
            parted: [Vec::new(), Vec::new()],
            parted_max: share.spare_files.min(PARTED_MAX),
            buffer: vec![0; READ_BYTES].into(),
            memo: Memo::default(),
            record: Record::default(),
            now_ms: 0,
            expire_at_ms: 0,
        })
    }

    /// Connects those that need it, then sends for all: what is alike stays
    /// together, and a server on another processor is woken once for many.
    fn begin_requests(&mut self, now: Instant) {
        let mut ready = std::mem::take(&mut self.ready);
        for &key in &ready {
            let client = &mut self.clients[key];
            client.since_ms = self.now_ms;
            if !client.is_connected() {
                let step = client.connect(self.addr, self.asked);
                self.go_on(now, key, step, false);
            }
        }
        for key in ready.drain(..) {
            self.send(now, key);
        }
        // Those that failed at once have come in meanwhile.
        ready.append(&mut self.ready);
        self.ready = ready;
    }

    fn send(&mut self, now: Instant, key: usize) {
        let registry = self.poll.registry();
        let step = self.clients[key].send(&self.request, registry, key);
        self.go_on(now, key, step, false);
    }

    fn on_event(&mut self, now: Instant, event: &Event) {
        let key = Client::key_of(event.token());
        if !self.clients[key].is_meant(event.token()) {
            return;
        }
        if self.clients[key].is_sending(&self.request) {
            self.send(now, key);
        }
        let ended = event.is_read_closed();
        if event.is_readable() || ended || event.is_error() {
            let client = &mut self.clients[key];
            let step = client.receive(&mut self.buffer, &mut self.memo, ended);
            self.go_on(now, key, step, ended);
        }
    }

    /// Counts, and says what the client does next. `ended`: the server has
    /// ended the connection.
    fn go_on(&mut self, now: Instant, key: usize, step: Step, ended: bool) {
        let client = &mut self.clients[key];
        match step {
            Step::Wait => {}
            Step::Again => {
                if client
                    .rearm(&self.request, self.poll.registry(), key)
                    .is_err()
                {
                    self.fail(now, key, Failure::Unreachable);
                }
            }
            Step::Whole(whole) => {
                if self.plan.keep_alive && whole.keeps && !ended {
                    client.begin();
                } else if let Some(stream) = client.part() {
                    self.part_with(stream);
                }
                self.count(whole);
                self.ready.push(key);
            }
            Step::Failed(failure) => self.fail(now, key, failure),
        }
    }

    fn count(&mut self, whole: Whole) {
        match whole.status {
            400..500 => self.record.fail(Failure::Status4xx),
            500.. => self.record.fail(Failure::Status5xx),
            _ => {
                self.record.succeeded += 1;
                self.record.bytes += whole.bytes;
            }
        }
    }

    fn fail(&mut self, now: Instant, key: usize, failure: Failure) {
        self.clients[key].part();
        self.record.fail(failure);
        match failure {
            Failure::Refused | Failure::Unreachable => self.resting.push_back((now + REST, key)),
            _ => self.ready.push(key),
        }
    }

    /// Closes a connection in the next turn, or now if many wait.
    fn part_with(&mut self, stream: TcpStream) {
        let [new, old] = &mut self.parted;
        if new.len() + old.len() < self.parted_max {
            new.push(stream);
        }
    }

    /// Closes what was parted with in the turn before.
    fn drop_parted(&mut self) {
        self.parted.swap(0, 1);
        self.parted[0].clear();
    }

    /// Takes in those that have rested.
    fn wake(&mut self, now: Instant) {
        while let Some(&(until, key)) = self.resting.front()
            && until <= now
        {
            self.resting.pop_front();
            self.ready.push(key);
        }
    }

    /// Now and then: ends requests whose time is up. Every client that has a
    /// connection has one under way, since it comes right after their begin.
    fn expire(&mut self, now: Instant) {
        if self.now_ms < self.expire_at_ms {
            return;
        }
        self.expire_at_ms = self.now_ms + EXPIRE_MS;
        let timeout_ms = self.plan.timeout.as_millis();
        let is_late = |client: &Client| {
            client.is_connected() && u128::from(self.now_ms - client.since_ms) >= timeout_ms
        };
        let late = self.clients.iter().filter(|(_, client)| is_late(client));
        let late: Vec<usize> = late.map(|(key, _)| key).collect();
        for key in late {
            self.fail(now, key, Failure::TimedOut);
        }
    }

    /// How long nothing is to be done but for events.
    fn wait(&self, now: Instant, end: Instant) -> Duration {
        if !self.ready.is_empty() {
            return Duration::ZERO;
        }
        let rested = self.resting.front().map_or(end, |(until, _)| *until);
        end.min(rested).saturating_duration_since(now).min(WAIT_MAX)
    }
}
