//! Layers: what is done around many handlers.
//!
//! ```text
//!  request -> outermost layer -> ... -> innermost layer -> handler
//!                    <- answer <- ... <-     answer   <-
//! ```

use super::Bad;
use super::context::Context;
use super::response::Response;
use super::routes::HttpHandler;
use crate::frame::Package;
use crate::session::HttpRequest;
use std::sync::Arc;

/// Answers a package.
pub(super) type MessageHandler =
    Box<dyn Fn(&Package<'_>, &mut Context<'_>) -> Result<(), Bad> + Send + Sync>;

/// What a layer around handlers for paths surrounds: see
/// [`Router::layer_http`](super::Router::layer_http).
pub struct NextHttp<'a>(&'a HttpHandler);

impl NextHttp<'_> {
    /// Hands the request on, to the next layer or the handler.
    pub fn run(self, request: &HttpRequest<'_>, context: &mut Context<'_>) -> Response {
        (self.0)(request, context)
    }
}

/// What a layer around handlers for codes surrounds: see
/// [`Router::layer_messages`](super::Router::layer_messages).
pub struct NextMessage<'a>(&'a MessageHandler);

impl NextMessage<'_> {
    /// Hands the package on, to the next layer or the handler.
    ///
    /// # Errors
    /// [`Bad`] if one of them says so.
    pub fn run(self, package: &Package<'_>, context: &mut Context<'_>) -> Result<(), Bad> {
        (self.0)(package, context)
    }
}

/// Puts a layer around a handler for a path.
pub(super) fn around_http<L, R>(layer: Arc<L>, inner: HttpHandler) -> HttpHandler
where
    L: Fn(&HttpRequest<'_>, &mut Context<'_>, NextHttp<'_>) -> R + Send + Sync + 'static,
    R: Into<Response>,
{
    Box::new(move |request, context| layer(request, context, NextHttp(&inner)).into())
}

/// Puts a layer around a handler for a code.
pub(super) fn around_message<L>(layer: Arc<L>, inner: MessageHandler) -> MessageHandler
where
    L: Fn(&Package<'_>, &mut Context<'_>, NextMessage<'_>) -> Result<(), Bad>
        + Send
        + Sync
        + 'static,
{
    Box::new(move |package, context| layer(package, context, NextMessage(&inner)))
}
