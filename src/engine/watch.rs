//! The server as its status page sees it.

use super::fleet::{Fleet, Order};
use super::gauges::Gauges;
use super::tally::{Count, Tally};
use crate::net::phase::Phase;
use crate::service::status::{Counted, LoopSnapshot, Snapshot, Watch};
use crate::session::CloseReason;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

/// Looks at the fleet whose service the page is part of: known once it is
/// there, and no reason for it to stay.
#[derive(Clone, Default)]
pub(super) struct FleetWatch(Arc<OnceLock<Weak<Fleet>>>);

impl FleetWatch {
    /// The fleet is there.
    pub(super) fn look_at(&self, fleet: &Arc<Fleet>) {
        let _ = self.0.set(Arc::downgrade(fleet));
    }

    fn fleet(&self) -> Option<Arc<Fleet>> {
        self.0.get().and_then(Weak::upgrade)
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
            connections_max: fleet.connections_max * fleet.tallies.len(),
            loops: loops
                .map(|(tally, gauges)| of_loop(tally, gauges))
                .collect(),
        }
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
