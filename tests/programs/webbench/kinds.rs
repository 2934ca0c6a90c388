//! Failures, each counted as what it is.

use super::server::{Behaviour, OK, OK_CLOSE, Server};
use super::tester::{against, all_fail, numbers, run};
use std::thread;

#[test]
fn failures_are_told_apart() {
    let error = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno";
    let missing = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    thread::scope(|scope| {
        for (behaviour, words, kind) in [
            (Behaviour::Answer(error), "-k", "status 5xx"),
            (Behaviour::InPieces(error), "-k", "status 5xx"),
            (Behaviour::AnswerAndClose(missing), "", "status 4xx"),
            (Behaviour::AnswerAndClose(&OK[..20]), "", "closed early"),
            (Behaviour::AnswerAndClose(&OK[..40]), "-k", "closed early"),
            (Behaviour::AnswerAndClose(b""), "", "closed early"),
            (Behaviour::AnswerAndClose(b""), "-9", "closed early"),
            (Behaviour::AnswerAndClose(b"hello"), "", "bad answer"),
            (
                Behaviour::AnswerAndClose(b"220 mail.example ESMTP\r\n"),
                "-2",
                "bad answer",
            ),
            (
                Behaviour::Answer(b"HTTP/1.1 204 x\r\n\r\nhello"),
                "-k",
                "bad answer",
            ),
            (Behaviour::Reset(&OK[..20]), "", "reset"),
            (Behaviour::Silence, "-t 6 --timeout 1", "timed out"),
        ] {
            // In words of its own the last time given counts.
            scope.spawn(move || all_fail(behaviour, &format!("-t 3 -c 3 {words}"), kind));
        }
    });
}

/// A right answer to the test's package is `\0\r\0\u{1}`, its CRC, and 0 to 4.
const WRONG_CRC: &[u8] = b"\0\x0d\0\x01\0\0\0\0hello";

#[test]
fn failures_of_packages_are_told_apart() {
    thread::scope(|scope| {
        for (behaviour, words, kind) in [
            (Behaviour::Answer(WRONG_CRC), "", "bad answer"),
            (Behaviour::InPieces(WRONG_CRC), "--pipeline 3", "bad answer"),
            (Behaviour::Answer(b"\0\x08\0\x02\0\0\0\0"), "", "bad answer"),
            (
                Behaviour::Answer(b"\0\x07"),
                "-t 6 --timeout 1",
                "timed out",
            ),
            (Behaviour::Answer(OK), "", "bad answer"),
            (Behaviour::AnswerAndClose(b"\0\x0d\0"), "", "closed early"),
            (Behaviour::Reset(&OK[..20]), "", "bad answer"),
            (Behaviour::Silence, "-t 6 --timeout 1", "timed out"),
            (
                Behaviour::AnswerAndClose(b""),
                "--heartbeat=1",
                "closed early",
            ),
            (
                Behaviour::Silence,
                "-t 6 --timeout 1 --heartbeat=1",
                "timed out",
            ),
        ] {
            scope.spawn(move || {
                let server = Server::packages(behaviour);
                let ran = run(&format!("-t 3 -c 3 {words}"), &server.url());
                let [_, _, good, bad] = numbers(&ran);
                assert!(good == 0 && bad > 0, "{kind}: {ran:?}");
                assert_eq!(ran.errors, format!("Failed: {bad} {kind}.\n"));
            });
        }
    });
}

/// What the server answers first on a connection; the next request it lets go.
const ONCE: Behaviour = Behaviour::First(&Behaviour::Answer(OK), &Behaviour::AnswerAndClose(b""));

/// Three hundred requests, good and bad, and what was said.
fn once_each(server: &Server, words: &str) -> ([u64; 2], String) {
    let ran = run(&format!("--requests 300 {words}"), &server.url());
    let [_, _, good, bad] = numbers(&ran);
    ([good, bad], ran.errors)
}

#[test]
fn what_a_kept_connection_ends_without_answering_is_sent_again() {
    let echo = Behaviour::First(&Behaviour::Echo, &Behaviour::AnswerAndClose(b""));
    // All but the first request of each client, and none twice.
    let line = "Sent again: 297, whose connections the server had ended between answers.\n";
    for (mut server, words) in [
        (Server::start(ONCE), "-c 3 -k"),
        (Server::start(ONCE), "-c 3 -k --method PUT --body x"),
        (Server::packages(echo), "-c 3"),
    ] {
        let (counts, errors) = once_each(&server, words);
        assert_eq!((counts, &*errors), ([300, 0], line), "{words}");
        server.stop();
        assert_eq!(server.seen(), 597, "{words}");
    }
}

#[test]
fn what_is_not_sent_again_has_failed() {
    let reset = Behaviour::First(&Behaviour::Answer(OK), &Behaviour::Reset(b""));
    let begun = Behaviour::First(
        &Behaviour::Answer(OK),
        &Behaviour::AnswerAndClose(b"HTTP/1.1 200 OK\r\nCon"),
    );
    for (behaviour, words, kind) in [
        (ONCE, "-k --method POST --body x", "closed early"),
        (begun, "-k", "closed early"),
        (reset, "-k", "reset"),
    ] {
        let mut server = Server::start(behaviour);
        // One client, which fails at each second one.
        let (counts, errors) = once_each(&server, words);
        assert_eq!(counts, [150, 150], "{kind}");
        assert_eq!(errors, format!("Failed: 150 {kind}.\n"));
        server.stop();
        assert_eq!(server.seen(), 300, "{kind}: not one twice");
    }
}

#[test]
fn a_batch_that_is_cut_short_is_sent_again_once() {
    // One answer, and the connection ends: of a batch of four, three are sent
    // again, one of which is answered.
    for (behaviour, words) in [
        (Behaviour::AnswerAndClose(OK), "-k"),
        (Behaviour::AnswerAndClose(OK_CLOSE), ""),
    ] {
        let words = format!("--requests 400 -c 5 --pipeline 4 {words}");
        let (_, ran) = against(behaviour, &words);
        let [_, _, good, bad] = numbers(&ran);
        assert_eq!((good, bad), (200, 200), "{ran:?}");
        assert!(ran.errors.contains("Sent again: 300, "), "{ran:?}");
        // What must not be asked for twice is asked for once.
        let (_, ran) = against(behaviour, &format!("{words} --method POST"));
        let [_, _, good, bad] = numbers(&ran);
        assert_eq!((good, bad), (100, 300), "{ran:?}");
    }
}
