//! Pelton serves static sites over HTTP and binary clients over a framed
//! protocol, from one process, on the same event loops.
//!
//! It is a program, `pelton`, that one runs on a folder, and this library, in
//! which one writes handlers for paths and for message codes.
//!
//! ```
//! use pelton::config::{Listen, Protocol};
//! use pelton::{Config, Router, Server};
//!
//! let router = Router::new()
//!     .http("GET", "/hello/{name}", |_, context| format!("hello, {}\n", context.path("name")))
//!     .message_typed(7, |(one, other): (u32, u32), _| Ok(u64::from(one) + u64::from(other)));
//! let config = Config {
//!     listen: vec![Listen::new("127.0.0.1:0".parse()?, Protocol::Auto)], // 0: a free port
//!     sites: Vec::new(), // no folder is served
//!     ..Config::default()
//! };
//! let running = Server::new(config).service(router).start()?;
//! println!("both protocols at {}", running.listeners()[0].0);
//! running.handle().stop(); // leave this out to serve until a handle says so
//! running.wait()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to begin
//!
//! | you want | see |
//! |---|---|
//! | to learn it step by step | the [`guide`] |
//! | handlers, layers, timers | [`Router`]; what they are lent: [`Context`] |
//! | answers over HTTP, also later ones | [`Response`], [`service::Later`] |
//! | values in packages | [`Decode`], [`Encode`] |
//! | to reach clients from other threads | [`engine::Handle`], [`service::Group`] |
//! | settings | [`Config`], [`config::parse`] |
//! | to run and to stop | [`Server`], [`Running`] |
//! | a client | [`client::Client`], [`client::Polled`] |
//!
//! The programs in `examples/` are whole services.
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
//! | F4 | `net`, [`client`], [`accounts`] | connections, outboxes, files; clients; names and passwords |
//! | F3 | [`service`] | what the server means: handlers, routes, the site (pure) |
//! | F2 | [`session`] | the protocol brain, one machine for both (pure) |
//! | F1 | [`http`], [`frame`], `wheel`, [`config`] | one protocol each, deadlines, settings (pure) |
//! | F0 | [`base`], `os` | bounds, keys, time, buffers (pure); the only `unsafe` |
//!
//! # The flow
//!
//! listener → slab → connection reads → session feeds a sink → service →
//! replies → outbox → socket.

pub mod accounts;
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
#[doc(hidden)]
pub mod wheel;

#[doc(inline)]
pub use config::Config;
#[doc(inline)]
pub use engine::{Running, Server};
#[doc(inline)]
pub use service::{Bad, Context, Decode, Encode, Response, Router};

#[doc = include_str!("guide.md")]
pub mod guide {}

/// The program in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
