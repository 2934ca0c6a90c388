//! Handlers that take a value and return one: what comes is decoded before
//! they see it, and where that fails the protocol answers.

use super::Bad;
use super::context::Context;
use super::form;
use super::response::Response;
use super::router::Router;
use super::value::{self, Decode, Encode};
use crate::http::{Method, Status, target};
use crate::session::HttpRequest;
use serde::de::DeserializeOwned;

const JSON: &[u8] = b"application/json";
const FORM: &[u8] = b"application/x-www-form-urlencoded";

impl Router {
    /// Packages with this code go to `handler` as a value, and what it returns
    /// is answered with the same code. A body that is no such value, be it too
    /// short, too long or not UTF-8, is [`Bad`], and so is an answer that does
    /// not fit a package.
    ///
    /// ```
    /// use pelton::{Bad, Context, Router};
    ///
    /// fn half(number: u32, _: &mut Context<'_>) -> Result<u32, Bad> {
    ///     if number % 2 == 0 { Ok(number / 2) } else { Err(Bad) }
    /// }
    ///
    /// let router = Router::new()
    ///     .message_typed(7, half)
    ///     .message_typed(8, |(times, text): (u8, String), _| Ok(text.repeat(times.into())));
    /// # let _ = router;
    /// ```
    ///
    /// # Panics
    /// As [`Router::message`].
    #[must_use]
    pub fn message_typed<In, Out, H>(self, code: u16, handler: H) -> Router
    where
        In: Decode,
        Out: Encode,
        H: Fn(In, &mut Context<'_>) -> Result<Out, Bad> + Send + Sync + 'static,
    {
        self.message(code, move |package, context| {
            let answer = handler(value::whole(package.body)?, context)?;
            let mut body = Vec::new();
            answer.encode(&mut body);
            Ok(context.answer(package.code, &body)?)
        })
    }

    /// Requests with this method and path go to `handler` as a value: the
    /// query of a GET, else a body that is JSON or a form, as its Content-Type
    /// says. A body of another media type is answered 415, one that is no such
    /// value 400 with one line that says why; one over `limits.body_bytes` is
    /// answered 413 before it comes here.
    ///
    /// ```
    /// use pelton::{Context, Response, Router};
    /// use pelton::http::Status;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Cup {
    ///     size_ml: u16,
    /// }
    ///
    /// fn make(cup: Cup, _: &mut Context<'_>) -> Result<Response, Status> {
    ///     match cup.size_ml {
    ///         0 => Err(Status::UNPROCESSABLE_CONTENT),
    ///         size_ml => Ok(Response::json(&size_ml).status(Status::CREATED)),
    ///     }
    /// }
    ///
    /// let router = Router::new().http_typed("POST", "/cups", make);
    /// # let _ = router;
    /// ```
    ///
    /// # Panics
    /// As [`Router::http`].
    #[must_use]
    pub fn http_typed<In, Out, H>(self, method: &'static str, path: &str, handler: H) -> Router
    where
        In: DeserializeOwned,
        Out: Into<Response>,
        H: Fn(In, &mut Context<'_>) -> Out + Send + Sync + 'static,
    {
        self.http(method, path, move |request, context| match read(request) {
            Ok(value) => handler(value, context).into(),
            Err(refusal) => refusal,
        })
    }
}

fn read<T: DeserializeOwned>(request: &HttpRequest<'_>) -> Result<T, Response> {
    if matches!(request.head.method(), Method::Get | Method::Head) {
        let (_, query) = target::path_of(request.head.target());
        return form::read(query.unwrap_or(b"")).map_err(|why| bad("query", &why));
    }
    let field = request.head.field("content-type").unwrap_or(b"");
    let media_type = field.split(|&byte| byte == b';').next().unwrap_or(b"");
    let is = |wanted: &[u8]| media_type.trim_ascii().eq_ignore_ascii_case(wanted);
    if is(JSON) {
        serde_json::from_slice(request.body).map_err(|why| bad("JSON", &why.to_string()))
    } else if is(FORM) {
        form::read(request.body).map_err(|why| bad("form", &why))
    } else {
        let line = "this takes application/json and application/x-www-form-urlencoded\n";
        Err(Response::text(line).status(Status::UNSUPPORTED_MEDIA_TYPE))
    }
}

fn bad(what: &str, why: &str) -> Response {
    // What a client has sent may have lines; the answer has one.
    let why = why.replace(char::is_control, " ");
    Response::text(format!("the {what} cannot be used: {why}\n")).status(Status::BAD_REQUEST)
}
