//! What a connection is due for, and when: its client, its socket, its timer.

use super::connection::{Connection, Ending, Exchange, Step};
use crate::base::tick::Time;
use crate::session::{CloseReason, Flow, Means, Protocol, Rules};

impl Connection {
    /// The earliest of its due times.
    #[must_use]
    pub fn due(&self, rules: &Rules) -> Time {
        if self.rare.is_none() && self.outbox.is_none() {
            // As a rule: nothing else can be due.
            return self.receiving_due(rules).min(self.timer_due());
        }
        match self.lingering() {
            Some(lingering) => lingering.until,
            None if self.is_unnamed() => {
                let head = rules.http_head;
                head.map_or(Time::NEVER, |head| self.moved + head)
            }
            None => self
                .sending_due(rules)
                .min(self.receiving_due(rules))
                .min(self.pace_due())
                .min(self.timer_due())
                .min(self.answer_due()),
        }
    }

    /// When the time of an answer that comes later is up.
    #[must_use]
    pub fn answer_due(&self) -> Time {
        self.later().map_or(Time::NEVER, |pledge| pledge.due())
    }

    /// A due time has come, if [`Connection::due`] says so.
    pub fn expire<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Step {
        let now = means.now;
        if self.due(means.rules) > now {
            return Step::Event;
        }
        if self.lingering().is_some() {
            return Step::Close(
                self.ending
                    .map_or(CloseReason::Done, |ending| ending.reason),
            );
        }
        if self.is_unnamed() {
            return Step::Close(CloseReason::Slow);
        }
        if self.sending_due(means.rules) <= now {
            return Step::Close(CloseReason::SlowReader);
        }
        if self.receiving_due(means.rules) <= now {
            return self.expire_session(means, sink);
        }
        let paced = self.pace_due() <= now;
        let step = if self.timer_due() <= now {
            self.ring(means, sink)
        } else {
            Step::Event
        };
        match step {
            Step::Event if paced => Step::Turn,
            step => step,
        }
    }

    fn expire_session<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Step {
        let reason = self.session.expire(sink);
        let linger = !sink.replies().is_empty();
        self.ending = Some(Ending { reason, linger });
        self.write_replies(means, sink)
            .unwrap_or(Step::Close(reason))
    }

    /// The service's timer rings. Where calls have to wait it stays due, and
    /// rings at the next tick.
    fn ring<X: Exchange>(&mut self, means: &mut Means<'_>, sink: &mut X) -> Step {
        if sink.wait().is_some() {
            return Step::Event;
        }
        self.set_timer(Time::NEVER);
        let mute = self.session.protocol() != Protocol::Frame;
        if sink.timer(mute) == Flow::End {
            self.session.end();
            let (reason, linger) = (CloseReason::Done, true);
            self.ending = Some(Ending { reason, linger });
        }
        self.write_replies(means, sink).unwrap_or(Step::Event)
    }

    /// When the socket has to have taken more of the answers. It is not to
    /// blame while we hold them back.
    fn sending_due(&self, rules: &Rules) -> Time {
        match (&self.outbox, rules.progress) {
            _ if self.is_paced() => Time::NEVER,
            (Some(_), Some(progress)) => self.moved + progress,
            _ => Time::NEVER,
        }
    }

    /// When the client has to have sent what is waited for.
    fn receiving_due(&self, rules: &Rules) -> Time {
        if self.receives() {
            self.session.deadline(rules)
        } else {
            Time::NEVER
        }
    }
}
