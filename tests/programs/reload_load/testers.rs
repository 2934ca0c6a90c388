//! Three of our own load testers at once, each in a process of its own, and
//! what they report.

use crate::master::{Guarded, children_of, kill, start};
use crate::support::Folder;
use crate::support::program::wait_for;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Clients of each tester: so many connections it has open at most.
pub(crate) const CLIENTS: u64 = 8;

/// Testers at work. They go on until they are stopped.
pub(crate) struct Testers(Vec<Tester>);

struct Tester {
    name: &'static str,
    child: Guarded,
    folder: Folder,
}

/// What one of them reports.
pub(crate) struct Report {
    name: &'static str,
    report: Value,
    errors: String,
}

impl Testers {
    /// Connections that are kept, one for each request, and packages.
    pub(crate) fn start(http: SocketAddr, frame: SocketAddr) -> Testers {
        let page = format!("http://{http}/small.txt");
        Testers::of(&[
            ("kept alive", format!("-k {page}")),
            ("one connection a request", format!("-2 {page}")),
            ("packages", format!("frame://{frame}?bytes=200")),
        ])
    }

    /// Connections that are kept, and on which there is a request a second:
    /// that is when a server that goes away takes one to be at rest.
    pub(crate) fn start_at_rest(http: SocketAddr) -> Testers {
        let words = format!("-k -c 64 --rate 64 http://{http}/small.txt");
        Testers::of(&[("mostly at rest", words)])
    }

    fn of(kinds: &[(&'static str, String)]) -> Testers {
        let started = kinds.iter().map(|(name, words)| Tester::start(name, words));
        let testers: Vec<Tester> = started.collect();
        testers.iter().for_each(Tester::wait_for_worker);
        Testers(testers)
    }

    /// Stops them, and gives their reports.
    pub(crate) fn stop(self) -> Vec<Report> {
        for tester in &self.0 {
            kill(tester.pid(), Signal::INT);
        }
        self.0.into_iter().map(Tester::report).collect()
    }
}

impl Tester {
    fn start(name: &'static str, words: &str) -> Tester {
        let folder = Folder::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_webbench"));
        let clients = format!("-c {CLIENTS} -t 3600 --processes 1 --json report");
        command.args(clients.split(' ')).args(words.split(' '));
        Tester {
            name,
            child: start(&mut command, &folder),
            folder,
        }
    }

    fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    fn wait_for_worker(&self) {
        let mut tries = 0;
        while children_of(self.pid()).is_empty() {
            tries += 1;
            assert!(tries < 4_000, "{} does not begin", self.name);
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn report(mut self) -> Report {
        let status = wait_for(&mut self.child);
        let read = |file: &str| fs::read_to_string(self.folder.path().join(file));
        let errors = read("errors").expect("what it said");
        assert_eq!(status.code(), Some(0), "{}: {errors}", self.name);
        let report = read("report").expect("a report");
        Report {
            name: self.name,
            report: serde_json::from_str(&report).expect("JSON"),
            errors,
        }
    }
}

impl Report {
    /// One line of figures.
    pub(crate) fn tell(&self) {
        let (name, counts) = (self.name, &self.report["counts"]);
        let [good, bad, again] = ["succeeded", "failed", "sent_again"].map(|name| &counts[name]);
        println!("  {name}: {good} succeeded, {bad} failed, {again} sent again");
    }

    /// Not one failure of any kind, and some were answered.
    pub(crate) fn is_whole(&self) {
        let Report { name, errors, .. } = self;
        let failures = self.report["counts"]["failures"].as_object();
        for (kind, count) in failures.expect("failures by kind") {
            assert_eq!(count, 0, "{name}: {kind}\n{errors}");
        }
        assert_eq!(self.count("failed"), 0, "{name}");
        assert!(self.count("succeeded") > 0, "{name}: nobody was answered");
        let is_kept = self.name != "one connection a request";
        assert!(is_kept || self.count("sent_again") == 0, "{name}");
    }

    /// No more has failed than there were connections, and only as those do
    /// that are cut; nothing has from `after` on.
    pub(crate) fn is_hurt_once(&self, after: Duration) {
        let Report { name, errors, .. } = self;
        let failures = self.report["counts"]["failures"].as_object();
        for (kind, count) in failures.expect("failures by kind") {
            let is_cut = kind == "reset" || kind == "closed_early";
            assert!(is_cut || count == 0, "{name}: {kind}\n{errors}");
        }
        assert!(self.count("failed") <= CLIENTS, "{name}: {errors}");
        let series = self.report["series"].as_array().expect("samples");
        let is_after = |one: &&Value| one["from_s"].as_f64() >= Some(after.as_secs_f64());
        let later: Vec<&Value> = series.iter().filter(is_after).collect();
        assert!(!later.is_empty(), "{name}: it ended too soon: {series:?}");
        for sample in later {
            assert_eq!(sample["failed"], 0, "{name}: {series:?}");
            assert_ne!(sample["succeeded"], 0, "{name}: {series:?}");
        }
    }

    fn count(&self, name: &str) -> u64 {
        let count = self.report["counts"][name].as_u64();
        count.unwrap_or_else(|| panic!("no {name} in {:#}", self.report))
    }
}
