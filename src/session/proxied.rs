//! What a proxy says ahead of everything else: where the client of a connection
//! is. The PROXY protocol, versions 1 and 2, as HAProxy's
//! `doc/proxy-protocol.txt` has it; the sections are those of that text.
//!
//! ```text
//!  1:  PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n
//!
//!  2:  0        12           13              14       16
//!      | mark   | 2, command | family, kind  | length | addresses, then more
//! ```

use crate::base::limits::{PROXIED_BYTES_MAX, PROXIED_LINE_BYTES_MAX};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What version 1 begins with (2.1).
const WORD: &[u8] = b"PROXY ";
/// What version 2 begins with (2.2).
const MARK: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The fixed part of version 2.
const FIXED_BYTES: usize = 16;

/// What the first bytes of a connection say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxied {
    /// Too few bytes to tell.
    NeedsMore,
    /// The head is whole.
    Whole {
        /// Bytes of it.
        len: usize,
        /// Where the client is. `None`: where the connection comes from, for it
        /// is the proxy's own, or the proxy does not know.
        client: Option<SocketAddr>,
    },
    /// It is no head of this protocol, or one that is too long.
    Bad,
}

/// Reads the head that `input`, the start of a connection, begins with. Never
/// asks for more than [`PROXIED_BYTES_MAX`].
#[must_use]
pub fn read(input: &[u8]) -> Proxied {
    if begins(input, WORD) {
        line(input)
    } else if begins(input, MARK) {
        binary(input).unwrap_or(Proxied::NeedsMore)
    } else {
        Proxied::Bad
    }
}

/// Whether `input` begins with `mark`, or is the front of it.
fn begins(input: &[u8], mark: &[u8]) -> bool {
    let both = input.len().min(mark.len());
    input[..both] == mark[..both]
}

/// Version 1: a line of text (2.1).
fn line(input: &[u8]) -> Proxied {
    let window = &input[..input.len().min(PROXIED_LINE_BYTES_MAX)];
    let Some(end) = memchr::memchr(b'\n', window) else {
        return match window.len() < PROXIED_LINE_BYTES_MAX {
            true => Proxied::NeedsMore,
            false => Proxied::Bad,
        };
    };
    let text = window[..end].strip_suffix(b"\r");
    let text = text.and_then(|text| std::str::from_utf8(text.strip_prefix(WORD)?).ok());
    let Some(text) = text else {
        return Proxied::Bad;
    };
    let len = end + 1;
    let client = match text.split_once(' ') {
        // What is behind it is to be ignored.
        Some(("UNKNOWN", _)) => None,
        None if text == "UNKNOWN" => None,
        Some(("TCP4", rest)) => match client::<Ipv4Addr>(rest) {
            Some(client) => Some(client),
            None => return Proxied::Bad,
        },
        Some(("TCP6", rest)) => match client::<Ipv6Addr>(rest) {
            Some(client) => Some(client),
            None => return Proxied::Bad,
        },
        _ => return Proxied::Bad,
    };
    Proxied::Whole { len, client }
}

/// `from to from_port to_port`, with one blank between each two.
fn client<A: std::str::FromStr + Into<IpAddr>>(text: &str) -> Option<SocketAddr> {
    let mut words = text.split(' ');
    let from: A = words.next()?.parse().ok()?;
    let _to: A = words.next()?.parse().ok()?;
    let from_port = port(words.next()?)?;
    let _to_port = port(words.next()?)?;
    let is_all = words.next().is_none();
    is_all.then(|| SocketAddr::new(from.into(), from_port))
}

/// Digits alone, and no 0 in front of others.
fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// Version 2 (2.2); `None` where there is more to come.
fn binary(input: &[u8]) -> Option<Proxied> {
    let command = *input.get(12)?;
    if !matches!(command, 0x20 | 0x21) {
        return Some(Proxied::Bad); // another version, or an unknown command
    }
    let family = *input.get(13)?;
    let is_local = command == 0x20;
    // What the addresses take; a connection of the proxy's own has whatever
    // there is ignored, and so has one of an unknown family.
    let least = match family {
        _ if is_local => 0,
        0x00 => 0,
        0x11 => 12,
        0x21 => 36,
        0x31 => 216,
        _ => return Some(Proxied::Bad), // datagrams come by no stream
    };
    let follows = u16::from_be_bytes([*input.get(14)?, *input.get(15)?]);
    let len = FIXED_BYTES + usize::from(follows);
    if usize::from(follows) < least || len > PROXIED_BYTES_MAX {
        return Some(Proxied::Bad);
    }
    let addresses = &input.get(..len)?[FIXED_BYTES..];
    let client = match family {
        _ if is_local => None,
        0x11 => v4(addresses),
        0x21 => v6(addresses),
        // A unix socket's client has no address to tell.
        _ => None,
    };
    Some(Proxied::Whole { len, client })
}

/// From, to, the port of each.
fn v4(bytes: &[u8]) -> Option<SocketAddr> {
    let from: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    Some(SocketAddr::new(from.into(), port_at(bytes, 8)?))
}

fn v6(bytes: &[u8]) -> Option<SocketAddr> {
    let from: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
    Some(SocketAddr::new(from.into(), port_at(bytes, 32)?))
}

fn port_at(bytes: &[u8], at: usize) -> Option<u16> {
    let port: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(input: &[u8]) -> String {
        match read(input) {
            Proxied::NeedsMore => "more".to_owned(),
            Proxied::Bad => "bad".to_owned(),
            Proxied::Whole { len, client } => {
                assert!(len <= input.len() && len <= PROXIED_BYTES_MAX);
                client.map_or("its own".to_owned(), |client| client.to_string())
            }
        }
    }

    /// What a head says, whatever follows it and wherever it is cut.
    fn check(head: &[u8], expected: &str) {
        assert_eq!(told(head), expected, "{}", head.escape_ascii());
        if expected == "bad" || expected == "more" {
            return;
        }
        for cut in 0..head.len() {
            assert_eq!(read(&head[..cut]), Proxied::NeedsMore, "cut at {cut}");
        }
        for more in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\n", &[0; 200]] {
            let with_more = [head, more].concat();
            assert_eq!(read(&with_more), read(head));
        }
    }

    /// A head of version 2.
    fn binary(command: u8, family: u8, addresses: &[u8], more: usize) -> Vec<u8> {
        let len = (addresses.len() + more) as u16;
        let fixed = [MARK, &[command, family], &len.to_be_bytes()].concat();
        [&fixed, addresses, &vec![7; more]].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 0x04, 1, 187];

    fn v6() -> [u8; 36] {
        let mut addresses = [0; 36];
        addresses[..2].copy_from_slice(&[0x20, 0x01]);
        addresses[15] = 1;
        addresses[32..].copy_from_slice(&[0x1f, 0x90, 0, 80]);
        addresses
    }

    #[test]
    fn a_line_tells_the_client() {
        let good = |line: &str, expected| check(format!("{line}\r\n").as_bytes(), expected);
        good(
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443",
            "192.0.2.1:56324",
        );
        good(
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535",
            "255.255.255.255:65535",
        );
        good("PROXY TCP6 2001:db8::1 ::1 0 443", "[2001:db8::1]:0");
        good(
            "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 1",
            "[::ffff:192.0.2.1]:1",
        );
        good("PROXY UNKNOWN", "its own");
        good("PROXY UNKNOWN and whatever else", "its own");
        let longest = "ffff:".repeat(7) + "ffff";
        let unknown = format!("PROXY UNKNOWN {longest} {longest} 65535 65535");
        assert_eq!(unknown.len() + 2, PROXIED_LINE_BYTES_MAX, "as 2.1 counts");
        good(&unknown, "its own");
    }

    #[test]
    fn a_line_has_one_form() {
        for bad in [
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 1\r\n",
            "PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 056324 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 -1\r\n",
            "PROXY TCP4 192.0.2.01 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 192.0.2 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 2001:db8::1 ::1 56324 443\r\n",
            "PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n",
            "PROXY TCP6 fe80::1%eth0 ::1 56324 443\r\n",
            "PROXY TCP4\t192.0.2.1 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n",
            "PROXY unknown\r\n",
            "PROXY UNKNOWNS\r\n",
            "PROXY TCP4\r\n",
            "PROXY \r\n",
            "PROXY\r\n",
            "proxy UNKNOWN\r\n",
            " PROXY UNKNOWN\r\n",
            "GET / HTTP/1.1\r\n",
            "\r\nPROXY UNKNOWN\r\n",
        ] {
            check(bad.as_bytes(), "bad");
        }
        check(b"PROXY UNKNOWN \xff\xfe\r\n", "bad");
        let endless = [WORD, &[b'a'; PROXIED_LINE_BYTES_MAX]].concat();
        check(&endless, "bad");
        check(&endless[..PROXIED_LINE_BYTES_MAX], "bad");
        check(&endless[..PROXIED_LINE_BYTES_MAX - 1], "more");
        check(
            &[&endless[..PROXIED_LINE_BYTES_MAX], b"\r\n"].concat(),
            "bad",
        );
    }

    #[test]
    fn a_binary_head_tells_the_client() {
        check(&binary(0x21, 0x11, &V4, 0), "192.0.2.1:56324");
        check(&binary(0x21, 0x11, &V4, 300), "192.0.2.1:56324");
        check(&binary(0x21, 0x21, &v6(), 0), "[2001::1]:8080");
        check(&binary(0x21, 0x21, &v6(), 7), "[2001::1]:8080");
        check(&binary(0x21, 0x31, &[b'a'; 216], 0), "its own");
        check(&binary(0x21, 0x00, &[], 0), "its own");
        check(&binary(0x21, 0x00, &[1, 2, 3], 0), "its own");
        check(&binary(0x20, 0x00, &[], 0), "its own");
        check(&binary(0x20, 0x11, &V4, 0), "its own");
        check(&binary(0x20, 0xff, &[], 9), "its own");
        let most = PROXIED_BYTES_MAX - FIXED_BYTES;
        check(&binary(0x21, 0x11, &V4, most - 12), "192.0.2.1:56324");
    }

    #[test]
    fn a_binary_head_has_one_form() {
        for command in [0x00, 0x01, 0x11, 0x22, 0x2f, 0x31, 0xff] {
            check(&binary(command, 0x11, &V4, 0), "bad");
        }
        for family in [0x01, 0x02, 0x10, 0x12, 0x13, 0x22, 0x32, 0x41, 0xff] {
            check(&binary(0x21, family, &[0; 216], 0), "bad");
        }
        check(&binary(0x21, 0x11, &V4[..11], 0), "bad");
        check(&binary(0x21, 0x21, &v6()[..35], 0), "bad");
        check(&binary(0x21, 0x31, &[0; 215], 0), "bad");
        let most = PROXIED_BYTES_MAX - FIXED_BYTES;
        check(&binary(0x21, 0x11, &V4, most - 11), "bad");
        check(&binary(0x20, 0x00, &[], usize::from(u16::MAX)), "bad");
        // It is told as soon as it is seen, not when all of it is there.
        let long = binary(0x21, 0x11, &V4, most);
        check(&long[..FIXED_BYTES], "bad");
        let mut broken = binary(0x21, 0x11, &V4, 0);
        broken[11] = b'\r';
        check(&broken[..12], "bad");
    }

    #[test]
    fn whatever_comes_is_taken_or_not() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let samples = [
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET /".to_vec(),
            b"PROXY TCP6 2001:db8::1 ::1 56324 443\r\n".to_vec(),
            b"PROXY UNKNOWN\r\n".to_vec(),
            binary(0x21, 0x11, &V4, 4),
            binary(0x21, 0x21, &v6(), 0),
            binary(0x21, 0x31, &[0; 216], 0),
        ];
        for _ in 0..100_000 {
            let mut mutant = samples[random(samples.len())].clone();
            for _ in 0..1 + random(4) {
                let at = random(mutant.len());
                match random(4) {
                    0 => mutant[at] = random(256) as u8,
                    1 => mutant.truncate(at.max(1)),
                    2 => mutant.insert(at, random(256) as u8),
                    _ => mutant[at] ^= 1 << random(8),
                }
            }
            // Once whole or bad it stays so, whatever follows.
            let before = read(&mutant);
            told(&mutant);
            mutant.extend([b'1'; 9]);
            if before != Proxied::NeedsMore {
                assert_eq!(read(&mutant), before, "{}", mutant.escape_ascii());
            }
        }
    }
}
