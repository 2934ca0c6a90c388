//! What is counted, per worker, without a lock or a shared cache line.

use crate::session::{CloseReason, Own, Request};
use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

/// Things that are counted, beside the reasons for which connections end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Count {
    /// Connections accepted.
    Accepted,
    /// HTTP requests handed to the service.
    Requests,
    /// Packages handed to the service, and heartbeats.
    Packages,
    /// HTTP requests refused by the protocol itself.
    Refused,
    /// HTTP requests answered 429, for their address asks for too much.
    Limited,
    /// Connections not taken, for their address has too many, or too many new
    /// ones. They are not counted as accepted, unless a proxy has told their
    /// address.
    TurnedAway,
    /// Packages dropped because they were bad.
    BadPackages,
    /// Packages dropped because no handler is for their code.
    Unhandled,
    /// Packages to other peers, delivered.
    Letters,
    /// Packages to peers that are gone or do not take packages.
    LettersLost,
    /// Times that a handler panicked.
    Panics,
    /// Times that accepting stopped for want of file descriptors or because
    /// the connection limit was reached.
    AcceptPauses,
    /// Bytes received.
    ReadBytes,
    /// Bytes sent.
    WrittenBytes,
    /// Turns of the loop.
    Turns,
}

impl Count {
    /// Everything that is counted, in the order of the counters.
    pub const ALL: [Count; COUNTS] = [
        Count::Accepted,
        Count::Requests,
        Count::Packages,
        Count::Refused,
        Count::Limited,
        Count::TurnedAway,
        Count::BadPackages,
        Count::Unhandled,
        Count::Letters,
        Count::LettersLost,
        Count::Panics,
        Count::AcceptPauses,
        Count::ReadBytes,
        Count::WrittenBytes,
        Count::Turns,
    ];

    /// Its name for scrapers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Count::Accepted => "accepted",
            Count::Requests => "requests",
            Count::Packages => "packages",
            Count::Refused => "refused",
            Count::Limited => "limited",
            Count::TurnedAway => "turned_away",
            Count::BadPackages => "bad_packages",
            Count::Unhandled => "unhandled_packages",
            Count::Letters => "letters",
            Count::LettersLost => "letters_lost",
            Count::Panics => "panics",
            Count::AcceptPauses => "accept_pauses",
            Count::ReadBytes => "read_bytes",
            Count::WrittenBytes => "written_bytes",
            Count::Turns => "turns",
        }
    }
}

const COUNTS: usize = 15;

/// The counters of one worker: written by its thread alone, read by any, from
/// [`Handle::tallies`](super::Handle::tallies). They only rise.
/// Aligned so that no two workers share a cache line.
#[derive(Debug)]
#[repr(align(128))]
pub struct Tally {
    counts: [AtomicU64; COUNTS],
    closed: [AtomicU64; CloseReason::ALL.len()],
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            closed: array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// How often this happened.
    #[must_use]
    pub fn get(&self, count: Count) -> u64 {
        self.counts[count as usize].load(Ordering::Relaxed)
    }

    /// How many connections ended for this reason.
    #[must_use]
    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.closed[reason as usize].load(Ordering::Relaxed)
    }

    /// Connections that are open.
    #[must_use]
    pub fn live(&self) -> u64 {
        let closed: u64 = CloseReason::ALL
            .into_iter()
            .map(|reason| self.closed(reason))
            .sum();
        self.get(Count::Accepted).saturating_sub(closed)
    }

    pub(super) fn add(&self, count: Count, more: u64) {
        bump(&self.counts[count as usize], more);
    }

    pub(super) fn set(&self, count: Count, sum: u64) {
        self.counts[count as usize].store(sum, Ordering::Relaxed);
    }

    pub(super) fn close(&self, reason: CloseReason) {
        bump(&self.closed[reason as usize], 1);
    }

    pub(super) fn count_request(&self, request: &Request<'_>) {
        self.add(
            match request {
                Request::Http(_) => Count::Requests,
                Request::Package(_) => Count::Packages,
            },
            1,
        );
    }

    pub(super) fn count_own(&self, answer: Own) {
        match answer {
            Own::Refuse { .. } => self.add(Count::Refused, 1),
            Own::Limited { .. } => self.add(Count::Limited, 1),
            Own::Heartbeat { .. } => self.add(Count::Packages, 1),
            Own::Continue => {}
        }
    }
}

/// One writer: a plain load and store, without the bus lock of an atomic add.
pub(super) fn bump(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
}
