//! F0: what only the operating system can do. The one room with `unsafe`.

pub mod file;
pub mod fork;
pub mod process;
pub mod socket;
