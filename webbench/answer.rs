//! Reading answers as they come, in pieces cut anywhere. Pure.
//!
//! A client that counts needs few words of an answer: its status, where its
//! body ends (RFC 9112 6.3), and whether the connection goes on (9.3). The
//! body itself is counted and dropped.

use memchr::memchr;
use pelton::http::body::{Body, Chunked};
use std::mem;

/// Longest head, interim answers before it included.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Longest head that is remembered.
const MEMO_BYTES_MAX: usize = 2 * 1024;

/// How an answer with a head begins.
const HTTP: &[u8] = b"HTTP/";

/// What was asked for, as far as it decides what the answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A head, and a body perhaps.
    Body,
    /// A head alone.
    Head,
    /// HTTP/0.9: a body alone, though many servers answer with a head.
    Bare,
}

/// A reader of the answers on one connection. Between two of them it owns no
/// memory besides its own, nor within one unless a line of its head is cut.
#[derive(Debug)]
pub(crate) struct Answer {
    asked: Asked,
    state: State,
    /// What the head has said so far.
    facts: Facts,
    /// The start of a line whose end has not come yet.
    line: Vec<u8>,
    /// Bytes of this answer that are done with, or in `line`.
    bytes: u64,
}

#[derive(Debug)]
enum State {
    /// Waits for the status line.
    Status,
    /// Waits for a field line, or the empty one.
    Field,
    Body(Body),
    /// A body that ends with the connection.
    UntilClose,
}

/// What a head says.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    status: u16,
    /// It is of HTTP/1.0, which ends a connection unless it says otherwise.
    old: bool,
    length: Option<u64>,
    coding: Coding,
    close: bool,
    keep_alive: bool,
}

/// What Transfer-Encoding says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    None,
    Chunked,
    /// Something else comes last: the body ends with the connection.
    Unknown,
}

/// The last head that came in one piece, and what it said: servers send the
/// same one over and over. It serves all connections of a run.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    head: Vec<u8>,
    facts: Facts,
}

/// What a piece of input brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The answer is not whole; the input is used up.
    More,
    /// The answer is whole, and so many bytes of the input are behind it.
    Whole(Whole, usize),
}

/// An answer that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// 200 for a bare answer of HTTP/0.9.
    pub(crate) status: u16,
    /// The connection takes another request.
    pub(crate) keeps: bool,
    /// Its length, head and all.
    pub(crate) bytes: u64,
}

/// It is not HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadAnswer;

/// The connection ended before the answer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClosedEarly;

impl Answer {
    /// A reader at the start of a connection on which this is asked for.
    pub(crate) fn new(asked: Asked) -> Answer {
        Answer {
            asked,
            state: State::Status,
            facts: Facts::default(),
            line: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes what came; after a whole answer it waits for the next one.
    ///
    /// # Errors
    /// [`BadAnswer`]; the connection is of no more use.
    pub(crate) fn take(&mut self, input: &[u8], memo: &mut Memo) -> Result<Taken, BadAnswer> {
        let mut at = self.take_head(input, memo)?;
        loop {
            match &mut self.state {
                State::Status | State::Field => return Ok(Taken::More),
                State::UntilClose => {
                    self.bytes += (input.len() - at) as u64;
                    return Ok(Taken::More);
                }
                State::Body(body) if body.is_done() => {
                    return Ok(Taken::Whole(self.whole(), input.len() - at));
                }
                State::Body(_) if at == input.len() => return Ok(Taken::More),
                State::Body(body) => {
                    let piece = body.decode(&input[at..]).map_err(|_| BadAnswer)?;
                    at += piece.consumed;
                    self.bytes += piece.consumed as u64;
                }
            }
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// [`ClosedEarly`] where the answer is not whole by that.
    pub(crate) fn end(&mut self) -> Result<Whole, ClosedEarly> {
        match self.state {
            State::UntilClose => Ok(self.whole()),
            State::Status if self.asked == Asked::Bare && (1..5).contains(&self.bytes) => {
                self.facts.status = 200; // bare, and as short as "HTTP"
                Ok(self.whole())
            }
            _ => Err(ClosedEarly),
        }
    }

    /// The answer that is whole now; leaves the reader at the next one.
    fn whole(&mut self) -> Whole {
        let whole = Whole {
            status: self.facts.status,
            keeps: self.facts.keeps_connection() && matches!(self.state, State::Body(_)),
            bytes: self.bytes,
        };
        *self = Answer::new(self.asked);
        whole
    }

    /// Takes what there is of a head, and says how far that goes.
    fn take_head(&mut self, input: &[u8], memo: &mut Memo) -> Result<usize, BadAnswer> {
        let fresh = self.bytes == 0;
        if fresh && let Some((facts, len)) = memo.recall(input) {
            self.facts = facts;
            self.bytes = len as u64;
            self.begin_body();
            return Ok(len);
        }
        if self.is_headless(input) {
            if self.asked != Asked::Bare {
                return Err(BadAnswer);
            }
            self.facts.status = 200;
            self.state = State::UntilClose;
        }
        let mut at = 0;
        while matches!(self.state, State::Status | State::Field) {
            let rest = &input[at..];
            let end = memchr(b'\n', rest);
            let count = end.map_or(rest.len(), |end| end + 1);
            at += count;
            self.bytes += count as u64;
            if self.bytes > HEAD_BYTES_MAX as u64 {
                return Err(BadAnswer);
            }
            let Some(end) = end else {
                self.line.extend_from_slice(rest);
                return Ok(at);
            };
            if self.line.is_empty() {
                self.take_line(&rest[..end])?;
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(&rest[..end]);
                self.take_line(&line)?;
            }
        }
        if fresh && !matches!(self.state, State::UntilClose) {
            memo.remember(&input[..at], self.facts);
        }
        Ok(at)
    }

    /// Whether this begins like no head, as far as its first bytes tell.
    fn is_headless(&self, input: &[u8]) -> bool {
        let known = self.line.len().min(HTTP.len());
        let wanted = &HTTP[known..];
        let shared = input.len().min(wanted.len());
        matches!(self.state, State::Status) && input[..shared] != wanted[..shared]
    }

    /// Takes a line, which comes without its line feed.
    fn take_line(&mut self, line: &[u8]) -> Result<(), BadAnswer> {
        // RFC 9112 2.2: a line feed alone may be taken for the end of a line.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.state {
            State::Status => {
                self.facts = Facts::from_status_line(line)?;
                self.state = State::Field;
            }
            State::Field if !line.is_empty() => self.facts.add_field(line)?,
            _ if self.facts.is_interim() => self.state = State::Status,
            _ => self.begin_body(),
        }
        Ok(())
    }

    /// RFC 9112 6.3: how long the body is.
    fn begin_body(&mut self) {
        let without = self.asked == Asked::Head || matches!(self.facts.status, 204 | 304);
        self.state = match (self.facts.coding, self.facts.length) {
            _ if without => State::Body(Body::Length(0)),
            (Coding::Chunked, _) => State::Body(Body::Chunked(Chunked::new())),
            (Coding::None, Some(length)) => State::Body(Body::Length(length)),
            (Coding::Unknown, _) | (Coding::None, None) => State::UntilClose,
        };
    }
}

impl Facts {
    /// RFC 9112 4: `HTTP/1.1 200 OK`, the reason left out perhaps.
    fn from_status_line(line: &[u8]) -> Result<Facts, BadAnswer> {
        let rest = line.strip_prefix(b"HTTP/1.").ok_or(BadAnswer)?;
        let [
            minor @ b'0'..=b'9',
            b' ',
            a @ b'1'..=b'5',
            b,
            c,
            reason @ ..,
        ] = rest
        else {
            return Err(BadAnswer);
        };
        let digits = b.is_ascii_digit() && c.is_ascii_digit();
        if !digits || !(reason.is_empty() || reason.starts_with(b" ")) {
            return Err(BadAnswer);
        }
        let digit = |byte: &u8| u16::from(byte - b'0');
        let status = digit(a) * 100 + digit(b) * 10 + digit(c);
        if status == 101 {
            return Err(BadAnswer); // no other protocol was asked for
        }
        Ok(Facts {
            status,
            old: *minor == b'0',
            ..Facts::default()
        })
    }

    /// One field line; few of them matter here.
    fn add_field(&mut self, line: &[u8]) -> Result<(), BadAnswer> {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Ok(()); // the rest of a field in the old, folded form
        }
        let colon = memchr(b':', line).ok_or(BadAnswer)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        // The length of the name tells most others from these three.
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.close |= has(value, b"close");
                self.keep_alive |= has(value, b"keep-alive");
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = decimal(value.trim_ascii()).ok_or(BadAnswer)?;
                if self.length.is_some_and(|known| known != length) {
                    return Err(BadAnswer);
                }
                self.length = Some(length);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let last = value.rsplit(|byte| *byte == b',').next().unwrap_or(value);
                let chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
                self.coding = if chunked {
                    Coding::Chunked
                } else {
                    Coding::Unknown
                };
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9110 15.2: an answer proper comes behind it.
    fn is_interim(&self) -> bool {
        self.status < 200
    }

    /// RFC 9112 9.3, and 6.1: an answer with both kinds of framing is the last.
    fn keeps_connection(&self) -> bool {
        let twice = self.coding != Coding::None && self.length.is_some();
        !self.close && !twice && (!self.old || self.keep_alive)
    }
}

impl Memo {
    /// The head at the front of `input` and its length, if it is the last one
    /// again. A head ends in the only empty line that it has, so equal bytes
    /// are the whole of it.
    fn recall(&self, input: &[u8]) -> Option<(Facts, usize)> {
        let known = !self.head.is_empty() && input.starts_with(&self.head);
        known.then_some((self.facts, self.head.len()))
    }

    fn remember(&mut self, head: &[u8], facts: Facts) {
        if head.len() <= MEMO_BYTES_MAX {
            self.head.clear();
            self.head.extend_from_slice(head);
            self.facts = facts;
        }
    }
}

/// Whether a list names `option` (RFC 9110 5.6.1).
fn has(list: &[u8], option: &[u8]) -> bool {
    list.split(|byte| *byte == b',')
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(option))
}

/// A number in digits alone.
fn decimal(digits: &[u8]) -> Option<u64> {
    let push = |number: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, push))?
}

#[cfg(test)]
mod tests;
