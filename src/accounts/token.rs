//! What a session is known by: random bytes for the client, their digest for
//! the store.

use super::failure::StoreError;
use super::hash::random;
use crate::base::limits::TOKEN_BYTES;
use sha2::{Digest as _, Sha256};

/// 256 random bits, which the client alone keeps. There is no way to print
/// them but the one that makes the cookie.
#[derive(PartialEq, Eq)]
pub(super) struct Token([u8; TOKEN_BYTES]);

/// The SHA-256 of a token: whoever reads the store cannot log in with it. What
/// it is made of is random through and through, so it needs no salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Token {
    pub(super) fn new() -> Result<Token, StoreError> {
        random().map(Token)
    }

    /// Two lower-case hexadecimal digits for each byte.
    pub(super) fn text(&self) -> String {
        let digits = |byte: &u8| [byte >> 4, byte & 0xf].map(|four| DIGITS[usize::from(four)]);
        self.0.iter().flat_map(digits).map(char::from).collect()
    }

    /// Reads what [`Token::text`] wrote, and nothing else.
    pub(super) fn parse(text: &[u8]) -> Option<Token> {
        let (pairs, rest) = text.as_chunks();
        let mut bytes = [0; TOKEN_BYTES];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = four(*high)? << 4 | four(*low)?;
        }
        Some(Token(bytes))
    }

    pub(super) fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.0).into())
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn four(digit: u8) -> Option<u8> {
    let at = DIGITS.iter().position(|known| *known == digit)?;
    Some(at as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_no_other_way() {
        let token = Token::new().expect("random");
        let text = token.text();
        assert_eq!(text.len(), 64);
        assert!(Token::parse(text.as_bytes()) == Some(token));
        let bytes = Token([0xa5; 32]).text();
        for wrong in [
            "",
            &bytes[1..],
            &bytes[2..],
            &format!("{bytes}00"),
            &bytes.to_uppercase(),
            &bytes.replace('a', "g"),
            &bytes.replace("5a", " a"),
        ] {
            assert!(Token::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(Token::new().expect("random").text() != text);
    }

    #[test]
    fn the_digest_is_sha_256() {
        let Digest(digest) = Token([0; 32]).digest();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
        );
    }
}
