//! A light load: a few clients that ask all the while, and check what they get.

use crate::support::{PATIENCE, package, pattern, read_answer, read_package};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(10);

/// What a client of HTTP asks for, and may get.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) path: &'static str,
    /// Its content, if that is known.
    pub(crate) bytes: Option<usize>,
    /// A server out of memory may say so.
    pub(crate) or_503: bool,
}

/// A file that is small.
pub(crate) const SMALL: Wanted = Wanted {
    path: "/small.txt",
    bytes: Some(1024),
    or_503: false,
};

/// What needs no file.
pub(crate) const HEALTH: Wanted = Wanted {
    path: "/_pelton/health",
    bytes: None,
    or_503: false,
};

/// Clients at work, on connections that are kept.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<u64>>,
}

impl Load {
    /// Two clients of HTTP and one of packages.
    pub(crate) fn start(http: SocketAddr, frame: SocketAddr, wanted: Wanted) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |ask: Box<dyn FnMut() + Send>| {
            let stop = stop.clone();
            thread::spawn(move || repeat(&stop, ask))
        };
        let clients = vec![
            client(Box::new(asks(http, wanted))),
            client(Box::new(asks(http, wanted))),
            client(Box::new(sends(frame))),
        ];
        Load { stop, clients }
    }

    /// Stops it after a last while: every answer was right, and everybody has
    /// had some.
    pub(crate) fn stop(mut self) {
        thread::sleep(20 * PAUSE);
        for answers in self.end() {
            assert!(answers.expect("what it asked was answered") > 3);
        }
    }

    fn end(&mut self) -> Vec<thread::Result<u64>> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.drain(..).map(JoinHandle::join).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end(); // where the test has failed, that is said already
    }
}

fn repeat(stop: &AtomicBool, mut ask: Box<dyn FnMut() + Send>) -> u64 {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        ask();
        count += 1;
        thread::sleep(PAUSE);
    }
    count
}

/// One connection as long as the server keeps it.
fn asks(addr: SocketAddr, wanted: Wanted) -> impl FnMut() + Send {
    let mut kept = Some(connect(addr));
    move || {
        let mut stream = kept.take().unwrap_or_else(|| connect(addr));
        let request = format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", wanted.path);
        stream.write_all(request.as_bytes()).expect("sent");
        let answer = read_answer(&mut stream, false);
        if wanted.or_503 && answer.status == 503 {
            return; // and it was closed
        }
        assert_eq!(answer.status, 200, "{}", answer.head);
        if let Some(bytes) = wanted.bytes {
            assert_eq!(answer.body, pattern(bytes));
        }
        assert_eq!(answer.field("connection"), None);
        kept = Some(stream);
    }
}

fn sends(addr: SocketAddr) -> impl FnMut() + Send {
    let mut stream = connect(addr);
    let mut count = 0_u64;
    move || {
        count += 1;
        let body = count.to_be_bytes();
        stream.write_all(&package(1, &body)).expect("sent");
        assert_eq!(read_package(&mut stream), (1, body.to_vec()));
    }
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    stream
}
