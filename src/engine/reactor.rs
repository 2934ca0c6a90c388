//! The reactor: the service is called there and then, on the loop's thread;
//! but for requests that it says may block, which go to the pool.

use super::access::{Asked, Book, Kept};
use super::call::{self, Called};
use super::fleet::Fleet;
use super::guest::Guest;
use super::job::Job;
use super::lane::Lane;
use super::tally::{Count, Tally};
use crate::base::buffer::Pool;
use crate::base::network::Network;
use crate::http::Head;
use crate::http::forwarded::client;
use crate::net::connection::{Exchange, Step};
use crate::service::replies::Mark;
use crate::service::{Context, Replies, own};
use crate::session::{BodyPlan, Flow, Own, Request, Sink};
use std::net::SocketAddr;

/// Takes what one connection's session finds and answers it at once.
pub(super) struct ReactorSink<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) context: Context<'a>,
    /// The way to the pool.
    pub(super) lane: &'a mut Lane,
    pub(super) job: Option<Box<Job>>,
    pub(super) tally: &'a Tally,
    pub(super) guest: Option<Guest<'a>>,
    /// The connection's letters wait for room elsewhere.
    pub(super) mail_waits: bool,
    /// Where the connection comes from; a request may come from behind it.
    pub(super) from: SocketAddr,
    /// Proxies that may say so; none, unless it is one of them.
    pub(super) trusted: &'a [Network],
    /// The lines of the requests, if they are logged.
    pub(super) access: Option<&'a mut Book>,
}

impl ReactorSink<'_> {
    /// Gives a request that may block to the pool. Those behind it wait.
    fn hand_over(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow {
        let context = &self.context;
        let mut job = self.lane.job(context.peer, self.from, context.framing);
        if !job.add(request, strikes, pool) {
            self.lane.recycle(job, pool);
            return Flow::NoMemory;
        }
        job.slow = true;
        self.tally.count_request(request);
        self.job = Some(job);
        Flow::Pause
    }

    /// A request was called, and its answer is what has come since the mark.
    fn log(&mut self, request: &Request<'_>, mark: &Mark, called: Called) {
        let (Some(book), Request::Http(http)) = (&mut self.access, request) else {
            return;
        };
        let context = &self.context;
        let (client, since) = (context.address.ip(), context.now);
        if called == Called::Later {
            let kept = Kept::new(client, since, http.head);
            return book.keep(context.peer.key.index, kept);
        }
        let asked = Asked {
            client,
            head: Some(http.head),
            since,
        };
        book.answered(asked, context.date, (&*context.replies, mark));
    }

    /// Answers in the place of a handler. `head`: what was asked for, if that
    /// is known.
    fn refuse_known(&mut self, answer: Own, head: Option<&Head<'_>>) {
        self.tally.count_own(answer);
        let context = &mut self.context;
        own::write(answer, context.date, context.framing, context.replies);
        if let Some(book) = &mut self.access {
            let client = head.map_or(self.from, |head| client(head, self.from, self.trusted));
            let asked = Asked {
                client: client.ip(),
                head,
                since: context.now,
            };
            book.refused(asked, context.date, (answer, context.framing));
        }
    }

    /// An answer without a handler takes room as well.
    fn flow_after_own(&self) -> Flow {
        let high = self.context.replies.is_high();
        if high { Flow::Pause } else { Flow::Continue }
    }
}

impl Sink for ReactorSink<'_> {
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan {
        call::plan(
            &*self.fleet.service,
            head,
            &self.fleet.notes,
            self.context.now,
        )
    }

    fn request(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow {
        if let Request::Http(http) = request
            && !self.trusted.is_empty()
        {
            self.context.address = client(http.head, self.from, self.trusted);
        }
        let client = self.context.address.ip();
        if let (Some(guest), Request::Http(http)) = (&self.guest, request)
            && let Some(answer) = guest.refuses(http, client)
        {
            self.refuse(answer, http.head);
            return self.flow_after_own();
        }
        if self.fleet.pool.slow > 0 && call::blocks(&*self.fleet.service, request) {
            return self.hand_over(request, strikes, pool);
        }
        self.tally.count_request(request);
        let mark = self.access.as_ref().map(|_| self.context.replies.mark());
        let called = call::call(
            &*self.fleet.service,
            request,
            &mut self.context,
            &self.fleet.notes,
        );
        if let Some(mark) = mark {
            self.log(request, &mark, called);
        }
        match called {
            Called::Answered if self.context.replies.is_high() => Flow::Pause,
            Called::Answered => Flow::Continue,
            Called::Later => Flow::Pause,
            Called::Bad => {
                self.bad_package();
                Flow::Bad
            }
            Called::Ended => Flow::End,
            Called::Panicked => {
                self.tally.add(Count::Panics, 1);
                Flow::End
            }
        }
    }

    fn again(&mut self) -> Option<Flow> {
        if !self.fleet.repeats || self.guest.is_some() || !self.context.replies.repeat() {
            return None;
        }
        self.tally.add(Count::Requests, 1);
        Some(self.flow_after_own())
    }

    fn bad_package(&mut self) {
        self.tally.add(Count::BadPackages, 1);
    }

    fn own(&mut self, answer: Own) -> Flow {
        self.refuse_known(answer, None);
        self.flow_after_own()
    }

    fn refuse(&mut self, answer: Own, head: &Head<'_>) {
        self.refuse_known(answer, Some(head));
    }
}

impl Exchange for ReactorSink<'_> {
    fn replies(&mut self) -> &mut Replies {
        self.context.replies
    }

    fn in_flight(&self) -> bool {
        self.job.is_some() || self.context.tickets.is_promised()
    }

    fn timer(&mut self, mute: bool) -> Flow {
        self.context.address = self.from;
        match call::timer(
            &*self.fleet.service,
            &mut self.context,
            mute,
            &self.fleet.notes,
        ) {
            Called::Answered | Called::Later | Called::Bad => Flow::Continue,
            Called::Ended => Flow::End,
            Called::Panicked => {
                self.tally.add(Count::Panics, 1);
                Flow::End
            }
        }
    }

    fn wait(&self) -> Option<Step> {
        self.mail_waits.then_some(Step::Mail)
    }
}
