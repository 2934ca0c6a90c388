//! Why a head is refused, and with which status.

use super::status::Status;

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// A line feed without its carriage return (RFC 9112 2.2).
    BareLineFeed,
    /// The request line is none (RFC 9112 3).
    RequestLine,
    /// A major version other than 1 (RFC 9110 15.6.6).
    Version,
    /// The request target is not of its grammar, or not for this method (RFC
    /// 9112 3.2).
    Target,
    /// The request target is one of `https`, which is not spoken here (RFC 9110
    /// 7.4).
    Scheme,
    /// A field line is not of its grammar: no blank ahead of the colon, no line
    /// that goes on with a blank (RFC 9112 5.1, 5.2), no NUL or bare CR in a value
    /// (RFC 9110 5.5).
    Field,
    /// More field lines than are taken (RFC 6585 5).
    TooManyFields,
    /// The head is over its limit, and already its first line is (RFC 9112 3).
    TargetTooLong,
    /// The head is over its limit.
    FieldsTooLarge,
    /// Host is missing, there twice, or not of its grammar (RFC 9112 3.2).
    Host,
    /// Content-Length is no number in digits, or there twice (RFC 9112 6.3).
    ContentLength,
    /// Transfer-Encoding is not exactly `chunked`, or where it must not be (RFC
    /// 9112 6.1).
    TransferEncoding,
    /// A transfer coding that this server does not know (RFC 9112 6.1).
    UnknownCoding,
    /// An expectation other than `100-continue` (RFC 9110 10.1.1).
    Expectation,
}

impl HeadError {
    /// Which of the two limits it was: that of a line, if `input` has no whole
    /// line, or that of the fields.
    #[must_use]
    pub fn too_long(input: &[u8]) -> HeadError {
        match memchr::memchr(b'\n', input) {
            None => HeadError::TargetTooLong,
            Some(_) => HeadError::FieldsTooLarge,
        }
    }

    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            HeadError::Scheme => Status::MISDIRECTED_REQUEST,
            HeadError::Version => Status::VERSION_NOT_SUPPORTED,
            HeadError::TargetTooLong => Status::URI_TOO_LONG,
            HeadError::TooManyFields | HeadError::FieldsTooLarge => Status::HEADER_FIELDS_TOO_LARGE,
            HeadError::UnknownCoding => Status::NOT_IMPLEMENTED,
            HeadError::Expectation => Status::EXPECTATION_FAILED,
            _ => Status::BAD_REQUEST,
        }
    }

    /// What was wrong, for the person who looks at the answer.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            HeadError::BareLineFeed => "lines end in CRLF",
            HeadError::RequestLine => "the request line is not: method target HTTP/1.1",
            HeadError::Version => "this server speaks HTTP/1.1 and HTTP/1.0",
            HeadError::Target => "the request target is not one that this server takes",
            HeadError::Scheme => "this is not a secured connection: ask for http:// here",
            HeadError::Field => "a field line is malformed",
            HeadError::TooManyFields => "there are too many field lines",
            HeadError::TargetTooLong => "the request line is too long",
            HeadError::FieldsTooLarge => "the field lines are too long",
            HeadError::Host => "exactly one Host field with a valid host is needed",
            HeadError::ContentLength => "Content-Length must be one number in digits",
            HeadError::TransferEncoding => {
                "Transfer-Encoding must be exactly chunked, without Content-Length"
            }
            HeadError::UnknownCoding => "this transfer coding is not known",
            HeadError::Expectation => "the only expectation is 100-continue",
        }
    }
}
