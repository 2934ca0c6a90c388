//! Names and passwords in the field Authorization: the scheme Basic (RFC 7617).

use super::Head;

/// A name and a password, as a client sent them.
pub struct Credentials {
    /// The name, a colon, the password.
    both: Vec<u8>,
    colon: usize,
}

impl Credentials {
    /// Those of a request: it has one field Authorization, of this scheme.
    #[must_use]
    pub fn of(head: &Head<'_>) -> Option<Credentials> {
        let mut all = head.all("authorization");
        match (all.next(), all.next()) {
            (Some(value), None) => Credentials::parse(value),
            // Two would be read by one server so, by another one otherwise.
            _ => None,
        }
    }

    /// Those of a field's value; `None` if it is of another scheme, or none by
    /// the grammar. Control characters are not allowed in either (RFC 7617 2).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Credentials> {
        let (scheme, rest) = value.split_at_checked("Basic".len())?;
        let token = rest.trim_ascii_start();
        if !scheme.eq_ignore_ascii_case(b"Basic") || token.len() == rest.len() {
            return None;
        }
        let both = base64(token)?;
        let colon = memchr::memchr(b':', &both)?;
        let control = both.iter().any(u8::is_ascii_control);
        (!control).then_some(Credentials { both, colon })
    }

    /// The name, which has no colon.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.both[..self.colon]
    }

    /// The password, in whatever charset the client has chosen: UTF-8 if it
    /// listens.
    #[must_use]
    pub fn password(&self) -> &[u8] {
        &self.both[self.colon + 1..]
    }

    /// Both, with the colon between them.
    #[must_use]
    pub fn both(&self) -> &[u8] {
        &self.both
    }
}

/// Reads Base64 (RFC 4648 4) that is whole: padded, and without bits that say
/// nothing, so that there is one way alone to write a text.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(3 * groups.len());
    for (number, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && number + 1 < groups.len()) {
            return None;
        }
        let mut bits = 0_u32;
        for byte in &group[..4 - padding] {
            bits = bits << 6 | u32::from(sextet(*byte)?);
        }
        bits <<= 6 * padding;
        let [_, bytes @ ..] = bits.to_be_bytes();
        let (told, left) = bytes.split_at(3 - padding);
        if left.iter().any(|byte| *byte != 0) {
            return None;
        }
        out.extend_from_slice(told);
    }
    Some(out)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &[u8], expected: Option<(&str, &str)>) {
        let found = Credentials::parse(value);
        let found = found.as_ref().map(|it| (it.name(), it.password()));
        let expected = expected.map(|(name, password)| (name.as_bytes(), password.as_bytes()));
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(value));
    }

    #[test]
    fn what_the_rfc_shows_is_read() {
        let open_sesame = Some(("Aladdin", "open sesame"));
        check(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", open_sesame);
        check(b"basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ==", open_sesame);
        check(b"BASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ==", open_sesame);
        check(b"Basic dGVzdDoxMjPCow==", Some(("test", "123\u{a3}")));
        check(b"Basic Og==", Some(("", "")));
        check(b"Basic YTpiOmM=", Some(("a", "b:c")));
        check(b"Basic YTpiYw==", Some(("a", "bc")));
    }

    #[test]
    fn all_else_is_nobody() {
        for value in [
            &b""[..],
            b"Basic",
            b"Basic ",
            b"BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            b"Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=",
            b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ",
            b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==", // bits that say nothing
            b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== ",
            b"Basic QWxh ZGRpbjpvcGVuIHNlc2FtZQ==",
            b"Basic Og==Og==",
            b"Basic O===",
            b"Basic ====",
            b"Basic YWJj",     // no colon
            b"Basic YQA6Yg==", // NUL
            b"Basic YTpiCg==", // a line break
            b"Basic YTp-Yg==", // of the alphabet for URLs
        ] {
            check(value, None);
        }
    }
}
