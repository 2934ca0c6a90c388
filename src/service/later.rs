//! Answers that come later, from any thread.
//!
//! ```text
//!             Context::later
//!   handler -----------------> Later ---+ respond, or dropped: any thread
//!      |                                v
//!      | Response::later              slot ---> Desk: wakes the loop
//!      v                                ^
//!   the answer so far --> Pledge -------+ the connection, which waits
//! ```

use super::replies::Replies;
use super::response::Response;
use crate::base::key::Peer;
use crate::base::tick::{Millis, Time};
use crate::http::{Connection, HttpDate, Method, Status};
use crate::session::HttpRequest;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A ticket for the answer to one HTTP request: see
/// [`Context::later`](super::Context::later). Any thread may answer with it,
/// once.
///
/// Dropped unanswered, as by a thread that panics, it answers 500: whoever
/// had it was to answer and did not, which is a fault of the service.
#[derive(Debug)]
#[must_use = "a ticket that is dropped answers 500"]
pub struct Later {
    slot: Arc<Slot>,
}

impl Later {
    /// Answers. `false`: nobody waits for it any more, and nothing is sent; the
    /// client has gone, the time was up, the handler has answered otherwise, or
    /// the server has stopped.
    pub fn respond(self, response: impl Into<Response>) -> bool {
        self.slot.answer(response.into())
    }

    /// Whether an answer would still be sent. For those who keep many tickets,
    /// to let go of those that are of no use.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        matches!(*self.slot.stage(), Stage::Open | Stage::Awaited)
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        if self.is_awaited() {
            let hint = "whoever was to answer this has given up";
            let response = Response::error(Status::INTERNAL_SERVER_ERROR, hint);
            self.slot.answer(response);
        }
    }
}

/// Hears that an answer has come for a connection that waits for one: the
/// engine, which wakes the connection's loop.
pub trait Desk: Send + Sync {
    /// The answer for this connection is there.
    fn answered(&self, peer: Peer);
}

/// What a ticket and the connection that waits for it share.
#[derive(Debug)]
struct Slot {
    peer: Peer,
    /// Weak: tickets that a service keeps must not keep the server.
    desk: Weak<dyn Desk>,
    stage: Mutex<Stage>,
}

#[derive(Debug)]
enum Stage {
    /// The connection does not wait yet: its handler is still running.
    Open,
    /// The connection waits.
    Awaited,
    Answered(Response),
    /// Answered and written, or given up.
    Over,
}

impl Slot {
    fn answer(&self, response: Response) -> bool {
        let mut stage = self.stage();
        match *stage {
            Stage::Open => *stage = Stage::Answered(response),
            Stage::Awaited => {
                *stage = Stage::Answered(response);
                drop(stage);
                self.tell();
            }
            Stage::Answered(_) | Stage::Over => return false,
        }
        true
    }

    fn tell(&self) {
        if let Some(desk) = self.desk.upgrade() {
            desk.answered(self.peer);
        }
    }

    /// A stage is whole after any panic, so poison is no matter.
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The other half of a ticket; without it nobody waits.
#[derive(Debug)]
struct Claim(Arc<Slot>);

impl Drop for Claim {
    fn drop(&mut self) {
        *self.0.stage() = Stage::Over;
    }
}

/// The tickets of one call: at most one counts.
pub struct Tickets<'a> {
    desk: &'a Arc<dyn Desk>,
    claim: Option<Claim>,
    pledge: Option<Box<Pledge>>,
}

impl<'a> Tickets<'a> {
    /// None yet. `desk` will hear of what is answered.
    #[must_use]
    pub fn new(desk: &'a Arc<dyn Desk>) -> Tickets<'a> {
        Tickets {
            desk,
            claim: None,
            pledge: None,
        }
    }

    /// A new ticket, in place of one that was taken before.
    pub(super) fn take(&mut self, peer: Peer) -> Later {
        let slot = Arc::new(Slot {
            peer,
            desk: Arc::downgrade(self.desk),
            stage: Mutex::new(Stage::Open),
        });
        self.claim = Some(Claim(slot.clone()));
        Later { slot }
    }

    /// Whether `response` leaves the answer to the ticket. Else the ticket is
    /// void.
    pub(super) fn promise(
        &mut self,
        request: &HttpRequest<'_>,
        response: &Response,
        now: Time,
    ) -> bool {
        self.pledge = None;
        let (Some(claim), Some(wait)) = (self.claim.take(), response.wait()) else {
            return false;
        };
        self.pledge = Some(Box::new(Pledge {
            claim,
            due: now + wait,
            otherwise: response.clone(),
            method: request.head.method(),
            minor: request.head.version_minor(),
            last: request.last,
        }));
        true
    }

    /// The call has taken so long since its `now`: what it promised is due that
    /// much later.
    pub fn put_off(&mut self, took: Millis) {
        if let Some(pledge) = &mut self.pledge {
            pledge.due = pledge.due + took;
        }
    }

    /// Whether the answer to this call comes later.
    #[must_use]
    pub fn is_promised(&self) -> bool {
        self.pledge.is_some()
    }

    /// What was promised in this call.
    #[must_use]
    pub fn pledge(&mut self) -> Option<Box<Pledge>> {
        self.pledge.take()
    }

    /// The call is over, and its answer does not come later.
    pub fn withdraw(&mut self) {
        self.claim = None;
        self.pledge = None;
    }
}

/// What a connection has of an answer that comes later. Dropped, it makes the
/// ticket void.
#[derive(Debug)]
pub struct Pledge {
    claim: Claim,
    due: Time,
    /// The answer if none comes in time.
    otherwise: Response,
    method: Method,
    minor: u8,
    last: bool,
}

impl Pledge {
    /// The connection waits from now on. Its desk hears of an answer, also of
    /// one that has come already.
    pub fn attend(&self) {
        let mut stage = self.claim.0.stage();
        match *stage {
            Stage::Open => *stage = Stage::Awaited,
            Stage::Answered(_) => {
                drop(stage);
                self.claim.0.tell();
            }
            Stage::Awaited | Stage::Over => {}
        }
    }

    /// Whether the answer is there.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(*self.claim.0.stage(), Stage::Answered(_))
    }

    /// When the time is up.
    #[must_use]
    pub fn due(&self) -> Time {
        self.due
    }

    /// Writes the answer, or what is answered if none has come; whichever it
    /// is, it is the only one. Says whether the connection ends after it.
    #[must_use]
    pub fn redeem(self, draining: bool, date: &HttpDate, replies: &mut Replies) -> bool {
        let stage = mem::replace(&mut *self.claim.0.stage(), Stage::Over);
        let response = match stage {
            Stage::Answered(response) => response.promised_as(&self.otherwise),
            _ => self.otherwise,
        };
        let last = self.last || draining;
        let connection = Connection::after(last, self.minor);
        response.write(self.method, date, connection, replies);
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::key::Key;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Bells(AtomicUsize);

    impl Desk for Bells {
        fn answered(&self, _: Peer) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn peer() -> Peer {
        let key = Key {
            index: 1,
            generation: 2,
        };
        Peer { worker: 0, key }
    }

    fn pledge(claim: Claim, otherwise: Response) -> Pledge {
        Pledge {
            claim,
            due: Time(9),
            otherwise,
            method: Method::Get,
            minor: 1,
            last: false,
        }
    }

    /// A ticket and what waits for it.
    fn pair(tickets: &mut Tickets<'_>) -> (Later, Pledge) {
        let later = tickets.take(peer());
        let claim = tickets.claim.take().expect("it was just taken");
        let otherwise = Response::later(std::time::Duration::ZERO, Status::NO_CONTENT);
        (later, pledge(claim, otherwise.field("Shared", "yes")))
    }

    fn written(pledge: Pledge, draining: bool) -> (String, bool) {
        let mut replies = Replies::new();
        let last = pledge.redeem(draining, &HttpDate::from_unix(0), &mut replies);
        let text = String::from_utf8(replies.bytes().to_vec()).expect("text");
        (text, last)
    }

    #[test]
    fn an_answer_rings_once_whenever_it_comes() {
        let bells = Arc::new(Bells::default());
        let desk: Arc<dyn Desk> = bells.clone();
        let mut tickets = Tickets::new(&desk);
        let (early, pledge) = pair(&mut tickets);
        assert!(early.respond("early"));
        assert_eq!(bells.0.load(Ordering::Relaxed), 0, "nobody waits yet");
        pledge.attend();
        assert_eq!(bells.0.load(Ordering::Relaxed), 1);
        assert!(pledge.is_answered());
        let (text, last) = written(pledge, false);
        assert!(text.contains("Shared: yes") && text.ends_with("early") && !last);

        let (late, pledge) = pair(&mut tickets);
        pledge.attend();
        assert!(late.is_awaited() && !pledge.is_answered());
        assert!(late.respond(Status::CREATED));
        assert_eq!(bells.0.load(Ordering::Relaxed), 2);
        let (text, last) = written(pledge, true);
        assert!(text.starts_with("HTTP/1.1 201") && last);
        assert!(text.contains("Connection: close"));
    }

    #[test]
    fn a_ticket_is_void_once_nobody_waits() {
        let desk: Arc<dyn Desk> = Arc::new(Bells::default());
        let mut tickets = Tickets::new(&desk);
        let first = tickets.take(peer());
        let second = tickets.take(peer());
        assert!(!first.is_awaited() && !first.respond("void"));
        tickets.withdraw();
        assert!(!second.respond("void"));
        let (late, pledge) = pair(&mut tickets);
        let (text, _) = written(pledge, false);
        assert!(text.starts_with("HTTP/1.1 204"), "the time was up");
        assert!(!late.respond("void"));
    }

    #[test]
    fn a_dropped_ticket_answers_500() {
        let desk: Arc<dyn Desk> = Arc::new(Bells::default());
        let (late, pledge) = pair(&mut Tickets::new(&desk));
        pledge.attend();
        drop(late);
        assert!(pledge.is_answered());
        assert!(written(pledge, false).0.starts_with("HTTP/1.1 500"));
    }
}
