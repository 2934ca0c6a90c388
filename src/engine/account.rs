//! A loop keeps account: bytes, the time that requests take, and what its
//! connections are at, for those who look.

use super::job::Job;
use super::stopwatch::Stopwatch;
use super::tally::Count;
use super::worker::Worker;
use crate::base::tick::{Millis, Time};
use crate::net::phase::Phase;
use std::sync::atomic::Ordering;

/// So long after the last look the loops stop gathering: those who look for a
/// machine do it once a minute or so, and see what is, and not what was then.
const LOOKED_AT: Millis = Millis::seconds(300);

impl Worker {
    /// A turn begins.
    pub(super) fn start_stopwatch(&mut self) {
        if self.is_timed() {
            self.stopwatch = Stopwatch {
                turn_us: self.fleet.clock.now_us(),
                come: self.come(),
                handed_over: 0,
            };
        }
    }

    /// A turn is over: its bytes and its time are counted.
    pub(super) fn account(&mut self) {
        let traffic = self.kit.traffic;
        self.tally().set(Count::ReadBytes, traffic.read_bytes);
        self.tally().set(Count::WrittenBytes, traffic.written_bytes);
        if !self.is_timed() {
            return;
        }
        let come = self.come() - self.stopwatch.come;
        let answered = come.saturating_sub(self.stopwatch.handed_over);
        if answered > 0 {
            let us = self.fleet.clock.now_us() - self.stopwatch.turn_us;
            self.fleet.gauges[usize::from(self.id)].took(us, answered);
        }
    }

    /// A job leaves for the pool.
    pub(super) fn time_job(&mut self, job: &mut Job) {
        if self.is_timed() && job.submitted_us == 0 {
            job.submitted_us = self.stopwatch.turn_us;
            self.stopwatch.handed_over += job.asked();
        }
    }

    /// A job is back for good.
    pub(super) fn took_job(&self, job: &Job) {
        if self.is_timed() && job.asked() > 0 {
            let us = self.stopwatch.turn_us.saturating_sub(job.submitted_us);
            self.fleet.gauges[usize::from(self.id)].took(us, job.asked());
        }
    }

    fn is_timed(&self) -> bool {
        !self.fleet.gauges.is_empty()
    }

    fn come(&self) -> u64 {
        self.tally().get(Count::Requests) + self.tally().get(Count::Packages)
    }

    /// Whether somebody has looked lately, or may yet, for the server is new.
    pub(super) fn is_looked_at(&self) -> bool {
        let looked = Time(self.fleet.looked.load(Ordering::Relaxed));
        self.is_timed() && self.kit.now.since(looked) <= LOOKED_AT
    }

    /// Once a tick, if somebody looks: what every connection is at, the buckets
    /// of the wheel, and what is lent out.
    pub(super) fn show(&self) {
        if !self.is_looked_at() {
            return;
        }
        let gauges = &self.fleet.gauges[usize::from(self.id)];
        let mut phases = [0; Phase::ALL.len()];
        for (_, connection) in &self.slab {
            phases[connection.phase() as usize] += 1;
        }
        for (shown, count) in gauges.phases.iter().zip(phases) {
            shown.store(count, Ordering::Relaxed);
        }
        for (shown, count) in gauges.wheel.iter().zip(self.wheel.bucket_lens()) {
            shown.store(count as u64, Ordering::Relaxed);
        }
        gauges.hand.store(self.wheel.hand().0, Ordering::Relaxed);
        let jobs = self.fleet.queue_len - self.lane.credits();
        gauges.jobs.store(jobs as u64, Ordering::Relaxed);
        let buffers = self.kit.pool.lent() as u64;
        gauges.buffers.store(buffers, Ordering::Relaxed);
    }
}
