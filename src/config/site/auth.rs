//! Who may see what: names with the hashes of their passwords.

use crate::config::problem::Problem;
use crate::config::section::Section;
use crate::config::site::rules::{Placed, all, pattern};
use crate::config::{AuthRule, What};

use std::path::PathBuf;

const EXAMPLE: &str = "[\"name:HASH\"]";

/// Every `[[site.auth]]` of a site.
pub(super) fn auth(keys: &mut Section<'_, '_>) -> Vec<Placed<AuthRule>> {
    all(keys, "site.auth", rule)
}

fn rule(keys: &mut Section<'_, '_>) -> Option<Placed<AuthRule>> {
    let path = pattern(keys);
    let realm = keys.parsed("realm", "\"private\"", realm);
    let users = keys.list("users", 1, EXAMPLE, user);
    let file = keys.parsed("users_file", "\"conf/users\"", file);
    if let Some(file) = &file {
        keys.name(keys.at("users_file"), What::Users, file.clone());
    }
    if keys.at("users_file") == keys.begin() {
        let line = format!("users = {EXAMPLE}, as `pelton password name` prints it");
        keys.need("users", &line);
    } else if users.is_some() {
        let message = "`users` and `users_file` are there: remove one of the two";
        keys.problem(keys.at("users_file"), message.to_owned());
    }
    let mut known = Vec::new();
    for (at, (name, hash)) in users.unwrap_or_default() {
        if known.iter().any(|(other, _)| *other == name) {
            keys.problem(at, twice(&name));
        }
        known.push((name, hash));
    }
    let rule = AuthRule {
        path: path?,
        realm: realm.unwrap_or_else(|| "private".to_owned()),
        users: known,
        users_file: file,
    };
    Some(Placed::new(keys, "path", "users", rule))
}

fn twice(name: &str) -> String {
    format!("`{name}` is there twice: remove one of the two")
}

fn file(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("`users_file` must name a file: write one, or remove it".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// What is shown to who is asked for a password; it stands in quotes there.
fn realm(text: &str) -> Result<String, String> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.is_empty() || !text.bytes().all(plain) {
        return Err(format!(
            "`{text}` is no realm: write a word or a few in ASCII, without quotes and backslashes"
        ));
    }
    Ok(text.to_owned())
}

/// A name, a colon and a hash. What is wrong is told without the hash.
fn user(text: &str) -> Result<(String, String), String> {
    let Some((name, hash)) = text.split_once(':') else {
        return Err(
            "a user is a name, a colon and a hash: `pelton password NAME` prints one".into(),
        );
    };
    if name.is_empty() || name.contains(char::is_control) {
        let message = format!(
            "`{}` is no name: write one ahead of the colon",
            name.escape_debug()
        );
        return Err(message);
    }
    if !is_hash(hash) {
        return Err(format!(
            "what `{name}` has is no hash of Argon2 or bcrypt: `pelton password {name}` makes one"
        ));
    }
    Ok((name.to_owned(), hash.to_owned()))
}

/// Whether a password can be held against it.
fn is_hash(text: &str) -> bool {
    if text.starts_with("$argon2") {
        let hash = argon2::PasswordHash::new(text);
        return hash.is_ok_and(|hash| {
            let known = argon2::Algorithm::new(hash.algorithm.as_str()).is_ok();
            known && hash.hash.is_some() && argon2::Params::try_from(&hash).is_ok()
        });
    }
    let prefixes = ["$2a$", "$2b$", "$2y$"];
    let rest = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
    let Some((cost, rest)) = rest.and_then(|rest| rest.split_once('$')) else {
        return false;
    };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    let costs = cost.len() == 2 && cost.parse().is_ok_and(|cost: u8| (4..=31).contains(&cost));
    costs && rest.len() == 53 && rest.bytes().all(letter)
}

/// Reads a file of users: one a line, as in `users`; empty lines and those
/// that begin with `#` say nothing.
///
/// # Errors
///
/// Every mistake in the text, in the order of the lines; never an empty list.
pub fn users(text: &str) -> Result<Vec<(String, String)>, Vec<Problem>> {
    let mut users: Vec<(String, String)> = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = user(line).and_then(|(name, hash)| {
            let new = users.iter().all(|(known, _)| *known != name);
            if new {
                Ok((name, hash))
            } else {
                Err(twice(&name))
            }
        });
        match read {
            Ok(user) => users.push(user),
            Err(message) => problems.push(Problem {
                line: number + 1,
                column: 1,
                message,
            }),
        }
    }
    if problems.is_empty() {
        Ok(users)
    } else {
        Err(problems)
    }
}
