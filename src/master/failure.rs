//! How the program ends, if not well.

use crate::config::Problem;
use std::fmt::Display;
use std::io;
use std::path::Path;

/// Why the program ends, and with which exit status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// 1: failed while running; 2: bad arguments or configuration.
    pub status: u8,
    /// What to do about it; no line if that has been said.
    pub lines: Vec<String>,
}

impl Failure {
    /// A failure that one line tells of.
    #[must_use]
    pub fn new(status: u8, line: impl Display) -> Failure {
        Failure {
            status,
            lines: vec![format!("pelton: {line}")],
        }
    }

    /// A file that cannot be read.
    #[must_use]
    pub fn unread(file: &Path, error: &io::Error, hint: &str) -> Failure {
        Failure::new(2, unread(file, error) + hint)
    }

    /// A failure that has been told already.
    #[must_use]
    pub(super) fn told(status: u8) -> Failure {
        let lines = Vec::new();
        Failure { status, lines }
    }

    /// Into the log, where nobody reads standard error.
    pub(super) fn log(&self) {
        for line in &self.lines {
            log::error!("{}", line.strip_prefix("pelton: ").unwrap_or(line));
        }
    }
}

/// Every problem of a file is a line of its own.
pub(super) fn told(name: &Path, problems: &[Problem]) -> Failure {
    let name = name.display();
    let line = |it: &Problem| format!("{name}:{}:{}: {it}", it.line, it.column);
    Failure {
        status: 2,
        lines: problems.iter().map(line).collect(),
    }
}

/// That a file cannot be read, and why.
pub(super) fn unread(file: &Path, error: &io::Error) -> String {
    let file = file.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("cannot read {file}: it is not there"),
        io::ErrorKind::PermissionDenied => format!("cannot read {file}: this user may not"),
        io::ErrorKind::IsADirectory => format!("cannot read {file}: it is a folder"),
        _ => format!("cannot read {file}: {error}"),
    }
}
