//! Whether a request comes from a page of another site, which a browser says.
//!
//! The session cookie is `SameSite=Lax`, so it does not come along from there;
//! but a form elsewhere could still log somebody in as somebody else.

use crate::http::Head;

/// Whether the browser says that another site has sent this. Clients that are
/// no browsers say nothing, and carry no cookies that they do not mean to.
pub(super) fn is_foreign(head: &Head<'_>) -> bool {
    if let Some(site) = head.field("sec-fetch-site") {
        return !matches!(site, b"same-origin" | b"none");
    }
    match head.field("origin") {
        Some(origin) => authority(origin) != head.host() || head.host().is_none(),
        None => false,
    }
}

/// Host and port of an origin (RFC 6454 7), as Host has them; a proxy in front
/// may have taken TLS off.
fn authority(origin: &[u8]) -> Option<&[u8]> {
    let http = origin.strip_prefix(b"http://");
    http.or_else(|| origin.strip_prefix(b"https://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::HeadRoom;
    use crate::http::parse;

    #[track_caller]
    fn check(fields: &str, expected: bool) {
        let text = format!("POST / HTTP/1.1\r\nHost: a.org:8080\r\n{fields}\r\n");
        let mut room = HeadRoom::new();
        let head = parse::parse(text.as_bytes(), &mut room).expect("a head");
        assert_eq!(is_foreign(&head), expected, "{fields}");
    }

    #[test]
    fn what_other_sites_send_is_foreign() {
        check("", false);
        check("Sec-Fetch-Site: same-origin\r\n", false);
        check("Sec-Fetch-Site: none\r\n", false);
        check("Sec-Fetch-Site: same-site\r\n", true);
        check("Sec-Fetch-Site: cross-site\r\n", true);
        check("Sec-Fetch-Site: \r\n", true);
        check("Origin: http://a.org:8080\r\n", false);
        check("Origin: https://a.org:8080\r\n", false);
        check("Origin: http://a.org\r\n", true);
        check("Origin: http://a.org:8080.evil.org\r\n", true);
        check("Origin: http://evil.org\r\n", true);
        check("Origin: null\r\n", true);
        check(
            "Origin: http://a.org:8080\r\nSec-Fetch-Site: cross-site\r\n",
            true,
        );
    }
}
