//! Host names as users write them for a site.

use crate::base::limits::HOST_BYTES_MAX;
use std::net::Ipv6Addr;

/// Reads a name, `*.` and a name, an IP address (IPv6 in brackets) or `*`, and
/// gives it in the form that it is compared in: small letters, no dot at its
/// end, an IPv6 address as it is usually written.
///
/// # Errors
/// What is wrong and what to write instead, in one line.
pub(super) fn parse(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or(rest);
        return Err(format!(
            "`{text}` is a URL: write the host alone, \"{host}\""
        ));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(format!("write an IPv6 address in brackets: \"[{text}]\""));
    }
    if let Some(inner) = text.strip_prefix('[') {
        return ipv6(inner, text);
    }
    if let Some((host, port)) = text.split_once(':')
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(format!(
            "`{text}` has a port, which does not matter: write \"{host}\""
        ));
    }
    name(text)
}

fn ipv6(inner: &str, text: &str) -> Result<String, String> {
    let Some((address, behind)) = inner.split_once(']') else {
        return Err(format!("`{text}` has no end: write \"{text}]\""));
    };
    match address.parse::<Ipv6Addr>() {
        Ok(address) if behind.is_empty() => Ok(format!("[{address}]")),
        Ok(address) => Err(format!("write the address alone: \"[{address}]\"")),
        Err(_) => Err(format!(
            "`{text}` is no IPv6 address: write one such as \"[::1]\""
        )),
    }
}

fn name(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        return Err(format!(
            "`{text}` must be written as browsers send it, in the form that begins with xn--"
        ));
    }
    let small = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let plain = small.strip_prefix("*.").unwrap_or(&small);
    if plain.contains('*') {
        let below = plain.trim_start_matches(['*', '.']);
        let below = if below.is_empty() || below.contains('*') {
            "example.org"
        } else {
            below
        };
        return Err(format!(
            "`{text}`: a star stands for whole names, in front: write \"*.{below}\", or \"*\""
        ));
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let good = |label: &str| !label.is_empty() && label.bytes().all(letter);
    if let Some((host, _)) = plain.split_once('/') {
        return Err(format!(
            "`{text}` has a path: write the host alone, \"{host}\""
        ));
    }
    if let Some(below) = plain.strip_prefix('.').filter(|below| !below.is_empty()) {
        return Err(format!(
            "`{text}`: names below another have a star in front: write \"*.{below}\""
        ));
    }
    if plain.len() > HOST_BYTES_MAX || !plain.split('.').all(good) {
        return Err(format!(
            "`{text}` is no host name: write one such as \"example.org\""
        ));
    }
    Ok(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        match (parse(text), expected) {
            (Ok(host), Ok(expected)) => assert_eq!(host, expected),
            (Err(message), Err(part)) => assert!(message.contains(part), "{text}: {message}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn a_host_is_a_name_an_address_or_stars_for_names() {
        check("*", Ok("*"));
        check("Example.ORG.", Ok("example.org"));
        check("*.Example.org", Ok("*.example.org"));
        check("localhost", Ok("localhost"));
        check("127.0.0.1", Ok("127.0.0.1"));
        check("[0:0::0:1]", Ok("[::1]"));
        check("my_host", Ok("my_host"));
        check("http://a.org:80/x", Err("write the host alone, \"a.org\""));
        check("a.org:8080", Err("write \"a.org\""));
        check("::1", Err("in brackets: \"[::1]\""));
        check("[::1]:80", Err("write the address alone: \"[::1]\""));
        check("[::x]", Err("no IPv6 address"));
        check("[::1", Err("write \"[::1]\""));
        check("*.*.org", Err("whole names"));
        check("a*.org", Err("whole names"));
        check("*org", Err("whole names"));
        check("größe.org", Err("xn--"));
        check("", Err("no host name"));
        check("a..org", Err("no host name"));
        check("a b", Err("no host name"));
        check("*.", Err("star"));
        check("a.org/b", Err("write the host alone, \"a.org\""));
        check(".a.org", Err("write \"*.a.org\""));
        check(&"a".repeat(254), Err("no host name"));
    }
}
