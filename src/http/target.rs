//! The request target (RFC 9112 3.2): its forms, and the path in it.

use super::error::HeadError;
use super::head::{Head, Method};
use super::status::Status;
use crate::base::limits::PATH_BYTES_MAX;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// A percent sign without its two hex digits.
    BadPercent,
    /// A decoded NUL or other control byte.
    Control,
    /// An encoded slash: decoded, it would become a separator that nobody
    /// between the client and here has seen.
    EncodedSlash,
    /// The path climbs above the root.
    AboveRoot,
    /// The path is too long for any file.
    TooLong,
}

impl TargetError {
    /// The status to answer with: the target is malformed, or longer than it is
    /// taken (RFC 9110 15.5.1, 15.5.15).
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            TargetError::TooLong => Status::URI_TOO_LONG,
            _ => Status::BAD_REQUEST,
        }
    }
}

/// What is known of a target once it was checked.
pub(super) struct Form<'a> {
    /// The authority of an absolute-form or authority-form target.
    pub(super) authority: Option<&'a [u8]>,
    /// It is a path that names what it says.
    pub(super) plain_path: bool,
}

/// Checks a target's grammar and whether its form is for this method.
pub(super) fn check(method: Method, target: &[u8]) -> Result<Form<'_>, HeadError> {
    let kinds = target
        .iter()
        .fold(0, |kinds, &byte| kinds | KIND[usize::from(byte)]);
    if kinds & FORBIDDEN != 0 || (kinds & (IN_QUERY | SPECIAL) != 0 && !is_path_sound(target)) {
        return Err(HeadError::Target);
    }
    let authority = match (method, target) {
        (Method::Connect, authority) if is_authority(authority) => Some(authority),
        (Method::Connect, _) => return Err(HeadError::Target),
        (_, [b'/', ..]) => {
            let plain_path = kinds & SPECIAL == 0 && !has_odd_segment(target);
            return Ok(Form {
                authority: None,
                plain_path,
            });
        }
        (Method::Options, b"*") => None,
        _ => match (absolute(target), without_scheme(target, b"https://")) {
            (Some((authority, _)), _) if is_authority(authority) => Some(authority),
            // RFC 9110 7.4: not on a connection that is not secured.
            (None, Some(_)) => return Err(HeadError::Scheme),
            _ => return Err(HeadError::Target),
        },
    };
    Ok(Form {
        authority,
        plain_path: false,
    })
}

/// Ahead of the query, nothing stands that may stand in a query alone, and each
/// percent sign has its two digits (RFC 3986 2.1). In a query browsers send it by
/// itself as well, and there it is for a handler to read.
fn is_path_sound(target: &[u8]) -> bool {
    let end = memchr::memchr(b'?', target).unwrap_or(target.len());
    let path = &target[..end];
    let is_of_paths = |&byte: &u8| KIND[usize::from(byte)] & IN_QUERY == 0;
    path.iter().all(is_of_paths) && has_good_percents(path)
}

/// A segment that is empty (but for the last), or begins with a dot.
fn has_odd_segment(path: &[u8]) -> bool {
    path.windows(2)
        .any(|pair| matches!(pair, [b'/', b'/' | b'.']))
}

/// The byte may not stand in a target.
const FORBIDDEN: u8 = 1;
/// The byte means more than itself in a path.
const SPECIAL: u8 = 2;
/// The byte may stand in a registered name. A comma, though RFC 3986 has it in
/// names, is taken for the mark of two hosts.
const IN_NAME: u8 = 4;
/// The byte may stand in a query: browsers leave it there as it is (the URL
/// standard, percent-encoded bytes), though RFC 3986 does not.
const IN_QUERY: u8 = 8;

/// What each byte is. In a target stand those of RFC 3986, and a few that
/// browsers send unencoded and that cannot be mistaken for anything.
const KIND: [u8; 256] = {
    let mut kinds = [FORBIDDEN; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        kinds[byte] = match byte as u8 {
            b'"' | b'#' | b'<' | b'>' => FORBIDDEN,
            b'\\' | b'^' | b'`' | b'{' | b'}' => IN_QUERY,
            b'%' | b'?' => SPECIAL,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' => IN_NAME,
            b'(' | b')' | b'*' | b'+' | b';' | b'=' => IN_NAME,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => IN_NAME,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Splits an absolute-form target into authority and the rest.
fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = without_scheme(target, b"http://")?;
    let end = rest
        .iter()
        .position(|&byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// What follows the scheme, which is in any case.
fn without_scheme<'a>(target: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = target.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The path that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// Decoded and resolved, as [`decode`] has it.
    pub decoded: &'a [u8],
    /// What follows the question mark, as it came.
    pub query: Option<&'a [u8]>,
    /// It names something hidden, as [`is_hidden`] has it.
    pub hidden: bool,
}

/// The target of a head, if it is a path that names what it says: nothing in
/// it is to be decoded, resolved or hidden, and no query follows.
#[inline]
#[must_use]
pub fn plain<'a>(head: &Head<'a>) -> Option<&'a [u8]> {
    let target = head.target();
    (head.line().plain_path && target.len() <= PATH_BYTES_MAX).then_some(target)
}

/// The path of a head's target. `scratch` holds it where it had to be decoded.
///
/// # Errors
/// [`TargetError`].
pub fn path<'a>(head: &Head<'a>, scratch: &'a mut Vec<u8>) -> Result<Path<'a>, TargetError> {
    if let Some(decoded) = plain(head) {
        return Ok(Path {
            decoded,
            query: None,
            hidden: false,
        });
    }
    let target = head.target();
    let (raw, query) = path_of(target);
    let decoded = decode(raw, scratch)?;
    let hidden = is_hidden(decoded);
    Ok(Path {
        decoded,
        query,
        hidden,
    })
}

/// Path and query of a target that was checked. The path of an absolute-form
/// target without one is `/`.
#[must_use]
pub fn path_of(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let rest = match target {
        [b'/', ..] => target,
        _ => absolute(target).map_or(target, |(_, rest)| rest),
    };
    let (path, query) = match memchr::memchr(b'?', rest) {
        Some(mark) => (&rest[..mark], Some(&rest[mark + 1..])),
        None => (rest, None),
    };
    (if path.is_empty() { b"/" } else { path }, query)
}

/// The path as a file system would have it: percent-decoded once, then without
/// empty, `.` and `..` segments. It begins with `/`; a `/` at its end stays. A
/// path that is so already is returned as it is; else `scratch` holds the
/// result. A backslash is a byte like any other.
///
/// # Errors
/// [`TargetError`].
pub fn decode<'a>(path: &'a [u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8], TargetError> {
    let decoded = if is_plain(path) {
        path
    } else {
        resolve(&percent_decode(path)?, scratch)?;
        &scratch[..]
    };
    match decoded.len() {
        0..=PATH_BYTES_MAX => Ok(decoded),
        _ => Err(TargetError::TooLong),
    }
}

/// Puts a decoded path into `out` without its empty, `.` and `..` segments.
///
/// # Errors
/// [`TargetError::AboveRoot`].
pub fn resolve(decoded: &[u8], out: &mut Vec<u8>) -> Result<(), TargetError> {
    out.clear();
    for segment in decoded.split(|&byte| byte == b'/').skip(1) {
        match segment {
            b"" | b"." => {}
            b".." => {
                let parent = out.iter().rposition(|&byte| byte == b'/');
                out.truncate(parent.ok_or(TargetError::AboveRoot)?);
            }
            name => {
                out.push(b'/');
                out.extend_from_slice(name);
            }
        }
    }
    let folder = matches!(
        decoded.rsplit(|&byte| byte == b'/').next(),
        Some(b"" | b"." | b"..")
    );
    if folder || out.is_empty() {
        out.push(b'/');
    }
    Ok(())
}

/// Nothing to decode, to resolve or to collapse.
fn is_plain(path: &[u8]) -> bool {
    let mut previous = 0;
    for &byte in path {
        if byte == b'%' || (previous == b'/' && matches!(byte, b'/' | b'.')) {
            return false;
        }
        previous = byte;
    }
    path.first() == Some(&b'/')
}

fn percent_decode(path: &[u8]) -> Result<Vec<u8>, TargetError> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|&byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(TargetError::BadPercent);
        };
        match (high * 16 + low) as u8 {
            b'/' => return Err(TargetError::EncodedSlash),
            0..=0x1f | 0x7f => return Err(TargetError::Control),
            plain => decoded.push(plain),
        }
    }
    Ok(decoded)
}

/// Whether a decoded path names something hidden: a segment that begins with a
/// dot, but for `.well-known` (RFC 8615).
#[must_use]
pub fn is_hidden(path: &[u8]) -> bool {
    let hidden = |segment: &[u8]| segment.starts_with(b".") && segment != b".well-known";
    memchr::memmem::find(path, b"/.").is_some() && path.split(|&byte| byte == b'/').any(hidden)
}

/// Percent-encodes a decoded path, for a Location. It begins with one slash,
/// never two: `//host` would lead elsewhere.
pub fn encode_path(path: &[u8], out: &mut Vec<u8>) {
    let rest = path
        .iter()
        .position(|&byte| byte != b'/')
        .map_or(&[][..], |at| &path[at..]);
    out.push(b'/');
    encode(rest, PATH_MARKS, out);
}

/// What stands for itself in the path of a URI, beside letters and digits
/// (RFC 3986 3.3).
pub const PATH_MARKS: &[u8] = b"/-._~!$&'()*+,;=:@";

/// Percent-encodes all but letters, digits and the `plain` marks.
pub fn encode(text: &[u8], plain: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(byte);
        } else {
            let (high, low) = (byte >> 4, byte & 15);
            out.extend_from_slice(&[b'%', HEX[usize::from(high)], HEX[usize::from(low)]]);
        }
    }
}

/// Whether `text` is a host with an optional port in digits (RFC 3986 3.2.2),
/// without userinfo.
pub(super) fn is_authority(text: &[u8]) -> bool {
    let end = match text {
        [b'[', ..] => match memchr::memchr(b']', text) {
            Some(bracket) => bracket + 1,
            None => return false,
        },
        name => {
            let in_name = |&byte: &u8| KIND[usize::from(byte)] & IN_NAME != 0;
            name.iter()
                .position(|byte| !in_name(byte) && *byte != b'%')
                .unwrap_or(name.len())
        }
    };
    let (host, port) = text.split_at(end);
    let port_is_good = match port {
        [] => true,
        [b':', digits @ ..] => is_port(digits),
        _ => false,
    };
    let host_is_good = match host {
        [] => false,
        [b'[', inner @ .., b']'] => is_ip_literal(inner),
        name => has_good_percents(name),
    };
    port_is_good && host_is_good
}

/// Digits, perhaps none (RFC 3986 3.2.3), of a port that there is: what does
/// not fit 16 bits is another port to those who cut it off.
fn is_port(digits: &[u8]) -> bool {
    let number = std::str::from_utf8(digits).map(str::parse::<u16>);
    digits.iter().all(u8::is_ascii_digit) && (digits.is_empty() || matches!(number, Ok(Ok(_))))
}

fn is_ip_literal(inner: &[u8]) -> bool {
    if let [b'v' | b'V', rest @ ..] = inner {
        let Some(dot) = memchr::memchr(b'.', rest) else {
            return false;
        };
        let (version, address) = (&rest[..dot], &rest[dot + 1..]);
        let plain = |&byte: &u8| is_unreserved(byte) || is_sub_delim(byte) || byte == b':';
        return !version.is_empty()
            && version.iter().all(u8::is_ascii_hexdigit)
            && !address.is_empty()
            && address.iter().all(plain);
    }
    std::str::from_utf8(inner).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

/// Every percent sign has its two hex digits (RFC 3986 2.1).
fn has_good_percents(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        match &rest[at + 1..] {
            [high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = tail;
            }
            _ => return false,
        }
    }
    true
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_sub_delim(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_decode(path: &str, expected: Result<&str, TargetError>) {
        let mut scratch = Vec::new();
        let got = decode(path.as_bytes(), &mut scratch);
        assert_eq!(got, expected.map(str::as_bytes), "{path:?}");
    }

    #[test]
    fn paths_are_decoded_once_then_resolved() {
        for (path, expected) in [
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("/a/b.html", "/a/b.html"),
            ("//a///b", "/a/b"),
            ("/a//", "/a/"),
            ("/./a/.", "/a/"),
            ("/a/../b", "/b"),
            ("/a/b/..", "/a/"),
            ("/a/..", "/"),
            ("/%61", "/a"),
            ("/a%20b", "/a b"),
            ("/%2e/a", "/a"),
            ("/a/%2e%2E/b", "/b"),
            ("/%252e%252e/", "/%2e%2e/"),
            ("/...", "/..."),
            ("/a..b", "/a..b"),
            ("/..a", "/..a"),
            ("/%5c..%5c", "/\\..\\"),
            ("/%c3%a9", "/é"),
            ("/a.", "/a."),
            ("/.hidden", "/.hidden"),
        ] {
            check_decode(path, Ok(expected));
        }
    }

    #[test]
    fn paths_that_are_refused() {
        for (path, expected) in [
            ("/..", TargetError::AboveRoot),
            ("/../a", TargetError::AboveRoot),
            ("/a/../..", TargetError::AboveRoot),
            ("/%2e%2e/a", TargetError::AboveRoot),
            ("/.%2e/", TargetError::AboveRoot),
            ("/a%2fb", TargetError::EncodedSlash),
            ("/..%2F", TargetError::EncodedSlash),
            ("/a%00", TargetError::Control),
            ("/a%0d%0a", TargetError::Control),
            ("/%7f", TargetError::Control),
            ("/%", TargetError::BadPercent),
            ("/%2", TargetError::BadPercent),
            ("/%zz", TargetError::BadPercent),
        ] {
            check_decode(path, Err(expected));
        }
    }

    #[test]
    fn a_path_is_too_long_when_it_is_decoded_and_resolved() {
        let longest = format!("/{}", "a".repeat(PATH_BYTES_MAX - 1));
        check_decode(&longest, Ok(&longest));
        check_decode(&format!("/./b//../{}", &longest[1..]), Ok(&longest));
        check_decode(&longest.replace('a', "%61"), Ok(&longest));
        check_decode(&format!("{longest}a"), Err(TargetError::TooLong));
        check_decode(&format!("{longest}%61"), Err(TargetError::TooLong));
        assert_eq!(TargetError::TooLong.status(), Status::URI_TOO_LONG);
        assert_eq!(TargetError::Control.status(), Status::BAD_REQUEST);
    }

    #[test]
    fn path_and_query() {
        let check = |target: &str, path: &str, query: Option<&str>| {
            let expected = (path.as_bytes(), query.map(str::as_bytes));
            assert_eq!(path_of(target.as_bytes()), expected, "{target:?}");
        };
        check("/a?b?c", "/a", Some("b?c"));
        check("/a", "/a", None);
        check("/?", "/", Some(""));
        check("http://host", "/", None);
        check("HTTP://host?q", "/", Some("q"));
        check("http://host:80/a/b?q", "/a/b", Some("q"));
    }

    #[test]
    fn hidden_names() {
        for hidden in ["/.git", "/a/.env", "/.a/b", "/..."] {
            assert!(is_hidden(hidden.as_bytes()), "{hidden}");
        }
        for shown in ["/", "/a.b", "/a./b", "/.well-known/acme", "/a/.well-known/"] {
            assert!(!is_hidden(shown.as_bytes()), "{shown}");
        }
    }

    #[test]
    fn a_location_never_leads_elsewhere() {
        let check = |path: &[u8], expected: &str| {
            let mut out = Vec::new();
            encode_path(path, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        };
        check(b"/a b", "/a%20b");
        check(b"//evil.example", "/evil.example");
        check(b"/\\evil", "/%5Cevil");
        check("/é?#".as_bytes(), "/%C3%A9%3F%23");
        check(b"/\r\nSet-Cookie: a", "/%0D%0ASet-Cookie:%20a");
        check(b"", "/");
    }
}
