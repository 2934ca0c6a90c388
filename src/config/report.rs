//! What the reading of a file has brought to light: mistakes, and names that
//! nobody asked for.

use crate::config::foreign;
use crate::config::named::{Named, What};
use crate::config::nearest::nearest;
use crate::config::problem::Problem;
use crate::config::syntax::Repaired;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Letters of a wrong value that a message repeats.
const QUOTED_LETTERS_MAX: usize = 40;

/// Mistakes in one file, the names that the server knows and those that it
/// does not.
pub(super) struct Report<'t> {
    pub(super) file: &'t Repaired,
    noted: Noted,
    pub(super) asked: Vec<Asked>,
    leftovers: Vec<Leftover>,
}

/// What came to light beside the values.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) problems: Vec<Problem>,
    /// Files and folders that the text names.
    pub(super) named: Vec<Named>,
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
            noted: Noted::default(),
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
        let problem = Problem::new(&self.file.text, at, message);
        self.noted.problems.push(problem);
    }

    /// The number of the line that the byte `at` of the text is in.
    pub(super) fn line(&self, at: usize) -> usize {
        Problem::new(&self.file.text, at, String::new()).line
    }

    /// Notes a file or folder that is named at byte `at` of the text.
    pub(super) fn name(&mut self, at: usize, what: What, path: PathBuf) {
        let named = Named::new(&self.file.text, at, what, path);
        self.noted.named.push(named);
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

    /// All that was noted, the unknown keys too: at the end, when all known ones
    /// are known.
    pub(super) fn told(mut self) -> Noted {
        self.tell_leftovers();
        self.noted
    }

    fn tell_leftovers(&mut self) {
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
        if matches!(leftover.section, "" | "site")
            && let Some(hint) = foreign::hint(&leftover.key)
        {
            return hint.to_owned();
        }
        if let Some(near) = nearest(&leftover.key, here().map(|asked| asked.key)) {
            return format!("did you mean `{near}`?");
        }
        // A key of a rule is no section at the top, whatever its name.
        let is_rule = leftover.section.contains('.');
        let is_alike = |asked: &Asked| (asked.kind != Kind::Key) == leftover.is_section;
        let meant = |asked: &&Asked| asked.key == leftover.key && (!is_rule || is_alike(asked));
        match self.asked.iter().find(meant) {
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
