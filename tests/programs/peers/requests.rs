//! What is asked: a few hundred requests, each with a name that says of what.

/// When every file of the site was changed: Sun, 09 Sep 2001 01:46:40 GMT.
pub(crate) const CHANGED_UNIX_S: u64 = 1_000_000_000;

const CHANGED: &str = "Sun, 09 Sep 2001 01:46:40 GMT";
const EARLIER: &str = "Sun, 09 Sep 2001 01:46:39 GMT";
const LATER: &str = "Sun, 09 Sep 2001 01:46:41 GMT";

/// What stands for the tag that the server gives to `/small.txt`.
const ETAG: &str = "{etag}";

/// One request.
pub(crate) struct Sample {
    /// Its concern, a slash, and a few words.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Sample {
    /// The bytes with this tag in its place.
    pub(crate) fn with(&self, etag: &str) -> Vec<u8> {
        let text = &self.bytes;
        let Some(at) = text
            .windows(ETAG.len())
            .position(|part| part == ETAG.as_bytes())
        else {
            return text.clone();
        };
        let rest = &text[at + ETAG.len()..];
        let rest = Sample {
            name: String::new(),
            bytes: rest.to_vec(),
        }
        .with(etag);
        [&text[..at], etag.as_bytes(), &rest].concat()
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Sample> {
    let mut list = List(Vec::new());
    methods(&mut list);
    conditions(&mut list);
    ranges(&mut list);
    targets(&mut list);
    hosts(&mut list);
    fields(&mut list);
    lengths(&mut list);
    chunks(&mut list);
    versions(&mut list);
    list.0
}

struct List(Vec<Sample>);

impl List {
    fn add(&mut self, concern: &str, words: &str, bytes: impl Into<Vec<u8>>) {
        let words = words.escape_default().to_string();
        let words = match words.strip_suffix(' ') {
            Some(seen) => format!("{seen}\\u{{20}}"), // so that it is
            None => words,
        };
        let name = format!("{concern}/{words}");
        self.0.push(Sample {
            name,
            bytes: bytes.into(),
        });
    }

    /// GET with these field lines, without a CRLF at the end.
    fn get(&mut self, concern: &str, target: &str, fields: &str) {
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        let words = if fields.is_empty() { target } else { fields };
        self.add(concern, words, text);
    }
}

fn methods(list: &mut List) {
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get",
        "PROPFIND",
    ];
    for method in methods {
        for target in [
            "/",
            "/small.txt",
            "/empty.txt",
            "/folder",
            "/folder/",
            "/bare/",
            "/nowhere",
        ] {
            let end = if matches!(method, "POST" | "PUT" | "PATCH") {
                "Content-Length: 0\r\n\r\n"
            } else {
                "\r\n"
            };
            let text = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{end}");
            list.add("method", &format!("{method} {target}"), text);
        }
    }
}

fn conditions(list: &mut List) {
    let mut all = vec![
        "If-None-Match: *".to_owned(),
        "If-None-Match: \"x\"".to_owned(),
        "If-None-Match: {etag}".to_owned(),
        "If-None-Match: W/{etag}".to_owned(),
        "If-None-Match: \"x\", {etag}".to_owned(),
        "If-None-Match: \"x,\" , {etag} ,".to_owned(),
        "If-None-Match: \"x\"\r\nIf-None-Match: {etag}".to_owned(),
        "If-None-Match: x".to_owned(),
        "If-None-Match:".to_owned(),
        "If-Match: *".to_owned(),
        "If-Match: \"x\"".to_owned(),
        "If-Match: {etag}".to_owned(),
        "If-Match: W/{etag}".to_owned(),
        "If-Match: \"x\", {etag}".to_owned(),
        format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {CHANGED}"),
        format!("If-None-Match: {ETAG}\r\nIf-Modified-Since: {EARLIER}"),
        format!("If-Match: \"x\"\r\nIf-None-Match: {ETAG}"),
        format!("If-Match: {ETAG}\r\nIf-Unmodified-Since: {EARLIER}"),
    ];
    for name in ["If-Modified-Since", "If-Unmodified-Since"] {
        for date in [
            CHANGED,
            EARLIER,
            LATER,
            "Sunday, 09-Sep-01 01:46:40 GMT",
            "Sun Sep  9 01:46:40 2001",
            "Sun, 09 Sep 2001 01:46:40 UTC",
            "1000000000",
            "yesterday",
        ] {
            all.push(format!("{name}: {date}"));
        }
    }
    for fields in all {
        for method in ["GET", "HEAD"] {
            let text = format!("{method} /small.txt HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
            list.add("condition", &format!("{method} {fields}"), text);
        }
    }
}

fn ranges(list: &mut List) {
    for value in [
        "bytes=0-0",
        "bytes=0-9",
        "bytes=1014-1023",
        "bytes=1000-",
        "bytes=0-",
        "bytes=-1",
        "bytes=-1024",
        "bytes=-2000",
        "bytes=-0",
        "bytes=1000-5000",
        "bytes=1024-",
        "bytes=5000-6000",
        "bytes=9-0",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-0x9",
        "bytes=+0-9",
        "bytes=0 - 9",
        "bytes= 0-9",
        "bytes =0-9",
        "Bytes=0-9",
        "lines=0-9",
        "bytes=0-9,",
        "bytes=,0-9",
        "bytes=0-9,20-29",
        "bytes=0-9, 20-29",
        "bytes=0-9,5-29",
        "bytes=20-29,0-9",
        "bytes=0-9,2000-",
        "bytes=2000-,3000-",
        "bytes=0-9,a-b",
        "bytes=18446744073709551615-",
        "bytes=0-18446744073709551616",
        "bytes=0-9\r\nRange: bytes=20-29",
    ] {
        list.get("range", "/small.txt", &format!("Range: {value}"));
    }
    list.get("range-empty", "/empty.txt", "Range: bytes=0-0");
    list.get("range-empty", "/empty.txt", "Range: bytes=-1");
    list.get("range-nowhere", "/nowhere", "Range: bytes=0-0");
    list.get("range-large", "/large.bin", "Range: bytes=299999-");
    list.add(
        "range",
        "HEAD",
        "HEAD /small.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\r\n",
    );
    list.add(
        "range",
        "HEAD beyond",
        "HEAD /small.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=5000-\r\n\r\n",
    );
    for since in [
        "{etag}",
        "W/{etag}",
        "\"x\"",
        CHANGED,
        EARLIER,
        LATER,
        "x",
        "Sunday, 09-Sep-01 01:46:40 GMT",
    ] {
        list.get(
            "if-range",
            "/small.txt",
            &format!("Range: bytes=0-9\r\nIf-Range: {since}"),
        );
    }
}

fn targets(list: &mut List) {
    for target in [
        "/small.txt?",
        "/small.txt?a=b",
        "/small.txt?a b",
        "/small.txt#a",
        "/%73mall.txt",
        "/small%2etxt",
        "/small%2Etxt",
        "/a%20b.txt",
        "/a+b.txt",
        "/a b.txt",
        "/small.txt%00",
        "/small.txt%0d%0a",
        "/%zz",
        "/%",
        "/%a",
        "/%2fsmall.txt",
        "/folder%2findex.html",
        "//small.txt",
        "/./small.txt",
        "/folder/../small.txt",
        "/folder//index.html",
        "/../small.txt",
        "/../../etc/passwd",
        "/%2e%2e/small.txt",
        "/folder/%2e%2e/small.txt",
        "/.hidden",
        "/%2ehidden",
        "/small.txt/",
        "/small.txt/more",
        "/folder/.",
        "/folder/..",
        "/SMALL.TXT",
        "/small.txt\\",
        "/folder\\index.html",
        "/\u{e9}",
        "/%c3%a9",
        "/%e9",
        "/small.txt\u{7f}",
        "/small.txt\u{1}",
        "/small.txt\t",
        "/<small>",
        "/\"small\"",
        "/small.txt;a=b",
        "/~small.txt",
        "/small.txt%3fa",
        "*",
        "small.txt",
        "?a",
        "a",
        "http://a/small.txt",
        "HTTP://a/small.txt",
        "http://a",
        "http://a?b",
        "http://b/small.txt",
        "https://a/small.txt",
        "ftp://a/small.txt",
        "http:///small.txt",
        "http://u@a/small.txt",
        "http://a:80/small.txt",
        "http://a:x/small.txt",
        "a:80",
        "/folder?a=b",
        "//a/b",
        "//folder",
    ] {
        list.get("target", target, "");
    }
    let long = "x".repeat(5_000);
    list.add(
        "target",
        "5000 bytes",
        format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
    );
    let endless = "x".repeat(70_000);
    list.add(
        "target",
        "70000 bytes",
        format!("GET /{endless} HTTP/1.1\r\nHost: a\r\n\r\n"),
    );
    list.add(
        "target",
        "OPTIONS *",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    list.add(
        "target",
        "CONNECT",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
    );
}

fn hosts(list: &mut List) {
    for host in [
        "",
        "Host:",
        "Host: a",
        "Host: A.Example",
        "Host: a:80",
        "Host: a:",
        "Host: a:x",
        "Host: a:99999",
        "Host: [::1]",
        "Host: [::1]:80",
        "Host: [::1",
        "Host: a/b",
        "Host: a b",
        "Host: a@b",
        "Host: a,b",
        "Host: a\r\nHost: a",
        "Host: a\r\nHost: b",
        "Host: a\u{1}",
        "Host: \u{e9}",
        "Host: %61",
        "Host: a_b",
        "Host: a..b",
        "Host: .",
        "Host: *",
        "Host: 127.0.0.1",
        "Host: a?",
        "Host: a#",
        "Host: \"a\"",
    ] {
        let end = if host.is_empty() { "" } else { "\r\n" };
        let rest = format!("{host}{end}\r\n");
        list.add("host", host, format!("GET /small.txt HTTP/1.1\r\n{rest}"));
        list.add(
            "host-1.0",
            host,
            format!("GET /small.txt HTTP/1.0\r\n{rest}"),
        );
    }
}

fn fields(list: &mut List) {
    for line in [
        "A: b",
        "A:b",
        "A:",
        "A: \t b \t",
        "A : b",
        "A\t: b",
        " A: b",
        "A",
        ": b",
        "A b: c",
        "A(: b",
        "A\"b: c",
        "\u{e9}: b",
        "A: \u{e9}",
        "A: b\u{1}",
        "A: b\0c",
        "A\0: b",
        "A: b\u{7f}",
        "A: b\r\n c",
        "A: b\r\n\tc",
        "A: b\r\n ",
        "A: b\rC: d",
        "A: b\nC: d",
        "A: b\r\r",
        "A_b: c",
        "A.b: c",
        "Connection: close",
        "Connection: keep-alive",
        "Connection: keep-alive, close",
        "Connection: x",
        "Connection: CLOSE",
        "Connection: close\r\nConnection: keep-alive",
        "Expect: 100-continue",
        "Expect: x",
        "Upgrade: h2c\r\nConnection: Upgrade",
        "Accept: x/y",
        "Accept-Encoding: identity;q=0",
        "TE: trailers",
        "Date: x",
        "Referer: \r\nUser-Agent: ",
    ] {
        list.get("field", "/small.txt", line);
    }
    let long = format!("A: {}", "b".repeat(70_000));
    list.add(
        "field",
        "70000 bytes",
        format!("GET / HTTP/1.1\r\nHost: a\r\n{long}\r\n\r\n"),
    );
    let many = "A: b\r\n".repeat(120);
    list.add(
        "field",
        "120 lines",
        format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
    );
}

fn lengths(list: &mut List) {
    for lines in [
        "Content-Length: 5",
        "Content-Length: 0",
        "Content-Length: 005",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 5,5",
        "Content-Length: 5, 6",
        "Content-Length:",
        "Content-Length: five",
        "Content-Length: 5.0",
        "Content-Length: 18446744073709551616",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length : 5",
        "content-length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked;a=b",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        for (concern, method, target) in [
            ("body-get", "GET", "/small.txt"),
            ("body-post", "POST", "/nowhere"),
        ] {
            let head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n");
            // A body of five bytes, and whole in chunks as well.
            list.add(concern, lines, head + "0\r\n\r\n");
        }
    }
}

fn chunks(list: &mut List) {
    for body in [
        "0\r\n\r\n",
        "1\r\na\r\n0\r\n\r\n",
        "01\r\na\r\n00\r\n\r\n",
        "1;a=b\r\na\r\n0\r\n\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "\r\n",
        "x\r\n",
        "1\na\n0\n\n",
        "1\r\nab\r\n0\r\n\r\n",
        "2\r\na\r\n0\r\n\r\n",
        "1;\r\na\r\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "ffffffffffffffff\r\na",
        "10000000000000001\r\na\r\n0\r\n\r\n",
        "0\r\nA: b\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\n A: b\r\n\r\n",
        "1\r\na\r\n",
    ] {
        let head = "GET /small.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        list.add("chunk", body, format!("{head}{body}"));
    }
}

fn versions(list: &mut List) {
    for version in [
        "HTTP/1.0",
        "HTTP/1.1",
        "HTTP/1.2",
        "HTTP/1.9",
        "HTTP/1.10",
        "HTTP/0.9",
        "HTTP/2.0",
        "HTTP/2",
        "HTTP/3.0",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/1.x",
        "HTTP/01.1",
        "HTTP/1.01",
        "http/1.1",
        "HTTP /1.1",
        "HTTP/1.1 ",
        "HTTP/1.1\t",
        "XTTP/1.1",
        "",
        " ",
        "HTTP/1.1 x",
    ] {
        let text = format!("GET /small.txt {version}\r\nHost: a\r\n\r\n");
        list.add("version", version, text);
    }
    for (words, start) in [
        ("no version", "GET /small.txt"),
        ("blank ahead", " GET / HTTP/1.1"),
        ("two blanks", "GET  /small.txt HTTP/1.1"),
        ("tab", "GET\t/small.txt HTTP/1.1"),
        ("empty line ahead", "\r\nGET /small.txt HTTP/1.1"),
        ("two empty lines ahead", "\r\n\r\nGET /small.txt HTTP/1.1"),
        ("bare LF ahead", "\nGET /small.txt HTTP/1.1"),
        ("no target", "GET HTTP/1.1"),
        ("method alone", "GET"),
        ("method with a mark", "G{T /small.txt HTTP/1.1"),
        ("method with a colon", "G:T /small.txt HTTP/1.1"),
        ("NUL", "GET /small.txt\0 HTTP/1.1"),
    ] {
        list.add("line", words, format!("{start}\r\nHost: a\r\n\r\n"));
    }
    list.add("line", "bare LF", "GET /small.txt HTTP/1.1\nHost: a\n\n");
    list.add(
        "line",
        "cut short",
        "GET /small.txt HTTP/1.1\r\nHost: a\r\n",
    );
    list.add("line", "nothing", "");
    list.add(
        "line",
        "keep-alive of 1.0",
        "GET /small.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    );
    list.add(
        "line",
        "TLS",
        &b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"[..],
    );
    let two = "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    list.add("line", "two requests", two);
}
