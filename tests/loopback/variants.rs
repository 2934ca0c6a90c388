//! Files in several content codings, over loopback: which of them is sent, and
//! what is said of it.

use crate::support::{Answer, PATIENCE, Rig, both, connect, pattern, read_answer};
use pelton::Router;
use pelton::config::{self, Mode};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A server for one site with these keys and files, and the site's folder.
fn start(mode: Mode, keys: &str, files: &[(&str, &[u8])]) -> (Rig, PathBuf) {
    let text = format!("[[site]]\nroot = \"variants\"\n{keys}");
    let parsed = config::parse(&text).expect("a good configuration");
    let router = Router::new().site(&parsed);
    let mut place = PathBuf::new();
    let adjust = |config: &mut config::Config| {
        place = config.sites[0].root.join("variants");
        fs::create_dir_all(&place).expect("a folder");
        for (name, content) in files {
            let path = place.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        config.sites = parsed.sites;
        config.sites[0].root = place.clone();
        // One cache: what one answer has shown the next one shows too.
        (config.workers, config.proactor.threads) = (1, 1);
    };
    let rig = Rig::with_router(mode, adjust, router);
    (rig, place)
}

/// Sends one request, `GET /path` and field lines with ` | ` between them.
fn ask(rig: &Rig, request: &str) -> Answer {
    let (line, fields) = request.split_once(" | ").unwrap_or((request, ""));
    let fields: String = fields
        .split(" | ")
        .filter(|field| !field.is_empty())
        .map(|field| format!("{field}\r\n"))
        .collect();
    let mut stream = connect(rig.http);
    write!(stream, "{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").expect("sent");
    read_answer(&mut stream, line.starts_with("HEAD "))
}

/// The answer has this status, these fields (a name alone: none by it), and
/// this body.
#[track_caller]
fn check(rig: &Rig, request: &str, status: u16, lines: &[&str], body: &[u8]) -> Answer {
    let answer = ask(rig, request);
    assert_eq!(answer.status, status, "{request}\n{}", answer.head);
    for line in lines {
        match line.split_once(": ") {
            Some(_) => assert!(
                answer.head.lines().any(|known| known == *line),
                "{request}: no {line}\n{}",
                answer.head
            ),
            None => assert_eq!(answer.field(line), None, "{request}\n{}", answer.head),
        }
    }
    if status < 300 || status == 304 {
        let (got, wanted) = (answer.body.escape_ascii(), body.escape_ascii());
        assert_eq!(got.to_string(), wanted.to_string(), "{request}");
    }
    answer
}

const VARY: &str = "Vary: Accept-Encoding";
const NONE: &str = "Content-Encoding";

const FILES: [(&str, &[u8]); 8] = [
    ("a.css", b"the plain one"),
    ("a.css.br", b"br"),
    ("a.css.zst", b"zst."),
    ("a.css.gz", b"gzip.."),
    ("alone.txt", b"alone"),
    ("gone.js.gz", b"gone: gzip"),
    ("gone.js.br", b"gone: br"),
    ("folder/index.html.gz", b"an index"),
];

#[test]
fn what_lies_ready_made_beside_a_file_is_sent_to_those_who_take_it() {
    both(|mode| {
        let (rig, _) = start(mode, "", &FILES);
        let kind = "Content-Type: text/css; charset=utf-8";
        for _ in 0..2 {
            for (fields, coding, body) in [
                ("", "", &b"the plain one"[..]),
                (" | Accept-Encoding: gzip, deflate, br, zstd", "br", b"br"),
                (" | Accept-Encoding: gzip, deflate, zstd", "zstd", b"zst."),
                (" | Accept-Encoding: gzip", "gzip", b"gzip.."),
                (" | Accept-Encoding: x-gzip", "gzip", b"gzip.."),
                (" | Accept-Encoding: br;q=0.5, gzip", "gzip", b"gzip.."),
                (" | Accept-Encoding: *, br;q=0", "zstd", b"zst."),
                (" | Accept-Encoding: identity", "", b"the plain one"),
                (" | Accept-Encoding: deflate", "", b"the plain one"),
                (" | Accept-Encoding: *;q=0", "", b"the plain one"),
            ] {
                let named = format!("Content-Encoding: {coding}");
                let coded = if coding.is_empty() { NONE } else { &named };
                let length = format!("Content-Length: {}", body.len());
                let lines = [kind, VARY, coded, &length];
                check(&rig, &format!("GET /a.css{fields}"), 200, &lines, body);
                check(&rig, &format!("HEAD /a.css{fields}"), 200, &lines, b"");
            }
        }
        let lines = [NONE, "Vary"];
        check(
            &rig,
            "GET /alone.txt | Accept-Encoding: gzip",
            200,
            &lines,
            b"alone",
        );
        // By its own name it is a file like any other.
        let lines = [NONE, "Vary", "Content-Type: application/gzip"];
        check(
            &rig,
            "GET /a.css.gz | Accept-Encoding: gzip",
            200,
            &lines,
            b"gzip..",
        );
    });
}

#[test]
fn a_plain_file_need_not_be_there() {
    both(|mode| {
        let (rig, _) = start(mode, "", &FILES);
        let kind = "Content-Type: text/javascript; charset=utf-8";
        let lines = [kind, VARY, "Content-Encoding: gzip"];
        check(
            &rig,
            "GET /gone.js | Accept-Encoding: gzip",
            200,
            &lines,
            b"gone: gzip",
        );
        // Whoever says nothing takes anything.
        let lines = [kind, VARY, "Content-Encoding: br"];
        check(&rig, "GET /gone.js", 200, &lines, b"gone: br");
        for fields in ["identity", "zstd", "gzip;q=0, br;q=0"] {
            let request = format!("GET /gone.js | Accept-Encoding: {fields}");
            check(&rig, &request, 406, &[VARY, NONE], b"");
        }
        let lines = [
            "Content-Type: text/html; charset=utf-8",
            VARY,
            "Content-Encoding: gzip",
        ];
        check(
            &rig,
            "GET /folder/ | Accept-Encoding: gzip",
            200,
            &lines,
            b"an index",
        );
        check(
            &rig,
            "GET /folder | Accept-Encoding: gzip",
            301,
            &[NONE],
            b"",
        )
        .field("location")
        .expect("with its slash");
        check(
            &rig,
            "GET /not.js | Accept-Encoding: gzip",
            404,
            &[NONE],
            b"",
        );
    });
}

#[test]
fn each_variant_has_a_tag_and_ranges_of_its_own() {
    both(|mode| {
        let (rig, _) = start(mode, "", &FILES);
        let mut tags = Vec::new();
        for coding in ["identity", "br", "zstd", "gzip"] {
            let request = format!("GET /a.css | Accept-Encoding: {coding}");
            let answer = ask(&rig, &request);
            let tag = answer.field("etag").expect("a tag").to_owned();
            assert!(
                tag.starts_with('"') && !tags.contains(&tag),
                "{tag} {tags:?}"
            );
            let lines = [VARY, NONE, &format!("ETag: {tag}")];
            check(
                &rig,
                &format!("{request} | If-None-Match: {tag}"),
                304,
                &lines,
                b"",
            );
            check(
                &rig,
                &format!("{request} | If-Match: {tag}"),
                200,
                &[VARY],
                &answer.body,
            );
            for other in &tags {
                let request = format!("{request} | If-None-Match: {other}");
                check(&rig, &request, 200, &[VARY], &answer.body);
                let request = format!("{request} | If-Match: {other}");
                check(&rig, &request, 412, &[VARY], b"");
                let request = format!("GET /a.css | Accept-Encoding: {coding}");
                let request = format!("{request} | Range: bytes=1-1 | If-Range: {other}");
                check(&rig, &request, 200, &[VARY], &answer.body);
            }
            let len = answer.body.len();
            let line = format!("Content-Range: bytes 1-1/{len}");
            let coded = format!("Content-Encoding: {coding}");
            let coded = if coding == "identity" { NONE } else { &coded };
            let ranged = format!("{request} | Range: bytes=1-1");
            let lines = [VARY, &line, coded];
            check(&rig, &ranged, 206, &lines, &answer.body[1..2]);
            let ranged = format!("{ranged} | If-Range: {tag}");
            check(&rig, &ranged, 206, &lines, &answer.body[1..2]);
            let line = format!("Content-Range: bytes */{len}");
            let ranged = format!("{request} | Range: bytes=100-");
            check(&rig, &ranged, 416, &[VARY, &line], b"");
            tags.push(tag);
        }
        // What several parts of something coded would mean nobody can say.
        let several = "GET /a.css | Range: bytes=0-0,5-5 | Accept-Encoding: gzip";
        check(&rig, several, 200, &["Content-Encoding: gzip"], b"gzip..");
        let several = "GET /a.css | Range: bytes=0-0,9-9";
        assert_eq!(ask(&rig, several).status, 206);
    });
}

#[test]
fn a_date_does_not_say_which_variant_a_part_is_of() {
    both(|mode| {
        let (rig, folder) = start(mode, "", &[]);
        for (name, content) in FILES {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(&path, content).expect("a file");
            let file = fs::File::options().append(true).open(path).expect("a file");
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777);
            file.set_modified(time).expect("the time is set");
        }
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let ranged = format!("Range: bytes=0-0 | If-Range: {date}");
        check(&rig, &format!("GET /alone.txt | {ranged}"), 206, &[], b"a");
        check(
            &rig,
            &format!("GET /a.css | {ranged}"),
            200,
            &[],
            b"the plain one",
        );
        let since = format!("GET /a.css | If-Modified-Since: {date}");
        check(&rig, &since, 304, &[VARY], b"");
    });
}

#[test]
fn precompressed_false_sends_what_was_asked_for() {
    both(|mode| {
        let (rig, _) = start(mode, "precompressed = false", &FILES);
        let request = "GET /a.css | Accept-Encoding: gzip, br";
        check(&rig, request, 200, &[NONE, "Vary"], b"the plain one");
        check(&rig, "GET /gone.js | Accept-Encoding: gzip", 404, &[], b"");
    });
}

#[test]
fn a_page_for_an_error_may_be_there_in_several_codings_too() {
    both(|mode| {
        let files: [(&str, &[u8]); 2] = [("404.html", b"plain"), ("404.html.gz", b"gzip")];
        let (rig, _) = start(mode, "", &files);
        let lines = [VARY, "Content-Encoding: gzip"];
        let answer = check(&rig, "GET /x | Accept-Encoding: gzip", 404, &lines, b"");
        assert_eq!(answer.body, b"gzip");
        let answer = check(&rig, "GET /x", 404, &[VARY, NONE], b"");
        assert_eq!(answer.body, b"plain");
    });
}

// --- tags from the content ---------------------------------------------------

#[test]
fn a_tag_from_the_content_is_the_same_wherever_and_whenever_it_lies() {
    both(|mode| {
        let files: [(&str, &[u8]); 4] = [
            ("a.txt", b"the same"),
            ("b.txt", b"the same"),
            ("c.txt", b"the sane"),
            ("a.txt.gz", b"the same"),
        ];
        let (rig, _) = start(mode, "etag = \"content\"", &files);
        let tag = |request: &str| {
            let answer = check(
                &rig,
                request,
                200,
                &["Last-Modified"],
                &ask(&rig, request).body,
            );
            answer.field("etag").expect("a tag").to_owned()
        };
        // The first half of the SHA-256 of the bytes.
        let known = "\"fa0487f2dc91544ab4b9f5b1d59b7eb2\"";
        let a = tag("GET /a.txt");
        assert_eq!(a, known, "half of the SHA-256 of its bytes");
        assert_eq!(a, tag("GET /b.txt"));
        assert_ne!(a, tag("GET /c.txt"));
        assert_ne!(
            a,
            tag("GET /a.txt | Accept-Encoding: gzip"),
            "a tag for each variant"
        );
        let request = format!("GET /b.txt | If-None-Match: {a}");
        check(&rig, &request, 304, &[&format!("ETag: {a}")], b"");
        // Conditions by date say nothing where dates mean nothing.
        let date = "Fri, 31 Dec 9999 23:59:59 GMT";
        let request = format!("GET /b.txt | If-Modified-Since: {date}");
        check(&rig, &request, 200, &[], b"the same");
    });
}

/// The answer once it is as it is waited for.
#[track_caller]
fn eventually(rig: &Rig, request: &str, is: impl Fn(&Answer) -> bool) -> Answer {
    let begin = Instant::now();
    loop {
        let answer = ask(rig, request);
        if is(&answer) {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "{request}\n{}", answer.head);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_large_file_has_a_tag_when_its_bytes_were_read() {
    both(|mode| {
        let large = pattern(5 << 20);
        let (rig, _) = start(mode, "etag = \"content\"", &[("large.bin", &large)]);
        let answer = eventually(&rig, "HEAD /large.bin", |it| it.field("etag").is_some());
        let tag = format!("\"{}\"", hex(&Sha256::digest(&large)[..16]));
        assert_eq!(answer.field("etag"), Some(&*tag));
        let request = format!("GET /large.bin | If-None-Match: {tag}");
        check(&rig, &request, 304, &[], b"");
        let request = format!("GET /large.bin | Range: bytes=5-9 | If-Range: {tag}");
        check(&rig, &request, 206, &[], &large[5..10]);
    });
}

// --- compressed here ---------------------------------------------------------

fn plain(answer: &Answer) -> Vec<u8> {
    let mut text = Vec::new();
    let body = &answer.body[..];
    let read = match answer.field("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_end(&mut text),
        Some("br") => brotli::Decompressor::new(body, 4096).read_to_end(&mut text),
        Some(other) => panic!("{other} is not made here"),
        None => return answer.body.clone(),
    };
    read.expect("it can be read");
    text
}

fn is_coded(answer: &Answer) -> bool {
    answer.field("content-encoding").is_some()
}

#[test]
fn text_is_compressed_off_the_loops_and_kept() {
    both(|mode| {
        let text = "body { color: red }\n".repeat(5_000).into_bytes();
        let files: [(&str, &[u8]); 5] = [
            ("a.css", &text),
            ("folder/index.html", &text),
            ("short.css", b"too short"),
            ("a.png", &text),
            ("ready.css", &text),
        ];
        let (rig, folder) = start(mode, "compress = true", &files);
        fs::write(folder.join("ready.css.gz"), b"ready-made").expect("a file");
        check(&rig, "GET /a.css", 200, &[VARY, NONE], &text);
        let mut tags = vec![ask(&rig, "GET /a.css").field("etag").map(str::to_owned)];
        for coding in ["gzip", "br"] {
            let request = format!("GET /a.css | Accept-Encoding: {coding}");
            let answer = eventually(&rig, &request, is_coded);
            assert_eq!(answer.field("content-encoding"), Some(coding));
            assert!(plain(&answer) == text && answer.body.len() < 1_000);
            let tag = answer.field("etag").map(str::to_owned);
            assert!(!tags.contains(&tag), "{tag:?} {tags:?}");
            let none = format!(
                "{request} | If-None-Match: {}",
                tag.as_deref().unwrap_or("")
            );
            check(&rig, &none, 304, &[VARY], b"");
            let line = format!("Content-Range: bytes 2-4/{}", answer.body.len());
            let ranged = format!("{request} | Range: bytes=2-4");
            check(&rig, &ranged, 206, &[VARY, &line], &answer.body[2..5]);
            tags.push(tag);
        }
        check(&rig, "GET /a.css", 200, &[VARY, NONE], &text);
        check(
            &rig,
            "GET /a.css | Accept-Encoding: zstd",
            200,
            &[VARY, NONE],
            &text,
        );
        let answer = eventually(&rig, "GET /folder/ | Accept-Encoding: gzip", is_coded);
        assert_eq!(plain(&answer), text);
        // What lies ready-made goes first, and what is missing is made.
        let answer = eventually(&rig, "GET /ready.css | Accept-Encoding: br", is_coded);
        assert_eq!(plain(&answer), text);
        let request = "GET /ready.css | Accept-Encoding: gzip";
        check(
            &rig,
            request,
            200,
            &["Content-Encoding: gzip"],
            b"ready-made",
        );
        for (name, body) in [("short.css", &b"too short"[..]), ("a.png", &text)] {
            let request = format!("GET /{name} | Accept-Encoding: gzip, br");
            check(&rig, &request, 200, &["Vary", NONE], body);
        }
    });
}

#[test]
fn a_file_that_has_changed_is_compressed_anew() {
    both(|mode| {
        let [old, new] = ["old ", "new! "].map(|word| word.repeat(10_000).into_bytes());
        let (rig, folder) = start(mode, "compress = true", &[("a.txt", &old)]);
        let request = "GET /a.txt | Accept-Encoding: gzip";
        assert_eq!(plain(&eventually(&rig, request, is_coded)), old);
        fs::write(folder.join("next"), &new).expect("a file");
        fs::rename(folder.join("next"), folder.join("a.txt")).expect("renamed");
        eventually(&rig, request, |answer| {
            let text = plain(answer);
            assert!(text == old || text == new, "one of the two");
            text == new && is_coded(answer)
        });
    });
}

#[test]
fn compressed_text_has_a_tag_of_its_own_bytes() {
    both(|mode| {
        let text = "the same ".repeat(1_000).into_bytes();
        let keys = "compress = true\netag = \"content\"";
        let (rig, _) = start(mode, keys, &[("a.txt", &text)]);
        let request = "GET /a.txt | Accept-Encoding: gzip";
        let answer = eventually(&rig, request, is_coded);
        let tag = format!("\"{}-gzip\"", hex(&Sha256::digest(&answer.body)[..16]));
        assert_eq!(answer.field("etag"), Some(&*tag));
    });
}
