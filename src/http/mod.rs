//! F1: HTTP/1.1 and 1.0, one concern of the RFCs a file. Pure.

pub mod body;
pub mod condition;
pub mod date;
pub mod error;
pub mod fields;
pub mod form;
pub mod head;
pub mod memo;
pub mod mime;
pub mod parse;
pub mod range;
pub mod response;
pub mod seen;
pub mod status;
pub mod target;

pub use date::HttpDate;
pub use error::HeadError;

pub use head::{FieldSpan, Framing, Head, Method, RequestLine, Span};
pub use memo::HeadMemo;
pub use response::{Connection, HeadWriter, error_page};
pub use seen::Seen;
pub use status::Status;
