//! Socket options and calls that the standard library does not have.
#![allow(unsafe_code)]

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Connections that may wait to be accepted; the system caps it
/// (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A deferred accept waits this long for a client's first bytes. Measured: 1
/// takes a silent client after one second, 2 after three, 30 after 31.
const DEFER_ACCEPT_S: libc::c_int = 1;

/// How a listening socket is made.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// Other sockets, of other loops, listen on the same address.
    pub reuse_port: bool,
    /// A connection is taken when its first bytes are there.
    pub defer_accept: bool,
}

/// A listening socket, not blocking, whose connections send without delay.
///
/// # Errors
/// What the system says: the address is taken, or not this machine's.
pub fn listen(addr: SocketAddr, options: ListenOptions) -> io::Result<TcpListener> {
    let socket = prepare(addr, options)?;
    begin_listening(&socket)?;
    Ok(socket)
}

/// The same, but it does not listen yet: the system gives it no connection.
///
/// # Errors
/// What the system says: the address is taken, or not this machine's.
pub fn prepare(addr: SocketAddr, options: ListenOptions) -> io::Result<TcpListener> {
    let socket = bind(addr, options.reuse_port)?;
    // Inherited by what is accepted: one call less per connection.
    socket.set_tcp_nodelay(true)?;
    let socket = TcpListener::from(socket);
    if options.defer_accept {
        set_defer_accept(&socket, true)?;
    }
    Ok(socket)
}

/// Makes a prepared socket listen; one that does goes on.
///
/// # Errors
/// What the system says.
pub fn begin_listening(socket: impl AsFd) -> io::Result<()> {
    SockRef::from(&socket).listen(BACKLOG)
}

/// Says whether `addr` is free, by binding it alone and letting go of it: with
/// `SO_REUSEPORT` a second server on the same address would start in silence
/// and take half of the connections.
///
/// # Errors
/// What the system says.
pub fn probe(addr: SocketAddr) -> io::Result<()> {
    bind(addr, false).map(drop)
}

fn bind(addr: SocketAddr, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// Says whether connections are taken only when their first bytes are there.
///
/// # Errors
/// What the system says.
pub fn set_defer_accept(socket: impl AsFd, defer: bool) -> io::Result<()> {
    let seconds = if defer { DEFER_ACCEPT_S } else { 0 };
    // SAFETY: the descriptor is open for the length of the call, and the value
    // is a live c_int whose size is the one given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Begins a connection from an address of this machine, whose port is chosen
/// as late as that: each such address has all the ports there are. The stream
/// does not block; its connection may be under way for a while.
///
/// # Errors
/// What the system says: the address is not this machine's, or its ports are
/// all taken.
pub fn connect_from(source: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    set_bind_address_no_port(&socket)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    begin(socket, to)
}

/// Begins a connection that sends without delay. The stream does not block;
/// its connection may be under way for a while.
///
/// # Errors
/// What the system says.
pub fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    begin(socket, to)
}

fn begin(socket: Socket, to: SocketAddr) -> io::Result<TcpStream> {
    socket.set_nonblocking(true)?;
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn set_bind_address_no_port(socket: &Socket) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open for the length of the call, and the value
    // is a live c_int whose size is the one given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes one connection of those that wait; it never blocks. Says where it comes
/// from, unless that is no address of the internet. Straight to the system, as
/// [`receive`] is.
///
/// # Errors
/// What the system says; `WouldBlock` where nobody waits.
pub fn accept(listener: impl AsFd) -> io::Result<(OwnedFd, Option<SocketAddr>)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (socket, address) = rustix::net::acceptfrom_with(listener, flags)?;
    Ok((socket, address.and_then(|address| address.try_into().ok())))
}

/// Receives into `buffer`; 0 is the end of what the peer sends. `peek` leaves
/// the bytes where they are. Straight to the system: the C library would
/// make a cancellation point of it, at a cost that shows per request.
///
/// # Errors
/// What the system says; `WouldBlock` where there is nothing.
pub fn receive(socket: impl AsFd, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
    let flags = if peek {
        RecvFlags::PEEK
    } else {
        RecvFlags::empty()
    };
    let (count, _) = rustix::net::recv(socket, buffer, flags)?;
    Ok(count)
}

/// Sends what the socket takes of `bytes`; a peer that is gone is an error and
/// no signal.
///
/// # Errors
/// What the system says; `WouldBlock` where the socket is full.
pub fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL)?)
}

/// Holds back partial segments until `corked` is taken off again, so that a
/// head leaves with the first of its file.
///
/// # Errors
/// What the system says.
pub fn set_cork(socket: impl AsFd, corked: bool) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_cork(socket, corked)?)
}

/// Sends up to `count` bytes of `file` from `offset` on; 0 where the file is
/// shorter than that.
///
/// # Errors
/// What the system says; `WouldBlock` where the socket is full.
pub fn send_file(
    socket: impl AsFd,
    file: impl AsFd,
    mut offset: u64,
    count: usize,
) -> io::Result<usize> {
    loop {
        match rustix::fs::sendfile(&socket, &file, Some(&mut offset), count) {
            Err(Errno::INTR) => {}
            sent => return Ok(sent?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_connection_comes_from_the_address_that_is_asked_for() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let addr = listener.local_addr().expect("its address");
        let source = IpAddr::from([127, 0, 0, 9]);
        let stream = connect_from(source, addr).expect("under way");
        let (_, from) = listener.accept().expect("a connection");
        assert_eq!(from.ip(), source);
        assert_eq!(stream.local_addr().expect("its end"), from);
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        assert!(connect_from(elsewhere, addr).is_err(), "not this machine's");
    }
}
