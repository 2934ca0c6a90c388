//! Both modes under mixed load with chaos, side by side, for as long as one
//! likes. Whoever behaves is answered in full. For as long as the load lasts
//! memory stays as it is. Now and then all clients go: then nothing of them is
//! left, and what the server holds is what it held the last time.
//!
//! ```text
//! PELTON_SOAK_S=3600 cargo test --release --test programs soak -- --nocapture
//! ```
//!
//! is the hour; without `PELTON_SOAK_S` it takes two minutes. `PELTON_SOAK_SEED` picks
//! other whims, `PELTON_SOAK_SAMPLES` a file for all that was measured of memory. An
//! hour wants a machine of its own, for a load that others slow down is no even one.

mod asked;
mod crew;
mod crowd;
mod garbage;
mod memory;
mod packages;
mod patient;
mod place;
mod proper;
mod report;
mod rude;
mod target;

use crew::Crew;
use std::env;
use std::thread;
use std::time::{Duration, Instant};
use target::{Heap, Target};

/// Seconds of load unless set: with what comes ahead and behind, two minutes.
const LOAD_S: u64 = 72;
/// From this length on it is a long one.
const LONG: Duration = Duration::from_secs(1_800);
/// Between two rests of a long one, and so what is settled after the first.
const LONG_STRETCH: Duration = Duration::from_secs(300);
/// So long after they have come again the load of a long one is even.
const STEADY: Duration = Duration::from_secs(30);
/// Times that clients come, and go, in a short one.
const SHORT_STRETCHES: u32 = 3;
/// Time in which a server lets go of what it keeps for reuse, half of it each
/// second, and gives it back to the system.
const REST: Duration = Duration::from_secs(14);
/// The servers: as they are, and with a heap that gives back at once whatever
/// is freed, where no slack of the allocator can hide a leak.
const KINDS: [(&str, Heap); 4] = [
    ("reactor", Heap::Usual),
    ("proactor", Heap::Usual),
    ("reactor", Heap::Exact),
    ("proactor", Heap::Exact),
];
/// Between two looks at a server.
const LOOK: Duration = Duration::from_millis(500);

/// How long it takes, and how much is asked of it.
struct Plan {
    seed: u64,
    load: Duration,
    /// Clients come for so long, then all go. Memory is not judged before they
    /// have gone for the first time.
    stretch: Duration,
    /// How flat memory has to be, as a part of it.
    flat: f64,
}

impl Plan {
    fn from_environment() -> Plan {
        let number = |name: &str, default: u64| match env::var(name) {
            Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}: {value}?")),
            Err(_) => default,
        };
        let load = Duration::from_secs(number("PELTON_SOAK_S", LOAD_S));
        let is_long = load >= LONG;
        Plan {
            seed: number("PELTON_SOAK_SEED", 1),
            load,
            stretch: if is_long {
                LONG_STRETCH
            } else {
                load / SHORT_STRETCHES
            },
            // A short one is not settled after its first stretch. This is
            // half a MiB: 60 bytes lost with each answer or connection would
            // be more.
            flat: if is_long { 0.02 } else { 0.15 },
        }
    }

    fn is_long(&self) -> bool {
        self.load >= LONG
    }

    /// Whether the load is an even one so long into this stretch.
    fn is_steady(&self, stretch: u32, into: Duration) -> bool {
        !self.is_long() || (stretch > 1 && into >= STEADY)
    }

    fn stretches(&self) -> u32 {
        let count = self.load.as_secs() / self.stretch.as_secs().max(1);
        u32::try_from(count.max(2)).unwrap_or(u32::MAX)
    }
}

#[test]
fn a_soak_leaves_nothing_behind() {
    let plan = Plan::from_environment();
    println!("seed {}, {:?} of load", plan.seed, plan.load);
    let mut targets = KINDS.map(|(mode, heap)| Target::start(mode, heap));
    at_once(&mut targets, |target| target.is_stormed(plan.seed));
    let places = targets.each_mut().map(|target| target.place(false));
    let start = Instant::now();
    let mut rested = Vec::new();
    for stretch in 1..=plan.stretches() {
        let seed = plan.seed ^ (u64::from(stretch) << 40);
        let crews = places.each_ref().map(|place| Crew::start(place, seed));
        watch(&plan, stretch, start, &mut targets);
        for crew in crews {
            crew.stop();
        }
        rested = at_once(&mut targets, Target::comes_to_rest);
        if rested.iter().any(Result::is_err) || targets.iter().any(Target::has_failed) {
            break;
        }
        at_once(&mut targets, |target| target.rests(REST));
    }
    if let Ok(path) = env::var("PELTON_SOAK_SAMPLES") {
        report::write_samples(&path, &targets).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    let counts = places.map(|place| place.counts());
    report::print(&targets, &counts);
    for ((target, counts), rested) in targets.iter().zip(&counts).zip(rested) {
        counts.assert_all_was_done(&target.name);
        rested.unwrap_or_else(|left| panic!("{}: left behind: {left}", target.name));
        target.assert_log_is_short();
        target.assert_all_ends_were_met();
        target
            .at_rest()
            .assert_within(plan.flat, &format!("{}, at rest", target.name));
        // A minute of it says nothing.
        if plan.is_long() {
            target
                .under_load()
                .assert_within(plan.flat, &format!("{}, under load", target.name));
        }
    }
    for changed in at_once(&mut targets, |target| target.changes_under_load(plan.seed)) {
        changed.unwrap_or_else(|why| panic!("{why}"));
    }
}

/// Looks at the servers for a stretch, or until somebody was failed.
fn watch(plan: &Plan, stretch: u32, start: Instant, targets: &mut [Target]) {
    let come = Instant::now();
    let mut minutes = start.elapsed().as_secs() / 60;
    while come.elapsed() < plan.stretch && !targets.iter().any(Target::has_failed) {
        thread::sleep(LOOK);
        for target in targets.iter_mut() {
            target.look(plan.is_steady(stretch, come.elapsed()));
        }
        if plan.is_long() && start.elapsed().as_secs() / 60 > minutes {
            minutes += 1;
            report::print_minute(minutes, targets);
        }
    }
}

/// The same with all of them, each on a thread.
fn at_once<T: Send>(targets: &mut [Target], body: impl Fn(&mut Target) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let body = &body;
        let threads: Vec<_> = targets
            .iter_mut()
            .map(|target| scope.spawn(move || body(target)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, T>| thread.join().expect("no panic");
        threads.into_iter().map(join).collect()
    })
}
