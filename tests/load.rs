//! Many clients at once: a burst of new ones, and a crowd of idle ones.

mod support;

use pelton::os::process::raise_open_files;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use support::program::{Program, config_text};
use support::{Folder, PATIENCE, Rig, both, connect, get, pattern, read_answer};

/// Both tests want the machine to themselves.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

const THREADS: usize = 8;

#[test]
fn a_burst_of_a_thousand_connections_is_answered_whole() {
    const EACH: usize = 1_000 / THREADS;
    let _alone = alone();
    let open_files = raise_open_files();
    assert!(
        open_files > 3_000,
        "the open-file limit is {open_files}; this needs 3,000"
    );
    both(|mode| {
        let rig = Rig::start(mode, |_| {});
        let connected = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let mut clients: Vec<TcpStream> =
                        (0..EACH).map(|_| connect(rig.http)).collect();
                    connected.wait();
                    for client in &mut clients {
                        let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
                        client.write_all(request).expect("sent");
                    }
                    for client in &mut clients {
                        let answer = read_answer(client, false);
                        assert_eq!((answer.status, answer.body), (200, pattern(1024)));
                    }
                });
            }
        });
        assert_eq!(get(rig.http, "/", "").status, 200, "and it goes on");
        rig.wait_for("all are gone", |rig| rig.live() == 0);
    });
}

/// Idle connections that are wanted.
const CROWD: usize = 10_000;
/// What one of them may cost the server; 256 is the aim.
const BYTES_EACH_MAX: usize = 400;

#[test]
fn ten_thousand_idle_connections_stay_and_cost_little() {
    let _alone = alone();
    // Each end of a connection is one: the server has a limit of its own.
    let crowd = CROWD.min(raise_open_files().saturating_sub(500));
    if crowd < CROWD {
        println!("the open-file limit has room for {crowd} of {CROWD} connections only");
    }
    both(|mode| {
        let folder = Folder::site();
        let text = config_text(mode, folder.path(), "[timeouts]\nhttp_idle_s = 120\n");
        folder.write("pelton.toml", text.as_bytes());
        let program = Program::start(folder.path(), &["--config", "pelton.toml"]);
        let sockets = program.sockets();
        drop(gather(program.http(), 100)); // what the server makes once, it has then
        program.wait_for("the first are gone", |program| program.sockets() == sockets);
        let memory = program.memory_bytes();
        let idle = gather(program.http(), crowd);
        let is_there = |program: &Program| program.sockets() >= sockets + crowd;
        program.wait_for("all are there", is_there);
        let each = program.memory_bytes().saturating_sub(memory) / crowd;
        println!("{mode}: {crowd} idle connections, {each} bytes of memory each");
        thread::sleep(Duration::from_secs(3));
        assert!(is_there(&program), "they stay");
        let start = Instant::now();
        assert_eq!(get(program.http(), "/small.txt", "").body, pattern(1024));
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
        assert!(
            each <= BYTES_EACH_MAX,
            "{each} bytes for each idle connection"
        );
        // The server goes first: the clients' ports are free at once then.
        drop(program);
        drop(idle);
    });
}

/// Connections that have had an answer each and are kept alive.
fn gather(addr: SocketAddr, count: usize) -> Vec<TcpStream> {
    let some = |count: usize| (0..count).map(|_| kept_alive(addr)).collect::<Vec<_>>();
    let share = count / THREADS;
    thread::scope(|scope| {
        let threads: Vec<_> = (1..THREADS).map(|_| scope.spawn(|| some(share))).collect();
        let mut all = some(count - share * (THREADS - 1));
        all.extend(
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("its share")),
        );
        all
    })
}

fn kept_alive(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
        .write_all(b"HEAD /small.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    let (mut answer, mut end) = ([0; 1024], 0);
    while !answer[..end].ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut answer[end..]).expect("an answer");
        assert!(count > 0, "closed early");
        end += count;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    stream
}
