//! Pelton serves static sites over HTTP and binary clients over a framed
//! protocol, from one process, on the same event loops.
//!
//! # The plan of the house
//!
//! Rooms import downwards only; what is pure asks neither the system nor a
//! clock. `tests/house.rs` holds both.
//!
//! | floor | room | what |
//! |---|---|---|
//! | F7 | `main` | arguments and file to a configuration, and run |
//! | F6 | `master` | the processes: one that watches, one that serves |
//! | F5 | [`engine`] | the loops, the two modes, the pool |
//! | F4 | `net`, [`client`] | connections, outboxes, listeners, files; clients |
//! | F3 | [`service`] | what the server means: handlers, routes, the site (pure) |
//! | F2 | [`session`] | the protocol brain, one machine for both (pure) |
//! | F1 | [`http`], [`frame`], [`wheel`], [`config`] | one protocol each, deadlines, settings (pure) |
//! | F0 | [`base`], `os` | bounds, keys, time, buffers (pure); the only `unsafe` |
//!
//! # The flow
//!
//! listener → slab → connection reads → session feeds a sink → service →
//! replies → outbox → socket.
//!
//! # Your own service
//!
//! See [`engine::Server`], [`service::Router`], and the programs in `examples/`.

pub mod base;
pub mod client;
pub mod config;
pub mod engine;
pub mod frame;
pub mod http;
#[doc(hidden)]
pub mod master;
#[doc(hidden)]
pub mod net;
#[doc(hidden)]
pub mod os;
pub mod service;
pub mod session;
pub mod wheel;

pub use config::Config;
pub use engine::{Running, Server};
pub use service::{Bad, Context, Decode, Encode, Response, Router};

/// The program in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
