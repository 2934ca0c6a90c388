//! The usual answer with a file, made once and kept with it.

use crate::base::limits::COPY_BYTES_MAX;
use crate::http::{Connection, HeadWriter, HttpDate, Status, mime};
use crate::service::files::{Bytes, Content, Found, Prepared};
use std::sync::Arc;

/// Makes the usual answer with this file ready. A small file moves into it.
/// `name` tells what kind of file it is, `lines` are the site's own fields, and
/// `direct` says that no rule leads away from its path.
pub(super) fn prepare(name: &[u8], found: &mut Found, unix_s: u64, lines: &[u8], direct: bool) {
    let media_type = mime::media_type(name);
    let etag = etag(found);
    // Never later than the answer's own date (RFC 9110 8.8.2.1).
    let modified = HttpDate::from_unix(found.meta.modified_s.min(unix_s));
    let mut head = Vec::with_capacity(256);
    let writer = HeadWriter::new(&mut head, Status::OK, &HttpDate::from_unix(unix_s));
    let date_at = writer.date_at();
    let writer = writer.content_type(media_type).length(found.meta.len);
    let start = writer.here();
    let writer = writer
        .field("Last-Modified", modified.as_bytes())
        .field("ETag", &etag)
        .lines(lines);
    let cache_lines = start..writer.here();
    writer
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
        cache_lines,
        etag,
        media_type,
        direct,
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
