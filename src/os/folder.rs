//! What is in a folder below a root, and never outside it.

use super::beneath;
use rustix::fs::{self, AtFlags, Dir, FileType, OFlags, Stat};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Something with a name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name, which may be any bytes but a slash and NUL.
    pub name: Box<[u8]>,
    /// It is a folder; else a regular file.
    pub is_folder: bool,
    /// Length in bytes; of a folder, what the system says.
    pub len: u64,
    /// When it was last modified: seconds since 1970.
    pub modified_s: i64,
}

/// At most so many files and folders of the folder at `path`, relative to
/// `root`, after looking at so many names, in no order; and whether there are
/// more. A link is what it leads to, as long as that is below the root;
/// devices, sockets and the like are left out, and so is what is `hidden`: a
/// name that it says so of is not even looked at.
///
/// # Errors
/// What the system says; `ENOTDIR` for what is no folder.
pub fn list_beneath(
    root: BorrowedFd<'_>,
    path: &[u8],
    most: usize,
    looks: usize,
    hidden: impl Fn(&[u8]) -> bool,
) -> io::Result<(Vec<Named>, bool)> {
    let here = if path.is_empty() { &b"."[..] } else { path };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = beneath::open(root, here, flags)?;
    let mut named = Vec::new();
    let mut looked = 0;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        if looked == looks || named.len() == most {
            return Ok((named, true));
        }
        looked += 1;
        if hidden(name) {
            continue;
        }
        named.extend(look(root, path, &folder, name));
    }
    Ok((named, false))
}

/// What a name stands for, if that is to be told. It may be gone by now.
fn look(root: BorrowedFd<'_>, path: &[u8], folder: &OwnedFd, name: &[u8]) -> Option<Named> {
    let mut stat = fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if kind(&stat) == FileType::Symlink {
        // Only to look at: nothing is opened that a look could wake.
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let slash = !path.is_empty() && !path.ends_with(b"/");
        let way = [path, if slash { b"/" } else { b"" }, name].concat();
        stat = fs::fstat(beneath::open(root, &way, flags).ok()?).ok()?;
    }
    let is_folder = match kind(&stat) {
        FileType::Directory => true,
        FileType::RegularFile => false,
        _ => return None,
    };
    Some(Named {
        name: name.into(),
        is_folder,
        len: u64::try_from(stat.st_size).unwrap_or(0),
        modified_s: stat.st_mtime,
    })
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}
