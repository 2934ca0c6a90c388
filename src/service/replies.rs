//! What a service has to say, before any of it is written.
//!
//! ```text
//!  bytes:   |  head+body  |  head  |  head+body  | ...
//!                                  ^
//!  pieces:                  { at, Shared | File }
//! ```
//!
//! Small answers are copied one behind the other into `bytes`, so that those
//! of a pipelined batch leave in one write. Large bodies and files are pieces
//! that stand between two of the bytes.

use super::letter::{Letter, Recipients};
use crate::base::key::Peer;
use crate::base::limits::{COPY_BYTES_MAX, REPLIES_HIGH_BYTES, REPLIES_KEPT_BYTES};
use crate::frame::codec::TooLong;
use crate::frame::{Framing, Packed};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// A stretch of an answer that is not copied.
#[derive(Clone, Debug)]
pub enum Extent {
    /// Memory that others may share.
    Shared {
        /// The whole of it.
        data: Arc<[u8]>,
        /// First byte that belongs here.
        start: usize,
        /// One past the last.
        end: usize,
    },
    /// A stretch of an open file: where it starts and how long it is, in bytes.
    File {
        /// The file.
        file: Arc<OwnedFd>,
        /// First byte.
        offset: u64,
        /// Number of bytes.
        len: u64,
    },
}

/// An [`Extent`] and its place: ahead of the byte at `at`.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Number of copied bytes ahead of this piece.
    pub at: usize,
    /// What stands here.
    pub extent: Extent,
}

/// Letters in one batch of answers above which parsing stops.
const LETTERS_HIGH: usize = 256;

/// The answers to one batch of requests, in order, and the letters to others.
///
/// Invariant: the pieces' places never fall and are within `bytes`.
#[derive(Debug, Default)]
pub struct Replies {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    package_ends: Vec<usize>,
    letters: Vec<Letter>,
    extent_bytes: u64,
    /// An answer that the same request would get again, until time moves on.
    repeatable: Range<usize>,
}

impl Replies {
    /// No answers yet.
    #[must_use]
    pub fn new() -> Replies {
        Replies::default()
    }

    /// The copied bytes, to append to.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The copied bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pieces that stand between the copied bytes.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Where each package ends, in copied bytes.
    #[must_use]
    pub fn package_ends(&self) -> &[usize] {
        &self.package_ends
    }

    /// Appends a stretch of `data`, which must lie within it: copied if it is
    /// small, else shared.
    pub fn body(&mut self, data: &Arc<[u8]>, range: Range<usize>) {
        if range.len() < COPY_BYTES_MAX {
            self.bytes.extend_from_slice(&data[range]);
        } else {
            let Range { start, end } = range;
            self.extent(
                Extent::Shared {
                    data: data.clone(),
                    start,
                    end,
                },
                (end - start) as u64,
            );
        }
    }

    /// Appends `len` bytes of an open file from `offset` on.
    pub fn file(&mut self, file: Arc<OwnedFd>, offset: u64, len: u64) {
        if len > 0 {
            self.extent(Extent::File { file, offset, len }, len);
        }
    }

    /// Appends a package in `framing`; `tag` is that of what it answers, else 0.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit a package; nothing is appended.
    pub fn package(
        &mut self,
        framing: &dyn Framing,
        code: u16,
        tag: u64,
        body: &[u8],
    ) -> Result<(), TooLong> {
        framing.write(code, tag, body, &mut self.bytes)?;
        self.package_ends.push(self.bytes.len());
        Ok(())
    }

    /// The copied bytes from `start` on are one whole answer, and the same
    /// request would get it again at the same time: see [`Replies::repeat`].
    pub fn set_repeatable(&mut self, start: usize) {
        self.repeatable = start..self.bytes.len();
    }

    /// Appends the last answer once more, if it is repeatable. `false`: it is
    /// not, or it is not the last.
    pub fn repeat(&mut self) -> bool {
        let last = self.repeatable.end == self.bytes.len() && !self.repeatable.is_empty();
        if last {
            let again = self.repeatable.clone();
            self.bytes.extend_from_within(again);
            self.repeatable = self.repeatable.end..self.bytes.len();
        }
        last
    }

    /// Sends a package that is already encoded to another connection. It is
    /// dropped, and counted, if that connection is gone or does not speak
    /// packages.
    pub fn send(&mut self, peer: Peer, package: Packed) {
        self.letter(Letter {
            worker: peer.worker,
            to: Recipients::One(peer.key),
            package,
        });
    }

    /// Sends a letter as it is.
    pub fn letter(&mut self, letter: Letter) {
        self.letters.push(letter);
    }

    /// Takes the letters out, leaving their room for the next ones.
    pub fn take_letters(&mut self) -> std::vec::Drain<'_, Letter> {
        self.letters.drain(..)
    }

    /// Whether letters wait to be taken out.
    #[must_use]
    pub fn has_letters(&self) -> bool {
        !self.letters.is_empty()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.pieces.is_empty()
    }

    /// Bytes to be written, pieces included.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.bytes.len() as u64 + self.extent_bytes
    }

    /// Whether so much has gathered that it should be written before more is
    /// answered.
    #[must_use]
    pub fn is_high(&self) -> bool {
        self.total_bytes() >= REPLIES_HIGH_BYTES as u64 || self.letters.len() >= LETTERS_HIGH
    }

    /// Forgets what was to be written; keeps its memory, within a bound, and
    /// the letters.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(REPLIES_KEPT_BYTES);
        self.pieces.clear();
        self.package_ends.clear();
        self.extent_bytes = 0;
        self.repeatable = 0..0;
    }

    /// Gives memory back that is beyond what is in use and `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.bytes.shrink_to(bytes);
    }

    /// Takes back what was appended since the mark: a handler that panicked
    /// half-way must not leave half an answer.
    pub fn truncate(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        self.repeatable = 0..0;
        self.pieces.truncate(mark.pieces);
        self.package_ends.truncate(mark.packages);
        self.letters.truncate(mark.letters);
        self.extent_bytes = mark.extent_bytes;
    }

    /// A mark to come back to with [`Replies::truncate`].
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            bytes: self.bytes.len(),
            pieces: self.pieces.len(),
            packages: self.package_ends.len(),
            letters: self.letters.len(),
            extent_bytes: self.extent_bytes,
        }
    }

    /// What was appended since the mark: the copied bytes, and how many bytes
    /// that is with the pieces.
    #[must_use]
    pub(crate) fn since(&self, mark: &Mark) -> (&[u8], u64) {
        let bytes = self.bytes.get(mark.bytes..).unwrap_or_default();
        let extents = self.extent_bytes.saturating_sub(mark.extent_bytes);
        (bytes, bytes.len() as u64 + extents)
    }

    fn extent(&mut self, extent: Extent, len: u64) {
        self.pieces.push(Piece {
            at: self.bytes.len(),
            extent,
        });
        self.extent_bytes += len;
    }
}

/// How far a set of answers had come.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    bytes: usize,
    pieces: usize,
    packages: usize,
    letters: usize,
    extent_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::HEAD8;

    #[test]
    fn small_bodies_are_copied_and_large_ones_stand_between() {
        let mut replies = Replies::new();
        replies.bytes_mut().extend_from_slice(b"head");
        replies.body(&Arc::from(&b"a small one"[..]), 2..7);
        assert!(replies.pieces().is_empty());
        replies.body(&Arc::from(vec![0; COPY_BYTES_MAX]), 0..COPY_BYTES_MAX);
        replies.bytes_mut().extend_from_slice(b"next");
        assert_eq!(replies.pieces()[0].at, 9);
        assert_eq!(replies.bytes(), b"headsmallnext");
        assert!(!replies.is_high());
        replies.body(
            &Arc::from(vec![0; REPLIES_HIGH_BYTES]),
            0..REPLIES_HIGH_BYTES,
        );
        assert!(replies.is_high());
        replies.clear();
        assert!(replies.is_empty() && !replies.is_high());
    }

    #[test]
    fn only_the_last_answer_is_repeated_and_only_if_it_may_be() {
        let mut replies = Replies::new();
        assert!(!replies.repeat());
        replies.bytes_mut().extend_from_slice(b"one,");
        assert!(!replies.repeat());
        replies.bytes_mut().extend_from_slice(b"two,");
        replies.set_repeatable(4);
        assert!(replies.repeat() && replies.repeat());
        assert_eq!(replies.bytes(), b"one,two,two,two,");
        let mark = replies.mark();
        replies.bytes_mut().extend_from_slice(b"three,");
        assert!(!replies.repeat());
        replies.truncate(mark);
        assert!(!replies.repeat());
        replies.clear();
        assert!(!replies.repeat() && replies.is_empty());
    }

    #[test]
    fn half_an_answer_can_be_taken_back() {
        let mut replies = Replies::new();
        replies.package(&HEAD8, 1, 0, b"one").expect("short");
        let mark = replies.mark();
        replies.package(&HEAD8, 1, 0, b"two").expect("short");
        replies.body(&Arc::from(vec![0; COPY_BYTES_MAX]), 0..COPY_BYTES_MAX);
        replies.truncate(mark);
        assert_eq!(
            (replies.bytes().len(), replies.package_ends().len()),
            (11, 1)
        );
        assert!(replies.pieces().is_empty());
    }
}
