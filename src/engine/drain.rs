//! Going away without cutting anybody off.

use super::worker::Worker;
use crate::base::key::Key;
use crate::base::limits::{
    DRAIN_ACCEPT_ROUNDS, DRAIN_LAST_MS, DRAIN_LOOK_MS, DRAIN_QUIET_MS, TICK_MS,
};
use crate::base::tick::{Millis, Time};
use crate::net::connection::Connection;

impl Worker {
    /// Whether a drain is over: nobody is left, nor the job of anybody who is
    /// gone, for with that the service hears of it; or its time is.
    pub(super) fn is_drained(&mut self) -> bool {
        match self.draining {
            None => self.begin_drain(),
            Some(_) => self.let_go(),
        }
        let is_done = self.slab.is_empty() && !self.lane.awaits_departed();
        is_done || self.drain_left() == Millis(0)
    }

    /// Closes the listening sockets; who waits in their queues is taken first,
    /// for closing one resets them. Connections stay: a request may be on its
    /// way to any of them, and its answer will say `Connection: close`.
    fn begin_drain(&mut self) {
        for _ in 0..DRAIN_ACCEPT_ROUNDS {
            for listener in &mut self.listeners {
                listener.ready = true;
            }
            self.accept();
            if self.listeners.iter().all(|listener| !listener.ready) {
                break;
            }
        }
        self.draining = Some(self.kit.now);
        for mut listener in self.listeners.drain(..) {
            // While another process holds it, a socket that was only dropped
            // would go on firing in this poll.
            let _ = self.poll.registry().deregister(listener.source());
        }
    }

    /// Once a tick: lets those go that have been at rest for a while. Near the
    /// end also those whose packages never stop, each between two of them; they
    /// are looked at more often, since most of the time one is under way.
    fn let_go(&mut self) {
        let now = self.kit.now;
        let is_last = self.drain_left() <= self.drain_last();
        let every = if is_last { DRAIN_LOOK_MS } else { TICK_MS };
        if now.since(self.let_go) < Millis(every) {
            return;
        }
        self.let_go = now;
        let goes = |connection: &Connection| {
            let busy_too = is_last && connection.speaks_packages();
            let quiet = if busy_too { 0 } else { DRAIN_QUIET_MS };
            connection.is_quiet(now, Millis(quiet))
        };
        let gone: Vec<Key> = self
            .slab
            .iter()
            .filter(|(_, connection)| goes(connection))
            .map(|(index, connection)| connection.key(index as u32))
            .collect();
        for key in gone {
            if let Some(connection) = self.connection(key) {
                let step = connection.leave(now);
                self.settle(key, step);
            }
        }
        self.close_list();
    }

    /// When a drain has something to look at without an event: as its last part
    /// begins, and again and again in that.
    pub(super) fn next_look(&self) -> Option<Time> {
        self.draining?;
        let (left, last) = (self.drain_left(), self.drain_last());
        let wait = left.0.saturating_sub(last.0).max(DRAIN_LOOK_MS);
        Some(self.kit.now + Millis(wait))
    }

    /// The last part of a drain, in which the busy are let go as well. Not all
    /// of a short one: who has only just been accepted has something on its way,
    /// and would find the next process going away as well.
    fn drain_last(&self) -> Millis {
        Millis(DRAIN_LAST_MS.min(self.fleet.drain.0 / 2))
    }

    /// How much of its time a drain has left.
    fn drain_left(&self) -> Millis {
        let since = self.draining.unwrap_or(self.kit.now);
        let spent = self.kit.now.since(since);
        Millis(self.fleet.drain.0.saturating_sub(spent.0))
    }
}
