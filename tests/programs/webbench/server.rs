//! The test's server: of threads, it counts requests and answers as it is told.

use crate::support::{PATIENCE, reset};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
pub(crate) const OK_CLOSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

/// Requests that it remembers.
const REMEMBERED: usize = 10;

/// What it does with a request.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    /// Sends this, and goes on where the client does.
    Answer(&'static [u8]),
    /// Sends back what came.
    Echo,
    /// Sends this, and closes.
    AnswerAndClose(&'static [u8]),
    /// Sends this byte by byte.
    InPieces(&'static [u8]),
    /// Sends this, and resets the connection.
    Reset(&'static [u8]),
    /// Sends nothing, and waits.
    Silence,
    /// Does one thing with the first request of a connection, and another with
    /// those that follow.
    First(&'static Behaviour, &'static Behaviour),
}

impl Behaviour {
    /// What it does with this request of a connection.
    fn with(self, number: usize) -> Behaviour {
        match self {
            Behaviour::First(first, _) if number == 0 => *first,
            Behaviour::First(_, then) => *then,
            other => other,
        }
    }
}

/// The server, which owns its threads.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    behaviour: Behaviour,
    packages: bool,
    seen: AtomicU64,
    connections: AtomicU64,
    first: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Server {
    /// One that speaks HTTP.
    pub(crate) fn start(behaviour: Behaviour) -> Server {
        Server::new(behaviour, false)
    }

    /// One that speaks packages.
    pub(crate) fn packages(behaviour: Behaviour) -> Server {
        Server::new(behaviour, true)
    }

    fn new(behaviour: Behaviour, packages: bool) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            behaviour,
            packages,
            seen: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            first: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let known = Arc::clone(&shared);
        let acceptor = thread::spawn(move || {
            let mut threads = Vec::new();
            for stream in listener.incoming() {
                if known.stop.load(Ordering::Relaxed) {
                    break;
                }
                let known = Arc::clone(&known);
                let stream = stream.expect("a connection");
                threads.push(thread::spawn(move || known.serve(stream)));
            }
            for thread in threads {
                thread.join().expect("no thread of the server panics");
            }
        });
        Server {
            addr,
            shared,
            acceptor: Some(acceptor),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self.shared.packages {
            true => format!("frame://{}?bytes=5", self.addr),
            false => format!("http://{}/a?b", self.addr),
        }
    }

    pub(crate) fn seen(&self) -> u64 {
        self.shared.seen.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The first requests, in the order in which they came.
    pub(crate) fn first(&self) -> Vec<String> {
        self.shared.first.lock().expect("not poisoned").clone()
    }

    /// Ends it; then all that came has been counted.
    pub(crate) fn stop(&mut self) {
        if let Some(acceptor) = self.acceptor.take() {
            self.shared.stop.store(true, Ordering::Relaxed);
            let _ = TcpStream::connect(self.addr); // wakes it
            acceptor.join().expect("the server ends");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.stop();
        }
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        self.connections.fetch_add(1, Ordering::SeqCst);
        let mut held = Vec::new();
        for number in 0.. {
            let Some(request) = self.next(&mut stream, &mut held) else {
                return;
            };
            if self.seen.fetch_add(1, Ordering::SeqCst) < REMEMBERED as u64 {
                let text = String::from_utf8_lossy(&request).into_owned();
                self.first.lock().expect("not poisoned").push(text);
            }
            let sent = match self.behaviour.with(number) {
                Behaviour::Answer(answer) => stream.write_all(answer),
                Behaviour::Echo => stream.write_all(&request),
                Behaviour::AnswerAndClose(answer) => {
                    let _ = stream.write_all(answer); // the client may be gone
                    return;
                }
                Behaviour::InPieces(answer) => answer.chunks(1).try_for_each(|byte| {
                    stream.write_all(byte)?;
                    thread::yield_now();
                    Ok(())
                }),
                Behaviour::Reset(answer) => {
                    let _ = stream.write_all(answer);
                    return reset(stream);
                }
                Behaviour::Silence | Behaviour::First(..) => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// The next request, of which some may be `held` already; none where the
    /// client has closed.
    fn next(&self, stream: &mut TcpStream, held: &mut Vec<u8>) -> Option<Vec<u8>> {
        let mut piece = [0; 4096];
        loop {
            let len = match self.packages {
                true => package_len(held),
                false => request_len(held),
            };
            if let Some(len) = len {
                return Some(held.drain(..len).collect());
            }
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => held.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("the client neither asks nor goes: {error}"),
            }
        }
        assert!(held.is_empty(), "a request that is cut off");
        None
    }
}

/// Length of the request that is whole: a head and a body, or the one line of
/// HTTP/0.9.
fn request_len(held: &[u8]) -> Option<usize> {
    let find = |wanted: &[u8]| held.windows(wanted.len()).position(|part| part == wanted);
    let line_len = find(b"\r\n")? + 2;
    if !held[..line_len].windows(5).any(|part| part == b"HTTP/") {
        return Some(line_len);
    }
    let head_len = find(b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&held[..head_len]).to_lowercase();
    let length = head.split_once("content-length: ");
    let length = length.and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
    let len = head_len + length.unwrap_or(0);
    (len <= held.len()).then_some(len)
}

/// Length of the package that is whole.
fn package_len(held: &[u8]) -> Option<usize> {
    let len = usize::from(u16::from_be_bytes(*held.first_chunk()?));
    (len <= held.len()).then_some(len)
}
