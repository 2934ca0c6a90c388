//! The static site: a path to a file, conditions and ranges to a status.

use super::context::Context;
use super::files::{Bytes, Content, FileError, Found, Prepared};
use super::replies::Replies;
use super::response::Response;
use crate::base::limits::COPY_BYTES_MAX;
use crate::http::condition::{self, Outcome, Validators};
use crate::http::range::{self, Ranged};
use crate::http::{Connection, Head, HeadWriter, HttpDate, Method, Seen, Status, mime, target};
use crate::session::HttpRequest;
use std::sync::Arc;

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
#[derive(Clone, Copy, Debug)]
pub struct StaticSite {
    root: usize,
}

impl StaticSite {
    /// The site whose root has this number in the configuration.
    #[must_use]
    pub fn new(root: usize) -> StaticSite {
        StaticSite { root }
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
                    connection,
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

/// What is needed for an answer with a file, but for the file.
struct Answer<'a> {
    head: &'a Head<'a>,
    date: &'a HttpDate,
    connection: Connection,
}

impl Answer<'_> {
    fn with(&self, found: &Found, replies: &mut Replies) {
        let Some(prepared) = &found.prepared else {
            return;
        };
        if self.head.line().seen.is_empty() {
            return self.whole(found, prepared, replies);
        }
        let modified = Some(found.meta.modified_s);
        let validators = Validators {
            etag: &prepared.etag,
            modified_unix_s: modified,
        };
        match condition::evaluate(self.head, &validators) {
            Outcome::NotModified => self.not_modified(found, prepared, replies),
            Outcome::Failed => {
                let response = Response::error(Status::PRECONDITION_FAILED, "the file has changed");
                response.write(self.head.method(), self.date, self.connection, replies);
            }
            Outcome::Proceed => self.ranged(found, prepared, &validators, replies),
        }
    }

    /// The hot path: an answer that is ready, with today's date written over
    /// its own. It is copied in one go where nothing is to be added.
    fn whole(&self, found: &Found, prepared: &Prepared, replies: &mut Replies) {
        let head_len = prepared.head_len;
        let get = self.head.method() == Method::Get;
        let usual = get && self.connection == Connection::KeepAlive;
        let ready = if usual {
            prepared.answer.len()
        } else {
            head_len
        };
        let bytes = replies.bytes_mut();
        let start = bytes.len();
        bytes.extend_from_slice(&prepared.answer[..ready]);
        let date_at = start + prepared.date_at;
        bytes[date_at..date_at + 29].copy_from_slice(self.date.as_bytes());
        if ready > head_len {
            return replies.set_repeatable(start);
        }
        if self.connection != Connection::KeepAlive {
            bytes.truncate(bytes.len() - 2); // the empty line comes after one more field
            bytes.extend_from_slice(self.connection.field_line());
            bytes.extend_from_slice(b"\r\n");
        }
        if get {
            append(found, 0, found.meta.len, replies);
        }
    }

    /// 304 repeats what identifies the file (RFC 9110 15.4.5).
    fn not_modified(&self, found: &Found, prepared: &Prepared, replies: &mut Replies) {
        HeadWriter::new(replies.bytes_mut(), Status::NOT_MODIFIED, self.date)
            .field("ETag", &prepared.etag)
            .field(
                "Last-Modified",
                HttpDate::from_unix(found.meta.modified_s).as_bytes(),
            )
            .finish(self.connection);
    }

    /// Ranges are for GET alone (RFC 9110 14.2).
    fn ranged(
        &self,
        found: &Found,
        prepared: &Prepared,
        validators: &Validators<'_>,
        replies: &mut Replies,
    ) {
        let wanted = self.head.method() == Method::Get
            && self.head.line().seen.contains(Seen::RANGE)
            && condition::range_applies(self.head, validators);
        let len = found.meta.len;
        let ranged = match self.head.field("range").filter(|_| wanted) {
            Some(value) => range::parse(value, len),
            None => Ranged::Whole,
        };
        match ranged {
            Ranged::Whole => self.whole(found, prepared, replies),
            Ranged::Part { first, last } => self.part(found, prepared, first, last, replies),
            Ranged::Unsatisfiable => {
                let response = Response::error(Status::RANGE_NOT_SATISFIABLE, "")
                    .field("Content-Range", format!("bytes */{len}"));
                response.write(self.head.method(), self.date, self.connection, replies);
            }
        }
    }

    fn part(
        &self,
        found: &Found,
        prepared: &Prepared,
        first: u64,
        last: u64,
        replies: &mut Replies,
    ) {
        let len = last - first + 1;
        let range = format!("bytes {first}-{last}/{}", found.meta.len);
        HeadWriter::new(replies.bytes_mut(), Status::PARTIAL_CONTENT, self.date)
            .content_type(prepared.media_type)
            .field("Content-Range", range.as_bytes())
            .field("ETag", &prepared.etag)
            .field(
                "Last-Modified",
                HttpDate::from_unix(found.meta.modified_s).as_bytes(),
            )
            .field("Accept-Ranges", b"bytes")
            .length(len)
            .finish(self.connection);
        append(found, first, len, replies);
    }
}

/// Appends `len` bytes of a file from `first` on.
fn append(found: &Found, first: u64, len: u64, replies: &mut Replies) {
    match &found.content {
        Content::File(file) => replies.file(file.clone(), first, len),
        Content::Memory(bytes) => {
            let (block, start) = bytes.block();
            let first = start + first as usize;
            replies.body(block, first..first + len as usize);
        }
    }
}

/// Makes the usual answer with this file ready. A small file moves into it.
fn prepare(path: &[u8], found: &mut Found, unix_s: u64) {
    let named = if path.ends_with(b"/") {
        b"index.html"
    } else {
        path
    };
    let media_type = mime::media_type(named);
    let etag = etag(found);
    // Never later than the answer's own date (RFC 9110 8.8.2.1).
    let modified = HttpDate::from_unix(found.meta.modified_s.min(unix_s));
    let mut head = Vec::with_capacity(256);
    let writer = HeadWriter::new(&mut head, Status::OK, &HttpDate::from_unix(unix_s));
    let date_at = writer.date_at();
    writer
        .content_type(media_type)
        .length(found.meta.len)
        .field("Last-Modified", modified.as_bytes())
        .field("ETag", &etag)
        .field("Accept-Ranges", b"bytes")
        .finish(Connection::KeepAlive);
    let head_len = head.len();
    let answer: Arc<[u8]> = match &found.content {
        Content::Memory(bytes) if bytes.len() < COPY_BYTES_MAX => {
            let answer: Arc<[u8]> = [&head[..], bytes].concat().into();
            found.content = Content::Memory(Bytes::behind(answer.clone(), head_len));
            answer
        }
        _ => head.into(),
    };
    found.prepared = Some(Prepared {
        answer,
        head_len,
        date_at,
        etag,
        media_type,
    });
}

/// A strong tag: length and time of modification to the nanosecond.
fn etag(found: &Found) -> Box<[u8]> {
    let meta = found.meta;
    let tag = format!(
        "\"{:x}-{:x}{:08x}\"",
        meta.len, meta.modified_s, meta.modified_ns
    );
    tag.into_bytes().into()
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
