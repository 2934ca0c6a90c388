//! The answer with a file: conditions and ranges to a status.

use super::variant::{self, VARY};
use crate::http::coding::Coding;
use crate::http::condition::{self, Outcome, Validators};
use crate::http::multipart::{Boundary, Multipart};
use crate::http::range::{self, Part, Ranged};
use crate::http::{Connection, Head, HeadWriter, HttpDate, Method, Seen, Status};
use crate::service::files::{Content, Found, Prepared, Variant};
use crate::service::replies::Replies;
use crate::service::response::Response;
use std::hash::{BuildHasher, RandomState};

/// What is needed for an answer with a file, but for the file.
pub(super) struct Answer<'a> {
    pub(super) head: &'a Head<'a>,
    pub(super) date: &'a HttpDate,
    /// The same in seconds since 1970.
    pub(super) unix_s: u64,
    pub(super) connection: Connection,
    /// What boundaries are made of.
    pub(super) keys: &'a RandomState,
    /// Field lines for this request alone, each with its CRLF.
    pub(super) lines: &'a [u8],
}

impl Answer<'_> {
    /// Answers with a file that is prepared; or says what is wrong with what
    /// the request wants of it.
    #[inline]
    pub(super) fn with(&self, found: &Found, replies: &mut Replies) -> Result<(), Response> {
        let Some(variant) = variant::chosen(found, self.head) else {
            return Err(variant::not_acceptable());
        };
        let Some(prepared) = &variant.prepared else {
            return Err(Status::INTERNAL_SERVER_ERROR.into());
        };
        if !self.head.line().seen.has_condition() {
            self.whole(variant, prepared, replies);
            return Ok(());
        }
        self.conditional(found, variant, prepared, replies)
    }

    /// The answer to a request that has conditions, or a range.
    #[inline(never)]
    fn conditional(
        &self,
        found: &Found,
        variant: &Variant,
        prepared: &Prepared,
        replies: &mut Replies,
    ) -> Result<(), Response> {
        let mut validators = Validators {
            etag: &prepared.etag,
            modified_unix_s: prepared.modified_s,
        };
        let vary = if found.varies { VARY } else { b"" };
        match condition::evaluate(self.head, &validators) {
            Outcome::NotModified => self.not_modified(prepared, replies),
            Outcome::Failed => {
                let hint = "the file has changed";
                let response = Response::error(Status::PRECONDITION_FAILED, hint);
                return Err(response.lines(vary));
            }
            Outcome::Proceed => {
                // Variants may have one date: it does not say which of them the
                // client has a part of (8.8.2.2).
                validators.modified_unix_s = prepared.modified_s.filter(|_| !found.varies);
                let ranged = self.ranged(variant, prepared, &validators, replies);
                return ranged.map_err(|response| response.lines(vary));
            }
        }
        Ok(())
    }

    /// The hot path: an answer that is ready, with today's date written over
    /// its own. It is copied in one go where nothing is to be added.
    fn whole(&self, variant: &Variant, prepared: &Prepared, replies: &mut Replies) {
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
            append(variant, 0, variant.meta.len, replies);
        }
    }

    /// 304 repeats the lines of the 200 that a cache goes by (RFC 9110 15.4.5).
    fn not_modified(&self, prepared: &Prepared, replies: &mut Replies) {
        HeadWriter::new(replies.bytes_mut(), Status::NOT_MODIFIED, self.date)
            .lines(prepared.cache_lines())
            .lines(self.lines)
            .finish(self.connection);
    }

    /// Ranges are for GET alone (RFC 9110 14.2).
    fn ranged(
        &self,
        variant: &Variant,
        prepared: &Prepared,
        validators: &Validators<'_>,
        replies: &mut Replies,
    ) -> Result<(), Response> {
        let wanted = self.head.method() == Method::Get
            && self.head.line().seen.contains(Seen::RANGE)
            && condition::range_applies(self.head, validators, self.unix_s);
        let len = variant.meta.len;
        let mut lines = self.head.all("range");
        let ranged = match (lines.next().filter(|_| wanted), lines.next()) {
            (Some(value), None) => range::parse(value, len),
            // There is one range set in a request (14.2): two are malformed.
            _ => Ranged::Whole,
        };
        match ranged {
            Ranged::Whole => self.whole(variant, prepared, replies),
            Ranged::Part(part) => self.part(variant, prepared, part, replies),
            // Nothing could say whether the parts are coded, or all of them together.
            Ranged::Parts(_) if variant.coding != Coding::Identity => {
                self.whole(variant, prepared, replies);
            }
            Ranged::Parts(parts) => self.parts(variant, prepared, &parts, replies),
            // With the length that there is (RFC 9110 15.5.17).
            Ranged::Unsatisfiable => {
                let response = Response::from(Status::RANGE_NOT_SATISFIABLE);
                return Err(response.field("Content-Range", format!("bytes */{len}")));
            }
        }
        Ok(())
    }

    fn part(&self, variant: &Variant, prepared: &Prepared, part: Part, replies: &mut Replies) {
        HeadWriter::new(replies.bytes_mut(), Status::PARTIAL_CONTENT, self.date)
            .content_type(&prepared.media_type)
            .content_range(part, variant.meta.len)
            .length(part.bytes())
            .lines(variant.coding.field_line())
            .lines(prepared.cache_lines())
            .field("Accept-Ranges", b"bytes")
            .lines(self.lines)
            .finish(self.connection);
        append(variant, part.first, part.bytes(), replies);
    }

    /// Content-Range and the media type go with each part, not with the whole
    /// (RFC 9110 15.3.7.2).
    fn parts(&self, variant: &Variant, prepared: &Prepared, parts: &[Part], replies: &mut Replies) {
        let multipart = Multipart {
            boundary: self.boundary(prepared),
            media_type: &prepared.media_type,
            len: variant.meta.len,
        };
        HeadWriter::new(replies.bytes_mut(), Status::PARTIAL_CONTENT, self.date)
            .field("Content-Type", &multipart.content_type())
            .length(multipart.content_length(parts))
            .lines(prepared.cache_lines())
            .field("Accept-Ranges", b"bytes")
            .lines(self.lines)
            .finish(self.connection);
        for (number, part) in parts.iter().enumerate() {
            match number {
                0 => multipart.begin_first(*part, replies.bytes_mut()),
                _ => multipart.begin(*part, replies.bytes_mut()),
            }
            append(variant, part.first, part.bytes(), replies);
        }
        multipart.end(replies.bytes_mut());
    }

    /// The boundary for this state of the file. The keys are random and known to
    /// nobody, so whoever writes a file cannot put its boundary into it.
    fn boundary(&self, prepared: &Prepared) -> Boundary {
        let half = |number: u8| u128::from(self.keys.hash_one((number, &prepared.etag)));
        Boundary::from_bits(half(0) << 64 | half(1))
    }
}

/// Appends `len` bytes of a file from `first` on.
pub(super) fn append(variant: &Variant, first: u64, len: u64, replies: &mut Replies) {
    match &variant.content {
        Content::File(file) => replies.file(file.clone(), first, len),
        Content::Memory(bytes) => {
            let (block, start) = bytes.block();
            let first = start + first as usize;
            replies.body(block, first..first + len as usize);
        }
    }
}
