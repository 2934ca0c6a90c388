//! Socket addresses as users write them, in the file and in arguments.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Reads `PORT` (this machine only), `:PORT` (every IPv4 interface) or
/// `HOST:PORT`, where HOST is an IPv4 address, an IPv6 address in brackets or
/// `localhost`. Other names are refused: looking them up is not pure.
///
/// # Errors
///
/// What is wrong and what to write instead, in one line.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err(format!("`{text}` has no port: write \"{text}:8080\""));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(format!(
            "write the IPv6 address in brackets, with a port: \"[{text}]:8080\""
        ));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
    Ok(SocketAddr::new(self::host(host)?, self::port(port, text)?))
}

fn host(text: &str) -> Result<IpAddr, String> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let ip = match (text, bracketed) {
        ("", _) => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        ("localhost", _) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        (_, Some(v6)) => v6.parse().ok().map(IpAddr::V6),
        (v4, None) => v4.parse().ok().map(IpAddr::V4),
    };
    ip.ok_or_else(|| {
        format!(
            "`{text}` is no IP address: write one, such as \"127.0.0.1:8080\" or \"[::1]:8080\"; \
             names other than localhost are not looked up"
        )
    })
}

fn port(text: &str, whole: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits => Ok(port),
        Err(_) if digits => Err(format!("port {text} is too large: write one up to 65535")),
        _ => Err(format!(
            "`{whole}` has no port: write \"PORT\" or \"IP:PORT\", such as \"127.0.0.1:8080\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        match (parse(text), expected) {
            (Ok(addr), Ok(expected)) => assert_eq!(addr.to_string(), expected, "{text}"),
            (Err(message), Err(part)) => assert!(message.contains(part), "{text}: {message}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn an_address_needs_a_port_and_no_lookup() {
        check("8080", Ok("127.0.0.1:8080"));
        check("0", Ok("127.0.0.1:0"));
        check(":80", Ok("0.0.0.0:80"));
        check("localhost:80", Ok("127.0.0.1:80"));
        check("10.0.0.1:65535", Ok("10.0.0.1:65535"));
        check("[::1]:80", Ok("[::1]:80"));
        check("[::]:0", Ok("[::]:0"));
        check("", Err("has no port"));
        check(":", Err("has no port"));
        check("localhost", Err("has no port"));
        check("127.0.0.1", Err("write \"127.0.0.1:8080\""));
        check("127.0.0.1:", Err("has no port"));
        check("127.0.0.1:+80", Err("has no port"));
        check("127.0.0.1:65536", Err("up to 65535"));
        check("65536", Err("up to 65535"));
        check("::1", Err("\"[::1]:8080\""));
        check("1::2", Err("in brackets"));
        check("fe80::1:x", Err("no IP address"));
        check("[127.0.0.1]:80", Err("no IP address"));
        check("example.com:80", Err("no IP address"));
        check("300.0.0.1:80", Err("no IP address"));
    }
}
