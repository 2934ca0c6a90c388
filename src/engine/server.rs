//! Builds a server from its configuration, starts its threads, waits for them.

use super::access::Scribe;
use super::clock::Clock;
use super::doorbell::Doorbell;
use super::error::StartError;
use super::fleet::{Access, Fleet, Order, PoolSize, Post};
use super::framings::Framings;
use super::gauges::Gauges;
use super::handle::Handle;
use super::inbox::Inbox;
use super::queue::JobQueue;
use super::room::Room;
use super::shuttle::{self, Shuttle};
use super::tally::Tally;
use super::threads;
use super::watch::FleetWatch;
use super::worker::BELL;
use crate::base::buffer::Budget;
use crate::base::limits::{INBOX_LETTERS_MAX, SPARE_FILES};
use crate::base::rate::Rate;
use crate::config::{self, Address, Config, Limits, Protocol};
use crate::frame::Framing;
use crate::net::listener::{self, Listener, Speech};
use crate::net::log_file::LogFile;
use crate::net::notes::Notes;
use crate::net::press::Press;
use crate::net::roots::Roots;
use crate::net::visitors::{VisitorRules, Visitors};
use crate::os::process;
use crate::service::status::StatusPage;
use crate::service::{Router, Service};
use crate::session::{self, Flood, Rules};
use crossbeam_queue::{ArrayQueue, SegQueue};
use mio::{Poll, Waker};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use std::thread::JoinHandle;

/// A server that has not been started.
///
/// ```
/// use pelton::config::{Config, Listen, Protocol};
/// use pelton::{Router, Server};
///
/// let config = Config {
///     listen: vec![Listen::new("127.0.0.1:0".parse()?, Protocol::Http)], // a free port
///     sites: Vec::new(),
///     ..Config::default()
/// };
/// let router = Router::new().http("GET", "/hello", |_, _| "hello\n");
/// let running = Server::new(config).service(router).start()?;
/// println!("listening on {}", running.listeners()[0].0);
/// running.handle().stop();
/// running.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    config: Config,
    service: Arc<dyn Service>,
    framings: Framings,
    given: Vec<(Address, Vec<OwnedFd>)>,
}

impl Server {
    /// A server for the sites of the configuration and the echo.
    #[must_use]
    pub fn new(config: Config) -> Server {
        Server {
            service: Arc::new(Router::new().site(&config)),
            config,
            framings: Framings::new(),
            given: Vec::new(),
        }
    }

    /// Sockets that listen already, for the listener that has the address
    /// `addr` in the configuration: they are used in the place of new ones, and
    /// the loops share them. Given twice for one address (port 0, say), they are
    /// for the two listeners that have it.
    #[must_use]
    pub fn sockets(mut self, addr: impl Into<Address>, sockets: Vec<impl Into<OwnedFd>>) -> Server {
        let sockets = sockets.into_iter().map(Into::into).collect();
        self.given.push((addr.into(), sockets));
        self
    }

    /// The same with a service of your own.
    #[must_use]
    pub fn service(mut self, service: impl Service) -> Server {
        self.service = Arc::new(service);
        self
    }

    /// The same with a framing of your own: listeners call it by its name. See
    /// `examples/lines.rs`.
    #[must_use]
    pub fn framing(mut self, framing: &'static dyn Framing) -> Server {
        self.framings.add(framing);
        self
    }

    /// Opens the roots and the listening sockets and starts the threads.
    /// Accepting starts when all of them are up.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub fn start(mut self) -> Result<Running, StartError> {
        let config = &self.config;
        let workers = threads::workers(config);
        let mut listeners: Vec<Vec<Listener>> = (0..workers).map(|_| Vec::new()).collect();
        let mut bound = Vec::new();
        let usual = self.framings.usual(&config.listen)?;
        for listen in &config.listen {
            let speech = Speech {
                protocol: protocol_of(listen.protocol),
                framing: self.framings.of(listen, usual)?,
                proxied: listen.proxy_protocol,
            };
            let defer = listen.defer_accept;
            let given = self.given.iter().position(|(addr, _)| *addr == listen.addr);
            let opened = match given {
                Some(at) => listener::adopt(self.given.remove(at).1, speech, defer, workers),
                None => listener::bind(listen, speech, workers),
            };
            let failed = |error| StartError::Listen(listen.addr.clone(), error);
            let (addr, sockets) = opened.map_err(failed)?;
            bound.push((addr, listen.protocol));
            for (of_worker, sockets) in listeners.iter_mut().zip(sockets) {
                of_worker.extend(sockets);
            }
        }
        let polls: Vec<Poll> = (0..workers)
            .map(|_| Poll::new())
            .collect::<io::Result<_>>()
            .map_err(StartError::System)?;
        let access = config.log.access.as_deref().map(|path| {
            let opened = LogFile::open(path, &config.log, None).map(LogFile::bare);
            opened.map_err(|error| StartError::AccessLog(path.to_owned(), error))
        });
        let access = access.transpose()?;
        let pool = threads::of_pool(config, self.service.has_blocking());
        let watch = FleetWatch::default();
        let service = with_status(&config.status, &watch, self.service);
        let fleet = Arc::new(fleet(config, service, usual, pool, &polls)?);
        watch.look_at(&fleet);
        let threads = threads::start(&fleet, polls, listeners, pool).map_err(StartError::System)?;
        let writer = access.map(|file| start_writer(&fleet, file)).transpose();
        let writer = writer.map_err(StartError::System)?.flatten();
        Ok(Running {
            fleet,
            listeners: bound,
            threads,
            writer,
            workers,
        })
    }
}

/// A server that runs. Owns its threads: wait for them, or they go on without
/// anybody watching.
pub struct Running {
    fleet: Arc<Fleet>,
    listeners: Vec<(SocketAddr, Protocol)>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    /// Writes the access log.
    writer: Option<JoinHandle<()>>,
    workers: usize,
}

impl Running {
    /// The addresses listened on, in the order of the configuration, with the
    /// real port where 0 was asked for; for a unix socket
    /// [`NOWHERE`](crate::base::network::NOWHERE).
    #[must_use]
    pub fn listeners(&self) -> &[(SocketAddr, Protocol)] {
        &self.listeners
    }

    /// Number of event loops.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Connections that may be open at once, in all.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        self.fleet.room.most()
    }

    /// What others need to stop the server, or to look at its counters.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.fleet.clone())
    }

    /// Waits until every thread has ended.
    ///
    /// # Errors
    /// What ended a loop early: its poll failed, or it panicked. The others
    /// are stopped then.
    pub fn wait(self) -> io::Result<()> {
        let mut result = Ok(());
        for (number, thread) in self.threads.into_iter().enumerate() {
            if number == self.workers {
                // The loops are down: nobody submits jobs any more.
                self.fleet.jobs.close();
                self.fleet.slow_jobs.close();
            }
            let ended = thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a loop panicked")));
            if ended.is_err() {
                self.fleet.give(Order::Stop);
                result = result.and(ended);
            }
        }
        self.fleet.press.end();
        if let Some(access) = &self.fleet.access {
            access.shuttle.end();
        }
        if let Some(writer) = self.writer {
            let _ = writer.join(); // what it could not write is told
        }
        self.fleet.notes.end();
        result
    }
}

/// Starts the writer of the access log; the loops run already, and stop if
/// there is none.
fn start_writer(fleet: &Fleet, file: LogFile) -> io::Result<Option<JoinHandle<()>>> {
    let Some(access) = &fleet.access else {
        return Ok(None);
    };
    let writer = shuttle::start(&access.shuttle, file, &fleet.notes, fleet.clock);
    writer.map(Some).inspect_err(|_| fleet.give(Order::Stop))
}

fn protocol_of(protocol: Protocol) -> session::Protocol {
    match protocol {
        Protocol::Http => session::Protocol::Http,
        Protocol::Frame => session::Protocol::Frame,
        Protocol::Auto => session::Protocol::Undecided,
    }
}

fn fleet(
    config: &Config,
    service: Arc<dyn Service>,
    framing: &'static dyn Framing,
    pool: PoolSize,
    polls: &[Poll],
) -> Result<Fleet, StartError> {
    let workers = polls.len();
    // Quick jobs and slow ones each need a place.
    let least = usize::from(pool.quick > 0) + usize::from(pool.slow > 0);
    let queue_len = config.proactor.queue_len.max(least);
    let roots = Roots::open(&config.sites)
        .map_err(|(site, error)| StartError::Root(config.sites[site].root.clone(), error))?;
    let post = |poll: &Poll| {
        Ok(Post {
            bell: Doorbell::new(Waker::new(poll.registry(), BELL)?),
            completions: ArrayQueue::new(queue_len.max(1)),
            inbox: Inbox::new(INBOX_LETTERS_MAX, workers),
            answered: SegQueue::new(),
        })
    };
    let posts = polls
        .iter()
        .map(post)
        .collect::<io::Result<_>>()
        .map_err(StartError::System)?;
    // A request that is only answered again has no line.
    let repeats = service.repeats_files() && config.log.access.is_none();
    let attends = service.attends();
    let clock = Clock::new();
    let access = config.log.access.as_ref().map(|_| Access {
        scribe: Scribe::new(config.log.access_format, clock),
        shuttle: Arc::new(Shuttle::new(workers)),
    });
    Ok(Fleet {
        service,
        framing,
        mode: config.mode,
        pool,
        repeats,
        attends,
        rules: rules(config),
        visitors: Visitors::new(visitor_rules(&config.limits)),
        queue_len,
        room: Room::new(connections_max(config, workers)),
        drain: config.drain,
        cache: config.cache,
        roots,
        press: Press::new(config.cache.files, config.cache.total_bytes),
        trusted: config.trusted_proxies.clone(),
        proxied: config.listen.iter().any(|listen| listen.proxy_protocol),
        access,
        notes: Arc::new(Notes::default()),
        budget: Budget::new(config.limits.buffer_bytes),
        clock,
        jobs: JobQueue::new(queue_len.saturating_mul(workers)),
        slow_jobs: JobQueue::new(queue_len.saturating_mul(workers)),
        posts,
        tallies: (0..workers).map(|_| Tally::new()).collect(),
        gauges: match config.status.path {
            Some(_) => (0..workers).map(|_| Gauges::new()).collect(),
            None => Vec::new(),
        },
        looked: AtomicU64::new(0),
        order: AtomicU8::new(Order::Serve as u8),
        drains: AtomicBool::new(false),
    })
}

/// The status page goes ahead of everything else, if there is to be one.
fn with_status(
    status: &config::Status,
    watch: &FleetWatch,
    service: Arc<dyn Service>,
) -> Arc<dyn Service> {
    match &status.path {
        Some(path) => {
            let watch = Arc::new(watch.clone());
            Arc::new(StatusPage::new(path, status.public, watch, service))
        }
        None => service,
    }
}

fn rules(config: &Config) -> Rules {
    let (limits, timeouts) = (&config.limits, &config.timeouts);
    Rules {
        head_bytes: limits.head_bytes,
        body_bytes: limits.body_bytes,
        package_bytes: limits.package_bytes,
        http_idle: timeouts.http_idle,
        http_head: timeouts.http_head,
        progress: timeouts.progress,
        frame_silence: timeouts.frame_silence,
        queued_packages: limits.queued_packages,
        flood: limits.flood_packets.map(|packages| Flood {
            packages,
            window: limits.flood_window,
        }),
        bandwidth: limits.bandwidth,
    }
}

/// A burst that is not set is a second's worth.
fn visitor_rules(limits: &Limits) -> VisitorRules {
    let rate = |wanted: Option<config::Rate>| {
        wanted.map(|rate| Rate::new(rate.per_s, rate.burst.unwrap_or(rate.per_s)))
    };
    VisitorRules {
        connections: limits.connections_per_address,
        connects: rate(limits.connects),
        requests: rate(limits.requests),
    }
}

/// Connections in all: what is configured, but no more than the open-file limit
/// has room for beside the files that are served.
fn connections_max(config: &Config, workers: usize) -> usize {
    let open_files = process::raise_open_files();
    let spare = SPARE_FILES.min(open_files / 2) + 8 * workers;
    let fit = open_files.saturating_sub(spare).max(1);
    match config.limits.connections {
        0 => fit,
        wanted => wanted.min(fit),
    }
}
