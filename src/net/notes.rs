//! Trouble in the log: told when it comes, and counted from then on, so that no
//! flood of it fills a disk.

use crate::base::limits::TOLD_MS;
use crate::base::tick::Time;
use crate::session::CloseReason;
use log::Level;
use std::fmt::Arguments;
use std::sync::atomic::{AtomicU64, Ordering};

/// What may come again and again, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A connection ended by a fault other than want of memory.
    Closed(CloseReason),
    /// A handler for a path panicked.
    PathPanic,
    /// A handler for a code panicked.
    CodePanic,
    /// The handler of a timer panicked.
    TimerPanic,
    /// The service panicked where it was asked or told something else.
    ServicePanic,
    /// Nobody more can be accepted.
    NoRoom,
    /// A connection was accepted that the poll does not take.
    NoEvents,
    /// The buffers have all the memory that they may have.
    NoMemory,
    /// No file can be opened, for want of descriptors or memory.
    NoFiles,
    /// The disk failed.
    Disk,
    /// The disk takes the access log more slowly than it comes.
    SlowAccess,
    /// The access log cannot be written.
    NoAccess,
}

const CLOSED: usize = CloseReason::ALL.len();
const KINDS: usize = CLOSED + 11;

impl Trouble {
    /// Every kind, in the order of the notes.
    fn all() -> impl Iterator<Item = Trouble> {
        let others = [
            Trouble::PathPanic,
            Trouble::CodePanic,
            Trouble::TimerPanic,
            Trouble::ServicePanic,
            Trouble::NoRoom,
            Trouble::NoEvents,
            Trouble::NoMemory,
            Trouble::NoFiles,
            Trouble::Disk,
            Trouble::SlowAccess,
            Trouble::NoAccess,
        ];
        let closed = CloseReason::ALL.into_iter().map(Trouble::Closed);
        closed.chain(others)
    }

    fn number(self) -> usize {
        match self {
            Trouble::Closed(reason) => reason as usize,
            Trouble::PathPanic => CLOSED,
            Trouble::CodePanic => CLOSED + 1,
            Trouble::TimerPanic => CLOSED + 2,
            Trouble::ServicePanic => CLOSED + 3,
            Trouble::NoRoom => CLOSED + 4,
            Trouble::NoEvents => CLOSED + 5,
            Trouble::NoMemory => CLOSED + 6,
            Trouble::NoFiles => CLOSED + 7,
            Trouble::Disk => CLOSED + 8,
            Trouble::SlowAccess => CLOSED + 9,
            Trouble::NoAccess => CLOSED + 10,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Trouble::Closed(_) => "connection closed",
            Trouble::PathPanic => "the handler of a path panicked",
            Trouble::CodePanic => "the handler of a code panicked",
            Trouble::TimerPanic => "the handler of a timer panicked",
            Trouble::ServicePanic => "the service panicked",
            Trouble::NoRoom => {
                "no room for more connections (raise the open-file limit, or limits.connections): \
                 new ones wait until others close"
            }
            Trouble::NoEvents => "a connection could not be registered, and is closed",
            Trouble::NoMemory => {
                "no buffer memory left (limits.buffer_mb): requests that need some are answered \
                 503, and packages wait"
            }
            Trouble::NoFiles => {
                "no file can be opened (raise the open-file limit): those that are not held in \
                 memory are answered 503"
            }
            Trouble::Disk => "a file cannot be read, and is answered 500",
            Trouble::SlowAccess => {
                "the disk does not keep up with the access log: a line of it is lost"
            }
            Trouble::NoAccess => "the access log cannot be written (log.access): lines are lost",
        }
    }

    fn level(self) -> Level {
        match self {
            Trouble::Closed(_) | Trouble::NoRoom | Trouble::NoMemory | Trouble::NoFiles => {
                Level::Warn
            }
            _ => Level::Error,
        }
    }

    fn log(self, details: Arguments<'_>) {
        let text = self.text();
        match self {
            Trouble::Closed(reason) => {
                log::log!(self.level(), "{text}: {} ({details})", reason.text());
            }
            _ => log::log!(self.level(), "{text} ({details})"),
        }
    }
}

/// When each kind of trouble was last told, and how often it came since. All
/// threads of a server share it, so each kind is told once.
#[derive(Debug)]
pub struct Notes {
    kinds: [Note; KINDS],
    /// How much of all kinds is not told.
    untold: AtomicU64,
}

#[derive(Debug)]
struct Note {
    /// In milliseconds; [`Time::NEVER`]: it was not.
    told: AtomicU64,
    untold: AtomicU64,
}

impl Default for Notes {
    fn default() -> Notes {
        let note = || Note {
            told: AtomicU64::new(Time::NEVER.0),
            untold: AtomicU64::new(0),
        };
        Notes {
            kinds: std::array::from_fn(|_| note()),
            untold: AtomicU64::new(0),
        }
    }
}

impl Notes {
    /// Trouble came: it is told with these details, or counted if it was told
    /// less than a minute ago.
    pub fn note(&self, trouble: Trouble, now: Time, details: Arguments<'_>) {
        let note = &self.kinds[trouble.number()];
        if note.begins(now) {
            trouble.log(details);
        } else {
            // The sum first: it is never less than what is told and taken off.
            self.untold.fetch_add(1, Ordering::Relaxed);
            note.untold.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether [`Notes::tick`] has something to wait for.
    #[must_use]
    pub fn wants_tick(&self) -> bool {
        self.untold.load(Ordering::Relaxed) > 0
    }

    /// Tells how much more came of what was told a minute ago.
    pub fn tick(&self, now: Time) {
        if self.wants_tick() {
            self.tell_more(|note| note.is_due(now));
        }
    }

    /// Tells how much more came of everything: the server ends.
    pub fn end(&self) {
        self.tell_more(|_| true);
    }

    fn tell_more(&self, is_due: impl Fn(&Note) -> bool) {
        for (trouble, note) in Trouble::all().zip(&self.kinds) {
            if note.untold.load(Ordering::Relaxed) > 0 && is_due(note) {
                let more = note.untold.swap(0, Ordering::Relaxed);
                self.untold.fetch_sub(more, Ordering::Relaxed);
                trouble.log(format_args!("{more} more like it in the last minute"));
            }
        }
    }
}

impl Note {
    /// Whether this trouble is to be told by who asks: it is new, or was quiet
    /// for long. What waits to be told comes first.
    fn begins(&self, now: Time) -> bool {
        let told = self.told.load(Ordering::Relaxed);
        let quiet = told == Time::NEVER.0 || now.since(Time(told)).0 >= TOLD_MS;
        quiet && self.untold.load(Ordering::Relaxed) == 0 && self.tell(told, now)
    }

    /// Whether what waits is to be told by who asks.
    fn is_due(&self, now: Time) -> bool {
        let told = self.told.load(Ordering::Relaxed);
        now.since(Time(told)).0 >= TOLD_MS && self.tell(told, now)
    }

    /// Of several threads one gets to tell.
    fn tell(&self, told: u64, now: Time) -> bool {
        let told = self
            .told
            .compare_exchange(told, now.0, Ordering::Relaxed, Ordering::Relaxed);
        told.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Trouble = Trouble::Closed(CloseReason::BadLength);

    /// How much waits, after this.
    fn noted(notes: &Notes, at: u64) -> u64 {
        notes.note(BAD, Time(at), format_args!("of a test"));
        notes.untold.load(Ordering::Relaxed)
    }

    #[test]
    fn every_kind_has_a_note_of_its_own() {
        let numbers: Vec<usize> = Trouble::all().map(Trouble::number).collect();
        assert_eq!(numbers, (0..KINDS).collect::<Vec<_>>());
    }

    #[test]
    fn a_flood_is_told_once_and_then_counted() {
        let notes = Notes::default();
        assert_eq!(noted(&notes, 0), 0, "told");
        for at in 1..=1_000 {
            assert_eq!(noted(&notes, at), at, "counted");
        }
        notes.note(Trouble::NoRoom, Time(1_000), format_args!("of a test"));
        notes.tick(Time(59_999));
        assert!(notes.wants_tick(), "not yet");
        notes.tick(Time(60_000));
        assert!(!notes.wants_tick(), "told how many");
        assert_eq!(noted(&notes, 60_001), 1, "this counts for the next minute");
        assert_eq!(noted(&notes, 130_000), 2, "and what waits is told first");
        notes.tick(Time(130_000));
        assert_eq!(noted(&notes, 190_000), 0, "after a quiet minute it is new");
    }

    #[test]
    fn what_comes_on_several_threads_is_told_by_one() {
        let notes = Notes::default();
        let noted = || (0..1_000).for_each(|at| _ = noted(&notes, at));
        std::thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(noted)));
        assert_eq!(notes.untold.load(Ordering::Relaxed), 3_999);
        notes.end();
        assert!(!notes.wants_tick());
    }
}
