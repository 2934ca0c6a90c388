//! The queues between threads, first with every interleaving of their calls
//! that a seed asks for, then with threads.
//!
//! No tick hides a lost wake-up here: who is not woken sleeps for ever.

#[path = "samples/random.rs"]
mod random;
#[path = "simulation/shared.rs"]
mod shared;
#[path = "simulation/sizes.rs"]
mod sizes;
#[path = "simulation/threads.rs"]
mod threads;
#[path = "simulation/worker.rs"]
mod worker;
#[path = "simulation/world.rs"]
mod world;

use sizes::Culprit;

/// Runs of the simulation, half of them on each of two threads.
const SEEDS: u64 = 80_000;
/// Rounds with threads.
const ROUNDS: u64 = 1_000;
/// Rounds in which one worker, or each of two, pushes a job.
const JOBS: usize = 200_000;
/// Letters through an inbox that holds one.
const LETTERS: usize = 200_000;

#[test]
fn nothing_is_lost_and_nobody_hangs_in_even_seeds() {
    (0..SEEDS / 2).for_each(|seed| simulate(seed * 2));
}

#[test]
fn nothing_is_lost_and_nobody_hangs_in_odd_seeds() {
    (0..SEEDS / 2).for_each(|seed| simulate(seed * 2 + 1));
}

#[test]
fn nothing_is_lost_and_nobody_hangs_with_threads() {
    for seed in 0..ROUNDS {
        let _culprit = Culprit(seed);
        threads::run(seed);
    }
}

#[test]
fn a_job_finds_a_thread() {
    threads::run_rounds(1, JOBS);
}

#[test]
fn two_jobs_find_two_threads() {
    threads::run_rounds(2, JOBS / 10);
}

#[test]
fn letters_pass_through_an_inbox_for_one() {
    threads::run_letters(LETTERS);
}

fn simulate(seed: u64) {
    let _culprit = Culprit(seed);
    world::simulate(seed);
}
