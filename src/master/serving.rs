//! The serving process, with a master or without one.

use super::child::READY;
use super::failure::Failure;
use super::handoff::Handoff;
use super::journal::Journal;
use super::settings::Settings;
use super::sockets::Sockets;
use super::text;
use super::watch::{self, Keeper};
use crate::base::limits::READY_MS;
use crate::config::{Address, Config, FRAMINGS, Protocol, ServeArgs};
use crate::engine::{Handle, Running, Server};
use crate::os::{inherit, signal};
use signal_hook::iterator::Signals;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// How often a server that starts is asked whether it is up.
const ASKED_EVERY: Duration = Duration::from_millis(1);

/// The way to a master.
struct Supervised {
    control: UnixStream,
    says: bool,
    daemon: bool,
}

/// Serves without a master until it is told to stop. `build` makes the server.
///
/// # Errors
/// It does not come up, or stops early.
pub fn serve(
    settings: &Settings,
    build: impl FnOnce(Config) -> Result<Server, Failure>,
) -> Result<(), Failure> {
    let config = &settings.config;
    let journal = Journal::start(&config.log, None)?;
    let sockets = Sockets::activated(config)?;
    run(config, sockets, journal, None, build)
}

/// Serves with a master, by the settings and on the sockets that it hands down.
///
/// # Errors
/// It does not come up, or stops early.
pub fn serve_supervised(
    mut handoff: Handoff,
    arguments: &ServeArgs,
    build: impl FnOnce(Config) -> Result<Server, Failure>,
) -> Result<(), Failure> {
    // The master runs it by another name, and `ps -C` and `pgrep` go by this.
    let _ = rustix::thread::set_name(c"pelton");
    let file = handoff.file.take().map(text::handed).transpose();
    let settings = Settings::of(file.map_err(not_started)?, arguments)?;
    let config = &settings.config;
    let journal = Journal::start(&config.log, settings.identity.as_ref())?;
    let has_file = journal.file().is_some();
    let begin = || {
        let control = handoff
            .control
            .ok_or_else(|| io::Error::other("no way to the master"));
        let supervised = Supervised {
            control: inherit::take(control?)?.into(),
            says: handoff.says,
            daemon: handoff.daemon,
        };
        let sockets = Sockets::inherited(&handoff.listen, config)?;
        if let Some(identity) = &settings.identity {
            identity.assume()?;
        }
        Ok((supervised, sockets))
    };
    let served = begin()
        .map_err(not_started)
        .and_then(|(supervised, sockets)| run(config, sockets, journal, Some(supervised), build));
    if let Err(failure) = &served
        && has_file
    {
        failure.log(); // beside standard error, which nobody may read
    }
    served
}

fn run(
    config: &Config,
    sockets: Sockets,
    mut journal: Journal,
    supervised: Option<Supervised>,
    build: impl FnOnce(Config) -> Result<Server, Failure>,
) -> Result<(), Failure> {
    // Registered before the start, so that no early signal is lost.
    let signals = Signals::new(watch::SIGNALS)
        .map_err(|error| Failure::new(1, format!("cannot watch for signals: {error}")))?;
    signal::unblock().map_err(not_started)?;
    let server = sockets
        .into_each()
        .fold(build(config.clone())?, |server, (addr, sockets)| {
            server.sockets(addr, sockets)
        });
    let running = server.start().map_err(|error| Failure::new(1, error))?;
    let handle = running.handle();
    await_turn(&handle)?;
    if supervised.as_ref().is_none_or(|master| master.says) {
        tell(config, &running);
    }
    let daemon = supervised.as_ref().is_some_and(|master| master.daemon);
    if daemon {
        journal.leave_terminal();
    }
    let keeper = supervised
        .as_ref()
        .map_or(Keeper::Nobody, |_| Keeper::Master);
    watch::signals(signals, handle.clone(), journal, keeper).map_err(not_started)?;
    watch::heap().map_err(not_started)?;
    match supervised {
        Some(Supervised { mut control, .. }) => control
            .write_all(&[READY])
            .and_then(|()| watch::master(control, handle)),
        None => {
            watch::tell("READY=1");
            watch::watchdog(&handle)
        }
    }
    .map_err(not_started)?;
    running
        .wait()
        .map_err(|error| Failure::new(1, format!("stopped early: {error}")))
}

/// Waits until every loop has turned once.
fn await_turn(server: &Handle) -> Result<(), Failure> {
    let start = Instant::now();
    let mut pulse = server.pulse();
    while !pulse.has_moved() {
        if start.elapsed() > Duration::from_millis(READY_MS) {
            return Err(Failure::new(1, "cannot start: a loop does not turn"));
        }
        thread::sleep(ASKED_EVERY);
    }
    Ok(())
}

/// One line each: what is served where, in which mode, with how many loops.
fn tell(config: &Config, running: &Running) {
    let mut lines = String::new();
    for (listen, (addr, protocol)) in config.listen.iter().zip(running.listeners()) {
        let site = match &config.sites[..] {
            [site] => format!("the site in {}", site.root.display()),
            sites => format!("{} sites", sites.len()),
        };
        let (addr, url) = match &listen.addr {
            Address::Ip(_) => (addr.to_string(), format!("http://{addr}/")),
            unix => (unix.to_string(), unix.to_string()),
        };
        lines += &match protocol {
            Protocol::Http => format!("pelton: {site} at {url}\n"),
            Protocol::Frame if listen.framing != FRAMINGS[0] => {
                format!("pelton: packages in {} at {addr}\n", listen.framing)
            }
            Protocol::Frame => format!("pelton: packages at {addr}\n"),
            Protocol::Auto => {
                format!("pelton: {site} at {url}, and packages there too\n")
            }
        };
    }
    if let Some(file) = &config.accounts.file {
        lines += &format!("pelton: accounts in {}\n", file.display());
    }
    let loops = match running.workers() {
        1 => "1 loop".to_owned(),
        many => format!("{many} loops"),
    };
    let mode = config.mode;
    let most = running.connections_max();
    lines += &format!("pelton: {mode} mode, {loops}, up to {most} connections; ^C stops it\n");
    // A reader that has gone away is no reason to fail.
    let _ = io::stdout().write_all(lines.as_bytes());
}

fn not_started(error: io::Error) -> Failure {
    Failure::new(1, format!("cannot start: {error}"))
}
