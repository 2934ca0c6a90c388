//! How mistakes are told: one line each.

use std::fmt::{self, Display};

/// One mistake in a configuration file. Displays as its message alone, in one
/// line; whoever knows the file's name puts `FILE:LINE:COLUMN: ` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the mistake, counted from 1.
    pub line: usize,
    /// Column of the mistake in characters, counted from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Problem {
    /// A mistake at byte `at` of `text`.
    pub(super) fn new(text: &str, at: usize, message: String) -> Problem {
        // What is quoted from the file may hold a newline, or worse.
        let message = message.replace(char::is_control, " ");
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Problem {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why arguments were not accepted: one line that says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}
