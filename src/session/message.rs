//! A message whose body comes in parts.

use crate::base::buffer::{Buffer, Pool};
use crate::base::limits::{BODY_FIRST_BYTES, BODY_PROGRESS_BYTES};
use crate::frame::Outline;
use crate::http::body::Body;
use crate::http::{FieldSpan, Head, RequestLine};

/// A message under way: how its body is framed, and what becomes of it. Owns
/// the buffer that the body is collected in.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) body: Body,
    pub(super) fate: Fate,
    /// Bytes since the deadline was last renewed.
    unrenewed: usize,
}

/// What becomes of a body.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is read and dropped, at most this much more.
    Discard { left: usize },
    /// It is collected behind the head of its request.
    Request(Collected),
    /// It is collected for its package, with what stands behind it.
    Package { head: Outline, buffer: Buffer },
}

/// A request's head, kept while its body comes.
///
/// ```text
///  0        head_len                      len
///  +---------+-----------------------------+
///  |  head   |  body so far, decoded       |     (one buffer)
///  +---------+-----------------------------+
/// ```
#[derive(Debug)]
pub(super) struct Collected {
    line: RequestLine,
    fields: Box<[FieldSpan]>,
    head_len: usize,
    buffer: Buffer,
}

impl Message {
    pub(super) fn new(body: Body, fate: Fate) -> Box<Message> {
        Box::new(Message {
            body,
            fate,
            unrenewed: 0,
        })
    }

    /// Whether `more` bytes of the body renew its deadline: once per KiB, so
    /// that a drip does not count as progress. A body that nobody takes is
    /// drained under one deadline.
    pub(super) fn renews(&mut self, more: usize) -> bool {
        self.unrenewed += more;
        let renews = self.unrenewed >= BODY_PROGRESS_BYTES;
        if renews {
            self.unrenewed = 0;
        }
        renews && !self.is_discarded()
    }

    /// Whether the body is read and dropped.
    pub(super) fn is_discarded(&self) -> bool {
        matches!(self.fate, Fate::Discard { .. })
    }

    /// The head of the request that it is of, while that waits for its body.
    pub(super) fn head(&self) -> Option<Head<'_>> {
        match &self.fate {
            Fate::Request(collected) => Some(collected.head()),
            Fate::Discard { .. } | Fate::Package { .. } => None,
        }
    }

    pub(super) fn release(self, pool: &mut Pool) {
        match self.fate {
            Fate::Discard { .. } => {}
            Fate::Request(collected) => pool.give(collected.buffer),
            Fate::Package { buffer, .. } => pool.give(buffer),
        }
    }
}

impl Collected {
    /// Copies a head into a buffer with room for the first of `expect` bytes of
    /// body, or says that there is no memory.
    pub(super) fn start(head: &Head<'_>, expect: usize, pool: &mut Pool) -> Option<Collected> {
        let head_len = head.bytes().len();
        let mut buffer = pool.take(head_len + expect.min(BODY_FIRST_BYTES))?;
        let fits = buffer.append(head.bytes());
        debug_assert!(fits);
        Some(Collected {
            line: *head.line(),
            fields: head.field_spans().into(),
            head_len,
            buffer,
        })
    }

    /// Bytes of the body so far.
    pub(super) fn body_len(&self) -> usize {
        self.buffer.len() - self.head_len
    }

    /// Appends to the body; `false` if there is no memory.
    pub(super) fn append(&mut self, data: &[u8], pool: &mut Pool) -> bool {
        pool.make_room(&mut self.buffer, data.len()) && self.buffer.append(data)
    }

    /// The head of the request.
    pub(super) fn head(&self) -> Head<'_> {
        Head::new(
            &self.buffer.bytes()[..self.head_len],
            &self.line,
            &self.fields,
        )
    }

    /// The body of the request, as far as it has come.
    pub(super) fn body(&self) -> &[u8] {
        &self.buffer.bytes()[self.head_len..]
    }
}
