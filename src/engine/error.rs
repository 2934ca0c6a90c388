//! Why a server could not be started.

use crate::config::Address;
use std::io;

/// Why a server could not be started: one line that says what to do.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Listen(Address, io::Error),
    /// An address cannot speak the framing that it is to; why, and what to do.
    Framing(Address, String),
    /// The root of a site cannot be opened.
    Root(std::path::PathBuf, io::Error),
    /// The access log cannot be written.
    AccessLog(std::path::PathBuf, io::Error),
    /// The system gives no thread, no poll, no descriptor.
    System(io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Listen(addr, error) => {
                write!(f, "cannot listen on {addr}: ")?;
                match told(addr, error.kind()) {
                    Some(why) => f.write_str(why),
                    None => error.fmt(f),
                }
            }
            StartError::Framing(addr, why) => write!(f, "cannot listen on {addr}: {why}"),
            StartError::Root(path, error) => write!(
                f,
                "cannot serve the folder {path:?}: {error}; name one that is there: pelton serve DIR"
            ),
            StartError::AccessLog(path, error) => {
                let name = path.display();
                write!(f, "cannot write the log {name}: {error}; see log.access")
            }
            StartError::System(error) => write!(f, "cannot start: {error}"),
        }
    }
}

/// Why an address cannot be listened on, where there is something to do about it.
fn told(addr: &Address, kind: io::ErrorKind) -> Option<&'static str> {
    Some(match (addr, kind) {
        (_, io::ErrorKind::AddrInUse) => {
            "another program does already; stop it, or choose another address"
        }
        (Address::Ip(_), io::ErrorKind::PermissionDenied) => {
            "not permitted; choose a port from 1024 up"
        }
        (Address::Ip(_), io::ErrorKind::AddrNotAvailable) => {
            "this machine does not have that address"
        }
        (Address::Unix(_), io::ErrorKind::PermissionDenied) => {
            "not permitted; choose a folder that this user may write to"
        }
        (Address::Unix(_), io::ErrorKind::NotFound) => {
            "its folder is not there; make it, or choose another one"
        }
        (Address::Unix(_), io::ErrorKind::AlreadyExists) => {
            "there is a file that is no socket; remove it, or choose another path"
        }
        _ => return None,
    })
}

impl std::error::Error for StartError {}
