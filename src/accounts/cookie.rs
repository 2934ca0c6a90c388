//! The cookie that a session is kept in (RFC 6265).

use super::token::Token;
use crate::base::limits::SESSION_COOKIES_MAX;
use crate::http::Head;

/// Not `__Host-…`: that needs `Secure`, and this server speaks no TLS.
const NAME: &[u8] = b"pelton_session";

/// The token in a request's cookies. Two of them are none: one would be planted
/// by somebody else, and there is no telling which.
pub(super) fn token(head: &Head<'_>) -> Option<Token> {
    let mut values = head.all("cookie").flat_map(values);
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    Token::parse(value)
}

/// Every token in a request's cookies, whoever has planted them: for a logout,
/// which must leave none of them behind. At most a few are looked at.
pub(super) fn tokens(head: &Head<'_>) -> impl Iterator<Item = Token> {
    let values = head.all("cookie").flat_map(values);
    values.filter_map(Token::parse).take(SESSION_COOKIES_MAX)
}

/// The values of this name in one field.
fn values(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    field.split(|&byte| byte == b';').filter_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(NAME)?;
        value.strip_prefix(b"=")
    })
}

/// `Set-Cookie` that begins a session of so many seconds. No script sees it,
/// and other sites' forms do not send it along.
pub(super) fn set(token: &Token, lasts_s: u64) -> String {
    line(&token.text(), lasts_s)
}

/// `Set-Cookie` that ends one.
pub(super) fn clear() -> String {
    line("", 0)
}

fn line(value: &str, max_age_s: u64) -> String {
    let name = String::from_utf8_lossy(NAME);
    format!("{name}={value}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::HeadRoom;
    use crate::http::parse;

    fn found(fields: &str) -> Option<String> {
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let mut room = HeadRoom::new();
        let head = parse::parse(text.as_bytes(), &mut room).expect("a head");
        token(&head).map(|token| token.text())
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let one = "0a".repeat(32);
        for (fields, is_found) in [
            (format!("Cookie: pelton_session={one}\r\n"), true),
            (format!("cookie: a=b; pelton_session={one};c=d\r\n"), true),
            (
                format!("Cookie: a=b\r\nCookie: pelton_session={one}\r\n"),
                true,
            ),
            (
                format!("Cookie: pelton_session={one}; pelton_session={one}\r\n"),
                false,
            ),
            (
                format!("Cookie: pelton_session={one}\r\nCookie: pelton_session=\r\n"),
                false,
            ),
            (format!("Cookie: pelton_session=\"{one}\"\r\n"), false),
            (format!("Cookie: my_pelton_session={one}\r\n"), false),
            (format!("Cookie: pelton_session2={one}\r\n"), false),
            (format!("Cookie: pelton_session {one}\r\n"), false),
            (String::new(), false),
        ] {
            let expected = is_found.then(|| one.clone());
            assert_eq!(found(&fields), expected, "{fields}");
        }
    }

    #[test]
    fn what_is_set_is_found_again() {
        let token = Token::new().expect("random");
        let line = set(&token, 60);
        let (pair, rest) = line.split_once("; ").expect("attributes");
        assert_eq!(rest, "Max-Age=60; Path=/; HttpOnly; SameSite=Lax");
        let text = token.text();
        assert_eq!(found(&format!("Cookie: {pair}\r\n")), Some(text));
        let (pair, rest) = (clear(), "Max-Age=0");
        assert!(pair.contains(rest) && found(&format!("Cookie: {pair}\r\n")).is_none());
    }
}
