//! Names and passwords for paths of a site, over loopback.

use crate::support::program::{BINARY, Program, run};
use crate::support::{Answer, Folder, Rig, both, connect, get, read_answer, request};
use pelton::config::{self, Config, Mode};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// ann:open sesame, ann:wrong, bob:open sesame, nobody:open sesame
const ANN: &str = "Authorization: Basic YW5uOm9wZW4gc2VzYW1l\r\n";
const ANN_WRONG: &str = "Authorization: Basic YW5uOndyb25n\r\n";
const BOB: &str = "Authorization: Basic Ym9iOm9wZW4gc2VzYW1l\r\n";
const NOBODY: &str = "Authorization: Basic bm9ib2R5Om9wZW4gc2VzYW1l\r\n";

const RULES: &str = r#"
[[site]]
root = "."
index = ["index.html", "start.html"]
fallback = "/inner/lost.html"
[site.error_pages]
401 = "/inner/who.html"
[[site.redirect]]
from = "/inner/old"
to = "/inner/a.txt"
[[site.rewrite]]
from = "/alias/**"
to = "/inner/{1}"
[[site.rewrite]]
from = "/inner/open"
to = "/a.txt"
[site.cors]
origins = ["https://a.example"]
[[site.auth]]
path = "/inner/**"
realm = "the inner room"
users = ["ann:HASH", "bob:HASH"]
[[site.auth]]
path = "/inner/deep/**"
users = ["bob:HASH"]
[[site.auth]]
path = "/**start.html"
users = ["bob:HASH"]
[[site.auth]]
path = "/sheets/*.txt"
users = ["bob:HASH"]
"#;

const FILES: [(&str, &str); 8] = [
    ("a.txt", "open"),
    ("inner/a.txt", "inner"),
    ("inner/deep/a.txt", "deep"),
    ("inner/lost.html", "lost"),
    ("inner/who.html", "who are you?"),
    ("folder2/start.html", "start"),
    ("inner/index.html", "inner index"),
    ("sheets/a.txt.gz", "packed"),
];

fn start(mode: Mode) -> Rig {
    start_with(mode, &RULES.replace("HASH", &hash("open sesame")))
}

fn start_with(mode: Mode, text: &str) -> Rig {
    Rig::of_sites(mode, text, &FILES)
}

/// A hash of little cost: what it costs is not what these tests are about.
fn hash(password: &str) -> String {
    let cost = config::Accounts {
        hash_kib: 8,
        hash_passes: 1,
        ..Config::default().accounts
    };
    pelton::accounts::hashed(password, &cost).expect("hashed")
}

#[track_caller]
fn check(rig: &Rig, path: &str, fields: &str, status: u16, body: &str) -> Answer {
    let answer = get(rig.http, path, fields);
    assert_eq!(answer.status, status, "{path} {fields}\n{}", answer.head);
    assert_eq!(
        String::from_utf8_lossy(&answer.body),
        body,
        "{path} {fields}"
    );
    answer
}

/// Whatever lies compressed beside a file is the same file.
#[test]
fn what_lies_beside_a_guarded_file_is_guarded() {
    both(|mode| {
        let rig = start(mode);
        for path in ["/sheets/a.txt", "/sheets/a.txt.gz", "/sheets/%61.txt.gz"] {
            assert_eq!(get(rig.http, path, ANN).status, 401, "{path}");
        }
        check(&rig, "/sheets/a.txt.gz", BOB, 200, "packed");
    });
}

#[test]
fn who_has_a_name_and_its_password_is_let_in() {
    both(|mode| {
        let rig = start(mode);
        check(&rig, "/a.txt", "", 200, "open");
        check(&rig, "/a.txt", ANN_WRONG, 200, "open");
        for fields in [
            "",
            ANN_WRONG,
            NOBODY,
            "Authorization: Basic YW5u\r\n",
            "Authorization: Bearer YW5uOm9wZW4gc2VzYW1l\r\n",
            &format!("{ANN}{ANN}"),
        ] {
            let answer = check(&rig, "/inner/a.txt", fields, 401, "who are you?");
            assert_eq!(
                answer.field("www-authenticate"),
                Some("Basic realm=\"the inner room\", charset=\"UTF-8\"")
            );
        }
        // Once more each: now they are known.
        for _ in 0..3 {
            for fields in [ANN, BOB] {
                let answer = check(&rig, "/inner/a.txt", fields, 200, "inner");
                assert_eq!(answer.field("cache-control"), Some("private"));
            }
            check(&rig, "/inner/a.txt", "", 401, "who are you?");
            check(&rig, "/inner/a.txt", ANN_WRONG, 401, "who are you?");
        }
        assert_eq!(get(rig.http, "/a.txt", "").field("cache-control"), None);
    });
}

#[test]
fn every_rule_that_matches_must_let_in() {
    both(|mode| {
        let rig = start(mode);
        check(&rig, "/inner/deep/a.txt", BOB, 200, "deep");
        let answer = check(&rig, "/inner/deep/a.txt", ANN, 401, "who are you?");
        let challenge = "Basic realm=\"private\", charset=\"UTF-8\"";
        assert_eq!(answer.field("www-authenticate"), Some(challenge));
        check(&rig, "/inner/deep/a.txt", "", 401, "who are you?");
    });
}

#[test]
fn no_other_way_leads_to_the_file() {
    both(|mode| {
        let rig = start(mode);
        for path in [
            "/inner/a.txt",
            "/inner//a.txt",
            "/x/../inner/a.txt",
            "/%69nner/a.txt",
            "/alias/a.txt",
            "http://a/inner/a.txt",
        ] {
            check(&rig, path, "", 401, "who are you?");
            check(&rig, path, ANN, 200, "inner");
            check(&rig, path, "", 401, "who are you?");
        }
        // The fallback, an index, and a file of all that is asked for in here.
        check(&rig, "/nothing", "", 401, "who are you?");
        check(&rig, "/nothing", ANN, 200, "lost");
        check(&rig, "/folder2/", "", 401, "who are you?");
        check(&rig, "/folder2/", ANN, 401, "who are you?");
        check(&rig, "/folder2/", BOB, 200, "start");
        check(&rig, "/inner/", "", 401, "who are you?");
        check(&rig, "/alias/", "", 401, "who are you?");
        check(&rig, "/inner/", ANN, 200, "inner index");
        check(&rig, "/inner/open", "", 401, "who are you?");
        check(&rig, "/inner/open", ANN, 200, "open");
        check(&rig, "/inner/.hidden", "", 401, "who are you?");
    });
}

#[test]
fn conditions_ranges_and_redirects_come_after_the_password() {
    both(|mode| {
        let rig = start(mode);
        let known = check(&rig, "/inner/a.txt", ANN, 200, "inner");
        let tag = known.field("etag").expect("a tag").to_owned();
        for fields in [
            format!("If-None-Match: {tag}\r\n"),
            "If-None-Match: *\r\n".to_owned(),
            "If-Match: \"x\"\r\n".to_owned(),
            "Range: bytes=0-1\r\n".to_owned(),
            "Range: bytes=99-\r\n".to_owned(),
        ] {
            check(&rig, "/inner/a.txt", &fields, 401, "who are you?");
        }
        let not_modified = format!("{ANN}If-None-Match: {tag}\r\n");
        check(&rig, "/inner/a.txt", &not_modified, 304, "");
        check(
            &rig,
            "/inner/a.txt",
            &format!("{ANN}Range: bytes=0-1\r\n"),
            206,
            "in",
        );
        check(&rig, "/inner/old", "", 401, "who are you?");
        assert_eq!(get(rig.http, "/inner/old", ANN).status, 301);
        for method in ["HEAD", "POST", "OPTIONS"] {
            let answer = request(rig.http, method, "/inner/a.txt", "");
            assert_eq!(answer.status, 401, "{method}");
        }
        // A browser asks ahead without a name.
        let preflight = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";
        let answer = request(rig.http, "OPTIONS", "/inner/a.txt", preflight);
        assert_eq!(answer.status, 204, "{}", answer.head);
        assert_eq!(request(rig.http, "OPTIONS", "*", "").status, 204);
    });
}

#[test]
fn pipelined_requests_are_each_judged() {
    both(|mode| {
        let rig = start(mode);
        let mut stream = connect(rig.http);
        let asked = [ANN, "", BOB, ANN_WRONG, ANN, "", ""];
        let one = |fields: &&str| format!("GET /inner/a.txt HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let text: String = asked.iter().map(one).collect();
        stream.write_all(text.as_bytes()).expect("sent");
        let expected = [200, 401, 200, 401, 200, 401, 401];
        let got = asked.map(|_| read_answer(&mut stream, false).status);
        assert_eq!(got, expected);
    });
}

/// A site of one rule, with this in its section.
fn limited(mode: Mode, more: &str) -> Rig {
    let text = format!(
        "trusted_proxies = [\"127.0.0.1\"]\n[[site]]\nroot = \".\"\n{more}\n\
         [[site.auth]]\npath = \"/inner/**\"\n\
         users = [\"ann:HASH\", \"bob:HASH\"]"
    );
    start_with(mode, &text.replace("HASH", &hash("open sesame")))
}

/// The status of an answer to one who is at this address.
fn status_at(rig: &Rig, last: u8, fields: &str) -> u16 {
    let fields = format!("X-Forwarded-For: 192.0.2.{last}\r\n{fields}");
    let answer = get(rig.http, "/inner/a.txt", &fields);
    let retry: Option<u64> = answer.field("retry-after").and_then(|it| it.parse().ok());
    let told = retry.is_some_and(|retry_s| (1..=60).contains(&retry_s));
    assert_eq!(answer.status == 429, told, "{}", answer.head);
    let asks = answer.field("www-authenticate").is_some();
    assert_eq!(answer.status == 401, asks, "{}", answer.head);
    answer.status
}

#[test]
fn too_many_wrong_passwords_are_not_looked_at() {
    both(|mode| {
        let rig = limited(mode, "tries_per_minute = 3");
        // Right ones are no tries, and none is in what asks for no password.
        for _ in 0..5 {
            assert_eq!(status_at(&rig, 1, ANN), 200);
            assert_eq!(status_at(&rig, 1, ""), 401);
        }
        for _ in 0..3 {
            assert_eq!(status_at(&rig, 1, NOBODY), 401);
        }
        // By address, whatever the name; who is known goes on.
        assert_eq!(status_at(&rig, 1, NOBODY), 429);
        assert_eq!(status_at(&rig, 1, BOB), 429, "right, but not looked at");
        assert_eq!(status_at(&rig, 1, ANN), 200);
        assert_eq!(status_at(&rig, 1, ""), 401);
        // By name, whatever the address: one that is past its limit spends none.
        assert_eq!(status_at(&rig, 1, ANN_WRONG), 429);
        for last in 2..=4 {
            assert_eq!(status_at(&rig, last, ANN_WRONG), 401);
        }
        assert_eq!(status_at(&rig, 5, ANN_WRONG), 429);
        assert_eq!(status_at(&rig, 5, ANN), 200, "known, wherever it is");
        assert_eq!(status_at(&rig, 6, BOB), 200);
    });
}

#[test]
fn tries_are_as_many_as_is_set() {
    both(|mode| {
        let rig = limited(mode, "tries_per_minute = 0");
        for _ in 0..30 {
            assert_eq!(status_at(&rig, 1, ANN_WRONG), 401);
        }
        let rig = limited(mode, "[site.error_pages]\n429 = \"/inner/who.html\"");
        for _ in 0..10 {
            assert_eq!(status_at(&rig, 1, ANN_WRONG), 401);
        }
        let answer = get(
            rig.http,
            "/inner/a.txt",
            &format!("X-Forwarded-For: 192.0.2.1\r\n{ANN_WRONG}"),
        );
        assert_eq!((answer.status, &*answer.body), (429, &b"who are you?"[..]));
    });
}

/// A hash that takes a while, so that it would be seen if a loop made it.
#[test]
fn hashes_are_made_off_the_loops() {
    let cost = config::Accounts {
        hash_kib: 32 << 10,
        hash_passes: 8,
        ..Config::default().accounts
    };
    let slow = pelton::accounts::hashed("open sesame", &cost).expect("hashed");
    let text =
        "[[site]]\nroot = \".\"\n[[site.auth]]\npath = \"/inner/**\"\nusers = [\"ann:HASH\"]";
    let rig = Rig::of_sites(Mode::Reactor, &text.replace("HASH", &slow), &FILES);
    // The two loops have a wrong password each, and more wait.
    let wrong: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = connect(rig.http);
            let text = format!("GET /inner/a.txt HTTP/1.1\r\nHost: a\r\n{ANN_WRONG}\r\n");
            stream.write_all(text.as_bytes()).expect("sent");
            stream
        })
        .collect();
    for _ in 0..20 {
        check(&rig, "/a.txt", "", 200, "open");
    }
    let waits = |stream: &&TcpStream| {
        stream.set_nonblocking(true).expect("set");
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("set");
        peeked.is_err()
    };
    let waiting = wrong.iter().filter(waits).count();
    assert!(waiting > 0, "what needs no password has waited for those");
    for mut stream in wrong {
        assert_eq!(read_answer(&mut stream, false).status, 401);
    }
}

// --- the program -----------------------------------------------------------

/// Runs `pelton password` with this on its standard input.
fn password(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(BINARY)
        .arg("password")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn what_the_program_prints_lets_in() {
    let (code, line, errors) = password(&["ann"], "open sesame\nmore\n");
    assert_eq!((code, &*errors), (Some(0), ""));
    assert!(
        line.starts_with("ann:$argon2id$v=19$") && line.ends_with('\n'),
        "{line}"
    );
    let (code, hash, _) = password(&[], "open sesame");
    assert!(code == Some(0) && hash.starts_with("$argon2id$"), "{hash}");
    for (arguments, input) in [(&["ann"][..], ""), (&["ann"], "\n"), (&["a:b"], "x\n")] {
        let (code, out, errors) = password(arguments, input);
        assert_eq!(
            (code, &*out, errors.lines().count()),
            (Some(2), "", 1),
            "{errors}"
        );
    }

    let folder = Folder::new();
    folder.write("www/inner/a.txt", b"inner");
    folder.write("users", format!("# those who may\n\n{line}").as_bytes());
    let text = "[[listen]]\naddr = \"127.0.0.1:0\"\n[[site]]\nroot = \"www\"\n[[site.auth]]\n\
                path = \"/inner/**\"\nusers_file = \"users\"\n";
    folder.write("site.toml", text.as_bytes());
    let program = Program::start(folder.path(), &["--config", "site.toml"]);
    assert_eq!(get(program.http(), "/inner/a.txt", ANN).body, b"inner");
    assert_eq!(get(program.http(), "/inner/a.txt", NOBODY).status, 401);
    drop(program);

    folder.write("users", b"# a slip\nann:$argon2id$\nbob\n");
    let ran = run(folder.path(), &["check", "--config", "site.toml"]);
    assert_eq!(ran.code, Some(2));
    let lines: Vec<&str> = ran.errors.lines().collect();
    assert_eq!(
        lines,
        [
            "users:2:1: what `ann` has is no hash of Argon2 or bcrypt: `pelton password ann` makes one",
            "users:3:1: a user is a name, a colon and a hash: `pelton password NAME` prints one",
        ]
    );
    fs::remove_file(folder.path().join("users")).expect("removed");
    let ran = run(folder.path(), &["check", "--config", "site.toml"]);
    assert!(
        ran.errors
            .ends_with(": cannot read users: it is not there; make it, or name one that is\n")
            && ran.errors.starts_with("site.toml:"),
        "{}",
        ran.errors
    );
}
