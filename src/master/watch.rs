//! What a serving process listens to beside its sockets: signals, and its
//! master; how it tells that its loops turn, and how it stays small.

use super::child::ALIVE;
use super::journal::Journal;
use crate::base::limits::HEAP_TRIM_MS;
use crate::engine::Handle;
use crate::os::{heap, notify};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// What a serving process listens to.
pub(super) const SIGNALS: [i32; 6] = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2];

/// Who looks after this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// A master.
    Master,
    /// Nobody but the service manager, if there is one.
    Nobody,
}

/// TERM and INT stop at once, QUIT when what is under way is done; a second
/// one does not wait for that.
pub(super) fn signals(
    signals: Signals,
    server: Handle,
    journal: Journal,
    keeper: Keeper,
) -> io::Result<()> {
    start("pelton-signals", move || {
        obey(signals, &server, journal, keeper)
    })
}

fn obey(mut signals: Signals, server: &Handle, mut journal: Journal, keeper: Keeper) {
    let stopping = || match keeper {
        Keeper::Master => {}
        Keeper::Nobody => tell("STOPPING=1"),
    };
    for signal in signals.forever() {
        match (signal, keeper) {
            (SIGQUIT, _) => {
                log::info!("QUIT: finishing what is under way");
                stopping();
                server.drain();
            }
            (SIGUSR1, _) => {
                journal.reopen();
                server.reopen_access_log();
            }
            // A terminal that goes away tells all processes of it.
            (SIGHUP | SIGUSR2, Keeper::Master) => {}
            (SIGHUP, _) => log::info!("HUP: there is no master process to reload; ignored"),
            (SIGUSR2, _) => log::info!("USR2: there is no master process to upgrade; ignored"),
            _ => {
                log::info!("stopping");
                stopping();
                server.stop();
            }
        }
    }
}

/// Finishes what is under way when the master is gone, and tells it of loops
/// that turn, where somebody wants to hear of that.
pub(super) fn master(control: UnixStream, server: Handle) -> io::Result<()> {
    let every = notify::watchdog().map(often);
    control.set_read_timeout(every)?;
    start("pelton-master", move || watch_master(control, &server))
}

fn watch_master(mut control: UnixStream, server: &Handle) {
    let mut pulse = server.pulse();
    loop {
        match control.read(&mut [0; 64]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if pulse.has_moved() && control.write(&[ALIVE]).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    log::error!("the master is gone: finishing what is under way");
    server.drain();
}

/// Tells the service manager of loops that turn, if it wants to hear of them.
pub(super) fn watchdog(server: &Handle) -> io::Result<()> {
    let Some(every) = notify::watchdog().map(often) else {
        return Ok(());
    };
    let mut pulse = server.pulse();
    start("pelton-watchdog", move || {
        loop {
            if pulse.has_moved() {
                tell("WATCHDOG=1");
            }
            thread::sleep(every);
        }
    })
}

/// Gives memory back that a burst has left free in the heap. What is counted is
/// then what is held, for as long as the server runs.
pub(super) fn heap() -> io::Result<()> {
    start("pelton-heap", || {
        while heap::give_back() {
            thread::sleep(Duration::from_millis(HEAP_TRIM_MS));
        }
    })
}

/// Tells the service manager, if there is one. That it cannot be told is in the
/// log once, until it can.
pub(super) fn tell(words: &str) {
    static IS_DEAF: AtomicBool = AtomicBool::new(false);
    let told = notify::send(words);
    let was_deaf = IS_DEAF.swap(told.is_err(), Ordering::Relaxed);
    if let (Err(error), false) = (told, was_deaf) {
        log::warn!("the service manager could not be told {words:?}: {error}");
    }
}

/// Several times within what the service manager waits for.
fn often(limit: Duration) -> Duration {
    (limit / 4).max(Duration::from_millis(1))
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map(drop)
}
