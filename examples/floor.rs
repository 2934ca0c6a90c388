//! The least that a server can do on epoll, as a floor to measure others against.
//!
//! `floor [--addr 127.0.0.1:0] [--bytes 1024]` answers every request with the same prepared
//! bytes. One `recv`, a search for blank lines, one `send`; no parsing, no files, no clock: what
//! a real server costs above this is the price of its comforts.
//!
//! Honest towards load generators only: a request must have no body and lie whole within one
//! read (a split one is never answered), and nobody is ever timed out.

use memchr::memmem::Finder;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use std::io::{self, ErrorKind, Read, Write};
use std::{net::SocketAddr, os::fd::AsRawFd};

const LISTENER: Token = Token(usize::MAX);
const READ_BYTES: usize = 64 * 1024;
const BLOCK_BYTES_MAX: usize = 2 * 1024 * 1024;

/// One answer, repeated (`| head body | head body | …`), so that answers to pipelined requests
/// are one plain slice and leave in one `send`. 64 copies, fewer if the body is large.
struct Answers {
    block: Vec<u8>,
    each: usize, // bytes in one answer; block.len() is a multiple of it
}

/// What a server says of a file beside its length: as many bytes as Pelton
/// sends, so that the two are compared over the same work of the system.
const USUAL_FIELDS: &str = "Server: floor!\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n\
    Content-Type: text/plain; charset=utf-8\r\nLast-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n\
    ETag: \"400-6b0163a306b6c99e\"\r\nAccept-Ranges: bytes\r\n";

impl Answers {
    fn new(body_bytes: usize, field: &str) -> Self {
        let status = "HTTP/1.1 200 OK\r\n";
        let head = format!("{status}{USUAL_FIELDS}Content-Length: {body_bytes}\r\n{field}\r\n");
        let one = [head.into_bytes(), vec![b'x'; body_bytes]].concat();
        let each = one.len();
        let block = one.repeat((BLOCK_BYTES_MAX / each).clamp(1, 64));
        Self { block, each }
    }

    /// What to send to a peer that still has `owed` bytes to get: all answers being alike, the
    /// number alone says where within one of them the last write stopped.
    fn rest(&self, owed: usize) -> &[u8] {
        let start = (self.each - owed % self.each) % self.each;
        &self.block[start..self.block.len().min(start + owed)]
    }
}

/// A connection: its socket and what it still has to get. It has no buffer of its own.
struct Peer {
    stream: TcpStream,
    owed: usize, // bytes of answers that the socket has not taken yet
    last: bool,  // close once nothing is owed
}

/// What all peers share: one read buffer, the prepared answers, the searches.
struct Shared {
    buffer: Vec<u8>,
    answers: [Answers; 2], // [to those who stay, to those who leave]
    blank_line: Finder<'static>,
    leaving: [Finder<'static>; 2],
}

impl Shared {
    /// Sends what is owed and reads what is there, in turns, until the socket has no more of
    /// either: true, wait for an event. False: this peer is done with, or broken; close it.
    ///
    /// epoll reports edges, each change once, so we may stop only where the next thing to happen
    /// is a change. That is so after WouldBlock, and after a short read too, for the socket was
    /// empty then; unless the end of the stream came along with the data (`ended`): that edge is
    /// spent, so read on until the end itself is read.
    fn serve(&mut self, peer: &mut Peer, ended: bool) -> bool {
        let mut drained = false;
        loop {
            // Send before reading: who does not take answers may not ask for more.
            while peer.owed > 0 {
                let rest = self.answers[usize::from(peer.last)].rest(peer.owed);
                match peer.stream.write(rest) {
                    Ok(sent) => peer.owed -= sent,
                    Err(e) => return e.kind() == ErrorKind::WouldBlock,
                }
            }
            if peer.last || (drained && !ended) {
                return !peer.last; // this spares the `recv` that would only say WouldBlock
            }
            let got = match peer.stream.read(&mut self.buffer) {
                Ok(0) => return false,
                Ok(got) => got,
                Err(e) => return e.kind() == ErrorKind::WouldBlock,
            };
            drained = got < READ_BYTES;
            // Once per read, not per request: one that leaves is the last of its batch anyway.
            let heads = &self.buffer[..got];
            peer.last = self.leaving.iter().any(|f| f.find(heads).is_some());
            let requests = self.blank_line.find_iter(heads).count();
            peer.owed = requests * self.answers[usize::from(peer.last)].each;
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let option = |name: &str, default: &str| {
        let mut from_name = std::env::args().skip_while(|word| word != name);
        from_name.nth(1).unwrap_or(default.into())
    };
    let addr: SocketAddr = option("--addr", "127.0.0.1:0").parse()?;
    let body_bytes: usize = option("--bytes", "1024").parse()?;

    let mut listener = TcpListener::bind(addr)?;
    defer_accept(&listener)?;
    println!("floor: http://{}/", listener.local_addr()?);
    let mut poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut events = Events::with_capacity(1024);
    let mut peers: Slab<Peer> = Slab::new();
    let closing = Answers::new(body_bytes, "Connection: close\r\n");
    let mut shared = Shared {
        buffer: vec![0; READ_BYTES],
        answers: [Answers::new(body_bytes, ""), closing],
        blank_line: Finder::new("\r\n\r\n"),
        leaving: [" HTTP/1.0\r\n", "\r\nConnection: close\r\n"].map(Finder::new),
    };
    loop {
        match poll.poll(&mut events, None) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue, // a debugger does this
            result => result?,
        }
        for event in &events {
            let Token(index) = event.token();
            if event.token() == LISTENER {
                // Take all that wait and serve each at once: deferred, its request is there. One
                // that is answered and closed here never touches the slab or the epoll. (Out of
                // descriptors ends this too, until the next knock: a floor has no manners.)
                while let Ok((stream, _)) = listener.accept() {
                    let (owed, last) = (0, false);
                    let mut peer = Peer { stream, owed, last };
                    if shared.serve(&mut peer, false) {
                        // Registering late misses nothing: it reports what is there already.
                        // For both directions and for good; a change later would be a call more.
                        let slot = peers.vacant_entry();
                        let both = Interest::READABLE | Interest::WRITABLE;
                        registry.register(&mut peer.stream, Token(slot.key()), both)?;
                        slot.insert(peer);
                    }
                }
            } else if let Some(peer) = peers.get_mut(index)
                // "Writable" alone, as right after registering, matters only to one in debt.
                && (event.is_readable() || peer.owed > 0)
                && !shared.serve(peer, event.is_read_closed())
            {
                // Closing takes it out of the epoll. No event of this turn can still mean it,
                // for a turn has one event per socket: the slot may be taken again at once.
                peers.remove(index);
            }
        }
    }
}

/// Has the kernel hold a connection back until its first bytes are there, or a second is over.
#[allow(unsafe_code)]
fn defer_accept(listener: &TcpListener) -> io::Result<()> {
    let (fd, seconds): (_, libc::c_int) = (listener.as_raw_fd(), 1);
    let (level, name) = (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT);
    let bytes = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: `listener` keeps `fd` open; the kernel only reads `bytes` bytes of `seconds`.
    let result = unsafe { libc::setsockopt(fd, level, name, (&raw const seconds).cast(), bytes) };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
