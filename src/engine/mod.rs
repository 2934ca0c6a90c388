//! F5: the loops. Workers, the two modes, the pool, and how they are started.
//!
//! | file | what |
//! |---|---|
//! | `server.rs`, `error.rs`, `framings.rs`, `threads.rs`, `handle.rs` | builds everything, starts the threads, waits for them |
//! | `worker.rs` | one loop: its turn, on one page |
//! | `serve.rs`, `accept.rs`, `mail.rs`, `later.rs`, `drain.rs` | the parts of a turn |
//! | `reactor.rs`, `proactor.rs` | the two sinks |
//! | `lane.rs`, `job.rs`, `jobs.rs`, `pool.rs` | requests on their way through the pool |
//! | `call.rs`, `lifetime.rs` | one call of the service; a connection's begin and end |
//! | `access.rs`, `shuttle.rs` | the log of the requests |
//! | `doorbell.rs`, `inbox.rs`, `queue.rs` | how threads meet without waiting |
//! | `fleet.rs`, `tally.rs`, `clock.rs` | what they share and count, and what time it is |
//! | `pulse.rs` | whether every loop still turns |

mod accept;
mod access;
mod account;
mod call;
mod clock;
#[doc(hidden)]
pub mod doorbell;
mod drain;
mod error;
mod fleet;
mod framings;
mod gate;
mod gauges;
mod guest;
mod handle;
#[doc(hidden)]
pub mod inbox;
mod job;
mod jobs;
mod lane;
mod later;
mod lifetime;
mod mail;
#[doc(hidden)]
pub mod pool;
mod proactor;
mod pulse;
#[doc(hidden)]
pub mod queue;
mod reactor;
mod room;
mod serve;
mod server;
mod shuttle;
mod stopwatch;
mod tally;
mod threads;
mod watch;
mod worker;

pub use error::StartError;
pub use handle::{Handle, SendError};
pub use pulse::Pulse;
pub use server::{Running, Server};
pub use tally::{Count, Tally};
pub use threads::workers;
