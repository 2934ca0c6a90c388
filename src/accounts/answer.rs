//! What is answered over HTTP: JSON to JSON, and to a form the page that says
//! what happened.

use super::body::Kind;
use super::refusal::Refusal;
use crate::http::Status;
use crate::service::Response;
use serde::Serialize;

/// The page with the forms. What happened stands behind its `#`, so the page
/// shows it without a script, and nothing that was sent is in it.
const PAGE: &str = "/account/";

/// An answer in JSON: the protocol's two numbers.
#[derive(Serialize)]
struct Numbers {
    result: u32,
    user: u32,
}

/// It is done: `status` for a program, the part of the page for a person.
pub(super) fn done(kind: Kind, status: Status, part: &str, user: u32) -> Response {
    match kind {
        Kind::Json => Response::json(&Numbers { result: 0, user }).status(status),
        Kind::Form => page(part),
    }
}

/// It is not.
pub(super) fn refused(kind: Kind, why: Refusal) -> Response {
    match kind {
        Kind::Json => refusal(why),
        Kind::Form => page(match why {
            Refusal::Taken => "taken",
            Refusal::Unacceptable => "unacceptable",
            Refusal::Wrong => "wrong",
            Refusal::TooMany { .. } => "too-many",
            Refusal::Trouble => "trouble",
        }),
    }
}

/// The same for a program, whatever it has sent.
pub(super) fn refusal(why: Refusal) -> Response {
    let numbers = Numbers {
        result: why.code(),
        user: 0,
    };
    let response = Response::json(&numbers);
    match why {
        Refusal::Taken => response.status(Status::CONFLICT),
        Refusal::Unacceptable => response.status(Status::UNPROCESSABLE_CONTENT),
        Refusal::Wrong => unauthorized(response),
        Refusal::TooMany { retry_after_s } => response
            .status(Status::TOO_MANY_REQUESTS)
            .field("Retry-After", retry_after_s.to_string()),
        Refusal::Trouble => response.status(Status::SERVICE_UNAVAILABLE),
    }
}

/// 401 has to name a scheme (RFC 9110 15.5.2), and there is none registered for
/// cookies: browsers ignore what they do not know.
fn unauthorized(response: Response) -> Response {
    response
        .status(Status::UNAUTHORIZED)
        .field("WWW-Authenticate", "Cookie")
}

/// The browser goes to the page by GET, so that loading it again sends nothing
/// again (RFC 9110 15.4.4).
fn page(part: &str) -> Response {
    Response::from(Status::SEE_OTHER).field("Location", format!("{PAGE}#{part}"))
}
