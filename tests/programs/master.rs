//! A master in a process of its own, in a folder of its own. It and all that it
//! has started are ended by their ids, whatever becomes of the test.
#![allow(dead_code, reason = "each test file uses its part of this")]

use crate::support::program::{BINARY, Ran, run, wait_for};
use crate::support::{Folder, PATIENCE};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What is written into the configuration beside the site and the master.
pub(crate) struct Settings {
    pub(crate) mode: &'static str,
    pub(crate) workers: usize,
    /// Address and protocol of each listener.
    pub(crate) listen: Vec<(String, &'static str)>,
    pub(crate) drain_s: u64,
    /// Further keys of the section of the master.
    pub(crate) master: String,
}

impl Settings {
    /// Both protocols on free ports, one loop.
    pub(crate) fn new() -> Settings {
        let free = || "127.0.0.1:0".to_owned();
        Settings {
            mode: "reactor",
            workers: 1,
            listen: vec![(free(), "http"), (free(), "frame")],
            drain_s: 2,
            master: String::new(),
        }
    }

    fn text(&self, folder: &Path) -> String {
        let (mode, workers, folder) = (self.mode, self.workers, folder.display());
        let mut text = format!("mode = \"{mode}\"\nworkers = {workers}\n");
        for (addr, protocol) in &self.listen {
            text += &format!("[[listen]]\naddr = \"{addr}\"\nprotocol = \"{protocol}\"\n");
        }
        text += &format!(
            "[[site]]\nroot = \"{folder}\"\n[log]\nfile = \"{folder}/log\"\n\
             access = \"{folder}/access\"\n[master]\n\
             enable = true\npid_file = \"{folder}/pid\"\ndrain_s = {}\n{}\n",
            self.drain_s, self.master
        );
        text
    }
}

/// A running master.
pub(crate) struct Master {
    pub(crate) folder: Folder,
    pub(crate) settings: Settings,
    pub(crate) pid: i32,
    /// Where it listens, in the order of the configuration; unix sockets apart.
    pub(crate) addrs: Vec<SocketAddr>,
    /// The process that was started: the master, but for a daemon.
    child: Guarded,
}

impl Master {
    /// Starts one, and waits until it is up.
    pub(crate) fn start(settings: Settings) -> Master {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--config", "conf.toml"]);
        Master::spawn(command, Folder::site(), settings)
    }

    /// The same by another command, in a folder that is there.
    pub(crate) fn spawn(mut command: Command, folder: Folder, settings: Settings) -> Master {
        write_settings(&folder, &settings);
        let mut master = Master {
            child: start(&mut command, &folder),
            folder,
            settings,
            pid: 0,
            addrs: Vec::new(),
        };
        master.wait_for("it is up", |master| {
            let ended = master.child.try_wait().expect("its status");
            let failed = ended.is_some_and(|status| !status.success());
            assert!(!failed, "{}", master.all_said());
            // It says so on its terminal first, and then in its log.
            master.read("out").contains(" mode, ") && master.logged(" is up") > 0
        });
        master.pid = master.pid_in_file();
        let said = master.read("out");
        master.addrs = said.lines().filter_map(addr_in).collect();
        let listen = master.settings.listen.iter();
        let with_port = listen.filter(|(addr, _)| !addr.starts_with("unix:"));
        assert_eq!(master.addrs.len(), with_port.count(), "{said}");
        master
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.addrs[0]
    }

    pub(crate) fn frame(&self) -> SocketAddr {
        self.addrs[1]
    }

    /// What is in a file of its folder; nothing if it is not there.
    pub(crate) fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn pid_in_file(&self) -> i32 {
        let text = self.read("pid");
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("no number in the pid file: {text:?}"))
    }

    /// How often the log has `part` in a line.
    pub(crate) fn logged(&self, part: &str) -> usize {
        let log = self.read("log");
        log.lines().filter(|line| line.contains(part)).count()
    }

    /// Waits until the log has `part` so often.
    pub(crate) fn wait_for_log(&mut self, part: &str, count: usize) {
        self.wait_for(part, |master| master.logged(part) >= count);
    }

    pub(crate) fn wait_for(&mut self, what: &str, mut so: impl FnMut(&mut Master) -> bool) {
        let start = Instant::now();
        while !so(self) {
            let late = start.elapsed() > PATIENCE;
            assert!(!late, "waited in vain until {what}\n{}", self.all_said());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn all_said(&self) -> String {
        let [out, errors, log] = ["out", "errors", "log"].map(|name| self.read(name));
        format!("{out}--\n{errors}--\n{log}")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal);
    }

    /// Writes the settings anew and has them read; waits until they are in
    /// force.
    pub(crate) fn reload(&mut self) {
        write_settings(&self.folder, &self.settings);
        let done = self.logged("reload: done");
        self.signal(Signal::HUP);
        self.wait_for_log("reload: done", done + 1);
    }

    /// Upgrades to what is in the program's file; waits until that is done.
    pub(crate) fn upgrade(&mut self) {
        let done = self.logged("upgraded: ");
        self.signal(Signal::USR2);
        self.wait_for_log("upgraded: ", done + 1);
    }

    /// The serving processes.
    pub(crate) fn serving(&self) -> Vec<i32> {
        children_of(self.pid)
    }

    /// The serving process, once there is but one.
    pub(crate) fn one_serving(&mut self) -> i32 {
        self.wait_for("one process serves", |master| master.serving().len() == 1);
        self.serving()[0]
    }

    /// Runs a command of the program to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ran {
        run(self.folder.path(), arguments)
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for(&mut self.child)
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}", self.all_said());
        }
        // A daemon is known by its pid file alone.
        let mut all = vec![self.pid];
        all.extend(self.read("pid").trim().parse::<i32>().ok());
        all.push(self.child.id() as i32);
        all.retain(|pid| *pid > 1 && is_pelton(*pid));
        all.sort_unstable();
        all.dedup();
        let children: Vec<i32> = all.iter().flat_map(|pid| children_of(*pid)).collect();
        for pid in all.into_iter().chain(children) {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, Signal::KILL); // it may be gone
            }
        }
    }
}

/// A process that is ended by its id at the end.
pub(crate) struct Guarded(Child);

impl Deref for Guarded {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may be gone
        let _ = self.0.wait();
    }
}

/// Starts a command in a folder, where its words go to files.
pub(crate) fn start(command: &mut Command, folder: &Folder) -> Guarded {
    let file = |name: &str| File::create(folder.path().join(name)).expect("a file");
    command.current_dir(folder.path());
    command.stdout(file("out")).stderr(file("errors"));
    if command.get_program() != "sh" {
        command.stdin(Stdio::null());
    }
    Guarded(command.spawn().expect("the binary starts"))
}

pub(crate) fn write_settings(folder: &Folder, settings: &Settings) {
    folder.write("conf.toml", settings.text(folder.path()).as_bytes());
}

fn addr_in(line: &str) -> Option<SocketAddr> {
    let words = line.split([' ', '/', ',']);
    words.filter_map(|word| word.parse().ok()).next()
}

pub(crate) fn kill(pid: i32, signal: Signal) {
    let pid = Pid::from_raw(pid).expect("a process");
    kill_process(pid, signal).expect("it is there");
}

/// The title of a process; nothing if it is gone.
pub(crate) fn title(pid: i32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words)
        .trim_end_matches('\0')
        .to_owned()
}

/// Whether a process is there, and not merely not waited for.
pub(crate) fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

fn is_pelton(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("pelton"))
}

/// State and parent of a process.
fn stat(pid: i32) -> Option<(String, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

/// The processes that one has started.
pub(crate) fn children_of(parent: i32) -> Vec<i32> {
    let all = fs::read_dir("/proc").expect("the processes");
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        stat(*pid).is_some_and(|(state, parent_of)| parent_of == parent && state != "Z")
    };
    pids.filter(is_child).collect()
}

/// What the descriptors of a process lead to, but for those that come and go.
pub(crate) fn sockets_of(pid: i32) -> Vec<PathBuf> {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
    let links = all.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let mut sockets: Vec<PathBuf> = links
        .filter(|to| to.to_string_lossy().starts_with("socket:"))
        .collect();
    sockets.sort();
    sockets
}

/// A port on which nobody listens, and that the system gives nobody who asks
/// for any.
pub(crate) fn free_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = 10 * (std::process::id() % 1000) as u16;
    let is_free = |port: &u16| {
        let bind = |host: [u8; 4]| TcpListener::bind(SocketAddr::from((host, *port))).is_ok();
        bind([127, 0, 0, 1]) && bind([127, 0, 0, 2])
    };
    let next = || 20_000 + (first + COUNT.fetch_add(1, Ordering::Relaxed)) % 10_000;
    let mut ports = std::iter::repeat_with(next).take(10_000);
    ports.find(is_free).expect("a free port")
}
