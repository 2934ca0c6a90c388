//! Failures, each counted as what it is.

use crate::server::{Behaviour, OK, OK_CLOSE, Server};
use crate::tester::{against, all_fail, numbers, run};
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
            (Behaviour::Reset, "", "reset"),
            (Behaviour::Silence, "-t 2 --timeout 1", "timed out"),
        ] {
            // In words of its own the last time given counts.
            scope.spawn(move || all_fail(behaviour, &format!("-t 1 -c 3 {words}"), kind));
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
                "-t 2 --timeout 1",
                "timed out",
            ),
            (Behaviour::Answer(OK), "", "bad answer"),
            (Behaviour::AnswerAndClose(b"\0\x0d\0"), "", "closed early"),
            (Behaviour::Reset, "", "bad answer"),
            (Behaviour::Silence, "-t 2 --timeout 1", "timed out"),
            (
                Behaviour::AnswerAndClose(b""),
                "--heartbeat=1",
                "closed early",
            ),
            (
                Behaviour::Silence,
                "-t 3 --timeout 1 --heartbeat=1",
                "timed out",
            ),
        ] {
            scope.spawn(move || {
                let server = Server::packages(behaviour);
                let ran = run(&format!("-t 1 -c 3 {words}"), &server.url());
                let [_, _, good, bad] = numbers(&ran);
                assert!(good == 0 && bad > 0, "{kind}: {ran:?}");
                assert_eq!(ran.errors, format!("Failed: {bad} {kind}.\n"));
            });
        }
    });
}

#[test]
fn a_batch_that_is_cut_short_counts_each_request() {
    // One answer, and the connection ends: of each batch of four, three fail.
    for (behaviour, words) in [
        (Behaviour::AnswerAndClose(OK), "-k"),
        (Behaviour::AnswerAndClose(OK_CLOSE), ""),
    ] {
        let words = format!("--requests 400 -c 5 --pipeline 4 {words}");
        let (_, ran) = against(behaviour, &words);
        let [_, _, good, bad] = numbers(&ran);
        assert_eq!((good + bad, good), (400, 100), "{ran:?}");
    }
}
