//! F1: the framed protocol: packages, and how they stand in a stream. Pure.
//!
//! A framing is a parameter of a listener: [`HEAD8`] unless it says otherwise,
//! [`HEAD16`], or one of your own, by the trait [`Framing`]. Everything above
//! this room sees packages: a code, a body, and a tag that answers carry back.

pub mod built_in;
pub mod codec;
pub mod framing;
pub mod head16;
pub mod head8;
pub mod layout;
pub mod packed;

pub use built_in::BUILT_IN;
pub use framing::{Framing, Outline, Read};
pub use head8::HEAD8;
pub use head16::HEAD16;
pub use packed::Packed;

/// Code of the sign of life that either side may send.
pub const HEARTBEAT: u16 = 0;
/// Code of the service that sends a body back.
pub const ECHO: u16 = 1;

/// A whole package, borrowed from where it was received; its CRC-32 was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    /// What the package is about; it picks the handler.
    pub code: u16,
    /// What its answer carries back, as its framing will have it: see
    /// [`head16::Tag`]. 0 where there is nothing of that kind.
    pub tag: u64,
    /// The body: 0 to `limits.package_bytes` minus the bytes of its head.
    pub body: &'a [u8],
}
