//! HTTP requests with the answers that they must get.

use crate::random::Random;
use crate::support::{pattern, read_answer};
use std::io::Read;
use std::sync::LazyLock;

static SMALL: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(1024));
static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(300_000));
static HUGE: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(6 << 20));

/// A request, and what its answer must be.
pub(crate) struct Asked {
    pub(crate) kind: &'static str,
    line: String,
    fields: String,
    body: Vec<u8>,
    status: u16,
    /// The answer's body, where it is known to the byte.
    answer: Option<&'static [u8]>,
}

/// Every kind, in the order of the report.
pub(crate) const KINDS: [&str; 13] = [
    "GET small",
    "GET large",
    "GET huge",
    "GET index",
    "HEAD",
    "range",
    "range beyond",
    "not modified",
    "not found",
    "redirect",
    "POST",
    "POST in chunks",
    "other method",
];

impl Asked {
    /// One of all kinds: those that are usual more often.
    pub(crate) fn any(dice: &mut Random) -> Asked {
        if dice.once_in(150) {
            return Asked::huge();
        }
        match dice.below(40) {
            0..16 => Asked::small(),
            16..19 => Asked::large(),
            19..21 => Asked::get("GET index", "/", b"<h1>index</h1>\n"),
            21 => Asked::get("GET index", "/folder/", b"<h1>folder</h1>\n"),
            22..24 => Asked::new("HEAD", "HEAD /huge.bin", 200),
            24..28 => Asked::range(dice),
            28 => Asked::new("range beyond", "GET /small.txt", 416).field("Range: bytes=1024-"),
            29..31 => Asked::new("not modified", "GET /large.bin", 304).field("If-None-Match: *"),
            31..33 => Asked::new("not found", &format!("GET /none/{}", dice.next()), 404),
            33 => Asked::new("redirect", "GET /folder", 301),
            34..36 => Asked::post(dice),
            36..38 => Asked::post_in_chunks(dice),
            38 => Asked::new("other method", "OPTIONS /small.txt", 204),
            _ => Asked::new("other method", "BREW /pot", 501),
        }
    }

    /// The file that leaves by `sendfile`.
    pub(crate) fn huge() -> Asked {
        Asked::get("GET huge", "/huge.bin", &HUGE)
    }

    /// A file that is copied into the answers.
    pub(crate) fn small() -> Asked {
        Asked::get("GET small", "/small.txt", &SMALL)
    }

    /// A file that is sent from memory.
    pub(crate) fn large() -> Asked {
        Asked::get("GET large", "/large.bin", &LARGE)
    }

    /// A body that nobody wants, of this length.
    pub(crate) fn upload(len: usize) -> Asked {
        let mut asked = Asked::new("POST", "POST /small.txt", 405);
        asked.fields = format!("Content-Length: {len}\r\n");
        asked.body = pattern(len);
        asked
    }

    fn new(kind: &'static str, line: &str, status: u16) -> Asked {
        Asked {
            kind,
            line: line.to_owned(),
            fields: String::new(),
            body: Vec::new(),
            status,
            answer: None,
        }
    }

    fn get(kind: &'static str, path: &str, answer: &'static [u8]) -> Asked {
        Asked {
            answer: Some(answer),
            ..Asked::new(kind, &format!("GET {path}"), 200)
        }
    }

    fn field(mut self, field: &str) -> Asked {
        self.fields += field;
        self.fields += "\r\n";
        self
    }

    fn range(dice: &mut Random) -> Asked {
        let (path, file): (_, &'static [u8]) = if dice.once_in(2) {
            ("/large.bin", &LARGE)
        } else {
            ("/huge.bin", &HUGE)
        };
        let first = dice.below(file.len());
        let end = (first + 1 + dice.below(200_000)).min(file.len());
        let asked = Asked::new("range", &format!("GET {path}"), 206);
        let mut asked = asked.field(&format!("Range: bytes={first}-{}", end - 1));
        asked.answer = Some(&file[first..end]);
        asked
    }

    fn post(dice: &mut Random) -> Asked {
        Asked::upload(dice.below(3_000))
    }

    fn post_in_chunks(dice: &mut Random) -> Asked {
        let asked = Asked::new("POST in chunks", "POST /small.txt", 405);
        let mut asked = asked.field("Transfer-Encoding: chunked");
        for _ in 0..dice.below(4) {
            let chunk = pattern(1 + dice.below(700));
            asked.body.extend(format!("{:x}\r\n", chunk.len()).bytes());
            asked.body.extend(chunk);
            asked.body.extend(b"\r\n");
        }
        asked.body.extend(b"0\r\n\r\n");
        asked
    }

    /// What is sent; `last`: and nothing behind it.
    pub(crate) fn input(&self, last: bool) -> Vec<u8> {
        let close = if last { "Connection: close\r\n" } else { "" };
        let head = format!(
            "{} HTTP/1.1\r\nHost: a\r\n{close}{}\r\n",
            self.line, self.fields
        );
        [head.as_bytes(), &self.body].concat()
    }

    /// Reads the answer, which must be the right one; returns whether the
    /// connection stays.
    pub(crate) fn is_answered(&self, stream: &mut impl Read) -> bool {
        let answer = read_answer(stream, self.line.starts_with("HEAD "));
        let Asked { line, fields, .. } = self;
        assert_eq!(answer.status, self.status, "{line}, {fields:?}");
        if let Some(body) = self.answer {
            let first_other = answer
                .body
                .iter()
                .zip(body)
                .position(|(one, other)| one != other);
            assert_eq!(first_other, None, "{line}, {fields:?}: another body");
            assert_eq!(answer.body.len(), body.len(), "{line}, {fields:?}");
        }
        answer.field("connection") != Some("close")
    }
}
