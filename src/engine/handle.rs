//! A server as other threads see it.

use super::fleet::{Fleet, Order};
use super::pulse::Pulse;
use super::tally::Tally;
use crate::base::key::Peer;
use crate::frame::Packed;
use crate::service::{Group, Letter, Recipients};
use std::fmt;
use std::sync::Arc;

/// A running server, from any thread: sends packages to its clients, stops it,
/// reads its counters. Clones are the same server.
///
/// ```
/// # use pelton::config::{Listen, Protocol};
/// # let any = "127.0.0.1:0".parse()?;
/// # let listen = vec![Listen::new(any, Protocol::Frame)];
/// # let config = pelton::Config { listen, sites: Vec::new(), ..pelton::Config::default() };
/// use pelton::client::Client;
/// use pelton::engine::Count;
/// use pelton::{Router, Server};
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
///
/// let (peers, joined) = channel();
/// let router = Router::new().message(7, move |_, context| {
///     let _ = peers.send(context.peer);
///     Ok(())
/// });
/// let running = Server::new(config).service(router).start()?;
/// let mut client = Client::connect(running.listeners()[0].0, Duration::from_secs(5))?;
/// client.send(7, b"")?;
///
/// let handle = running.handle();
/// handle.send(joined.recv()?, 8, b"from another thread")?;
/// assert_eq!(client.receive()?, (8, b"from another thread".to_vec()));
/// let packages: u64 = handle.tallies().iter().map(|tally| tally.get(Count::Packages)).sum();
/// assert_eq!(packages, 1);
/// handle.stop();
/// running.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    fleet: Arc<Fleet>,
}

/// Why a package was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Its body does not fit one.
    TooLong,
    /// A loop has more mail than it can take: try again in a moment.
    Busy,
}

impl Handle {
    pub(super) fn new(fleet: Arc<Fleet>) -> Handle {
        Handle { fleet }
    }

    /// Sends a package to a connection, which drops and counts it if it is
    /// gone or speaks HTTP. For threads of your own; handlers have
    /// [`Context::send`](crate::service::Context::send), which never fails for
    /// want of room.
    ///
    /// # Errors
    /// [`SendError`]; nothing is sent.
    pub fn send(&self, peer: Peer, code: u16, body: &[u8]) -> Result<(), SendError> {
        self.answer(peer, 0, code, body)
    }

    /// Answers a package that its handler has left unanswered: the same, with
    /// what an answer carries back in its framing. `tag`: the package's own.
    ///
    /// # Errors
    /// As [`Handle::send`].
    pub fn answer(&self, peer: Peer, tag: u64, code: u16, body: &[u8]) -> Result<(), SendError> {
        let package = self.packed(code, tag, body)?;
        self.post(Letter {
            worker: peer.worker,
            to: Recipients::One(peer.key),
            package,
        })
    }

    /// Sends one package to every member of a group; all of them share its
    /// memory, but for those in another framing, who share theirs.
    ///
    /// # Errors
    /// [`SendError::TooLong`]: nothing is sent. [`SendError::Busy`]: the
    /// members that one loop serves do not get it.
    pub fn broadcast(&self, group: &Group, code: u16, body: &[u8]) -> Result<(), SendError> {
        let package = self.packed(code, 0, body)?;
        let mut sent = Ok(());
        for letter in group.letters(&package) {
            sent = self.post(letter).and(sent); // the others get it all the same
        }
        sent
    }

    /// In the framing of the first listener for packages.
    fn packed(&self, code: u16, tag: u64, body: &[u8]) -> Result<Packed, SendError> {
        Packed::new(self.fleet.framing, code, tag, body).map_err(|_| SendError::TooLong)
    }

    fn post(&self, letter: Letter) -> Result<(), SendError> {
        let Some(post) = self.fleet.posts.get(usize::from(letter.worker)) else {
            return Ok(()); // nobody of that name is here, as with one that is gone
        };
        post.inbox.offer(letter).map_err(|_| SendError::Busy)?;
        post.bell.ring();
        Ok(())
    }

    /// Stops at once: connections are closed as they are.
    pub fn stop(&self) {
        self.fleet.give(Order::Stop);
    }

    /// Stops accepting, finishes what is under way within the configuration's
    /// `drain`, then stops.
    pub fn drain(&self) {
        self.fleet.give(Order::Drain);
    }

    /// Opens the access log anew by its name: whoever rotates it has moved it
    /// away.
    pub fn reopen_access_log(&self) {
        if let Some(access) = &self.fleet.access {
            access.shuttle.reopen();
        }
    }

    /// A look at whether the loops turn.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse::new(self.fleet.clone())
    }

    /// The counters, one set per worker.
    #[must_use]
    pub fn tallies(&self) -> &[Tally] {
        &self.fleet.tallies
    }

    /// Bytes of buffers that the workers hold together.
    #[must_use]
    pub fn buffer_bytes(&self) -> usize {
        self.fleet.budget.used_bytes()
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            SendError::TooLong => "the body is too long for a package",
            SendError::Busy => "a loop has too much mail; try again in a moment",
        })
    }
}

impl std::error::Error for SendError {}
