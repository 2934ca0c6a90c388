//! The reactor: the service is called there and then, on the loop's thread;
//! but for requests that it says may block, which go to the pool.

use super::call::{self, Called};
use super::guest::Guest;
use super::job::Job;
use super::lane::Lane;
use super::tally::{Count, Tally};
use crate::base::buffer::Pool;
use crate::http::Head;
use crate::net::connection::{Exchange, Step};
use crate::net::notes::Notes;
use crate::service::{Context, Replies, Service, own};
use crate::session::{BodyPlan, Flow, Own, Request, Sink};

/// Takes what one connection's session finds and answers it at once.
pub(super) struct ReactorSink<'a> {
    pub(super) service: &'a dyn Service,
    pub(super) context: Context<'a>,
    /// The way to the pool, and whether there is one.
    pub(super) lane: &'a mut Lane,
    pub(super) pooled: bool,
    /// See [`Service::repeats_files`].
    pub(super) repeats: bool,
    pub(super) notes: &'a Notes,
    pub(super) job: Option<Box<Job>>,
    pub(super) tally: &'a Tally,
    pub(super) guest: Option<Guest<'a>>,
    /// The connection's letters wait for room elsewhere.
    pub(super) mail_waits: bool,
}

impl ReactorSink<'_> {
    /// Gives a request that may block to the pool. Those behind it wait.
    fn hand_over(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow {
        let context = &self.context;
        let mut job = self
            .lane
            .job(context.peer, context.address, context.framing);
        if !job.add(request, strikes, pool) {
            self.lane.recycle(job, pool);
            return Flow::NoMemory;
        }
        job.slow = true;
        self.tally.count_request(request);
        self.job = Some(job);
        Flow::Pause
    }
}

impl Sink for ReactorSink<'_> {
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan {
        call::plan(self.service, head, self.notes, self.context.now)
    }

    fn request(&mut self, request: &Request<'_>, strikes: u8, pool: &mut Pool) -> Flow {
        if let Some(answer) = self.guest.as_ref().and_then(|guest| guest.refuses(request)) {
            self.own(answer);
            let high = self.context.replies.is_high();
            return if high { Flow::Pause } else { Flow::Continue };
        }
        if self.pooled && call::blocks(self.service, request) {
            return self.hand_over(request, strikes, pool);
        }
        self.tally.count_request(request);
        match call::call(self.service, request, &mut self.context, self.notes) {
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
        if !self.repeats || self.guest.is_some() || !self.context.replies.repeat() {
            return None;
        }
        self.tally.add(Count::Requests, 1);
        let high = self.context.replies.is_high();
        Some(if high { Flow::Pause } else { Flow::Continue })
    }

    fn bad_package(&mut self) {
        self.tally.add(Count::BadPackages, 1);
    }

    fn own(&mut self, answer: Own) {
        self.tally.count_own(answer);
        let context = &mut self.context;
        own::write(answer, context.date, context.framing, context.replies);
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
        match call::timer(self.service, &mut self.context, mute, self.notes) {
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
