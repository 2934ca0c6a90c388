//! A connection: its socket, its session, its outbox, and how it moves on.
//!
//! mio tells of edges only, so three bits remember what the socket is good
//! for: events set them, `WouldBlock` clears them. Every pause has a named
//! waker; see [`Step`].

use super::listener::Speech;
use super::outbox::Outbox;
use super::pace::Limited;
use super::stream::Stream;
use crate::base::buffer::{Buffer, Pool};
use crate::base::key::Key;
use crate::base::tick::{Millis, Time};
use crate::frame::Framing;
use crate::service::later::Pledge;
use crate::service::{Replies, State};
use crate::session::{CloseReason, Flow, Means, Protocol, Session, Sink};
use mio::event::{Event, Source};
use std::net::SocketAddr;

/// A [`Sink`] whose answers can be written: one per mode.
pub trait Exchange: Sink {
    /// The answers that are ready to be written.
    fn replies(&mut self) -> &mut Replies;

    /// Whether requests were taken that will be answered later. Nothing more
    /// is received until they are.
    fn in_flight(&self) -> bool;

    /// Tells the service that the connection's timer rings, there and then or
    /// in the pool. `mute`: answers have nowhere to go. [`Flow::End`]: the
    /// connection ends.
    fn timer(&mut self, mute: bool) -> Flow;

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
    /// The answer that a handler has put off, or the end of its time.
    Later,
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

/// The lists on which a client waits for the server alone: none of its own
/// deadlines runs meanwhile.
const SERVER_LISTS: u8 = List::Credit as u8 | List::Mail as u8;

/// How a connection ends once its answers are out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) reason: CloseReason,
    /// The client may still be sending: a plain close would reset the
    /// connection and lose the answer on its way.
    pub(super) linger: bool,
}

/// A connection closes its sending half and discards what comes, for a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lingering {
    pub(super) until: Time,
    pub(super) left: usize,
}

/// What few connections have, and never two at once: one box for them all, so
/// that those at rest are small.
#[derive(Debug)]
pub(super) enum Rare {
    /// It closes.
    Lingering(Lingering),
    /// The answer to its last request comes later.
    Later(Pledge),
    /// The proxy has not said yet where its client is.
    Unnamed,
}

/// One connection of a worker. Owns the socket, the session, what has come and
/// is not parsed, and what is to be written. At rest it holds no buffer.
#[derive(Debug)]
pub struct Connection {
    pub(super) stream: Stream,
    pub(super) address: SocketAddr,
    /// Counts the worker's connections: half of the connection's key.
    pub generation: u32,
    /// Events come: it is known to the poll.
    pub registered: bool,
    /// Its letters wait for room in another worker's inbox.
    pub mailed: bool,
    /// A job of its requests is under way, or an answer comes later.
    pub in_flight: bool,
    /// The worker's lists it is on: a bit for each [`List`].
    pub(super) lists: u8,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) peer_closed: bool,
    pub(super) broken: bool,
    /// The client will send no more.
    pub(super) eof: bool,
    /// What is held is the front of something.
    pub(super) hungry: bool,
    pub(super) session: Session,
    pub(super) held: Option<Buffer>,
    pub(super) outbox: Option<Box<Outbox>>,
    pub(super) ending: Option<Ending>,
    pub(super) rare: Option<Box<Rare>>,
    /// When the outbox last moved on.
    pub(super) moved: Time,
    /// When the service wants to be called for it.
    timer: Time,
    /// What limits there are on it, if any.
    pub(super) limited: Option<Box<Limited>>,
    /// What the service keeps with it; elsewhere while a call is under way.
    pub state: State,
}

impl Connection {
    /// A connection that was just accepted. `readable`: its first bytes may be
    /// there already.
    #[must_use]
    pub fn new(
        stream: Stream,
        address: SocketAddr,
        speech: Speech,
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
            session: Session::new(speech.protocol, speech.framing, now),
            held: None,
            outbox: None,
            ending: None,
            rare: speech.proxied.then(|| Box::new(Rare::Unnamed)),
            moved: now,
            timer: Time::NEVER,
            limited: None,
            state: State::default(),
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

    /// Takes it off a list, for what it waited for is there. Where that was the
    /// server's to give, the client's time starts anew.
    pub fn resume(&mut self, list: List, now: Time) {
        self.delist(list);
        if SERVER_LISTS & list as u8 != 0 {
            self.session.resume(now);
        }
    }

    /// What it asked for is answered: its client's time starts anew.
    pub fn renew(&mut self, now: Time) {
        self.session.resume(now);
    }

    /// Remembers what an event says of the socket.
    pub fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable();
        self.writable |= event.is_writable();
        self.peer_closed |= event.is_read_closed();
        let deaf = event.is_write_closed() && self.stream.is_over_when_deaf();
        self.broken |= event.is_error() || deaf;
    }

    /// Moves on as far as it can: writes what waits, reads, lets the session
    /// parse, writes the answers. `input` is the worker's shared buffer.
    pub fn advance<X: Exchange>(
        &mut self,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        if self.lingering().is_some() {
            return self.linger(input, means.now);
        }
        if self.broken {
            return Step::Close(CloseReason::Reset);
        }
        if let Some(step) = self.write_outbox(means) {
            return step;
        }
        if self.in_flight {
            return self.under_way();
        }
        match sink.wait() {
            Some(step) if self.has_work() => step,
            _ => self.receive(input, means, sink),
        }
    }

    /// What it waits for while requests are under way. Who waits for a later
    /// answer and sends no more is taken for gone: a close looks the same.
    #[must_use]
    pub fn under_way(&self) -> Step {
        match self.later() {
            None => Step::Job,
            Some(_) if self.peer_closed || self.eof => Step::Close(CloseReason::PeerClosed),
            Some(_) => Step::Later,
        }
    }

    /// The answer to its last request comes later: it waits.
    pub fn await_answer(&mut self, pledge: Pledge) {
        pledge.attend();
        self.rare = Some(Box::new(Rare::Later(pledge)));
    }

    /// What it was promised, if that is there or its time is up.
    pub fn take_answer(&mut self, now: Time) -> Option<Pledge> {
        self.later()
            .filter(|pledge| pledge.is_answered() || pledge.due() <= now)?;
        match *self.rare.take()? {
            Rare::Later(pledge) => Some(pledge),
            Rare::Lingering(_) | Rare::Unnamed => None,
        }
    }

    /// Gives up an answer that would have come later; `false`: there is none.
    pub fn give_up_answer(&mut self) -> bool {
        let later = self.later().is_some();
        if later {
            self.rare = None;
        }
        later
    }

    pub(super) fn later(&self) -> Option<&Pledge> {
        match self.rare.as_deref()? {
            Rare::Later(pledge) => Some(pledge),
            Rare::Lingering(_) | Rare::Unnamed => None,
        }
    }

    pub(super) fn lingering(&self) -> Option<&Lingering> {
        match self.rare.as_deref()? {
            Rare::Lingering(lingering) => Some(lingering),
            Rare::Later(_) | Rare::Unnamed => None,
        }
    }

    /// Sets when the service is to be called for it.
    pub fn set_timer(&mut self, due: Time) {
        self.timer = due;
    }

    /// Whether nothing is under way and nothing has been for `quiet`.
    #[must_use]
    pub fn is_quiet(&self, now: Time, quiet: Millis) -> bool {
        self.session.at_rest()
            && self.held.is_none()
            && self.outbox.is_none()
            && !self.in_flight
            && !self.readable
            && self.ending.is_none()
            && now.since(self.session.since()) >= quiet
    }

    /// Whether its client is known to speak the framed protocol.
    #[must_use]
    pub fn speaks_packages(&self) -> bool {
        self.session.protocol() == Protocol::Frame
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
    pub fn source(&mut self) -> &mut dyn Source {
        self.stream.source()
    }

    /// Where the client is; [`NOWHERE`](crate::base::network::NOWHERE) for one
    /// of a unix socket.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The framing that packages for it are in.
    #[must_use]
    pub fn framing(&self) -> &'static dyn Framing {
        self.session.framing()
    }

    /// The connection's key, given its slot.
    #[must_use]
    pub fn key(&self, index: u32) -> Key {
        Key {
            index,
            generation: self.generation,
        }
    }

    /// When the service is to be called for it: not while a call is under way,
    /// nor once it is ending.
    pub(super) fn timer_due(&self) -> Time {
        if self.in_flight || self.ending.is_some() {
            Time::NEVER
        } else {
            self.timer
        }
    }

    /// Whether it is the client's turn: nothing holds it up but itself. The
    /// next request is not waited for while an answer is on its way; signs of
    /// life are.
    pub(super) fn receives(&self) -> bool {
        let taken = match &self.outbox {
            Some(outbox) => self.session.protocol() == Protocol::Frame && outbox.is_low(),
            None => true,
        };
        let waits = self.lists & SERVER_LISTS != 0;
        taken && !waits && !self.in_flight && self.ending.is_none()
    }
}
