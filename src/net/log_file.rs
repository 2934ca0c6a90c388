//! The file that a log goes to: opened at its end, and rolled over when it is
//! as large as it may be, if that is asked for.
//!
//! ```text
//!  pelton.log  ->  pelton.log.1  ->  pelton.log.2  ->  ...  ->  gone
//! ```
//!
//! The master and the serving process write to one file. Whoever finds it full
//! rolls it over under a lock; the other one sees that the name means another
//! file now, and opens that. A file that was deleted, perhaps with its folder, is
//! made anew: what is written to it would be lost.

use crate::config::Log;
use crate::os::user::Identity;
use log::Level;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// A log file. Owns the descriptor.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    owner: Option<Identity>,
    /// Largest size in bytes, and how many old ones are kept.
    rotate: Option<(u64, usize)>,
    file: File,
    /// Rolling over has failed: it is tried again when the file is this large.
    stuck: Option<u64>,
    /// The front of a line was written, and the rest could not be.
    torn: bool,
    /// What is to be said of it goes to the log, not into it.
    is_bare: bool,
}

impl LogFile {
    /// Opens the file at `path`, or makes it. `owner`: whose it is.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path, log: &Log, owner: Option<&Identity>) -> io::Result<LogFile> {
        Ok(LogFile {
            path: path.to_owned(),
            owner: owner.cloned(),
            rotate: log.rotate_bytes.map(|bytes| (bytes, log.keep)),
            file: open(path, owner)?,
            stuck: None,
            torn: false,
            is_bare: false,
        })
    }

    /// The same for lines that programs read: none about itself is among them.
    #[must_use]
    pub fn bare(mut self) -> LogFile {
        self.is_bare = true;
        self
    }

    /// Opens it anew by its name, for it has been moved away.
    ///
    /// # Errors
    /// What the system says; it goes on in the old one.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.file = open(&self.path, self.owner.as_ref())?;
        self.torn = false;
        Ok(())
    }

    /// The name that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes lines at its end, in one go.
    ///
    /// # Errors
    /// What the system says; the lines are lost.
    pub fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut own = self.file.metadata()?;
        if own.nlink() == 0 {
            self.reopen()?;
            own = self.file.metadata()?;
        }
        if let Err(error) = self.make_room(&own, lines) {
            self.grow(&own, lines, &error)?;
        }
        self.write_whole(lines)
    }

    /// Rolls over a file that has no room for these lines.
    fn make_room(&mut self, own: &Metadata, lines: &[u8]) -> io::Result<()> {
        let Some((most, keep)) = self.rotate else {
            return Ok(());
        };
        let is_named = self.is_named(own);
        let most = self.stuck.map_or(most, |stuck| stuck.max(most));
        if is_named && (own.len() == 0 || own.len() + lines.len() as u64 <= most) {
            return Ok(());
        }
        if is_named && !self.roll_over_alone(own, keep)? {
            return Ok(());
        }
        self.reopen()?;
        if self.stuck.take().is_some() {
            let name = self.path.display();
            let text = format!("{name} can be rolled over again, and is a new file");
            self.say(lines, Level::Info, &text)?;
        }
        Ok(())
    }

    /// A log that is too long is better than none: it goes on in the same file,
    /// which is told once.
    fn grow(&mut self, own: &Metadata, lines: &[u8], error: &io::Error) -> io::Result<()> {
        let most = self.rotate.map_or(0, |(most, _)| most);
        let again = own.len().saturating_add(most);
        if self.stuck.replace(again).is_none() {
            let name = self.path.display();
            let text = format!("{name} could not be rolled over and grows: {error}");
            self.say(lines, Level::Warn, &text)?;
        }
        Ok(())
    }

    /// One of the processes that find the file full rolls it over. `false`: another
    /// one is at it, and is not waited for.
    fn roll_over_alone(&self, own: &Metadata, keep: usize) -> io::Result<bool> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Ok(false),
            locked => locked?,
        }
        let done = match self.is_named(own) {
            true => self.roll_over(keep),
            false => Ok(()),
        };
        // Else the lock goes with the file that is left behind, when it is closed.
        if done.is_err() {
            flock(&self.file, FlockOperation::Unlock)?;
        }
        done.map(|()| true)
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

    /// Says something of itself.
    fn say(&mut self, lines: &[u8], level: Level, text: &str) -> io::Result<()> {
        if self.is_bare {
            log::log!(level, "{text}");
            return Ok(());
        }
        self.write_whole(&remark(lines, level.as_str(), text))
    }

    fn write_whole(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        let written = self.file.write(lines)?;
        self.torn = written < lines.len();
        if self.torn {
            // The disk is full, mostly, and this says so.
            self.file.write_all(&lines[written..])?;
            self.torn = false;
        }
        Ok(())
    }
}

/// A line of the log about itself, of the time of the lines that it goes ahead
/// of: their first word.
pub fn remark(lines: &[u8], level: &str, text: &str) -> Vec<u8> {
    let time = lines.split(|&byte| byte == b' ').next().unwrap_or_default();
    [time, format!(" [{level}] {text}\n").as_bytes()].concat()
}

/// A file to be written at its end, which is made if it is not there. `owner`:
/// whose it is. Root opens it for a user who may have a hand in its folder, and in
/// its place have put a link to what only root may write: such links are not
/// followed, and nothing is given away but a plain file of one name.
///
/// # Errors
/// What the system says; it is a link that somebody else may have made.
pub fn open(path: &Path, owner: Option<&Identity>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    let Some(owner) = owner else {
        return options.open(path);
    };
    if !is_root_alone(path) {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| {
        if Errno::from_io_error(&error) == Some(Errno::LOOP) {
            return io::Error::other("it is a link, in a folder that others than root may change");
        }
        error
    })?;
    let meta = file.metadata()?;
    let is_its = (meta.uid(), meta.gid()) == (owner.user, owner.group);
    if meta.is_file() && meta.nlink() == 1 && !is_its {
        fchown(&file, Some(owner.user), Some(owner.group))?;
    }
    Ok(file)
}

/// Whether nobody but root puts files into the folder of this one.
fn is_root_alone(path: &Path) -> bool {
    const OTHERS_WRITE: u32 = 0o022;
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    fs::metadata(parent.unwrap_or(Path::new(".")))
        .is_ok_and(|folder| folder.uid() == 0 && folder.mode() & OTHERS_WRITE == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

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
            rotate_bytes: Some(10),
            keep,
            ..Config::default().log
        };
        LogFile::open(&folder.0.join("log"), &log, None).expect("opened")
    }

    #[test]
    fn a_full_file_is_rolled_over_and_the_oldest_goes() {
        let folder = Folder::new("rolls");
        let mut log = opened(&folder, 2);
        for number in 1..=5 {
            log.put(format!("line {number}\n").as_bytes())
                .expect("written");
        }
        assert_eq!(folder.read("log"), "line 5\n");
        assert_eq!(folder.read("log.1"), "line 4\n");
        assert_eq!(folder.read("log.2"), "line 3\n");
        assert_eq!(folder.read("log.3"), "");
        log.put(b"a line that is longer than a file\n")
            .expect("written");
        log.put(b"x\n").expect("written");
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
                        log.put(line.as_bytes()).expect("written");
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
        let way = folder.0.join("log.1");
        fs::create_dir_all(way.join("full")).expect("in the way");
        let mut put = |times| (0..times).for_each(|_| log.put(b"now seven\n").expect("written"));
        put(20);
        let all = folder.read("log");
        assert_eq!(all.matches("seven").count(), 20);
        assert_eq!(all.matches("could not be rolled over").count(), 1);
        fs::remove_dir_all(&way).expect("out of the way");
        while !way.exists() {
            put(1);
        }
        assert!(folder.read("log.1").matches("seven").count() >= 20);
        let all = folder.read("log");
        assert!(all.starts_with("now [INFO] "), "{all}");
        assert_eq!(all.matches("rolled over again").count(), 1, "{all}");
    }

    /// Whoever fails to roll it over does not keep the others from it.
    #[test]
    fn where_one_cannot_roll_it_over_the_other_is_not_held_up() {
        let folder = Folder::new("held");
        let (mut one, mut two) = (opened(&folder, 1), opened(&folder, 1));
        fs::create_dir_all(folder.0.join("log.1/full")).expect("in the way");
        for _ in 0..5 {
            one.put(b"now seven\n").expect("written");
            two.put(b"now eight\n").expect("written");
        }
        let all = folder.read("log");
        let counts = ["seven", "eight"].map(|word| all.matches(word).count());
        assert_eq!(counts, [5, 5], "{all}");
    }

    #[test]
    fn what_somebody_may_have_linked_to_is_neither_opened_nor_given_away() {
        let nobody = match crate::os::user::is_root() {
            true => crate::os::user::find("nobody", None).expect("it is everywhere"),
            false => return, // nobody else could be given anything
        };
        let folder = Folder::new("linked");
        let its = |path: &Path| fs::metadata(path).expect("it is there").uid();
        let (real, link) = (folder.0.join("real"), folder.0.join("link"));
        fs::write(&real, "secret\n").expect("a file");
        std::os::unix::fs::symlink(&real, &link).expect("a link");
        let (other, hard) = (folder.0.join("other"), folder.0.join("hard"));
        fs::write(&other, "secret\n").expect("a file");
        fs::hard_link(&other, &hard).expect("a second name");
        let mode = |bits| {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(bits);
            fs::set_permissions(&folder.0, permissions).expect("its folder");
        };
        mode(0o777);
        let error = open(&link, Some(&nobody)).expect_err("anybody may have made it");
        assert!(error.to_string().contains("it is a link"), "{error}");
        drop(open(&hard, Some(&nobody)).expect("opened"));
        drop(open(&folder.0.join("log"), Some(&nobody)).expect("made"));
        assert_eq!((its(&real), its(&other)), (0, 0));
        assert_eq!(its(&folder.0.join("log")), nobody.user);
        // Here it was root.
        mode(0o755);
        drop(open(&link, Some(&nobody)).expect("opened"));
        assert_eq!(its(&real), nobody.user);
    }
}
