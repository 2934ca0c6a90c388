//! One call of a service, the same in both modes.

use crate::http::Status;
use crate::service::{Context, Response, Service};
use crate::session::{Flow, HttpRequest, Request};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    Answered,
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
    request: Request<'_>,
    context: &mut Context<'_>,
) -> Called {
    let mark = context.replies.mark();
    // What a panic may leave half-done is the handler's own state and the
    // answers; the answers are taken back.
    let flow = catch_unwind(AssertUnwindSafe(|| service.call(request, context)));
    match flow {
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
    }
}

fn panicked(request: Request<'_>, context: &mut Context<'_>) {
    match request {
        Request::Http(request) => {
            let target = String::from_utf8_lossy(request.head.target());
            log::error!("the handler of {target:?} panicked");
            let response = Response::error(Status::INTERNAL_SERVER_ERROR, "");
            context.respond(
                &HttpRequest {
                    last: true,
                    ..request
                },
                &response,
            );
        }
        Request::Package(package) => log::error!("the handler of code {} panicked", package.code),
    }
}
