//! The master: one thread, which waits for signals and for words of its
//! serving processes, and sees to it that one of them is up.

use super::child::Child;
use super::failure::Failure;
use super::handoff::Handoff;
use super::journal::Journal;
use super::pid_file::PidFile;
use super::restart::Restarts;
use super::settings::Settings;
use super::sockets::Sockets;
use super::stage::{End, Starting};
use super::watch;
use crate::config::ServeArgs;
use crate::os::notify;
use crate::os::signal::Signals;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The master. Owns the listening sockets, the pid file, and every serving
/// process: one that serves at most, one that is being started at most, and
/// those on their way out.
pub(super) struct Master {
    pub(super) arguments: ServeArgs,
    /// What it was begun with, for those that it starts.
    pub(super) origin: Handoff,
    pub(super) signals: Signals,
    pub(super) settings: Settings,
    pub(super) sockets: Sockets,
    pub(super) pid_file: Option<PidFile>,
    pub(super) journal: Journal,
    /// Whoever has started it as a daemon waits here.
    pub(super) report: Option<File>,
    pub(super) serving: Option<Child>,
    pub(super) starting: Option<Starting>,
    pub(super) leaving: Vec<Child>,
    /// A serving process has been up.
    pub(super) was_up: bool,
    pub(super) restarts: Restarts,
    /// When the next serving process is started, if none is up.
    pub(super) restart: Option<Instant>,
    pub(super) wants_reload: bool,
    pub(super) wants_upgrade: bool,
    /// The log says that these wait.
    pub(super) told_to_wait: bool,
    pub(super) end: Option<End>,
    /// When the service manager last heard of it, while nothing serves.
    pub(super) fed: Instant,
}

/// Watches over a serving process until it is told to stop.
///
/// # Errors
/// It cannot begin, or its serving process does not come up.
pub fn run(handoff: Handoff, arguments: &ServeArgs) -> Result<(), Failure> {
    let mut master = Master::begin(handoff, arguments)?;
    let ended = master.watch();
    if let Err(failure) = &ended
        && master.journal.file().is_some()
    {
        failure.log();
    }
    ended
}

impl Master {
    fn watch(&mut self) -> Result<(), Failure> {
        while !self.is_over() {
            self.hear();
            self.reap()?;
            self.keep_time()?;
            self.change();
            self.wait()
                .map_err(|error| Failure::new(1, format!("the master cannot wait: {error}")))?;
            while let Some(signal) = self.signals.next() {
                self.obey(signal);
            }
        }
        log::info!("all serving processes have ended");
        Ok(())
    }

    /// Sleeps until there is something to do.
    fn wait(&self) -> io::Result<()> {
        if self.is_over() {
            return Ok(());
        }
        let mut sources = vec![PollFd::new(&self.signals, PollFlags::IN)];
        for child in self.children().filter(|child| !child.is_mute) {
            sources.push(PollFd::new(child, PollFlags::IN));
        }
        let patience = self.next_due().map(|due| {
            let left = due.saturating_duration_since(Instant::now());
            Timespec {
                tv_sec: left.as_secs() as i64,
                tv_nsec: i64::from(left.subsec_nanos()),
            }
        });
        match poll(&mut sources, patience.as_ref()) {
            Err(error) if error != rustix::io::Errno::INTR => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let starting = self.starting.as_ref().and_then(|starting| starting.until);
        let leaving = self.children().filter_map(|child| child.overdue).min();
        let end = self.end.as_ref().map(|end| end.until);
        let food = self.hunger().map(|every| self.fed + every);
        let restart = self.restart.filter(|_| self.starting.is_none());
        let all = [starting, leaving, end, food, restart];
        all.into_iter().flatten().min()
    }

    /// How often the service manager wants to hear of this process, while no
    /// serving process speaks for it: bounded by the starts that may fail.
    fn hunger(&self) -> Option<Duration> {
        let silent = self.serving.is_none();
        notify::watchdog().filter(|_| silent).map(|every| every / 2)
    }

    fn obey(&mut self, signal: Signal) {
        match signal {
            Signal::HUP => self.wants_reload = true,
            Signal::USR2 => self.wants_upgrade = true,
            Signal::USR1 => self.reopen(),
            Signal::QUIT => self.begin_end(false),
            Signal::TERM | Signal::INT => self.begin_end(true),
            _ => {} // CHILD has woken it; PIPE is no news
        }
    }

    fn reopen(&mut self) {
        self.journal.reopen();
        for child in self.children() {
            child.signal(Signal::USR1);
        }
    }

    /// Listens to what the serving processes say.
    fn hear(&mut self) {
        for child in &mut self.leaving {
            let _ = child.hear(); // it counts no more, but that it is mute does
        }
        if let Some(child) = &mut self.serving
            && child.hear().alive
        {
            self.announce("WATCHDOG=1");
        }
        let said = self.starting.as_mut().map(|starting| starting.child.hear());
        if said.is_some_and(|said| said.ready)
            && self.end.is_none()
            && let Some(starting) = self.starting.take()
        {
            self.commit(starting);
        }
    }

    /// Sees who has ended.
    fn reap(&mut self) -> Result<(), Failure> {
        self.leaving.retain(|child| match child.reap() {
            None => true,
            Some(ending) => {
                log::info!("serving process {} {ending}", child.pid());
                false
            }
        });
        if let Some(child) = &self.serving
            && let Some(ending) = child.reap()
        {
            let pid = child.pid();
            let lasted = child.since.elapsed();
            self.serving = None;
            if self.end.is_none() {
                let wait = self.restarts.ended_after(lasted);
                self.restart = Some(Instant::now() + wait);
                log::error!("serving process {pid} {ending}; the next one comes in {wait:?}");
            }
        }
        if let Some(starting) = &self.starting
            && let Some(ending) = starting.child.reap()
            && let Some(starting) = self.starting.take()
        {
            return self.failed(starting, &ending.to_string());
        }
        Ok(())
    }

    /// Does what is due.
    fn keep_time(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        for child in &mut self.leaving {
            if child.overdue.is_some_and(|overdue| overdue <= now) {
                log::warn!(
                    "serving process {} takes too long; it is killed",
                    child.pid()
                );
                child.signal(Signal::KILL);
                child.overdue = None;
            }
        }
        self.end_in_time(now);
        if self.hunger().is_some_and(|every| self.fed + every <= now) {
            self.fed = now;
            self.announce("WATCHDOG=1");
        }
        if let Some(starting) = &mut self.starting
            && starting.until.take_if(|until| *until <= now).is_some()
        {
            log::error!("serving process {} does not come up", starting.child.pid());
            starting.child.signal(Signal::KILL);
        }
        let due = self.restart.is_some_and(|due| due <= now);
        if due && self.starting.is_none() && self.end.is_none() {
            self.restart = None;
            return self.begin_start();
        }
        Ok(())
    }

    /// Whoever waits until a serving process is up hears that one is.
    pub(super) fn report(&mut self) {
        if let Some(mut report) = self.report.take() {
            let _ = report.write_all(b"R"); // the starter may have gone
            self.journal.leave_terminal();
        }
    }

    /// All serving processes.
    pub(super) fn children(&self) -> impl Iterator<Item = &Child> {
        let starting = self.starting.iter().map(|starting| &starting.child);
        self.serving.iter().chain(starting).chain(&self.leaving)
    }

    /// Tells the service manager, if there is one.
    pub(super) fn announce(&self, words: &str) {
        watch::tell(words);
    }
}
