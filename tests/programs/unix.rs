//! Unix sockets: the same server behind a file, with a master and without one;
//! the file comes and goes with whoever listens.

use crate::master::{Master, Settings, start};
use crate::support::program::{BINARY, Program, run, wait_for};
use crate::support::{Folder, PATIENCE, both, config, package, pattern, read_answer, read_package};
use pelton::base::network::NOWHERE;
use pelton::config::{Config, Listen, Mode, Protocol, Rate};
use pelton::engine::{Running, Server};
use pelton::service::{Router, StaticSite};
use rustix::process::Signal;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
const LARGE: &[u8] = b"GET /huge.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A server in this process on sockets `http`, `frame` and `auto` in a folder.
struct Here {
    folder: Folder,
    running: Option<Running>,
}

impl Here {
    fn start(mode: Mode, adjust: impl FnOnce(&mut Config)) -> Here {
        let folder = Folder::site();
        let at = |name: &str, protocol| Listen::unix(folder.path().join(name), protocol);
        let mut config = Config {
            workers: 3,
            listen: vec![
                at("http", Protocol::Http),
                at("frame", Protocol::Frame),
                at("auto", Protocol::Auto),
            ],
            ..config(mode, folder.path())
        };
        adjust(&mut config);
        let router = Router::new()
            .http("GET", "/me", |_, context| context.address.to_string())
            .site(StaticSite::new(0));
        let server = Server::new(config).service(router);
        Here {
            running: Some(server.start().expect("the server starts")),
            folder,
        }
    }

    fn connect(&self, name: &str) -> UnixStream {
        connect(&self.folder.path().join(name))
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.handle().stop();
            running.wait().expect("no loop fails");
        }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.stop();
    }
}

fn connect(path: &Path) -> UnixStream {
    bounded(UnixStream::connect(path).expect("connected"))
}

fn bounded(stream: UnixStream) -> UnixStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Asks for a small file on a connection that stays.
fn serves(stream: &mut UnixStream) {
    stream.write_all(GET).expect("sent");
    let answer = read_answer(stream, false);
    assert_eq!((answer.status, answer.body), (200, pattern(1024)));
}

fn echoes(stream: &mut UnixStream) {
    stream.write_all(&package(1, b"hello")).expect("sent");
    assert_eq!(read_package(stream), (1, b"hello".to_vec()));
}

fn is_socket(path: &Path) -> bool {
    let known = fs::symlink_metadata(path);
    known.is_ok_and(|known| known.file_type().is_socket())
}

#[test]
fn every_protocol_is_spoken_behind_a_file() {
    both(|mode| {
        let mut here = Here::start(mode, |_| {});
        assert!(here.running().listeners().iter().all(|at| at.0 == NOWHERE));
        for _ in 0..32 {
            serves(&mut here.connect("http"));
            echoes(&mut here.connect("frame"));
            serves(&mut here.connect("auto"));
            echoes(&mut here.connect("auto"));
        }
        let mut stream = here.connect("http");
        stream.write_all(&GET.repeat(100)).expect("sent");
        for _ in 0..100 {
            assert_eq!(read_answer(&mut stream, false).body, pattern(1024));
        }
        stream.write_all(LARGE).expect("sent");
        assert_eq!(read_answer(&mut stream, false).body, pattern(6 << 20));
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
        let mode = fs::metadata(here.folder.path().join("http")).expect("its file");
        assert_eq!(mode.permissions().mode() & 0o777, 0o660);
        here.stop();
        for name in ["http", "frame", "auto"] {
            assert!(!here.folder.path().join(name).exists(), "{name} is removed");
        }
    });
}

#[test]
fn a_crowd_is_shared_by_all_loops() {
    both(|mode| {
        let here = Here::start(mode, |_| {});
        let mut crowd: Vec<UnixStream> = (0..300).map(|_| here.connect("http")).collect();
        crowd.iter_mut().for_each(serves);
        crowd.iter_mut().rev().for_each(serves);
    });
}

/// The end of such a client is told at once, ahead of what it has sent.
#[test]
fn what_was_sent_before_a_close_is_still_read() {
    both(|mode| {
        let got = std::sync::Arc::new(AtomicUsize::new(0));
        let folder = Folder::site();
        let counts = got.clone();
        let router = Router::new().message(7, move |_, _| {
            counts.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let path = folder.path().join("frame");
        let config = Config {
            listen: vec![Listen::unix(&path, Protocol::Frame)],
            ..config(mode, folder.path())
        };
        let running = Server::new(config).service(router).start().expect("up");
        for _ in 0..50 {
            let mut stream = connect(&path);
            stream.write_all(&package(7, b"and gone")).expect("sent");
        }
        let start = Instant::now();
        while got.load(Ordering::SeqCst) < 50 {
            assert!(start.elapsed() < PATIENCE, "{got:?} of 50");
            thread::sleep(Duration::from_millis(5));
        }
        running.handle().stop();
        running.wait().expect("no loop fails");
    });
}

#[test]
fn a_client_without_an_address_is_under_no_limit_of_one() {
    both(|mode| {
        let here = Here::start(mode, |config| {
            let rate = Some(Rate {
                per_s: 1,
                burst: Some(1),
            });
            config.limits.connections_per_address = Some(1);
            config.limits.connects = rate;
            config.limits.requests = rate;
        });
        let mut held: Vec<UnixStream> = (0..5).map(|_| here.connect("http")).collect();
        held.iter_mut().for_each(serves);
        held.iter_mut().for_each(serves);
        let ask = b"GET /me HTTP/1.1\r\nHost: a\r\n\r\n";
        held[0].write_all(ask).expect("sent");
        assert_eq!(read_answer(&mut held[0], false).body, b"0.0.0.0:0");
    });
}

#[test]
fn a_name_needs_no_file() {
    both(|mode| {
        let name = format!("pelton-unix-{}-{mode}", std::process::id());
        let here = Here::start(mode, |config| {
            let at = format!("@{name}");
            config.listen.push(Listen::unix(at, Protocol::Http));
        });
        let addr = SocketAddr::from_abstract_name(&name).expect("a name");
        let stream = UnixStream::connect_addr(&addr).expect("connected");
        serves(&mut bounded(stream));
        drop(here);
        assert!(UnixStream::connect_addr(&addr).is_err());
    });
}

// --- the program -------------------------------------------------------

const FILE: &str = "[[listen]]\naddr = \"unix:sock\"\nmode = \"0600\"\n[[site]]\nroot = \".\"\n";

#[test]
fn a_stale_file_is_replaced_and_a_live_one_is_not() {
    let folder = Folder::site();
    folder.write("conf.toml", FILE.as_bytes());
    let path = folder.path().join("sock");
    drop(UnixListener::bind(&path).expect("a free path"));
    assert!(is_socket(&path), "somebody has left it behind");
    assert_eq!(
        run(folder.path(), &["check", "--config", "conf.toml"]).code,
        Some(0)
    );
    let program = Program::start(folder.path(), &["--config", "conf.toml"]);
    assert!(
        program.lines[0].ends_with("the site in . at unix:sock"),
        "{:?}",
        program.lines
    );
    serves(&mut connect(&path));
    let mode = fs::metadata(&path).expect("its file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let second = run(folder.path(), &["--config", "conf.toml"]);
    assert_eq!(second.code, Some(1));
    assert!(
        second
            .errors
            .contains("cannot listen on unix:sock: another program does already"),
        "{}",
        second.errors
    );
    serves(&mut connect(&path));
    program.signal(Signal::TERM);
    let (status, errors) = program.wait();
    assert!(status.success(), "{errors}");
    assert!(!path.exists(), "it is removed at the end");

    folder.write("sock", b"text");
    let refused = run(folder.path(), &["--config", "conf.toml"]);
    assert!(
        refused.errors.contains("is no socket"),
        "{}",
        refused.errors
    );
    assert_eq!(fs::read(&path).expect("untouched"), b"text");
}

#[test]
fn arguments_may_name_one() {
    let folder = Folder::site();
    let arguments = [
        ".",
        "--http",
        "unix:http.sock",
        "--frame",
        "unix:frame.sock",
    ];
    let program = Program::start(folder.path(), &arguments);
    serves(&mut connect(&folder.path().join("http.sock")));
    echoes(&mut connect(&folder.path().join("frame.sock")));
    program.signal(Signal::TERM);
    let (status, errors) = program.wait();
    assert!(status.success(), "{errors}");
}

#[test]
fn a_killed_one_leaves_a_file_that_the_next_replaces() {
    let folder = Folder::site();
    folder.write("conf.toml", FILE.as_bytes());
    let path = folder.path().join("sock");
    let program = Program::start(folder.path(), &["--config", "conf.toml"]);
    program.signal(Signal::KILL);
    program.wait();
    assert!(is_socket(&path));
    let program = Program::start(folder.path(), &["--config", "conf.toml"]);
    serves(&mut connect(&path));
    program.signal(Signal::QUIT);
    program.wait();
    assert!(!path.exists());
}

#[test]
fn curl_finds_it() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("there is no curl: skipped");
        return;
    }
    let here = Here::start(Mode::Reactor, |_| {});
    let out = Command::new("curl")
        .args(["-sS", "--max-time", "20", "--unix-socket", "http"])
        .args(["http://a/huge.bin", "http://a/small.txt"])
        .current_dir(here.folder.path())
        .output()
        .expect("it runs");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(out.stdout == [pattern(6 << 20), pattern(1024)].concat());
}

// --- with a master -----------------------------------------------------

fn with_master() -> Master {
    let mut settings = Settings::new();
    settings.workers = 2;
    settings.listen.push(("unix:sock".to_owned(), "auto"));
    Master::start(settings)
}

#[test]
fn the_socket_outlives_reloads_and_upgrades_and_nobody_is_lost() {
    let mut master = with_master();
    let path = master.folder.path().join("sock");
    let stop = AtomicBool::new(false);
    let asked = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut stream = connect(&path);
                    stream.write_all(GET).expect("sent");
                    let answer = read_answer(&mut stream, false);
                    assert_eq!((answer.status, answer.body), (200, pattern(1024)));
                    echoes(&mut connect(&path));
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for workers in [1, 3, 2] {
            master.settings.workers = workers;
            master.reload();
        }
        master.upgrade();
        master.reload();
        let before = asked.load(Ordering::Relaxed);
        master.wait_for("they go on", |_| {
            asked.load(Ordering::Relaxed) > before + 20
        });
        stop.store(true, Ordering::Relaxed);
    });
    assert!(is_socket(&path));
    master.signal(Signal::QUIT);
    assert_eq!(master.wait().code(), Some(0));
    assert!(!path.exists(), "the upgraded master removes it");
}

#[test]
fn a_reload_takes_sockets_away_and_adds_others() {
    let mut master = with_master();
    let at = |master: &Master, name: &str| master.folder.path().join(name);
    let mut old = connect(&at(&master, "sock"));
    serves(&mut old);
    master.settings.listen[2].0 = "unix:other".to_owned();
    master.reload();
    assert!(
        !at(&master, "sock").exists(),
        "nobody listens there any more"
    );
    serves(&mut connect(&at(&master, "other")));

    // What cannot be leaves everything as it was.
    let foreign = UnixListener::bind(at(&master, "foreign")).expect("a free path");
    master.settings.listen[2].0 = "unix:foreign".to_owned();
    crate::master::write_settings(&master.folder, &master.settings);
    master.signal(Signal::HUP);
    master.wait_for_log("nothing has changed", 1);
    assert!(is_socket(&at(&master, "foreign")));
    serves(&mut connect(&at(&master, "other")));
    drop(foreign);
    master.signal(Signal::TERM);
    assert_eq!(master.wait().code(), Some(0));
    assert!(!at(&master, "other").exists());
}

#[test]
fn a_socket_of_a_socket_unit_is_taken_over_and_its_file_stays() {
    for arguments in ["", "--master"] {
        let folder = Folder::site();
        let path = folder.path().join("sock");
        let text = format!(
            "[[listen]]\naddr = \"unix:{}\"\n[[site]]\nroot = \".\"\n",
            path.display()
        );
        folder.write("conf.toml", text.as_bytes());
        let socket = OwnedFd::from(UnixListener::bind(&path).expect("a free path"));
        let mut command = Command::new("sh");
        let script = format!(
            "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" --config conf.toml \
             {arguments}"
        );
        command.args(["-c", &script, BINARY]).stdin(socket);
        let mut child = start(&mut command, &folder);
        serves(&mut connect(&path));
        crate::master::kill(child.id() as i32, Signal::TERM);
        assert_eq!(wait_for(&mut child).code(), Some(0));
        assert!(is_socket(&path), "it is not this program's to remove");
    }
}
