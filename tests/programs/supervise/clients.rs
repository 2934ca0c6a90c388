//! Clients that never stop asking, and note every way in which an answer can
//! be missed.

use crate::support::{PATIENCE, package, pattern};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A client's count of answers, or what went wrong.
type Asked = Result<u64, String>;

/// Clients at work.
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    threads: Vec<(&'static str, JoinHandle<Asked>)>,
}

impl Clients {
    /// Two of each kind.
    pub(crate) fn start(http: SocketAddr, frame: SocketAddr) -> Clients {
        type Ask = fn(SocketAddr, &AtomicBool) -> Asked;
        let kinds: [(&str, SocketAddr, Ask); 4] = [
            ("kept alive", http, kept_alive),
            ("one connection a request", http, one_each),
            ("downloads", http, downloads),
            ("packages", frame, packages),
        ];
        let stop = Arc::new(AtomicBool::new(false));
        let threads = kinds.into_iter().chain(kinds).map(|(name, addr, ask)| {
            let stop = stop.clone();
            (name, thread::spawn(move || ask(addr, &stop)))
        });
        Clients {
            threads: threads.collect(),
            stop,
        }
    }

    /// Stops them: none has missed an answer, and all have had some.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut missed = Vec::new();
        for (name, thread) in self.threads {
            match thread.join().expect("it does not panic") {
                Ok(count) => {
                    println!("{name}: {count} answers");
                    assert!(count > 0, "{name}: nobody had the time to ask");
                }
                Err(why) => missed.push(format!("{name}: {why}")),
            }
        }
        assert!(missed.is_empty(), "{missed:#?}");
    }
}

/// A connection is used as long as the server lets it.
fn kept_alive(addr: SocketAddr, stop: &AtomicBool) -> Asked {
    let expected = pattern(1024);
    let mut count = 0;
    let mut kept: Option<TcpStream> = None;
    while !stop.load(Ordering::Relaxed) {
        let mut stream = match kept.take() {
            Some(stream) if !was_closed(&stream)? => stream,
            _ => connect(addr)?,
        };
        let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
        stream
            .write_all(request)
            .map_err(|error| format!("sending: {error}"))?;
        let (head, body) = answer(&mut stream)?;
        if body != expected {
            return Err(format!("answer {count} is another: {head}"));
        }
        if head.to_ascii_lowercase().contains("connection: close") {
            ends(&mut stream)?;
        } else {
            kept = Some(stream);
        }
        count += 1;
    }
    Ok(count)
}

fn one_each(addr: SocketAddr, stop: &AtomicBool) -> Asked {
    fetch(addr, stop, "/small.txt", &pattern(1024))
}

fn downloads(addr: SocketAddr, stop: &AtomicBool) -> Asked {
    fetch(addr, stop, "/huge.bin", &pattern(6 << 20))
}

fn fetch(addr: SocketAddr, stop: &AtomicBool, path: &str, expected: &[u8]) -> Asked {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut stream = connect(addr)?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let sent = stream.write_all(request.as_bytes());
        sent.map_err(|error| format!("sending: {error}"))?;
        let (head, body) = answer(&mut stream)?;
        if body != expected {
            return Err(format!("answer {count} is another: {head}"));
        }
        ends(&mut stream)?;
        count += 1;
    }
    Ok(count)
}

/// One package after the other. A connection that ends between two of them is
/// made anew, and what was not answered is sent again.
fn packages(addr: SocketAddr, stop: &AtomicBool) -> Asked {
    let mut stream = connect(addr)?;
    let mut count = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        let asked = package(1, &count.to_be_bytes());
        stream
            .write_all(&asked)
            .map_err(|error| format!("sending: {error}"))?;
        let mut answer = vec![0; asked.len()];
        let mut filled = 0;
        while filled < answer.len() {
            match stream.read(&mut answer[filled..]) {
                Ok(0) if filled == 0 => break,
                Ok(0) => return Err(format!("package {count} is cut")),
                Ok(more) => filled += more,
                Err(error) => return Err(format!("package {count}: {error}")),
            }
        }
        if filled == 0 {
            stream = connect(addr)?;
        } else if answer == asked {
            count += 1;
        } else {
            return Err(format!("package {count} is another"));
        }
    }
    Ok(count)
}

fn connect(addr: SocketAddr) -> Result<TcpStream, String> {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE);
    let stream = stream.map_err(|error| format!("connecting: {error}"))?;
    let set = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| stream.set_nodelay(true));
    set.map_err(|error| error.to_string())?;
    Ok(stream)
}

/// Whether the server has closed a connection on which nothing is under way. A
/// reset is none of its rights.
fn was_closed(stream: &TcpStream) -> Result<bool, String> {
    let failed = |error: std::io::Error| format!("between two requests: {error}");
    stream.set_nonblocking(true).map_err(failed)?;
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).map_err(failed)?;
    match peeked {
        Ok(0) => Ok(true),
        Ok(_) => Err("an answer that nobody asked for".to_owned()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn answer(stream: &mut TcpStream) -> Result<(String, Vec<u8>), String> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let mut head_end = None;
    loop {
        if head_end.is_none() {
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            head_end = end.map(|at| at + 4);
        }
        if let Some(end) = head_end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            let length: usize = length.ok_or("an answer without a length")?;
            if bytes.len() >= end + length {
                return Ok((head, bytes.split_off(end)));
            }
        }
        match stream.read(&mut piece) {
            Ok(0) => return Err(format!("cut after {} bytes", bytes.len())),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) => return Err(format!("{error} after {} bytes", bytes.len())),
        }
    }
}

/// The connection ends cleanly.
fn ends(stream: &mut TcpStream) -> Result<(), String> {
    match stream.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err("more than an answer".to_owned()),
        Err(error) => Err(format!("closing: {error}")),
    }
}
