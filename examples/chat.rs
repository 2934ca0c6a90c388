//! A chat room over packages: a group of peers, and a name for each.
//!
//! ```text
//! cargo run --example chat [ADDR [QUIET_S]]                  127.0.0.1:9000 unless named
//! pelton call 127.0.0.1:9000 --code 10 --text ann            who is in the room
//! ```
//!
//! Bodies are UTF-8 without control characters.
//!
//! | code | from a client | from the room |
//! |---|---|---|
//! | 10 join | a name, 1 to 32 bytes; again, to be called otherwise | to this client: who is in, a name a line |
//! | 11 say | a text, 1 to 1000 bytes; only after joining | to all, the sender included: `name: text` |
//! | 12 left | | to all who were in: the name of one that is out, and may join again |
//!
//! What is typed where the room runs is said to all, by `host`.
//!
//! Anything else is bad: it is dropped, and the third time closes the
//! connection. Whoever closes leaves the room, and so does who says nothing
//! for ten minutes, or as many seconds as the second argument says.

use pelton::base::key::Peer;
use pelton::config::{Listen, Protocol};
use pelton::engine::Handle;
use pelton::frame::Package;
use pelton::service::Group;
use pelton::session::Flow;
use pelton::{Bad, Config, Context, Router, Server};
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

const JOIN: u16 = 10;
const SAY: u16 = 11;
const LEFT: u16 = 12;
const QUIET_S: u64 = 600;
const NAME_BYTES_MAX: usize = 32;
const TEXT_BYTES_MAX: usize = 1000;

/// Who is in, and what they are called.
struct Room {
    /// Who says nothing for this long is out.
    quiet: Duration,
    group: Group,
    names: Mutex<BTreeMap<Peer, String>>,
}

impl Room {
    fn join(&self, package: &Package<'_>, context: &mut Context<'_>) -> Result<(), Bad> {
        let name = text(package.body, NAME_BYTES_MAX)?;
        let mut names = self.names();
        names.insert(context.peer, name.to_owned());
        self.group.join(context.peer);
        context.set_timer(self.quiet);
        let all: Vec<&str> = names.values().map(String::as_str).collect();
        Ok(context.answer(JOIN, all.join("\n").as_bytes())?)
    }

    fn say(&self, package: &Package<'_>, context: &mut Context<'_>) -> Result<(), Bad> {
        let text = text(package.body, TEXT_BYTES_MAX)?;
        let name = self.names().get(&context.peer).cloned().ok_or(Bad)?;
        context.set_timer(self.quiet);
        Ok(context.broadcast(&self.group, SAY, format!("{name}: {text}").as_bytes())?)
    }

    /// Tells all, and is out. A connection that is gone hears nothing of it.
    fn leave(&self, context: &mut Context<'_>) {
        if let Some(name) = self.names().remove(&context.peer) {
            // A name is short enough for any package.
            let _ = context.broadcast(&self.group, LEFT, name.as_bytes());
            self.group.leave(context.peer);
        }
    }

    /// A map of names is whole after any panic, so poison is no matter.
    fn names(&self) -> MutexGuard<'_, BTreeMap<Peer, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that people can read, of 1 to `most` bytes.
fn text(body: &[u8], most: usize) -> Result<&str, Bad> {
    let text = std::str::from_utf8(body).map_err(|_| Bad)?;
    if text.is_empty() || text.len() > most || text.contains(char::is_control) {
        return Err(Bad);
    }
    Ok(text)
}

/// What is typed here is said to all, by `host`.
fn announce(handle: &Handle, room: &Room) {
    for line in io::stdin().lines().map_while(Result::ok) {
        let said = handle.broadcast(&room.group, SAY, format!("host: {line}").as_bytes());
        if let Err(error) = said {
            eprintln!("not said: {error}");
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let addr = std::env::args().nth(1);
    let addr = addr.as_deref().unwrap_or("127.0.0.1:9000").parse()?;
    let config = Config {
        listen: vec![Listen::new(addr, Protocol::Frame)],
        sites: Vec::new(),
        ..Config::default()
    };
    let quiet_s = std::env::args().nth(2);
    let quiet_s = quiet_s.map_or(Ok(QUIET_S), |text| text.parse())?;
    let room = Arc::new(Room {
        quiet: Duration::from_secs(quiet_s),
        group: Group::default(),
        names: Mutex::default(),
    });
    let (door, floor, clock, exit) = (room.clone(), room.clone(), room.clone(), room.clone());
    let host = room;
    let router = Router::new()
        .message(JOIN, move |package, context| door.join(package, context))
        .message(SAY, move |package, context| floor.say(package, context))
        .timer(move |context| {
            clock.leave(context);
            Flow::Continue
        })
        .closed(move |_, context| exit.leave(context));
    let running = Server::new(config).service(router).start()?;
    println!("frame at {}", running.listeners()[0].0);
    let handle = running.handle();
    thread::spawn(move || announce(&handle, &host));
    running.wait()?;
    Ok(())
}
