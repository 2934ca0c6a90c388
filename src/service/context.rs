//! What a handler is lent for one call.

use super::files::{FileError, Files, Found};
use super::group::Group;
use super::later::{Later, Tickets};
use super::pattern::PathValues;
use super::replies::Replies;
use super::response::Response;
use super::state::State;
use crate::base::key::Peer;
use crate::base::tick::{Millis, Time};
use crate::frame::codec::TooLong;
use crate::frame::{Framing, Packed};
use crate::http::{Connection, HttpDate, Status};
use crate::session::HttpRequest;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The surroundings of one call: time, who asks, files, and where answers go.
///
/// ```
/// use pelton::{Bad, Context, Router};
/// use std::time::Duration;
///
/// /// Counts what this connection has sent, and gives it a minute for more.
/// fn count(text: String, context: &mut Context<'_>) -> Result<u32, Bad> {
///     let bytes = context.state.take::<u32>().unwrap_or(0) + text.len() as u32;
///     context.state.set(bytes);
///     context.set_timer(Duration::from_secs(60));
///     Ok(bytes)
/// }
///
/// let router = Router::new()
///     .message_typed(7, count)
///     .http("GET", "/me", |_, context| format!("{}\n", context.address));
/// # let _ = router;
/// ```
pub struct Context<'a> {
    /// Milliseconds of the server's own monotonic time.
    pub now: Time,
    /// The date for an answer's head.
    pub date: &'a HttpDate,
    /// Seconds since 1970, as `date` says.
    pub unix_s: u64,
    /// The connection that asks, to be answered later or by others.
    pub peer: Peer,
    /// Where it comes from; behind a trusted proxy the client that the request
    /// is said to come from, with port 0 unless one is said; for a client of a
    /// unix socket, which has no address,
    /// [`NOWHERE`](crate::base::network::NOWHERE).
    pub address: SocketAddr,
    /// The framing that packages for it are in; over HTTP, where those for
    /// others come from, that of the first listener for packages.
    pub framing: &'static dyn Framing,
    /// What an answer to the package in hand carries back; 0 where there is
    /// none. Whoever answers later, by the server's `Handle::answer`, keeps it.
    pub tag: u64,
    /// The server is going away: answers should say `Connection: close`. As
    /// it was when the call began, or when an answer last asked.
    pub draining: bool,
    /// The same as it is now: a drain may begin while a handler blocks.
    pub drains: &'a AtomicBool,
    /// When the connection's timer is to ring, if this call sets it: see
    /// [`Context::set_timer`].
    pub timer: Option<Time>,
    /// Packages that no handler was for: dropped, and counted here.
    pub unhandled: u32,
    /// Answers that come later: see [`Context::later`].
    pub tickets: Tickets<'a>,
    /// What the names in the path stand for: see [`Context::path`].
    pub path_values: PathValues,
    /// Files below the roots of the sites.
    pub files: &'a mut dyn Files,
    /// What the service keeps with this connection.
    pub state: &'a mut State,
    /// Where the answers gather.
    pub replies: &'a mut Replies,
}

impl Context<'_> {
    /// What `{name}` stands for in the path of this request, decoded; empty
    /// where the handler's path has no such name.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path_values.get(name).unwrap_or("")
    }

    /// The same, read as a number or whatever else the handler needs.
    ///
    /// # Errors
    /// `404 Not Found` if it is none: there is nothing at such a path.
    pub fn path_as<T: FromStr>(&self, name: &str) -> Result<T, Status> {
        self.path(name).parse().map_err(|_| Status::NOT_FOUND)
    }

    /// Answers with a package, in the framing of the one that asks, and with
    /// what an answer carries back there.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit one; nothing is sent.
    pub fn answer(&mut self, code: u16, body: &[u8]) -> Result<(), TooLong> {
        self.replies.package(self.framing, code, self.tag, body)
    }

    /// Sends a package to another connection, of any worker. It is dropped if
    /// that connection is gone.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit a package; nothing is sent.
    pub fn send(&mut self, peer: Peer, code: u16, body: &[u8]) -> Result<(), TooLong> {
        let package = Packed::new(self.framing, code, 0, body)?;
        self.replies.send(peer, package);
        Ok(())
    }

    /// Sends one package to every member of a group; all of them share its
    /// memory, but for those in another framing, who share theirs.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit a package; nothing is sent.
    pub fn broadcast(&mut self, group: &Group, code: u16, body: &[u8]) -> Result<(), TooLong> {
        let package = Packed::new(self.framing, code, 0, body)?;
        for letter in group.letters(&package) {
            self.replies.letter(letter);
        }
        Ok(())
    }

    /// Has [`Service::timer`](super::Service::timer) called for this connection
    /// once, `after` from now, in place of what was set before. It never rings
    /// early, and late by a second or two, for the wheel it rides ticks once a
    /// second; while a call for the connection is under way it waits.
    pub fn set_timer(&mut self, after: Duration) {
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.timer = Some(self.now + Millis(after));
    }

    /// Takes back what [`Context::set_timer`] has set.
    pub fn stop_timer(&mut self) {
        self.timer = Some(Time::NEVER);
    }

    /// A ticket to answer the HTTP request of this call later, from any thread.
    /// The handler then returns [`Response::later`], which says how long to
    /// wait and what to answer if the ticket does not. Any other answer counts
    /// at once and makes the ticket void; so does a second ticket.
    ///
    /// The connection reads nothing more until then, so what is pipelined
    /// behind the request is answered behind it; other connections go on, and
    /// no thread waits. A client that closes its sending half meanwhile is
    /// taken for gone. A drain waits for the answer, within its bound. For a
    /// package there is no such ticket, and one that is taken is void: use
    /// [`Context::peer`] and [`Handle::send`](crate::engine::Handle::send).
    ///
    /// ```
    /// use pelton::{Response, Router};
    /// use pelton::http::Status;
    /// use std::{thread, time::Duration};
    ///
    /// let router = Router::new().http("GET", "/slow", |_, context| {
    ///     let ticket = context.later();
    ///     thread::spawn(move || {
    ///         thread::sleep(Duration::from_millis(100));
    ///         ticket.respond("here it is\n"); // `false` if the client has gone
    ///     });
    ///     Response::later(Duration::from_secs(10), Status::SERVICE_UNAVAILABLE)
    /// });
    /// # let _ = router;
    /// ```
    pub fn later(&mut self) -> Later {
        self.tickets.take(self.peer)
    }

    /// Answers an HTTP request, or leaves that to its ticket: see
    /// [`Context::later`].
    pub fn respond(&mut self, request: &HttpRequest<'_>, response: &Response) {
        if self.tickets.promise(request, response, self.now) {
            return;
        }
        let connection = self.connection(request);
        response.write(request.head.method(), self.date, connection, self.replies);
    }

    /// The file at `path` below the root of site number `root`.
    ///
    /// # Errors
    /// As [`Files::find`].
    pub fn file(&mut self, root: usize, path: &[u8]) -> Result<&mut Found, FileError> {
        self.files.find(root, path, self.now)
    }

    /// What an answer's head says of the connection. What it says last is what
    /// becomes of it.
    #[must_use]
    pub fn connection(&mut self, request: &HttpRequest<'_>) -> Connection {
        self.draining |= self.drains.load(Ordering::Relaxed);
        Connection::after(request.last || self.draining, request.head.version_minor())
    }
}
