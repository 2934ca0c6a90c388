//! The keys of a site.
//!
//! What belongs to a site stands below its `[[site]]`, up to the next one:
//! `[site.cors]`, `[[site.redirect]]` and the like.

mod auth;
mod caching;
mod cors;
mod rules;
mod shadowed;
mod shared;
mod target;
mod types;

pub use auth::users;

use crate::base::limits::{TRIES_DEFAULT, TRIES_MAX};
use crate::config::path_pattern::check_path;
use crate::config::section::Section;
use crate::config::{Etag, Listing, Part, Shelf, Site, What, host};
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
    let mut known: Vec<(usize, String)> = Vec::new();
    let mut sites = Vec::new();
    for (number, (places, site)) in all.into_iter().enumerate() {
        for (at, host) in places.into_iter().zip(&site.hosts) {
            match known.iter().find(|(_, known)| known == host) {
                Some((own, _)) if *own == number => top.problem(at, twice(host)),
                Some(_) => top.problem(at, taken(host)),
                None => known.push((number, host.clone())),
            }
        }
        sites.push(site);
    }
    sites
}

fn twice(text: &str) -> String {
    format!("`{text}` is there twice: remove one of the two")
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
    let is_missing = everybody.0 == keys.begin();
    let hosts = hosts.unwrap_or_else(|| {
        if is_missing {
            vec![everybody]
        } else {
            Vec::new()
        }
    });
    let (places, hosts) = hosts.into_iter().unzip();
    let root = keys.text("root", "www");
    if root.is_empty() {
        let message = "`root` must name a folder: write root = \"www\", or \".\" for this one";
        keys.problem(keys.at("root"), message.to_owned());
    }
    let usual = Site::new(PathBuf::from(root));
    keys.name(keys.at("root"), What::Root, usual.root.clone());
    let mut known = Vec::new();
    let names = keys.list("index", 0, "[\"index.html\"]", |text| {
        let name = file_name(text)?;
        if known.contains(&name) {
            return Err(twice(text));
        }
        known.push(name.clone());
        Ok(name)
    });
    let (redirects, rewrites) = (rules::redirects(keys), rules::rewrites(keys));
    let headers = rules::headers(keys);
    let cache_control = caching::cache_control(keys);
    let auth = auth::auth(keys);
    shared::check(keys, &cache_control, &auth);
    shadowed::by_earlier(keys, &redirects, &rewrites);
    shadowed::by_later(keys, &headers, &cache_control);
    shadowed::users_twice(keys, &auth);
    let shelf = Shelf {
        root: usual.root.clone(),
        index: names.map_or(usual.index, |names| {
            names.into_iter().map(|(_, name)| name).collect()
        }),
        precompressed: keys.flag("precompressed", true),
        folders: false,
    };
    for placed in &rewrites {
        if let [Part::Text(path)] = placed.rule.to.parts() {
            let shelf = Shelf {
                folders: true,
                ..shelf.clone()
            };
            page(keys, placed.value_at, &shelf, path);
        }
    }
    let site = Site {
        hosts,
        listing: keys.choice("listing", Listing::Off),
        fallback: fallback(keys, &shelf),
        hidden: keys.flag("hidden", false),
        etag: keys.choice("etag", Etag::Time),
        compress: keys.flag("compress", false),
        error_pages: error_pages(keys, &shelf, usual.error_pages),
        types: types::types(keys),
        redirects: rules::unplaced(redirects),
        rewrites: rules::unplaced(rewrites),
        headers: rules::unplaced(headers),
        cache_control: rules::unplaced(cache_control),
        cors: keys.section("site.cors", cors::cors),
        auth: rules::unplaced(auth),
        tries_per_minute: keys.count("tries_per_minute", 0..=TRIES_MAX, TRIES_DEFAULT),
        root: shelf.root,
        index: shelf.index,
        precompressed: shelf.precompressed,
    };
    (places, site)
}

fn fallback(keys: &mut Section<'_, '_>, shelf: &Shelf) -> Option<String> {
    let fallback = keys.parsed("fallback", "\"/index.html\"", path).flatten()?;
    page(keys, keys.at("fallback"), shelf, &fallback);
    Some(fallback)
}

/// Pages by status. `usual` are those that need not be written, nor be there.
fn error_pages(
    keys: &mut Section<'_, '_>,
    shelf: &Shelf,
    usual: Vec<(u16, String)>,
) -> Vec<(u16, String)> {
    let mut pages = Vec::new();
    for pair in keys.pairs("site.error_pages", "404 = \"/404.html\"", error, path) {
        if let Some(path) = &pair.value {
            page(keys, pair.at.1, shelf, path);
        }
        pages.push((pair.name, pair.value));
    }
    for (status, page) in usual {
        if pages.iter().all(|(known, _)| *known != status) {
            pages.push((status, Some(page)));
        }
    }
    let given = |(status, page): (u16, Option<String>)| Some((status, page?));
    pages.into_iter().filter_map(given).collect()
}

/// Notes a page that is named at byte `at` of the text.
fn page(keys: &mut Section<'_, '_>, at: usize, shelf: &Shelf, path: &str) {
    keys.name(at, What::Page(shelf.clone()), PathBuf::from(path));
}

fn error(text: &str) -> Result<u16, String> {
    let digits = text.len() == 3; // not `0404`, nor `+404`
    let known = text
        .parse()
        .ok()
        .filter(|status| digits && ERRORS.contains(status));
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
    if target::has_variable(text) {
        return Err(format!(
            "`{text}`: variables are not understood: write one path, such as \"/index.html\""
        ));
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
    let is_other = |letter: char| matches!(letter, '/' | '*' | '$') || letter.is_control();
    if matches!(text, "" | "." | "..") || text.contains(is_other) {
        let message = format!("`{text}` is no name of a file in a folder: write \"index.html\"");
        return Err(message);
    }
    Ok(text.to_owned())
}
