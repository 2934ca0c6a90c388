//! The reactor: the service is called there and then, on the loop's thread.

use super::call::{self, Called};
use super::tally::{Count, Tally};
use crate::base::buffer::Pool;
use crate::http::Head;
use crate::net::connection::{Exchange, Step};
use crate::service::{Context, Replies, Service, own};
use crate::session::{BodyPlan, Flow, Own, Request, Sink};

/// Takes what one connection's session finds and answers it at once.
pub(super) struct ReactorSink<'a> {
    pub(super) service: &'a dyn Service,
    pub(super) context: Context<'a>,
    pub(super) tally: &'a Tally,
    /// The connection's letters wait for room elsewhere.
    pub(super) mail_waits: bool,
}

impl Sink for ReactorSink<'_> {
    fn plan(&mut self, head: &Head<'_>) -> BodyPlan {
        call::plan(self.service, head)
    }

    fn request(&mut self, request: &Request<'_>, _strikes: u8, _pool: &mut Pool) -> Flow {
        self.tally.count_request(request);
        match call::call(self.service, request, &mut self.context) {
            Called::Answered if self.context.replies.is_high() => Flow::Pause,
            Called::Answered => Flow::Continue,
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

    fn bad_package(&mut self) {
        self.tally.add(Count::BadPackages, 1);
    }

    fn own(&mut self, answer: Own) {
        self.tally.count_own(answer);
        own::write(answer, self.context.date, self.context.replies);
    }
}

impl Exchange for ReactorSink<'_> {
    fn replies(&mut self) -> &mut Replies {
        self.context.replies
    }

    fn in_flight(&self) -> bool {
        false
    }

    fn timer(&mut self, mute: bool) -> Flow {
        match call::timer(self.service, &mut self.context, mute) {
            Called::Answered | Called::Bad => Flow::Continue,
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
