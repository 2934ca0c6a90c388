//! How threads wake a loop, at most once per sleep.

use std::sync::atomic::{AtomicBool, Ordering, fence};

/// What a doorbell rings.
pub trait Wake: Send + Sync {
    /// Ends the sleep of the thread that waits, or its next one.
    fn wake(&self);
}

impl Wake for mio::Waker {
    fn wake(&self) {
        if let Err(error) = mio::Waker::wake(self) {
            // An eventfd that cannot be written is one whose loop is gone.
            log::error!("a loop could not be woken: {error}");
        }
    }
}

/// Belongs to one loop; rung by any thread that has pushed something for it.
///
/// The owner says that it is about to sleep and then looks at its queues once
/// more; a producer pushes and then looks whether the owner sleeps. The two
/// fences make sure that at least one of them sees the other.
#[derive(Debug)]
pub struct Doorbell<W> {
    asleep: AtomicBool,
    wake: W,
}

impl<W: Wake> Doorbell<W> {
    /// A doorbell whose owner is awake.
    pub fn new(wake: W) -> Doorbell<W> {
        Doorbell {
            asleep: AtomicBool::new(false),
            wake,
        }
    }

    /// After a push: wakes the owner if it sleeps.
    pub fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::SeqCst) {
            self.wake.wake();
        }
    }

    /// Before a sleep: whether the owner may, given that `is_idle` finds its
    /// queues empty.
    pub fn may_sleep(&self, is_idle: impl FnOnce() -> bool) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let idle = is_idle();
        if !idle {
            self.awake();
        }
        idle
    }

    /// Whether the owner sleeps, as far as anybody can tell.
    pub fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Relaxed)
    }

    /// After a sleep. Who still sees the owner asleep rings once for nothing.
    pub fn awake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }
}
