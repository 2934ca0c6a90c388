//! Buffers in size classes: a pool per worker, one memory limit for all.
//!
//! ```text
//!  0           start            end          capacity
//!  +-------------+----------------+----------------+
//!  |  consumed   |     filled     |     spare      |
//!  +-------------+----------------+----------------+
//!                 <- bytes() ---->  <- spare() --->
//! ```
//!
//! A [`Pool`] is owned by one thread and takes no lock. It hands out the
//! buffer it got back last. All pools draw on one [`Budget`], an atomic that
//! is touched only when a pool grows or shrinks.

use crate::base::kept::Kept;
use crate::base::limits::{BUFFER_CLASS_BYTES, BUFFERS_KEPT_MAX, READ_BYTES};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory that the buffers of all workers may take together.
#[derive(Debug)]
pub struct Budget {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
}

impl Budget {
    /// A budget of `limit_bytes`, none of it used.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Arc<Budget> {
        Arc::new(Budget {
            limit_bytes,
            used_bytes: AtomicUsize::new(0),
        })
    }

    /// The most there may be.
    #[must_use]
    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// Bytes that pools hold, in use or kept for reuse.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn grow(&self, bytes: usize) -> bool {
        let grown = |used: usize| {
            used.checked_add(bytes)
                .filter(|&sum| sum <= self.limit_bytes)
        };
        self.used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown)
            .is_ok()
    }

    fn shrink(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A stretch of memory of one of the size classes, filled from the front and
/// consumed from the front.
///
/// Invariant: `start <= end <= data.len()`.
#[derive(Debug)]
pub struct Buffer {
    data: Box<[u8]>,
    start: u32,
    end: u32,
    /// It is its pool's reserve.
    reserve: bool,
}

impl Buffer {
    fn with_capacity(bytes: usize) -> Buffer {
        Buffer {
            data: vec![0; bytes].into_boxed_slice(),
            start: 0,
            end: 0,
            reserve: false,
        }
    }

    /// The filled bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.data[self.start as usize..self.end as usize]
    }

    /// The bytes behind the filled ones, to be written and then
    /// [filled](Buffer::fill).
    pub fn spare(&mut self) -> &mut [u8] {
        &mut self.data[self.end as usize..]
    }

    /// Takes the first `count` spare bytes as filled.
    pub fn fill(&mut self, count: usize) {
        debug_assert!(self.end as usize + count <= self.data.len());
        self.end += count as u32;
    }

    /// Drops the first `count` filled bytes.
    pub fn consume(&mut self, count: usize) {
        debug_assert!(self.start as usize + count <= self.end as usize);
        self.start += count as u32;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Appends `bytes` if they fit behind the filled ones.
    #[must_use]
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.spare().get_mut(..bytes.len()) else {
            return false;
        };
        room.copy_from_slice(bytes);
        self.fill(bytes.len());
        true
    }

    /// Moves the filled bytes to the front, so that all free room is spare.
    pub fn compact(&mut self) {
        self.data
            .copy_within(self.start as usize..self.end as usize, 0);
        self.end -= self.start;
        self.start = 0;
    }

    /// Number of filled bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether nothing is filled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Size of the whole stretch.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.data.len()
    }
}

/// One thread's store of free buffers. Owns them, and its share of the budget.
#[derive(Debug)]
pub struct Pool {
    budget: Arc<Budget>,
    free: [Kept<Buffer>; BUFFER_CLASS_BYTES.len()],
    /// One buffer of the size of a read, for bytes that were read when memory
    /// had run out. While it is gone the pool is short, also when there is
    /// memory again: that is for those who wait. Were it made into another
    /// reserve, and that handed out, what waits could fill all memory.
    reserve: Option<Buffer>,
    reserve_is_lent: bool,
    lent: usize,
    released: bool,
}

impl Pool {
    /// An empty pool that draws on `budget`.
    #[must_use]
    pub fn new(budget: Arc<Budget>) -> Pool {
        let mut pool = Pool {
            budget,
            free: Default::default(),
            reserve: None,
            reserve_is_lent: false,
            lent: 0,
            released: false,
        };
        pool.make_reserve();
        pool
    }

    /// As [`Pool::take`], but at the end of the memory hands the reserve out,
    /// if it is large enough and there.
    #[must_use]
    pub fn take_or_reserve(&mut self, bytes: usize) -> Option<Buffer> {
        let buffer = self.take(bytes);
        if buffer.is_some() || bytes > READ_BYTES {
            return buffer;
        }
        let reserve = self.reserve.take()?;
        self.reserve_is_lent = true;
        self.lent += 1;
        Some(reserve)
    }

    /// Whether the reserve is gone.
    #[must_use]
    pub fn is_short(&mut self) -> bool {
        if self.reserve.is_none() && !self.reserve_is_lent {
            self.make_reserve();
        }
        self.reserve.is_none()
    }

    fn make_reserve(&mut self) {
        self.reserve = self.allocate(READ_BYTES).map(|buffer| Buffer {
            reserve: true,
            ..buffer
        });
    }

    /// An empty buffer of at least `bytes`, or `None` if `bytes` is beyond the
    /// largest class or the memory limit is reached.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> Option<Buffer> {
        let class = class_for(bytes)?;
        let buffer = match self.free[class].take() {
            Some(buffer) => buffer,
            None => self.allocate(BUFFER_CLASS_BYTES[class])?,
        };
        self.lent += 1;
        Some(buffer)
    }

    /// Takes a buffer back: kept for reuse, or freed where enough are kept.
    pub fn give(&mut self, mut buffer: Buffer) {
        debug_assert!(self.lent > 0);
        self.lent -= 1;
        self.released = true;
        buffer.start = 0;
        buffer.end = 0;
        if buffer.reserve {
            self.reserve_is_lent = false;
            self.reserve = Some(buffer);
            return;
        }
        let kept = class_for(buffer.capacity())
            .filter(|&class| self.free[class].len() < BUFFERS_KEPT_MAX[class]);
        match kept {
            Some(class) => self.free[class].give(buffer),
            None => self.budget.shrink(buffer.capacity()),
        }
    }

    /// Makes sure that `buffer` has spare room for `more` bytes: moves what is
    /// filled to the front, or to a buffer of a larger class. `false` if there
    /// is no memory; the buffer is then as it was.
    #[must_use]
    pub fn make_room(&mut self, buffer: &mut Buffer, more: usize) -> bool {
        if buffer.spare().len() >= more {
            return true;
        }
        if buffer.capacity() - buffer.len() >= more {
            buffer.compact();
            return true;
        }
        let Some(mut larger) = self.take(buffer.len() + more) else {
            return false;
        };
        let fits = larger.append(buffer.bytes());
        debug_assert!(fits);
        self.give(std::mem::replace(buffer, larger));
        true
    }

    /// Whether a buffer came back since this was last asked.
    #[must_use]
    pub fn take_released(&mut self) -> bool {
        std::mem::take(&mut self.released)
    }

    /// Buffers handed out and not yet back.
    #[must_use]
    pub fn lent(&self) -> usize {
        self.lent
    }

    /// Frees every kept buffer, so that other workers may have the memory.
    pub fn shrink(&mut self) {
        for buffer in self.free.iter_mut().flat_map(Kept::all) {
            self.budget.shrink(buffer.capacity());
        }
    }

    /// Once a tick: frees kept buffers that have not been needed.
    pub fn tick(&mut self) {
        for buffer in self.free.iter_mut().flat_map(Kept::unneeded) {
            self.budget.shrink(buffer.capacity());
        }
    }

    /// Whether [`Pool::tick`] has something to wait for.
    #[must_use]
    pub fn wants_tick(&self) -> bool {
        self.free.iter().any(|class| !class.is_empty())
    }

    fn allocate(&mut self, bytes: usize) -> Option<Buffer> {
        if !self.budget.grow(bytes) {
            // What this pool keeps of other classes may be what is missing.
            self.shrink();
            if !self.budget.grow(bytes) {
                return None;
            }
        }
        Some(Buffer::with_capacity(bytes))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shrink();
        if let Some(reserve) = self.reserve.take() {
            self.budget.shrink(reserve.capacity());
        }
    }
}

fn class_for(bytes: usize) -> Option<usize> {
    BUFFER_CLASS_BYTES.iter().position(|&class| bytes <= class)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn a_request_gets_the_smallest_class_that_holds_it() {
        let mut pool = Pool::new(Budget::new(64 * MIB));
        for (bytes, capacity) in [
            (0, 4096),
            (1, 4096),
            (4096, 4096),
            (4097, 16_384),
            (MIB + 1, 4 * MIB),
        ] {
            assert_eq!(
                pool.take(bytes).expect("within the limit").capacity(),
                capacity
            );
        }
        assert!(pool.take(8 * MIB + 1).is_none());
    }

    #[test]
    fn the_limit_holds_over_all_pools_and_kept_buffers_count() {
        let budget = Budget::new(2 * MIB + 2 * READ_BYTES); // two reserves
        let (mut one, mut two) = (Pool::new(budget.clone()), Pool::new(budget.clone()));
        let a = one.take(MIB).expect("the first MiB");
        let b = two.take(MIB).expect("the second MiB");
        assert!(one.take(1).is_none());
        one.give(a);
        assert_eq!(
            budget.used_bytes(),
            2 * MIB + 2 * READ_BYTES,
            "kept for reuse"
        );
        assert!(
            two.take(1).is_none(),
            "another pool's kept buffer is not ours to take"
        );
        assert!(
            one.take(1).is_some(),
            "the keeper frees it to have another class"
        );
        two.give(b);
        drop(two);
        assert!(budget.used_bytes() <= MIB);
    }

    #[test]
    fn the_reserve_is_for_once_and_is_not_made_anew_from_what_others_wait_for() {
        let mut pool = Pool::new(Budget::new(2 * READ_BYTES));
        let taken = pool.take(READ_BYTES).expect("memory");
        assert!(!pool.is_short());
        assert!(pool.take(1).is_none());
        let reserve = pool.take_or_reserve(100).expect("the reserve");
        assert!(pool.is_short() && pool.take_or_reserve(1).is_none());
        pool.give(taken);
        assert!(pool.is_short());
        let taken = pool.take(READ_BYTES).expect("the memory is free");
        pool.give(reserve);
        assert!(!pool.is_short() && pool.take(1).is_none());
        pool.give(taken);
        assert_eq!(pool.lent(), 0);
    }

    #[test]
    fn filled_bytes_survive_consuming_and_growing() {
        let mut pool = Pool::new(Budget::new(MIB));
        let mut buffer = pool.take(10).expect("memory");
        assert!(buffer.append(&[7; 4096]));
        assert!(!buffer.append(&[8]));
        buffer.consume(96);
        assert!(pool.make_room(&mut buffer, 96));
        assert_eq!((buffer.capacity(), buffer.len()), (4096, 4000));
        assert!(pool.make_room(&mut buffer, 97));
        assert_eq!((buffer.capacity(), buffer.len()), (16_384, 4000));
        assert!(buffer.bytes().iter().all(|&byte| byte == 7));
        buffer.consume(4000);
        assert_eq!(buffer.spare().len(), 16_384);
        pool.give(buffer);
        assert_eq!(pool.lent(), 0);
    }
}
