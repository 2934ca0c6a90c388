//! A connection writes: at once what the socket takes, later the rest.

use super::connection::{Connection, Ending, Exchange, Step};
use super::outbox::{OutboxError, Written};
use crate::base::limits::WRITE_BUDGET_BYTES;
use crate::frame::Packed;
use crate::os::socket;
use crate::service::Replies;
use crate::session::{CloseReason, Means, Protocol};
use std::io::ErrorKind;

impl Connection {
    /// Writes the answers of a job that has come back. `None`: the connection
    /// can move on. `strikes`: bad packages that handlers found; `end`: why the
    /// connection should end, if it should.
    pub fn complete(
        &mut self,
        strikes: u8,
        end: Option<CloseReason>,
        replies: &mut Replies,
        means: &mut Means<'_>,
    ) -> Option<Step> {
        self.in_flight = false;
        let end = end.or(self.session.strike(strikes).err());
        if let (Some(reason), None) = (end, self.ending) {
            self.session.end();
            let linger = self.held.is_some() || self.more_may_come() || reason != CloseReason::Done;
            self.ending = Some(Ending { reason, linger });
        }
        self.write_answers(replies, means)
    }

    /// Writes the first answers of a job that goes on when they are taken.
    /// `None`: they are.
    pub fn answer_in_part(&mut self, replies: &mut Replies, means: &mut Means<'_>) -> Option<Step> {
        let step = self
            .write_answers(replies, means)
            .or_else(|| self.after_write(means));
        if matches!(step, Some(Step::Close(_))) {
            self.in_flight = false; // the job is back, and goes no further
        }
        step
    }

    /// Writes what the service has to say to a new client.
    pub fn greet(&mut self, replies: &mut Replies, means: &mut Means<'_>) -> Option<Step> {
        if self.session.protocol() != Protocol::Frame {
            replies.clear();
            return None;
        }
        self.write_answers(replies, means)
    }

    /// Queues a package from elsewhere, to be written in the connection's next
    /// turn. `false`: this connection does not take packages.
    ///
    /// # Errors
    /// Why the connection has to end.
    pub fn post(&mut self, package: &Packed, means: &mut Means<'_>) -> Result<bool, CloseReason> {
        if self.session.protocol() != Protocol::Frame || self.ending.is_some() {
            return Ok(false);
        }
        if self.outbox.is_none() {
            self.moved = means.now;
        }
        let outbox = self.outbox.get_or_insert_default();
        outbox.queue_package(package.bytes()).map_err(reason_of)?;
        if outbox.packages() > means.rules.queued_packages {
            // What counts is what the socket does not take.
            if self.writable {
                self.flush(means).map_err(reason_of)?;
            }
            let waiting = self.outbox.as_ref().map_or(0, |outbox| outbox.packages());
            if waiting > means.rules.queued_packages && self.is_held_up() {
                return Err(CloseReason::QueueFull);
            }
        }
        Ok(true)
    }

    /// Writes what the sink has gathered. `None`: it is all with the system,
    /// and the connection goes on.
    pub(super) fn write_replies<X: Exchange>(
        &mut self,
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Option<Step> {
        self.in_flight = sink.in_flight();
        let step = self.write_answers(sink.replies(), means);
        if self.in_flight && !matches!(step, Some(Step::Close(_))) {
            Some(Step::Job)
        } else {
            step
        }
    }

    fn write_answers(&mut self, replies: &mut Replies, means: &mut Means<'_>) -> Option<Step> {
        let result = self.write_now(replies, means);
        replies.clear();
        match result {
            Err(error) => Some(Step::Close(reason_of(error))),
            Ok(()) if self.in_flight => None,
            Ok(()) => self.after_write(means),
        }
    }

    /// One `send` where that is enough; what is left goes to the outbox.
    fn write_now(&mut self, replies: &Replies, means: &mut Means<'_>) -> Result<(), OutboxError> {
        if replies.is_empty() {
            return Ok(());
        }
        let mut skip = 0;
        let fits = replies.bytes().len() <= self.may_write(means.now);
        if self.outbox.is_none() && replies.pieces().is_empty() && self.writable && fits {
            match socket::send(&self.stream, replies.bytes()) {
                Ok(count) => {
                    self.has_written(count as u64, means);
                    if count == replies.bytes().len() {
                        return Ok(());
                    }
                    skip = count;
                }
                Err(error) if is_retry(error.kind()) => {}
                Err(_) => return Err(OutboxError::Reset),
            }
            self.writable = false;
        }
        if self.outbox.is_none() {
            self.moved = means.now;
        }
        let outbox = self.outbox.get_or_insert_default();
        outbox.queue(replies, skip, means.pool)?;
        if !self.writable {
            Ok(())
        } else {
            self.flush(means).map(drop)
        }
    }

    /// Writes the outbox; drops it when it is empty.
    fn flush(&mut self, means: &mut Means<'_>) -> Result<Written, OutboxError> {
        let budget = self.may_write(means.now).min(WRITE_BUDGET_BYTES);
        let Some(outbox) = &mut self.outbox else {
            return Ok(Written::All);
        };
        if budget == 0 {
            return Ok(Written::Budget);
        }
        let before = outbox.sent();
        let written = outbox.write(&mut self.stream, budget, means.pool)?;
        let count = outbox.sent() - before;
        if count > 0 {
            self.moved = means.now;
            self.has_written(count, means);
        }
        match written {
            Written::All => self.outbox = None,
            Written::Blocked => self.writable = false,
            Written::Budget => {}
        }
        Ok(written)
    }

    /// Before anything is read: what waits is written. `None`: go on.
    pub(super) fn write_outbox(&mut self, means: &mut Means<'_>) -> Option<Step> {
        if self.outbox.is_some() && self.writable {
            let received = self.receives();
            match self.flush(means) {
                Err(error) => return Some(Step::Close(reason_of(error))),
                Ok(Written::Budget) if !self.is_paced() => return Some(Step::Turn),
                Ok(_) if !received && self.receives() => self.session.resume(means.now),
                Ok(_) => {}
            }
        }
        self.after_write(means)
    }

    /// After a write: is there a reason not to read?
    fn after_write(&mut self, means: &mut Means<'_>) -> Option<Step> {
        if let Some(outbox) = &self.outbox {
            if outbox.packages() > means.rules.queued_packages && self.is_held_up() {
                return Some(Step::Close(CloseReason::QueueFull));
            }
            let wait = if self.writable && !self.is_paced() {
                Step::Turn
            } else {
                Step::Event
            };
            if self.ending.is_some() || !outbox.is_low() {
                return Some(wait);
            }
        }
        match self.ending {
            // The answers of the job come first.
            Some(ending) if !self.in_flight => Some(self.finish(ending, means.now)),
            _ => None,
        }
    }
}

fn is_retry(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn reason_of(error: OutboxError) -> CloseReason {
    match error {
        OutboxError::Reset => CloseReason::Reset,
        OutboxError::FileTruncated => CloseReason::FileTruncated,
        OutboxError::NoMemory => CloseReason::NoMemory,
        OutboxError::Full => CloseReason::QueueFull,
    }
}
