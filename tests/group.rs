//! A large group: what is said to it reaches each member once, in order, and
//! is in memory once.

mod support;

use pelton::config::{Config, Mode};
use pelton::service::{Group, Router};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use support::{Rig, both, connect, package, read_package};

const MEMBERS: usize = 5_000;
const BODY_BYTES: usize = 20_000;
/// What the body is said to the group with.
const SAY: u16 = 50;
/// Memory that may come in use meanwhile: a copy each would take 100 MB.
const MORE_BYTES_MAX: usize = 30 << 20;

/// Most memory that this process has used so far.
fn peak_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says so");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.expect("it does").parse::<usize>().expect("a number") * 1024
}

fn rig(mode: Mode, group: &Arc<Group>) -> Rig {
    let (joins, hears) = (group.clone(), group.clone());
    let router = Router::new()
        .connected(move |context| {
            joins.join(context.peer);
        })
        .message(SAY, move |package, context| {
            Ok(context.broadcast(&hears, SAY, package.body)?)
        });
    let adjust = |config: &mut Config| config.timeouts.frame_silence = None;
    Rig::with_router(mode, adjust, router)
}

fn said(sender: u8, number: u8) -> Vec<u8> {
    let mut body = vec![b'.'; BODY_BYTES];
    (body[0], body[1]) = (sender, number);
    body
}

#[test]
fn five_thousand_hear_it_once_each_and_share_it() {
    if pelton::os::process::raise_open_files() < 2 * MEMBERS + 200 {
        return println!("not tried: too few files may be open here");
    }
    both(|mode| {
        let group = Arc::new(Group::new());
        let rig = rig(mode, &group);
        let mut members: Vec<TcpStream> = (0..MEMBERS).map(|_| connect(rig.frame)).collect();
        rig.wait_for("all are in", |_| group.len() == MEMBERS);
        let before = peak_bytes();
        let first = package(SAY, &said(0, 0));
        members[0].write_all(&first).expect("sent");
        for member in &mut members {
            assert_eq!(read_package(member), (SAY, said(0, 0)));
        }
        let more = peak_bytes() - before;
        println!("{mode} mode: {more} bytes more for {MEMBERS} members");
        assert!(more < MORE_BYTES_MAX, "{more} bytes more");
        // Two speak at once; each is heard in order.
        for number in 1..=3 {
            for sender in [1, 2] {
                let says = package(SAY, &said(sender, number));
                members[usize::from(sender)].write_all(&says).expect("sent");
            }
        }
        for member in &mut members {
            let mut next = [1; 3];
            for _ in 0..6 {
                let (code, body) = read_package(member);
                let sender = usize::from(body[0]);
                assert_eq!((code, &body), (SAY, &said(body[0], next[sender])));
                next[sender] += 1;
            }
        }
        // Nothing came twice: the next thing heard is said last.
        members[3].write_all(&package(1, b"end")).expect("sent");
        assert_eq!(read_package(&mut members[3]), (1, b"end".to_vec()));
    });
}
