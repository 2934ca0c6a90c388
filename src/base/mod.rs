//! F0: what every room may use: bounds, keys, time, buffers. Pure.

pub mod buffer;
pub mod kept;
pub mod key;
pub mod limits;
pub mod network;
pub mod rate;
pub mod tick;
pub(crate) mod tries;
