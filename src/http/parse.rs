//! Bytes to a head: where it ends, and what is in it.
//!
//! httparse checks the syntax, loosely; what it lets through and RFC 9112 does
//! not is refused here.

use super::error::HeadError;
use super::fields::Fields;
use super::head::{FieldSpan, Head, HeadRoom, Method, RequestLine, Span};
use super::target;
use crate::base::limits::HEAD_FIELDS_MAX;
use std::mem::MaybeUninit;

/// Where a head ends, or how far it was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// One past its empty line.
    At(usize),
    /// More is needed; the next search starts here.
    NotYet {
        /// Bytes that need not be looked at again.
        scanned: usize,
    },
}

/// Seeks the end of the head at the front of `input`, from `scanned` on, which
/// is where the last search of the same bytes stopped (0 at first).
///
/// # Errors
/// [`HeadError::BareLineFeed`], as soon as one is there: RFC 9112 2.2 allows
/// refusing it, and waiting for a CRLF that never comes helps nobody.
pub fn find_end(input: &[u8], scanned: usize) -> Result<End, HeadError> {
    let mut at = scanned.min(input.len());
    // Lines are short: eight bytes at a time beat a call per line.
    while let Some(word) = input[at..].first_chunk() {
        let mut hits = line_feeds(*word);
        while hits != 0 {
            let line_feed = at + hits.trailing_zeros() as usize / 8;
            if ends_head(&input[..line_feed])? {
                return Ok(End::At(line_feed + 1));
            }
            hits &= hits - 1;
        }
        at += size_of::<u64>();
    }
    for line_feed in at..input.len() {
        if input[line_feed] == b'\n' && ends_head(&input[..line_feed])? {
            return Ok(End::At(line_feed + 1));
        }
    }
    Ok(End::NotYet {
        scanned: input.len(),
    })
}

/// Whether the line feed behind `before` ends the empty line.
fn ends_head(before: &[u8]) -> Result<bool, HeadError> {
    match before {
        [.., b'\n', b'\r'] => Ok(true),
        [.., b'\r'] => Ok(false),
        _ => Err(HeadError::BareLineFeed),
    }
}

/// The high bit of each byte that is a line feed.
fn line_feeds(word: [u8; 8]) -> u64 {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let zero_where_equal = u64::from_le_bytes(word) ^ u64::from_le_bytes([b'\n'; 8]);
    !(((zero_where_equal & LOW_BITS) + LOW_BITS) | zero_where_equal | LOW_BITS)
}

/// Parses `bytes`: exactly one head, its empty line included and no empty line
/// ahead of it. What is found goes to `room`.
///
/// # Errors
/// [`HeadError`].
pub fn parse<'a>(bytes: &'a [u8], room: &'a mut HeadRoom) -> Result<Head<'a>, HeadError> {
    let count = match parse_as(bytes, room) {
        // httparse says this of any version but 1.0 and 1.1, and of none.
        Err(HeadError::Version) => {
            let mut copy = bytes.to_vec();
            copy[version_at(bytes)?] = b'1';
            // If it is not the version, then something ahead of it.
            parse_as(&copy, room).map_err(|error| match error {
                HeadError::Version => HeadError::RequestLine,
                other => other,
            })?
        }
        parsed => parsed?,
    };
    Ok(Head::new(bytes, &room.line, &room.fields[..count]))
}

/// Parses a head into `found`; returns the number of its fields.
fn parse_as(text: &[u8], found: &mut HeadRoom) -> Result<usize, HeadError> {
    let mut room = [const { MaybeUninit::uninit() }; HEAD_FIELDS_MAX];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(text, &mut room) {
        Ok(httparse::Status::Complete(len)) if len == text.len() => {}
        Ok(_) => return Err(HeadError::Field),
        Err(error) => return Err(refusal(error)),
    }
    let (Some(method), Some(path)) = (request.method, request.path) else {
        return Err(HeadError::RequestLine);
    };
    let method_span = span_of(text, method.as_bytes());
    if method_span.start != 0 {
        return Err(HeadError::RequestLine); // httparse skips any number of empty lines
    }
    let minor = request.version.unwrap_or(1);
    let mut fields = Fields::new(minor);
    for (span, header) in found.fields.iter_mut().zip(request.headers.iter()) {
        // httparse leaves blanks that end a value to us in some cases.
        let value = header.value.trim_ascii();
        *span = FieldSpan {
            name: span_of(text, header.name.as_bytes()),
            value: span_of(text, value),
        };
        fields.take(header.name.as_bytes(), value, span.value)?;
    }
    let count = request.headers.len();
    let name = Method::parse(method.as_bytes());
    let form = target::check(name, path.as_bytes())?;
    let host = fields.host()?;
    let authority = form.authority.map(|authority| span_of(text, authority));
    found.line = RequestLine {
        method: name,
        method_span,
        target: span_of(text, path.as_bytes()),
        plain_path: form.plain_path,
        minor,
        framing: fields.framing()?,
        keep_alive: fields.keep_alive(),
        expect_continue: fields.expect_continue(),
        seen: fields.seen(),
        host: authority.or(host),
    };
    Ok(count)
}

/// The offsets of `part`, which lies within `whole`.
fn span_of(whole: &[u8], part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    if part.is_empty() || start > whole.len() {
        return Span::default();
    }
    Span {
        start: start as u16,
        end: (start + part.len()) as u16,
    }
}

/// A version that httparse does not know: a later minor one is served as 1.1
/// (RFC 9110 2.5), and this is where its digit stands; another major one is
/// told from garbage.
fn version_at(bytes: &[u8]) -> Result<usize, HeadError> {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    match &bytes[..end] {
        [
            ..,
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            b'0'..=b'9',
            b'\r',
        ] => Ok(end - 2),
        [
            ..,
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'0'..=b'9',
            b'.',
            b'0'..=b'9',
            b'\r',
        ] => Err(HeadError::Version),
        _ => Err(HeadError::RequestLine),
    }
}

fn refusal(error: httparse::Error) -> HeadError {
    match error {
        httparse::Error::TooManyHeaders => HeadError::TooManyFields,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => HeadError::Field,
        httparse::Error::Version => HeadError::Version,
        httparse::Error::Token | httparse::Error::Status | httparse::Error::NewLine => {
            HeadError::RequestLine
        }
    }
}

#[cfg(test)]
mod tests;
