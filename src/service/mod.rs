//! F3: what the server means: handlers, routes, the static sites. Pure.
//!
//! A [`Service`] sees one borrowed [`Request`] at a time, on whatever thread
//! the mode puts it, and answers through its [`Context`]. Files reach it
//! through [`Files`], answers leave it through [`Replies`]; neither a socket
//! nor a clock is in sight.

#[doc(hidden)]
pub mod context;
#[doc(hidden)]
pub mod echo;
#[doc(hidden)]
pub mod files;
mod form;
#[doc(hidden)]
pub mod group;
#[doc(hidden)]
pub mod later;
#[doc(hidden)]
pub mod layer;
#[doc(hidden)]
pub mod letter;
#[doc(hidden)]
pub mod own;
#[doc(hidden)]
pub mod pattern;
#[doc(hidden)]
pub mod replies;
#[doc(hidden)]
pub mod response;
#[doc(hidden)]
pub mod router;
mod routes;
#[doc(hidden)]
pub mod site;
#[doc(hidden)]
pub mod state;
pub mod status;
mod typed;
#[doc(hidden)]
pub mod value;

#[doc(inline)]
pub use context::Context;
#[doc(inline)]
pub use files::{
    Bytes, Content, Digest, Entry, FileError, Files, Folder, Found, Meta, Prepared, Variant,
};
#[doc(inline)]
pub use group::Group;
#[doc(inline)]
pub use later::Later;
#[doc(inline)]
pub use layer::{NextHttp, NextMessage};
#[doc(inline)]
pub use letter::{Copies, Letter, Recipients};
#[doc(inline)]
pub use pattern::PathValues;
#[doc(inline)]
pub use replies::{Extent, Mark, Piece, Replies};
#[doc(inline)]
pub use response::Response;
#[doc(inline)]
pub use router::Router;
#[doc(inline)]
pub use site::{Sites, StaticSite};
#[doc(inline)]
pub use state::State;
#[doc(inline)]
pub use value::{Decode, Encode};

use crate::frame::codec::TooLong;
use crate::http::Head;
use crate::session::{BodyPlan, CloseReason, Flow, Request};

/// A package is not what its code promises: it is dropped and counted, and the
/// third in one connection closes it. What handlers for packages return as
/// their error; it has no more to say, for the protocol answers none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad;

/// A request whose answer would fit no package gets none, so that handlers can
/// pass the error on with `?`.
impl From<TooLong> for Bad {
    fn from(_: TooLong) -> Bad {
        Bad
    }
}

/// What answers requests and packages. One value serves all threads. Most
/// services are a [`Router`]; this is for those that are not.
///
/// ```
/// use pelton::service::Service;
/// use pelton::session::{Flow, Request};
/// use pelton::{Context, Response, Server};
///
/// struct Greeter;
///
/// impl Service for Greeter {
///     fn call(&self, request: &Request<'_>, context: &mut Context<'_>) -> Flow {
///         match request {
///             Request::Http(request) => context.respond(request, &Response::text("hello\n")),
///             // What is echoed fits a package.
///             Request::Package(package) => _ = context.answer(package.code, package.body),
///         }
///         Flow::Continue
///     }
/// }
///
/// let server = Server::new(pelton::Config::default()).service(Greeter);
/// # let _ = server;
/// ```
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

    /// Whether answering this request may block: it then goes, in either mode,
    /// to threads of the pool that are for such alone, so that those that are
    /// quick never wait behind it. Asked only if [`Service::has_blocking`] says
    /// that there are any.
    fn blocks(&self, request: &Request<'_>) -> bool {
        let _ = request;
        false
    }

    /// Whether a request that follows itself, to the byte and in the same
    /// input, may get its answer once more without a call, where that was a
    /// file. Not for a service that counts its calls or answers by what came
    /// before. Asked once, at the start.
    fn repeats_files(&self) -> bool {
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

    /// Whether [`Service::connected`] and [`Service::closed`] have something to
    /// do. Where they have not, they are not called: a server of clients that
    /// ask once each comes and goes without them. Asked once, at the start.
    fn attends(&self) -> bool {
        true
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
