//! Answers that come later: a loop hears of them and writes them.

use super::fleet::Fleet;
use super::worker::{Kit, Worker};
use crate::base::key::{Key, Peer};
use crate::base::limits::ANSWERS_BUDGET;
use crate::net::connection::Step;
use crate::service::later::Desk;
use crate::session::{CloseReason, Means};
use std::sync::atomic::Ordering;

impl Desk for Fleet {
    fn answered(&self, peer: Peer) {
        if let Some(post) = self.posts.get(usize::from(peer.worker)) {
            post.answered.push(peer.key);
            post.bell.ring();
        }
    }
}

impl Worker {
    /// Writes the answers that have come for connections that wait for them.
    pub(super) fn take_answers(&mut self) {
        if self.post().answered.is_empty() {
            return;
        }
        let number = usize::from(self.id);
        for _ in 0..ANSWERS_BUDGET {
            let Some(key) = self.fleet.posts[number].answered.pop() else {
                break;
            };
            self.answer(key);
        }
    }

    /// The answer that a connection waits for is there, or its time is up:
    /// it is written, and the connection goes on behind it.
    pub(super) fn answer(&mut self, key: Key) {
        let draining = self.fleet.drains.load(Ordering::Relaxed);
        let Some(connection) = self.slab.get_mut(key.index as usize) else {
            return;
        };
        if connection.generation != key.generation {
            return;
        }
        let Kit {
            now,
            date,
            pool,
            memo,
            traffic,
            replies,
            access,
            ..
        } = &mut self.kit;
        let Some(pledge) = connection.take_answer(*now) else {
            return;
        };
        let mark = replies.mark();
        let last = pledge.redeem(draining, &date.text, replies);
        if let Some(book) = access {
            book.redeemed(key.index, &date.text, (replies, &mark));
        }
        let mut means = Means {
            now: *now,
            rules: &self.fleet.rules,
            pool,
            memo,
            traffic,
        };
        connection.renew(*now);
        let step = if !last && self.lane.is_parked(key.index) {
            // The rest of its job waits behind this answer.
            let step = connection.answer_in_part(replies, &mut means);
            step.or(Some(Step::Job))
        } else {
            if let Some(job) = self.lane.unpark(key.index) {
                self.lane.recycle(job, means.pool);
            }
            let end = last.then_some(CloseReason::Done);
            connection.complete(0, end, replies, &mut means)
        };
        match step {
            Some(step) => self.settle(key, step),
            None => self.serve(key),
        }
    }
}
