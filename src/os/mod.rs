//! F0: what only the operating system can do. The one room with `unsafe`.

mod beneath;
pub mod exec;
pub mod file;
pub mod folder;
pub mod fork;
pub mod heap;
pub mod inherit;
pub mod local;
pub mod notify;
pub mod process;
pub mod signal;
pub mod socket;
pub mod terminal;
pub mod user;
