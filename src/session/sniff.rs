//! Telling the two protocols apart by their first bytes, on an `auto` port.
//!
//! The third byte of a package is the high byte of its code, below 0x20 on
//! such a port; the third byte of a request is a letter, unless an empty line
//! leads: then it is one too (`\r\nG`).

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A request.
    Http,
    /// A package.
    Frame,
    /// Too few bytes to tell.
    NeedsMore,
}

/// Codes from here on are not for an `auto` port: the high byte of a package's
/// code must be below this.
pub const CODE_HIGH_BYTE_END: u8 = 0x20;

/// Tells which protocol `input`, the start of a connection, belongs to.
#[must_use]
pub fn tell(input: &[u8]) -> Sniffed {
    match input {
        [_, _, third, ..] if *third < CODE_HIGH_BYTE_END => Sniffed::Frame,
        [_, _, _, ..] => Sniffed::Http,
        _ => Sniffed::NeedsMore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_byte_tells() {
        let check = |input: &[u8], expected| assert_eq!(tell(input), expected, "{input:?}");
        check(b"", Sniffed::NeedsMore);
        check(b"GE", Sniffed::NeedsMore);
        check(b"GET / HTTP/1.1", Sniffed::Http);
        check(b"\r\nGET / HTTP/1.1", Sniffed::Http);
        check(&[0, 8, 0, 0, 0, 0, 0, 0], Sniffed::Frame);
        check(&[b'G', b'E', 0x1f, 0xff], Sniffed::Frame);
        check(&[0, 8, 0x20, 0, 0, 0, 0, 0], Sniffed::Http);
        // Two leading empty lines are one too many for a request.
        check(b"\r\n\r\nGET /", Sniffed::Frame);
    }
}
