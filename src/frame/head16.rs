//! The framing with a head of sixteen bytes, whose answers carry their
//! request's sequence number back. Drawn:
//!
//! ```text
//!  0           4         6        8         10        12         14         16
//!  +-----------+---------+--------+---------+---------+----------+----------+------
//!  | length    | version | flag   | service | command | sequence | reserved | body
//!  +-----------+---------+--------+---------+---------+----------+----------+------
//! ```
//!
//! All numbers are unsigned, in network byte order, without padding. `length`
//! counts the whole package, head included: 16 up to the limit, or the
//! connection ends. `command` is the package's code. An answer has `version`,
//! `flag`, `service` and `sequence` of what it answers; in what is sent unasked
//! they are 0. `reserved` is written as 0, and not looked at. There is no CRC.

use super::codec::TooLong;
use super::framing::{Framing, Outline, Read};
use crate::base::limits::{PACKAGE_BYTES_MAX, PACKAGE_HEAD16_BYTES};
use std::ops::Range;

const LENGTH: Range<usize> = 0..4;
const VERSION: Range<usize> = 4..6;
const FLAG: Range<usize> = 6..8;
const SERVICE: Range<usize> = 8..10;
const COMMAND: Range<usize> = 10..12;
const SEQUENCE: Range<usize> = 12..14;
const RESERVED: Range<usize> = 14..16;
const _: () = assert!(RESERVED.end == PACKAGE_HEAD16_BYTES);

/// The layout above, as a [`Framing`].
#[derive(Debug)]
pub struct Head16;

/// The one value of [`Head16`].
pub static HEAD16: Head16 = Head16;

/// What the tag of a package in this framing holds: all that an answer carries
/// back.
///
/// ```
/// use pelton::frame::head16::Tag;
///
/// let tag = Tag { version: 1, sequence: 7, ..Tag::default() };
/// assert_eq!(Tag::from(u64::from(tag)), tag);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// Version of the application's protocol.
    pub version: u16,
    /// Whatever the application makes of it.
    pub flag: u16,
    /// A number of the application's; it does not pick the handler.
    pub service: u16,
    /// Which request: chosen by the client.
    pub sequence: u16,
}

impl From<u64> for Tag {
    fn from(tag: u64) -> Tag {
        let [v0, v1, f0, f1, s0, s1, q0, q1] = tag.to_be_bytes();
        Tag {
            version: u16::from_be_bytes([v0, v1]),
            flag: u16::from_be_bytes([f0, f1]),
            service: u16::from_be_bytes([s0, s1]),
            sequence: u16::from_be_bytes([q0, q1]),
        }
    }
}

impl From<Tag> for u64 {
    fn from(tag: Tag) -> u64 {
        [tag.version, tag.flag, tag.service, tag.sequence]
            .into_iter()
            .fold(0, |all, part| all << 16 | u64::from(part))
    }
}

impl Framing for Head16 {
    fn name(&self) -> &'static str {
        "head16"
    }

    fn head(&self, input: &[u8], _seen: usize) -> Read {
        let Some(head) = input.first_chunk() else {
            return Read::More;
        };
        let [l0, l1, l2, l3] = part(head, LENGTH);
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let Some(body_bytes) = length.checked_sub(PACKAGE_HEAD16_BYTES) else {
            return Read::Broken;
        };
        let number = |at| u16::from_be_bytes(part(head, at));
        let tag = Tag {
            version: number(VERSION),
            flag: number(FLAG),
            service: number(SERVICE),
            sequence: number(SEQUENCE),
        };
        Read::Whole(Outline {
            tag: tag.into(),
            ..Outline::new(PACKAGE_HEAD16_BYTES, body_bytes, number(COMMAND))
        })
    }

    fn encode(&self, code: u16, tag: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        let most = PACKAGE_BYTES_MAX - PACKAGE_HEAD16_BYTES;
        if body.len() > most {
            return Err(TooLong::over(most, body));
        }
        let tag = Tag::from(tag);
        let length = (PACKAGE_HEAD16_BYTES + body.len()) as u32;
        out.extend_from_slice(&length.to_be_bytes());
        for number in [tag.version, tag.flag, tag.service, code, tag.sequence, 0] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(body);
        Ok(())
    }

    fn call_tag(&self, number: u16) -> Option<u64> {
        let tag = Tag {
            sequence: number,
            ..Tag::default()
        };
        Some(tag.into())
    }

    fn call_number(&self, tag: u64) -> u16 {
        Tag::from(tag).sequence
    }
}

/// The bytes of one field.
fn part<const N: usize>(head: &[u8; PACKAGE_HEAD16_BYTES], at: Range<usize>) -> [u8; N] {
    std::array::from_fn(|byte| head[at.start + byte])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Package;

    const LIMIT: usize = 1_000;

    fn read(input: &[u8]) -> Read {
        let framing: &dyn Framing = &HEAD16;
        framing.read(input, 0, LIMIT)
    }

    fn head(length: u32) -> Vec<u8> {
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.resize(PACKAGE_HEAD16_BYTES, 0);
        bytes
    }

    #[test]
    fn an_example_byte_for_byte() {
        let bytes = [
            0, 0, 0, 21, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0, 0, b'h',
            b'e', b'l', b'l', b'o',
        ];
        let tag = Tag {
            version: 0x0102,
            flag: 0x0304,
            service: 0x0506,
            sequence: 0x090a,
        };
        let mut out = Vec::new();
        HEAD16
            .encode(0x0708, tag.into(), b"hello", &mut out)
            .expect("short enough");
        assert_eq!(out, bytes);
        let Read::Whole(outline) = read(&bytes) else {
            panic!("a whole head");
        };
        assert_eq!((outline.head_bytes, outline.whole_bytes()), (16, 21));
        let framing: &dyn Framing = &HEAD16;
        let package = Package {
            code: 0x0708,
            tag: 0x0102_0304_0506_090a,
            body: b"hello",
        };
        assert_eq!(framing.package(&outline, &bytes[16..]), Some(package));
        for short in 0..16 {
            assert_eq!(read(&bytes[..short]), Read::More);
        }
    }

    #[test]
    fn a_length_outside_its_bounds_is_broken() {
        for length in [0, 8, 15, LIMIT as u32 + 1, u32::MAX] {
            assert_eq!(read(&head(length)), Read::Broken, "{length}");
        }
        for length in [16, 17, LIMIT] {
            let outline = Outline::new(16, length - 16, 0);
            assert_eq!(read(&head(length as u32)), Read::Whole(outline));
        }
    }

    #[test]
    fn reserved_is_not_looked_at_and_a_heartbeat_has_no_body() {
        let mut beat = head(16);
        beat[15] = 1;
        assert_eq!(read(&beat), Read::Whole(Outline::new(16, 0, 0)));
        assert!(HEAD16.check(&Outline::new(16, 0, 0), b""));
        assert!(!HEAD16.check(&Outline::new(16, 1, 0), b"x"));
        assert!(HEAD16.check(&Outline::new(16, 1, 1), b"x"));
    }

    #[test]
    fn a_body_too_long_is_refused_and_leaves_nothing() {
        let mut out = Vec::new();
        let refused = HEAD16.encode(1, 0, &[0; 65_520], &mut out);
        assert_eq!(refused, Err(TooLong::over(65_519, &[0; 65_520])));
        assert!(out.is_empty());
        assert!(HEAD16.encode(1, 0, &[0; 65_519], &mut out).is_ok());
    }
}
