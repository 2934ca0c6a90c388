//! How many connections there may be, over all loops.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The room for connections. One number for all loops, touched when a connection
/// comes or goes and not for its requests, and on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Room {
    taken: AtomicUsize,
    most: usize,
}

impl Room {
    /// For `most` connections.
    pub(super) fn new(most: usize) -> Room {
        Room {
            taken: AtomicUsize::new(0),
            most,
        }
    }

    /// How many there may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Takes a place, to be [given back](Room::give); `false`: there is none.
    pub(super) fn take(&self) -> bool {
        let is_there = self.taken.fetch_add(1, Ordering::Relaxed) < self.most;
        if !is_there {
            self.give();
        }
        is_there
    }

    /// Gives a place back.
    pub(super) fn give(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
