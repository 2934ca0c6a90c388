//! F1: the framed protocol: packages of a head of eight bytes and a body. Pure.

pub mod codec;
pub mod layout;

/// Code of the sign of life that either side may send.
pub const HEARTBEAT: u16 = 0;
/// Code of the service that sends a body back.
pub const ECHO: u16 = 1;

/// A whole package, borrowed from where it was received; its CRC-32 was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// What the package is about; it picks the handler.
    pub code: u16,
    /// What follows the head: 0 to `limits.package_bytes` − 8 bytes.
    pub body: &'a [u8],
}
