//! The lines of the log on their way out: each is one write, and those that
//! cannot be written are counted.

use crate::base::limits::LOG_LINE_BYTES_MAX;
use crate::net::log_file::{LogFile, remark};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the log goes from its next line on, if not where it went so far.
pub(super) type Next = Arc<Mutex<Option<Out>>>;

/// What the log is written to.
#[derive(Debug)]
pub(super) enum Out {
    Errors,
    File(LogFile),
}

impl Out {
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Out::Errors => io::stderr().write_all(lines),
            Out::File(file) => file.put(lines),
        }
    }
}

/// Gathers lines, and puts each to where the log is at the time. Owns that.
pub(super) struct Lines {
    /// What has come of a line that is not whole.
    line: Vec<u8>,
    out: Out,
    next: Next,
    /// Lines that could not be written since one last could.
    lost: u64,
}

impl Lines {
    /// Writes to `out`, and from when something is there to `next`.
    pub(super) fn new(out: Out, next: Next) -> Lines {
        Lines {
            line: Vec::new(),
            out,
            next,
            lost: 0,
        }
    }

    /// Whoever logs has other things to do: what cannot be written is lost, and
    /// counted in the log when it can be written again.
    fn put(&mut self, lines: &[u8]) {
        let next = self
            .next
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(next) = next {
            self.out = next;
        }
        let put = match self.lost {
            0 => self.out.put(lines),
            lost => {
                let text = format!("the log could not be written: lines lost: {lost}");
                self.out
                    .put(&[&remark(lines, "WARN", &text), lines].concat())
            }
        };
        match put {
            Ok(()) => self.lost = 0,
            Err(error) => {
                self.lost += 1;
                if self.lost == 1 {
                    self.complain(&error);
                }
            }
        }
    }

    /// The log cannot be told of in the log.
    fn complain(&self, error: &io::Error) {
        if let Out::File(file) = &self.out {
            let (name, process) = (file.path().display(), std::process::id());
            let line = format!(
                "pelton: process {process} cannot write the log {name}: {error}; lines are lost, \
                 and counted, until it can\n"
            );
            let _ = io::stderr().write_all(line.as_bytes()); // there is nobody else to tell
        }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if bytes.ends_with(b"\n") || self.line.len() > LOG_LINE_BYTES_MAX {
            let mut lines = std::mem::take(&mut self.line);
            self.put(&lines);
            lines.clear();
            self.line = lines;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // what is held is no line yet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::fs;
    use std::path::Path;

    fn file(path: &Path) -> Out {
        let log = Config::default().log;
        Out::File(LogFile::open(path, &log, None).expect("opened"))
    }

    #[test]
    fn lines_are_whole_and_those_that_are_lost_are_counted() {
        let name = format!("pelton-lines-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("log");
        let read = || fs::read_to_string(&path).unwrap_or_default();
        let next = Next::default();
        let mut lines = Lines::new(file(&path), next.clone());
        let mut say = |number: usize| {
            for part in ["now ", "[INFO] ", &number.to_string(), "\n"] {
                let all = lines.write(part.as_bytes()).expect("it never fails");
                assert_eq!(all, part.len());
            }
        };
        say(1);
        assert_eq!(read(), "now [INFO] 1\n");
        *next.lock().expect("no panic") = Some(file(Path::new("/dev/full")));
        (2..=4).for_each(&mut say);
        *next.lock().expect("no panic") = Some(file(&path));
        (5..=6).for_each(&mut say);
        let expected = "now [INFO] 1\nnow [WARN] the log could not be written: lines lost: 3\n\
                        now [INFO] 5\nnow [INFO] 6\n";
        assert_eq!(read(), expected);
        // The folder goes with its file, and comes back empty.
        fs::remove_dir_all(&folder).expect("removed");
        (7..=8).for_each(&mut say);
        fs::create_dir_all(&folder).expect("a folder");
        (9..=10).for_each(&mut say);
        let expected = "now [WARN] the log could not be written: lines lost: 2\nnow [INFO] 9\n\
                        now [INFO] 10\n";
        assert_eq!(read(), expected);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
