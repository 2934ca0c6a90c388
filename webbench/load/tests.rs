//! The loop by itself, on a thread, against a server that stalls.

use super::*;
use crate::arguments;
use crate::pipe::{Heard, Receiver};
use crate::record::Record;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A server that answers nothing in the second second of every five. It ends
/// with its clients.
fn freezing_server(clients: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("its address");
    let start = Instant::now();
    let serve = move |mut stream: std::net::TcpStream| {
        let mut request = [0; 1024];
        while stream.read(&mut request).is_ok_and(|count| count > 0) {
            let past_ms = start.elapsed().as_millis() as u64 % 5_000;
            if (1_000..2_000).contains(&past_ms) {
                thread::sleep(Duration::from_millis(2_000 - past_ms));
            }
            if stream.write_all(OK).is_err() {
                return;
            }
        }
    };
    thread::spawn(move || {
        for stream in listener.incoming().take(clients) {
            let stream = stream.expect("a connection");
            thread::spawn(move || serve(stream));
        }
    });
    addr
}

/// What a run of these words against `addr` gives.
fn load(addr: SocketAddr, words: &str) -> Record {
    let url = format!("http://{addr}/");
    let words = ["webbench"].into_iter().chain(words.split_whitespace());
    let arguments = arguments::read(words.chain([url.as_str()])).expect("good arguments");
    let plan = Plan::new(arguments).expect("a good plan");
    let share = Share {
        number: 0,
        workers: 1,
        clients: plan.clients,
        requests: plan.requests,
        spare_files: 0,
        sources: None,
    };
    let (reader, writer) = io::pipe().expect("a pipe");
    let mut receiver = Receiver::new(reader);
    thread::scope(|scope| {
        scope.spawn(|| {
            let sender = Sender::new(writer).expect("a sender");
            let (stop, news) = (AtomicBool::new(false), Duration::from_millis(250));
            run(&plan, addr, share, &stop, news, sender).expect("a run");
        });
        while receiver.hear() == Heard::Some {}
    });
    receiver.last().expect("a record").clone()
}

#[test]
fn a_stall_shows_at_a_constant_rate_and_hides_without_one() {
    thread::scope(|scope| {
        scope.spawn(|| {
            let record = load(freezing_server(4), "-k -c 4 -t 5 --rate 400");
            let times = &record.times.whole;
            // What was due in the stalled second was asked for after it.
            assert!(
                (1_900..=2_000).contains(&record.succeeded),
                "{}",
                record.succeeded
            );
            assert!(times.percentile(99.0) >= Duration::from_millis(300));
            assert!(times.percentile(99.0) <= Duration::from_millis(1_500));
            let late = times.counts().filter(|(time, _)| time.as_millis() >= 100);
            let late: u64 = late.map(|(_, count)| count).sum();
            assert!((300..=450).contains(&late), "{late} saw nine tenths of it");
        });
        scope.spawn(|| {
            let record = load(freezing_server(4), "-k -c 4 -t 5");
            let late = record.times.whole.counts();
            let late = late.filter(|(time, _)| time.as_millis() >= 500);
            let late: u64 = late.map(|(_, count)| count).sum();
            assert!(
                (4..40).contains(&late),
                "{late}: one a client, or little more"
            );
        });
    });
}

#[test]
fn what_is_timed() {
    let record = load(freezing_server(100), "-k -c 3 --requests 100");
    let times = &record.times;
    assert_eq!((times.connect.len(), times.whole.len()), (3, 100));
    assert_eq!(times.first_byte.len(), 100);
    let (first, whole) = (
        times.first_byte.percentile(100.0),
        times.whole.percentile(100.0),
    );
    assert!(first <= whole && whole < Duration::from_secs(5));
    assert!(times.connect.percentile(100.0) > Duration::ZERO);
    let record = load(freezing_server(100), "-c 3 --requests 50");
    assert_eq!(record.times.connect.len(), 50);
}
