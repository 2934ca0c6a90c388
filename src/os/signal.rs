//! Signals that are read like a file, and none lost while a program is
//! replaced.
#![allow(unsafe_code)]

use rustix::process::Signal;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// Signals that wait until they are read. They stay blocked, in programs that
/// replace this one as well: what comes in between is read there.
#[derive(Debug)]
pub struct Signals {
    descriptor: OwnedFd,
}

impl Signals {
    /// Blocks these signals, in this thread and those that it starts, and
    /// gathers them.
    ///
    /// # Errors
    /// What the system says.
    pub fn block(signals: &[Signal]) -> io::Result<Signals> {
        let mut set = empty_set();
        if signals.contains(&Signal::CHILD) {
            // Whoever has started this may have ignored it, which is inherited: the
            // system would then not tell of children at all.
            // SAFETY: the default takes the place of a number, and of no handler.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
        }
        for signal in signals {
            // SAFETY: the set is a live one; a wrong number is an error.
            unsafe { libc::sigaddset(&raw mut set, signal.as_raw()) };
        }
        set_mask(libc::SIG_BLOCK, &set)?;
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: the set is a live one.
        let descriptor = unsafe { libc::signalfd(-1, &raw const set, flags) };
        if descriptor == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was opened in the line above, and nobody else has it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Signals { descriptor })
    }

    /// The next signal that has come; `None` if there is none.
    #[must_use]
    pub fn next(&self) -> Option<Signal> {
        let mut told = [0; size_of::<libc::signalfd_siginfo>()];
        loop {
            match rustix::io::read(&self.descriptor, &mut told) {
                Ok(count) if count == told.len() => break,
                Err(rustix::io::Errno::INTR) => {}
                _ => return None,
            }
        }
        // Its number comes first.
        let number = told.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes));
        number.and_then(Signal::from_named_raw)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Lets all signals in that whoever started this program had blocked.
///
/// # Errors
/// What the system says.
pub fn unblock() -> io::Result<()> {
    set_mask(libc::SIG_SETMASK, &empty_set())
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the call fills the set in, and does not fail.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

fn set_mask(how: libc::c_int, set: &libc::sigset_t) -> io::Result<()> {
    // SAFETY: the set is a live one, and the old one is not asked for.
    match unsafe { libc::pthread_sigmask(how, set, ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
