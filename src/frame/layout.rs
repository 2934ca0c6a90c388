//! The head of a package, drawn.
//!
//! ```text
//!  0       2       4               8
//!  +-------+-------+---------------+----------------------+
//!  | len   | code  | crc32         | body: len - 8 bytes  |
//!  +-------+-------+---------------+----------------------+
//! ```
//!
//! All numbers are unsigned, in network byte order, without padding.

use crate::base::limits::PACKAGE_HEAD_BYTES;
use std::ops::Range;

const LEN: Range<usize> = 0..2;
const CODE: Range<usize> = 2..4;
const CRC: Range<usize> = 4..8;
const _: () = assert!(CRC.end == PACKAGE_HEAD_BYTES);

/// The three numbers ahead of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageHead {
    /// Bytes of the whole package, head included.
    pub len: u16,
    /// What the package is about.
    pub code: u16,
    /// CRC-32 of the body alone; 0 where there is no body.
    pub crc: u32,
}

impl PackageHead {
    /// The head at the front of `input`, or `None` while it is not whole.
    #[must_use]
    pub fn read(input: &[u8]) -> Option<PackageHead> {
        let head: &[u8; PACKAGE_HEAD_BYTES] = input.first_chunk()?;
        let [l0, l1, c0, c1, crc @ ..] = *head;
        Some(PackageHead {
            len: u16::from_be_bytes([l0, l1]),
            code: u16::from_be_bytes([c0, c1]),
            crc: u32::from_be_bytes(crc),
        })
    }

    /// The head as its eight bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; PACKAGE_HEAD_BYTES] {
        let mut bytes = [0; PACKAGE_HEAD_BYTES];
        bytes[LEN].copy_from_slice(&self.len.to_be_bytes());
        bytes[CODE].copy_from_slice(&self.code.to_be_bytes());
        bytes[CRC].copy_from_slice(&self.crc.to_be_bytes());
        bytes
    }

    /// Bytes that follow the head, or `None` if `len` is not that of a
    /// package of at most `limit_bytes`: the stream cannot be trusted then.
    #[must_use]
    pub fn body_len(self, limit_bytes: usize) -> Option<usize> {
        let len = usize::from(self.len);
        if len > limit_bytes {
            None
        } else {
            len.checked_sub(PACKAGE_HEAD_BYTES)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_what_the_drawing_says() {
        let bytes = [0x00, 0x0d, 0x00, 0x01, 0x36, 0x10, 0xa6, 0x86];
        let head = PackageHead {
            len: 13,
            code: 1,
            crc: 0x3610_a686,
        };
        assert_eq!(PackageHead::read(&bytes), Some(head));
        assert_eq!(head.bytes(), bytes);
        for short in 0..8 {
            assert_eq!(PackageHead::read(&bytes[..short]), None);
        }
    }

    #[test]
    fn a_length_outside_its_bounds_has_no_body() {
        let body = |len| {
            PackageHead {
                len,
                code: 1,
                crc: 0,
            }
            .body_len(30_000)
        };
        assert_eq!((body(0), body(7), body(30_001)), (None, None, None));
        assert_eq!((body(8), body(30_000)), (Some(0), Some(29_992)));
    }
}
