//! What the server under load uses (`--server-pid`): processor time and memory
//! of a process, all its threads and its descendants.

mod tree;

use crate::record::Record;
use std::time::{Duration, Instant};
use tree::Tree;

/// Between two looks at the memory during a run: the server is held up a
/// little while the system adds its pages up.
const MEMORY_EVERY: Duration = Duration::from_secs(1);

/// What a server used in the measured part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) pid: u32,
    /// Processes that were seen, itself included.
    pub(crate) processes: usize,
    /// Processor time of all of them.
    pub(crate) processor: Duration,
    /// Memory before the run, at most and after, in bytes.
    pub(crate) memory_before: u64,
    pub(crate) memory_max: u64,
    pub(crate) memory_after: u64,
    /// How it was added up.
    pub(crate) memory_kind: MemoryKind,
}

/// How the memory of several processes is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryKind {
    /// What is shared by several counts once in all (Pss).
    Proportional,
    /// What is shared counts once for each (Rss): the system does not tell us
    /// more of another user's processes.
    Resident,
}

/// Looks at a server now and then.
#[derive(Debug)]
pub(crate) struct Meter {
    tree: Tree,
    /// Last look before the measured part.
    before: Look,
    /// First look in it.
    within: Option<Look>,
    memory_before: u64,
    memory_max: u64,
    memory_at: Instant,
}

/// Processor time used up to a moment.
#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    processor: Duration,
}

/// Whether there is such a process.
///
/// # Errors
/// A line that says what to write.
pub(crate) fn check(pid: u32) -> Result<(), String> {
    match pelton::os::process::processor_time(pid) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "no process {pid} to watch: {error}; write the server's process id, as `pgrep` tells it"
        )),
    }
}

impl Meter {
    /// Begins to watch, right before a run.
    pub(crate) fn start(pid: u32) -> Meter {
        let tree = Tree::new(pid);
        let at = Instant::now();
        let memory = tree.memory().0;
        Meter {
            before: Look {
                at,
                processor: Duration::ZERO,
            },
            within: None,
            memory_before: memory,
            memory_max: memory,
            memory_at: at,
            tree,
        }
    }

    /// Looks, when so much has been counted.
    pub(crate) fn look(&mut self, record: &Record) {
        let look = self.take();
        if record.elapsed.is_zero() {
            self.before = look; // still warming up
        } else {
            self.within.get_or_insert(look);
        }
        if look.at.duration_since(self.memory_at) >= MEMORY_EVERY {
            self.memory_at = look.at;
            self.memory_max = self.memory_max.max(self.tree.memory().0);
        }
    }

    /// Looks for the last time, right after a run that gave this.
    pub(crate) fn end(mut self, record: &Record) -> Usage {
        let last = self.take();
        let begun = last.at.checked_sub(record.elapsed);
        let within = self.within.unwrap_or(last);
        let unmeasured = begun.map_or(self.before.processor, |at| between(self.before, within, at));
        let (memory_after, memory_kind) = self.tree.memory();
        Usage {
            pid: self.tree.root(),
            processes: self.tree.seen(),
            processor: last.processor.saturating_sub(unmeasured),
            memory_before: self.memory_before,
            memory_max: self.memory_max.max(memory_after),
            memory_after,
            memory_kind,
        }
    }

    fn take(&mut self) -> Look {
        Look {
            processor: self.tree.processor(),
            at: Instant::now(),
        }
    }
}

/// Processor time used up to a moment between two looks. The measured part
/// begins in a worker process, somewhere between two looks of ours.
fn between(before: Look, after: Look, at: Instant) -> Duration {
    let whole = after.at.saturating_duration_since(before.at);
    let part = at.saturating_duration_since(before.at).min(whole);
    let used = after.processor.saturating_sub(before.processor);
    if whole.is_zero() {
        return after.processor;
    }
    before.processor + used.mul_f64(part.as_secs_f64() / whole.as_secs_f64())
}

impl Usage {
    /// Processor time for each request that was answered, well or not;
    /// none where there was no answer.
    pub(crate) fn processor_per_request(&self, record: &Record) -> Option<Duration> {
        let requests = record.succeeded + record.failed();
        let nanoseconds = self.processor.as_nanos().checked_div(requests.into())?;
        Some(Duration::from_nanos(nanoseconds as u64))
    }
}

impl MemoryKind {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            MemoryKind::Proportional => "pss",
            MemoryKind::Resident => "rss",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_begin_of_the_measured_part_is_found_between_two_looks() {
        let start = Instant::now();
        let look = |at_ms, processor_ms| Look {
            at: start + Duration::from_millis(at_ms),
            processor: Duration::from_millis(processor_ms),
        };
        let at = |at_ms| {
            let at = start + Duration::from_millis(at_ms);
            between(look(100, 40), look(300, 240), at).as_millis()
        };
        assert_eq!([at(100), at(150), at(300)], [40, 90, 240]);
        assert_eq!([at(0), at(999)], [40, 240], "not outside of them");
        let both = between(look(1, 5), look(1, 5), start);
        assert_eq!(both.as_millis(), 5, "one look is both");
    }

    #[test]
    fn a_process_that_is_not_there_is_told_in_a_line() {
        let line = check(i32::MAX.unsigned_abs()).expect_err("no such process");
        assert!(
            line.contains("2147483647") && !line.contains('\n'),
            "{line}"
        );
        assert_eq!(check(std::process::id()), Ok(()));
    }

    #[test]
    fn time_is_shared_among_all_requests() {
        let usage = Usage {
            pid: 1,
            processes: 1,
            processor: Duration::from_millis(30),
            memory_before: 0,
            memory_max: 0,
            memory_after: 0,
            memory_kind: MemoryKind::Resident,
        };
        let mut record = Record::default();
        assert_eq!(usage.processor_per_request(&record), None);
        record.succeeded = 2;
        record.fail(crate::record::Failure::Status5xx);
        let each = usage.processor_per_request(&record);
        assert_eq!(each, Some(Duration::from_millis(10)));
    }
}
