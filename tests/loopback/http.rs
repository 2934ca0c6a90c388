//! HTTP over real sockets, each case in both modes.

use crate::support::{
    Answer, Folder, PATIENCE, Rig, both, both_at_once, connect, connect_narrow, exchange, get,
    pattern, read_answer, read_to_end, read_until_cut, request,
};
use pelton::base::key::{Key, Peer};
use pelton::base::tick::Time;
use pelton::config::{self, Config, Mode};
use pelton::engine::Count;
use pelton::frame::HEAD8;
use pelton::http::HttpDate;
use pelton::http::coding::Coding;
use pelton::http::head::HeadRoom;
use pelton::http::parse::parse;
use pelton::service::later::{Desk, Tickets};
use pelton::service::{
    Content, Context, FileError, Files, Found, Meta, PathValues, Replies, Response, Router,
    Service, State, StaticSite, Variant,
};
use pelton::session::{CloseReason, HttpRequest, Request};
use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

/// The usual site with a few handlers: `/echo` sends a body back, `/panic`
/// fails.
fn rig(mode: Mode) -> Rig {
    Rig::with_router(mode, |_| {}, router())
}

fn router() -> Router {
    Router::new()
        .http("POST", "/echo", |request, _| {
            Response::new("application/octet-stream", request.body.to_vec())
        })
        .http("GET", "/panic", |_, _| -> Response {
            panic!("as the test wants")
        })
        .site(StaticSite::new(0))
}

const GET_SMALL: &str = "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";

fn sent(addr: SocketAddr, input: &[u8]) -> TcpStream {
    let mut stream = connect(addr);
    stream.write_all(input).expect("sent");
    stream
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// --- files ---------------------------------------------------------------

#[test]
fn files_come_whole_and_head_tells_the_same_without_them() {
    both(|mode| {
        let rig = rig(mode);
        for (target, body) in [
            ("/", b"<h1>index</h1>\n".to_vec()),
            ("/index.html", b"<h1>index</h1>\n".to_vec()),
            ("/folder/", b"<h1>folder</h1>\n".to_vec()),
            ("/small.txt", pattern(1024)),
            ("/large.bin", pattern(300_000)),
            ("/huge.bin", pattern(6 << 20)),
        ] {
            let whole = get(rig.http, target, "");
            assert_eq!(whole.status, 200, "{target}");
            assert!(whole.body == body, "{target} comes byte for byte");
            let head = request(rig.http, "HEAD", target, "Connection: close\r\n");
            for name in ["content-length", "content-type", "etag", "last-modified"] {
                assert!(whole.field(name).is_some(), "{target} has {name}");
                assert_eq!(whole.field(name), head.field(name), "{target}: {name}");
            }
        }
    });
}

#[test]
fn head_is_followed_by_nothing() {
    both(|mode| {
        let rig = rig(mode);
        for target in ["/small.txt", "/huge.bin", "/none", "/folder", "/panic"] {
            let text = format!("HEAD {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            let output = exchange(rig.http, text.as_bytes());
            assert!(output.ends_with(b"\r\n\r\n"), "{target}");
            assert_eq!(find_all(&output, b"\r\n\r\n"), 1, "{target}");
        }
    });
}

fn find_all(text: &[u8], what: &[u8]) -> usize {
    text.windows(what.len())
        .filter(|part| *part == what)
        .count()
}

#[test]
fn media_types_and_validators() {
    both(|mode| {
        let rig = rig(mode);
        for (name, expected) in [
            ("a.css", "text/css; charset=utf-8"),
            ("a.JS", "text/javascript; charset=utf-8"),
            ("a.png", "image/png"),
            ("a.svg", "image/svg+xml"),
            ("a.unheard-of", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            rig.folder.write(name, b"x");
            let answer = get(rig.http, &format!("/{name}"), "");
            assert_eq!(answer.field("content-type"), Some(expected), "{name}");
            for date in ["date", "last-modified"] {
                let value = answer.field(date).expect("a date");
                assert!(httpdate::parse_http_date(value).is_ok(), "{date}: {value}");
            }
            let etag = answer.field("etag").expect("a tag");
            assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        }
    });
}

#[test]
fn conditions_and_ranges() {
    both(|mode| {
        let rig = rig(mode);
        for (file, len) in [("/small.txt", 1024), ("/huge.bin", 6 << 20)] {
            // In the second that it names a date is no strong validator.
            rig.folder.date(&file[1..], 1_000_000_000);
            conditions_and_ranges_of(&rig, file, len);
        }
        rig.folder.write("empty", b"");
        for range in ["0-", "-0", "0-0"] {
            let answer = get(rig.http, "/empty", &format!("Range: bytes={range}\r\n"));
            let told = (answer.status, answer.field("content-range"));
            assert_eq!(told, (416, Some("bytes */0")), "{range} of nothing");
        }
        // Its last byte and all ahead of it: that is all of it, with a 200.
        let answer = get(rig.http, "/empty", "Range: bytes=-1\r\n");
        let told = (answer.status, answer.field("content-length"));
        assert_eq!(told, (200, Some("0")));
    });
}

fn conditions_and_ranges_of(rig: &Rig, file: &str, len: usize) {
    let whole = get(rig.http, file, "");
    let etag = whole.field("etag").expect("a tag");
    let modified = whole.field("last-modified").expect("a date");
    let early = "Sun, 06 Nov 1994 08:49:37 GMT";
    let last = len - 1;
    let check = |method: &str, fields: &str, status: u16, part: Option<(usize, usize)>| {
        let case = format!("{method} {file} {fields}");
        let answer = request(rig.http, method, file, fields);
        assert_eq!(answer.status, status, "{case}");
        if let Some((first, last)) = part {
            assert!(answer.body == pattern(len)[first..=last], "{case}");
            let range = format!("bytes {first}-{last}/{len}");
            assert_eq!(answer.field("content-range"), Some(&*range), "{case}");
        }
        if matches!(status, 206 | 304) {
            assert_eq!(answer.field("etag"), Some(etag), "{case}");
        }
        if status == 416 {
            let range = format!("bytes */{len}");
            assert_eq!(answer.field("content-range"), Some(&*range), "{case}");
        }
        if status == 200 && method == "GET" {
            assert_eq!(answer.body.len(), len, "{case}");
        }
    };
    let field = |name: &str, value: &str| format!("{name}: {value}\r\n");
    for (fields, status) in [
        (field("If-None-Match", etag), 304),
        (field("If-None-Match", &format!("\"x\", W/{etag}")), 304),
        (field("If-None-Match", "\"x\""), 200),
        (field("If-Modified-Since", modified), 304),
        (field("If-Modified-Since", early), 200),
        (field("If-Match", "\"x\""), 412),
        (field("If-Unmodified-Since", early), 412),
    ] {
        check("GET", &fields, status, None);
        check("HEAD", &fields, status, None);
    }
    for (range, part) in [
        ("0-0".to_owned(), (0, 0)),
        ("5-9".to_owned(), (5, 9)),
        (format!("{last}-"), (last, last)),
        ("-3".to_owned(), (len - 3, last)),
        ("7-99999999999999999999".to_owned(), (7, last)),
        ("-99999999999999999999".to_owned(), (0, last)),
    ] {
        let range = field("Range", &format!("bytes={range}"));
        check("GET", &range, 206, Some(part));
        check("HEAD", &range, 200, None);
        check(
            "GET",
            &(range.clone() + &field("If-Range", etag)),
            206,
            Some(part),
        );
        check(
            "GET",
            &(range.clone() + &field("If-Range", modified)),
            206,
            Some(part),
        );
        check(
            "GET",
            &(range.clone() + &field("If-Range", "\"x\"")),
            200,
            None,
        );
        check(
            "GET",
            &(range.clone() + &field("If-None-Match", etag)),
            304,
            None,
        );
    }
    for range in [format!("{len}-"), "-0".to_owned()] {
        check("GET", &field("Range", &format!("bytes={range}")), 416, None);
    }
    let twice = "bytes=0-1\r\nRange: bytes=0-1";
    for range in ["bytes=0-1,x", "bytes=9-5", "bytes=x", "lines=0-1", twice] {
        check("GET", &field("Range", range), 200, None);
    }
}

#[test]
fn several_ranges_come_in_one_answer() {
    both(|mode| {
        let rig = rig(mode);
        // In memory and copied, in memory and shared, from the disk.
        for (file, len) in [
            ("small.txt", 1024),
            ("large.bin", 300_000),
            ("huge.bin", 6 << 20),
        ] {
            let (last, half) = (len - 1, len / 2);
            let check = |ranges: &str, expected: &[(usize, usize)]| {
                several_ranges_of(&rig, file, len, ranges, expected);
            };
            check("0-0,-1", &[(0, 0), (last, last)]);
            let most = half - 10;
            check(
                &format!("{half}-,0-{most},999-999"),
                &[(half, last), (0, most)],
            );
            check("700-800, 5-9 ,600-699,4-4", &[(600, 800), (4, 9)]);
            check(&format!("0-9,20-29,{len}-,-0"), &[(0, 9), (20, 29)]);
            let apart: Vec<(usize, usize)> = (0..100).map(|at| (9 * at, 9 * at + 7)).collect();
            let most = apart.iter().map(|(first, last)| format!("{first}-{last}"));
            check(&most.collect::<Vec<_>>().join(","), &apart);
            let one = get(
                rig.http,
                &format!("/{file}"),
                "Range: bytes=5-9,7-12,0-5\r\n",
            );
            let whole = format!("bytes 0-12/{len}");
            assert_eq!(one.field("content-range"), Some(&*whole), "made one");
            let none = get(
                rig.http,
                &format!("/{file}"),
                "Range: bytes=-0,99999999-\r\n",
            );
            assert_eq!(none.status, 416);
            // More than are taken.
            let many: String = (0..=100).map(|at| format!(",{0}-{0}", 2 * at)).collect();
            let all = get(
                rig.http,
                &format!("/{file}"),
                &format!("Range: bytes={many}\r\n"),
            );
            assert_eq!((all.status, all.body.len()), (200, len));
        }
    });
}

/// Takes the answer apart by its boundary and holds it against the file; the
/// connection is good for another request.
fn several_ranges_of(rig: &Rig, file: &str, len: usize, ranges: &str, expected: &[(usize, usize)]) {
    let text_of = |method: &str| {
        format!("{method} /{file} HTTP/1.1\r\nHost: a\r\nRange: bytes={ranges}\r\n\r\n")
    };
    let mut stream = sent(rig.http, (text_of("GET") + GET_SMALL).as_bytes());
    let answer = read_answer(&mut stream, false);
    assert_eq!(read_answer(&mut stream, false).body, pattern(1024));
    let case = format!("{file} {ranges}");
    assert_eq!(answer.status, 206, "{case}");
    assert_eq!(answer.field("content-range"), None, "{case}");
    let media_type = answer.field("content-type").expect("a type");
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.expect("several parts");
    let whole = get(rig.http, &format!("/{file}"), "");
    for name in ["etag", "last-modified", "accept-ranges"] {
        assert_eq!(answer.field(name), whole.field(name), "{case}");
    }
    let content_type = whole.field("content-type").expect("a type");
    let mut body = Vec::new();
    for (number, (first, last)) in expected.iter().enumerate() {
        let lead = if number == 0 { "" } else { "\r\n" };
        let head = format!(
            "{lead}--{boundary}\r\nContent-Type: {content_type}\r\n\
             Content-Range: bytes {first}-{last}/{len}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&whole.body[*first..=*last]);
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(answer.body == body, "{case}");
    let head = request(
        rig.http,
        "HEAD",
        &format!("/{file}"),
        "Range: bytes=0-0,-1\r\n",
    );
    assert_eq!(head.status, 200, "ranges are for GET alone");
}

#[test]
fn a_folder_without_its_slash_redirects_within_this_host() {
    both(|mode| {
        let rig = rig(mode);
        for folder in ["a b", "evil.example", "\\evil", "h\u{e9}", "q?"] {
            rig.folder.write(&format!("{folder}/index.html"), b"x");
        }
        for (target, location) in [
            ("/folder", "/folder/"),
            ("/folder?x=1&y=%2f", "/folder/?x=1&y=%2f"),
            ("/a%20b", "/a%20b/"),
            ("//evil.example", "/evil.example/"),
            ("///evil.example?a", "/evil.example/?a"),
            ("/.//evil.example", "/evil.example/"),
            ("http://a//evil.example", "/evil.example/"),
            ("/%5cevil", "/%5Cevil/"),
            ("/h%C3%A9", "/h%C3%A9/"),
            ("/q%3f", "/q%3F/"),
        ] {
            let answer = get(rig.http, target, "");
            assert_eq!(answer.status, 301, "{target}");
            assert_eq!(answer.field("location"), Some(location), "{target}");
        }
        assert_eq!(get(rig.http, "/small.txt/", "").status, 404);
    });
}

#[test]
fn a_change_shows_within_about_a_second() {
    both_at_once(|mode| {
        let rig = rig(mode);
        let becomes = |status: u16, body: &[u8]| {
            let start = Instant::now();
            loop {
                let answer = get(rig.http, "/page", "");
                if answer.status == status && (status != 200 || answer.body == body) {
                    break;
                }
                assert!(
                    start.elapsed() < Duration::from_secs(3),
                    "{status} {body:?}"
                );
                thread::sleep(Duration::from_millis(50));
            }
        };
        becomes(404, b"");
        rig.folder.write("page", b"made");
        becomes(200, b"made");
        rig.folder.write("page", b"edited in place");
        becomes(200, b"edited in place");
        rig.folder.write("next", b"renamed over");
        fs::rename(
            rig.folder.path().join("next"),
            rig.folder.path().join("page"),
        )
        .expect("moved");
        becomes(200, b"renamed over");
        fs::remove_file(rig.folder.path().join("page")).expect("removed");
        becomes(404, b"");
    });
}

// --- files that must not be reached ----------------------------------------

const SECRET: &[u8] = b"what nobody may read";

#[test]
fn nothing_outside_the_root_is_revealed() {
    both(|mode| {
        let outside = Folder::new();
        outside.write("secret", SECRET);
        let rig = rig(mode);
        let root = rig.folder.path();
        let name = outside
            .path()
            .file_name()
            .expect("a name")
            .to_str()
            .expect("UTF-8");
        rig.folder.write(".hidden", SECRET);
        rig.folder.write(".git/config", SECRET);
        rig.folder.write("folder/.htpasswd", SECRET);
        symlink(outside.path(), root.join("absolute")).expect("a link");
        symlink(outside.path().join("secret"), root.join("absolute-file")).expect("a link");
        symlink(format!("../{name}/secret"), root.join("climbing")).expect("a link");
        symlink("/proc/self/environ", root.join("magic")).expect("a link");
        symlink("small.txt", root.join("inside")).expect("a link");
        let fifo = std::process::Command::new("mkfifo")
            .arg(root.join("fifo"))
            .status();
        assert!(fifo.expect("mkfifo").success());
        for climb in [
            "..",
            "%2e%2e",
            "%2E.",
            ".%2e",
            "..%2f..",
            "..%5c..",
            "%252e%252e",
            "..",
        ] {
            for separator in ["/", "//", "%2f", "%2F", "\\", "%5c", "/./", "%252f"] {
                for start in ["/", "/folder/", "//", "/folder/../", "http://a/"] {
                    let target = format!("{start}{climb}{separator}{name}{separator}secret");
                    refuses(&rig, target.as_bytes());
                }
            }
        }
        for target in [
            "/.hidden",
            "/.git/config",
            "/%2egit/config",
            "/folder/.htpasswd",
            "/folder/../.hidden",
            "/absolute/secret",
            "/absolute-file",
            "/climbing",
            "/magic",
            "/fifo",
            "/small.txt%00",
            "/small.txt\0",
            "/%00/../small.txt",
            "/folder/../../../../../../../etc/passwd",
            "/etc/passwd",
            "//etc/passwd",
            "/%ff%fe",
            "/small.txt%",
            "/small.txt%2",
            "/small.txt%zz",
        ] {
            refuses(&rig, target.as_bytes());
        }
        assert_eq!(get(rig.http, "/inside", "").body, pattern(1024));
        assert_eq!(
            get(rig.http, "/folder/%2e%2e/small.txt", "").body,
            pattern(1024)
        );
    });
}

/// The answer is 400 or 404, and nothing of a secret.
fn refuses(rig: &Rig, target: &[u8]) {
    let input = [
        b"GET ",
        target,
        b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ]
    .concat();
    let output = text(&exchange(rig.http, &input));
    let case = text(target);
    assert!(matches!(&output[9..12], "400" | "404"), "{case}: {output}");
    assert!(
        !output.contains("nobody may") && !output.contains("root:"),
        "{case}"
    );
}

/// Files of which none can be had, but for one page, if there is one.
struct NoFiles(FileError, Option<Found>);

struct NoDesk;

impl Desk for NoDesk {
    fn answered(&self, _: Peer) {}
}

impl Files for NoFiles {
    fn find(&mut self, _: usize, path: &[u8], _: Time) -> Result<&mut Found, FileError> {
        self.1.as_mut().filter(|_| path == OOPS).ok_or(self.0)
    }
}

const OOPS: &[u8] = b"/oops.html";

/// What a router answers to a request for a file.
fn answered(router: &Router, files: &mut NoFiles) -> String {
    let mut room = HeadRoom::new();
    let head = parse(GET_SMALL.as_bytes(), &mut room).expect("a good head");
    let mut replies = Replies::new();
    let desk: Arc<dyn Desk> = Arc::new(NoDesk);
    let mut context = Context {
        now: Time(0),
        date: &HttpDate::from_unix(0),
        unix_s: 0,
        peer: Peer {
            worker: 0,
            key: Key {
                index: 0,
                generation: 0,
            },
        },
        address: SocketAddr::from(([127, 0, 0, 1], 1)),
        framing: &HEAD8,
        tag: 0,
        draining: false,
        drains: &AtomicBool::new(false),
        timer: None,
        unhandled: 0,
        tickets: Tickets::new(&desk),
        path_values: PathValues::default(),
        files,
        state: &mut State::default(),
        replies: &mut replies,
    };
    let request = HttpRequest {
        head: &head,
        body: &[],
        last: false,
    };
    router.call(&Request::Http(request), &mut context);
    text(replies.bytes())
}

/// On a real disk the tests' user, root, may read everything.
#[test]
fn what_is_wrong_with_a_file_has_its_status() {
    for (error, status) in [
        (FileError::NotFound, "404"),
        (FileError::Directory, "301"),
        (FileError::Forbidden, "403"),
        (FileError::Busy, "503"),
        (FileError::Broken, "500"),
    ] {
        let got = answered(&router(), &mut NoFiles(error, None));
        assert_eq!(&got[9..12], status, "{error:?}");
    }
}

#[test]
fn whatever_is_wrong_has_a_page_of_the_site_if_there_is_one() {
    let config = "[[site]]\n[site.error_pages]\n403 = \"/oops.html\"\n500 = \"/oops.html\"\n\
                  503 = \"/oops.html\"";
    let config = config::parse(config).expect("a good site");
    let router = Router::new().site(&config);
    for (error, status) in [
        (FileError::Forbidden, "403"),
        (FileError::Busy, "503"),
        (FileError::Broken, "500"),
    ] {
        let page = Variant {
            coding: Coding::Identity,
            meta: Meta {
                len: 4,
                modified_s: 0,
                modified_ns: 0,
            },
            content: Content::Memory(b"oops".to_vec().into()),
            digest: None,
            prepared: None,
        };
        let page = Found {
            main: page,
            others: Vec::new(),
            varies: false,
            index: None,
        };
        let got = answered(&router, &mut NoFiles(error, Some(page)));
        assert_eq!(&got[9..12], status, "{error:?}");
        assert!(got.ends_with("\r\n\r\noops"), "{got}");
        assert!(
            !got.contains("ETag") && !got.contains("Last-Modified"),
            "{got}"
        );
    }
}

// --- files that change while they are sent ----------------------------------

/// More than the two sockets' buffers hold, so that it is under way for long.
const ENORMOUS: usize = 24 << 20;

#[test]
fn a_file_renamed_over_while_it_is_sent_comes_whole() {
    both(|mode| {
        let rig = rig(mode);
        let old = pattern(ENORMOUS);
        rig.folder.write("file", &old);
        rig.folder.write("next", b"new");
        let mut stream = connect_narrow(rig.http, 64 << 10);
        stream
            .write_all(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect("sent");
        let mut start = [0; 9];
        stream.read_exact(&mut start).expect("its first bytes");
        let folder = rig.folder.path();
        fs::rename(folder.join("next"), folder.join("file")).expect("renamed");
        let answer = read_answer(&mut Read::chain(&start[..], &mut stream), false);
        assert!(answer.body == old, "the old one, to its end");
    });
}

#[test]
fn a_file_truncated_while_it_is_sent_closes_the_connection() {
    both(|mode| {
        let rig = rig(mode);
        let file = fs::File::create(rig.folder.path().join("file")).expect("a file");
        file.set_len(ENORMOUS as u64).expect("holes are cheap");
        let mut stream = connect_narrow(rig.http, 64 << 10);
        stream
            .write_all(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect("sent");
        stream.read_exact(&mut [0; 9]).expect("its first bytes");
        file.set_len(0).expect("truncated");
        assert!(read_until_cut(&mut stream).len() < ENORMOUS);
        rig.wait_for("it is counted", |rig| {
            rig.closed(CloseReason::FileTruncated) == 1
        });
        assert_eq!(get(rig.http, "/small.txt", "").status, 200);
    });
}

// --- connections -------------------------------------------------------------

#[test]
fn a_connection_lasts_as_long_as_both_sides_say() {
    both(|mode| {
        let rig = rig(mode);
        for (version, field, lasts, told) in [
            ("1.1", "", true, None),
            ("1.1", "Connection: keep-alive\r\n", true, None),
            ("1.1", "Connection: closed\r\n", true, None),
            ("1.1", "Connection: close\r\n", false, Some("close")),
            ("1.1", "Connection: , x ,CLOSE\r\n", false, Some("close")),
            (
                "1.1",
                "Connection: x\r\nConnection: close\r\n",
                false,
                Some("close"),
            ),
            ("1.0", "", false, Some("close")),
            (
                "1.0",
                "Connection: keep-alive\r\n",
                true,
                Some("keep-alive"),
            ),
            (
                "1.0",
                "Connection: Keep-Alive, close\r\n",
                false,
                Some("close"),
            ),
            ("1.2", "", true, None),
            ("1.9", "Connection: close\r\n", false, Some("close")),
        ] {
            for target in ["/small.txt", "/none", "/huge.bin", "/folder"] {
                let case = format!("{target} {version} {field}");
                let text = format!("GET {target} HTTP/{version}\r\nHost: a\r\n{field}\r\n");
                let mut stream = sent(rig.http, text.as_bytes());
                let first = read_answer(&mut stream, false);
                assert_eq!(first.field("connection"), told, "{case}");
                assert!(first.head.starts_with("HTTP/1.1 "), "{case}");
                if lasts {
                    stream.write_all(text.as_bytes()).expect("sent");
                    let second = read_answer(&mut stream, false);
                    assert_eq!(first.status, second.status, "{case}");
                } else {
                    assert!(read_to_end(&mut stream).is_empty(), "{case}");
                }
            }
        }
    });
}

/// A request and what its answer must be.
type Asked = (&'static str, &'static str, u16, usize);

const SMALL: Asked = ("GET", "/small.txt", 200, 1024);
const LARGE: Asked = ("GET", "/large.bin", 200, 300_000);
const HUGE: Asked = ("GET", "/huge.bin", 200, 6 << 20);
const HEAD: Asked = ("HEAD", "/huge.bin", 200, 0);
const NONE: Asked = ("GET", "/none", 404, 0);

#[test]
fn pipelined_requests_are_answered_in_order() {
    both(|mode| {
        let rig = rig(mode);
        let mix = [
            SMALL, LARGE, HEAD, HUGE, NONE, SMALL, SMALL, HUGE, HEAD, LARGE, LARGE,
        ];
        pipeline(&rig, &mix.repeat(3));
        pipeline(&rig, &[SMALL].repeat(1_000));
        // Several reads' worth, and far above every mark.
        pipeline(&rig, &[SMALL, SMALL, HEAD, NONE].repeat(1_500));
        pipeline(&rig, &[LARGE].repeat(120));
    });
}

/// Sends all requests in one write, lets the answers pile up for a moment,
/// then reads them.
fn pipeline(rig: &Rig, asked: &[Asked]) {
    let line =
        |(method, target, _, _): &Asked| format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    let input: String = asked.iter().map(line).collect();
    let stream = connect(rig.http);
    let mut writer = stream.try_clone().expect("a second handle");
    let sending = thread::spawn(move || writer.write_all(input.as_bytes()));
    thread::sleep(Duration::from_millis(100));
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    for (number, &(method, target, status, len)) in asked.iter().enumerate() {
        let answer = read_answer(&mut reader, method == "HEAD");
        let case = format!("number {number}, {method} {target}");
        assert_eq!(answer.status, status, "{case}");
        if status == 200 {
            assert!(answer.body == pattern(len), "{case}");
        }
    }
    sending.join().expect("no panic").expect("all sent");
}

#[test]
fn an_absolute_target_is_served() {
    both(|mode| {
        let rig = rig(mode);
        for target in ["http://a/small.txt", "HTTP://other:80/small.txt?q"] {
            assert_eq!(get(rig.http, target, "").body, pattern(1024), "{target}");
        }
        assert_eq!(get(rig.http, "http://a", "").status, 200);
    });
}

// --- refusals ------------------------------------------------------------------

#[test]
fn methods() {
    both(|mode| {
        let rig = rig(mode);
        let check = |method: &str, target: &str, status: u16, allow: Option<&str>| {
            let answer = request(rig.http, method, target, "");
            let got = (answer.status, answer.field("allow"));
            assert_eq!(got, (status, allow), "{method} {target}");
        };
        let of_files = Some("GET, HEAD, OPTIONS");
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
            check(method, "/small.txt", 405, of_files);
        }
        check("OPTIONS", "/small.txt", 204, of_files);
        check("OPTIONS", "*", 204, of_files);
        check("GET", "/echo", 405, Some("POST, OPTIONS"));
        check("OPTIONS", "/echo", 204, Some("POST, OPTIONS"));
        check("POST", "/panic", 405, Some("GET, HEAD, OPTIONS"));
        for method in ["get", "BREW"] {
            check(method, "/small.txt", 501, None);
        }
    });
}

#[test]
fn a_site_has_its_own_404() {
    both(|mode| {
        let rig = rig(mode);
        assert!(text(&get(rig.http, "/none", "").body).contains("404"));
        rig.folder.write("404.html", b"not here");
        let with_page = get(rig.http, "/none2", "");
        let of_hidden = get(rig.http, "/.none", "");
        // The lack of a page is not remembered: no poll is needed.
        for answer in [with_page, of_hidden] {
            let told = (answer.status, answer.field("content-type"), &*answer.body);
            let html = Some("text/html; charset=utf-8");
            assert_eq!(told, (404, html, &b"not here"[..]));
        }
    });
}

/// Heads that are refused, and with what.
fn bad_heads() -> Vec<(String, u16)> {
    let host = "Host: a\r\n";
    let long = "x".repeat(20_000);
    let many = "a: b\r\n".repeat(101);
    let line = |line: &str, fields: &str| format!("{line}\r\n{fields}\r\n");
    let get = |fields: &str| line("GET / HTTP/1.1", &format!("{host}{fields}"));
    let post = |fields: &str| line("POST /echo HTTP/1.1", &format!("{host}{fields}"));
    vec![
        (line("GET / HTTP/1.1", ""), 400),
        (get("Host: a\r\n"), 400),
        (line("GET / HTTP/1.1", "Host: a@b\r\n"), 400),
        (line("GET /", host), 400),
        (line("GET  / HTTP/1.1", host), 400),
        (line("GET / HTTP/1.1 ", host), 400),
        (line("GET /\\x HTTP/1.1", host), 400),
        (line("GET small.txt HTTP/1.1", host), 400),
        (line("GET * HTTP/1.1", host), 400),
        (
            line("GET /../x HTTP/1.1", "Host: a\r\nConnection: close\r\n"),
            400,
        ),
        (get(" folded: x\r\n"), 400),
        (get("name : x\r\n"), 400),
        (get("name\r\n"), 400),
        (get("name: a\rb\r\n"), 400),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), 400),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\0\r\n\r\n".to_owned(), 400),
        (post("Content-Length: +5\r\n"), 400),
        (post("Content-Length: \r\n"), 400),
        (post("Content-Length: 99999999999999999999\r\n"), 400),
        (post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400),
        (
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            400,
        ),
        (post("Transfer-Encoding: chunked, gzip\r\n"), 400),
        (post("Transfer-Encoding: gzip, chunked\r\n"), 501),
        (post("Transfer-Encoding: chunked\r\n") + "z\r\n", 400),
        (post("Transfer-Encoding: chunked\r\n") + "1\r\nab\r\n", 400),
        (
            post("Transfer-Encoding: chunked\r\n") + "200000\r\n" + &long.repeat(53),
            413,
        ),
        (post("Content-Length: 1048577\r\n"), 413),
        (
            line(
                "POST /small.txt HTTP/1.1",
                "Host: a\r\nContent-Length: 1048577\r\n",
            ),
            413,
        ),
        (line(&format!("GET /{long} HTTP/1.1"), host), 414),
        (get(&format!("a: {long}\r\n")), 431),
        (get(&many), 431),
        (line("GET / HTTP/2.0", host), 505),
        (line("GET / HTTP/0.9", host), 505),
        (get("Expect: 200-ok\r\n"), 417),
    ]
}

#[test]
fn after_a_bad_head_comes_one_answer_and_the_end() {
    both(|mode| {
        let rig = rig(mode);
        for (head, status) in bad_heads() {
            for before in [0, 2] {
                let input = GET_SMALL.repeat(before) + &head + &GET_SMALL.repeat(3);
                let mut stream = sent(rig.http, input.as_bytes());
                for _ in 0..before {
                    assert_eq!(read_answer(&mut stream, false).status, 200);
                }
                let case = head.chars().take(60).collect::<String>();
                let answer = read_answer(&mut stream, false);
                assert_eq!(answer.status, status, "{case}");
                assert_eq!(answer.field("connection"), Some("close"), "{case}");
                assert!(read_to_end(&mut stream).is_empty(), "{case}");
            }
        }
    });
}

#[test]
fn the_answer_to_a_bad_head_is_not_lost_to_a_reset() {
    both(|mode| {
        let rig = rig(mode);
        let noise = vec![b'x'; 100 << 10];
        for (head, status) in bad_heads() {
            for pause in [0, 20] {
                let mut stream = sent(rig.http, head.as_bytes());
                thread::sleep(Duration::from_millis(pause));
                // The server takes a part of it; the rest may be refused.
                let _ = noise.chunks(10 << 10).try_for_each(|part| {
                    thread::sleep(Duration::from_millis(pause / 10));
                    stream.write_all(part)
                });
                let case = head.chars().take(60).collect::<String>();
                assert_eq!(read_answer(&mut stream, false).status, status, "{case}");
            }
        }
    });
}

#[test]
fn a_last_answer_is_not_lost_to_a_reset_by_a_body_on_its_way() {
    both(|mode| {
        let rig = rig(mode);
        for fields in ["Connection: close\r\n", "Expect: 100-continue\r\n"] {
            let head = format!(
                "POST /small.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n{fields}\r\n"
            );
            let mut stream = sent(rig.http, head.as_bytes());
            for _ in 0..5 {
                // A second write after a reset would fail.
                thread::sleep(Duration::from_millis(20));
                stream
                    .write_all(&[b'x'; 10_000])
                    .expect("taken, to be dropped");
            }
            let answer = read_answer(&mut stream, false);
            assert_eq!(
                (answer.status, answer.field("connection")),
                (405, Some("close"))
            );
            assert!(
                read_to_end(&mut stream).is_empty(),
                "and no reset: {fields}"
            );
        }
    });
}

#[test]
fn without_buffer_memory_a_request_is_answered_503() {
    both(|mode| {
        let small = |config: &mut Config| config.limits.buffer_bytes = 256 << 10;
        let rig = Rig::with_router(mode, small, router());
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n";
        let mut stream = sent(rig.http, head.as_bytes());
        // What it is refused for is not what it announces, but what comes.
        stream.write_all(&[b'x'; 100_000]).expect("sent");
        let answer = read_answer(&mut stream, false);
        assert_eq!(
            (answer.status, answer.field("connection")),
            (503, Some("close"))
        );
        assert_eq!(answer.field("retry-after"), Some("1"));
        stream
            .write_all(&[b'x'; 50_000])
            .expect("taken, to be dropped");
        assert!(read_to_end(&mut stream).is_empty());
        assert_eq!(
            get(rig.http, "/small.txt", "").status,
            200,
            "the others go on"
        );
        assert!(rig.handle.buffer_bytes() <= 256 << 10);
    });
}

#[test]
fn a_handler_that_panics_answers_500_and_the_others_go_on() {
    both(|mode| {
        let rig = rig(mode);
        let mut other = sent(rig.http, GET_SMALL.as_bytes());
        assert_eq!(read_answer(&mut other, false).status, 200);
        let input = format!("{GET_SMALL}GET /panic HTTP/1.1\r\nHost: a\r\n\r\n{GET_SMALL}");
        let mut stream = sent(rig.http, input.as_bytes());
        assert_eq!(read_answer(&mut stream, false).body, pattern(1024));
        let answer = read_answer(&mut stream, false);
        assert_eq!(
            (answer.status, answer.field("connection")),
            (500, Some("close"))
        );
        assert!(read_to_end(&mut stream).is_empty());
        rig.wait_for("the panic is counted", |rig| rig.count(Count::Panics) == 1);
        other.write_all(GET_SMALL.as_bytes()).expect("sent");
        assert_eq!(read_answer(&mut other, false).status, 200);
    });
}

// --- bodies ----------------------------------------------------------------------

/// The same body as one chunk per piece.
fn chunked(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let chunk = |piece: &&[u8]| {
        let size = format!("{:x};x=\"y\"\r\n", piece.len());
        [size.as_bytes(), piece, b"\r\n"].concat()
    };
    let mut chunks: Vec<Vec<u8>> = pieces.iter().map(chunk).collect();
    chunks.push(b"0\r\nTrailer: x\r\n\r\n".to_vec());
    chunks
}

/// A body in pieces, by length and in chunks, to a handler and to a file; the
/// connection is good for a further request each time.
fn send_body(stream: &mut TcpStream, body: &[u8], pieces: usize, pause: Duration) {
    let size = body.len().div_ceil(pieces).max(1);
    let parts: Vec<&[u8]> = body.chunks(size).collect();
    let whole: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
    let length = format!("Content-Length: {}\r\n", body.len());
    let in_chunks = ("Transfer-Encoding: Chunked\r\n".to_owned(), chunked(&parts));
    for (framing, parts) in [(length, whole), in_chunks] {
        for (target, status) in [("/echo", 200), ("/small.txt", 405)] {
            let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\n{framing}\r\n");
            let mut writer = stream.try_clone().expect("a second handle");
            let mut parts = parts.clone();
            if pause.is_zero() {
                parts = vec![parts.concat()];
            }
            let sending = thread::spawn(move || {
                writer.write_all(head.as_bytes()).expect("sent");
                for part in parts {
                    thread::sleep(pause);
                    writer.write_all(&part).expect("sent");
                }
            });
            let answer = read_answer(stream, false);
            let case = format!("{target} {framing} {} bytes in {pieces}", body.len());
            assert_eq!(answer.status, status, "{case}");
            assert!(status != 200 || answer.body == body, "{case}");
            sending.join().expect("no panic");
            stream.write_all(GET_SMALL.as_bytes()).expect("sent");
            assert!(
                read_answer(stream, false).body == pattern(1024),
                "behind {case}"
            );
        }
    }
}

#[test]
fn bodies_come_whole_however_they_are_cut() {
    both_at_once(|mode| {
        let rig = rig(mode);
        let mut stream = connect(rig.http);
        for len in [0, 1, 1_000, 70_000, 1 << 20] {
            send_body(&mut stream, &pattern(len), 1, Duration::ZERO);
        }
        for (len, pieces) in [(30, 30), (5_000, 7), (200_000, 10), (1 << 20, 5)] {
            send_body(&mut stream, &pattern(len), pieces, Duration::from_millis(5));
        }
    });
}

#[test]
fn pipelined_bodies_are_told_apart() {
    both(|mode| {
        let rig = rig(mode);
        let mut input = Vec::new();
        for len in 0..200 {
            let target = if len % 3 == 0 { "/small.txt" } else { "/echo" };
            let head =
                format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n");
            input.extend_from_slice(head.as_bytes());
            input.extend_from_slice(&pattern(len));
        }
        let mut reader = BufReader::new(sent(rig.http, &input));
        for len in 0..200 {
            let answer = read_answer(&mut reader, false);
            if len % 3 == 0 {
                assert_eq!(answer.status, 405, "{len}");
            } else {
                assert_eq!((answer.status, answer.body), (200, pattern(len)));
            }
        }
    });
}

#[test]
fn expect_continue_is_answered_at_once() {
    both(|mode| {
        let rig = rig(mode);
        for framing in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
            let head = |version, target| {
                format!(
                    "POST {target} HTTP/{version}\r\nHost: a\r\n{framing}\
                     Expect: 100-continue\r\n\r\n"
                )
            };
            let body = if framing.starts_with('C') {
                "hello"
            } else {
                "5\r\nhello\r\n0\r\n\r\n"
            };
            let mut stream = sent(rig.http, head("1.1", "/echo").as_bytes());
            let interim = read_head(&mut stream);
            assert_eq!(interim, "HTTP/1.1 100 Continue\r\n\r\n", "{framing}");
            stream.write_all(body.as_bytes()).expect("sent");
            assert_eq!(read_answer(&mut stream, false).body, b"hello", "{framing}");
            // Behind another request, so that it may be in one job with it.
            let two = format!("GET / HTTP/1.1\r\nHost: a\r\n\r\n{}", head("1.1", "/echo"));
            stream.write_all(two.as_bytes()).expect("sent");
            assert_eq!(read_answer(&mut stream, false).status, 200, "{framing}");
            assert!(
                read_head(&mut stream).starts_with("HTTP/1.1 100 "),
                "{framing}"
            );
            stream.write_all(body.as_bytes()).expect("sent");
            assert_eq!(read_answer(&mut stream, false).body, b"hello", "{framing}");
            // A file takes no body: the final status instead.
            let mut stream = sent(rig.http, head("1.1", "/small.txt").as_bytes());
            let answer = read_answer(&mut stream, false);
            assert_eq!(
                (answer.status, answer.field("connection")),
                (405, Some("close"))
            );
        }
        let old = "POST /echo HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
        let answer = text(&exchange(rig.http, old.as_bytes()));
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"),
            "{answer}"
        );
    });
}

/// One head, as it stands.
fn read_head(stream: &mut TcpStream) -> String {
    let Answer { head, .. } = read_answer(stream, true);
    head
}

#[test]
fn a_client_that_half_closes_gets_every_answer() {
    both(|mode| {
        let rig = rig(mode);
        let input = GET_SMALL.repeat(10);
        let mut stream = sent(rig.http, input.as_bytes());
        stream.shutdown(Shutdown::Write).expect("half-closed");
        let start = Instant::now();
        let output = read_to_end(&mut stream);
        assert_eq!(find_all(&output, b"HTTP/1.1 200 OK"), 10);
        assert!(
            start.elapsed() < PATIENCE / 2,
            "and no timeout was waited for"
        );
    });
}
