//! Whole exchanges, byte for byte, each in both modes: `tests/golden/exchanges/`
//! holds a file for each, and says in it what it shows. Those in `sites/` are with
//! the sites of `sites/sites.toml`, all others with one that nothing is set for.
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

use crate::escaped::{bytes_of, line_of};
use crate::support::{Rig, both, connect, masked, read_to_end};
use pelton::service::{Response, Router, StaticSite};
use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::path::{Path, PathBuf};

/// When everything was changed.
const CHANGED_UNIX_S: u64 = 1_000_000_000;

const SITE: [(&str, &str); 4] = [
    ("index.html", "<h1>index</h1>\n"),
    ("letters.txt", "abcdefghijklmnopqrstuvwxyz\n"),
    ("empty.txt", ""),
    ("a folder/index.html", "<h1>folder</h1>\n"),
];

#[test]
fn every_exchange_is_as_it_is_known() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, router());
        for (name, content) in SITE {
            rig.folder.write(name, content.as_bytes());
            rig.folder.date(name, CHANGED_UNIX_S);
        }
        check(&rig, &exchanges("", 40));
    });
}

/// Files of the sites in `sites.toml`; the coded ones are what they are called,
/// in the words of zlib and of brotli.
const SITES: [(&str, &[u8]); 16] = [
    ("coded/a.css", b"body { color: red }\nbody { color: red }\nbody { color: red }\n"),
    (
        "coded/a.css.gz",
        b"\x1f\x8b\x08\0\0\0\0\0\x02\x03K\xcaO\xa9T\xa8VH\xce\xcf\xc9/\xb2R(JMQ\xa8\xe5J\"R\x0c\0\
          \x8fo\x9b\x1f<\0\0\0",
    ),
    (
        "coded/a.css.br",
        b"\x1b;\0\xf8\x8d\xd4^\xb3\x89.\xac\x1aDALn\x93\x95\xed\xf5IA<\xb1\xa7F\xb8\x88$\x86\xc7\xc5\r",
    ),
    (
        "coded/alone.js.gz",
        b"\x1f\x8b\x08\0\0\0\0\0\x02\x03K\xad(\xc8/*Q\xa8\xae\xe5\x02\0\xfcG\xfb\x86\n\0\0\0",
    ),
    ("listed/a10.txt", b"ten\n"),
    ("listed/a2.txt", &[b'2'; 2_048]),
    ("listed/<b> & 100%.txt", b"marks\n"),
    ("listed/.hidden", b"hidden\n"),
    ("listed/folder/x", b"x\n"),
    ("ruled/index.html", b"<h1>index</h1>\n"),
    ("ruled/new/a.txt", b"new\n"),
    ("ruled/assets/a.js", b"export {}\n"),
    ("ruled/errors/404.html", b"<h1>lost</h1>\n"),
    ("shared/a.json", b"{}\n"),
    ("closed/index.html", b"<h1>open</h1>\n"),
    ("closed/inner/a.txt", b"inner\n"),
];

#[test]
fn every_exchange_with_sites_is_as_it_is_known() {
    let text = fs::read_to_string(folder().join("sites/sites.toml")).expect("the sites");
    both(|mode| {
        let rig = Rig::of_sites(mode, &text, &SITES);
        let names = SITES.map(|(name, _)| name);
        for name in names.into_iter().chain(["listed/folder"]) {
            rig.folder.date(name, CHANGED_UNIX_S);
        }
        check(&rig, &exchanges("sites", 20));
    });
}

/// Each of these exchanges is as it is written down, or is written down.
#[track_caller]
fn check(rig: &Rig, files: &[PathBuf]) {
    let mut changed = Vec::new();
    for file in files {
        let known = fs::read_to_string(file).expect("an exchange");
        let shown = shown(rig, &known);
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
}

fn router() -> Router {
    Router::new()
        .http("POST", "/echo", |request, _| {
            Response::new("application/octet-stream", request.body.to_vec())
        })
        .site(StaticSite::new(0))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/exchanges")
}

/// The exchanges in a folder below that one, which are as many or more.
fn exchanges(below: &str, least: usize) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join(below)).expect("the exchanges");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("one").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    assert!(
        files.len() >= least,
        "the exchanges are where they are looked for"
    );
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
        shown += &format!("< {}\n", line_of(line));
    }
    shown
}
