//! Where a value stands in the file, for those who find out later that it does
//! not hold.

use crate::config::problem::Problem;
use toml::de::{DeTable, DeValue};

/// Tells `message` of a key's value, in the section that is reached by these
/// names and numbers (`[("site", 0)]` is the first `[[site]]`). `None` if the
/// text does not have that key.
pub(crate) fn written(
    text: &str,
    section: &[(&str, usize)],
    key: &str,
    message: &str,
) -> Option<Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table = DeTable::parse(text).ok()?;
    let mut table = table.get_ref();
    for (name, number) in section {
        let DeValue::Array(all) = table.get(*name)?.get_ref() else {
            return None;
        };
        table = all.get(*number)?.get_ref().as_table()?;
    }
    let at = table.get(key)?.span().start;
    Some(Problem::new(text, at, message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_section() {
        const TEXT: &str = "\u{feff}[[site]]\n[[site]]\n  root = \"a\"\n[[site.auth]]\n\
                            users_file = \"b\"\n";
        let place = |section: &[(&str, usize)], key| {
            let problem = written(TEXT, section, key, "no")?;
            Some((problem.line, problem.column, problem.message))
        };
        let no = || "no".to_owned();
        assert_eq!(place(&[("site", 1)], "root"), Some((3, 10, no())));
        let auth = [("site", 1), ("auth", 0)];
        assert_eq!(place(&auth, "users_file"), Some((5, 14, no())));
        assert_eq!(place(&[("site", 0)], "root"), None, "it is the default");
        assert_eq!(place(&[("site", 2)], "root"), None);
    }
}
