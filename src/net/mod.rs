//! F4: what touches sockets and files: connections, outboxes, listeners.

mod closing;
pub mod connection;
mod due;
pub mod files;
mod folders;
mod limit;
pub mod listener;
pub mod log_file;
mod look;
pub mod notes;
pub mod outbox;
mod pace;
pub mod phase;
pub mod press;
mod pressing;
pub mod proxied;
mod receive;
pub mod roots;
mod send;
mod squeeze;
pub mod stream;
pub mod turned_away;
pub mod visitors;
