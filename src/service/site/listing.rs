//! What is in a folder, as a page for people or as JSON for programs.

use super::{Asked, StaticSite};
use crate::config::Listing;
use crate::http::condition::{self, Outcome, Validators};
use crate::http::response::escape;
use crate::http::{HttpDate, Method, Status, target};
use crate::service::context::Context;
use crate::service::files::{Entry, FileError, Folder};
use crate::service::response::Response;
use serde::Serialize;
use std::cmp::Ordering;
use std::sync::Arc;

const STYLE: &str = include_str!("listing.css");

impl StaticSite {
    /// Answers with what is in the folder that is asked for, if this site
    /// shows such.
    pub(super) fn list(
        &self,
        asked: &Asked<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), FileError> {
        if self.listing == Listing::Off || !asked.path.ends_with(b"/") {
            return Err(FileError::NotFound);
        }
        let files = &mut *context.files;
        let folder = files.list(self.root, asked.path, self.hidden, context.now)?;
        let media_type = match self.listing {
            Listing::Json => "application/json",
            _ => "text/html; charset=utf-8",
        };
        // It is made anew and has neither tag nor date, but conditions on whether
        // there is anything hold for it too (RFC 9110 13.2.1).
        let validators = Validators {
            etag: b"",
            modified_unix_s: None,
        };
        let answer = match condition::evaluate(asked.request.head, &validators) {
            Outcome::Proceed => None,
            Outcome::NotModified => Some(Response::empty(Status::NOT_MODIFIED)),
            Outcome::Failed => {
                let hint = "a list has no tag to be held against";
                Some(Response::error(Status::PRECONDITION_FAILED, hint))
            }
        };
        if let Some(answer) = answer {
            self.refuse(asked, answer, context);
            return Ok(());
        }
        let body = prepared(asked.path, self.listing, folder);
        let connection = context.connection(asked.request);
        let response = self.dressed(asked, Response::empty(Status::OK));
        let (len, replies) = (body.len(), &mut *context.replies);
        response.write_head(
            media_type,
            Some(len as u64),
            context.date,
            connection,
            replies,
        );
        if asked.request.head.method() != Method::Head {
            // Shared: who reads slowly does not hold a copy.
            replies.body(&body, 0..len);
        }
        Ok(())
    }
}

/// What is made of a folder once, as long as it is fresh.
fn prepared(path: &[u8], listing: Listing, folder: &mut Folder) -> Arc<[u8]> {
    if let Some(body) = &folder.prepared {
        return body.clone();
    }
    folder.entries.sort_by(order);
    let body: Arc<[u8]> = match listing {
        Listing::Json => json(path, folder),
        _ => html(path, folder),
    }
    .into();
    folder.prepared = Some(body.clone());
    body
}

/// Folders first; then names as people count: `a2` ahead of `a10`.
fn order(one: &Entry, other: &Entry) -> Ordering {
    let folders = other.is_folder.cmp(&one.is_folder);
    folders.then_with(|| natural(&one.name, &other.name))
}

/// Digits in a row are one number, and large letters stand with small ones;
/// names that differ in nothing else are in the order of their bytes.
fn natural(one: &[u8], other: &[u8]) -> Ordering {
    let (mut a, mut b) = (one, other);
    while let (Some(x), Some(y)) = (a.first(), b.first()) {
        let step = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (left, right) = (number(&mut a), number(&mut b));
            left.len().cmp(&right.len()).then(left.cmp(right))
        } else {
            (a, b) = (&a[1..], &b[1..]);
            x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase())
        };
        if step.is_ne() {
            return step;
        }
    }
    a.len().cmp(&b.len()).then_with(|| one.cmp(other))
}

/// Takes the digits off the front, and gives them without their zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

fn html(path: &[u8], folder: &Folder) -> Vec<u8> {
    let mut out = Vec::with_capacity(2_048 + 256 * folder.entries.len());
    let shown = String::from_utf8_lossy(path);
    let start = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
                 <meta name=\"viewport\" content=\"width=device-width\"><title>";
    out.extend_from_slice(start.as_bytes());
    escape(shown.as_bytes(), &mut out);
    out.extend_from_slice(b"</title>\n<style>\n");
    out.extend_from_slice(STYLE.as_bytes());
    out.extend_from_slice(b"</style>\n<h1>");
    escape(shown.as_bytes(), &mut out);
    out.extend_from_slice(b"</h1>\n<table>\n<tr><th>Name<th>Size<th>Modified (UTC)\n");
    if path != b"/" {
        let above = "<tr><td><a href=\"../\" aria-label=\"the folder above\">../</a><td><td>\n";
        out.extend_from_slice(above.as_bytes());
    }
    for entry in &folder.entries {
        row(entry, &mut out);
    }
    out.extend_from_slice(b"</table>\n");
    if folder.more {
        let count = folder.entries.len();
        let more = format!("<p>There is more in this folder: {count} entries are shown.</p>\n");
        out.extend_from_slice(more.as_bytes());
    } else if folder.entries.is_empty() {
        out.extend_from_slice(b"<p>This folder is empty.</p>\n");
    }
    out
}

fn row(entry: &Entry, out: &mut Vec<u8>) {
    let slash: &[u8] = if entry.is_folder { b"/" } else { b"" };
    out.extend_from_slice(b"<tr><td><a href=\"");
    // Without the colon: what stands ahead of one would be a scheme.
    target::encode(&entry.name, b"-._~", out);
    out.extend_from_slice(slash);
    out.extend_from_slice(b"\">");
    escape(String::from_utf8_lossy(&entry.name).as_bytes(), out);
    out.extend_from_slice(slash);
    out.extend_from_slice(b"</a><td>");
    if !entry.is_folder {
        out.extend_from_slice(size(entry.len).as_bytes());
    }
    let time = rfc3339(entry.modified_s);
    let day_and_minute = format!("{} {}", &time[..10], &time[11..16]);
    let cell = format!("<td><time datetime=\"{time}\">{day_and_minute}</time>\n");
    out.extend_from_slice(cell.as_bytes());
}

/// A size in three digits or so.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1 << 10 {
        return format!("{bytes} B");
    }
    let (mut size, mut unit) = (bytes as f64 / 1024.0, 0);
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    let digits = if size < 9.95 { 1 } else { 0 };
    format!("{size:.digits$} {}", UNITS[unit])
}

/// A folder as programs read it.
#[derive(Serialize)]
struct Listed<'a> {
    path: &'a str,
    entries: Vec<ListedEntry<'a>>,
    /// There are more entries than these.
    more: bool,
}

#[derive(Serialize)]
struct ListedEntry<'a> {
    name: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    modified: String,
}

/// Names that are no UTF-8 are left out: JSON could not say how to ask for
/// them.
fn json(path: &[u8], folder: &Folder) -> Vec<u8> {
    let folder_listed = Listed {
        path: &String::from_utf8_lossy(path),
        entries: folder.entries.iter().filter_map(listed).collect(),
        more: folder.more,
    };
    let mut body = serde_json::to_vec(&folder_listed).unwrap_or_default();
    body.push(b'\n');
    body
}

fn listed(entry: &Entry) -> Option<ListedEntry<'_>> {
    let (kind, bytes) = match entry.is_folder {
        true => ("folder", None),
        false => ("file", Some(entry.len)),
    };
    Some(ListedEntry {
        name: std::str::from_utf8(&entry.name).ok()?,
        kind,
        bytes,
        modified: rfc3339(entry.modified_s),
    })
}

/// `1994-11-06T08:49:37Z`, of the same parts as a date of HTTP.
fn rfc3339(unix_s: u64) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let date = HttpDate::from_unix(unix_s);
    let text = String::from_utf8_lossy(date.as_bytes());
    let month = MONTHS.find(&text[8..11]).map_or(1, |at| at / 3 + 1);
    let (year, day, time) = (&text[12..16], &text[5..7], &text[17..25]);
    format!("{year}-{month:02}-{day}T{time}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &[u8]) -> Entry {
        Entry {
            name: name.into(),
            is_folder: false,
            len: 1,
            modified_s: 784_111_777,
        }
    }

    fn folder(entries: Vec<Entry>) -> Folder {
        let entries = entries.into_iter().collect();
        Folder {
            entries,
            ..Folder::default()
        }
    }

    #[test]
    fn names_are_in_the_order_in_which_people_count() {
        let sorted = [
            "a", "A1", "a02", "a10", "a10b", "B", "b", "c-1", "c_1", "\u{e9}",
        ];
        for (at, one) in sorted.iter().enumerate() {
            for (other_at, other) in sorted.iter().enumerate() {
                let found = natural(one.as_bytes(), other.as_bytes());
                assert_eq!(found, at.cmp(&other_at), "{one} {other}");
            }
        }
        assert_eq!(natural(b"a02", b"a2"), Ordering::Less, "the same number");
        let mut entries = [
            file(b"a"),
            Entry {
                is_folder: true,
                ..file(b"z")
            },
        ];
        entries.sort_by(order);
        assert_eq!(&*entries[0].name, b"z", "folders first");
    }

    #[test]
    fn nothing_in_a_name_is_markup_or_another_place() {
        let check = |name: &[u8], expected: &str| {
            let page = html(b"/<b>/", &folder(vec![file(name)]));
            let page = String::from_utf8(page).expect("UTF-8");
            assert!(page.contains(expected), "{page}");
            assert!(!page.contains("<b>") && !page.contains("<script"), "{page}");
        };
        check(b"a b", "href=\"a%20b\">a b</a>");
        check(b"javascript:x", "href=\"javascript%3Ax\">");
        check(
            b"\"><script>'&",
            "href=\"%22%3E%3Cscript%3E%27%26\">&quot;&gt;&lt;script&gt;&#39;&amp;</a>",
        );
        check(b"100%", "href=\"100%25\">");
        check(b"a?b#c", "href=\"a%3Fb%23c\">");
        check(b"\xff", "href=\"%FF\">\u{fffd}</a>");
        check("é".as_bytes(), "href=\"%C3%A9\">é</a>");
    }

    #[test]
    fn json_has_what_a_program_needs() {
        let mut entries = vec![file(b"a\"b"), file(b"\xff")];
        entries.push(Entry {
            is_folder: true,
            ..file(b"d")
        });
        let more = Folder {
            more: true,
            ..folder(entries)
        };
        let text = String::from_utf8(json(b"/x/", &more)).expect("UTF-8");
        assert_eq!(
            text,
            "{\"path\":\"/x/\",\"entries\":[\
             {\"name\":\"a\\\"b\",\"kind\":\"file\",\"bytes\":1,\"modified\":\"1994-11-06T08:49:37Z\"},\
             {\"name\":\"d\",\"kind\":\"folder\",\"modified\":\"1994-11-06T08:49:37Z\"}],\
             \"more\":true}\n"
        );
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (10_239, "10 KiB"),
            (1_023_999, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn a_listing_says_that_there_is_more_or_nothing() {
        let page = |folder: &Folder| String::from_utf8(html(b"/", folder)).expect("UTF-8");
        assert!(page(&folder(Vec::new())).contains("is empty"));
        let more = Folder {
            more: true,
            ..folder(vec![file(b"a")])
        };
        assert!(page(&more).contains("There is more") && !page(&more).contains("../"));
        assert!(
            String::from_utf8(html(b"/a/", &more))
                .expect("UTF-8")
                .contains("href=\"../\"")
        );
    }
}
