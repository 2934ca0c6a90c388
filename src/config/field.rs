//! Header fields as users write them: names and values by the grammar, and
//! names that are not theirs to set.

/// Fields that the server writes itself, or that say how a message is framed;
/// a second one would contradict the first.
const OWN: [&str; 19] = [
    "accept-ranges",
    "allow",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// A name that a rule may set.
///
/// # Errors
/// What is wrong and what to write instead, in one line.
pub(super) fn settable(name: &str) -> Result<String, String> {
    let small = name.to_ascii_lowercase();
    if small == "cache-control" {
        return Err(
            "`Cache-Control` has rules of its own: write [[site.cache_control]]".to_owned(),
        );
    }
    if small.starts_with("access-control-") {
        return Err(format!(
            "`{name}` is up to the rules for other origins: write [site.cors]"
        ));
    }
    if OWN.contains(&&*small) {
        return Err(format!(
            "`{name}` is written by the server itself: remove it"
        ));
    }
    self::name(name)
}

/// A name: a token (RFC 9110 5.1).
///
/// # Errors
/// As [`settable`].
pub(super) fn name(text: &str) -> Result<String, String> {
    if is_token(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no name of a field: write letters, digits and hyphens, such as \
         \"X-Frame-Options\""
    ))
}

/// A method: a token (RFC 9110 9.1), which tells large letters from small ones.
///
/// # Errors
/// As [`settable`].
pub(super) fn method(text: &str) -> Result<String, String> {
    let large = text.to_ascii_uppercase();
    if !is_token(text) {
        return Err(format!("`{text}` is no method: write one such as \"GET\""));
    }
    if large != text {
        return Err(format!(
            "methods are written in large letters: write \"{large}\""
        ));
    }
    Ok(text.to_owned())
}

/// A value: letters that can be seen, and blanks between them (RFC 9110 5.5).
///
/// # Errors
/// As [`settable`].
pub(super) fn value(text: &str) -> Result<String, String> {
    let trimmed = text.trim_matches([' ', '\t']);
    if trimmed.is_empty() {
        return Err("a field needs a value: write one, or remove the field".to_owned());
    }
    if trimmed.len() < text.len() {
        return Err(format!(
            "blanks around a value are no part of it: write \"{trimmed}\""
        ));
    }
    if !text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Err("a field's value is one line of ASCII: write it so".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: Result<String, String>, expected: Result<&str, &str>) {
        match (got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn names_are_tokens_and_not_the_servers() {
        check(settable("X-Frame-Options"), Ok("X-Frame-Options"));
        check(settable("X Frame"), Err("no name of a field"));
        check(settable("X-A:"), Err("no name of a field"));
        check(settable(""), Err("no name of a field"));
        check(settable("cache-control"), Err("[[site.cache_control]]"));
        check(settable("Access-Control-Max-Age"), Err("[site.cors]"));
        for own in OWN {
            check(settable(own), Err("by the server itself"));
            check(settable(&own.to_uppercase()), Err("by the server itself"));
        }
    }

    #[test]
    fn values_are_lines() {
        check(value("max-age=1, public"), Ok("max-age=1, public"));
        check(value("a\r\nSet-Cookie: b"), Err("one line"));
        check(value("größe"), Err("ASCII"));
        check(value(" a "), Err("write \"a\""));
        check(value(""), Err("needs a value"));
    }

    #[test]
    fn methods_are_large() {
        check(method("PATCH"), Ok("PATCH"));
        check(method("get"), Err("write \"GET\""));
        check(method("G T"), Err("no method"));
    }
}
