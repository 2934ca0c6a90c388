//! The usual framing: a head of eight bytes, with a CRC of the body.

use super::codec::{self, TooLong};
use super::framing::{Framing, Outline, Read};
use super::layout::PackageHead;
use crate::base::limits::PACKAGE_HEAD_BYTES;

/// The layout that `layout.rs` draws, as a [`Framing`]. Answers carry nothing
/// back but the code.
#[derive(Debug)]
pub struct Head8;

/// The one value of [`Head8`].
pub static HEAD8: Head8 = Head8;

impl Framing for Head8 {
    fn name(&self) -> &'static str {
        "head8"
    }

    fn head(&self, input: &[u8], _seen: usize) -> Read {
        let Some(head) = PackageHead::read(input) else {
            return Read::More;
        };
        let len = usize::from(head.len);
        let Some(body_bytes) = len.checked_sub(PACKAGE_HEAD_BYTES) else {
            return Read::Broken;
        };
        Read::Whole(Outline {
            check: head.crc,
            ..Outline::new(PACKAGE_HEAD_BYTES, body_bytes, head.code)
        })
    }

    fn check(&self, head: &Outline, body: &[u8]) -> bool {
        codec::is_good(head.code, head.check, body)
    }

    fn encode(&self, code: u16, _tag: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        codec::encode(code, body, out)
    }
}
