//! Reads the file: whatever is left over in it, when all known keys have been
//! asked for, is an unknown key.

use crate::config::report::{Noted, Report};
use crate::config::section::{Place, Section};
use crate::config::syntax::Repaired;
use toml::de::DeTable;

const TOP: Place = Place { name: "", at: 0 };

/// Reads the whole file with `keys`, which is handed the top of the file.
/// Where a value is wrong the result has its default.
pub(super) fn read<T>(file: &Repaired, keys: impl FnOnce(&mut Section<'_, '_>) -> T) -> (T, Noted) {
    let (table, _) = DeTable::parse_recoverable(&file.text);
    let mut report = Report::new(file);
    let config = Section::read(TOP, Some(table.get_ref()), &mut report, keys);
    (config, report.told())
}

/// The keys that the server knows but `text` does not mention.
#[cfg(test)]
pub(super) fn unmentioned<T>(
    text: &str,
    keys: impl FnOnce(&mut Section<'_, '_>) -> T,
) -> Vec<String> {
    use toml::de::DeValue;

    fn has(value: &DeValue<'_>, path: &[&str]) -> bool {
        match (value, path) {
            (_, []) => true,
            (DeValue::Array(all), path) => all.iter().any(|one| has(one.get_ref(), path)),
            (one, [key, rest @ ..]) => one.get(*key).is_some_and(|one| has(one.get_ref(), rest)),
        }
    }
    let file = crate::config::syntax::repair(text);
    let (table, _) = DeTable::parse_recoverable(&file.text);
    let mut report = Report::new(&file);
    Section::read(TOP, Some(table.get_ref()), &mut report, keys);
    let top = DeValue::Table(table.get_ref().clone());
    let asked = report.asked.iter().filter(|asked| {
        let mut path: Vec<&str> = asked.section.split('.').collect();
        path.push(asked.key);
        path.retain(|part| !part.is_empty());
        !has(&top, &path)
    });
    asked.map(|asked| asked.shown()).collect()
}
