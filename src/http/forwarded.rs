//! X-Forwarded-For: the client behind proxies that are trusted.
//!
//! ```text
//!  X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.2     <- from 10.0.0.1
//!                   made up  the client   a proxy         a proxy
//! ```
//!
//! Each proxy adds, at the end, who has come to it. So it is read from the end:
//! the first address that is no trusted proxy is the client, and what stands
//! ahead of that is the client's own word, which is not looked at.

use super::head::Head;
use crate::base::limits::FORWARDED_MAX;
use crate::base::network::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const NAME: &str = "x-forwarded-for";

/// Who asks: the peer, or who stands behind it if it is a trusted proxy. Where
/// an entry cannot be read, or there are too many, it is the last proxy that
/// could be.
#[must_use]
pub fn client(head: &Head<'_>, peer: SocketAddr, trusted: &[Network]) -> SocketAddr {
    if !is_trusted(peer.ip(), trusted) {
        return peer;
    }
    let entries = head
        .all(NAME)
        .rev()
        .flat_map(|line| line.rsplit(|&byte| byte == b','));
    let mut client = peer;
    for entry in entries.take(FORWARDED_MAX) {
        let Some(address) = entry_address(entry.trim_ascii()) else {
            break;
        };
        client = address;
        if !is_trusted(address.ip(), trusted) {
            break;
        }
    }
    client
}

/// Whether an address is that of a proxy whose word is taken.
#[must_use]
pub fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// One entry: an address with or without a port, one of IPv6 with or without
/// brackets. Where no port is said it is 0.
fn entry_address(entry: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(entry).ok()?;
    let at = |ip: IpAddr, port| SocketAddr::new(ip.to_canonical(), port);
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() {
            0
        } else {
            port(rest.strip_prefix(':')?)?
        };
        return Some(at(address.parse::<Ipv6Addr>().ok()?.into(), port));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(at(ip, 0));
    }
    let (address, digits) = text.split_once(':')?;
    Some(at(address.parse::<Ipv4Addr>().ok()?.into(), port(digits)?))
}

/// Digits alone: what a parser of numbers takes beside them is none.
fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head::HeadRoom;
    use crate::http::parse::parse;

    /// Who asks by these lines, from 10.0.0.1, which is trusted as are all of
    /// 10.0.0.0/8 and ::1.
    #[track_caller]
    fn check(lines: &[&str], expected: &str) {
        let mut head = "GET / HTTP/1.1\r\nHost: a\r\n".to_owned();
        for line in lines {
            head += &format!("X-Forwarded-For: {line}\r\nX-Other: 9.9.9.9\r\n");
        }
        head += "\r\n";
        let mut room = HeadRoom::new();
        let head = parse(head.as_bytes(), &mut room).expect("a head");
        let trusted = ["10.0.0.0/8", "::1"].map(|text| text.parse().expect("a network"));
        let peer = "10.0.0.1:5".parse().expect("an address");
        let got = client(&head, peer, &trusted);
        assert_eq!(got.to_string(), expected, "{lines:?}");
        let other = "11.0.0.1:5".parse().expect("an address");
        assert_eq!(client(&head, other, &trusted), other, "{lines:?}");
        assert_eq!(client(&head, peer, &[]), peer, "{lines:?}");
    }

    #[test]
    fn the_last_that_is_not_trusted_is_the_client() {
        check(&[], "10.0.0.1:5");
        check(&["203.0.113.9"], "203.0.113.9:0");
        check(&["6.6.6.6, 203.0.113.9"], "203.0.113.9:0");
        check(&["6.6.6.6,203.0.113.9 , 10.2.3.4,\t::1"], "203.0.113.9:0");
        check(&["6.6.6.6", "203.0.113.9", "10.2.3.4"], "203.0.113.9:0");
        check(
            &["6.6.6.6, 203.0.113.9", "10.2.3.4, 10.2.3.5"],
            "203.0.113.9:0",
        );
        check(&["10.2.3.4, 10.2.3.5"], "10.2.3.4:0");
    }

    #[test]
    fn ports_and_brackets_are_read() {
        check(&["203.0.113.9:4711"], "203.0.113.9:4711");
        check(&["[2001:db8::1]:4711"], "[2001:db8::1]:4711");
        check(&["[2001:db8::1]"], "[2001:db8::1]:0");
        check(&["2001:db8::1"], "[2001:db8::1]:0");
        check(&["::ffff:203.0.113.9"], "203.0.113.9:0");
        check(&["203.0.113.9, ::ffff:10.0.0.7"], "203.0.113.9:0");
    }

    #[test]
    fn what_cannot_be_read_ends_it_at_the_proxy_that_said_it() {
        for bad in [
            "",
            "unknown",
            "_hidden",
            "-",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.4:",
            "1.2.3.4:+5",
            "1.2.3.4:65536",
            "1.2.3.4:5:6",
            "[::1",
            "[::1]5",
            "[::1]:x",
            "[1.2.3.4]",
            "::1]",
            "fe80::1%eth0",
            "1.2.3.4;",
            "\"1.2.3.4\"",
            "\u{e9}",
        ] {
            check(&[&format!("6.6.6.6, {bad}")], "10.0.0.1:5");
            check(&[&format!("6.6.6.6, {bad}, 10.0.0.9")], "10.0.0.9:0");
        }
    }

    #[test]
    fn no_more_entries_are_read_than_so_many() {
        let many = vec!["10.0.0.9"; FORWARDED_MAX - 1].join(",");
        check(&[&format!("203.0.113.9,{many}")], "203.0.113.9:0");
        check(&[&format!("203.0.113.9,10.0.0.8,{many}")], "10.0.0.8:0");
    }
}
