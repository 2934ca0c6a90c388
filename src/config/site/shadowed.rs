//! Rules that never count, since another has all the paths that they are for.

use crate::config::common_path::covers;
use crate::config::section::Section;
use crate::config::site::rules::{Placed, sample};
use crate::config::{AuthRule, CacheRule, HeaderRule, PathPattern, Redirect, Rewrite};

/// A pattern, and where in the text it is.
type Spot<'r> = (usize, &'r PathPattern);

/// The first of these that has all paths of a pattern. One path of it, which
/// most have not, saves the longer look.
fn over<'r>(pattern: &PathPattern, mut others: impl Iterator<Item = Spot<'r>>) -> Option<Spot<'r>> {
    let sample = sample(pattern);
    others.find(|(_, other)| other.matches(sample.as_bytes()) && covers(other, pattern))
}

/// Of redirects and rewrites the first that matches counts, and any redirect
/// goes ahead of any rewrite.
pub(super) fn by_earlier(
    keys: &mut Section<'_, '_>,
    redirects: &[Placed<Redirect>],
    rewrites: &[Placed<Rewrite>],
) {
    let redirects = redirects.iter().map(|it| (it.pattern_at, &it.rule.from));
    let redirects: Vec<Spot<'_>> = redirects.collect();
    let rewrites = rewrites.iter().map(|it| (it.pattern_at, &it.rule.from));
    let rewrites: Vec<Spot<'_>> = rewrites.collect();
    let ahead = "move this rule ahead of that one, or remove it";
    for (number, &spot) in redirects.iter().enumerate() {
        tell(keys, spot, &redirects[..number], "redirected", ahead);
    }
    for (number, &spot) in rewrites.iter().enumerate() {
        let one = "remove one of the two rules";
        if !tell(keys, spot, &redirects, "redirected", one) {
            tell(keys, spot, &rewrites[..number], "rewritten", ahead);
        }
    }
}

/// Reports a rule that one of those that go ahead of it leaves nothing to do;
/// `hint`: what to do where the two are not the same.
fn tell(
    keys: &mut Section<'_, '_>,
    (at, pattern): Spot<'_>,
    ahead: &[Spot<'_>],
    what: &str,
    hint: &str,
) -> bool {
    let other = over(pattern, ahead.iter().copied());
    if let Some((first, other)) = other {
        let line = keys.line(first);
        let message = match other == pattern {
            true => format!("`{pattern}` is {what} in line {line} already: remove one of the two"),
            false => format!("`{pattern}` is {what} in line {line} already, by `{other}`: {hint}"),
        };
        keys.problem(at, message);
    }
    other.is_some()
}

/// Of values for Cache-Control, and of those for one field, the last counts.
pub(super) fn by_later(
    keys: &mut Section<'_, '_>,
    headers: &[Placed<HeaderRule>],
    cache: &[Placed<CacheRule>],
) {
    for (number, placed) in cache.iter().enumerate() {
        let (spot, later) = (cached(placed), cache[number + 1..].iter().map(cached));
        if let Some(other) = over(spot.1, later) {
            tell_later(keys, spot, other);
        }
    }
    for (number, placed) in headers.iter().enumerate() {
        let later = headers[number + 1..].iter();
        let later = later
            .filter(|it| sets_all(&it.rule, &placed.rule))
            .map(dressed);
        let spot = dressed(placed);
        if let Some(other) = over(spot.1, later) {
            tell_later(keys, spot, other);
        }
    }
}

fn cached(placed: &Placed<CacheRule>) -> Spot<'_> {
    (placed.pattern_at, &placed.rule.path)
}

fn dressed(placed: &Placed<HeaderRule>) -> Spot<'_> {
    (placed.pattern_at, &placed.rule.path)
}

/// Whether `later` sets all that a rule sets. One that sets nothing is told of
/// elsewhere.
fn sets_all(later: &HeaderRule, rule: &HeaderRule) -> bool {
    let sets = |name: &str| {
        later
            .set
            .iter()
            .any(|(it, _)| it.eq_ignore_ascii_case(name))
    };
    !rule.set.is_empty() && rule.set.iter().all(|(name, _)| sets(name))
}

/// Reports a rule that counts for no path, and the one that does.
fn tell_later(keys: &mut Section<'_, '_>, (at, pattern): Spot<'_>, (last, other): Spot<'_>) {
    let line = keys.line(last);
    let message = match other == pattern {
        true => format!(
            "`{pattern}` has another rule in line {line}, and the last one counts: remove one of \
             the two"
        ),
        false => format!(
            "`{other}` in line {line} has these paths too, and the last rule counts: move this one \
             behind that, or remove it"
        ),
    };
    keys.problem(at, message);
}

/// All rules must let a client in: of two for the same paths, each with users of
/// its own, nobody gets past both.
pub(super) fn users_twice(keys: &mut Section<'_, '_>, auth: &[Placed<AuthRule>]) {
    for (number, placed) in auth.iter().enumerate() {
        let pattern = &placed.rule.path;
        let first = auth[..number].iter().find(|it| it.rule.path == *pattern);
        if let Some(first) = first {
            let line = keys.line(first.pattern_at);
            let message = format!(
                "`{pattern}` has users in line {line} already, and who is not in both is not let \
                 in: write all of them there"
            );
            keys.problem(placed.pattern_at, message);
        }
    }
}
