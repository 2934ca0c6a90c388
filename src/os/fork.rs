//! A process of its own for a piece of work, in the fashion of `fork`.
#![allow(unsafe_code)]

use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};
use std::io;
use std::panic::{self, AssertUnwindSafe};

/// The exit status of a child whose work panicked, as of a program that does.
pub const PANICKED: i32 = 101;

/// A child process, which it owns: one that is dropped is killed and reaped.
///
/// ```
/// use pelton::os::fork;
/// use std::io::{self, Read, Write};
///
/// let (mut reader, mut writer) = io::pipe()?;
/// # // The tests of a documentation page may share a process with others.
/// # if std::fs::read_dir("/proc/self/task")?.count() != 1 { return Ok(()) }
/// let mut child = fork::fork(move || u8::from(writer.write_all(b"done").is_err()))?;
/// let mut told = String::new();
/// reader.read_to_string(&mut told)?;
/// assert_eq!((told.as_str(), child.wait()?), ("done", fork::Ending::Exited(0)));
/// # io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    ending: Option<Ending>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// Runs `work` in a child process, which ends with the status that it returns
/// (or with [`PANICKED`]) and is killed if this process ends before. What
/// `work` owns stays open in the child only.
///
/// # Errors
/// What the system says; `InvalidInput` where this process has a second thread:
/// the child would have a copy of its locks, held for ever.
pub fn fork(work: impl FnOnce() -> u8) -> io::Result<Child> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        let why = "only a process of one thread can be forked";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let parent = process::getpid();
    // SAFETY: this process has one thread, which is here and can start no
    // other in between. The child is thus a whole copy: no lock is held by a
    // thread that it lacks, and it may do what the parent may.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        be_child(parent, work);
    }
    match (pid > 0).then(|| Pid::from_raw(pid)).flatten() {
        Some(pid) => Ok(Child { pid, ending: None }),
        None => Err(io::Error::last_os_error()),
    }
}

/// The child's part. It does not return, nor unwind, into the frames that it
/// has from its parent: what they own is the parent's.
fn be_child(parent: Pid, work: impl FnOnce() -> u8) -> ! {
    let tied = process::set_parent_process_death_signal(Some(Signal::KILL));
    let status = if tied.is_err() || process::getppid() != Some(parent) {
        PANICKED // the parent has gone already
    } else {
        // Nobody sees what a panic leaves half done: the process ends.
        panic::catch_unwind(AssertUnwindSafe(work)).map_or(PANICKED, i32::from)
    };
    // SAFETY: `_exit` ends the process with all that is in it.
    unsafe { libc::_exit(status) }
}

impl Child {
    /// The id of the process; another's, perhaps, once it has been waited for.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends it a signal, unless it has been waited for.
    ///
    /// # Errors
    /// What the system says.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match self.ending {
            Some(_) => Ok(()),
            None => Ok(process::kill_process(self.pid, signal)?),
        }
    }

    /// Waits until it has ended, and says how.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&mut self) -> io::Result<Ending> {
        loop {
            if let Some(ending) = self.ending {
                return Ok(ending);
            }
            match process::waitpid(Some(self.pid), WaitOptions::empty()) {
                Ok(Some((_, status))) => self.ending = ending(status),
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ending.is_none() {
            // It may have ended by itself; there is nobody to tell of more.
            let _ = self.signal(Signal::KILL);
            let _ = self.wait();
        }
    }
}

fn ending(status: WaitStatus) -> Option<Ending> {
    let exited = status.exit_status().map(Ending::Exited);
    exited.or(status.terminating_signal().map(Ending::Killed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_process_with_threads_is_not_forked() {
        let (keep, wait) = mpsc::channel::<()>();
        let second = std::thread::spawn(move || wait.recv());
        let error = fork(|| 0).expect_err("there is a second thread");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        drop(keep);
        assert!(second.join().is_ok_and(|received| received.is_err()));
    }
}
