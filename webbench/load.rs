//! A worker process: an event loop over its share of the clients.
//!
//! Its turn, in order: begin requests (connect all, then send all), now and
//! then end those whose time is up and send what is counted, wait, read the
//! clock once, events, clients that have rested.

use crate::answer::Memo;
use crate::client::{Client, Desk, Step};
use crate::dial::Dial;
use crate::pace::{Pace, start_ns};
use crate::pipe::Sender;
use crate::plan::{Plan, Share};
use crate::queue::{Queue, Turn};
use crate::record::Failure;
use crate::score::{Counted, Score};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Poll};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::set_current_timer_slack;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Read at once from a socket, all clients into one buffer.
const READ_BYTES: usize = 64 * 1024;

/// Events taken from the system in one turn.
const EVENTS_MAX: usize = 1024;

/// Clients that begin requests in one turn: a crowd takes several, so that
/// answers are seen in between.
const BEGIN_MAX: usize = 256;

/// Longest wait, so that a signal which comes just before it is soon seen.
const WAIT_MAX_NS: u64 = 100_000_000;

/// Between two looks for requests whose time is up.
const EXPIRE_NS: u64 = 100_000_000;

/// Connections that are done with and stay open until the next turn.
const PARTED_MAX: usize = 1024;

/// A client whose connection could not be made rests this long: nothing is
/// learnt from a million refusals.
const REST_NS: u64 = 10_000_000;

/// The clients of one process and what they counted. Times are nanoseconds
/// since its start.
struct Load<'a> {
    plan: &'a Plan,
    share: Share,
    dial: Dial,
    start: Instant,
    end_ns: u64,
    poll: Poll,
    clients: Vec<Client<'a>>,
    queue: Queue,
    /// Connections done with in this turn, and in the one before.
    parted: [Vec<TcpStream>; 2],
    desk: Desk,
    /// When it is next looked for requests whose time is up.
    expire_at_ns: u64,
}

/// Runs a share of the clients until the run's end or until `stop` is set.
/// What it has counted goes to `sender` every so often, `news`, and at the end.
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
    if plan.rate.is_some() {
        // What is due is sent then, not 50 µs later; less exact does no harm.
        let _ = set_current_timer_slack(NonZeroU64::new(1));
    }
    let mut load = Load::new(plan, addr, share)?;
    let mut events = Events::with_capacity(EVENTS_MAX);
    let news_ns = nanoseconds(news);
    let mut news_at_ns = news_ns;
    while !load.is_over() && !stop.load(Ordering::Relaxed) {
        load.begin_requests();
        load.expire();
        if load.desk.now_ns >= news_at_ns {
            // At the same moments as the others, that their sum is of one.
            news_at_ns = (load.desk.now_ns / news_ns + 1) * news_ns;
            sender.offer(load.desk.score.record(load.desk.now_ns))?;
        }
        load.wait(&mut events)?;
        load.desk.now_ns = nanoseconds(load.start.elapsed());
        load.drop_parted();
        for event in &events {
            load.on_event(event);
        }
        load.queue.wake(load.desk.now_ns);
    }
    sender.finish(load.desk.score.record(load.desk.now_ns))
}

impl<'a> Load<'a> {
    fn new(plan: &'a Plan, addr: SocketAddr, share: Share) -> io::Result<Load<'a>> {
        let warm_up_ns = nanoseconds(plan.warm_up);
        let ramp_ns = nanoseconds(plan.ramp);
        let counted = match plan.requests {
            Some(_) => Counted::Begun,
            None => Counted::Ended,
        };
        let count = plan.script.count();
        let client = |key| Client::new(plan.expected, share.number_of(key) % count);
        let start = |key| start_ns(share.number_of(key), plan.clients, ramp_ns);
        let starts_ns = (0..share.clients).map(start);
        let pace = |rate| Pace::new(rate, share.number, share.workers);
        let pace = plan.rate.map(pace);
        Ok(Load {
            plan,
            share,
            dial: Dial {
                addr,
                sources: share.sources,
                is_large: plan.is_large(),
            },
            start: Instant::now(),
            end_ns: plan
                .time
                .map_or(u64::MAX, |time| warm_up_ns + nanoseconds(time)),
            poll: Poll::new()?,
            clients: (0..share.clients).map(client).collect(),
            queue: Queue::new(starts_ns, share.requests, warm_up_ns, pace),
            parted: [Vec::new(), Vec::new()],
            desk: Desk {
                buffer: vec![0; READ_BYTES].into(),
                memo: Memo::default(),
                score: Score::new(counted, warm_up_ns),
                under_way: 0,
                now_ns: 0,
            },
            expire_at_ns: 0,
        })
    }

    /// The time is up, or all requests have ended that were asked for.
    fn is_over(&self) -> bool {
        let done = self.queue.is_done() && self.desk.under_way == 0;
        done || self.desk.now_ns >= self.end_ns
    }

    /// Connects those that need it, then sends for all: what is alike stays
    /// together, and a server on another processor is woken once for many.
    fn begin_requests(&mut self) {
        let mut begun = [0; BEGIN_MAX];
        let mut count = 0;
        while count < BEGIN_MAX
            && let Some(key) = self.begin_next()
        {
            begun[count] = key;
            count += 1;
            if !self.clients[key].is_connected() {
                self.connect(key);
            }
        }
        for &key in &begun[..count] {
            self.send(key);
        }
    }

    /// Gives the next client what it is to begin, if there is something.
    fn begin_next(&mut self) -> Option<usize> {
        let now_ns = self.desk.now_ns;
        let Turn { key, count, due_ns } = self.queue.next(now_ns, self.plan.pipeline)?;
        self.desk.under_way += u64::from(count);
        self.clients[key].begin(&self.plan.script, count, due_ns, now_ns);
        Some(key)
    }

    fn connect(&mut self, key: usize) {
        let number = self.share.number_of(key);
        let client = &mut self.clients[key];
        let step = client.connect(&self.dial, number, self.plan.expected, self.start);
        self.go_on(key, step, false);
    }

    fn send(&mut self, key: usize) {
        let client = &mut self.clients[key];
        let mut step = client.send(&mut self.desk);
        if self.plan.force && step == Step::Wait && client.open() > 0 && !client.is_sending() {
            return self.let_go(key);
        }
        if step == Step::Wait {
            step = client.listen(self.poll.registry(), key);
        }
        self.go_on(key, step, false);
    }

    /// Counts a request that is sent, without waiting for the answer.
    fn let_go(&mut self, key: usize) {
        let client = &mut self.clients[key];
        let open = client.open();
        self.desk
            .score
            .sent(open, client.due_ns(), self.desk.now_ns);
        self.desk.under_way -= open;
        client.part();
        self.queue.push(key);
    }

    fn on_event(&mut self, event: &Event) {
        let key = Client::key_of(event.token());
        if !self.clients[key].is_meant(event.token()) {
            return;
        }
        if self.clients[key].is_sending() {
            self.send(key);
        }
        let ended = event.is_read_closed();
        if event.is_readable() || ended || event.is_error() {
            let step = self.clients[key].receive(&mut self.desk, ended);
            self.go_on(key, step, ended);
        }
    }

    /// Says what the client does next. `ended`: the server has ended the
    /// connection.
    fn go_on(&mut self, key: usize, step: Step, ended: bool) {
        let client = &mut self.clients[key];
        match step {
            Step::Wait => {}
            Step::Again => {
                if client.rearm(self.poll.registry(), key).is_err() {
                    self.fail(key, Failure::Unreachable);
                }
            }
            // It answered some and goes.
            Step::Done { .. } if client.open() > 0 => self.repeat(key),
            Step::Done { keeps } => {
                let keeps = keeps && self.plan.keep_alive && !ended && !client.is_sending();
                if !keeps && let Some(stream) = client.part() {
                    self.part_with(stream);
                }
                match self.plan.heartbeat {
                    Some(rest) => self.rest(key, nanoseconds(rest)),
                    None => self.queue.push(key),
                }
            }
            Step::Left => self.repeat(key),
            Step::Failed(failure) => self.fail(key, failure),
        }
    }

    /// A server may end a connection between two answers, and a client may send
    /// what was left on another one (RFC 9112 9.3.1); but once, and what a
    /// connection fails at that never served was no such end.
    fn repeat(&mut self, key: usize) {
        let client = &mut self.clients[key];
        if !self.plan.repeats || !client.may_repeat() {
            return self.fail(key, Failure::ClosedEarly);
        }
        let (open, due_ns) = (client.open(), client.due_ns());
        let now_ns = self.desk.now_ns;
        self.desk.score.repeated(open, due_ns, now_ns);
        if let Some(stream) = client.repeat(&self.plan.script) {
            self.part_with(stream);
        }
        self.connect(key);
        self.send(key);
    }

    /// Counts what was under way as failed. A client with nothing under way
    /// waits or rests already; only one that is to stay alive has failed then.
    fn fail(&mut self, key: usize, failure: Failure) {
        let client = &mut self.clients[key];
        let (open, due_ns, now_ns) = (client.open(), client.due_ns(), self.desk.now_ns);
        client.part();
        self.desk.under_way -= open;
        if open > 0 {
            self.desk.score.failed(failure, open, due_ns, now_ns);
            match failure {
                Failure::Refused | Failure::Unreachable => self.rest(key, REST_NS),
                _ => self.queue.push(key),
            }
        } else if self.plan.heartbeat.is_some() {
            self.desk.score.failed(failure, 1, due_ns, now_ns);
        }
    }

    fn rest(&mut self, key: usize, rest_ns: u64) {
        self.queue.push_at(self.desk.now_ns + rest_ns, key);
    }

    /// Closes a connection in the next turn, or now if many wait.
    fn part_with(&mut self, stream: TcpStream) {
        let [new, old] = &mut self.parted;
        if new.len() + old.len() < self.share.spare_files.min(PARTED_MAX) {
            new.push(stream);
        }
    }

    /// Closes what was parted with in the turn before.
    fn drop_parted(&mut self) {
        self.parted.swap(0, 1);
        self.parted[0].clear();
    }

    /// Now and then: ends requests whose time is up.
    fn expire(&mut self) {
        let now_ns = self.desk.now_ns;
        if now_ns < self.expire_at_ns {
            return;
        }
        self.expire_at_ns = now_ns + EXPIRE_NS;
        let timeout_ns = nanoseconds(self.plan.timeout);
        for key in 0..self.clients.len() {
            if self.clients[key].is_late(now_ns, timeout_ns) {
                self.fail(key, Failure::TimedOut);
            }
        }
    }

    /// Waits for events, but no longer than until something else is to be done.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let mut wait = Duration::from_nanos(self.wait_ns());
        if self.plan.rate.is_some() && !wait.is_zero() {
            // To the nanosecond: an event loop's own wait is one of milliseconds.
            let registry = [PollFd::new(self.poll.registry(), PollFlags::IN)];
            let until = Timespec::try_from(wait).ok();
            let _ = poll(&mut { registry }, until.as_ref()); // or a signal ends it
            wait = Duration::ZERO;
        }
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => events.clear(),
            Ok(()) => {}
        }
        Ok(())
    }

    /// How long nothing is to be done but for events.
    fn wait_ns(&self) -> u64 {
        let until_ns = self.queue.next_ns().unwrap_or(u64::MAX).min(self.end_ns);
        until_ns.saturating_sub(self.desk.now_ns).min(WAIT_MAX_NS)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
