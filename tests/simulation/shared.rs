//! What the threads share, and what they send each other.

use crossbeam_queue::ArrayQueue;
use pelton::engine::doorbell::{Doorbell, Wake};
use pelton::engine::inbox::Inbox;
use pelton::engine::queue::JobQueue;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The waker of a poll: what rings stays rung until the poll looks.
#[derive(Default)]
pub(crate) struct Alarm {
    rung: Mutex<bool>,
    bell: Condvar,
}

/// An [`Alarm`] that a doorbell can own.
pub(crate) struct AlarmKey(Arc<Alarm>);

impl Wake for AlarmKey {
    fn wake(&self) {
        self.0.ring();
    }
}

impl Alarm {
    pub(crate) fn ring(&self) {
        *self.rung.lock().expect("no poison") = true;
        self.bell.notify_one();
    }

    pub(crate) fn is_rung(&self) -> bool {
        *self.rung.lock().expect("no poison")
    }

    /// Sleeps until it rings; `false`: it did not.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut rung = self.rung.lock().expect("no poison");
        while !*rung {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            rung = self.bell.wait_timeout(rung, left).expect("no poison").0;
        }
        true
    }

    /// The poll has looked.
    pub(crate) fn consume(&self) {
        *self.rung.lock().expect("no poison") = false;
    }
}

/// Mirrors `engine::fleet::Post`.
pub(crate) struct Post {
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) bell: Doorbell<AlarmKey>,
    pub(crate) completions: ArrayQueue<Job>,
    pub(crate) inbox: Inbox<Letter>,
}

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) posts: Vec<Post>,
    pub(crate) jobs: JobQueue<Job>,
    /// Jobs in the queue before the pool.
    pub(crate) queued: AtomicUsize,
    /// Letters and jobs that are not through. Threads count it down from what
    /// they were given; the simulation does not look at it.
    pub(crate) left: AtomicUsize,
    /// By sender: how often its mark was taken away.
    pub(crate) calls: Vec<AtomicUsize>,
    /// Somebody was not woken.
    pub(crate) hangs: AtomicBool,
    pub(crate) queue_len: usize,
}

impl Shared {
    pub(crate) fn new(workers: usize, queue_len: usize, inbox: usize) -> Shared {
        let post = |_| {
            let alarm = Arc::new(Alarm::default());
            Post {
                bell: Doorbell::new(AlarmKey(alarm.clone())),
                alarm,
                completions: ArrayQueue::new(queue_len),
                inbox: Inbox::new(inbox, workers),
            }
        };
        Shared {
            posts: (0..workers).map(post).collect(),
            jobs: JobQueue::new(workers * queue_len),
            queued: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            calls: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
            hangs: AtomicBool::new(false),
            queue_len,
        }
    }

    /// One of the threads of the pool has run a part of `job`: it goes home.
    pub(crate) fn complete(&self, job: Job) {
        let pushed = self.posts[job.worker].completions.push(job);
        assert!(pushed.is_ok(), "more jobs came back than there are credits");
    }
}

/// Something for a connection of another worker.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Counts those of this sender to this receiver.
    pub(crate) number: usize,
}

/// Requests on their way through the pool.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) worker: usize,
    pub(crate) connection: usize,
    pub(crate) id: usize,
    /// It comes back so many times: the answers are more than is written at
    /// once.
    pub(crate) parts: usize,
    /// To whom its handlers write, in its last part.
    pub(crate) mail: Vec<usize>,
}

/// What a read of a client's brings.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Half a request.
    Nothing,
    /// Requests that a handler on the loop's thread answers.
    Mail(Vec<usize>),
    /// Requests for the pool.
    Job { parts: usize, mail: Vec<usize> },
}

/// What a poll tells of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Arrives(Action),
    Writable,
    Gone,
}
