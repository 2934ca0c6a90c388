//! The checked configuration: every value in it may be used as it is.

mod site;

pub use site::{AuthRule, CacheRule, Cors, HeaderRule, Redirect, Rewrite, Site};

use crate::base::limits::SOCKET_MODE_DEFAULT;
use crate::base::network::Network;
use crate::base::tick::Millis;
use crate::config::{AccessFormat, Address, FRAMINGS, Mode, Protocol};
use log::LevelFilter;
use std::net::SocketAddr;
use std::path::PathBuf;

/// All that a user may decide: the checked outcome of
/// [`parse`](crate::config::parse) and [`overridden`](Config::overridden). A
/// program that makes one by hand begins with the default, and sees to the
/// ranges that [`parse`](crate::config::parse) would hold it to.
///
/// ```
/// use pelton::Config;
/// use pelton::base::tick::Millis;
/// use pelton::config::{Listen, Mode, Protocol};
///
/// let mut config = Config {
///     mode: Mode::Proactor,
///     listen: vec![Listen::new("127.0.0.1:0".parse()?, Protocol::Auto)],
///     sites: Vec::new(),
///     ..Config::default()
/// };
/// config.timeouts.http_idle = Some(Millis::seconds(60));
/// config.limits.body_bytes = 64 * 1024;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where services are called: on the loops or on pool threads.
    pub mode: Mode,
    /// Event loops; 0 = one per CPU.
    pub workers: usize,
    /// Addresses to listen on: at least one, each once (port 0 may repeat).
    pub listen: Vec<Listen>,
    /// Proxies whose X-Forwarded-For is taken for true: behind one of them a
    /// client has the address that stands there.
    pub trusted_proxies: Vec<Network>,
    /// Static sites, at most one of them for all other hosts; none = no files
    /// are served.
    pub sites: Vec<Site>,
    /// How long a peer may take.
    pub timeouts: Timeouts,
    /// Files kept in memory.
    pub cache: Cache,
    /// The pool of threads, used in proactor mode, and in either for what may
    /// block.
    pub proactor: Proactor,
    /// What one peer, and all of them, may take.
    pub limits: Limits,
    /// Names and passwords.
    pub accounts: Accounts,
    /// How long a drain may take before what is left is cut; 0 = cut at once.
    pub drain: Millis,
    /// How the server tells how it is doing.
    pub status: Status,
    /// The master process: the program has one, a `Server` does not.
    pub master: Master,
    /// The server's own log.
    pub log: Log,
}

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where.
    pub addr: Address,
    /// The permissions of the file of a unix socket; of no matter elsewhere.
    pub mode: u32,
    /// What is spoken there.
    pub protocol: Protocol,
    /// How packages stand in the stream: the name of a framing, "head8",
    /// "head16" or one that was added to the server. Always "head8" unless the
    /// protocol is [`Protocol::Frame`].
    pub framing: &'static str,
    /// A proxy says ahead of everything else where the client is, by the PROXY
    /// protocol, version 1 or 2; whoever does not is let go.
    pub proxy_protocol: bool,
    /// Take a connection only when its first bytes are there; never true
    /// unless the protocol is HTTP, nor for a unix socket.
    pub defer_accept: bool,
}

impl Listen {
    /// `addr`, with what is usual for `protocol`.
    #[must_use]
    pub fn new(addr: SocketAddr, protocol: Protocol) -> Listen {
        Listen {
            addr: Address::Ip(addr),
            mode: SOCKET_MODE_DEFAULT,
            protocol,
            framing: FRAMINGS[0],
            proxy_protocol: false,
            defer_accept: protocol == Protocol::Http,
        }
    }

    /// The same for a unix socket: the path of its file, or `@` and a name.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>, protocol: Protocol) -> Listen {
        Listen {
            addr: Address::Unix(path.into()),
            mode: SOCKET_MODE_DEFAULT,
            protocol,
            framing: FRAMINGS[0],
            proxy_protocol: false,
            defer_accept: false,
        }
    }
}

/// How long a peer may take; `None` = for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Between two requests.
    pub http_idle: Option<Millis>,
    /// From the first byte of a head to its last.
    pub http_head: Option<Millis>,
    /// A body or an answer must move on within this.
    pub progress: Option<Millis>,
    /// A frame client without a package for this long is dropped:
    /// three heartbeats and ten seconds of grace.
    pub frame_silence: Option<Millis>,
    /// How often a frame client is expected to send a heartbeat.
    pub frame_heartbeat: Option<Millis>,
}

/// Files that each worker keeps in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Number of files; 0 = no cache.
    pub files: usize,
    /// Bytes of all of them together.
    pub total_bytes: usize,
}

/// The pool of threads that calls services in proactor mode, and in either mode
/// for requests that may block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proactor {
    /// Threads of the process; 0 = two per CPU.
    pub threads: usize,
    /// Jobs under way per worker; at least 1.
    pub queue_len: usize,
}

/// What one peer, and all of them, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of the process; 0 = what the open-file limit allows.
    pub connections: usize,
    /// Connections of one address; `None` = as many as it likes. An IPv6
    /// network of 64 bits is one address here.
    pub connections_per_address: Option<u64>,
    /// New connections of one address.
    pub connects: Option<Rate>,
    /// HTTP requests of one address.
    pub requests: Option<Rate>,
    /// Bytes a second that the answers of one connection may take.
    pub bandwidth: Option<u64>,
    /// More packages than this of one connection within `flood_window` close it.
    pub flood_packets: Option<u32>,
    /// In what time packages are counted.
    pub flood_window: Millis,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of a package, head included.
    pub package_bytes: usize,
    /// Packages that may wait for one peer that does not read.
    pub queued_packages: usize,
    /// Bytes of the buffers of all workers; one whole request fits.
    pub buffer_bytes: usize,
}

/// So many in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run; at least 1.
    pub per_s: u64,
    /// At once, after a rest; `None` = as many as in a second.
    pub burst: Option<u64>,
}

/// How the server tells how it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Begins and ends with a slash; `None` = nowhere.
    pub path: Option<String>,
    /// Clients of other machines may look as well.
    pub public: bool,
}

/// Names and passwords: where they are kept, and what trying them costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// The store; `None` = accounts are off.
    pub file: Option<PathBuf>,
    /// Tries per minute, for each name and for each address; 0 = any number.
    pub tries_per_minute: usize,
    /// Memory that hashing a password takes, in KiB; at least 8 for each lane.
    pub hash_kib: usize,
    /// Passes over that memory; at least 1.
    pub hash_passes: usize,
    /// Lanes that the memory is split into; at least 1.
    pub hash_lanes: usize,
    /// Days that a login lasts; at least 1.
    pub session_days: usize,
}

/// The master process, which watches over the one that serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Master {
    /// There is one.
    pub enable: bool,
    /// The file with its number; `None` = none is written.
    pub pid_file: Option<PathBuf>,
    /// It leaves the terminal that it was started from.
    pub daemon: bool,
    /// The user that the serving process becomes; `None` = it stays who it is.
    pub user: Option<String>,
    /// That user's group; `None` = its own.
    pub group: Option<String>,
}

/// The server's own log, and that of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important messages that are still written.
    pub level: LevelFilter,
    /// Where to; `None` = standard error.
    pub file: Option<PathBuf>,
    /// Bytes at which the file is rolled over; `None` = it grows.
    pub rotate_bytes: Option<u64>,
    /// Old files that are kept; at least 1.
    pub keep: usize,
    /// Where to a line goes for each HTTP request; `None` = nowhere. Rolled
    /// over like `file`.
    pub access: Option<PathBuf>,
    /// How such a line is written.
    pub access_format: AccessFormat,
}
