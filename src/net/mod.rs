//! F4: what touches sockets and files: connections, outboxes, listeners.

pub mod connection;
pub mod files;
pub mod listener;
pub mod outbox;
