//! A server that is put under load: a master with a serving process of its
//! own, looked at from outside.

use super::crew::Crew;
use super::crowd;
use super::memory::{Flat, Sample};
use super::place::Place;
use crate::master::{Master, Settings, is_alive};
use crate::random::Random;
use crate::support::program::BINARY;
use crate::support::{Folder, PATIENCE, connect, get, package, read_package};
use pelton::os::process::processor_time;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Short deadlines, so that many come within a run, and limits that are met.
const MORE: &str = "[status]\npath = \"/_pelton/\"\n\
    [timeouts]\nhttp_idle_s = 3\nhttp_head_s = 3\nprogress_s = 6\nframe_heartbeat_s = 1\n\
    [limits]\nconnections = 120\nconnections_per_address = 40\nflood_packets = 25000\n";
const LOOPS: usize = 2;
/// Kinds of ends that the log tells, each loop once a minute.
const FAULTS: usize = 7;
/// Other lines of the log: start, limits met, changes.
const OTHER_LINES: usize = 40;
const LINE_BYTES: usize = 200;
/// What pools keep for reuse: 5 MiB for each loop, and their reserves.
const KEPT_BYTES: u64 = LOOPS as u64 * ((5 << 20) + (64 << 10));

/// What is of some size is mapped by itself, and unmapped when it is freed; all
/// of it is written to at once, so that memory in use is memory that counts.
const EXACT: &str = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:\
    glibc.malloc.mmap_threshold=16384:glibc.malloc.perturb=165";

/// How memory is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heap {
    Usual,
    /// See [`EXACT`]. An allocator of another kind takes no notice.
    Exact,
}

/// Descriptors before the first client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) serving: usize,
    pub(crate) master: usize,
}

pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) samples: Vec<Sample>,
    /// What it held of its own each time that all clients were gone, in KiB.
    rests: Vec<usize>,
    pub(crate) before: Before,
    master: Master,
    serving: i32,
    place: Option<Arc<Place>>,
    begun: Instant,
}

impl Target {
    /// A server in this mode.
    pub(crate) fn start(mode: &'static str, heap: Heap) -> Target {
        let mut settings = Settings::new();
        settings.mode = mode;
        settings.workers = LOOPS;
        settings.listen.push(("127.0.0.1:0".to_owned(), "auto"));
        settings.master = MORE.to_owned();
        let mut command = Command::new(BINARY);
        command.args(["serve", "--config", "conf.toml"]);
        if heap == Heap::Exact {
            command.env("GLIBC_TUNABLES", EXACT);
        }
        let mut master = Master::spawn(command, Folder::site(), settings);
        let serving = master.one_serving();
        Target {
            name: match heap {
                Heap::Usual => mode.to_owned(),
                Heap::Exact => format!("{mode}, exact"),
            },
            samples: Vec::new(),
            rests: Vec::new(),
            before: Before {
                serving: descriptors(serving),
                master: descriptors(master.pid),
            },
            serving,
            place: None,
            begun: Instant::now(),
            master,
        }
    }

    /// Where its clients go from now on.
    pub(crate) fn place(&mut self, changing: bool) -> Arc<Place> {
        let addrs = [0, 1, 2].map(|number| self.master.addrs[number]);
        let place = Arc::new(Place::new(addrs, changing));
        self.place = Some(place.clone());
        place
    }

    /// The worst comes first.
    pub(crate) fn is_stormed(&mut self, seed: u64) {
        crowd::storm(&self.place(false), &mut Random::new(seed));
    }

    /// Somebody was not answered as it should.
    pub(crate) fn has_failed(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.has_failed())
    }

    /// Somebody was failed, or it has not come to rest.
    pub(crate) fn has_ended_early(&self) -> bool {
        self.has_failed() || self.rests.len() < 2
    }

    pub(crate) fn answered(&self) -> u64 {
        let counts = self.place.as_ref().map(|place| place.counts());
        counts.map_or(0, |counts| counts.answered.values().sum())
    }

    /// Takes a sample.
    pub(crate) fn look(&mut self, is_steady: bool) {
        let sample = self.sample(is_steady);
        self.samples.push(sample);
    }

    /// Nobody is there: waits until what it keeps is let go, and looks what is
    /// held then.
    pub(crate) fn rests(&mut self, time: Duration) {
        thread::sleep(time);
        let looks = (0..10).map(|_| {
            thread::sleep(Duration::from_millis(100));
            self.sample(false).own_kib
        });
        let least = looks.min().unwrap_or_default();
        eprintln!("{}: {least} KiB of its own at rest", self.name);
        self.rests.push(least);
    }

    pub(crate) fn at_rest(&self) -> Flat {
        Flat::at_rest(&self.rests)
    }

    pub(crate) fn under_load(&self) -> Flat {
        Flat::under_load(&self.samples)
    }

    fn sample(&self, is_steady: bool) -> Sample {
        let path = format!("/proc/{}/smaps_rollup", self.serving);
        let rollup = fs::read_to_string(path).expect("it runs");
        let kib = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.expect("a size")
        };
        Sample {
            at: self.begun.elapsed(),
            is_steady,
            own_kib: kib("Anonymous:"),
            resident_kib: kib("Rss:"),
            descriptors: self.descriptors(),
        }
    }

    pub(crate) fn descriptors(&self) -> usize {
        descriptors(self.serving)
    }

    pub(crate) fn processor_time(&self) -> Duration {
        processor_time(self.serving.unsigned_abs()).expect("it runs")
    }

    pub(crate) fn log_lines(&self) -> usize {
        self.master.read("log").lines().count()
    }

    /// However long and bad the load was.
    pub(crate) fn assert_log_is_short(&self) {
        let log = self.master.read("log");
        let minutes = self.begun.elapsed().as_secs() as usize / 60;
        let most = LOOPS * FAULTS * (minutes + 1) + OTHER_LINES;
        let lines = log.lines().count();
        assert!(lines <= most, "{}: {lines} lines in the log", self.name);
        assert!(log.len() <= most * LINE_BYTES, "{} bytes", log.len());
    }

    /// The chaos was one: every way to end that clients can bring about.
    pub(crate) fn assert_all_ends_were_met(&self) {
        let ours = ["no_memory", "file_truncated", "stopping", "bad_proxy_head"];
        for (reason, count) in self.closed() {
            let is_met = count > 0 || ours.contains(&&*reason);
            assert!(is_met, "{}: no connection ended so: {reason}", self.name);
        }
    }

    /// How many connections ended for which reason.
    pub(crate) fn closed(&self) -> Vec<(String, u64)> {
        let status = self.status();
        let first = status["loops"][0]["closed"].as_array().expect("a list");
        let names = first
            .iter()
            .map(|one| one["name"].as_str().expect("a name"));
        let sum = |name: &str| (name.to_owned(), total(&status, "closed", name));
        names.map(sum).collect()
    }

    /// All clients are gone, so all that was theirs goes within the deadlines
    /// of the server, and it does nothing then.
    ///
    /// # Errors
    /// What has not gone.
    pub(crate) fn comes_to_rest(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            thread::sleep(Duration::from_millis(1_100));
            self.is_nudged();
            let left = self.left();
            if left.is_empty() {
                break;
            }
            if start.elapsed() > PATIENCE {
                return Err(left);
            }
        }
        let before = self.processor_time();
        thread::sleep(Duration::from_secs(1));
        match self.processor_time() - before {
            used if used < Duration::from_millis(100) => Ok(()),
            used => Err(format!("{used:?} of work in a second without clients")),
        }
    }

    /// Has the loops gather their numbers now, which they do once a tick, when
    /// they are woken: by packages that need no job. Woken by a look they would
    /// see that look, each time.
    fn is_nudged(&self) {
        for _ in 0..8 {
            let mut stream = connect(self.master.frame());
            stream.write_all(&package(0, b"")).expect("sent");
            read_package(&mut stream);
        }
        thread::sleep(Duration::from_millis(50));
    }

    /// What there is yet that was not there at the start.
    fn left(&self) -> String {
        let mut left = Vec::new();
        let mut see = |what: &str, now: u64, most: u64| {
            if now > most {
                left.push(format!("{now} {what}, {most} are right"));
            }
        };
        let before = self.before;
        let master = descriptors(self.master.pid);
        see(
            "descriptors",
            self.descriptors() as u64,
            before.serving as u64,
        );
        see(
            "descriptors of the master",
            master as u64,
            before.master as u64,
        );
        let status = self.status();
        // The look itself is a connection.
        see("connections", sum(&status, |each| each["live"].as_u64()), 1);
        for phase in ["head", "body", "handling", "writing", "closing"] {
            see(phase, total(&status, "phases", phase), 0);
        }
        let on_wheel = |each: &Value| -> Option<u64> {
            each["wheel"].as_array()?.iter().map(Value::as_u64).sum()
        };
        // Those that nudge are seen on it.
        let nudging = 2 * LOOPS as u64;
        see("on the wheels", sum(&status, on_wheel), nudging);
        see(
            "jobs that wait",
            status["queue"].as_u64().expect("a number"),
            0,
        );
        see("jobs", sum(&status, |each| each["jobs"].as_u64()), 0);
        see("buffers", sum(&status, |each| each["buffers"].as_u64()), 0);
        let kept = status["buffer_bytes"].as_u64().expect("a number");
        see("bytes of buffers that are kept", kept, KEPT_BYTES);
        see("panics", total(&status, "counts", "panics"), 0);
        left.join("; ")
    }

    fn status(&self) -> Value {
        let answer = get(self.master.http(), "/_pelton/status.json", "");
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// Reloads, and a log opened anew, while all of them go on.
    ///
    /// # Errors
    /// Who was failed, or what was left behind.
    pub(crate) fn changes_under_load(&mut self, seed: u64) -> Result<(), String> {
        let crew = Crew::start(&self.place(true), !seed);
        let mut olds = vec![self.serving];
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(600));
            self.master.reload();
            olds.extend(self.master.serving());
        }
        let opened = self.master.logged("the log is open");
        self.master.signal(Signal::USR1);
        self.master.wait_for_log("the log is open", opened + 1);
        thread::sleep(Duration::from_millis(600));
        crew.stop();
        let failures = self
            .place
            .as_ref()
            .map_or(Vec::new(), |place| place.counts().failures);
        if !failures.is_empty() {
            return Err(format!("{}, while it changes: {failures:#?}", self.name));
        }
        self.serving = self.master.one_serving();
        olds.retain(|old| *old != self.serving && is_alive(*old));
        assert!(
            olds.is_empty(),
            "{}: old processes stay: {olds:?}",
            self.name
        );
        assert_eq!(self.master.logged("takes too long"), 0, "{}", self.name);
        let rested = self.comes_to_rest();
        rested.map_err(|left| format!("{}, after it changed: left behind: {left}", self.name))
    }
}

/// Descriptors that a process has open.
fn descriptors(pid: i32) -> usize {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
    all.count()
}

/// The sum over all loops of what stands under `name` in one of their lists.
fn total(status: &Value, list: &str, name: &str) -> u64 {
    sum(status, |each| {
        let all = each[list].as_array()?;
        all.iter().find(|one| one["name"] == name)?["count"].as_u64()
    })
}

fn sum(status: &Value, number: impl Fn(&Value) -> Option<u64>) -> u64 {
    let loops = status["loops"].as_array().expect("the loops");
    loops
        .iter()
        .map(|each| number(each).expect("a number"))
        .sum()
}
