//! F1: HTTP/1.1 and 1.0, one concern of the RFCs a file. Pure.

#[doc(hidden)]
pub mod access;
pub mod body;
pub mod coding;
pub mod condition;
pub mod credentials;
#[doc(hidden)]
pub mod date;
#[doc(hidden)]
pub mod error;
mod extension;
pub mod fields;
pub mod form;
#[doc(hidden)]
pub mod forwarded;
pub mod head;
#[doc(hidden)]
pub mod memo;
pub mod mime;
pub mod multipart;
pub mod parse;
pub mod range;
#[doc(hidden)]
pub mod response;
#[doc(hidden)]
pub mod seen;
#[doc(hidden)]
pub mod status;
pub mod target;

#[doc(inline)]
pub use date::HttpDate;
#[doc(inline)]
pub use error::HeadError;

#[doc(inline)]
pub use head::{FieldSpan, Framing, Head, Method, RequestLine, Span};
#[doc(inline)]
pub use memo::HeadMemo;
#[doc(inline)]
pub use response::{Connection, HeadWriter, error_page};
#[doc(inline)]
pub use seen::Seen;
#[doc(inline)]
pub use status::Status;
