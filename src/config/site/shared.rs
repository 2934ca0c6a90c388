//! What proxies may keep for everybody is not what needs a password.

use crate::config::common_path::common_path;
use crate::config::section::Section;
use crate::config::site::rules::Placed;
use crate::config::{AuthRule, CacheRule};

/// Directives that let a shared cache keep the answer to one who has named
/// himself, and give it to others (RFC 9111 3.5).
const SHARED: [&str; 3] = ["public", "s-maxage", "must-revalidate"];
/// Those with which it does not, or not without asking.
const OWN: [&str; 3] = ["private", "no-store", "no-cache"];

/// Reports each rule that lets proxies keep what a rule for users guards, with
/// a path that shows it.
pub(super) fn check(
    keys: &mut Section<'_, '_>,
    cache: &[Placed<CacheRule>],
    auth: &[Placed<AuthRule>],
) {
    for (number, placed) in cache.iter().enumerate() {
        let rule = &placed.rule;
        let later = &cache[number + 1..];
        let guarded = auth.iter().filter_map(|auth| {
            let path = common_path(&rule.path, &auth.rule.path)?;
            let counts = !later.iter().any(|other| other.rule.path.matches(&path));
            counts.then_some(path)
        });
        if let Some(path) = guarded.take(1).find(|_| is_shared(&rule.value)) {
            let path = String::from_utf8_lossy(&path).into_owned();
            let message = format!(
                "proxies may not keep what a password guards ({path}): write \"{}\"",
                own(&rule.value)
            );
            keys.problem(placed.value_at, message);
        }
    }
}

fn directives(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

/// Whether a directive is one of these: names are in any case (RFC 9111 5.2).
fn is_any(directive: &str, names: &[&str]) -> bool {
    let name = directive.split('=').next().unwrap_or(directive);
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a shared cache may keep what goes with this value.
fn is_shared(value: &str) -> bool {
    // With a list of fields behind it, it is about those alone.
    let held_back = |directive: &str| !directive.contains('=') && is_any(directive, &OWN);
    directives(value).any(|directive| is_any(directive, &SHARED))
        && !directives(value).any(held_back)
}

/// The same for the client's own cache alone.
fn own(value: &str) -> String {
    let kept = directives(value).filter(|it| !is_any(it, &SHARED) && !it.is_empty());
    let all: Vec<&str> = ["private"].into_iter().chain(kept).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart() {
        for shared in [
            "public",
            "Public, max-age=60",
            "max-age=60, s-maxage=600",
            "max-age=60,must-revalidate",
            "public, private=\"Set-Cookie\"",
        ] {
            assert!(is_shared(shared), "{shared}");
        }
        for own in [
            "max-age=60",
            "private, max-age=60",
            "no-store",
            "public, no-cache",
            "PRIVATE, must-revalidate",
            "",
        ] {
            assert!(!is_shared(own), "{own}");
        }
        assert_eq!(own("public, max-age=60"), "private, max-age=60");
        assert_eq!(own("s-maxage=9"), "private");
    }
}
