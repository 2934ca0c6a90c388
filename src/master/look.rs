//! A look at the machine: whether the files, folders and users that a configuration
//! names are there, and are what they should be. The start and `pelton check` look
//! alike.

mod hint;
mod page;

use super::failure::{told, unread};
use crate::config::{self, Config, Named, Problem, What};
use crate::os::{file, user};
use hint::{folder, meant, unusable};
use page::page;
use rustix::fs::{Access, access};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The first bytes of a file of SQLite's (its file format, 1.3.1).
const SQLITE_BEGINS: &[u8; 16] = b"SQLite format 3\0";

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that is named.
    All,
    /// What a process cannot serve without, where all was looked at before: pages
    /// may come and go meanwhile.
    Needed,
}

/// Names with hashes.
pub(super) type Users = Vec<(String, String)>;

/// What a look has brought to light.
#[derive(Default)]
pub(super) struct Seen {
    /// What is wrong with files, told where they are named.
    pub(super) problems: Vec<Problem>,
    /// What is wrong in files of users, told as it is to be read.
    pub(super) lines: Vec<String>,
    /// What is in files of users.
    pub(super) users: Vec<(PathBuf, Users)>,
}

/// By what, and at how much.
pub(super) struct Look<'c> {
    /// With the arguments put over it.
    pub(super) config: &'c Config,
    /// The folder that the arguments name.
    pub(super) dir: Option<&'c Path>,
    pub(super) extent: Extent,
}

impl Look<'_> {
    /// Looks at all that a text names.
    pub(super) fn at_all(&self, named: &[Named]) -> Seen {
        let mut seen = Seen::default();
        for one in named {
            if let Err(message) = self.at(one, &mut seen) {
                seen.problems.push(one.problem(&message));
            }
        }
        seen
    }

    fn at(&self, one: &Named, seen: &mut Seen) -> Result<(), String> {
        let (path, all) = (&*one.path, self.extent == Extent::All);
        match &one.what {
            What::Root if self.dir.is_none() => root(path),
            What::Users => {
                self.apart(path)?;
                seen.read_users(path, all)
            }
            What::Accounts => {
                self.apart(path)?;
                if all { database(path) } else { Ok(()) }
            }
            What::Page(shelf) if all => page(self.dir.unwrap_or(&shelf.root), shelf, path),
            What::Written if all => made(path),
            What::Socket if all && self.listens_at(path) => folder_of(path),
            What::User if all => known(user::find(&path.to_string_lossy(), None)),
            What::Group if all => known(user::find_group(&path.to_string_lossy())),
            _ => Ok(()),
        }
    }

    /// Whether no argument has put another listener in its place.
    fn listens_at(&self, path: &Path) -> bool {
        let listen = &self.config.listen;
        listen.iter().any(|one| one.addr.file() == Some(path))
    }

    /// What nobody but the server should read lies outside of what is served.
    fn apart(&self, file: &Path) -> Result<(), String> {
        let mut sites = self.config.sites.iter();
        match sites.find(|site| is_below(file, &site.root)) {
            Some(site) => Err(format!(
                "{} is in a folder that is served, {}: move it elsewhere, or it may be served to \
                 everybody",
                file.display(),
                site.root.display()
            )),
            None => Ok(()),
        }
    }
}

impl Seen {
    /// Reads a file of users, once. `somebody`: it is to have one.
    fn read_users(&mut self, path: &Path, somebody: bool) -> Result<(), String> {
        if self.users.iter().any(|(known, _)| known == path) {
            return Ok(());
        }
        if fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
            let shown = path.display();
            return Err(format!(
                "{shown} is neither a file nor a folder: name a file"
            ));
        }
        let bytes = fs::read(path)
            .map_err(|error| not_read(path, &error, "make it, or name one that is"))?;
        let text = config::decoded(bytes).map_err(|problem| vec![problem]);
        let mut users = Users::new();
        match text.and_then(|text| config::users(&text)) {
            Ok(none) if none.is_empty() && somebody => {
                return Err(format!(
                    "nobody is in {}: add a line to it, as `pelton password name` prints it",
                    path.display()
                ));
            }
            Ok(read) => users = read,
            Err(problems) => self.lines.extend(told(path, &problems).lines),
        }
        self.users.push((path.to_owned(), users));
        Ok(())
    }
}

/// A folder to be served.
fn root(path: &Path) -> Result<(), String> {
    let shown = path.display();
    file::open_root(path)
        .map(drop)
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let hint = meant(path, "make it, or write a root that is");
                format!("the folder {shown} is not there: {hint}")
            }
            ErrorKind::NotADirectory if path.is_file() => {
                let folder = folder(path).display();
                format!("{shown} is a file: write a folder, such as \"{folder}\"")
            }
            _ => unusable(path, &error),
        })
}

/// A file that is written, and made where it is not there.
fn made(path: &Path) -> Result<(), String> {
    folder_of(path)?;
    if path.is_dir() {
        let shown = path.display();
        let inner = path.join("NAME");
        let inner = inner.display();
        return Err(format!(
            "{shown} is a folder: write a file in it, \"{inner}\""
        ));
    }
    let (place, how) = match path.exists() {
        true => (path, Access::WRITE_OK),
        false => (folder(path), Access::WRITE_OK | Access::EXEC_OK),
    };
    access(place, how).map_err(|error| unusable(path, &error.into()))
}

/// A file of accounts: made where it is not there, and SQLite's where it is. For
/// a process that does not have it open: closed here, it would lose the locks
/// that SQLite has on it.
fn database(path: &Path) -> Result<(), String> {
    made(path)?;
    let shown = path.display();
    let other = || Err(format!("{shown} is no SQLite file: write another name"));
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return other(),
        Ok(meta) if meta.len() > 0 => {}
        _ => return Ok(()), // there is none yet, or one that was just made
    }
    let mut begins = [0; SQLITE_BEGINS.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    match read {
        Ok(()) if begins == *SQLITE_BEGINS => Ok(()),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(unusable(path, &error)),
        _ => other(),
    }
}

/// A user or a group of this machine.
fn known<T>(found: Result<T, String>) -> Result<(), String> {
    match found {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("{why}: write one that this machine has")),
    }
}

/// The folder that a file is to be made in.
fn folder_of(path: &Path) -> Result<(), String> {
    let folder = folder(path);
    let (shown, file) = (folder.display(), path.display());
    let error = match fs::metadata(folder) {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => return Err(format!("{shown} is a file: write a folder for {file}")),
        Err(error) => error,
    };
    Err(match error.kind() {
        ErrorKind::NotFound => {
            let hint = meant(folder, "make it, or write one that is");
            format!("the folder {shown} is not there: {hint}")
        }
        _ => unusable(folder, &error),
    })
}

/// Whether a file lies in a folder, whatever links say, or would if it were
/// there.
fn is_below(file: &Path, root: &Path) -> bool {
    let places = [file, folder(file)];
    let is_below = |root: &Path| {
        let mut real = places.iter().flat_map(fs::canonicalize);
        real.any(|place| place.starts_with(root))
    };
    fs::canonicalize(root).is_ok_and(|root| is_below(&root))
}

/// A file that cannot be read, and what to do. `hint`: how another is named.
pub(super) fn not_read(path: &Path, error: &io::Error, hint: &str) -> String {
    let hint = match error.kind() {
        ErrorKind::NotFound => meant(path, hint),
        ErrorKind::IsADirectory => "name a file in it".to_owned(),
        _ => "see to it that it can be read, or name another".to_owned(),
    };
    format!("{}; {hint}", unread(path, error))
}
