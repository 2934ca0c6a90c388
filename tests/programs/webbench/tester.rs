//! The tester in a process of its own, and what it says.

use super::server::{Behaviour, Server};
use crate::support::PATIENCE;
use crate::support::program::{Ran, wait_for};
use rustix::process::Pid;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where cargo has put it.
pub(crate) const WEBBENCH: &str = env!("CARGO_BIN_EXE_webbench");

pub(crate) fn command(words: &str, url: &str) -> Command {
    let mut command = Command::new(WEBBENCH);
    command
        .args(words.split_whitespace())
        .args((!url.is_empty()).then_some(url));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(words: &str, url: &str) -> Ran {
    finish(command(words, url).spawn().expect("webbench starts"))
}

/// Waits for its end; the pipes hold the little that it says.
pub(crate) fn finish(mut child: Child) -> Ran {
    let code = wait_for(&mut child).code();
    let text = |pipe: &mut dyn Read| {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("text");
        text
    };
    let out = text(&mut child.stdout.take().expect("it was piped"));
    let mut errors = text(&mut child.stderr.take().expect("it was piped"));
    // The table of times, which comes last, has tests of its own.
    errors.truncate(errors.find("Latency ").unwrap_or(errors.len()));
    Ran { code, out, errors }
}

/// The numbers of the last two lines: pages/min, bytes/sec, susceed, failed.
pub(crate) fn numbers(ran: &Ran) -> [u64; 4] {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    let [speed, requests] = lines[lines.len() - 2..] else {
        panic!("two lines at the end of {ran:?}")
    };
    let between = |line: &str, before: &str, after: &str| {
        let rest = line.split_once(before).expect(line).1;
        rest.split_once(after).expect(line).0.parse().expect(line)
    };
    let found = [
        between(speed, "Speed=", " pages/min, "),
        between(speed, "pages/min, ", " bytes/sec."),
        between(requests, "Requests: ", " susceed, "),
        between(requests, "susceed, ", " failed."),
    ];
    let [pages, bytes, good, bad] = found;
    let expected = format!(
        "\nSpeed={pages} pages/min, {bytes} bytes/sec.\nRequests: {good} susceed, {bad} failed.\n"
    );
    assert!(ran.out.ends_with(&expected), "{ran:?}");
    found
}

/// Runs it for a second against a server of this kind: the server, and what
/// was said.
pub(crate) fn against(behaviour: Behaviour, words: &str) -> (Server, Ran) {
    let mut server = Server::start(behaviour);
    let ran = run(words, &server.url());
    server.stop();
    (server, ran)
}

/// All requests fail, and as this kind.
pub(crate) fn all_fail(behaviour: Behaviour, words: &str, kind: &str) {
    let (server, ran) = against(behaviour, words);
    let [pages, bytes, good, bad] = numbers(&ran);
    assert_eq!((pages, bytes, good), (0, 0, 0), "{kind}: {ran:?}");
    assert!(bad > 0 && bad <= server.seen(), "{kind}: {ran:?}");
    assert_eq!(ran.errors, format!("Failed: {bad} {kind}.\n"));
}

/// The processes that it has forked.
pub(crate) fn children_of(id: u32) -> Vec<Pid> {
    let file = format!("/proc/{id}/task/{id}/children");
    let listed = std::fs::read_to_string(file).unwrap_or_default();
    listed
        .split_whitespace()
        .filter_map(|id| Pid::from_raw(id.parse().ok()?))
        .collect()
}

/// Whether a process has ended; one that nobody has reaped yet may remain.
pub(crate) fn is_gone(id: Pid) -> bool {
    let path = format!("/proc/{}/stat", id.as_raw_nonzero());
    match std::fs::read_to_string(Path::new(&path)) {
        Ok(stat) => stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('Z')),
        Err(_) => true,
    }
}

pub(crate) fn wait_until(so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn is_one_line(text: &str) -> bool {
    text.ends_with('\n') && text.lines().count() == 1
}
