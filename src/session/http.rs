//! The HTTP side of the machine: heads, and what becomes of their bodies.

use super::message::{Collected, Fate, Message};
use super::reason::CloseReason;
use super::sink::{BodyPlan, Flow, HttpRequest, Own, Request, Sink};
use super::state::Event;
use super::{Means, Session, Step, Stop};
use crate::http::body::{Body, Chunked};
use crate::http::head::HeadRoom;
use crate::http::parse::{self, End};
use crate::http::{Framing, Head, HeadError, HeadMemo, Status};

/// One empty line ahead of a request line is skipped (RFC 9112 2.2).
const EMPTY_LINE: &[u8] = b"\r\n";

impl Session {
    pub(super) fn receive_http_head(
        &mut self,
        input: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        if input.is_empty() {
            return Ok(Step::stop(Stop::Hungry));
        }
        if let Some((len, flow)) = Session::receive_again(input, means, sink) {
            let step = self.follow(flow, None, sink)?;
            return Ok(step.after(len));
        }
        if self.at_rest() {
            self.since = means.now;
            self.go(Event::FirstByte);
        }
        let skipped = if input.starts_with(EMPTY_LINE) {
            EMPTY_LINE.len()
        } else {
            0
        };
        let start = &input[skipped..];
        if start.is_empty() || input == b"\r" {
            return Ok(Step::stop(Stop::Hungry));
        }
        // The last head again? It is taken out, for the session needs the rest
        // of the means while the head is borrowed.
        let mut memo = std::mem::take(means.memo);
        let step = match memo.recall(window(start, means)) {
            Some(head) => self.take_head(&head, start, means, sink),
            None => self.receive_new_head(start, means, &mut memo, sink),
        };
        memo.end_message();
        *means.memo = memo;
        // The empty line goes with its head: consumed ahead of it, it would
        // let another one be skipped.
        step.map(|step| match step.consumed {
            0 => step,
            _ => step.after(skipped),
        })
    }

    /// The last request again, to the byte: its answer may do once more, for
    /// nothing has happened since. Tells how long it is and what the sink said.
    fn receive_again(
        input: &[u8],
        means: &Means<'_>,
        sink: &mut impl Sink,
    ) -> Option<(usize, Flow)> {
        let len = means.memo.recall_again(input)?;
        sink.again().map(|flow| (len, flow))
    }

    fn receive_new_head(
        &mut self,
        input: &[u8],
        means: &mut Means<'_>,
        memo: &mut HeadMemo,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        let window = window(input, means);
        let end = match parse::find_end(window, self.scanned as usize) {
            Ok(End::At(end)) => end,
            Ok(End::NotYet { scanned }) if window.len() < means.rules.head_bytes => {
                self.scanned = scanned as u32;
                return Ok(Step::stop(Stop::Hungry));
            }
            Ok(End::NotYet { .. }) => return Err(self.refuse(HeadError::too_long(window), sink)),
            Err(error) => return Err(self.refuse(error, sink)),
        };
        let mut room = HeadRoom::new();
        let head = match parse::parse(&input[..end], &mut room) {
            Ok(head) => head,
            Err(error) => return Err(self.refuse(error, sink)),
        };
        memo.remember(&head);
        self.take_head(&head, input, means, sink)
    }

    /// The head at the front of `input` is whole.
    fn take_head(
        &mut self,
        head: &Head<'_>,
        input: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        let end = head.bytes().len();
        self.scanned = 0;
        self.go(Event::HeadWhole);
        let step = self.begin_body(head, &input[end..], means, sink)?;
        Ok(step.after(end))
    }

    /// BodyInit: the head is whole; `rest` is what has come behind it.
    fn begin_body(
        &mut self,
        head: &Head<'_>,
        rest: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.last = !head.keep_alive();
        self.asked_last = self.last;
        let body = match head.line().framing {
            Framing::None | Framing::Length(0) => {
                self.go(Event::NoBody);
                let request = HttpRequest {
                    head,
                    body: &[],
                    last: self.last,
                };
                return self.hand_on(request, means, sink);
            }
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(Chunked::new()),
        };
        let plan = match sink.plan(head) {
            BodyPlan::Refuse(status) => return Err(self.refuse_request(status, head, sink)),
            plan => plan,
        };
        let limit = means.rules.body_bytes;
        let expect = match body {
            Body::Length(length) => usize::try_from(length)
                .ok()
                .filter(|&length| length <= limit),
            Body::Chunked(_) => Some(0),
        };
        let Some(expect) = expect else {
            return Err(self.refuse_request(Status::CONTENT_TOO_LARGE, head, sink));
        };
        if plan == BodyPlan::Discard {
            return self.begin_discard(head, body, means, sink);
        }
        if head.line().expect_continue {
            sink.own(Own::Continue);
        }
        if let (Body::Length(_), Some(whole)) = (&body, rest.get(..expect)) {
            self.go(Event::NoBody);
            let request = HttpRequest {
                head,
                body: whole,
                last: self.last,
            };
            let step = self.hand_on(request, means, sink)?;
            return Ok(Step {
                consumed: expect,
                stop: step.stop,
            });
        }
        let Some(collected) = Collected::start(head, expect, means.pool) else {
            return Err(self.refuse_for_memory(Some(head), sink));
        };
        self.message = Some(Message::new(body, Fate::Request(collected)));
        self.since = means.now;
        self.go(Event::BodyFollows);
        Ok(Step::consumed(0))
    }

    /// The request is answered at once; its body is read and dropped.
    fn begin_discard(
        &mut self,
        head: &Head<'_>,
        body: Body,
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        // A client that waits for 100 may leave the body out when it sees the
        // final status: where the next request starts is then unknown.
        self.last |= head.line().expect_continue;
        let left = means.rules.body_bytes;
        self.message = Some(Message::new(body, Fate::Discard { left }));
        self.since = means.now;
        self.go(Event::BodyFollows);
        let request = HttpRequest {
            head,
            body: &[],
            last: self.last,
        };
        match sink.request(&Request::Http(request), self.strikes, means.pool) {
            Flow::End => Ok(self.over()),
            Flow::Pause => Ok(Step::stop(Stop::Paused)),
            Flow::Continue | Flow::Bad => Ok(Step::consumed(0)),
            Flow::NoMemory => Err(self.refuse_for_memory(Some(head), sink)),
        }
    }

    /// Gives a whole request to the sink and does what it says.
    pub(super) fn hand_on(
        &mut self,
        request: HttpRequest<'_>,
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.since = means.now;
        let flow = sink.request(&Request::Http(request), self.strikes, means.pool);
        self.follow(flow, Some(request.head), sink)
    }

    /// Does what the sink said of a whole request.
    fn follow(
        &mut self,
        flow: Flow,
        head: Option<&Head<'_>>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        match flow {
            Flow::Continue | Flow::Bad => Ok(self.end_if_last(Step::consumed(0))),
            Flow::Pause => Ok(self.end_if_last(Step::stop(Stop::Paused))),
            Flow::End => Ok(self.over()),
            Flow::NoMemory => Err(self.refuse_for_memory(head, sink)),
        }
    }

    pub(super) fn end_if_last(&mut self, step: Step) -> Step {
        if self.last { self.over() } else { step }
    }

    /// The last message is through.
    pub(super) fn over(&mut self) -> Step {
        self.go(Event::Over);
        Step::stop(Stop::Ended)
    }

    /// Answers what there is no memory for; the connection ends. `head`: what was
    /// asked for, if that is known.
    pub(crate) fn refuse_for_memory(
        &mut self,
        head: Option<&Head<'_>>,
        sink: &mut impl Sink,
    ) -> CloseReason {
        let hint = "the server has no buffer memory left; try again in a moment";
        let answer = Own::Refuse {
            method: None,
            status: Status::SERVICE_UNAVAILABLE,
            hint,
        };
        self.refuse_as(answer, head, sink);
        CloseReason::NoMemory
    }

    fn refuse(&mut self, error: HeadError, sink: &mut impl Sink) -> CloseReason {
        self.refuse_as(
            Own::Refuse {
                method: None,
                status: error.status(),
                hint: error.hint(),
            },
            None,
            sink,
        )
    }

    /// One whose head is fine, but not what it announces.
    fn refuse_request(
        &mut self,
        status: Status,
        head: &Head<'_>,
        sink: &mut impl Sink,
    ) -> CloseReason {
        self.refuse_as(Own::refuse(status), Some(head), sink)
    }

    /// After an error of framing: one answer, then the end.
    pub(super) fn refuse_as(
        &mut self,
        answer: Own,
        head: Option<&Head<'_>>,
        sink: &mut impl Sink,
    ) -> CloseReason {
        match head {
            Some(head) => sink.refuse(answer.to(head.line().method), head),
            None => {
                sink.own(answer);
            }
        }
        self.go(Event::Over);
        CloseReason::BadRequest
    }
}

/// The part of the input that a head may take: what lies past the limit is
/// never looked at, however the input was cut.
fn window<'a>(input: &'a [u8], means: &Means<'_>) -> &'a [u8] {
    &input[..input.len().min(means.rules.head_bytes)]
}
