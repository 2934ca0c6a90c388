//! Packages to bytes, and the check of a body against its head.

use super::layout::PackageHead;
use super::{HEARTBEAT, Package};
use crate::base::limits::{PACKAGE_BYTES_MAX, PACKAGE_HEAD_BYTES};

/// CRC-32 of a body (the IEEE polynomial, reflected); 0 where there is none.
#[must_use]
pub fn crc(body: &[u8]) -> u32 {
    crc32fast::hash(body)
}

/// The body is too long for a package of its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Length of the body that was refused.
    pub body_bytes: usize,
    /// Length of the longest that fits.
    pub most_bytes: usize,
}

impl TooLong {
    /// This body is longer than `most_bytes`.
    #[must_use]
    pub fn over(most_bytes: usize, body: &[u8]) -> TooLong {
        TooLong {
            body_bytes: body.len(),
            most_bytes,
        }
    }
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a body of {} bytes is over the {} that a package carries",
            self.body_bytes, self.most_bytes
        )
    }
}

impl std::error::Error for TooLong {}

/// Appends one package to `out`.
///
/// ```
/// use pelton::frame::codec;
///
/// let mut out = Vec::new();
/// codec::encode(7, b"cup", &mut out)?;
/// assert_eq!(out, b"\x00\x0b\x00\x07\xb7\x9d\x50\xe4cup"); // length, code, CRC-32, body
/// # Ok::<(), codec::TooLong>(())
/// ```
///
/// # Errors
/// [`TooLong`] if the whole would be longer than 65,535 bytes; `out` is then
/// as it was.
pub fn encode(code: u16, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
    let too_long = || TooLong::over(PACKAGE_BYTES_MAX - PACKAGE_HEAD_BYTES, body);
    let len = u16::try_from(PACKAGE_HEAD_BYTES + body.len()).map_err(|_| too_long())?;
    out.extend_from_slice(
        &PackageHead {
            len,
            code,
            crc: crc(body),
        }
        .bytes(),
    );
    out.extend_from_slice(body);
    Ok(())
}

/// The package made of a head and its whole body, or `None` if it is bad: the
/// CRC is not that of the body, or it is a heartbeat that carries one.
#[must_use]
pub fn check(head: PackageHead, body: &[u8]) -> Option<Package<'_>> {
    is_good(head.code, head.crc, body).then_some(Package {
        code: head.code,
        tag: 0,
        body,
    })
}

pub(super) fn is_good(code: u16, expected: u32, body: &[u8]) -> bool {
    expected == crc(body) && (code != HEARTBEAT || body.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_example(code: u16, body: &[u8], hex: &str) {
        let expected: Vec<u8> = hex
            .split(' ')
            .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
            .collect();
        let mut bytes = Vec::new();
        encode(code, body, &mut bytes).expect("short enough");
        assert_eq!(bytes, expected);
        let head = PackageHead::read(&bytes).expect("a whole head");
        assert_eq!(
            check(head, &bytes[PACKAGE_HEAD_BYTES..]),
            Some(Package { code, tag: 0, body })
        );
    }

    #[test]
    fn the_examples_of_the_protocol_byte_for_byte() {
        check_example(0, b"", "00 08 00 00 00 00 00 00");
        check_example(1, b"hello", "00 0d 00 01 36 10 a6 86 68 65 6c 6c 6f");
        check_example(
            1,
            &std::array::from_fn::<u8, 16, _>(|i| i as u8),
            "00 18 00 01 ce ce e2 88 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
        );
        check_example(
            1,
            "héllo, 世界".as_bytes(),
            "00 16 00 01 29 3a 8d 9a 68 c3 a9 6c 6c 6f 2c 20 e4 b8 96 e7 95 8c",
        );
    }

    #[test]
    fn a_wrong_crc_and_a_heartbeat_with_a_body_are_bad() {
        assert_eq!(
            check(
                PackageHead {
                    len: 13,
                    code: 1,
                    crc: 1
                },
                b"hello"
            ),
            None
        );
        assert_eq!(
            check(
                PackageHead {
                    len: 8,
                    code: 1,
                    crc: 1
                },
                b""
            ),
            None
        );
        assert_eq!(
            check(
                PackageHead {
                    len: 13,
                    code: 0,
                    crc: crc(b"hello")
                },
                b"hello"
            ),
            None
        );
    }

    #[test]
    fn a_body_too_long_for_a_package_is_refused_and_leaves_nothing() {
        let mut out = Vec::new();
        let refused = encode(1, &[0; 65_528], &mut out);
        assert_eq!(refused, Err(TooLong::over(65_527, &[0; 65_528])));
        assert!(out.is_empty());
        assert!(encode(1, &[0; 65_527], &mut out).is_ok());
    }
}
