//! Listening sockets: one per address and worker. A unix socket is there once,
//! and all workers wait at it: who comes wakes them all, and the first of them to
//! look takes all that wait, up to a budget.

use super::stream::Stream;
use crate::base::network::NOWHERE;
use crate::config::{Address, Listen};
use crate::frame::Framing;
use crate::os::local::{self, Bound, SocketFile};
use crate::os::socket::{self, ListenOptions};
use crate::session::Protocol;
use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// What the connections of a listener speak.
#[derive(Clone, Copy, Debug)]
pub struct Speech {
    /// The protocol.
    pub protocol: Protocol,
    /// The framing that packages for them are in.
    pub framing: &'static dyn Framing,
    /// A proxy says first where the client is.
    pub proxied: bool,
}

/// One listening socket of one worker. Owns it.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// The file of a unix socket, if it is this server's: it goes with the last
    /// of its listeners.
    _file: Option<Arc<SocketFile>>,
    /// What connections from here speak.
    pub speech: Speech,
    /// Their first bytes are there when they are taken: read at once.
    pub deferred: bool,
    /// The system has, or may have, connections waiting.
    pub ready: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Accepts one connection. An error that [`is_drained`] knows has cleared
    /// `ready`.
    ///
    /// # Errors
    /// What the system says.
    pub fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = match &self.socket {
            Socket::Tcp(socket) => socket::accept(socket),
            Socket::Unix(socket) => socket::accept(socket),
        };
        if accepted.as_ref().is_err_and(is_drained) {
            self.ready = false;
        }
        let (stream, address) = accepted?;
        let stream = match &self.socket {
            Socket::Tcp(_) => Stream::Tcp(TcpStream::from_std(stream.into())),
            Socket::Unix(_) => Stream::Unix(UnixStream::from_std(stream.into())),
        };
        // Clients of unix sockets are bound to nothing as a rule.
        Ok((stream, address.unwrap_or(NOWHERE)))
    }

    /// The socket, to be registered with a poll.
    pub fn source(&mut self) -> &mut dyn Source {
        match &mut self.socket {
            Socket::Tcp(socket) => socket,
            Socket::Unix(socket) => socket,
        }
    }
}

impl Socket {
    fn new(descriptor: OwnedFd, at: &Bound) -> io::Result<Socket> {
        Ok(match at {
            Bound::Ip(_) => {
                let socket = std::net::TcpListener::from(descriptor);
                socket.set_nonblocking(true)?;
                Socket::Tcp(TcpListener::from_std(socket))
            }
            Bound::Unix(_) => {
                let socket = std::os::unix::net::UnixListener::from(descriptor);
                socket.set_nonblocking(true)?;
                Socket::Unix(UnixListener::from_std(socket))
            }
        })
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
/// Says the address as well, [`NOWHERE`] for a unix socket.
///
/// # Errors
/// What the system says.
pub fn adopt(
    sockets: Vec<OwnedFd>,
    speech: Speech,
    deferred: bool,
    workers: usize,
) -> io::Result<(SocketAddr, Vec<Vec<Listener>>)> {
    share_out(sockets, None, speech, deferred, workers)
}

fn share_out(
    sockets: Vec<OwnedFd>,
    file: Option<SocketFile>,
    speech: Speech,
    deferred: bool,
    workers: usize,
) -> io::Result<(SocketAddr, Vec<Vec<Listener>>)> {
    let file = file.map(Arc::new);
    let Some(first) = sockets.first() else {
        return Err(io::Error::other("no socket was handed down for it"));
    };
    let real = local::bound(first)?;
    let mut all = sockets;
    for worker in all.len()..workers {
        let shared = all[worker % all.len()].try_clone()?;
        all.push(shared);
    }
    let mut of_workers: Vec<Vec<Listener>> = (0..workers).map(|_| Vec::new()).collect();
    for (number, socket) in all.into_iter().enumerate() {
        of_workers[number % workers].push(Listener {
            socket: Socket::new(socket, &real)?,
            _file: file.clone(),
            speech,
            deferred,
            ready: false,
        });
    }
    let real = match real {
        Bound::Ip(addr) => addr,
        Bound::Unix(_) => NOWHERE,
    };
    Ok((real, of_workers))
}

/// Binds the address of `listen` for each of `workers` loops: once for each, or
/// a unix socket for all of them together. With port 0 all of them get the port
/// that the first one is given, which is returned.
///
/// # Errors
/// What the system says: the address is taken, or not this machine's.
pub fn bind(
    listen: &Listen,
    speech: Speech,
    workers: usize,
) -> io::Result<(SocketAddr, Vec<Vec<Listener>>)> {
    let defer_accept = listen.defer_accept;
    let addr = match &listen.addr {
        Address::Ip(addr) => *addr,
        Address::Unix(path) => {
            let (only, file) = local::prepare(path, listen.mode)?;
            socket::begin_listening(&only)?;
            return share_out(vec![only], file, speech, defer_accept, workers);
        }
    };
    if addr.port() != 0 {
        socket::probe(addr)?;
    }
    let options = ListenOptions {
        reuse_port: true,
        defer_accept,
    };
    let first = socket::listen(addr, options)?;
    let real = first.local_addr()?;
    let mut sockets = vec![first.into()];
    for _ in 1..workers {
        sockets.push(socket::listen(real, options)?.into());
    }
    adopt(sockets, speech, defer_accept, workers)
}
