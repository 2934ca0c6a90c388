//! What the loopback tests share: a server on free ports, a folder of its
//! own, and clients that time out.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of this"
)]

pub mod masked;
pub mod program;
pub mod tools;

use pelton::base::tick::Millis;
use pelton::config::{self, Config, Listen, Mode, Protocol, Site};
use pelton::engine::{Count, Handle, Running, Server};
use pelton::service::{Router, Service, StaticSite};
use pelton::session::CloseReason;
use socket2::{Domain, Socket, Type};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Generous: a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test in each mode.
pub fn both(test: impl Fn(Mode)) {
    for mode in [Mode::Reactor, Mode::Proactor] {
        println!("in {mode} mode");
        test(mode);
    }
}

/// The same with both modes at once, for cases that mostly wait.
pub fn both_at_once(test: impl Fn(Mode) + Sync) {
    std::thread::scope(|scope| {
        for mode in [Mode::Reactor, Mode::Proactor] {
            let test = &test;
            let body = move || test(mode);
            let name = format!("in {mode} mode");
            let thread = std::thread::Builder::new().name(name);
            thread.spawn_scoped(scope, body).expect("a thread");
        }
    });
}

/// A folder that is removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder of a test's own.
    pub fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pelton-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    /// A folder with the files of a small site.
    pub fn site() -> Folder {
        let folder = Folder::new();
        folder.write("index.html", b"<h1>index</h1>\n");
        folder.write("small.txt", &pattern(1024));
        folder.write("large.bin", &pattern(300_000));
        folder.write("huge.bin", &pattern(6 << 20));
        folder.write("folder/index.html", b"<h1>folder</h1>\n");
        folder
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// Says that a file or a folder was last modified at this time, in seconds since 1970.
    pub fn date(&self, name: &str, unix_s: u64) {
        let file = fs::File::open(self.0.join(name));
        let time = std::time::UNIX_EPOCH + Duration::from_secs(unix_s);
        let set = file.and_then(|file| file.set_modified(time));
        set.expect("the time is set");
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes that tell where in a file they come from.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// A server in this process, on free ports. It is stopped at the end.
pub struct Rig {
    pub http: SocketAddr,
    pub frame: SocketAddr,
    pub auto: SocketAddr,
    pub handle: Handle,
    pub folder: Folder,
    running: Option<Running>,
}

impl Rig {
    /// The usual server over a small site; `adjust` changes its settings.
    pub fn start(mode: Mode, adjust: impl FnOnce(&mut Config)) -> Rig {
        Rig::with_router(mode, adjust, Router::new().site(StaticSite::new(0)))
    }

    /// The same with a service of the test's own.
    pub fn with_router(mode: Mode, adjust: impl FnOnce(&mut Config), service: impl Service) -> Rig {
        let folder = Folder::site();
        let mut config = config(mode, folder.path());
        adjust(&mut config);
        let server = Server::new(config).service(service);
        let running = server.start().expect("the server starts");
        let at = |number: usize| running.listeners()[number].0;
        let (http, frame, auto) = (at(0), at(1), at(2));
        let handle = running.handle();
        Rig {
            http,
            frame,
            auto,
            handle,
            folder,
            running: Some(running),
        }
    }

    /// A server for the sites of a configuration, whose roots are below one
    /// folder with these files besides the usual ones.
    pub fn of_sites(mode: Mode, text: &str, files: &[(&str, impl AsRef<[u8]>)]) -> Rig {
        let parsed = config::parse(text).expect("a good configuration");
        let router = Router::new().site(&parsed);
        let adjust = |config: &mut Config| {
            let folder = config.sites[0].root.clone();
            for (name, content) in files {
                let path = folder.join(name);
                fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
                fs::write(path, content).expect("a file");
            }
            config.sites = parsed.sites;
            config.trusted_proxies = parsed.trusted_proxies;
            for site in &mut config.sites {
                site.root = folder.join(&site.root);
            }
        };
        Rig::with_router(mode, adjust, router)
    }

    /// Stops the server and waits for its threads.
    pub fn stop(mut self) {
        self.end();
    }

    /// Waits until the server has ended by itself, as it does after a drain;
    /// says how long that took.
    pub fn wait(mut self) -> Duration {
        let running = self.running.take().expect("it runs");
        let start = Instant::now();
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || send.send(running.wait()));
        let ended = receive.recv_timeout(PATIENCE);
        ended.expect("the server ends").expect("no loop fails");
        start.elapsed()
    }

    /// Waits until the counters of all workers together say so.
    pub fn wait_for(&self, what: &str, mut so: impl FnMut(&Rig) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn live(&self) -> u64 {
        self.handle.tallies().iter().map(|tally| tally.live()).sum()
    }

    pub fn count(&self, count: Count) -> u64 {
        self.handle
            .tallies()
            .iter()
            .map(|tally| tally.get(count))
            .sum()
    }

    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.handle
            .tallies()
            .iter()
            .map(|tally| tally.closed(reason))
            .sum()
    }

    fn end(&mut self) {
        self.handle.stop();
        if let Some(running) = self.running.take() {
            running.wait().expect("no loop fails");
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.end();
    }
}

/// Three listeners (http, frame, auto) on free ports over one site, two loops.
pub fn config(mode: Mode, root: &Path) -> Config {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listen = |protocol| Listen::new(any, protocol);
    Config {
        mode,
        workers: 2,
        listen: vec![
            listen(Protocol::Http),
            listen(Protocol::Frame),
            listen(Protocol::Auto),
        ],
        sites: vec![Site::new(root)],
        drain: Millis::seconds(5),
        ..Config::default()
    }
}

/// Connects, with a bound on every read and write.
pub fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// The same with a receive buffer of `bytes`, so that a client that does not
/// read is soon felt.
pub fn connect_narrow(addr: SocketAddr, bytes: usize) -> TcpStream {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(bytes).expect("a small buffer");
    socket
        .connect_timeout(&addr.into(), PATIENCE)
        .expect("connected");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// Closes with a reset, whatever is under way.
pub fn reset(stream: TcpStream) {
    let socket = Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).expect("no linger");
}

/// Reads and drops until the connection is over, by whatever end: for clients
/// that the server has cut off.
pub fn read_until_cut(stream: &mut TcpStream) -> Vec<u8> {
    let mut output = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return output,
            Ok(count) => output.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return output,
            Err(error) => panic!("the server does not end this connection: {error}"),
        }
    }
}

/// Sends `input` on a connection of its own and returns all that comes until
/// the server closes.
pub fn exchange(addr: SocketAddr, input: &[u8]) -> Vec<u8> {
    let mut stream = connect(addr);
    stream.write_all(input).expect("sent");
    read_to_end(&mut stream)
}

/// All that comes until the server closes. A reset is a failure.
pub fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut output = Vec::new();
    stream.read_to_end(&mut output).expect("a clean close");
    output
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a field, its name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Reads one answer from a connection that stays open. `bodyless`: it answers
/// HEAD.
pub fn read_answer(stream: &mut impl Read, bodyless: bool) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more of a head");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head in UTF-8");
    let status = head[9..12].parse().expect("a status");
    let mut answer = Answer {
        status,
        head,
        body: Vec::new(),
    };
    let len = answer
        .field("content-length")
        .map_or(0, |len| len.parse().expect("a length"));
    if !bodyless && !matches!(status, 204 | 304) {
        answer.body = vec![0; len];
        stream.read_exact(&mut answer.body).expect("the body");
    }
    answer
}

/// One GET with `fields` (each with its CRLF) on a connection of its own.
pub fn get(addr: SocketAddr, target: &str, fields: &str) -> Answer {
    request(addr, "GET", target, fields)
}

/// One request on a connection of its own.
pub fn request(addr: SocketAddr, method: &str, target: &str, fields: &str) -> Answer {
    let mut stream = connect(addr);
    let text = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    stream.write_all(text.as_bytes()).expect("sent");
    read_answer(&mut stream, method == "HEAD")
}

/// A package as bytes.
pub fn package(code: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    pelton::frame::codec::encode(code, body, &mut bytes).expect("short enough");
    bytes
}

/// Reads one package: its code and its body.
pub fn read_package(stream: &mut impl Read) -> (u16, Vec<u8>) {
    let mut head = [0; 8];
    stream.read_exact(&mut head).expect("a head");
    let len = usize::from(u16::from_be_bytes([head[0], head[1]]));
    let mut body = vec![0; len - 8];
    stream.read_exact(&mut body).expect("a body");
    (u16::from_be_bytes([head[2], head[3]]), body)
}
