//! What one address may take, asked when a client connects and for each of
//! its requests.

use super::tally::Count;
use super::worker::Worker;
use crate::base::tick::{Millis, Time};
use crate::http::{Connection, Method};
use crate::net::listener::Speech;
use crate::net::stream::Stream;
use crate::net::turned_away::turn_away;
use crate::net::visitors::{Visitor, Visitors};
use crate::service::{Replies, own};
use crate::session::{HttpRequest, Own, Protocol, Request};
use std::net::SocketAddr;
use std::sync::Arc;

/// The address of the client that is served, where an account of it is kept.
pub(super) struct Guest<'a> {
    pub(super) visitors: &'a Visitors,
    pub(super) visitor: &'a Visitor,
    pub(super) now: Time,
    /// The server is going away.
    pub(super) draining: bool,
}

impl Guest<'_> {
    /// What to answer in place of a handler: the address asks for too much.
    /// Packages are not counted here but by the session, for there is no word
    /// in their protocol to refuse one.
    pub(super) fn refuses(&self, request: &Request<'_>) -> Option<Own> {
        let Request::Http(request) = request else {
            return None;
        };
        let after = self.visitors.ask(self.visitor, self.now).err()?;
        Some(Own::Limited {
            method: request.head.method(),
            connection: self.connection(request),
            retry_s: whole_seconds(after),
        })
    }
}

impl Guest<'_> {
    fn connection(&self, request: &HttpRequest<'_>) -> Connection {
        match request.head.version_minor() {
            _ if request.last || self.draining => Connection::Close,
            0 => Connection::KeepAlive10,
            _ => Connection::KeepAlive,
        }
    }
}

impl Worker {
    /// Whether a client may come in, and the account that is kept of its
    /// address. `None`: it was turned away.
    pub(super) fn let_in(
        &mut self,
        stream: Stream,
        address: SocketAddr,
        speech: Speech,
    ) -> Option<(Stream, Option<Arc<Visitor>>)> {
        let now = self.kit.now;
        let after = match self.fleet.visitors.come(address.ip(), now) {
            Ok(visitor) => return Some((stream, visitor)),
            Err(turned_away) => turned_away.after,
        };
        self.tally().add(Count::TurnedAway, 1);
        let mut told = Replies::new();
        if speech.protocol == Protocol::Http {
            let answer = Own::Limited {
                method: Method::Get,
                connection: Connection::Close,
                retry_s: whole_seconds(after),
            };
            own::write(answer, &self.kit.date.text, speech.framing, &mut told);
        }
        turn_away(stream, told.bytes(), &mut self.kit.input);
        None
    }
}

/// As Retry-After has it (RFC 9110 10.2.3): at least one second.
fn whole_seconds(after: Millis) -> u64 {
    after.0.div_ceil(1_000).max(1)
}
