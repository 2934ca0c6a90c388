//! Forms as values: the names are those of a struct's fields.

use crate::http::form;
use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// Reads a value from a form; what is wrong is told in one line.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    if form::pairs(text).any(|pair| pair.is_none()) {
        return Err("it is not percent-encoded UTF-8".to_owned());
    }
    let entries = form::pairs(text)
        .flatten()
        .map(|(name, text)| (name.clone(), Value { name, text }));
    T::deserialize(MapDeserializer::new(entries)).map_err(|error: Error| error.to_string())
}

/// A value in a form, read as what the field wants.
struct Value {
    name: String,
    text: String,
}

impl Value {
    fn parse<T: std::str::FromStr>(&self, wanted: &str) -> Result<T, Error> {
        let Value { name, text } = self;
        let told = |_| Error::custom(format!("`{name}` must be {wanted}, not {text:?}"));
        text.parse().map_err(told)
    }
}

impl IntoDeserializer<'_> for Value {
    type Deserializer = Value;

    fn into_deserializer(self) -> Value {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $wanted:literal)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.parse($wanted)?)
        })+
    };
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    parsed! {
        deserialize_bool visit_bool "true or false"
        deserialize_u8 visit_u8 "a whole number from 0 to 255"
        deserialize_u16 visit_u16 "a whole number from 0 to 65535"
        deserialize_u32 visit_u32 "a whole number of 32 bits from 0 on"
        deserialize_u64 visit_u64 "a whole number of 64 bits from 0 on"
        deserialize_i8 visit_i8 "a whole number from -128 to 127"
        deserialize_i16 visit_i16 "a whole number from -32768 to 32767"
        deserialize_i32 visit_i32 "a whole number of 32 bits"
        deserialize_i64 visit_i64 "a whole number of 64 bits"
        deserialize_f32 visit_f32 "a number"
        deserialize_f64 visit_f64 "a number"
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text)
    }

    /// What is there is there, even if it is empty.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.text.into_deserializer())
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Size(u16);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Blue,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Cup {
        name: String,
        size: Size,
        colour: Colour,
        full: Option<bool>,
        #[serde(default)]
        price: f64,
    }

    #[test]
    fn fields_are_read_as_what_they_are() {
        let cup = Cup {
            name: "a b".to_owned(),
            size: Size(7),
            colour: Colour::Red,
            full: Some(true),
            price: 1.5,
        };
        let form = b"price=1.5&name=a+b&unknown=&size=7&colour=red&full=true";
        assert_eq!(read(form), Ok(cup));
        let cup = Cup {
            name: String::new(),
            size: Size(0),
            colour: Colour::Blue,
            full: None,
            price: 0.0,
        };
        assert_eq!(read(b"name=&size=0&colour=blue"), Ok(cup));
    }

    #[test]
    fn mistakes_are_told_with_their_names() {
        for (form, expected) in [
            (&b"size=7&colour=red"[..], "missing field `name`"),
            (b"name=a&name=b", "duplicate field `name`"),
            (
                b"size=65536",
                "`size` must be a whole number from 0 to 65535, not \"65536\"",
            ),
            (b"full=yes", "`full` must be true or false, not \"yes\""),
            (
                b"colour=green",
                "unknown variant `green`, expected `red` or `blue`",
            ),
            (b"name=%", "it is not percent-encoded UTF-8"),
        ] {
            let told = read::<Cup>(form).expect_err("a mistake");
            assert_eq!(told, expected);
        }
    }
}
