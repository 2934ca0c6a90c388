//! The configuration file and the arguments over it, or what is wrong with
//! them.

use super::failure::{Failure, unread};
use crate::config::{self, Config, Problem, ServeArgs};
use crate::os;
use crate::os::user::Identity;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that is taken where none is named, if it is there.
pub const USUAL_FILE: &str = "conf/pelton.toml";

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
                let text = text_of(&name)?;
                Some((name, text))
            }
            None => None,
        };
        Settings::of(file, arguments)
    }

    /// The same of a text that is there already.
    pub(super) fn of(file: Option<Written>, arguments: &ServeArgs) -> Result<Settings, Failure> {
        let config = match &file {
            Some((name, text)) => parse(name, text)?,
            None => Config::default(),
        };
        let mut config = config
            .overridden(arguments)
            .map_err(|refusal| Failure::new(2, refusal))?;
        read_users(&mut config, file.as_ref())?;
        for (number, site) in config.sites.iter().enumerate() {
            if !os::file::is_directory(&site.root) {
                let root = &site.root;
                return Err(match &arguments.dir {
                    Some(_) => Failure::new(2, no_folder(root)),
                    None => no_root(root, number, file.as_ref()),
                });
            }
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

/// Looks for mistakes in a file.
///
/// # Errors
/// All of them.
pub fn check(file: &Path) -> Result<(), Failure> {
    let text = text_of(file)?;
    let mut config = parse(file, &text)?;
    read_users(&mut config, Some(&(file.to_owned(), text)))
}

/// Adds those users of the sites that are in files of their own.
fn read_users(config: &mut Config, written: Option<&Written>) -> Result<(), Failure> {
    for (site, one) in config.sites.iter_mut().enumerate() {
        for (number, rule) in one.auth.iter_mut().enumerate() {
            let Some(file) = &rule.users_file else {
                continue;
            };
            let text = fs::read_to_string(file).map_err(|error| {
                let line = unread(file, &error);
                let section = [("site", site), ("auth", number)];
                at(written, &section, "users_file", &line).unwrap_or_else(|| Failure::new(2, line))
            })?;
            let users = config::users(&text).map_err(|problems| told(file, &problems))?;
            rule.users.extend(users);
        }
    }
    Ok(())
}

/// What is wrong with a key's value, and where that stands in the file.
fn at(
    written: Option<&Written>,
    section: &[(&str, usize)],
    key: &str,
    message: &str,
) -> Option<Failure> {
    let (name, text) = written?;
    let problem = config::written(text, section, key, message)?;
    Some(told(name, &[problem]))
}

/// The configuration that a command about a running server goes by; `None`:
/// there is no file.
pub(super) fn config_of(named: Option<&Path>) -> Result<Option<Config>, Failure> {
    let file = named_or_usual(named);
    file.map(|name| parse(&name, &text_of(&name)?)).transpose()
}

fn parse(name: &Path, text: &str) -> Result<Config, Failure> {
    config::parse(text).map_err(|problems| told(name, &problems))
}

/// Every problem is a line of its own.
fn told(name: &Path, problems: &[Problem]) -> Failure {
    let name = name.display();
    let line = |it: &Problem| format!("{name}:{}:{}: {it}", it.line, it.column);
    Failure {
        status: 2,
        lines: problems.iter().map(line).collect(),
    }
}

fn text_of(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::unread(file, &error, "; see --config"))
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

/// The root of a site is no folder: of one that is in the file, or of the usual
/// one.
fn no_root(root: &Path, site: usize, written: Option<&Written>) -> Failure {
    let line = format!("the folder {} is not there", root.display());
    let told = at(
        written,
        &[("site", site)],
        "root",
        &format!("{line}: write one that is"),
    );
    told.unwrap_or_else(|| Failure::new(2, line + "; name one that is: pelton serve DIR"))
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
