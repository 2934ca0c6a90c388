//! A connection's begin and end, as the service hears of them. Both run on the
//! loop's thread, in either mode.

use super::call;
use super::tally::Count;
use super::worker::{Kit, Worker};
use crate::base::key::{Key, Peer};
use crate::base::tick::Time;
use crate::frame::Framing;
use crate::net::connection::Step;
use crate::net::notes::Notes;
use crate::service::later::Tickets;
use crate::service::{Context, PathValues, Service, State};
use crate::session::{CloseReason, Means};
use std::net::SocketAddr;

/// A connection, apart from its socket.
pub(super) struct Party {
    pub(super) key: Key,
    pub(super) address: SocketAddr,
    pub(super) framing: &'static dyn Framing,
    pub(super) state: State,
}

impl Worker {
    /// Tells the service of a connection that was just accepted, and writes
    /// what it says to it.
    pub(super) fn greet(&mut self, key: Key) {
        if !self.fleet.attends {
            return;
        }
        let Some(connection) = self.connection(key) else {
            return;
        };
        let mut party = Party {
            key,
            address: connection.address(),
            framing: connection.framing(),
            state: State::default(),
        };
        let (fine, timer) = self.tell(&mut party, |service, context, notes| {
            call::connected(service, context, notes)
        });
        let Some(connection) = self.slab.get_mut(key.index as usize) else {
            return;
        };
        connection.state = party.state;
        if let Some(due) = timer {
            connection.set_timer(due);
        }
        if !self.kit.replies.is_empty() {
            let Kit {
                now,
                pool,
                memo,
                traffic,
                replies,
                ..
            } = &mut self.kit;
            let mut means = Means {
                now: *now,
                rules: &self.fleet.rules,
                pool,
                memo,
                traffic,
            };
            if let Some(Step::Close(reason)) = connection.greet(replies, &mut means) {
                self.lists.closing.push((key, reason));
            }
        }
        if !fine {
            self.lists.closing.push((key, CloseReason::Done));
        }
    }

    /// Tells the service of a connection that is gone.
    pub(super) fn part(&mut self, mut party: Party, reason: CloseReason) {
        if !self.fleet.attends {
            return;
        }
        self.tell(&mut party, |service, context, notes| {
            call::closed(service, reason, context, notes)
        });
        self.kit.replies.clear();
    }

    /// Calls the service for a connection that has sent nothing; what it sends
    /// to others is posted. Says whether all went well, and the timer it set.
    fn tell(
        &mut self,
        party: &mut Party,
        call: impl FnOnce(&dyn Service, &mut Context<'_>, &Notes) -> bool,
    ) -> (bool, Option<Time>) {
        let Kit {
            now,
            date,
            replies,
            files,
            ..
        } = &mut self.kit;
        let mark = replies.mark();
        let key = party.key;
        let mut context = Context {
            now: *now,
            date: &date.text,
            unix_s: date.unix_s,
            peer: Peer {
                worker: self.id,
                key,
            },
            address: party.address,
            framing: party.framing,
            tag: 0,
            draining: self.draining.is_some(),
            drains: &self.fleet.drains,
            timer: None,
            unhandled: 0,
            tickets: Tickets::new(&self.desk),
            path_values: PathValues::default(),
            files,
            state: &mut party.state,
            replies,
        };
        let fine = call(&*self.fleet.service, &mut context, &self.fleet.notes);
        let timer = context.timer;
        if !fine {
            replies.truncate(mark);
            self.tally().add(Count::Panics, 1);
        }
        if self.kit.replies.has_letters() {
            self.post_news(key);
        }
        (fine, timer)
    }
}
