//! Letters to other workers: what `engine/mail.rs` does.

use super::super::shared::Letter;
use super::{Breathe, Phase, Worker};
use std::sync::atomic::Ordering;

/// Letters taken in one turn.
const MAIL_BUDGET: usize = 3;

impl Worker {
    /// Mirrors `Worker::post_letters`.
    pub(super) fn post_letters(&mut self, key: usize, mail: &[usize], breathe: Breathe<'_>) {
        let shared = self.shared.clone();
        for &to in mail {
            let letter = Letter {
                from: self.id,
                to,
                number: self.sent[to],
            };
            self.sent[to] += 1;
            if to == self.id {
                self.local.push_back(letter);
            } else {
                breathe();
                let post = &shared.posts[to];
                self.outgoing.send(to, letter, &post.inbox, &post.bell);
            }
        }
        self.connections[key].mailed = self.outgoing.is_stuck();
    }

    /// The first half of `Worker::take_mail`, a letter at a time.
    pub(super) fn take_letter(&mut self, taken: usize, breathe: Breathe<'_>) -> Phase {
        let shared = self.shared.clone();
        let inbox = &shared.posts[self.id].inbox;
        if taken < MAIL_BUDGET
            && let Some(letter) = inbox.take()
        {
            self.deliver(&letter);
            return Phase::Mail { taken: taken + 1 };
        }
        if taken > 0 {
            for sender in inbox.waiting_senders() {
                shared.calls[sender].fetch_add(1, Ordering::SeqCst);
                breathe();
                shared.posts[sender].bell.ring();
                breathe();
            }
        }
        Phase::Retry { to: 0 }
    }

    /// The second half, a receiver at a time.
    pub(super) fn retry(&mut self, to: usize) -> Phase {
        match self.shared.posts.get(to) {
            Some(post) if self.outgoing.is_stuck() => {
                self.outgoing.retry(to, &post.inbox, &post.bell);
                Phase::Retry { to: to + 1 }
            }
            _ => Phase::Resume,
        }
    }

    pub(super) fn deliver(&mut self, letter: &Letter) {
        let Letter { from, to, number } = *letter;
        assert_eq!(to, self.id, "a letter went astray");
        let expected = std::mem::replace(&mut self.received[from], number + 1);
        assert_eq!(number, expected, "letters from {from} to {to} out of order");
        self.shared.left.fetch_sub(1, Ordering::SeqCst);
    }
}
