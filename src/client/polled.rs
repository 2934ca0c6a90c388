//! A client for an event loop: it never waits, its user gives it readiness
//! and time.

use super::backoff::Backoff;
use super::calls::Calls;
use super::event::{CallId, Event, Lost};
use super::settings::Settings;
use crate::base::limits::{CLIENT_READ_BYTES, CLIENT_READ_ROUNDS};
use crate::base::tick::{Millis, Time};
use crate::frame::codec::TooLong;
use crate::os::socket;
use rustix::event::{EventfdFlags, eventfd};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Calls, and the connection that they take, made anew when it is lost. Owns
/// the socket.
///
/// Wait until the descriptor is readable, or writable where
/// [`Polled::wants_write`] says so, for at most [`Polled::next_timeout`]; then
/// call [`Polled::on_ready`], which is never wrong, and see what
/// [`Polled::events`] has. With edges it does as well: it reads and writes
/// until the socket has no more, or asks for another turn at once.
///
/// The descriptor is that of another socket from each [`Event::Dialing`] on,
/// and after [`Event::Lost`] one that is never ready.
///
/// ```
/// # use pelton::config::{Listen, Protocol};
/// # let any = "127.0.0.1:0".parse()?;
/// # let listen = vec![Listen::new(any, Protocol::Frame)];
/// # let config = pelton::Config { listen, sites: Vec::new(), ..pelton::Config::default() };
/// # let running = pelton::Server::new(config).start()?;
/// # let addr = running.listeners()[0].0;
/// use pelton::client::{Event, Polled, Settings};
/// use rustix::event::{PollFd, PollFlags, Timespec, poll};
/// use std::time::Instant;
///
/// let mut client = Polled::new(addr, Settings::default(), Instant::now())?;
/// let hello = client.submit(1, b"hello", Instant::now())?;
/// 'turns: loop {
///     let timeout = client.next_timeout(Instant::now());
///     let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
///     let mut wanted = PollFlags::IN;
///     wanted.set(PollFlags::OUT, client.wants_write());
///     poll(&mut [PollFd::new(&client, wanted)], timeout.as_ref())?;
///     client.on_ready(Instant::now());
///     for event in client.events() {
///         match event {
///             Event::Answer { call, body } if call == hello => {
///                 assert_eq!(body, b"hello");
///                 break 'turns;
///             }
///             other => println!("{other:?}"),
///         }
///     }
/// }
/// # running.handle().stop();
/// # running.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Polled {
    addr: SocketAddr,
    timeout: Millis,
    calls: Calls,
    backoff: Backoff,
    link: Link,
    /// Never ready: what is waited for while there is no socket.
    idle: OwnedFd,
    buffer: Box<[u8]>,
    /// Reading stopped before the socket was empty.
    has_more: bool,
    start: Instant,
}

#[derive(Debug)]
enum Link {
    Down,
    /// Under way, at most until then.
    Dialing(TcpStream, Time),
    Up(TcpStream),
}

impl Polled {
    /// A client without a connection; the first [`Polled::on_ready`] begins it.
    /// Time begins at `now`, and all later times are no earlier.
    ///
    /// # Errors
    /// What the system says: there are no descriptors left.
    pub fn new(addr: SocketAddr, settings: Settings, now: Instant) -> io::Result<Polled> {
        Ok(Polled {
            addr,
            timeout: settings.timeout,
            calls: Calls::new(settings),
            backoff: Backoff::default(),
            link: Link::Down,
            idle: eventfd(0, EventfdFlags::CLOEXEC)?,
            buffer: vec![0; CLIENT_READ_BYTES].into(),
            has_more: false,
            start: now,
        })
    }

    /// Begins a call; its answer, or its failure, is an event. Without a
    /// connection it waits for one. What is sent is never sent again by itself.
    ///
    /// # Errors
    /// [`TooLong`] if the body fits no package of the framing.
    pub fn submit(&mut self, code: u16, body: &[u8], now: Instant) -> Result<CallId, TooLong> {
        self.calls.submit(code, body, self.time(now))
    }

    /// Sends a package that expects no answer; one that comes all the same is
    /// a push, so it must not have the code of calls.
    ///
    /// # Errors
    /// `NotConnected` without a connection, `InvalidInput` if the body fits no
    /// package of the framing.
    pub fn send(&mut self, code: u16, body: &[u8], now: Instant) -> io::Result<()> {
        let now = self.time(now);
        let sent = self.calls.send(code, body, now);
        match sent.map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))? {
            true => Ok(()),
            false => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Whether there is a connection, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    /// Whether to wait until the descriptor is writable, too.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        match self.link {
            Link::Down => false,
            Link::Dialing(..) => true,
            Link::Up(_) => !self.calls.output().is_empty(),
        }
    }

    /// How long to wait at most; `None`: until the descriptor is ready.
    #[must_use]
    pub fn next_timeout(&self, now: Instant) -> Option<Duration> {
        if self.has_more {
            return Some(Duration::ZERO);
        }
        let link = match self.link {
            Link::Down => Some(self.backoff.at()),
            Link::Dialing(_, until) => Some(until),
            Link::Up(_) => None,
        };
        let due = [link, self.calls.due()].into_iter().flatten().min()?;
        let due = Duration::from_millis(due.0);
        Some(due.saturating_sub(now.saturating_duration_since(self.start)))
    }

    /// Does all that can be done now: connects, reads, lets time out, writes.
    pub fn on_ready(&mut self, now: Instant) {
        let now = self.time(now);
        self.has_more = false;
        self.finish_dialing(now);
        // What has come counts, even if it was due before now.
        self.attempt(now, Polled::read);
        self.attempt(now, |client, now| client.calls.expire(now));
        if matches!(self.link, Link::Down) && self.backoff.at() <= now {
            self.dial(now);
            self.finish_dialing(now);
        }
        self.attempt(now, |client, _| client.write());
    }

    /// What happened, in order; each is told once.
    pub fn events(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.calls.events()
    }

    fn time(&self, now: Instant) -> Time {
        let passed = now.saturating_duration_since(self.start).as_millis();
        Time(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// Does a part of a turn; if that says so, the connection is lost.
    fn attempt(&mut self, now: Time, part: impl FnOnce(&mut Polled, Time) -> Result<(), Lost>) {
        if let Err(lost) = part(self, now) {
            self.lose(lost, now);
        }
    }

    fn lose(&mut self, lost: Lost, now: Time) {
        let heard = self.is_connected() && self.calls.was_heard();
        self.link = Link::Down;
        self.has_more = false;
        self.backoff.failed(heard, now);
        self.calls.lost(lost);
    }

    fn dial(&mut self, now: Time) {
        match socket::connect(self.addr) {
            Ok(stream) => {
                self.link = Link::Dialing(stream, now + self.timeout);
                self.calls.tell(Event::Dialing);
            }
            Err(error) => self.lose(Lost::NotMade(error.kind()), now),
        }
    }

    fn finish_dialing(&mut self, now: Time) {
        self.link = match std::mem::replace(&mut self.link, Link::Down) {
            Link::Dialing(stream, until) => match is_made(&stream) {
                Ok(true) => {
                    self.calls.connected(now);
                    Link::Up(stream)
                }
                Ok(false) if now < until => Link::Dialing(stream, until),
                Ok(false) => return self.lose(Lost::NotMade(ErrorKind::TimedOut), now),
                Err(error) => return self.lose(Lost::NotMade(error.kind()), now),
            },
            other => other,
        };
    }

    fn read(&mut self, now: Time) -> Result<(), Lost> {
        let Link::Up(stream) = &mut self.link else {
            return Ok(());
        };
        for _ in 0..CLIENT_READ_ROUNDS {
            match stream.read(&mut self.buffer) {
                Ok(0) => return Err(Lost::Closed),
                Ok(count) => self.calls.receive(&self.buffer[..count], now)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Lost::Broken(error.kind())),
            }
        }
        self.has_more = true;
        Ok(())
    }

    fn write(&mut self) -> Result<(), Lost> {
        let Link::Up(stream) = &mut self.link else {
            return Ok(());
        };
        while !self.calls.output().is_empty() {
            match stream.write(self.calls.output()) {
                Ok(count) => self.calls.wrote(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Lost::Broken(error.kind())),
            }
        }
        Ok(())
    }
}

/// Whether a connection that was begun is there by now.
fn is_made(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

impl AsFd for Polled {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.link {
            Link::Down => self.idle.as_fd(),
            Link::Dialing(stream, _) | Link::Up(stream) => stream.as_fd(),
        }
    }
}
