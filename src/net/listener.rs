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
    /// Accepts one connection. `WouldBlock` has cleared `ready`.
    ///
    /// # Errors
    /// What the system says.
    pub fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.socket.accept();
        if matches!(&accepted, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.ready = false;
        }
        accepted
    }

    /// The socket, to be registered with a poll.
    pub fn source(&mut self) -> &mut TcpListener {
        &mut self.socket
    }
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
) -> io::Result<(SocketAddr, Vec<Listener>)> {
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
    let listener = |socket| Listener {
        socket: TcpListener::from_std(socket),
        speech,
        deferred: defer_accept,
        ready: false,
    };
    Ok((real, sockets.into_iter().map(listener).collect()))
}
