//! Both modes under mixed load with chaos, side by side, for as long as one
//! likes. Whoever behaves is answered in full, memory stays flat, and when all
//! clients are gone nothing of them is left.
//!
//! ```text
//! PELTON_SOAK_S=3600 cargo test --release --test programs soak -- --nocapture
//! ```
//!
//! is the hour; without `PELTON_SOAK_S` it takes two minutes. `PELTON_SOAK_SEED` picks
//! other whims.

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
const LOAD_S: u64 = 95;
/// From this length on it is a long one.
const LONG: Duration = Duration::from_secs(1_800);
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
    /// Memory is not judged before this.
    settling: Duration,
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
            settling: if is_long {
                Duration::from_secs(300)
            } else {
                load / 4
            },
            // A window of two minutes has but few calm moments. This is 1 MiB
            // at most: 60 bytes lost with each answer or connection would be
            // more.
            flat: if is_long { 0.02 } else { 0.15 },
        }
    }

    fn is_long(&self) -> bool {
        self.load >= LONG
    }
}

#[test]
fn a_soak_leaves_nothing_behind() {
    let plan = Plan::from_environment();
    println!("seed {}, {:?} of load", plan.seed, plan.load);
    let mut targets = KINDS.map(|(mode, heap)| Target::start(mode, heap));
    at_once(&mut targets, |target| target.is_stormed(plan.seed));
    let crews = targets
        .each_mut()
        .map(|target| Crew::start(target.place(false), plan.seed));
    watch(&plan, &mut targets);
    let counts = crews.map(Crew::stop);
    let rested = at_once(&mut targets, Target::comes_to_rest);
    report::print(&plan, &targets, &counts);
    for ((target, counts), rested) in targets.iter().zip(&counts).zip(rested) {
        counts.assert_all_was_done(&target.name);
        rested.unwrap_or_else(|left| panic!("{}: left behind: {left}", target.name));
        target.assert_log_is_short();
        target.assert_all_ends_were_met();
        let flat = memory::judge(&target.samples, plan.settling);
        flat.assert_within(plan.flat, &target.name);
    }
    for changed in at_once(&mut targets, |target| target.changes_under_load(plan.seed)) {
        changed.unwrap_or_else(|why| panic!("{why}"));
    }
}

/// Looks at the servers until the time is over, or somebody was failed.
fn watch(plan: &Plan, targets: &mut [Target]) {
    let start = Instant::now();
    let mut minutes = 0;
    while start.elapsed() < plan.load && !targets.iter().any(Target::has_failed) {
        thread::sleep(LOOK);
        for target in targets.iter_mut() {
            target.look(start.elapsed());
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
