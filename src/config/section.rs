//! One section of the file: hands out values, and reports what is wrong with
//! them.
//!
//! A section below another one has the names of both: `site.cors`.

use crate::config::choice::{Choice, any_of};
use crate::config::named::What;
use crate::config::report::{Asked, Kind, Report};
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Where a section is: its name ("" for the top) and the byte of its header.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) at: usize,
}

/// One section of the file, or none: then every key has its default. Owns
/// nothing.
pub(super) struct Section<'r, 't> {
    place: Place,
    table: Option<&'t DeTable<'t>>,
    report: &'r mut Report<'t>,
}

/// A name with a value, and where in the text both are.
pub(super) struct Pair<N, V> {
    pub(super) at: (usize, usize),
    pub(super) name: N,
    pub(super) value: V,
}

impl<'r, 't> Section<'r, 't> {
    /// Reads a section with `keys`, and notes what it did not ask for.
    pub(super) fn read<T>(
        place: Place,
        table: Option<&'t DeTable<'t>>,
        report: &'r mut Report<'t>,
        keys: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let mut section = Section {
            place,
            table,
            report,
        };
        let read = keys(&mut section);
        if let Some(table) = table {
            report.leave(place.name, table);
        }
        read
    }

    /// Whether `key` is a table with nothing in it.
    pub(super) fn is_empty(&self, key: &str) -> bool {
        let found = self.find(key).and_then(|value| value.get_ref().as_table());
        found.is_some_and(|table| table.is_empty())
    }

    /// Whether the file has this section.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

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

    /// One of these numbers; the first unless set.
    pub(super) fn number(&mut self, key: &'static str, numbers: &[u16]) -> u16 {
        let shown: Vec<String> = numbers.iter().map(u16::to_string).collect();
        let wanted = format!("one of {}", shown.join(", "));
        let known = |number: u16| numbers.contains(&number).then_some(number);
        let usual = numbers.first().copied().unwrap_or(0);
        self.value(key, &wanted, known).unwrap_or(usual)
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

    /// A file or a folder, noted for those who look whether it is there; "" for
    /// none, which is the default.
    pub(super) fn file(&mut self, key: &'static str, what: What) -> Option<PathBuf> {
        let name = self.text(key, "");
        if name.is_empty() {
            return None;
        }
        let path = PathBuf::from(name);
        self.name(self.at(key), what, path.clone());
        Some(path)
    }

    /// Notes what is named at byte `at` of the text, and is to be looked for.
    pub(super) fn name(&mut self, at: usize, what: What, path: PathBuf) {
        self.report.name(at, what, path);
    }

    /// A string that `parse` understands, or says what to write instead.
    /// `None` if it is missing or wrong.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.value(key, &format!("a string, such as {example}"), Some::<String>)?;
        let at = self.at(key);
        self.told(at, parse(&text))
    }

    /// The same for what the section is no good without.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.need(key, &format!("{key} = {example}"));
        self.parsed(key, example, parse)
    }

    /// Reports a key that is missing. In a damaged file it may be there, but
    /// not to be read.
    pub(super) fn need(&mut self, key: &'static str, example: &str) {
        let missing = self.table.is_some_and(|table| !table.contains_key(key));
        if missing && self.report.file.broken.is_empty() {
            let message = format!("this section needs `{key}`: write {example}");
            self.problem(self.place.at, message);
        }
    }

    /// A list of at least so many strings that `parse` understands, and where
    /// in the text each is. `None` if it is missing; what is wrong in it is left
    /// out.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        least: usize,
        example: &str,
        mut parse: impl FnMut(&str) -> Result<T, String>,
    ) -> Option<Vec<(usize, T)>> {
        self.ask(key, Kind::Key);
        let found = self.find(key)?;
        let items = match found.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![],
        };
        let strings: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
        let enough = found.get_ref().is_array() && items.len() >= least;
        let Some(strings) = strings.filter(|_| enough) else {
            self.must_be(key, found, &format!("a list of strings, such as {example}"));
            return None;
        };
        let mut list = Vec::new();
        for (item, text) in items.iter().zip(strings) {
            let at = item.span().start;
            list.extend(self.told(at, parse(text)).map(|value| (at, value)));
        }
        Some(list)
    }

    /// A table of names that `name` understands with strings that `value`
    /// does, and where in the text each name and its value are: a key of this
    /// section, or with a dot in `table` a section of its own below it. What is
    /// wrong in it is left out.
    pub(super) fn pairs<N, V>(
        &mut self,
        table: &'static str,
        example: &str,
        mut name: impl FnMut(&str) -> Result<N, String>,
        mut value: impl FnMut(&str) -> Result<V, String>,
    ) -> Vec<Pair<N, V>> {
        let key = last(table);
        let is_section = key.len() < table.len();
        self.ask(key, if is_section { Kind::Section } else { Kind::Key });
        let Some(found) = self.find(key) else {
            return Vec::new();
        };
        let Some(entries) = found.get_ref().as_table() else {
            if is_section {
                let message =
                    format!("`{key}` is one section: write [{table}], and in it {example}");
                self.problem(found.span().start, message);
            } else {
                self.must_be(key, found, &format!("names with values, such as {example}"));
            }
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (known, item) in entries {
            let name = self.told(known.span().start, name(known.get_ref()));
            let text = item.get_ref().as_str();
            let value = match text {
                Some(text) => self.told(item.span().start, value(text)),
                None => {
                    self.must_be(known.get_ref(), item, "a string in quotes");
                    None
                }
            };
            let at = (known.span().start, item.span().start);
            pairs.extend(
                name.zip(value)
                    .map(|(name, value)| Pair { at, name, value }),
            );
        }
        pairs
    }

    /// Reads the section `name` with `keys`, also where it is not there.
    pub(super) fn section<T>(
        &mut self,
        name: &'static str,
        keys: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let key = last(name);
        self.ask(key, Kind::Section);
        let place = Place {
            name,
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
                format!("`{key}` is one section: write [{name}], its keys below"),
            );
        }
        Section::read(place, table, self.report, keys)
    }

    /// Reads every section `[[name]]` with `keys`, which is also told where
    /// it begins. `None` if the file has none.
    pub(super) fn sections<T>(
        &mut self,
        name: &'static str,
        mut keys: impl FnMut(&mut Section<'_, 't>) -> T,
    ) -> Option<Vec<T>> {
        let key = last(name);
        self.ask(key, Kind::Repeated);
        let found = self.find(key)?;
        let all = match found.get_ref() {
            DeValue::Array(sections) => sections.iter().collect(),
            _ => vec![found],
        };
        let tables = found.get_ref().is_array() && all.iter().all(|one| one.get_ref().is_table());
        if !tables || all.is_empty() {
            let message =
                format!("`{key}` is a list of sections: write [[{name}]], its keys below");
            self.problem(self.at(key), message);
        }
        let read = |one: &'t Spanned<DeValue<'t>>| {
            let at = one.span().start;
            let table = one.get_ref().as_table();
            Section::read(Place { name, at }, table, self.report, &mut keys)
        };
        Some(all.into_iter().map(read).collect())
    }

    /// Reads a section that is not there: every key has its default.
    pub(super) fn absent<T>(
        &mut self,
        name: &'static str,
        keys: impl FnOnce(&mut Section<'_, 't>) -> T,
    ) -> T {
        let at = self.place.at;
        Section::read(Place { name, at }, None, self.report, keys)
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

    /// The number of the line that the byte `at` of the text is in.
    pub(super) fn line(&self, at: usize) -> usize {
        self.report.line(at)
    }

    /// Reports what is wrong at byte `at` of the text.
    pub(super) fn problem(&mut self, at: usize, message: String) {
        self.report.problem(at, message);
    }

    /// The value, or `None` and its message is reported.
    fn told<T>(&mut self, at: usize, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.problem(at, message)).ok()
    }

    fn must_be(&mut self, key: &str, found: &Spanned<DeValue<'_>>, wanted: &str) {
        let got = self.report.quoted(found);
        let message = format!("`{key}` must be {wanted}, not {got}");
        self.problem(found.span().start, message);
    }

    fn find(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table?.get(key)
    }

    fn ask(&mut self, key: &'static str, kind: Kind) {
        let section = self.place.name;
        self.report.ask(Asked { section, key, kind });
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
            self.must_be(key, found, wanted);
        }
        value
    }
}

/// The key by which a section stands in the one above it.
fn last(name: &'static str) -> &'static str {
    name.rsplit('.').next().unwrap_or(name)
}
