//! A running server from threads of one's own: packages to its clients.

use crate::support::{PATIENCE, Rig, both, connect, package, read_package};
use pelton::config::{Config, Mode};
use pelton::engine::SendError;
use pelton::service::{Group, Router};
use std::io::Write;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const REGISTER: u16 = 100;
const SEND: u16 = 101;
const TELL_ALL: u16 = 103;

#[test]
fn packages_come_from_threads_of_ones_own_as_well() {
    const EACH: u16 = 500;
    both(|mode| {
        let peers = Arc::new(Mutex::new(Vec::new()));
        let group = Arc::new(Group::new());
        let (known, members) = (peers.clone(), group.clone());
        let router = Router::new().connected(move |context| {
            known.lock().expect("whole").push(context.peer);
            members.join(context.peer);
        });
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut streams = [(); 4].map(|()| connect(rig.frame));
        rig.wait_for("all are in", |_| group.len() == 4);
        let peers = peers.lock().expect("whole").clone();
        let patient = |send: &dyn Fn() -> Result<(), SendError>| {
            while send() == Err(SendError::Busy) {
                thread::sleep(Duration::from_millis(1));
            }
        };
        thread::scope(|scope| {
            for (sender, peer) in (0..).zip(&peers) {
                let handle = rig.handle.clone();
                scope.spawn(move || {
                    for number in 0..EACH {
                        let body = [&[sender][..], &number.to_be_bytes()].concat();
                        patient(&|| handle.send(*peer, SEND, &body));
                    }
                });
            }
        });
        rig.handle
            .broadcast(&group, TELL_ALL, b"end")
            .expect("there is room");
        let mut senders = Vec::new();
        for stream in &mut streams {
            let mut sender = None;
            for number in 0..EACH {
                let (code, body) = read_package(stream);
                assert_eq!((code, &body[1..]), (SEND, &number.to_be_bytes()[..]));
                assert_eq!(*sender.get_or_insert(body[0]), body[0], "of one sender");
            }
            senders.extend(sender);
            assert_eq!(read_package(stream), (TELL_ALL, b"end".to_vec()));
        }
        senders.sort_unstable();
        assert_eq!(senders, [0, 1, 2, 3], "each has had its own");
        let long = vec![0; 70_000];
        assert_eq!(
            rig.handle.send(peers[0], SEND, &long),
            Err(SendError::TooLong)
        );
    });
}

#[test]
fn a_loop_that_takes_no_mail_is_busy_and_loses_nothing_that_it_took() {
    let (enter, entered) = channel();
    let (leave, left) = channel();
    let left = Mutex::new(left);
    let router = Router::new().message(REGISTER, move |_, context| {
        enter.send(context.peer).expect("the test waits");
        let left = left.lock().expect("whole");
        left.recv_timeout(PATIENCE).expect("the test lets it go");
        Ok(())
    });
    let adjust = |config: &mut Config| config.workers = 1;
    let rig = Rig::with_router(Mode::Reactor, adjust, router);
    let mut stream = connect(rig.frame);
    stream.write_all(&package(REGISTER, b"")).expect("sent");
    let peer = entered.recv_timeout(PATIENCE).expect("it blocks its loop");
    let mut sent = 0_u64;
    while rig.handle.send(peer, SEND, &sent.to_be_bytes()).is_ok() {
        sent += 1;
        assert!(sent < 1_000_000, "mail has no bound");
    }
    leave.send(()).expect("it waits");
    for number in 0..sent {
        let (_, body) = read_package(&mut stream);
        assert_eq!(body, number.to_be_bytes());
    }
    rig.handle
        .send(peer, SEND, b"again")
        .expect("there is room");
    assert_eq!(read_package(&mut stream).1, b"again");
}
