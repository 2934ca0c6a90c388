//! A connection reads: into the worker's buffer, or behind what it holds.

use super::connection::{Connection, Ending, Exchange, Step};
use crate::base::buffer::Buffer;
use crate::base::limits::WRITE_BUDGET_BYTES;
use crate::os::socket;
use crate::session::{CloseReason, Means, Protocol, Stop};
use std::io::ErrorKind;

/// How far a batch came, and what the connection waits for then.
struct Parsed {
    consumed: usize,
    step: Step,
}

impl Connection {
    /// Reads once and parses until there is a reason to stop.
    pub(super) fn receive<X: Exchange>(
        &mut self,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        if !self.hungry
            && let Some(held) = self.held.take()
        {
            return self.parse_held(held, means, sink);
        }
        if self.eof {
            return self.end_of_input();
        }
        if !self.readable {
            return Step::Event;
        }
        match self.held.take() {
            Some(held) => self.read_more(held, means, sink),
            None => self.read_shared(input, means, sink),
        }
    }

    /// Reads into the worker's buffer and parses there; only what is left of
    /// it is copied.
    fn read_shared<X: Exchange>(
        &mut self,
        input: &mut [u8],
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        let peek = self.session.protocol() == Protocol::Frame && means.pool.is_short();
        let result = socket::receive(&self.stream, input, peek);
        let count = match self.read_result(result, input.len()) {
            Ok(0) => return self.end_of_input(),
            Ok(count) => count,
            Err(step) => return step,
        };
        let parsed = self.parse(&input[..count], means, sink);
        if peek {
            return self.after_peek(parsed, input, count, means);
        }
        means.traffic.read_bytes += count as u64;
        let over = self.ending.is_some() || matches!(parsed.step, Step::Close(_));
        if !over && parsed.consumed < count {
            let rest = &input[parsed.consumed..count];
            let Some(mut held) = self.take_held(rest.len(), means) else {
                return self.refuse_for_memory(means, sink);
            };
            let fits = held.append(rest);
            debug_assert!(fits);
            self.held = Some(held);
        }
        parsed.step
    }

    /// Reads behind what is held and parses both.
    fn read_more<X: Exchange>(
        &mut self,
        mut held: Buffer,
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        if !means.pool.make_room(&mut held, 1) {
            if self.session.protocol() == Protocol::Frame {
                self.held = Some(held); // a head may be as long as its package
                return Step::Memory;
            }
            means.pool.give(held);
            return self.refuse_for_memory(means, sink);
        }
        let room = held.spare();
        let len = room.len();
        let result = socket::receive(&self.stream, room, false);
        match self.read_result(result, len) {
            Ok(0) => {
                self.held = Some(held);
                self.end_of_input()
            }
            Ok(count) => {
                means.traffic.read_bytes += count as u64;
                held.fill(count);
                self.parse_held(held, means, sink)
            }
            Err(step) => {
                self.held = Some(held);
                step
            }
        }
    }

    fn parse_held<X: Exchange>(
        &mut self,
        mut held: Buffer,
        means: &mut Means<'_>,
        sink: &mut X,
    ) -> Step {
        let parsed = self.parse(held.bytes(), means, sink);
        held.consume(parsed.consumed);
        if held.is_empty() || self.ending.is_some() {
            means.pool.give(held);
        } else {
            self.held = Some(held);
        }
        parsed.step
    }

    /// Lets the session parse `input` and writes the answers, in turn, until
    /// the input is used up or there is a reason to stop.
    fn parse<X: Exchange>(&mut self, input: &[u8], means: &mut Means<'_>, sink: &mut X) -> Parsed {
        let mut consumed = 0;
        let mut written = 0;
        loop {
            let progress = self.session.receive(&input[consumed..], means, sink);
            let stop = match progress {
                Ok(progress) => {
                    consumed += progress.consumed;
                    progress.stop
                }
                Err(reason) => {
                    self.ending = Some(Ending {
                        reason,
                        linger: true,
                    });
                    Stop::Ended
                }
            };
            self.hungry = stop == Stop::Hungry;
            if stop == Stop::Ended && self.ending.is_none() {
                let linger = consumed < input.len() || self.more_may_come();
                self.ending = Some(Ending {
                    reason: CloseReason::Done,
                    linger,
                });
            }
            written += sink.replies().total_bytes();
            let step = self.write_replies(means, sink);
            match (stop, step) {
                (Stop::Paused, None) if consumed < input.len() => {
                    // Letters leave between two turns.
                    let enough = written >= WRITE_BUDGET_BYTES as u64;
                    if enough || sink.replies().has_letters() {
                        return Parsed {
                            consumed,
                            step: Step::Turn,
                        };
                    }
                }
                (Stop::Starved, None) => {
                    return Parsed {
                        consumed,
                        step: Step::Memory,
                    };
                }
                (_, Some(step)) => return Parsed { consumed, step },
                (_, None) => {
                    return Parsed {
                        consumed,
                        step: self.next_step(),
                    };
                }
            }
        }
    }

    /// After a batch was parsed and answered whole: is there more to do? What a
    /// budget has left in the outbox is: no event tells of a socket that takes
    /// more and always has.
    fn next_step(&self) -> Step {
        let unwritten = self.outbox.is_some() && self.writable && !self.is_paced();
        if self.readable || self.eof || self.peer_closed || unwritten {
            Step::Turn
        } else {
            Step::Event
        }
    }

    /// Takes the bits from the result of a read. `Ok(0)` is the end of input.
    fn read_result(&mut self, result: std::io::Result<usize>, room: usize) -> Result<usize, Step> {
        match result {
            Ok(0) => {
                self.eof = true;
                self.readable = false;
                Ok(0)
            }
            Ok(count) => {
                // Measured: a short read is a drained socket. Not so once the
                // client has closed: the end comes without a further event.
                if count < room && !self.peer_closed {
                    self.readable = false;
                }
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Err(Step::Event)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(Step::Turn),
            Err(_) => Err(Step::Close(CloseReason::Reset)),
        }
    }

    /// With memory short, packages are parsed where the system holds them:
    /// what was consumed is taken from the socket, the rest stays there.
    fn after_peek(
        &mut self,
        parsed: Parsed,
        input: &mut [u8],
        count: usize,
        means: &mut Means<'_>,
    ) -> Step {
        means.traffic.read_bytes += parsed.consumed as u64;
        let mut left = parsed.consumed;
        while left > 0 {
            match socket::receive(&self.stream, &mut input[..left], false) {
                Ok(count) if count > 0 => left -= count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Step::Close(CloseReason::Reset),
            }
        }
        if parsed.consumed == count {
            return parsed.step;
        }
        // No event will tell of what is left there.
        self.readable = true;
        match parsed.step {
            Step::Event | Step::Turn if means.pool.is_short() => Step::Memory,
            Step::Event => Step::Turn,
            step => step,
        }
    }

    /// A buffer for what was read and not parsed. A package that was begun has
    /// the pool's reserve to fall back on.
    fn take_held(&self, bytes: usize, means: &mut Means<'_>) -> Option<Buffer> {
        match self.session.protocol() {
            Protocol::Frame => means.pool.take_or_reserve(bytes),
            Protocol::Http | Protocol::Undecided => means.pool.take(bytes),
        }
    }

    /// What came cannot be held: HTTP is told so, a frame client is let go.
    fn refuse_for_memory<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Step {
        let reason = match self.session.protocol() {
            // An answer is to come: this one would pass for it.
            _ if sink.in_flight() => {
                self.session.end();
                CloseReason::NoMemory
            }
            Protocol::Http => self.session.refuse_for_memory(None, sink),
            Protocol::Frame | Protocol::Undecided => CloseReason::NoMemory,
        };
        self.ending = Some(Ending {
            reason,
            linger: true,
        });
        self.write_replies(means, sink)
            .unwrap_or(Step::Close(reason))
    }
}
