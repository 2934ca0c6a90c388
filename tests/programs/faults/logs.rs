//! The log: its disk full, its folder gone, and a name in the way of another.

use super::rig::{Served, Setup, count, folder};
use crate::support::program::BINARY;
use pelton::config::Mode;
use rustix::process::geteuid;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::thread;

const LOST: &str = "the log could not be written: lines lost: ";

/// With a master and without one.
fn both_keepers(test: impl Fn(&Setup) + Sync) {
    thread::scope(|scope| {
        for (master, mode) in [(false, Mode::Reactor), (true, Mode::Proactor)] {
            let setup = Setup {
                master,
                ..Setup::new(mode)
            };
            let test = &test;
            scope.spawn(move || test(&setup));
        }
    });
}

/// How many lines the log says are lost: it says so once.
fn lost(log: &str) -> usize {
    assert_eq!(count(log, LOST), 1, "{log}");
    let (_, number) = log.split_once(LOST).expect("just counted");
    let digits = number.split('\n').next().expect("there is one");
    digits.parse().expect("a number")
}

/// Standard error has one line, of these words.
fn is_said_once(errors: &str, part: &str) {
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("cannot write the log"), "{errors}");
    assert!(errors.contains(part), "{errors}");
}

#[test]
fn a_disk_that_is_full_costs_lines_and_nothing_else() {
    both_keepers(|setup| {
        let served = Served::start(setup);
        let (log, aside) = (served.path("logs/log"), served.path("logs/aside"));
        fs::rename(&log, &aside).expect("renamed");
        symlink("/dev/full", &log).expect("a link");
        served.reopen(5);
        let before = fs::read_to_string(&aside).expect("the log so far");
        fs::remove_file(&log).expect("removed");
        served.reopen(1);
        served.wait_for_log("the log is open");
        let lost = lost(&served.log());
        assert!((2..=5).contains(&lost), "signals may fall together: {lost}");
        served.reopen(1);
        served.wait_for("it goes on", || served.logged("the log is open") == 2);
        assert_eq!(fs::read_to_string(&aside).expect("it is there"), before);
        let (errors, _) = served.stop();
        is_said_once(&errors, "No space left on device");
    });
}

/// A disk of a few pages, for the server alone.
#[test]
fn when_there_is_room_on_the_disk_again_the_log_goes_on_by_itself() {
    let namespace = ["unshare", "-m", "sh", "-c"];
    let can_mount = Command::new(namespace[0])
        .args(&namespace[1..])
        .arg("mount -t tmpfs none /mnt")
        .output();
    if !geteuid().is_root() || !can_mount.is_ok_and(|output| output.status.success()) {
        println!("skipped: no disk can be mounted here");
        return;
    }
    let setup = Setup::new(Mode::Reactor);
    let script = "mount -t tmpfs -o size=16k none logs && exec \"$0\" --config conf.toml";
    let mut command = Command::new(namespace[0]);
    command.args(&namespace[1..]).args([script, BINARY]);
    let served = Served::by(command, folder(&setup), &setup);
    // The mount is its own: this leads there.
    let pid = served.program.id().as_raw_nonzero();
    let outside = served.path("logs");
    let logs = Path::new("/proc").join(pid.to_string()).join("root");
    let logs = logs.join(outside.strip_prefix("/").expect("from the root"));
    let read = || fs::read_to_string(logs.join("log")).unwrap_or_default();
    served.reopen(1);
    served.wait_for("it is there", || count(&read(), "the log is open") == 1);
    let filler = logs.join("filler");
    let full = fs::write(&filler, vec![b'x'; 16 << 10]);
    assert!(full.is_err(), "16 KiB have no room beside the log");
    // What is left of its last page is filled with lines.
    let mut size = 0;
    served.wait_for("it is full", || {
        served.reopen(4);
        let grown = read().len() > size;
        size = read().len();
        !grown
    });
    fs::remove_file(&filler).expect("removed");
    served.reopen(1);
    served.wait_for("it goes on", || count(&read(), LOST) == 1);
    let log = read();
    assert!(lost(&log) >= 4, "{log}");
    assert!(log.ends_with("the log is open\n"), "{log}");
    let (errors, _) = served.stop();
    is_said_once(&errors, "No space left on device");
}

#[test]
fn a_folder_that_is_gone_costs_lines_and_nothing_else() {
    for more in ["", "rotate_mb = 1\n"] {
        both_keepers(|setup| {
            let served = Served::start(&Setup { more, ..*setup });
            let logs = served.path("logs");
            fs::remove_dir_all(&logs).expect("removed");
            served.reopen(3);
            fs::create_dir(&logs).expect("a folder");
            served.reopen(1);
            served.wait_for_log("the log is open");
            assert!((1..=3).contains(&lost(&served.log())), "{}", served.log());
            // With its folder, or alone: nothing is lost that can be written.
            for gone in [true, false] {
                if gone {
                    fs::remove_dir_all(&logs).expect("removed");
                    fs::create_dir(&logs).expect("a folder");
                } else {
                    fs::remove_file(logs.join("log")).expect("removed");
                }
                served.reopen(1);
                served.wait_for_log("the log is open");
                assert_eq!(served.logged(LOST), 0, "{}", served.log());
            }
            let (errors, _) = served.stop();
            is_said_once(&errors, "No such file or directory");
        });
    }
}

#[test]
fn a_log_that_cannot_be_rolled_over_grows_until_it_can() {
    let setup = Setup {
        more: "rotate_mb = 1\nkeep = 2\n",
        ..Setup::new(Mode::Reactor)
    };
    let served = Served::start(&setup);
    let fill = || {
        let mut file = OpenOptions::new()
            .append(true)
            .open(served.path("logs/log"));
        let file = file.as_mut().expect("opened");
        let lines = b"a line of before\n".repeat(64 << 10);
        file.write_all(&lines).expect("written");
    };
    for name in ["logs/log.1/in the way", "logs/log.2/in the way"] {
        served.folder.write(name, b"");
    }
    fill();
    (0..4).for_each(|_| served.provoke());
    let grows = "could not be rolled over and grows";
    served.wait_for_log(grows);
    for name in ["logs/log.1", "logs/log.2"] {
        fs::remove_dir_all(served.path(name)).expect("out of the way");
    }
    fill();
    served.provoke();
    served.wait_for_log("can be rolled over again");
    served.provoke();
    let old = fs::read_to_string(served.path("logs/log.1")).expect("rolled over");
    assert_eq!(
        (count(&old, grows), count(&old, "HUP: there is no")),
        (1, 4)
    );
    let new = served.log();
    assert_eq!(count(&new, "can be rolled over again"), 1, "{new}");
    assert_eq!(count(&new, "HUP: there is no"), 2, "{new}");
    let (errors, _) = served.stop();
    assert_eq!(errors, "");
}
