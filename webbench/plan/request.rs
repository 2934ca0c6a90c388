//! The bytes of requests, and the order in which they are sent. Pure.

use super::{Method, Version};

/// All bytes that a client may be told to send at once, and then some.
const SCRIPT_BYTES_MAX: usize = 64 << 20;

/// Longest field line.
const FIELD_BYTES_MAX: usize = 8_000;

/// The requests of a run, each client sending them in turn, over and over. All
/// that may be sent at once lies in one piece:
///
/// ```text
///  urls a b c, three at once:  | a | b | c | a | b |
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Script {
    bytes: Vec<u8>,
    /// Where each request begins, and the last one ends.
    bounds: Vec<usize>,
    count: usize,
}

impl Script {
    /// A script of `requests`, of which there is one at least, for up to
    /// `together` at once.
    ///
    /// # Errors
    /// A line that says what is too much.
    pub(crate) fn new(requests: &[Vec<u8>], together: usize) -> Result<Script, String> {
        let placed = || requests.iter().cycle().take(requests.len() + together - 1);
        let all: usize = placed().map(Vec::len).sum();
        if all > SCRIPT_BYTES_MAX {
            return Err(format!(
                "{together} requests at once are {all} bytes: take a smaller --pipeline or body, \
                 or fewer --urls, for {SCRIPT_BYTES_MAX} at most"
            ));
        }
        let mut bytes = Vec::with_capacity(all);
        let mut bounds = vec![0];
        for request in placed() {
            bytes.extend_from_slice(request);
            bounds.push(bytes.len());
        }
        Ok(Script {
            bytes,
            bounds,
            count: requests.len(),
        })
    }

    /// How many requests differ.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// `count` requests in a row, from this one on.
    pub(crate) fn batch(&self, first: usize, count: usize) -> &[u8] {
        &self.bytes[self.bounds[first]..self.bounds[first + count]]
    }

    /// Length of the longest batch.
    pub(crate) fn batch_bytes_max(&self, together: usize) -> usize {
        let batches = (0..self.count).map(|first| self.batch(first, together).len());
        batches.max().unwrap_or(0)
    }
}

/// A field line that the user wants.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    line: String,
    name_bytes: usize,
}

impl Field {
    /// Checks `Name: value`.
    ///
    /// # Errors
    /// A line that says what to write.
    pub(crate) fn parse(line: &str) -> Result<Field, String> {
        let wrong = |what: &str| Err(format!("-H {line:?}: {what}"));
        let Some((name, value)) = line.split_once(':') else {
            return wrong("write a field as 'Name: value'");
        };
        if line.len() > FIELD_BYTES_MAX {
            return Err(format!("-H: write {FIELD_BYTES_MAX} bytes at most"));
        }
        if !is_token(name) {
            return wrong("write the name in letters, digits and -, right before the colon");
        }
        if value
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
        {
            return wrong("write the value without control characters");
        }
        Ok(Field {
            line: format!("{name}: {}", value.trim()),
            name_bytes: name.len(),
        })
    }

    fn is(&self, name: &str) -> bool {
        self.line[..self.name_bytes].eq_ignore_ascii_case(name)
    }
}

/// RFC 9110 5.6.2: what methods and names of fields are made of.
pub(super) fn is_token(text: &str) -> bool {
    let is_in = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_in)
}

/// What all requests of a run over HTTP have in common.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    pub(super) method: &'a Method,
    pub(super) version: Version,
    pub(super) authority: &'a str,
    pub(super) keep_alive: bool,
    pub(super) reload: bool,
    /// These replace those that would be sent anyway.
    pub(super) fields: &'a [Field],
    pub(super) body: Option<&'a [u8]>,
}

impl Asking<'_> {
    /// The bytes of a request for this target.
    pub(super) fn request(&self, target: &str) -> Vec<u8> {
        let method = self.method;
        if self.version == Version::Http09 {
            return format!("{method} {target}\r\n").into_bytes();
        }
        let mut head = format!("{method} {target} {}\r\n", self.version);
        for (name, value) in self.usual_fields() {
            if !self.fields.iter().any(|field| field.is(name)) {
                head += &format!("{name}: {value}\r\n");
            }
        }
        for field in self.fields {
            head += &field.line;
            head += "\r\n";
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.unwrap_or_default());
        bytes
    }

    fn usual_fields(&self) -> Vec<(&'static str, String)> {
        let agent = concat!("webbench/", env!("CARGO_PKG_VERSION"));
        let mut fields = vec![
            ("Host", self.authority.to_owned()),
            ("User-Agent", agent.to_owned()),
        ];
        if self.reload {
            fields.push(("Pragma", "no-cache".to_owned()));
        }
        if let Some(body) = self.body {
            fields.push(("Content-Length", body.len().to_string()));
        }
        if self.version == Version::Http11 && !self.keep_alive {
            fields.push(("Connection", "close".to_owned()));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_go_round() {
        let requests = [b"a".to_vec(), b"bb".to_vec(), b"c".to_vec()];
        let script = Script::new(&requests, 4).expect("short");
        assert_eq!(script.count(), 3);
        assert_eq!(script.batch(0, 4), b"abbca");
        assert_eq!(script.batch(2, 4), b"cabbc");
        assert_eq!(script.batch(1, 1), b"bb");
        assert_eq!(script.batch_bytes_max(2), 3);
        let line = Script::new(&[vec![0; 1 << 20]], 100).expect_err("too much");
        assert!(line.contains("--pipeline"));
    }

    #[test]
    fn fields() {
        for (line, expected) in [
            ("A:b", "A: b"),
            ("a-B_1:  b c \t", "a-B_1: b c"),
            ("X:", "X: "),
            ("X: ü:y", "X: ü:y"),
        ] {
            assert_eq!(Field::parse(line).expect(line).line, expected);
        }
        for line in [
            "",
            "a",
            ":b",
            "a b: c",
            "a : b",
            "a: b\r\nc: d",
            "a: \0",
            "é: b",
        ] {
            let said = Field::parse(line).expect_err(line);
            assert!(said.contains("write") && !said.contains('\n'), "{said}");
        }
    }
}
