//! When requests are due and clients start, in nanoseconds of the run; whoever
//! asks says what time it is. Pure.

const SECOND_NS: u128 = 1_000_000_000;

/// A constant rate: one worker's part of the due times of a run, which are as
/// far apart as the rate says whatever the server does. What is due and not
/// begun needs no queue: it is the clock's time less the next due time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Requests a second, of all workers together.
    rate: u64,
    /// Which request of the run is the next of this worker.
    next: u64,
    /// Number of workers, who take requests in turn.
    step: u64,
}

impl Pace {
    /// The part of worker `number` of `workers`.
    pub(crate) fn new(rate: u64, number: usize, workers: usize) -> Pace {
        Pace {
            rate: rate.max(1),
            next: number as u64,
            step: workers as u64,
        }
    }

    /// When the next request is due.
    pub(crate) fn next_ns(&self) -> u64 {
        let due = u128::from(self.next) * SECOND_NS / u128::from(self.rate);
        u64::try_from(due).unwrap_or(u64::MAX)
    }

    /// Takes the next request, if it is due by now: when it was due.
    pub(crate) fn take(&mut self, now_ns: u64) -> Option<u64> {
        let due = Some(self.next_ns()).filter(|due| *due <= now_ns)?;
        self.next += self.step;
        Some(due)
    }
}

/// When a client starts, as one of so many whose starts are spread evenly.
pub(crate) fn start_ns(client: usize, clients: usize, ramp_ns: u64) -> u64 {
    let start = u128::from(ramp_ns) * client as u128 / clients.max(1) as u128;
    start as u64 // no later than the ramp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_one_schedule() {
        let mut workers: Vec<Pace> = (0..3).map(|number| Pace::new(1_000, number, 3)).collect();
        let mut dues = Vec::new();
        for now_ms in 0..100 {
            for pace in &mut workers {
                while let Some(due) = pace.take(now_ms * 1_000_000) {
                    dues.push(due);
                }
            }
        }
        dues.sort_unstable();
        let expected: Vec<u64> = (0..100).map(|due_ms| due_ms * 1_000_000).collect();
        assert_eq!(dues, expected);
    }

    #[test]
    fn a_stall_moves_no_due_time() {
        // One client, which is answered after 1 ms, but not in the second
        // from 1 s to 2 s.
        let mut pace = Pace::new(100, 0, 1);
        let mut latencies_ms = Vec::new();
        let mut free_at_ms = 0;
        for now_ms in 0..4_000 {
            let stalled = (1_000..2_000).contains(&now_ms);
            if !stalled
                && now_ms >= free_at_ms
                && let Some(due) = pace.take(now_ms * 1_000_000)
            {
                free_at_ms = now_ms + 1;
                latencies_ms.push(free_at_ms - due / 1_000_000);
            }
        }
        assert_eq!(latencies_ms.len(), 400, "none is lost");
        assert_eq!(latencies_ms.iter().max(), Some(&1_001));
        let late = latencies_ms.iter().filter(|ms| **ms > 300).count();
        assert!((70..90).contains(&late), "{late} saw most of the stall");
    }

    #[test]
    fn no_rate_drifts() {
        for rate in [1, 3, 7, 999_983, 1_000_000_000] {
            let pace = Pace {
                rate,
                next: rate * 86_400,
                step: 1,
            };
            assert_eq!(pace.next_ns(), 86_400 * 1_000_000_000, "after a day");
        }
        assert_eq!(Pace::new(1, 0, 1).take(0), Some(0), "the first at once");
    }

    #[test]
    fn starts_are_spread() {
        let starts: Vec<u64> = (0..4).map(|client| start_ns(client, 4, 1_000)).collect();
        assert_eq!(starts, [0, 250, 500, 750]);
        assert_eq!(start_ns(3, 4, 0), 0);
    }
}
