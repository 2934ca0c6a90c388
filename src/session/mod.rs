//! F2: the protocol brain: one machine for HTTP and for packages. Pure.
//!
//! A [`Session`] owns the state of one connection's protocol and nothing
//! else: bytes, time and memory are handed in, events go to a [`Sink`].

#[doc(hidden)]
pub mod proxied;
#[doc(hidden)]
pub mod reason;
#[doc(hidden)]
pub mod sink;
pub mod sniff;
pub mod state;

mod body;
mod frame;
mod http;
mod message;

#[doc(inline)]
pub use reason::CloseReason;
#[doc(inline)]
pub use sink::{BodyPlan, Flow, HttpRequest, Own, Request, Sink};

use crate::base::buffer::Pool;
use crate::base::limits::{
    BAD_PACKAGES_MAX, BODY_BYTES_DEFAULT, HEAD_BYTES_DEFAULT, PACKAGE_BYTES_DEFAULT,
    QUEUED_PACKAGES_DEFAULT,
};
use crate::base::tick::{Millis, Time};
use crate::frame::Framing;
use crate::http::HeadMemo;
use message::Message;
use sniff::Sniffed;
use state::{Event, State};

/// What holds for every session of a server: bounds in bytes, times in
/// milliseconds (`None`: no deadline).
#[derive(Clone, Debug)]
pub struct Rules {
    /// Largest HTTP head.
    pub head_bytes: usize,
    /// Largest HTTP body.
    pub body_bytes: usize,
    /// Largest package, head included.
    pub package_bytes: usize,
    /// Between requests.
    pub http_idle: Option<Millis>,
    /// From a head's first byte to its last.
    pub http_head: Option<Millis>,
    /// A body or an answer must move on within this.
    pub progress: Option<Millis>,
    /// A frame client is dropped after this long without a package.
    pub frame_silence: Option<Millis>,
    /// Packages that may wait for a client that does not read.
    pub queued_packages: usize,
    /// More packages than this from one client close its connection.
    pub flood: Option<Flood>,
    /// Bytes a second that one connection's answers may take.
    pub bandwidth: Option<u64>,
}

/// So many packages within one window are a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// The most that is fine.
    pub packages: u32,
    /// A window begins with the first package after the last one.
    pub window: Millis,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            head_bytes: HEAD_BYTES_DEFAULT,
            body_bytes: BODY_BYTES_DEFAULT,
            package_bytes: PACKAGE_BYTES_DEFAULT,
            http_idle: Some(Millis::seconds(8)),
            http_head: Some(Millis::seconds(8)),
            progress: Some(Millis::seconds(30)),
            frame_silence: Some(Millis::seconds(70)),
            queued_packages: QUEUED_PACKAGES_DEFAULT,
            flood: None,
            bandwidth: None,
        }
    }
}

/// What a session is lent for one call.
#[derive(Debug)]
pub struct Means<'a> {
    /// The time of this turn of the loop.
    pub now: Time,
    /// What holds for every session.
    pub rules: &'a Rules,
    /// Memory for messages that come in parts.
    pub pool: &'a mut Pool,
    /// The last head that was parsed, of any connection.
    pub memo: &'a mut HeadMemo,
    /// What has gone to and fro, of all connections.
    pub traffic: &'a mut Traffic,
}

/// Bytes that were received and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received.
    pub read_bytes: u64,
    /// Sent.
    pub written_bytes: u64,
}

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Not known yet: the first bytes tell.
    Undecided,
    /// HTTP/1.1 and 1.0.
    Http,
    /// Packages.
    Frame,
}

/// How far a call to [`Session::receive`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// Why it stopped.
    pub stop: Stop,
}

/// Why a session stopped taking input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// What is left of the input is the front of something: more is needed.
    Hungry,
    /// The sink asked for a pause; call again with what is left.
    Paused,
    /// There is no memory for a package that came in part; call again with
    /// what is left when there is.
    Starved,
    /// The last message of the connection is through; what is left is noise.
    Ended,
}

/// The state of one connection's protocol. Owns the message under collection,
/// if there is one, with its buffer.
#[derive(Debug)]
pub struct Session {
    protocol: Protocol,
    /// How packages stand in the stream, if it is one of packages.
    framing: &'static dyn Framing,
    state: State,
    /// Bad packages so far.
    strikes: u8,
    /// The message in hand is the last one.
    last: bool,
    /// The client has said so itself.
    asked_last: bool,
    /// Bytes of the head in hand that have been searched for its end.
    scanned: u32,
    /// When the current wait began: for a head, a body, the next message.
    since: Time,
    /// The window in which packages are counted: when it began, in
    /// milliseconds modulo 2^32, and how many came.
    window_ms: u32,
    window_packages: u32,
    message: Option<Box<Message>>,
}

impl Session {
    /// A session that waits for its first message. Packages, should they come,
    /// are in `framing`.
    #[must_use]
    pub fn new(protocol: Protocol, framing: &'static dyn Framing, now: Time) -> Session {
        let state = State::HeadInit;
        Session {
            protocol,
            framing,
            state,
            strikes: 0,
            last: false,
            asked_last: false,
            scanned: 0,
            since: now,
            window_ms: now.0 as u32,
            window_packages: 0,
            message: None,
        }
    }

    /// Takes what it can of `input`, which starts where the last call stopped
    /// consuming, and tells `sink` what it found.
    ///
    /// # Errors
    /// The reason why the connection has to end; what the protocol has to say
    /// about it has been told to the sink.
    pub fn receive(
        &mut self,
        input: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Progress, CloseReason> {
        let mut consumed = 0;
        means.memo.begin_input();
        loop {
            let rest = &input[consumed..];
            let step = match (self.state, self.protocol) {
                (State::Ended, _) => Step::stop(Stop::Ended),
                (State::BodyReceiving, _) => self.receive_body(rest, means, sink)?,
                (_, Protocol::Http) => self.receive_http_head(rest, means, sink)?,
                (_, Protocol::Frame) => self.receive_package_head(rest, means, sink)?,
                (_, Protocol::Undecided) => self.tell_apart(rest, means.now),
            };
            consumed += step.consumed;
            if let Some(stop) = step.stop {
                return Ok(Progress { consumed, stop });
            }
        }
    }

    /// When the client has to have sent what is waited for.
    #[must_use]
    pub fn deadline(&self, rules: &Rules) -> Time {
        let span = match (self.protocol, self.state) {
            (_, State::Ended) => None,
            (Protocol::Frame, _) => rules.frame_silence,
            (Protocol::Undecided, _) => rules.http_head,
            (Protocol::Http, State::HeadInit) => rules.http_idle,
            (Protocol::Http, State::HeadReceiving | State::BodyInit) => rules.http_head,
            (Protocol::Http, State::BodyReceiving) => rules.progress,
        };
        span.map_or(Time::NEVER, |span| self.since + span)
    }

    /// Ends the session because its deadline has passed: a request that had
    /// begun is answered 408, silence is met with silence.
    pub fn expire(&mut self, sink: &mut impl Sink) -> CloseReason {
        let reason = match (self.protocol, self.state) {
            (Protocol::Frame, _) => CloseReason::Silent,
            (_, State::HeadInit) => CloseReason::Idle,
            (Protocol::Undecided, _) => CloseReason::Slow,
            (Protocol::Http, _) if self.is_answered() => CloseReason::Slow,
            (Protocol::Http, _) => {
                let answer = Own::refuse(crate::http::Status::REQUEST_TIMEOUT);
                match self.message.as_ref().and_then(|message| message.head()) {
                    Some(head) => sink.refuse(answer.to(head.line().method), &head),
                    None => {
                        sink.own(answer);
                    }
                }
                CloseReason::Slow
            }
        };
        self.end();
        reason
    }

    /// Whether the client knows that its last request is the last one. Any other
    /// may be sending the next.
    #[must_use]
    pub fn is_last_asked(&self) -> bool {
        self.asked_last
    }

    /// The wait starts anew: what held the client up was the server itself.
    pub fn resume(&mut self, now: Time) {
        self.since = now;
    }

    /// Counts `strikes` bad packages that a handler found.
    ///
    /// # Errors
    /// [`CloseReason::BadPackages`] with the one too many.
    pub fn strike(&mut self, strikes: u8) -> Result<(), CloseReason> {
        self.strikes = self.strikes.saturating_add(strikes);
        if self.strikes < BAD_PACKAGES_MAX {
            return Ok(());
        }
        self.end();
        Err(CloseReason::BadPackages)
    }

    /// No further message will be taken.
    pub fn end(&mut self) {
        self.state = State::Ended;
    }

    /// Whether the client is between two messages.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        matches!(self.state, State::HeadInit)
    }

    /// Whether some of a body is still to come, even if the session has ended.
    #[must_use]
    pub fn awaits_body(&self) -> bool {
        self.message.is_some()
    }

    /// When the client was last heard of, or heard.
    #[must_use]
    pub fn since(&self) -> Time {
        self.since
    }

    /// Which protocol is spoken.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The framing that its packages are in.
    #[must_use]
    pub fn framing(&self) -> &'static dyn Framing {
        self.framing
    }

    /// The state of the machine.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Gives the buffer of a message under collection back.
    pub fn release(&mut self, pool: &mut Pool) {
        if let Some(message) = self.message.take() {
            message.release(pool);
        }
    }

    /// Whether the request in hand has had its answer ahead of its body.
    fn is_answered(&self) -> bool {
        self.message
            .as_ref()
            .is_some_and(|message| message.is_discarded())
    }

    #[inline]
    fn go(&mut self, event: Event) {
        self.state = self.state.next(event);
    }

    /// What has begun has begun, whichever it is: the time of a head counts from
    /// its first byte.
    fn tell_apart(&mut self, input: &[u8], now: Time) -> Step {
        match sniff::tell(input) {
            Sniffed::Http => self.protocol = Protocol::Http,
            Sniffed::Frame => self.protocol = Protocol::Frame,
            Sniffed::NeedsMore => {
                if self.at_rest() && !input.is_empty() {
                    self.since = now;
                    self.go(Event::FirstByte);
                }
                return Step::stop(Stop::Hungry);
            }
        }
        Step::consumed(0)
    }
}

/// One step through the input: how much of it is done with, and whether to
/// stop there.
struct Step {
    consumed: usize,
    stop: Option<Stop>,
}

impl Step {
    fn consumed(consumed: usize) -> Step {
        Step {
            consumed,
            stop: None,
        }
    }

    /// The same step, counted from `skipped` bytes earlier.
    fn after(self, skipped: usize) -> Step {
        Step {
            consumed: skipped + self.consumed,
            ..self
        }
    }

    fn stop(stop: Stop) -> Step {
        Step {
            consumed: 0,
            stop: Some(stop),
        }
    }
}
