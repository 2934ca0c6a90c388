//! The loop. One worker is one thread with one poll.
//!
//! A turn, in order: poll, accept, events, completions, later answers and mail,
//! the run list (what a budget cut short), the wheel, the close list. The clock is read
//! once, right after the poll.

use super::access::Book;
use super::clock::Date;
use super::fleet::{Fleet, Order, Post};
use super::inbox::Outgoing;
use super::lane::Lane;
use super::stopwatch::Stopwatch;
use super::tally::{Count, Tally};
use crate::base::buffer::Pool;
use crate::base::key::Key;
use crate::base::limits::{EVENTS_MAX, READ_BYTES};
use crate::base::tick::{Tick, Time};
use crate::http::HeadMemo;
use crate::net::connection::{Connection, List};
use crate::net::files::FileCache;
use crate::net::listener::Listener;
use crate::service::later::Desk;
use crate::service::{Letter, Replies};
use crate::session::{CloseReason, Means, Rules, Traffic};
use crate::wheel::Wheel;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The doorbell's token; listeners count down from the next one. Slots of the
/// slab never come this high.
pub(super) const BELL: Token = Token(u64::MAX as usize);

/// One event loop. Owns its poll, its listeners, its connections with the
/// wheel of their deadlines, and everything they are lent.
pub(super) struct Worker {
    pub(super) id: u16,
    pub(super) fleet: Arc<Fleet>,
    /// Hears of answers that come later: the fleet, to handlers.
    pub(super) desk: Arc<dyn Desk>,
    pub(super) poll: Poll,
    pub(super) listeners: Vec<Listener>,
    pub(super) slab: Slab<Connection>,
    pub(super) generation: u32,
    pub(super) wheel: Wheel,
    /// The way to the pool.
    pub(super) lane: Lane,
    pub(super) kit: Kit,
    pub(super) lists: Lists,
    pub(super) outgoing: Outgoing<Letter>,
    pub(super) stopwatch: Stopwatch,
    /// Accepting waits for a close or the tick.
    pub(super) accept_paused: bool,
    /// Since when, and until when, it finishes what is under way.
    pub(super) draining: Option<Time>,
    /// When it last let connections go while draining.
    pub(super) let_go: Time,
    /// The tick of the last turn.
    pub(super) tick: Tick,
}

/// What a connection is lent while it is served.
pub(super) struct Kit {
    pub(super) now: Time,
    pub(super) date: Date,
    /// The buffer that all connections read into.
    pub(super) input: Box<[u8]>,
    pub(super) pool: Pool,
    pub(super) memo: HeadMemo,
    pub(super) traffic: Traffic,
    pub(super) replies: Replies,
    pub(super) files: FileCache,
    /// The lines of its requests, if they are logged.
    pub(super) access: Option<Book>,
}

impl Kit {
    /// What a connection's session is lent.
    pub(super) fn means<'a>(&'a mut self, rules: &'a Rules) -> Means<'a> {
        Means {
            now: self.now,
            rules,
            pool: &mut self.pool,
            memo: &mut self.memo,
            traffic: &mut self.traffic,
        }
    }
}

/// Connections that wait for something other than an event or a deadline.
#[derive(Default)]
pub(super) struct Lists {
    /// Had an event in this turn.
    pub(super) ready: Vec<Key>,
    /// Have more to do: their turn comes without an event.
    pub(super) run: VecDeque<Key>,
    /// Wait for buffer memory.
    pub(super) memory: Vec<Key>,
    /// Wait for room in other workers' inboxes.
    pub(super) mail: Vec<Key>,
    /// Letters to connections of this very worker.
    pub(super) letters: VecDeque<Letter>,
    /// Are over.
    pub(super) closing: Vec<(Key, CloseReason)>,
    /// Were found by the wheel's hand.
    pub(super) expired: Vec<u32>,
}

impl Worker {
    pub(super) fn new(
        id: u16,
        fleet: Arc<Fleet>,
        poll: Poll,
        mut listeners: Vec<Listener>,
    ) -> io::Result<Worker> {
        for (number, listener) in listeners.iter_mut().enumerate() {
            let token = listener_token(number);
            poll.registry()
                .register(listener.source(), token, Interest::READABLE)?;
        }
        let now = fleet.clock.now();
        // Where there are quick jobs as well, slow ones leave room for them.
        let slow_credits = match fleet.pool.quick {
            0 => fleet.queue_len,
            _ => (fleet.queue_len / 2).max(1),
        };
        let lane = Lane::new(fleet.queue_len, slow_credits);
        let kit = Kit {
            now,
            date: Date::new(now),
            input: vec![0; READ_BYTES].into_boxed_slice(),
            pool: Pool::new(fleet.budget.clone()),
            memo: HeadMemo::new(),
            traffic: Traffic::default(),
            replies: Replies::new(),
            files: fleet.file_cache(),
            access: fleet.book(usize::from(id)),
        };
        let outgoing = Outgoing::new(usize::from(id), fleet.posts.len());
        Ok(Worker {
            id,
            poll,
            listeners,
            slab: Slab::new(),
            generation: 0,
            wheel: Wheel::new(now),
            lane,
            kit,
            lists: Lists::default(),
            outgoing,
            stopwatch: Stopwatch::default(),
            accept_paused: false,
            draining: None,
            let_go: now,
            tick: now.tick(),
            desk: fleet.clone(),
            fleet,
        })
    }

    /// Serves until it is told to stop, or has finished what was under way.
    ///
    /// # Errors
    /// What the poll says, if it fails for good.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            self.sleep(&mut events)?;
            self.note(&events);
            self.accept();
            self.serve_ready();
            self.take_completions();
            self.take_answers();
            self.take_mail();
            self.serve_run_list();
            self.turn_wheel();
            self.close_list();
            self.account();
            self.tally().add(Count::Turns, 1);
            match self.fleet.order() {
                Order::Serve => {}
                Order::Drain if !self.is_drained() => {}
                Order::Drain | Order::Stop => break,
            }
        }
        self.close_all();
        if let Some(book) = &mut self.kit.access {
            book.end();
        }
        Ok(())
    }

    /// Polls, and reads the clock.
    fn sleep(&mut self, events: &mut Events) -> io::Result<()> {
        let post = &self.fleet.posts[usize::from(self.id)];
        let order = self.fleet.order();
        let told = order == Order::Serve || (order == Order::Drain && self.draining.is_some());
        let inboxes = || self.fleet.posts.iter().map(|post| &post.inbox);
        let idle = || {
            let nothing_came = post.inbox.is_empty() && post.completions.is_empty();
            let nothing_came = nothing_came && post.answered.is_empty();
            nothing_came && !self.outgoing.is_called(inboxes())
        };
        let busy = !told || self.has_work() || !post.bell.may_sleep(idle);
        // Between the look at the order and the sleep an order may have come:
        // the doorbell has rung for it only if it saw this loop asleep.
        let changed = self.fleet.order() != order;
        let timeout = if busy || changed {
            Some(Duration::ZERO)
        } else {
            self.patience()
        };
        let polled = self.poll.poll(events, timeout);
        post.bell.awake();
        self.kit.now = self.fleet.clock.now();
        self.kit.date.refresh(self.kit.now);
        self.start_stopwatch();
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether something is to be done without an event.
    fn has_work(&self) -> bool {
        let listeners_wait = !self.accept_paused
            && self.draining.is_none()
            && self.listeners.iter().any(|listener| listener.ready);
        let credit_waits = self.lane.can_resume();
        // What was stuck has left since those who wait for it were last looked
        // at: nobody will ring for them.
        let mail_waits = !self.lists.mail.is_empty() && !self.outgoing.is_stuck();
        listeners_wait
            || credit_waits
            || mail_waits
            || !self.lists.run.is_empty()
            || !self.lists.letters.is_empty()
    }

    /// How long the loop may sleep: to the next tick if anything waits for
    /// one, else for ever. Reckoned from the turn's own time, which spares a
    /// look at the clock: it is late by what the turn took, and never early.
    fn patience(&self) -> Option<Duration> {
        let ticks = self.kit.files.wants_tick()
            || self.kit.pool.wants_tick()
            || self.lane.wants_tick()
            || self.kit.access.as_ref().is_some_and(Book::wants_tick)
            || self.fleet.notes.wants_tick()
            || self.is_looked_at()
            || self.accept_paused
            || self.draining.is_some()
            || !self.lists.memory.is_empty();
        let next_tick = ticks.then(|| Tick(self.kit.now.tick().0 + 1).begins());
        let all = [self.wheel.next_turn(), next_tick, self.next_look()];
        let due = all.into_iter().flatten().min();
        due.map(|due| Duration::from_millis(due.since(self.kit.now).0))
    }

    /// Sorts the events: which listeners and connections have something.
    fn note(&mut self, events: &Events) {
        for event in events {
            let token = event.token();
            if token == BELL {
                continue; // it only ends the sleep
            }
            if let Some(listener) = listener_number(token, self.listeners.len()) {
                self.listeners[listener].ready = true;
                continue;
            }
            let key = Key::unpack(token.0 as u64);
            if let Some(connection) = self.slab.get_mut(key.index as usize)
                && connection.generation == key.generation
            {
                connection.note(event);
                self.lists.ready.push(key);
            }
        }
    }

    fn serve_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.lists.ready);
        for key in ready.drain(..) {
            self.serve(key);
        }
        self.lists.ready = ready;
    }

    /// One round of the run list: what is put on it meanwhile waits for the
    /// next turn.
    fn serve_run_list(&mut self) {
        self.resume_waiting();
        self.deliver_local();
        for _ in 0..self.lists.run.len() {
            let Some(key) = self.lists.run.pop_front() else {
                break;
            };
            if let Some(connection) = self.connection(key) {
                connection.delist(List::Run);
                self.serve(key);
            }
        }
    }

    /// Once a tick: deadlines, files nobody uses, trouble that was counted, and
    /// what waits for a tick.
    fn turn_wheel(&mut self) {
        let now = self.kit.now;
        if now.tick() == self.tick {
            return;
        }
        self.tick = now.tick();
        self.accept_paused = false;
        self.kit.files.tick(now);
        self.kit.pool.tick();
        self.lane.tick();
        if let Some(book) = &mut self.kit.access {
            book.tick();
        }
        self.fleet.notes.tick(now);
        self.resume(List::Memory);
        let mut expired = std::mem::take(&mut self.lists.expired);
        self.wheel.turn(now, &mut expired);
        for index in expired.drain(..) {
            self.expire(index);
        }
        self.lists.expired = expired;
        self.show();
    }

    /// The connection that `key` names, if it is still there.
    pub(super) fn connection(&mut self, key: Key) -> Option<&mut Connection> {
        let connection = self.slab.get_mut(key.index as usize)?;
        (connection.generation == key.generation).then_some(connection)
    }

    /// Puts a connection on a list, once.
    pub(super) fn enlist(&mut self, key: Key, list: List) {
        if !self
            .connection(key)
            .is_some_and(|connection| connection.enlist(list))
        {
            return;
        }
        match list {
            List::Run => self.lists.run.push_back(key),
            List::Memory => self.lists.memory.push(key),
            List::Mail => self.lists.mail.push(key),
            List::Credit => self.lane.wait(key),
        }
    }

    /// What a list's connections waited for is there, for as many as there
    /// can be: they are put on the run list.
    pub(super) fn resume(&mut self, list: List) {
        let keys = match list {
            List::Run => return,
            List::Memory => std::mem::take(&mut self.lists.memory),
            List::Mail => std::mem::take(&mut self.lists.mail),
            List::Credit => self.lane.resumable(),
        };
        let now = self.kit.now;
        for key in keys {
            if let Some(connection) = self.connection(key) {
                connection.resume(list, now);
                self.enlist(key, List::Run);
            }
        }
    }

    /// Where others leave things for this worker.
    pub(super) fn post(&self) -> &Post {
        &self.fleet.posts[usize::from(self.id)]
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.fleet.tallies[usize::from(self.id)]
    }
}

/// Listeners' tokens count down from the doorbell's.
fn listener_token(number: usize) -> Token {
    Token(BELL.0 - 1 - number)
}

fn listener_number(token: Token, listeners: usize) -> Option<usize> {
    let number = (BELL.0 - 1).checked_sub(token.0)?;
    (number < listeners).then_some(number)
}
