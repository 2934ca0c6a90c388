//! Which handler a path and a method have.
//!
//! The path decides first, then the method. A path without names is found by
//! one look into a hash map; only one that is not there is held against the
//! patterns, one after the other, the one that says more first.

use super::context::Context;
use super::pattern::Pattern;
use super::response::Response;
use crate::http::{Head, Method, Status, target};
use crate::session::HttpRequest;
use std::collections::HashMap;

/// Answers a request.
pub(super) type HttpHandler =
    Box<dyn Fn(&HttpRequest<'_>, &mut Context<'_>) -> Response + Send + Sync>;

pub(super) struct HttpRoute {
    pub(super) method: Method,
    pub(super) name: &'static str,
    pub(super) blocks: bool,
    pub(super) handler: HttpHandler,
}

/// Handlers by path and method.
#[derive(Default)]
pub(super) struct Routes {
    exact: HashMap<Vec<u8>, Vec<HttpRoute>>,
    /// Sorted by rank, so the first one that matches counts.
    patterns: Vec<(Pattern, Vec<HttpRoute>)>,
}

/// What a path and a method lead to.
pub(super) enum Found<'a> {
    /// A handler, and the pattern that led to it.
    Handler(&'a HttpRoute, Option<&'a Pattern>),
    /// The path is known with these methods alone.
    OtherMethods(Vec<&'static str>),
    Nothing,
}

impl Routes {
    /// Whoever a request is for. A server of files alone has no routes, and
    /// pays nothing for the look.
    #[inline]
    pub(super) fn of(&self, head: &Head<'_>) -> Found<'_> {
        if self.exact.is_empty() && self.patterns.is_empty() {
            return Found::Nothing;
        }
        self.seek(head)
    }

    #[inline(never)]
    fn seek(&self, head: &Head<'_>) -> Found<'_> {
        let mut scratch = Vec::new();
        match target::path(head, &mut scratch) {
            Ok(path) => self.find(path.decoded, head.method()),
            Err(_) => Found::Nothing,
        }
    }

    /// Adds a handler.
    ///
    /// # Panics
    /// If the path has a handler for this method, or is another one's but for
    /// its names.
    pub(super) fn add(&mut self, path: &str, route: HttpRoute) {
        if Pattern::is_one(path) {
            self.add_pattern(Pattern::new(path), route);
        } else {
            let routes = self.exact.entry(path.as_bytes().to_vec()).or_default();
            push(routes, route, path);
        }
    }

    fn add_pattern(&mut self, pattern: Pattern, route: HttpRoute) {
        if let Some((known, routes)) = self.patterns.iter_mut().find(|(p, _)| p.is_like(&pattern)) {
            let (one, other) = (known.text(), pattern.text());
            assert!(
                one == other,
                "{one:?} and {other:?} are the same paths: name their parts alike"
            );
            return push(routes, route, other);
        }
        let rank = pattern.rank();
        let at = self.patterns.partition_point(|(p, _)| p.rank() <= rank);
        self.patterns.insert(at, (pattern, vec![route]));
    }

    /// Adds all of another table.
    ///
    /// # Panics
    /// As [`Routes::add`].
    pub(super) fn merge(&mut self, other: Routes) {
        for (path, routes) in other.exact {
            let path = String::from_utf8_lossy(&path);
            for route in routes {
                self.add(&path, route);
            }
        }
        for (pattern, routes) in other.patterns {
            for route in routes {
                self.add(pattern.text(), route);
            }
        }
    }

    /// All handlers, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut HttpRoute> {
        let patterns = self.patterns.iter_mut().flat_map(|(_, routes)| routes);
        self.exact.values_mut().flatten().chain(patterns)
    }

    /// Puts every handler into another one.
    pub(super) fn wrap(&mut self, mut with: impl FnMut(HttpHandler) -> HttpHandler) {
        let all = self.exact.values_mut();
        for routes in all.chain(self.patterns.iter_mut().map(|(_, routes)| routes)) {
            let wrapped = routes.drain(..).map(|route| HttpRoute {
                handler: with(route.handler),
                ..route
            });
            *routes = wrapped.collect();
        }
    }

    /// What a decoded path and a method lead to.
    pub(super) fn find(&self, path: &[u8], wanted: Method) -> Found<'_> {
        let (routes, pattern) = match self.exact.get(path) {
            Some(routes) => (routes, None),
            None => match self.patterns.iter().find(|(p, _)| p.matches(path)) {
                Some((pattern, routes)) => (routes, Some(pattern)),
                None => return Found::Nothing,
            },
        };
        let with = |method| routes.iter().find(move |route| route.method == method);
        // HEAD is answered as GET, without the body (RFC 9110 9.3.2).
        let as_get = || with(Method::Get).filter(|_| wanted == Method::Head);
        match with(wanted).or_else(as_get) {
            Some(route) => Found::Handler(route, pattern),
            None => Found::OtherMethods(routes.iter().map(|route| route.name).collect()),
        }
    }
}

/// The answer where a path is known and its method is not (RFC 9110 15.5.6);
/// OPTIONS is told the same as good news.
pub(super) fn method_not_allowed(method: Method, allow: &[&'static str]) -> Response {
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

fn push(routes: &mut Vec<HttpRoute>, route: HttpRoute, path: &str) {
    let name = route.name;
    let is_new = routes.iter().all(|known| known.method != route.method);
    assert!(is_new, "{name} {path} has two handlers");
    routes.push(route);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(paths: &[(&'static str, &str)]) -> Routes {
        let mut routes = Routes::default();
        for &(name, path) in paths {
            let method = Method::parse(name.as_bytes());
            let handler = Box::new(|_: &HttpRequest<'_>, _: &mut Context<'_>| Response::text(""));
            let route = HttpRoute {
                method,
                name,
                blocks: false,
                handler,
            };
            routes.add(path, route);
        }
        routes
    }

    #[test]
    fn what_says_more_wins_whatever_the_order() {
        let mut paths = [
            ("GET", "/cups/new"),
            ("GET", "/cups/{id}"),
            ("GET", "/{shelf}/new"),
            ("GET", "/{shelf}/{id}"),
            ("GET", "/{path..}"),
        ];
        for _ in 0..paths.len() {
            paths.rotate_left(1);
            let routes = routes(&paths);
            for (path, expected) in [
                ("/cups/new", None),
                ("/cups/7", Some("/cups/{id}")),
                ("/jugs/new", Some("/{shelf}/new")),
                ("/jugs/7", Some("/{shelf}/{id}")),
                ("/jugs", Some("/{path..}")),
                ("/jugs/7/lid", Some("/{path..}")),
            ] {
                let Found::Handler(_, pattern) = routes.find(path.as_bytes(), Method::Head) else {
                    panic!("{path} has a handler");
                };
                assert_eq!(pattern.map(Pattern::text), expected, "{path}");
            }
            assert!(matches!(routes.find(b"/", Method::Get), Found::Nothing));
        }
    }

    #[test]
    fn the_path_decides_before_the_method() {
        let routes = routes(&[("GET", "/cups/new"), ("PUT", "/cups/{id}")]);
        let Found::OtherMethods(allow) = routes.find(b"/cups/new", Method::Put) else {
            panic!("the exact path has no PUT");
        };
        assert_eq!(allow, ["GET"]);
    }

    #[test]
    fn conflicts_are_told_at_the_start() {
        for (one, other) in [
            (("GET", "/cups"), ("GET", "/cups")),
            (("GET", "/cups/{id}"), ("GET", "/cups/{id}")),
            (("GET", "/cups/{id}"), ("PUT", "/cups/{name}")),
        ] {
            assert!(std::panic::catch_unwind(|| routes(&[one, other])).is_err());
            let merged = || routes(&[one]).merge(routes(&[other]));
            assert!(
                std::panic::catch_unwind(merged).is_err(),
                "{one:?} {other:?}"
            );
        }
        let mut fine = routes(&[("GET", "/cups/{id}")]);
        fine.merge(routes(&[("PUT", "/cups/{id}"), ("GET", "/cups/{id..}")]));
        assert_eq!(fine.all_mut().count(), 3);
    }
}
