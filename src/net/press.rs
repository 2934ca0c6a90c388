//! What is made of files once, on a thread of its own, for all threads of a
//! server: text compressed, and the digests of large files.
//!
//! Whoever wants something asks for it whenever it looks at the file, and does
//! without it until it is there. The thread starts with the first order.

use super::squeeze::{Job, Made, make};
use crate::base::limits::{PRESS_KEPT_MAX, PRESS_ORDERS_MAX, PRESS_QUEUE_BYTES_MAX};
use crate::base::tick::Time;
use crate::os::file::Identity;
use crate::os::process;
use foldhash::HashMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What was made, and what is to be made.
///
/// Invariants: `made_bytes` is the sum of all that is kept, `ordered_bytes` of
/// all that waits; both are bounded.
#[derive(Debug)]
pub struct Press {
    desk: Mutex<Desk>,
    ordered: Condvar,
    ended: AtomicBool,
    files_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Desk {
    /// By the state of the file that it was made of: another state is another
    /// file. Nobody can choose those to collide.
    kept: HashMap<Identity, Kept>,
    made_bytes: usize,
    orders: VecDeque<(Identity, Job)>,
    ordered_bytes: usize,
    started: bool,
}

#[derive(Debug)]
struct Kept {
    /// Nothing while it is being made.
    made: Option<Made>,
    used: Time,
}

impl Press {
    /// Keeps what is made of so many files, in so many bytes; of none with
    /// `files` 0. Starts nothing.
    #[must_use]
    pub fn new(files: usize, bytes: usize) -> Arc<Press> {
        Arc::new(Press {
            desk: Mutex::default(),
            ordered: Condvar::new(),
            ended: AtomicBool::new(false),
            files_max: files.min(PRESS_KEPT_MAX),
            bytes_max: bytes,
        })
    }

    /// What was made of a file in this state; if it is not there yet, it is
    /// ordered, unless too much is already.
    pub(super) fn ask(self: &Arc<Press>, identity: Identity, now: Time, job: Job) -> Option<Made> {
        let mut desk = self.lock();
        if let Some(kept) = desk.kept.get_mut(&identity) {
            kept.used = now;
            return kept.made.clone();
        }
        if self.ended.load(Ordering::Relaxed) || desk.orders.len() >= PRESS_ORDERS_MAX {
            return None;
        }
        let bytes = job.bytes();
        if desk.ordered_bytes + bytes > PRESS_QUEUE_BYTES_MAX || !desk.make_room(self.files_max) {
            return None;
        }
        if !desk.started {
            desk.started = self.start();
        }
        if desk.started {
            desk.ordered_bytes += bytes;
            desk.orders.push_back((identity, job));
            let (made, used) = (None, now);
            desk.kept.insert(identity, Kept { made, used });
            self.ordered.notify_one();
        }
        None
    }

    /// The thread ends, and nothing is ordered any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let mut desk = self.lock();
        desk.orders.clear();
        desk.ordered_bytes = 0;
        self.ordered.notify_one();
    }

    fn start(self: &Arc<Press>) -> bool {
        let press = self.clone();
        let thread = thread::Builder::new().name("pelton-press".to_owned());
        let started = thread.spawn(move || press.work());
        if let Err(error) = &started {
            log::warn!("nothing is compressed: there is no thread for it: {error}");
            self.ended.store(true, Ordering::Relaxed);
        }
        started.is_ok()
    }

    fn work(&self) {
        // What it makes can wait, and answers cannot.
        process::step_back();
        while let Some((identity, job)) = self.next() {
            let made = make(&job, identity, &self.ended);
            self.keep(identity, made);
        }
    }

    /// The next order, once there is one; `None`: the end.
    fn next(&self) -> Option<(Identity, Job)> {
        let mut desk = self.lock();
        loop {
            if self.ended.load(Ordering::Relaxed) {
                return None;
            }
            if let Some((identity, job)) = desk.orders.pop_front() {
                desk.ordered_bytes -= job.bytes();
                return Some((identity, job));
            }
            let waited = self.ordered.wait(desk);
            desk = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Keeps what was made. What has no room even alone is as good as not worth
    /// it.
    fn keep(&self, identity: Identity, mut made: Made) {
        if made.bytes() > self.bytes_max {
            made.variants = Arc::default();
        }
        let mut desk = self.lock();
        let room = self.bytes_max - made.bytes();
        while desk.made_bytes > room && desk.drop_one() {}
        desk.made_bytes += made.bytes();
        let (made, used) = (Some(made), Time(0));
        let kept = desk.kept.entry(identity);
        kept.and_modify(|kept| kept.made.clone_from(&made))
            .or_insert(Kept { made, used });
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Makes room for one more file, if it can.
    fn make_room(&mut self, files_max: usize) -> bool {
        self.kept.len() < files_max || (files_max > 0 && self.drop_one())
    }

    /// Drops what nobody has asked for for longest.
    fn drop_one(&mut self) -> bool {
        let made = self.kept.iter().filter(|(_, kept)| kept.made.is_some());
        let oldest = made.min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id);
        let dropped = oldest.and_then(|id| self.kept.remove(&id)?.made);
        self.made_bytes -= dropped.as_ref().map_or(0, Made::bytes);
        dropped.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::file;
    use std::fs::File;
    use std::time::Duration;

    /// States of a file that is this long.
    fn state(len: u64) -> Identity {
        let (process, thread) = (std::process::id(), thread::current().id());
        let name = format!("pelton-states-{process}-{thread:?}");
        let path = std::env::temp_dir().join(name);
        let file = File::create(&path).expect("a file");
        file.set_len(len).expect("its length");
        let state = file::identity(&file).expect("it has one");
        std::fs::remove_file(path).expect("removed");
        state
    }

    fn text() -> Job {
        Job::Press("all work and no play ".repeat(200).into_bytes().into())
    }

    fn made(press: &Arc<Press>, state: Identity) -> Made {
        for _ in 0..2_000 {
            if let Some(made) = press.ask(state, Time(1), text()) {
                return made;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Made::default()
    }

    #[test]
    fn what_is_made_is_kept_within_its_bounds() {
        let press = Press::new(3, 1_000);
        let states: Vec<Identity> = (1..9).map(state).collect();
        for state in &states {
            let made = made(&press, *state);
            assert_eq!(made.variants.len(), 2);
            let desk = press.lock();
            let bytes: usize = desk
                .kept
                .values()
                .flat_map(|it| &it.made)
                .map(Made::bytes)
                .sum();
            assert!(desk.kept.len() <= 3 && bytes <= 1_000 && bytes == desk.made_bytes);
        }
        press.end();
        assert!(press.ask(state(100), Time(2), text()).is_none());
    }

    #[test]
    fn what_has_no_room_is_made_once_and_not_kept() {
        let press = Press::new(3, 10);
        assert!(made(&press, state(1)).variants.is_empty());
        assert_eq!(press.lock().kept.len(), 1);
        press.end();
    }

    #[test]
    fn where_nothing_is_kept_nothing_is_ordered() {
        let press = Press::new(0, 1_000);
        assert!(press.ask(state(1), Time(0), text()).is_none());
        let desk = press.lock();
        assert!(!desk.started && desk.orders.is_empty() && desk.kept.is_empty());
    }

    #[test]
    fn orders_are_bounded() {
        let press = Press::new(1_000_000, 1_000);
        // As if the thread were there, and busy.
        press.lock().started = true;
        let large = || Job::Press(vec![0; 4 << 20].into());
        for len in 0..10 {
            let _ = press.ask(state(len), Time(0), large());
        }
        assert_eq!(press.lock().orders.len(), 4);
        for len in 10..400 {
            let _ = press.ask(state(len), Time(0), Job::Press(Vec::new().into()));
        }
        assert_eq!(press.lock().orders.len(), PRESS_ORDERS_MAX);
        press.end();
        assert!(press.lock().orders.is_empty());
    }
}
