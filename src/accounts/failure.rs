//! What has failed where nobody who asks is at fault.

use crate::http::Status;
use crate::service::Response;
use std::fmt;

/// Why a store, or what accounts need beside it, has failed; for the log, not
/// for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(String);

impl StoreError {
    /// `why`, in one line.
    #[must_use]
    pub fn new(why: impl Into<String>) -> StoreError {
        StoreError(why.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}

/// `503 Service Unavailable`, so that handlers can use `?`.
impl From<StoreError> for Response {
    fn from(_: StoreError) -> Response {
        Response::from(Status::SERVICE_UNAVAILABLE).field("Retry-After", "1")
    }
}
