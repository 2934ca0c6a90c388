//! Taking new connections, within a budget and within the limits.

use super::tally::Count;
use super::worker::Worker;
use crate::base::key::Key;
use crate::base::limits::ACCEPT_BUDGET;
use crate::net::connection::Connection;
use crate::net::listener;
use crate::net::notes::Trouble;
use rustix::io::Errno;
use std::io;

/// How accepting from one listener went on.
enum Accepted {
    /// One more connection is there.
    One(Key, bool),
    /// Nobody waits any more.
    Drained,
    /// There is no room: a close or the tick will make some. What the system
    /// says, if it was not asked in vain.
    NoRoom(Option<io::Error>),
    /// This one failed; the next may not.
    Failed,
}

impl Worker {
    /// Accepts from every listener that has, or may have, somebody waiting.
    pub(super) fn accept(&mut self) {
        if self.draining.is_some() || self.accept_paused {
            return;
        }
        for number in 0..self.listeners.len() {
            for _ in 0..ACCEPT_BUDGET {
                if !self.listeners[number].ready {
                    break;
                }
                match self.accept_one(number) {
                    // Its first bytes are there: read at once. Answered whole,
                    // it is never registered, and closed while the system
                    // still has it at hand.
                    Accepted::One(key, true) => {
                        self.serve(key);
                        self.close_list();
                    }
                    Accepted::One(key, false) => self.settle_new(key),
                    Accepted::Drained => break,
                    Accepted::Failed => {}
                    Accepted::NoRoom(error) => return self.pause_accepting(error),
                }
            }
        }
    }

    fn accept_one(&mut self, number: usize) -> Accepted {
        if !self.fleet.room.take() {
            return Accepted::NoRoom(None);
        }
        let accepted = self.accept_into_room(number);
        if !matches!(accepted, Accepted::One(..)) {
            self.fleet.room.give();
        }
        accepted
    }

    fn accept_into_room(&mut self, number: usize) -> Accepted {
        let listener = &mut self.listeners[number];
        let (stream, address) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => return refused(error),
        };
        let (speech, deferred) = (listener.speech, listener.deferred);
        // A proxy is under no limit of one address: its clients are, once it
        // has said where they are.
        let let_in = match speech.proxied {
            true => Some((stream, None)),
            false => self.let_in(stream, address, speech),
        };
        let Some((stream, visitor)) = let_in else {
            return Accepted::Failed;
        };
        self.generation = self.generation.wrapping_add(1);
        let entry = self.slab.vacant_entry();
        let key = Key {
            index: entry.key() as u32,
            generation: self.generation,
        };
        let connection = entry.insert(Connection::new(
            stream,
            address,
            speech,
            self.generation,
            deferred,
            self.kit.now,
        ));
        if !speech.proxied {
            connection.limit(visitor, self.fleet.rules.bandwidth);
        }
        self.tally().add(Count::Accepted, 1);
        if !speech.proxied {
            self.greet(key);
        }
        Accepted::One(key, deferred)
    }

    /// At the open-file limit the cache gives up what it can, and then nobody
    /// is accepted before a close or the tick: to try again at once would spin.
    fn pause_accepting(&mut self, error: Option<io::Error>) {
        self.accept_paused = true;
        self.kit.files.shed();
        self.tally().add(Count::AcceptPauses, 1);
        let (notes, now) = (&self.fleet.notes, self.kit.now);
        let most = self.fleet.room.most();
        match error {
            Some(error) => notes.note(Trouble::NoRoom, now, format_args!("{error}")),
            None => notes.note(Trouble::NoRoom, now, format_args!("there are {most}")),
        }
    }
}

fn refused(error: io::Error) -> Accepted {
    if listener::is_drained(&error) {
        return Accepted::Drained;
    }
    match Errno::from_io_error(&error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
            Accepted::NoRoom(Some(error))
        }
        // The client is gone again (ECONNABORTED), or a signal came.
        _ => Accepted::Failed,
    }
}
