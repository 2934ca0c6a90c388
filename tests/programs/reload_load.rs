//! Reloads, upgrades and a kill while our own `webbench` loads the server from
//! three processes at once. Not one request fails by them, and by the kill none
//! but those that were under way. `PELTON_LONG=1` leaves more time between two
//! changes.

mod testers;

use crate::master::{Master, Settings, kill};
use crate::support::{both, get, pattern};
use pelton::config::Mode;
use rustix::process::Signal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use testers::Testers;

/// Each wants the machine to itself.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes of a run.
const RELOADS: usize = 50;
const UPGRADES: usize = 10;

/// Between two of them everybody comes to the process that is new.
fn pause() -> Duration {
    let is_long = std::env::var("PELTON_LONG").is_ok_and(|value| value == "1");
    Duration::from_millis(if is_long { 500 } else { 50 })
}

fn settings(mode: Mode, workers: usize) -> Settings {
    Settings {
        mode: match mode {
            Mode::Reactor => "reactor",
            Mode::Proactor => "proactor",
        },
        workers,
        ..Settings::new()
    }
}

/// Reloads, and upgrades in between; the longest that one took. Each reload
/// takes the next number of loops.
fn change(master: &mut Master, workers: &[usize]) -> Duration {
    let mut longest = Duration::ZERO;
    let mut timed = |change: &mut dyn FnMut()| {
        thread::sleep(pause());
        let begin = Instant::now();
        change();
        longest = longest.max(begin.elapsed());
    };
    let mut workers = workers.iter().cycle();
    for number in 1..=RELOADS {
        master.settings.workers = *workers.next().expect("a number");
        timed(&mut || master.reload());
        if number % (RELOADS / UPGRADES) == 0 {
            timed(&mut || master.upgrade());
        }
    }
    longest
}

/// Nothing is lost by so many changes in a row.
fn whole(mode: Mode, workers: &[usize]) {
    let _alone = alone();
    let last = *workers.last().expect("a number");
    let mut master = Master::start(settings(mode, last));
    let testers = Testers::start(master.http(), master.frame());
    let begin = Instant::now();
    let longest = change(&mut master, workers);
    let took = begin.elapsed();
    println!("{mode}, loops {workers:?}: all changes in {took:.2?}, each in {longest:.2?} at most");
    master.one_serving(); // the old ones have let everybody go
    let reports = testers.stop();
    for report in &reports {
        report.tell();
    }
    for report in &reports {
        report.is_whole();
    }
    assert_eq!(master.logged("reload: done"), RELOADS);
    assert_eq!(master.logged("upgraded: "), UPGRADES);
    for word in ["ERROR", "takes too long", "nothing has changed"] {
        assert_eq!(master.logged(word), 0, "{}", master.read("log"));
    }
}

#[test]
fn fifty_reloads_and_ten_upgrades_lose_nothing() {
    both(|mode| whole(mode, &[1]));
}

#[test]
fn nor_while_the_number_of_loops_changes() {
    both(|mode| whole(mode, &[4, 1, 2]));
}

#[test]
fn connections_at_rest_are_let_go_and_no_request_is_lost() {
    both(|mode| {
        let _alone = alone();
        let mut master = Master::start(settings(mode, 2));
        let testers = Testers::start_at_rest(master.http());
        for _ in 0..10 {
            thread::sleep(Duration::from_millis(450));
            master.reload();
        }
        master.one_serving();
        for report in testers.stop() {
            report.tell();
            report.is_whole();
        }
    });
}

/// From when all is back on, plus what a busy machine needs to notice.
const NOTICE: Duration = Duration::from_millis(500);

#[test]
fn a_kill_hurts_those_who_are_there_and_nobody_after() {
    both(|mode| {
        let _alone = alone();
        let mut master = Master::start(settings(mode, 2));
        let serving = master.one_serving();
        let begin = Instant::now();
        let testers = Testers::start(master.http(), master.frame());
        thread::sleep(Duration::from_secs(1));
        let killed = Instant::now();
        kill(serving, Signal::KILL);
        let answer = get(master.http(), "/small.txt", "");
        let back = killed.elapsed();
        assert_eq!((answer.status, answer.body), (200, pattern(1024)));
        let after = begin.elapsed() + NOTICE;
        println!("{mode}: back {back:.2?} after a kill");
        thread::sleep(Duration::from_secs(3)); // a whole sample of what comes after
        let reports = testers.stop();
        for report in &reports {
            report.tell();
        }
        for report in &reports {
            report.is_hurt_once(after);
        }
        // A second where the machine is not too busy.
        assert!(back < Duration::from_secs(20), "{back:?}");
        assert_eq!(master.logged(" was ended by signal 9"), 1);
        assert_ne!(master.one_serving(), serving);
    });
}
