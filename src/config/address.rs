//! Addresses to listen on, and how users write them, in the file and in arguments.

use crate::base::limits::UNIX_PATH_BYTES_MAX;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What stands in front of the path of a unix socket.
const UNIX: &str = "unix:";

/// Where a server listens. As text: `127.0.0.1:8080`, or `unix:/run/pelton.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port; port 0 = any free port.
    Ip(SocketAddr),
    /// The path of a unix socket. One that begins with `@` is a name without a
    /// file (an abstract address, which Linux has).
    Unix(PathBuf),
}

impl Address {
    /// Whether only one can listen there: port 0 is another port each time.
    #[must_use]
    pub fn is_one(&self) -> bool {
        !matches!(self, Address::Ip(addr) if addr.port() == 0)
    }

    /// The IP address and the port; `None` for a unix socket.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Address::Ip(addr) => Some(*addr),
            Address::Unix(_) => None,
        }
    }

    /// The file of a unix socket, if this is one that has a file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) if !path.as_os_str().as_encoded_bytes().starts_with(b"@") => {
                Some(path)
            }
            _ => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Address {
        Address::Ip(addr)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(addr) => addr.fmt(f),
            Address::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    /// Reads what is displayed, and whatever else a configuration file may have
    /// for an address.
    fn from_str(text: &str) -> Result<Address, String> {
        match text.strip_prefix(UNIX) {
            Some(path) => unix(path),
            None => parse(text).map(Address::Ip),
        }
    }
}

/// The path of a unix socket, or its name behind an `@`.
fn unix(path: &str) -> Result<Address, String> {
    let name = path.strip_prefix('@').unwrap_or(path);
    if name.is_empty() || name.ends_with('/') || path.contains('\0') {
        return Err(format!(
            "`{UNIX}{path}` names no file: write one, such as \"unix:/run/pelton.sock\""
        ));
    }
    if path.len() > UNIX_PATH_BYTES_MAX {
        return Err(format!(
            "the path of a unix socket has at most {UNIX_PATH_BYTES_MAX} bytes, and this one has \
             {}: write a shorter one",
            path.len()
        ));
    }
    Ok(Address::Unix(PathBuf::from(path)))
}

/// The permissions of a file as they are usually written.
///
/// # Errors
///
/// What to write instead, in one line.
pub(super) fn file_mode(text: &str) -> Result<u32, String> {
    let digits = matches!(text.len(), 3..=4) && text.bytes().all(|byte| byte.is_ascii_digit());
    match u32::from_str_radix(text, 8) {
        Ok(mode) if digits && mode <= 0o777 => Ok(mode),
        _ => Err(format!(
            "`{text}` are no permissions of a file: write three octal digits behind a 0, such as \
             \"0660\""
        )),
    }
}

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
    if let Some(meant) = meant(text) {
        return Err(format!("`{text}` {}: write \"{}\"", meant.0, meant.1));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
    Ok(SocketAddr::new(self::host(host)?, self::port(port, text)?))
}

/// What is not an address but nearly one: what it is, and what to write.
fn meant(text: &str) -> Option<(&'static str, String)> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if bracketed.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok()) || text == "localhost" {
        return Some(("has no port", format!("{text}:8080")));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split('/').next().unwrap_or(rest);
        let port = if scheme == "https" { 443 } else { 80 };
        let good = match parse(authority) {
            Ok(_) => authority.to_owned(),
            Err(_) if parse(&format!("{authority}:{port}")).is_ok() => {
                format!("{authority}:{port}")
            }
            Err(_) => format!("127.0.0.1:{port}"),
        };
        return Some(("is a URL", good));
    }
    if let Some(port) = text.strip_prefix('*') {
        let port = if port.len() > 1 { port } else { ":8080" };
        return Some(("has a star, which is left out", port.to_owned()));
    }
    let is_path = text.starts_with(['/', '.']) || text.ends_with(".sock");
    is_path.then(|| ("is a file's name", format!("{UNIX}{text}")))
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
        Err(_) if digits => Err("no port is that large: write one up to 65535".to_owned()),
        _ => Err(format!(
            "`{whole}` has no port: write \"PORT\" or \"IP:PORT\", such as \"127.0.0.1:8080\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_any(text: &str, expected: Result<&str, &str>) {
        match (text.parse::<Address>(), expected) {
            (Ok(addr), Ok(expected)) => {
                assert_eq!(addr.to_string(), expected, "{text}");
                assert_eq!(expected.parse(), Ok(addr), "what is shown can be read");
            }
            (Err(message), Err(part)) => assert!(message.contains(part), "{text}: {message}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn a_unix_socket_is_a_path_or_a_name() {
        check_any(":80", Ok("0.0.0.0:80"));
        check_any("unix:/run/a b.sock", Ok("unix:/run/a b.sock"));
        check_any("unix:@pelton", Ok("unix:@pelton"));
        check_any("unix:", Err("names no file"));
        check_any("unix:@", Err("names no file"));
        check_any("unix:/run/", Err("names no file"));
        check_any("unix:/run/a\0b", Err("names no file"));
        let longest = format!("unix:{}", "a".repeat(UNIX_PATH_BYTES_MAX));
        check_any(&longest, Ok(&longest));
        check_any(&format!("{longest}a"), Err("at most 107 bytes"));
        check_any("/run/pelton.sock", Err("write \"unix:/run/pelton.sock\""));
        let file = |text: &str| text.parse::<Address>().expect("good").file().is_some();
        assert!(file("unix:a") && !file("unix:@a") && !file("1"));
    }

    #[test]
    fn permissions_are_octal() {
        assert_eq!(file_mode("0660"), Ok(0o660));
        assert_eq!(file_mode("666"), Ok(0o666));
        for bad in ["", "6", "0888", "rw-rw----", "+660", "1777", "00660"] {
            let message = file_mode(bad).expect_err(bad);
            assert!(message.contains("\"0660\""), "{message}");
        }
    }

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
        check("localhost", Err("write \"localhost:8080\""));
        check("[::1]", Err("`[::1]` has no port: write \"[::1]:8080\""));
        check("*:80", Err("write \":80\""));
        check("http://127.0.0.1:80/", Err("write \"127.0.0.1:80\""));
        check("https://[::1]", Err("write \"[::1]:443\""));
        check("http://example.org/", Err("write \"127.0.0.1:80\""));
        check("::1", Err("\"[::1]:8080\""));
        check("1::2", Err("in brackets"));
        check("fe80::1:x", Err("no IP address"));
        check("[127.0.0.1]:80", Err("no IP address"));
        check("example.com:80", Err("no IP address"));
        check("300.0.0.1:80", Err("no IP address"));
    }
}
