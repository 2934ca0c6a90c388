//! Starting a serving process: the first one, the next after one has ended,
//! one for another configuration, one from another program. Only when it is up
//! is the old one told to go; if it does not come up, nothing has changed.

use super::child::Child;
use super::failure::Failure;
use super::handoff::{Handoff, environment};
use super::settings::Settings;
use super::sockets::Sockets;
use super::stage::{Starting, Why};
use super::supervisor::Master;
use super::text::Text;
use crate::base::limits::{LEAVING_MAX, READY_MS};
use crate::os::{exec, inherit, notify};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// This very program, whatever has become of its file.
const SELF: &str = "/proc/self/exe";

impl Master {
    /// Begins what was asked for, if nothing else is under way.
    pub(super) fn change(&mut self) {
        if self.starting.is_some() || self.end.is_some() {
            return;
        }
        if self.leaving.len() >= LEAVING_MAX {
            let waits = self.wants_reload || self.wants_upgrade;
            if waits && !self.told_to_wait {
                let count = self.leaving.len();
                log::warn!(
                    "{count} serving processes are on their way out: what was asked for waits \
                     until one of them has gone"
                );
            }
            self.told_to_wait = waits;
            return;
        }
        self.told_to_wait = false;
        if std::mem::take(&mut self.wants_reload) {
            self.begin_reload();
        } else if std::mem::take(&mut self.wants_upgrade) {
            self.begin_upgrade();
        }
    }

    /// Starts a serving process where none is up.
    pub(super) fn begin_start(&mut self) -> Result<(), Failure> {
        match self.start_child(Path::new(SELF), &self.settings, &self.sockets) {
            Ok(child) => {
                self.await_child(child, Why::Start);
                Ok(())
            }
            Err(error) => self.failed_to_start(&format!("cannot be started: {error}")),
        }
    }

    fn begin_reload(&mut self) {
        log::info!("reload: reading the configuration");
        let now = notify::monotonic_us();
        self.announce(&format!("RELOADING=1\nMONOTONIC_USEC={now}"));
        let planned = Settings::read(&self.arguments).and_then(|settings| {
            let sockets = self.sockets.planned(&settings.config)?;
            Ok((settings, sockets))
        });
        let started = planned.and_then(|(settings, sockets)| {
            let child = self.start_child(Path::new(SELF), &settings, &sockets);
            let cannot = |error| Failure::new(1, format!("cannot start a process: {error}"));
            Ok((child.map_err(cannot)?, settings, sockets))
        });
        match started {
            Ok((child, settings, sockets)) => {
                self.await_child(child, Why::Reload(Box::new(settings), sockets));
            }
            Err(failure) => {
                failure.log();
                log::error!("reload: the configuration cannot be used; nothing has changed");
                self.announce("READY=1");
            }
        }
    }

    fn begin_upgrade(&mut self) {
        let program = self.origin.program.clone();
        log::info!("upgrade: starting {}", program.display());
        match self.start_child(&program, &self.settings, &self.sockets) {
            Ok(child) => self.await_child(child, Why::Upgrade),
            Err(error) => {
                let name = program.display();
                log::error!("upgrade: {name} cannot be started: {error}; nothing has changed");
            }
        }
    }

    fn await_child(&mut self, child: Child, why: Why) {
        log::info!("serving process {} is started", child.pid());
        let until = Some(Instant::now() + Duration::from_millis(READY_MS));
        self.starting = Some(Starting { child, why, until });
    }

    fn start_child(
        &self,
        program: &Path,
        settings: &Settings,
        sockets: &Sockets,
    ) -> io::Result<Child> {
        let text = Text::of(settings)?;
        let handoff = Handoff {
            file: text.named(),
            listen: sockets.handed(),
            says: !self.was_up,
            ..self.origin.clone()
        };
        let handed: Vec<BorrowedFd<'_>> = sockets.descriptors().chain(text.descriptor()).collect();
        Child::start(program, handoff, handed)
    }

    /// A serving process is up: from here on it is the one that serves.
    pub(super) fn commit(&mut self, starting: Starting) {
        let Starting { mut child, why, .. } = starting;
        log::info!("serving process {} is up", child.pid());
        child.since = Instant::now();
        self.restarts.is_up();
        self.restart = None;
        self.was_up = true;
        let old = self.serving.replace(child);
        match why {
            Why::Start => {
                self.report();
                self.announce(&format!("READY=1\nMAINPID={}", std::process::id()));
            }
            Why::Reload(settings, sockets) => {
                if let Err(error) = sockets.listen() {
                    log::error!("reload: a new address cannot be listened on: {error}");
                }
                // Before the sockets go that are needed no more: whoever waits in
                // their queues is still taken.
                self.dismiss(old);
                self.adopt(*settings, sockets);
                self.announce("READY=1");
                log::info!("reload: done");
            }
            Why::Upgrade => {
                self.dismiss(old);
                self.become_new();
            }
        }
    }

    fn dismiss(&mut self, old: Option<Child>) {
        if let Some(mut old) = old {
            old.dismiss(self.settings.config.drain);
            self.leaving.push(old);
        }
    }

    /// Another configuration is in force.
    fn adopt(&mut self, settings: Settings, sockets: Sockets) {
        let pid_file = self.pid_file.as_ref().map(|file| file.path());
        if settings.config.master.pid_file.as_deref() != pid_file {
            log::warn!("reload: another master.pid_file takes a restart; the old one stays");
        }
        self.sockets = sockets;
        self.settings = settings;
        let identity = self.settings.identity.as_ref();
        self.journal.follow(&self.settings.config.log, identity);
    }

    /// A serving process has ended before it was up.
    pub(super) fn failed(&mut self, starting: Starting, how: &str) -> Result<(), Failure> {
        let pid = starting.child.pid();
        if self.end.is_some() {
            return Ok(());
        }
        match starting.why {
            Why::Start => return self.failed_to_start(&format!("{pid} {how} before it was up")),
            Why::Reload(..) => {
                log::error!("reload: process {pid} {how} before it was up; nothing has changed");
                self.announce("READY=1");
            }
            Why::Upgrade => {
                log::error!("upgrade: process {pid} {how} before it was up; nothing has changed");
            }
        }
        Ok(())
    }

    fn failed_to_start(&mut self, how: &str) -> Result<(), Failure> {
        let Some(wait) = self.restarts.failed() else {
            let line = format!(
                "serving process {how}; that was the last of several starts in a row, and the \
                 master gives up: see the lines above"
            );
            return Err(Failure::new(1, line));
        };
        log::error!("serving process {how}; the next one comes in {wait:?}");
        self.restart = Some(Instant::now() + wait);
        Ok(())
    }

    /// The new program takes the place of this one, in the same process. If it
    /// cannot, this one stays the master of the new serving process.
    fn become_new(&mut self) {
        if let Err(error) = self.try_become_new() {
            let name = self.origin.program.display();
            log::error!("upgrade: {name} cannot be the master: {error}; the old one stays");
        }
    }

    fn try_become_new(&self) -> io::Result<()> {
        let now = Instant::now();
        let text = Text::of(&self.settings)?;
        let pid_file = self.pid_file.as_ref();
        let handoff = Handoff {
            file: text.named(),
            listen: self.sockets.handed(),
            pid_file: pid_file.map(|file| (inherit::number(file), file.path().to_owned())),
            children: self.children().map(|child| child.handed(now)).collect(),
            reload: self.wants_reload,
            ..self.origin.clone()
        };
        let children = self.children().map(AsFd::as_fd);
        let handed: Vec<BorrowedFd<'_>> = self
            .sockets
            .descriptors()
            .chain(text.descriptor())
            .chain(children)
            .chain(pid_file.map(AsFd::as_fd))
            .collect();
        let title = self.settings.title();
        let environment = environment(handoff.encode(), false);
        inherit::handing_down(&handed, || {
            let program = &self.origin.program;
            Err(exec::replace(program, title.as_ref(), &environment))
        })
    }
}
