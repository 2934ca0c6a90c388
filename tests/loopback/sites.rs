//! Sites over loopback: which one answers, and by which rules. Every key of a
//! site has a test here that fails without it.

use crate::support::{Answer, Rig, both, connect, read_answer, read_to_end};
use pelton::config::Mode;
use std::fs;
use std::io::Write;

/// A server for these sites, with these files besides the usual ones.
fn start(mode: Mode, text: &str, files: &[(&str, &str)]) -> Rig {
    Rig::of_sites(mode, text, files)
}

/// Sends one request, `GET /path` and field lines with ` | ` between them, to
/// the host `a`, unless they name another.
fn ask(rig: &Rig, request: &str) -> Answer {
    let mut parts = request.split(" | ");
    let line = parts.next().expect("a request line");
    let mut text = format!("{line} HTTP/1.1\r\n");
    if !request.contains("Host: ") {
        text += "Host: a\r\n";
    }
    for field in parts {
        text += &format!("{field}\r\n");
    }
    let mut stream = connect(rig.http);
    write!(stream, "{text}\r\n").expect("sent");
    read_answer(&mut stream, line.starts_with("HEAD "))
}

/// The answer has this status and all of these field lines; of those that
/// begin with `!` it has none by that name.
#[track_caller]
fn check(rig: &Rig, request: &str, status: u16, lines: &[&str]) -> String {
    let answer = ask(rig, request);
    assert_eq!(answer.status, status, "{request}\n{}", answer.head);
    for line in lines {
        match line.strip_prefix('!') {
            Some(name) => assert_eq!(answer.field(name), None, "{request}\n{}", answer.head),
            None => assert!(
                answer.head.lines().any(|known| known == *line),
                "{request}: no {line}\n{}",
                answer.head
            ),
        }
    }
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The same, and the answer has this body.
#[track_caller]
fn check_body(rig: &Rig, request: &str, status: u16, body: &str) {
    assert_eq!(check(rig, request, status, &[]), body, "{request}");
}

// --- which site ------------------------------------------------------------

const HOSTS: &str = r#"
[[site]]
hosts = ["one.example", "[::1]"]
root = "one"
[[site]]
hosts = ["*.one.example"]
root = "below"
[[site]]
hosts = ["*.far.one.example", "127.0.0.1"]
root = "far"
"#;

const HOSTS_FILES: [(&str, &str); 4] = [
    ("one/index.html", "one"),
    ("below/index.html", "below"),
    ("far/index.html", "far"),
    ("rest/index.html", "rest"),
];

#[test]
fn the_host_says_which_site_answers() {
    both(|mode| {
        let text = format!("{HOSTS}[[site]]\nroot = \"rest\"");
        let rig = start(mode, &text, &HOSTS_FILES);
        for (host, body) in [
            ("one.example", "one"),
            ("ONE.Example.", "one"),
            ("one.example:8080", "one"),
            ("[0::1]:80", "one"),
            ("www.one.example", "below"),
            ("a.b.one.example", "below"),
            ("a.far.one.example", "far"),
            ("127.0.0.1:1", "far"),
            ("far.one.example", "below"),
            ("two.example", "rest"),
            ("notone.example", "rest"),
        ] {
            check_body(&rig, &format!("GET / | Host: {host}"), 200, body);
        }
        // The target's host goes before the field (RFC 9112 3.2.2).
        check_body(
            &rig,
            "GET http://one.example/ | Host: two.example",
            200,
            "one",
        );
        let mut stream = connect(rig.http);
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
        assert!(
            read_to_end(&mut stream).ends_with(b"rest"),
            "no host at all"
        );
        // Requests for several sites on one connection.
        let mut stream = connect(rig.http);
        for (host, body) in [
            ("one.example", "one"),
            ("x", "rest"),
            ("one.example", "one"),
        ] {
            write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
            assert_eq!(read_answer(&mut stream, false).body, body.as_bytes());
        }
    });
}

#[test]
fn a_host_without_a_site_is_misdirected() {
    both(|mode| {
        let rig = start(mode, HOSTS, &HOSTS_FILES);
        check_body(&rig, "GET / | Host: one.example", 200, "one");
        let page = check(&rig, "GET / | Host: two.example", 421, &["!ETag"]);
        assert!(page.contains("no site has this name here"), "{page}");
        check(&rig, "OPTIONS / | Host: two.example", 421, &["!Allow"]);
    });
}

#[test]
fn two_sites_of_one_folder_answer_each_by_its_own_rules() {
    both(|mode| {
        let text = r#"
            [[site]]
            hosts = ["a"]
            root = "."
            [[site.header]]
            path = "/**"
            set = { X-Site = "a" }
            [[site]]
            root = "."
            [[site.header]]
            path = "/**"
            set = { X-Site = "rest" }
        "#;
        let rig = start(mode, text, &[]);
        for _ in 0..2 {
            check(&rig, "GET /small.txt", 200, &["X-Site: a"]);
            check(&rig, "GET /small.txt | Host: b", 200, &["X-Site: rest"]);
        }
    });
}

// --- files -------------------------------------------------------------------

#[test]
fn a_folder_answers_with_the_first_index_that_is_there() {
    both(|mode| {
        let files = [
            ("first/home.md", "first"),
            ("first/home.txt", "second"),
            ("second/home.txt", "second"),
        ];
        let text = "[[site]]\nroot = \".\"\nindex = [\"home.md\", \"home.txt\"]";
        let rig = start(mode, text, &files);
        let markdown = "Content-Type: text/markdown; charset=utf-8";
        assert_eq!(check(&rig, "GET /first/", 200, &[markdown]), "first");
        let plain = "Content-Type: text/plain; charset=utf-8";
        assert_eq!(check(&rig, "GET /second/", 200, &[plain]), "second");
        check(&rig, "GET /", 404, &[]); // there is an index.html, but it is none here
        let none = start(mode, "[[site]]\nroot = \".\"\nindex = []", &[]);
        check(&none, "GET /", 404, &[]);
        check(&none, "GET /index.html", 200, &[]);
    });
}

#[test]
fn hidden_names_are_served_where_the_site_says_so() {
    both(|mode| {
        let files = [
            (".env", "secret"),
            (".well-known/x", "known"),
            ("a/.b/c", "deep"),
        ];
        let rig = start(mode, "[[site]]\nroot = \".\"", &files);
        check(&rig, "GET /.env", 404, &[]);
        check(&rig, "GET /a/.b/c", 404, &[]);
        check(&rig, "GET /%2eenv", 404, &[]);
        check_body(&rig, "GET /.well-known/x", 200, "known");
        let shown = start(mode, "[[site]]\nroot = \".\"\nhidden = true", &files);
        for _ in 0..2 {
            check_body(&shown, "GET /.env", 200, "secret");
            check_body(&shown, "GET /a/.b/c", 200, "deep");
        }
        check(&shown, "GET /..", 400, &[]);
        check(&shown, "GET /a/../../x", 400, &[]);
        check_body(&shown, "GET /a/../.env", 200, "secret");
    });
}

#[test]
fn links_are_followed_within_the_root_and_not_out_of_it() {
    both(|mode| {
        let files = [("root/in.txt", "inside"), ("secret.txt", "outside")];
        let rig = start(mode, "[[site]]\nroot = \"root\"", &files);
        let root = rig.folder.path().join("root");
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, root.join(name)).expect("a link");
        };
        link("in.txt", "good");
        link("../secret.txt", "bad");
        link("..", "up");
        let absolute = rig.folder.path().join("secret.txt");
        link(absolute.to_str().expect("UTF-8"), "worse");
        check_body(&rig, "GET /good", 200, "inside");
        for path in ["/bad", "/worse", "/up/secret.txt", "/up/", "/up"] {
            check(&rig, &format!("GET {path}"), 404, &[]);
        }
    });
}

#[test]
fn the_fallback_answers_what_is_not_there() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            fallback = "/app.html"
            [[site.cache_control]]
            path = "/assets/**"
            value = "immutable"
            [[site.cache_control]]
            path = "/app.html"
            value = "no-cache"
        "#;
        let files = [("app.html", "the app"), ("assets/a.js", "a")];
        let rig = start(mode, text, &files);
        for _ in 0..2 {
            check_body(&rig, "GET /some/where?x=1", 200, "the app");
            check_body(&rig, "GET /folder/none/", 200, "the app");
            check(&rig, "GET /assets/a.js", 200, &["Cache-Control: immutable"]);
            // A page in the place of a file is not kept as that file would be.
            check(
                &rig,
                "GET /assets/old.js",
                200,
                &["Cache-Control: no-cache"],
            );
        }
        let tag = ask(&rig, "GET /some/where")
            .field("etag")
            .expect("a tag")
            .to_owned();
        check(
            &rig,
            &format!("GET /other | If-None-Match: {tag}"),
            304,
            &[],
        );
        check(&rig, "HEAD /some/where", 200, &["Content-Length: 7"]);
        check(
            &rig,
            "GET /x | Range: bytes=0-2",
            206,
            &["Content-Range: bytes 0-2/7"],
        );
        check(
            &rig,
            "POST /some/where",
            405,
            &["Allow: GET, HEAD, OPTIONS"],
        );
        check(&rig, "GET /.git/config", 404, &[]);
        check(&rig, "GET /folder", 301, &["Location: /folder/"]);
        check_body(&rig, "GET /folder/", 200, "<h1>folder</h1>\n");
        fs::remove_file(rig.folder.path().join("app.html")).expect("removed");
        std::thread::sleep(std::time::Duration::from_millis(1_200));
        check(&rig, "GET /some/where", 404, &[]);
    });
}

#[test]
fn a_site_may_have_media_types_of_its_own() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            compress = true
            [site.types]
            TS = "text/x-typescript; charset=utf-8"
            odd = "text/x-odd"
            [site.error_pages]
            404 = "/none.odd"
        "#;
        let long = "much of the same\n".repeat(200);
        let files = [
            ("a.ts", "0123456789"),
            ("b.Ts.gz", "not looked into"),
            ("c.md", "# c"),
            ("d.xlsx", "d"),
            ("none.odd", "none"),
            ("long.odd", &*long),
        ];
        let rig = start(mode, text, &files);
        let own = ["Content-Type: text/x-typescript; charset=utf-8"];
        for _ in 0..2 {
            check_body(&rig, "GET /a.ts", 200, "0123456789");
            check(&rig, "GET /a.ts", 200, &own);
        }
        check(&rig, "GET /a.ts | Range: bytes=1-2", 206, &own);
        let several = check(&rig, "GET /a.ts | Range: bytes=0-0,5-5", 206, &[]);
        assert_eq!(several.matches(own[0]).count(), 2, "{several}");
        // A variant is what its plain name says.
        let coded = ["Content-Encoding: gzip", own[0]];
        check(&rig, "GET /b.Ts | Accept-Encoding: gzip", 200, &coded);
        check(
            &rig,
            "GET /b.Ts.gz",
            200,
            &["Content-Type: application/gzip"],
        );
        check(&rig, "GET /nowhere", 404, &["Content-Type: text/x-odd"]);
        let usual = ["Content-Type: text/markdown; charset=utf-8"];
        check(&rig, "GET /c.md", 200, &usual);
        let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        check(
            &rig,
            "GET /d.xlsx",
            200,
            &[&format!("Content-Type: {sheet}")],
        );
        // What is text there is compressed.
        check(&rig, "GET /long.odd", 200, &["Vary: Accept-Encoding"]);
    });
}

#[test]
fn errors_have_the_pages_of_the_site() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            [site.error_pages]
            400 = "/errors/400.html"
            404 = "/errors/404.txt"
            405 = "/errors/405.html"
            412 = "/errors/412.html"
            416 = "/errors/416.html"
            501 = "/errors/gone.html"
            [[site.cache_control]]
            path = "/**"
            value = "max-age=60"
        "#;
        let page = |status: u16| format!("errors/{status}.html");
        let pages = [page(400), page(405), page(412), page(416)];
        let mut files: Vec<(&str, &str)> = pages.iter().map(|name| (&**name, &**name)).collect();
        files.push(("errors/404.txt", "no such thing"));
        let rig = start(mode, text, &files);
        let lines = [
            "Content-Type: text/plain; charset=utf-8",
            "Content-Length: 13",
            "!ETag",
            "!Cache-Control",
        ];
        for _ in 0..2 {
            assert_eq!(check(&rig, "GET /none", 404, &lines), "no such thing");
        }
        assert_eq!(check(&rig, "HEAD /none", 404, &lines), "");
        check_body(&rig, "GET /.env", 404, "no such thing");
        check_body(&rig, "GET /a%2fb", 400, "errors/400.html");
        let allow = ["Allow: GET, HEAD, OPTIONS"];
        assert_eq!(
            check(&rig, "PUT /small.txt", 405, &allow),
            "errors/405.html"
        );
        check_body(
            &rig,
            "GET /small.txt | If-Match: \"x\"",
            412,
            "errors/412.html",
        );
        let range = ["Content-Range: bytes */1024"];
        let request = "GET /small.txt | Range: bytes=5000-";
        assert_eq!(check(&rig, request, 416, &range), "errors/416.html");
        // A page that is not there leads to no other error.
        let small = check(&rig, "BREW /small.txt", 501, &[]);
        assert!(small.contains("Not Implemented"), "{small}");
        // As a page of its own each is a file like any other.
        check_body(&rig, "GET /errors/404.txt", 200, "no such thing");

        let files = [("404.html", "mine")];
        let usual = start(mode, "[[site]]\nroot = \".\"", &files);
        check_body(&usual, "GET /none", 404, "mine");
        let off = "[[site]]\nroot = \".\"\n[site.error_pages]\n404 = \"\"";
        let off = start(mode, off, &files);
        assert!(check(&off, "GET /none", 404, &[]).contains("Not Found"));
    });
}

// --- rules -------------------------------------------------------------------

#[test]
fn redirects_go_ahead_of_files_and_keep_the_query() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            fallback = "/index.html"
            [[site.redirect]]
            from = "/index.html"
            to = "/"
            status = 308
            [[site.redirect]]
            from = "/old/**"
            to = "/new/{1}"
            [[site.redirect]]
            from = "/*/never"
            to = "/first/counts"
            [[site.redirect]]
            from = "/out/*"
            to = "https://other.example/{1}?from=here#top"
            status = 302
            [[site.redirect]]
            from = "/a**"
            to = "/{1}"
            status = 307
            [[site.redirect]]
            from = "/see"
            to = "/there"
            status = 303
            [[site.header]]
            path = "/old/**"
            set = { X-Old = "yes" }
        "#;
        let rig = start(mode, text, &[]);
        for (request, status, place) in [
            ("GET /old/a/b?q=1&r", 301, "/new/a/b?q=1&r"),
            ("GET /old/never", 301, "/new/never"),
            ("GET /old/a%20b%3f", 301, "/new/a%20b%3F"),
            ("GET /%6fld/x", 301, "/new/x"),
            ("GET /old/?", 301, "/new/?"),
            ("HEAD /old/x", 301, "/new/x"),
            ("POST /old/x", 301, "/new/x"),
            ("OPTIONS /old/x", 301, "/new/x"),
            ("GET /out/x?q", 302, "https://other.example/x?from=here#top"),
            ("GET /a/evil.example", 307, "/evil.example"),
            ("GET /a//evil.example", 307, "/evil.example"),
            ("GET //a//evil.example", 307, "/evil.example"),
            ("GET /see?x", 303, "/there?x"),
        ] {
            let location = format!("Location: {place}");
            check(&rig, request, status, &[&location, "!ETag"]);
        }
        check(&rig, "GET /old/x", 301, &["X-Old: yes"]);
        check(&rig, "GET /old", 200, &[]); // no star stands for the slash
        check(&rig, "OPTIONS *", 204, &["!Location"]);
        // The file is known, by its folder and as the fallback; its own path
        // leads away all the same.
        for _ in 0..2 {
            check(&rig, "GET /", 200, &[]);
            check(&rig, "GET /none", 200, &[]);
            check(&rig, "GET /index.html", 308, &["Location: /"]);
            check(&rig, "HEAD /index.html?x", 308, &["Location: /?x"]);
        }
    });
}

#[test]
fn a_rewrite_answers_with_the_file_of_another_path() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            [[site.rewrite]]
            from = "/app/**"
            to = "/app.html"
            [[site.rewrite]]
            from = "/app.html"
            to = "/small.txt"
            [[site.rewrite]]
            from = "/v*/**"
            to = "/{2}"
            [[site.rewrite]]
            from = "/x*"
            to = "/{1}"
            [[site.rewrite]]
            from = "/docs"
            to = "/folder"
            [[site.header]]
            path = "/app.html"
            set = { X-App = "yes" }
        "#;
        let files = [
            ("app.html", "the app"),
            ("app/real.txt", "real"),
            (".env", "secret"),
        ];
        let rig = start(mode, text, &files);
        for _ in 0..2 {
            // Once: what it leads to is not led further.
            check_body(&rig, "GET /app/a/b?q", 200, "the app");
            check(&rig, "GET /app/a", 200, &["X-App: yes", "!Location"]);
            // Also where there is a file.
            check_body(&rig, "GET /app/real.txt", 200, "the app");
            assert_eq!(ask(&rig, "GET /app.html").body.len(), 1024);
        }
        assert_eq!(ask(&rig, "GET /v12/small.txt").body.len(), 1024);
        check_body(&rig, "GET /v1/folder/", 200, "<h1>folder</h1>\n");
        // No slash is asked for, since the client knows nothing of that folder.
        check_body(&rig, "GET /docs", 200, "<h1>folder</h1>\n");
        // What is hidden or outside stays so.
        check(&rig, "GET /x.env", 404, &[]);
        check(&rig, "GET /x..", 404, &[]);
        check(&rig, "GET /v1/none", 404, &[]);
        check(&rig, "POST /app/a", 405, &[]);
        let tag = ask(&rig, "GET /app/a")
            .field("etag")
            .expect("a tag")
            .to_owned();
        check(
            &rig,
            &format!("GET /app/b | If-None-Match: {tag}"),
            304,
            &["X-App: yes"],
        );
    });
}

#[test]
fn fields_by_path_go_with_every_answer() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            [[site.header]]
            path = "/**"
            set = { X-Frame-Options = "DENY", X-All = "all" }
            [[site.header]]
            path = "/**.txt"
            set = { x-all = "text" }
            [[site.header]]
            path = "/folder/"
            set = { X-Folder = "folder" }
            [[site.header]]
            path = "/folder/index.html"
            set = { X-Index = "index" }
            [[site.redirect]]
            from = "/old"
            to = "/new"
        "#;
        let rig = start(mode, text, &[]);
        let all = ["X-Frame-Options: DENY", "X-All: all"];
        let txt = ["X-Frame-Options: DENY", "x-all: text"];
        let tag = ask(&rig, "GET /small.txt")
            .field("etag")
            .expect("a tag")
            .to_owned();
        for _ in 0..2 {
            check(&rig, "GET /small.txt", 200, &txt);
            check(&rig, "HEAD /small.txt", 200, &txt);
            check(&rig, "GET /small.txt | Connection: close", 200, &txt);
            check(
                &rig,
                &format!("GET /small.txt | If-None-Match: {tag}"),
                304,
                &txt,
            );
            check(&rig, "GET /small.txt | Range: bytes=0-1", 206, &txt);
            check(&rig, "GET /small.txt | Range: bytes=0-1,9-9", 206, &txt);
            check(&rig, "GET /small.txt | Range: bytes=9999-", 416, &txt);
            check(&rig, "GET /small.txt | If-Match: \"x\"", 412, &txt);
            check(&rig, "GET /none.txt", 404, &txt);
            check(&rig, "GET /large.bin", 200, &all);
            check(&rig, "GET /huge.bin | Range: bytes=0-1", 206, &all);
            check(&rig, "GET /old", 301, &all);
            check(&rig, "GET /folder", 301, &all);
            check(&rig, "DELETE /", 405, &all);
            check(&rig, "OPTIONS /", 204, &all);
            check(&rig, "GET /%00", 400, &all);
            // An index is known by the path of its folder and by its own.
            check(
                &rig,
                "GET /folder/",
                200,
                &["X-Folder: folder", "X-Index: index"],
            );
            check(
                &rig,
                "GET /folder/index.html",
                200,
                &["!X-Folder", "X-Index: index"],
            );
        }
        let plain = start(mode, "[[site]]\nroot = \".\"", &[]);
        check(
            &plain,
            "GET /small.txt",
            200,
            &["!X-Frame-Options", "!Cache-Control", "!Vary"],
        );
    });
}

#[test]
fn how_long_a_file_may_be_kept_is_said_with_files_alone() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            [[site.cache_control]]
            path = "/**"
            value = "no-cache"
            [[site.cache_control]]
            path = "/small.*"
            value = "public, max-age=31536000, immutable"
        "#;
        let rig = start(mode, text, &[("404.html", "none")]);
        let long = ["Cache-Control: public, max-age=31536000, immutable"];
        let tag = ask(&rig, "GET /small.txt")
            .field("etag")
            .expect("a tag")
            .to_owned();
        for _ in 0..2 {
            check(&rig, "GET /small.txt", 200, &long);
            check(
                &rig,
                &format!("GET /small.txt | If-None-Match: {tag}"),
                304,
                &long,
            );
            check(&rig, "GET /small.txt | Range: bytes=0-1", 206, &long);
            check(&rig, "GET /", 200, &["Cache-Control: no-cache"]);
        }
        let none = &["!Cache-Control"];
        check(&rig, "GET /small.none", 404, none);
        check(&rig, "GET /folder", 301, none);
        check(&rig, "GET /small.txt | Range: bytes=9999-", 416, none);
        check(&rig, "PUT /small.txt", 405, none);
    });
}

// --- other origins -------------------------------------------------------------

const ORIGIN: &str = "Origin: https://a.example";
const PREFLIGHT: &str = "Access-Control-Request-Method: GET";

#[test]
fn pages_of_the_origins_that_are_named_may_read() {
    both(|mode| {
        let text = r#"
            [[site]]
            root = "."
            [site.cors]
            origins = ["https://a.example", "http://localhost:3000"]
            methods = ["GET"]
            headers = ["X-One", "X-Two"]
            expose = ["ETag"]
            credentials = true
            max_age_s = 600
        "#;
        let rig = start(mode, text, &[]);
        let mine = [
            "Access-Control-Allow-Origin: https://a.example",
            "Access-Control-Allow-Credentials: true",
            "Access-Control-Expose-Headers: ETag",
            "Vary: Origin",
        ];
        let nobodys = ["!Access-Control-Allow-Origin", "Vary: Origin"];
        let tag = ask(&rig, "GET /small.txt")
            .field("etag")
            .expect("a tag")
            .to_owned();
        for _ in 0..2 {
            let body = check(&rig, &format!("GET /small.txt | {ORIGIN}"), 200, &mine);
            assert_eq!(body.chars().count(), ask(&rig, "GET /small.txt").body.len());
            check(&rig, &format!("GET /large.bin | {ORIGIN}"), 200, &mine);
            check(
                &rig,
                &format!("GET /small.txt | {ORIGIN} | Connection: close"),
                200,
                &mine,
            );
            check(
                &rig,
                &format!("GET /small.txt | {ORIGIN} | Range: bytes=0-1"),
                206,
                &mine,
            );
            let parts = format!("GET /small.txt | {ORIGIN} | Range: bytes=0-1,9-9");
            check(&rig, &parts, 206, &mine);
            let known = format!("GET /small.txt | {ORIGIN} | If-None-Match: {tag}");
            check(&rig, &known, 304, &mine);
            check(&rig, &format!("GET /none | {ORIGIN}"), 404, &mine);
            check(&rig, &format!("GET /folder | {ORIGIN}"), 301, &mine);
            check(&rig, "GET /small.txt", 200, &nobodys);
            check(
                &rig,
                "GET /small.txt | Origin: https://b.example",
                200,
                &nobodys,
            );
            check(
                &rig,
                "GET /small.txt | Origin: https://a.example.b",
                200,
                &nobodys,
            );
            check(&rig, "GET /small.txt | Origin: null", 200, &nobodys);
            check(&rig, "GET /none | Origin: null", 404, &nobodys);
        }
        let other = ["Access-Control-Allow-Origin: http://localhost:3000"];
        check(&rig, "GET / | Origin: http://localhost:3000", 200, &other);
        let asked = check_preflight(&rig, ORIGIN);
        for line in [
            "Access-Control-Allow-Methods: GET",
            "Access-Control-Allow-Headers: X-One, X-Two",
            "Access-Control-Max-Age: 600",
            mine[0],
            mine[1],
            mine[3],
        ] {
            assert!(asked.contains(line), "{line} in {asked}");
        }
        let asked = check_preflight(&rig, "Origin: https://b.example");
        assert!(!asked.contains("Access-Control") && asked.contains("Vary: Origin"));
        // Without a method asked for it is a plain OPTIONS.
        check(
            &rig,
            &format!("OPTIONS / | {ORIGIN}"),
            204,
            &["Allow: GET, HEAD, OPTIONS"],
        );
        // Answers that follow one another in one read are told apart.
        let mut stream = connect(rig.http);
        let get = |field: &str| format!("GET /small.txt HTTP/1.1\r\nHost: a\r\n{field}\r\n");
        let with = get(&format!("{ORIGIN}\r\n"));
        write!(stream, "{}{with}{with}{}", get(""), get("")).expect("sent");
        for expected in [
            None,
            Some("https://a.example"),
            Some("https://a.example"),
            None,
        ] {
            let answer = read_answer(&mut stream, false);
            assert_eq!(answer.field("access-control-allow-origin"), expected);
            assert_eq!(answer.body.len(), 1024);
        }
    });
}

/// Asks ahead of a GET; the answer's head.
#[track_caller]
fn check_preflight(rig: &Rig, origin: &str) -> String {
    let request = format!("OPTIONS /small.txt | {origin} | {PREFLIGHT}");
    check(rig, &request, 204, &["!Location", "!Content-Length"]);
    ask(rig, &request).head
}

#[test]
fn everybodys_pages_may_read_without_credentials() {
    both(|mode| {
        let text = "[[site]]\nroot = \".\"\n[site.cors]\norigins = [\"*\"]\n\
                    [[site.redirect]]\nfrom = \"/old\"\nto = \"/new\"";
        let rig = start(mode, text, &[]);
        let all = [
            "Access-Control-Allow-Origin: *",
            "!Access-Control-Allow-Credentials",
            "!Vary",
        ];
        for _ in 0..2 {
            check(&rig, "GET /small.txt", 200, &all);
            check(&rig, &format!("GET /small.txt | {ORIGIN}"), 200, &all);
            check(&rig, "GET /none", 404, &all);
        }
        let asked = check_preflight(&rig, ORIGIN);
        assert!(asked.contains("Access-Control-Allow-Methods: GET, HEAD\r\n"));
        assert!(asked.contains("Access-Control-Max-Age: 86400\r\n"));
        // What is asked ahead is asked of the server, not of a place that the
        // path has moved to.
        let request = format!("OPTIONS /old | {ORIGIN} | {PREFLIGHT}");
        check(&rig, &request, 204, &all);
        let without = start(mode, "[[site]]\nroot = \".\"", &[]);
        let request = format!("OPTIONS / | {ORIGIN} | {PREFLIGHT}");
        check(
            &without,
            &request,
            204,
            &["!Access-Control-Allow-Origin", "!Vary"],
        );
    });
}
