//! The protocol's own answers as bytes, the same in both modes.

use super::replies::Replies;
use super::response::Response;
use crate::frame::{Framing, HEARTBEAT};
use crate::http::{Connection, HeadWriter, HttpDate, Method, Status, error_page};
use crate::session::Own;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// In seconds, when there may be memory again.
const RETRY_S: &[u8] = b"1";

/// Appends an answer that needs no service; a package in `framing`.
pub fn write(own: Own, date: &HttpDate, framing: &dyn Framing, replies: &mut Replies) {
    match own {
        Own::Continue => replies.bytes_mut().extend_from_slice(CONTINUE),
        Own::Heartbeat { tag } => {
            // A framing may have no heartbeats to answer with.
            let _ = replies.package(framing, HEARTBEAT, tag, &[]);
        }
        Own::Limited {
            method,
            connection,
            retry_s,
        } => {
            let hint = format!("this address asks for too much: try again in {retry_s} s");
            Response::error(Status::TOO_MANY_REQUESTS, &hint)
                .field("Retry-After", retry_s.to_string())
                .write(method, date, connection, replies);
        }
        Own::Refuse {
            method,
            status,
            hint,
        } => {
            let mut page = Vec::new();
            error_page(status, hint, &mut page);
            let head = HeadWriter::new(replies.bytes_mut(), status, date)
                .content_type("text/html; charset=utf-8")
                .length(page.len() as u64);
            let head = match status {
                Status::SERVICE_UNAVAILABLE => head.field("Retry-After", RETRY_S),
                _ => head,
            };
            head.finish(Connection::Close);
            if method != Some(Method::Head) {
                replies.bytes_mut().extend_from_slice(&page);
            }
        }
    }
}
