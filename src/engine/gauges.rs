//! What a loop tells of itself to those who look: gathered once a tick, and
//! only while somebody does.

use super::tally::bump;
use crate::base::limits::WHEEL_BUCKETS;
use crate::net::phase::Phase;
use crate::service::status::{LATENCY_BOUNDS_US, LATENCY_BUCKETS};
use std::array;
use std::sync::atomic::AtomicU64;

/// The numbers of one worker: written by its thread alone, read by any.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Gauges {
    pub(super) phases: [AtomicU64; Phase::ALL.len()],
    pub(super) wheel: [AtomicU64; WHEEL_BUCKETS],
    pub(super) hand: AtomicU64,
    pub(super) buffers: AtomicU64,
    pub(super) jobs: AtomicU64,
    pub(super) latency: [AtomicU64; LATENCY_BUCKETS],
    pub(super) latency_sum_us: AtomicU64,
}

impl Gauges {
    pub(super) fn new() -> Gauges {
        Gauges {
            phases: array::from_fn(|_| AtomicU64::new(0)),
            wheel: array::from_fn(|_| AtomicU64::new(0)),
            hand: AtomicU64::new(0),
            buffers: AtomicU64::new(0),
            jobs: AtomicU64::new(0),
            latency: array::from_fn(|_| AtomicU64::new(0)),
            latency_sum_us: AtomicU64::new(0),
        }
    }

    /// So many requests took so long.
    pub(super) fn took(&self, us: u64, requests: u64) {
        let bucket = LATENCY_BOUNDS_US.partition_point(|&bound| bound < us);
        bump(&self.latency[bucket], requests);
        bump(&self.latency_sum_us, us.saturating_mul(requests));
    }
}
