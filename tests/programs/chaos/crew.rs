//! The clients of one server: a few threads, each with whims of its own that
//! the seed determines. One that panics was failed by the server.

use super::place::Place;
use super::{asked, crowd, packages, patient, proper, rude};
use crate::random::Random;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One after the other, with a pause of up to so many milliseconds between
/// them. All together are a light load.
struct Member {
    name: &'static str,
    visit: fn(&Place, &mut Random),
    pause_ms: usize,
}

static MEMBERS: [Member; 12] = [
    Member::new("http", proper::http, 40),
    Member::new("http", proper::http, 40),
    Member::new("http", proper::http, 40),
    Member::new("http", proper::http, 40),
    Member::new("packages", packages::visit, 40),
    Member::new("packages", packages::visit, 40),
    Member::new("steady http", proper::steady, 40),
    Member::new("steady packages", packages::steady, 40),
    Member::new("rude", rude::round, 60),
    Member::new("rude", rude::round, 60),
    Member::new("crowd", crowd::round, 0),
    Member::new("patient", patient::crowd, 40),
];

/// Every kind of what they do.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    let proper = asked::KINDS.into_iter().chain(packages::KINDS);
    let rude = rude::KINDS.into_iter().chain([crowd::KIND]);
    proper.chain(rude).chain(patient::KINDS)
}

/// Clients at work.
pub(crate) struct Crew {
    place: Arc<Place>,
    threads: Vec<JoinHandle<()>>,
}

impl Crew {
    pub(crate) fn start(place: &Arc<Place>, seed: u64) -> Crew {
        place.open();
        let start = |(number, member): (usize, &'static Member)| {
            let place = place.clone();
            let mut seeds = Random::new(seed ^ ((number as u64) << 32));
            thread::spawn(move || member.work(&place, &mut seeds))
        };
        Crew {
            threads: MEMBERS.iter().enumerate().map(start).collect(),
            place: place.clone(),
        }
    }

    /// Stops them, and waits until all are gone.
    pub(crate) fn stop(self) {
        self.place.stop();
        for thread in self.threads {
            thread.join().expect("it does not panic");
        }
    }
}

impl Member {
    const fn new(name: &'static str, visit: fn(&Place, &mut Random), pause_ms: usize) -> Member {
        Member {
            name,
            visit,
            pause_ms,
        }
    }

    /// Until the end, or until one of them was failed.
    fn work(&self, place: &Place, seeds: &mut Random) {
        while !place.is_over() {
            let seed = seeds.next();
            let mut dice = Random::new(seed);
            let visit = AssertUnwindSafe(|| (self.visit)(place, &mut dice));
            if let Err(payload) = catch_unwind(visit) {
                let why = text(&*payload);
                return place.fail(format!("{}, seed {seed}: {why}", self.name));
            }
            let pause = seeds.below(self.pause_ms);
            thread::sleep(Duration::from_millis(pause as u64));
        }
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    let fixed = payload.downcast_ref::<&str>().copied();
    owned.or(fixed).unwrap_or("a panic without words")
}
