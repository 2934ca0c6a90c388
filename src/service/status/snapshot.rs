//! How a server is doing, as numbers.

use serde::Serialize;

/// Upper bounds of the buckets that times are counted in, in microseconds:
/// each twice the one before. What is above the last is in one more bucket.
pub const LATENCY_BOUNDS_US: [u64; 23] = {
    let mut bounds = [0; 23];
    let mut number = 0;
    while number < bounds.len() {
        bounds[number] = 1 << (number + 2); // 4 µs to 16.8 s
        number += 1;
    }
    bounds
};
/// Buckets of times.
pub const LATENCY_BUCKETS: usize = LATENCY_BOUNDS_US.len() + 1;

/// A number that only rises, under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// In lower case, words joined by underscores.
    pub name: &'static str,
    /// Since the start.
    pub count: u64,
}

/// How a server is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// Of the program.
    pub version: &'static str,
    /// `reactor` or `proactor`.
    pub mode: String,
    /// Seconds since the start.
    pub up_s: u64,
    /// It accepts no more connections, and will be gone.
    pub draining: bool,
    /// Threads that run handlers beside the loops.
    pub pool_threads: usize,
    /// Jobs that wait for one of them.
    pub queue: usize,
    /// Bytes of buffers, in use or kept for the next use, and the most there may
    /// be.
    pub buffer_bytes: usize,
    /// See `buffer_bytes`.
    pub buffer_bytes_max: usize,
    /// Connections there is room for.
    pub connections_max: usize,
    /// The event loops.
    pub loops: Vec<LoopSnapshot>,
}

/// How one event loop is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoopSnapshot {
    /// Connections that are open.
    pub live: u64,
    /// Open connections by what they are at.
    pub phases: Vec<Counted>,
    /// Connections in each bucket of the wheel.
    pub wheel: Vec<u64>,
    /// Ticks that the wheel's hand has passed: the next bucket is this modulo
    /// their number.
    pub hand: u64,
    /// Jobs that are with the pool, or on their way to it or back.
    pub jobs: u64,
    /// Buffers that connections and jobs have; at rest they have none.
    pub buffers: u64,
    /// What has happened, by kind.
    pub counts: Vec<Counted>,
    /// Connections that have ended, by reason.
    pub closed: Vec<Counted>,
    /// Requests by the time they took, from the turn of the loop that read
    /// them to the end of the one that answered them: one number for each of
    /// [`LATENCY_BOUNDS_US`], and one for those above.
    pub latency: Vec<u64>,
    /// The sum of those times in microseconds.
    pub latency_sum_us: u64,
}

/// Where a snapshot comes from.
pub trait Watch: Send + Sync + 'static {
    /// How the server is doing now. Numbers that a loop itself has to gather
    /// may be a second or two old.
    fn snapshot(&self) -> Snapshot;

    /// Whether every loop turns, or sleeps: none is held up by a handler.
    fn is_healthy(&self) -> bool;

    /// Whether new connections are accepted.
    fn is_ready(&self) -> bool;
}
