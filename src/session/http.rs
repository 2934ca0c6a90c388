//! The HTTP side of the machine: heads, and bodies of both protocols.

use super::message::{Collected, Fate, Message};
use super::reason::CloseReason;
use super::sink::{BodyPlan, Flow, HttpRequest, Own, Request, Sink};
use super::state::Event;
use super::{Means, Protocol, Session, Step, Stop};
use crate::http::body::{Body, Chunked};
use crate::http::head::{self, End, HeadError};
use crate::http::{Framing, Head, Status};

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
        // What lies past the limit is never looked at, however it was cut.
        let window = &start[..start.len().min(means.rules.head_bytes)];
        let memo = std::mem::take(means.memo);
        if let Some(head) = memo.recall(window) {
            let step = self.take_head(&head, start, means, sink);
            *means.memo = memo;
            return step.map(|step| step.after(skipped));
        }
        *means.memo = memo;
        let end = match head::find_end(window, self.scanned as usize) {
            Ok(End::At(end)) => end,
            Ok(End::NotYet { scanned }) if window.len() < means.rules.head_bytes => {
                self.scanned = scanned as u32;
                return Ok(Step::stop(Stop::Hungry));
            }
            Ok(End::NotYet { .. }) => return Err(self.refuse(HeadError::too_long(window), sink)),
            Err(error) => return Err(self.refuse(error, sink)),
        };
        let mut spans = head::NO_FIELDS;
        let head = match head::parse(&start[..end], &mut spans) {
            Ok(head) => head,
            Err(error) => return Err(self.refuse(error, sink)),
        };
        means.memo.remember(&head);
        let step = self.take_head(&head, start, means, sink)?;
        Ok(step.after(skipped))
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
        let body = match head.line().framing {
            Framing::None | Framing::Length(0) => {
                self.go(Event::NoBody);
                let request = HttpRequest {
                    head: *head,
                    body: &[],
                    last: self.last,
                };
                return self.hand_on(request, means, sink);
            }
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(Chunked::new()),
        };
        let plan = match sink.plan(head) {
            BodyPlan::Refuse(status) => return Err(self.refuse_as(Own::refuse(status), sink)),
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
            return Err(self.refuse_as(Own::refuse(Status::CONTENT_TOO_LARGE), sink));
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
                head: *head,
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
            return Err(self.refuse_for_memory(sink));
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
            head: *head,
            body: &[],
            last: self.last,
        };
        match sink.request(Request::Http(request), self.strikes, means.pool) {
            Flow::End => Ok(self.over()),
            Flow::Pause => Ok(Step::stop(Stop::Paused)),
            Flow::Continue | Flow::Bad => Ok(Step::consumed(0)),
            Flow::NoMemory => Err(self.refuse_for_memory(sink)),
        }
    }

    /// BodyReceiving, for both protocols.
    pub(super) fn receive_body(
        &mut self,
        input: &[u8],
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        let Some(mut message) = self.message.take() else {
            debug_assert!(false, "a body without a message");
            self.end();
            return Err(CloseReason::BadRequest);
        };
        let mut consumed = 0;
        let taken = loop {
            match take_piece(&mut message, &input[consumed..], means) {
                Ok(count) => consumed += count,
                Err(fault) => break Err(fault),
            }
            if message.body.is_done() {
                break Ok(true);
            }
            if consumed == input.len() {
                break Ok(false);
            }
        };
        match taken {
            Ok(false) => {
                // Only whole packages are signs of life.
                if self.protocol == Protocol::Http && message.renews(consumed) {
                    self.since = means.now;
                }
                self.message = Some(message);
                Ok(Step {
                    consumed,
                    stop: Some(Stop::Hungry),
                })
            }
            Ok(true) => {
                let step = self.finish(message, means, sink)?;
                Ok(Step {
                    consumed,
                    stop: step.stop,
                })
            }
            Err(fault) => {
                let discarding = matches!(message.fate, Fate::Discard { .. });
                message.release(means.pool);
                Err(self.fault(fault, discarding, sink))
            }
        }
    }

    /// The body is whole: its message is handed on, if it has not been yet.
    fn finish(
        &mut self,
        message: Box<Message>,
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.go(Event::BodyWhole);
        let step = match &message.fate {
            Fate::Discard { .. } => {
                self.since = means.now;
                Ok(self.end_if_last(Step::consumed(0)))
            }
            Fate::Request(collected) => self.hand_on(collected.request(self.last), means, sink),
            Fate::Package { head, buffer } => {
                match self.hand_on_package(*head, buffer.bytes(), means, sink) {
                    // It is consumed already: it cannot be offered again.
                    Ok(Step {
                        stop: Some(Stop::Starved),
                        ..
                    }) => {
                        self.end();
                        Err(CloseReason::NoMemory)
                    }
                    step => step,
                }
            }
        };
        message.release(means.pool);
        step
    }

    /// Gives a whole request to the sink and does what it says.
    fn hand_on(
        &mut self,
        request: HttpRequest<'_>,
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.since = means.now;
        match sink.request(Request::Http(request), self.strikes, means.pool) {
            Flow::Continue | Flow::Bad => Ok(self.end_if_last(Step::consumed(0))),
            Flow::Pause => Ok(self.end_if_last(Step::stop(Stop::Paused))),
            Flow::End => Ok(self.over()),
            Flow::NoMemory => Err(self.refuse_for_memory(sink)),
        }
    }

    fn end_if_last(&mut self, step: Step) -> Step {
        if self.last { self.over() } else { step }
    }

    /// The last message is through.
    pub(super) fn over(&mut self) -> Step {
        self.go(Event::Over);
        Step::stop(Stop::Ended)
    }

    /// Answers what cannot be memory for; the connection ends.
    pub(crate) fn refuse_for_memory(&mut self, sink: &mut impl Sink) -> CloseReason {
        let hint = "the server has no buffer memory left; try again in a moment";
        self.refuse_as(
            Own::Refuse {
                status: Status::SERVICE_UNAVAILABLE,
                hint,
            },
            sink,
        );
        CloseReason::NoMemory
    }

    fn refuse(&mut self, error: HeadError, sink: &mut impl Sink) -> CloseReason {
        self.refuse_as(
            Own::Refuse {
                status: error.status(),
                hint: error.hint(),
            },
            sink,
        )
    }

    /// After an error of framing: one answer, then the end.
    fn refuse_as(&mut self, answer: Own, sink: &mut impl Sink) -> CloseReason {
        sink.own(answer);
        self.go(Event::Over);
        CloseReason::BadRequest
    }

    fn fault(&mut self, fault: Fault, discarding: bool, sink: &mut impl Sink) -> CloseReason {
        match fault {
            // The request has had its answer: there is no second one.
            _ if discarding => {
                self.go(Event::Over);
                CloseReason::BadRequest
            }
            Fault::Broken => {
                let hint = "the chunked body is malformed";
                self.refuse_as(
                    Own::Refuse {
                        status: Status::BAD_REQUEST,
                        hint,
                    },
                    sink,
                )
            }
            Fault::TooLarge => self.refuse_as(Own::refuse(Status::CONTENT_TOO_LARGE), sink),
            Fault::NoMemory => self.refuse_for_memory(sink),
        }
    }
}

/// What can be wrong with a body.
enum Fault {
    Broken,
    TooLarge,
    NoMemory,
}

/// Decodes one piece of a body and does with it what the message's fate says.
/// Returns how much of the input it took.
fn take_piece(message: &mut Message, input: &[u8], means: &mut Means<'_>) -> Result<usize, Fault> {
    let piece = message.body.decode(input).map_err(|_| Fault::Broken)?;
    let data = &input[piece.data.clone()];
    match &mut message.fate {
        Fate::Discard { left } => {
            *left = left.checked_sub(data.len()).ok_or(Fault::TooLarge)?;
        }
        Fate::Request(collected) => {
            if collected.body_len() + data.len() > means.rules.body_bytes {
                return Err(Fault::TooLarge);
            }
            if !collected.append(data, means.pool) {
                return Err(Fault::NoMemory);
            }
        }
        Fate::Package { buffer, .. } => {
            let fits = buffer.append(data);
            debug_assert!(fits, "the buffer was taken for the whole body");
        }
    }
    Ok(piece.consumed)
}
