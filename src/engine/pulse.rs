//! Whether every loop still turns.

use super::fleet::Fleet;
use super::tally::Count;
use std::sync::Arc;

/// Sees whether every loop turns: one that sleeps is woken for it, one that is
/// stuck in a handler is found out. See [`Handle::pulse`](super::Handle::pulse).
pub struct Pulse {
    fleet: Arc<Fleet>,
    /// Turns of each loop when all of them had last moved.
    seen: Vec<u64>,
}

impl Pulse {
    pub(super) fn new(fleet: Arc<Fleet>) -> Pulse {
        let seen = vec![0; fleet.tallies.len()];
        Pulse { fleet, seen }
    }

    /// Whether every loop has turned since this was last true, or since the
    /// start. Wakes those that sleep: ask again a moment later.
    pub fn has_moved(&mut self) -> bool {
        let turns = || {
            let tallies = self.fleet.tallies.iter();
            tallies.map(|tally| tally.get(Count::Turns))
        };
        let moved = turns().zip(&self.seen).all(|(now, seen)| now > *seen);
        if moved {
            self.seen = turns().collect();
        }
        for post in &self.fleet.posts {
            post.bell.ring();
        }
        moved
    }
}
