//! A batch of requests on its way through the pool, and their answers.
//!
//! ```text
//!  bytes:    | head | body | head | package body | ...
//!  entries:  [ Http(head, fields, body) ] [ Package(code, tag, body) ] [ Own ] ...
//! ```

use super::access::{Asked, Kept, Scribe};
use super::call::{self, Called};
use super::clock::{Clock, Date};
use crate::base::buffer::{Buffer, Pool};
use crate::base::key::Peer;
use crate::base::limits::{
    BAD_PACKAGES_MAX, JOB_FIELDS_KEPT_MAX, JOB_LINES_KEPT_BYTES, JOB_REPLIES_KEPT_BYTES,
    JOB_REQUESTS_KEPT_MAX, JOB_REQUESTS_MAX, READ_BYTES,
};
use crate::base::network::Network;
use crate::base::tick::Time;
use crate::frame::{Framing, Package};
use crate::http::forwarded;
use crate::http::{FieldSpan, Head, RequestLine};
use crate::net::files::FileCache;
use crate::net::notes::Notes;
use crate::service::later::{Desk, Pledge, Tickets};
use crate::service::{Context, PathValues, Replies, Service, State, own};
use crate::session::{CloseReason, HttpRequest, Own, Request};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What came whole in one read of one connection: copied, since the loop's
/// buffer is needed for others, and borrowed by the service from here.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) peer: Peer,
    pub(super) address: SocketAddr,
    pub(super) framing: &'static dyn Framing,
    /// Some of its requests may block: see [`Service::blocks`].
    pub(super) slow: bool,
    buffer: Option<Buffer>,
    fields: Vec<FieldSpan>,
    entries: Vec<Entry>,
    /// Entries that are answered.
    answered: usize,
    /// When it left for the pool, in microseconds; 0: it has not, or nobody
    /// wants to know.
    pub(super) submitted_us: u64,
    /// The turn that it was made in; never, until it leaves.
    pub(super) came: Time,
    /// Lines of the access log.
    pub(super) lines: Vec<u8>,
    /// The request whose answer comes later, if requests are logged.
    pub(super) kept: Option<Kept>,
    /// Bad packages of the connection ahead of the next entry.
    strikes: u8,
    /// What the service keeps with the connection: it travels along.
    pub(super) state: State,
    /// The answers so far.
    pub(super) replies: Replies,
    /// The answer to the last request so far comes later.
    pub(super) pledge: Option<Box<Pledge>>,
    pub(super) outcome: Outcome,
}

/// What all jobs are lent by the server.
pub(super) struct Bench<'a> {
    pub(super) service: &'a dyn Service,
    pub(super) drains: &'a AtomicBool,
    /// Hears of answers that come later.
    pub(super) desk: &'a Arc<dyn Desk>,
    pub(super) clock: &'a Clock,
    pub(super) notes: &'a Notes,
    pub(super) trusted: &'a [Network],
    /// Writes the access log, if there is one.
    pub(super) scribe: Option<Scribe>,
}

/// What the loop has to know of a job beside its answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// Bad packages that handlers found.
    pub(super) strikes: u8,
    /// Bad packages, whoever found them, that are to be counted.
    pub(super) bad: u32,
    pub(super) unhandled: u32,
    pub(super) panics: u32,
    /// When the connection's timer is to ring, if a handler has set it.
    pub(super) timer: Option<Time>,
    pub(super) end: Option<CloseReason>,
}

#[derive(Debug)]
enum Entry {
    Http {
        line: RequestLine,
        head: Range<usize>,
        fields: Range<usize>,
        body: usize,
        last: bool,
    },
    Package {
        code: u16,
        tag: u64,
        body: Range<usize>,
    },
    Own {
        answer: Own,
        /// Its line of the access log, if it has one.
        logged: Box<[u8]>,
    },
    /// The session dropped a bad package here.
    Bad,
    /// The connection's timer rings; `mute`: answers have nowhere to go.
    Timer { mute: bool },
}

impl Job {
    pub(super) fn new(peer: Peer, address: SocketAddr, framing: &'static dyn Framing) -> Box<Job> {
        Box::new(Job {
            peer,
            address,
            framing,
            slow: false,
            buffer: None,
            fields: Vec::new(),
            entries: Vec::new(),
            answered: 0,
            submitted_us: 0,
            came: Time::NEVER,
            lines: Vec::new(),
            kept: None,
            strikes: 0,
            state: State::default(),
            replies: Replies::new(),
            pledge: None,
            outcome: Outcome::default(),
        })
    }

    /// Makes a job that has come back ready for another connection.
    pub(super) fn reset(&mut self, pool: &mut Pool) {
        if let Some(buffer) = self.buffer.take() {
            pool.give(buffer);
        }
        self.fields.clear();
        self.fields.shrink_to(JOB_FIELDS_KEPT_MAX);
        self.entries.clear();
        self.entries.shrink_to(JOB_REQUESTS_KEPT_MAX);
        self.slow = false;
        self.answered = 0;
        self.submitted_us = 0;
        self.came = Time::NEVER;
        self.lines.clear();
        self.lines.shrink_to(JOB_LINES_KEPT_BYTES);
        self.kept = None;
        self.replies.clear();
        self.replies.shrink_to(JOB_REPLIES_KEPT_BYTES);
        let _ = self.replies.take_letters();
        self.pledge = None;
        self.outcome = Outcome::default();
        self.state = State::default();
    }

    /// Copies a request in; `false` if there is no memory for it.
    /// `strikes`: the connection's bad packages so far.
    pub(super) fn add(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> bool {
        if self.is_empty() {
            self.strikes = strikes;
        }
        let entry = match request {
            Request::Http(request) => self.add_http(request, pool),
            &Request::Package(Package { code, tag, body }) => {
                let body = self.copy(&[body], pool);
                body.map(|body| Entry::Package { code, tag, body })
            }
        };
        let fits = entry.is_some();
        self.entries.extend(entry);
        fits
    }

    /// An answer of the protocol's own, in its place, and what is logged of it.
    pub(super) fn add_own(&mut self, answer: Own, logged: Vec<u8>) {
        let logged = logged.into_boxed_slice();
        self.entries.push(Entry::Own { answer, logged });
    }

    /// A bad package that the session dropped: whether it is the third one is
    /// known when the handlers have judged those before it.
    pub(super) fn add_bad(&mut self) {
        self.entries.push(Entry::Bad);
    }

    /// The connection's timer rings: a job of its own.
    pub(super) fn add_timer(&mut self, mute: bool) {
        self.strikes = 0;
        self.entries.push(Entry::Timer { mute });
    }

    /// Whether the client has asked for any of it: a timer is no sign of life.
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self.entries[..], [Entry::Timer { .. }])
    }

    /// How many requests and packages are in it.
    pub(super) fn asked(&self) -> u64 {
        let asks = |entry: &&Entry| matches!(entry, Entry::Http { .. } | Entry::Package { .. });
        self.entries.iter().filter(asks).count() as u64
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the rest of a read should wait for the next job.
    pub(super) fn is_full(&self) -> bool {
        let bytes = self.buffer.as_ref().map_or(0, Buffer::len);
        self.entries.len() >= JOB_REQUESTS_MAX || bytes >= READ_BYTES
    }

    /// Answers entries, in order, until all are answered, the answers should
    /// be written first, one comes later, or the connection has to end.
    pub(super) fn run(&mut self, bench: &Bench<'_>, files: &mut FileCache, date: &Date) {
        let Bench {
            service,
            drains,
            desk,
            clock,
            notes,
            trusted,
            scribe,
        } = *bench;
        let bytes = self.buffer.as_ref().map_or(&[][..], Buffer::bytes);
        let mut context = Context {
            now: clock.now(),
            date: &date.text,
            unix_s: date.unix_s,
            peer: self.peer,
            address: self.address,
            framing: self.framing,
            tag: 0,
            draining: drains.load(Ordering::Relaxed),
            drains,
            timer: None,
            unhandled: 0,
            tickets: Tickets::new(desk),
            path_values: PathValues::default(),
            files,
            state: &mut self.state,
            replies: &mut self.replies,
        };
        for entry in &self.entries[self.answered..] {
            let waits = context.replies.is_high() || context.tickets.is_promised();
            if waits || self.outcome.end.is_some() {
                break;
            }
            self.answered += 1;
            let timer = context.timer;
            if self.slow {
                context.now = clock.now(); // the one before may have taken long
            }
            let called = match entry {
                Entry::Own { answer, logged } => {
                    own::write(*answer, context.date, context.framing, context.replies);
                    self.lines.extend_from_slice(logged);
                    continue;
                }
                Entry::Bad => Called::Bad,
                Entry::Timer { mute } => call::timer(service, &mut context, *mute, notes),
                Entry::Http {
                    line,
                    head,
                    fields,
                    body,
                    last,
                } => {
                    let fields = &self.fields[fields.clone()];
                    let rest = &bytes[head.end..head.end + body];
                    let head = Head::new(&bytes[head.clone()], line, fields);
                    let request = HttpRequest {
                        head: &head,
                        body: rest,
                        last: *last,
                    };
                    context.address = forwarded::client(&head, self.address, trusted);
                    let mark = scribe.map(|scribe| (scribe, context.replies.mark()));
                    let called = call::call(service, &Request::Http(request), &mut context, notes);
                    let client = context.address.ip();
                    if let Some((scribe, mark)) = mark {
                        let asked = Asked {
                            client,
                            head: Some(&head),
                            since: self.came,
                        };
                        let answer = (&*context.replies, &mark);
                        match called {
                            Called::Later => self.kept = Some(Kept::new(client, self.came, &head)),
                            _ => scribe.write(asked, &date.text, answer, &mut self.lines),
                        }
                    }
                    context.address = self.address;
                    called
                }
                Entry::Package { code, tag, body } => {
                    let package = Package {
                        code: *code,
                        tag: *tag,
                        body: &bytes[body.clone()],
                    };
                    call::call(service, &Request::Package(package), &mut context, notes)
                }
            };
            if self.slow {
                put_off(&mut context, timer, clock);
            }
            self.outcome.note(called);
            if called == Called::Bad {
                self.strikes += 1;
                self.outcome.strikes += u8::from(!matches!(entry, Entry::Bad));
            }
            if self.strikes >= BAD_PACKAGES_MAX {
                self.outcome.end = Some(CloseReason::BadPackages);
            }
        }
        self.pledge = context.tickets.pledge();
        self.outcome.unhandled += context.unhandled;
        self.outcome.timer = context.timer.or(self.outcome.timer);
    }

    /// Whether entries are left that should be answered.
    pub(super) fn is_unfinished(&self) -> bool {
        self.answered < self.entries.len() && self.outcome.end.is_none()
    }

    fn add_http(&mut self, request: &HttpRequest<'_>, pool: &mut Pool) -> Option<Entry> {
        let head_bytes = request.head.bytes();
        let all = self.copy(&[head_bytes, request.body], pool)?;
        let first = self.fields.len();
        self.fields.extend_from_slice(request.head.field_spans());
        Some(Entry::Http {
            line: *request.head.line(),
            head: all.start..all.start + head_bytes.len(),
            fields: first..self.fields.len(),
            body: request.body.len(),
            last: request.last,
        })
    }

    /// Appends the parts, one behind the other; returns where they stand.
    fn copy(&mut self, parts: &[&[u8]], pool: &mut Pool) -> Option<Range<usize>> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let buffer = match &mut self.buffer {
            Some(buffer) => {
                if !pool.make_room(buffer, len) {
                    return None;
                }
                buffer
            }
            none => none.insert(pool.take(len)?),
        };
        let start = buffer.len();
        for part in parts {
            let fits = buffer.append(part);
            debug_assert!(fits);
        }
        Some(start..start + len)
    }
}

/// What a handler that may block has set counts from its end: it must not ring
/// early. `before`: the timer as it was.
fn put_off(context: &mut Context<'_>, before: Option<Time>, clock: &Clock) {
    let took = clock.now().since(context.now);
    context.tickets.put_off(took);
    if context.timer != before {
        context.timer = context.timer.map(|due| due + took);
    }
}

impl Outcome {
    fn note(&mut self, called: Called) {
        match called {
            Called::Answered | Called::Later => {}
            Called::Bad => self.bad += 1,
            Called::Ended => self.end = Some(CloseReason::Done),
            Called::Panicked => {
                self.panics += 1;
                self.end = Some(CloseReason::Done);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::buffer::Budget;
    use crate::base::key::Key;
    use crate::frame::HEAD8;

    #[test]
    fn what_a_burst_needed_does_not_stay_with_a_free_job() {
        let mut pool = Pool::new(Budget::new(1 << 20));
        let key = Key {
            index: 0,
            generation: 0,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut job = Job::new(Peer { worker: 0, key }, address, &HEAD8);
        for _ in 0..JOB_REQUESTS_MAX {
            job.add_bad();
        }
        job.fields.reserve(10_000);
        job.replies.bytes_mut().extend([0; 200_000]);
        job.reset(&mut pool);
        assert!(job.replies.bytes_mut().capacity() <= JOB_REPLIES_KEPT_BYTES);
        assert!(job.entries.capacity() <= JOB_REQUESTS_KEPT_MAX);
        assert!(job.fields.capacity() <= JOB_FIELDS_KEPT_MAX);
        // What most jobs need is there.
        job.replies.bytes_mut().extend([0; JOB_REPLIES_KEPT_BYTES]);
        job.reset(&mut pool);
        assert_eq!(job.replies.bytes_mut().capacity(), JOB_REPLIES_KEPT_BYTES);
    }
}
