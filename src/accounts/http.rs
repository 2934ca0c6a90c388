//! The handlers for paths.

use super::answer;
use super::body::{self, Kind};
use super::cookie;
use super::origin;
use super::refusal::Refusal;
use super::registry::{Accounts, Caller, Credentials};
use crate::http::{Method, Status};
use crate::service::{Context, NextHttp, Response};
use crate::session::HttpRequest;
use serde::Serialize;

/// Around all of them: nothing of this is for caches, and nothing is taken
/// from the pages of other sites.
pub(super) fn guard(
    request: &HttpRequest<'_>,
    context: &mut Context<'_>,
    next: NextHttp<'_>,
) -> Response {
    let answer = if request.head.method() == Method::Post && origin::is_foreign(request.head) {
        Response::error(
            Status::FORBIDDEN,
            "this comes from a page of another site; use the forms of this one",
        )
    } else {
        next.run(request, context)
    };
    answer
        .field("Cache-Control", "no-store")
        .field("X-Content-Type-Options", "nosniff")
}

/// `POST /api/register`
pub(super) fn register(
    accounts: &Accounts,
    request: &HttpRequest<'_>,
    context: &Context<'_>,
) -> Result<Response, Response> {
    let (body, kind) = body::read(request)?;
    let asked = Credentials {
        name: &body.name,
        password: &body.password,
    };
    let registered = accounts.register(asked, body.kind, Caller::of(context));
    match registered {
        Ok(user) => Ok(answer::done(kind, Status::CREATED, "registered", user)),
        Err(why) => Err(answer::refused(kind, why)),
    }
}

/// `POST /api/login`
pub(super) fn login(
    accounts: &Accounts,
    request: &HttpRequest<'_>,
    context: &Context<'_>,
) -> Result<Response, Response> {
    let (body, kind) = body::read(request)?;
    let asked = Credentials {
        name: &body.name,
        password: &body.password,
    };
    let begun = accounts.login(asked, Caller::of(context)).and_then(|user| {
        let cookie = accounts.begin(&user, request.head, context.unix_s)?;
        Ok((user.number, cookie))
    });
    match begun {
        Ok((user, cookie)) => {
            let done = answer::done(kind, Status::OK, "logged-in", user);
            Ok(done.field("Set-Cookie", cookie))
        }
        Err(why) => Err(answer::refused(kind, why)),
    }
}

/// `POST /api/logout`, with a form or without a body: the session is gone from
/// the store, so its cookie is worth nothing, whoever has a copy.
pub(super) fn logout(
    accounts: &Accounts,
    request: &HttpRequest<'_>,
    context: &Context<'_>,
) -> Response {
    let kind = body::kind(request.head).unwrap_or(Kind::Json);
    match accounts.end(request.head, context.unix_s) {
        Ok(()) => {
            let done = answer::done(kind, Status::OK, "logged-out", 0);
            done.field("Set-Cookie", cookie::clear())
        }
        Err(why) => answer::refused(kind, why),
    }
}

/// Who is logged in, in JSON.
#[derive(Serialize)]
struct Me<'a> {
    user: u32,
    name: &'a str,
    kind: u32,
}

/// `GET /api/me`
pub(super) fn me(
    accounts: &Accounts,
    request: &HttpRequest<'_>,
    context: &Context<'_>,
) -> Response {
    match accounts.user(request, context) {
        Ok(Some(user)) => Response::json(&Me {
            user: user.number,
            name: &user.name,
            kind: user.kind,
        }),
        Ok(None) => answer::refusal(Refusal::Wrong),
        Err(_) => answer::refusal(Refusal::Trouble),
    }
}
