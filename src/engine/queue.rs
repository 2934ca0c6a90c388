//! The queue between the loops and the pool.

use crossbeam_queue::ArrayQueue;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Jobs on their way to the pool. Holds as many as all workers have credits,
/// so that a push never fails.
#[derive(Debug)]
pub struct JobQueue<T> {
    jobs: ArrayQueue<T>,
    idle: AtomicUsize,
    /// A thread has been woken and has not looked yet.
    waking: AtomicBool,
    closed: AtomicBool,
    lock: Mutex<()>,
    bell: Condvar,
}

/// What a pool thread is told to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// Run this.
    Job(T),
    /// Nothing came for a while: tidy up.
    Quiet,
    /// Go home.
    Closed,
}

impl<T> JobQueue<T> {
    /// A queue for `capacity` jobs.
    #[must_use]
    pub fn new(capacity: usize) -> JobQueue<T> {
        JobQueue {
            jobs: ArrayQueue::new(capacity.max(1)),
            idle: AtomicUsize::new(0),
            waking: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            lock: Mutex::new(()),
            bell: Condvar::new(),
        }
    }

    /// Jobs that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// Submits a job; gives it back if the queue is full, which credits
    /// prevent.
    ///
    /// # Errors
    /// The job.
    pub fn push(&self, job: T) -> Result<(), T> {
        self.jobs.push(job)?;
        self.wake_one();
        Ok(())
    }

    /// Wakes a thread, unless one is on its way already: it will see this job
    /// too, and wake the next one if there is more than it can take.
    fn wake_one(&self) {
        fence(Ordering::SeqCst);
        if self.idle.load(Ordering::SeqCst) == 0 || self.waking.swap(true, Ordering::SeqCst) {
            return;
        }
        // A thread between its last look and its sleep holds the lock: pass
        // through it, so that the bell rings when that thread hears it.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// A job if there is one.
    #[must_use]
    pub fn try_next(&self) -> Option<T> {
        self.jobs.pop()
    }

    /// The next job; sleeps for up to `patience` until there is one. After
    /// [`JobQueue::close`] there is none, whatever waits.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Next<T> {
        if self.is_closed() {
            return Next::Closed;
        }
        if let Some(job) = self.jobs.pop() {
            return Next::Job(job);
        }
        let held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.idle.fetch_add(1, Ordering::SeqCst);
        // The bell may have rung for a thread that had just left. Reset under
        // the lock: whoever sets it from here on rings when this one sleeps.
        self.waking.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // Once more, now that producers know of this thread.
        let found = self.jobs.pop();
        if found.is_none() && !self.is_closed() {
            drop(self.bell.wait_timeout(held, patience));
        } else {
            drop(held); // waking the next one takes the lock
        }
        self.idle.fetch_sub(1, Ordering::SeqCst);
        // Before the look: whoever pushes from here on wakes another.
        self.waking.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        match found.or_else(|| self.jobs.pop()) {
            _ if self.is_closed() => Next::Closed,
            Some(job) => {
                if !self.jobs.is_empty() {
                    self.wake_one();
                }
                Next::Job(job)
            }
            None => Next::Quiet,
        }
    }

    /// Sends the threads home. Jobs that nobody has begun are dropped with the
    /// queue: those who would take their answers are gone.
    pub fn close(&self) {
        let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::SeqCst);
        self.bell.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}
