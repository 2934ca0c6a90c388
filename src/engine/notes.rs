//! Faults in the log, without a flood of them filling a disk.

use crate::base::tick::{Millis, Time};
use crate::session::CloseReason;

/// Between two lines about the same kind of fault.
const PAUSE: Millis = Millis::seconds(60);

/// When each kind of fault was last told, and how many came since.
#[derive(Debug)]
pub(super) struct Notes {
    kinds: [Note; CloseReason::ALL.len()],
}

#[derive(Clone, Copy, Debug, Default)]
struct Note {
    told: Option<Time>,
    untold: u64,
}

impl Notes {
    pub(super) fn new() -> Notes {
        Notes {
            kinds: [Note::default(); CloseReason::ALL.len()],
        }
    }

    /// A connection ended in a fault: the line to log, if it is time for one.
    pub(super) fn fault(&mut self, reason: CloseReason, now: Time) -> Option<String> {
        let note = &mut self.kinds[reason as usize];
        if note.told.is_some_and(|told| now.since(told) < PAUSE) {
            note.untold += 1;
            return None;
        }
        note.told = Some(now);
        let text = reason.text();
        Some(match std::mem::take(&mut note.untold) {
            0 => format!("connection closed: {text}"),
            more => format!("connection closed: {text} ({more} more since the last such line)"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_repeated() {
        let mut notes = Notes::new();
        let mut fault = |at| notes.fault(CloseReason::BadLength, Time(at));
        let first = "connection closed: a package whose length is out of bounds";
        assert_eq!(fault(0).as_deref(), Some(first));
        for at in 1..=1_000 {
            assert_eq!(fault(at), None);
        }
        let later = format!("{first} (1000 more since the last such line)");
        assert_eq!(fault(60_000), Some(later));
        assert_eq!(fault(60_001), None);
    }
}
