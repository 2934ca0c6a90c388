//! The package side of the machine.

use super::message::{Fate, Message};
use super::reason::CloseReason;
use super::sink::{Flow, Own, Request, Sink};
use super::state::Event;
use super::{Means, Session, Step, Stop};
use crate::base::limits::PACKAGE_HEAD_BYTES;
use crate::frame::layout::PackageHead;
use crate::frame::{HEARTBEAT, codec};
use crate::http::body::Body;

impl Session {
    pub(super) fn receive_package_head(
        &mut self,
        input: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        let Some(head) = PackageHead::read(input) else {
            if self.at_rest() && !input.is_empty() {
                self.go(Event::FirstByte);
            }
            return Ok(Step::stop(Stop::Hungry));
        };
        let Some(body_len) = head.body_len(means.rules.package_bytes) else {
            self.go(Event::Over);
            return Err(CloseReason::BadLength);
        };
        let rest = &input[PACKAGE_HEAD_BYTES..];
        if let Some(body) = rest.get(..body_len) {
            self.begin(Event::NoBody);
            let step = self.hand_on_package(head, body, means, sink)?;
            if step.stop == Some(Stop::Starved) {
                return Ok(step);
            }
            return Ok(Step {
                consumed: PACKAGE_HEAD_BYTES + body_len,
                stop: step.stop,
            });
        }
        let Some(buffer) = means.pool.take(body_len) else {
            return Ok(Step::stop(Stop::Starved));
        };
        self.begin(Event::BodyFollows);
        let body = Body::Length(body_len as u64);
        self.message = Some(Message::new(body, Fate::Package { head, buffer }));
        Ok(Step::consumed(PACKAGE_HEAD_BYTES))
    }

    /// A package whose body is whole.
    pub(super) fn hand_on_package(
        &mut self,
        head: PackageHead,
        body: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.count_package(means)?;
        let Some(package) = codec::check(head, body) else {
            sink.bad_package();
            return self.strike(1).map(|()| Step::consumed(0));
        };
        self.since = means.now;
        if package.code == HEARTBEAT {
            sink.own(Own::Heartbeat);
            return Ok(Step::consumed(0));
        }
        match sink.request(&Request::Package(package), self.strikes, means.pool) {
            Flow::Continue => Ok(Step::consumed(0)),
            Flow::Pause => Ok(Step::stop(Stop::Paused)),
            Flow::Bad => self.strike(1).map(|()| Step::consumed(0)),
            Flow::End => Ok(self.over()),
            Flow::NoMemory => Ok(Step::stop(Stop::Starved)),
        }
    }

    /// One package more, good or bad: is it a flood?
    fn count_package(&mut self, means: &Means<'_>) -> Result<(), CloseReason> {
        let Some(flood) = means.rules.flood else {
            return Ok(());
        };
        let now_ms = means.now.0 as u32;
        if u64::from(now_ms.wrapping_sub(self.window_ms)) >= flood.window.0 {
            self.window_ms = now_ms;
            self.window_packages = 0;
        }
        self.window_packages += 1;
        if self.window_packages <= flood.packages {
            return Ok(());
        }
        self.end();
        Err(CloseReason::Flood)
    }

    /// A head is whole: what was between messages, or in the middle of a
    /// head, is now at a body.
    fn begin(&mut self, event: Event) {
        if self.at_rest() {
            self.go(Event::FirstByte);
        }
        self.go(Event::HeadWhole);
        self.go(event);
    }
}
