//! A rig that feeds a session the way `net/receive.rs` does.

use super::Spoken;
use super::recorder::{Event, Recorder, sketch_of};
use pelton::base::buffer::{Budget, Buffer, Pool};
use pelton::base::limits::{BUFFER_CLASS_BYTES, READ_BYTES};
use pelton::base::tick::Time;
use pelton::frame::Framing;
use pelton::http::HeadMemo;
use pelton::session::state::State;
use pelton::session::{CloseReason, Means, Protocol, Rules, Session, Stop, Traffic};
use std::sync::Arc;

/// The clock stands still: what differs by time alone is not compared.
const NOW: Time = Time(1_000);
/// Far more than any sample needs: running out is another test's matter.
const BUDGET_BYTES: usize = 64 << 20;

/// What became of a stream: what the sink was told, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) events: Vec<Event>,
    pub(crate) end: End,
}

/// How a session stands when all input has been offered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) verdict: Result<Stop, CloseReason>,
    pub(crate) state: State,
    pub(crate) protocol: Protocol,
    /// Bytes that are done with; not told of a stream that is not trusted.
    pub(crate) consumed: Option<usize>,
    /// What it waits for, seen by its deadline.
    pub(crate) deadline: Time,
    /// Why it closes if the client does.
    pub(crate) closed: CloseReason,
    /// Why it closes if nothing more comes, and whether the client is told.
    pub(crate) expired: Option<(CloseReason, bool)>,
}

impl Record {
    /// Everything in a line, for the samples.
    pub(crate) fn sketch(&self) -> String {
        let mut parts: Vec<String> = self.events.iter().map(sketch_of).collect();
        let told = matches!(self.end.expired, Some((_, true)));
        let told = if told { " 408" } else { "" };
        parts.push(format!("{:?}{told}", self.end.closed));
        parts.join("; ")
    }
}

/// A worker's memory, and the wish that sessions keep within it.
pub(crate) struct Rig {
    budget: Arc<Budget>,
    pool: Pool,
    memo: HeadMemo,
}

/// How to offer a stream to a session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offer<'a> {
    /// Where it is cut, in order.
    pub(crate) cuts: &'a [usize],
    /// The sink asks for a pause after every message.
    pub(crate) pauses: bool,
    /// No head of an earlier stream is remembered.
    pub(crate) forgets: bool,
}

impl Rig {
    pub(crate) fn new() -> Rig {
        let budget = Budget::new(BUDGET_BYTES);
        Rig {
            pool: Pool::new(budget.clone()),
            budget,
            memo: HeadMemo::new(),
        }
    }

    /// Offers `bytes` to a session without a copy or a cut.
    pub(crate) fn whole(&mut self, spoken: Spoken, rules: &Rules, bytes: &[u8]) -> Record {
        self.memo = HeadMemo::new();
        let mut run = Run::new(spoken, rules, false, self);
        let used = run.parse(bytes);
        run.finish(bytes.len() == used)
    }

    /// Offers `bytes` piece by piece, as a connection does: what is not
    /// consumed is held and offered again with more.
    pub(crate) fn cut(
        &mut self,
        spoken: Spoken,
        rules: &Rules,
        bytes: &[u8],
        how: Offer<'_>,
    ) -> Record {
        if how.forgets {
            self.memo = HeadMemo::new();
        }
        self.pool.shrink();
        let mut run = Run::new(spoken, rules, how.pauses, self);
        let ends = how.cuts.iter().copied().chain([bytes.len()]);
        let mut start = 0;
        for end in ends {
            run.arrive(&bytes[start..end]);
            start = end;
        }
        let nothing_held = run.held.is_none();
        let record = run.finish(nothing_held);
        let most = allowance(rules, bytes.len());
        assert!(self.budget.used_bytes() <= most, "over {most} bytes held");
        record
    }

    /// Feeds byte by byte and calls `look` with the number of bytes so far and
    /// what has been told by then.
    pub(crate) fn drip(
        &mut self,
        spoken: Spoken,
        rules: &Rules,
        bytes: &[u8],
        mut look: impl FnMut(usize, &[Event]),
    ) {
        let mut run = Run::new(spoken, rules, false, self);
        for at in 0..bytes.len() {
            run.arrive(&bytes[at..=at]);
            look(at + 1, &run.recorder.events);
        }
        let nothing_held = run.held.is_none();
        run.finish(nothing_held);
    }
}

/// Memory that a connection may pin: a message and what is held, each with the
/// smaller buffers that it outgrew and the pool keeps; and the reserve.
fn allowance(rules: &Rules, input_bytes: usize) -> usize {
    let up_to = |bytes: usize| -> usize {
        let fits = |class: &&usize| **class < bytes;
        let smaller = BUFFER_CLASS_BYTES.iter().take_while(fits).count();
        BUFFER_CLASS_BYTES[..=smaller].iter().sum()
    };
    let message = rules.package_bytes.max(rules.head_bytes + rules.body_bytes);
    READ_BYTES + up_to(message) + up_to(input_bytes.min(READ_BYTES))
}

/// Bytes of a head that wait for more at most: a line's head is all of it.
fn most_of_a_head(framing: &dyn Framing, rules: &Rules) -> usize {
    match framing.name() {
        "head8" => 7,
        "head16" => 15,
        "lengths" => 5,
        _ => rules.package_bytes - 1,
    }
}

/// One session and what its connection would hold.
struct Run<'a> {
    session: Session,
    recorder: Recorder<'a>,
    rules: &'a Rules,
    pool: &'a mut Pool,
    memo: &'a mut HeadMemo,
    held: Option<Buffer>,
    consumed: usize,
    verdict: Result<Stop, CloseReason>,
}

impl<'a> Run<'a> {
    fn new(spoken: Spoken, rules: &'a Rules, pauses: bool, rig: &'a mut Rig) -> Run<'a> {
        Run {
            session: Session::new(spoken.protocol, spoken.framing, NOW),
            recorder: Recorder {
                events: Vec::new(),
                rules,
                pauses,
            },
            rules,
            pool: &mut rig.pool,
            memo: &mut rig.memo,
            held: None,
            consumed: 0,
            verdict: Ok(Stop::Hungry),
        }
    }

    /// Bytes come in. Mirrors `Connection::receive`: with nothing held they
    /// are parsed where they lie, else behind what is held.
    fn arrive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_over() {
            let taken = match self.held.take() {
                None => self.read_shared(bytes),
                Some(held) => self.read_more(held, bytes),
            };
            bytes = &bytes[taken..];
        }
    }

    fn read_shared(&mut self, bytes: &[u8]) -> usize {
        let input = &bytes[..bytes.len().min(READ_BYTES)];
        let used = self.parse(input);
        if !self.is_over() && used < input.len() {
            let rest = &input[used..];
            let mut held = self.pool.take(rest.len()).expect("memory");
            assert!(held.append(rest));
            self.held = Some(held);
        }
        input.len()
    }

    fn read_more(&mut self, mut held: Buffer, bytes: &[u8]) -> usize {
        assert!(self.pool.make_room(&mut held, 1));
        let count = held.spare().len().min(bytes.len());
        assert!(held.append(&bytes[..count]));
        let used = self.parse(held.bytes());
        held.consume(used);
        if held.is_empty() || self.is_over() {
            self.pool.give(held);
        } else {
            self.held = Some(held);
        }
        count
    }

    /// Mirrors `Connection::parse`.
    fn parse(&mut self, input: &[u8]) -> usize {
        let mut used = 0;
        loop {
            let mut means = Means {
                now: NOW,
                rules: self.rules,
                pool: self.pool,
                memo: self.memo,
                traffic: &mut Traffic::default(),
            };
            let rest = &input[used..];
            match self.session.receive(rest, &mut means, &mut self.recorder) {
                Ok(progress) => {
                    assert!(progress.consumed <= rest.len());
                    used += progress.consumed;
                    self.verdict = Ok(progress.stop);
                }
                Err(reason) => self.verdict = Err(reason),
            }
            if self.verdict != Ok(Stop::Paused) || used == input.len() {
                break;
            }
        }
        self.consumed += used;
        self.check_bounds(input.len() - used);
        used
    }

    fn check_bounds(&self, left: usize) {
        assert_eq!(self.is_over(), self.session.state() == State::Ended);
        let held = usize::from(self.held.is_some());
        assert!(self.pool.lent() <= 2 + held, "{} buffers", self.pool.lent());
        if self.verdict == Ok(Stop::Hungry) {
            // A leading empty line does not count as head.
            let most = match self.session.protocol() {
                Protocol::Undecided => 2,
                Protocol::Frame => most_of_a_head(self.session.framing(), self.rules),
                Protocol::Http => self.rules.head_bytes - 1 + 2,
            };
            assert!(left <= most, "{left} bytes wait for more");
            let begun = self.session.protocol() == Protocol::Undecided || !self.session.at_rest();
            assert!(left == 0 || begun, "at rest with {left} bytes");
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.verdict, Err(_) | Ok(Stop::Ended))
    }

    /// The client has sent everything.
    fn finish(mut self, nothing_held: bool) -> Record {
        if self.verdict == Ok(Stop::Paused) {
            self.parse(b""); // a pause behind the last byte is no difference
        }
        let closed = match self.verdict {
            Err(reason) => reason,
            Ok(Stop::Ended) => CloseReason::Done,
            Ok(_) if self.session.at_rest() && nothing_held => CloseReason::PeerClosed,
            Ok(_) => CloseReason::Truncated,
        };
        let end = End {
            verdict: self.verdict,
            state: self.session.state(),
            protocol: self.session.protocol(),
            consumed: self.verdict.is_ok().then_some(self.consumed),
            deadline: self.session.deadline(self.rules),
            closed,
            expired: self.expire(),
        };
        if let Some(held) = self.held.take() {
            self.pool.give(held);
        }
        self.session.release(self.pool);
        assert_eq!(self.pool.lent(), 0, "a buffer did not come back");
        Record {
            events: self.recorder.events,
            end,
        }
    }

    fn expire(&mut self) -> Option<(CloseReason, bool)> {
        if self.is_over() {
            return None;
        }
        let before = self.recorder.events.len();
        let reason = self.session.expire(&mut self.recorder);
        let told = self.recorder.events.len() > before;
        self.recorder.events.truncate(before);
        Some((reason, told))
    }
}
