//! Limits on one connection, where there are any: whose account it is on, and
//! how fast its answers go.

use super::connection::Connection;
use super::pace::{Limited, Pace};
use super::visitors::Visitor;
use crate::base::tick::Time;
use crate::session::Means;
use std::sync::Arc;

impl Connection {
    /// Puts limits on it: an account is kept of its address, its answers leave
    /// at no more than so many bytes a second.
    pub fn limit(&mut self, visitor: Option<Arc<Visitor>>, bytes_per_s: Option<u64>) {
        if visitor.is_some() || bytes_per_s.is_some() {
            let pace = bytes_per_s.map(|bytes_per_s| Pace::new(bytes_per_s, self.moved));
            self.limited = Some(Box::new(Limited { visitor, pace }));
        }
    }

    /// Takes out what is kept of its address, for as long as it is served.
    pub fn take_visitor(&mut self) -> Option<Arc<Visitor>> {
        self.limited.as_mut()?.visitor.take()
    }

    /// Puts it back.
    pub fn put_visitor(&mut self, visitor: Option<Arc<Visitor>>) {
        if let Some(limited) = &mut self.limited {
            limited.visitor = visitor;
        }
    }

    /// How fast its answers may go, where that is limited.
    fn pace(&self) -> Option<&Pace> {
        self.limited.as_ref()?.pace.as_ref()
    }

    fn pace_mut(&mut self) -> Option<&mut Pace> {
        self.limited.as_mut()?.pace.as_mut()
    }

    /// Bytes that may be written now.
    pub(super) fn may_write(&mut self, now: Time) -> usize {
        match self.pace_mut() {
            Some(pace) => usize::try_from(pace.left(now)).unwrap_or(usize::MAX),
            None => usize::MAX,
        }
    }

    pub(super) fn has_written(&mut self, count: u64, means: &mut Means<'_>) {
        means.traffic.written_bytes += count;
        if let Some(pace) = self.pace_mut() {
            pace.spend(count);
        }
    }

    /// Whether nothing can be written now: the socket takes no more, or it may
    /// not yet.
    pub(super) fn is_held_up(&self) -> bool {
        !self.writable || self.is_paced()
    }

    /// Whether it has to wait before it writes more.
    pub(super) fn is_paced(&self) -> bool {
        self.pace().is_some_and(Pace::is_spent)
    }

    /// When it may write what waits; never, if it may already.
    pub(super) fn pace_due(&self) -> Time {
        match self.pace() {
            Some(pace) if pace.is_spent() && self.outbox.is_some() => pace.refills(),
            _ => Time::NEVER,
        }
    }
}
