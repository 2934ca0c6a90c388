//! Who may keep what for how long: rules with values of Cache-Control.
//!
//! Directives that nobody knows may be there: caches pass over them (RFC 9111
//! 5.2.3). One that is nearly a known one is taken for a slip.

use crate::config::CacheRule;
use crate::config::field::{self, is_token};
use crate::config::nearest::nearest;
use crate::config::section::Section;
use crate::config::site::rules::{Placed, all, pattern};

/// The largest number of seconds that caches tell apart (RFC 9111 1.2.2).
const SECONDS_MAX: u64 = 1 << 31;
/// Directives for answers (RFC 9111 5.2.2, RFC 5861, RFC 8246), and what
/// stands behind their names.
const KNOWN: [(&str, Argument); 13] = [
    ("max-age", Argument::Seconds),
    ("s-maxage", Argument::Seconds),
    ("stale-while-revalidate", Argument::Seconds),
    ("stale-if-error", Argument::Seconds),
    ("private", Argument::Fields),
    ("no-cache", Argument::Fields),
    ("public", Argument::None),
    ("no-store", Argument::None),
    ("no-transform", Argument::None),
    ("must-revalidate", Argument::None),
    ("proxy-revalidate", Argument::None),
    ("must-understand", Argument::None),
    ("immutable", Argument::None),
];
/// Those that clients alone send (RFC 9111 5.2.1).
const ASKED: [&str; 3] = ["max-stale", "min-fresh", "only-if-cached"];
/// Units that users write behind a number, in seconds.
const UNITS: [(&str, u64); 6] = [
    ("s", 1),
    ("m", 60),
    ("h", 3_600),
    ("d", 86_400),
    ("w", 604_800),
    ("y", 31_536_000),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    None,
    Seconds,
    /// Names of fields in quotes, or nothing.
    Fields,
}

/// Every `[[site.cache_control]]`.
pub(super) fn cache_control(keys: &mut Section<'_, '_>) -> Vec<Placed<CacheRule>> {
    all(keys, "site.cache_control", |keys| {
        let path = pattern(keys);
        let value = keys.required("value", "\"max-age=3600\"", value);
        let rule = CacheRule {
            path: path?,
            value: value?,
        };
        Some(Placed::new(keys, "path", "value", rule))
    })
}

/// A list of directives (RFC 9111 5.2).
fn value(text: &str) -> Result<String, String> {
    field::value(text)?;
    let mut known: Vec<String> = Vec::new();
    for directive in directives(text) {
        let (name, argument) = match directive.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (directive, None),
        };
        let is_one = is_token(name) && !argument.is_some_and(is_torn);
        if !is_one {
            return Err(torn(text));
        }
        let name = name.to_ascii_lowercase();
        if known.contains(&name) {
            return Err(format!("`{name}` is there twice: remove one of the two"));
        }
        check(&name, argument)?;
        known.push(name);
    }
    let everybody = known.iter().any(|name| name == "public");
    if everybody && directives(text).any(|it| it.eq_ignore_ascii_case("private")) {
        let message = "`public` and `private` cannot both be: remove one of the two";
        return Err(message.to_owned());
    }
    Ok(text.to_owned())
}

/// What stands between commas that are not in quotes.
fn directives(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let pieces = text.split(move |letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    });
    pieces.map(str::trim)
}

/// Whether an argument is neither a word nor one text in quotes.
fn is_torn(argument: &str) -> bool {
    let quoted = argument
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'));
    match quoted {
        Some(inner) => inner.contains('"'),
        None => !argument.is_empty() && !is_token(argument),
    }
}

/// What is no list of directives, and the one that was likely meant.
fn torn(text: &str) -> String {
    let meant = with_commas(text);
    let commas = text.replace([' ', ','], "") == meant.replace([' ', ','], "");
    match commas && text.len() < meant.len() {
        true => format!("`{text}`: a comma is missing: write \"{meant}\""),
        false => format!("`{text}` is no list of directives: write \"{meant}\""),
    }
}

fn with_commas(text: &str) -> String {
    if text.contains('"') {
        return "max-age=3600".to_owned();
    }
    let small = text.to_ascii_lowercase();
    let bare = match small.starts_with("cache-control:") {
        true => &text["cache-control:".len()..],
        false => text,
    };
    let signs = bare.replace(':', "=");
    let halves: Vec<&str> = signs.split('=').map(str::trim).collect();
    let whole = halves.join("=").replace("==", "=");
    let words: Vec<&str> = whole
        .split([',', ';', ' ', '\t'])
        .filter(|word| is_token(&word.replacen('=', "", 1)))
        .collect();
    match words.is_empty() {
        true => "max-age=3600".to_owned(),
        false => words.join(", "),
    }
}

/// Whether a directive has the argument that it should have.
fn check(name: &str, argument: Option<&str>) -> Result<(), String> {
    let Some((_, wanted)) = KNOWN.iter().find(|(known, _)| *known == name) else {
        return unknown(name);
    };
    match (wanted, argument) {
        (Argument::None, None) | (Argument::Fields, None) => Ok(()),
        (Argument::None, Some(_)) => Err(format!(
            "`{name}` has nothing behind it: write \"{name}\" alone"
        )),
        (Argument::Fields, Some(fields)) if is_list_of_fields(fields) => Ok(()),
        (Argument::Fields, Some(_)) => Err(format!(
            "`{name}` has names of fields in quotes behind it, or nothing: write \"{name}\""
        )),
        (Argument::Seconds, argument) => seconds(name, argument.unwrap_or("")),
    }
}

/// Whether this is names of fields, in quotes.
fn is_list_of_fields(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.is_some_and(|inner| inner.split(',').all(|name| is_token(name.trim())))
}

fn seconds(name: &str, text: &str) -> Result<(), String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(text) {
        let number = text.parse().ok();
        return match number.filter(|number: &u64| *number <= SECONDS_MAX) {
            Some(_) => Ok(()),
            None => Err(format!(
                "`{text}` are more seconds than caches count: write \"{name}={SECONDS_MAX}\" at \
                 most"
            )),
        };
    }
    let bare = text.trim_matches(['"', '-', '+']);
    let (number, unit) = bare.split_at(
        bare.find(|it: char| !it.is_ascii_digit())
            .unwrap_or(bare.len()),
    );
    let factor = UNITS
        .iter()
        .find(|(known, _)| *known == unit || unit.is_empty());
    let factor = factor.map(|(_, factor)| *factor);
    let meant = number.parse::<u64>().ok().zip(factor);
    let meant = meant.and_then(|(number, factor)| number.checked_mul(factor));
    let meant = meant.filter(|meant| *meant <= SECONDS_MAX).unwrap_or(3_600);
    Err(format!(
        "`{name}` needs a number of seconds behind it: write \"{name}={meant}\""
    ))
}

/// One that nobody knows, unless it is a slip.
fn unknown(name: &str) -> Result<(), String> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return seconds("max-age", &format!("\"{name}\""));
    }
    if ASKED.contains(&name) {
        return Err(format!(
            "`{name}` is what clients say, and not servers: remove it"
        ));
    }
    match nearest(name, KNOWN.iter().map(|(known, _)| *known)) {
        Some(near) => Err(format!(
            "unknown directive `{name}`: did you mean `{near}`?"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_values_are_left_alone() {
        for good in [
            "no-store",
            "public, max-age=31536000, immutable",
            "Public,MAX-AGE=0",
            "private=\"Set-Cookie, X-A\", max-age=60",
            "no-cache=\"Set-Cookie\"",
            "s-maxage=60, stale-while-revalidate=30, stale-if-error=2147483648",
            "must-understand, no-store",
            "max-age=60, proxy-revalidate, no-transform, must-revalidate",
            "community=\"UCI\", max-age=60",
            "public, private=\"Set-Cookie\"",
            "post-check=0, pre-check=0",
        ] {
            assert_eq!(value(good), Ok(good.to_owned()));
        }
    }

    #[test]
    fn slips_are_told_with_what_was_meant() {
        for (bad, part) in [
            ("maxage=60", "did you mean `max-age`?"),
            ("privat", "did you mean `private`?"),
            ("s-max-age=60", "did you mean `s-maxage`?"),
            ("max-age=60 public", "write \"max-age=60, public\""),
            ("max-age=60; public", "write \"max-age=60, public\""),
            ("max-age=60 public", "a comma is missing"),
            ("Cache-Control: max-age=60", "write \"max-age=60\""),
            ("1h", "write \"max-age=3600\""),
            ("60", "write \"max-age=60\""),
            ("max-age = 60", "write \"max-age=60\""),
            ("max-age: 60", "write \"max-age=60\""),
            ("public,, max-age=60", "write \"public, max-age=60\""),
            ("public,", "write \"public\""),
            ("max-age==60", "write \"max-age=60\""),
            ("=", "write \"max-age=3600\""),
            ("max-age", "write \"max-age=3600\""),
            ("max-age=", "write \"max-age=3600\""),
            ("max-age=abc", "write \"max-age=3600\""),
            ("max-age=\"60\"", "write \"max-age=60\""),
            ("max-age=-1", "write \"max-age=1\""),
            ("max-age=7d", "write \"max-age=604800\""),
            ("max-age=1.5", "write \"max-age=3600\""),
            (
                "max-age=99999999999999999999",
                "\"max-age=2147483648\" at most",
            ),
            ("public=1", "write \"public\" alone"),
            ("private=Set-Cookie", "in quotes"),
            ("private=\"a b\"", "in quotes"),
            ("private=\"a", "no list of directives"),
            ("max-age=1, Max-Age=2", "`max-age` is there twice"),
            ("max-stale=1", "what clients say"),
            ("public, private", "cannot both be"),
            ("", "needs a value"),
        ] {
            let message = value(bad).expect_err(bad);
            assert!(message.contains(part), "{bad}: {message}");
        }
    }
}
