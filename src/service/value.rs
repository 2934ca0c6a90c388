//! The bodies of packages as values.

use super::Bad;

/// A value that can be read from the body of a package.
///
/// Whole numbers are in network byte order, `bool` is a byte of 0 or 1,
/// an `Option` is such a byte and then the value, if there is one. `String`
/// (UTF-8) and `Vec<u8>` take all that is left, tuples read their parts in
/// turn. A type of your own is made of these:
///
/// ```
/// use pelton::{Bad, Decode};
///
/// struct Cup {
///     size_ml: u16,
///     label: String,
/// }
///
/// impl Decode for Cup {
///     fn decode(body: &mut &[u8]) -> Result<Cup, Bad> {
///         let (size_ml, label) = Decode::decode(body)?;
///         Ok(Cup { size_ml, label })
///     }
/// }
/// ```
pub trait Decode: Sized {
    /// Takes the value off the front of `body`.
    ///
    /// # Errors
    /// [`Bad`] if it is not there.
    fn decode(body: &mut &[u8]) -> Result<Self, Bad>;
}

/// A value that can be written to the body of a package, as [`Decode`] reads
/// it.
///
/// ```
/// use pelton::Encode;
///
/// struct Cup {
///     size_ml: u16,
///     label: String,
/// }
///
/// impl Encode for Cup {
///     fn encode(&self, body: &mut Vec<u8>) {
///         (self.size_ml, self.label.as_str()).encode(body);
///     }
/// }
///
/// let mut body = Vec::new();
/// Cup { size_ml: 258, label: "mine".to_owned() }.encode(&mut body);
/// assert_eq!(body, b"\x01\x02mine");
/// ```
pub trait Encode {
    /// Appends the value to `body`.
    fn encode(&self, body: &mut Vec<u8>);
}

/// Reads a whole body: nothing may be left of it.
pub(super) fn whole<T: Decode>(mut body: &[u8]) -> Result<T, Bad> {
    let value = T::decode(&mut body)?;
    if body.is_empty() { Ok(value) } else { Err(Bad) }
}

macro_rules! numbers {
    ($($number:ty)+) => {
        $(impl Decode for $number {
            fn decode(body: &mut &[u8]) -> Result<$number, Bad> {
                let (bytes, rest) = body.split_first_chunk().ok_or(Bad)?;
                *body = rest;
                Ok(<$number>::from_be_bytes(*bytes))
            }
        }

        impl Encode for $number {
            fn encode(&self, body: &mut Vec<u8>) {
                body.extend_from_slice(&self.to_be_bytes());
            }
        })+
    };
}

numbers! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 }

impl Decode for bool {
    fn decode(body: &mut &[u8]) -> Result<bool, Bad> {
        match u8::decode(body)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Bad),
        }
    }
}

impl Encode for bool {
    fn encode(&self, body: &mut Vec<u8>) {
        body.push(u8::from(*self));
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(body: &mut &[u8]) -> Result<Option<T>, Bad> {
        let there = bool::decode(body)?;
        there.then(|| T::decode(body)).transpose()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, body: &mut Vec<u8>) {
        self.is_some().encode(body);
        if let Some(value) = self {
            value.encode(body);
        }
    }
}

impl Decode for Vec<u8> {
    fn decode(body: &mut &[u8]) -> Result<Vec<u8>, Bad> {
        Ok(std::mem::take(body).to_vec())
    }
}

impl Encode for Vec<u8> {
    fn encode(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(self);
    }
}

impl Decode for String {
    fn decode(body: &mut &[u8]) -> Result<String, Bad> {
        String::from_utf8(Decode::decode(body)?).map_err(|_| Bad)
    }
}

impl Encode for String {
    fn encode(&self, body: &mut Vec<u8>) {
        self.as_str().encode(body);
    }
}

impl Encode for &str {
    fn encode(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(self.as_bytes());
    }
}

macro_rules! tuples {
    ($(($($part:ident)*))+) => {
        $(impl<$($part: Decode),*> Decode for ($($part,)*) {
            fn decode(_body: &mut &[u8]) -> Result<Self, Bad> {
                Ok(($($part::decode(_body)?,)*))
            }
        }

        impl<$($part: Encode),*> Encode for ($($part,)*) {
            #[allow(non_snake_case, reason = "a part has the name of its type")]
            fn encode(&self, _body: &mut Vec<u8>) {
                let ($($part,)*) = self;
                $($part.encode(_body);)*
            }
        })+
    };
}

tuples! { () (A) (A B) (A B C) (A B C D) }

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;

    fn check<T: Decode + Encode + PartialEq + Debug>(value: &T, expected: &[u8]) {
        let mut body = Vec::new();
        value.encode(&mut body);
        assert_eq!(body, expected, "{value:?}");
        assert_eq!(whole::<T>(expected).as_ref(), Ok(value));
    }

    #[test]
    fn values_are_their_bytes() {
        check(&(), b"");
        check(&0x0102_u16, &[1, 2]);
        check(&-2_i32, &[0xff, 0xff, 0xff, 0xfe]);
        check(&(7_u8, true, 1_u64), &[7, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        check(&(7_u8, "große".to_owned()), b"\x07gro\xc3\x9fe");
        check(&(1_i8, 2_u8, 3_u8, vec![0xff]), &[1, 2, 3, 0xff]);
        check(&String::new(), b"");
        check(&(None::<u8>, Some(7_u16)), &[0, 1, 0, 7]);
        let mut body = b"a".to_vec();
        ("b", "c").encode(&mut body);
        assert_eq!(body, b"abc");
    }

    #[test]
    fn bodies_of_a_wrong_size_are_bad() {
        assert_eq!(whole::<()>(b"x"), Err(Bad));
        assert_eq!(whole::<u32>(&[1, 2, 3]), Err(Bad));
        assert_eq!(whole::<u32>(&[1, 2, 3, 4, 5]), Err(Bad));
        assert_eq!(whole::<(u8, u16)>(&[1, 2]), Err(Bad));
    }

    #[test]
    fn bodies_of_a_wrong_kind_are_bad() {
        assert_eq!(whole::<bool>(&[2]), Err(Bad));
        assert_eq!(whole::<String>(&[0xff]), Err(Bad));
    }
}
