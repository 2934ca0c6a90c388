//! The server as its status page sees it.

use super::fleet::{Fleet, Order, Post};
use super::gauges::Gauges;
use super::tally::{Count, Tally};
use crate::base::limits::LOOP_STUCK_MS;
use crate::base::tick::{Millis, Time};
use crate::net::phase::Phase;
use crate::service::status::{Counted, LoopSnapshot, Snapshot, Watch};
use crate::session::CloseReason;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// Looks at the fleet whose service the page is part of: known once it is
/// there, and no reason for it to stay.
#[derive(Clone, Default)]
pub(super) struct FleetWatch(Arc<Looked>);

#[derive(Default)]
struct Looked {
    fleet: OnceLock<Weak<Fleet>>,
    /// Each loop as it was when somebody last asked whether it turns.
    loops: Mutex<Vec<Seen>>,
}

/// A loop, since it was last seen to have turned, or asleep.
#[derive(Clone, Copy, Default)]
struct Seen {
    turns: u64,
    since: Time,
}

impl Seen {
    /// Whether it is awake and has not come round for too long.
    fn is_stuck(&mut self, turns: u64, asleep: bool, now: Time) -> bool {
        if asleep || turns != self.turns {
            *self = Seen { turns, since: now };
        }
        now.since(self.since) > Millis(LOOP_STUCK_MS)
    }
}

impl FleetWatch {
    /// The fleet is there.
    pub(super) fn look_at(&self, fleet: &Arc<Fleet>) {
        let _ = self.0.fleet.set(Arc::downgrade(fleet));
    }

    fn fleet(&self) -> Option<Arc<Fleet>> {
        self.0.fleet.get().and_then(Weak::upgrade)
    }
}

impl Watch for FleetWatch {
    fn snapshot(&self) -> Snapshot {
        let Some(fleet) = self.fleet() else {
            return Snapshot::default();
        };
        let now = fleet.clock.now();
        fleet.looked.store(now.0, Ordering::Relaxed);
        // One that sleeps gathers its numbers as well.
        for post in &fleet.posts {
            post.bell.ring();
        }
        let loops = fleet.tallies.iter().zip(&fleet.gauges);
        Snapshot {
            version: env!("CARGO_PKG_VERSION"),
            mode: fleet.mode.to_string(),
            up_s: now.tick().0,
            draining: fleet.order() != Order::Serve,
            pool_threads: fleet.pool.quick + fleet.pool.slow,
            queue: fleet.jobs.waiting() + fleet.slow_jobs.waiting(),
            buffer_bytes: fleet.budget.used_bytes(),
            buffer_bytes_max: fleet.budget.limit_bytes(),
            connections_max: fleet.room.most(),
            loops: loops
                .map(|(tally, gauges)| of_loop(tally, gauges))
                .collect(),
        }
    }

    fn is_healthy(&self) -> bool {
        let Some(fleet) = self.fleet() else {
            return false;
        };
        let now = fleet.clock.now();
        let mut seen = self.0.loops.lock().unwrap_or_else(PoisonError::into_inner);
        seen.resize(fleet.posts.len(), Seen::default());
        let loops = fleet.posts.iter().zip(&fleet.tallies).zip(&mut *seen);
        let is_stuck = |((post, tally), seen): ((&Post, &Tally), &mut Seen)| {
            seen.is_stuck(tally.get(Count::Turns), post.bell.is_asleep(), now)
        };
        // Each is looked at, for the next time.
        loops.map(is_stuck).filter(|stuck| *stuck).count() == 0
    }

    fn is_ready(&self) -> bool {
        self.fleet()
            .is_some_and(|fleet| fleet.order() == Order::Serve)
    }
}

fn of_loop(tally: &Tally, gauges: &Gauges) -> LoopSnapshot {
    let numbers = |all: &[AtomicU64]| -> Vec<u64> {
        all.iter().map(|one| one.load(Ordering::Relaxed)).collect()
    };
    let phase = |phase: Phase| Counted {
        name: phase.name(),
        count: gauges.phases[phase as usize].load(Ordering::Relaxed),
    };
    let count = |count: Count| Counted {
        name: count.name(),
        count: tally.get(count),
    };
    let closed = |reason: CloseReason| Counted {
        name: reason.name(),
        count: tally.closed(reason),
    };
    LoopSnapshot {
        live: tally.live(),
        phases: Phase::ALL.into_iter().map(phase).collect(),
        wheel: numbers(&gauges.wheel),
        hand: gauges.hand.load(Ordering::Relaxed),
        jobs: gauges.jobs.load(Ordering::Relaxed),
        buffers: gauges.buffers.load(Ordering::Relaxed),
        counts: Count::ALL.into_iter().map(count).collect(),
        closed: CloseReason::ALL.into_iter().map(closed).collect(),
        latency: numbers(&gauges.latency),
        latency_sum_us: gauges.latency_sum_us.load(Ordering::Relaxed),
    }
}
