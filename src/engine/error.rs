//! Why a server could not be started.

use std::io;
use std::net::SocketAddr;

/// Why a server could not be started: one line that says what to do.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// An address cannot speak the framing that it is to; why, and what to do.
    Framing(SocketAddr, String),
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
            StartError::Listen(addr, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "cannot listen on {addr}: another program does already; stop it, or choose \
                 another address"
            ),
            StartError::Listen(addr, error) if error.kind() == io::ErrorKind::PermissionDenied => {
                write!(
                    f,
                    "cannot listen on {addr}: not permitted; choose a port from 1024 up"
                )
            }
            StartError::Listen(addr, error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                write!(
                    f,
                    "cannot listen on {addr}: this machine does not have that address"
                )
            }
            StartError::Listen(addr, error) => write!(f, "cannot listen on {addr}: {error}"),
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

impl std::error::Error for StartError {}
