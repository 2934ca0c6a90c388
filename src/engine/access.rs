//! The access log as the loops and the pool write it: a line for each HTTP
//! request, when its answer is made.
//!
//! A line costs no system call and no lock, and allocates nothing: it is written
//! into the worker's own buffer. Threads of the pool write theirs into the job,
//! whose worker takes them.

use super::clock::Clock;
use super::shuttle::{Shuttle, Spare, buffer};
use crate::base::limits::ACCESS_BUFFER_BYTES;
use crate::base::tick::{Millis, Time};
use crate::config::AccessFormat;
use crate::frame::Framing;
use crate::http::access::{Entry, Form, measure};
use crate::http::{FieldSpan, Head, HttpDate, RequestLine};
use crate::net::notes::{Notes, Trouble};
use crate::service::replies::Mark;
use crate::service::{Replies, own};
use crate::session::Own;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Who asked for what.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) client: IpAddr,
    /// `None`: it could not be read.
    pub(super) head: Option<&'a Head<'a>>,
    /// The turn of the loop that read it.
    pub(super) since: Time,
}

/// A request whose answer comes later: its line is written then.
#[derive(Debug)]
pub(super) struct Kept {
    client: IpAddr,
    since: Time,
    bytes: Box<[u8]>,
    line: RequestLine,
    fields: Box<[FieldSpan]>,
}

impl Kept {
    pub(super) fn new(client: IpAddr, since: Time, head: &Head<'_>) -> Kept {
        Kept {
            client,
            since,
            bytes: head.bytes().into(),
            line: *head.line(),
            fields: head.field_spans().into(),
        }
    }

    fn head(&self) -> Head<'_> {
        Head::new(&self.bytes, &self.line, &self.fields)
    }
}

/// How lines are written, on any thread.
#[derive(Clone, Copy)]
pub(super) struct Scribe {
    form: Form,
    clock: Clock,
}

impl Scribe {
    pub(super) fn new(format: AccessFormat, clock: Clock) -> Scribe {
        let form = match format {
            AccessFormat::Common => Form::Common,
            AccessFormat::Combined => Form::Combined,
            AccessFormat::Json => Form::Json,
        };
        Scribe { form, clock }
    }

    /// Appends a line; the answer is what `replies` hold from `mark` on.
    pub(super) fn write(
        self,
        asked: Asked<'_>,
        date: &HttpDate,
        (replies, mark): (&Replies, &Mark),
        out: &mut Vec<u8>,
    ) {
        let (front, len) = replies.since(mark);
        let (status, body_bytes) = measure(front, len);
        let Asked {
            client,
            head,
            since,
        } = asked;
        let entry = Entry {
            client: client.to_canonical(),
            head,
            date,
            status,
            body_bytes,
            took: self.took(since),
        };
        entry.write(self.form, out);
    }

    /// The same for a request that the protocol itself answers; none for what is
    /// no answer to it, but on the way to one.
    pub(super) fn refused(
        self,
        asked: Asked<'_>,
        date: &HttpDate,
        (answer, framing): (Own, &dyn Framing),
        out: &mut Vec<u8>,
    ) {
        if matches!(answer, Own::Refuse { .. } | Own::Limited { .. }) {
            let mut told = Replies::new();
            let mark = told.mark();
            own::write(answer, date, framing, &mut told);
            self.write(asked, date, (&told, &mark), out);
        }
    }

    /// Only where a line says it is the clock read, which is no system call.
    fn took(self, since: Time) -> Millis {
        match self.form {
            Form::Json => self.clock.now().since(since),
            Form::Common | Form::Combined => Millis(0),
        }
    }
}

/// One worker's lines, until they are handed over. Owns them.
pub(super) struct Book {
    worker: usize,
    pub(super) scribe: Scribe,
    shuttle: Arc<Shuttle>,
    notes: Arc<Notes>,
    lines: Vec<u8>,
    spare: Spare,
    /// Requests of connections that wait for an answer, by their slots.
    awaited: HashMap<u32, Kept>,
}

impl Book {
    pub(super) fn new(
        worker: usize,
        scribe: Scribe,
        shuttle: Arc<Shuttle>,
        notes: Arc<Notes>,
    ) -> Book {
        Book {
            worker,
            scribe,
            shuttle,
            notes,
            lines: buffer(),
            spare: Spare::new(),
            awaited: HashMap::new(),
        }
    }

    /// A request was answered: by what `replies` hold from `mark` on.
    pub(super) fn answered(
        &mut self,
        asked: Asked<'_>,
        date: &HttpDate,
        answer: (&Replies, &Mark),
    ) {
        if self.has_room() {
            self.scribe.write(asked, date, answer, &mut self.lines);
        }
    }

    /// One was answered by the protocol itself, which has no request in hand
    /// but for what `asked` says.
    pub(super) fn refused(
        &mut self,
        asked: Asked<'_>,
        date: &HttpDate,
        answer: (Own, &dyn Framing),
    ) {
        if self.has_room() {
            self.scribe.refused(asked, date, answer, &mut self.lines);
        }
    }

    /// The answer for the connection in this slot comes later.
    pub(super) fn keep(&mut self, index: u32, kept: Kept) {
        self.awaited.insert(index, kept);
    }

    /// It has come; or it never will, and nothing is in `answer`.
    pub(super) fn redeemed(&mut self, index: u32, date: &HttpDate, answer: (&Replies, &Mark)) {
        if let Some(kept) = self.awaited.remove(&index) {
            self.finish(&kept, date, answer);
        }
    }

    /// The client has gone before it was answered.
    pub(super) fn given_up(&mut self, kept: &Kept, date: &HttpDate) {
        let none = Replies::new();
        self.finish(kept, date, (&none, &none.mark()));
    }

    /// The same for the connection in this slot, if it waits for an answer.
    pub(super) fn gone(&mut self, index: u32, date: &HttpDate) {
        if let Some(kept) = self.awaited.remove(&index) {
            self.given_up(&kept, date);
        }
    }

    fn finish(&mut self, kept: &Kept, date: &HttpDate, answer: (&Replies, &Mark)) {
        let asked = Asked {
            client: kept.client,
            head: Some(&kept.head()),
            since: kept.since,
        };
        self.answered(asked, date, answer);
    }

    /// Takes the lines that a thread of the pool has written.
    pub(super) fn take(&mut self, lines: &mut Vec<u8>) {
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            if self.has_room() {
                self.lines.extend_from_slice(line);
            }
        }
        lines.clear();
    }

    /// Whether a tick has something to hand over.
    pub(super) fn wants_tick(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Once a second all lines leave, if the disk keeps up.
    pub(super) fn tick(&mut self) {
        if self.wants_tick() {
            self.hand_over();
        }
    }

    /// The loop ends.
    pub(super) fn end(&mut self) {
        if self.wants_tick() {
            let lines = std::mem::take(&mut self.lines);
            self.shuttle.take(self.worker, lines);
        }
    }

    /// `false`: there is no buffer for the next lines.
    fn hand_over(&mut self) -> bool {
        let (lines, spare) = (&mut self.lines, &mut self.spare);
        self.shuttle.swap(self.worker, lines, spare)
    }

    /// Whether one more line fits; else it is lost, which is told once and
    /// counted.
    fn has_room(&mut self) -> bool {
        let has_room = self.lines.len() < ACCESS_BUFFER_BYTES || self.hand_over();
        if !has_room {
            let now = self.scribe.clock.now();
            let details = format_args!("loop {}", self.worker);
            self.notes.note(Trouble::SlowAccess, now, details);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::ACCESS_BUFFERS_MAX;

    #[test]
    fn where_the_disk_is_slow_whole_lines_are_lost_and_counted() {
        let (shuttle, notes) = (Arc::new(Shuttle::new(1)), Arc::new(Notes::default()));
        let scribe = Scribe::new(AccessFormat::Json, Clock::new());
        let mut book = Book::new(0, scribe, shuttle, notes.clone());
        let date = HttpDate::from_unix(0);
        let asked = Asked {
            client: [127, 0, 0, 1].into(),
            head: None,
            since: Time(0),
        };
        let none = Replies::new();
        let capacity = book.lines.capacity();
        // Nobody writes: the buffers fill, and then nothing more is taken.
        let most = ACCESS_BUFFERS_MAX * ACCESS_BUFFER_BYTES / 100;
        for _ in 0..most {
            book.answered(asked, &date, (&none, &none.mark()));
        }
        assert!(notes.wants_tick(), "told once, and counted from then on");
        assert_eq!(book.lines.capacity(), capacity, "nothing grows");
        let len = book.lines.len();
        book.take(&mut b"a line\nand another\n".to_vec());
        assert_eq!(book.lines.len(), len);
        assert!(book.lines.ends_with(b"}\n"));
    }
}
