//! Chunk extensions (RFC 9112 7.1.1): read by their grammar, and dropped.
//!
//! ```text
//!  chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
//! ```

use super::fields::is_token;

/// Where a line of extensions stands, named by what has come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// Blanks behind the size, or behind a value.
    Blank,
    /// A semicolon, and perhaps blanks.
    Semicolon,
    Name,
    /// Blanks behind a name.
    NameBlank,
    /// An equals sign, and perhaps blanks.
    Equals,
    Value,
    /// A part of a quoted string, its first quote included.
    Quoted,
    /// A backslash in one.
    Backslash,
    /// Its last quote.
    Quote,
}

impl Extension {
    /// The first byte behind a size, if it begins an extension.
    pub(super) fn begin(byte: u8) -> Option<Extension> {
        Extension::Blank.next(byte)
    }

    /// One byte more, if the grammar takes it.
    pub(super) fn next(self, byte: u8) -> Option<Extension> {
        use Extension::{
            Backslash, Blank, Equals, Name, NameBlank, Quote, Quoted, Semicolon, Value,
        };
        match (self, byte) {
            (Blank | Name | NameBlank | Value | Quote, b';') => Some(Semicolon),
            (Blank | Value | Quote, b' ' | b'\t') => Some(Blank),
            (Semicolon | Name, _) if is_token(byte) => Some(Name),
            (Semicolon, b' ' | b'\t') => Some(Semicolon),
            (Name | NameBlank, b' ' | b'\t') => Some(NameBlank),
            (Name | NameBlank, b'=') => Some(Equals),
            (Equals | Value, _) if is_token(byte) => Some(Value),
            (Equals, b' ' | b'\t') => Some(Equals),
            (Equals, b'"') => Some(Quoted),
            (Quoted, b'"') => Some(Quote),
            (Quoted, b'\\') => Some(Backslash),
            (Quoted | Backslash, b'\t' | b' '..=b'~' | 0x80..) => Some(Quoted),
            _ => None,
        }
    }

    /// Whether the line may end here: not with blanks, and not half-way.
    pub(super) fn may_end(self) -> bool {
        matches!(self, Extension::Name | Extension::Value | Extension::Quote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: bool) {
        let mut bytes = line.bytes();
        let first = bytes.next().and_then(Extension::begin);
        let last = bytes.try_fold(first, |so_far, byte| Some(so_far?.next(byte)));
        let good = last.flatten().is_some_and(Extension::may_end);
        assert_eq!(good, expected, "{line:?}");
    }

    #[test]
    fn by_the_grammar() {
        for good in [
            ";a",
            ";a=b",
            ";a=\"\"",
            ";a=\"b;c\\\"d\\\\ =\t\u{e9}\"",
            ";a;b;c=d",
            " ; a = b ; c",
            "\t;\ta\t=\t\"b\"\t;\tc",
            ";!#$%&'*+-.^_`|~09azAZ=~",
        ] {
            check(good, true);
        }
        for bad in [
            " ",
            ";",
            ";;",
            "a",
            " a",
            "=",
            ";=",
            ";=a",
            ";a=",
            ";a ",
            ";a=b ",
            ";a=\"b\" ",
            ";a b",
            ";a=b c",
            ";a==b",
            ";a=b=c",
            ";a=\"",
            ";a=\"b",
            ";a=\"b\\\"",
            ";a=\"b\"c",
            ";a=b\"c\"",
            ";a,b",
            ";a=\"\u{1}\"",
            ";a=\"\u{7f}\"",
            ";a=\"\\\u{1}\"",
            ";\u{e9}",
            ";a=\u{e9}",
            ";a\0",
            ";a\rb",
            ";a\nb",
            ";a=\"\r\"",
            ";a=\"\n\"",
        ] {
            check(bad, false);
        }
    }
}
