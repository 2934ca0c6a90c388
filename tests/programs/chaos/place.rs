//! What all clients of one server share: where it is, what is counted, and
//! when to stop.

use crate::random::Random;
use socket2::{Domain, Socket, Type};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A client that does not behave waits no longer for anything.
const IMPATIENCE: Duration = Duration::from_millis(300);

/// A server, and what its clients count together.
pub(crate) struct Place {
    pub(crate) http: SocketAddr,
    pub(crate) frame: SocketAddr,
    pub(crate) auto: SocketAddr,
    /// Its serving processes come and go meanwhile, and a connection may end
    /// between two messages.
    pub(crate) changing: bool,
    counts: Mutex<Counts>,
    stop: AtomicBool,
}

/// How often which kind of thing was done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Requests and packages that were answered as they should.
    pub(crate) answered: BTreeMap<&'static str, u64>,
    /// What clients did that do not behave.
    pub(crate) chaos: BTreeMap<&'static str, u64>,
    /// Who was answered wrongly, late or not at all.
    pub(crate) failures: Vec<String>,
}

impl Place {
    pub(crate) fn new([http, frame, auto]: [SocketAddr; 3], changing: bool) -> Place {
        Place {
            http,
            frame,
            auto,
            changing,
            counts: Mutex::default(),
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn answered(&self, kind: &'static str) {
        *self.lock().answered.entry(kind).or_default() += 1;
    }

    pub(crate) fn chaos(&self, kind: &'static str) {
        *self.lock().chaos.entry(kind).or_default() += 1;
    }

    pub(crate) fn fail(&self, why: String) {
        self.lock().failures.push(why);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.lock().failures.is_empty()
    }

    pub(crate) fn open(&self) {
        self.stop.store(false, Ordering::Relaxed);
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Where HTTP is spoken.
    pub(crate) fn any_http(&self, dice: &mut Random) -> SocketAddr {
        *dice.pick(&[self.http, self.http, self.auto])
    }

    /// Where packages are taken.
    pub(crate) fn any_frame(&self, dice: &mut Random) -> SocketAddr {
        *dice.pick(&[self.frame, self.frame, self.auto])
    }

    pub(crate) fn any(&self, dice: &mut Random) -> SocketAddr {
        *dice.pick(&[self.http, self.frame, self.auto])
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// The load was one: each kind came, and nobody was failed.
    pub(crate) fn assert_all_was_done(&self, name: &str) {
        assert!(self.failures.is_empty(), "{name}: {:#?}", self.failures);
        for (kind, count) in super::crew::kinds().map(|kind| (kind, self.of(kind))) {
            assert!(count > 0, "{name}: nobody did this: {kind}");
        }
    }

    fn of(&self, kind: &str) -> u64 {
        let both = [&self.answered, &self.chaos];
        both.iter().filter_map(|counts| counts.get(kind)).sum()
    }
}

/// Connects as one of the many on this machine. What does not behave comes
/// from other addresses than what does, so that limits hit it alone. `None`:
/// there was no room.
pub(crate) fn connect_rudely(
    from: [u8; 4],
    to: SocketAddr,
    receive_bytes: Option<usize>,
) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    if let Some(bytes) = receive_bytes {
        socket.set_recv_buffer_size(bytes).ok()?;
    }
    socket.bind(&SocketAddr::from((from, 0)).into()).ok()?;
    socket.connect_timeout(&to.into(), IMPATIENCE).ok()?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(IMPATIENCE)).ok()?;
    stream.set_write_timeout(Some(IMPATIENCE)).ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// An address of this machine that is not the usual one.
pub(crate) fn stranger(dice: &mut Random) -> [u8; 4] {
    let [a, b, c] = [(); 3].map(|()| 1 + dice.below(250) as u8);
    [127, a, b, c]
}
