//! The usual answer with a file, made once and kept with it.

use super::variant::VARY;
use crate::base::limits::COPY_BYTES_MAX;
use crate::config::Etag;
use crate::http::coding::Coding;
use crate::http::{Connection, HeadWriter, HttpDate, Status};
use crate::service::files::{Bytes, Content, Digest, Found, Prepared, Variant};
use std::fmt::Write;
use std::sync::Arc;

/// What the site says of a file, whichever variant of it is sent.
pub(super) struct Said<'a> {
    /// What kind of file it is, by its plain name.
    pub(super) media_type: &'a str,
    /// What its tags are made of.
    pub(super) etag: Etag,
    /// The site's own fields.
    pub(super) lines: &'a [u8],
    /// No rule leads away from its path.
    pub(super) direct: bool,
}

/// Makes the usual answers with this file ready, one for each of its variants. A
/// small one moves into its answer.
pub(super) fn prepare(found: &mut Found, said: &Said<'_>, unix_s: u64) {
    let vary = if found.varies { VARY } else { b"" };
    for variant in found.variants_mut() {
        one(variant, said, vary, unix_s);
    }
}

fn one(variant: &mut Variant, said: &Said<'_>, vary: &[u8], unix_s: u64) {
    let etag = etag(variant, said.etag);
    let modified_s = (said.etag == Etag::Time).then_some(variant.meta.modified_s);
    let mut head = Vec::with_capacity(256);
    let writer = HeadWriter::new(&mut head, Status::OK, &HttpDate::from_unix(unix_s));
    let date_at = writer.date_at();
    let mut writer = writer
        .content_type(said.media_type)
        .length(variant.meta.len)
        .lines(variant.coding.field_line());
    let start = writer.here();
    if let Some(modified_s) = modified_s {
        // Never later than the answer's own date (RFC 9110 8.8.2.1).
        let modified = HttpDate::from_unix(modified_s.min(unix_s));
        writer = writer.field("Last-Modified", modified.as_bytes());
    }
    if !etag.is_empty() {
        writer = writer.field("ETag", &etag);
    }
    let writer = writer.lines(vary).lines(said.lines);
    let cache_lines = start..writer.here();
    writer
        .field("Accept-Ranges", b"bytes")
        .finish(Connection::KeepAlive);
    let head_len = head.len();
    let answer: Arc<[u8]> = match &variant.content {
        Content::Memory(bytes) if bytes.len() < COPY_BYTES_MAX => {
            let answer: Arc<[u8]> = [&head[..], bytes].concat().into();
            variant.content = Content::Memory(Bytes::behind(answer.clone(), head_len));
            answer
        }
        _ => head.into(),
    };
    variant.prepared = Some(Prepared {
        answer,
        head_len,
        date_at,
        cache_lines,
        etag,
        modified_s,
        media_type: said.media_type.into(),
        direct: said.direct,
    });
}

/// A strong tag, which no two variants share (RFC 9110 8.8.3.3): from the bytes
/// alone, or from length and time of modification to the nanosecond. Without
/// either there is none: a wrong one would do harm.
fn etag(variant: &Variant, made_of: Etag) -> Box<[u8]> {
    let mut tag = match (made_of, &variant.digest) {
        (Etag::Time, _) => by_time(variant),
        (Etag::Content, Some(digest)) => in_hex(digest),
        (Etag::Content, None) => return Box::default(),
    };
    if variant.coding != Coding::Identity {
        tag = format!("{tag}-{}", variant.coding.name());
    }
    format!("\"{tag}\"").into_bytes().into()
}

fn by_time(variant: &Variant) -> String {
    let meta = variant.meta;
    format!(
        "{:x}-{:x}{:08x}",
        meta.len, meta.modified_s, meta.modified_ns
    )
}

fn in_hex(digest: &Digest) -> String {
    digest.iter().fold(String::new(), |mut hex, byte| {
        // A String takes whatever is written to it.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
