//! The configuration file and the arguments over it, or what is wrong with
//! them.

use super::failure::{Failure, told};
use super::look::{Extent, Look, Users, not_read};
use crate::config::{self, Config, ServeArgs};
use crate::os;
use crate::os::user::Identity;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that is taken where none is named, if it is there.
pub const USUAL_FILE: &str = "conf/pelton.toml";

/// What to do where a configuration is not there.
const NAME_ONE: &str = "name one that is: --config FILE";

/// A file's name and all that was in it.
type Written = (PathBuf, String);

/// What a server runs by, checked, and the text that it was read from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file with the arguments over it.
    pub config: Config,
    /// `None` without one.
    pub(super) file: Option<Written>,
    /// Whom the serving process becomes.
    pub(super) identity: Option<Identity>,
}

impl Settings {
    /// Reads the file that the arguments name, or the usual one.
    ///
    /// # Errors
    /// Every mistake in the file, or the one in the arguments.
    pub fn read(arguments: &ServeArgs) -> Result<Settings, Failure> {
        let file = match named_or_usual(arguments.config.as_deref()) {
            Some(name) => {
                let text = text_of(&name, NAME_ONE)?;
                Some((name, text))
            }
            None => None,
        };
        Settings::looked(file, arguments, Extent::All)
    }

    /// The same of a text that is there already, and was looked at before.
    pub(super) fn of(file: Option<Written>, arguments: &ServeArgs) -> Result<Settings, Failure> {
        Settings::looked(file, arguments, Extent::Needed)
    }

    fn looked(
        file: Option<Written>,
        arguments: &ServeArgs,
        extent: Extent,
    ) -> Result<Settings, Failure> {
        let config = match &file {
            Some(written) => checked(written, arguments, extent)?,
            None => overridden(Config::default(), arguments)?,
        };
        let missing = config
            .sites
            .iter()
            .find(|site| !os::file::is_directory(&site.root));
        if let Some(site) = missing {
            let line = match &arguments.dir {
                Some(dir) => no_folder(dir),
                None => {
                    let root = site.root.display();
                    format!("the folder {root} is not there; name one that is: pelton serve DIR")
                }
            };
            return Err(Failure::new(2, line));
        }
        let identity = identity(&config)?;
        Ok(Settings {
            config,
            file,
            identity,
        })
    }

    /// What the master's title says that it runs.
    pub(super) fn title(&self) -> String {
        let shown = match (&self.file, self.config.sites.first()) {
            (Some((name, _)), _) => name.display(),
            (None, Some(site)) => site.root.display(),
            (None, None) => return "pelton: master process".to_owned(),
        };
        format!("pelton: master process {shown}")
    }
}

/// Looks for mistakes in a file, as a start without arguments does.
///
/// # Errors
/// All of them.
pub fn check(file: &Path) -> Result<(), Failure> {
    let written = (
        file.to_owned(),
        text_of(file, "name one that is: pelton check FILE")?,
    );
    checked(&written, &ServeArgs::default(), Extent::All).map(drop)
}

/// The configuration in a text, with the arguments put over it and the users
/// that are in files of their own. Every mistake is told at once: those in the
/// text, and files that it names and that cannot be used.
fn checked(
    (name, text): &Written,
    arguments: &ServeArgs,
    extent: Extent,
) -> Result<Config, Failure> {
    let mut reading = config::read(text, &[]);
    let over = overridden(reading.config.clone(), arguments);
    if reading.problems.is_empty() {
        reading.config = over?;
    }
    let look = Look {
        config: &reading.config,
        dir: arguments.dir.as_deref(),
        extent,
    };
    let seen = look.at_all(&reading.named);
    reading.add_later(seen.problems);
    let mut failure = told(name, &reading.problems);
    failure.lines.extend(seen.lines);
    if !failure.lines.is_empty() {
        return Err(failure);
    }
    fill(&mut reading.config, &seen.users);
    Ok(reading.config)
}

/// Adds to the rules of the sites the users that are in files.
fn fill(config: &mut Config, files: &[(PathBuf, Users)]) {
    for rule in config.sites.iter_mut().flat_map(|site| &mut site.auth) {
        let own = files
            .iter()
            .find(|(file, _)| rule.users_file.as_ref() == Some(file));
        if let Some((_, users)) = own {
            rule.users.extend(users.iter().cloned());
        }
    }
}

fn overridden(config: Config, arguments: &ServeArgs) -> Result<Config, Failure> {
    let refused = |refusal| Failure::new(2, refusal);
    config.overridden(arguments).map_err(refused)
}

/// The configuration that a command about a running server goes by; `None`:
/// there is no file.
pub(super) fn config_of(named: Option<&Path>) -> Result<Option<Config>, Failure> {
    let file = named_or_usual(named);
    file.map(|name| parse(&name, &text_of(&name, NAME_ONE)?))
        .transpose()
}

fn parse(name: &Path, text: &str) -> Result<Config, Failure> {
    config::parse(text).map_err(|problems| told(name, &problems))
}

/// `hint`: how another file is named.
fn text_of(file: &Path, hint: &str) -> Result<String, Failure> {
    let bytes = fs::read(file);
    let bytes = bytes.map_err(|error| Failure::new(2, not_read(file, &error, hint)))?;
    config::decoded(bytes).map_err(|problem| told(file, &[problem]))
}

fn named_or_usual(named: Option<&Path>) -> Option<PathBuf> {
    let usual = Path::new(USUAL_FILE);
    match named {
        Some(file) => Some(file.to_owned()),
        None => usual.exists().then(|| usual.to_owned()),
    }
}

/// What was given as a folder may have been meant as a command, if it is a
/// word.
fn no_folder(given: &Path) -> String {
    let shown = given.display();
    if given.components().count() > 1 || given.has_root() {
        return format!("{shown} is no folder: name one that is there");
    }
    match given.to_str().and_then(config::command_like) {
        Some(near) => {
            format!("{shown} is neither a folder nor a command: did you mean pelton {near}?")
        }
        None => format!("{shown} is neither a folder nor a command (see pelton --help)"),
    }
}

/// Whom the serving process becomes. What only a master can do is refused
/// where there is none: a server that was to give up its rights must not keep
/// them in silence.
fn identity(config: &Config) -> Result<Option<Identity>, Failure> {
    let master = &config.master;
    let needs = [("user", master.user.is_some()), ("daemon", master.daemon)];
    let missed = needs.into_iter().find(|(_, is_set)| *is_set);
    if let (Some((key, _)), false) = (missed, master.enable) {
        let line =
            format!("master.{key} needs a master: add --master, or write enable = true there");
        return Err(Failure::new(2, line));
    }
    let Some(user) = &master.user else {
        return Ok(None);
    };
    let identity = os::user::find(user, master.group.as_deref())
        .map_err(|why| Failure::new(2, format!("{why}: see master.user and master.group")))?;
    if !os::user::is_root() {
        let line = "master.user is for root alone: start as root, or remove it";
        return Err(Failure::new(2, line));
    }
    Ok(Some(identity))
}
