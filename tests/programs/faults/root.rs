//! The folder that is served: removed, restored, and put in the place of
//! another.

use super::rig::{Served, Setup, fill_site};
use crate::support::{both_at_once, connect, pattern, read_answer};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A second, and what a machine may be busy with.
const SOON: Duration = Duration::from_secs(4);

/// So long all answers are the new ones.
const A_WHILE: Duration = Duration::from_millis(500);

/// A client that asks for a file all the while, and what it has got so far.
struct Asking {
    stream: TcpStream,
    got: (u16, Vec<u8>),
}

impl Asking {
    fn start(addr: SocketAddr) -> Asking {
        let mut asking = Asking {
            stream: connect(addr),
            got: (0, Vec::new()),
        };
        asking.got = asking.ask();
        asking
    }

    fn ask(&mut self) -> (u16, Vec<u8>) {
        let request = b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
        self.stream.write_all(request).expect("sent");
        let answer = read_answer(&mut self.stream, false);
        (answer.status, answer.body)
    }

    /// It gets another answer from now on than so far. Every thread of the
    /// server has a second to notice.
    fn sees(&mut self, status: u16) -> &[u8] {
        let begin = Instant::now();
        let (mut last, mut new) = (begin, None);
        while last.elapsed() < A_WHILE {
            let answer = self.ask();
            if answer == self.got {
                assert!(begin.elapsed() < SOON, "still {}", answer.0);
                last = Instant::now();
            } else {
                assert_eq!(*new.get_or_insert(answer.clone()), answer);
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.got = new.expect("another answer");
        assert_eq!(self.got.0, status);
        &self.got.1
    }
}

#[test]
fn a_root_that_is_gone_is_404_and_served_again_when_it_is_back() {
    both_at_once(|mode| {
        let served = Served::start(&Setup::new(mode));
        let (site, aside) = (served.path("site"), served.path("aside"));
        let mut client = Asking::start(served.program.http());
        assert_eq!(client.got, (200, pattern(1024)));
        fs::rename(&site, &aside).expect("renamed");
        client.sees(404);
        served.wait_for_log("is gone: No such file or directory");
        assert_eq!(served.logged("site is back"), 0);
        // The same path, and a folder that is another one.
        fs::create_dir(&site).expect("a folder");
        fs::write(site.join("small.txt"), b"new").expect("a file");
        assert_eq!(client.sees(200), b"new");
        served.wait_for_log("site is back, and served again");
        fs::remove_dir_all(&site).expect("removed");
        client.sees(404);
        fill_site(&served.folder);
        assert_eq!(client.sees(200), pattern(1024));
        served.wait_for("both times are told", || {
            (served.logged(" is gone: "), served.logged("site is back")) == (2, 2)
        });
        // One in the place of the other, with nothing in between to be noticed.
        let next = served.path("next");
        fs::create_dir(&next).expect("a folder");
        fs::write(next.join("small.txt"), b"next").expect("a file");
        fs::remove_dir_all(&aside).expect("removed");
        fs::rename(&site, &aside).expect("renamed");
        fs::rename(&next, &site).expect("renamed");
        assert_eq!(client.sees(200), b"next");
        let log = served.log();
        assert!(
            log.contains(" is gone: ") && log.contains("site is "),
            "{log}"
        );
        let (errors, _) = served.stop();
        assert_eq!(errors, "");
    });
}
