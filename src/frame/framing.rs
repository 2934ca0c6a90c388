//! What a framing is: how packages stand in a stream, as bytes and no more.
//!
//! ```text
//!  +------+------------+------+
//!  | head | body       | tail |     any of the three may be empty, not all
//!  +------+------------+------+
//! ```

use super::codec::TooLong;
use super::{HEARTBEAT, Package};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How packages are written and read. Owns nothing: one value, a `static`,
/// serves all connections and threads.
///
/// What it is given comes from strangers, on the thread of a loop: it must not
/// block, and what it panics over is bad. The limit on a package's length is
/// kept by those who ask it.
///
/// ```
/// use pelton::frame::{Framing, Outline, Read, codec::TooLong};
///
/// /// One byte of length, then the body: packages of one code, without more.
/// #[derive(Debug)]
/// struct Short;
///
/// impl Framing for Short {
///     fn name(&self) -> &'static str {
///         "short"
///     }
///
///     fn head(&self, input: &[u8], _: usize) -> Read {
///         match input {
///             [] => Read::More,
///             [len, ..] => Read::Whole(Outline::new(1, usize::from(*len), 7)),
///         }
///     }
///
///     fn encode(&self, _: u16, _: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
///         let len = u8::try_from(body.len()).map_err(|_| TooLong::over(255, body))?;
///         out.push(len);
///         out.extend_from_slice(body);
///         Ok(())
///     }
/// }
/// ```
pub trait Framing: Send + Sync + Debug + 'static {
    /// What a listener calls it by, and what tells it from others.
    fn name(&self) -> &'static str;

    /// The head of the package that `input` begins with, of which there is a
    /// byte at least. Where a delimiter ends a package it is looked for here.
    /// The first `seen` bytes were there before, and more was asked for: a
    /// search goes on behind them.
    fn head(&self, input: &[u8], seen: usize) -> Read;

    /// Whether a whole body is what its head promises; if not, the package is
    /// bad. Unless told otherwise, all are good but a heartbeat that has one.
    fn check(&self, head: &Outline, body: &[u8]) -> bool {
        head.code != HEARTBEAT || body.is_empty()
    }

    /// Appends one package to `out`, so that [`Framing::head`] reads it again.
    /// `tag`: that of the package which this one answers, else 0.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit; `out` is then as it was.
    fn encode(&self, code: u16, tag: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong>;

    /// The tag of a client's call of this number, 1 to 65,535, where answers
    /// carry such a number back. `None`: they do not, and come in the order of
    /// the calls with their code.
    fn call_tag(&self, number: u16) -> Option<u64> {
        let _ = number;
        None
    }

    /// The number that [`Framing::call_tag`] has put into an answer's tag: its
    /// low 16 bits, unless told otherwise. 0: it answers none.
    fn call_number(&self, tag: u64) -> u16 {
        tag as u16
    }
}

/// What the front of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The beginning of a head: more is needed.
    More,
    /// A head, whole; its body may still be to come.
    Whole(Outline),
    /// No package: where the next one begins cannot be told, and the
    /// connection ends.
    Broken,
}

/// What a head says of its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Bytes ahead of the body; they have come.
    pub head_bytes: usize,
    /// Bytes of the body.
    pub body_bytes: usize,
    /// Bytes behind the body that belong to the package, such as a newline.
    pub tail_bytes: usize,
    /// What the package is about; it picks the handler. 0 is a heartbeat.
    pub code: u16,
    /// What an answer carries back, as the framing will have it.
    pub tag: u64,
    /// What the body is held against, as the framing will have it.
    pub check: u32,
}

impl Outline {
    /// A head and a body, with nothing else to say.
    #[must_use]
    pub fn new(head_bytes: usize, body_bytes: usize, code: u16) -> Outline {
        Outline {
            head_bytes,
            body_bytes,
            tail_bytes: 0,
            code,
            tag: 0,
            check: 0,
        }
    }

    /// Bytes behind the head.
    #[must_use]
    pub fn rest_bytes(&self) -> usize {
        self.body_bytes.saturating_add(self.tail_bytes)
    }

    /// Bytes of the whole package.
    #[must_use]
    pub fn whole_bytes(&self) -> usize {
        self.head_bytes.saturating_add(self.rest_bytes())
    }
}

impl dyn Framing {
    /// The head of the package that `input` begins with, under the bounds that
    /// hold in every framing: a package has a byte at least and `limit_bytes`
    /// at most, and nothing beyond these is looked at.
    #[must_use]
    pub fn read(&self, input: &[u8], seen: usize, limit_bytes: usize) -> Read {
        if input.is_empty() {
            return Read::More;
        }
        let window = &input[..input.len().min(limit_bytes)];
        let seen = seen.min(window.len());
        match guarded(|| self.head(window, seen)).unwrap_or(Read::Broken) {
            Read::More if window.len() < limit_bytes => Read::More,
            Read::Whole(head)
                if head.head_bytes <= window.len()
                    && (1..=limit_bytes).contains(&head.whole_bytes()) =>
            {
                Read::Whole(head)
            }
            _ => Read::Broken,
        }
    }

    /// The package made of a head and what follows it, its tail included;
    /// `None` if it is bad.
    #[must_use]
    pub fn package<'a>(&self, head: &Outline, rest: &'a [u8]) -> Option<Package<'a>> {
        let body = rest.get(..head.body_bytes)?;
        let good = guarded(|| self.check(head, body)).unwrap_or(false);
        good.then_some(Package {
            code: head.code,
            tag: head.tag,
            body,
        })
    }

    /// Appends one package to `out`, as [`Framing::encode`] does.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit; `out` is then as it was.
    pub fn write(
        &self,
        code: u16,
        tag: u64,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        let before = out.len();
        let written = guarded(|| self.encode(code, tag, body, out));
        let mut written = written.unwrap_or(Err(TooLong::over(0, body)));
        if out.len() <= before {
            // Nothing at all is no package: nobody could tell that it came.
            written = Err(TooLong::over(0, body));
        }
        if written.is_err() {
            out.truncate(before);
        }
        written
    }
}

/// What a framing says, or `None` if it panics: its connection, and no other,
/// is to suffer from that.
fn guarded<T>(ask: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(ask)).ok()
}

/// Framings are told apart by their names.
impl PartialEq for dyn Framing {
    fn eq(&self, other: &dyn Framing) -> bool {
        self.name() == other.name()
    }
}

impl Eq for dyn Framing {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says of all input what it is told to, and panics over a body.
    #[derive(Debug)]
    struct Says(fn() -> Read);

    impl Framing for Says {
        fn name(&self) -> &'static str {
            "says"
        }

        fn head(&self, _: &[u8], _: usize) -> Read {
            (self.0)()
        }

        fn check(&self, _: &Outline, body: &[u8]) -> bool {
            body[0] == 1
        }

        fn encode(&self, _: u16, _: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
            out.push(7);
            out.push(body[0]);
            Ok(())
        }
    }

    #[test]
    fn whatever_a_framing_says_is_within_bounds() {
        let check = |says, input: &[u8], expected| {
            let framing: &dyn Framing = &Says(says);
            assert_eq!(framing.read(input, 9, 4), expected);
        };
        let more = || Read::More;
        check(more, b"123", Read::More);
        check(more, b"1234", Read::Broken);
        let three = || Read::Whole(Outline::new(1, 2, 7));
        check(three, b"", Read::More);
        check(three, b"1", three());
        check(three, b"12345", three());
        for over in [
            || Read::Whole(Outline::new(0, 0, 7)),
            || Read::Whole(Outline::new(2, 0, 7)),
            || Read::Whole(Outline::new(1, 4, 7)),
            || Read::Whole(Outline::new(1, usize::MAX, 7)),
            || panic!("over a stranger's bytes"),
        ] {
            check(over, b"1", Read::Broken);
        }
    }

    #[test]
    fn what_a_framing_panics_over_is_bad_and_leaves_nothing() {
        let framing: &dyn Framing = &Says(|| Read::More);
        let head = Outline::new(0, 1, 7);
        assert!(framing.package(&head, b"\x01").is_some());
        assert!(framing.package(&head, b"").is_none(), "it is not whole");
        assert!(framing.package(&Outline::new(0, 0, 7), b"").is_none());
        let mut out = vec![9];
        assert!(framing.write(7, 0, b"", &mut out).is_err());
        assert_eq!(out, [9]);
        assert!(framing.write(7, 0, b"a", &mut out).is_ok());
        assert_eq!(out, [9, 7, b'a']);
    }
}
