//! One client: a connection and the requests that are under way on it.
//!
//! An event names a client and which of its connections it is of, since one
//! that is done with stays open for a moment (see `Client::part`):
//!
//! ```text
//!  Token: | connection, 32 bits | key of the client, 32 bits |
//! ```

mod receive;

pub(crate) use receive::Desk;

use crate::dial::Dial;
use crate::plan::Script;
use crate::reader::{Expected, Reader};
use crate::record::Failure;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use pelton::os::socket;
use std::io::{self, ErrorKind};
use std::time::Instant;

/// The part of a token that is the client's key.
const KEY_MASK: usize = u32::MAX as usize;

/// A client, which owns its connection, if it has one. Times are nanoseconds
/// of the run.
#[derive(Debug)]
pub(crate) struct Client<'a> {
    stream: Option<TcpStream>,
    reader: Reader,
    /// What is left to send.
    unsent: &'a [u8],
    /// Requests whose answers are not whole, or not there.
    open: u32,
    /// Which connection of this client it is.
    number: u32,
    /// What is heard of the connection.
    heard: Heard,
    /// Which request of the script is the next.
    next: u32,
    /// When the requests under way were begun.
    begun_ns: u64,
    /// When they were due, which is earlier at a constant rate.
    due_ns: u64,
    /// When the first byte came of the answer that is not whole.
    first_ns: Option<u64>,
    /// The connection is not known to be made yet.
    connecting: Option<Connecting>,
    /// An answer has come on this connection.
    has_served: bool,
    /// The requests under way were sent once before.
    is_repeated: bool,
}

/// When a connection was begun, and how long the call took: where it can be
/// written to right then, it was made within that.
#[derive(Clone, Copy, Debug)]
struct Connecting {
    since_ns: u64,
    took_ns: u64,
}

/// What a client wants to hear of. Most requests are sent before they are
/// registered: no event that says they can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    Reading,
    Both,
}

/// How far a client got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It waits for an event.
    Wait,
    /// There is more to read, without a further event.
    Again,
    /// The last answer is whole that was waited for, or that this connection
    /// gives; whether it takes more requests.
    Done { keeps: bool },
    /// The server has ended the connection between two answers, and some are
    /// still waited for.
    Left,
    /// What was under way has failed; the connection is of no more use.
    Failed(Failure),
}

impl<'a> Client<'a> {
    /// A client without a connection, that begins with this request.
    pub(crate) fn new(expected: Expected, next: usize) -> Client<'a> {
        Client {
            stream: None,
            reader: Reader::new(expected),
            unsent: &[],
            open: 0,
            number: 0,
            heard: Heard::Nothing,
            next: next as u32,
            begun_ns: 0,
            due_ns: 0,
            first_ns: None,
            connecting: None,
            has_served: false,
            is_repeated: false,
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

    /// Requests that it waits for.
    pub(crate) fn open(&self) -> u64 {
        self.open.into()
    }

    /// Whether it has not sent all.
    pub(crate) fn is_sending(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// When its requests were due.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// Whether it has waited for so long, or longer.
    pub(crate) fn is_late(&self, now_ns: u64, timeout_ns: u64) -> bool {
        self.open > 0 && now_ns - self.begun_ns >= timeout_ns
    }

    /// Begins `count` requests, the next ones of the script.
    pub(crate) fn begin(&mut self, script: &'a Script, count: u32, due_ns: u64, now_ns: u64) {
        let first = self.next as usize;
        self.unsent = script.batch(first, count as usize);
        self.next = ((first + count as usize) % script.count()) as u32;
        self.open = count;
        self.due_ns = due_ns;
        self.begun_ns = now_ns;
        self.first_ns = None;
        self.is_repeated = false;
    }

    /// Whether what is under way may be sent once more, its connection being
    /// over: that one had served before, and it is not sent twice in a row.
    pub(crate) fn may_repeat(&self) -> bool {
        self.has_served && !self.is_repeated
    }

    /// Parts with the connection, as [`Client::part`] does, but what was under
    /// way is to be sent on the next one. It was begun when it was.
    pub(crate) fn repeat(&mut self, script: &'a Script) -> Option<TcpStream> {
        let (open, count) = (self.open as usize, script.count());
        let stream = self.part();
        let first = (self.next as usize + count - open % count) % count;
        self.unsent = script.batch(first, open);
        self.open = open as u32;
        self.first_ns = None;
        self.is_repeated = true;
        stream
    }

    /// Begins a connection. It may be under way for a while.
    pub(crate) fn connect(
        &mut self,
        dial: &Dial,
        client: usize,
        expected: Expected,
        start: Instant,
    ) -> Step {
        self.reader = Reader::new(expected);
        self.has_served = false;
        let before = Instant::now();
        match dial.connect(client) {
            Ok(stream) => {
                self.stream = Some(stream);
                self.connecting = Some(Connecting {
                    since_ns: before.duration_since(start).as_nanos() as u64,
                    took_ns: before.elapsed().as_nanos() as u64,
                });
                Step::Wait
            }
            Err(error) => Step::Failed(failure_of(&error)),
        }
    }

    /// Parts with the connection, and forgets what is under way on it. The
    /// caller drops it a moment later: the side that closes first has the port
    /// taken for a minute, and that ought to be the server, as its answer said.
    pub(crate) fn part(&mut self) -> Option<TcpStream> {
        self.heard = Heard::Nothing;
        self.unsent = &[];
        self.open = 0;
        self.connecting = None;
        self.number = self.number.wrapping_add(1);
        self.stream.take()
    }

    /// Sends what is left, as far as the socket takes it.
    pub(crate) fn send(&mut self, desk: &mut Desk) -> Step {
        let Some(stream) = &self.stream else {
            return Step::Wait;
        };
        while !self.unsent.is_empty() {
            match socket::send(stream, self.unsent) {
                Ok(count) => {
                    self.unsent = &self.unsent[count..];
                    if let Some(connecting) = self.connecting.take() {
                        let took_ns = match self.heard {
                            Heard::Nothing => connecting.took_ns,
                            _ => desk.now_ns.saturating_sub(connecting.since_ns),
                        };
                        desk.score.connected(took_ns, desk.now_ns);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Not connected yet, or full.
                Err(error) if is_for_later(&error) => break,
                Err(error) => return Step::Failed(failure_of(&error)),
            }
        }
        Step::Wait
    }

    /// Sees to it that what follows is heard of.
    pub(crate) fn listen(&mut self, registry: &Registry, key: usize) -> Step {
        let token = self.token(key);
        let wanted = self.wanted();
        let Some(stream) = &mut self.stream else {
            return Step::Wait;
        };
        let listened = match (self.heard, wanted) {
            (Heard::Nothing, Heard::Both) => registry.register(stream, token, both()),
            (Heard::Nothing, _) => registry.register(stream, token, Interest::READABLE),
            (Heard::Reading, Heard::Both) => registry.reregister(stream, token, both()),
            _ => return Step::Wait,
        };
        match listened {
            Ok(()) => {
                self.heard = wanted;
                Step::Wait
            }
            Err(_) => Step::Failed(Failure::Unreachable),
        }
    }

    fn wanted(&self) -> Heard {
        if self.is_sending() {
            Heard::Both
        } else {
            Heard::Reading
        }
    }

    /// Asks for the event again that a budget has cut short.
    pub(crate) fn rearm(&mut self, registry: &Registry, key: usize) -> io::Result<()> {
        let token = self.token(key);
        self.heard = self.wanted();
        let interest = match self.heard {
            Heard::Both => both(),
            _ => Interest::READABLE,
        };
        match &mut self.stream {
            Some(stream) => registry.reregister(stream, token, interest),
            None => Ok(()),
        }
    }
}

fn both() -> Interest {
    Interest::READABLE | Interest::WRITABLE
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
