//! F4: clients of the framed protocol: one that blocks, one for an event loop.
//!
//! ```text
//!  Client (waits) -> Polled (a socket, never waits) -> Calls (neither socket nor clock)
//! ```

#[doc(hidden)]
pub mod backoff;
#[doc(hidden)]
pub mod blocking;
#[doc(hidden)]
pub mod calls;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod polled;
#[doc(hidden)]
pub mod settings;

#[doc(inline)]
pub use blocking::Client;
#[doc(inline)]
pub use event::{CallError, CallId, Event, Lost};
#[doc(inline)]
pub use polled::Polled;
#[doc(inline)]
pub use settings::Settings;
