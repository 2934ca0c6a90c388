//! Whom an address stands for, and networks of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The address of those who have none, the clients of unix sockets:
/// `0.0.0.0:0`.
pub const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Who has one address of IPv6 usually has the 2^64 around it (RFC 6177).
const V6_NETWORK: u128 = !0 << 64;
/// How far into the addresses of IPv6 those of IPv4 stand (RFC 4291 2.5.5.2).
const V4_AT: u8 = 96;

/// What limits on an address count by: one of IPv4, or a network of IPv6.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & V6_NETWORK)),
        v4 => v4,
    }
}

/// A network: all addresses that begin with the same bits. Written as
/// `10.0.0.0/8`, or as one address.
///
/// ```
/// use pelton::base::network::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse()?));
/// assert!(network.contains("::ffff:10.1.2.3".parse()?));
/// assert!(!network.contains("11.1.2.3".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// As one of IPv6, whose bits past the first ones are zero.
    first: u128,
    /// How many bits count, of those of IPv6.
    bits: u8,
}

impl Network {
    /// Whether an address is in it. One of IPv4 is the same in the form that
    /// it has in IPv6.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        (bits_of(address) ^ self.first) & mask(self.bits) == 0
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(format!(
                "`{text}` is no address and no network: write one such as \"127.0.0.1\" or \
                 \"10.0.0.0/8\""
            ));
        };
        let (most, at) = match address {
            IpAddr::V4(_) => (32, V4_AT),
            IpAddr::V6(_) => (128, 0),
        };
        let bits = bits.map_or(Some(most), |bits| bits.parse::<u8>().ok());
        let Some(bits) = bits.filter(|bits| *bits <= most) else {
            return Err(format!(
                "behind the slash of `{text}` stands how many bits count: write 0 to {most}"
            ));
        };
        let bits = bits + at;
        let whole = bits_of(address);
        let network = Network {
            first: whole & mask(bits),
            bits,
        };
        if network.first != whole {
            return Err(format!(
                "`{text}` is an address in a network: write \"{network}\", or the address alone"
            ));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = IpAddr::V6(Ipv6Addr::from_bits(self.first)).to_canonical();
        match address {
            IpAddr::V4(_) if self.bits >= V4_AT => write!(out, "{address}/{}", self.bits - V4_AT),
            _ => write!(out, "{}/{}", Ipv6Addr::from_bits(self.first), self.bits),
        }
    }
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, inside: &[&str], outside: &[&str]) {
        let network: Network = network.parse().expect("a network");
        for address in inside {
            let address = address.parse().expect("an address");
            assert!(network.contains(address), "{address} in {network}");
        }
        for address in outside {
            let address = address.parse().expect("an address");
            assert!(!network.contains(address), "{address} not in {network}");
        }
    }

    #[test]
    fn networks_have_the_addresses_that_begin_like_them() {
        check(
            "127.0.0.1",
            &["127.0.0.1", "::ffff:127.0.0.1"],
            &["127.0.0.2", "::1"],
        );
        check(
            "10.0.0.0/8",
            &["10.0.0.0", "10.255.255.255"],
            &["9.255.255.255", "11.0.0.0"],
        );
        check(
            "192.168.4.0/23",
            &["192.168.5.1"],
            &["192.168.6.0", "192.168.3.255"],
        );
        check(
            "0.0.0.0/0",
            &["1.2.3.4", "255.1.1.1"],
            &["::1", "2001:db8::1"],
        );
        check("::/0", &["::1", "1.2.3.4"], &[]);
        check("::1", &["::1"], &["::2", "127.0.0.1"]);
        check("2001:db8::/32", &["2001:db8:1::9"], &["2001:db9::"]);
    }

    #[test]
    fn what_is_none_is_refused_with_what_to_write() {
        for (text, part) in [
            ("", "no address and no network"),
            ("localhost", "no address and no network"),
            ("10.0.0.0/33", "write 0 to 32"),
            ("::1/129", "write 0 to 128"),
            ("10.0.0.0/", "write 0 to 32"),
            ("10.0.0.0/8/8", "write 0 to 32"),
            ("10.0.0.1/8", "write \"10.0.0.0/8\""),
            ("2001:db8::1/32", "write \"2001:db8::/32\""),
        ] {
            let message = text.parse::<Network>().expect_err(text);
            assert!(message.contains(part), "{message}");
        }
    }
}
