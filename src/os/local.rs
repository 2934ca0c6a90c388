//! Unix sockets to listen on, and their files.

use rustix::fs::{Mode, fchmod};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where a socket is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A unix socket: the path of its file, or `@` and its name.
    Unix(PathBuf),
}

/// Says where a stream socket is bound to.
///
/// # Errors
/// It is no stream socket, or bound to nothing that this program knows.
pub fn bound(socket: impl AsFd) -> io::Result<Bound> {
    let socket = SockRef::from(&socket);
    let addr = socket.local_addr()?;
    if socket.r#type()? != Type::STREAM {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is no stream socket",
        ));
    }
    if let Some(addr) = addr.as_socket() {
        return Ok(Bound::Ip(addr));
    }
    let name = || Some([b"@", addr.as_abstract_namespace()?].concat());
    let name = || Some(PathBuf::from(std::ffi::OsStr::from_bytes(&name()?)));
    let path = addr.as_pathname().map(Path::to_owned).or_else(name);
    path.map(Bound::Unix)
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it is bound to no address"))
}

/// A unix socket at a path, or at a name behind an `@`, which does not listen
/// yet, and its file, if it has one. A file that nobody listens at any more is
/// replaced.
///
/// # Errors
/// `AddrInUse`: somebody listens there. `AlreadyExists`: there is a file that is
/// no socket. What the system says.
pub fn prepare(path: &Path, mode: u32) -> io::Result<(OwnedFd, Option<SocketFile>)> {
    let bytes = path.as_os_str().as_bytes();
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if let Some(name) = bytes.strip_prefix(b"@") {
        let name = [b"\0", name].concat();
        socket.bind(&SockAddr::unix(std::ffi::OsStr::from_bytes(&name))?)?;
        return Ok((socket.into(), None));
    }
    clear(path)?;
    // The file gets no more than the socket has: at no moment is it open to
    // more users than it should.
    fchmod(&socket, Mode::from_raw_mode(mode))?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::at(path)?;
    file.set_mode(mode)?;
    Ok((socket.into(), Some(file)))
}

/// Removes the file of a socket that nobody listens at.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(known) if !known.file_type().is_socket() => {
            return Err(ErrorKind::AlreadyExists.into());
        }
        Ok(_) => {}
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    let connected = probe.connect(&SockAddr::unix(path)?);
    match connected.map_err(|error| (Errno::from_io_error(&error), error)) {
        Err((Some(Errno::CONNREFUSED), _)) => remove(path),
        Err((Some(Errno::NOENT), _)) => Ok(()),
        Err((Some(Errno::ACCESS), error)) => Err(error),
        // It is there, or has more clients waiting than it takes, or is of
        // another kind.
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file of a unix socket. Owns it: it is removed when this is dropped,
/// unless another one has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

/// Numbers of files are used again; the time tells them apart.
type Identity = (u64, u64, i64, i64);

impl SocketFile {
    /// The file that is at `path`, whoever has made it.
    ///
    /// # Errors
    /// What the system says.
    pub fn at(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path.to_owned(),
            identity: identity(&fs::symlink_metadata(path)?),
        })
    }

    /// Sets who may connect.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path);
        if now.is_ok_and(|now| identity(&now) == self.identity) {
            let _ = remove(&self.path); // the next one replaces it
        }
    }
}

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino(), file.mtime(), file.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::socket::begin_listening;

    #[test]
    fn a_file_that_nobody_listens_at_is_replaced_and_no_other() {
        let folder = std::env::temp_dir().join(format!("pelton-local-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("socket");
        let (first, file) = prepare(&path, 0o600).expect("a free path");
        let first_file = file.expect("it has a file");
        assert_eq!(bound(&first).expect("a path"), Bound::Unix(path.clone()));
        let mode = fs::metadata(&path).expect("the file").mode();
        assert_eq!(mode & 0o777, 0o600);
        begin_listening(&first).expect("listening");
        let error = prepare(&path, 0o600).expect_err("somebody listens");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        drop(first);
        let (_second, second_file) = prepare(&path, 0o666).expect("nobody listens any more");
        drop(first_file);
        assert!(path.exists(), "it is another one's");
        drop(second_file);
        assert!(!path.exists(), "whoever made it removes it");
        fs::write(&path, "text").expect("a file");
        let error = prepare(&path, 0o600).expect_err("it is no socket");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_name_has_no_file() {
        let name = PathBuf::from(format!("@pelton-local-{}", std::process::id()));
        let (first, file) = prepare(&name, 0o600).expect("a free name");
        assert!(file.is_none());
        assert_eq!(bound(&first).expect("a name"), Bound::Unix(name.clone()));
        let error = prepare(&name, 0o600).expect_err("it is taken");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }
}
