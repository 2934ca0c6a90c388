//! What the reading of a file has brought to light: mistakes, and names that
//! nobody asked for.

use crate::config::nearest::nearest;
use crate::config::problem::Problem;
use crate::config::syntax::Repaired;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Letters of a wrong value that a message repeats.
const QUOTED_LETTERS_MAX: usize = 40;

/// Mistakes in one file, the names that the server knows and those that it
/// does not.
pub(super) struct Report<'t> {
    pub(super) file: &'t Repaired,
    pub(super) problems: Vec<Problem>,
    pub(super) asked: Vec<Asked>,
    leftovers: Vec<Leftover>,
}

/// A key that the server knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) kind: Kind,
}

/// What a name in the file stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    Section,
    Repeated,
}

/// A key in the file that the server does not know.
struct Leftover {
    section: &'static str,
    key: String,
    at: usize,
    is_section: bool,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t Repaired) -> Report<'t> {
        Report {
            file,
            problems: Vec::new(),
            asked: Vec::new(),
            leftovers: Vec::new(),
        }
    }

    /// Notes a key that is asked for.
    pub(super) fn ask(&mut self, asked: Asked) {
        if !self.asked.contains(&asked) {
            self.asked.push(asked);
        }
    }

    /// Notes what is in `table` and was not asked for; at its end, when all
    /// that is known there has been.
    pub(super) fn leave(&mut self, section: &'static str, table: &DeTable<'_>) {
        for (key, value) in table {
            let asked = |asked: &Asked| asked.section == section && asked.key == key.get_ref();
            if !self.asked.iter().any(asked) {
                self.leftovers.push(Leftover {
                    section,
                    key: key.get_ref().clone().into_owned(),
                    at: key.span().start,
                    is_section: is_section(value.get_ref()),
                });
            }
        }
    }

    /// Notes what is wrong at byte `at` of the text.
    pub(super) fn problem(&mut self, at: usize, message: String) {
        self.problems
            .push(Problem::new(&self.file.text, at, message));
    }

    /// The value as the user wrote it, as far as it is worth repeating.
    pub(super) fn quoted(&self, value: &Spanned<DeValue<'_>>) -> String {
        let written = self.file.text.get(value.span()).unwrap_or("");
        let line = written.lines().next().unwrap_or("");
        let short: String = line.chars().take(QUOTED_LETTERS_MAX).collect();
        let dots = if short.len() < written.len() {
            "..."
        } else {
            ""
        };
        format!("`{short}{dots}`")
    }

    /// Reports the unknown keys; at the end, when all known ones are known.
    pub(super) fn tell_leftovers(&mut self) {
        for leftover in std::mem::take(&mut self.leftovers) {
            let what = if leftover.is_section {
                "section"
            } else {
                "key"
            };
            let hint = self.hint(&leftover);
            self.problem(
                leftover.at,
                format!("unknown {what} `{}`: {hint}", leftover.key),
            );
        }
    }

    fn hint(&self, leftover: &Leftover) -> String {
        let here = || {
            self.asked
                .iter()
                .filter(|asked| asked.section == leftover.section)
        };
        if let Some(near) = nearest(&leftover.key, here().map(|asked| asked.key)) {
            return format!("did you mean `{near}`?");
        }
        match self.asked.iter().find(|asked| asked.key == leftover.key) {
            Some(Asked { section: "", .. }) => {
                "it belongs at the top of the file, above the first section".to_owned()
            }
            Some(elsewhere) if elsewhere.kind == Kind::Key => {
                format!("it belongs in the section `{}`", elsewhere.section)
            }
            Some(elsewhere) => format!("write {}", elsewhere.shown()),
            None => {
                let known: Vec<String> = here().map(Asked::shown).collect();
                format!("known here: {}", known.join(", "))
            }
        }
    }
}

/// Whether a value is a section, or several.
fn is_section(value: &DeValue<'_>) -> bool {
    let one = |value: &Spanned<DeValue<'_>>| value.get_ref().is_table();
    value.is_table() || value.as_array().is_some_and(|all| all.iter().any(one))
}

impl Asked {
    pub(super) fn shown(&self) -> String {
        let Asked { section, key, kind } = self;
        let dot = if section.is_empty() { "" } else { "." };
        match kind {
            Kind::Key => (*key).to_owned(),
            Kind::Section => format!("[{section}{dot}{key}]"),
            Kind::Repeated => format!("[[{section}{dot}{key}]]"),
        }
    }
}
