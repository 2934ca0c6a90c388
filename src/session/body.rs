//! Bodies that come in parts, of both protocols.

use super::message::{Fate, Message};
use super::reason::CloseReason;
use super::sink::{HttpRequest, Own, Sink};
use super::state::Event;
use super::{Means, Protocol, Session, Step, Stop};
use crate::http::Status;

impl Session {
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
                let step = self.finish(*message, means, sink)?;
                Ok(Step {
                    consumed,
                    stop: step.stop,
                })
            }
            Err(fault) => {
                let reason = self.fault(fault, &message, sink);
                message.release(means.pool);
                Err(reason)
            }
        }
    }

    /// The body is whole: its message is handed on, if it has not been yet.
    fn finish(
        &mut self,
        message: Message,
        means: &mut Means<'_>,
        sink: &mut impl Sink,
    ) -> Result<Step, CloseReason> {
        self.go(Event::BodyWhole);
        let step = match &message.fate {
            Fate::Discard { .. } => {
                self.since = means.now;
                Ok(self.end_if_last(Step::consumed(0)))
            }
            Fate::Request(collected) => {
                let request = HttpRequest {
                    head: &collected.head(),
                    body: collected.body(),
                    last: self.last,
                };
                self.hand_on(request, means, sink)
            }
            Fate::Package { head, buffer } => {
                match self.hand_on_package(head, buffer.bytes(), means, sink) {
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

    fn fault(&mut self, fault: Fault, message: &Message, sink: &mut impl Sink) -> CloseReason {
        let head = message.head();
        let head = head.as_ref();
        match fault {
            // The request has had its answer: there is no second one.
            _ if message.is_discarded() => {
                self.go(Event::Over);
                CloseReason::BadRequest
            }
            Fault::Broken => {
                let hint = "the chunked body is malformed";
                let status = Status::BAD_REQUEST;
                let method = None;
                let answer = Own::Refuse {
                    method,
                    status,
                    hint,
                };
                self.refuse_as(answer, head, sink)
            }
            Fault::TooLarge => self.refuse_as(Own::refuse(Status::CONTENT_TOO_LARGE), head, sink),
            Fault::NoMemory => self.refuse_for_memory(head, sink),
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
