//! Whom to ask, and for what: `http://HOST[:PORT][/PATH][?QUERY]`. Pure.

use std::net::Ipv6Addr;

/// Longest URL.
const URL_BYTES_MAX: usize = 8_000;

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name or an address; one of IPv6 without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Value of the field Host.
    pub(crate) authority: String,
    /// In origin-form: a path, and a query perhaps.
    pub(crate) path: String,
}

impl Target {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// A line that says what to write.
    pub(crate) fn parse(url: &str) -> Result<Target, String> {
        let wrong = |what: &str| format!("{url:?}: {what}");
        if url.len() > URL_BYTES_MAX {
            return Err(format!("write a URL of at most {URL_BYTES_MAX} bytes"));
        }
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| wrong("write a URL such as http://127.0.0.1:8080/"))?;
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(wrong("only http:// can be tested; write http://HOST:PORT/"));
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("write spaces and other letters as %XX"));
        }
        let whole = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, path) = whole.split_at(whole.find(['/', '?']).unwrap_or(whole.len()));
        let (host, port) = split_port(authority)
            .ok_or_else(|| wrong("write the host as NAME, NAME:PORT or [IPv6]:PORT"))?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Target {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(80),
            authority: port.map_or(host.to_owned(), |port| format!("{host}:{port}")),
            path: format!("{slash}{path}"),
        })
    }
}

/// Takes `host` or `host:port` apart; an empty port is none.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let known = match host.strip_prefix('[') {
        Some(inner) => inner.trim_end_matches(']').parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_name),
    };
    let port = match port.strip_prefix(':') {
        None if !port.is_empty() => return None,
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port != 0)?)
        }
        Some(_) => return None,
    };
    known.then_some((host, port))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, host, port, authority, path) in [
            ("http://a", "a", 80, "a", "/"),
            ("HTTP://a/", "a", 80, "a", "/"),
            ("http://a:8080", "a", 8080, "a:8080", "/"),
            ("http://a:80/b/c?d", "a", 80, "a:80", "/b/c?d"),
            ("http://a:?b/c#d", "a", 80, "a", "/?b/c"),
            ("http://127.0.0.1:1/#x", "127.0.0.1", 1, "127.0.0.1:1", "/"),
            (
                "http://[::1]:65535/a:b",
                "::1",
                65535,
                "[::1]:65535",
                "/a:b",
            ),
            ("http://[::1]", "::1", 80, "[::1]", "/"),
        ] {
            let target = Target::parse(url).expect(url);
            assert_eq!((target.host.as_str(), target.port), (host, port), "{url}");
            assert_eq!(
                (target.authority.as_str(), target.path.as_str()),
                (authority, path)
            );
        }
        for url in [
            "a",
            "/",
            "http:/a",
            "https://a/",
            "ftp://a/",
            "http://",
            "http:///a",
            "http://:80/",
            "http://a:0/",
            "http://a:65536/",
            "http://a:b/",
            "http://a:+1/",
            "http://a b/",
            "http://a/é",
            "http://a/b c",
            "http://u@a/",
            "http://[::1/",
            "http://[::1]x/",
            "http://::1/",
            "http://[a]/",
            "http://a/\r\nX:",
            "http://a\\b/",
        ] {
            let line = Target::parse(url).expect_err(url);
            assert!(line.contains("write") && !line.contains('\n'), "{line}");
        }
    }
}
