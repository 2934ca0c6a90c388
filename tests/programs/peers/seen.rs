//! What a server answers, as far as servers can be compared.

use crate::support::PATIENCE;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// An answer to one request on a connection of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// 0: the connection ended without an answer.
    status: u16,
    /// Answers on the connection.
    answers: usize,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The tag that a server gives to the file which the conditions are about.
pub(crate) fn etag_of(addr: SocketAddr) -> String {
    let seen = Seen::ask(addr, b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    let etag = seen.field("etag").expect("a tag");
    etag.to_owned()
}

impl Seen {
    /// Sends all of it, and no more, and reads until the server ends.
    pub(crate) fn ask(addr: SocketAddr, bytes: &[u8]) -> Seen {
        let mut stream = TcpStream::connect_timeout(&addr, PATIENCE).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        // A server may have refused it before the end.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut output = Vec::new();
        match stream.read_to_end(&mut output) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{addr}: {error} after {}", bytes.escape_ascii()),
        }
        Seen::of(&output, bytes.starts_with(b"HEAD "))
    }

    fn of(mut output: &[u8], bodyless: bool) -> Seen {
        let mut seen = Seen::default();
        while let Some((one, rest)) = read(output, bodyless) {
            output = rest;
            if one.status == 100 {
                continue;
            }
            let answers = seen.answers + 1;
            if answers == 1 {
                seen = one;
            }
            seen.answers = answers;
        }
        seen
    }

    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The answer without what is another each time: its date, and where the
    /// parts of several end.
    pub(crate) fn lasting(&self) -> Seen {
        let mut seen = self.clone();
        seen.fields.retain(|(name, _)| name != "date");
        for (name, value) in &mut seen.fields {
            if name == "content-type" && value.starts_with("multipart/") {
                value.truncate("multipart/".len());
                seen.body.clear();
            }
        }
        seen
    }

    /// What differs: its name, ours, theirs. Of two answers with other statuses
    /// no more is compared.
    pub(crate) fn differences(&self, other: &Seen) -> Vec<(&'static str, String, String)> {
        if self.status != other.status {
            return vec![("status", self.status.to_string(), other.status.to_string())];
        }
        let (ours, theirs) = (self.facts(), other.facts());
        let pairs = ours.into_iter().zip(theirs);
        let differing = pairs.filter(|((_, ours), (_, theirs))| ours != theirs);
        differing
            .map(|((what, ours), (_, theirs))| (what, ours, theirs))
            .collect()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let has = |name| self.field(name).is_some().to_string();
        let value = |name| self.field(name).unwrap_or("none").to_owned();
        let kind = value("content-type");
        let kind = kind.split(';').next().unwrap_or_default();
        let closes = value("connection").eq_ignore_ascii_case("close");
        let mut facts = vec![
            ("answers", self.answers.to_string()),
            ("close", closes.to_string()),
        ];
        if matches!(self.status, 200 | 206 | 304 | 412) {
            facts.push(("etag", has("etag")));
        }
        if matches!(self.status, 206 | 416) {
            facts.push(("range", value("content-range")));
        }
        if matches!(self.status, 301 | 302 | 307 | 308) {
            let location = value("location");
            let path = match location.split_once("://") {
                Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
                None => &location,
            };
            facts.push(("location", path.to_owned()));
        }
        if self.status == 405 {
            facts.push(("allow", has("allow")));
        }
        if matches!(self.status, 200 | 206) {
            facts.push(("type", kind.to_owned()));
            if kind != "multipart/byteranges" {
                facts.push(("length", value("content-length")));
                facts.push(("body", short(&self.body)));
            }
        }
        facts
    }
}

/// Bytes in a word: how many, and a sum that tells others from them.
fn short(body: &[u8]) -> String {
    let fold = |sum: u32, byte: &u8| sum.rotate_left(5).wrapping_mul(31) ^ u32::from(*byte);
    format!("{} bytes, {:08x}", body.len(), body.iter().fold(1, fold))
}

/// The answer that `output` begins with, and what follows it.
fn read(output: &[u8], bodyless: bool) -> Option<(Seen, &[u8])> {
    let end = output.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&output[..end]);
    let mut lines = head.lines();
    let status = lines
        .next()?
        .strip_prefix("HTTP/1.")?
        .get(2..5)?
        .parse()
        .ok()?;
    let fields: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut seen = Seen {
        status,
        answers: 1,
        fields,
        body: Vec::new(),
    };
    let rest = &output[end..];
    let none = bodyless || matches!(status, 100 | 204 | 304);
    let len = match seen.field("content-length") {
        _ if none => 0,
        Some(len) => len.parse().ok()?,
        None => rest.len(), // chunked pages of errors are not compared
    };
    let (body, rest) = rest.split_at(len.min(rest.len()));
    seen.body = body.to_vec();
    Some((seen, rest))
}
