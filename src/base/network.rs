//! Whom an address stands for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address of those who have none, the clients of unix sockets:
/// `0.0.0.0:0`.
pub const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Who has one address of IPv6 usually has the 2^64 around it (RFC 6177).
const V6_NETWORK: u128 = !0 << 64;

/// What limits on an address count by: one of IPv4, or a network of IPv6.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & V6_NETWORK)),
        v4 => v4,
    }
}
