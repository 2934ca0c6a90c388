//! The rules of a site by pattern: redirects, rewrites, fields, and how long
//! what may be kept.

use crate::base::limits::{REDIRECTS_FOLLOWED_MAX, SITE_RULES_MAX};
use crate::config::path_pattern::check_path;
use crate::config::section::Section;
use crate::config::{CacheRule, HeaderRule, PathPattern, Place, Redirect, Rewrite, field};

/// Statuses that a redirect may have; the first is the usual one.
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

pub(super) fn redirects(keys: &mut Section<'_, '_>) -> Vec<Redirect> {
    let (places, redirects): (Vec<usize>, Vec<Redirect>) =
        all(keys, "site.redirect", redirect).into_iter().unzip();
    let mut told = Vec::new();
    for (number, at) in places.iter().enumerate() {
        let way = way(number, &redirects);
        // Who joins a circle that is known is not told once more.
        if !way.is_empty() && !way.iter().any(|passed| told.contains(passed)) {
            told.push(number);
            let message = "this redirect leads to itself in the end: write another place";
            keys.problem(*at, message.to_owned());
        }
    }
    redirects
}

/// One `[[site.redirect]]`, and where in the text its place is.
fn redirect(keys: &mut Section<'_, '_>) -> Option<(usize, Redirect)> {
    let from = from(keys);
    let to = keys.required("to", "\"/new\"", |text| {
        target(text)?;
        place(text, from.as_ref())
    });
    let status = keys.number("status", &STATUSES);
    let redirect = Redirect {
        from: from?,
        to: to.flatten()?,
        status,
    };
    Some((keys.at("to"), redirect))
}

/// The redirects that one path of this one passes, if it never arrives, as
/// far as a browser can tell.
fn way(number: usize, redirects: &[Redirect]) -> Vec<usize> {
    let mut path = sample(&redirects[number].from);
    let mut passed = Vec::new();
    while passed.len() <= REDIRECTS_FOLLOWED_MAX {
        let taken = redirects.iter().enumerate().find_map(|(at, redirect)| {
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

pub(super) fn rewrites(keys: &mut Section<'_, '_>) -> Vec<Rewrite> {
    all(keys, "site.rewrite", rewrite)
}

fn rewrite(keys: &mut Section<'_, '_>) -> Option<Rewrite> {
    let from = from(keys);
    let to = keys.required("to", "\"/app.html\"", |text| {
        check_path(text)?;
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
    Some(rewrite)
}

pub(super) fn headers(keys: &mut Section<'_, '_>) -> Vec<HeaderRule> {
    all(keys, "site.header", header)
}

fn header(keys: &mut Section<'_, '_>) -> Option<HeaderRule> {
    const EXAMPLE: &str = "{ X-Frame-Options = \"DENY\" }";
    let path = pattern(keys);
    keys.need("set", &format!("set = {EXAMPLE}"));
    let set = keys.pairs("set", EXAMPLE, field::settable, field::value);
    let same = |at: &usize| {
        set[..*at]
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(&set[*at].0))
    };
    if let Some(twice) = (0..set.len()).find(same) {
        let message = format!("`{}` is there twice: remove one of the two", set[twice].0);
        keys.problem(keys.at("set"), message);
    }
    Some(HeaderRule { path: path?, set })
}

/// Every `[[site.cache_control]]`, and where in the text its value is.
pub(super) fn cache_control(keys: &mut Section<'_, '_>) -> Vec<(usize, CacheRule)> {
    all(keys, "site.cache_control", |keys| {
        let path = pattern(keys);
        let value = keys.required("value", "\"max-age=3600\"", field::value);
        let rule = CacheRule {
            path: path?,
            value: value?,
        };
        Some((keys.at("value"), rule))
    })
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

/// Whether a redirect may lead there: to a path, or to a URL whose host is
/// written out. What must be encoded in a URI is encoded already.
fn target(text: &str) -> Result<(), String> {
    let mut good = String::new();
    for byte in text.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'|' | ..=b' ' | 0x7f.. => {
                good += &format!("%{byte:02X}");
            }
            plain => good.push(char::from(plain)),
        }
    }
    if good != text {
        return Err(format!(
            "`{text}` must be encoded as in a URL: write \"{good}\""
        ));
    }
    if text.starts_with("//") {
        return Err(format!(
            "`{text}` would lead to another host: write \"https:{text}\""
        ));
    }
    if text.starts_with('/') {
        return Ok(());
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest.filter(|rest| !rest.starts_with(['/', '?', '#']) && !rest.is_empty())
    else {
        return Err(format!(
            "`{text}` is neither a path nor a URL: write one such as \"/new/{{1}}\" or \
             \"https://example.org/\""
        ));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if host.contains(['{', '@']) {
        return Err(format!(
            "`{text}`: the host must be written out, with a slash behind it: write \
             \"https://example.org/{{1}}\""
        ));
    }
    Ok(())
}

/// A path of this form.
fn sample(pattern: &PathPattern) -> String {
    pattern.text().replace("**", "x").replace('*', "x")
}
