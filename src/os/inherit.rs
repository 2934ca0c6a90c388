//! Descriptors that a process is started with, and those that it hands down.
#![allow(unsafe_code)]

use super::local::bound;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::socket_acceptconn;
use std::env;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The first descriptor that is handed down by `LISTEN_FDS`.
const FIRST: RawFd = 3;

/// Takes over a descriptor that this process was started with.
///
/// # Errors
/// There is none of that number, or it is this process's own: all of those are
/// closed on `exec`, and so is this one once it has been taken.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    if number < FIRST {
        return Err(not_handed_down(number));
    }
    // SAFETY: the call looks at a number and touches no memory.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags == -1 {
        return Err(io::Error::last_os_error());
    }
    if flags & libc::FD_CLOEXEC != 0 {
        return Err(not_handed_down(number));
    }
    // SAFETY: it is open, and nobody in this process owns it: whatever opens a
    // descriptor here sets the flag, and so does the next line.
    let taken = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&taken, FdFlags::CLOEXEC)?;
    Ok(taken)
}

fn not_handed_down(number: RawFd) -> io::Error {
    let why = format!("descriptor {number} was not handed down");
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Takes over a listening socket that this process was started with.
///
/// # Errors
/// See [`take`]; or it is no socket of TCP and no unix socket.
pub fn take_listener(number: RawFd) -> io::Result<OwnedFd> {
    let listener = take(number)?;
    bound(&listener)?;
    Ok(listener)
}

/// Keeps what this process was started with, but for the standard streams, from
/// the programs that it starts: a pipe of a shell, say, that somebody waits for.
/// Systems before Linux 5.11 cannot; they hand it down as ever.
pub fn keep_all() {
    let (first, last) = (FIRST.unsigned_abs(), libc::c_uint::MAX);
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: the call sets a flag of descriptors and touches no memory.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
}

/// Does `work`, which starts a program, with `handed` left open in it. Only for
/// a process of one thread: another one's programs would get them, too.
///
/// # Errors
/// What the system says; what `work` says.
pub fn handing_down<T>(
    handed: &[BorrowedFd<'_>],
    work: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    for descriptor in handed {
        fcntl_setfd(descriptor, FdFlags::empty())?;
    }
    let done = work();
    for descriptor in handed {
        fcntl_setfd(descriptor, FdFlags::CLOEXEC)?;
    }
    done
}

/// The number by which a descriptor is handed down.
#[must_use]
pub fn number(descriptor: impl AsFd) -> RawFd {
    descriptor.as_fd().as_raw_fd()
}

/// Takes over the sockets of a socket unit: `LISTEN_FDS` of them, if
/// `LISTEN_PID` is this process (`sd_listen_fds(3)`).
///
/// # Errors
/// One of them is no socket of TCP and no unix socket, or does not listen.
pub fn activated() -> io::Result<Vec<OwnedFd>> {
    let listening = |number| {
        let socket = take_listener(number)?;
        if socket_acceptconn(&socket)? {
            return Ok(socket);
        }
        let why = "it does not listen: a socket unit wants Accept=no";
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    };
    (FIRST..FIRST + activated_count()).map(listening).collect()
}

/// How many sockets of a socket unit this process was started with.
#[must_use]
pub fn activated_count() -> RawFd {
    let value = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    if value("LISTEN_PID") != Some(std::process::id()) {
        return 0;
    }
    let count = value("LISTEN_FDS").and_then(|count| RawFd::try_from(count).ok());
    count.map_or(0, |count| count.clamp(0, RawFd::MAX - FIRST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn only_what_was_handed_down_is_taken() {
        let own = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let error = take(number(&own)).expect_err("it is owned here");
        assert!(error.to_string().contains("not handed down"), "{error}");
        assert!(take(0).is_err() && take(-1).is_err() && take(1 << 20).is_err());
    }
}
