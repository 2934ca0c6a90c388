//! F4: clients of the framed protocol: one that blocks, one for an event loop.
//!
//! ```text
//!  Client (waits) -> Polled (a socket, never waits) -> Calls (neither socket nor clock)
//! ```

pub mod backoff;
pub mod blocking;
pub mod calls;
pub mod event;
pub mod polled;
pub mod settings;

pub use blocking::Client;
pub use event::{CallError, CallId, Event, Lost};
pub use polled::Polled;
pub use settings::Settings;
