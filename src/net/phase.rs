//! What a connection is at, in the words that people are shown.

use super::connection::Connection;
use crate::session::state::State;

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Between two messages.
    Idle,
    /// A head is coming in.
    Head,
    /// A body is coming in.
    Body,
    /// A handler is at its request, or it waits for one.
    Handling,
    /// An answer is on its way.
    Writing,
    /// It is over; the last answer must not be lost.
    Closing,
}

impl Phase {
    /// Every phase, in the order of their numbers.
    pub const ALL: [Phase; 6] = [
        Phase::Idle,
        Phase::Head,
        Phase::Body,
        Phase::Handling,
        Phase::Writing,
        Phase::Closing,
    ];

    /// The phase in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Head => "head",
            Phase::Body => "body",
            Phase::Handling => "handling",
            Phase::Writing => "writing",
            Phase::Closing => "closing",
        }
    }
}

impl Connection {
    /// What it is at.
    #[must_use]
    pub fn phase(&self) -> Phase {
        if self.lingering().is_some() {
            return Phase::Closing;
        }
        if self.is_unnamed() {
            return Phase::Head;
        }
        if self.in_flight {
            return Phase::Handling;
        }
        if self.outbox.is_some() {
            return Phase::Writing;
        }
        match self.session.state() {
            State::HeadInit => Phase::Idle,
            State::HeadReceiving | State::BodyInit => Phase::Head,
            State::BodyReceiving => Phase::Body,
            State::Ended => Phase::Closing,
        }
    }
}
