//! The master and its serving processes, as a system sees them: titles, pid
//! files, signals, and connections that no reload loses. `PELTON_LONG=1` makes
//! the runs under load longer: 50 reloads and 10 upgrades.

mod clients;

use crate::master::{
    Master, Settings, free_port, is_alive, kill, sockets_of, start, title, write_settings,
};
use crate::support::program::{BINARY, wait_for};
use crate::support::{Folder, PATIENCE, connect, get, package, pattern, read_answer, read_package};
use clients::Clients;
use pelton::os::process::processor_time;
use rustix::process::Signal;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

fn is_long() -> bool {
    std::env::var("PELTON_LONG").is_ok_and(|value| value == "1")
}

fn serves(master: &Master) {
    let answer = get(master.http(), "/small.txt", "");
    assert_eq!((answer.status, answer.body), (200, pattern(1024)));
    let mut stream = connect(master.frame());
    stream.write_all(&package(1, b"hello")).expect("sent");
    assert_eq!(read_package(&mut stream), (1, b"hello".to_vec()));
}

// --- processes and their files -----------------------------------------

#[test]
fn there_are_two_processes_and_their_titles_say_what_they_are() {
    let mut master = Master::start(Settings::new());
    assert_eq!(title(master.pid), "pelton: master process conf.toml");
    let serving = master.one_serving();
    assert_eq!(title(serving), "pelton: serving process");
    let name = fs::read_to_string(format!("/proc/{serving}/comm")).expect("its name");
    assert_eq!(name, "pelton\n");
    let threads = fs::read_dir(format!("/proc/{}/task", master.pid)).expect("its threads");
    assert_eq!(threads.count(), 1, "the master has one thread");
    serves(&master);
    let said = master.command(&["quit", "--pid-file", "pid"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert_eq!(master.wait().code(), Some(0));
    assert!(!is_alive(serving), "its serving process has ended before");
    assert!(
        !master.folder.path().join("pid").exists(),
        "nor is there a pid file"
    );
}

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_it_may_be() {
    let mut command = Command::new("sh");
    let few = "ulimit -Sn 512 && exec \"$0\" \"$@\"";
    command.args(["-c", few, BINARY, "serve", "--config", "conf.toml"]);
    let master = Master::spawn(command, Folder::site(), Settings::new());
    for pid in [master.pid, master.serving()[0]] {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("it is there");
        let files = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"));
        let files: Vec<&str> = files.expect("a limit").split_whitespace().collect();
        assert_eq!(files[0], files[1], "soft and hard");
        let said = format!("up to {} open files", files[1]);
        assert_eq!(master.logged(&said), 1, "it says how many it got");
    }
    serves(&master);
}

/// What can only be said of a heap when its process starts.
#[test]
#[cfg(target_env = "gnu")]
fn the_heap_of_the_serving_process_is_tuned_unless_somebody_has() {
    const NAME: &str = "GLIBC_TUNABLES";
    let theirs = "glibc.malloc.arena_max=3";
    for (set, told) in [
        (None, "glibc.malloc.tcache_count=0"),
        (Some(theirs), theirs),
    ] {
        let mut command = Command::new(BINARY);
        command
            .args(["serve", "--config", "conf.toml"])
            .env_remove(NAME);
        command.envs(set.map(|value| (NAME, value)));
        let mut master = Master::spawn(command, Folder::site(), Settings::new());
        let environ = fs::read(format!("/proc/{}/environ", master.one_serving()));
        let environ = String::from_utf8_lossy(&environ.expect("it runs")).into_owned();
        assert!(environ.contains(&format!("{NAME}={told}")), "{environ:?}");
        let ours = "glibc.malloc.tcache_count";
        assert_eq!(environ.contains(ours), set.is_none(), "{environ:?}");
        master.signal(Signal::TERM);
        assert_eq!(master.wait().code(), Some(0));
    }
}

#[test]
fn stop_and_the_signals_of_a_terminal_end_both() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let mut master = Master::start(Settings::new());
        let serving = master.one_serving();
        serves(&master);
        master.signal(signal);
        assert_eq!(master.wait().code(), Some(0), "{signal:?}");
        assert!(!is_alive(serving));
    }
    let mut master = Master::start(Settings::new());
    let said = master.command(&["stop", "--config", "conf.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert_eq!(master.wait().code(), Some(0));
}

#[test]
fn a_stale_pid_file_blocks_nobody_and_a_live_one_does() {
    let folder = Folder::site();
    folder.write("pid", b"1\n");
    let said = crate::support::program::run(folder.path(), &["reload", "--pid-file", "pid"]);
    assert_eq!(said.code, Some(1));
    assert!(said.errors.contains("is stale"), "{}", said.errors);
    folder.write("none", b"[master]\n");
    let said = crate::support::program::run(folder.path(), &["reload", "--pid-file", "none"]);
    assert!(said.errors.contains("is no pid file"), "{}", said.errors);
    let mut command = Command::new(BINARY);
    command.args(["--config", "conf.toml"]);
    let mut master = Master::spawn(command, folder, Settings::new());

    let second = master.command(&["serve", "--config", "conf.toml", "--http", "0"]);
    assert_eq!((second.code, &*second.out), (Some(1), ""));
    assert_eq!(second.errors.lines().count(), 1, "{}", second.errors);
    let holder = format!("process {} has the pid file", master.pid);
    assert!(second.errors.contains(&holder), "{}", second.errors);
    assert_eq!(master.pid_in_file(), master.pid, "it is as it was");
    serves(&master);

    master.signal(Signal::KILL);
    master.wait();
    let said = master.command(&["reload", "--pid-file", "pid"]);
    assert!(said.errors.contains("is stale"), "{}", said.errors);
}

#[test]
fn a_command_without_a_master_says_what_to_do() {
    let folder = Folder::site();
    for command in ["reload", "quit", "stop", "reopen", "upgrade"] {
        for (arguments, code, part) in [
            (vec![command], 2, "no pid file is known"),
            (
                vec![command, "--pid-file", "none"],
                1,
                "no master runs: there is no none",
            ),
        ] {
            let said = crate::support::program::run(folder.path(), &arguments);
            assert_eq!((said.code, &*said.out), (Some(code), ""), "{command}");
            assert_eq!(said.errors.lines().count(), 1, "{}", said.errors);
            assert!(said.errors.contains(part), "{}", said.errors);
        }
    }
}

#[test]
fn what_needs_a_master_is_refused_without_one() {
    let folder = Folder::site();
    for (keys, part) in [
        ("daemon = true", "master.daemon needs a master"),
        ("user = \"nobody\"", "master.user needs a master"),
        (
            "enable = true\nuser = \"no such user\"",
            "there is no user `no such user`",
        ),
        ("group = \"root\"", "`group` goes with a `user`"),
    ] {
        folder.write(
            "conf.toml",
            format!("[master]\n{keys}\n[[site]]\nroot = \".\"").as_bytes(),
        );
        let said = crate::support::program::run(folder.path(), &["--config", "conf.toml"]);
        assert_eq!((said.code, &*said.out), (Some(2), ""), "{keys}");
        assert_eq!(said.errors.lines().count(), 1, "{}", said.errors);
        assert!(said.errors.contains(part), "{}", said.errors);
    }
}

// --- reload ------------------------------------------------------------

/// The sockets that a master still has: all but the way to its first process,
/// which it closes when it has heard of that one's end.
fn kept_but_one(master: i32, before: &[std::path::PathBuf]) -> Vec<std::path::PathBuf> {
    let began = Instant::now();
    loop {
        let mut kept = sockets_of(master);
        kept.retain(|one| before.contains(one));
        if kept.len() < before.len() || began.elapsed() > PATIENCE {
            assert_eq!(kept.len(), before.len() - 1);
            return kept;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_good_configuration_takes_another_process_and_keeps_the_sockets() {
    let mut master = Master::start(Settings::new());
    let old = master.one_serving();
    let sockets = sockets_of(master.pid);
    let mut kept = connect(master.http());
    let mut ask = || {
        let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
        kept.write_all(request).expect("sent");
        read_answer(&mut kept, false)
    };
    assert_eq!(ask().field("connection"), None);
    master.reload();
    serves(&master);
    // What comes on an old connection is answered, and it ends with that.
    let mut answer = ask();
    while answer.field("connection").is_none() {
        // The new one is up, and the old one has not heard of it yet.
        answer = ask();
    }
    assert_eq!(answer.body, pattern(1024));
    assert_eq!(answer.field("connection"), Some("close"));
    let new = master.one_serving();
    assert_ne!(new, old);
    kept_but_one(master.pid, &sockets);
    assert_eq!(title(master.pid), "pelton: master process conf.toml");
}

#[test]
fn a_broken_configuration_changes_nothing_and_is_logged_with_its_line() {
    let mut master = Master::start(Settings::new());
    let serving = master.one_serving();
    let before = (
        sockets_of(master.pid),
        sockets_of(serving),
        master.pid_in_file(),
    );
    let good = master.read("conf.toml");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken
        .local_addr()
        .map(|addr| (taken, addr))
        .expect("an address");
    let more = format!("{good}\n[[listen]]\naddr = \"{}\"\n", taken.1);
    for (number, (text, part)) in [
        ("mode = reactor\n", "conf.toml:1:8: "),
        (
            "[[site]]\nroot = \"nowhere\"\n",
            "the folder nowhere is not there",
        ),
        (&more, "another program does already"),
    ]
    .into_iter()
    .enumerate()
    {
        master.folder.write("conf.toml", text.as_bytes());
        master.signal(Signal::HUP);
        master.wait_for_log("nothing has changed", number + 1);
        assert_eq!(master.logged(part), 1, "{part}");
        // Connections of before may still be on their way out.
        master.wait_for("sockets and pid file are as before", |master| {
            let now = (
                sockets_of(master.pid),
                sockets_of(serving),
                master.pid_in_file(),
            );
            now == before
        });
        assert_eq!(master.one_serving(), serving);
        serves(&master);
    }
    // The next good one is taken.
    master.reload();
    serves(&master);
    assert_ne!(master.one_serving(), serving);
}

#[test]
fn listeners_come_move_and_go() {
    let mut master = Master::start(Settings::new());
    let added = format!("127.0.0.1:{}", free_port());
    let moved = added.replace("127.0.0.1", "127.0.0.2");
    let is_refused = |addr: &str| TcpStream::connect(addr).is_err();
    assert!(is_refused(&added));

    master.settings.listen.push((added.clone(), "http"));
    master.reload();
    assert_eq!(
        get(added.parse().expect("an address"), "/small.txt", "").status,
        200
    );
    serves(&master);

    master.settings.listen[2] = (moved.clone(), "auto");
    master.reload();
    assert_eq!(
        get(moved.parse().expect("an address"), "/small.txt", "").status,
        200
    );
    let mut stream = connect(moved.parse().expect("an address"));
    stream.write_all(&package(1, b"hello")).expect("sent");
    assert_eq!(read_package(&mut stream).1, b"hello");
    master.wait_for("the old address is gone", |_| is_refused(&added));

    // The same address, and another protocol.
    master.settings.listen[2] = (moved.clone(), "http");
    master.reload();
    assert_eq!(
        get(moved.parse().expect("an address"), "/small.txt", "").status,
        200
    );

    // An address comes back while the last one that had it may be there yet.
    for _ in 0..3 {
        let gone = master.settings.listen.pop().expect("the third");
        master.reload();
        master.settings.listen.push(gone);
        master.reload();
        assert_eq!(
            get(moved.parse().expect("an address"), "/small.txt", "").status,
            200
        );
    }

    master.settings.listen.pop();
    master.reload();
    master.wait_for("the new address is gone", |_| is_refused(&moved));
    serves(&master);
}

/// Closing one would reset what waits in its queue.
#[test]
fn fewer_loops_have_as_many_sockets() {
    let mut master = Master::start(Settings {
        workers: 4,
        ..Settings::new()
    });
    let before = sockets_of(master.pid);
    assert!(before.len() > 8, "four for each of two addresses");
    for workers in [1, 3, 2] {
        master.settings.workers = workers;
        master.reload();
        let serving = master.one_serving();
        let kept = kept_but_one(master.pid, &before);
        let theirs = sockets_of(serving);
        assert!(
            kept.iter().all(|one| theirs.contains(one)),
            "and all are served"
        );
    }
}

/// Reloads and upgrades by turns while clients never stop asking.
fn under_load(mut master: Master, reloads: usize, upgrades: usize, workers: &[usize]) {
    let clients = Clients::start(master.http(), master.frame());
    let every = reloads / upgrades.max(1);
    let mut workers = workers.iter().cycle();
    for number in 1..=reloads {
        thread::sleep(Duration::from_millis(100));
        master.settings.workers = *workers.next().expect("a number");
        master.reload();
        if upgrades > 0 && number % every == 0 && number / every <= upgrades {
            master.upgrade();
        }
    }
    thread::sleep(Duration::from_millis(200));
    let last = Instant::now();
    // Every one of them: there are more sockets than loops, and none is lost.
    for _ in 0..64 {
        assert_eq!(get(master.http(), "/small.txt", "").status, 200);
    }
    master.one_serving();
    let drain = Duration::from_secs(master.settings.drain_s);
    assert!(
        last.elapsed() < drain + PATIENCE / 2,
        "the old ones end in time"
    );
    clients.stop();
    assert_eq!(master.logged("takes too long"), 0);
    assert_eq!(master.logged("upgraded: "), upgrades);
}

#[test]
fn no_answer_is_lost_by_reloads_and_upgrades() {
    let (reloads, upgrades) = if is_long() { (50, 10) } else { (10, 3) };
    under_load(Master::start(Settings::new()), reloads, upgrades, &[1]);
}

#[test]
fn no_answer_is_lost_while_the_number_of_loops_changes() {
    let settings = Settings {
        mode: "proactor",
        workers: 2,
        ..Settings::new()
    };
    let reloads = if is_long() { 50 } else { 6 };
    under_load(Master::start(settings), reloads, 0, &[4, 1, 2]);
}

#[test]
fn a_download_outlives_the_reload_that_came_in_its_middle() {
    let mut master = Master::start(Settings {
        drain_s: 20,
        ..Settings::new()
    });
    let mut stream = crate::support::connect_narrow(master.http(), 64 << 10);
    stream
        .write_all(b"GET /huge.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let head = read_answer(&mut stream, true);
    master.reload();
    let worked = || {
        let pids = [vec![master.pid], master.serving()].concat();
        let each = pids.into_iter().map(|pid| processor_time(pid as u32));
        each.map(|time| time.expect("it is there"))
            .sum::<Duration>()
    };
    let before = worked();
    thread::sleep(Duration::from_millis(1_200));
    assert_eq!(master.serving().len(), 2, "the old one is there as yet");
    assert!(
        worked() - before < Duration::from_millis(400),
        "all of them wait"
    );
    let body = crate::support::read_to_end(&mut stream);
    assert_eq!(head.field("content-length"), Some(&*body.len().to_string()));
    assert_eq!(body, pattern(6 << 20));
    master.one_serving();
}

// --- restart -----------------------------------------------------------

#[test]
fn a_serving_process_that_is_killed_is_back_at_once() {
    let mut master = Master::start(Settings::new());
    let serving = master.one_serving();
    serves(&master);
    // The file on disk is being edited: what is in force is what counts.
    master.folder.write("conf.toml", b"half a l");
    let start = Instant::now();
    kill(serving, Signal::KILL);
    // Whoever comes now waits in the queue of a socket that is there.
    serves(&master);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        master.logged("was ended by signal 9; the next one comes in 100ms"),
        1
    );
    assert_ne!(master.one_serving(), serving);
}

/// A change that is asked for many times is made at least once, and nothing is
/// left behind by a stop in the middle of it.
#[test]
fn signals_may_come_in_crowds() {
    let mut master = Master::start(Settings::new());
    let first = master.one_serving();
    for _ in 0..20 {
        master.signal(Signal::HUP);
        master.signal(Signal::USR1);
        thread::sleep(Duration::from_millis(2));
    }
    master.wait_for("the first is gone", |_| !is_alive(first));
    serves(&master);
    // One that comes in the middle of an upgrade is not forgotten with it.
    master.signal(Signal::USR2);
    master.wait_for_log("upgrade: starting", 1);
    let done = master.logged("reload: done");
    master.signal(Signal::HUP);
    master.wait_for_log("upgraded: ", 1);
    master.wait_for_log("reload: done", done + 1);
    serves(&master);
    master.signal(Signal::HUP);
    master.signal(Signal::USR2);
    master.signal(Signal::TERM);
    let all = master.serving();
    assert_eq!(master.wait().code(), Some(0));
    assert!(!all.into_iter().any(is_alive));
}

/// It is stopped, so it can do nothing of its own.
#[test]
fn who_does_not_go_is_killed() {
    let mut master = Master::start(Settings {
        drain_s: 0,
        ..Settings::new()
    });
    let stopped = master.one_serving();
    kill(stopped, Signal::STOP);
    master.reload();
    serves(&master);
    assert!(is_alive(stopped), "it has some time");
    master.wait_for("it is killed", |_| !is_alive(stopped));
    assert_eq!(master.logged("takes too long; it is killed"), 1);
    master.wait_for_log("was ended by signal 9", 1);
    let stopped = master.one_serving();
    kill(stopped, Signal::STOP);
    master.signal(Signal::QUIT);
    assert_eq!(master.wait().code(), Some(0));
    assert!(!is_alive(stopped));
}

/// The limit has room for the master, but not for what serves.
#[test]
fn starts_that_fail_are_not_tried_for_ever() {
    let folder = Folder::site();
    let settings = Settings {
        workers: 16,
        listen: vec![("127.0.0.1:0".to_owned(), "http")],
        ..Settings::new()
    };
    write_settings(&folder, &settings);
    let mut command = Command::new("sh");
    let script = "ulimit -n 42; exec \"$0\" --config conf.toml";
    command.args(["-c", script, BINARY]);
    let begin = Instant::now();
    let mut child = start(&mut command, &folder);
    let status = wait_for(&mut child);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let (errors, log) = (read("errors"), read("log"));
    assert_eq!(status.code(), Some(1), "{errors}{log}");
    assert!(
        errors
            .lines()
            .last()
            .is_some_and(|line| line.contains("gives up")),
        "{errors}"
    );
    assert_eq!(log.matches(" is started").count(), 5, "{log}");
    assert!(
        log.contains("ended with status 1 before it was up"),
        "{log}"
    );
    assert!(
        begin.elapsed() > Duration::from_millis(1_500),
        "it waits in between"
    );
    assert!(!folder.path().join("pid").exists());
}

#[test]
fn what_serves_goes_when_its_master_is_gone() {
    let mut master = Master::start(Settings::new());
    let serving = master.one_serving();
    kill(master.pid, Signal::KILL);
    master.wait();
    let start = Instant::now();
    while is_alive(serving) {
        if start.elapsed() > PATIENCE {
            kill(serving, Signal::KILL);
            panic!("it goes on without a master");
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert!(master.logged("the master is gone") > 0);
}

// --- upgrade -----------------------------------------------------------

/// A master whose program is a copy in its folder, which can be replaced.
fn replaceable() -> Master {
    let folder = Folder::site();
    let program = folder.path().join("pelton");
    fs::copy(BINARY, &program).expect("a copy");
    let mut command = Command::new(&program);
    command.args(["--config", "conf.toml"]);
    Master::spawn(command, folder, Settings::new())
}

/// Puts another file in the place of its program.
fn replace(master: &Master, write: impl FnOnce(&std::path::Path)) {
    let new = master.folder.path().join("pelton.new");
    write(&new);
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("executable");
    fs::rename(&new, master.folder.path().join("pelton")).expect("renamed");
}

#[test]
fn an_upgrade_runs_the_new_file_in_the_old_process() {
    let mut master = replaceable();
    let serving = master.one_serving();
    let inode = |pid: i32| {
        fs::metadata(format!("/proc/{pid}/exe"))
            .expect("its program")
            .ino()
    };
    let before = inode(master.pid);
    replace(&master, |new| _ = fs::copy(BINARY, new).expect("a copy"));
    // A restart and a reload take the program that runs.
    kill(serving, Signal::KILL);
    serves(&master);
    master.reload();
    let serving = master.one_serving();
    assert_eq!((inode(master.pid), inode(serving)), (before, before));
    master.upgrade();
    assert_eq!(master.pid_in_file(), master.pid);
    let second = master.command(&["serve", "--config", "conf.toml"]);
    assert!(
        second.errors.contains("has the pid file"),
        "{}",
        second.errors
    );
    assert_eq!(title(master.pid), "pelton: master process conf.toml");
    let serving = master.one_serving();
    assert_ne!(inode(master.pid), before);
    assert_eq!(inode(serving), inode(master.pid));
    serves(&master);
    // The new master is a whole one.
    master.reload();
    let serving = master.one_serving();
    kill(serving, Signal::KILL);
    serves(&master);
    let said = master.command(&["stop", "--pid-file", "pid"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert_eq!(master.wait().code(), Some(0));
    assert!(!master.folder.path().join("pid").exists());
}

/// As those have it who keep a folder for each version.
#[test]
fn an_upgrade_follows_the_link_by_which_the_program_was_begun() {
    let folder = Folder::site();
    let at = |name: &str| folder.path().join(name);
    for version in ["one", "two"] {
        fs::create_dir(at(version)).expect("a folder");
        fs::copy(BINARY, at(version).join("pelton")).expect("a copy");
    }
    symlink("one", at("current")).expect("a link");
    symlink("two", at("next")).expect("a link");
    let mut command = Command::new(at("current/pelton"));
    command.args(["--config", "conf.toml"]);
    let mut master = Master::spawn(command, folder, Settings::new());
    let program = |pid: i32| fs::read_link(format!("/proc/{pid}/exe")).expect("its program");
    assert!(program(master.pid).ends_with("one/pelton"));
    let path = master.folder.path();
    fs::rename(path.join("next"), path.join("current")).expect("renamed");
    // A restart takes the program that runs, an upgrade the one of that name.
    master.reload();
    let serving = master.one_serving();
    assert!(program(serving).ends_with("one/pelton"));
    master.upgrade();
    let serving = master.one_serving();
    for pid in [master.pid, serving] {
        assert!(program(pid).ends_with("two/pelton"), "{:?}", program(pid));
    }
    serves(&master);
}

#[test]
fn an_upgrade_that_fails_changes_nothing() {
    let mut master = replaceable();
    let serving = master.one_serving();
    for (number, (script, part)) in [
        (
            "#!/bin/sh\nexit 3\n",
            "ended with status 3 before it was up",
        ),
        ("no program", "cannot be started"),
        ("#!/bin/sh\nexec sleep 60\n", "does not come up"),
    ]
    .into_iter()
    .enumerate()
    {
        replace(&master, |new| fs::write(new, script).expect("written"));
        master.signal(Signal::USR2);
        master.wait_for_log("nothing has changed", number + 1);
        assert_eq!(master.logged(part), 1, "{part}");
        assert_eq!(master.one_serving(), serving, "{part}");
        serves(&master);
    }
    replace(&master, |new| _ = fs::copy(BINARY, new).expect("a copy"));
    master.upgrade();
    serves(&master);
}

// --- how it is begun ---------------------------------------------------

#[test]
fn a_daemon_leaves_the_terminal_when_it_is_up() {
    let settings = Settings {
        master: "daemon = true".to_owned(),
        ..Settings::new()
    };
    let mut command = Command::new("sh");
    let script = "exec 9</dev/zero; exec \"$0\" --config conf.toml";
    command.args(["-c", script, BINARY]);
    let mut master = Master::spawn(command, Folder::site(), settings);
    assert_eq!(master.wait().code(), Some(0), "its starter has ended well");
    let (daemon, serving) = (master.pid, master.one_serving());
    assert_eq!(title(daemon), "pelton: master process conf.toml");
    for pid in [daemon, serving] {
        let stream =
            |number: usize| fs::read_link(format!("/proc/{pid}/fd/{number}")).expect("a stream");
        let log = master.folder.path().join("log");
        assert_eq!(
            [0, 1, 2].map(stream),
            ["/dev/null".into(), "/dev/null".into(), log]
        );
        let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
        let links = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let stray = links.filter(|to| to.ends_with("zero")).count();
        assert_eq!(stray, 0, "it keeps nothing of the shell's open");
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it is there");
        let session = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(3));
        assert_eq!(session, Some(&*daemon.to_string()), "a session of its own");
    }
    serves(&master);
    master.reload();
    serves(&master);

    let second = master.command(&["serve", "--config", "conf.toml"]);
    assert_eq!(second.code, Some(1), "it does not come up");
    assert!(
        second.errors.contains("has the pid file"),
        "{}",
        second.errors
    );

    let said = master.command(&["quit", "--pid-file", "pid"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    master.wait_for("the daemon has ended", |_| !is_alive(daemon));
}

/// A command that is begun as a socket unit begins it, with this socket.
fn activated(socket: &TcpListener, arguments: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!(
        "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --config conf.toml {arguments}"
    );
    command.args(["-c", &script, BINARY]);
    let socket = socket.try_clone().expect("the same once more");
    command.stdin(OwnedFd::from(socket));
    command
}

#[test]
fn sockets_of_a_socket_unit_are_taken_over() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = socket.local_addr().expect("its address");
    let settings = || {
        let mut settings = Settings::new();
        settings.workers = 2;
        settings.listen[0].0 = addr.to_string();
        settings
    };
    let mut master = Master::spawn(activated(&socket, ""), Folder::site(), settings());
    for _ in 0..16 {
        serves(&master);
    }
    master.settings.workers = 3;
    master.reload();
    master.upgrade();
    for _ in 0..16 {
        serves(&master);
    }
    master.signal(Signal::TERM);
    master.wait();
    drop(master);

    // Without a master, too.
    let folder = Folder::site();
    let text = format!("[[listen]]\naddr = \"{addr}\"\n[[site]]\nroot = \".\"\n");
    folder.write("conf.toml", text.as_bytes());
    let mut child = start(&mut activated(&socket, ""), &folder);
    assert_eq!(get(addr, "/small.txt", "").status, 200);
    kill(child.id() as i32, Signal::TERM);
    assert_eq!(wait_for(&mut child).code(), Some(0));

    // One that is nowhere in the configuration is not forgotten in silence.
    let mut child = start(&mut activated(&socket, "--http 0"), &folder);
    assert_eq!(wait_for(&mut child).code(), Some(2));
    let errors = fs::read_to_string(folder.path().join("errors")).expect("its words");
    assert!(errors.contains("is in no [[listen]]"), "{errors}");
}

/// Waits for a word to the service manager.
fn told(socket: &UnixDatagram, part: &str) -> String {
    let mut bytes = [0; 1024];
    loop {
        let count = socket
            .recv(&mut bytes)
            .unwrap_or_else(|error| panic!("no {part}: {error}"));
        let words = String::from_utf8_lossy(&bytes[..count]).into_owned();
        if words.contains(part) {
            return words;
        }
    }
}

#[test]
fn the_service_manager_hears_of_everything() {
    for is_master in [true, false] {
        let folder = Folder::site();
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut command = Command::new(BINARY);
        command.args(["--config", "conf.toml"]);
        command.env("NOTIFY_SOCKET", folder.path().join("notify"));
        command.env("WATCHDOG_USEC", "400000");
        if is_master {
            let mut master = Master::spawn(command, folder, Settings::new());
            let ready = told(&socket, "READY=1");
            assert!(
                ready.contains(&format!("MAINPID={}", master.pid)),
                "{ready}"
            );
            for _ in 0..3 {
                told(&socket, "WATCHDOG=1");
            }
            master.reload();
            assert!(told(&socket, "RELOADING=1").contains("\nMONOTONIC_USEC="));
            told(&socket, "READY=1");
            told(&socket, "WATCHDOG=1");
            // One that does not turn is not spoken for.
            let serving = master.one_serving();
            kill(serving, Signal::STOP);
            thread::sleep(Duration::from_millis(400));
            socket.set_nonblocking(true).expect("no waiting");
            while socket.recv(&mut [0; 64]).is_ok() {}
            thread::sleep(Duration::from_millis(800));
            assert!(socket.recv(&mut [0; 64]).is_err(), "nobody lives");
            socket.set_nonblocking(false).expect("waiting");
            kill(serving, Signal::CONT);
            told(&socket, "WATCHDOG=1");
            master.signal(Signal::QUIT);
            told(&socket, "STOPPING=1");
            assert_eq!(master.wait().code(), Some(0));
        } else {
            write_settings(&folder, &Settings::new());
            let text = fs::read_to_string(folder.path().join("conf.toml")).expect("it is there");
            folder.write("conf.toml", text.replace("enable = true", "").as_bytes());
            let mut child = start(&mut command, &folder);
            told(&socket, "READY=1");
            told(&socket, "WATCHDOG=1");
            told(&socket, "WATCHDOG=1");
            kill(child.id() as i32, Signal::QUIT);
            told(&socket, "STOPPING=1");
            assert_eq!(wait_for(&mut child).code(), Some(0));
        }
    }
}

#[test]
fn root_binds_and_nobody_serves() {
    if !rustix::process::geteuid().is_root() {
        println!("only root can become somebody else");
        return;
    }
    let mut master = Master::start(Settings {
        master: "user = \"nobody\"\ngroup = \"daemon\"".to_owned(),
        ..Settings::new()
    });
    let nobody = pelton::os::user::find("nobody", Some("daemon")).expect("both are everywhere");
    let ids = |pid: i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is there");
        let of = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .expect("a line");
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        [of("Uid:"), of("Gid:"), of("Groups:")]
    };
    let all = |id: u32| vec![id.to_string(); 4];
    assert_eq!(ids(master.pid)[..2], [all(0), all(0)]);
    let serving = master.one_serving();
    let [user, group, others] = ids(serving);
    assert_eq!([user, group], [all(nobody.user), all(nobody.group)]);
    assert!(!others.contains(&"0".to_owned()), "{others:?}");
    serves(&master);

    // The log can be opened anew by both of them.
    let log = master.folder.path().join("log");
    fs::rename(&log, master.folder.path().join("log.1")).expect("renamed");
    let access = master.folder.path().join("access");
    fs::rename(&access, master.folder.path().join("access.1")).expect("renamed");
    let said = master.command(&["reopen", "--pid-file", "pid"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    master.wait_for_log("the log is open", 2);
    master.reload();
    serves(&master);
    assert_eq!(master.logged("cannot write the log"), 0);
    master.wait_for("the access log is written", |master| {
        master.read("access").contains(" HTTP/1.1\" 200 ")
    });
    let owner = fs::metadata(&access).expect("it is there").uid();
    assert_eq!(owner, nobody.user);

    // What nobody may read is told of, and the old one goes on.
    let hidden = master.folder.path().join("hidden");
    fs::create_dir(&hidden).expect("a folder");
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o700)).expect("closed");
    let text = master.read("conf.toml");
    let root = format!("root = \"{}\"", master.folder.path().display());
    let text = text.replace(&root, &format!("root = \"{}\"", hidden.display()));
    let text = text.replace("workers = 1", "workers = 8");
    master.folder.write("conf.toml", text.as_bytes());
    // The sockets for seven more loops have had no connection.
    let clients = Clients::start(master.http(), master.frame());
    for number in 1..=10 {
        master.signal(Signal::HUP);
        master.wait_for_log("nothing has changed", number);
        assert_eq!(master.logged("cannot serve the folder"), number);
        thread::sleep(Duration::from_millis(20));
    }
    clients.stop();
    serves(&master);
}

#[test]
fn a_log_that_was_moved_away_is_opened_anew() {
    let mut master = Master::start(Settings::new());
    let log = master.folder.path().join("log");
    fs::rename(&log, master.folder.path().join("log.1")).expect("renamed");
    master.signal(Signal::USR1);
    master.wait_for_log("the log is open", 2);
    assert!(master.read("log.1").contains("is up"));
    master.reload();
    assert!(master.read("log").contains("reload: done"));
}

#[test]
fn so_is_the_access_log_and_a_reload_loses_no_line() {
    let lines = |master: &Master, name: &str| master.read(name).lines().count();
    let mut master = Master::start(Settings::new());
    serves(&master);
    master.wait_for("a line comes", |master| lines(master, "access") == 1);
    let path = master.folder.path().join("access");
    fs::rename(&path, master.folder.path().join("access.1")).expect("renamed");
    master.signal(Signal::USR1);
    master.wait_for("it is made anew", |_| path.exists());
    // Lines may go to the old one until the serving process has heard of it.
    let mut asked = 1;
    master.wait_for("lines come into it", |master| {
        serves(master);
        asked += 1;
        lines(master, "access") > 0
    });
    serves(&master);
    master.reload();
    serves(&master);
    master.wait_for("both processes have written the rest", |master| {
        lines(master, "access") + lines(master, "access.1") == asked + 2
    });
}
