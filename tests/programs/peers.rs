//! The same few hundred requests to this server, to nginx and to lighttpd, on
//! the same folder: every difference is in a list with its reason, or a failure,
//! and so is what is in the list and does not differ.
//!
//! It needs `nginx` and `lighttpd`, of Debian's packages `nginx-light` and
//! `lighttpd`. Where one is missing the test says so and goes on without it,
//! unless `PELTON_REQUIRE_TOOLS` is 1; nothing is ever installed from here.

mod differences;
mod requests;
mod seen;
mod servers;

use crate::support::{Folder, Rig};
use differences::{Difference, Differences};
use pelton::config::Mode;
use requests::Sample;
use seen::Seen;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;
use std::thread;

/// How many requests are under way at a server.
const CLIENTS: usize = 4;

#[test]
fn every_difference_to_other_servers_has_its_reason() {
    let folder = site();
    let samples = requests::all();
    assert!(samples.len() >= 300, "{} requests", samples.len());
    let names: BTreeSet<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names.len(), samples.len(), "a name for each");
    let ours = ask_ours(&folder, &samples);
    let mut unlisted = String::new();
    let mut list = Differences::read(include_str!("peers/differences.txt"));
    let mut peers = Vec::new();
    for start in [servers::nginx, servers::lighttpd] {
        let Some(peer) = start(folder.path()) else {
            continue;
        };
        let theirs = ask_all(peer.addr, &samples);
        for ((sample, ours), theirs) in samples.iter().zip(&ours).zip(&theirs) {
            for (what, our, their) in ours.differences(theirs) {
                let one = Difference {
                    request: &sample.name,
                    peer: peer.name,
                    what,
                    ours: &our,
                    theirs: &their,
                };
                if !list.explain(&one) {
                    tell(&mut unlisted, &one, sample);
                }
            }
        }
        peers.push(peer.name);
    }
    assert!(unlisted.is_empty(), "not in the list:\n{unlisted}");
    let stale = list.stale(&peers);
    assert!(stale.is_empty(), "these are none:\n{}", stale.join("\n"));
}

/// What this server answers, which is the same in both modes.
fn ask_ours(folder: &Folder, samples: &[Sample]) -> Vec<Seen> {
    let [one, other] = [Mode::Reactor, Mode::Proactor].map(|mode| {
        let rig = Rig::start(mode, |config| {
            config.sites[0].root = folder.path().to_owned();
        });
        ask_all(rig.http, samples)
    });
    for ((sample, one), other) in samples.iter().zip(&one).zip(&other) {
        let (one, other) = (one.lasting(), other.lasting());
        assert_eq!(one, other, "reactor and proactor: {}", sample.name);
    }
    one
}

fn tell(unlisted: &mut String, one: &Difference<'_>, sample: &Sample) {
    let Difference {
        request,
        peer,
        what,
        ours,
        theirs,
    } = one;
    let bytes = sample.bytes[..sample.bytes.len().min(200)].escape_ascii();
    let _ = writeln!(
        unlisted,
        "{request:28} {peer:8} {what:9} ours {ours}, theirs {theirs}    {bytes}"
    );
}

/// A small site whose files were all changed long ago.
fn site() -> Folder {
    let folder = Folder::new();
    for (name, content) in [
        ("index.html", &b"<h1>index</h1>\n"[..]),
        ("small.txt", &crate::support::pattern(1024)),
        ("empty.txt", b""),
        ("large.bin", &crate::support::pattern(300_000)),
        ("folder/index.html", b"<h1>folder</h1>\n"),
        ("bare/a.txt", b"a\n"),
        ("a b.txt", b"blank\n"),
        (".hidden", b"hidden\n"),
    ] {
        folder.write(name, content);
        folder.date(name, requests::CHANGED_UNIX_S);
    }
    folder
}

/// What a server answers to each, in order.
fn ask_all(addr: SocketAddr, samples: &[Sample]) -> Vec<Seen> {
    let etag = seen::etag_of(addr);
    let share = samples.len().div_ceil(CLIENTS);
    let ask = |part: &[Sample]| -> Vec<Seen> {
        part.iter()
            .map(|sample| Seen::ask(addr, &sample.with(&etag)))
            .collect()
    };
    thread::scope(|scope| {
        let ask = &ask;
        let clients: Vec<_> = samples
            .chunks(share)
            .map(|part| scope.spawn(move || ask(part)))
            .collect();
        let answers = clients.into_iter();
        answers
            .flat_map(|client| client.join().expect("answers"))
            .collect()
    })
}
