//! Servers in the process of the tests, on free ports, and clients of all kinds:
//! what the library promises, in both modes.

#[path = "../samples/escaped.rs"]
mod escaped;
#[path = "../samples/random.rs"]
mod random;
#[path = "../support/mod.rs"]
mod support;

mod access;
mod accounts;
mod auth;
mod blocking;
mod client;
mod edges;
mod exchanges;
mod frames;
mod framing;
mod handle;
mod handlers;
mod handover;
mod http;
mod later;
mod lifetime;
mod limits;
mod listing;
mod mix;
mod pool;
mod proxied;
mod sites;
mod status;
mod strict;
mod timer;
mod variants;
mod visitors;
