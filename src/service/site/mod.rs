//! F3: the static sites: a request to a site, and its path to a file.
//!
//! ```text
//!  request ─> site ──> path ──> guard ─> redirect? ─> method ─> rewrite? ─> file ─> guard ─> answer
//!             hosts    target               rules                 rules     Files            answer
//!                        │                                                    ^                 ^
//!                        │                                                    │               ready
//!                        └── a file whose answer is ready ────────────────────┘
//! ```
//!
//! A file may be there in several content codings (`variant`).
//! A folder without an index is shown by `listing`, where a site wants that.
//! Guarded files are never answered from what is ready without a look.
//!
//! The usual answer with a file is made once and kept with it, and so is
//! whether rules lead elsewhere: no pattern is held against the path of a
//! request for a file that is known.

mod accepted;
mod answer;
mod cors;
mod guard;
mod hosts;
mod listing;
mod ready;
mod refusal;
mod rules;
mod variant;

pub use hosts::Sites;

use super::context::Context;
use super::files::{FileError, Found};
use super::response::Response;
use crate::config::{self, Etag, Listing};
use crate::http::mime::MediaTypes;
use crate::http::{Head, Method, Status, target};
use crate::session::HttpRequest;
use answer::Answer;
use cors::Cors;
use guard::{Caller, Guard};
use ready::Said;
use rules::Rules;
use std::hash::RandomState;

/// Goes with 405 and with the answer to OPTIONS (RFC 9110 10.2.1).
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// Serves the files below one root, by the rules of one site. Does not own the
/// files: they are [`Files`](super::Files)'.
///
/// ```
/// use pelton::Router;
/// use pelton::service::StaticSite;
///
/// let router = Router::new().site(StaticSite::new(0)); // whatever the host
/// # let _ = router;
/// ```
#[derive(Clone, Debug)]
pub struct StaticSite {
    root: usize,
    hidden: bool,
    etag: Etag,
    listing: Listing,
    fallback: Option<Vec<u8>>,
    error_pages: Vec<(u16, Vec<u8>)>,
    types: MediaTypes,
    rules: Rules,
    cors: Option<Cors>,
    guard: Option<Guard>,
    /// Random keys for the boundaries between several ranges.
    keys: RandomState,
}

/// What a request to a site asks for.
struct Asked<'a> {
    request: &'a HttpRequest<'a>,
    /// Decoded and resolved.
    path: &'a [u8],
    query: Option<&'a [u8]>,
}

impl StaticSite {
    /// The files below the root with this number in the configuration, without
    /// any rules that it may have: [`Sites`] goes by those.
    #[must_use]
    pub fn new(root: usize) -> StaticSite {
        StaticSite::with(root, &config::Site::new("."))
    }

    /// The same by the rules of `site`, whose root has this number.
    fn with(root: usize, site: &config::Site) -> StaticSite {
        let page = |(status, page): &(u16, String)| (*status, page.as_bytes().to_vec());
        StaticSite {
            root,
            hidden: site.hidden,
            etag: site.etag,
            listing: site.listing,
            fallback: site.fallback.as_ref().map(|path| path.as_bytes().to_vec()),
            error_pages: site.error_pages.iter().map(page).collect(),
            types: MediaTypes::new(&site.types),
            rules: Rules::new(site),
            cors: site.cors.as_ref().map(Cors::new),
            guard: Guard::new(site),
            keys: RandomState::new(),
        }
    }

    /// Answers a request to this site.
    #[inline]
    fn answer(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        if let Some(path) = target::plain(request.head) {
            let asked = Asked {
                request,
                path,
                query: None,
            };
            if self.ready(&asked, context) {
                return;
            }
        }
        self.seek(request, context);
    }

    /// The same where a path is to be decoded, a rule to be looked at, or a
    /// file not known.
    #[inline(never)]
    fn seek(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        let mut scratch = Vec::new(); // allocates only where something is decoded
        let (path, query, known) = match target::path(request.head, &mut scratch) {
            Ok(path) => (path.decoded, path.query, Ok(self.shows(path.hidden))),
            Err(error) => (&b"/"[..], None, Err(error.status())),
        };
        let asked = Asked {
            request,
            path,
            query,
        };
        match known {
            Ok(true) if self.ready(&asked, context) => {}
            Ok(_) if self.turns_away(&asked, &[path], context) => {}
            Ok(true) => self.by_rules(&asked, context),
            Ok(false) => self.refuse(&asked, Status::NOT_FOUND.into(), context),
            Err(status) => self.refuse(&asked, status.into(), context),
        }
    }

    /// Whether a path is served at all, that is `hidden` or not.
    fn shows(&self, hidden: bool) -> bool {
        self.hidden || !hidden
    }

    /// The hot path: a file that is known, and that no rule leads away from.
    #[inline]
    fn ready(&self, asked: &Asked<'_>, context: &mut Context<'_>) -> bool {
        if !matches!(asked.request.head.method(), Method::Get | Method::Head) {
            return false;
        }
        let answer = self.usual(asked, context);
        let known = context.files.known(self.root, asked.path, context.now);
        let direct = |found: &&mut Found| found.main.prepared.as_ref().is_some_and(|it| it.direct);
        let Some(found) = known.filter(direct) else {
            return false;
        };
        if let Err(response) = answer.with(found, context.replies) {
            self.refuse(asked, response, context);
        }
        true
    }

    /// Answers who may not see what has these paths. A browser asks for other
    /// origins without a name (Fetch 3.2.2).
    fn turns_away(&self, asked: &Asked<'_>, paths: &[&[u8]], context: &mut Context<'_>) -> bool {
        let head = asked.request.head;
        let Some(guard) = &self.guard else {
            return false;
        };
        let preflight = self.cors.is_some() && cors::is_preflight(head);
        if preflight || head.target() == b"*" {
            return false;
        }
        let Some(response) = guard.refuses(head, paths, Caller::of(context)) else {
            return false;
        };
        self.refuse(asked, response, context);
        true
    }

    /// Whether there are passwords to be held against hashes.
    fn is_guarded(&self) -> bool {
        self.guard.is_some()
    }

    /// Whether answering may take a hash: whatever of the site may come to be
    /// looked at on the way is thought of.
    fn blocks(&self, head: &Head<'_>) -> bool {
        let (Some(guard), true) = (&self.guard, head.field("authorization").is_some()) else {
            return false;
        };
        let (mut scratch, mut moved) = (Vec::new(), Vec::new());
        let Ok(path) = target::path(head, &mut scratch) else {
            return false;
        };
        let rewritten = self.rules.rewrite(path.decoded, &mut moved);
        let slashed = rewritten.map(|path| [path, b"/"].concat());
        let mut paths = vec![path.decoded];
        paths.extend(rewritten);
        paths.extend(slashed.as_deref());
        paths.extend(self.fallback.as_deref());
        guard.blocks(head, &paths)
    }

    fn by_rules(&self, asked: &Asked<'_>, context: &mut Context<'_>) {
        let head = asked.request.head;
        if let Some(cors) = self.cors.as_ref().filter(|_| cors::is_preflight(head)) {
            let response = Response::empty(Status::NO_CONTENT).lines(cors.preflight(head));
            return self.respond(asked, response, context);
        }
        let moved = self.rules.redirect(asked.path, asked.query);
        if let Some((status, place)) = moved.filter(|_| head.target() != b"*") {
            let response = Response::error(status, "").field("Location", place);
            return self.respond(asked, response, context);
        }
        match head.method() {
            Method::Get | Method::Head => self.get(asked, context),
            Method::Options => {
                let response = Response::empty(Status::NO_CONTENT).field("Allow", ALLOW);
                self.respond(asked, response, context);
            }
            Method::Other => self.refuse(asked, Status::NOT_IMPLEMENTED.into(), context),
            _ => {
                let hint = "this is a file: GET and HEAD are what it takes";
                let response = Response::error(Status::METHOD_NOT_ALLOWED, hint);
                self.refuse(asked, response.field("Allow", ALLOW), context);
            }
        }
    }

    fn get(&self, asked: &Asked<'_>, context: &mut Context<'_>) {
        let mut scratch = Vec::new();
        let rewritten = self.rules.rewrite(asked.path, &mut scratch);
        let sent = match rewritten {
            Some(path) if !self.shows(target::is_hidden(path)) => Err(FileError::NotFound),
            Some(path) => match self.send(asked, path, context) {
                // The client knows nothing of this path: no slash for it.
                Err(FileError::Directory) => self.send(asked, &[path, b"/"].concat(), context),
                sent => sent,
            },
            None => match self.send(asked, asked.path, context) {
                Err(FileError::NotFound) => self.list(asked, context),
                sent => sent,
            },
        };
        match sent {
            Ok(()) => {}
            Err(FileError::NotFound) => self.not_there(asked, context),
            Err(FileError::Directory) => self.add_slash(asked, context),
            Err(FileError::Forbidden) => self.refuse(asked, Status::FORBIDDEN.into(), context),
            Err(FileError::Busy) => {
                let hint = "the server has too much open; try again in a moment";
                let response = Response::error(Status::SERVICE_UNAVAILABLE, hint);
                self.refuse(asked, response.field("Retry-After", "1"), context);
            }
            Err(FileError::Broken) => {
                self.refuse(asked, Status::INTERNAL_SERVER_ERROR.into(), context);
            }
        }
    }

    /// Answers with the file at `path`, which need not be the one asked for.
    fn send(
        &self,
        asked: &Asked<'_>,
        path: &[u8],
        context: &mut Context<'_>,
    ) -> Result<(), FileError> {
        let answer = self.usual(asked, context);
        let caller = Caller::of(context);
        let found = context.files.find(self.root, path, context.now)?;
        if let Some(guard) = &self.guard {
            let name = file_name(path, found);
            if let Some(response) = guard.refuses(asked.request.head, &[path, &name], caller) {
                self.refuse(asked, response, context);
                return Ok(());
            }
        }
        if found.main.prepared.is_none() {
            self.prepare(path, found, context.unix_s);
        }
        if let Err(response) = answer.with(found, context.replies) {
            self.refuse(asked, response, context);
        }
        Ok(())
    }

    /// All that an answer needs but the file.
    fn usual<'a, 'c: 'a>(&'a self, asked: &Asked<'a>, context: &mut Context<'c>) -> Answer<'a> {
        let head = asked.request.head;
        Answer {
            head,
            connection: context.connection(asked.request),
            date: context.date,
            unix_s: context.unix_s,
            keys: &self.keys,
            lines: self.cors.as_ref().map_or(&[], |cors| cors.lines(head)),
        }
    }

    /// Makes what is the same in every answer with this file. Rules go by its
    /// own path, and where it is a folder's index by that of the folder too:
    /// so it does not matter which request it answers.
    fn prepare(&self, path: &[u8], found: &mut Found, unix_s: u64) {
        let name = file_name(path, found);
        let mut lines = self.rules.file_lines(&[path, &name]);
        lines.extend_from_slice(self.privacy(&[path, &name]));
        if let Some(cors) = &self.cors {
            lines.extend_from_slice(cors.always());
        }
        let guarded = self.is_guarded_at(&[path, &name]);
        let direct = !guarded && !self.rules.moves(path) && self.shows(target::is_hidden(path));
        let said = Said {
            media_type: self.types.of(&name),
            etag: self.etag,
            lines: &lines,
            direct,
        };
        ready::prepare(found, &said, unix_s);
    }

    fn is_guarded_at(&self, paths: &[&[u8]]) -> bool {
        self.guard.as_ref().is_some_and(|guard| guard.covers(paths))
    }

    /// What is guarded is for one person alone (RFC 9111 5.2.2.7), unless a
    /// rule says how long it is kept.
    fn privacy(&self, paths: &[&[u8]]) -> &'static [u8] {
        if self.is_guarded_at(paths) && !self.rules.keeps(paths) {
            b"Cache-Control: private\r\n"
        } else {
            b""
        }
    }

    /// What is not there is answered by the fallback, or with 404.
    fn not_there(&self, asked: &Asked<'_>, context: &mut Context<'_>) {
        let fallback = self.fallback.as_ref();
        if fallback.is_none_or(|path| self.send(asked, path, context).is_err()) {
            self.refuse(asked, Status::NOT_FOUND.into(), context);
        }
    }

    /// 301 to the same path with its slash; the query stays.
    fn add_slash(&self, asked: &Asked<'_>, context: &mut Context<'_>) {
        let mut location = Vec::new();
        target::encode_path(asked.path, &mut location);
        location.push(b'/');
        if let Some(query) = asked.query {
            location.push(b'?');
            location.extend_from_slice(query);
        }
        let location = String::from_utf8_lossy(&location).into_owned();
        let response = Response::error(Status::MOVED_PERMANENTLY, "").field("Location", location);
        self.respond(asked, response, context);
    }
}

/// The path of a file that was found: a folder's has its index behind it.
fn file_name(path: &[u8], found: &Found) -> Vec<u8> {
    match &found.index {
        Some(index) => [path, index].concat(),
        None => path.to_vec(),
    }
}
