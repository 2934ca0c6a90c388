//! `webbench` as a user runs it: against a server that is made for the test,
//! which counts what it sees, and against our own.

mod counts;
mod kinds;
mod options;
mod server;
mod tester;

use crate::support::{Rig, both_at_once};
use pelton::config::Mode;
use rustix::process::{Pid, Signal, kill_process};
use server::{Behaviour, OK, OK_CLOSE, Server};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tester::{
    WEBBENCH, against, children_of, command, finish, is_gone, is_one_line, numbers, run, wait_until,
};

#[test]
fn classic_lines_and_requests_of_each_option() {
    let agent = concat!("User-Agent: webbench/", env!("CARGO_PKG_VERSION"), "\r\n");
    let answer = Behaviour::AnswerAndClose(OK_CLOSE);
    let head = Behaviour::AnswerAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    let bare = Behaviour::AnswerAndClose(b"hello");
    thread::scope(|scope| {
        for (behaviour, words, line, fields, using, running) in [
            (answer, "", "GET /a?b HTTP/1.0", "", "", ""),
            (answer, "-1 --get", "GET /a?b HTTP/1.0", "", "", ""),
            (bare, "-9", "GET /a?b", "", " (using HTTP/0.9)", ""),
            (
                answer,
                "--http11",
                "GET /a?b HTTP/1.1",
                "Connection: close\r\n",
                " (using HTTP/1.1)",
                "",
            ),
            (head, "--head", "HEAD /a?b HTTP/1.0", "", "", ""),
            (
                answer,
                "--options",
                "OPTIONS /a?b HTTP/1.1",
                "Connection: close\r\n",
                " (using HTTP/1.1)",
                "",
            ),
            (
                answer,
                "--trace",
                "TRACE /a?b HTTP/1.1",
                "Connection: close\r\n",
                " (using HTTP/1.1)",
                "",
            ),
            (
                answer,
                "-k",
                "GET /a?b HTTP/1.1",
                "",
                " (using HTTP/1.1)",
                ", keeping connections alive",
            ),
            (
                answer,
                "-r",
                "GET /a?b HTTP/1.0",
                "Pragma: no-cache\r\n",
                "",
                ", forcing reload",
            ),
        ] {
            scope.spawn(move || {
                let (server, ran) = against(behaviour, &format!("-t 1 -c 2 {words}"));
                let [pages, bytes, good, bad] = numbers(&ran);
                let method = line.split(' ').next().expect("a method");
                let opening = format!(
                    "\nBenchmarking: {method} {}{using}\n2 clients, running 1 sec{running}.\n\nSpeed=",
                    server.url(),
                );
                assert!(ran.out.starts_with(&opening), "{words}: {ran:?}");
                assert!(good > 0 && bad == 0 && ran.errors.is_empty(), "{words}: {ran:?}");
                // A second, and more where the machine is busy.
                assert!(pages <= good * 60 && pages > good * 20, "{words}: {ran:?}");
                let len = match behaviour {
                    Behaviour::AnswerAndClose(answer) => answer.len() as u64,
                    _ => unreachable!(),
                };
                assert!(bytes <= good * len && bytes * 60 / len >= pages - 60, "{words}: {ran:?}");
                let request = match line.contains("HTTP/") {
                    true => format!("{line}\r\nHost: {}\r\n{agent}{fields}\r\n", server.addr),
                    false => format!("{line}\r\n"),
                };
                assert_eq!(server.first()[0], request);
            });
        }
    });
}

#[test]
fn counts_are_those_of_the_server() {
    let check = |behaviour, words: &str| {
        let (server, ran) = against(behaviour, words);
        let [_, _, good, bad] = numbers(&ran);
        let (seen, cut_off) = (server.seen(), 7);
        assert!(
            bad == 0 && good <= seen && seen <= good + cut_off,
            "{words}: {seen}, {ran:?}"
        );
        assert!(good > 0, "{words}: {ran:?}");
        let connections = server.connections();
        if words.contains("-k") && !matches!(behaviour, Behaviour::AnswerAndClose(_)) {
            // One for each, one that asked whether it is there, one to wake it.
            assert!(connections <= 7 + 2, "{words}: {connections}");
        } else {
            assert!(connections >= seen, "{words}: {connections} for {seen}");
        }
    };
    thread::scope(|scope| {
        for (behaviour, words) in [
            (Behaviour::AnswerAndClose(OK_CLOSE), "-t 3 -c 7"),
            (
                Behaviour::AnswerAndClose(b"HTTP/1.0 200 OK\r\n\r\nhello"),
                "-t 3 -c 7 --processes 3",
            ),
            (Behaviour::Answer(OK), "-t 3 -c 7 -k"),
            (Behaviour::InPieces(OK), "-t 3 -c 7 -k"),
            (
                Behaviour::InPieces(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                ),
                "-t 3 -c 7 -k --processes 1",
            ),
            (Behaviour::AnswerAndClose(OK_CLOSE), "-t 3 -c 7 -k"),
            (Behaviour::Answer(OK), "-t 3 -c 7 -2"),
        ] {
            scope.spawn(move || check(behaviour, words));
        }
    });
}

#[test]
fn what_the_end_cuts_off_is_in_no_count() {
    let (server, ran) = against(Behaviour::Silence, "-t 1 -c 3 --processes 2");
    assert_eq!(numbers(&ran), [0; 4]);
    assert_eq!((server.seen(), ran.errors.as_str()), (3, ""));
}

#[test]
fn a_server_that_goes_away_is_no_end() {
    let mut server = Server::start(Behaviour::AnswerAndClose(OK_CLOSE));
    let child = command("-t 2 -c 4", &server.url())
        .spawn()
        .expect("webbench starts");
    wait_until(|| server.seen() > 10);
    server.stop();
    let ran = finish(child);
    let [_, _, good, bad] = numbers(&ran);
    assert!(good > 0 && bad > 0, "{ran:?}");
    assert!(ran.errors.contains(" connect refused"), "{ran:?}");
    // They rest in between.
    assert!(bad < 4 * 2 * 100 + 20, "{ran:?}");
}

#[test]
fn a_server_that_is_not_there_is_status_1() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("its address");
    drop(listener);
    for url in [
        format!("http://{addr}/"),
        "http://nowhere.invalid/".to_owned(),
    ] {
        let ran = run("-t 1", &url);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(
            ran.errors.starts_with("webbench: ") && is_one_line(&ran.errors),
            "{ran:?}"
        );
    }
}

#[test]
fn bad_arguments_are_status_2_and_one_line() {
    for (words, part) in [
        ("", "URL"),
        ("-c 0 http://127.0.0.1/", "from 1 to"),
        ("-t soon http://127.0.0.1/", "from 1 to"),
        ("-k -9 http://127.0.0.1/", "--keep-alive"),
        ("--loud http://127.0.0.1/", "--loud"),
        ("https://127.0.0.1/", "http://"),
        ("127.0.0.1:80", "http://"),
        ("http://127.0.0.1:port/", "PORT"),
        ("http://a/ http://b/", "http://b/"),
        ("-H X http://127.0.0.1/", "Name: value"),
        ("--method A,B http://127.0.0.1/", "such as PUT"),
        ("-p nowhere http://127.0.0.1/", "HOST:PORT"),
        ("--urls /nowhere http://127.0.0.1/", "No such file"),
        ("--heartbeat http://127.0.0.1/", "frame://HOST:PORT"),
        ("--rate 5 --pipeline 2 http://127.0.0.1/", "--rate"),
        ("-r frame://127.0.0.1:1", "leave it out"),
        ("frame://127.0.0.1", "frame://HOST:PORT"),
        ("frame://127.0.0.1:1?bytes=65528", "bytes=N"),
        ("-c 1000000 --processes 1 http://127.0.0.1/", "-c "),
    ] {
        let ran = run(words, "");
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(2), ""),
            "{words}: {ran:?}"
        );
        assert!(
            ran.errors.starts_with("webbench: ") && is_one_line(&ran.errors),
            "{ran:?}"
        );
        assert!(ran.errors.contains(part), "{words}: {ran:?}");
    }
}

#[test]
fn help_and_version() {
    for (words, part) in [
        ("-h", "--clients"),
        ("-?", "--clients"),
        ("-V", "webbench "),
    ] {
        let ran = run(words, "");
        assert_eq!((ran.code, ran.errors.as_str()), (Some(0), ""), "{ran:?}");
        assert!(ran.out.contains(part), "{words}: {ran:?}");
    }
}

#[test]
fn more_clients_than_files_take_more_processes_or_are_refused() {
    let server = Server::start(Behaviour::Answer(OK));
    let narrow = |words: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", WEBBENCH]);
        shell
            .args(words.split_whitespace())
            .arg(server.url())
            .stdin(Stdio::null());
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        finish(shell.spawn().expect("a shell"))
    };
    let ran = narrow("-t 1 -c 100 --processes 2");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(
        ran.errors.contains("--processes 4") && is_one_line(&ran.errors),
        "{ran:?}"
    );
    for words in ["-t 1 -c 100 -k", "-t 1 -c 100"] {
        let ran = narrow(words);
        let [_, _, good, bad] = numbers(&ran);
        assert!(good > 0 && bad == 0, "{ran:?}");
    }
}

#[test]
fn a_process_that_cannot_be_forked_is_status_3() {
    let server = Server::start(Behaviour::Answer(OK));
    // No process may be added; the superuser is under no such limit.
    let mut words = vec!["prlimit", "--nproc=0", WEBBENCH, "-t", "1"];
    if rustix::process::geteuid().is_root() {
        words.splice(0..0, ["setpriv", "--reuid", "65534", "--clear-groups"]);
    }
    let mut limited = Command::new(words[0]);
    limited
        .args(&words[1..])
        .arg(server.url())
        .stdin(Stdio::null());
    limited.stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = match limited.spawn() {
        Ok(child) => finish(child),
        Err(error) => return println!("not tried: no {}: {error}", words[0]),
    };
    if !ran.errors.starts_with("webbench: ") {
        return println!("not tried: {}", ran.errors);
    }
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.errors.starts_with("webbench: cannot start"), "{ran:?}");
    assert!(is_one_line(&ran.errors), "{ran:?}");
}

#[test]
fn an_interrupt_ends_the_run_and_it_still_reports() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start(Behaviour::Answer(OK));
        let child = command("-t 60 -c 4 -k", &server.url())
            .spawn()
            .expect("webbench starts");
        wait_until(|| server.seen() > 100);
        let workers = children_of(child.id());
        let start = Instant::now();
        // To the parent alone, as `kill` does: it tells the others.
        kill_process(Pid::from_child(&child), signal).expect("it is there");
        let ran = finish(child);
        let [pages, _, good, bad] = numbers(&ran);
        assert!(good > 0 && bad == 0, "{ran:?}");
        assert!(
            pages > good,
            "by the time that it took, not the minute: {ran:?}"
        );
        assert!(start.elapsed() < Duration::from_secs(20));
        assert!(!workers.is_empty() && workers.iter().all(|&id| is_gone(id)));
    }
}

#[test]
fn a_worker_that_dies_is_told_and_the_run_goes_on() {
    let server = Server::start(Behaviour::Answer(OK));
    let child = command("-t 2 -c 5 -k --processes 2", &server.url()).spawn();
    let child = child.expect("webbench starts");
    wait_until(|| server.seen() > 100 && children_of(child.id()).len() == 2);
    let first = children_of(child.id())[0];
    kill_process(first, Signal::KILL).expect("it is there");
    let ran = finish(child);
    let [_, _, good, bad] = numbers(&ran);
    assert!(good > 0 && (bad == 2 || bad == 3), "{ran:?}");
    let id = first.as_raw_nonzero();
    let line = format!(
        "webbench: worker process {id} died (signal 9); its {bad} clients count as failed\n\
         Failed: {bad} lost with a worker process.\n"
    );
    assert_eq!(ran.errors, line);
}

#[test]
fn what_a_worker_counted_before_it_died_counts() {
    let server = Server::start(Behaviour::Answer(OK));
    let child = command("-t 60 -c 3 -k --processes 1", &server.url()).spawn();
    let child = child.expect("webbench starts");
    wait_until(|| server.seen() > 0);
    thread::sleep(Duration::from_secs(1)); // it has told of some by then
    kill_process(children_of(child.id())[0], Signal::KILL).expect("it is there");
    let [pages, _, good, bad] = numbers(&finish(child));
    assert!(good > 0 && good <= server.seen() && pages > good);
    assert_eq!(bad, 3);
}

#[test]
fn no_worker_outlives_its_parent() {
    let server = Server::start(Behaviour::Answer(OK));
    let mut child = command("-t 60 -c 4 -k --processes 2", &server.url())
        .spawn()
        .expect("it starts");
    wait_until(|| server.seen() > 100 && children_of(child.id()).len() == 2);
    let workers = children_of(child.id());
    child.kill().expect("it is there");
    child.wait().expect("its status");
    wait_until(|| workers.iter().all(|&id| is_gone(id)));
}

#[test]
fn our_own_server_answers_all() {
    both_at_once(|mode: Mode| {
        let rig = Rig::start(mode, |_| ());
        for (words, path) in [
            ("-k", "small.txt"),
            ("", "small.txt"),
            ("-2", "small.txt"),
            ("-k --head", "small.txt"),
            ("-k", "large.bin"),
            ("", "large.bin"),
        ] {
            let url = format!("http://{}/{path}", rig.http);
            let ran = run(&format!("-t 2 -c 16 {words}"), &url);
            let [_, bytes, good, bad] = numbers(&ran);
            assert!(
                good > 0 && bad == 0 && ran.errors.is_empty(),
                "{words} {path}: {ran:?}"
            );
            let body = if words.contains("head") { 0 } else { 1024 };
            assert!(bytes > good * body / 2, "{words} {path}: {ran:?}");
        }
        let missing = run("-t 2 -k", &format!("http://{}/nothing", rig.http));
        assert!(missing.errors.ends_with(" status 4xx.\n"), "{missing:?}");
    });
}
