//! Requests by path and packages by code, each to its handler.

use super::context::Context;
use super::response::Response;
use super::site::StaticSite;
use super::{Bad, Service, echo};
use crate::frame::{self, Package};
use crate::http::target;
use crate::http::{Head, Method, Status};
use crate::session::{BodyPlan, CloseReason, Flow, HttpRequest, Request};
use std::collections::HashMap;

type HttpHandler = Box<dyn Fn(&HttpRequest<'_>, &mut Context<'_>) -> Response + Send + Sync>;
type MessageHandler = Box<dyn Fn(&Package<'_>, &mut Context<'_>) -> Result<(), Bad> + Send + Sync>;
type TimerHandler = Box<dyn Fn(&mut Context<'_>) -> Flow + Send + Sync>;
type ConnectedHandler = Box<dyn Fn(&mut Context<'_>) + Send + Sync>;
type ClosedHandler = Box<dyn Fn(CloseReason, &mut Context<'_>) + Send + Sync>;

struct HttpRoute {
    method: Method,
    name: &'static str,
    blocks: bool,
    handler: HttpHandler,
}

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
///     .message(7, |package, context| {
///         let backwards: Vec<u8> = package.body.iter().rev().copied().collect();
///         Ok(context.answer(7, &backwards)?)
///     });
/// # let _ = router;
/// ```
#[derive(Default)]
pub struct Router {
    paths: HashMap<Vec<u8>, Vec<HttpRoute>>,
    codes: HashMap<u16, MessageRoute>,
    has_blocking: bool,
    timer: Option<TimerHandler>,
    connected: Vec<ConnectedHandler>,
    closed: Vec<ClosedHandler>,
    site: Option<StaticSite>,
}

impl Router {
    /// A router that knows the echo (code 1) and nothing else.
    #[must_use]
    pub fn new() -> Router {
        Router::default().message(frame::ECHO, echo::echo)
    }

    /// Requests with this method whose path is exactly `path` go to `handler`.
    ///
    /// # Panics
    /// If `method` is not one of HTTP's, or `path` does not begin with `/`:
    /// a fault of the program, found when it starts.
    #[must_use]
    pub fn http<H>(mut self, method: &'static str, path: &str, handler: H) -> Router
    where
        H: Fn(&HttpRequest<'_>, &mut Context<'_>) -> Response + Send + Sync + 'static,
    {
        let name = method;
        let method = Method::parse(name.as_bytes());
        assert!(method != Method::Other, "{name:?} is not a method of HTTP");
        assert!(
            path.starts_with('/'),
            "a path begins with a slash: {path:?}"
        );
        let routes = self.paths.entry(path.as_bytes().to_vec()).or_default();
        routes.push(HttpRoute {
            method,
            name,
            blocks: false,
            handler: Box::new(handler),
        });
        self
    }

    /// Packages with this code go to `handler`; the last one set counts.
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
    #[must_use]
    pub fn blocking(mut self) -> Router {
        self.has_blocking = true;
        for route in self.paths.values_mut().flatten() {
            route.blocks = true;
        }
        for route in self.codes.values_mut() {
            route.blocks = true;
        }
        self
    }

    /// Takes over all that is set in another router; where both have set the
    /// same code, the timer or the site, the other one's counts.
    #[must_use]
    pub fn merge(mut self, other: Router) -> Router {
        for (path, routes) in other.paths {
            self.paths.entry(path).or_default().extend(routes);
        }
        self.codes.extend(other.codes);
        self.connected.extend(other.connected);
        self.closed.extend(other.closed);
        self.has_blocking |= other.has_blocking;
        self.timer = other.timer.or(self.timer);
        self.site = other.site.or(self.site);
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

    /// Paths without a handler go to the site.
    #[must_use]
    pub fn site(mut self, site: StaticSite) -> Router {
        self.site = Some(site);
        self
    }

    fn route(&self, head: &Head<'_>) -> Route<'_> {
        if self.paths.is_empty() {
            return Route::Site;
        }
        let mut scratch = Vec::new();
        let Ok(path) = target::path(head, &mut scratch) else {
            return Route::Site;
        };
        let Some(routes) = self.paths.get(path.decoded) else {
            return Route::Site;
        };
        let wanted = head.method();
        let exact = routes.iter().find(|route| route.method == wanted);
        // HEAD is answered as GET, without the body (RFC 9110 9.3.2).
        let as_get = || {
            routes
                .iter()
                .find(|route| (route.method, wanted) == (Method::Get, Method::Head))
        };
        match exact.or_else(as_get) {
            Some(route) => Route::Handler(route),
            None => Route::OtherMethods(routes.iter().map(|route| route.name).collect()),
        }
    }

    fn http_call(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        let response = match self.route(request.head) {
            Route::Handler(route) => (route.handler)(request, context),
            Route::OtherMethods(allow) => method_not_allowed(request.head.method(), &allow),
            Route::Site => match &self.site {
                Some(site) => return site.answer(request, context),
                None => Response::error(Status::NOT_FOUND, ""),
            },
        };
        context.respond(request, &response);
    }
}

enum Route<'a> {
    Handler(&'a HttpRoute),
    OtherMethods(Vec<&'static str>),
    Site,
}

/// The answer where a path is known and its method is not (RFC 9110 15.5.6);
/// OPTIONS is told the same as good news.
fn method_not_allowed(method: Method, allow: &[&'static str]) -> Response {
    let mut methods = allow.to_vec();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    let response = match method {
        Method::Options => Response::empty(Status::NO_CONTENT),
        Method::Other => Response::error(Status::NOT_IMPLEMENTED, "this method is not known"),
        _ => Response::error(Status::METHOD_NOT_ALLOWED, "this path takes other methods"),
    };
    response.field("Allow", methods.join(", "))
}

impl Service for Router {
    fn plan(&self, head: &Head<'_>) -> BodyPlan {
        match self.route(head) {
            Route::Handler(_) => BodyPlan::Collect,
            Route::OtherMethods(_) | Route::Site => BodyPlan::Discard,
        }
    }

    fn has_blocking(&self) -> bool {
        self.has_blocking
    }

    fn blocks(&self, request: &Request<'_>) -> bool {
        match request {
            Request::Http(request) => match self.route(request.head) {
                Route::Handler(route) => route.blocks,
                Route::OtherMethods(_) | Route::Site => false,
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
