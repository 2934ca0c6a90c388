//! F1: what the user wants: text and arguments in, one checked [`Config`] out. Pure.
//!
//! ```text
//!  file text ──> syntax ──> reader + keys ──> Config ──> overridden ──> Config
//!                  │              │                          ^
//!                  └── problems ──┘          arguments ──> raw
//! ```
//!
//! `keys` names every key of the file once, with its type, range, default
//! and place in [`Config`]. Nothing that comes out of this room is checked
//! again elsewhere.

mod address;
mod checked;
mod choice;
mod common_path;
mod decoded;
mod field;
mod foreign;
mod host;
mod keys;
mod named;
mod nearest;
mod overridden;
mod path_pattern;
mod printed;
mod problem;
mod raw;
mod reader;
mod report;
mod section;
mod site;
mod syntax;

pub use address::Address;
pub use checked::{
    Accounts, AuthRule, Cache, CacheRule, Config, Cors, HeaderRule, Limits, Listen, Log, Master,
    Proactor, Rate, Redirect, Rewrite, Site, Status, Timeouts,
};
pub use choice::{AccessFormat, Etag, FRAMINGS, Listing, Mode, Protocol};
pub(crate) use decoded::decoded;
pub(crate) use named::{Named, Shelf, What};
pub(crate) use nearest::nearest;
pub use path_pattern::{Part, PathPattern, Place, Stretches};
pub use printed::{completions, manual};
pub use problem::{Problem, Refusal};
pub(crate) use raw::command_like;
pub use raw::{
    CallArgs, CheckArgs, Command, CompletionsArgs, HexBytes, NoCommand, PasswordArgs, ServeArgs,
    SignalArgs, arguments,
};
pub use site::users;

/// Reads the text of a configuration file, which is TOML. `conf/pelton.toml` has
/// every key with its default; what a text leaves out is as there.
///
/// ```
/// use pelton::config;
///
/// let config = config::parse("workers = 4").expect("a good file");
/// assert_eq!(config.workers, 4);
///
/// let problems = config::parse("worker = 4").expect_err("no such key");
/// assert_eq!((problems[0].line, problems[0].column), (1, 1));
/// assert_eq!(problems[0].to_string(), "unknown key `worker`: did you mean `workers`?");
/// ```
///
/// # Errors
///
/// Every mistake in the text, in the order of the lines; never an empty list.
pub fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    parse_with(text, &[])
}

/// The same where listeners may also name these framings, which are to be
/// added to the server.
///
/// ```
/// # use pelton::config;
/// let text = "[[listen]]\naddr = \"9000\"\nprotocol = \"frame\"\nframing = \"line\"";
/// assert!(config::parse(text).is_err());
/// let config = config::parse_with(text, &["line"]).expect("a good file");
/// assert_eq!(config.listen[0].framing, "line");
/// ```
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(text: &str, framings: &[&'static str]) -> Result<Config, Vec<Problem>> {
    let Reading {
        config, problems, ..
    } = read(text, framings);
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

/// What a text says, also where not all of it is good.
pub(crate) struct Reading {
    /// Where a value is wrong it is the default.
    pub(crate) config: Config,
    /// Files and folders, in no order.
    pub(crate) named: Vec<Named>,
    /// In the order of the lines.
    pub(crate) problems: Vec<Problem>,
}

impl Reading {
    /// Adds the problems of those lines that have none yet: one mistake that is
    /// seen from two sides is reported once.
    fn add(&mut self, more: Vec<Problem>) {
        self.add_unless(more, |known, new| known.line == new.line);
    }

    /// Adds what was found out later. Where a value is wrong, nothing is said of
    /// the default that stands in for it.
    pub(crate) fn add_later(&mut self, more: Vec<Problem>) {
        self.add_unless(more, |known, new| {
            (known.line, known.column) == (new.line, new.column)
        });
    }

    fn add_unless(
        &mut self,
        mut more: Vec<Problem>,
        is_known: impl Fn(&Problem, &Problem) -> bool,
    ) {
        more.retain(|new| !self.problems.iter().any(|known| is_known(known, new)));
        self.problems.append(&mut more);
        self.problems
            .sort_by_key(|problem| (problem.line, problem.column));
    }
}

/// Reads as much of a text as can be read. Listeners may also name these
/// framings.
pub(crate) fn read(text: &str, framings: &[&'static str]) -> Reading {
    let framings = [&FRAMINGS, framings].concat();
    // Windows editors put a byte order mark there; it is no column.
    let repaired = syntax::repair(text.strip_prefix('\u{feff}').unwrap_or(text));
    let (config, noted) = reader::read(&repaired, |top| keys::config(top, &framings));
    let mut reading = Reading {
        config,
        named: noted.named,
        problems: repaired.broken,
    };
    reading.add(noted.problems);
    reading.add(repaired.duplicates);
    reading
}

impl Default for Config {
    /// What an empty file says; `conf/pelton.toml` spells it out.
    fn default() -> Config {
        reader::read(&syntax::repair(""), |top| keys::config(top, &FRAMINGS)).0
    }
}

#[cfg(test)]
mod tests;
