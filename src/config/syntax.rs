//! Mistakes in the TOML itself, all of them in one go.
//!
//! The parser of the `toml` crate goes on after a mistake, but what it takes
//! the rest for is often wrong: one missing `=` hides all that follows. So
//! the first mistake is reported and its statement is wiped from the text,
//! line by line so that no other line moves, until the text parses.

use crate::config::problem::Problem;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// A file with this many broken statements is probably no TOML at all; the
/// rest of it is not looked at.
const BROKEN_MAX: usize = 50;
/// What the parser says of a key or section that is there already.
const DUPLICATE: &str = "duplicate key";

/// What the parser's words begin with, and plainer ones with what to do.
const PLAIN: [(&str, &str); 6] = [
    (
        "unexpected key or value, expected newline",
        "nothing but a comment may follow a value in its line: remove it",
    ),
    (
        "missing escaped value",
        "a backslash is written twice, or the text in single quotes",
    ),
    (
        "invalid float",
        "this is no number, and text needs quotes: write \"text\"",
    ),
    (
        "string values must be quoted",
        "text needs quotes: write \"text\"",
    ),
    (
        "missing comma between",
        "a comma is missing between two values: write one",
    ),
    (
        "invalid unquoted key",
        "a name is of letters, digits, - and _, with a sign behind it: write name = value",
    ),
];

/// A text that parses (but for duplicate keys), and what was wrong with the
/// text that it was made from. All lines are where they were.
pub(super) struct Repaired {
    /// The text without its broken statements.
    pub(super) text: String,
    /// The statements that were wiped or mended.
    pub(super) broken: Vec<Problem>,
    /// Keys and sections that are given twice; their first value counts.
    pub(super) duplicates: Vec<Problem>,
}

/// Finds every mistake in the syntax of `text`.
pub(super) fn repair(text: &str) -> Repaired {
    let line = |line: &str| line.strip_suffix('\r').unwrap_or(line).to_owned();
    let mut lines: Vec<String> = text.split('\n').map(line).collect();
    let mut broken = Vec::new();
    while broken.len() < BROKEN_MAX {
        let text = lines.join("\n");
        let (table, errors) = DeTable::parse_recoverable(&text);
        let Some(first) = first_broken(&errors) else {
            let duplicates = duplicates(&text, &lines, &errors);
            return Repaired {
                text,
                broken,
                duplicates,
            };
        };
        let statement = Statement::around(first.at, &text, table.get_ref(), &lines);
        broken.push(statement.problem(&first, &text));
        statement.mend(&mut lines);
    }
    if let Some(last) = broken.last_mut() {
        last.message += " (too many mistakes: the rest of the file has not been looked at)";
    }
    Repaired {
        text: String::new(),
        broken,
        duplicates: Vec::new(),
    }
}

/// Where the parser stumbled (a byte of the text), and over what.
struct Stumble<'e> {
    at: usize,
    message: &'e str,
}

impl Stumble<'_> {
    /// The parser's own words, but of what happens most.
    fn told(&self) -> String {
        let plain = PLAIN
            .iter()
            .find(|(begin, _)| self.message.starts_with(begin));
        if let Some((_, words)) = plain {
            return (*words).to_owned();
        }
        let open = match self.message {
            "invalid basic string, expected `\"`" => "\"",
            "invalid literal string, expected `'`" => "'",
            other => return other.trim_end_matches(", expected nothing").to_owned(),
        };
        format!("the text is not closed: write {open} at its end")
    }
}

fn first_broken(errors: &[Error]) -> Option<Stumble<'_>> {
    errors
        .iter()
        .filter(|error| error.message() != DUPLICATE)
        .map(|error| Stumble {
            at: start(error),
            message: error.message(),
        })
        .min_by_key(|stumble| stumble.at)
}

fn start(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

/// The lines that one mistake spoils.
enum Statement {
    /// A section's header, and the header that was likely meant.
    Header { line: usize, meant: Option<String> },
    /// A key with its value, which begins at byte `at`. Not closed: the next
    /// statement, or the end of the text, comes before the value's end.
    Value {
        lines: Range<usize>,
        at: usize,
        closed: bool,
    },
    /// A line in which not even the key is understood.
    Other { line: usize },
}

impl Statement {
    fn around(at: usize, text: &str, table: &DeTable<'_>, lines: &[String]) -> Statement {
        let line = line_of(text, at, lines);
        if lines[line].trim_start().starts_with('[') {
            let meant = meant_header(&lines[line]).filter(|meant| *meant != lines[line]);
            return Statement::Header { line, meant };
        }
        match table.values().find_map(|value| value_around(at, value)) {
            Some(span) => Statement::of_value(span, at, text, lines),
            None => Statement::Other { line },
        }
    }

    fn of_value(span: Range<usize>, stumble: usize, text: &str, lines: &[String]) -> Statement {
        let (first, last) = (
            line_of(text, span.start, lines),
            line_of(text, span.end, lines),
        );
        let next = (first + 1..=last).find(|&line| is_statement(&lines[line]));
        Statement::Value {
            lines: first..next.unwrap_or(last + 1),
            at: span.start,
            closed: next.is_none() && stumble < text.trim_end().len(),
        }
    }

    fn problem(&self, stumble: &Stumble<'_>, text: &str) -> Problem {
        let (at, message) = match self {
            Statement::Header { line, meant } => {
                header_problem(line_start(text, *line), meant.as_deref(), stumble, text)
            }
            Statement::Value { at, closed, .. } => value_problem(*at, *closed, stumble, text),
            Statement::Other { line } => other_problem(line_start(text, *line), stumble, text),
        };
        Problem::new(text, at, message)
    }

    /// Makes the mistake go away, and as little else as can be.
    fn mend(self, lines: &mut [String]) {
        let wiped = match self {
            Statement::Header {
                line,
                meant: Some(meant),
            } => {
                lines[line] = meant;
                return;
            }
            // Keys without their header would be taken for those of another.
            Statement::Header { line, meant: None } => {
                let below = &lines[line + 1..];
                let section = below.iter().take_while(|line| meant_header(line).is_none());
                line..line + 1 + section.count()
            }
            Statement::Value { lines: spoiled, .. } => spoiled,
            Statement::Other { line } => line..line + 1,
        };
        lines[wiped].iter_mut().for_each(String::clear);
    }
}

fn header_problem(
    at: usize,
    meant: Option<&str>,
    stumble: &Stumble<'_>,
    text: &str,
) -> (usize, String) {
    if let Some(meant) = meant {
        return (at, format!("this section header is broken: write {meant}"));
    }
    let what = if meant_header(line_at(text, at)).is_some() {
        stumble.told()
    } else {
        "this is no section header: write [name]".to_owned()
    };
    (
        at,
        format!("{what} (the keys below it have not been looked at)"),
    )
}

fn value_problem(at: usize, closed: bool, stumble: &Stumble<'_>, text: &str) -> (usize, String) {
    let rest = line_at(text, at);
    let bare = rest.split('#').next().unwrap_or(rest).trim();
    if bare.is_empty() {
        return (at, "the value is missing: write key = value".to_owned());
    }
    let ends = [("\"\"\"", "\"\"\""), ("'''", "'''"), ("[", "]"), ("{", "}")];
    match ends.iter().find(|(open, _)| rest.starts_with(open)) {
        Some((open, close)) if !closed => (
            at,
            format!("`{open}` is not closed: write `{close}` at the end of the value"),
        ),
        None if !rest.starts_with(['"', '\'']) => {
            let bare = bare.replace(['"', '\\'], "");
            let message = format!(
                "`{bare}` is neither a number nor true or false; a string needs quotes: \"{bare}\""
            );
            (at, message)
        }
        _ => (stumble.at, stumble.told()),
    }
}

fn other_problem(at: usize, stumble: &Stumble<'_>, text: &str) -> (usize, String) {
    if line_at(text, at).contains('=') {
        (stumble.at, stumble.told())
    } else {
        (at, "a key needs a value: write key = value".to_owned())
    }
}

/// Keys and sections that are given twice. What a second section repeats of
/// the first is the same mistake.
fn duplicates(text: &str, lines: &[String], errors: &[Error]) -> Vec<Problem> {
    let mut sections = Vec::new();
    let mut problems = Vec::new();
    for span in errors.iter().filter_map(Error::span) {
        let name = text.get(span.clone()).unwrap_or("");
        let line = line_of(text, span.start, lines);
        let section = lines[..=line]
            .iter()
            .rposition(|line| meant_header(line).is_some());
        if section == Some(line) {
            let message = format!("section `{name}` is given twice: move its keys to the first");
            problems.push(Problem::new(text, span.start, message));
            sections.push(line);
        } else if section.is_none_or(|section| !sections.contains(&section)) {
            let message = format!("`{name}` is given twice: remove one of the two");
            problems.push(Problem::new(text, span.start, message));
        }
    }
    problems
}

/// The span of the value, of a key, in which the byte `at` lies.
fn value_around(at: usize, value: &Spanned<DeValue<'_>>) -> Option<Range<usize>> {
    let span = value.span();
    if !span.is_empty() && span.start <= at && at <= span.end || span == (at..at) {
        return Some(span);
    }
    // The span of a section is its header alone: its values lie outside.
    match value.get_ref() {
        DeValue::Table(table) => table.values().find_map(|value| value_around(at, value)),
        DeValue::Array(array) => array.iter().find_map(|value| value_around(at, value)),
        _ => None,
    }
}

/// The line of the byte `at`, or the one above it that is not empty: what is
/// not closed is noticed at the end of the text.
fn line_of(text: &str, at: usize, lines: &[String]) -> usize {
    let line = text.get(..at).unwrap_or(text).matches('\n').count();
    let filled = |line: &String| !line.trim_matches([' ', '\t']).is_empty();
    lines[..=line]
        .iter()
        .rposition(filled)
        .or(lines.iter().position(filled))
        .unwrap_or(line)
}

/// What follows the byte `at` in its line.
fn line_at(text: &str, at: usize) -> &str {
    text.get(at..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("")
}

/// The byte of the first character, indentation aside, of a line.
fn line_start(text: &str, line: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start..];
    start + rest.len() - rest.trim_start_matches([' ', '\t']).len()
}

/// The header that a line is, or nearly is: `[name]` or `[[name]]`.
fn meant_header(line: &str) -> Option<String> {
    let line = line.split('#').next().unwrap_or(line).trim();
    let inner = line.trim_start_matches('[');
    let name = inner.trim_end_matches(']');
    let (opened, closed) = (line.len() - inner.len(), inner.len() - name.len());
    let name = name.trim();
    let named = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if opened == 0 || !named || !name.chars().all(in_bare_key) {
        return None;
    }
    let depth = opened.max(closed).min(2);
    Some(format!("{}{name}{}", "[".repeat(depth), "]".repeat(depth)))
}

fn is_statement(line: &str) -> bool {
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    meant_header(line).is_some() || !key.is_empty() && key.chars().all(in_bare_key)
}

fn in_bare_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-.".contains(letter)
}
