//! F3: how the server is doing, for people and for scrapers, on a path of its
//! own ahead of whatever else is served. Pure.
//!
//! ```text
//!  PATH              a page that a person looks at
//!  PATHstatus.json   the numbers
//!  PATHmetrics       the same for Prometheus
//!  PATHhealth        200: the loops turn
//!  PATHready         200: connections are accepted; 503: it is going away
//! ```

mod metrics;
mod snapshot;

pub use snapshot::{Counted, LATENCY_BOUNDS_US, LATENCY_BUCKETS, LoopSnapshot, Snapshot, Watch};

use super::{Context, Response, Service};
use crate::http::{Head, Method, Status, target};
use crate::session::{BodyPlan, CloseReason, Flow, HttpRequest, Request};
use std::net::SocketAddr;
use std::sync::Arc;

/// What there is below the path.
const NAMES: [&[u8]; 5] = [b"", b"status.json", b"metrics", b"health", b"ready"];

const PAGE: &str = include_str!("page.html");

/// A service with the status in front of it.
pub struct StatusPage {
    path: Box<[u8]>,
    public: bool,
    watch: Arc<dyn Watch>,
    inner: Arc<dyn Service>,
}

impl StatusPage {
    /// The status at `path`, which begins and ends with a slash, for clients
    /// of this machine alone unless `public`; everything else is for `inner`.
    #[must_use]
    pub fn new(
        path: &str,
        public: bool,
        watch: Arc<dyn Watch>,
        inner: Arc<dyn Service>,
    ) -> StatusPage {
        StatusPage {
            path: path.as_bytes().into(),
            public,
            watch,
            inner,
        }
    }

    /// What is asked for below the path, if it is this page's to answer.
    fn below<'a>(&self, head: &Head<'a>) -> Option<&'a [u8]> {
        let path = target::plain(head)?;
        let name = path.strip_prefix(&*self.path)?;
        NAMES.contains(&name).then_some(name)
    }

    fn answer(&self, name: &[u8], request: &HttpRequest<'_>) -> Response {
        if !matches!(request.head.method(), Method::Get | Method::Head) {
            let hint = "the status is for GET and HEAD";
            return Response::error(Status::METHOD_NOT_ALLOWED, hint).field("Allow", "GET, HEAD");
        }
        let response = match name {
            b"" => Response::new("text/html; charset=utf-8", PAGE.as_bytes()),
            b"status.json" => Response::json(&self.watch.snapshot()),
            b"metrics" => match metrics::text(self.watch.snapshot()) {
                Ok(text) => Response::new(metrics::MEDIA_TYPE, text.into_bytes()),
                Err(_) => Response::error(Status::INTERNAL_SERVER_ERROR, ""),
            },
            b"health" if self.watch.is_healthy() => Response::text("ok\n"),
            b"health" => {
                let hint = "a loop does not turn: one of its handlers holds it up";
                Response::error(Status::SERVICE_UNAVAILABLE, hint)
            }
            b"ready" if self.watch.is_ready() => Response::text("ready\n"),
            _ => Response::error(Status::SERVICE_UNAVAILABLE, "the server is going away"),
        };
        response.field("Cache-Control", "no-store")
    }
}

impl Service for StatusPage {
    fn plan(&self, head: &Head<'_>) -> BodyPlan {
        match self.below(head) {
            Some(_) => BodyPlan::Discard,
            None => self.inner.plan(head),
        }
    }

    fn has_blocking(&self) -> bool {
        self.inner.has_blocking()
    }

    fn repeats_files(&self) -> bool {
        self.inner.repeats_files()
    }

    fn attends(&self) -> bool {
        self.inner.attends()
    }

    fn blocks(&self, request: &Request<'_>) -> bool {
        match request {
            Request::Http(http) if self.below(http.head).is_some() => false,
            _ => self.inner.blocks(request),
        }
    }

    fn call(&self, request: &Request<'_>, context: &mut Context<'_>) -> Flow {
        let asked = match request {
            Request::Http(http) => self.below(http.head).map(|name| (http, name)),
            Request::Package(_) => None,
        };
        match asked {
            Some((http, name)) if self.public || is_here(context.address) => {
                let response = self.answer(name, http);
                context.respond(http, &response);
                Flow::Continue
            }
            _ => self.inner.call(request, context),
        }
    }

    fn timer(&self, context: &mut Context<'_>) -> Flow {
        self.inner.timer(context)
    }

    fn connected(&self, context: &mut Context<'_>) {
        self.inner.connected(context);
    }

    fn closed(&self, reason: CloseReason, context: &mut Context<'_>) {
        self.inner.closed(reason, context);
    }
}

/// Whether a client is on this machine.
fn is_here(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn here_is_this_machine_alone() {
        for (address, here) in [
            ("127.0.0.1:9", true),
            ("127.8.8.8:9", true),
            ("[::1]:9", true),
            ("[::ffff:127.0.0.1]:9", true),
            ("10.0.0.1:9", false),
            ("[::ffff:10.0.0.1]:9", false),
            ("[fe80::1]:9", false),
        ] {
            let parsed = address.parse().expect("an address");
            assert_eq!(is_here(parsed), here, "{address}");
        }
    }
}
