//! Where a body ends: by length, or in chunks (RFC 9112 7.1).

use super::extension::Extension;
use super::fields::is_token;
use crate::base::limits::{CHUNK_LINE_BYTES_MAX, CHUNK_PADDING_BYTES_MAX, TRAILER_BYTES_MAX};
use std::ops::Range;

/// The framing of a body under way.
#[derive(Debug)]
pub enum Body {
    /// So many bytes are left.
    Length(u64),
    /// In chunks.
    Chunked(Chunked),
}

/// A piece of the input: how much of it was taken, and where in it there is
/// data of the body (perhaps none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the input that are done with: at least one, unless the input
    /// is empty or the body whole.
    pub consumed: usize,
    /// Data of the body, within them.
    pub data: Range<usize>,
}

/// A chunked body breaks its grammar or its bounds: 400, and the connection
/// ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkError;

impl Body {
    /// Takes the next piece of `input`.
    ///
    /// # Errors
    /// [`ChunkError`], of a chunked body.
    pub fn decode(&mut self, input: &[u8]) -> Result<Piece, ChunkError> {
        match self {
            Body::Length(left) => {
                let count = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                *left -= count as u64;
                Ok(Piece {
                    consumed: count,
                    data: 0..count,
                })
            }
            Body::Chunked(chunked) => chunked.decode(input),
        }
    }

    /// Whether the body is whole.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Body::Length(left) => *left == 0,
            Body::Chunked(chunked) => chunked.state == State::Done,
        }
    }
}

/// What the decoder waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first digit of a size.
    Size,
    /// More digits, an extension, or the line's end.
    SizeMore,
    /// The end of the line, over extensions.
    Extension(Extension),
    /// The line feed of a size line.
    SizeLineFeed,
    /// Data: so many bytes are left.
    Data,
    /// The CRLF behind the data.
    DataReturn,
    DataLineFeed,
    /// A trailer line's first byte, or the CR of the last line.
    TrailerStart,
    /// The rest of a trailer's name, or its colon.
    TrailerName,
    /// The rest of a trailer line.
    TrailerValue,
    TrailerLineFeed,
    /// The line feed of the last, empty line.
    LastLineFeed,
    Done,
}

/// The decoder of a chunked body. Trailers are read, and dropped: they never
/// become fields.
#[derive(Debug)]
pub struct Chunked {
    state: State,
    /// Bytes of the size line, or of the trailers, so far.
    line: u16,
    /// Bytes of all size lines so far that no size needs.
    padding: u16,
    left: u64,
}

/// A size of 64 bits has no more digits than this, zeros ahead of it apart.
const DIGITS: u16 = 16;

impl Default for Chunked {
    fn default() -> Chunked {
        Chunked::new()
    }
}

impl Chunked {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new() -> Chunked {
        Chunked {
            state: State::Size,
            line: 0,
            padding: 0,
            left: 0,
        }
    }

    /// Takes the next piece: data of one chunk, or what stands between two.
    fn decode(&mut self, input: &[u8]) -> Result<Piece, ChunkError> {
        let mut at = 0;
        while at < input.len() && self.state != State::Done {
            if self.state == State::Data {
                let room = input.len() - at;
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(room);
                self.left -= count as u64;
                if self.left == 0 {
                    self.state = State::DataReturn;
                }
                return Ok(Piece {
                    consumed: at + count,
                    data: at..at + count,
                });
            }
            self.state = self.step(input[at])?;
            at += 1;
        }
        Ok(Piece {
            consumed: at,
            data: at..at,
        })
    }

    /// One byte of what is not data.
    fn step(&mut self, byte: u8) -> Result<State, ChunkError> {
        match (self.state, byte) {
            (State::Size, _) => {
                self.left = 0;
                self.line = 0;
                self.digit(byte)
            }
            (State::SizeMore, b'\r') => Ok(State::SizeLineFeed),
            (State::SizeMore, _) if byte.is_ascii_hexdigit() => self.digit(byte),
            (State::SizeMore, _) => self.in_extension(Extension::begin(byte)),
            (State::Extension(last), b'\r') if last.may_end() => Ok(State::SizeLineFeed),
            (State::Extension(last), _) => self.in_extension(last.next(byte)),
            (State::SizeLineFeed, b'\n') if self.left == 0 => {
                self.line = 0;
                Ok(State::TrailerStart)
            }
            (State::SizeLineFeed, b'\n') => Ok(State::Data),
            (State::DataReturn, b'\r') => Ok(State::DataLineFeed),
            (State::DataLineFeed, b'\n') => Ok(State::Size),
            (State::TrailerStart, b'\r') => Ok(State::LastLineFeed),
            (State::TrailerStart | State::TrailerName, byte) if is_token(byte) => {
                self.in_trailers(State::TrailerName)
            }
            (State::TrailerName, b':') => self.in_trailers(State::TrailerValue),
            (State::TrailerValue, b'\r') => self.in_trailers(State::TrailerLineFeed),
            (State::TrailerValue, byte) if is_text(byte) => self.in_trailers(State::TrailerValue),
            (State::TrailerLineFeed, b'\n') => self.in_trailers(State::TrailerStart),
            (State::LastLineFeed, b'\n') => Ok(State::Done),
            _ => Err(ChunkError),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<State, ChunkError> {
        let digit = char::from(byte).to_digit(16).ok_or(ChunkError)?;
        self.left = self.left.checked_mul(16).ok_or(ChunkError)? | u64::from(digit);
        self.on_line(State::SizeMore)
    }

    fn in_extension(&mut self, next: Option<Extension>) -> Result<State, ChunkError> {
        self.on_line(State::Extension(next.ok_or(ChunkError)?))
    }

    fn on_line(&mut self, next: State) -> Result<State, ChunkError> {
        self.line += 1;
        self.padding += u16::from(self.line > DIGITS);
        if usize::from(self.line) > CHUNK_LINE_BYTES_MAX
            || usize::from(self.padding) > CHUNK_PADDING_BYTES_MAX
        {
            Err(ChunkError)
        } else {
            Ok(next)
        }
    }

    fn in_trailers(&mut self, next: State) -> Result<State, ChunkError> {
        self.line += 1;
        if usize::from(self.line) > TRAILER_BYTES_MAX {
            Err(ChunkError)
        } else {
            Ok(next)
        }
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `parts` one after the other: the data, and what is behind.
    fn run(parts: &[&[u8]]) -> Result<(Vec<u8>, usize), ChunkError> {
        let mut body = Body::Chunked(Chunked::new());
        let (mut data, mut behind) = (Vec::new(), 0);
        for part in parts {
            let mut at = 0;
            while at < part.len() && !body.is_done() {
                let piece = body.decode(&part[at..])?;
                assert!(piece.consumed > 0);
                data.extend_from_slice(&part[at..][piece.data]);
                at += piece.consumed;
            }
            behind += part.len() - at;
        }
        assert!(body.is_done());
        Ok((data, behind))
    }

    #[test]
    fn however_it_is_cut_the_data_is_the_same() {
        let text =
            b"5 ; a = \"b;\\\"\";c\r\nhello\r\n00A\r\n, chunks! \r\n0\r\nX: y\r\nZ: \r\n\r\nGET";
        let whole = run(&[text]).expect("a good body");
        assert_eq!(whole, (b"hello, chunks! ".to_vec(), 3));
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(run(&[one, two]).as_ref(), Ok(&whole), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(run(&bytes), Ok(whole));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        let long_line = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(CHUNK_LINE_BYTES_MAX));
        let long_trailer = format!("0\r\nA: {}\r\n\r\n", "x".repeat(TRAILER_BYTES_MAX));
        let many_trailers = format!("0\r\n{}\r\n", "A:\r\n".repeat(TRAILER_BYTES_MAX / 4 + 1));
        let padded = |times: usize| {
            let line = format!("1;{}\r\na\r\n", "x".repeat(DIGITS as usize + 100));
            line.repeat(times) + "0\r\n\r\n"
        };
        let per_line = 100 + 2;
        let most = CHUNK_PADDING_BYTES_MAX / per_line;
        assert!(run(&[padded(most).as_bytes()]).is_ok());
        let zeros = format!("{}1\r\na\r\n", "0".repeat(200)).repeat(100);
        for bad in [
            &padded(most + 1)[..],
            &zeros,
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1\na",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1\r\naa",
            "1;a\nb\r\n",
            "1;a\rb\r\n",
            "1\r\na\r\n\r\n",
            "1 2\r\nab",
            "1 \r\na",
            "1;\r\na",
            "1;a \r\na",
            "1;a=\r\na",
            "1;a=\"b\r\n\"\r\na",
            "1_0\r\n",
            "1h\r\n",
            "\u{661}\r\n",
            "11111111111111111\r\n",
            "0\r\n A: b\r\n",
            "0\r\nA: b\n",
            "0\r\nA: b\r\n c\r\n\r\n",
            "0\r\nA: b\rc\r\n\r\n",
            "0\r\nA\r\n\r\n",
            "0\r\nA : b\r\n\r\n",
            "0\r\n: b\r\n\r\n",
            "0\r\nA(: b\r\n\r\n",
            "0\r\nA: \x7f\r\n\r\n",
            "0\r\n\ra",
            "0\r\nA\0\r\n",
            &long_line,
            &long_trailer,
            &many_trailers,
        ] {
            assert_eq!(run(&[bad.as_bytes()]), Err(ChunkError), "{bad:?}");
        }
    }

    #[test]
    fn by_length() {
        let mut body = Body::Length(5);
        assert_eq!(
            body.decode(b"abc"),
            Ok(Piece {
                consumed: 3,
                data: 0..3
            })
        );
        assert_eq!(
            body.decode(b"defg"),
            Ok(Piece {
                consumed: 2,
                data: 0..2
            })
        );
        assert!(body.is_done());
    }
}
