//! A package as bytes that many peers share.

use super::codec::TooLong;
use super::framing::{Framing, Read};
use std::sync::Arc;

/// One package, encoded. Owns its bytes together with its clones.
#[derive(Clone, Debug)]
pub struct Packed {
    framing: &'static dyn Framing,
    code: u16,
    tag: u64,
    bytes: Arc<[u8]>,
}

impl Packed {
    /// A package that answers the one with this tag, or none: 0.
    ///
    /// # Errors
    /// [`TooLong`] if the body does not fit one.
    pub fn new(
        framing: &'static dyn Framing,
        code: u16,
        tag: u64,
        body: &[u8],
    ) -> Result<Packed, TooLong> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES_USUAL + body.len());
        framing.write(code, tag, body, &mut bytes)?;
        Ok(Packed {
            framing,
            code,
            tag,
            bytes: bytes.into(),
        })
    }

    /// The bytes of the package.
    #[must_use]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The framing that the bytes are in.
    #[must_use]
    pub fn framing(&self) -> &'static dyn Framing {
        self.framing
    }

    /// The same package in another framing; `None` if it does not fit there.
    #[must_use]
    pub fn repacked(&self, framing: &'static dyn Framing) -> Option<Packed> {
        let Read::Whole(head) = self.framing.read(&self.bytes, 0, self.bytes.len()) else {
            return None;
        };
        let body = self.bytes[head.head_bytes..].get(..head.body_bytes)?;
        Packed::new(framing, self.code, self.tag, body).ok()
    }
}

/// Room for a head, so that encoding allocates once.
const HEAD_BYTES_USUAL: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{HEAD8, HEAD16};

    #[test]
    fn what_is_packed_anew_says_the_same() {
        let short = Packed::new(&HEAD8, 7, 0x0102, b"hello").expect("short");
        let long = short.repacked(&HEAD16).expect("it fits");
        assert_eq!(long.bytes()[..4], [0, 0, 0, 21]);
        assert_eq!(long.bytes()[10..14], [0, 7, 1, 2]);
        assert!(long.framing() == (&HEAD16 as &dyn Framing));
        assert_eq!(
            long.repacked(&HEAD8).expect("it fits").bytes(),
            short.bytes()
        );
        let full = Packed::new(&HEAD8, 7, 0, &[0; 65_527]).expect("just fits");
        assert!(full.repacked(&HEAD16).is_none());
    }
}
