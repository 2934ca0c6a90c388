//! What all threads of a server share.

use super::access::{Book, Scribe};
use super::clock::Clock;
use super::doorbell::Doorbell;
use super::gauges::Gauges;
use super::inbox::Inbox;
use super::job::Job;
use super::queue::JobQueue;
use super::room::Room;
use super::shuttle::Shuttle;
use super::tally::Tally;
use crate::base::buffer::Budget;
use crate::base::key::Key;
use crate::base::network::Network;
use crate::base::tick::Millis;
use crate::config::{Cache, Mode};
use crate::frame::Framing;
use crate::http::forwarded::is_trusted;
use crate::net::files::FileCache;
use crate::net::notes::Notes;
use crate::net::press::Press;
use crate::net::roots::Roots;
use crate::net::visitors::Visitors;
use crate::service::{Letter, Service};
use crate::session::Rules;
use crossbeam_queue::{ArrayQueue, SegQueue};
use mio::Waker;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// What a server has been told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Order {
    /// Serve.
    Serve = 0,
    /// Accept nothing more, finish what is under way, then go.
    Drain = 1,
    /// Go.
    Stop = 2,
}

/// How many threads the pool has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PoolSize {
    /// For requests that are answered at once.
    pub(super) quick: usize,
    /// For requests that may block.
    pub(super) slow: usize,
}

/// Where other threads leave things for one worker.
pub(super) struct Post {
    pub(super) bell: Doorbell<Waker>,
    /// Jobs that have come back: as many as the worker has credits, so that a
    /// push never fails.
    pub(super) completions: ArrayQueue<Box<Job>>,
    pub(super) inbox: Inbox<Letter>,
    /// Connections whose later answer is there: each at most once, for it
    /// waits for one answer at a time.
    pub(super) answered: SegQueue<Key>,
}

/// How requests are logged, and where their lines go.
pub(super) struct Access {
    pub(super) scribe: Scribe,
    pub(super) shuttle: Arc<Shuttle>,
}

/// What all threads of a server share. Nothing in it is locked on the request
/// path.
pub(super) struct Fleet {
    pub(super) service: Arc<dyn Service>,
    /// What packages are in that no connection asked for.
    pub(super) framing: &'static dyn Framing,
    /// The switch: it picks the sink, and nothing else.
    pub(super) mode: Mode,
    pub(super) pool: PoolSize,
    /// See [`Service::repeats_files`].
    pub(super) repeats: bool,
    /// See [`Service::attends`].
    pub(super) attends: bool,
    pub(super) rules: Rules,
    /// What the addresses of all clients take.
    pub(super) visitors: Visitors,
    pub(super) queue_len: usize,
    /// How many connections there may be.
    pub(super) room: Room,
    pub(super) drain: Millis,
    pub(super) cache: Cache,
    pub(super) roots: Arc<Roots>,
    /// Makes of files what takes a while.
    pub(super) press: Arc<Press>,
    /// Proxies whose word is taken for who their clients are.
    pub(super) trusted: Vec<Network>,
    /// Some listener is for proxies that say first where their client is.
    pub(super) proxied: bool,
    /// The log of the requests, if there is one.
    pub(super) access: Option<Access>,
    /// What the log was told of.
    pub(super) notes: Arc<Notes>,
    pub(super) budget: Arc<Budget>,
    pub(super) clock: Clock,
    pub(super) jobs: JobQueue<Box<Job>>,
    /// Jobs that may block: they have threads of their own, so that none that
    /// is quick waits behind them.
    pub(super) slow_jobs: JobQueue<Box<Job>>,
    pub(super) posts: Vec<Post>,
    pub(super) tallies: Vec<Tally>,
    /// Empty unless there is a status page: nobody would look.
    pub(super) gauges: Vec<Gauges>,
    /// When somebody last looked at them, in milliseconds; [`Time::NEVER`]:
    /// nobody has.
    pub(super) looked: AtomicU64,
    pub(super) order: AtomicU8,
    /// Some order but [`Order::Serve`] was given: what answers ask.
    pub(super) drains: AtomicBool,
}

impl Fleet {
    /// What the threads should do.
    pub(super) fn order(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            0 => Order::Serve,
            1 => Order::Drain,
            _ => Order::Stop,
        }
    }

    /// Tells all threads what to do; an order is never taken back.
    pub(super) fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::AcqRel);
        self.drains.store(true, Ordering::Relaxed);
        for post in &self.posts {
            post.bell.ring();
        }
    }

    /// The lines of one worker's requests, if they are logged.
    pub(super) fn book(&self, worker: usize) -> Option<Book> {
        let Access { scribe, shuttle } = self.access.as_ref()?;
        let notes = self.notes.clone();
        Some(Book::new(worker, *scribe, shuttle.clone(), notes))
    }

    /// The proxies to be trusted where a connection comes from `address`: none,
    /// unless it is one of them.
    #[inline]
    pub(super) fn trusted_at(&self, address: SocketAddr) -> &[Network] {
        if !self.trusted.is_empty() && is_trusted(address.ip(), &self.trusted) {
            &self.trusted
        } else {
            &[]
        }
    }

    /// A file cache for one thread.
    pub(super) fn file_cache(&self) -> FileCache {
        let (roots, notes) = (self.roots.clone(), self.notes.clone());
        let Cache { files, total_bytes } = self.cache;
        FileCache::new(roots, notes, self.press.clone(), files, total_bytes)
    }
}
