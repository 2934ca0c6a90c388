//! A serving process, as its master sees it.

use super::handoff::{Handoff, Inherited, TO_MASTER, TO_SERVING};
use crate::base::limits::LEAVE_MS;
use crate::base::tick::Millis;
use crate::os::{heap, inherit};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use std::fmt::{self, Display};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a serving process shows to `ps`.
const TITLE: &str = "pelton: serving process";
/// It writes this when every loop has turned once,
pub(super) const READY: u8 = b'R';
/// and this, as often as the service manager wants to hear of it, if all of
/// them still do.
pub(super) const ALIVE: u8 = b'W';

/// One serving process. Owns its control pipe: when the master is gone, the
/// process reads its end, and drains.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    control: UnixStream,
    /// Its end of the pipe is closed: it has ended, or is about to.
    pub(super) is_mute: bool,
    /// When it was started, or came up.
    pub(super) since: Instant,
    /// When it is killed, if it is on its way out.
    pub(super) overdue: Option<Instant>,
}

/// What a serving process has said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) ready: bool,
    pub(super) alive: bool,
}

/// Variables of the environment that are the master's alone.
const NOT_HANDED_ON: [&str; 6] = [
    TO_MASTER,
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "NOTIFY_SOCKET",
];

impl Child {
    /// Starts one. `handed`: the descriptors that `handoff` names, but for the
    /// control pipe.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn start(
        program: &Path,
        mut handoff: Handoff,
        handed: Vec<BorrowedFd<'_>>,
    ) -> io::Result<Child> {
        let (control, theirs) = UnixStream::pair()?;
        control.set_nonblocking(true)?;
        handoff.control = Some(inherit::number(&theirs));
        let mut command = Command::new(program);
        command.arg0(TITLE).stdin(Stdio::null());
        command.env(TO_SERVING, handoff.encode());
        command.envs(heap::tuning());
        for name in NOT_HANDED_ON {
            command.env_remove(name);
        }
        let mut handed = handed;
        handed.push(theirs.as_fd());
        let spawned = inherit::handing_down(&handed, || command.spawn())?;
        Ok(Child {
            pid: Pid::from_child(&spawned),
            control,
            is_mute: false,
            since: Instant::now(),
            overdue: None,
        })
    }

    /// One that the last program of this process has started.
    pub(super) fn inherited(child: &Inherited, now: Instant) -> io::Result<Child> {
        let pid = Pid::from_raw(child.pid).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Child {
            pid,
            control: UnixStream::from(inherit::take(child.control)?),
            is_mute: false,
            since: now,
            overdue: child
                .leaving_ms
                .map(|left| now + Duration::from_millis(left)),
        })
    }

    /// As it is handed to the next program of this process.
    pub(super) fn handed(&self, now: Instant) -> Inherited {
        let left = |due: Instant| due.saturating_duration_since(now).as_millis() as u64;
        Inherited {
            pid: self.pid.as_raw_nonzero().get(),
            control: inherit::number(&self.control),
            leaving_ms: self.overdue.map(left),
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Signals it; one that has ended just now does not mind.
    pub(super) fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process(self.pid, signal) {
            log::debug!("process {} could not be signalled: {error}", self.pid);
        }
    }

    /// Tells it to finish what is under way, and go.
    pub(super) fn dismiss(&mut self, drain: Millis) {
        self.signal(Signal::QUIT);
        let patience = Duration::from_millis(drain.0.saturating_add(LEAVE_MS));
        self.overdue = Some(Instant::now() + patience);
    }

    /// What it has said since it was last asked.
    pub(super) fn hear(&mut self) -> Said {
        let mut said = Said::default();
        let mut bytes = [0; 64];
        loop {
            match self.control.read(&mut bytes) {
                Ok(0) => self.is_mute = true,
                Ok(count) => {
                    said.ready |= bytes[..count].contains(&READY);
                    said.alive |= bytes[..count].contains(&ALIVE);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.is_mute = true,
            }
            return said;
        }
    }

    /// How it has ended, once it has.
    pub(super) fn reap(&self) -> Option<Ending> {
        match waitpid(Some(self.pid), WaitOptions::NOHANG) {
            Ok(None) => None,
            Ok(Some((_, status))) => Some(Ending(Some(status))),
            Err(rustix::io::Errno::INTR) => None,
            // It is nobody's child, or not there.
            Err(_) => Some(Ending(None)),
        }
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }
}

/// How a serving process has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending(Option<WaitStatus>);

impl Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.0.and_then(|status| status.exit_status());
        let signal = self.0.and_then(|status| status.terminating_signal());
        match (status, signal) {
            (Some(status), _) => write!(f, "ended with status {status}"),
            (_, Some(signal)) => write!(f, "was ended by signal {signal}"),
            _ => f.write_str("is gone"),
        }
    }
}
