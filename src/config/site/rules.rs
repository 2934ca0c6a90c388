//! The rules of a site by pattern: redirects, rewrites, fields.

use crate::base::limits::{REDIRECTS_FOLLOWED_MAX, SITE_RULES_MAX};
use crate::config::section::{Pair, Section};
use crate::config::site::target::{no_variables, own_path, target};
use crate::config::{HeaderRule, PathPattern, Place, Redirect, Rewrite, field};

/// Statuses that a redirect may have; the first is the usual one.
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// A rule, and where in the text its pattern is, and what it says of the paths.
pub(super) struct Placed<T> {
    pub(super) rule: T,
    pub(super) pattern_at: usize,
    pub(super) value_at: usize,
}

impl<T> Placed<T> {
    /// By the keys that the two have.
    pub(super) fn new(keys: &Section<'_, '_>, pattern: &str, value: &str, rule: T) -> Placed<T> {
        Placed {
            rule,
            pattern_at: keys.at(pattern),
            value_at: keys.at(value),
        }
    }
}

/// The rules alone.
pub(super) fn unplaced<T>(rules: Vec<Placed<T>>) -> Vec<T> {
    rules.into_iter().map(|placed| placed.rule).collect()
}

/// Every `[[site.redirect]]`.
pub(super) fn redirects(keys: &mut Section<'_, '_>) -> Vec<Placed<Redirect>> {
    let redirects = all(keys, "site.redirect", redirect);
    let mut told = Vec::new();
    for (number, placed) in redirects.iter().enumerate() {
        let way = way(number, &redirects);
        // Who joins a circle that is known is not told once more.
        if !way.is_empty() && !way.iter().any(|passed| told.contains(passed)) {
            told.push(number);
            let message = "this redirect leads to itself in the end: write another place";
            keys.problem(placed.value_at, message.to_owned());
        }
    }
    redirects
}

fn redirect(keys: &mut Section<'_, '_>) -> Option<Placed<Redirect>> {
    let from = from(keys);
    let to = keys.required("to", "\"/new\"", |text| {
        no_variables(text)?;
        target(text)?;
        place(text, from.as_ref())
    });
    let status = keys.number("status", &STATUSES);
    let redirect = Redirect {
        from: from?,
        to: to.flatten()?,
        status,
    };
    Some(Placed::new(keys, "from", "to", redirect))
}

/// The redirects that one path of this one passes, if it never arrives, as
/// far as a browser can tell.
fn way(number: usize, redirects: &[Placed<Redirect>]) -> Vec<usize> {
    let mut path = sample(&redirects[number].rule.from);
    let mut passed = Vec::new();
    while passed.len() <= REDIRECTS_FOLLOWED_MAX {
        let taken = redirects.iter().enumerate().find_map(|(at, placed)| {
            let redirect = &placed.rule;
            let stretches = redirect.from.stretches(path.as_bytes())?;
            Some((at, redirect.to.at(&path, &stretches)))
        });
        match taken {
            // An earlier one has all that this one is for.
            Some((at, _)) if passed.is_empty() && at != number => return Vec::new(),
            Some((at, to)) if to.starts_with('/') => {
                passed.push(at);
                path = to.split(['?', '#']).next().unwrap_or("").to_owned();
            }
            _ => return Vec::new(),
        }
    }
    passed
}

/// Every `[[site.rewrite]]`.
pub(super) fn rewrites(keys: &mut Section<'_, '_>) -> Vec<Placed<Rewrite>> {
    all(keys, "site.rewrite", rewrite)
}

fn rewrite(keys: &mut Section<'_, '_>) -> Option<Placed<Rewrite>> {
    let from = from(keys);
    let to = keys.required("to", "\"/app.html\"", |text| {
        no_variables(text)?;
        own_path(text)?;
        place(text, from.as_ref())
    });
    let rewrite = Rewrite {
        from: from?,
        to: to.flatten()?,
    };
    let path = sample(&rewrite.from);
    let stretches = rewrite.from.stretches(path.as_bytes())?;
    if rewrite.to.at(&path, &stretches) == path {
        let message = "this rewrite leads to itself: write another place, or remove it";
        keys.problem(keys.at("to"), message.to_owned());
    }
    Some(Placed::new(keys, "from", "to", rewrite))
}

/// Every `[[site.header]]`.
pub(super) fn headers(keys: &mut Section<'_, '_>) -> Vec<Placed<HeaderRule>> {
    all(keys, "site.header", header)
}

fn header(keys: &mut Section<'_, '_>) -> Option<Placed<HeaderRule>> {
    const EXAMPLE: &str = "{ X-Frame-Options = \"DENY\" }";
    let path = pattern(keys);
    keys.need("set", &format!("set = {EXAMPLE}"));
    let set = keys.pairs("set", EXAMPLE, field::settable, field::value);
    for (number, pair) in set.iter().enumerate() {
        let same = |other: &Pair<String, String>| other.name.eq_ignore_ascii_case(&pair.name);
        if set[..number].iter().any(same) {
            let message = format!("`{}` is there twice: remove one of the two", pair.name);
            keys.problem(pair.at.0, message);
        }
    }
    if keys.is_empty("set") {
        let message = format!("no field is set here: write set = {EXAMPLE}");
        keys.problem(keys.at("set"), message);
    }
    let set = set.into_iter().map(|pair| (pair.name, pair.value));
    let rule = HeaderRule {
        path: path?,
        set: set.collect(),
    };
    Some(Placed::new(keys, "path", "set", rule))
}

/// Every section `[[name]]` of a site that is good, up to the bound.
pub(super) fn all<'t, T>(
    keys: &mut Section<'_, 't>,
    name: &'static str,
    rule: impl FnMut(&mut Section<'_, 't>) -> Option<T>,
) -> Vec<T> {
    let all = keys.sections(name, rule).unwrap_or_default();
    if all.len() > SITE_RULES_MAX {
        let message = format!("a site has at most {SITE_RULES_MAX} [[{name}]]: remove some");
        keys.problem(keys.begin(), message);
    }
    all.into_iter().flatten().take(SITE_RULES_MAX).collect()
}

fn from(keys: &mut Section<'_, '_>) -> Option<PathPattern> {
    keys.required("from", "\"/old/**\"", str::parse)
}

pub(super) fn pattern(keys: &mut Section<'_, '_>) -> Option<PathPattern> {
    keys.required("path", "\"/**\"", str::parse)
}

/// A place for the paths of a pattern; `None` where the pattern is wrong, for
/// then nobody knows how many stars it should have.
fn place(text: &str, from: Option<&PathPattern>) -> Result<Option<Place>, String> {
    if text.contains('*') {
        return Err(format!(
            "`{text}`: stars are for `from`: write `{{1}}` for what one stood for"
        ));
    }
    from.map(|from| Place::new(text, from)).transpose()
}

/// A path of this form.
pub(super) fn sample(pattern: &PathPattern) -> String {
    pattern.text().replace("**", "x").replace('*', "x")
}
