//! Several ranges in one body: multipart/byteranges (RFC 9110 14.6).
//!
//! ```text
//!  --boundary CRLF Content-Type CRLF Content-Range CRLF CRLF  bytes
//!  CRLF --boundary CRLF ...                                   bytes
//!  CRLF --boundary-- CRLF
//! ```

use super::range::Part;
use std::io::Write;

/// What stands between the parts. It must not occur in them; they may be on a
/// disk, so nobody looks. Its 128 bits are to be such that whoever writes a file
/// cannot know them ahead of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary([u8; 32]);

impl Boundary {
    /// The boundary of these bits.
    #[must_use]
    pub fn from_bits(bits: u128) -> Boundary {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digit = |at: usize| HEX[(bits >> (124 - 4 * at)) as usize & 15];
        Boundary(std::array::from_fn(digit))
    }
}

/// The framing of several parts of one representation.
#[derive(Clone, Copy, Debug)]
pub struct Multipart<'a> {
    /// What stands between the parts.
    pub boundary: Boundary,
    /// The media type of the representation.
    pub media_type: &'a str,
    /// The length of the whole of it.
    pub len: u64,
}

impl Multipart<'_> {
    /// The value of Content-Type.
    #[must_use]
    pub fn content_type(&self) -> Vec<u8> {
        [b"multipart/byteranges; boundary=", &self.boundary.0[..]].concat()
    }

    /// How long the body with these parts is, in bytes.
    #[must_use]
    pub fn content_length(&self, parts: &[Part]) -> u64 {
        let mut framing = Vec::new();
        for part in parts {
            self.begin(*part, &mut framing);
        }
        self.end(&mut framing);
        // The parts do not overlap, so their sum is within that of the whole.
        framing.len() as u64 - 2 + parts.iter().map(|part| part.bytes()).sum::<u64>()
    }

    /// Appends what stands ahead of the first part's bytes.
    pub fn begin_first(&self, part: Part, out: &mut Vec<u8>) {
        self.delimiter(b"", b"\r\n", out);
        self.fields(part, out);
    }

    /// Appends what stands between the bytes of one part and those of the next.
    pub fn begin(&self, part: Part, out: &mut Vec<u8>) {
        self.delimiter(b"\r\n", b"\r\n", out);
        self.fields(part, out);
    }

    /// Appends what stands behind the bytes of the last part.
    pub fn end(&self, out: &mut Vec<u8>) {
        self.delimiter(b"\r\n", b"--\r\n", out);
    }

    fn delimiter(&self, before: &[u8], behind: &[u8], out: &mut Vec<u8>) {
        for piece in [before, b"--", &self.boundary.0, behind] {
            out.extend_from_slice(piece);
        }
    }

    fn fields(&self, part: Part, out: &mut Vec<u8>) {
        let Part { first, last } = part;
        let (media_type, len) = (self.media_type, self.len);
        // A Vec takes whatever is written to it.
        let _ = write!(
            out,
            "Content-Type: {media_type}\r\nContent-Range: bytes {first}-{last}/{len}\r\n\r\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_parts_is_as_long_as_it_says() {
        let boundary = Boundary::from_bits(0x0123_4567_89ab_cdef_0000_0000_0000_00ff);
        let multipart = Multipart {
            boundary,
            media_type: "text/plain",
            len: 26,
        };
        let text = b"abcdefghijklmnopqrstuvwxyz";
        let parts = [Part { first: 9, last: 12 }, Part { first: 0, last: 0 }];
        let mut body = Vec::new();
        multipart.begin_first(parts[0], &mut body);
        body.extend_from_slice(&text[9..=12]);
        multipart.begin(parts[1], &mut body);
        body.extend_from_slice(&text[0..=0]);
        multipart.end(&mut body);
        assert_eq!(multipart.content_length(&parts), body.len() as u64);
        let expected = "--0123456789abcdef00000000000000ff\r\n\
                        Content-Type: text/plain\r\nContent-Range: bytes 9-12/26\r\n\r\njklm\r\n\
                        --0123456789abcdef00000000000000ff\r\n\
                        Content-Type: text/plain\r\nContent-Range: bytes 0-0/26\r\n\r\na\r\n\
                        --0123456789abcdef00000000000000ff--\r\n";
        assert_eq!(String::from_utf8(body).expect("ASCII"), expected);
        let field = multipart.content_type();
        assert!(field.ends_with(b"; boundary=0123456789abcdef00000000000000ff"));
    }
}
