//! One client: a connection and the request that is under way on it.
//!
//! An event names a client and which of its connections it is of, since one
//! that is done with stays open for a moment (see `Client::part`):
//!
//! ```text
//!  Token: | connection, 32 bits | key of the client, 32 bits |
//! ```

use crate::answer::{Answer, Asked, Memo, Taken, Whole};
use crate::record::Failure;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

/// The part of a token that is the client's key.
const KEY_MASK: usize = u32::MAX as usize;

/// Reads in a row, before others have their turn.
const READS_MAX: usize = 16;

/// A client, which owns its connection, if it has one.
#[derive(Debug)]
pub(crate) struct Client {
    stream: Option<TcpStream>,
    answer: Answer,
    /// Bytes of the request that are sent.
    sent: usize,
    /// The stream's events come in.
    registered: bool,
    /// Which connection of this client it is.
    number: u32,
    /// When the request was begun: the turn's time, in milliseconds of the run.
    pub(crate) since_ms: u32,
}

/// How far a client got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It waits for an event.
    Wait,
    /// There is more to read, without a further event.
    Again,
    /// The answer is whole.
    Whole(Whole),
    /// The request failed; the connection is of no more use.
    Failed(Failure),
}

impl Client {
    /// A client without a connection.
    pub(crate) fn new(asked: Asked) -> Client {
        Client {
            stream: None,
            answer: Answer::new(asked),
            sent: 0,
            registered: false,
            number: 0,
            since_ms: 0,
        }
    }

    /// The key of the client that an event is for.
    pub(crate) fn key_of(Token(token): Token) -> usize {
        token & KEY_MASK
    }

    /// Whether an event is of the connection that this client has now.
    pub(crate) fn is_meant(&self, Token(token): Token) -> bool {
        self.is_connected() && token >> 32 == self.number as usize
    }

    fn token(&self, key: usize) -> Token {
        Token((self.number as usize) << 32 | key)
    }

    /// Whether it has a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Begins a connection, in place of one that is ended. It may be under way
    /// for a while.
    pub(crate) fn connect(&mut self, addr: SocketAddr, asked: Asked) -> Step {
        self.part();
        self.answer = Answer::new(asked);
        match TcpStream::connect(addr) {
            Ok(stream) => {
                self.stream = Some(stream);
                Step::Wait
            }
            Err(error) => Step::Failed(failure_of(&error)),
        }
    }

    /// Begins another request on a connection that is kept.
    pub(crate) fn begin(&mut self) {
        self.sent = 0;
    }

    /// Parts with the connection. The caller drops it a moment later: the side
    /// that closes first has the port taken for a minute, and that ought to be
    /// the server, as its answer said.
    pub(crate) fn part(&mut self) -> Option<TcpStream> {
        self.registered = false;
        self.sent = 0;
        self.number = self.number.wrapping_add(1);
        self.stream.take()
    }

    /// Sends what is left of the request, as far as the socket takes it, and
    /// sees to it that what follows is heard of.
    pub(crate) fn send(&mut self, request: &[u8], registry: &Registry, key: usize) -> Step {
        let token = self.token(key);
        let Some(stream) = &mut self.stream else {
            return Step::Wait;
        };
        while self.sent < request.len() {
            match stream.write(&request[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Not connected yet, or full.
                Err(error) if is_for_later(&error) => break,
                Err(error) => return Step::Failed(failure_of(&error)),
            }
        }
        if self.registered {
            return Step::Wait;
        }
        match registry.register(stream, token, interest(self.sent < request.len())) {
            Ok(()) => {
                self.registered = true;
                Step::Wait
            }
            Err(_) => Step::Failed(Failure::Unreachable),
        }
    }

    /// Whether the request is not sent whole.
    pub(crate) fn is_sending(&self, request: &[u8]) -> bool {
        self.sent < request.len()
    }

    /// Reads what there is. `ended`: the event said that nothing comes after
    /// it, so that there is an end to be read.
    pub(crate) fn receive(&mut self, buffer: &mut [u8], memo: &mut Memo, ended: bool) -> Step {
        let Some(stream) = &mut self.stream else {
            return Step::Wait;
        };
        for _ in 0..READS_MAX {
            let count = match stream.read(buffer) {
                Ok(0) => {
                    let end = self.answer.end();
                    return end.map_or(Step::Failed(Failure::ClosedEarly), Step::Whole);
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_for_later(&error) => return Step::Wait,
                Err(error) => return Step::Failed(failure_of(&error)),
            };
            match self.answer.take(&buffer[..count], memo) {
                // A short read has emptied the socket; what comes later is a
                // new event.
                Ok(Taken::More) if count < buffer.len() && !ended => return Step::Wait,
                Ok(Taken::More) => {}
                Ok(Taken::Whole(whole, 0)) => return Step::Whole(whole),
                // One request was sent, and no more may come.
                Ok(Taken::Whole(..)) | Err(_) => return Step::Failed(Failure::BadAnswer),
            }
        }
        Step::Again
    }

    /// Asks for the event again that a budget has cut short.
    pub(crate) fn rearm(
        &mut self,
        request: &[u8],
        registry: &Registry,
        key: usize,
    ) -> io::Result<()> {
        let token = self.token(key);
        let interest = interest(self.is_sending(request));
        match &mut self.stream {
            Some(stream) => registry.reregister(stream, token, interest),
            None => Ok(()),
        }
    }
}

/// What a client wants to hear of. Most requests are sent before they are
/// registered: no event that says they can be.
fn interest(sending: bool) -> Interest {
    if sending {
        Interest::READABLE | Interest::WRITABLE
    } else {
        Interest::READABLE
    }
}

/// The socket is busy, or its connection under way.
fn is_for_later(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::NotConnected
    )
}

/// What the system says, as a kind of failure.
fn failure_of(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused => Failure::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            Failure::Reset
        }
        ErrorKind::TimedOut => Failure::TimedOut,
        _ => Failure::Unreachable,
    }
}
