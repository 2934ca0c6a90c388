//! The programs in `examples/`, started as a user starts them and talked to
//! over loopback. `cargo test` builds them; `cargo test --test programs` alone
//! does not.

use crate::support::{Answer, PATIENCE, connect, get, read_answer, request};
use pelton::client::Client;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running example; it is ended, by its own id, when this is dropped.
struct Example {
    child: Child,
    input: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Example {
    fn start(name: &str, arguments: &[&str]) -> Example {
        let test = std::env::current_exe().expect("the path of this test");
        let target = test.ancestors().nth(2).expect("deps, and what it is in");
        let program = target.join("examples").join(name);
        assert!(
            program.exists(),
            "{program:?} is not built: run cargo build --examples"
        );
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        let input = child.stdin.take().expect("its input");
        Example {
            child,
            input,
            lines,
        }
    }

    /// The address that the next line it prints ends in.
    fn address(&mut self) -> SocketAddr {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        let word = line.split_whitespace().last().expect("it says something");
        let word = word.trim_start_matches("http://").trim_end_matches('/');
        word.parse().expect("an address")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(addr: SocketAddr) -> Client {
    Client::connect(addr, PATIENCE).expect("connected")
}

fn call(client: &mut Client, code: u16, body: &[u8]) -> Vec<u8> {
    client.call(code, body).expect("an answer")
}

fn heard(client: &mut Client, code: u16) -> Vec<u8> {
    let (of, body) = client.receive().expect("a package");
    assert_eq!(of, code);
    body
}

#[test]
fn the_counter_counts_over_both_protocols() {
    let mut counter = Example::start("counter", &["127.0.0.1:0", "127.0.0.1:0"]);
    let (http, frame) = (counter.address(), counter.address());
    let text = |answer: Answer| String::from_utf8(answer.body).expect("UTF-8");
    assert_eq!(text(get(http, "/count", "")), "0\n");
    assert_eq!(text(request(http, "POST", "/count", "")), "1\n");
    let mut client = client(frame);
    assert_eq!(call(&mut client, 7, b""), 2_u64.to_be_bytes());
    // A body makes the package bad: it is dropped, and the next one counts.
    client.send(7, b"by two").expect("sent");
    assert_eq!(call(&mut client, 7, b""), 3_u64.to_be_bytes());
    assert_eq!(
        call(&mut client, 1, b"the echo is there"),
        b"the echo is there"
    );
    assert_eq!(text(get(http, "/count", "")), "3\n");
    let refused = request(http, "PUT", "/count", "");
    assert_eq!(
        (refused.status, refused.field("allow")),
        (405, Some("GET, POST, HEAD, OPTIONS"))
    );
    assert_eq!(get(http, "/", "").status, 404);
}

#[test]
fn the_store_keeps_what_those_with_the_token_put() {
    let mut store = Example::start("kv", &["127.0.0.1:0", "127.0.0.1:0", "open"]);
    let (http, frame) = (store.address(), store.address());
    let token = "Authorization: Bearer open\r\n";
    let no = request(http, "PUT", "/keys/cup", "");
    assert_eq!(
        (no.status, no.field("www-authenticate")),
        (401, Some("Bearer"))
    );
    assert_eq!(get(http, "/keys/cup", "").status, 404);
    assert_eq!(request(http, "PUT", "/keys/cup", token).status, 201);
    assert_eq!(request(http, "PUT", "/keys/cup", token).status, 204);

    let mut client = client(frame);
    client.send(21, b"\x03cupblue").expect("sent");
    assert_eq!(call(&mut client, 20, b"cup"), b"\x01", "there, and empty");
    assert_eq!(call(&mut client, 23, b"open"), b"");
    assert_eq!(call(&mut client, 21, b"\x03cupblue"), [0], "not new");
    assert_eq!(call(&mut client, 21, b"\x05crate"), [1]);
    assert_eq!(call(&mut client, 20, b"cup"), b"\x01blue");
    assert_eq!(call(&mut client, 20, b"mug"), [0]);
    assert_eq!(get(http, "/keys/cup", "").body, b"blue");
    assert_eq!(get(http, "/keys?prefix=cu", "").body, b"[\"cup\"]\n");
    assert_eq!(get(http, "/keys", "").body, b"[\"crate\",\"cup\"]\n");

    assert_eq!(request(http, "DELETE", "/keys/cup", token).status, 204);
    assert_eq!(request(http, "DELETE", "/keys/cup", token).status, 404);
    assert_eq!(call(&mut client, 22, b"cup"), [0]);
    assert_eq!(call(&mut client, 22, b"crate"), [1]);
    client.send(21, b"\x09short").expect("sent");
    assert_eq!(call(&mut client, 20, b"short"), [0], "it was bad");
}

#[test]
fn the_chat_is_heard_by_those_who_are_in() {
    let mut chat = Example::start("chat", &["127.0.0.1:0"]);
    let addr = chat.address();
    let [mut ann, mut bob, mut carl] = [(); 3].map(|()| client(addr));
    assert_eq!(call(&mut ann, 10, b"ann"), b"ann");
    assert_eq!(sorted(call(&mut bob, 10, b"bob")), ["ann", "bob"]);
    assert_eq!(sorted(call(&mut carl, 10, "carlé".as_bytes())).len(), 3);
    ann.send(11, b"hello").expect("sent");
    for client in [&mut ann, &mut bob, &mut carl] {
        assert_eq!(heard(client, 11), b"ann: hello");
    }

    drop(bob);
    for client in [&mut ann, &mut carl] {
        assert_eq!(heard(client, 12), b"bob");
    }
    assert_eq!(sorted(call(&mut ann, 10, b"anna")), ["anna", "carlé"]);
    carl.send(11, b"who is here?").expect("sent");
    for client in [&mut ann, &mut carl] {
        assert_eq!(heard(client, 11), "carlé: who is here?".as_bytes());
    }
}

#[test]
fn the_chat_shows_those_out_who_say_nothing() {
    let mut chat = Example::start("chat", &["127.0.0.1:0", "1"]);
    let addr = chat.address();
    let [mut quiet, mut other] = [(); 2].map(|()| client(addr));
    assert_eq!(call(&mut quiet, 10, b"quiet"), b"quiet");
    assert_eq!(heard(&mut quiet, 12), b"quiet");
    assert_eq!(call(&mut other, 10, b"other"), b"other", "alone again");
    assert_eq!(call(&mut other, 11, b"anybody?"), b"other: anybody?");
    assert_eq!(sorted(call(&mut quiet, 10, b"back")), ["back", "other"]);
}

#[test]
fn what_is_typed_at_the_chat_is_said_to_all() {
    let mut chat = Example::start("chat", &["127.0.0.1:0"]);
    let addr = chat.address();
    let mut clients = [(); 3].map(|()| client(addr));
    for (client, name) in clients.iter_mut().zip(["ann", "bob", "carl"]) {
        call(client, 10, name.as_bytes());
    }
    chat.input.write_all(b"dinner is ready\n").expect("typed");
    for client in &mut clients {
        assert_eq!(heard(client, 11), b"host: dinner is ready");
    }
    assert_eq!(call(&mut clients[0], 11, b"coming"), b"ann: coming");
}

#[test]
fn who_talks_is_in_the_chat_and_hears_it() {
    let mut chat = Example::start("chat", &["127.0.0.1:0"]);
    let addr = chat.address();
    let mut talk = Example::start("talk", &["tom", &addr.to_string()]);
    let mut line = || {
        let mut line = String::new();
        talk.lines.read_line(&mut line).expect("a line");
        line
    };
    assert_eq!(line(), "in: tom\n");
    let mut ann = client(addr);
    assert_eq!(sorted(call(&mut ann, 10, b"ann")), ["ann", "tom"]);
    ann.send(11, b"hello").expect("sent");
    assert_eq!(line(), "ann: hello\n");
    talk.input.write_all(b"good day\n").expect("typed");
    assert_eq!(heard(&mut ann, 11), b"ann: hello");
    assert_eq!(heard(&mut ann, 11), b"tom: good day");
    drop(talk);
    assert_eq!(heard(&mut ann, 12), b"tom");
}

#[test]
fn the_chat_closes_on_the_third_bad_package() {
    let mut chat = Example::start("chat", &["127.0.0.1:0"]);
    let mut client = client(chat.address());
    client.send(11, b"not in yet").expect("sent");
    client.send(10, b"two\nlines").expect("sent");
    assert_eq!(call(&mut client, 10, b"dora"), b"dora", "two are forgiven");
    client.send(11, &[0xff]).expect("sent");
    let closed = client.receive().expect_err("the third closes");
    assert_eq!(closed.kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn lines_come_back_in_capitals_or_go_to_all() {
    let mut lines = Example::start("lines", &["127.0.0.1:0"]);
    let addr = lines.address();
    let [mut ann, mut bob] = [(); 2].map(|()| BufReader::new(connect(addr)));
    let say = |who: &mut BufReader<TcpStream>, text: &str| {
        who.get_mut().write_all(text.as_bytes()).expect("sent");
    };
    let hears = |who: &mut BufReader<TcpStream>, expected: &str| {
        let mut line = String::new();
        who.read_line(&mut line).expect("a line");
        assert_eq!(line, expected);
    };
    say(&mut ann, "hello\r\nwhat, ho!\n\n");
    hears(&mut ann, "HELLO\n");
    hears(&mut ann, "WHAT, HO!\n");
    hears(&mut ann, "\n");
    say(&mut bob, "in ");
    say(&mut bob, "parts\n!to all\n");
    hears(&mut bob, "IN PARTS\n");
    hears(&mut ann, "!to all\n");
    hears(&mut bob, "!to all\n");
    say(&mut ann, &"x".repeat(40_000));
    let mut rest = Vec::new();
    let _ = ann.read_to_end(&mut rest); // the end may be a reset
    assert!(rest.is_empty(), "a line without an end closes");
    say(&mut bob, "still here\n");
    hears(&mut bob, "STILL HERE\n");
}

#[test]
fn lengths_are_spoken_by_server_and_client() {
    let mut server = Example::start("lengths", &["127.0.0.1:0"]);
    let addr = server.address();
    let mut client = Example::start("lengths", &[&addr.to_string(), "60000", "70000"]);
    let mut line = String::new();
    client.lines.read_line(&mut line).expect("a line");
    assert_eq!(line, "4200000000\n");
    let mut stream = connect(addr);
    let echo = b"\0\0\0\x07\0\x01hello";
    stream.write_all(echo).expect("sent");
    let mut answer = [0; 11];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, echo);
}

#[test]
fn the_floor_answers_one_and_two() {
    let mut floor = Example::start("floor", &["--bytes", "100"]);
    let addr = floor.address();
    assert_eq!(get(addr, "/", "").body.len(), 100);
    let mut stream = connect(addr);
    let two = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    stream.write_all(&two).expect("sent");
    for _ in 0..2 {
        let answer = read_answer(&mut stream, false);
        assert_eq!((answer.status, answer.body.len()), (200, 100));
    }
}

fn sorted(names: Vec<u8>) -> Vec<String> {
    let names = String::from_utf8(names).expect("UTF-8");
    let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn the_board_has_its_news_for_those_who_wait() {
    let mut board = Example::start("poll", &["127.0.0.1:0"]);
    let http = board.address();
    let post = |text: &str| {
        let mut stream = connect(http);
        let len = text.len();
        let request =
            format!("POST /news HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{text}");
        stream.write_all(request.as_bytes()).expect("sent");
        assert_eq!(read_answer(&mut stream, false).status, 204);
    };
    let mut waiting = [connect(http), connect(http)];
    for stream in &mut waiting {
        let request = b"GET /news?after=0 HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(request).expect("sent");
    }
    post("the kettle is on");
    for stream in &mut waiting {
        let answer = read_answer(stream, false);
        assert_eq!(answer.body, b"[1,[\"the kettle is on\"]]\n");
        assert_eq!(answer.field("cache-control"), Some("no-store"));
    }
    post("it boils");
    let both = b"[2,[\"the kettle is on\",\"it boils\"]]\n";
    assert_eq!(get(http, "/news", "").body, both);
    assert_eq!(get(http, "/news?after=1", "").body, b"[2,[\"it boils\"]]\n");
    assert_eq!(get(http, "/news?after=none", "").status, 400);
}
