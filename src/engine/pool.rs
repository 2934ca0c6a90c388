//! The threads that run handlers in proactor mode, and those that may block in
//! either.

use super::clock::Date;
use super::fleet::Fleet;
use super::job::{Bench, Job};
pub use super::queue::{JobQueue, Next};
use crate::base::limits::FILE_UNUSED_MS;
use crate::service::later::Desk;
use std::sync::Arc;
use std::time::Duration;

/// What one thread of the pool does until it is sent home.
pub(super) fn work(fleet: &Arc<Fleet>, slow: bool) {
    let jobs = if slow { &fleet.slow_jobs } else { &fleet.jobs };
    let desk: Arc<dyn Desk> = fleet.clone();
    let bench = Bench {
        service: &*fleet.service,
        drains: &fleet.drains,
        desk: &desk,
        clock: &fleet.clock,
        notes: &fleet.notes,
        trusted: &fleet.trusted,
        scribe: fleet.access.as_ref().map(|access| access.scribe),
    };
    let mut files = fleet.file_cache();
    let mut date = Date::new(fleet.clock.now());
    loop {
        match jobs.next(Duration::from_millis(FILE_UNUSED_MS)) {
            Next::Job(mut job) => {
                let now = fleet.clock.now();
                date.refresh(now);
                files.tick(now);
                job.run(&bench, &mut files, &date);
                complete(fleet, job);
            }
            Next::Quiet => files.tick(fleet.clock.now()),
            Next::Closed => return,
        }
    }
}

/// Sends a job home to its worker.
fn complete(fleet: &Fleet, job: Box<Job>) {
    let post = &fleet.posts[usize::from(job.peer.worker)];
    let pushed = post.completions.push(job);
    debug_assert!(
        pushed.is_ok(),
        "a worker has no more jobs under way than this holds"
    );
    post.bell.ring();
}
