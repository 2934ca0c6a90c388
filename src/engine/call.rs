//! One call of a service, the same in both modes.

use crate::http::{Head, Status};
use crate::service::{Context, Response, Service};
use crate::session::{BodyPlan, CloseReason, Flow, HttpRequest, Request};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    Answered,
    /// The answer comes later; the connection waits for it.
    Later,
    /// The package was bad.
    Bad,
    /// The connection ends after the answers so far.
    Ended,
    /// The handler panicked; the connection ends.
    Panicked,
}

/// Calls the service. A handler that panics answers 500, or closes its frame
/// connection, and takes nobody else down: what it had begun to answer is
/// taken back.
pub(super) fn call(
    service: &dyn Service,
    request: &Request<'_>,
    context: &mut Context<'_>,
) -> Called {
    let mark = context.replies.mark();
    context.tag = match request {
        Request::Package(package) => package.tag,
        Request::Http(_) => 0,
    };
    // What a panic may leave half-done is the handler's own state and the
    // answers; the answers are taken back.
    let flow = catch_unwind(AssertUnwindSafe(|| service.call(request, context)));
    let called = match flow {
        Ok(Flow::Continue | Flow::Pause) if context.tickets.is_promised() => return Called::Later,
        Ok(Flow::Bad) => Called::Bad,
        Ok(Flow::End | Flow::NoMemory) => Called::Ended,
        Ok(Flow::Continue | Flow::Pause) => match request {
            Request::Http(request) if request.last || context.draining => Called::Ended,
            _ => Called::Answered,
        },
        Err(_) => {
            context.replies.truncate(mark);
            panicked(request, context);
            Called::Panicked
        }
    };
    context.tickets.withdraw();
    called
}

/// Tells the service that the timer of a connection rings. `mute`: what it
/// answers is dropped.
pub(super) fn timer(service: &dyn Service, context: &mut Context<'_>, mute: bool) -> Called {
    let mark = context.replies.mark();
    context.tag = 0; // what is said now answers nothing
    let flow = catch_unwind(AssertUnwindSafe(|| service.timer(context)));
    context.tickets.withdraw();
    match flow {
        Err(_) => {
            context.replies.truncate(mark);
            log::error!("the handler of a timer panicked");
            return Called::Panicked;
        }
        Ok(_) if mute => context.replies.clear(),
        Ok(_) => {}
    }
    match flow {
        Ok(Flow::End | Flow::NoMemory) => Called::Ended,
        _ => Called::Answered,
    }
}

/// Asks the service whether a request may block; after a panic it may.
pub(super) fn blocks(service: &dyn Service, request: &Request<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| service.blocks(request))).unwrap_or(true)
}

/// Asks the service what to do with a body; after a panic it is refused.
pub(super) fn plan(service: &dyn Service, head: &Head<'_>) -> BodyPlan {
    let plan = catch_unwind(AssertUnwindSafe(|| service.plan(head)));
    plan.unwrap_or_else(|_| {
        log::error!("the service panicked over a head");
        BodyPlan::Refuse(Status::INTERNAL_SERVER_ERROR)
    })
}

/// Tells the service of a new connection; `false` if it panicked over it.
pub(super) fn connected(service: &dyn Service, context: &mut Context<'_>) -> bool {
    let done = catch_unwind(AssertUnwindSafe(|| service.connected(context))).is_ok();
    if !done {
        log::error!("the service panicked over a new connection");
    }
    done
}

/// Tells the service that a connection is gone; `false` if it panicked.
pub(super) fn closed(
    service: &dyn Service,
    reason: CloseReason,
    context: &mut Context<'_>,
) -> bool {
    let done = catch_unwind(AssertUnwindSafe(|| service.closed(reason, context))).is_ok();
    if !done {
        log::error!("the service panicked over a connection that is gone");
    }
    done
}

fn panicked(request: &Request<'_>, context: &mut Context<'_>) {
    match request {
        Request::Http(request) => {
            let target = String::from_utf8_lossy(request.head.target());
            log::error!("the handler of {target:?} panicked");
            let response = Response::error(Status::INTERNAL_SERVER_ERROR, "");
            context.respond(
                &HttpRequest {
                    last: true,
                    ..*request
                },
                &response,
            );
        }
        Request::Package(package) => log::error!("the handler of code {} panicked", package.code),
    }
}
