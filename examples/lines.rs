//! Lines instead of packages: a framing of one's own, to be talked to with `nc`.
//!
//! ```text
//! cargo run --example lines [ADDR]                127.0.0.1:9000 unless named
//! nc 127.0.0.1 9000
//! hello                                           comes back in capitals
//! !hello                                          goes to all who are there
//! ```
//!
//! Handlers see packages as ever: a code, and a body without its newline. An
//! empty line is a heartbeat, and is answered by one.

use pelton::config::{Listen, Protocol};
use pelton::frame::codec::TooLong;
use pelton::frame::{Framing, HEARTBEAT, Outline, Read};
use pelton::service::Group;
use pelton::{Config, Router, Server};
use std::error::Error;
use std::sync::Arc;

/// The code of a line.
const LINE: u16 = 7;
/// The code of a line for all: on the wire a `!` stands ahead of it.
const ALL: u16 = 8;

#[derive(Debug)]
pub(crate) struct Lines;

pub(crate) static LINES: Lines = Lines;

impl Framing for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn head(&self, input: &[u8], seen: usize) -> Read {
        let Some(at) = input[seen..].iter().position(|&byte| byte == b'\n') else {
            return Read::More;
        };
        let line = &input[..seen + at];
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let (head_bytes, code) = match text {
            [] => (0, HEARTBEAT),
            [b'!', ..] => (1, ALL),
            _ => (0, LINE),
        };
        Read::Whole(Outline {
            tail_bytes: line.len() - text.len() + 1,
            ..Outline::new(head_bytes, text.len() - head_bytes, code)
        })
    }

    fn encode(&self, code: u16, _tag: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        if code == ALL {
            out.push(b'!');
        }
        // A newline within would make two lines of it.
        let flat = |&byte: &u8| if byte == b'\n' { b' ' } else { byte };
        out.extend(body.iter().map(flat));
        out.push(b'\n');
        Ok(())
    }
}

fn router() -> Router {
    let group = Arc::new(Group::new());
    let (joined, left) = (group.clone(), group.clone());
    Router::new()
        .connected(move |context| {
            joined.join(context.peer);
        })
        .closed(move |_, context| {
            left.leave(context.peer);
        })
        .message(LINE, |package, context| {
            Ok(context.answer(LINE, &package.body.to_ascii_uppercase())?)
        })
        .message(ALL, move |package, context| {
            Ok(context.broadcast(&group, ALL, package.body)?)
        })
}

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1);
    let addr = addr.as_deref().unwrap_or("127.0.0.1:9000").parse()?;
    let listen = Listen {
        framing: LINES.name(),
        ..Listen::new(addr, Protocol::Frame)
    };
    let config = Config {
        listen: vec![listen],
        sites: Vec::new(),
        ..Config::default()
    };
    let server = Server::new(config).framing(&LINES).service(router());
    let running = server.start()?;
    println!("lines at {}", running.listeners()[0].0);
    running.wait()?;
    Ok(())
}
