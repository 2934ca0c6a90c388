//! What a connection has still to write: bytes, shared memory, file pieces.
//!
//! ```text
//!  front                                             back
//!  [ Bytes(buffer) ] [ Shared(arc, ..) ] [ File(fd, ..) ] ...
//!    <-- one writev: up to 64 slices -->   <- sendfile ->
//! ```
//!
//! Most answers never see an outbox: they go to the socket in one `send`, and
//! only what the socket does not take is kept.

use super::stream::Stream;
use crate::base::buffer::{Buffer, Pool};
use crate::base::limits::{
    OUTBOX_BYTES_MAX, OUTBOX_CHUNK_BYTES, OUTBOX_LOW_BYTES, SENDFILE_BYTES_MAX, WRITE_SLICES_MAX,
};
use crate::os::socket;
use crate::service::Replies;
use crate::service::replies::Extent;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Everything is with the system.
    All,
    /// The socket takes no more for now.
    Blocked,
    /// There is more, and the socket may take it, but it is others' turn.
    Budget,
}

/// Why an outbox cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxError {
    /// The connection is gone.
    Reset,
    /// A file ended before its announced length.
    FileTruncated,
    /// There is no memory for what the socket does not take.
    NoMemory,
    /// More waits than one peer may pin.
    Full,
}

#[derive(Debug)]
enum Chunk {
    Bytes(Buffer),
    Shared {
        data: Arc<[u8]>,
        start: usize,
        end: usize,
    },
    File {
        file: Arc<OwnedFd>,
        offset: u64,
        left: u64,
    },
}

/// The chunks that wait for one socket, in order. Owns their buffers.
///
/// Invariants: `pinned_bytes` is the sum of the chunks in memory;
/// `package_ends` rises, and its entries are beyond `sent`.
#[derive(Debug, Default)]
pub struct Outbox {
    chunks: VecDeque<Chunk>,
    pinned_bytes: usize,
    /// How many of them are files.
    files: usize,
    /// Bytes queued and sent, ever, to place the ends of packages.
    queued: u64,
    sent: u64,
    package_ends: VecDeque<u64>,
    corked: bool,
}

impl Outbox {
    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Whether so little waits that more may be read.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.pinned_bytes < OUTBOX_LOW_BYTES && self.files == 0
    }

    /// Packages that wait.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.package_ends.len()
    }

    /// Bytes written through here, ever: rises when the client takes some.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Queues answers, but for the first `skip` of their copied bytes, which
    /// are written already (only where they have no pieces). One alone may be
    /// larger than what may wait: its handler has made it so, and its client has
    /// not had the time to read.
    ///
    /// # Errors
    /// [`OutboxError::NoMemory`], or [`OutboxError::Full`] where too much waits
    /// already: the connection has to end.
    pub fn queue(
        &mut self,
        replies: &Replies,
        skip: usize,
        pool: &mut Pool,
    ) -> Result<(), OutboxError> {
        if self.pinned_bytes > OUTBOX_BYTES_MAX {
            return Err(OutboxError::Full);
        }
        let base = self.queued.wrapping_sub(skip as u64);
        let waiting = replies.package_ends().iter().filter(|&&end| end > skip);
        self.package_ends
            .extend(waiting.map(|&end| base.wrapping_add(end as u64)));
        let mut at = skip;
        for piece in replies.pieces() {
            self.queue_bytes(&replies.bytes()[at..piece.at], pool)?;
            at = piece.at;
            self.queue_extent(&piece.extent);
        }
        self.queue_bytes(&replies.bytes()[at..], pool)
    }

    /// Queues a package that others may share.
    ///
    /// # Errors
    /// [`OutboxError::Full`]: the connection has to end.
    pub fn queue_package(&mut self, package: &Arc<[u8]>) -> Result<(), OutboxError> {
        let extent = Extent::Shared {
            data: package.clone(),
            start: 0,
            end: package.len(),
        };
        self.queue_extent(&extent);
        self.package_ends.push_back(self.queued);
        if self.pinned_bytes > OUTBOX_BYTES_MAX {
            Err(OutboxError::Full)
        } else {
            Ok(())
        }
    }

    /// Writes until the socket is full, the budget (in bytes, at least 1) is
    /// used up, or nothing is left.
    ///
    /// # Errors
    /// Why the connection has to end.
    pub fn write(
        &mut self,
        stream: &mut Stream,
        mut budget: usize,
        pool: &mut Pool,
    ) -> Result<Written, OutboxError> {
        self.cork_if_mixed(stream);
        while let Some(front) = self.chunks.front() {
            let result = match front {
                Chunk::File { file, offset, left } => {
                    let count = (*left).min(SENDFILE_BYTES_MAX.min(budget) as u64) as usize;
                    socket::send_file(&*stream, file, *offset, count)
                }
                _ => self.write_memory(stream, budget),
            };
            match result {
                Ok(0) if matches!(front, Chunk::File { .. }) => {
                    return Err(OutboxError::FileTruncated);
                }
                Ok(0) => return Err(OutboxError::Reset),
                Ok(count) => {
                    self.advance(count, pool);
                    budget = budget.saturating_sub(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Written::Blocked),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(OutboxError::Reset),
            }
            if budget == 0 && !self.chunks.is_empty() {
                return Ok(Written::Budget);
            }
        }
        self.uncork(stream);
        Ok(Written::All)
    }

    /// Gives the buffers back.
    pub fn release(&mut self, pool: &mut Pool) {
        for chunk in self.chunks.drain(..) {
            if let Chunk::Bytes(buffer) = chunk {
                pool.give(buffer);
            }
        }
        self.pinned_bytes = 0;
        self.files = 0;
        self.package_ends.clear();
    }

    fn queue_bytes(&mut self, bytes: &[u8], pool: &mut Pool) -> Result<(), OutboxError> {
        for bytes in bytes.chunks(OUTBOX_CHUNK_BYTES) {
            let appended = match self.chunks.back_mut() {
                Some(Chunk::Bytes(buffer)) => buffer.append(bytes),
                _ => false,
            };
            if !appended {
                let mut buffer = pool.take(bytes.len()).ok_or(OutboxError::NoMemory)?;
                let fits = buffer.append(bytes);
                debug_assert!(fits);
                self.chunks.push_back(Chunk::Bytes(buffer));
            }
            self.pinned_bytes += bytes.len();
            self.queued += bytes.len() as u64;
        }
        Ok(())
    }

    fn queue_extent(&mut self, extent: &Extent) {
        match extent {
            Extent::Shared { data, start, end } => {
                let (data, start, end) = (data.clone(), *start, *end);
                self.chunks.push_back(Chunk::Shared { data, start, end });
                self.pinned_bytes += end - start;
                self.queued += (end - start) as u64;
            }
            Extent::File { file, offset, len } => {
                let (file, offset, left) = (file.clone(), *offset, *len);
                self.chunks.push_back(Chunk::File { file, offset, left });
                self.files += 1;
                self.queued += len;
            }
        }
    }

    /// One `writev` of the chunks at the front that are in memory, up to
    /// `budget` bytes.
    fn write_memory(&self, stream: &mut Stream, mut budget: usize) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); WRITE_SLICES_MAX];
        let mut count = 0;
        let in_memory = self.chunks.iter().map_while(Chunk::memory);
        for (slice, bytes) in slices.iter_mut().zip(in_memory) {
            let bytes = &bytes[..bytes.len().min(budget)];
            budget -= bytes.len();
            if bytes.is_empty() {
                break;
            }
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        if count == 1 {
            socket::send(&*stream, &slices[0])
        } else {
            stream.write_vectored(&slices[..count])
        }
    }

    /// Drops the first `count` bytes, which are sent.
    fn advance(&mut self, count: usize, pool: &mut Pool) {
        self.sent += count as u64;
        while self
            .package_ends
            .front()
            .is_some_and(|&end| end <= self.sent)
        {
            self.package_ends.pop_front();
        }
        let mut left = count;
        while left > 0 {
            let Some(chunk) = self.chunks.front_mut() else {
                break;
            };
            let taken = chunk.advance(left);
            left -= taken;
            if chunk.memory().is_some() {
                self.pinned_bytes -= taken;
            }
            if !chunk.is_done() {
                continue;
            }
            match self.chunks.pop_front() {
                Some(Chunk::Bytes(buffer)) => pool.give(buffer),
                Some(Chunk::File { .. }) => self.files -= 1,
                Some(Chunk::Shared { .. }) | None => {}
            }
        }
        debug_assert_eq!(left, 0, "more was sent than was queued");
    }

    /// A head ahead of a file leaves in one segment with the file's start:
    /// measured, TCP_CORK does that better than MSG_MORE.
    fn cork_if_mixed(&mut self, stream: &Stream) {
        if !self.corked && self.chunks.len() > 1 && self.files > 0 {
            self.corked = stream.set_cork(true).is_ok();
        }
    }

    fn uncork(&mut self, stream: &Stream) {
        if std::mem::take(&mut self.corked) {
            // A connection that died in between is found by its next event.
            let _ = stream.set_cork(false);
        }
    }
}

impl Chunk {
    /// The bytes of a chunk that is in memory.
    fn memory(&self) -> Option<&[u8]> {
        match self {
            Chunk::Bytes(buffer) => Some(buffer.bytes()),
            Chunk::Shared { data, start, end } => Some(&data[*start..*end]),
            Chunk::File { .. } => None,
        }
    }

    /// Drops up to `count` bytes from the front; returns how many.
    fn advance(&mut self, count: usize) -> usize {
        match self {
            Chunk::Bytes(buffer) => {
                let taken = count.min(buffer.len());
                buffer.consume(taken);
                taken
            }
            Chunk::Shared { start, end, .. } => {
                let taken = count.min(*end - *start);
                *start += taken;
                taken
            }
            Chunk::File { offset, left, .. } => {
                let taken = (count as u64).min(*left);
                *offset += taken;
                *left -= taken;
                taken as usize
            }
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Chunk::File { left, .. } => *left == 0,
            memory => memory.memory().is_some_and(<[u8]>::is_empty),
        }
    }
}
