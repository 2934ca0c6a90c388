//! The beginning of a master: a new one, or one that was another program until
//! now.

use super::child::Child;
use super::failure::Failure;
use super::handoff::Handoff;
use super::journal::Journal;
use super::pid_file::PidFile;
use super::restart::Restarts;
use super::settings::Settings;
use super::sockets::Sockets;
use super::supervisor::Master;
use super::text;
use crate::config::ServeArgs;
use crate::os::signal::Signals;
use crate::os::{inherit, process};
use rustix::process::Signal;
use std::fs::File;
use std::io;
use std::time::Instant;

/// What a master listens to.
const SIGNALS: [Signal; 8] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::TERM,
    Signal::USR1,
    Signal::USR2,
    Signal::CHILD,
    Signal::PIPE,
];

impl Master {
    /// Takes what was handed down, and opens what was not.
    ///
    /// # Errors
    /// An address is taken, the pid file is another's, and the like.
    pub(super) fn begin(mut handoff: Handoff, arguments: &ServeArgs) -> Result<Master, Failure> {
        let cannot = |error: io::Error| Failure::new(1, format!("cannot start a master: {error}"));
        let signals = Signals::block(&SIGNALS).map_err(cannot)?;
        let settings = match handoff.file.take() {
            Some(file) => Settings::of(Some(text::handed(file).map_err(cannot)?), arguments)?,
            None if handoff.is_upgraded() => Settings::of(None, arguments)?,
            None => Settings::read(arguments)?,
        };
        let journal = Journal::start(&settings.config.log, settings.identity.as_ref())?;
        let report = handoff.report.take().map(inherit::take).transpose();
        let report = report.map_err(cannot)?.map(File::from);
        let now = Instant::now();
        let mut master = Master {
            arguments: arguments.clone(),
            signals,
            settings,
            sockets: Sockets::default(),
            pid_file: None,
            journal,
            report,
            serving: None,
            starting: None,
            leaving: Vec::new(),
            was_up: false,
            restarts: Restarts::default(),
            restart: Some(now),
            wants_reload: false,
            wants_upgrade: false,
            told_to_wait: false,
            end: None,
            fed: now,
            origin: handoff,
        };
        if master.origin.is_upgraded() {
            master.take_over(now).map_err(cannot)?;
        } else {
            master.open()?;
        }
        Ok(master)
    }

    /// The beginning of a new master.
    fn open(&mut self) -> Result<(), Failure> {
        if self.report.is_some() {
            // A failure means that it has no terminal anyhow.
            let _ = rustix::process::setsid();
        }
        let files = process::raise_open_files();
        log::info!(
            "master process {} is here; up to {files} open files",
            std::process::id()
        );
        let config = &self.settings.config;
        if let Some(path) = &config.master.pid_file {
            self.pid_file = Some(PidFile::write(path)?);
        }
        self.sockets = Sockets::activated(config)?.planned(config)?;
        self.sockets
            .listen()
            .map_err(|error| Failure::new(1, format!("cannot listen: {error}")))
    }

    /// The beginning of a master that was another program until now.
    fn take_over(&mut self, now: Instant) -> io::Result<()> {
        self.sockets = Sockets::inherited(&self.origin.listen, &self.settings.config)?;
        self.sockets.own_files();
        if let Some((number, path)) = self.origin.pid_file.take() {
            self.pid_file = Some(PidFile::inherited(number, path)?);
        }
        for child in std::mem::take(&mut self.origin.children) {
            let child = Child::inherited(&child, now)?;
            if child.overdue.is_some() {
                self.leaving.push(child);
            } else {
                self.restart = None;
                self.serving = Some(child);
            }
        }
        self.origin.listen.clear();
        self.wants_reload = std::mem::take(&mut self.origin.reload);
        self.was_up = true;
        if self.origin.daemon {
            self.journal.leave_terminal(); // the last program has, but this one is to know
        }
        log::info!("upgraded: this is version {}", env!("CARGO_PKG_VERSION"));
        self.announce("READY=1");
        Ok(())
    }
}

impl Handoff {
    /// Whether another program was in this process before.
    fn is_upgraded(&self) -> bool {
        !self.listen.is_empty()
    }
}
