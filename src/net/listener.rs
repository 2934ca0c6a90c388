//! Listening sockets: one per address and worker.

use crate::frame::Framing;
use crate::os::socket::{self, ListenOptions};
use crate::session::Protocol;
use mio::net::{TcpListener, TcpStream};
use std::io;
use std::net::SocketAddr;

/// What the connections of a listener speak.
#[derive(Clone, Copy, Debug)]
pub struct Speech {
    /// The protocol.
    pub protocol: Protocol,
    /// The framing that packages for them are in.
    pub framing: &'static dyn Framing,
}

/// One listening socket of one worker. Owns it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// What connections from here speak.
    pub speech: Speech,
    /// Their first bytes are there when they are taken: read at once.
    pub deferred: bool,
    /// The system has, or may have, connections waiting.
    pub ready: bool,
}

impl Listener {
    /// Accepts one connection. An error that [`is_drained`] knows has cleared
    /// `ready`.
    ///
    /// # Errors
    /// What the system says.
    pub fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.socket.accept();
        if accepted.as_ref().is_err_and(is_drained) {
            self.ready = false;
        }
        accepted
    }

    /// The socket, to be registered with a poll.
    pub fn source(&mut self) -> &mut TcpListener {
        &mut self.socket
    }
}

/// Whether an error of accepting says that nobody waits. A socket that was
/// handed down may be bound and not listen yet: an event will tell when it does.
#[must_use]
pub fn is_drained(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::InvalidInput
    )
}

/// The listeners of each of `workers` loops from sockets that are there, which
/// are shared out; a loop for which there is none has one in common with others.
/// Says the address as well.
///
/// # Errors
/// What the system says.
pub fn adopt(
    sockets: Vec<std::net::TcpListener>,
    speech: Speech,
    deferred: bool,
    workers: usize,
) -> io::Result<(SocketAddr, Vec<Vec<Listener>>)> {
    let Some(first) = sockets.first() else {
        return Err(io::Error::other("no socket was handed down for it"));
    };
    let real = first.local_addr()?;
    let mut all = sockets;
    for worker in all.len()..workers {
        let shared = all[worker % all.len()].try_clone()?;
        all.push(shared);
    }
    let mut of_workers: Vec<Vec<Listener>> = (0..workers).map(|_| Vec::new()).collect();
    for (number, socket) in all.into_iter().enumerate() {
        socket.set_nonblocking(true)?;
        of_workers[number % workers].push(Listener {
            socket: TcpListener::from_std(socket),
            speech,
            deferred,
            ready: false,
        });
    }
    Ok((real, of_workers))
}

/// Binds `addr` once for each of `workers` loops. With port 0 all of them get
/// the port that the first one is given, which is returned.
///
/// # Errors
/// What the system says: the address is taken, or not this machine's.
pub fn bind(
    addr: SocketAddr,
    speech: Speech,
    defer_accept: bool,
    workers: usize,
) -> io::Result<(SocketAddr, Vec<Vec<Listener>>)> {
    if addr.port() != 0 {
        socket::probe(addr)?;
    }
    let options = ListenOptions {
        reuse_port: true,
        defer_accept,
    };
    let first = socket::listen(addr, options)?;
    let real = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..workers {
        sockets.push(socket::listen(real, options)?);
    }
    adopt(sockets, speech, defer_accept, workers)
}
