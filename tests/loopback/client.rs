//! The clients of the framed protocol against the server, each case in both
//! modes, and against servers that are not what they should be.

use crate::support::{PATIENCE, Rig, both, both_at_once, package, pattern};
use pelton::base::tick::Millis;
use pelton::client::{CallError, CallId, Client, Event, Lost, Polled, Settings};
use pelton::config::{Config, Mode};
use pelton::service::{Group, Router};
use pelton::session::CloseReason;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ECHO: u16 = 1;
const BACKWARDS: u16 = 7;
/// Its packages are counted and not answered.
const COUNTED: u16 = 8;
const JOIN: u16 = 10;
/// All who have joined hear of it, before it is answered.
const SHOUT: u16 = 11;
const HEARD: u16 = 12;
/// Who waits looks this often at what others have done.
const LOOK: Duration = Duration::from_millis(20);

fn rig(mode: Mode, adjust: impl FnOnce(&mut Config), counted: &Arc<AtomicU64>) -> Rig {
    let group = Arc::new(Group::new());
    let (inside, counted) = (group.clone(), counted.clone());
    let router = Router::new()
        .message(BACKWARDS, |package, context| {
            let body: Vec<u8> = package.body.iter().rev().copied().collect();
            Ok(context.answer(BACKWARDS, &body)?)
        })
        .message(COUNTED, move |_, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .message(JOIN, move |_, context| {
            inside.join(context.peer);
            Ok(context.answer(JOIN, b"")?)
        })
        .message(SHOUT, move |package, context| {
            context.broadcast(&group, HEARD, package.body)?;
            Ok(context.answer(SHOUT, package.body)?)
        });
    Rig::with_router(mode, adjust, router)
}

fn usual(mode: Mode) -> Rig {
    rig(mode, |_| {}, &Arc::default())
}

fn connect(addr: SocketAddr) -> Client {
    Client::connect(addr, PATIENCE).expect("connected")
}

/// A polled client and all it has told so far.
struct Watched {
    client: Polled,
    events: Vec<Event>,
}

impl Watched {
    fn new(addr: SocketAddr, settings: Settings) -> Watched {
        let client = Polled::new(addr, settings, Instant::now()).expect("a client");
        let events = Vec::new();
        Watched { client, events }
    }

    fn submit(&mut self, code: u16, body: &[u8]) -> CallId {
        let submitted = self.client.submit(code, body, Instant::now());
        submitted.expect("short enough")
    }

    fn turn(&mut self) {
        let wait = self.client.next_timeout(Instant::now());
        let wait = wait.unwrap_or(LOOK).min(LOOK);
        let wait = Timespec::try_from(wait).expect("a time");
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, self.client.wants_write());
        poll(&mut [PollFd::new(&self.client, wanted)], Some(&wait)).expect("polled");
        self.client.on_ready(Instant::now());
        self.events.extend(self.client.events());
    }

    fn until(&mut self, what: &str, so: impl Fn(&[Event]) -> bool) {
        let start = Instant::now();
        while !so(&self.events) {
            let events = &self.events;
            assert!(start.elapsed() < PATIENCE, "no {what}: {events:?}");
            self.turn();
        }
    }
}

fn is_lost(event: &Event) -> bool {
    matches!(event, Event::Lost(_))
}

// --- blocking ----------------------------------------------------------------

#[test]
fn many_calls_in_order_of_any_size() {
    both(|mode| {
        let rig = usual(mode);
        let mut client = connect(rig.frame);
        for number in 0..2_000_u32 {
            let body = number.to_be_bytes();
            assert_eq!(client.call(ECHO, &body).expect("an answer"), body);
        }
        for len in [0, 1, 4_096, 16_384, 29_992] {
            let body = pattern(len);
            assert!(client.call(ECHO, &body).expect("an answer") == body);
        }
        assert_eq!(client.call(BACKWARDS, b"abc").expect("an answer"), b"cba");
        assert_eq!(client.call(0, b"").expect("a heartbeat"), b"");
        let refused = client.call(ECHO, &[0; 65_528]).expect_err("too long");
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn pushes_between_answers_are_kept_for_who_receives() {
    both(|mode| {
        let rig = usual(mode);
        let [mut ann, mut bob] = [(); 2].map(|()| connect(rig.frame));
        for client in [&mut ann, &mut bob] {
            client.call(JOIN, b"").expect("in");
        }
        for number in 0..100_u8 {
            assert_eq!(ann.call(SHOUT, &[number]).expect("an answer"), [number]);
            assert_eq!(bob.call(ECHO, b"meanwhile").expect("echo"), b"meanwhile");
        }
        for client in [&mut ann, &mut bob] {
            for number in 0..100 {
                assert_eq!(client.receive().expect("a push"), (HEARD, vec![number]));
            }
        }
        ann.send(SHOUT, b"no call").expect("sent");
        let mut two = [(); 2].map(|()| ann.receive().expect("a push"));
        two.sort();
        let body = b"no call".to_vec();
        assert_eq!(two, [(SHOUT, body.clone()), (HEARD, body)]);
    });
}

#[test]
fn a_call_that_is_not_answered_times_out_and_the_next_one_connects_anew() {
    both_at_once(|mode| {
        let counted = Arc::default();
        let rig = rig(mode, |_| {}, &counted);
        let settings = Settings {
            timeout: Millis(1_500),
            ..Settings::default()
        };
        let mut client = Client::with(rig.frame, settings).expect("connected");
        let late = client.call(COUNTED, b"").expect_err("no answer");
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert_eq!(client.call(ECHO, b"on").expect("an answer"), b"on");
        let quiet = client.receive().expect_err("nothing comes");
        assert_eq!(quiet.kind(), ErrorKind::TimedOut);
        assert_eq!(client.call(ECHO, b"and on").expect("an answer"), b"and on");
        assert_eq!(counted.load(Ordering::Relaxed), 1, "sent once");
    });
}

#[test]
fn heartbeats_keep_a_client_that_only_listens() {
    both_at_once(|mode| {
        let silence = |config: &mut Config| config.timeouts.frame_silence = Some(Millis(2_000));
        let rig = rig(mode, silence, &Arc::default());
        let settings = Settings {
            heartbeat: Some(Millis(250)),
            timeout: Millis(5_000),
            ..Settings::default()
        };
        let mut client = Client::with(rig.frame, settings).expect("connected");
        let quiet = client.receive().expect_err("nothing comes");
        assert_eq!(quiet.kind(), ErrorKind::TimedOut, "{quiet}");
        assert_eq!(rig.live(), 1, "the connection is the same");
        // One that is left alone for too long is made anew.
        rig.wait_for("it is dropped", |rig| rig.live() == 0);
        assert_eq!(client.call(ECHO, b"again").expect("an answer"), b"again");
        assert_eq!(rig.closed(CloseReason::Silent), 1);
    });
}

// --- servers that are not what they should be ----------------------------------

/// A server of one connection that reads something and sends `answer`.
fn sends(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = [0; 8];
        stream.read_exact(&mut request).expect("a head");
        stream.write_all(&answer).expect("sent");
        // The client is to close first.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    addr
}

#[test]
fn what_is_no_answer_is_told_as_that() {
    let mut wrong_crc = package(ECHO, b"hello");
    wrong_crc[7] ^= 1;
    let over = 30_001_u16.to_be_bytes();
    let over_long = [&over[..], &[0, 1, 0, 0, 0, 0]].concat();
    let over_short = vec![0, 7, 0, 1, 0, 0, 0, 0];
    for (answer, lost) in [
        (wrong_crc, Lost::BadPackage),
        (over_long, Lost::BadLength),
        (over_short, Lost::BadLength),
    ] {
        let mut client = connect(sends(answer));
        let error = client.call(ECHO, b"").expect_err("no answer");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let error = error.downcast::<CallError>().expect("a client's error");
        assert_eq!(error, CallError::Lost(lost));
    }
}

#[test]
fn nobody_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let addr = listener.local_addr().expect("an address");
    drop(listener);
    let refused = Client::connect(addr, PATIENCE).expect_err("nobody is there");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

// --- lost and found ------------------------------------------------------------

#[test]
fn a_server_that_is_back_is_found_and_nothing_is_sent_twice() {
    both_at_once(|mode| {
        let counted = Arc::default();
        // Of its own, so that no other socket takes the port in between.
        let host = [127, 77, 0, 1 + mode as u8];
        let at = |port| {
            let addr = SocketAddr::from((host, port));
            move |config: &mut Config| config.listen[1].addr = addr.into()
        };
        let first = rig(mode, at(0), &counted);
        let addr = first.frame;
        let settings = Settings {
            timeout: Millis(1_500),
            ..Settings::default()
        };
        let mut blocking = Client::with(addr, settings).expect("connected");
        let mut watched = Watched::new(addr, Settings::default());
        let lost = watched.submit(COUNTED, b"");
        while counted.load(Ordering::Relaxed) == 0 {
            watched.turn();
        }
        first.stop();
        watched.until("loss", |events| events.iter().any(is_lost));
        let failed = |event: &Event| match event {
            Event::Failed { call, error } => *call == lost && matches!(error, CallError::Lost(_)),
            _ => false,
        };
        assert!(watched.events.iter().any(failed), "{:?}", watched.events);

        let start = Instant::now();
        let unsent = blocking.call(ECHO, b"").expect_err("nobody is there");
        assert_eq!(unsent.kind(), ErrorKind::NotConnected, "{unsent}");
        let waits = watched.submit(ECHO, b"waits");
        let tries = |events: &[Event]| events.iter().filter(|event| is_lost(event)).count();
        watched.until("tries", |events| tries(events) >= 4);
        // After the loss: 0.1, 0.2 and 0.4 s, the first of them begun before.
        assert!(start.elapsed().as_millis() >= 600, "{:?}", start.elapsed());

        let second = rig(mode, at(addr.port()), &counted);
        assert_eq!(second.frame, addr);
        let answer = Event::Answer {
            call: waits,
            body: b"waits".to_vec(),
        };
        watched.until("answer", |events| events.contains(&answer));
        assert_eq!(blocking.call(ECHO, b"back").expect("an answer"), b"back");
        assert_eq!(counted.load(Ordering::Relaxed), 1, "sent once");
    });
}

// --- polled --------------------------------------------------------------------

#[test]
fn a_hundred_calls_under_way_at_once_of_several_codes() {
    both(|mode| {
        let rig = usual(mode);
        let mut watched = Watched::new(rig.frame, Settings::default());
        let mut expected = BTreeMap::new();
        for round in 0..2 {
            watched.submit(JOIN, b"");
            for number in 0..100_u32 {
                let text = format!("{number} in round {round}");
                let code = [ECHO, BACKWARDS, SHOUT][number as usize % 3];
                let mut body = text.clone().into_bytes();
                if code == BACKWARDS {
                    body.reverse();
                }
                expected.insert(watched.submit(code, text.as_bytes()), body);
            }
            let pushes = 33 * (round + 1);
            watched.until("answers and pushes", |events| {
                let all = events.iter();
                let pushed = all.filter(|event| matches!(event, Event::Push { .. }));
                let answered = events.iter();
                let answered = answered.filter(|event| matches!(event, Event::Answer { .. }));
                pushed.count() == pushes && answered.count() == 101 * (round + 1)
            });
        }
        assert_eq!(watched.events[..2], [Event::Dialing, Event::Connected]);
        for event in &watched.events[2..] {
            match event {
                Event::Answer { call, body } => match expected.remove(call) {
                    Some(expected) => assert_eq!(*body, expected),
                    None => assert!(body.is_empty(), "of joining"),
                },
                Event::Push { code, .. } => assert_eq!(*code, HEARD),
                other => panic!("{other:?}"),
            }
        }
        assert!(expected.is_empty());
    });
}
