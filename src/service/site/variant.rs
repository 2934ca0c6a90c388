//! Which variant of a file is sent: content codings (RFC 9110 8.4, 12.5.3).

use crate::http::coding::{self, Coding, Codings};
use crate::http::{Head, Seen, Status};
use crate::service::files::{Found, Variant};
use crate::service::response::Response;

/// Goes with every answer that another Accept-Encoding might have changed, so
/// that no cache takes one for the other (RFC 9110 12.5.5).
pub(super) const VARY: &[u8] = b"Vary: Accept-Encoding\r\n";

/// The variant for this request; `None`: what is there is not taken.
pub(super) fn chosen<'f>(found: &'f Found, head: &Head<'_>) -> Option<&'f Variant> {
    // The hot path: where there is one plain file nothing is asked.
    let plain = found.main.coding == Coding::Identity;
    if plain && (found.others.is_empty() || !head.line().seen.contains(Seen::ACCEPT_ENCODING)) {
        return Some(&found.main);
    }
    let there = found
        .variants()
        .fold(Codings::default(), |all, one| all.with(one.coding));
    let coding = coding::choose(head, there)?;
    found.variants().find(|variant| variant.coding == coding)
}

/// Where there is no plain file, and the client takes none of the others (RFC
/// 9110 15.5.7).
pub(super) fn not_acceptable() -> Response {
    let hint = "this file is here compressed alone, and the request takes none of its codings";
    Response::error(Status::NOT_ACCEPTABLE, hint).lines(VARY)
}
