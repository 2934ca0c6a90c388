//! The answer with a file: conditions and ranges to a status.

use crate::http::condition::{self, Outcome, Validators};
use crate::http::range::{self, Ranged};
use crate::http::{Connection, Head, HeadWriter, HttpDate, Method, Seen, Status};
use crate::service::files::{Content, Found, Prepared};
use crate::service::replies::Replies;
use crate::service::response::Response;

/// What is needed for an answer with a file, but for the file.
pub(super) struct Answer<'a> {
    pub(super) head: &'a Head<'a>,
    pub(super) date: &'a HttpDate,
    pub(super) connection: Connection,
    /// Field lines for this request alone, each with its CRLF.
    pub(super) lines: &'a [u8],
}

impl Answer<'_> {
    /// Answers with a file that is prepared; or says what is wrong with what
    /// the request wants of it.
    pub(super) fn with(&self, found: &Found, replies: &mut Replies) -> Result<(), Response> {
        let Some(prepared) = &found.prepared else {
            return Err(Status::INTERNAL_SERVER_ERROR.into());
        };
        if self.head.line().seen.is_empty() {
            self.whole(found, prepared, replies);
            return Ok(());
        }
        let modified = Some(found.meta.modified_s);
        let validators = Validators {
            etag: &prepared.etag,
            modified_unix_s: modified,
        };
        match condition::evaluate(self.head, &validators) {
            Outcome::NotModified => self.not_modified(found, prepared, replies),
            Outcome::Failed => {
                let hint = "the file has changed";
                return Err(Response::error(Status::PRECONDITION_FAILED, hint));
            }
            Outcome::Proceed => return self.ranged(found, prepared, &validators, replies),
        }
        Ok(())
    }

    /// The hot path: an answer that is ready, with today's date written over
    /// its own. It is copied in one go where nothing is to be added.
    fn whole(&self, found: &Found, prepared: &Prepared, replies: &mut Replies) {
        let head_len = prepared.head_len;
        let get = self.head.method() == Method::Get;
        let plain = self.connection == Connection::KeepAlive && self.lines.is_empty();
        let usual = get && plain;
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
        if !plain {
            bytes.truncate(bytes.len() - 2); // the empty line comes after some more fields
            bytes.extend_from_slice(self.lines);
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
            .lines(&prepared.lines)
            .lines(self.lines)
            .finish(self.connection);
    }

    /// Ranges are for GET alone (RFC 9110 14.2).
    fn ranged(
        &self,
        found: &Found,
        prepared: &Prepared,
        validators: &Validators<'_>,
        replies: &mut Replies,
    ) -> Result<(), Response> {
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
                let response = Response::from(Status::RANGE_NOT_SATISFIABLE);
                return Err(response.field("Content-Range", format!("bytes */{len}")));
            }
        }
        Ok(())
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
            .lines(&prepared.lines)
            .lines(self.lines)
            .length(len)
            .finish(self.connection);
        append(found, first, len, replies);
    }
}

/// Appends `len` bytes of a file from `first` on.
pub(super) fn append(found: &Found, first: u64, len: u64, replies: &mut Replies) {
    match &found.content {
        Content::File(file) => replies.file(file.clone(), first, len),
        Content::Memory(bytes) => {
            let (block, start) = bytes.block();
            let first = start + first as usize;
            replies.body(block, first..first + len as usize);
        }
    }
}
