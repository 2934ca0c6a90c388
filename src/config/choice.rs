//! Values that are one of a few words.

use log::LevelFilter;
use std::fmt::{self, Display};
use std::str::FromStr;

/// A type whose every value has a name that users write.
pub(super) trait Choice: Copy + PartialEq + 'static {
    /// Every name with its value.
    const NAMES: &'static [(&'static str, Self)];

    /// The value of that name.
    fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    /// The name of the value.
    fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("", |(name, _)| name)
    }

    /// All names as a sentence has them: `"a", "b" or "c"`.
    fn any_name() -> String {
        any_of(Self::NAMES.iter().map(|(name, _)| *name))
    }
}

/// Words as a sentence has them: `"a", "b" or "c"`.
pub(super) fn any_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} or {last}", others.join(", "))
        }
        _ => quoted.concat(),
    }
}

/// The framings that need no one to add them; the first is the usual one.
pub const FRAMINGS: [&str; 2] = ["head8", "head16"];

/// Where a service is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On the thread of the event loop, there and then.
    Reactor,
    /// On a thread of the pool, where it may block.
    Proactor,
}

impl Choice for Mode {
    const NAMES: &'static [(&'static str, Mode)] =
        &[("reactor", Mode::Reactor), ("proactor", Mode::Proactor)];
}

impl Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Mode, String> {
        Mode::named(text).ok_or_else(|| format!("write {}", Mode::any_name()))
    }
}

/// What the entity tags of a site's files are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etag {
    /// Length and time of modification.
    Time,
    /// The bytes: for times that cannot be trusted.
    Content,
}

impl Choice for Etag {
    const NAMES: &'static [(&'static str, Etag)] =
        &[("time", Etag::Time), ("content", Etag::Content)];
}

/// What is spoken on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// The binary protocol.
    Frame,
    /// Either, told apart by the first bytes of a connection.
    Auto,
}

impl Choice for Protocol {
    const NAMES: &'static [(&'static str, Protocol)] = &[
        ("http", Protocol::Http),
        ("frame", Protocol::Frame),
        ("auto", Protocol::Auto),
    ];
}

impl Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What becomes of a folder without an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// There is nothing there.
    Off,
    /// What is in it, as a page.
    Html,
    /// The same for programs.
    Json,
}

impl Choice for Listing {
    const NAMES: &'static [(&'static str, Listing)] = &[
        ("off", Listing::Off),
        ("html", Listing::Html),
        ("json", Listing::Json),
    ];
}

/// How the lines of the access log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessFormat {
    /// Apache's common log format.
    Common,
    /// The same with Referer and User-Agent.
    Combined,
    /// One object a line: all that is known.
    Json,
}

impl Choice for AccessFormat {
    const NAMES: &'static [(&'static str, AccessFormat)] = &[
        ("combined", AccessFormat::Combined),
        ("common", AccessFormat::Common),
        ("json", AccessFormat::Json),
    ];
}

impl Choice for LevelFilter {
    const NAMES: &'static [(&'static str, LevelFilter)] = &[
        ("off", LevelFilter::Off),
        ("error", LevelFilter::Error),
        ("warn", LevelFilter::Warn),
        ("info", LevelFilter::Info),
        ("debug", LevelFilter::Debug),
        ("trace", LevelFilter::Trace),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (name, mode) in Mode::NAMES {
            assert_eq!(
                (mode.to_string().as_str(), name.parse()),
                (*name, Ok(*mode))
            );
        }
        for (name, protocol) in Protocol::NAMES {
            assert_eq!(protocol.to_string(), *name);
        }
        assert_eq!(
            "Reactor".parse::<Mode>(),
            Err("write \"reactor\" or \"proactor\"".into())
        );
        assert_eq!(Protocol::any_name(), "\"http\", \"frame\" or \"auto\"");
    }
}
