//! Requests by path and packages by code, each to its handler.

use super::context::Context;
use super::layer::{self, MessageHandler, NextHttp, NextMessage};
use super::pattern::{PathValues, Pattern};
use super::response::Response;
use super::routes::{Found, HttpRoute, Routes, method_not_allowed};
use super::site::Sites;
use super::{Bad, Service, echo};
use crate::frame::{self, Package};
use crate::http::target;
use crate::http::{Head, Method, Status};
use crate::session::{BodyPlan, CloseReason, Flow, HttpRequest, Request};
use std::collections::HashMap;
use std::sync::Arc;

type TimerHandler = Box<dyn Fn(&mut Context<'_>) -> Flow + Send + Sync>;
type ConnectedHandler = Box<dyn Fn(&mut Context<'_>) + Send + Sync>;
type ClosedHandler = Box<dyn Fn(CloseReason, &mut Context<'_>) + Send + Sync>;

struct MessageRoute {
    blocks: bool,
    handler: MessageHandler,
}

/// A [`Service`] made of handlers. What no handler is for goes to the static
/// site, if there is one; a package without a handler is dropped and counted.
///
/// ```
/// use pelton::service::{Response, Router};
///
/// let router = Router::new()
///     .http("GET", "/hello", |_, _| Response::text("hello\n"))
///     .http("GET", "/hello/{name}", |_, context| {
///         Response::text(format!("hello, {}\n", context.path("name")))
///     })
///     .message(7, |package, context| {
///         let backwards: Vec<u8> = package.body.iter().rev().copied().collect();
///         Ok(context.answer(7, &backwards)?)
///     });
/// # let _ = router;
/// ```
#[derive(Default)]
pub struct Router {
    routes: Routes,
    codes: HashMap<u16, MessageRoute>,
    has_blocking: bool,
    timer: Option<TimerHandler>,
    connected: Vec<ConnectedHandler>,
    closed: Vec<ClosedHandler>,
    sites: Option<Sites>,
}

impl Router {
    /// A router that knows the echo (code 1) and nothing else.
    #[must_use]
    pub fn new() -> Router {
        Router::default().message(frame::ECHO, echo::echo)
    }

    /// Requests with this method and path go to `handler`. It returns a
    /// [`Response`] or what becomes one: a text, a status, a `Result` of both.
    ///
    /// In `path`, `{name}` stands for any one segment, and `{name..}` at its
    /// end for all that is left; neither is ever empty. The handler asks for
    /// them with [`Context::path`]. Where several paths match, one without
    /// names wins, then the one that says more at the first place where they
    /// differ. The path is chosen before the method: one that is known with
    /// other methods is answered 405, and OPTIONS is told which. HEAD is
    /// answered as GET.
    ///
    /// ```
    /// # use pelton::{Context, Response, Router, http::Status};
    /// let router = Router::new()
    ///     .http("GET", "/cups/{id}", |_, context| format!("cup {}\n", context.path("id")))
    ///     .http("PUT", "/files/{path..}", |request, _| match request.body {
    ///         [] => Err(Status::BAD_REQUEST),
    ///         body => Ok(Response::text(format!("{} bytes\n", body.len()))),
    ///     });
    /// # let _ = router;
    /// ```
    ///
    /// # Panics
    /// If `method` is not one of HTTP's, `path` does not begin with `/` or is
    /// no pattern, or the path has a handler for this method, be it by other
    /// names: a fault of the program, found when it starts.
    #[must_use]
    pub fn http<H, R>(mut self, method: &'static str, path: &str, handler: H) -> Router
    where
        H: Fn(&HttpRequest<'_>, &mut Context<'_>) -> R + Send + Sync + 'static,
        R: Into<Response>,
    {
        let name = method;
        let method = Method::parse(name.as_bytes());
        assert!(method != Method::Other, "{name:?} is not a method of HTTP");
        assert!(
            path.starts_with('/'),
            "a path begins with a slash: {path:?}"
        );
        let route = HttpRoute {
            method,
            name,
            blocks: false,
            handler: Box::new(move |request, context| handler(request, context).into()),
        };
        self.routes.add(path, route);
        self
    }

    /// Packages with this code go to `handler`; the last one set counts. Codes
    /// from 7 on are yours; 1 is the echo, 2 to 6 are kept for the protocol.
    ///
    /// ```
    /// # use pelton::{Bad, Router};
    /// let router = Router::new().message(7, |package, context| match package.body {
    ///     [] => Err(Bad), // dropped and counted; the third one ends the connection
    ///     body => Ok(context.answer(7, &[body[0]])?),
    /// });
    /// # let _ = router;
    /// ```
    ///
    /// # Panics
    /// If `code` is 0: heartbeats are answered by the server.
    #[must_use]
    pub fn message<H>(mut self, code: u16, handler: H) -> Router
    where
        H: Fn(&Package<'_>, &mut Context<'_>) -> Result<(), Bad> + Send + Sync + 'static,
    {
        assert!(code != frame::HEARTBEAT, "code 0 is the heartbeat");
        let route = MessageRoute {
            blocks: false,
            handler: Box::new(handler),
        };
        self.codes.insert(code, route);
        self
    }

    /// Timers that handlers have set with [`Context::set_timer`] ring here; the
    /// last one set counts. [`Flow::End`] ends the connection.
    ///
    /// ```
    /// # use pelton::{Router, session::Flow};
    /// let router = Router::new().timer(|_| Flow::End); // who is quiet for long goes
    /// # let _ = router;
    /// ```
    #[must_use]
    pub fn timer<H>(mut self, handler: H) -> Router
    where
        H: Fn(&mut Context<'_>) -> Flow + Send + Sync + 'static,
    {
        self.timer = Some(Box::new(handler));
        self
    }

    /// The handlers for paths and codes that are set so far may block (they
    /// ask a disk, a database, a slow hash): they run on the pool's threads in
    /// reactor mode as well, and no loop waits for them. Set the others
    /// afterwards, or in a router of their own that is merged.
    ///
    /// ```
    /// # use pelton::Router;
    /// let router = Router::new()
    ///     .http("GET", "/disk", |_, _| std::fs::read("/proc/uptime").ok())
    ///     .blocking()
    ///     .http("GET", "/memory", |_, _| "at once\n");
    /// # let _ = router;
    /// ```
    #[must_use]
    pub fn blocking(mut self) -> Router {
        self.has_blocking = true;
        for route in self.routes.all_mut() {
            route.blocks = true;
        }
        for route in self.codes.values_mut() {
            route.blocks = true;
        }
        self
    }

    /// Puts `layer` around the handlers for paths that are set so far, and
    /// around the layers they have: the last one added is the outermost. It
    /// may answer itself, or hand the request on and change what is answered.
    /// Handlers that are set afterwards, or in a router of their own that is
    /// merged, are outside of it; so is what has no handler: the site, 404 and
    /// 405. It runs where its handler does.
    ///
    /// ```
    /// use pelton::{Response, Router};
    /// use pelton::http::Status;
    ///
    /// let router = Router::new()
    ///     .http("GET", "/secret", |_, _| "the cup is under the stairs\n")
    ///     .layer_http(|request, context, next| {
    ///         if request.head.field("authorization") == Some(b"Bearer sesame") {
    ///             next.run(request, context).field("Cache-Control", "no-store")
    ///         } else {
    ///             Response::from(Status::UNAUTHORIZED).field("WWW-Authenticate", "Bearer")
    ///         }
    ///     })
    ///     .http("GET", "/open", |_, _| "nothing to see\n");
    /// # let _ = router;
    /// ```
    #[must_use]
    pub fn layer_http<L, R>(mut self, layer: L) -> Router
    where
        L: Fn(&HttpRequest<'_>, &mut Context<'_>, NextHttp<'_>) -> R + Send + Sync + 'static,
        R: Into<Response>,
    {
        let layer = Arc::new(layer);
        self.routes
            .wrap(|inner| layer::around_http(layer.clone(), inner));
        self
    }

    /// The same around the handlers for codes that are set so far, the echo
    /// included. What it answers itself, it answers through the context, before
    /// or after what the handler does; what was answered since a
    /// [`Replies::mark`](super::Replies::mark) can be taken back.
    ///
    /// ```
    /// # use pelton::{Bad, Router};
    /// let router = Router::new().layer_messages(|package, context, next| {
    ///     context.state.get::<String>().ok_or(Bad)?; // only for those with a name
    ///     next.run(package, context)
    /// });
    /// # let _ = router;
    /// ```
    #[must_use]
    pub fn layer_messages<L>(mut self, layer: L) -> Router
    where
        L: Fn(&Package<'_>, &mut Context<'_>, NextMessage<'_>) -> Result<(), Bad>
            + Send
            + Sync
            + 'static,
    {
        let layer = Arc::new(layer);
        let wrap = |(code, route): (u16, MessageRoute)| {
            let handler = layer::around_message(layer.clone(), route.handler);
            (code, MessageRoute { handler, ..route })
        };
        self.codes = self.codes.into_iter().map(wrap).collect();
        self
    }

    /// Takes over all that is set in another router; where both have set the
    /// same code, the timer or the sites, the other one's counts.
    ///
    /// # Panics
    /// If both have a handler for the same path and method, as
    /// [`Router::http`].
    #[must_use]
    pub fn merge(mut self, other: Router) -> Router {
        self.routes.merge(other.routes);
        self.codes.extend(other.codes);
        self.connected.extend(other.connected);
        self.closed.extend(other.closed);
        self.has_blocking |= other.has_blocking;
        self.timer = other.timer.or(self.timer);
        self.sites = other.sites.or(self.sites);
        self
    }

    /// `handler` hears of every connection that is accepted, on the loop's
    /// thread: see [`Service::connected`].
    #[must_use]
    pub fn connected<H>(mut self, handler: H) -> Router
    where
        H: Fn(&mut Context<'_>) + Send + Sync + 'static,
    {
        self.connected.push(Box::new(handler));
        self
    }

    /// `handler` hears of every connection that is gone, on the loop's thread:
    /// see [`Service::closed`].
    #[must_use]
    pub fn closed<H>(mut self, handler: H) -> Router
    where
        H: Fn(CloseReason, &mut Context<'_>) + Send + Sync + 'static,
    {
        self.closed.push(Box::new(handler));
        self
    }

    /// Paths without a handler go to the sites of a configuration, by the host
    /// that is asked for: `.site(&config)`; or to one of them, whatever the
    /// host: `.site(StaticSite::new(0))`.
    #[must_use]
    pub fn site(mut self, sites: impl Into<Sites>) -> Router {
        self.sites = Some(sites.into());
        self
    }

    fn http_call(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        let response = match self.routes.of(request.head) {
            Found::Handler(route, pattern) => {
                context.path_values = values(pattern, request.head);
                (route.handler)(request, context)
            }
            Found::OtherMethods(allow) => method_not_allowed(request.head.method(), &allow),
            Found::Nothing => match &self.sites {
                Some(sites) => return sites.answer(request, context),
                None => Status::NOT_FOUND.into(),
            },
        };
        context.respond(request, &response);
    }
}

/// What the names of the pattern that a request has matched stand for.
fn values(pattern: Option<&Pattern>, head: &Head<'_>) -> PathValues {
    let Some(pattern) = pattern else {
        return PathValues::default();
    };
    let mut scratch = Vec::new();
    match target::path(head, &mut scratch) {
        Ok(path) => pattern.values(path.decoded),
        Err(_) => PathValues::default(),
    }
}

impl Service for Router {
    fn plan(&self, head: &Head<'_>) -> BodyPlan {
        match self.routes.of(head) {
            Found::Handler(..) => BodyPlan::Collect,
            Found::OtherMethods(_) | Found::Nothing => BodyPlan::Discard,
        }
    }

    fn has_blocking(&self) -> bool {
        self.has_blocking || self.sites.iter().any(Sites::has_blocking)
    }

    fn repeats_files(&self) -> bool {
        true // nothing of it is asked on the way to a file
    }

    fn blocks(&self, request: &Request<'_>) -> bool {
        match request {
            Request::Http(request) => match self.routes.of(request.head) {
                Found::Handler(route, _) => route.blocks,
                Found::OtherMethods(_) => false,
                Found::Nothing => self.sites.iter().any(|it| it.blocks(request.head)),
            },
            Request::Package(package) => self
                .codes
                .get(&package.code)
                .is_some_and(|route| route.blocks),
        }
    }

    fn call(&self, request: &Request<'_>, context: &mut Context<'_>) -> Flow {
        match request {
            Request::Http(request) => {
                self.http_call(request, context);
                Flow::Continue
            }
            Request::Package(package) => match self.codes.get(&package.code) {
                Some(route) => {
                    let handled = (route.handler)(package, context);
                    handled.map_or(Flow::Bad, |()| Flow::Continue)
                }
                None => {
                    context.unhandled += 1;
                    Flow::Continue
                }
            },
        }
    }

    fn timer(&self, context: &mut Context<'_>) -> Flow {
        match &self.timer {
            Some(handler) => handler(context),
            None => Flow::Continue,
        }
    }

    fn attends(&self) -> bool {
        !self.connected.is_empty() || !self.closed.is_empty()
    }

    fn connected(&self, context: &mut Context<'_>) {
        for handler in &self.connected {
            handler(context);
        }
    }

    fn closed(&self, reason: CloseReason, context: &mut Context<'_>) {
        for handler in &self.closed {
            handler(reason, context);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_come_and_go_unseen_unless_a_handler_looks() {
        assert!(!Router::new().attends());
        assert!(Router::new().connected(|_| ()).attends());
        let parting = Router::new().closed(|_, _| ());
        assert!(Router::new().merge(parting).attends());
    }
}
