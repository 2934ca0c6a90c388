//! F3: what the server means: handlers, routes, the static site. Pure.
//!
//! A [`Service`] sees one borrowed [`Request`] at a time, on whatever thread
//! the mode puts it, and answers through its [`Context`]. Files reach it
//! through [`Files`], answers leave it through [`Replies`]; neither a socket
//! nor a clock is in sight.

pub mod context;
pub mod echo;
pub mod files;
mod form;
pub mod group;
pub mod later;
pub mod layer;
pub mod own;
pub mod pattern;
pub mod replies;
pub mod response;
pub mod router;
mod routes;
pub mod site;
pub mod state;
mod typed;
pub mod value;

pub use context::Context;
pub use files::{Bytes, Content, FileError, Files, Found, Meta, Prepared};
pub use group::Group;
pub use later::Later;
pub use layer::{NextHttp, NextMessage};
pub use pattern::PathValues;
pub use replies::{Letter, Recipients, Replies};
pub use response::Response;
pub use router::Router;
pub use site::StaticSite;
pub use state::State;
pub use value::{Decode, Encode};

use crate::frame::codec::TooLong;
use crate::http::Head;
use crate::session::{BodyPlan, CloseReason, Flow, Request};

/// A package is not what its code promises: it is dropped and counted, and the
/// third in one connection closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad;

/// A request whose answer would fit no package gets none, so that handlers can
/// pass the error on with `?`.
impl From<TooLong> for Bad {
    fn from(_: TooLong) -> Bad {
        Bad
    }
}

/// What answers requests and packages. One value serves all threads.
pub trait Service: Send + Sync + 'static {
    /// What to do with the body that follows `head`. Asked on the loop's
    /// thread in either mode, before the body is read: it must not block.
    fn plan(&self, head: &Head<'_>) -> BodyPlan {
        let _ = head;
        BodyPlan::Collect
    }

    /// Whether there are requests that block, so that a pool of threads is
    /// needed in reactor mode as well. Asked once, at the start.
    fn has_blocking(&self) -> bool {
        false
    }

    /// Whether answering this request may block: it then goes to the pool in
    /// either mode. Asked in reactor mode alone, and if
    /// [`Service::has_blocking`] says so.
    fn blocks(&self, request: &Request<'_>) -> bool {
        let _ = request;
        false
    }

    /// Answers one request, through `context`. In reactor mode this runs on
    /// the loop's thread and delays every other connection of the worker,
    /// unless [`Service::blocks`] says that it may block; such requests, and
    /// all in proactor mode, are answered on a thread of the pool.
    fn call(&self, request: &Request<'_>, context: &mut Context<'_>) -> Flow;

    /// The timer that a call has set with [`Context::set_timer`] rings: it may
    /// send packages, set the timer anew, or end the connection with
    /// [`Flow::End`]. Runs where calls run. Over HTTP nothing can be said
    /// unasked: what is answered to such a connection is dropped.
    fn timer(&self, context: &mut Context<'_>) -> Flow {
        let _ = context;
        Flow::Continue
    }

    /// A connection was accepted: the place to set its state and its timer,
    /// and to greet a client that is known to speak packages (on an `auto` port
    /// it is not yet; what is said there, or over HTTP, is dropped). Runs on the
    /// loop's thread in either mode, so it must not block.
    fn connected(&self, context: &mut Context<'_>) {
        let _ = context;
    }

    /// The connection is gone, and why; no call for it is under way any more,
    /// and its state is dropped after this one. What is answered is dropped as
    /// well, what is sent to others goes out. Runs on the loop's thread in
    /// either mode, so it must not block.
    fn closed(&self, reason: CloseReason, context: &mut Context<'_>) {
        let _ = (reason, context);
    }
}
