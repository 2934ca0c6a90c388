//! A client reads answers, and counts them.

use super::{Client, Step, failure_of, is_for_later};
use crate::answer::{Memo, Taken, Whole};
use crate::record::Failure;
use crate::score::{Score, Spell};
use pelton::os::socket;
use std::io::ErrorKind;

/// Reads in a row, before others have their turn.
const READS_MAX: usize = 16;

/// What all clients of a process share, to read into and to count with.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) buffer: Box<[u8]>,
    pub(crate) memo: Memo,
    pub(crate) score: Score,
    /// Requests that are under way, of all clients.
    pub(crate) under_way: u64,
    /// The turn's time.
    pub(crate) now_ns: u64,
}

impl Client<'_> {
    /// Reads what there is, and counts it. `ended`: the event said that
    /// nothing comes after it, so that there is an end to be read.
    pub(crate) fn receive(&mut self, desk: &mut Desk, ended: bool) -> Step {
        for _ in 0..READS_MAX {
            let Some(stream) = &self.stream else {
                return Step::Wait;
            };
            let count = match socket::receive(stream, &mut desk.buffer, false) {
                Ok(0) => return self.end(desk),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_for_later(&error) => return Step::Wait,
                Err(error) => return Step::Failed(failure_of(&error)),
            };
            match self.take(desk, count) {
                // A short read has emptied the socket; what comes later is a
                // new event.
                Step::Wait if count < desk.buffer.len() && !ended => return Step::Wait,
                Step::Wait => {}
                step => return step,
            }
        }
        Step::Again
    }

    /// Takes the first `count` bytes of the buffer, whatever answers they are.
    fn take(&mut self, desk: &mut Desk, count: usize) -> Step {
        let mut at = 0;
        while at < count {
            let first_ns = *self.first_ns.get_or_insert(desk.now_ns);
            match self.reader.take(&desk.buffer[at..count], &mut desk.memo) {
                Ok(Taken::More) => return Step::Wait,
                // No more may come than was asked for.
                Ok(Taken::Whole(_, behind)) if behind > 0 && self.open <= 1 => {
                    return Step::Failed(Failure::BadAnswer);
                }
                Ok(Taken::Whole(whole, behind)) if self.open > 0 => {
                    at = count - behind;
                    self.first_ns = None;
                    self.count(desk, &whole, first_ns);
                    if self.open == 0 || !whole.keeps {
                        return Step::Done { keeps: whole.keeps };
                    }
                }
                Ok(Taken::Whole(..)) | Err(_) => return Step::Failed(Failure::BadAnswer),
            }
        }
        Step::Wait
    }

    /// The server has ended the connection.
    fn end(&mut self, desk: &mut Desk) -> Step {
        let first_ns = self.first_ns.unwrap_or(desk.now_ns);
        match self.reader.end() {
            Ok(whole) if self.open > 0 => {
                self.count(desk, &whole, first_ns);
                Step::Done { keeps: false }
            }
            Err(_) if self.open > 0 && self.first_ns.is_none() => Step::Left,
            _ => Step::Failed(Failure::ClosedEarly),
        }
    }

    fn count(&mut self, desk: &mut Desk, whole: &Whole, first_ns: u64) {
        let spell = Spell {
            begun_ns: self.due_ns,
            first_ns,
            now_ns: desk.now_ns,
        };
        desk.score.answered(whole, spell);
        desk.under_way -= 1;
        self.open -= 1;
        self.has_served = true;
    }
}
