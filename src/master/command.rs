//! The commands that signal a master: `pelton reload` and the like.

use super::failure::Failure;
use super::pid_file::{self, Holder};
use super::settings::config_of;
use crate::config::SignalArgs;
use rustix::process::{Pid, Signal, kill_process};
use std::io::ErrorKind;
use std::path::PathBuf;

/// Sends `signal` to the master of the pid file; says to whom.
///
/// # Errors
/// There is no such file, or nobody behind it.
pub fn tell(arguments: &SignalArgs, signal: Signal) -> Result<u32, Failure> {
    let path = pid_file_of(arguments)?;
    let name = path.display();
    let master = pid_file::read(&path).map_err(|error| {
        let line = match error.kind() {
            ErrorKind::NotFound => format!("no master runs: there is no {name}"),
            ErrorKind::Other | ErrorKind::InvalidData => {
                format!("{name} is no pid file: there is no process number in it")
            }
            _ => format!("cannot read the pid file {name}: {error}"),
        };
        Failure::new(1, line)
    })?;
    let pid = match master {
        Holder::Runs(pid) => Pid::from_raw(pid),
        Holder::Gone => None,
    };
    let Some(pid) = pid else {
        let line = format!("the pid file {name} is stale: its master is gone");
        return Err(Failure::new(1, line));
    };
    kill_process(pid, signal)
        .map_err(|error| Failure::new(1, format!("cannot signal process {pid}: {error}")))?;
    Ok(pid.as_raw_nonzero().get().unsigned_abs())
}

fn pid_file_of(arguments: &SignalArgs) -> Result<PathBuf, Failure> {
    if let Some(path) = &arguments.pid_file {
        return Ok(path.clone());
    }
    let config = config_of(arguments.config.as_deref())?;
    config
        .and_then(|config| config.master.pid_file)
        .ok_or_else(|| {
            let line = "no pid file is known: name one with --pid-file, or in the configuration \
                    (master.pid_file)";
            Failure::new(2, line)
        })
}
