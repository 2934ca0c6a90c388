//! A look at the disk: what lies at a path, and ready-made in other codings
//! beside it.

use super::squeeze::digest;
use crate::base::limits::FILE_CACHED_BYTES_MAX;
use crate::base::tick::Time;
use crate::http::coding::{BESIDE, Coding, plain_name};
use crate::os::file::{self, Identity, Opened};
use crate::service::{Content, FileError, Meta, Variant};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// Times that a file which changes under the reader is read again.
const READ_TRIES: usize = 3;

/// What a look has found.
pub(super) struct Looked {
    /// The plain file, if it is there, ahead of all others; never empty.
    pub(super) files: Vec<Lying>,
    /// The name of the folder's index that it is, likewise.
    pub(super) index: Option<Arc<[u8]>>,
    /// When the root was last looked at.
    pub(super) checked: Time,
}

/// A file, open, and the coding that it is in.
pub(super) struct Lying {
    pub(super) coding: Coding,
    pub(super) file: OwnedFd,
    pub(super) identity: Identity,
}

/// What lies at `path` below a root. With `beside` what lies ready-made beside it
/// goes along, and will do by itself; how old that is does not matter: who made
/// it sees to it that both say the same.
pub(super) fn look_at(
    folder: &OwnedFd,
    path: &[u8],
    beside: bool,
) -> Result<Vec<Lying>, FileError> {
    let beside = beside && plain_name(path).is_none();
    let mut files = match open(folder, path, Coding::Identity) {
        Ok(plain) => vec![plain],
        Err(FileError::NotFound) if beside => Vec::new(),
        Err(error) => return Err(error),
    };
    let ends = BESIDE.iter().filter(|_| beside);
    for (coding, end) in ends {
        match open(folder, &[path, end].concat(), *coding) {
            Ok(ready) => files.push(ready),
            Err(FileError::NotFound | FileError::Directory | FileError::Forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    match files.is_empty() {
        true => Err(FileError::NotFound),
        false => Ok(files),
    }
}

fn open(folder: &OwnedFd, path: &[u8], coding: Coding) -> Result<Lying, FileError> {
    match file::open_beneath(folder.as_fd(), path).map_err(|error| why(&error))? {
        Opened::File(file, identity) => Ok(Lying {
            coding,
            file,
            identity,
        }),
        Opened::Directory => Err(FileError::Directory),
        Opened::Other => Err(FileError::NotFound),
    }
}

/// Reads a small file, or keeps a large one open. A file that is being rewritten
/// is read again, for what was read must be all of one state. What is in memory
/// takes from the `room`.
pub(super) fn read(
    lying: Lying,
    room: &mut usize,
    digests: bool,
) -> Result<(Variant, Identity), FileError> {
    let Lying {
        coding,
        file,
        mut identity,
    } = lying;
    let variant = |content, identity, digest| Variant {
        coding,
        meta: meta_of(identity),
        content,
        digest,
        prepared: None,
    };
    for _ in 0..READ_TRIES {
        let len = usize::try_from(identity.len).unwrap_or(usize::MAX);
        if len > FILE_CACHED_BYTES_MAX.min(*room) {
            break;
        }
        let mut bytes = vec![0; len];
        let count = file::read_at(&file, &mut bytes, 0).map_err(|_| FileError::Broken)?;
        let after = file::identity(&file).map_err(|_| FileError::Broken)?;
        if after == identity && count == len {
            *room -= len;
            let digest = digests.then(|| digest(&bytes));
            let variant = variant(Content::Memory(bytes.into()), identity, digest);
            return Ok((variant, identity));
        }
        identity = after;
    }
    Ok((
        variant(Content::File(Arc::new(file)), identity, None),
        identity,
    ))
}

fn meta_of(identity: Identity) -> Meta {
    let (seconds, modified_ns) = identity.modified;
    Meta {
        len: identity.len,
        modified_s: u64::try_from(seconds).unwrap_or(0),
        modified_ns,
    }
}

pub(super) fn why(error: &io::Error) -> FileError {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => FileError::Forbidden,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN) => FileError::Busy,
        Some(Errno::IO) => FileError::Broken,
        // XDEV: the path leaves the root. NXIO: a socket. And the like.
        _ => FileError::NotFound,
    }
}
