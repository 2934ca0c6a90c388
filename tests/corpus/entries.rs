//! The pure entries: what reads bytes that a stranger sent, each held to what
//! must be true of anything it makes of them.
//!
//! `tests/corpus.rs` runs them over the corpus and mutants of it, `fuzz/` for
//! as long as one likes.

use crate::samples::rig::{Offer, Rig};
use crate::samples::{self, Spoken};
use pelton::base::limits::{HEAD_BYTES_MAX, PACKAGE_BYTES_DEFAULT, PATH_BYTES_MAX, RANGES_MAX};
use pelton::config;
use pelton::frame::{Framing, HEAD8, HEAD16, Read};
use pelton::http::body::{Body, Chunked};
use pelton::http::coding::{self, Coding, Codings};
use pelton::http::condition::{self, Validators};
use pelton::http::head::{Head, HeadRoom};
use pelton::http::multipart::{Boundary, Multipart};
use pelton::http::parse::{End, find_end, parse};
use pelton::http::range::{self, Ranged};
use pelton::http::{HttpDate, date, form, target};
use pelton::session::{Protocol, Rules};

/// Takes any bytes; panics where something is not as it has to be.
pub type Entry = fn(&[u8]);

/// Every entry, with the name of its corpus.
pub const ENTRIES: [(&str, Entry); 12] = [
    ("head", head),
    ("chunked", chunked),
    ("target", path_of_target),
    ("range", byte_range),
    ("condition", conditions),
    ("coding", accept_encoding),
    ("date", http_date),
    ("form", pairs),
    ("head8", head8),
    ("head16", head16),
    ("session", session),
    ("config", settings),
];

/// Where a head ends does not depend on how it comes in; what is in it keeps to
/// the grammar, and is the same when it is read again.
pub fn head(input: &[u8]) {
    let whole = find_end(input, 0);
    let mut scanned = 0;
    let mut dripped = Ok(End::NotYet { scanned });
    for end in 0..=input.len() {
        dripped = find_end(&input[..end], scanned);
        match dripped {
            Ok(End::NotYet { scanned: so_far }) => scanned = so_far,
            _ => break,
        }
    }
    assert_eq!(whole, dripped);
    let Ok(End::At(end)) = whole else {
        return;
    };
    if end > HEAD_BYTES_MAX {
        return;
    }
    let (mut room, mut again) = (HeadRoom::new(), HeadRoom::new());
    let Ok(head) = parse(&input[..end], &mut room) else {
        return;
    };
    check_grammar(&head);
    let again = parse(&input[..end], &mut again).expect("as before");
    assert_eq!(format!("{:?}", again.line()), format!("{:?}", head.line()));
    assert_eq!(again.field_spans(), head.field_spans());
}

fn check_grammar(head: &Head<'_>) {
    let is_token = |name: &[u8]| !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    assert!(is_token(head.method_name()));
    assert!(is_token(head.target()));
    for (name, value) in head.fields() {
        assert!(is_token(name) && !name.contains(&b':'));
        let is_control = |byte: &u8| matches!(byte, 0..=8 | 10..=31 | 127);
        assert!(!value.iter().any(is_control), "{}", value.escape_ascii());
    }
    assert!(head.version_minor() == 0 || head.host().is_some(), "a host");
    let both = head.field("content-length").is_some() && head.field("transfer-encoding").is_some();
    assert!(!both, "two lengths");
}

/// A chunked body comes to the same however it is cut.
pub fn chunked(input: &[u8]) {
    let whole = decode(input, input.len().max(1));
    let dripped = decode(input, 1);
    assert_eq!(whole.is_err(), dripped.is_err());
    if whole.is_ok() {
        assert_eq!(whole, dripped);
    }
}

/// The data, how much of the input was taken, and whether the body is whole.
fn decode(input: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), ()> {
    let mut body = Body::Chunked(Chunked::new());
    let (mut data, mut at) = (Vec::new(), 0);
    while at < input.len() && !body.is_done() {
        let offered = &input[at..input.len().min(at + step)];
        let piece = body.decode(offered).map_err(|_| ())?;
        assert!(piece.consumed > 0 && piece.consumed <= offered.len());
        assert!(piece.data.end <= piece.consumed);
        data.extend_from_slice(&offered[piece.data]);
        at += piece.consumed;
    }
    Ok((data, at, body.is_done()))
}

/// A path stays below the root, and is the same once more when it is written
/// into a Location and read back.
pub fn path_of_target(input: &[u8]) {
    let mut scratch = Vec::new();
    with_head(&[b"GET ", input, b" HTTP/1.1\r\nHost: a\r\n\r\n"], |head| {
        if let Ok(path) = target::path(head, &mut scratch) {
            check_path(path.decoded);
            assert!(path.hidden || !target::is_hidden(path.decoded));
        }
    });
    if input.iter().any(u8::is_ascii_control) {
        return; // a target that was checked has none
    }
    let mut scratch = Vec::new();
    if let Ok(path) = target::decode(input, &mut scratch) {
        check_path(path);
    }
}

fn check_path(path: &[u8]) {
    assert_eq!(path.first(), Some(&b'/'));
    let mut segments: Vec<&[u8]> = path[1..].split(|&byte| byte == b'/').collect();
    if segments.last() == Some(&&b""[..]) {
        segments.pop();
    }
    for segment in segments {
        let shown = path.escape_ascii();
        assert!(![&b""[..], b".", b".."].contains(&segment), "{shown}");
    }
    let mut location = Vec::new();
    target::encode_path(path, &mut location);
    assert!(location.iter().all(u8::is_ascii_graphic));
    if location.len() <= PATH_BYTES_MAX {
        let mut scratch = Vec::new();
        let again = target::decode(&location, &mut scratch);
        assert_eq!(again, Ok(path));
    }
}

/// What is sent of a file is there, once, and as long as is said. The first
/// byte picks the file's length.
pub fn byte_range(input: &[u8]) {
    let Some((pick, value)) = input.split_first() else {
        return;
    };
    let len = [0, 1, 2, 10, 1000, u64::MAX - 1, u64::MAX][usize::from(*pick) % 7];
    let parts = match range::parse(value, len) {
        Ranged::Whole | Ranged::Unsatisfiable => return,
        Ranged::Part(part) => vec![part],
        Ranged::Parts(parts) => {
            assert!((2..=RANGES_MAX).contains(&parts.len()));
            parts
        }
    };
    let mut sorted = parts.clone();
    sorted.sort_by_key(|part| part.first);
    for part in &sorted {
        assert!(part.first <= part.last && part.last < len);
    }
    for pair in sorted.windows(2) {
        assert!(pair[0].last + 1 < pair[1].first, "{pair:?} touch");
    }
    if len <= 1000 {
        check_multipart(&parts, len);
    }
}

fn check_multipart(parts: &[range::Part], len: u64) {
    let multipart = Multipart {
        boundary: Boundary::from_bits(u128::from(len)),
        media_type: "text/plain",
        len,
    };
    let mut body = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        match number {
            0 => multipart.begin_first(*part, &mut body),
            _ => multipart.begin(*part, &mut body),
        }
        body.resize(body.len() + part.bytes() as usize, b'x');
    }
    multipart.end(&mut body);
    assert_eq!(body.len() as u64, multipart.content_length(parts));
}

/// Field lines of conditions; the first byte picks the method.
pub fn conditions(input: &[u8]) {
    let Some((pick, fields)) = input.split_first() else {
        return;
    };
    let method: &[u8] = [&b"GET"[..], b"HEAD", b"PUT"][usize::from(*pick) % 3];
    let validators = Validators {
        etag: b"\"a,b\"",
        modified_unix_s: Some(784_111_777),
    };
    let parts = [method, b" / HTTP/1.1\r\nHost: a\r\n", fields, b"\r\n\r\n"];
    with_head(&parts, |head| {
        let outcome = condition::evaluate(head, &validators);
        if outcome == condition::Outcome::NotModified {
            assert_ne!(method, b"PUT");
        }
        if !head.line().seen.has_condition() {
            assert_eq!(outcome, condition::Outcome::Proceed);
        }
        // In the second of the change no date is a strong validator.
        let soon = condition::range_applies(head, &validators, 784_111_777);
        let late = condition::range_applies(head, &validators, u64::MAX);
        assert!(late || !soon);
    });
}

/// What is chosen is there, and where all is there, something is.
pub fn accept_encoding(input: &[u8]) {
    let parts = [
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding:",
        input,
        b"\r\n\r\n",
    ];
    with_head(&parts, |head| {
        for subset in 0..1_u32 << Coding::ALL.len() {
            let mut there = Codings::default();
            for (bit, coding) in Coding::ALL.into_iter().enumerate() {
                if subset & 1 << bit != 0 {
                    there = there.with(coding);
                }
            }
            match coding::choose(head, there) {
                Some(chosen) => assert!(there.contains(chosen)),
                None => assert!(!there.contains(Coding::Identity)),
            }
        }
    });
}

/// A date that is read is written as the same date.
pub fn http_date(input: &[u8]) {
    if let Some(unix_s) = date::parse(input) {
        let written = HttpDate::from_unix(unix_s);
        assert_eq!(date::parse(written.as_bytes()), Some(unix_s));
    }
}

/// A form holds no more than was sent, and its pairs do not know each other.
pub fn pairs(input: &[u8]) {
    let all: Vec<_> = form::pairs(input).collect();
    let bytes = |pair: &Option<(String, String)>| {
        let pair = pair.as_ref();
        pair.map_or(0, |(name, value)| name.len() + value.len())
    };
    assert!(all.iter().map(bytes).sum::<usize>() <= input.len());
    let pieces = input.split(|&byte| byte == b'&');
    let alone: Vec<_> = pieces.flat_map(form::pairs).collect();
    assert_eq!(all, alone);
}

/// Packages with a head of eight bytes.
pub fn head8(input: &[u8]) {
    packages(&HEAD8, input);
}

/// Packages with a head of sixteen bytes.
pub fn head16(input: &[u8]) {
    packages(&HEAD16, input);
}

/// What is read is the same however much of it was seen before, and what is
/// written is read again.
fn packages(framing: &dyn Framing, input: &[u8]) {
    let mut rest = input;
    while !rest.is_empty() {
        let read = framing.read(rest, 0, PACKAGE_BYTES_DEFAULT);
        for seen in 0..rest.len().min(20) {
            if framing.read(&rest[..seen], 0, PACKAGE_BYTES_DEFAULT) == Read::More {
                assert_eq!(framing.read(rest, seen, PACKAGE_BYTES_DEFAULT), read);
            }
        }
        let Read::Whole(outline) = read else {
            return;
        };
        let Some(behind) = rest[outline.head_bytes..].get(..outline.rest_bytes()) else {
            return;
        };
        if let Some(package) = framing.package(&outline, behind) {
            let mut copy = Vec::new();
            let written = framing.write(package.code, package.tag, package.body, &mut copy);
            assert_eq!(written, Ok(()));
            let Read::Whole(outline) = framing.read(&copy, 0, copy.len()) else {
                panic!("what was written is not read");
            };
            let again = framing.package(&outline, &copy[outline.head_bytes..]);
            let again = again.expect("a good package");
            assert_eq!((again.code, again.body), (package.code, package.body));
        }
        rest = &rest[outline.whole_bytes()..];
    }
}

/// A session tells the same of a stream however it is cut. The first byte picks
/// what is spoken, the second one where the stream is cut.
pub fn session(input: &[u8]) {
    let [pick, cut, stream @ ..] = input else {
        return;
    };
    let protocol =
        [Protocol::Http, Protocol::Frame, Protocol::Undecided][usize::from(pick & 3) % 3];
    let framing: &'static dyn Framing = if pick & 4 == 0 { &HEAD8 } else { &HEAD16 };
    let spoken = Spoken { protocol, framing };
    let rules = match pick & 8 {
        0 => samples::small(),
        _ => Rules::default(),
    };
    let step = usize::from(*cut) + 1;
    let cuts: Vec<usize> = (step..stream.len()).step_by(step).collect();
    let whole = Rig::new().whole(spoken, &rules, stream);
    let how = Offer {
        cuts: &cuts,
        pauses: pick & 16 != 0,
        forgets: true,
    };
    let in_pieces = Rig::new().cut(spoken, &rules, stream, how);
    assert_eq!(whole, in_pieces, "{how:?}");
}

/// A file is taken, or every mistake has its place and its line.
pub fn settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Err(problems) = config::parse(text) else {
        return;
    };
    assert!(!problems.is_empty());
    let lines = text.split('\n').count();
    for problem in problems {
        assert!((1..=lines).contains(&problem.line), "{problem:?}");
        assert!(problem.column >= 1 && !problem.message.is_empty());
        assert!(!problem.message.contains(char::is_control), "{problem:?}");
    }
}

/// Looks at the head that these parts make, if they do.
fn with_head(parts: &[&[u8]], look: impl FnOnce(&Head<'_>)) {
    let bytes = parts.concat();
    let one = find_end(&bytes, 0) == Ok(End::At(bytes.len()));
    if one && bytes.len() <= HEAD_BYTES_MAX {
        let mut room = HeadRoom::new();
        if let Ok(head) = parse(&bytes, &mut room) {
            look(&head);
        }
    }
}
