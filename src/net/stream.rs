//! The socket of a connection: of TCP, or a unix socket.

use crate::os::socket;
use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use std::io::{self, IoSlice, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};

/// The socket of a connection. Bytes go to and fro by its descriptor, which is
/// in the same place for both kinds.
#[derive(Debug)]
pub enum Stream {
    /// Of TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// The socket, to be registered with a poll.
    pub fn source(&mut self) -> &mut dyn Source {
        match self {
            Stream::Tcp(stream) => stream,
            Stream::Unix(stream) => stream,
        }
    }

    /// Whether an event that says that nothing can be sent any more says that
    /// nothing comes either. The end of a unix socket's client says the first of
    /// what it sent and has not been read.
    pub(super) fn is_over_when_deaf(&self) -> bool {
        matches!(self, Stream::Tcp(_))
    }

    /// Sends no more.
    ///
    /// # Errors
    /// What the system says.
    pub fn shut_down_sending(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    pub(super) fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(slices),
            Stream::Unix(stream) => stream.write_vectored(slices),
        }
    }

    /// Holds back partial segments until told otherwise; a unix socket has none.
    pub(super) fn set_cork(&self, corked: bool) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => socket::set_cork(stream, corked),
            Stream::Unix(_) => Ok(()),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}
