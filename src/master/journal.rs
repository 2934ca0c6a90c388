//! The server's own log, which can be opened anew while it is written.

use super::failure::Failure;
use super::lines::{Lines, Next, Out};
use crate::config;
use crate::net::log_file::{self, LogFile};
use crate::os::user::Identity;
use log::LevelFilter;
use simplelog::{ConfigBuilder, WriteLogger};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::PoisonError;

/// The log of this process. Owns the way to move it.
#[derive(Debug)]
pub(super) struct Journal {
    log: config::Log,
    owner: Option<Identity>,
    next: Next,
    /// Standard error goes where it goes.
    is_apart: bool,
}

impl Journal {
    /// Starts the log, once in a process. `owner`: whose the file is, so that
    /// it can be opened anew when rights have been given up.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn start(log: &config::Log, owner: Option<&Identity>) -> Result<Journal, Failure> {
        let mut journal = Journal {
            log: log.clone(),
            owner: owner.cloned(),
            next: Next::default(),
            is_apart: false,
        };
        let out = journal.open()?;
        journal.open_access()?;
        let next = journal.next.clone();
        let writer = Lines::new(out, next);
        let format = ConfigBuilder::new().set_time_format_rfc3339().build();
        // What is written is decided by the level that can be changed later.
        WriteLogger::init(LevelFilter::Trace, format, writer)
            .map_err(|error| Failure::new(1, format!("cannot start the log: {error}")))?;
        journal.level(log);
        Ok(journal)
    }

    /// Follows another configuration.
    pub(super) fn follow(&mut self, log: &config::Log, owner: Option<&Identity>) {
        self.level(log);
        self.owner = owner.cloned();
        let level = self.log.level;
        let is_moved = self.log
            != (config::Log {
                level,
                ..log.clone()
            });
        self.log.clone_from(log);
        if is_moved {
            self.reopen();
        }
    }

    /// Opens the file anew, since it has been moved away.
    pub(super) fn reopen(&mut self) {
        if let Err(failure) = self.open_access() {
            failure.log();
        }
        match self.open() {
            Ok(out) => {
                *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(out);
                log::info!("the log is open");
                if self.is_apart {
                    self.leave_terminal();
                }
            }
            Err(failure) => failure.log(), // in the old one
        }
    }

    /// Standard streams go nowhere from here on, and standard error to the log
    /// if that has a file: what a panic says is there.
    pub(super) fn leave_terminal(&mut self) {
        self.is_apart = true;
        if let Err(error) = self.move_streams() {
            log::warn!("the terminal could not be left: {error}");
        }
    }

    fn move_streams(&self) -> io::Result<()> {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        match &self.log.file {
            Some(path) => {
                let file = log_file::open(path, self.owner.as_ref())?;
                rustix::stdio::dup2_stderr(&file)?;
            }
            None => rustix::stdio::dup2_stderr(&null)?,
        }
        Ok(())
    }

    /// The file's name, if it goes to one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.log.file.as_deref()
    }

    fn level(&mut self, log: &config::Log) {
        log::set_max_level(log.level);
    }

    fn open(&self) -> Result<Out, Failure> {
        match &self.log.file {
            Some(path) => self.open_file(path, "log.file").map(Out::File),
            None => Ok(Out::Errors),
        }
    }

    /// Sees to it that the access log is there: who writes it may have no right
    /// to make a file in its folder.
    fn open_access(&self) -> Result<(), Failure> {
        match &self.log.access {
            Some(path) => self.open_file(path, "log.access").map(drop),
            None => Ok(()),
        }
    }

    fn open_file(&self, path: &Path, key: &str) -> Result<LogFile, Failure> {
        LogFile::open(path, &self.log, self.owner.as_ref()).map_err(|error| {
            let name = path.display();
            Failure::new(
                2,
                format!("cannot write the log {name}: {error}; see {key}"),
            )
        })
    }
}
