//! The file that a log goes to: opened at its end, and rolled over when it is
//! as large as it may be, if that is asked for.
//!
//! ```text
//!  pelton.log  ->  pelton.log.1  ->  pelton.log.2  ->  ...  ->  gone
//! ```
//!
//! The master and the serving process write to one file. Whoever finds it full
//! rolls it over under a lock; the other one sees that the name means another
//! file now, and opens that.

use crate::config::Log;
use crate::os::user::Identity;
use rustix::fs::{FlockOperation, flock};
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

/// A log file. Owns the descriptor.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    owner: Option<Identity>,
    /// Largest size in bytes, and how many old ones are kept.
    rotate: Option<(u64, usize)>,
    file: File,
    /// Rolling over has failed: it is not tried again before it is reopened.
    stuck: bool,
}

impl LogFile {
    /// Opens the file at `path`, or makes it. `owner`: whose it is.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn open(path: &Path, log: &Log, owner: Option<&Identity>) -> io::Result<LogFile> {
        Ok(LogFile {
            path: path.to_owned(),
            owner: owner.cloned(),
            rotate: log.rotate_bytes.map(|bytes| (bytes, log.keep)),
            file: open(path, owner)?,
            stuck: false,
        })
    }

    /// Before so many bytes more are written: is there room for them?
    fn make_room(&mut self, more: usize) -> io::Result<()> {
        let Some((most, keep)) = self.rotate else {
            return Ok(());
        };
        let own = self.file.metadata()?;
        if !self.is_named(&own) {
            return self.reopen();
        }
        if own.len() == 0 || own.len() + more as u64 <= most {
            return Ok(());
        }
        flock(&self.file, FlockOperation::LockExclusive)?;
        // The lock goes with the file that is left behind, when it is closed.
        if self.is_named(&own) {
            self.roll_over(keep)?;
        }
        self.reopen()
    }

    /// Whether the name still means this file.
    fn is_named(&self, own: &Metadata) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino()))
    }

    /// Each file takes the name of the one before it; the last one goes.
    fn roll_over(&self, keep: usize) -> io::Result<()> {
        for number in (1..keep).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.numbered(1))
    }

    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = open(&self.path, self.owner.as_ref())?;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.stuck
            && let Err(error) = self.make_room(bytes.len())
        {
            // A log that is too long is better than none.
            self.stuck = true;
            let name = self.path.display();
            let line = format!("[WARN] {name} could not be rolled over and grows: {error}\n");
            let _ = self.file.write(line.as_bytes());
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // nothing is held here
    }
}

/// A file to be written at its end.
fn open(path: &Path, owner: Option<&Identity>) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    if let Some(owner) = owner {
        fchown(&file, Some(owner.user), Some(owner.group))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::LevelFilter;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("pelton-log-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.0.join(name)).unwrap_or_default()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn opened(folder: &Folder, keep: usize) -> LogFile {
        let log = Log {
            level: LevelFilter::Info,
            file: None,
            rotate_bytes: Some(10),
            keep,
        };
        LogFile::open(&folder.0.join("log"), &log, None).expect("opened")
    }

    #[test]
    fn a_full_file_is_rolled_over_and_the_oldest_goes() {
        let folder = Folder::new("rolls");
        let mut log = opened(&folder, 2);
        for number in 1..=5 {
            log.write_all(format!("line {number}\n").as_bytes())
                .expect("written");
        }
        assert_eq!(folder.read("log"), "line 5\n");
        assert_eq!(folder.read("log.1"), "line 4\n");
        assert_eq!(folder.read("log.2"), "line 3\n");
        assert_eq!(folder.read("log.3"), "");
        log.write_all(b"a line that is longer than a file\n")
            .expect("written");
        log.write_all(b"x\n").expect("written");
        assert_eq!(folder.read("log"), "x\n");
    }

    #[test]
    fn two_that_write_to_it_lose_no_line() {
        let folder = Folder::new("shared");
        let (mut one, mut two) = (opened(&folder, 60), opened(&folder, 60));
        std::thread::scope(|scope| {
            for (log, name) in [(&mut one, 'a'), (&mut two, 'b')] {
                scope.spawn(move || {
                    for number in 0..50 {
                        let line = format!("{name}{number:02}\n");
                        log.write_all(line.as_bytes()).expect("written");
                    }
                });
            }
        });
        let mut all = folder.read("log");
        for number in 1..=60 {
            all += &folder.read(&format!("log.{number}"));
        }
        let mut lines: Vec<&str> = all.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 100, "{all}");
    }

    #[test]
    fn where_it_cannot_be_rolled_over_it_grows_and_says_so_once() {
        let folder = Folder::new("stuck");
        let mut log = opened(&folder, 1);
        fs::create_dir_all(folder.0.join("log.1/full")).expect("in the way");
        for _ in 0..4 {
            log.write_all(b"seven \n").expect("written");
        }
        let all = folder.read("log");
        assert_eq!(all.matches("seven").count(), 4);
        assert_eq!(all.matches("could not be rolled over").count(), 1);
    }
}
