//! An answer to an HTTP request, as a handler builds it.

use super::replies::Replies;
use crate::base::limits::{COPY_BYTES_MAX, TIMEOUT_S_MAX};
use crate::base::tick::Millis;
use crate::http::{Connection, HeadWriter, HttpDate, Method, Status, error_page};
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Status, fields and body of an answer. The date, the length and what becomes
/// of the connection are written by the server.
///
/// ```
/// use pelton::http::Status;
/// use pelton::service::Response;
///
/// let response = Response::text("made\n").status(Status::CREATED).field("Location", "/cups/7");
/// assert_eq!(response.body(), b"made\n");
///
/// // What becomes one: texts, bytes, statuses, options and results of these.
/// assert_eq!(Response::from("hello\n").code(), 200);
/// assert_eq!(Response::from(Status::NO_CONTENT).code(), 204);
/// assert_eq!(Response::from(None::<String>).code(), 404);
/// assert_eq!(Response::json(&[1, 2]).body(), b"[1,2]\n");
/// ```
#[derive(Clone, Debug)]
pub struct Response {
    status: Status,
    fields: Vec<(Cow<'static, str>, Cow<'static, [u8]>)>,
    content_type: &'static str,
    body: Cow<'static, [u8]>,
    /// Field lines that are made already.
    lines: Vec<u8>,
    later: Option<Wait>,
}

/// An answer that a ticket may give instead.
#[derive(Clone, Copy, Debug)]
struct Wait {
    within: Millis,
    /// Fields from here on go with the ticket's answer too.
    shared_from: usize,
}

impl Response {
    /// `200 OK` with plain text.
    #[must_use]
    pub fn text(body: impl Into<Cow<'static, str>>) -> Response {
        Response::new("text/plain; charset=utf-8", text_bytes(body.into()))
    }

    /// `200 OK` with a page.
    #[must_use]
    pub fn html(body: impl Into<Cow<'static, str>>) -> Response {
        Response::new("text/html; charset=utf-8", text_bytes(body.into()))
    }

    /// `200 OK` with any body of any media type.
    #[must_use]
    pub fn new(content_type: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Response {
        Response {
            status: Status::OK,
            fields: Vec::new(),
            content_type,
            body: body.into(),
            lines: Vec::new(),
            later: None,
        }
    }

    /// `200 OK` with `value` as JSON, and a line break behind it. What
    /// has no JSON, such as a map whose keys are lists, is answered 500, and
    /// fails a debug build.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Response {
        match serde_json::to_vec(value) {
            Ok(mut body) => {
                body.push(b'\n');
                Response::new("application/json", body)
            }
            Err(error) => {
                debug_assert!(false, "an answer has no JSON: {error}");
                Response::error(Status::INTERNAL_SERVER_ERROR, "")
            }
        }
    }

    /// A small page that says what `status` means, and `hint` if there is one.
    #[must_use]
    pub fn error(status: Status, hint: &str) -> Response {
        let mut page = Vec::new();
        error_page(status, hint, &mut page);
        Response::new("text/html; charset=utf-8", page).status(status)
    }

    /// An answer without a body, such as `204 No Content`.
    #[must_use]
    pub fn empty(status: Status) -> Response {
        Response::new("", &[][..]).status(status)
    }

    /// The answer of the ticket that the handler has taken with
    /// [`Context::later`](super::Context::later); or `otherwise`, if none comes
    /// `within` this time, which may be a week at most. It never ends early, and
    /// late by a second or two, for the wheel it rides ticks once a second.
    /// Without a ticket `otherwise` is answered at once.
    ///
    /// What this returns is what layers see. Field lines that are added to it
    /// go with whichever answer is sent; a status that is set is that of
    /// `otherwise`; a layer that returns another response answers at once, and
    /// the ticket is void.
    #[must_use]
    pub fn later(within: Duration, otherwise: impl Into<Response>) -> Response {
        let mut response = otherwise.into();
        let within = within.min(Duration::from_secs(TIMEOUT_S_MAX));
        response.later = Some(Wait {
            within: Millis(within.as_millis() as u64),
            shared_from: response.fields.len(),
        });
        response
    }

    /// The same with another status.
    #[must_use]
    pub fn status(mut self, status: Status) -> Response {
        self.status = status;
        self
    }

    /// The same with one more field line. A value with a line break or a NUL
    /// in it is left out.
    #[must_use]
    pub fn field(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Response {
        self.fields.push((name.into(), text_bytes(value.into())));
        self
    }

    /// The same with field lines that are made already, each with its CRLF.
    pub(super) fn lines(mut self, lines: &[u8]) -> Response {
        self.lines.extend_from_slice(lines);
        self
    }

    /// The status as its number.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.status.code()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How long the answer may be left to a ticket, if it may.
    pub(super) fn wait(&self) -> Option<Millis> {
        self.later.map(|wait| wait.within)
    }

    /// The answer of a ticket, with the field lines that were added to what
    /// was `promised`.
    pub(super) fn promised_as(mut self, promised: &Response) -> Response {
        if let Some(wait) = promised.later {
            let shared = &promised.fields[wait.shared_from..];
            self.fields.extend_from_slice(shared);
        }
        self
    }

    /// Appends head and body to `replies`, as the method and status have it:
    /// HEAD, 1xx, 204 and 304 carry no body (RFC 9110 6.4.1).
    pub(crate) fn write(
        &self,
        method: Method,
        date: &HttpDate,
        connection: Connection,
        replies: &mut Replies,
    ) {
        let bodyless = matches!(self.status, Status::NO_CONTENT | Status::NOT_MODIFIED);
        let len = (!bodyless).then_some(self.body.len() as u64);
        self.write_head(self.content_type, len, date, connection, replies);
        if bodyless || method == Method::Head {
            return;
        }
        if self.body.len() < COPY_BYTES_MAX {
            replies.bytes_mut().extend_from_slice(&self.body);
        } else {
            replies.body(&Arc::from(&*self.body), 0..self.body.len());
        }
    }
}

impl Response {
    /// Appends the head alone, for a body of `len` bytes from elsewhere.
    pub(super) fn write_head(
        &self,
        content_type: &str,
        len: Option<u64>,
        date: &HttpDate,
        connection: Connection,
        replies: &mut Replies,
    ) {
        let mut head = HeadWriter::new(replies.bytes_mut(), self.status, date);
        for (name, value) in &self.fields {
            head = head.field(name, value);
        }
        head = head.lines(&self.lines);
        if !content_type.is_empty() {
            head = head.content_type(content_type);
        }
        if let Some(len) = len {
            head = head.length(len);
        }
        head.finish(connection);
    }
}

impl From<&'static str> for Response {
    fn from(text: &'static str) -> Response {
        Response::text(text)
    }
}

impl From<String> for Response {
    fn from(text: String) -> Response {
        Response::text(text)
    }
}

/// Bytes of no known media type.
impl From<Vec<u8>> for Response {
    fn from(bytes: Vec<u8>) -> Response {
        Response::new("application/octet-stream", bytes)
    }
}

/// `404 Not Found` where there is nothing.
impl<T: Into<Response>> From<Option<T>> for Response {
    fn from(found: Option<T>) -> Response {
        found.map_or_else(|| Status::NOT_FOUND.into(), Into::into)
    }
}

/// No body where all went well, else the small page of an error.
impl From<Status> for Response {
    fn from(status: Status) -> Response {
        match status {
            Status::NOT_FOUND => Response::error(status, "nothing is at this address"),
            good if good < Status::BAD_REQUEST => Response::empty(good),
            bad => Response::error(bad, ""),
        }
    }
}

/// Either way it is an answer, so that handlers can use `?`.
impl<T: Into<Response>, E: Into<Response>> From<Result<T, E>> for Response {
    fn from(result: Result<T, E>) -> Response {
        result.map_or_else(Into::into, Into::into)
    }
}

fn text_bytes(text: Cow<'static, str>) -> Cow<'static, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(response: impl Into<Response>, code: u16, media_type: &str, body: &[u8]) {
        let response = response.into();
        assert_eq!(response.code(), code);
        assert_eq!(response.content_type, media_type);
        if code < 400 {
            assert_eq!(response.body(), body);
        }
    }

    #[test]
    fn what_handlers_return_becomes_an_answer() {
        const TEXT: &str = "text/plain; charset=utf-8";
        const PAGE: &str = "text/html; charset=utf-8";
        check("a", 200, TEXT, b"a");
        check("a".to_owned(), 200, TEXT, b"a");
        check(vec![0xff], 200, "application/octet-stream", &[0xff]);
        check(Response::json(&[1, 2]), 200, "application/json", b"[1,2]\n");
        check(Status::NO_CONTENT, 204, "", b"");
        check(Status::CONFLICT, 409, PAGE, b"");
        check(Some("a"), 200, TEXT, b"a");
        check(None::<String>, 404, PAGE, b"");
        check(Ok::<_, Status>("a"), 200, TEXT, b"a");
        check(Err::<String, _>(Status::GONE), 410, PAGE, b"");
        check(Err::<String, _>(Some("odd")), 200, TEXT, b"odd");
    }
}
