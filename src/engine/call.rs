//! One call of a service, the same in both modes. Panics end here.

use crate::base::tick::Time;
use crate::http::{Head, Status};
use crate::net::notes::{Notes, Trouble};
use crate::service::{Context, Response, Service};
use crate::session::{BodyPlan, CloseReason, Flow, HttpRequest, Request};
use std::any::Any;
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
    notes: &Notes,
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
        Err(panic) => {
            context.replies.truncate(mark);
            panicked(request, context, notes, said(&*panic));
            Called::Panicked
        }
    };
    context.tickets.withdraw();
    called
}

/// Tells the service that the timer of a connection rings. `mute`: what it
/// answers is dropped.
pub(super) fn timer(
    service: &dyn Service,
    context: &mut Context<'_>,
    mute: bool,
    notes: &Notes,
) -> Called {
    let mark = context.replies.mark();
    context.tag = 0; // what is said now answers nothing
    let flow = catch_unwind(AssertUnwindSafe(|| service.timer(context)));
    context.tickets.withdraw();
    match flow {
        Err(panic) => {
            context.replies.truncate(mark);
            notes.note(
                Trouble::TimerPanic,
                context.now,
                format_args!("{:?}", said(&*panic)),
            );
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
pub(super) fn plan(service: &dyn Service, head: &Head<'_>, notes: &Notes, now: Time) -> BodyPlan {
    let plan = catch_unwind(AssertUnwindSafe(|| service.plan(head)));
    plan.unwrap_or_else(|panic| {
        service_panicked("a head", &*panic, notes, now);
        BodyPlan::Refuse(Status::INTERNAL_SERVER_ERROR)
    })
}

/// Tells the service of a new connection; `false` if it panicked over it.
pub(super) fn connected(service: &dyn Service, context: &mut Context<'_>, notes: &Notes) -> bool {
    let done = catch_unwind(AssertUnwindSafe(|| service.connected(context)));
    done.map_err(|panic| {
        service_panicked("a new connection", &*panic, notes, context.now);
    })
    .is_ok()
}

/// Tells the service that a connection is gone; `false` if it panicked.
pub(super) fn closed(
    service: &dyn Service,
    reason: CloseReason,
    context: &mut Context<'_>,
    notes: &Notes,
) -> bool {
    let done = catch_unwind(AssertUnwindSafe(|| service.closed(reason, context)));
    done.map_err(|panic| {
        service_panicked("a connection that is gone", &*panic, notes, context.now);
    })
    .is_ok()
}

fn panicked(request: &Request<'_>, context: &mut Context<'_>, notes: &Notes, said: &str) {
    let now = context.now;
    match request {
        Request::Http(request) => {
            let target = String::from_utf8_lossy(request.head.target());
            notes.note(
                Trouble::PathPanic,
                now,
                format_args!("{target:?}: {said:?}"),
            );
            let response = Response::error(Status::INTERNAL_SERVER_ERROR, "");
            context.respond(
                &HttpRequest {
                    last: true,
                    ..*request
                },
                &response,
            );
        }
        Request::Package(package) => {
            let code = package.code;
            notes.note(Trouble::CodePanic, now, format_args!("{code}: {said:?}"));
        }
    }
}

fn service_panicked(over: &str, panic: &(dyn Any + Send), notes: &Notes, now: Time) {
    let said = said(panic);
    notes.note(
        Trouble::ServicePanic,
        now,
        format_args!("over {over}: {said:?}"),
    );
}

/// What a panic said, if that was a text.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("something that is no text")
}
