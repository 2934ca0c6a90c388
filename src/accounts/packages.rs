//! Codes 5 and 6 of the protocol. Numbers are in network byte order, texts are
//! UTF-8, padded with NUL.
//!
//! ```text
//!  5 register   0      4             60          100
//!               | kind | name        | password  |
//!
//!  6 login             0             56          96
//!                      | name        | password  |
//!
//!  answers      0        4      8
//!               | result | user |       user = 0 where there is none
//! ```

use super::refusal::Refusal;
use super::registry::{Accounts, Caller, Credentials};
use crate::base::limits::{NAME_BYTES_MAX, PASSWORD_BYTES_MAX};
use crate::service::{Bad, Context, Decode};

/// Makes an account.
pub(super) const REGISTER: u16 = 5;
/// Asks whether name and password are right.
pub(super) const LOGIN: u16 = 6;

/// The body of [`LOGIN`].
#[derive(Debug, PartialEq)]
pub(super) struct Login {
    name: String,
    password: String,
}

/// The body of [`REGISTER`].
#[derive(Debug, PartialEq)]
pub(super) struct Register {
    kind: u32,
    login: Login,
}

impl Decode for Login {
    fn decode(body: &mut &[u8]) -> Result<Login, Bad> {
        Ok(Login {
            name: padded::<NAME_BYTES_MAX>(body)?,
            password: padded::<PASSWORD_BYTES_MAX>(body)?,
        })
    }
}

impl Decode for Register {
    fn decode(body: &mut &[u8]) -> Result<Register, Bad> {
        let kind = u32::decode(body)?;
        let login = Login::decode(body)?;
        Ok(Register { kind, login })
    }
}

/// A text in a field of `N` bytes, without its padding.
fn padded<const N: usize>(body: &mut &[u8]) -> Result<String, Bad> {
    let (field, rest) = body.split_first_chunk::<N>().ok_or(Bad)?;
    *body = rest;
    let text = str::from_utf8(field).map_err(|_| Bad)?;
    Ok(text.trim_end_matches('\0').to_owned())
}

/// Answers [`REGISTER`]: result and user.
pub(super) fn register(accounts: &Accounts, asked: &Register, context: &Context<'_>) -> (u32, u32) {
    let caller = Caller::of(context);
    numbers(accounts.register(asked.login.credentials(), asked.kind, caller))
}

/// Answers [`LOGIN`]: result and user.
pub(super) fn login(accounts: &Accounts, asked: &Login, context: &Context<'_>) -> (u32, u32) {
    let user = accounts.login(asked.credentials(), Caller::of(context));
    numbers(user.map(|user| user.number))
}

fn numbers(outcome: Result<u32, Refusal>) -> (u32, u32) {
    match outcome {
        Ok(user) => (0, user),
        Err(why) => (why.code(), 0),
    }
}

impl Login {
    fn credentials(&self) -> Credentials<'_> {
        Credentials {
            name: &self.name,
            password: &self.password,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &[u8], password: &[u8]) -> Vec<u8> {
        let mut body = name.to_vec();
        body.resize(56, 0);
        body.extend_from_slice(password);
        body.resize(96, 0);
        body
    }

    #[test]
    fn texts_are_read_without_their_padding() {
        let bytes = [
            &[0, 0, 1, 2][..],
            &body("zo\u{eb}".as_bytes(), b"correct horse"),
        ]
        .concat();
        let expected = Register {
            kind: 0x102,
            login: Login {
                name: "zo\u{eb}".to_owned(),
                password: "correct horse".to_owned(),
            },
        };
        let mut rest = &bytes[..];
        assert_eq!(Register::decode(&mut rest), Ok(expected));
        assert!(rest.is_empty());
        let full = body(&[b'n'; 56], &[b'p'; 40]);
        let login = Login::decode(&mut &full[..]).expect("both fill their fields");
        assert_eq!((login.name.len(), login.password.len()), (56, 40));
        let inner = body(b"a\0b", b"");
        let login = Login::decode(&mut &inner[..]).expect("it is UTF-8");
        assert_eq!((&*login.name, &*login.password), ("a\0b", ""));
    }

    #[test]
    fn what_is_short_or_no_text_is_bad() {
        let bytes = body(b"ada", b"correct horse");
        for len in 0..bytes.len() {
            assert_eq!(Login::decode(&mut &bytes[..len]), Err(Bad));
        }
        for (name, password) in [
            (&b"\xff"[..], &b""[..]),
            (b"", b"\xc3"),
            (b"a\0\xff", b""),
            // A letter that is cut by the end of its field.
            ("\u{20ac}".repeat(19).as_bytes(), b""),
        ] {
            let mut bytes = body(name, password);
            bytes.truncate(96);
            assert_eq!(Login::decode(&mut &bytes[..]), Err(Bad));
        }
    }
}
