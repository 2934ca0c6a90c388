//! The access log on its way to the disk: a thread of its own writes what the
//! loops hand over, and no loop waits for it.
//!
//! ```text
//!  loop:  [ filling ] ---> full ---> the writer ---> file
//!             ^                          |
//!             +--------- spare <---------+
//! ```
//!
//! Each loop has some buffers: one that it fills, and others that are spare or
//! on their way. Where none is spare the disk is too slow, and lines are lost.
//! The spare one that was used last is the next: memory that only a slow disk
//! would need is not even touched.

use super::clock::Clock;
use crate::base::limits::{ACCESS_BUFFER_BYTES, ACCESS_BUFFERS_MAX, ACCESS_LINE_BYTES_MAX};
use crate::net::log_file::LogFile;
use crate::net::notes::{Notes, Trouble};
use crossbeam_queue::ArrayQueue;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};

/// Lines of one loop.
struct Load {
    worker: usize,
    lines: Vec<u8>,
}

/// What the loops and the writer share.
pub(super) struct Shuttle {
    /// As many as there are buffers, so that a push never fails.
    full: ArrayQueue<Load>,
    /// On their way back to each loop.
    empty: Vec<ArrayQueue<Vec<u8>>>,
    writer: OnceLock<Thread>,
    reopens: AtomicBool,
    ends: AtomicBool,
}

impl Shuttle {
    /// For so many loops.
    pub(super) fn new(workers: usize) -> Shuttle {
        let empty = |_| ArrayQueue::new(ACCESS_BUFFERS_MAX);
        Shuttle {
            full: ArrayQueue::new(workers * ACCESS_BUFFERS_MAX),
            empty: (0..workers).map(empty).collect(),
            writer: OnceLock::new(),
            reopens: AtomicBool::new(false),
            ends: AtomicBool::new(false),
        }
    }

    /// Hands lines over and takes an empty buffer for them; `false`: there is
    /// none, and the lines are where they were.
    pub(super) fn swap(&self, worker: usize, lines: &mut Vec<u8>, spare: &mut Spare) -> bool {
        while let Some(empty) = self.empty[worker].pop() {
            spare.0.push(empty);
        }
        let Some(empty) = spare.0.pop() else {
            return false;
        };
        self.take(worker, mem::replace(lines, empty));
        true
    }

    /// Hands the last lines of a loop over.
    pub(super) fn take(&self, worker: usize, lines: Vec<u8>) {
        let pushed = self.full.push(Load { worker, lines });
        debug_assert!(pushed.is_ok(), "there are no more buffers than this holds");
        self.call();
    }

    /// Has the file opened anew, for it has been moved away.
    pub(super) fn reopen(&self) {
        self.reopens.store(true, Ordering::Release);
        self.call();
    }

    /// The loops are down: what they have handed over is the last.
    pub(super) fn end(&self) {
        self.ends.store(true, Ordering::Release);
        self.call();
    }

    fn call(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }
}

/// The empty buffers of a loop, the one that was used last on top.
pub(super) struct Spare(Vec<Vec<u8>>);

impl Spare {
    /// All but the one that the loop fills.
    pub(super) fn new() -> Spare {
        Spare((1..ACCESS_BUFFERS_MAX).map(|_| buffer()).collect())
    }
}

/// An empty buffer: one more line fits in when it is full.
pub(super) fn buffer() -> Vec<u8> {
    Vec::with_capacity(ACCESS_BUFFER_BYTES + ACCESS_LINE_BYTES_MAX)
}

/// Starts the writer.
///
/// # Errors
/// What the system says.
pub(super) fn start(
    shuttle: &Arc<Shuttle>,
    file: LogFile,
    notes: &Arc<Notes>,
    clock: Clock,
) -> io::Result<JoinHandle<()>> {
    let mut writer = Writer {
        shuttle: shuttle.clone(),
        file,
        notes: notes.clone(),
        clock,
        lost: 0,
    };
    let thread = thread::Builder::new().name("pelton-access".to_owned());
    let thread = thread.spawn(move || writer.run())?;
    let _ = shuttle.writer.set(thread.thread().clone()); // there is one writer
    shuttle.call(); // for what came before it
    Ok(thread)
}

struct Writer {
    shuttle: Arc<Shuttle>,
    file: LogFile,
    notes: Arc<Notes>,
    clock: Clock,
    /// Lines that could not be written since some last could.
    lost: usize,
}

impl Writer {
    fn run(&mut self) {
        loop {
            let ends = self.shuttle.ends.load(Ordering::Acquire);
            if self.shuttle.reopens.swap(false, Ordering::AcqRel) {
                self.reopen();
            }
            while let Some(load) = self.shuttle.full.pop() {
                self.write(load);
            }
            if ends {
                return;
            }
            thread::park();
        }
    }

    fn reopen(&mut self) {
        if let Err(error) = self.file.reopen() {
            let name = self.file.path().display();
            log::error!("cannot open the access log {name} anew: {error}; the old one goes on");
        }
    }

    fn write(&mut self, load: Load) {
        let Load { worker, mut lines } = load;
        match self.file.put(&lines) {
            Ok(()) if self.lost > 0 => {
                let lost = mem::take(&mut self.lost);
                log::warn!("the access log is written again; lines lost: {lost}");
            }
            Ok(()) => {}
            Err(error) => {
                self.lost += memchr::memchr_iter(b'\n', &lines).count();
                self.complain(&error);
            }
        }
        lines.clear();
        let _ = self.shuttle.empty[worker].push(lines); // too many at the end alone
    }

    fn complain(&self, error: &io::Error) {
        let (now, path) = (self.clock.now(), self.file.path().display());
        let details = format_args!("{path}: {error}");
        self.notes.note(Trouble::NoAccess, now, details);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.lost > 0 {
            log::warn!(
                "the access log was not written to its end; lines lost: {}",
                self.lost
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::fs;

    #[test]
    fn lines_come_whole_and_where_no_buffer_is_spare_they_stay() {
        let name = format!("pelton-shuttle-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let shuttle = Arc::new(Shuttle::new(2));
        let (mut lines, mut spare) = (buffer(), Spare::new());
        lines.extend_from_slice(b"one\n");
        for _ in 1..ACCESS_BUFFERS_MAX {
            assert!(shuttle.swap(1, &mut lines, &mut spare) && lines.is_empty());
            lines.extend_from_slice(b"two\n");
        }
        assert!(
            !shuttle.swap(1, &mut lines, &mut spare),
            "all are on their way"
        );
        assert_eq!(lines, b"two\n");
        let file = LogFile::open(&path, &Config::default().log, None).expect("opened");
        let (notes, clock) = (Arc::new(Notes::default()), Clock::new());
        let writer = start(&shuttle, file.bare(), &notes, clock).expect("started");
        while !shuttle.swap(1, &mut lines, &mut spare) {
            thread::yield_now();
        }
        shuttle.take(0, b"three\n".to_vec());
        shuttle.end();
        writer.join().expect("no panic");
        let written = fs::read_to_string(&path).expect("a file");
        let twos = "two\n".repeat(ACCESS_BUFFERS_MAX - 1);
        assert_eq!(written, format!("one\n{twos}three\n"));
        fs::remove_file(&path).expect("removed");
    }
}
