//! Handlers that are set as blocking hold up no loop, in either mode.

use crate::support::{
    PATIENCE, Rig, both, connect, get, package, pattern, read_answer, read_package, read_to_end,
    reset,
};
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::service::{Response, Router, StaticSite};
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};

const ECHO: u16 = 1;
const SLOW: u16 = 40;

/// What slow handlers wait for.
#[derive(Default)]
struct Gate {
    waiting: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Waits until the gate is open.
    fn pass(&self) {
        let mut waiting = self.waiting.lock().expect("whole");
        waiting.0 += 1;
        self.changed.notify_all();
        let open = |waiting: &mut (usize, bool)| !waiting.1;
        let wait = self.changed.wait_timeout_while(waiting, PATIENCE, open);
        assert!(!wait.expect("whole").1.timed_out(), "nobody opens the gate");
    }

    /// Waits until so many have come to the gate.
    fn wait_for(&self, count: usize) {
        let waiting = self.waiting.lock().expect("whole");
        let fewer = |waiting: &mut (usize, bool)| waiting.0 < count;
        let wait = self.changed.wait_timeout_while(waiting, PATIENCE, fewer);
        assert!(!wait.expect("whole").1.timed_out(), "{count} do not come");
    }

    fn open(&self) {
        self.waiting.lock().expect("whole").1 = true;
        self.changed.notify_all();
    }
}

fn slow(gate: &Arc<Gate>) -> Router {
    let (over_http, over_frames) = (gate.clone(), gate.clone());
    Router::default()
        .http("POST", "/slow", move |request, _| {
            over_http.pass();
            Response::new("text/plain", request.body.to_vec())
        })
        .http("GET", "/panic", |_, _| -> Response {
            panic!("a fault of the application")
        })
        .message(SLOW, move |package, context| {
            over_frames.pass();
            let count = context.state.take::<u8>().unwrap_or(0) + 1;
            context.state.set(count);
            let body = [&[count], package.body].concat();
            Ok(context.answer(SLOW, &body)?)
        })
        .blocking()
}

/// One loop; a queue of one and a single thread, unless `roomy`.
fn rig(mode: Mode, gate: &Arc<Gate>, roomy: bool) -> Rig {
    let router = Router::new()
        .http("GET", "/quick", |_, _| Response::text("quick\n"))
        .merge(slow(gate))
        .site(StaticSite::new(0));
    let adjust = |config: &mut Config| {
        config.workers = 1;
        config.proactor.threads = if roomy { 4 } else { 1 };
        config.proactor.queue_len = if roomy { 64 } else { 1 };
    };
    Rig::with_router(mode, adjust, router)
}

fn post(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn sent(rig: &Rig, over_http: bool, input: &[u8]) -> TcpStream {
    let mut stream = connect(if over_http { rig.http } else { rig.frame });
    stream.write_all(input).expect("sent");
    stream
}

#[test]
fn others_are_served_while_handlers_block() {
    both(|mode| {
        let gate = Arc::new(Gate::default());
        let rig = rig(mode, &gate, true);
        let mut http = sent(&rig, true, &post("over HTTP"));
        let mut frame = sent(&rig, false, &package(SLOW, b"a package"));
        gate.wait_for(2);
        for _ in 0..3 {
            assert_eq!(get(rig.http, "/small.txt", "").body, pattern(1024));
            assert_eq!(get(rig.http, "/quick", "").body, b"quick\n");
            let mut stream = sent(&rig, false, &package(ECHO, b"quick"));
            assert_eq!(read_package(&mut stream).1, b"quick");
        }
        gate.open();
        assert_eq!(read_answer(&mut http, false).body, b"over HTTP");
        assert_eq!(read_package(&mut frame), (SLOW, b"\x01a package".to_vec()));
        frame.write_all(&package(SLOW, b"again")).expect("sent");
        assert_eq!(
            read_package(&mut frame).1,
            b"\x02again",
            "its state is back"
        );
    });
}

/// More of them than there are threads and credits, in a pool as small as can
/// be: what is quick has threads and credits of its own.
#[test]
fn no_number_of_handlers_that_block_holds_up_those_that_are_quick() {
    for queue_len in [1, 2, 8] {
        both(|mode| quick_beside_slow(mode, queue_len));
    }
}

fn quick_beside_slow(mode: Mode, queue_len: usize) {
    let gate = Arc::new(Gate::default());
    let quick = Router::new().http("GET", "/quick", |_, _| Response::text("quick\n"));
    let router = quick.merge(slow(&gate)).site(StaticSite::new(0));
    let adjust = |config: &mut Config| {
        config.workers = 1;
        config.proactor.threads = 1;
        config.proactor.queue_len = queue_len;
    };
    let rig = Rig::with_router(mode, adjust, router);
    let posts = (0..20).map(|number| format!("number {number}"));
    let posts: Vec<String> = posts.collect();
    let mut http: Vec<TcpStream> = posts
        .iter()
        .map(|body| sent(&rig, true, &post(body)))
        .collect();
    let mut frame = sent(&rig, false, &package(SLOW, b"a package"));
    gate.wait_for(1);
    for _ in 0..30 {
        assert_eq!(get(rig.http, "/small.txt", "").body, pattern(1024));
        assert_eq!(get(rig.http, "/quick", "").body, b"quick\n");
        let mut stream = sent(&rig, false, &package(ECHO, b"quick"));
        assert_eq!(read_package(&mut stream).1, b"quick");
    }
    gate.open();
    for (stream, body) in http.iter_mut().zip(&posts) {
        assert_eq!(read_answer(stream, false).body, body.as_bytes());
    }
    assert_eq!(read_package(&mut frame).1, b"\x01a package");
}

#[test]
fn answers_keep_their_order() {
    both(|mode| {
        let gate = Arc::new(Gate::default());
        let rig = rig(mode, &gate, true);
        let quick = b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
        let batch = [
            quick.clone(),
            post("one"),
            quick.clone(),
            post("two"),
            quick,
        ]
        .concat();
        let mut http = sent(&rig, true, &batch);
        let batch = [
            package(ECHO, b"1"),
            package(SLOW, b"2"),
            package(ECHO, b"3"),
            package(0, b""),
            package(SLOW, b"4"),
        ];
        let mut frame = sent(&rig, false, &batch.concat());
        gate.wait_for(2);
        gate.open();
        for body in [&b"quick\n"[..], b"one", b"quick\n", b"two", b"quick\n"] {
            assert_eq!(read_answer(&mut http, false).body, body);
        }
        for (code, body) in [
            (ECHO, &b"1"[..]),
            (SLOW, b"\x012"),
            (ECHO, b"3"),
            (0, b""),
            (SLOW, b"\x024"),
        ] {
            assert_eq!(read_package(&mut frame), (code, body.to_vec()));
        }
    });
}

#[test]
fn more_of_them_than_the_queue_holds_are_all_answered() {
    const CLIENTS: usize = 60;
    both(|mode| {
        let gate = Arc::new(Gate::default());
        let rig = rig(mode, &gate, false);
        let clients: Vec<TcpStream> = (0..CLIENTS)
            .map(|number| match number % 2 {
                0 => sent(&rig, true, &post("body")),
                _ => sent(&rig, false, &package(SLOW, b"body")),
            })
            .collect();
        gate.wait_for(1);
        if mode == Mode::Reactor {
            // In proactor mode everything needs the one thread.
            assert_eq!(get(rig.http, "/quick", "").body, b"quick\n");
        }
        gate.open();
        for (number, mut stream) in clients.into_iter().enumerate() {
            let body = match number % 2 {
                0 => read_answer(&mut stream, false).body,
                _ => read_package(&mut stream).1.split_off(1),
            };
            assert_eq!(body, b"body");
        }
    });
}

#[test]
fn one_whose_client_has_gone_answers_nobody_else() {
    both(|mode| {
        let gate = Arc::new(Gate::default());
        let rig = rig(mode, &gate, true);
        let leaves = sent(&rig, false, &package(SLOW, b"secret"));
        gate.wait_for(1);
        reset(leaves);
        rig.wait_for("it is gone", |rig| rig.live() == 0);
        let mut next = sent(&rig, false, &package(ECHO, b"mine"));
        assert_eq!(read_package(&mut next).1, b"mine");
        gate.open();
        next.write_all(&package(SLOW, b"mine")).expect("sent");
        assert_eq!(read_package(&mut next), (SLOW, b"\x01mine".to_vec()));
    });
}

#[test]
fn a_panic_is_answered_and_counted() {
    both(|mode| {
        let gate = Arc::new(Gate::default());
        let rig = rig(mode, &gate, false);
        let request = b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut stream = sent(&rig, true, request);
        assert_eq!(read_answer(&mut stream, false).status, 500);
        assert_eq!(read_to_end(&mut stream), b"");
        assert_eq!(rig.count(Count::Panics), 1);
        assert_eq!(get(rig.http, "/quick", "").body, b"quick\n");
    });
}
