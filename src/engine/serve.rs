//! What a worker does for its connections: serve, settle, expire, close.

use super::guest::Guest;
use super::lifetime::Party;
use super::proactor::ProactorSink;
use super::reactor::ReactorSink;
use super::tally::Count;
use super::worker::{Kit, Worker};
use crate::base::key::{Key, Peer};
use crate::config::Mode;
use crate::net::connection::{Connection, Exchange, List, Step};
use crate::net::notes::Trouble;
use crate::service::later::Tickets;
use crate::service::{Context, PathValues};
use crate::session::{CloseReason, Means};
use mio::{Interest, Token};
use std::net::SocketAddr;

impl Worker {
    /// Lets a connection do what it can.
    pub(super) fn serve(&mut self, key: Key) {
        let is_unnamed = |connection: &mut Connection| connection.is_unnamed();
        if self.fleet.proxied
            && self.connection(key).is_some_and(is_unnamed)
            && !self.introduce(key)
        {
            return;
        }
        self.with_sink(key, Task::Advance);
    }

    /// A deadline of the connection in this slot may have passed.
    pub(super) fn expire(&mut self, index: u32) {
        if let Some(connection) = self.slab.get(index as usize) {
            let key = connection.key(index);
            if connection.answer_due() <= self.kit.now {
                return self.answer(key);
            }
            self.with_sink(key, Task::Expire);
        }
    }

    /// The one place where the mode is looked at: it picks the sink.
    fn with_sink(&mut self, key: Key, task: Task) {
        let mail_stuck = self.outgoing.is_stuck();
        let Some(connection) = self.slab.get_mut(key.index as usize) else {
            return;
        };
        if connection.generation != key.generation {
            return;
        }
        let fleet = &*self.fleet;
        let peer = Peer {
            worker: self.id,
            key,
        };
        let address = connection.address();
        let framing = connection.framing();
        let mut state = std::mem::take(&mut connection.state);
        let visitor = connection.take_visitor();
        let draining = self.draining.is_some();
        let tally = &fleet.tallies[usize::from(self.id)];
        let mail_waits = mail_stuck && connection.mailed;
        let Kit {
            now,
            date,
            input,
            pool,
            replies,
            files,
            memo,
            traffic,
            access,
        } = &mut self.kit;
        let trusted = fleet.trusted_at(address);
        let mut means = Means {
            now: *now,
            rules: &fleet.rules,
            pool,
            memo,
            traffic,
        };
        let is_counted = fleet.visitors.counts_requests();
        let guest = (is_counted && (visitor.is_some() || !trusted.is_empty())).then_some(Guest {
            visitors: &fleet.visitors,
            visitor: visitor.as_deref(),
            now: *now,
            draining,
        });
        let lane = &mut self.lane;
        let (mut step, job, pledge) = match fleet.mode {
            Mode::Reactor => {
                let mut sink = ReactorSink {
                    fleet,
                    context: Context {
                        now: *now,
                        date: &date.text,
                        unix_s: date.unix_s,
                        peer,
                        address,
                        framing,
                        tag: 0,
                        draining,
                        drains: &fleet.drains,
                        timer: None,
                        unhandled: 0,
                        tickets: Tickets::new(&self.desk),
                        path_values: PathValues::default(),
                        files,
                        state: &mut state,
                        replies,
                    },
                    lane,
                    job: None,
                    tally,
                    guest,
                    mail_waits,
                    from: address,
                    trusted,
                    access: access.as_mut(),
                };
                let step = task.run(connection, input, &mut means, &mut sink);
                if let Some(due) = sink.context.timer {
                    connection.set_timer(due);
                }
                if sink.context.unhandled > 0 {
                    tally.add(Count::Unhandled, u64::from(sink.context.unhandled));
                }
                (step, sink.job, sink.context.tickets.pledge())
            }
            Mode::Proactor => {
                let date = &date.text;
                let mut sink = ProactorSink {
                    fleet,
                    lane,
                    now: *now,
                    job: None,
                    peer,
                    address,
                    framing,
                    date,
                    replies,
                    tally,
                    guest,
                    mail_waits,
                    trusted,
                    access: access.as_mut(),
                };
                let step = task.run(connection, input, &mut means, &mut sink);
                (step, sink.job, None)
            }
        };
        connection.state = state;
        connection.put_visitor(visitor);
        if let Some(pledge) = pledge {
            self.stopwatch.handed_over += 1; // answered later, and not timed
            connection.await_answer(*pledge);
            if step == Step::Job {
                step = connection.under_way();
            }
        }
        if job.is_some() {
            self.submit(key, job);
        }
        if self.kit.replies.has_letters() {
            self.post_letters(key);
        }
        self.settle(key, step);
    }

    /// Does what a connection's step asks for.
    pub(super) fn settle(&mut self, key: Key, step: Step) {
        match step {
            Step::Event | Step::Later => {}
            Step::Turn => self.enlist(key, List::Run),
            Step::Job => self.submit_parked(key),
            Step::Memory => {
                if let Some(connection) = self.slab.get(key.index as usize) {
                    self.note_fault(CloseReason::NoMemory, connection.address());
                }
                self.enlist(key, List::Memory);
            }
            Step::Credit => self.enlist(key, List::Credit),
            Step::Mail => self.enlist(key, List::Mail),
            Step::Close(reason) => return self.lists.closing.push((key, reason)),
        }
        self.file_deadline(key);
        self.register(key);
    }

    /// A connection that was just accepted and is not read yet.
    pub(super) fn settle_new(&mut self, key: Key) {
        self.settle(key, Step::Event);
    }

    /// Files the connection under its earliest deadline.
    fn file_deadline(&mut self, key: Key) {
        if let Some(connection) = self.slab.get(key.index as usize) {
            self.wheel.set(key.index, connection.due(&self.fleet.rules));
        }
    }

    /// Asks the poll for the connection's events, once.
    fn register(&mut self, key: Key) {
        let Some(connection) = self.slab.get_mut(key.index as usize) else {
            return;
        };
        if connection.registered {
            return;
        }
        let token = Token(key.pack() as usize);
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self
            .poll
            .registry()
            .register(connection.source(), token, interest)
        {
            Ok(()) => connection.registered = true,
            Err(error) => {
                let (notes, now) = (&self.fleet.notes, self.kit.now);
                notes.note(Trouble::NoEvents, now, format_args!("{error}"));
                self.lists.closing.push((key, CloseReason::Reset));
            }
        }
    }

    /// Connections that waited for a credit, for room or for memory, and for
    /// which there is some.
    pub(super) fn resume_waiting(&mut self) {
        self.resume(List::Credit);
        if !self.outgoing.is_stuck() {
            self.resume(List::Mail);
        }
        if self.kit.pool.take_released() {
            self.resume(List::Memory);
        }
    }

    /// The end of a turn: what is over goes.
    pub(super) fn close_list(&mut self) {
        if self.lists.closing.is_empty() {
            return;
        }
        // In order: of two reasons for one the first is it.
        let mut closing = std::mem::take(&mut self.lists.closing);
        for (key, reason) in closing.drain(..) {
            self.close(key, reason);
        }
        self.lists.closing = closing;
        // A descriptor is free: whoever waits to be accepted may come.
        self.accept_paused = false;
    }

    fn close(&mut self, key: Key, reason: CloseReason) {
        if self.connection(key).is_none() {
            return; // it was on the list twice
        }
        let mut connection = self.slab.remove(key.index as usize);
        self.fleet.room.give();
        let is_unnamed = connection.is_unnamed();
        self.wheel.remove(key.index);
        let now = self.kit.now;
        connection.release(&mut self.kit.pool);
        if let Some(visitor) = connection.take_visitor() {
            self.fleet.visitors.go(&visitor, now);
        }
        self.tally().close(reason);
        if reason.is_fault() {
            self.note_fault(reason, connection.address());
        }
        let parked = self.lane.unpark(key.index);
        let waited = connection.give_up_answer();
        if let Some(book) = &mut self.kit.access {
            book.gone(key.index, &self.kit.date.text);
        }
        let in_pool = connection.in_flight && !waited && parked.is_none();
        if let Some(job) = parked {
            self.lane.recycle(job, &mut self.kit.pool);
        }
        if is_unnamed {
            return; // the service has not heard of it
        }
        // With a job under way the service hears of it when that is back.
        if in_pool {
            return self.lane.depart(key, reason);
        }
        let party = Party {
            key,
            address: connection.address(),
            framing: connection.framing(),
            state: std::mem::take(&mut connection.state),
        };
        self.part(party, reason);
    }

    /// A connection from `address` met a fault.
    fn note_fault(&self, reason: CloseReason, address: SocketAddr) {
        let trouble = match reason {
            CloseReason::NoMemory => Trouble::NoMemory,
            _ => Trouble::Closed(reason),
        };
        self.fleet
            .notes
            .note(trouble, self.kit.now, format_args!("from {address}"));
    }

    /// The end of the loop: whatever is left goes.
    pub(super) fn close_all(&mut self) {
        let keys: Vec<Key> = self
            .slab
            .iter()
            .map(|(index, c)| c.key(index as u32))
            .collect();
        for key in keys {
            self.close(key, CloseReason::Stopping);
        }
    }
}

/// What is asked of a connection.
#[derive(Clone, Copy)]
enum Task {
    Advance,
    Expire,
}

impl Task {
    fn run<X: Exchange>(
        self,
        connection: &mut Connection,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        match self {
            Task::Advance => connection.advance(input, means, sink),
            Task::Expire => connection.expire(means, sink),
        }
    }
}
