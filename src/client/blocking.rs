//! A client that waits: for programs that do one thing after the other.

use super::event::{CallError, CallId, Event, Lost};
use super::polled::Polled;
use super::settings::Settings;
use crate::base::limits::CLIENT_PUSHES_MAX;
use crate::base::tick::Millis;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// One connection to a server that speaks packages, made anew by the next use
/// after it was lost. Owns the socket.
///
/// Whatever waits keeps the connection alive; one that is not used for longer
/// than the server's patience is made anew as well.
///
/// ```
/// # use pelton::config::{Listen, Protocol};
/// # let any = "127.0.0.1:0".parse()?;
/// # let listen = vec![Listen::new(any, Protocol::Frame)];
/// # let config = pelton::Config { listen, sites: Vec::new(), ..pelton::Config::default() };
/// # let running = pelton::Server::new(config).start()?;
/// # let addr = running.listeners()[0].0;
/// use pelton::client::Client;
/// use std::time::Duration;
///
/// let mut client = Client::connect(addr, Duration::from_secs(5))?;
/// assert_eq!(client.call(1, b"hello")?, b"hello"); // code 1 is the echo
/// # running.handle().stop();
/// # running.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    polled: Polled,
    timeout: Duration,
    pushes: VecDeque<(u16, Vec<u8>)>,
    /// How the last call ended.
    outcome: Option<(CallId, Result<Vec<u8>, CallError>)>,
    /// The last loss that was not told.
    lost: Option<Lost>,
}

impl Client {
    /// Connects; connecting and whatever is asked may take as long as
    /// `timeout`, to the millisecond.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(addr: SocketAddr, timeout: Duration) -> io::Result<Client> {
        let timeout = Millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        let settings = Settings {
            timeout,
            ..Settings::default()
        };
        Client::with(addr, settings)
    }

    /// The same with all that can be set.
    ///
    /// # Errors
    /// What the system says.
    pub fn with(addr: SocketAddr, settings: Settings) -> io::Result<Client> {
        let mut client = Client {
            polled: Polled::new(addr, settings, Instant::now())?,
            timeout: Duration::from_millis(settings.timeout.0),
            pushes: VecDeque::new(),
            outcome: None,
            lost: None,
        };
        while !client.polled.is_connected() {
            client.turn(None)?;
            client.told()?;
        }
        Ok(client)
    }

    /// Sends a package and returns the body of its answer. After a loss it
    /// connects first. A package with the same code that is no answer, but
    /// comes first, passes for one, unless the framing's answers carry a number.
    ///
    /// # Errors
    /// `InvalidInput` if the body fits no package; `NotConnected` if there was
    /// no connection in time: nothing was sent. After all others it is not
    /// known whether the server has done it: `TimedOut` without an answer,
    /// `UnexpectedEof` if the server closes first, `InvalidData` if what comes
    /// is no package, or what the system says. It is never sent twice.
    pub fn call(&mut self, code: u16, body: &[u8]) -> io::Result<Vec<u8>> {
        self.look()?; // a loss by now is no matter to this call
        let submitted = self.polled.submit(code, body, Instant::now());
        let id = submitted.map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        loop {
            if let Some((of, outcome)) = self.outcome.take()
                && of == id
            {
                self.lost = None;
                return Ok(outcome?);
            }
            self.turn(None)?;
        }
    }

    /// Sends one package that expects no answer, so not with a code of calls:
    /// should one come, [`Client::receive`] has it.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn send(&mut self, code: u16, body: &[u8]) -> io::Result<()> {
        let until = self.until();
        self.look()?;
        while !self.polled.is_connected() {
            if is_over(until) {
                return Err(CallError::Unsent.into());
            }
            self.turn(until)?;
        }
        self.lost = None;
        self.polled.send(code, body, Instant::now())?;
        self.look()?;
        while self.lost.is_none() && self.polled.wants_write() {
            if is_over(until) {
                return Err(ErrorKind::TimedOut.into());
            }
            self.turn(until)?;
        }
        self.told()
    }

    /// The next package that answers no call: its code and its body. Of those
    /// that nobody takes 10,000 are kept, and more are dropped. After a loss, which is told once, it connects and waits on.
    ///
    /// # Errors
    /// `TimedOut` if none comes in time; otherwise the connection is lost, as
    /// in [`Client::call`].
    pub fn receive(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let until = self.until();
        loop {
            if let Some(push) = self.pushes.pop_front() {
                return Ok(push);
            }
            self.told()?;
            if is_over(until) {
                return Err(ErrorKind::TimedOut.into());
            }
            self.turn(until)?;
        }
    }

    /// The end of what begins now; `None` if that is beyond all clocks.
    fn until(&self) -> Option<Instant> {
        Instant::now().checked_add(self.timeout)
    }

    /// A loss that was not told yet.
    fn told(&mut self) -> io::Result<()> {
        self.lost.take().map_or(Ok(()), |lost| Err(lost.into()))
    }

    /// Sees what is there, without waiting.
    fn look(&mut self) -> io::Result<()> {
        self.turn(Some(Instant::now()))
    }

    /// Waits for whatever is next, until then at most, and deals with it.
    fn turn(&mut self, until: Option<Instant>) -> io::Result<()> {
        let now = Instant::now();
        let left = until.map(|until| until.saturating_duration_since(now));
        let next = self.polled.next_timeout(now);
        let wait = [left, next].into_iter().flatten().min();
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, self.polled.wants_write());
        match poll(&mut [PollFd::new(&self.polled, wanted)], wait.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.polled.on_ready(Instant::now());
        for event in self.polled.events() {
            match event {
                Event::Answer { call, body } => self.outcome = Some((call, Ok(body))),
                Event::Failed { call, error } => self.outcome = Some((call, Err(error))),
                // Whoever never takes them does without those beyond.
                Event::Push { .. } if self.pushes.len() >= CLIENT_PUSHES_MAX => {}
                Event::Push { code, body } => self.pushes.push_back((code, body)),
                Event::Lost(lost) => self.lost = Some(lost),
                Event::Dialing | Event::Connected | Event::Heartbeat => {}
            }
        }
        Ok(())
    }
}

fn is_over(until: Option<Instant>) -> bool {
    until.is_some_and(|until| until <= Instant::now())
}
