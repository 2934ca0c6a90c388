//! How a master begins: the program runs itself anew, under the title that `ps`
//! shows, in the same process or in one without a terminal.

use super::failure::Failure;
use super::handoff::{Handoff, TO_MASTER, TO_SERVING, environment};
use super::settings::Settings;
use crate::os::{exec, inherit};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{self, Path, PathBuf};
use std::process::{Command, Stdio};

/// What this process is.
#[derive(Debug)]
pub enum Role {
    /// Begun by a user.
    Plain,
    /// A master.
    Master(Handoff),
    /// A serving process with a master.
    Serving(Handoff),
}

/// What this process is, and its arguments, the program's name among them.
///
/// # Errors
/// It was begun by a program of another version.
pub fn role() -> Result<(Role, Vec<OsString>), Failure> {
    let words = |handoff: &Handoff| {
        let program = [OsString::from("pelton")].into_iter();
        program.chain(handoff.arguments.clone()).collect()
    };
    let broken = |why: String| Failure::new(1, why);
    if let Some(handoff) = Handoff::from_environment(TO_SERVING) {
        let handoff = handoff.map_err(broken)?;
        let words = words(&handoff);
        return Ok((Role::Serving(handoff), words));
    }
    match Handoff::from_environment(TO_MASTER) {
        Some(handoff) => {
            let handoff = handoff.map_err(broken)?;
            let words = words(&handoff);
            Ok((Role::Master(handoff), words))
        }
        None => Ok((Role::Plain, env::args_os().collect())),
    }
}

/// Begins a master in the place of this process. Where it is to leave the
/// terminal it is a process of its own, and this returns when it is up.
///
/// # Errors
/// It does not come up.
pub fn launch(settings: &Settings, arguments: Vec<OsString>) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::new(1, format!("cannot start a master: {error}"));
    let program = program(arguments.first()).map_err(cannot)?;
    let handoff = Handoff {
        arguments: arguments.into_iter().skip(1).collect(),
        program,
        daemon: settings.config.master.daemon,
        ..Handoff::default()
    };
    let title = settings.title();
    if handoff.daemon {
        return launch_daemon(handoff, &title);
    }
    let environment = environment(handoff.encode(), true);
    Err(cannot(exec::replace(
        &handoff.program,
        title.as_ref(),
        &environment,
    )))
}

/// Where this program is, by the name that it was begun with: if that is a
/// link, an upgrade takes what the link leads to by then.
fn program(typed: Option<&OsString>) -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    let named = typed.and_then(|typed| named(Path::new(typed)));
    Ok(named.filter(|named| is_same(named, &own)).unwrap_or(own))
}

/// As a shell finds it: a word without a slash is one of `PATH`.
fn named(typed: &Path) -> Option<PathBuf> {
    if typed.components().count() > 1 {
        return path::absolute(typed).ok();
    }
    let folders = env::var_os("PATH")?;
    let mut places = env::split_paths(&folders).map(|folder| folder.join(typed));
    path::absolute(places.find(|place| place.is_file())?).ok()
}

fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    file(one).is_some() && file(one) == file(other)
}

fn launch_daemon(mut handoff: Handoff, title: &str) -> Result<(), Failure> {
    if inherit::activated_count() > 0 {
        let line = "master.daemon does not go with LISTEN_FDS: write daemon = false, the service \
                    manager looks after the process";
        return Err(Failure::new(2, line));
    }
    let cannot = |error: io::Error| Failure::new(1, format!("cannot start a master: {error}"));
    let (mut up, report) = io::pipe().map_err(cannot)?;
    handoff.report = Some(inherit::number(&report));
    let program: PathBuf = handoff.program.clone();
    let mut command = Command::new(program);
    command.arg0(title).env(TO_MASTER, handoff.encode());
    command.stdin(Stdio::null());
    inherit::keep_all();
    let spawned = inherit::handing_down(&[report.as_fd()], || command.spawn());
    let mut master = spawned.map_err(cannot)?;
    drop(report);
    if up.read_exact(&mut [0]).is_ok() {
        return Ok(());
    }
    // It has said why.
    let status = master.wait().map_err(cannot)?.code();
    Err(Failure::told(status.map_or(1, |status| status as u8)))
}
