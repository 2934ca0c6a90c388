//! Accounts under load and after a crash: the built program, and clients in
//! processes of their own.
//!
//! A client process is this test binary again: it runs `a_client` alone, with
//! its orders in the environment, and prints a line for each account that the
//! server has acknowledged.

use crate::support::program::{Program, config_text};
use crate::support::{Folder, both, connect, package, pattern, read_answer};
use pelton::config::Mode;
use rustix::process::Signal;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const REGISTER: u16 = 5;
const LOGIN: u16 = 6;

/// Client processes: the first half speaks packages, the others HTTP.
const CLIENTS: usize = 4;
/// Connections of each, with a thread for each.
const CONNECTIONS: usize = 4;
/// Names that every client process tries to get as well.
const CONTESTED: usize = 50;

const PASSWORD: &str = "correct horse";
const ORDERS: &str = "PELTON_ACCOUNTS_CLIENT";

// --- one connection of a client -------------------------------------------

/// A connection over either protocol; `None` from its calls: it was lost.
struct Wire {
    stream: TcpStream,
    http: bool,
}

impl Wire {
    fn new(addr: SocketAddr, http: bool) -> Wire {
        let stream = connect_patiently(addr);
        Wire { stream, http }
    }

    /// Result and user.
    fn register(&mut self, name: &str) -> Option<(u32, u32)> {
        if self.http {
            return self.post("register", name, PASSWORD).map(numbers);
        }
        let body = [&[0; 4][..], &fields(name, PASSWORD)].concat();
        self.call(REGISTER, &body)
    }

    /// The same.
    fn login(&mut self, name: &str, password: &str) -> Option<(u32, u32)> {
        if self.http {
            return self.post("login", name, password).map(numbers);
        }
        self.call(LOGIN, &fields(name, password))
    }

    fn call(&mut self, code: u16, body: &[u8]) -> Option<(u32, u32)> {
        self.stream.write_all(&package(code, body)).ok()?;
        let mut answer = [0; 16];
        self.stream.read_exact(&mut answer).ok()?;
        let number = |at: usize| u32::from_be_bytes(answer[at..at + 4].try_into().expect("four"));
        Some((number(8), number(12)))
    }

    /// The body of the answer.
    fn post(&mut self, what: &str, name: &str, password: &str) -> Option<Vec<u8>> {
        let body = format!("{{\"name\":\"{name}\",\"password\":\"{password}\"}}");
        let length = body.len();
        let request = format!(
            "POST /api/{what} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).ok()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head in UTF-8");
        let (_, rest) = head.split_once("Content-Length: ").expect("a length");
        let length = rest.lines().next().expect("a line").parse();
        let mut body = vec![0; length.expect("a number")];
        self.stream.read_exact(&mut body).ok()?;
        Some(body)
    }
}

/// Hashes at the usual cost queue up on a busy machine.
fn connect_patiently(addr: SocketAddr) -> TcpStream {
    let stream = connect(addr);
    let patience = Some(Duration::from_secs(120));
    stream.set_read_timeout(patience).expect("a timeout");
    stream
}

fn numbers(body: Vec<u8>) -> (u32, u32) {
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let number = |key: &str| body[key].as_u64().and_then(|number| number.try_into().ok());
    let both = (number("result"), number("user"));
    (both.0.expect("a result"), both.1.expect("a user"))
}

/// Name and password as a package has them.
fn fields(name: &str, password: &str) -> Vec<u8> {
    let mut body = name.as_bytes().to_vec();
    body.resize(56, 0);
    body.extend_from_slice(password.as_bytes());
    body.resize(96, 0);
    body
}

// --- a client process ------------------------------------------------------

/// What a client process is to do: `number addr http each login`.
struct Orders {
    number: usize,
    addr: SocketAddr,
    http: bool,
    /// Names of its own that each of its connections registers.
    each: usize,
    /// Whether it logs in with each of them.
    login: bool,
}

impl Orders {
    fn text(&self) -> String {
        let Orders {
            number,
            addr,
            http,
            each,
            login,
        } = self;
        format!("{number} {addr} {http} {each} {login}")
    }

    fn read(text: &str) -> Orders {
        let words: Vec<&str> = text.split(' ').collect();
        let [number, addr, http, each, login] = words[..] else {
            panic!("no orders: {text}");
        };
        Orders {
            number: number.parse().expect("a number"),
            addr: addr.parse().expect("an address"),
            http: http.parse().expect("true or false"),
            each: each.parse().expect("a number"),
            login: login.parse().expect("true or false"),
        }
    }

    /// Starts a process that carries them out.
    fn start(&self) -> Client {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(["--exact", "accounts_load::a_client", "--nocapture"]);
        command.env(ORDERS, self.text());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Client(command.spawn().expect("it starts"))
    }

    /// The names of connection `number`: its own, with contested ones between
    /// them.
    fn names(&self, connection: usize) -> Vec<String> {
        let own = |at| format!("c{}-{connection}-{at}", self.number);
        let mut names: Vec<String> = (0..self.each).map(own).collect();
        let step = self.each / CONTESTED + 1;
        for number in 0..CONTESTED {
            names.insert(
                (number * (step + 1)).min(names.len()),
                format!("all-{number}"),
            );
        }
        names
    }

    /// One connection: registers each name and says what it was told; logs in
    /// where that is asked for. Ends when the connection is lost.
    fn carry_out(&self, connection: usize) {
        let mut wire = Wire::new(self.addr, self.http);
        for name in self.names(connection) {
            let Some((result, user)) = wire.register(&name) else {
                return;
            };
            match result {
                0 => say(&format!("account {name} {user}")),
                1 => {}
                other => say(&format!("wrong: {name} is answered {other}")),
            }
            if !self.login {
                continue;
            }
            match wire.login(&name, PASSWORD) {
                Some((0, logged_in)) if result == 1 || logged_in == user => {
                    say(&format!("login {name} {logged_in}"));
                }
                Some(other) => say(&format!("wrong: login of {name}: {other:?}")),
                None => return,
            }
        }
    }
}

/// One line in one write, so that a line is whole or not there.
fn say(line: &str) {
    let line = format!("{line}\n");
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

#[test]
fn a_client() {
    let Ok(orders) = env::var(ORDERS) else {
        return; // an ordinary run of the tests
    };
    let orders = Orders::read(&orders);
    say(""); // the test's name may stand there without its line break
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let orders = &orders;
            scope.spawn(move || orders.carry_out(connection));
        }
    });
}

/// A client process, which is ended by its id whatever becomes of the test.
struct Client(Child);

impl Client {
    /// Hands on its lines as they come.
    fn listen(&mut self, to: mpsc::Sender<String>) {
        let spoken = self.0.stdout.take().expect("it was piped");
        thread::spawn(move || {
            for line in BufReader::new(spoken).lines().map_while(Result::ok) {
                if to.send(line).is_err() {
                    return;
                }
            }
        });
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts all client processes; their lines come through the channel, which
/// closes when all have ended.
fn start_clients(
    program: &Program,
    each: usize,
    login: bool,
) -> (Vec<Client>, mpsc::Receiver<String>) {
    let (send, receive) = mpsc::channel();
    let start = |number| {
        let http = number >= CLIENTS / 2;
        let addr = if http {
            program.http()
        } else {
            program.frame()
        };
        let orders = Orders {
            number,
            addr,
            http,
            each,
            login,
        };
        let mut client = orders.start();
        client.listen(send.clone());
        client
    };
    let clients = (0..CLIENTS).map(start).collect();
    (clients, receive)
}

/// Name and number in a line that begins with `what`; a line that tells of
/// something wrong ends the test.
fn told(line: &str, what: &str) -> Option<(String, u32)> {
    assert!(
        !line.contains("wrong: ") && !line.contains("panicked"),
        "{line}"
    );
    let mut words = line.split(' ');
    if words.next() != Some(what) {
        return None;
    }
    let (name, number) = (words.next()?, words.next()?);
    Some((name.to_owned(), number.parse().ok()?))
}

// --- the server ------------------------------------------------------------

const CHEAP: &str = "[accounts]\nfile = \"a.db\"\ntries_per_minute = 0\n\
                     hash_kib = 8\nhash_passes = 1\n";
const USUAL: &str = "[accounts]\nfile = \"a.db\"\ntries_per_minute = 0\n";

fn program(mode: Mode, folder: &Folder, accounts: &str) -> Program {
    folder.write("site/small.txt", &pattern(1024));
    let text = config_text(mode, &folder.path().join("site"), accounts);
    folder.write("my.toml", text.as_bytes());
    Program::start(folder.path(), &["--config", "my.toml"])
}

/// Asks for a file again and again until told to stop, and says how long each
/// took, sorted.
fn ask_meanwhile(addr: SocketAddr, stop: &AtomicBool) -> Vec<Duration> {
    let mut stream = connect_patiently(addr);
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(request).expect("sent");
        assert_eq!(read_answer(&mut stream, false).body.len(), 1024);
        times.push(start.elapsed());
        thread::sleep(Duration::from_millis(2));
    }
    times.sort_unstable();
    times
}

fn print_times(what: &str, times: &[Duration]) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: {} requests for a file meanwhile: p50 {:?}, p99 {:?}, max {:?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
}

/// Runs `work` while another client asks for a file.
fn with_times<T>(what: &str, program: &Program, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| ask_meanwhile(program.http(), &stop));
        let start = Instant::now();
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        println!("{what}: took {:?}", start.elapsed());
        stop.store(true, Ordering::Relaxed);
        print_times(what, &asking.join().expect("answered"));
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

// --- the tests ---------------------------------------------------------

/// 10,000 registrations and as many logins, in each mode.
#[test]
fn ten_thousand_at_once_are_neither_lost_nor_doubled() {
    both(|mode| {
        const OWN: usize = 10_000;
        let folder = Folder::new();
        let program = program(mode, &folder, CHEAP);
        let each = OWN / CLIENTS / CONNECTIONS + 1;
        let (_clients, lines) = start_clients(&program, each, true);
        let (mut accounts, mut logins) = (Vec::new(), 0);
        with_times(&format!("{mode} mode, cheap hashes"), &program, || {
            for line in &lines {
                accounts.extend(told(&line, "account"));
                logins += usize::from(told(&line, "login").is_some());
            }
        });
        // Each name once, contested ones included, and each number once.
        let count = each * CLIENTS * CONNECTIONS + CONTESTED;
        assert_eq!(accounts.len(), count);
        assert_eq!(logins, (each + CONTESTED) * CLIENTS * CONNECTIONS);
        println!("{mode} mode: {count} accounts, {logins} logins");
        let mut names: Vec<&str> = accounts.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        let mut numbers: Vec<u32> = accounts.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=count as u32));
        let mut wire = Wire::new(program.frame(), false);
        for (name, number) in accounts.iter().step_by(97) {
            assert_eq!(wire.login(name, PASSWORD), Some((0, *number)), "{name}");
            assert_eq!(wire.login(name, "wrong horse"), Some((3, 0)), "{name}");
        }
    });
}

#[test]
fn fifty_at_the_usual_cost_let_others_through() {
    both(|mode| {
        let folder = Folder::new();
        let program = program(mode, &folder, USUAL);
        let register = |number: usize| {
            let http = number < 25;
            let addr = if http {
                program.http()
            } else {
                program.frame()
            };
            let mut wire = Wire::new(addr, http);
            let name = format!("name {number}");
            let (result, user) = wire.register(&name).expect("an answer");
            assert_eq!(result, 0);
            assert_eq!(wire.login(&name, PASSWORD), Some((0, user)));
            user
        };
        let mut users = with_times(&format!("{mode} mode, usual hashes"), &program, || {
            thread::scope(|scope| {
                let started: Vec<_> = (0..50)
                    .map(|number| scope.spawn(move || register(number)))
                    .collect();
                let joined = started.into_iter().map(|thread| thread.join());
                joined.map(|user| user.expect("done")).collect::<Vec<_>>()
            })
        });
        users.sort_unstable();
        assert!(users.iter().copied().eq(1..=50));
    });
}

#[test]
fn whoever_was_acknowledged_logs_in_after_a_crash() {
    both(|mode| {
        let folder = Folder::new();
        let running = program(mode, &folder, CHEAP);
        let (_clients, lines) = start_clients(&running, 10_000, false);
        let mut cookies = Wire::new(running.http(), true);
        let mut session = String::new();
        let mut accounts: Vec<(String, u32)> = Vec::new();
        let mut of_kind = [0; 2]; // by packages, over HTTP
        for line in &lines {
            let Some(account) = told(&line, "account") else {
                continue;
            };
            let http = ["c2-", "c3-"]
                .iter()
                .any(|client| account.0.starts_with(client));
            of_kind[usize::from(http)] += 1;
            accounts.push(account);
            if session.is_empty() {
                session = login_for_cookie(&mut cookies.stream, &accounts[0].0);
            }
            if of_kind.iter().all(|count| *count >= 300) {
                running.signal(Signal::KILL);
                break;
            }
        }
        // What was acknowledged until the kill reached it counts as well.
        accounts.extend(lines.iter().filter_map(|line| told(&line, "account")));
        let (status, _) = running.wait();
        assert!(!status.success());
        println!(
            "{mode} mode: {} acknowledged before the kill",
            accounts.len()
        );
        assert!((600..CLIENTS * CONNECTIONS * 10_000).contains(&accounts.len()));

        let again = program(mode, &folder, CHEAP);
        let mut wire = Wire::new(again.frame(), false);
        for (name, number) in &accounts {
            assert_eq!(wire.login(name, PASSWORD), Some((0, *number)), "{name}");
            assert_eq!(wire.register(name), Some((1, 0)), "{name}");
        }
        let cookie = format!("Cookie: {session}\r\n");
        let me = crate::support::get(again.http(), "/api/me", &cookie);
        assert_eq!(me.status, 200, "the login stands");
        let next = wire.register("after the crash").expect("an answer");
        assert_eq!(next.0, 0);
        let known = accounts.iter().map(|(_, number)| *number).max();
        assert!(Some(next.1) > known, "no number is given twice");
    });
}

/// Logs in over HTTP and returns the cookie.
fn login_for_cookie(stream: &mut TcpStream, name: &str) -> String {
    let body = format!("{{\"name\":\"{name}\",\"password\":\"{PASSWORD}\"}}");
    let length = body.len();
    let request = format!(
        "POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let answer = read_answer(stream, false);
    let cookie = answer.field("set-cookie").expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

/// A hash takes most of the time, as it does at the usual cost, and other work
/// on the machine is given a few chances to be out of the way.
#[test]
fn a_wrong_name_takes_as_long_as_a_wrong_password() {
    const ROUNDS: usize = 30;
    const CHANCES: usize = 10;
    both(|mode| {
        let folder = Folder::new();
        let costly = CHEAP.replace("hash_kib = 8", "hash_kib = 8192");
        let program = program(mode, &folder, &costly);
        for http in [false, true] {
            let addr = if http {
                program.http()
            } else {
                program.frame()
            };
            let mut wire = Wire::new(addr, http);
            let name = format!("ada {http}");
            assert_eq!(wire.register(&name).expect("an answer").0, 0);
            let mut time = |name: &str, password: &str| {
                let start = Instant::now();
                let answer = wire.login(name, password);
                assert_eq!(answer, Some((3, 0)), "{name}");
                start.elapsed()
            };
            let mut measure = || {
                let (mut names, mut passwords) = (Vec::new(), Vec::new());
                for _ in 0..ROUNDS {
                    names.push(time("nobody at all", PASSWORD));
                    passwords.push(time(&name, "wrong horse"));
                }
                let (name, password) = (median(names), median(passwords));
                let ratio = name.as_secs_f64() / password.as_secs_f64();
                println!(
                    "{mode} mode: wrong name {name:?}, wrong password {password:?}: {ratio:.2}"
                );
                (0.75..=1.25).contains(&ratio)
            };
            assert!((0..CHANCES).any(|_| measure()), "their times differ");
        }
    });
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
