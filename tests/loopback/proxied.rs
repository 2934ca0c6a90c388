//! The PROXY protocol in front of every protocol: whose connection it is, says
//! the proxy, and limits go by that.

use crate::support::{
    Rig, both, both_at_once, connect, package, read_answer, read_package, read_until_cut,
};
use pelton::base::tick::Millis;
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::service::{Router, StaticSite};
use pelton::session::CloseReason;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";
const MARK: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const WHO: &[u8] = b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n";

/// A head of version 2 for `192.0.2.LAST:56324`, with more behind its addresses.
fn binary(last: u8, more: usize) -> Vec<u8> {
    let addresses = [192, 0, 2, last, 198, 51, 100, 1, 0xdc, 0x04, 1, 187];
    let len = (addresses.len() + more) as u16;
    let fixed = [MARK, &[0x21, 0x11], &len.to_be_bytes()].concat();
    [&fixed, &addresses[..], &vec![4; more]].concat()
}

/// What the service has heard.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server whose three listeners are behind a proxy, and tell a client where
/// it is.
fn rig(mode: Mode, adjust: impl FnOnce(&mut Config)) -> (Rig, Heard) {
    let heard = Heard::default();
    let (came, went) = (heard.clone(), heard.clone());
    let note = |heard: &Heard, what: &str, addr: SocketAddr| {
        heard.lock().expect("whole").push(format!("{what} {addr}"));
    };
    let router = Router::new()
        .http("GET", "/who", |_, context| context.address.to_string())
        .message(8, |_, context| {
            let address = context.address.to_string();
            Ok(context.answer(8, address.as_bytes())?)
        })
        .connected(move |context| note(&came, "came", context.address))
        .closed(move |_, context| note(&went, "went", context.address))
        .site(StaticSite::new(0));
    let adjust = |config: &mut Config| {
        for listen in &mut config.listen {
            listen.proxy_protocol = true;
        }
        adjust(config);
    };
    (Rig::with_router(mode, adjust, router), heard)
}

/// Who a request or a package is said to come from.
fn ask_http(stream: &mut TcpStream) -> String {
    stream.write_all(WHO).expect("sent");
    let answer = read_answer(stream, false);
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body).expect("text")
}

fn ask_frame(stream: &mut TcpStream) -> String {
    stream.write_all(&package(8, b"")).expect("sent");
    let (code, body) = read_package(stream);
    assert_eq!(code, 8);
    String::from_utf8(body).expect("text")
}

/// Asks, and says what the answer was.
type Ask = fn(&mut TcpStream) -> String;

/// Every listener with each way to ask there.
fn ways(rig: &Rig) -> [(SocketAddr, Ask); 4] {
    [
        (rig.http, ask_http),
        (rig.frame, ask_frame),
        (rig.auto, ask_http),
        (rig.auto, ask_frame),
    ]
}

#[test]
fn the_client_is_who_the_proxy_says() {
    both(|mode| {
        let (rig, heard) = rig(mode, |_| {});
        for (addr, ask) in ways(&rig) {
            for head in [LINE.to_vec(), binary(1, 0), binary(1, 1_000)] {
                let mut stream = connect(addr);
                stream.write_all(&head).expect("sent");
                for _ in 0..3 {
                    assert_eq!(ask(&mut stream), "192.0.2.1:56324");
                }
            }
        }
        rig.wait_for("all have gone", |rig| rig.live() == 0);
        let heard = heard.lock().expect("whole");
        let count = |what: &str| heard.iter().filter(|one| *one == what).count();
        assert_eq!(count("came 192.0.2.1:56324"), 12, "{heard:?}");
        assert_eq!(count("went 192.0.2.1:56324"), 12, "{heard:?}");
    });
}

#[test]
fn the_proxy_speaks_for_itself_as_well() {
    both(|mode| {
        let (rig, _) = rig(mode, |_| {});
        let local = [MARK, &[0x20, 0, 0, 0]].concat();
        for (addr, ask) in ways(&rig) {
            for head in [&b"PROXY UNKNOWN\r\n"[..], &local] {
                let mut stream = connect(addr);
                stream.write_all(head).expect("sent");
                let own = stream.local_addr().expect("its end");
                assert_eq!(ask(&mut stream), own.to_string());
            }
        }
    });
}

#[test]
fn a_head_may_come_in_any_two_pieces_or_byte_by_byte() {
    both_at_once(|mode| {
        let (rig, _) = rig(mode, |_| {});
        let pause = || thread::sleep(Duration::from_millis(2));
        for (addr, ask) in ways(&rig) {
            for head in [LINE.to_vec(), binary(1, 3)] {
                for cut in 1..head.len() {
                    let mut stream = connect(addr);
                    stream.write_all(&head[..cut]).expect("sent");
                    pause();
                    stream.write_all(&head[cut..]).expect("sent");
                    assert_eq!(ask(&mut stream), "192.0.2.1:56324", "cut at {cut}");
                }
                let mut stream = connect(addr);
                for byte in &head {
                    stream.write_all(&[*byte]).expect("sent");
                    pause();
                }
                assert_eq!(ask(&mut stream), "192.0.2.1:56324");
            }
        }
    });
}

#[test]
fn without_a_good_head_the_connection_ends_without_a_word() {
    both(|mode| {
        let (rig, heard) = rig(mode, |_| {});
        let mut ended = 0;
        let long = [MARK, &[0x21, 0x11, 0xff, 0xff]].concat();
        let endless = [b"PROXY UNKNOWN ".to_vec(), vec![b'a'; 300]].concat();
        for addr in [rig.http, rig.frame, rig.auto] {
            for bad in [
                WHO,
                &package(8, b""),
                b"PROXY TCP4 me you\r\n",
                &long,
                &endless,
            ] {
                let mut stream = connect(addr);
                stream.write_all(bad).expect("sent");
                assert_eq!(read_until_cut(&mut stream), b"");
                ended += 1;
            }
        }
        assert_eq!(rig.closed(CloseReason::BadProxyHead), ended);
        // One that leaves before is no fault.
        drop(connect(rig.frame));
        let mut stream = connect(rig.frame);
        stream.write_all(&LINE[..9]).expect("sent");
        drop(stream);
        rig.wait_for("it is gone", |rig| {
            rig.closed(CloseReason::Truncated) == 1 && rig.live() == 0
        });
        assert_eq!(rig.closed(CloseReason::BadProxyHead), ended);
        let heard = heard.lock().expect("whole");
        assert!(
            heard.is_empty(),
            "the service knows none of them: {heard:?}"
        );
    });
}

#[test]
fn a_head_has_the_time_of_a_head() {
    both_at_once(|mode| {
        let (rig, _) = rig(mode, |config| {
            config.timeouts.http_head = Some(Millis::seconds(1));
            config.timeouts.http_idle = None;
            config.timeouts.frame_silence = None;
            config.listen[0].defer_accept = false;
        });
        let mut held: Vec<TcpStream> = Vec::new();
        for (number, addr) in [rig.http, rig.frame, rig.auto].into_iter().enumerate() {
            let mut stream = connect(addr);
            stream.write_all(&LINE[..5 * number]).expect("sent");
            held.push(stream);
        }
        for stream in &mut held {
            assert_eq!(read_until_cut(stream), b"");
        }
        rig.wait_for("all are counted", |rig| rig.closed(CloseReason::Slow) == 3);
    });
}

#[test]
fn limits_go_by_the_address_that_was_told() {
    both(|mode| {
        let (rig, _) = rig(mode, |config| {
            config.limits.connections_per_address = Some(1);
        });
        let come = |last: u8| {
            let mut stream = connect(rig.http);
            // At once: what comes behind an answer like this may reset it.
            let both = [&binary(last, 0), WHO].concat();
            stream.write_all(&both).expect("sent");
            let status = read_answer(&mut stream, false).status;
            (stream, status)
        };
        // The proxy itself may have as many as it likes.
        let silent: Vec<TcpStream> = (0..3).map(|_| connect(rig.frame)).collect();
        let (first, status) = come(1);
        assert_eq!(status, 200);
        assert_eq!(come(1).1, 429);
        let (second, status) = come(2);
        assert_eq!(status, 200);
        assert_eq!(rig.count(Count::TurnedAway), 1);
        drop((first, second, silent));
        rig.wait_for("all have gone", |rig| rig.live() == 0);
        assert_eq!(come(1).1, 200);
    });
}
