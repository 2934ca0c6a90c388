//! The proactor: the loop does the I/O, a pool of threads runs the handlers.

use super::access::{Asked, Book};
use super::call;
use super::fleet::Fleet;
use super::guest::Guest;
use super::job::Job;
use super::lane::Lane;
use super::tally::{Count, Tally};
use crate::base::buffer::Pool;
use crate::base::key::Peer;
use crate::base::network::Network;
use crate::base::tick::Time;
use crate::frame::Framing;
use crate::http::forwarded::client;
use crate::http::{Head, HttpDate};
use crate::net::connection::{Exchange, Step};
use crate::service::{Replies, own};
use crate::session::{BodyPlan, Flow, Own, Request, Sink};
use std::net::SocketAddr;

/// Takes what one connection's session finds into a job, for the pool.
pub(super) struct ProactorSink<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) lane: &'a mut Lane,
    pub(super) now: Time,
    pub(super) job: Option<Box<Job>>,
    pub(super) peer: Peer,
    pub(super) address: SocketAddr,
    pub(super) framing: &'static dyn Framing,
    pub(super) date: &'a HttpDate,
    pub(super) replies: &'a mut Replies,
    pub(super) tally: &'a Tally,
    pub(super) guest: Option<Guest<'a>>,
    pub(super) mail_waits: bool,
    /// Proxies that may say who stands behind them; none, unless the connection
    /// is one.
    pub(super) trusted: &'a [Network],
    /// The lines of what the loop answers itself, if requests are logged.
    pub(super) access: Option<&'a mut Book>,
}

impl Sink for ProactorSink<'_> {
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan {
        call::plan(&*self.fleet.service, head, &self.fleet.notes, self.now)
    }

    fn request(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow {
        if let (Some(guest), Request::Http(http)) = (&self.guest, request) {
            let client = client(http.head, self.address, self.trusted);
            if let Some(answer) = guest.refuses(http, client.ip()) {
                self.refuse(answer, http.head);
                return self.flow_after_own();
            }
        }
        let mut job = match self.job.take() {
            Some(job) => job,
            None => self.lane.job(self.peer, self.address, self.framing),
        };
        let fits = job.add(request, strikes, pool);
        if !fits && job.is_empty() {
            self.lane.recycle(job, pool);
            return Flow::NoMemory;
        }
        job.slow |= self.fleet.pool.slow > 0 && call::blocks(&*self.fleet.service, request);
        let full = job.is_full();
        self.job = Some(job);
        if !fits {
            return Flow::NoMemory;
        }
        self.tally.count_request(request);
        if full { Flow::Pause } else { Flow::Continue }
    }

    fn bad_package(&mut self) {
        match &mut self.job {
            Some(job) => job.add_bad(),
            None => self.tally.add(Count::BadPackages, 1),
        }
    }

    fn own(&mut self, answer: Own) -> Flow {
        self.refuse_known(answer, None);
        self.flow_after_own()
    }

    fn refuse(&mut self, answer: Own, head: &Head<'_>) {
        self.refuse_known(answer, Some(head));
    }
}

impl ProactorSink<'_> {
    /// Answers in the place of a handler. `head`: what was asked for, if that
    /// is known.
    fn refuse_known(&mut self, answer: Own, head: Option<&Head<'_>>) {
        self.tally.count_own(answer);
        let from = head.map_or(self.address, |head| {
            client(head, self.address, self.trusted)
        });
        let asked = Asked {
            client: from.ip(),
            head,
            since: self.now,
        };
        let told = (answer, self.framing as &dyn Framing);
        let Some(job) = &mut self.job else {
            own::write(answer, self.date, self.framing, self.replies);
            if let Some(book) = &mut self.access {
                book.refused(asked, self.date, told);
            }
            return;
        };
        // Whether it comes to this answer shows when those before it are made.
        let mut logged = Vec::new();
        if let Some(book) = &self.access {
            let scribe = book.scribe;
            scribe.refused(asked, self.date, told, &mut logged);
        }
        job.add_own(answer, logged);
    }

    /// An answer without a handler takes room as well.
    fn flow_after_own(&self) -> Flow {
        let full = match &self.job {
            Some(job) => job.is_full(),
            None => self.replies.is_high(),
        };
        if full { Flow::Pause } else { Flow::Continue }
    }
}

impl Exchange for ProactorSink<'_> {
    fn replies(&mut self) -> &mut Replies {
        self.replies
    }

    fn in_flight(&self) -> bool {
        self.job.is_some()
    }

    fn timer(&mut self, mute: bool) -> Flow {
        let mut job = self.lane.job(self.peer, self.address, self.framing);
        job.add_timer(mute);
        self.job = Some(job);
        Flow::Continue
    }

    fn wait(&self) -> Option<Step> {
        if self.mail_waits {
            Some(Step::Mail)
        } else if !self.lane.has_credit() {
            Some(Step::Credit)
        } else {
            None
        }
    }
}
