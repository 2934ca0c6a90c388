//! F3: the static site: a path to a file, and a file to an answer.

mod answer;
mod ready;

use super::context::Context;
use super::files::FileError;
use super::response::Response;
use crate::http::{HeadWriter, Method, Status, mime, target};
use crate::session::HttpRequest;
use answer::{Answer, append};
use ready::prepare;
use std::hash::RandomState;

const ALLOW: &str = "GET, HEAD, OPTIONS";
const NOT_FOUND_PAGE: &[u8] = b"/404.html";

/// Serves the files below one root. Owns nothing but the root's number: the
/// files themselves are [`Files`](super::Files)'.
///
/// ```
/// use pelton::Router;
/// use pelton::service::StaticSite;
///
/// // Handlers first; what none is for is a file of the configuration's site.
/// let router = Router::new()
///     .http("GET", "/time", |_, context| format!("{}\n", context.unix_s))
///     .site(StaticSite::new(0));
/// # let _ = router;
/// ```
#[derive(Clone, Debug)]
pub struct StaticSite {
    root: usize,
    /// Random keys for the boundaries between several ranges.
    keys: RandomState,
}

impl StaticSite {
    /// The site whose root has this number in the configuration.
    #[must_use]
    pub fn new(root: usize) -> StaticSite {
        StaticSite {
            root,
            keys: RandomState::new(),
        }
    }

    /// Answers a request for a file.
    pub(crate) fn answer(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        match request.head.method() {
            Method::Get | Method::Head => self.get(request, context),
            Method::Options => {
                let response = Response::empty(Status::NO_CONTENT).field("Allow", ALLOW);
                context.respond(request, &response);
            }
            Method::Other => refuse(request, context, Status::NOT_IMPLEMENTED),
            _ => {
                let hint = "this is a file: GET and HEAD are what it takes";
                let response = Response::error(Status::METHOD_NOT_ALLOWED, hint);
                context.respond(request, &response.field("Allow", ALLOW));
            }
        }
    }

    fn get(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        if let Some(path) = target::plain(request.head) {
            return self.file(path, None, request, context);
        }
        let mut scratch = Vec::new(); // allocates only where something is decoded
        match target::path(request.head, &mut scratch) {
            Ok(path) if path.hidden => self.not_found(request, context),
            Ok(path) => self.file(path.decoded, path.query, request, context),
            Err(_) => refuse(request, context, Status::BAD_REQUEST),
        }
    }

    fn file(
        &self,
        path: &[u8],
        query: Option<&[u8]>,
        request: &HttpRequest<'_>,
        context: &mut Context<'_>,
    ) {
        let connection = context.connection(request);
        let (date, unix_s) = (context.date, context.unix_s);
        match context.files.find(self.root, path, context.now) {
            Ok(found) => {
                if found.prepared.is_none() {
                    prepare(path, found, unix_s);
                }
                let answer = Answer {
                    head: request.head,
                    date,
                    unix_s,
                    connection,
                    keys: &self.keys,
                };
                answer.with(found, context.replies);
            }
            Err(FileError::NotFound) => self.not_found(request, context),
            Err(FileError::Directory) => redirect_to_folder(request, path, query, context),
            Err(FileError::Forbidden) => refuse(request, context, Status::FORBIDDEN),
            Err(FileError::Busy) => {
                let hint = "the server has too much open; try again in a moment";
                let response = Response::error(Status::SERVICE_UNAVAILABLE, hint);
                context.respond(request, &response.field("Retry-After", "1"));
            }
            Err(FileError::Broken) => refuse(request, context, Status::INTERNAL_SERVER_ERROR),
        }
    }

    /// 404 with the site's own page, where it has one.
    fn not_found(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        let connection = context.connection(request);
        let Ok(found) = context.files.find(self.root, NOT_FOUND_PAGE, context.now) else {
            return refuse(request, context, Status::NOT_FOUND);
        };
        HeadWriter::new(context.replies.bytes_mut(), Status::NOT_FOUND, context.date)
            .content_type(mime::media_type(NOT_FOUND_PAGE))
            .length(found.meta.len)
            .finish(connection);
        if request.head.method() == Method::Get {
            append(found, 0, found.meta.len, context.replies);
        }
    }
}

/// 301 to the same path with its slash; the query stays.
fn redirect_to_folder(
    request: &HttpRequest<'_>,
    path: &[u8],
    query: Option<&[u8]>,
    context: &mut Context<'_>,
) {
    let mut location = Vec::new();
    target::encode_path(path, &mut location);
    location.push(b'/');
    if let Some(query) = query {
        location.push(b'?');
        location.extend_from_slice(query);
    }
    let location = String::from_utf8_lossy(&location).into_owned();
    let response = Response::error(Status::MOVED_PERMANENTLY, "").field("Location", location);
    context.respond(request, &response);
}

fn refuse(request: &HttpRequest<'_>, context: &mut Context<'_>, status: Status) {
    context.respond(request, &Response::error(status, ""));
}
