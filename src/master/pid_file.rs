//! The file with the master's process number. It is locked as long as the
//! master lives, so that one that was left behind is told from one that counts.

use super::failure::Failure;
use crate::os::inherit;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Times that a file is opened which others remove in between, or lock for as
/// long as it takes to look at it.
const TRIES: usize = 10;
/// The pause where it was locked.
const LOCKED_FOR: Duration = Duration::from_millis(10);

/// A pid file that is ours. Owns the lock; removed when it is dropped.
#[derive(Debug)]
pub(super) struct PidFile {
    file: File,
    path: PathBuf,
}

/// Whose a pid file is.
pub(super) enum Holder {
    /// This process.
    Runs(i32),
    /// None: the one that wrote it is gone.
    Gone,
}

impl PidFile {
    /// Writes the file; one that was left behind is written over.
    ///
    /// # Errors
    /// Another master has it, or it cannot be written.
    pub(super) fn write(path: &Path) -> Result<PidFile, Failure> {
        let name = path.display();
        let cannot = |error: io::Error| {
            let line = format!("cannot write the pid file {name}: {error}; see master.pid_file");
            Failure::new(2, line)
        };
        let Some(mut file) = locked(path).map_err(cannot)? else {
            let line = format!(
                "a master runs already: process {} has the pid file {name}; stop it (pelton stop \
                 --pid-file {name}), or name another file (master.pid_file)",
                fs::read_to_string(path).unwrap_or_default().trim()
            );
            return Err(Failure::new(1, line));
        };
        let written = file.set_len(0).and_then(|()| {
            let line = format!("{}\n", std::process::id());
            file.write_all(line.as_bytes())
        });
        written.map_err(cannot)?;
        let path = path.to_owned();
        Ok(PidFile { file, path })
    }

    /// Takes over the one of the last program of this process.
    pub(super) fn inherited(number: RawFd, path: PathBuf) -> io::Result<PidFile> {
        let file = File::from(inherit::take(number)?);
        Ok(PidFile { file, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for PidFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // The lock is held until after that: nobody else can have written it. One
        // that was made where it was removed is another's.
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads a pid file.
///
/// # Errors
/// It is not there, or does not say a number.
pub(super) fn read(path: &Path) -> io::Result<Holder> {
    let mut file = File::open(path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let pid = text.trim().parse().ok().filter(|pid| *pid > 0);
    // An empty one is that of a master that has not come to write it.
    if (pid.is_some() || text.is_empty()) && lock(&file)? {
        return Ok(Holder::Gone);
    }
    pid.map(Holder::Runs)
        .ok_or_else(|| io::Error::other("there is no process number in it"))
}

/// The file, locked; `None` if somebody else has it.
fn locked(path: &Path) -> io::Result<Option<File>> {
    let mut is_held = false;
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let file = file.open(path)?;
        is_held = !lock(&file)?;
        if is_held {
            thread::sleep(LOCKED_FOR);
            continue;
        }
        // Its last owner may have removed it meanwhile.
        if is_at(&file, path) {
            return Ok(Some(file));
        }
    }
    match is_held {
        true => Ok(None),
        false => Err(io::Error::other("it comes and goes")),
    }
}

/// Whether the path still means this file.
fn is_at(file: &File, path: &Path) -> bool {
    let place = |meta: Metadata| (meta.dev(), meta.ino());
    let there = fs::metadata(path).map(place);
    there.is_ok_and(|there| file.metadata().map(place).is_ok_and(|own| own == there))
}

/// Whether nobody else has the file.
fn lock(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_another_has_made_meanwhile_stays() {
        let name = format!("pelton-pid-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let first = PidFile::write(&path).expect("written");
        fs::remove_file(&path).expect("somebody cleans up");
        let second = PidFile::write(&path).expect("written anew");
        drop(first);
        assert!(path.exists(), "it is the second one's");
        drop(second);
        assert!(!path.exists());
    }
}
