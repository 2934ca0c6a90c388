//! The head of a request: its request line and its field lines.
//!
//! A head is kept as offsets into its bytes, so that it can be copied and read
//! again without being parsed twice.

use super::seen::Seen;
use crate::base::limits::HEAD_FIELDS_MAX;

/// A stretch of a head: offsets of its first byte and one past its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u16,
    /// One past the last.
    pub end: u16,
}

/// Where one field line's name and value stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSpan {
    /// The name.
    pub name: Span,
    /// The value, without the blanks around it.
    pub value: Span,
}

/// The methods of RFC 9110 9 and RFC 5789; they are case-sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    /// A token that names none of these.
    Other,
}

impl Method {
    /// The method with this name.
    #[must_use]
    pub fn parse(name: &[u8]) -> Method {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"CONNECT" => Method::Connect,
            b"OPTIONS" => Method::Options,
            b"TRACE" => Method::Trace,
            b"PATCH" => Method::Patch,
            _ => Method::Other,
        }
    }
}

/// How the body of a request is framed (RFC 9112 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// What the protocol itself needs of a head.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine {
    /// The method.
    pub method: Method,
    /// Its name.
    pub method_span: Span,
    /// The request target.
    pub target: Span,
    /// The target is a path that names what it says: nothing in it is to be
    /// decoded, resolved or hidden, and no query follows.
    pub plain_path: bool,
    /// HTTP/1.this: 0 or 1, for 1.2 and up are served as 1.1 (RFC 9110 2.5).
    pub minor: u8,
    /// How the body is framed.
    pub framing: Framing,
    /// Whether the connection goes on after the answer (RFC 9112 9.3).
    pub keep_alive: bool,
    /// The client waits for `100 Continue` (RFC 9110 10.1.1).
    pub expect_continue: bool,
    /// Which of the fields that change an answer are there.
    pub seen: Seen,
    /// The authority asked for: of the target, else of Host.
    pub host: Option<Span>,
}

/// Room for what is found in one head. Its owner lends it to the parser, and
/// the head refers to it: a head is handed on from room to room, so it is to be
/// small.
#[derive(Debug)]
pub struct HeadRoom {
    pub(super) line: RequestLine,
    pub(super) fields: [FieldSpan; HEAD_FIELDS_MAX],
}

impl HeadRoom {
    /// Nothing is found yet.
    #[must_use]
    pub fn new() -> HeadRoom {
        HeadRoom {
            line: RequestLine {
                method: Method::Other,
                method_span: Span::default(),
                target: Span::default(),
                plain_path: false,
                minor: 1,
                framing: Framing::None,
                keep_alive: false,
                expect_continue: false,
                seen: Seen::default(),
                host: None,
            },
            fields: [FieldSpan::default(); HEAD_FIELDS_MAX],
        }
    }
}

impl Default for HeadRoom {
    fn default() -> HeadRoom {
        HeadRoom::new()
    }
}

/// A head, borrowed: its bytes, and where in them things stand.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    bytes: &'a [u8],
    line: &'a RequestLine,
    fields: &'a [FieldSpan],
}

impl<'a> Head<'a> {
    /// Puts a head together again from what was kept of it.
    #[must_use]
    pub fn new(bytes: &'a [u8], line: &'a RequestLine, fields: &'a [FieldSpan]) -> Head<'a> {
        Head {
            bytes,
            line,
            fields,
        }
    }

    /// The whole head, its empty line included.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the protocol itself needs.
    #[must_use]
    pub fn line(&self) -> &'a RequestLine {
        self.line
    }

    /// Where the field lines stand.
    #[must_use]
    pub fn field_spans(&self) -> &'a [FieldSpan] {
        self.fields
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.line.method
    }

    /// The method's name.
    #[must_use]
    pub fn method_name(&self) -> &'a [u8] {
        self.at(self.line.method_span)
    }

    /// The request target as it came.
    #[must_use]
    pub fn target(&self) -> &'a [u8] {
        self.at(self.line.target)
    }

    /// HTTP/1.this: 0 or 1.
    #[must_use]
    pub fn version_minor(&self) -> u8 {
        self.line.minor
    }

    /// Whether the connection goes on after the answer.
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.line.keep_alive
    }

    /// The authority asked for: of the target, else of Host (RFC 9112 3.2.2).
    #[must_use]
    pub fn host(&self) -> Option<&'a [u8]> {
        self.line.host.map(|span| self.at(span))
    }

    /// The value of the first field line with this name, in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The values of all field lines with this name, in any case.
    pub fn all<'n>(
        &self,
        name: &'n str,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'a, 'n> {
        let wanted = name.as_bytes();
        self.fields()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, v)| v)
    }

    /// Names and values of the field lines, in order.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let bytes = self.bytes;
        let at = move |span: Span| slice(bytes, span);
        self.fields
            .iter()
            .map(move |field| (at(field.name), at(field.value)))
    }

    fn at(&self, span: Span) -> &'a [u8] {
        slice(self.bytes, span)
    }
}

fn slice(bytes: &[u8], span: Span) -> &[u8] {
    bytes
        .get(usize::from(span.start)..usize::from(span.end))
        .unwrap_or(&[])
}
