//! The calls under way and their connection, as a client sees them: bytes and
//! time are arguments.
//!
//! Where answers carry nothing back, those to one code come in the order of its
//! calls. So there is a queue for each code, and who is first in it gets the
//! next package with that code; a package whose queue is empty is a push. Where
//! they carry a number back, each call has one, and a queue, of its own.

use super::event::{CallError, CallId, Event, Lost};
use super::settings::Settings;
use crate::base::limits::{CLIENT_CALLS_MAX, CLIENT_UNREAD_BYTES_MAX};
use crate::base::tick::Time;
use crate::frame::codec::TooLong;
use crate::frame::{HEARTBEAT, Package, Read};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// A call, after the time by which it has to be answered.
type Place = (Time, CallId);

/// Which calls a package may answer: the one with its number, or those with its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Code(u16),
    Number(u16),
}

/// A call that waits for a connection.
#[derive(Debug)]
struct Unsent {
    call: Place,
    code: u16,
    body: Vec<u8>,
}

/// The calls of one client. Owns what is to be sent and what came in part.
///
/// Invariants: `written <= output.len()`; a call has a deadline until it is
/// told of; it is either unsent or in the queue of its key; without a
/// connection the queues and the output are empty.
#[derive(Debug)]
pub struct Calls {
    settings: Settings,
    connected: bool,
    /// The beginning of a package.
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    unsent: VecDeque<Unsent>,
    /// `None` is a heartbeat of our own, or a call that timed out. A queue that
    /// is empty is kept for a code, of which there are few, not for a number.
    queues: HashMap<Key, VecDeque<Option<Place>>>,
    deadlines: BTreeSet<Place>,
    next: CallId,
    /// The number of the last call.
    number: u16,
    /// A package came over this connection.
    was_heard: bool,
    heard: Time,
    sent: Time,
    beat: Time,
    /// The framing has no heartbeats.
    is_mute: bool,
    events: Vec<Event>,
}

impl Calls {
    /// No calls yet, and no connection.
    #[must_use]
    pub fn new(settings: Settings) -> Calls {
        Calls {
            settings,
            connected: false,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            unsent: VecDeque::new(),
            queues: HashMap::new(),
            deadlines: BTreeSet::new(),
            next: CallId(0),
            number: 0,
            was_heard: false,
            heard: Time(0),
            sent: Time(0),
            beat: Time(0),
            is_mute: false,
            events: Vec::new(),
        }
    }

    /// Begins a call. Without a connection it waits for one, up to its timeout;
    /// with 10,000 others under way it fails, as an event says.
    ///
    /// # Errors
    /// [`TooLong`] if the body fits no package; nothing is sent then.
    pub fn submit(&mut self, code: u16, body: &[u8], now: Time) -> Result<CallId, TooLong> {
        let id = self.next;
        if self.deadlines.len() >= CLIENT_CALLS_MAX {
            self.next = CallId(id.0 + 1);
            let error = CallError::Busy;
            self.events.push(Event::Failed { call: id, error });
            return Ok(id);
        }
        let call = (now + self.settings.timeout, id);
        if self.connected {
            let (key, package) = self.asking(code, body)?;
            self.push(&package, now);
            self.awaits(key, Some(call));
        } else {
            // It is told now whether it fits; its number it gets when it is
            // sent, or another could have the same by then.
            let framing = self.settings.framing;
            framing.write(code, 0, body, &mut Vec::new())?;
            let body = body.to_vec();
            self.unsent.push_back(Unsent { call, code, body });
        }
        self.next = CallId(id.0 + 1);
        self.deadlines.insert(call);
        Ok(id)
    }

    /// Sends a package that is no call: should something come back, it is a
    /// push. `false`: it is not sent, for there is no connection, or 8 MiB wait
    /// for a server that does not read.
    ///
    /// # Errors
    /// [`TooLong`] if the body fits no package.
    pub fn send(&mut self, code: u16, body: &[u8], now: Time) -> Result<bool, TooLong> {
        let mut package = Vec::new();
        self.settings.framing.write(code, 0, body, &mut package)?;
        let has_room = self.output().len() < CLIENT_UNREAD_BYTES_MAX;
        let sent = self.connected && has_room;
        if sent {
            self.push(&package, now);
        }
        Ok(sent)
    }

    /// A connection is there: what waited for it is sent.
    pub fn connected(&mut self, now: Time) {
        self.connected = true;
        self.was_heard = false;
        (self.heard, self.sent, self.beat) = (now, now, now);
        self.events.push(Event::Connected);
        for Unsent { call, code, body } in std::mem::take(&mut self.unsent) {
            match self.asking(code, &body) {
                Ok((key, package)) => {
                    self.push(&package, now);
                    self.awaits(key, Some(call));
                }
                Err(_) => self.give_up(call, CallError::Unsent),
            }
        }
    }

    /// The connection is gone, or was not made. Calls under way fail, since
    /// sending them again could do twice what they ask; those that were not
    /// sent wait on.
    pub fn lost(&mut self, lost: Lost) {
        self.connected = false;
        self.input.clear();
        self.output.clear();
        self.written = 0;
        let queued = self.queues.drain().flat_map(|(_, queue)| queue);
        let failed: BTreeSet<Place> = queued.flatten().collect();
        let error = CallError::Lost(lost);
        for place in failed {
            self.deadlines.remove(&place);
            let call = place.1;
            self.events.push(Event::Failed { call, error });
        }
        self.events.push(Event::Lost(lost));
    }

    /// Takes what came. Whole packages ahead of a bad one are told.
    ///
    /// # Errors
    /// Why the connection has to end: [`Lost::BadLength`] or
    /// [`Lost::BadPackage`].
    pub fn receive(&mut self, bytes: &[u8], now: Time) -> Result<(), Lost> {
        let mut input = std::mem::take(&mut self.input);
        input.extend_from_slice(bytes);
        let Settings {
            framing,
            package_bytes,
            ..
        } = self.settings;
        let mut at = 0;
        loop {
            let head = match framing.read(&input[at..], 0, package_bytes) {
                Read::Whole(head) => head,
                Read::More => break,
                Read::Broken => return Err(Lost::BadLength),
            };
            let Some(rest) = input[at + head.head_bytes..].get(..head.rest_bytes()) else {
                break;
            };
            let package = framing.package(&head, rest).ok_or(Lost::BadPackage)?;
            self.package(package, now);
            at += head.whole_bytes();
        }
        input.drain(..at);
        self.input = input;
        Ok(())
    }

    /// Bytes for the socket.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output[self.written..]
    }

    /// The socket has taken the first `count` bytes of the output.
    pub fn wrote(&mut self, count: usize) {
        self.written = (self.written + count).min(self.output.len());
        // What is written goes, though not at each step: the rest is moved.
        if self.written * 2 >= self.output.len() {
            self.output.drain(..self.written);
            self.written = 0;
        }
    }

    /// Does what is due: calls time out, a heartbeat is sent.
    ///
    /// # Errors
    /// Why the connection has to end: [`Lost::OutOfStep`] or [`Lost::Silent`].
    pub fn expire(&mut self, now: Time) -> Result<(), Lost> {
        let mut in_step = true;
        while let Some(&call) = self.deadlines.first()
            && call.0 <= now
        {
            self.deadlines.pop_first();
            in_step &= !self.time_out(call);
        }
        if !in_step {
            return Err(Lost::OutOfStep);
        }
        if self.silent_at().is_some_and(|at| at <= now) {
            return Err(Lost::Silent);
        }
        if self.beat_at().is_some_and(|at| at <= now) {
            self.beat = now;
            match self.asking(HEARTBEAT, &[]) {
                Ok((key, package)) => {
                    self.awaits(key, None);
                    self.push(&package, now);
                }
                // A framing without heartbeats asks for no sign of life, so a
                // server that is quiet is not silent.
                Err(_) => self.is_mute = true,
            }
        }
        Ok(())
    }

    /// When [`Calls::expire`] has something to do next, if ever.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let deadline = self.deadlines.first().map(|&(at, _)| at);
        let all = [deadline, self.silent_at(), self.beat_at()];
        all.into_iter().flatten().min()
    }

    /// Whether a package came over this connection, or the last one.
    #[must_use]
    pub fn was_heard(&self) -> bool {
        self.was_heard
    }

    /// What happened since this was asked last, in order.
    pub fn events(&mut self) -> std::vec::Drain<'_, Event> {
        self.events.drain(..)
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// A package that is to be answered, and what its answer is known by.
    fn asking(&mut self, code: u16, body: &[u8]) -> Result<(Key, Vec<u8>), TooLong> {
        self.take_number();
        let tag = self.settings.framing.call_tag(self.number);
        let mut package = Vec::new();
        let framing = self.settings.framing;
        framing.write(code, tag.unwrap_or(0), body, &mut package)?;
        let key = match tag {
            Some(_) => Key::Number(self.number),
            None => Key::Code(code),
        };
        Ok((key, package))
    }

    /// The next number that no call under way has. There is one: they are fewer
    /// than there are numbers.
    fn take_number(&mut self) {
        loop {
            self.number = self.number.checked_add(1).unwrap_or(1);
            let queue = self.queues.get(&Key::Number(self.number));
            if !queue.is_some_and(|queue| matches!(queue.front(), Some(Some(_)))) {
                return;
            }
        }
    }

    /// Has answers with this key go to that call.
    fn awaits(&mut self, key: Key, place: Option<Place>) {
        let queue = self.queues.entry(key).or_default();
        if let Key::Number(_) = key {
            queue.clear(); // nobody waits for what had this number before
        }
        queue.push_back(place);
    }

    /// Takes who is first among those that a package may answer.
    fn answered(&mut self, package: &Package<'_>) -> Option<Option<Place>> {
        let number = self.settings.framing.call_number(package.tag);
        match self.queues.remove(&Key::Number(number)) {
            Some(mut queue) => queue.pop_front(),
            None => self.queues.get_mut(&Key::Code(package.code))?.pop_front(),
        }
    }

    fn push(&mut self, package: &[u8], now: Time) {
        self.output.extend_from_slice(package);
        self.sent = now;
    }

    fn package(&mut self, package: Package<'_>, now: Time) {
        self.heard = now;
        self.was_heard = true;
        let first = self.answered(&package);
        let event = match (first, package.code) {
            (Some(Some(place)), _) => {
                self.deadlines.remove(&place);
                let call = place.1;
                let body = package.body.to_vec();
                Event::Answer { call, body }
            }
            (_, HEARTBEAT) => Event::Heartbeat,
            (Some(None), _) => return, // too late
            (_, code) => {
                let body = package.body.to_vec();
                Event::Push { code, body }
            }
        };
        self.events.push(event);
    }

    /// A call's time is up; whether an answer that comes late would pass for
    /// that of another.
    fn time_out(&mut self, call: Place) -> bool {
        let unsent = self.unsent.iter().position(|unsent| unsent.call == call);
        let error = match unsent {
            Some(at) => {
                self.unsent.remove(at);
                CallError::Unsent
            }
            None => CallError::TimedOut,
        };
        let mut is_known = unsent.is_some();
        for (key, queue) in &mut self.queues {
            for place in queue.iter_mut().filter(|place| **place == Some(call)) {
                *place = None;
                is_known = matches!(key, Key::Number(_));
            }
        }
        self.events.push(Event::Failed {
            call: call.1,
            error,
        });
        !is_known
    }

    fn give_up(&mut self, place: Place, error: CallError) {
        self.deadlines.remove(&place);
        let call = place.1;
        self.events.push(Event::Failed { call, error });
    }

    fn silent_at(&self) -> Option<Time> {
        let asks = self.connected && !self.is_mute;
        let silence = self.settings.silence().filter(|_| asks);
        silence.map(|silence| self.heard + silence)
    }

    /// Quiet is either side's: the server has to hear of us, and we of it,
    /// which a heartbeat asks for.
    fn beat_at(&self) -> Option<Time> {
        let asks = self.connected && !self.is_mute;
        let beat = self.settings.heartbeat.filter(|_| asks);
        let quiet_since = self.sent.min(self.heard.max(self.beat));
        beat.map(|beat| quiet_since + beat)
    }
}

#[cfg(test)]
mod tests;
