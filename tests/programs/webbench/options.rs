//! Options that the classic tester did not have, against a server that says
//! what it saw.

use super::server::{Behaviour, OK, OK_CLOSE, Server};
use super::tester::{against, children_of, command, finish, is_one_line, numbers, run, wait_until};
use crate::support::Folder;
use std::time::Instant;

const AGENT: &str = concat!("User-Agent: webbench/", env!("CARGO_PKG_VERSION"), "\r\n");

/// The first request that these words send to a server, and the line that
/// names it.
fn asked(words: &[&str]) -> (String, String) {
    let server = Server::start(Behaviour::Answer(OK));
    let mut command = command("--requests 1 -k", &server.url());
    let ran = finish(command.args(words).spawn().expect("webbench starts"));
    assert_eq!(numbers(&ran)[2..], [1, 0], "{ran:?}");
    let line = ran.out.lines().nth(1).expect("a line").to_owned();
    let request = server.first().remove(0);
    let addr = server.addr.to_string();
    (request.replace(&addr, "HOST"), line.replace(&addr, "HOST"))
}

#[test]
fn methods_fields_and_bodies() {
    let folder = Folder::new();
    folder.write("body", b"line\nline\n");
    let file = folder.path().join("body");
    let file = file.to_str().expect("UTF-8");
    for (words, method, fields, body) in [
        (&["--method", "DELETE"][..], "DELETE", "", ""),
        (&["--body", "a=b"], "POST", "Content-Length: 3\r\n", "a=b"),
        (
            &["--body-file", file, "--method", "PUT"],
            "PUT",
            "Content-Length: 10\r\n",
            "line\nline\n",
        ),
        (
            &["-H", "X-A: b", "-H", "X-C:d e", "--get", "--body", "x"],
            "GET",
            "Content-Length: 1\r\nX-A: b\r\nX-C: d e\r\n",
            "x",
        ),
    ] {
        let (request, line) = asked(words);
        let expected = format!("{method} /a?b HTTP/1.1\r\nHost: HOST\r\n{AGENT}{fields}\r\n{body}");
        assert_eq!(request, expected);
        let expected = format!("Benchmarking: {method} http://HOST/a?b (using HTTP/1.1)");
        assert_eq!(line, expected);
    }
    let (request, _) = asked(&["-H", "host: b", "-H", "User-Agent: c"]);
    assert_eq!(
        request,
        "GET /a?b HTTP/1.1\r\nhost: b\r\nUser-Agent: c\r\n\r\n"
    );
}

#[test]
fn a_large_body_is_sent_whole() {
    let folder = Folder::new();
    folder.write("body", &[b'x'; 3_000_000]);
    let words = format!(
        "--requests 8 -c 2 --pipeline 2 --body-file {}",
        folder.path().join("body").display()
    );
    let (server, ran) = against(Behaviour::Answer(OK), &words);
    assert_eq!(numbers(&ran)[2..], [8, 0], "{ran:?}");
    assert!(
        server
            .first()
            .iter()
            .all(|request| request.len() > 3_000_000)
    );
}

#[test]
fn paths_of_a_list_are_asked_for_in_turn() {
    let server = Server::start(Behaviour::Answer(OK));
    let folder = Folder::new();
    let list = format!("# what\n/a\n\n  /b?c  \nhttp://{}/d\n", server.addr);
    folder.write("list", list.as_bytes());
    let file = folder.path().join("list");
    for words in ["-k", "--pipeline 3"] {
        let words = format!("--requests 7 {words} --urls {}", file.display());
        let ran = run(&words, &server.url());
        assert_eq!(numbers(&ran)[2..], [7, 0], "{ran:?}");
    }
    let first = server.first();
    let path = |request: &String| request.split(' ').nth(1).map(str::to_owned);
    let paths: Vec<String> = first.iter().filter_map(path).collect();
    assert_eq!(
        paths,
        [
            "/a", "/b?c", "/d", "/a", "/b?c", "/d", "/a", "/a", "/b?c", "/d"
        ]
    );
    folder.write("list", b"http://127.0.0.1:1/\n");
    let ran = run(&format!("--urls {}", file.display()), &server.url());
    assert!(ran.code == Some(2) && is_one_line(&ran.errors), "{ran:?}");
}

#[test]
fn a_proxy_is_told_the_whole_url() {
    let proxy = Server::start(Behaviour::AnswerAndClose(OK_CLOSE));
    let words = format!("--requests 2 -9 -p {}", proxy.addr);
    let ran = run(&words, "http://example.invalid:81/a?b");
    assert_eq!(numbers(&ran)[2..], [2, 0], "{ran:?}");
    let expected = format!(
        "GET http://example.invalid:81/a?b HTTP/1.0\r\nHost: example.invalid:81\r\n{AGENT}\r\n"
    );
    assert_eq!(proxy.first()[0], expected);
}

#[test]
fn answers_need_not_be_waited_for() {
    let (server, ran) = against(Behaviour::Silence, "-f --requests 200 -c 3");
    assert_eq!(numbers(&ran)[1..], [0, 200, 0], "{ran:?}");
    wait_until(|| server.seen() == 200); // it may read them later
}

#[test]
fn what_comes_in_the_warm_up_is_not_counted() {
    let (server, ran) = against(Behaviour::Answer(OK), "-k -c 2 --warm-up 1 --requests 10");
    assert_eq!(numbers(&ran)[2..], [10, 0], "{ran:?}");
    assert!(server.seen() > 20, "{} in a second", server.seen());
    let (server, ran) = against(Behaviour::Answer(OK), "-k -c 2 --warm-up 1 -t 1");
    let [pages, _, good, _] = numbers(&ran);
    assert!(good < server.seen() && pages > good * 50, "{ran:?}");
}

#[test]
fn clients_start_one_by_one() {
    let server = Server::start(Behaviour::Silence);
    let start = Instant::now();
    let child = command("-c 40 --ramp 2 -t 4", &server.url()).spawn();
    wait_until(|| {
        let seen = server.seen();
        // There are never more than there should be by then.
        let most = start.elapsed().as_secs_f64() * 20.0 + 1.0;
        assert!(seen as f64 <= most, "{seen} at {:?}", start.elapsed());
        seen == 40
    });
    assert_eq!(numbers(&finish(child.expect("it starts")))[2..], [0, 0]);
}

#[test]
fn a_rate_is_kept() {
    let (server, ran) = against(
        Behaviour::Answer(OK),
        "-k -c 4 -t 2 --rate 150 --processes 2",
    );
    let [_, _, good, bad] = numbers(&ran);
    assert!((270..=300).contains(&good) && bad == 0, "{ran:?}");
    assert!(server.seen() >= good && server.seen() <= 301);
    let (_, ran) = against(Behaviour::Answer(OK), "-k -c 4 --requests 50 --rate 100");
    let [pages, _, good, _] = numbers(&ran);
    assert_eq!(good, 50);
    assert!((1_000..=6_200).contains(&pages), "half a second: {ran:?}");
}

#[test]
fn a_process_for_each_client() {
    let server = Server::start(Behaviour::Answer(OK));
    let child = command("-t 2 -k -c 9 --fork-per-client", &server.url()).spawn();
    let child = child.expect("webbench starts");
    wait_until(|| children_of(child.id()).len() == 9);
    let [_, _, good, bad] = numbers(&finish(child));
    assert!(good > 0 && bad == 0);
    assert_eq!(server.connections(), 10, "and the one that tried it");
}

#[test]
fn signs_of_life_hold_connections() {
    let server = Server::packages(Behaviour::Echo);
    let ran = run("-t 3 -c 5 --heartbeat=1", &server.url());
    let [_, bytes, good, bad] = numbers(&ran);
    // At once, and after one and two seconds.
    assert!((10..=15).contains(&good) && bad == 0, "{ran:?}");
    assert!(bytes > 0 && server.connections() == 6, "{ran:?}");
    assert_eq!(server.first()[0], "\0\u{8}\0\0\0\0\0\0");
    assert!(
        ran.out.contains("Benchmarking: HEARTBEAT frame://"),
        "{ran:?}"
    );
}
