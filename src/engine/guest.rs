//! What one address may take, asked when a client connects and for each of
//! its requests.

use super::access::Asked;
use super::tally::Count;
use super::worker::Worker;
use crate::base::key::Key;
use crate::base::tick::{Millis, Time};
use crate::frame::Framing;
use crate::http::forwarded::is_trusted;
use crate::http::{Connection, Method};
use crate::net::listener::Speech;
use crate::net::stream::Stream;
use crate::net::turned_away::turn_away;
use crate::net::visitors::{TurnedAway, Visitor, Visitors};
use crate::service::{Replies, own};
use crate::session::{CloseReason, HttpRequest, Own, Protocol};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The address of the client that is served, where an account of it is kept.
pub(super) struct Guest<'a> {
    pub(super) visitors: &'a Visitors,
    /// `None`: it comes through a trusted proxy, and each request is on the
    /// account of who stands behind that.
    pub(super) visitor: Option<&'a Visitor>,
    pub(super) now: Time,
    /// The server is going away.
    pub(super) draining: bool,
}

impl Guest<'_> {
    /// What to answer in place of a handler: the address asks for too much.
    /// Packages are not counted here but by the session, for there is no word
    /// in their protocol to refuse one.
    pub(super) fn refuses(&self, request: &HttpRequest<'_>, client: IpAddr) -> Option<Own> {
        let asked = match self.visitor {
            Some(visitor) => self.visitors.ask(visitor, self.now),
            None => self.visitors.ask_through(client, self.now),
        };
        let after = asked.err()?;
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
        if is_trusted(address.ip(), &self.fleet.trusted) {
            return Some((stream, None));
        }
        match self.fleet.visitors.come(address.ip(), self.kit.now) {
            Ok(visitor) => return Some((stream, visitor)),
            Err(turned_away) => {
                let told = self.refusal(turned_away, address, speech.protocol, speech.framing);
                turn_away(&stream, told.bytes(), &mut self.kit.input);
            }
        }
        None
    }

    /// Lets a proxy say where the client of its connection is, which is then as
    /// one that was just accepted. `true`: it may be served.
    pub(super) fn introduce(&mut self, key: Key) -> bool {
        let now = self.kit.now;
        let Some(connection) = self.slab.get_mut(key.index as usize) else {
            return false;
        };
        if let Err(step) = connection.learn_client(&mut self.kit.input) {
            self.settle(key, step);
            return false;
        }
        match self.fleet.visitors.come(connection.address().ip(), now) {
            Ok(visitor) => {
                connection.is_named(now);
                connection.limit(visitor, self.fleet.rules.bandwidth);
                self.greet(key);
                true
            }
            Err(turned_away) => {
                let (protocol, framing) = (connection.protocol(), connection.framing());
                let address = connection.address();
                let told = self.refusal(turned_away, address, protocol, framing);
                if let Some(connection) = self.slab.get(key.index as usize) {
                    connection.turn_away(told.bytes(), &mut self.kit.input);
                }
                self.lists.closing.push((key, CloseReason::Done));
                false
            }
        }
    }

    /// What is told to a client that is not taken, which is counted and logged.
    fn refusal(
        &mut self,
        turned_away: TurnedAway,
        address: SocketAddr,
        protocol: Protocol,
        framing: &'static dyn Framing,
    ) -> Replies {
        self.tally().add(Count::TurnedAway, 1);
        let mut told = Replies::new();
        let mark = told.mark();
        if protocol == Protocol::Http {
            let answer = Own::Limited {
                method: Method::Get,
                connection: Connection::Close,
                retry_s: whole_seconds(turned_away.after),
            };
            let date = &self.kit.date.text;
            own::write(answer, date, framing, &mut told);
            if let Some(book) = &mut self.kit.access {
                let asked = Asked {
                    client: address.ip(),
                    head: None,
                    since: self.kit.now,
                };
                book.answered(asked, date, (&told, &mark));
            }
        }
        told
    }
}

/// As Retry-After has it (RFC 9110 10.2.3): at least one second.
fn whole_seconds(after: Millis) -> u64 {
    after.0.div_ceil(1_000).max(1)
}
