//! A crowd of clients: all are served, and each costs the tester little. It has
//! the ports and the descriptors of the machine for itself.

#[allow(dead_code, reason = "tests/programs has its part of this")]
#[path = "programs/webbench/server.rs"]
mod server;
mod support;
#[allow(dead_code, reason = "tests/programs has its part of this")]
#[path = "programs/webbench/tester.rs"]
mod tester;

use pelton::config::Mode;
use pelton::os::process::raise_open_files;
use rustix::process::{Pid, Signal, kill_process};
use std::thread;
use std::time::{Duration, Instant};
use support::program::{Program, config_text};
use support::{Folder, PATIENCE};
use tester::{children_of, command, finish, numbers};

/// Clients that are wanted.
const CROWD: usize = 15_000;

/// What one of them may cost the tester, all that its workers own included.
const BYTES_EACH_MAX: usize = 1024;

#[test]
fn fifteen_thousand_clients_are_served_and_cost_little() {
    // Each end of a connection is one: server and tester have limits of their
    // own.
    let open_files = raise_open_files();
    if open_files < CROWD + 500 {
        return println!("not tried: the open-file limit is {open_files}");
    }
    let folder = Folder::site();
    // On a busy machine a turn may be long in coming: nobody is idle for too long.
    let patient = "[timeouts]\nhttp_idle_s = 120\n";
    let text = config_text(Mode::Reactor, folder.path(), patient);
    folder.write("pelton.toml", text.as_bytes());
    let program = Program::start(folder.path(), &["--config", "pelton.toml"]);
    let before = program.sockets();
    let url = format!("http://{}/small.txt", program.http());
    // They take turns; whoever had one has a connection, and keeps it. Where the
    // queue of the listener is full for a moment, some come a minute later.
    let words = format!("-k -c {CROWD} -t 300 --rate 1000");
    let mut child = command(&words, &url).spawn().expect("webbench starts");
    let start = Instant::now();
    while program.sockets() < before + CROWD {
        let there = program.sockets() - before;
        if child.try_wait().expect("a child of ours").is_some() {
            panic!("it has ended with {there}: {:?}", child.wait_with_output());
        }
        assert!(start.elapsed() < 4 * PATIENCE, "{there} are there");
        thread::sleep(Duration::from_millis(100));
    }
    let workers = children_of(child.id());
    let bytes: usize = workers.iter().map(|&id| own_bytes(id)).sum();
    println!(
        "{} workers own {bytes} bytes: {} a client",
        workers.len(),
        bytes / CROWD
    );
    thread::sleep(Duration::from_secs(2)); // the last of them is answered
    kill_process(Pid::from_child(&child), Signal::INT).expect("it is there");
    let [_, _, good, bad] = numbers(&finish(child));
    assert!(good >= CROWD as u64 && bad == 0, "{good} and {bad}");
    assert!(!workers.is_empty() && bytes / CROWD < BYTES_EACH_MAX);
}

/// Memory that a process shares with no other.
fn own_bytes(id: Pid) -> usize {
    let file = format!("/proc/{}/smaps_rollup", id.as_raw_nonzero());
    let rollup = std::fs::read_to_string(file).expect("the process is there");
    let kib = |name: &str| -> usize {
        let line = rollup.lines().find(|line| line.starts_with(name));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.expect("a size").parse().expect("a number")
    };
    (kib("Private_Clean:") + kib("Private_Dirty:")) * 1024
}
