//! Every difference, with its reason.

/// A difference that was seen, or some of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference<'a> {
    /// The request's name.
    pub(crate) request: &'a str,
    pub(crate) peer: &'a str,
    /// `status`, or the name of what differs besides.
    pub(crate) what: &'a str,
    pub(crate) ours: &'a str,
    pub(crate) theirs: &'a str,
}

/// Differences that are right, and why.
#[derive(Debug)]
pub(crate) struct Known {
    /// Names of requests; a star at the end is any end.
    pub(crate) requests: &'static [&'static str],
    pub(crate) peer: &'static str,
    /// As `what: ours, theirs`; a star is anything.
    pub(crate) differences: &'static [(&'static str, &'static str, &'static str)],
    #[expect(dead_code, reason = "for whoever reads a failure")]
    pub(crate) why: &'static str,
}

impl Known {
    /// Whether this one is among them.
    pub(crate) fn covers(&self, one: &Difference<'_>) -> bool {
        let fits = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
            Some(start) => text.starts_with(start),
            None => pattern == text,
        };
        self.peer == one.peer
            && self
                .requests
                .iter()
                .any(|request| fits(request, one.request))
            && self.differences.iter().any(|(what, ours, theirs)| {
                *what == one.what && fits(ours, one.ours) && fits(theirs, one.theirs)
            })
    }
}

/// The list.
pub(crate) const DIFFERENCES: &[Known] = &[
    Known {
        requests: &["method/get *"],
        peer: "nginx",
        differences: &[("status", "501", "400")],
        why: "A method is letters in any case (RFC 9110 9.1), and one that is not known is 501 (15.6.2).",
    },
    Known {
        requests: &["method/BREW *", "method/PROPFIND *"],
        peer: "nginx",
        differences: &[("status", "501", "405")],
        why: "A method that is not known is 501 (RFC 9110 15.6.2).",
    },
    Known {
        requests: &["method/OPTIONS *"],
        peer: "nginx",
        differences: &[("status", "204", "405")],
        why: "OPTIONS is answered (RFC 9110 9.3.7).",
    },
    Known {
        requests: &["target/OPTIONS *"],
        peer: "nginx",
        differences: &[("status", "204", "400")],
        why: "So is that for the server as a whole (RFC 9112 3.2.4).",
    },
    Known {
        requests: &["method/P*", "method/DELETE *", "method/TRACE *"],
        peer: "nginx",
        differences: &[("allow", "true", "false")],
        why: "405 has Allow (RFC 9110 15.5.6).",
    },
    Known {
        requests: &["method/TRACE *"],
        peer: "nginx",
        differences: &[("close", "false", "true")],
        why: "Nothing is wrong with the connection.",
    },
    Known {
        requests: &["method/POST *", "body-post/*"],
        peer: "nginx",
        differences: &[
            ("status", "405", "301"),
            ("status", "405", "403"),
            ("status", "405", "404"),
        ],
        why: "What the site as a whole does not do is said ahead of what is there.",
    },
    Known {
        requests: &[
            "method/P*",
            "method/DELETE *",
            "method/TRACE *",
            "body-post/*",
        ],
        peer: "lighttpd",
        differences: &[
            ("status", "405", "301"),
            ("status", "405", "404"),
            ("status", "405", "403"),
        ],
        why: "What the site as a whole does not do is said ahead of what is there.",
    },
    Known {
        requests: &["method/P*", "method/DELETE *", "method/TRACE *"],
        peer: "lighttpd",
        differences: &[("status", "405", "501")],
        why: "A method that is known and not allowed is 405 (RFC 9110 15.5.6).",
    },
    Known {
        requests: &["method/POST *"],
        peer: "lighttpd",
        differences: &[("status", "405", "200")],
        why: "POST to a file would do nothing (RFC 9110 9.3.3).",
    },
    Known {
        requests: &["method/PROPFIND *"],
        peer: "lighttpd",
        differences: &[("status", "501", "301"), ("status", "501", "404")],
        why: "A method that is not known is 501 wherever it is for (RFC 9110 15.6.2).",
    },
    Known {
        requests: &["method/BREW *", "method/get *"],
        peer: "lighttpd",
        differences: &[("close", "false", "true")],
        why: "The head was read to its end: the next request can be told.",
    },
    Known {
        requests: &["method/OPTIONS *", "target/OPTIONS *"],
        peer: "lighttpd",
        differences: &[
            ("status", "204", "200"),
            ("status", "204", "301"),
            ("status", "204", "404"),
        ],
        why: "OPTIONS is about what may be asked, not about a file (RFC 9110 9.3.7); there is nothing to send.",
    },
    Known {
        requests: &["method/GET /bare/", "method/HEAD /bare/"],
        peer: "nginx",
        differences: &[("status", "404", "403")],
        why: "A folder without an index says no more than that there is nothing (RFC 9110 15.5.4).",
    },
    Known {
        requests: &["target/CONNECT"],
        peer: "nginx",
        differences: &[("status", "405", "400")],
        why: "CONNECT is a method, and its target is in the right form (RFC 9112 3.2.3).",
    },
    Known {
        requests: &["method/GET /bare/", "method/HEAD /bare/"],
        peer: "lighttpd",
        differences: &[("status", "404", "403")],
        why: "A folder without an index says no more than that there is nothing (RFC 9110 15.5.4).",
    },
    Known {
        requests: &["target/CONNECT"],
        peer: "lighttpd",
        differences: &[("status", "405", "400")],
        why: "CONNECT is a method, and its target is in the right form (RFC 9112 3.2.3).",
    },
    Known {
        requests: &[
            "condition/GET If-Match: {etag}\\r*",
            "condition/HEAD If-Match: {etag}\\r*",
            "condition/GET If-Unmodified-Since: 1000000000",
            "condition/HEAD If-Unmodified-Since: 1000000000",
            "condition/GET If-Unmodified-Since: yesterday",
            "condition/HEAD If-Unmodified-Since: yesterday",
        ],
        peer: "nginx",
        differences: &[("status", "200", "412")],
        why: "With If-Match, If-Unmodified-Since is not looked at (RFC 9110 13.2.2); a date that is none is ignored (13.1.4).",
    },
    Known {
        requests: &[
            "condition/GET If-Modified-Since: Sun, 09 Sep 2001 01:46:40 UTC",
            "condition/HEAD If-Modified-Since: Sun, 09 Sep 2001 01:46:40 UTC",
        ],
        peer: "nginx",
        differences: &[("status", "200", "304")],
        why: "A date ends in GMT (RFC 9110 5.6.7); one that is none is ignored (13.1.3).",
    },
    Known {
        requests: &[
            "condition/GET If-None-Match: {etag}\\r*",
            "condition/HEAD If-None-Match: {etag}\\r*",
            "condition/GET If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT",
            "condition/HEAD If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT",
        ],
        peer: "nginx",
        differences: &[("status", "304", "200")],
        why: "With If-None-Match, If-Modified-Since is not looked at (RFC 9110 13.1.3); without, any later date will do.",
    },
    Known {
        requests: &[
            "condition/GET If-None-Match: \\\"x\\\"\\r*",
            "condition/HEAD If-None-Match: \\\"x\\\"\\r*",
        ],
        peer: "nginx",
        differences: &[("status", "304", "400")],
        why: "A list may come in several lines (RFC 9110 5.3).",
    },
    Known {
        requests: &[
            "condition/GET If-None-Match: \\\"x\\\"\\r*",
            "condition/HEAD If-None-Match: \\\"x\\\"\\r*",
        ],
        peer: "lighttpd",
        differences: &[("status", "304", "200")],
        why: "A list may come in several lines (RFC 9110 5.3).",
    },
    Known {
        requests: &[
            "condition/GET If-Match: *",
            "condition/HEAD If-Match: *",
            "condition/GET If-Unmodified-Since: *",
            "condition/HEAD If-Unmodified-Since: *",
        ],
        peer: "lighttpd",
        differences: &[("status", "412", "200"), ("status", "412", "304")],
        why: "It knows neither If-Match nor If-Unmodified-Since (RFC 9110 13.1.1, 13.1.4).",
    },
    Known {
        requests: &["range/HEAD*"],
        peer: "nginx",
        differences: &[("status", "200", "206"), ("status", "200", "416")],
        why: "Range is for GET (RFC 9110 14.2).",
    },
    Known {
        requests: &[
            "range/Range: bytes=9-0",
            "range/Range: bytes=-",
            "range/Range: bytes=a-b",
            "range/Range: bytes=0-0x9",
            "range/Range: bytes=+0-9",
            "range/Range: bytes=0-9,a-b",
        ],
        peer: "nginx",
        differences: &[("status", "200", "416")],
        why: "A set that breaks the grammar is ignored (RFC 9110 14.2).",
    },
    Known {
        requests: &["range/Range: bytes=0 - 9", "range/Range: bytes=0-9\\r*"],
        peer: "nginx",
        differences: &[("status", "200", "206")],
        why: "So is one with blanks within a range, and one in two lines, which are no list.",
    },
    Known {
        requests: &[
            "range/Range: bytes=0-9,",
            "range/Range: bytes=,0-9",
            "range/Range: bytes=0-18446744073709551616",
        ],
        peer: "nginx",
        differences: &[("status", "206", "416")],
        why: "A list may have empty elements (RFC 9110 5.6.1), and a last byte may be any number (14.1.2).",
    },
    Known {
        requests: &["range/Range: bytes=0-9,5-29"],
        peer: "nginx",
        differences: &[
            ("range", "bytes 0-29/1024", "none"),
            ("type", "text/plain", "multipart/byteranges"),
        ],
        why: "Ranges that overlap are sent as one (RFC 9110 15.3.7.2).",
    },
    Known {
        requests: &["range-empty/Range: bytes=0-0"],
        peer: "nginx",
        differences: &[("status", "416", "200")],
        why: "An empty file has no first byte (RFC 9110 14.1.2).",
    },
    Known {
        requests: &["range-empty/Range: bytes=0-0"],
        peer: "lighttpd",
        differences: &[("status", "416", "200")],
        why: "An empty file has no first byte (RFC 9110 14.1.2).",
    },
    Known {
        requests: &[
            "range/Range: bytes=-0",
            "range/Range: bytes=1024-",
            "range/Range: bytes=5000-6000",
            "range/Range: bytes=2000-,3000-",
            "range/Range: bytes=18446744073709551615-",
        ],
        peer: "lighttpd",
        differences: &[("range", "bytes */1024", "none")],
        why: "416 says how long the file is (RFC 9110 15.5.17).",
    },
    Known {
        requests: &[
            "range/Range: bytes=0-9,20-29",
            "range/Range: bytes=0-9, 20-29",
            "range/Range: bytes=20-29,0-9",
        ],
        peer: "lighttpd",
        differences: &[
            ("range", "none", "bytes 0-29/1024"),
            ("type", "multipart/byteranges", "text/plain"),
        ],
        why: "What lies between two ranges is not sent unasked (RFC 9110 15.3.7.2).",
    },
    Known {
        requests: &[
            "range/Range: bytes=+0-9",
            "range/Range: bytes=0 - 9",
            "range/Range: bytes=0-9,a-b",
            "range/Range: bytes=0-9\\r*",
            "range/Range: bytes=9-0",
            "range/Range: bytes=",
            "range/Range: bytes=-",
            "range/Range: bytes=a-b",
            "range/Range: bytes=0-0x9",
        ],
        peer: "lighttpd",
        differences: &[("status", "200", "206"), ("status", "200", "416")],
        why: "A set that breaks the grammar is ignored (RFC 9110 14.2).",
    },
    Known {
        requests: &["range/Range: bytes=0-18446744073709551616"],
        peer: "lighttpd",
        differences: &[("status", "206", "416")],
        why: "A last byte may be any number (RFC 9110 14.1.2).",
    },
    Known {
        requests: &["if-range/Range: bytes=0-9\\r\\nIf-Range: Sunday*"],
        peer: "lighttpd",
        differences: &[("status", "206", "200")],
        why: "All three forms of a date are read (RFC 9110 5.6.7).",
    },
    Known {
        requests: &[
            "target//small.txt%00",
            "target//%zz",
            "target//%",
            "target//%a",
            "target//../*",
            "target//%2e%2e/*",
        ],
        peer: "nginx",
        differences: &[("close", "false", "true")],
        why: "The head was read to its end: the next request can be told.",
    },
    Known {
        requests: &["target//small.txt%00", "target//small.txt%0d%0a"],
        peer: "lighttpd",
        differences: &[("close", "false", "true")],
        why: "The head was read to its end: the next request can be told.",
    },
    Known {
        requests: &[
            "target//small.txt#a",
            "target//%2fsmall.txt",
            "target//folder%2findex.html",
            "target/ftp://a/small.txt",
        ],
        peer: "nginx",
        differences: &[("status", "400", "200")],
        why: "No fragment is sent (RFC 9112 3.2); an encoded slash is none (RFC 3986 2.2); the scheme is not ours (RFC 9110 7.4).",
    },
    Known {
        requests: &[
            "target//small.txt%0d%0a",
            "target//small.txt\\\\",
            "target//folder\\\\index.html",
            "target//\\u{e9}",
            "target//<small>",
            "target//\\\"small\\\"",
        ],
        peer: "nginx",
        differences: &[("status", "400", "404")],
        why: "Beyond the grammar of a target (RFC 9112 3.2), or a control byte in a path.",
    },
    Known {
        requests: &[
            "target//%zz",
            "target//%",
            "target//%a",
            "target//../../etc/passwd",
            "target//small.txt\\\\",
            "target//folder\\\\index.html",
            "target//\\u{e9}",
            "target//<small>",
            "target//\\\"small\\\"",
        ],
        peer: "lighttpd",
        differences: &[("status", "400", "404")],
        why: "Beyond the grammar of a target (RFC 9112 3.2).",
    },
    Known {
        requests: &[
            "target//small.txt?a b",
            "target//small.txt#a",
            "target//a b.txt",
            "target//%2fsmall.txt",
            "target//folder%2findex.html",
            "target//../small.txt",
            "target//%2e%2e/small.txt",
        ],
        peer: "lighttpd",
        differences: &[("status", "400", "200")],
        why: "A target has no blank and no fragment (RFC 9112 3.2); an encoded slash is none; above the root there is nothing (RFC 3986 5.2.4).",
    },
    Known {
        requests: &["target//.hidden", "target//%2ehidden"],
        peer: "nginx",
        differences: &[("status", "404", "200")],
        why: "Hidden files are not served.",
    },
    Known {
        requests: &["target/https://a/small.txt"],
        peer: "nginx",
        differences: &[("status", "421", "200")],
        why: "Nothing here is said for https (RFC 9110 7.4).",
    },
    Known {
        requests: &["target//.hidden", "target//%2ehidden"],
        peer: "lighttpd",
        differences: &[("status", "404", "200")],
        why: "Hidden files are not served.",
    },
    Known {
        requests: &["target/https://a/small.txt"],
        peer: "lighttpd",
        differences: &[("status", "421", "200")],
        why: "Nothing here is said for https (RFC 9110 7.4).",
    },
    Known {
        requests: &["target//small.txt/*"],
        peer: "lighttpd",
        differences: &[("status", "404", "200")],
        why: "A file has nothing below it.",
    },
    Known {
        requests: &[
            "target/http://a",
            "target/http://a?b",
            "target/http://b/small.txt",
            "target/http://a:80/small.txt",
        ],
        peer: "lighttpd",
        differences: &[("status", "200", "400")],
        why: "The host in an absolute target is obeyed, not held against Host (RFC 9112 3.2.2); its path may be empty.",
    },
    Known {
        requests: &["target/5000 bytes"],
        peer: "nginx",
        differences: &[("status", "414", "404")],
        why: "A path that is longer than any file's is said to be so (RFC 9110 15.5.15).",
    },
    Known {
        requests: &["target/5000 bytes"],
        peer: "lighttpd",
        differences: &[("status", "414", "404")],
        why: "A path that is longer than any file's is said to be so (RFC 9110 15.5.15).",
    },
    Known {
        requests: &["target/70000 bytes"],
        peer: "lighttpd",
        differences: &[("status", "414", "431")],
        why: "It is the target that is too long (RFC 9110 15.5.15).",
    },
    Known {
        requests: &[
            "host/Host: a:x",
            "host-1.0/Host: a:x",
            "host/Host: a:99999",
            "host-1.0/Host: a:99999",
            "host/Host: [::1",
            "host-1.0/Host: [::1",
            "host/Host: a@b",
            "host-1.0/Host: a@b",
            "host/Host: a,b",
            "host-1.0/Host: a,b",
            "host/Host: \\u{e9}",
            "host-1.0/Host: \\u{e9}",
            "host/Host: a?",
            "host-1.0/Host: a?",
            "host/Host: a#",
            "host-1.0/Host: a#",
            "host/Host: \\\"a\\\"",
            "host-1.0/Host: \\\"a\\\"",
        ],
        peer: "nginx",
        differences: &[("status", "400", "200")],
        why: "Beyond the grammar of Host (RFC 9110 7.2, RFC 3986 3.2.2).",
    },
    Known {
        requests: &[
            "host/Host: a..b",
            "host-1.0/Host: a..b",
            "host/Host: .",
            "host-1.0/Host: .",
        ],
        peer: "nginx",
        differences: &[("status", "200", "400")],
        why: "Within that grammar.",
    },
    Known {
        requests: &[
            "host/Host: %61",
            "host-1.0/Host: %61",
            "host/Host: a_b",
            "host-1.0/Host: a_b",
            "host/Host: a..b",
            "host-1.0/Host: a..b",
            "host/Host: .",
            "host-1.0/Host: .",
            "host/Host: *",
            "host-1.0/Host: *",
        ],
        peer: "lighttpd",
        differences: &[("status", "200", "400")],
        why: "Within the grammar of Host (RFC 9110 7.2, RFC 3986 3.2.2).",
    },
    Known {
        requests: &[
            "host/Host: a\\r\\nHost: a",
            "host-1.0/Host: a\\r\\nHost: a",
            "host-1.0/Host:",
        ],
        peer: "lighttpd",
        differences: &[("status", "400", "200")],
        why: "Host is there once (RFC 9112 3.2); an empty one names nobody (RFC 9110 4.2.1).",
    },
    Known {
        requests: &["field/Connection: close\\r*"],
        peer: "nginx",
        differences: &[("close", "true", "false")],
        why: "`close` among the options ends it, whatever else is there (RFC 9112 9.3).",
    },
    Known {
        requests: &["field/Expect: x"],
        peer: "nginx",
        differences: &[("status", "417", "200")],
        why: "An expectation that is not known (RFC 9110 10.1.1).",
    },
    Known {
        requests: &["field/120 lines"],
        peer: "nginx",
        differences: &[("status", "431", "200")],
        why: "More lines than are taken (RFC 6585 5).",
    },
    Known {
        requests: &["field/Connection: close\\r*"],
        peer: "lighttpd",
        differences: &[("close", "true", "false")],
        why: "`close` among the options ends it, whatever else is there (RFC 9112 9.3).",
    },
    Known {
        requests: &["field/Expect: x"],
        peer: "lighttpd",
        differences: &[("status", "417", "200")],
        why: "An expectation that is not known (RFC 9110 10.1.1).",
    },
    Known {
        requests: &["field/120 lines"],
        peer: "lighttpd",
        differences: &[("status", "431", "200")],
        why: "More lines than are taken (RFC 6585 5).",
    },
    Known {
        requests: &[
            "field/A",
            "field/A(: b",
            "field/A\\\"b: c",
            "field/\\u{e9}: b",
            "field/A: b\\u{1}",
            "field/A: b\\u{7f}",
            "field/A: b\\nC: d",
            "field/A: b\\r\\r",
        ],
        peer: "nginx",
        differences: &[("status", "400", "200")],
        why: "Beyond the grammar of a field line (RFC 9112 5, RFC 9110 5.1, 5.5).",
    },
    Known {
        requests: &["field/70000 bytes"],
        peer: "nginx",
        differences: &[("status", "431", "400")],
        why: "It is the fields that are too long (RFC 6585 5).",
    },
    Known {
        requests: &["field/A: b\\r\\n*"],
        peer: "lighttpd",
        differences: &[("status", "400", "200")],
        why: "Folded lines are refused (RFC 9112 5.2).",
    },
    Known {
        requests: &[
            "body-get/Transfer-Encoding:*",
            "body-post/Transfer-Encoding:*",
        ],
        peer: "nginx",
        differences: &[("status", "400", "501")],
        why: "A body without a final `chunked` has no end that can be told (RFC 9112 6.3).",
    },
    Known {
        requests: &[
            "body-get/Transfer-Encoding:*",
            "body-post/Transfer-Encoding:*",
        ],
        peer: "lighttpd",
        differences: &[("status", "400", "501")],
        why: "A body without a final `chunked` has no end that can be told (RFC 9112 6.3).",
    },
    Known {
        requests: &["body-get/*", "chunk/*"],
        peer: "lighttpd",
        differences: &[("status", "200", "400")],
        why: "A body of GET means nothing and is read (RFC 9110 9.3.1).",
    },
    Known {
        requests: &["body-get/*", "body-post/*"],
        peer: "lighttpd",
        differences: &[
            ("status", "400", "200"),
            ("status", "400", "404"),
            ("status", "400", "411"),
        ],
        why: "An empty length or coding is none, and `chunked` twice is no coding (RFC 9112 6.1, 6.3).",
    },
    Known {
        requests: &["chunk/*"],
        peer: "nginx",
        differences: &[("status", "200", "400")],
        why: "The answer with a file does not wait for a body that nobody reads; a bad one ends the connection behind it.",
    },
    Known {
        requests: &["line/no version", "version/", "version/ "],
        peer: "nginx",
        differences: &[("status", "400", "0")],
        why: "Requests of HTTP/0.9 are none (RFC 9112 2.3).",
    },
    Known {
        requests: &[
            "line/two blanks",
            "line/two empty lines ahead",
            "line/bare LF*",
        ],
        peer: "nginx",
        differences: &[("status", "400", "200")],
        why: "One blank between the parts, at most one empty line ahead, and CRLF (RFC 9112 2.2, 3).",
    },
    Known {
        requests: &[
            "version/HTTP/1.10",
            "version/HTTP/1.01",
            "version/HTTP/1.1 ",
        ],
        peer: "nginx",
        differences: &[("status", "400", "200")],
        why: "A version has one digit on either side (RFC 9112 2.3), and nothing behind it.",
    },
    Known {
        requests: &["version/HTTP/2"],
        peer: "nginx",
        differences: &[("status", "400", "505")],
        why: "No version at all: two digits and a dot (RFC 9112 2.3).",
    },
    Known {
        requests: &["version/HTTP/0.9"],
        peer: "nginx",
        differences: &[("status", "505", "400")],
        why: "A version that is not spoken (RFC 9110 15.6.6).",
    },
    Known {
        requests: &["line/TLS"],
        peer: "nginx",
        differences: &[("status", "0", "400")],
        why: "No line has ended, and the client has: there is nobody to tell.",
    },
    Known {
        requests: &["line/TLS"],
        peer: "lighttpd",
        differences: &[("status", "0", "400")],
        why: "No line has ended, and the client has: there is nobody to tell.",
    },
    Known {
        requests: &["line/*"],
        peer: "lighttpd",
        differences: &[("status", "400", "501")],
        why: "The line breaks the grammar (RFC 9112 3); its method is none (RFC 9110 9.1).",
    },
    Known {
        requests: &["line/empty line ahead"],
        peer: "lighttpd",
        differences: &[("status", "200", "400")],
        why: "An empty line ahead is skipped (RFC 9112 2.2).",
    },
    Known {
        requests: &["version/HTTP/1.2", "version/HTTP/1.9"],
        peer: "lighttpd",
        differences: &[("status", "200", "505")],
        why: "Later versions of HTTP/1 are read as 1.1 (RFC 9110 2.5).",
    },
    Known {
        requests: &["version/HTTP/*"],
        peer: "lighttpd",
        differences: &[("status", "400", "505")],
        why: "No version at all: a digit, a dot, a digit (RFC 9112 2.3).",
    },
];
