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
mod field;
mod host;
mod keys;
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
mod written;

pub use address::Address;
pub use checked::{
    Accounts, AuthRule, Cache, CacheRule, Config, Cors, HeaderRule, Limits, Listen, Log, Master,
    Proactor, Rate, Redirect, Rewrite, Site, Status, Timeouts,
};
pub use choice::{AccessFormat, Etag, FRAMINGS, Listing, Mode, Protocol};
pub use path_pattern::{Part, PathPattern, Place, Stretches};
pub use printed::{completions, manual};
pub use problem::{Problem, Refusal};
pub(crate) use raw::command_like;
pub use raw::{
    CallArgs, CheckArgs, Command, CompletionsArgs, HexBytes, NoCommand, PasswordArgs, ServeArgs,
    SignalArgs, arguments,
};
pub use site::users;
pub(crate) use written::written;

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
    let framings = [&FRAMINGS, framings].concat();
    // Windows editors put a byte order mark there; it is no column.
    let repaired = syntax::repair(text.strip_prefix('\u{feff}').unwrap_or(text));
    let (config, found) = reader::read(&repaired, |top| keys::config(top, &framings));
    let mut problems = repaired.broken;
    add_for_other_lines(&mut problems, found);
    add_for_other_lines(&mut problems, repaired.duplicates);
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

/// Adds the problems of those lines that have none yet: one mistake that is
/// seen from two sides is reported once.
fn add_for_other_lines(problems: &mut Vec<Problem>, mut more: Vec<Problem>) {
    more.retain(|new| problems.iter().all(|known| known.line != new.line));
    problems.append(&mut more);
}

impl Default for Config {
    /// What an empty file says; `conf/pelton.toml` spells it out.
    fn default() -> Config {
        reader::read(&syntax::repair(""), |top| keys::config(top, &FRAMINGS)).0
    }
}

#[cfg(test)]
mod tests;
