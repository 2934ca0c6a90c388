//! Whole exchanges, byte for byte, each in both modes: `tests/golden/exchanges/`
//! holds a file for each, and says in it what it shows.
//!
//! ```text
//! # what it shows
//! > what the client sends, before it says that no more will come\r\n
//! < all that it gets until the server closes\r\n
//! ```
//!
//! Dates and boundaries are masked. Where a change of the answers is meant, this
//! writes them anew, to be read in the diff; a new file needs its `#` and `>`
//! lines alone:
//!
//! ```sh
//! PELTON_GOLDEN=write cargo test --test loopback exchanges
//! ```

use crate::support::{Rig, both, connect, masked, read_to_end};
use pelton::service::{Response, Router, StaticSite};
use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::path::{Path, PathBuf};

#[test]
fn every_exchange_is_as_it_is_known() {
    let files = files();
    assert!(
        files.len() >= 40,
        "the exchanges are where they are looked for"
    );
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, router());
        for (name, content) in SITE {
            rig.folder.write(name, content.as_bytes());
            rig.folder.date(name, 1_000_000_000);
        }
        let mut changed = Vec::new();
        for file in &files {
            let known = fs::read_to_string(file).expect("an exchange");
            let shown = shown(&rig, &known);
            if std::env::var_os("PELTON_GOLDEN").is_some() {
                fs::write(file, &shown).expect("the exchange is written");
            } else if shown != known {
                changed.push(format!("{}\n{shown}", file.display()));
            }
        }
        assert!(
            changed.is_empty(),
            "these are not as they were; if they should not be, write them down by \
             `PELTON_GOLDEN=write cargo test --test loopback exchanges`:\n{}",
            changed.join("\n")
        );
    });
}

const SITE: [(&str, &str); 4] = [
    ("index.html", "<h1>index</h1>\n"),
    ("letters.txt", "abcdefghijklmnopqrstuvwxyz\n"),
    ("empty.txt", ""),
    ("a folder/index.html", "<h1>folder</h1>\n"),
];

fn router() -> Router {
    Router::new()
        .http("POST", "/echo", |request, _| {
            Response::new("application/octet-stream", request.body.to_vec())
        })
        .site(StaticSite::new(0))
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/exchanges");
    let entries = fs::read_dir(folder).expect("the exchanges");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("one").path()).collect();
    files.sort();
    files
}

/// The exchange as it is now: its comments, what is sent, what comes.
fn shown(rig: &Rig, known: &str) -> String {
    let kept = |line: &&str| line.starts_with(['#', '>']);
    let mut shown: String = known
        .lines()
        .filter(kept)
        .flat_map(|line| [line, "\n"])
        .collect();
    let lines = known.lines().filter_map(|line| line.strip_prefix("> "));
    let input: Vec<u8> = lines.flat_map(bytes_of).collect();
    let mut stream = connect(rig.http);
    stream.write_all(&input).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half-closed");
    let output = masked::boundaries(masked::dates(read_to_end(&mut stream)));
    for line in output.split_inclusive(|&byte| byte == b'\n') {
        shown += "< ";
        line.iter().for_each(|&byte| shown += &text_of(byte));
        shown += "\n";
    }
    shown
}

/// A byte as it is written down.
fn text_of(byte: u8) -> String {
    match byte {
        b'\'' | b'"' => char::from(byte).to_string(),
        other => other.escape_ascii().to_string(),
    }
}

/// The bytes of a line that is written down.
fn bytes_of(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(|byte| char::from(byte.unwrap_or(0)));
                let number = u8::from_str_radix(&String::from_iter(digits), 16);
                number.expect("two hex digits behind \\x")
            }
            Some(b'\\') => b'\\',
            other => panic!("{line:?} has a backslash ahead of {other:?}"),
        });
    }
    bytes
}

#[test]
fn what_is_written_down_is_read_again() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let text: String = all.iter().map(|&byte| text_of(byte)).collect();
    assert!(text.is_ascii() && !text.contains(['\r', '\n']));
    assert_eq!(bytes_of(&text), all);
}
