//! A process and its descendants, as `/proc` shows them.

use super::MemoryKind;
use pelton::os::process::processor_time;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Most processes that are watched at a time.
const PROCESSES_MAX: usize = 4_096;

/// Where the fields of `/proc/PID/stat` that follow the name have the time at
/// which a process was started.
const STARTED_FIELD: usize = 19;

/// A process and those that come from it. What each has used only grows, and
/// stays counted when it has ended; so the sum never goes back.
#[derive(Debug)]
pub(super) struct Tree {
    root: u32,
    processes: BTreeMap<u32, Process>,
    /// Used by those that have ended.
    ended: Duration,
    seen: usize,
}

/// One that is watched.
#[derive(Debug)]
struct Process {
    /// When it was started: an id is given again, to others.
    started: u64,
    /// Processor time that is not counted.
    base: Duration,
    /// Processor time up to the last look.
    used: Duration,
}

impl Tree {
    /// Counts from now.
    pub(super) fn new(root: u32) -> Tree {
        let mut tree = Tree {
            root,
            processes: BTreeMap::new(),
            ended: Duration::ZERO,
            seen: 0,
        };
        tree.find(root, true);
        tree
    }

    pub(super) fn root(&self) -> u32 {
        self.root
    }

    /// How many processes there were in all.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Processor time that all have used since this was made. One that began
    /// and ended between two looks is not in it.
    pub(super) fn processor(&mut self) -> Duration {
        self.find(self.root, false);
        let ended = &mut self.ended;
        self.processes.retain(|&pid, process| {
            // The time first: if the process is still the same one after
            // that, it is its time.
            let time = processor_time(pid).ok();
            let is_same = started(pid) == Some(process.started);
            if let Some(time) = time.filter(|_| is_same) {
                process.used = process.used.max(time);
            } else {
                *ended += process.counted();
            }
            is_same
        });
        self.ended
            + self
                .processes
                .values()
                .map(Process::counted)
                .sum::<Duration>()
    }

    /// Memory of all that run now, in bytes.
    pub(super) fn memory(&self) -> (u64, MemoryKind) {
        let mut kind = MemoryKind::Proportional;
        let of_one = |&pid: &u32| {
            memory(pid, "smaps_rollup", "Pss:").unwrap_or_else(|| {
                // Of one that has ended there is neither.
                let resident = memory(pid, "status", "VmRSS:");
                if resident.is_some() {
                    kind = MemoryKind::Resident;
                }
                resident.unwrap_or(0)
            })
        };
        let sum = self.processes.keys().map(of_one).sum();
        (sum, kind)
    }

    /// Takes in a process and its descendants, where they are not known. Those
    /// that are there at first are counted from now, others from their start.
    fn find(&mut self, root: u32, at_first: bool) {
        let mut pending = vec![root];
        // A process is looked at once, whatever the system says.
        let mut looks = 0;
        while let Some(pid) = pending.pop() {
            looks += 1;
            // This program and its workers are nobody's server, even where a
            // server is what started it.
            if pid == std::process::id() || looks > PROCESSES_MAX {
                continue;
            }
            if self.processes.len() < PROCESSES_MAX && !self.processes.contains_key(&pid) {
                self.take_in(pid, at_first);
            }
            pending.extend(children(pid));
        }
    }

    fn take_in(&mut self, pid: u32, at_first: bool) {
        let Some((started, used)) = started(pid).zip(processor_time(pid).ok()) else {
            return; // it has ended meanwhile
        };
        let process = Process {
            started,
            base: if at_first { used } else { Duration::ZERO },
            used,
        };
        self.processes.insert(pid, process);
        self.seen += 1;
    }
}

impl Process {
    fn counted(&self) -> Duration {
        self.used.saturating_sub(self.base)
    }
}

/// The processes that the threads of a process have started.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let ids = |list: String| -> Vec<u32> {
        let words = list.split_whitespace();
        words.filter_map(|word| word.parse().ok()).collect()
    };
    lists.flat_map(ids).collect()
}

/// When a process was started, in ticks since the system was. One that has
/// ended and is not waited for yet is still there, and so is its clock.
fn started(pid: u32) -> Option<u64> {
    parse_started(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_started(stat: &str) -> Option<u64> {
    // The name of the program, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split_whitespace().nth(STARTED_FIELD)?.parse().ok()
}

/// A size that a file of `/proc/PID` has under this name, in bytes.
fn memory(pid: u32, file: &str, name: &str) -> Option<u64> {
    parse_size(
        &fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?,
        name,
    )
}

fn parse_size(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn lines_of_proc() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 12 34 0 0 20 0 1 0 5678 4096 90 1";
        assert_eq!(parse_started(stat), Some(5_678));
        assert_eq!(parse_started("7 (a) S 1"), None);
        assert_eq!(parse_started(""), None);
        let rollup = "0-1 ---p 0 00:00 0 [rollup]\nRss: 99 kB\nPss:      12 kB\nPss_Anon: 1 kB\n";
        assert_eq!(parse_size(rollup, "Pss:"), Some(12 * 1024));
        assert_eq!(parse_size("Rss: 1 kB\n", "Pss:"), None);
    }

    #[test]
    fn children_are_counted_and_stay_counted() {
        // The shell's child is busy until its input ends.
        let script =
            "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read x'; read y";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let mut tree = Tree::new(shell.id());
        let mut line = [0];
        let mut out = shell.stdout.take().expect("it was piped");
        std::io::Read::read_exact(&mut out, &mut line).expect("it speaks when it is done");
        let busy = tree.processor();
        assert_eq!(tree.seen(), 2);
        assert!(busy > Duration::from_millis(5), "{busy:?}");
        let (memory, kind) = tree.memory();
        assert!(memory > 100_000, "{memory}");
        assert_eq!(kind, MemoryKind::Proportional);
        drop(shell.stdin.take());
        shell.wait().expect("its end");
        assert!(tree.processor() >= busy);
        assert_eq!((tree.memory().0, tree.seen()), (0, 2));
    }
}
