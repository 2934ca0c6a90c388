//! The package side of the machine.

use super::message::{Fate, Message};
use super::reason::CloseReason;
use super::sink::{Flow, Own, Request, Sink};
use super::state::Event;
use super::{Means, Session, Step, Stop};
use crate::frame::{HEARTBEAT, Outline, Read};
use crate::http::body::Body;

impl Session {
    pub(super) fn receive_package_head(
        &mut self,
        input: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        let limit_bytes = means.rules.package_bytes;
        let head = match self.framing.read(input, self.scanned as usize, limit_bytes) {
            Read::Whole(head) => head,
            Read::More => {
                if self.at_rest() && !input.is_empty() {
                    self.go(Event::FirstByte);
                }
                self.scanned = input.len() as u32;
                return Ok(Step::stop(Stop::Hungry));
            }
            Read::Broken => {
                self.go(Event::Over);
                return Err(CloseReason::BadLength);
            }
        };
        self.scanned = 0;
        let rest = &input[head.head_bytes..];
        if let Some(rest) = rest.get(..head.rest_bytes()) {
            self.begin(Event::NoBody);
            let step = self.hand_on_package(&head, rest, means, sink)?;
            if step.stop == Some(Stop::Starved) {
                return Ok(step);
            }
            return Ok(Step {
                consumed: head.whole_bytes(),
                stop: step.stop,
            });
        }
        let Some(buffer) = means.pool.take(head.rest_bytes()) else {
            return Ok(Step::stop(Stop::Starved));
        };
        self.begin(Event::BodyFollows);
        let body = Body::Length(head.rest_bytes() as u64);
        self.message = Some(Message::new(body, Fate::Package { head, buffer }));
        Ok(Step::consumed(head.head_bytes))
    }

    /// A package of which all has come; `rest` is what follows its head.
    pub(super) fn hand_on_package(
        &mut self,
        head: &Outline,
        rest: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.count_package(means)?;
        let Some(package) = self.framing.package(head, rest) else {
            sink.bad_package();
            return self.strike(1).map(|()| Step::consumed(0));
        };
        self.since = means.now;
        if package.code == HEARTBEAT {
            return match sink.own(Own::Heartbeat { tag: package.tag }) {
                Flow::Pause => Ok(Step::stop(Stop::Paused)),
                _ => Ok(Step::consumed(0)),
            };
        }
        match sink.request(&Request::Package(package), self.strikes, means.pool) {
            Flow::Continue => Ok(Step::consumed(0)),
            Flow::Pause => Ok(Step::stop(Stop::Paused)),
            Flow::Bad => self.strike(1).map(|()| Step::consumed(0)),
            Flow::End => Ok(self.over()),
            Flow::NoMemory => {
                // It will be offered again, and is one all the same.
                self.window_packages = self.window_packages.saturating_sub(1);
                Ok(Step::stop(Stop::Starved))
            }
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
