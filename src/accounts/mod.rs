//! F4: accounts: names and passwords, over HTTP and by packages, and logins that last.
//!
//! ```text
//!  codes 5 and 6 ──> packages ──┐                  ┌──> tries     (too many?)
//!                               ├──> registry ─────┼──> hash      (Argon2id)
//!  /api/register … ─> http ─────┘   (Accounts)     └──> Store     (SQLite)
//! ```
//!
//! All of it blocks, so its handlers are set with
//! [`Router::blocking`](crate::Router::blocking) and run on the pool in either
//! mode. What has a password in it is never logged.
//!
//! Accounts go into a service of your own by their router; a layer keeps out
//! whoever is not logged in. A service that wants to know whose a connection of
//! packages is calls [`Accounts::login`] in a handler of its own, and keeps the
//! user in the connection's state.
//!
//! ```
//! use pelton::accounts::{Accounts, User};
//! use pelton::http::Status;
//! use pelton::{Config, Response, Router};
//!
//! # let file = std::env::temp_dir().join(format!("pelton-doc-{}.db", std::process::id()));
//! let mut config = Config::default();
//! config.accounts.file = Some(file.clone());
//! let accounts = Accounts::open(&config.accounts)?;
//!
//! let doorman = accounts.clone();
//! let inside = Router::default()
//!     .http("GET", "/mine", |_, context| match context.state.get::<User>() {
//!         Some(user) => Response::text(format!("hello, {}\n", user.name)),
//!         None => Response::from(Status::UNAUTHORIZED),
//!     })
//!     .layer_http(move |request, context, next| {
//!         match doorman.user(request, context)? {
//!             Some(user) => context.state.set(user),
//!             None => return Err(Response::from(Status::UNAUTHORIZED)),
//!         }
//!         Ok(next.run(request, context))
//!     })
//!     .blocking(); // asking who is logged in reads the store
//! let router = Router::new().merge(accounts.router()).merge(inside);
//! # let _ = router;
//! # drop(accounts);
//! # for end in ["", "-wal", "-shm"] {
//! #     let _ = std::fs::remove_file(format!("{}{end}", file.display()));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod body;
mod cookie;
mod failure;
mod hash;
mod http;
mod name;
mod origin;
mod packages;
mod refusal;
mod registry;
mod router;
mod slots;
mod sqlite;
mod store;
mod token;

pub use failure::StoreError;
pub use hash::hashed;
pub use name::Name;
pub use refusal::Refusal;
pub use registry::{Accounts, Caller, Credentials};
pub use sqlite::SqliteStore;
pub use store::{Account, NewAccount, NewSession, Store, User};
pub use token::Digest;
