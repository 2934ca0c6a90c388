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
        only(head).and_then(Credentials::parse)
    }

    /// Those of a field's value; `None` if it is of another scheme, or none by
    /// the grammar. Control characters are not allowed in either (RFC 7617 2).
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Credentials> {
        let token = token(value)?;
        let mut both = Vec::with_capacity(token.len() / 4 * 3);
        base64(token, |byte| both.push(byte))?;
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

/// The name alone, for who has no use for the password: of the same credentials
/// as [`Credentials::of`], if it fits the `room`. Allocates nothing.
#[must_use]
pub fn name<'r>(head: &Head<'_>, room: &'r mut [u8]) -> Option<&'r [u8]> {
    let token = only(head).and_then(token)?;
    let (mut len, mut ended, mut good) = (0, false, true);
    base64(token, |byte| {
        good &= !byte.is_ascii_control();
        ended |= byte == b':';
        if !ended {
            match room.get_mut(len) {
                Some(place) => *place = byte,
                None => good = false,
            }
            len += 1;
        }
    })?;
    room.get(..len).filter(|_| good && ended)
}

/// The value of the field, if there is one alone: two would be read by one
/// server so, by another one otherwise.
fn only<'a>(head: &Head<'a>) -> Option<&'a [u8]> {
    let mut all = head.all("authorization");
    all.next().filter(|_| all.next().is_none())
}

/// What stands behind the scheme, which is in any case (RFC 9110 11.1).
fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked("Basic".len())?;
    let token = rest.trim_ascii_start();
    let is_basic = scheme.eq_ignore_ascii_case(b"Basic") && token.len() < rest.len();
    is_basic.then_some(token)
}

/// Reads Base64 (RFC 4648 4) that is whole: padded, and without bits that say
/// nothing, so that there is one way alone to write a text. What it says up to
/// a mistake is handed on as well.
fn base64(text: &[u8], mut take: impl FnMut(u8)) -> Option<()> {
    let (groups, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
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
        told.iter().copied().for_each(&mut take);
    }
    Some(())
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
    use crate::http::head::HeadRoom;
    use crate::http::parse::parse;

    fn check(value: &[u8], expected: Option<(&str, &str)>) {
        let found = Credentials::parse(value);
        let found = found.as_ref().map(|it| (it.name(), it.password()));
        let expected = expected.map(|(name, password)| (name.as_bytes(), password.as_bytes()));
        let shown = String::from_utf8_lossy(value);
        assert_eq!(found, expected, "{shown}");
        let head = [
            b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: ",
            value,
            b"\r\n\r\n",
        ];
        let head = head.concat();
        let (mut parsed, mut room) = (HeadRoom::new(), [0; 256]);
        let head = parse(&head, &mut parsed).expect("a head");
        let found = name(&head, &mut room);
        if !value.ends_with(b" ") {
            assert_eq!(found, expected.map(|(name, _)| name), "{shown}");
        }
    }

    #[test]
    fn a_name_that_has_no_room_is_none() {
        let named = |fields: &str, room: &mut [u8]| {
            let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
            let mut parsed = HeadRoom::new();
            let head = parse(head.as_bytes(), &mut parsed).expect("a head");
            name(&head, room).map(<[u8]>::to_vec)
        };
        let ann = "Authorization: Basic YW5uOng=\r\n";
        assert_eq!(named(ann, &mut [0; 3]).as_deref(), Some(&b"ann"[..]));
        assert_eq!(named(ann, &mut [0; 2]), None);
        assert_eq!(named(&ann.repeat(2), &mut [0; 9]), None, "two fields");
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
