//! Whom to ask, and for what: `http://HOST[:PORT][/PATH][?QUERY]`, or
//! `frame://HOST:PORT[?code=N][&bytes=N]`. Pure.

use pelton::base::limits::{PACKAGE_BYTES_MAX, PACKAGE_HEAD_BYTES};
use pelton::frame::ECHO;
use std::net::Ipv6Addr;

/// Longest URL.
const URL_BYTES_MAX: usize = 8_000;

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    /// A name or an address; one of IPv6 without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Value of the field Host.
    pub(crate) authority: String,
    /// In origin-form: a path, and a query perhaps.
    pub(crate) path: String,
}

/// The protocol, and what it is told apart from the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Frame(Package),
}

/// A package: its code and the length of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) code: u16,
    pub(crate) bytes: usize,
}

/// What is sent unless the URL says more.
const PACKAGE: Package = Package {
    code: ECHO,
    bytes: 64,
};

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
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("write spaces and other letters as %XX"));
        }
        let whole = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, path) = whole.split_at(whole.find(['/', '?']).unwrap_or(whole.len()));
        let (host, port) = split_port(authority)
            .ok_or_else(|| wrong("write the host as NAME, NAME:PORT or [IPv6]:PORT"))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "frame" if port.is_none() => return Err(wrong("write frame://HOST:PORT")),
            "frame" => Scheme::Frame(package(path).ok_or_else(|| {
                wrong("write frame://HOST:PORT?code=N&bytes=N, each 65527 at most")
            })?),
            _ => return Err(wrong("write http://HOST:PORT/ or frame://HOST:PORT")),
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Target {
            scheme,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(80),
            authority: port.map_or(host.to_owned(), |port| format!("{host}:{port}")),
            path: format!("{slash}{path}"),
        })
    }

    /// What another path, or URL, of the same server names.
    ///
    /// # Errors
    /// A line that says what to write.
    pub(crate) fn sibling(&self, line: &str) -> Result<Target, String> {
        let url = match line.starts_with('/') {
            true => format!("http://{}{line}", self.authority),
            false => line.to_owned(),
        };
        let other = Target::parse(&url)?;
        let same = other.scheme == self.scheme
            && other.host.eq_ignore_ascii_case(&self.host)
            && other.port == self.port;
        let wrong = || format!("{line:?}: write a path, or a URL of {}", self.authority);
        same.then_some(other).ok_or_else(wrong)
    }
}

/// What `?code=N&bytes=N` says; either may be left out.
fn package(path: &str) -> Option<Package> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let query = path.strip_prefix('?').or(path.is_empty().then_some(""))?;
    let mut package = PACKAGE;
    for setting in query.split('&').filter(|setting| !setting.is_empty()) {
        match setting.split_once('=')? {
            ("code", number) => package.code = number.parse().ok()?,
            ("bytes", number) => package.bytes = number.parse().ok()?,
            _ => return None,
        }
    }
    (package.bytes <= PACKAGE_BYTES_MAX - PACKAGE_HEAD_BYTES).then_some(package)
}

/// Takes `host` or `host:port` apart; an empty port is none.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
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

    #[test]
    fn packages() {
        for (url, code, bytes) in [
            ("frame://a:1", 1, 64),
            ("FRAME://a:1/", 1, 64),
            ("frame://[::1]:1?code=65535", 65_535, 64),
            ("frame://a:1/?bytes=0&code=0", 0, 0),
            ("frame://a:1?bytes=65527", 1, 65_527),
        ] {
            let scheme = Target::parse(url).expect(url).scheme;
            assert_eq!(scheme, Scheme::Frame(Package { code, bytes }), "{url}");
        }
        for url in [
            "frame://a",
            "frame://a:1/x",
            "frame://a:1?code",
            "frame://a:1?code=65536",
            "frame://a:1?bytes=65528",
            "frame://a:1?bytes=-1",
            "frame://a:1?size=1",
        ] {
            let line = Target::parse(url).expect_err(url);
            assert!(line.contains("write frame://"), "{line}");
        }
    }

    #[test]
    fn siblings() {
        let target = Target::parse("http://a:80/b").expect("good");
        for (line, path) in [("/c?d", "/c?d"), ("http://A/e", "/e"), ("http://a:80", "/")] {
            assert_eq!(target.sibling(line).expect(line).path, path);
        }
        for line in ["c", "http://a:81/", "http://b/", "frame://a:80", "/a b"] {
            assert!(
                target
                    .sibling(line)
                    .is_err_and(|line| line.contains("write"))
            );
        }
    }
}
