//! What one address may take, and one connection: past it there is an answer
//! that says so, or the end, and everybody else goes on.

use crate::support::{
    PATIENCE, Rig, both, both_at_once, connect, package, pattern, read_answer, read_package,
    read_to_end, read_until_cut,
};
use pelton::base::tick::Millis;
use pelton::config::{Limits, Rate};
use pelton::engine::Count;
use pelton::session::CloseReason;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
const BEAT: [u8; 8] = [0, 8, 0, 0, 0, 0, 0, 0];

fn limited(mode: pelton::config::Mode, limit: impl Fn(&mut Limits)) -> Rig {
    Rig::start(mode, |config| {
        config.workers = 2;
        limit(&mut config.limits);
    })
}

/// A client of another address of this machine.
fn connect_from(last: u8, addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let from = SocketAddr::from(([127, 0, 0, last], 0));
    socket.bind(&from.into()).expect("its address");
    socket.connect(&addr.into()).expect("connected");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// The status of the answer to one more request.
fn ask(stream: &mut TcpStream) -> u16 {
    stream.write_all(GET).expect("sent");
    read_answer(stream, false).status
}

#[test]
fn so_many_connections_of_one_address() {
    both(|mode| {
        let rig = limited(mode, |limits| limits.connections_per_address = Some(3));
        let mut held: Vec<TcpStream> = (0..3).map(|_| connect(rig.http)).collect();
        assert!(held.iter_mut().all(|stream| ask(stream) == 200));
        let mut fourth = connect(rig.http);
        fourth.write_all(GET).expect("sent");
        let answer = read_answer(&mut fourth, false);
        assert_eq!(
            (answer.status, answer.field("retry-after")),
            (429, Some("1"))
        );
        assert_eq!(answer.field("connection"), Some("close"));
        assert!(read_until_cut(&mut fourth).is_empty());
        assert!(read_until_cut(&mut connect(rig.frame)).is_empty());
        assert_eq!(rig.count(Count::TurnedAway), 2);
        assert_eq!(ask(&mut connect_from(2, rig.http)), 200);
        assert!(held.iter_mut().all(|stream| ask(stream) == 200));
        held.pop();
        rig.wait_for("it is gone", |rig| rig.live() < 3);
        assert_eq!(ask(&mut connect(rig.http)), 200);
    });
}

#[test]
fn so_many_new_connections_of_one_address() {
    both(|mode| {
        let rate = Rate {
            per_s: 1,
            burst: Some(5),
        };
        let rig = limited(mode, |limits| limits.connects = Some(rate));
        let start = Instant::now();
        let connects = 40;
        let served = (0..connects).filter(|_| {
            let mut stream = connect(rig.http);
            stream.write_all(GET).expect("sent");
            read_answer(&mut stream, false).status == 200
        });
        let served = served.count() as u64;
        let most = 5 + start.elapsed().as_secs() + 1;
        assert!((5..=most).contains(&served), "{served}");
        assert_eq!(rig.count(Count::TurnedAway), connects - served);
        assert_eq!(ask(&mut connect_from(3, rig.http)), 200);
    });
}

#[test]
fn so_many_requests_of_one_address_whichever_connections_they_come_by() {
    both(|mode| {
        let rate = Rate {
            per_s: 1,
            burst: Some(10),
        };
        let rig = limited(mode, |limits| limits.requests = Some(rate));
        let start = Instant::now();
        let (mut one, mut two) = (connect(rig.http), connect(rig.http));
        let mut served = 0;
        for _ in 0..20 {
            served += u64::from(ask(&mut one) == 200) + u64::from(ask(&mut two) == 200);
        }
        let most = 10 + start.elapsed().as_secs() + 1;
        assert!((10..=most).contains(&served), "{served}");
        assert_eq!(rig.count(Count::Limited), 40 - served);
        // Refused is not closed: the same connection is served in time.
        one.write_all(b"HEAD /small.txt HTTP/1.1\r\nHost: a\r\n\r\n")
            .expect("sent");
        let answer = read_answer(&mut one, true);
        assert_eq!(answer.status, 429);
        let wait: u64 = answer
            .field("retry-after")
            .and_then(|text| text.parse().ok())
            .expect("a number");
        std::thread::sleep(Duration::from_secs(wait));
        assert_eq!(ask(&mut one), 200);
        assert_eq!(ask(&mut connect_from(4, rig.http)), 200);
        assert_eq!(ask(&mut connect_from(5, rig.auto)), 200);
        // Packages have limits of their own.
        let mut frame = connect(rig.frame);
        for _ in 0..30 {
            frame.write_all(&BEAT).expect("sent");
            assert_eq!(read_package(&mut frame).0, 0);
        }
    });
}

/// A batch in one write, far above the rate: as many answers as requests, in
/// order, and the last one ends the connection as it should.
#[test]
fn a_pipelined_batch_is_answered_whole() {
    both(|mode| {
        let rate = Rate {
            per_s: 1,
            burst: Some(3),
        };
        let rig = limited(mode, |limits| limits.requests = Some(rate));
        let mut stream = connect(rig.http);
        let last = b"GET /small.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream
            .write_all(&[&GET.repeat(200)[..], last].concat())
            .expect("sent");
        let statuses: Vec<u16> = (0..201)
            .map(|_| read_answer(&mut stream, false).status)
            .collect();
        assert_eq!(&statuses[..4], [200, 200, 200, 429]);
        assert!(statuses[4..].iter().filter(|&&code| code == 429).count() > 180);
        assert!(read_to_end(&mut stream).is_empty());
    });
}

#[test]
fn a_flood_of_packages_ends_its_connection_and_no_other() {
    both(|mode| {
        let rig = limited(mode, |limits| {
            limits.flood_packets = Some(50);
            limits.flood_window = Millis(60_000);
        });
        let mut calm = connect(rig.frame);
        let mut wild = connect(rig.frame);
        for _ in 0..50 {
            calm.write_all(&BEAT).expect("sent");
            assert_eq!(read_package(&mut calm).0, 0);
        }
        wild.write_all(&package(1, b"echo").repeat(60))
            .expect("sent");
        let answers = read_until_cut(&mut wild);
        assert_eq!(answers, package(1, b"echo").repeat(50));
        rig.wait_for("it is counted", |rig| rig.closed(CloseReason::Flood) == 1);
        calm.write_all(&BEAT).expect("sent");
        assert!(read_until_cut(&mut calm).is_empty());
        rig.wait_for("it is counted", |rig| rig.closed(CloseReason::Flood) == 2);
        // Windows end.
        let rig = limited(mode, |limits| {
            limits.flood_packets = Some(5);
            limits.flood_window = Millis(100);
        });
        let mut calm = connect(rig.frame);
        for _ in 0..4 {
            for _ in 0..5 {
                calm.write_all(&BEAT).expect("sent");
                assert_eq!(read_package(&mut calm).0, 0);
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    });
}

/// 200 KiB at 64 KiB a second take two to three seconds, from memory or by
/// `sendfile`, while an unlimited one is at once; small answers are not held.
#[test]
fn answers_go_no_faster_than_they_may() {
    both_at_once(|mode| {
        let rig = limited(mode, |limits| limits.bandwidth = Some(64 << 10));
        for (name, len) in [("part.bin", 200 << 10), ("large.bin", 3 << 20)] {
            rig.folder.write(name, &pattern(len));
            let mut stream = connect(rig.http);
            let start = Instant::now();
            let text = format!("GET /{name} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-204799\r\n\r\n");
            stream.write_all(text.as_bytes()).expect("sent");
            let answer = read_answer(&mut stream, false);
            assert_eq!((answer.status, answer.body.len()), (206, 204_800));
            assert!(answer.body == pattern(len)[..204_800], "{name}");
            let took = start.elapsed();
            let least = Duration::from_millis(1_900);
            assert!(took >= least && took < PATIENCE, "{took:?} for {name}");
        }
        let mut other = connect(rig.http);
        let start = Instant::now();
        assert_eq!(ask(&mut other), 200);
        assert!(start.elapsed() < Duration::from_secs(20));
        let mut byte = [0];
        other
            .set_read_timeout(Some(Duration::from_millis(200)))
            .expect("a timeout");
        assert!(other.read(&mut byte).is_err(), "nothing more comes");
    });
}
