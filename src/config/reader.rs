//! Reads sections key by key, and remembers what was asked for: whatever is
//! left over in the file is an unknown key.

use crate::config::choice::{Choice, any_of};
use crate::config::nearest::nearest;
use crate::config::problem::Problem;
use crate::config::syntax::Repaired;
use serde::Deserialize;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Letters of a wrong value that a message repeats.
const QUOTED_LETTERS_MAX: usize = 40;

/// Reads the whole file with `keys`, which is handed the top of the file.
/// Where a value is wrong the result has its default.
pub(super) fn read<T>(
    file: &Repaired,
    keys: impl FnOnce(&mut Section<'_, '_>) -> T,
) -> (T, Vec<Problem>) {
    let (table, _) = DeTable::parse_recoverable(&file.text);
    let mut report = Report::new(file);
    let top = Place { name: "", at: 0 };
    let config = report.section(top, Some(table.get_ref()), keys);
    report.tell_leftovers();
    (config, report.problems)
}

/// What the reading of one file has brought to light.
struct Report<'t> {
    file: &'t Repaired,
    problems: Vec<Problem>,
    asked: Vec<Asked>,
    leftovers: Vec<Leftover>,
}

/// A key that the server knows.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Asked {
    section: &'static str,
    key: &'static str,
    kind: Kind,
}

/// What a name in the file stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
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

/// Where a section is: its name ("" for the top) and the byte of its header.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    at: usize,
}

/// One section of the file, or none: then every key has its default. Owns
/// nothing; hands out values and reports what is wrong with them.
pub(super) struct Section<'r, 't> {
    place: Place,
    table: Option<&'t DeTable<'t>>,
    report: &'r mut Report<'t>,
}

impl<'t> Section<'_, 't> {
    /// A whole number within `range`.
    pub(super) fn count(
        &mut self,
        key: &'static str,
        range: RangeInclusive<usize>,
        default: usize,
    ) -> usize {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let within = |number: usize| range.contains(&number).then_some(number);
        self.value(key, &wanted, within).unwrap_or(default)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.value(key, "true or false", Some).unwrap_or(default)
    }

    /// One of a few words.
    pub(super) fn choice<C: Choice>(&mut self, key: &'static str, default: C) -> C {
        let named = |name: String| C::named(&name);
        self.value(key, &C::any_name(), named).unwrap_or(default)
    }

    /// One of these words; the first unless set.
    pub(super) fn word(&mut self, key: &'static str, words: &[&'static str]) -> &'static str {
        let wanted = any_of(words.iter().copied());
        let known = |name: String| words.iter().copied().find(|word| *word == name);
        let usual = words.first().copied().unwrap_or("");
        self.value(key, &wanted, known).unwrap_or(usual)
    }

    /// Any string.
    pub(super) fn text(&mut self, key: &'static str, default: &str) -> String {
        self.value(key, "a string in quotes", Some)
            .unwrap_or_else(|| default.to_owned())
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, key: &'static str, default: &[&str]) -> Vec<String> {
        let listed = self.value(key, "a list of strings, such as [\"*\"]", Some);
        listed.unwrap_or_else(|| default.iter().map(|text| (*text).to_owned()).collect())
    }

    /// A string that `parse` understands, or says what to write instead.
    /// Without it the section is no good; `None` if it is missing or wrong.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.value(key, &format!("a string, such as {example}"), Some::<String>);
        // In a damaged file the key may be there, but not to be read.
        let missing = self.table.is_some_and(|table| !table.contains_key(key));
        if missing && self.report.file.broken.is_empty() {
            let message = format!("this section needs `{key}`: write {key} = {example}");
            self.problem(self.place.at, message);
        }
        match parse(&text?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(self.at(key), message);
                None
            }
        }
    }

    /// Reads the section `[key]` with `keys`, also where it is not there.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        keys: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        self.ask(key, Kind::Section);
        let place = Place {
            name: key,
            at: self.at(key),
        };
        let found = self.find(key).map(|value| value.get_ref());
        let table = match found {
            Some(DeValue::Array(sections)) => {
                sections.first().and_then(|one| one.get_ref().as_table())
            }
            Some(other) => other.as_table(),
            None => None,
        };
        if found.is_some_and(|value| !value.is_table()) {
            self.problem(
                place.at,
                format!("`{key}` is one section: write [{key}], its keys below"),
            );
        }
        self.report.section(place, table, keys)
    }

    /// Reads every section `[[key]]` with `keys`, which is also told where
    /// it begins. `None` if the file has none.
    pub(super) fn sections<T>(
        &mut self,
        key: &'static str,
        mut keys: impl FnMut(&mut Section<'_, 't>) -> T,
    ) -> Option<Vec<T>> {
        self.ask(key, Kind::Repeated);
        let found = self.find(key)?;
        let all = match found.get_ref() {
            DeValue::Array(sections) => sections.iter().collect(),
            _ => vec![found],
        };
        let tables = found.get_ref().is_array() && all.iter().all(|one| one.get_ref().is_table());
        if !tables || all.is_empty() {
            let message = format!("`{key}` is a list of sections: write [[{key}]], its keys below");
            self.problem(self.at(key), message);
        }
        let read = |one: &'t Spanned<DeValue<'t>>| {
            let place = Place {
                name: key,
                at: one.span().start,
            };
            self.report
                .section(place, one.get_ref().as_table(), &mut keys)
        };
        Some(all.into_iter().map(read).collect())
    }

    /// Where the section begins in the text.
    pub(super) fn begin(&self) -> usize {
        self.place.at
    }

    /// Where the value of `key` is in the text; if it is not there, where the
    /// section begins.
    pub(super) fn at(&self, key: &str) -> usize {
        self.find(key)
            .map_or(self.place.at, |value| value.span().start)
    }

    /// Reports what is wrong at byte `at` of the text.
    pub(super) fn problem(&mut self, at: usize, message: String) {
        self.report.problem(at, message);
    }

    fn find(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table?.get(key)
    }

    fn ask(&mut self, key: &'static str, kind: Kind) {
        let asked = Asked {
            section: self.place.name,
            key,
            kind,
        };
        if !self.report.asked.contains(&asked) {
            self.report.asked.push(asked);
        }
    }

    /// The value of `key` if it has the type `V` and passes `check`.
    fn value<V: Deserialize<'t>, T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        check: impl FnOnce(V) -> Option<T>,
    ) -> Option<T> {
        self.ask(key, Kind::Key);
        let found = self.find(key)?;
        let value = V::deserialize(ValueDeserializer::from(found.clone()))
            .ok()
            .and_then(check);
        if value.is_none() {
            let got = self.report.quoted(found);
            self.problem(
                found.span().start,
                format!("`{key}` must be {wanted}, not {got}"),
            );
        }
        value
    }
}

impl<'t> Report<'t> {
    fn new(file: &'t Repaired) -> Report<'t> {
        Report {
            file,
            problems: Vec::new(),
            asked: Vec::new(),
            leftovers: Vec::new(),
        }
    }

    fn section<T>(
        &mut self,
        place: Place,
        table: Option<&'t DeTable<'t>>,
        keys: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let read = keys(&mut Section {
            place,
            table,
            report: self,
        });
        for (key, value) in table.into_iter().flatten() {
            let asked = |asked: &Asked| asked.section == place.name && asked.key == key.get_ref();
            if !self.asked.iter().any(asked) {
                self.leftovers.push(Leftover {
                    section: place.name,
                    key: key.get_ref().clone().into_owned(),
                    at: key.span().start,
                    is_section: value.get_ref().is_table(),
                });
            }
        }
        read
    }

    fn problem(&mut self, at: usize, message: String) {
        self.problems
            .push(Problem::new(&self.file.text, at, message));
    }

    /// The value as the user wrote it, as far as it is worth repeating.
    fn quoted(&self, value: &Spanned<DeValue<'_>>) -> String {
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
        if let Some(near) = nearest(&leftover.key, here().map(|asked| asked.key)) {
            return format!("did you mean `{near}`?");
        }
        match self.asked.iter().find(|asked| asked.key == leftover.key) {
            Some(Asked { section: "", .. }) => {
                "it belongs at the top of the file, above the first section".to_owned()
            }
            Some(elsewhere) => format!("it belongs in the section `{}`", elsewhere.section),
            None => {
                let known: Vec<String> = here().map(Asked::shown).collect();
                format!("known here: {}", known.join(", "))
            }
        }
    }
}

impl Asked {
    fn shown(&self) -> String {
        match self.kind {
            Kind::Key => self.key.to_owned(),
            Kind::Section => format!("[{}]", self.key),
            Kind::Repeated => format!("[[{}]]", self.key),
        }
    }
}

/// The keys that the server knows but `text` does not mention.
#[cfg(test)]
pub(super) fn unmentioned<T>(
    text: &str,
    keys: impl FnOnce(&mut Section<'_, '_>) -> T,
) -> Vec<String> {
    let file = crate::config::syntax::repair(text);
    let (table, _) = DeTable::parse_recoverable(&file.text);
    let mut report = Report::new(&file);
    report.section(Place { name: "", at: 0 }, Some(table.get_ref()), keys);
    let mentioned = |asked: &Asked| match table.get_ref().get(asked.section) {
        None => table.get_ref().contains_key(asked.key),
        Some(section) => match section.get_ref() {
            DeValue::Array(all) => all.iter().any(|one| one.get_ref().get(asked.key).is_some()),
            one => one.get(asked.key).is_some(),
        },
    };
    report
        .asked
        .iter()
        .filter(|asked| !mentioned(asked))
        .map(Asked::shown)
        .collect()
}
