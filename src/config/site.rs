//! The keys of a site.
//!
//! What belongs to a site stands below its `[[site]]`, up to the next one:
//! `[site.cors]`, `[[site.redirect]]` and the like.

mod auth;
mod cors;
mod rules;
mod shared;
mod types;

pub use auth::users;

use crate::base::limits::{TRIES_DEFAULT, TRIES_MAX};
use crate::config::path_pattern::check_path;
use crate::config::section::Section;
use crate::config::{Etag, Listing, Site, host};
use std::path::PathBuf;

/// Statuses that a site answers with, and may have a page for.
const ERRORS: [u16; 13] = [
    400, 401, 403, 404, 405, 406, 412, 414, 416, 429, 500, 501, 503,
];

/// Every `[[site]]`; without any, the one that an empty file asks for.
pub(super) fn sites(top: &mut Section<'_, '_>) -> Vec<Site> {
    let Some(all) = top.sections("site", site) else {
        return vec![top.absent("site", site).1];
    };
    let mut known: Vec<String> = Vec::new();
    let mut sites = Vec::new();
    for (places, site) in all {
        for (at, host) in places.into_iter().zip(&site.hosts) {
            if known.contains(host) {
                top.problem(at, taken(host));
            }
            known.push(host.clone());
        }
        sites.push(site);
    }
    sites
}

fn taken(host: &str) -> String {
    if host == "*" {
        return "one site is for all other hosts already: write hosts = [\"example.org\"], the \
                names of this one"
            .to_owned();
    }
    format!("`{host}` has a site already: remove it from one of the two")
}

/// One `[[site]]`, and where in the text each of its hosts is.
fn site(keys: &mut Section<'_, '_>) -> (Vec<usize>, Site) {
    let everybody = (keys.at("hosts"), "*".to_owned());
    let hosts = keys.list("hosts", 1, "[\"example.org\"]", host::parse);
    let hosts = hosts.unwrap_or_else(|| vec![everybody]);
    let (places, hosts) = hosts.into_iter().unzip();
    let root = keys.text("root", "www");
    if root.is_empty() {
        let message = "`root` must name a folder: write root = \"www\", or \".\" for this one";
        keys.problem(keys.at("root"), message.to_owned());
    }
    let usual = Site::new(PathBuf::from(root));
    let names = keys.list("index", 0, "[\"index.html\"]", file_name);
    let fallback = keys.parsed("fallback", "\"/index.html\"", path);
    let (redirects, rewrites) = (rules::redirects(keys), rules::rewrites(keys));
    let headers = rules::headers(keys);
    let cache_control = rules::cache_control(keys);
    let auth = auth::auth(keys);
    shared::check(keys, &cache_control, &auth);
    let site = Site {
        hosts,
        index: names.map_or(usual.index, |names| {
            names.into_iter().map(|(_, name)| name).collect()
        }),
        listing: keys.choice("listing", Listing::Off),
        fallback: fallback.flatten(),
        hidden: keys.flag("hidden", false),
        etag: keys.choice("etag", Etag::Time),
        precompressed: keys.flag("precompressed", true),
        compress: keys.flag("compress", false),
        error_pages: error_pages(keys, usual.error_pages),
        types: types::types(keys),
        redirects,
        rewrites,
        headers,
        cache_control: cache_control.into_iter().map(|(_, rule)| rule).collect(),
        cors: keys.section("site.cors", cors::cors),
        auth,
        tries_per_minute: keys.count("tries_per_minute", 0..=TRIES_MAX, TRIES_DEFAULT),
        root: usual.root,
    };
    (places, site)
}

/// Pages by status. `usual` are those that need not be written.
fn error_pages(keys: &mut Section<'_, '_>, usual: Vec<(u16, String)>) -> Vec<(u16, String)> {
    let mut pages = keys.pairs("site.error_pages", "404 = \"/404.html\"", error, path);
    for (status, page) in usual {
        if pages.iter().all(|(known, _)| *known != status) {
            pages.push((status, Some(page)));
        }
    }
    let given = |(status, page): (u16, Option<String>)| Some((status, page?));
    pages.into_iter().filter_map(given).collect()
}

fn error(text: &str) -> Result<u16, String> {
    let known = text.parse().ok().filter(|status| ERRORS.contains(status));
    let all = ERRORS.map(|status| status.to_string()).join(", ");
    known.ok_or_else(|| {
        format!("`{text}` is no status that a site answers with: write one of {all}")
    })
}

/// A path of the site; "" for none.
fn path(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    check_path(text)?;
    match text.find(['*', '{', '}']) {
        Some(_) => Err(format!(
            "`{text}` must be one path: write it without stars and braces"
        )),
        None => Ok(Some(text.to_owned())),
    }
}

fn file_name(text: &str) -> Result<String, String> {
    if matches!(text, "" | "." | "..") || text.contains('/') || text.contains(char::is_control) {
        let message = format!("`{text}` is no name of a file in a folder: write \"index.html\"");
        return Err(message);
    }
    Ok(text.to_owned())
}
