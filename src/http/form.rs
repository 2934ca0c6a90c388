//! Forms: names and values as browsers send them
//! (`application/x-www-form-urlencoded`, WHATWG URL 5).

/// The pairs of a body or a query, decoded one by one, in order: there may be
/// many in a small text. `None` stands for one that has a percent sign without
/// its two hex digits, or is no UTF-8.
///
/// ```
/// let mut pairs = pelton::http::form::pairs(b"name=a+b&size=%");
/// assert_eq!(pairs.next(), Some(Some(("name".to_owned(), "a b".to_owned()))));
/// assert_eq!(pairs.next(), Some(None));
/// ```
pub fn pairs(text: &[u8]) -> impl Iterator<Item = Option<(String, String)>> {
    text.split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let value = pair.get(end + 1..).unwrap_or(b"");
            Some((decode(&pair[..end])?, decode(value)?))
        })
}

fn decode(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let mut digit = || char::from(*bytes.next()?).to_digit(16);
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (digit()? * 16 + digit()?) as u8,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[(&str, &str)]>) {
        let pairs: Option<Vec<_>> = pairs(text.as_bytes()).collect();
        let pairs = pairs.as_ref().map(|pairs| {
            let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
            pairs.collect::<Vec<_>>()
        });
        assert_eq!(pairs.as_deref(), expected, "{text}");
    }

    #[test]
    fn pairs_are_decoded() {
        check("", Some(&[]));
        check("a=1&b=2&a=3", Some(&[("a", "1"), ("b", "2"), ("a", "3")]));
        check("a&b=&&=c", Some(&[("a", ""), ("b", ""), ("", "c")]));
        check("a=b=c", Some(&[("a", "b=c")]));
        check("x+y=%2B%26%3d%C3%9f", Some(&[("x y", "+&=ß")]));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for wrong in ["a=%", "a=%4", "a=%zz", "%=a", "a=%ff", "a=%+1"] {
            check(wrong, None);
        }
    }
}
