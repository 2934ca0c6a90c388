//! How many hashes may be made at once: each takes much memory and a whole
//! processor, so more than there are processors would only cost.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// As many places as there are processors. Whoever finds none waits; only
/// threads of the pool do, so their number bounds the queue.
#[derive(Debug)]
pub(super) struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place that was taken; it is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(super) fn new() -> Slots {
        let processors = thread::available_parallelism().map_or(1, |count| count.get());
        Slots {
            free: Mutex::new(processors),
            freed: Condvar::new(),
        }
    }

    pub(super) fn take(&self) -> Slot<'_> {
        let free = self.freed.wait_while(self.free(), |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Slot(self)
    }

    /// A number is whole after any panic, so poison is no matter.
    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn nobody_gets_in_beyond_the_places_and_all_get_in_at_last() {
        let slots = Slots::new();
        let places = *slots.free();
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..places + 6 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _slot = slots.take();
                        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= places);
        assert_eq!(*slots.free(), places);
    }
}
