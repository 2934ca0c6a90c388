//! Files, as a service sees them: looked up by path, already opened and
//! perhaps already read by whoever owns them.

use crate::base::tick::Time;
use crate::http::coding::Coding;
use std::ops::{Deref, Range};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Length in bytes.
    pub len: u64,
    /// When the content was last modified: seconds since 1970, never negative.
    pub modified_s: u64,
    /// The rest of that time, in nanoseconds.
    pub modified_ns: u32,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub enum Content {
    /// Read, and held in memory.
    Memory(Bytes),
    /// Open, to be sent from the disk.
    File(Arc<OwnedFd>),
}

/// The end of a block of memory that is shared. Reads as a slice.
///
/// ```text
///  0          start                    len of the block
///  +-----------+-------------------------+
///  | something |  these bytes            |
///  +-----------+-------------------------+
/// ```
#[derive(Clone, Debug)]
pub struct Bytes {
    block: Arc<[u8]>,
    start: usize,
}

impl Bytes {
    /// What stands in `block` from `start` on, which must lie within it.
    #[must_use]
    pub fn behind(block: Arc<[u8]>, start: usize) -> Bytes {
        debug_assert!(start <= block.len());
        Bytes { block, start }
    }

    /// The whole block, and where in it these bytes start.
    #[must_use]
    pub fn block(&self) -> (&Arc<[u8]>, usize) {
        (&self.block, self.start)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes::behind(bytes.into(), 0)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.block[self.start..]
    }
}

/// A file that was found, in one content coding or in several.
#[derive(Debug)]
pub struct Found {
    /// The plain file; where that is missing, the first that there is.
    pub main: Variant,
    /// The same in other codings, each of them once.
    pub others: Vec<Variant>,
    /// What is sent may depend on Accept-Encoding, now or later.
    pub varies: bool,
    /// The name of the folder's index that this is, where the path is that of
    /// a folder.
    pub index: Option<Arc<[u8]>>,
}

impl Found {
    /// All that there is, the main one first.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        std::iter::once(&self.main).chain(&self.others)
    }

    /// The same, to be changed.
    pub fn variants_mut(&mut self) -> impl Iterator<Item = &mut Variant> {
        std::iter::once(&mut self.main).chain(&mut self.others)
    }
}

/// A file as it is in one content coding.
#[derive(Debug)]
pub struct Variant {
    /// Which one.
    pub coding: Coding,
    /// Length and time.
    pub meta: Meta,
    /// Where the bytes are.
    pub content: Content,
    /// What the bytes come to, where that was asked for and is known.
    pub digest: Option<Digest>,
    /// What the service has made ready for it. It is dropped when the file has
    /// changed.
    pub prepared: Option<Prepared>,
}

/// The first 128 bits of the SHA-256 of some bytes.
pub type Digest = [u8; 16];

/// The usual answer with a file, made once and copied per request.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// `200 OK` with every field, up to and with the empty line; behind it the
    /// file itself, if that is small: in the one block that its content is in.
    pub answer: Arc<[u8]>,
    /// Bytes of the head.
    pub head_len: usize,
    /// Where the 29 bytes of the date stand.
    pub date_at: usize,
    /// Where the lines stand that 206 and 304 have as well.
    pub cache_lines: Range<usize>,
    /// The entity tag, in its quotes; empty where the bytes are to tell and are
    /// not known.
    pub etag: Box<[u8]>,
    /// The time that conditions by date go by, in seconds since 1970, where
    /// there is one to be trusted.
    pub modified_s: Option<u64>,
    /// What kind of file it is.
    pub media_type: Arc<str>,
    /// No rule of the site leads away from the path: a request for it may be
    /// answered without a look at them.
    pub direct: bool,
}

impl Prepared {
    /// The field lines that caches go by, each with its CRLF: what of them goes
    /// with 200 goes with 206 and 304 too (RFC 9110 15.3.7 and 15.4.5).
    #[must_use]
    pub fn cache_lines(&self) -> &[u8] {
        &self.answer[self.cache_lines.clone()]
    }
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name: any bytes but a slash and control characters.
    pub name: Box<[u8]>,
    /// It is a folder; else a file.
    pub is_folder: bool,
    /// Length in bytes; of a folder it says nothing.
    pub len: u64,
    /// When it was last modified: seconds since 1970, never negative.
    pub modified_s: u64,
}

/// What is in a folder: files and folders, in no order.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// At most as many as a listing shows.
    pub entries: Vec<Entry>,
    /// There is more than that.
    pub more: bool,
    /// What the service has made of it. It is dropped within a second.
    pub prepared: Option<Arc<[u8]>>,
}

/// Why a path gives no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// There is nothing there, or nothing that is a file.
    NotFound,
    /// It is a folder.
    Directory,
    /// It may not be read.
    Forbidden,
    /// There are no file descriptors or no memory left.
    Busy,
    /// The disk failed.
    Broken,
}

/// Finds files below the roots of the sites. Implemented once per worker and
/// once per pool thread, and handed in with the call.
pub trait Files {
    /// The file at `path`, decoded and without dot segments, below the root of
    /// site number `root`. A path that ends in `/` names the folder's index.
    ///
    /// # Errors
    /// Why there is none: see [`FileError`].
    fn find(&mut self, root: usize, path: &[u8], now: Time) -> Result<&mut Found, FileError>;

    /// The same if it is known, and was looked at so lately that the disk need
    /// not be asked; `None` says nothing about the file.
    fn known(&mut self, root: usize, path: &[u8], now: Time) -> Option<&mut Found> {
        let _ = (root, path, now);
        None
    }

    /// What is in the folder at `path`, which ends in `/`, below the root of
    /// site number `root`; names that begin with a dot only if they are wanted
    /// too. Links that lead out of the root are not in it.
    ///
    /// # Errors
    /// Why there is none: see [`FileError`].
    fn list(
        &mut self,
        root: usize,
        path: &[u8],
        hidden: bool,
        now: Time,
    ) -> Result<&mut Folder, FileError> {
        let _ = (root, path, hidden, now);
        Err(FileError::NotFound)
    }
}
