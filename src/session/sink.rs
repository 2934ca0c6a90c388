//! What a session tells, and whom.

use crate::base::buffer::Pool;
use crate::frame::Package;
use crate::http::{Connection, Head, Method, Status};

/// An HTTP request, borrowed from where it was received.
///
/// ```
/// use pelton::session::HttpRequest;
///
/// fn agent<'a>(request: &HttpRequest<'a>) -> &'a [u8] {
///     request.head.field("user-agent").unwrap_or(b"nobody")
/// }
/// # let _ = agent;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    /// Request line and field lines.
    pub head: &'a Head<'a>,
    /// The body, decoded; empty where there is none or where the service
    /// asked for it to be discarded.
    pub body: &'a [u8],
    /// Whether the connection ends after the answer.
    pub last: bool,
}

/// A whole message of either protocol, borrowed from where it was received.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// An HTTP request.
    Http(HttpRequest<'a>),
    /// A package.
    Package(Package<'a>),
}

/// What to do with the body of a request whose head is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPlan {
    /// Collect it, within the limit, then hand it on with the request.
    Collect,
    /// Hand the request on at once; the body is read and dropped.
    Discard,
    /// Answer with this status; neither body nor request is handed on.
    Refuse(Status),
}

/// What the sink made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on with the next message.
    Continue,
    /// Stop here; the session will be called again.
    Pause,
    /// The package was bad: count it and go on.
    Bad,
    /// This was the last message.
    End,
    /// There is no memory to take it into.
    NoMemory,
}

/// An answer that the protocol itself gives, in its place among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// An HTTP error; the connection ends after it.
    Refuse {
        /// The method that was asked with, where it is known: HEAD is answered
        /// without a body (RFC 9110 9.3.2).
        method: Option<Method>,
        /// The status to answer with.
        status: Status,
        /// What was wrong, for a person; may be empty.
        hint: &'static str,
    },
    /// `429 Too Many Requests`: the client's address asks for too much. The
    /// connection goes on, unless `connection` says that it does not.
    Limited {
        /// The method that was asked with: HEAD is answered without a body.
        method: Method,
        /// What the answer says of the connection.
        connection: Connection,
        /// When to try again, in seconds.
        retry_s: u64,
    },
    /// `100 Continue`.
    Continue,
    /// The answer to a heartbeat.
    Heartbeat {
        /// What it carries back.
        tag: u64,
    },
}

impl Own {
    /// A refusal that says no more than its status does.
    #[must_use]
    pub fn refuse(status: Status) -> Own {
        let (method, hint) = (None, "");
        Own::Refuse {
            method,
            status,
            hint,
        }
    }

    /// The same, to a request of this method.
    #[must_use]
    pub fn to(self, asked: Method) -> Own {
        match self {
            Own::Refuse { status, hint, .. } => Own::Refuse {
                method: Some(asked),
                status,
                hint,
            },
            other => other,
        }
    }
}

/// Takes what a session finds. Implemented once per mode.
pub trait Sink {
    /// What to do with the body that follows `head`. Asked on the loop's
    /// thread, so it must be quick.
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan;

    /// Takes a whole message. `strikes`: bad packages so far; `pool`: memory,
    /// for a sink that keeps the message.
    fn request(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow;

    /// The request is, byte for byte, the one ahead of it in the same input,
    /// and has no body: answers it if that takes no more than the last answer
    /// once more. `None`: hand it on as any other.
    fn again(&mut self) -> Option<Flow> {
        None
    }

    /// Hears of a package that was dropped because it is bad.
    fn bad_package(&mut self);

    /// Takes an answer of the protocol's own. [`Flow::Pause`]: it is enough for
    /// now; after an answer that ends the connection it means nothing.
    fn own(&mut self, answer: Own) -> Flow;

    /// The same where the request that it answers is known.
    fn refuse(&mut self, answer: Own, _head: &Head<'_>) {
        self.own(answer);
    }
}
