//! The built binary in a process of its own, which is ended by its id
//! whatever becomes of the test.

use super::PATIENCE;
use pelton::config::Mode;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where cargo has put it.
pub const BINARY: &str = env!("CARGO_BIN_EXE_pelton");

/// Clock ticks in a second, as `/proc/PID/stat` counts them.
const CLOCK_TICKS: f64 = 100.0;

/// A server that has said where it listens.
pub struct Program {
    child: Child,
    /// What it said at start, line by line.
    pub lines: Vec<String>,
    errors: Option<JoinHandle<String>>,
}

impl Program {
    /// Starts the binary in `folder` and waits for its last line at start.
    pub fn start(folder: &Path, arguments: &[&str]) -> Program {
        let mut command = Command::new(BINARY);
        command.args(arguments);
        Program::spawn(command, folder)
    }

    /// The same with room for this many open files.
    pub fn start_with_open_files(files: usize, folder: &Path, arguments: &[&str]) -> Program {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, BINARY]).args(arguments);
        Program::spawn(command, folder)
    }

    /// The same by another command.
    pub fn spawn(mut command: Command, folder: &Path) -> Program {
        command.current_dir(folder).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let errors = child.stderr.take().map(collect);
        let spoken = child.stdout.take().expect("it was piped");
        let mut program = Program {
            child,
            lines: Vec::new(),
            errors,
        };
        program.listen(&lines_of(spoken));
        program
    }

    /// Takes its lines up to the one that says it is up.
    fn listen(&mut self, spoken: &Receiver<String>) {
        loop {
            match spoken.recv_timeout(PATIENCE) {
                Ok(line) => self.lines.push(line),
                Err(error) => {
                    let errors = self.end();
                    panic!("{error} after {:?}; it said: {errors}", self.lines);
                }
            }
            if self
                .lines
                .last()
                .is_some_and(|line| line.contains(" mode, "))
            {
                return;
            }
        }
    }

    /// The first address that speaks HTTP.
    pub fn http(&self) -> SocketAddr {
        self.address("http://")
    }

    /// The first address that speaks packages.
    pub fn frame(&self) -> SocketAddr {
        self.address("packages at ")
    }

    /// The first address behind these words.
    pub fn address(&self, after: &str) -> SocketAddr {
        let found = self.lines.iter().find_map(|line| line.split_once(after));
        let (_, rest) = found.unwrap_or_else(|| panic!("no {after:?} in {:?}", self.lines));
        rest.trim_end_matches('/').parse().expect("an address")
    }

    /// The id of the process.
    pub fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("it is there");
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_none()
    }

    /// Waits until it ends: its exit status, and all that it said on standard
    /// error.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let status = wait_for(&mut self.child);
        let errors = self.errors.take().expect("collected once");
        (status, errors.join().expect("text"))
    }

    /// Ends it, and says what it said on standard error.
    fn end(&mut self) -> String {
        let _ = self.child.kill(); // by its id; it may be gone already
        let _ = self.child.wait();
        self.errors
            .take()
            .map_or(String::new(), |errors| errors.join().unwrap_or_default())
    }

    /// Processor time used so far, of all threads.
    pub fn processor_time(&self) -> Duration {
        let stat = self.proc("stat");
        // The name of the program, in brackets, may hold anything.
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let number = |at: usize| {
            fields
                .split_whitespace()
                .nth(at)
                .and_then(|n| n.parse().ok())
        };
        let (user, system): (f64, f64) = (number(11).expect("utime"), number(12).expect("stime"));
        Duration::from_secs_f64((user + system) / CLOCK_TICKS)
    }

    /// Processor time used within `span`.
    pub fn processor_time_within(&self, span: Duration) -> Duration {
        let before = self.processor_time();
        thread::sleep(span);
        self.processor_time() - before
    }

    /// Bytes of memory that are this process's own and in use.
    pub fn memory_bytes(&self) -> usize {
        let rollup = self.proc("smaps_rollup");
        let line = rollup.lines().find(|line| line.starts_with("Pss_Anon:"));
        let kib = line
            .and_then(|line| line.split_whitespace().nth(1))
            .expect("a size");
        kib.parse::<usize>().expect("a number") * 1024
    }

    /// Number of sockets it has open, listening ones included.
    pub fn sockets(&self) -> usize {
        let is_socket = |link: &Path| {
            fs::read_link(link).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
        };
        let open = fs::read_dir(self.proc_path("fd")).expect("its descriptors");
        open.filter(|entry| entry.as_ref().is_ok_and(|entry| is_socket(&entry.path())))
            .count()
    }

    /// The descriptor that it would get next: an open-file limit of this leaves
    /// none.
    pub fn first_free_descriptor(&self) -> u64 {
        let folder = self.proc_path("fd");
        let is_free = |number: &u64| !Path::new(&folder).join(number.to_string()).is_symlink();
        (0..).find(is_free).expect("a number")
    }

    /// Waits until it says so.
    pub fn wait_for(&self, what: &str, so: impl Fn(&Program) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn proc(&self, name: &str) -> String {
        fs::read_to_string(self.proc_path(name)).expect("the process is there")
    }

    fn proc_path(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let errors = self.end();
        if thread::panicking() {
            println!("the server said:\n{errors}");
        }
    }
}

/// What a run to the end gave.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub errors: String,
}

/// Runs the binary in `folder` to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let out = collect(child.stdout.take().expect("it was piped"));
    let errors = collect(child.stderr.take().expect("it was piped"));
    let status = wait_for(&mut child);
    let text = |thread: JoinHandle<String>| thread.join().expect("text");
    Ran {
        code: status.code(),
        out: text(out),
        errors: text(errors),
    }
}

/// Waits for a process, and ends it by its id when that takes too long.
pub fn wait_for(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its status") {
            return status;
        }
        if start.elapsed() > 2 * PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it did not end in time");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A configuration file: both protocols on free ports over the folder `root`,
/// and `more` behind it.
pub fn config_text(mode: Mode, root: &Path, more: &str) -> String {
    let root = root.display();
    format!(
        "mode = \"{mode}\"\nworkers = 2\n\
         [[listen]]\naddr = \"127.0.0.1:0\"\nprotocol = \"http\"\n\
         [[listen]]\naddr = \"127.0.0.1:0\"\nprotocol = \"frame\"\n\
         [[site]]\nroot = \"{root}\"\n{more}"
    )
}

/// Reads all that comes, on a thread, so that no pipe fills up.
fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn lines_of(spoken: ChildStdout) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(spoken).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return; // the server goes on talking to nobody
            }
        }
    });
    receive
}
