//! Opening files below a root, and never outside it.

use super::beneath;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
    /// Length in bytes.
    pub len: u64,
    /// When the content was last modified: seconds since 1970, and the rest in
    /// nanoseconds.
    pub modified: (i64, u32),
    changed: (i64, u32),
}

/// What tells one folder from another, whatever they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    device: u64,
    inode: u64,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Opened {
    /// A regular file.
    File(OwnedFd, Identity),
    /// A folder.
    Directory,
    /// A FIFO, a device, a socket.
    Other,
}

/// Opens a folder as a root for [`open_beneath`].
///
/// # Errors
/// What the system says.
pub fn open_root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(fs::open(path, flags, Mode::empty())?)
}

/// The folder that is at `path`.
///
/// # Errors
/// What the system says; `ENOTDIR` for what is no folder.
pub fn place_at(path: &Path) -> io::Result<Place> {
    let stat = fs::statat(fs::CWD, path, AtFlags::empty())?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Ok(place_of(&stat)),
        _ => Err(Errno::NOTDIR.into()),
    }
}

/// Which folder an open one is.
///
/// # Errors
/// What the system says.
pub fn place(folder: impl AsFd) -> io::Result<Place> {
    Ok(place_of(&fs::fstat(folder)?))
}

/// Opens `path`, relative to `root`, for reading. Symbolic links are followed
/// where they end below the root; nothing outside it is ever opened, and nothing
/// blocks.
///
/// # Errors
/// What the system says; `EXDEV` for a path that leaves the root.
pub fn open_beneath(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<Opened> {
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = beneath::open(root, path, flags)?;
    let stat = fs::fstat(&file)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Opened::File(file, identity_of(&stat)),
        FileType::Directory => Opened::Directory,
        _ => Opened::Other,
    })
}

/// The state of an open file now.
///
/// # Errors
/// What the system says.
pub fn identity(file: impl AsFd) -> io::Result<Identity> {
    Ok(identity_of(&fs::fstat(file)?))
}

/// Reads a file from byte `at` on into `buffer`; returns how much there was.
///
/// # Errors
/// What the system says.
pub fn read_at(file: impl AsFd, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match rustix::io::pread(&file, &mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// Whether `path` is a folder.
#[must_use]
pub fn is_directory(path: &Path) -> bool {
    place_at(path).is_ok()
}

fn place_of(stat: &Stat) -> Place {
    Place {
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}

fn identity_of(stat: &Stat) -> Identity {
    Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
        len: u64::try_from(stat.st_size).unwrap_or(0),
        modified: (stat.st_mtime, stat.st_mtime_nsec as u32),
        changed: (stat.st_ctime, stat.st_ctime_nsec as u32),
    }
}
