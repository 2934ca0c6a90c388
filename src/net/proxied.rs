//! A connection by a proxy begins: where its client is comes first.

use super::connection::{Connection, Rare, Step};
use super::turned_away::turn_away;
use crate::base::limits::PROXIED_BYTES_MAX;
use crate::base::tick::Time;
use crate::os::socket;
use crate::session::proxied::{self, Proxied};
use crate::session::{CloseReason, Protocol};
use std::io::ErrorKind;

impl Connection {
    /// Whether the proxy has not said yet where its client is.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        matches!(self.rare.as_deref(), Some(Rare::Unnamed))
    }

    /// Reads what the proxy says, and no byte more. It stays with the system
    /// until it is whole, so nothing is held for it meanwhile.
    ///
    /// # Errors
    /// What the connection waits for, where that is not there yet.
    pub fn learn_client(&mut self, input: &mut [u8]) -> Result<(), Step> {
        if self.broken {
            return Err(Step::Close(CloseReason::Reset));
        }
        let most = input.len().min(PROXIED_BYTES_MAX);
        let front = &mut input[..most];
        let count = match socket::receive(&self.stream, front, true) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                return Err(Step::Event);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(Step::Turn),
            Err(_) => return Err(Step::Close(CloseReason::Reset)),
        };
        match proxied::read(&front[..count]) {
            Proxied::Whole { len, client } => {
                self.take_off(&mut front[..len])?;
                self.address = client.unwrap_or(self.address);
                Ok(())
            }
            Proxied::Bad => Err(Step::Close(CloseReason::BadProxyHead)),
            Proxied::NeedsMore if count == 0 => Err(Step::Close(CloseReason::PeerClosed)),
            // The end does not show in a look at what is there.
            Proxied::NeedsMore if self.peer_closed => Err(Step::Close(CloseReason::Truncated)),
            Proxied::NeedsMore => {
                self.readable = false;
                Err(Step::Event)
            }
        }
    }

    /// Takes what was looked at from the system.
    fn take_off(&mut self, mut head: &mut [u8]) -> Result<(), Step> {
        while !head.is_empty() {
            match socket::receive(&self.stream, head, false) {
                Ok(count) if count > 0 => head = &mut head[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Err(Step::Close(CloseReason::Reset)),
            }
        }
        Ok(())
    }

    /// The protocol that it is known to speak.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.session.protocol()
    }

    /// It is taken: from here on it is its client's.
    pub fn is_named(&mut self, now: Time) {
        self.rare = None;
        self.moved = now;
        self.session.resume(now);
    }

    /// It is not taken, and told so.
    pub fn turn_away(&self, answer: &[u8], input: &mut [u8]) {
        turn_away(&self.stream, answer, input);
    }
}
