//! Jobs leave for the pool, and come home.

use super::fleet::Fleet;
use super::job::Job;
use super::lifetime::Party;
use super::tally::Count;
use super::worker::Worker;
use crate::base::key::{Key, Peer};
use crate::base::tick::Time;
use crate::net::connection::{List, Step};

impl Worker {
    /// Takes the jobs that have come back from the pool. What comes back meanwhile
    /// waits for the next turn: its connection may have the next job ready, and a
    /// pool that keeps pace would keep the loop here for ever.
    pub(super) fn take_completions(&mut self) {
        // Asked first: to look is cheap, to try to take is not.
        let waiting = self.post().completions.len();
        if waiting == 0 {
            return;
        }
        let fleet = self.fleet.clone();
        for _ in 0..waiting {
            let Some(job) = fleet.posts[usize::from(self.id)].completions.pop() else {
                break;
            };
            self.lane.earn(job.slow);
            self.complete(&fleet, job);
        }
    }

    fn complete(&mut self, fleet: &Fleet, mut job: Box<Job>) {
        let Peer { key, .. } = job.peer;
        self.count(&mut job);
        if !job.is_unfinished() {
            self.took_job(&job);
        }
        if let Some(book) = &mut self.kit.access {
            book.take(&mut job.lines);
        }
        let kept = job.kept.take();
        let lane = &mut self.lane;
        // What its handlers wrote to others goes out even if it is gone.
        for letter in job.replies.take_letters() {
            self.kit.replies.letter(letter);
        }
        let connection = self.slab.get_mut(key.index as usize);
        let Some(connection) = connection.filter(|owner| owner.generation == key.generation) else {
            // The connection is gone, and perhaps its slot has another owner,
            // who gets nothing of this.
            let reason = lane.departed(key);
            if let (Some(book), Some(kept)) = (&mut self.kit.access, kept) {
                book.given_up(&kept, &self.kit.date.text);
            }
            let party = Party {
                key,
                address: job.address,
                framing: job.framing,
                state: std::mem::take(&mut job.state),
            };
            lane.recycle(job, &mut self.kit.pool);
            self.post_news(key);
            return self.part(party, reason);
        };
        connection.state = std::mem::take(&mut job.state);
        if let (Some(book), Some(kept)) = (&mut self.kit.access, kept) {
            book.keep(key.index, kept);
        }
        let mut means = self.kit.means(&fleet.rules);
        let unfinished = job.is_unfinished();
        let outcome = job.outcome;
        if let Some(due) = job.outcome.timer.take() {
            connection.set_timer(due);
        }
        let pledge = job.pledge.take();
        let waits = pledge.is_some();
        if let Some(pledge) = pledge {
            connection.await_answer(*pledge);
        }
        let step = if unfinished || waits {
            let step = connection.answer_in_part(&mut job.replies, &mut means);
            step.or_else(|| Some(connection.under_way()))
        } else {
            if job.is_asked() {
                connection.renew(means.now);
            }
            connection.complete(outcome.strikes, outcome.end, &mut job.replies, &mut means)
        };
        match step {
            Some(Step::Close(reason)) => {
                lane.recycle(job, &mut self.kit.pool);
                self.lists.closing.push((key, reason));
            }
            step if unfinished => {
                lane.park(key.index, job);
                self.settle(key, step.unwrap_or(Step::Job));
            }
            step => {
                lane.recycle(job, &mut self.kit.pool);
                match step {
                    Some(step) => self.settle(key, step),
                    None => self.serve(key),
                }
            }
        }
        if self.kit.replies.has_letters() {
            self.post_letters(key);
        }
    }

    fn count(&self, job: &mut Job) {
        let tally = self.tally();
        let outcome = &mut job.outcome;
        tally.add(
            Count::BadPackages,
            u64::from(std::mem::take(&mut outcome.bad)),
        );
        tally.add(
            Count::Unhandled,
            u64::from(std::mem::take(&mut outcome.unhandled)),
        );
        tally.add(
            Count::Panics,
            u64::from(std::mem::take(&mut outcome.panics)),
        );
    }

    /// Sends a job to the pool.
    pub(super) fn submit(&mut self, key: Key, job: Option<Box<Job>>) {
        let Some(mut job) = job else {
            return;
        };
        if let Some(connection) = self.slab.get_mut(key.index as usize) {
            job.state = std::mem::take(&mut connection.state);
        }
        if job.came == Time::NEVER {
            job.came = self.kit.now;
        }
        self.time_job(&mut job); // it is under way from here, credit or not
        if !self.lane.spend(job.slow) {
            return self.park(key, job);
        }
        let fleet = &self.fleet;
        let queue = if job.slow {
            &fleet.slow_jobs
        } else {
            &fleet.jobs
        };
        if let Err(job) = queue.push(job) {
            debug_assert!(false, "there are no more jobs than credits");
            self.lane.earn(job.slow);
            self.park(key, job);
        }
    }

    /// The job waits for a credit with its connection.
    fn park(&mut self, key: Key, mut job: Box<Job>) {
        if let Some(connection) = self.slab.get_mut(key.index as usize) {
            connection.state = std::mem::take(&mut job.state);
        }
        self.lane.park(key.index, job);
        self.enlist(key, List::Credit);
    }

    /// The connection has taken the answers so far: its job, if it has more
    /// to do, goes on.
    pub(super) fn submit_parked(&mut self, key: Key) {
        if !self.lane.is_parked(key.index) {
            return;
        }
        if self.lane.has_credit() {
            let job = self.lane.unpark(key.index);
            self.submit(key, job);
        } else {
            self.enlist(key, List::Credit);
        }
    }
}
