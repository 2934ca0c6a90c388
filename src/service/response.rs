//! An answer to an HTTP request, as a handler builds it.

use super::replies::Replies;
use crate::base::limits::COPY_BYTES_MAX;
use crate::http::{Connection, HeadWriter, HttpDate, Method, Status, error_page};
use std::borrow::Cow;
use std::sync::Arc;

/// Status, fields and body of an answer.
///
/// ```
/// use pelton::http::Status;
/// use pelton::service::Response;
///
/// let response = Response::text("made\n").status(Status::CREATED).field("Location", "/cups/7");
/// assert_eq!(response.body(), b"made\n");
/// ```
#[derive(Clone, Debug)]
pub struct Response {
    status: Status,
    fields: Vec<(Cow<'static, str>, Cow<'static, [u8]>)>,
    content_type: &'static str,
    body: Cow<'static, [u8]>,
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

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
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
        let mut head = HeadWriter::new(replies.bytes_mut(), self.status, date);
        for (name, value) in &self.fields {
            head = head.field(name, value);
        }
        if !self.content_type.is_empty() {
            head = head.content_type(self.content_type);
        }
        if !bodyless {
            head = head.length(self.body.len() as u64);
        }
        head.finish(connection);
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

fn text_bytes(text: Cow<'static, str>) -> Cow<'static, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
