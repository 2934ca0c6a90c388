//! Packages for other connections, of this worker and of others.

use super::tally::Count;
use super::worker::Worker;
use crate::base::key::Key;
use crate::base::limits::{MAIL_BUDGET, NEWS_STUCK_MAX};
use crate::net::connection::List;
use crate::service::{Copies, Letter};

impl Worker {
    /// Sends what a connection's handlers have written to others.
    pub(super) fn post_letters(&mut self, from: Key) {
        self.post_up_to(from, usize::MAX);
    }

    /// The same of a connection that has only come or is gone already. To hold it
    /// up would not hold up the next one, and the next: where too much is stuck,
    /// its letters are dropped and counted.
    pub(super) fn post_news(&mut self, of: Key) {
        self.post_up_to(of, NEWS_STUCK_MAX);
    }

    fn post_up_to(&mut self, from: Key, stuck_max: usize) {
        let fleet = self.fleet.clone();
        for letter in self.kit.replies.take_letters() {
            let to = usize::from(letter.worker);
            if letter.worker == self.id {
                self.lists.letters.push_back(letter);
            } else if self.outgoing.stuck(to) >= stuck_max {
                let lost = letter.to.keys().len() as u64;
                fleet.tallies[usize::from(self.id)].add(Count::LettersLost, lost);
            } else if let Some(post) = fleet.posts.get(to) {
                self.outgoing.send(to, letter, &post.inbox, &post.bell);
            }
        }
        let stuck = self.outgoing.is_stuck();
        if let Some(connection) = self.connection(from) {
            connection.mailed = stuck;
        }
    }

    /// Takes what others have sent, and tries again what is stuck here.
    pub(super) fn take_mail(&mut self) {
        if self.post().inbox.is_empty() && !self.outgoing.is_stuck() {
            return;
        }
        let fleet = self.fleet.clone();
        let post = &fleet.posts[usize::from(self.id)];
        let mut taken = 0;
        while taken < MAIL_BUDGET
            && let Some(letter) = post.inbox.take()
        {
            self.deliver(&letter);
            taken += 1;
        }
        if taken > 0 {
            for sender in post.inbox.waiting_senders() {
                fleet.posts[sender].bell.ring();
            }
        }
        if self.outgoing.is_stuck() {
            for (to, post) in fleet.posts.iter().enumerate() {
                self.outgoing.retry(to, &post.inbox, &post.bell);
            }
        }
    }

    /// Delivers what was written to connections of this very worker.
    pub(super) fn deliver_local(&mut self) {
        for _ in 0..self.lists.letters.len() {
            if let Some(letter) = self.lists.letters.pop_front() {
                self.deliver(&letter);
            }
        }
    }

    /// Queues a package for its recipients; they write it in their next turn,
    /// several at once if several have come.
    fn deliver(&mut self, letter: &Letter) {
        let mut copies = Copies::of(letter);
        for &key in letter.to.keys() {
            let Some(connection) = self.slab.get_mut(key.index as usize) else {
                self.tally().add(Count::LettersLost, 1);
                continue;
            };
            if connection.generation != key.generation {
                self.tally().add(Count::LettersLost, 1);
                continue;
            }
            let Some(package) = copies.in_framing(connection.framing()) else {
                self.tally().add(Count::LettersLost, 1);
                continue;
            };
            let mut means = self.kit.means(&self.fleet.rules);
            match connection.post(package, &mut means) {
                Ok(true) => {
                    self.tally().add(Count::Letters, 1);
                    self.enlist(key, List::Run);
                }
                Ok(false) => self.tally().add(Count::LettersLost, 1),
                Err(reason) => self.lists.closing.push((key, reason)),
            }
        }
    }
}
