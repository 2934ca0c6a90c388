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
            closed: AtomicBool::new(false),
            lock: Mutex::new(()),
            bell: Condvar::new(),
        }
    }

    /// Submits a job; gives it back if the queue is full, which credits
    /// prevent.
    ///
    /// # Errors
    /// The job.
    pub fn push(&self, job: T) -> Result<(), T> {
        self.jobs.push(job)?;
        fence(Ordering::SeqCst);
        if self.idle.load(Ordering::SeqCst) > 0 {
            // Under the lock: a thread between its last look and its sleep
            // holds it.
            let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.bell.notify_one();
        }
        Ok(())
    }

    /// A job if there is one.
    #[must_use]
    pub fn try_next(&self) -> Option<T> {
        self.jobs.pop()
    }

    /// The next job; sleeps for up to `patience` until there is one.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Next<T> {
        if let Some(job) = self.jobs.pop() {
            return Next::Job(job);
        }
        let held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.idle.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // Once more, now that producers know of this thread.
        let found = self.jobs.pop();
        if found.is_none() && !self.closed.load(Ordering::SeqCst) {
            drop(self.bell.wait_timeout(held, patience));
        }
        self.idle.fetch_sub(1, Ordering::SeqCst);
        match found.or_else(|| self.jobs.pop()) {
            Some(job) => Next::Job(job),
            None if self.closed.load(Ordering::SeqCst) => Next::Closed,
            None => Next::Quiet,
        }
    }

    /// Sends the threads home once the queue is empty.
    pub fn close(&self) {
        let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::SeqCst);
        self.bell.notify_all();
    }
}
