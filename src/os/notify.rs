//! Words to the service manager (`sd_notify(3)`).

use rustix::time::{ClockId, clock_gettime};
use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::os::unix::process::parent_id;
use std::process;
use std::time::Duration;

/// Sends `words`, lines such as `READY=1`, to the service manager that has
/// started this process; to nobody if none has.
///
/// # Errors
/// What the system says.
pub fn send(words: &str) -> io::Result<()> {
    let Some(path) = env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(&path)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(words.as_bytes(), &address).map(drop)
}

/// How often the service manager wants to hear of this process at least.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    let number = |name: &str| {
        env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let micros = number("WATCHDOG_USEC").filter(|micros| *micros > 0)?;
    // Of this process, or of the master that has started it; what a program in
    // between has left in the environment is meant for that one.
    let meant = number("WATCHDOG_PID");
    let ours = [process::id(), parent_id()].map(u64::from);
    let is_ours = meant.is_none_or(|pid| ours.contains(&pid));
    is_ours.then_some(Duration::from_micros(micros))
}

/// The monotonic clock in microseconds, as the service manager reads it.
#[must_use]
pub fn monotonic_us() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}
