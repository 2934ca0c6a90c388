//! A connection: its socket, its session, its outbox, and how it moves on.
//!
//! mio tells of edges only, so three bits remember what the socket is good
//! for: events set them, `WouldBlock` clears them. Every pause has a named
//! waker; see [`Step`].

use super::outbox::{Outbox, OutboxError, Written};
use crate::base::buffer::{Buffer, Pool};
use crate::base::key::Key;
use crate::base::limits::{LINGER_BYTES_MAX, LINGER_MS, WRITE_BUDGET_BYTES};
use crate::base::tick::{Millis, Time};
use crate::service::Replies;
use crate::session::{CloseReason, Means, Protocol, Rules, Session, Sink, Stop};
use mio::event::Event;
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

/// A [`Sink`] whose answers can be written: one per mode.
pub trait Exchange: Sink {
    /// The answers that are ready to be written.
    fn replies(&mut self) -> &mut Replies;

    /// Whether requests were taken that will be answered later. Nothing more
    /// is received until they are.
    fn in_flight(&self) -> bool;

    /// What requests have to wait for before they can be taken; `None`: they
    /// can.
    fn wait(&self) -> Option<Step>;
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An event of its socket, or its deadline.
    Event,
    /// Its turn: it has more to do, and others wait.
    Turn,
    /// The completion of its job.
    Job,
    /// Buffer memory: the next release, or the tick.
    Memory,
    /// A credit for a job: the worker's next completion.
    Credit,
    /// Room in another worker's inbox for its letters.
    Mail,
    /// Nothing: it is over.
    Close(CloseReason),
}

/// The lists of a worker that a connection can be on, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum List {
    /// It has more to do.
    Run = 1,
    /// It waits for buffer memory.
    Memory = 2,
    /// It waits for a credit.
    Credit = 4,
    /// It waits for room in another worker's inbox.
    Mail = 8,
}

/// How a connection ends once its answers are out.
#[derive(Clone, Copy, Debug)]
struct Ending {
    reason: CloseReason,
    /// The client may still be sending: a plain close would reset the
    /// connection and lose the answer on its way.
    linger: bool,
}

/// A connection closes its sending half and discards what comes, for a while.
#[derive(Clone, Copy, Debug)]
struct Lingering {
    until: Time,
    left: usize,
}

/// One connection of a worker. Owns the socket, the session, what has come and
/// is not parsed, and what is to be written. At rest it holds no buffer.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    /// Counts the worker's connections: half of the connection's key.
    pub generation: u32,
    /// Events come: it is known to the poll.
    pub registered: bool,
    /// Its letters wait for room in another worker's inbox.
    pub mailed: bool,
    /// A job of its requests is under way.
    pub in_flight: bool,
    /// The worker's lists it is on: a bit for each [`List`].
    lists: u8,
    readable: bool,
    writable: bool,
    peer_closed: bool,
    broken: bool,
    /// The client will send no more.
    eof: bool,
    /// What is held is the front of something.
    hungry: bool,
    session: Session,
    held: Option<Buffer>,
    outbox: Option<Box<Outbox>>,
    ending: Option<Ending>,
    lingering: Option<Box<Lingering>>,
    /// When the outbox last moved on.
    moved: Time,
}

impl Connection {
    /// A connection that was just accepted. `readable`: its first bytes may be
    /// there already.
    #[must_use]
    pub fn new(
        stream: TcpStream,
        address: SocketAddr,
        protocol: Protocol,
        generation: u32,
        readable: bool,
        now: Time,
    ) -> Connection {
        Connection {
            stream,
            address,
            generation,
            registered: false,
            mailed: false,
            lists: 0,
            in_flight: false,
            readable,
            writable: true,
            peer_closed: false,
            broken: false,
            eof: false,
            hungry: true,
            session: Session::new(protocol, now),
            held: None,
            outbox: None,
            ending: None,
            lingering: None,
            moved: now,
        }
    }

    /// Notes that it is put on a list; `false` if it is on it already.
    pub fn enlist(&mut self, list: List) -> bool {
        let new = self.lists & list as u8 == 0;
        self.lists |= list as u8;
        new
    }

    /// Notes that it was taken off a list.
    pub fn delist(&mut self, list: List) {
        self.lists &= !(list as u8);
    }

    /// Remembers what an event says of the socket.
    pub fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable();
        self.writable |= event.is_writable();
        self.peer_closed |= event.is_read_closed();
        self.broken |= event.is_error() || event.is_write_closed();
    }

    /// Moves on as far as it can: writes what waits, reads, lets the session
    /// parse, writes the answers. `input` is the worker's shared buffer.
    pub fn advance<X: Exchange>(
        &mut self,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        if self.lingering.is_some() {
            return self.linger(input, means.now);
        }
        if self.broken {
            return Step::Close(CloseReason::Reset);
        }
        if let Some(step) = self.write_outbox(means) {
            return step;
        }
        if self.in_flight {
            return Step::Job;
        }
        match sink.wait() {
            Some(step) if self.has_work() => step,
            _ => self.receive(input, means, sink),
        }
    }

    /// Reads once and parses until there is a reason to stop.
    fn receive<X: Exchange>(
        &mut self,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        if !self.hungry
            && let Some(held) = self.held.take()
        {
            return self.parse_held(held, means, sink);
        }
        if self.eof {
            return self.end_of_input();
        }
        if !self.readable {
            return Step::Event;
        }
        match self.held.take() {
            Some(held) => self.read_more(held, means, sink),
            None => self.read_shared(input, means, sink),
        }
    }

    /// Reads into the worker's buffer and parses there; only what is left of
    /// it is copied.
    fn read_shared<X: Exchange>(
        &mut self,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        let peek = self.session.protocol() == Protocol::Frame && means.pool.is_short();
        let result = if peek {
            self.stream.peek(input)
        } else {
            self.stream.read(input)
        };
        let count = match self.read_result(result, input.len()) {
            Ok(0) => return self.end_of_input(),
            Ok(count) => count,
            Err(step) => return step,
        };
        let parsed = self.parse(&input[..count], means, sink);
        if peek {
            return self.after_peek(parsed, input, count, means);
        }
        if self.ending.is_none() && parsed.consumed < count {
            let rest = &input[parsed.consumed..count];
            let Some(mut held) = self.take_held(rest.len(), means) else {
                return self.refuse_for_memory(means, sink);
            };
            let fits = held.append(rest);
            debug_assert!(fits);
            self.held = Some(held);
        }
        parsed.step
    }

    /// Reads behind what is held and parses both.
    fn read_more<X: Exchange>(
        &mut self,
        mut held: Buffer,
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        if !means.pool.make_room(&mut held, 1) {
            means.pool.give(held);
            return self.refuse_for_memory(means, sink);
        }
        let room = held.spare();
        let len = room.len();
        let result = self.stream.read(room);
        match self.read_result(result, len) {
            Ok(0) => {
                self.held = Some(held);
                self.end_of_input()
            }
            Ok(count) => {
                held.fill(count);
                self.parse_held(held, means, sink)
            }
            Err(step) => {
                self.held = Some(held);
                step
            }
        }
    }

    fn parse_held<X: Exchange>(
        &mut self,
        mut held: Buffer,
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        let parsed = self.parse(held.bytes(), means, sink);
        held.consume(parsed.consumed);
        if held.is_empty() || self.ending.is_some() {
            means.pool.give(held);
        } else {
            self.held = Some(held);
        }
        parsed.step
    }

    /// Lets the session parse `input` and writes the answers, in turn, until
    /// the input is used up or there is a reason to stop.
    fn parse<X: Exchange>(&mut self, input: &[u8], means: &mut Means<'_>, sink: &mut X) -> Parsed {
        let mut consumed = 0;
        let mut written = 0;
        loop {
            let progress = self.session.receive(&input[consumed..], means, sink);
            let stop = match progress {
                Ok(progress) => {
                    consumed += progress.consumed;
                    progress.stop
                }
                Err(reason) => {
                    self.ending = Some(Ending {
                        reason,
                        linger: true,
                    });
                    Stop::Ended
                }
            };
            self.hungry = stop == Stop::Hungry;
            if stop == Stop::Ended && self.ending.is_none() {
                let linger = consumed < input.len() || self.readable;
                self.ending = Some(Ending {
                    reason: CloseReason::Done,
                    linger,
                });
            }
            written += sink.replies().total_bytes();
            let step = self.write_replies(means, sink);
            match (stop, step) {
                (Stop::Paused, None) if consumed < input.len() => {
                    if written >= WRITE_BUDGET_BYTES as u64 {
                        return Parsed {
                            consumed,
                            step: Step::Turn,
                        };
                    }
                }
                (Stop::Starved, None) => {
                    return Parsed {
                        consumed,
                        step: Step::Memory,
                    };
                }
                (_, Some(step)) => return Parsed { consumed, step },
                (_, None) => {
                    return Parsed {
                        consumed,
                        step: self.next_step(),
                    };
                }
            }
        }
    }

    /// After a batch was parsed and answered whole: is there more to do?
    fn next_step(&self) -> Step {
        if self.readable || self.eof || self.peer_closed {
            Step::Turn
        } else {
            Step::Event
        }
    }

    /// Writes what the sink has gathered. `None`: it is all with the system,
    /// and the connection goes on.
    fn write_replies<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Option<Step> {
        self.in_flight = sink.in_flight();
        let step = self.write_answers(sink.replies(), means);
        if self.in_flight && !matches!(step, Some(Step::Close(_))) {
            Some(Step::Job)
        } else {
            step
        }
    }

    fn write_answers(&mut self, replies: &mut Replies, means: &mut Means<'_>) -> Option<Step> {
        let result = self.write_now(replies, means);
        replies.clear();
        match result {
            Err(error) => Some(Step::Close(reason_of(error))),
            Ok(()) if self.in_flight => None,
            Ok(()) => self.after_write(means),
        }
    }

    /// One `send` where that is enough; what is left goes to the outbox.
    fn write_now(&mut self, replies: &Replies, means: &mut Means<'_>) -> Result<(), OutboxError> {
        if replies.is_empty() {
            return Ok(());
        }
        let mut skip = 0;
        if self.outbox.is_none() && replies.pieces().is_empty() && self.writable {
            match self.stream.write(replies.bytes()) {
                Ok(count) if count == replies.bytes().len() => return Ok(()),
                Ok(count) => skip = count,
                Err(error) if is_retry(error.kind()) => {}
                Err(_) => return Err(OutboxError::Reset),
            }
            self.writable = false;
        }
        if self.outbox.is_none() {
            self.moved = means.now;
        }
        let outbox = self.outbox.get_or_insert_default();
        outbox.queue(replies, skip, means.pool)?;
        if !self.writable {
            Ok(())
        } else {
            self.flush(means).map(drop)
        }
    }

    /// Writes the outbox; drops it when it is empty.
    fn flush(&mut self, means: &mut Means<'_>) -> Result<Written, OutboxError> {
        let Some(outbox) = &mut self.outbox else {
            return Ok(Written::All);
        };
        let before = outbox.sent();
        let written = outbox.write(&mut self.stream, means.pool)?;
        if outbox.sent() != before {
            self.moved = means.now;
        }
        match written {
            Written::All => self.outbox = None,
            Written::Blocked => self.writable = false,
            Written::Budget => {}
        }
        Ok(written)
    }

    /// Before anything is read: what waits is written. `None`: go on.
    fn write_outbox(&mut self, means: &mut Means<'_>) -> Option<Step> {
        if self.outbox.is_some() && self.writable {
            let received = self.receives();
            match self.flush(means) {
                Err(error) => return Some(Step::Close(reason_of(error))),
                Ok(Written::Budget) => return Some(Step::Turn),
                Ok(_) if !received && self.receives() => self.session.resume(means.now),
                Ok(_) => {}
            }
        }
        self.after_write(means)
    }

    /// After a write: is there a reason not to read?
    fn after_write(&mut self, means: &mut Means<'_>) -> Option<Step> {
        if let Some(outbox) = &self.outbox {
            if outbox.packages() > means.rules.queued_packages && !self.writable {
                return Some(Step::Close(CloseReason::QueueFull));
            }
            let wait = if self.writable {
                Step::Turn
            } else {
                Step::Event
            };
            if self.ending.is_some() || !outbox.is_low() {
                return Some(wait);
            }
        }
        match self.ending {
            // The answers of the job come first.
            Some(ending) if !self.in_flight => Some(self.finish(ending, means.now)),
            _ => None,
        }
    }

    /// The last answer is out.
    fn finish(&mut self, ending: Ending, now: Time) -> Step {
        if !ending.linger || self.eof {
            return Step::Close(ending.reason);
        }
        if self.stream.shutdown(Shutdown::Write).is_err() {
            return Step::Close(ending.reason);
        }
        self.ending = Some(ending);
        let until = now + Millis(LINGER_MS);
        self.lingering = Some(Box::new(Lingering {
            until,
            left: LINGER_BYTES_MAX,
        }));
        // What is there already is discarded in the connection's next turn.
        if self.readable || self.peer_closed {
            Step::Turn
        } else {
            Step::Event
        }
    }

    /// Discards until the client closes, or enough has come.
    fn linger(&mut self, input: &mut [u8], now: Time) -> Step {
        let reason = self
            .ending
            .map_or(CloseReason::Done, |ending| ending.reason);
        loop {
            let Some(lingering) = &mut self.lingering else {
                return Step::Close(reason);
            };
            if lingering.left == 0 || now >= lingering.until {
                return Step::Close(reason);
            }
            match self.stream.read(input) {
                Ok(0) => return Step::Close(reason),
                Ok(count) => lingering.left = lingering.left.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Event,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Step::Close(reason),
            }
        }
    }

    /// Takes the bits from the result of a read. `Ok(0)` is the end of input.
    fn read_result(&mut self, result: std::io::Result<usize>, room: usize) -> Result<usize, Step> {
        match result {
            Ok(0) => {
                self.eof = true;
                self.readable = false;
                Ok(0)
            }
            Ok(count) => {
                // Measured: a short read is a drained socket. Not so once the
                // client has closed: the end comes without a further event.
                if count < room && !self.peer_closed {
                    self.readable = false;
                }
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Err(Step::Event)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(Step::Turn),
            Err(_) => Err(Step::Close(CloseReason::Reset)),
        }
    }

    /// The client has closed its half and everything before is parsed: what is
    /// under way is still answered.
    fn end_of_input(&mut self) -> Step {
        let whole = self.session.at_rest() && self.held.is_none();
        let reason = if whole {
            CloseReason::PeerClosed
        } else {
            CloseReason::Truncated
        };
        if self.outbox.is_none() {
            return Step::Close(reason);
        }
        self.ending = Some(Ending {
            reason,
            linger: false,
        });
        if self.writable {
            Step::Turn
        } else {
            Step::Event
        }
    }

    /// With memory short, packages are parsed where the system holds them:
    /// what was consumed is taken from the socket, the rest stays there.
    fn after_peek(
        &mut self,
        parsed: Parsed,
        input: &mut [u8],
        count: usize,
        means: &mut Means<'_>,
    ) -> Step {
        let mut left = parsed.consumed;
        while left > 0 {
            match self.stream.read(&mut input[..left]) {
                Ok(count) if count > 0 => left -= count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Step::Close(CloseReason::Reset),
            }
        }
        if parsed.consumed == count {
            return parsed.step;
        }
        self.readable = true;
        let waits = matches!(parsed.step, Step::Event | Step::Turn) && means.pool.is_short();
        if waits { Step::Memory } else { parsed.step }
    }

    /// A buffer for what was read and not parsed. A package that was begun has
    /// the pool's reserve to fall back on.
    fn take_held(&self, bytes: usize, means: &mut Means<'_>) -> Option<Buffer> {
        match self.session.protocol() {
            Protocol::Frame => means.pool.take_or_reserve(bytes),
            Protocol::Http | Protocol::Undecided => means.pool.take(bytes),
        }
    }

    /// What came cannot be held: HTTP is told so, a frame client is let go.
    fn refuse_for_memory<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Step {
        let reason = match self.session.protocol() {
            Protocol::Http => self.session.refuse_for_memory(sink),
            Protocol::Frame | Protocol::Undecided => CloseReason::NoMemory,
        };
        self.ending = Some(Ending {
            reason,
            linger: true,
        });
        self.write_replies(means, sink)
            .unwrap_or(Step::Close(reason))
    }

    /// Writes the answers of a job that has come back. `None`: the connection
    /// can move on. `strikes`: bad packages that handlers found; `end`: why the
    /// connection should end, if it should.
    pub fn complete(
        &mut self,
        strikes: u8,
        end: Option<CloseReason>,
        replies: &mut Replies,
        means: &mut Means<'_>,
    ) -> Option<Step> {
        self.in_flight = false;
        self.session.resume(means.now);
        let end = end.or(self.session.strike(strikes).err());
        if let (Some(reason), None) = (end, self.ending) {
            self.session.end();
            let linger = self.held.is_some() || self.readable || reason != CloseReason::Done;
            self.ending = Some(Ending { reason, linger });
        }
        self.write_answers(replies, means)
    }

    /// Writes the first answers of a job that goes on when they are taken.
    /// `None`: they are.
    pub fn answer_in_part(&mut self, replies: &mut Replies, means: &mut Means<'_>) -> Option<Step> {
        self.write_answers(replies, means)
    }

    /// Queues a package from elsewhere, to be written in the connection's next
    /// turn. `false`: this connection does not take packages.
    ///
    /// # Errors
    /// Why the connection has to end.
    pub fn post(
        &mut self,
        package: &Arc<[u8]>,
        means: &mut Means<'_>,
    ) -> Result<bool, CloseReason> {
        if self.session.protocol() != Protocol::Frame || self.ending.is_some() {
            return Ok(false);
        }
        if self.outbox.is_none() {
            self.moved = means.now;
        }
        let outbox = self.outbox.get_or_insert_default();
        outbox.queue_package(package).map_err(reason_of)?;
        if outbox.packages() > means.rules.queued_packages {
            // What counts is what the socket does not take.
            if self.writable {
                self.flush(means).map_err(reason_of)?;
            }
            let waiting = self.outbox.as_ref().map_or(0, |outbox| outbox.packages());
            if waiting > means.rules.queued_packages && !self.writable {
                return Err(CloseReason::QueueFull);
            }
        }
        Ok(true)
    }

    /// The earliest of its deadlines.
    #[must_use]
    pub fn due(&self, rules: &Rules) -> Time {
        if let Some(lingering) = &self.lingering {
            return lingering.until;
        }
        let sending = match (&self.outbox, rules.progress) {
            (Some(_), Some(progress)) => self.moved + progress,
            _ => Time::NEVER,
        };
        let receiving = if self.receives() {
            self.session.deadline(rules)
        } else {
            Time::NEVER
        };
        sending.min(receiving)
    }

    /// A deadline has passed, if `due` says so.
    pub fn expire<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Step {
        let now = means.now;
        if self.due(means.rules) > now {
            return Step::Event;
        }
        if self.lingering.is_some() {
            return Step::Close(
                self.ending
                    .map_or(CloseReason::Done, |ending| ending.reason),
            );
        }
        let stuck = means
            .rules
            .progress
            .is_some_and(|progress| self.moved + progress <= now);
        if self.outbox.is_some() && stuck {
            return Step::Close(CloseReason::SlowReader);
        }
        let reason = self.session.expire(sink);
        let linger = !sink.replies().is_empty();
        self.ending = Some(Ending { reason, linger });
        self.write_replies(means, sink)
            .unwrap_or(Step::Close(reason))
    }

    /// Whether nothing is under way and nothing has been for `quiet`.
    #[must_use]
    pub fn is_quiet(&self, now: Time, quiet: Millis) -> bool {
        self.session.at_rest()
            && self.held.is_none()
            && self.outbox.is_none()
            && !self.in_flight
            && !self.readable
            && now.since(self.session.since()) >= quiet
    }

    /// Gives every buffer back. The socket closes when this is dropped.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(held) = self.held.take() {
            pool.give(held);
        }
        if let Some(mut outbox) = self.outbox.take() {
            outbox.release(pool);
        }
        self.session.release(pool);
    }

    /// Whether a turn would find something to do without a further event.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.readable || self.eof || self.peer_closed || (self.held.is_some() && !self.hungry)
    }

    /// The socket, to be registered with a poll.
    pub fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Where the client is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection's key, given its slot.
    #[must_use]
    pub fn key(&self, index: u32) -> Key {
        Key {
            index,
            generation: self.generation,
        }
    }

    /// Whether it is the client's turn: nothing holds it up but itself. The
    /// next request is not waited for while an answer is on its way; signs of
    /// life are.
    fn receives(&self) -> bool {
        let taken = match &self.outbox {
            Some(outbox) => self.session.protocol() == Protocol::Frame && outbox.is_low(),
            None => true,
        };
        taken && !self.in_flight && self.ending.is_none()
    }
}

/// How far a batch came, and what the connection waits for then.
struct Parsed {
    consumed: usize,
    step: Step,
}

fn is_retry(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn reason_of(error: OutboxError) -> CloseReason {
    match error {
        OutboxError::Reset => CloseReason::Reset,
        OutboxError::FileTruncated => CloseReason::FileTruncated,
        OutboxError::NoMemory => CloseReason::NoMemory,
        OutboxError::Full => CloseReason::QueueFull,
    }
}
