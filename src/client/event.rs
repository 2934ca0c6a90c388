//! What a client tells its user, and every way in which a call or a
//! connection can fail.

use std::fmt;
use std::io;

/// One call of one client; numbers rise and are not used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection is being made: the socket is a new one from now on.
    Dialing,
    /// The connection is there.
    Connected,
    /// A call has its answer.
    Answer {
        /// Whose answer it is.
        call: CallId,
        /// What follows the answer's head.
        body: Vec<u8>,
    },
    /// A call has failed, and gets no answer any more.
    Failed {
        /// Which call.
        call: CallId,
        /// Why.
        error: CallError,
    },
    /// A package that answers no call.
    Push {
        /// What it is about.
        code: u16,
        /// What follows its head.
        body: Vec<u8>,
    },
    /// A sign of life that answers no call of the user.
    Heartbeat,
    /// The connection is gone, or could not be made; the client tries anew in
    /// a while. What the server kept with the old one is gone as well.
    Lost(Lost),
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// It was sent, and not answered in time. The connection ends with it, but
    /// where answers carry a number back.
    TimedOut,
    /// There was no connection all this time: it was not sent.
    Unsent,
    /// Too many others are under way: it was not sent.
    Busy,
    /// The connection was lost under it. Whether the server has done what was
    /// asked is not known.
    Lost(Lost),
}

/// Why a connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It could not be made.
    NotMade(io::ErrorKind),
    /// The server closed it.
    Closed,
    /// The system ended it.
    Broken(io::ErrorKind),
    /// The server gave no sign of life for three heartbeats and ten seconds.
    Silent,
    /// A package's length is out of its bounds.
    BadLength,
    /// A package is not what its head says: its CRC-32 is not that of its body,
    /// or a heartbeat has a body.
    BadPackage,
    /// A call timed out: its answer, should it come late, would pass for that
    /// of the next call with its code, so another connection is made.
    OutOfStep,
}

impl Lost {
    fn kind(self) -> io::ErrorKind {
        match self {
            Lost::NotMade(kind) | Lost::Broken(kind) => kind,
            Lost::Closed => io::ErrorKind::UnexpectedEof,
            Lost::Silent => io::ErrorKind::TimedOut,
            Lost::BadLength | Lost::BadPackage => io::ErrorKind::InvalidData,
            Lost::OutOfStep => io::ErrorKind::ConnectionAborted,
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::NotMade(kind) => write!(f, "no connection: {kind}"),
            Lost::Closed => f.write_str("the server closed the connection"),
            Lost::Broken(kind) => write!(f, "the connection broke: {kind}"),
            Lost::Silent => f.write_str("the server gave no sign of life"),
            Lost::BadLength => f.write_str("a package whose length is out of bounds"),
            Lost::BadPackage => f.write_str("a package that is not what its head says"),
            Lost::OutOfStep => f.write_str("closed, since a call was not answered in time"),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::TimedOut => f.write_str("no answer in time"),
            CallError::Unsent => f.write_str("no connection in time; nothing was sent"),
            CallError::Busy => f.write_str("too many calls are under way; nothing was sent"),
            CallError::Lost(lost) => write!(f, "lost while the call was under way: {lost}"),
        }
    }
}

impl std::error::Error for Lost {}
impl std::error::Error for CallError {}

impl From<Lost> for io::Error {
    fn from(lost: Lost) -> io::Error {
        io::Error::new(lost.kind(), lost)
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> io::Error {
        let kind = match error {
            CallError::TimedOut => io::ErrorKind::TimedOut,
            CallError::Unsent => io::ErrorKind::NotConnected,
            CallError::Busy => io::ErrorKind::QuotaExceeded,
            CallError::Lost(lost) => lost.kind(),
        };
        io::Error::new(kind, error)
    }
}
