//! Whose turn it is to begin requests, how many, and when: clients that are
//! ready, clients that rest, what is left of a number, what is due at a rate.
//! Pure.

use crate::pace::Pace;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The clients of a worker that have no request under way, by their keys.
/// Times are nanoseconds of the run.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Those that begin as soon as there is something to begin.
    ready: VecDeque<usize>,
    /// Those that rest, and until when.
    resting: BinaryHeap<Reverse<(u64, usize)>>,
    /// Requests to be begun from the measured part's begin on.
    left: u64,
    from_ns: u64,
    /// When they are due, if not as soon as a client is ready.
    pace: Option<Pace>,
}

/// What a client is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) key: usize,
    /// Requests, at least one.
    pub(crate) count: u32,
    /// When they were due.
    pub(crate) due_ns: u64,
}

impl Queue {
    /// A client for each of `starts_ns`, which says when it is first ready.
    /// From `from_ns` on they begin `requests` together, if that is given.
    pub(crate) fn new(
        starts_ns: impl Iterator<Item = u64>,
        requests: Option<u64>,
        from_ns: u64,
        pace: Option<Pace>,
    ) -> Queue {
        let starts = starts_ns.zip(0..).map(Reverse);
        let mut queue = Queue {
            ready: VecDeque::new(),
            resting: starts.collect(),
            left: requests.unwrap_or(u64::MAX),
            from_ns,
            pace,
        };
        queue.wake(0);
        queue
    }

    /// The next client's turn, of up to `most` requests, if there is one now.
    pub(crate) fn next(&mut self, now_ns: u64, most: usize) -> Option<Turn> {
        let &key = self.ready.front()?;
        let count = self.left.min(most as u64);
        if count == 0 {
            return None;
        }
        let due_ns = match &mut self.pace {
            Some(pace) => pace.take(now_ns)?,
            None => now_ns,
        };
        self.ready.pop_front();
        if now_ns >= self.from_ns {
            self.left -= count;
        }
        Some(Turn {
            key,
            count: count as u32,
            due_ns,
        })
    }

    /// A client is ready.
    pub(crate) fn push(&mut self, key: usize) {
        self.ready.push_back(key);
    }

    /// A client is ready then.
    pub(crate) fn push_at(&mut self, until_ns: u64, key: usize) {
        self.resting.push(Reverse((until_ns, key)));
    }

    /// Takes in those that have rested.
    pub(crate) fn wake(&mut self, now_ns: u64) {
        while let Some(&Reverse((until_ns, key))) = self.resting.peek()
            && until_ns <= now_ns
        {
            self.resting.pop();
            self.ready.push_back(key);
        }
    }

    /// Whether no request is to be begun any more.
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// When there is something to do, which may be in the past; `None` while
    /// all depends on others.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        let rested_ns = self.resting.peek().map(|Reverse((until_ns, _))| *until_ns);
        let begin_ns = match &self.pace {
            _ if self.ready.is_empty() || self.left == 0 => None,
            Some(pace) => Some(pace.next_ns()),
            None => Some(0),
        };
        [rested_ns, begin_ns].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys and numbers of all turns that there are now.
    fn turns(queue: &mut Queue, now_ns: u64, most: usize) -> Vec<(usize, u32)> {
        let turns = std::iter::from_fn(|| queue.next(now_ns, most));
        turns.map(|turn| (turn.key, turn.count)).collect()
    }

    #[test]
    fn so_many_requests_and_no_more() {
        let mut queue = Queue::new([0; 3].into_iter(), Some(10), 5, None);
        assert_eq!(
            turns(&mut queue, 0, 4),
            [(0, 4), (1, 4), (2, 4)],
            "to warm up"
        );
        for key in [2, 0, 1] {
            queue.push(key);
        }
        assert_eq!(turns(&mut queue, 5, 4), [(2, 4), (0, 4), (1, 2)]);
        queue.push(0);
        assert!(queue.is_done() && queue.next(9, 4).is_none());
        assert_eq!(queue.next_ns(), None);
    }

    #[test]
    fn those_that_rest_come_back_in_time() {
        let mut queue = Queue::new([0, 50].into_iter(), None, 0, None);
        assert_eq!(
            (queue.next_ns(), turns(&mut queue, 0, 1)),
            (Some(0), vec![(0, 1)])
        );
        queue.push_at(20, 0);
        assert_eq!(queue.next_ns(), Some(20));
        queue.wake(60);
        assert_eq!(turns(&mut queue, 60, 1), [(0, 1), (1, 1)]);
        assert_eq!(queue.next_ns(), None);
    }

    #[test]
    fn at_a_rate_clients_wait_for_requests_and_requests_for_clients() {
        let mut queue = Queue::new([0; 2].into_iter(), None, 0, Some(Pace::new(1_000, 0, 1)));
        assert_eq!(turns(&mut queue, 500_000, 1), [(0, 1)]);
        assert_eq!(queue.next_ns(), Some(1_000_000));
        // All are busy for a while: what was due keeps its time.
        assert_eq!(turns(&mut queue, 1_000_000, 1), [(1, 1)]);
        assert_eq!(queue.next_ns(), None);
        queue.push(1);
        let turn = queue.next(9_000_000, 1).expect("a backlog");
        assert_eq!((turn.key, turn.due_ns), (1, 2_000_000));
    }
}
