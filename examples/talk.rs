//! A client for the chat room of `examples/chat.rs`: one thread, one poll, and
//! the library's client that never waits.
//!
//! ```text
//! cargo run --example chat
//! cargo run --example talk NAME [ADDR]            127.0.0.1:9000 unless named
//! ```
//!
//! Lines on standard input are said, what is heard is printed. After a loss the
//! room has forgotten us: we join again.

use pelton::client::{Event, Polled, Settings};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::error::Error;
use std::io::stdin;
use std::net::SocketAddr;
use std::time::Instant;

const JOIN: u16 = 10;
const SAY: u16 = 11;
const LEFT: u16 = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("who are you? talk NAME [ADDR]")?;
    let addr = arguments.next();
    let addr: SocketAddr = addr.as_deref().unwrap_or("127.0.0.1:9000").parse()?;
    let mut room = Polled::new(addr, Settings::default(), Instant::now())?;
    let mut typed = Vec::new();
    loop {
        let timeout = room.next_timeout(Instant::now());
        let timeout = timeout.map(Timespec::try_from).transpose()?;
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, room.wants_write());
        let input = stdin();
        let mut two = [
            PollFd::new(&room, wanted),
            PollFd::new(&input, PollFlags::IN),
        ];
        poll(&mut two, timeout.as_ref())?;
        let is_typed = !two[1].revents().is_empty();
        let now = Instant::now();
        room.on_ready(now);
        let mut joins = false;
        for event in room.events() {
            joins |= event == Event::Connected;
            tell(event);
        }
        if joins {
            room.submit(JOIN, name.as_bytes(), now)?;
        }
        if is_typed && !say(&mut room, &mut typed)? {
            return Ok(());
        }
    }
}

fn tell(event: Event) {
    let text = |body: &[u8]| String::from_utf8_lossy(body).replace('\n', ", ");
    match event {
        Event::Answer { body, .. } => println!("in: {}", text(&body)),
        Event::Push { code: LEFT, body } => println!("out: {}", text(&body)),
        Event::Push { body, .. } => println!("{}", text(&body)),
        Event::Failed { error, .. } => println!("cannot join: {error}"),
        Event::Lost(lost) => println!("{lost}"),
        Event::Dialing | Event::Connected | Event::Heartbeat => {}
    }
}

/// Says the lines that are whole; `false` once there are no more to come.
fn say(room: &mut Polled, typed: &mut Vec<u8>) -> Result<bool, Box<dyn Error>> {
    let mut piece = [0; 1000];
    // Unbuffered: what a buffer holds, no poll reports.
    let count = rustix::io::read(stdin(), &mut piece)?;
    typed.extend_from_slice(&piece[..count]);
    while let Some(end) = typed.iter().position(|&byte| byte == b'\n') {
        let line: Vec<u8> = typed.drain(..=end).collect();
        // All hear what is said, ourselves too: it is no call.
        if let Err(error) = room.send(SAY, &line[..end], Instant::now()) {
            println!("not said: {error}");
        }
    }
    Ok(count > 0)
}
