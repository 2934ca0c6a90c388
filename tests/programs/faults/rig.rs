//! A server in a process of its own, with a site, a folder for its log, and a
//! light load on it.

use super::load::{HEALTH, Load, Wanted};
use crate::support::program::{BINARY, Program};
use crate::support::{Folder, PATIENCE, pattern};
use pelton::config::Mode;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// What a server is started with.
pub(crate) struct Setup {
    pub(crate) mode: Mode,
    pub(crate) master: bool,
    /// Further keys of the section of the log, and sections behind it.
    pub(crate) more: &'static str,
    pub(crate) wanted: Wanted,
}

impl Setup {
    pub(crate) fn new(mode: Mode) -> Setup {
        Setup {
            mode,
            master: false,
            more: "",
            wanted: HEALTH,
        }
    }

    fn text(&self, folder: &Path) -> String {
        let (mode, master, more) = (self.mode, self.master, self.more);
        let folder = folder.display();
        format!(
            "mode = \"{mode}\"\nworkers = 2\n\
             [[listen]]\naddr = \"127.0.0.1:0\"\nprotocol = \"http\"\n\
             [[listen]]\naddr = \"127.0.0.1:0\"\nprotocol = \"frame\"\n\
             [[site]]\nroot = \"{folder}/site\"\n[status]\npath = \"/_pelton/\"\n\
             [master]\nenable = {master}\ndrain_s = 3\n\
             [log]\nfile = \"{folder}/logs/log\"\n{more}"
        )
    }
}

/// A server under a light load. It is stopped at the end.
pub(crate) struct Served {
    pub(crate) program: Program,
    pub(crate) folder: Folder,
    load: Load,
}

impl Served {
    pub(crate) fn start(setup: &Setup) -> Served {
        let mut command = Command::new(BINARY);
        command.args(["--config", "conf.toml"]);
        Served::by(command, folder(setup), setup)
    }

    /// By another command, in a folder that is there.
    pub(crate) fn by(command: Command, folder: Folder, setup: &Setup) -> Served {
        let program = Program::spawn(command, folder.path());
        let load = Load::start(program.http(), program.frame(), setup.wanted);
        let served = Served {
            program,
            folder,
            load,
        };
        if setup.master {
            served.wait_for_log(" is up"); // the last that the master says for now
        }
        served
    }

    /// The process that serves: the one that was started, or its child.
    pub(crate) fn serving(&self) -> Pid {
        let own = self.program.id();
        let pid = own.as_raw_nonzero();
        let children = format!("/proc/{pid}/task/{pid}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        let child = children.split_whitespace().next();
        let child = child.and_then(|child| Pid::from_raw(child.parse().ok()?));
        child.unwrap_or(own)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("logs/log")).unwrap_or_default()
    }

    /// How many lines of the log have this.
    pub(crate) fn logged(&self, part: &str) -> usize {
        count(&self.log(), part)
    }

    /// Waits until the log has a line with this.
    pub(crate) fn wait_for_log(&self, part: &str) {
        self.wait_for(part, || self.logged(part) > 0);
    }

    pub(crate) fn wait_for(&self, what: &str, mut so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !so() {
            let late = start.elapsed() > PATIENCE;
            assert!(!late, "waited in vain until {what}\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Tells the process that serves to open its log, so often: each time it
    /// says so in there.
    pub(crate) fn reopen(&self, times: usize) {
        for _ in 0..times {
            kill_process(self.serving(), Signal::USR1).expect("it is there");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Without a master: has it say something that opens no log anew.
    pub(crate) fn provoke(&self) {
        self.program.signal(Signal::HUP);
        thread::sleep(Duration::from_millis(50));
    }

    /// Nobody has missed an answer: ends it, and returns what it has said on
    /// standard error.
    pub(crate) fn stop(self) -> (String, Folder) {
        let (program, folder) = self.end_load();
        program.signal(Signal::TERM);
        let (status, errors) = program.wait();
        assert_eq!(status.code(), Some(0), "{errors}");
        (errors, folder)
    }

    /// Nobody has missed an answer so far.
    pub(crate) fn end_load(self) -> (Program, Folder) {
        self.load.stop();
        (self.program, self.folder)
    }
}

/// How many lines of a text have this.
pub(crate) fn count(text: &str, part: &str) -> usize {
    text.lines().filter(|line| line.contains(part)).count()
}

/// A site, a folder for the log, and a configuration.
pub(crate) fn folder(setup: &Setup) -> Folder {
    let folder = Folder::new();
    fill_site(&folder);
    fs::create_dir(folder.path().join("logs")).expect("a folder");
    folder.write("conf.toml", setup.text(folder.path()).as_bytes());
    folder
}

pub(crate) fn fill_site(folder: &Folder) {
    folder.write("site/index.html", b"<h1>index</h1>\n");
    folder.write("site/small.txt", &pattern(1024));
    folder.write("site/other.txt", &pattern(2048));
    folder.write("site/huge.bin", &pattern(6 << 20));
}
