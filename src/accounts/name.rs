//! Names as accounts have them: what is written in two ways is one name.

use crate::base::limits::NAME_BYTES_MAX;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Normalising takes away less than three quarters of a text, so what is longer
/// than this is too long in any case.
const RAW_BYTES_MAX: usize = 4 * NAME_BYTES_MAX;

/// A name that an account can have: 1 to 56 bytes of UTF-8 in the normal form
/// NFC (Unicode TR 15), nothing in it that cannot be seen, and no blank at
/// either end.
///
/// Two names are one account if they are the same after normalisation. Case
/// counts: which letters are the same but for it depends on the language
/// (Turkish has two letters i), so an application that wants `Ada` and `ada` to
/// be one folds the case before it asks.
///
/// ```
/// use pelton::accounts::Name;
///
/// let composed = Name::new("Zo\u{eb}").expect("a name");
/// let decomposed = Name::new("Zoe\u{308}").expect("a name");
/// assert_eq!(composed, decomposed);
/// assert_eq!(Name::new("a\tb"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// The name in its normal form; `None` if no account can have it.
    #[must_use]
    pub fn new(text: &str) -> Option<Name> {
        if text.len() > RAW_BYTES_MAX {
            return None;
        }
        let name: String = text.nfc().collect();
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
        let clean = !name.contains(is_hidden) && name.trim() == name;
        (fits && clean).then_some(Name(name))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Control characters, and those that make two names look alike: they are not
/// shown (Unicode's Default_Ignorable_Code_Point, and the blank pattern of
/// Braille), or turn the direction of what follows.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let name = Name::new(text);
        assert_eq!(name.as_ref().map(Name::as_str), expected, "{text:?}");
    }

    #[test]
    fn what_is_not_shown_is_in_no_name() {
        for letter in [
            '\u{34f}',
            '\u{3164}',
            '\u{115f}',
            '\u{2800}',
            '\u{180e}',
            '\u{200c}',
            '\u{200d}',
            '\u{fe0f}',
            '\u{ffa0}',
            '\u{e0101}',
        ] {
            check(&format!("ada{letter}"), None);
        }
    }

    #[test]
    fn what_is_written_in_two_ways_is_one_name() {
        check("ada", Some("ada"));
        check("Ada", Some("Ada"));
        check("e\u{301}", Some("\u{e9}"));
        check("\u{212b}", Some("\u{c5}")); // the sign for Ångström
        check("\u{1112}\u{1161}\u{11ab}", Some("\u{d55c}"));
        check("a'; DROP TABLE users; --", Some("a'; DROP TABLE users; --"));
    }

    #[test]
    fn the_length_is_that_of_the_normal_form() {
        check("", None);
        check(&"a".repeat(56), Some(&"a".repeat(56)));
        check(&"a".repeat(57), None);
        check(&"e\u{301}".repeat(28), Some(&"\u{e9}".repeat(28)));
        check(&"e\u{301}".repeat(29), None);
        // Three bytes that become six.
        check(&"\u{958}".repeat(10), None);
        check(&"e\u{301}".repeat(1_000_000), None);
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for text in [
            "a\0",
            "a\nb",
            "\u{7f}",
            "a\u{85}",
            "\u{202e}abc",
            "a\u{200b}",
            "\u{feff}a",
        ] {
            check(text, None);
        }
        for text in [" a", "a ", " ", "a\u{a0}"] {
            check(text, None);
        }
        check("Ada Lovelace", Some("Ada Lovelace"));
    }
}
