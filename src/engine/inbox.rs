//! Mail between workers: bounded, in order per sender, and nobody waits.

use super::doorbell::{Doorbell, Wake};
use crossbeam_queue::ArrayQueue;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// What others send to one worker. When it is full, what is sent stays with
/// the sender, who leaves a mark; the owner, having drained, wakes all who did.
#[derive(Debug)]
pub struct Inbox<T> {
    letters: ArrayQueue<T>,
    /// By worker: it has letters that did not fit.
    marks: Box<[AtomicBool]>,
}

impl<T> Inbox<T> {
    /// An inbox for `capacity` letters from `workers` senders.
    #[must_use]
    pub fn new(capacity: usize, workers: usize) -> Inbox<T> {
        let marks = (0..workers).map(|_| AtomicBool::new(false)).collect();
        Inbox {
            letters: ArrayQueue::new(capacity),
            marks,
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// The oldest letter.
    #[must_use]
    pub fn take(&self) -> Option<T> {
        self.letters.pop()
    }

    /// Puts a letter in for a sender that is no worker, or gives it back.
    ///
    /// # Errors
    /// The letter: there is no room.
    pub fn offer(&self, letter: T) -> Result<(), T> {
        self.letters.push(letter)
    }

    /// After some were taken: the senders who wait for room.
    pub fn waiting_senders(&self) -> impl Iterator<Item = usize> {
        // What was taken is seen by a sender who marks after this look.
        fence(Ordering::SeqCst);
        let is_marked = |sender: &usize| {
            let mark = &self.marks[*sender];
            mark.load(Ordering::Relaxed) && mark.swap(false, Ordering::SeqCst)
        };
        (0..self.marks.len()).filter(is_marked)
    }

    /// Whether this sender's mark is still there: it will be woken.
    fn is_marked(&self, sender: usize) -> bool {
        self.marks[sender].load(Ordering::SeqCst)
    }

    /// Puts a letter in, or gives it back with the sender marked.
    fn put(&self, sender: usize, letter: T) -> Result<(), T> {
        let letter = match self.letters.push(letter) {
            Ok(()) => return Ok(()),
            Err(letter) => letter,
        };
        self.marks[sender].store(true, Ordering::SeqCst);
        // The owner may have drained between the push and the mark, and would
        // not see it: once more.
        self.letters.push(letter)
    }
}

/// What one worker has sent and others' inboxes had no room for. Bounded by
/// its connections: one whose letters are here receives nothing more until
/// they are gone. For those of nobody who could be held up its owner looks at
/// [`Outgoing::stuck`] first.
#[derive(Debug)]
pub struct Outgoing<T> {
    sender: usize,
    stuck: Vec<VecDeque<T>>,
    count: usize,
}

impl<T> Outgoing<T> {
    /// Nothing is stuck.
    #[must_use]
    pub fn new(sender: usize, workers: usize) -> Outgoing<T> {
        Outgoing {
            sender,
            stuck: (0..workers).map(|_| VecDeque::new()).collect(),
            count: 0,
        }
    }

    /// Sends a letter, behind those that are stuck.
    pub fn send<W: Wake>(&mut self, to: usize, letter: T, inbox: &Inbox<T>, bell: &Doorbell<W>) {
        self.stuck[to].push_back(letter);
        self.count += 1;
        self.retry(to, inbox, bell);
    }

    /// Tries again what is stuck for one worker.
    pub fn retry<W: Wake>(&mut self, to: usize, inbox: &Inbox<T>, bell: &Doorbell<W>) {
        let stuck = &mut self.stuck[to];
        let before = stuck.len();
        while let Some(letter) = stuck.pop_front() {
            if let Err(letter) = inbox.put(self.sender, letter) {
                stuck.push_front(letter);
                break;
            }
        }
        let sent = before - stuck.len();
        self.count -= sent;
        if sent > 0 {
            bell.ring();
        }
    }

    /// Whether one of those for whom letters are stuck has made room since. It
    /// rang while this worker was awake, and does not ring again: to be asked
    /// before a sleep.
    pub fn is_called<'a>(&self, mut inboxes: impl Iterator<Item = &'a Inbox<T>>) -> bool
    where
        T: 'a,
    {
        let mut stuck = self.stuck.iter().map(|letters| !letters.is_empty());
        let called = |inbox: &Inbox<T>| stuck.next() == Some(true) && !inbox.is_marked(self.sender);
        self.is_stuck() && inboxes.any(called)
    }

    /// Letters that are stuck for one worker.
    #[must_use]
    pub fn stuck(&self, to: usize) -> usize {
        self.stuck.get(to).map_or(0, VecDeque::len)
    }

    /// Whether anything is stuck.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.count > 0
    }
}
