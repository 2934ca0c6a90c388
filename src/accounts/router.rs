//! The accounts as handlers: what a service merges.

use super::http;
use super::packages::{self, LOGIN, Login, REGISTER, Register};
use super::registry::Accounts;
use crate::service::Router;

impl Accounts {
    /// The handlers for `POST /api/register`, `POST /api/login`,
    /// `POST /api/logout` and `GET /api/me`, and those for the codes 5 and 6.
    /// They run on the pool in either mode.
    #[must_use]
    pub fn router(&self) -> Router {
        // Each handler has the accounts for itself.
        let [one, two, three, four, five, six] = [(); 6].map(|()| self.clone());
        Router::default()
            .message_typed(REGISTER, move |asked: Register, context| {
                Ok(packages::register(&one, &asked, context))
            })
            .message_typed(LOGIN, move |asked: Login, context| {
                Ok(packages::login(&two, &asked, context))
            })
            .http("POST", "/api/register", move |request, context| {
                http::register(&three, request, context)
            })
            .http("POST", "/api/login", move |request, context| {
                http::login(&four, request, context)
            })
            .http("POST", "/api/logout", move |request, context| {
                http::logout(&five, request, context)
            })
            .http("GET", "/api/me", move |request, context| {
                http::me(&six, request, context)
            })
            .layer_http(http::guard)
            .blocking()
    }
}
