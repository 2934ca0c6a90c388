//! The field lines that the protocol itself obeys: each looked at once.

use super::error::HeadError;
use super::head::{Framing, Span};
use super::seen::Seen;
use super::target;

/// What the field lines so far say to the protocol.
#[derive(Debug)]
pub(super) struct Fields {
    minor: u8,
    host: Option<Span>,
    length: Option<u64>,
    coding: Option<Coding>,
    close: bool,
    keep_alive: bool,
    expect_continue: bool,
    seen: Seen,
}

/// What the Transfer-Encoding lines come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Chunked,
    /// Another coding, or one that `chunked` cannot follow.
    Other,
    /// `chunked` behind a coding that is not known here.
    UnknownThenChunked,
    /// Something behind `chunked`, or an empty element.
    Broken,
}

impl Fields {
    pub(super) fn new(minor: u8) -> Fields {
        Fields {
            minor,
            host: None,
            length: None,
            coding: None,
            close: false,
            keep_alive: false,
            expect_continue: false,
            seen: Seen::default(),
        }
    }

    /// Looks at one field line; names are told apart by their length first.
    pub(super) fn take(&mut self, name: &[u8], value: &[u8], span: Span) -> Result<(), HeadError> {
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        match name.len() {
            4 if is(b"host") => self.take_host(value, span)?,
            5 if is(b"range") => self.seen.insert(Seen::RANGE),
            6 if is(b"expect") => self.take_expect(value)?,
            8 if is(b"if-match") => self.seen.insert(Seen::IF_MATCH),
            8 if is(b"if-range") => self.seen.insert(Seen::IF_RANGE),
            10 if is(b"connection") => self.take_connection(value),
            13 if is(b"if-none-match") => self.seen.insert(Seen::IF_NONE_MATCH),
            14 if is(b"content-length") => self.take_length(value)?,
            15 if is(b"accept-encoding") => self.seen.insert(Seen::ACCEPT_ENCODING),
            17 if is(b"transfer-encoding") => self.take_coding(value),
            17 if is(b"if-modified-since") => self.seen.insert(Seen::IF_MODIFIED_SINCE),
            19 if is(b"if-unmodified-since") => self.seen.insert(Seen::IF_UNMODIFIED_SINCE),
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112 3.2: HTTP/1.1 needs exactly one Host; in 1.0 it is checked
    /// where it is there.
    pub(super) fn host(&self) -> Result<Option<Span>, HeadError> {
        match self.host {
            None if self.minor >= 1 => Err(HeadError::Host),
            host => Ok(host),
        }
    }

    /// RFC 9112 6.1 and 6.3. Transfer-Encoding beside Content-Length, or in
    /// HTTP/1.0, is how requests are smuggled: refused.
    pub(super) fn framing(&self) -> Result<Framing, HeadError> {
        match (self.coding, self.length) {
            (None, None) => Ok(Framing::None),
            (None, Some(length)) => Ok(Framing::Length(length)),
            (Some(Coding::Chunked), None) if self.minor >= 1 => Ok(Framing::Chunked),
            (Some(Coding::UnknownThenChunked), None) if self.minor >= 1 => {
                Err(HeadError::UnknownCoding)
            }
            (Some(_), _) => Err(HeadError::TransferEncoding),
        }
    }

    /// RFC 9112 9.3: `close` wins; HTTP/1.0 has to ask for keeping.
    pub(super) fn keep_alive(&self) -> bool {
        !self.close && (self.minor >= 1 || self.keep_alive)
    }

    /// RFC 9110 10.1.1: not for HTTP/1.0.
    pub(super) fn expect_continue(&self) -> bool {
        self.expect_continue && self.minor >= 1
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen
    }

    fn take_host(&mut self, value: &[u8], span: Span) -> Result<(), HeadError> {
        if self.host.is_some() || !target::is_authority(value) {
            return Err(HeadError::Host);
        }
        self.host = Some(span);
        Ok(())
    }

    fn take_expect(&mut self, value: &[u8]) -> Result<(), HeadError> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(HeadError::Expectation);
        }
        self.expect_continue = true;
        Ok(())
    }

    fn take_connection(&mut self, value: &[u8]) {
        for token in elements(value) {
            self.close |= token.eq_ignore_ascii_case(b"close");
            self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// One number in digits. Equal values may be merged (RFC 9110 8.6), but only
    /// a broken sender repeats them, and whoever is ahead of us may not merge.
    fn take_length(&mut self, value: &[u8]) -> Result<(), HeadError> {
        let length = digits(value).ok_or(HeadError::ContentLength)?;
        match self.length.replace(length) {
            None => Ok(()),
            Some(_) => Err(HeadError::ContentLength),
        }
    }

    /// A list may have empty elements, but for this one they are refused: not
    /// every server reads `chunked,` as `chunked`.
    fn take_coding(&mut self, value: &[u8]) {
        for coding in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.coding = Some(match (self.coding, chunked) {
                _ if coding.is_empty() => Coding::Broken,
                (None, true) => Coding::Chunked,
                (None, false) => Coding::Other,
                (Some(Coding::Other), true) => Coding::UnknownThenChunked,
                (Some(Coding::Other), false) => Coding::Other,
                (Some(_), _) => Coding::Broken,
            });
        }
    }
}

/// The elements of a comma-separated list, without blanks; empty ones are
/// skipped (RFC 9110 5.6.1).
pub(super) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

/// What names are made of (RFC 9110 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A number in digits alone: no sign, no blank, no overflow, not empty.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
