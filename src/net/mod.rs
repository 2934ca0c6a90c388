//! F4: what touches sockets and files: connections, outboxes, listeners.

mod closing;
pub mod connection;
mod due;
pub mod files;
mod limit;
pub mod listener;
pub mod notes;
pub mod outbox;
mod pace;
pub mod phase;
pub mod proxied;
mod receive;
pub mod roots;
mod send;
pub mod stream;
pub mod turned_away;
pub mod visitors;
