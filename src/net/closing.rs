//! A connection ends, and its last answer is not lost.

use super::connection::{Connection, Ending, Lingering, Rare, Step};
use crate::base::limits::{LINGER_BYTES_MAX, LINGER_MS};
use crate::base::tick::{Millis, Time};
use crate::os::socket;
use crate::session::CloseReason;
use std::io::ErrorKind;

impl Connection {
    /// Whether the client is, or may be, in the middle of sending something.
    pub(super) fn more_may_come(&self) -> bool {
        self.readable || self.session.awaits_body() || !self.session.is_last_asked()
    }

    /// Lets a client at rest go: it reads the end of what is sent, and what it
    /// may be sending meanwhile is discarded, where a plain close would reset
    /// the connection.
    pub fn leave(&mut self, now: Time) -> Step {
        if self.is_unnamed() {
            return Step::Close(CloseReason::Stopping);
        }
        let ending = Ending {
            reason: CloseReason::Stopping,
            linger: true,
        };
        self.finish(ending, now)
    }

    /// The last answer is out.
    pub(super) fn finish(&mut self, ending: Ending, now: Time) -> Step {
        if !ending.linger || self.eof {
            return Step::Close(ending.reason);
        }
        if self.stream.shut_down_sending().is_err() {
            return Step::Close(ending.reason);
        }
        self.ending = Some(ending);
        let until = now + Millis(LINGER_MS);
        self.rare = Some(Box::new(Rare::Lingering(Lingering {
            until,
            left: LINGER_BYTES_MAX,
        })));
        // What is there already is discarded in the connection's next turn.
        if self.readable || self.peer_closed {
            Step::Turn
        } else {
            Step::Event
        }
    }

    /// Discards until the client closes, or enough has come. Who sends as fast as
    /// it is read waits for the others' turn in between.
    pub(super) fn linger(&mut self, input: &mut [u8], now: Time) -> Step {
        let reason = self
            .ending
            .map_or(CloseReason::Done, |ending| ending.reason);
        loop {
            let Some(Rare::Lingering(lingering)) = self.rare.as_deref_mut() else {
                return Step::Close(reason);
            };
            if lingering.left == 0 || now >= lingering.until {
                return Step::Close(reason);
            }
            match socket::receive(&self.stream, input, false) {
                Ok(0) => return Step::Close(reason),
                Ok(count) => {
                    lingering.left = lingering.left.saturating_sub(count);
                    if count == input.len() {
                        return Step::Turn;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Event,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Step::Close(reason),
            }
        }
    }

    /// The client has closed its half and everything before is parsed: what is
    /// under way is still answered.
    pub(super) fn end_of_input(&mut self) -> Step {
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
}
