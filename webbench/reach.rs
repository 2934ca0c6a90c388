//! Before a run: what this machine allows, and whether the server is there.

use crate::plan::Machine;
use pelton::os::process::raise_open_files;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::thread::available_parallelism;
use std::time::Duration;

/// A server that does not take a connection for this long is not there.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Where Linux says which ports it gives to connections.
const PORTS_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// What this machine allows, after the limit of open files is raised.
pub(crate) fn machine() -> Machine {
    let range = std::fs::read_to_string(PORTS_FILE).unwrap_or_default();
    Machine {
        cpus: available_parallelism().map_or(1, usize::from),
        files: raise_open_files(),
        ports: count_ports(&range).unwrap_or(usize::MAX),
    }
}

/// Connects once, and says at which of its addresses the server is.
///
/// # Errors
/// A line that says what to look at.
pub(crate) fn server((host, port): (&str, u16)) -> Result<SocketAddr, String> {
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| format!("cannot find {host}: {error}; is it spelt so?"))?;
    let mut why = format!("{host} has no address");
    for addr in found {
        match TcpStream::connect_timeout(&addr, CONNECT_TIME) {
            Ok(_) => return Ok(addr),
            Err(error) => why = format!("no connection to {addr}: {}", plain(&error)),
        }
    }
    Err(why)
}

/// An error in words that say what to look at.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there; is the server up?".to_owned(),
        ErrorKind::TimedOut => "no answer; is the address right, and the way open?".to_owned(),
        _ => error.to_string(),
    }
}

/// How many ports there are from one to the other.
fn count_ports(range: &str) -> Option<usize> {
    let mut ends = range.split_whitespace().map(str::parse::<usize>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    (last + 1).checked_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_counted() {
        assert_eq!(count_ports("32768\t60999\n"), Some(28_232));
        assert_eq!(count_ports("1 1"), Some(1));
        assert_eq!(count_ports("5 1"), None);
        assert_eq!(count_ports(""), None);
    }
}
