//! Answers over HTTP that come later, from other threads, in either mode.

use crate::support::{
    PATIENCE, Rig, both, both_at_once, connect, get, package, pattern, read_answer, read_package,
    read_to_end, reset,
};
use pelton::config::Mode;
use pelton::engine::Count;
use pelton::http::Status;
use pelton::service::Later;
use pelton::session::{CloseReason, HttpRequest};
use pelton::{Context, Response, Router};
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Tickets by the name in their path, for those who answer.
#[derive(Clone, Default)]
struct Board(Arc<Tickets>);

#[derive(Default)]
struct Tickets {
    by_name: Mutex<Vec<(String, Later)>>,
    changed: Condvar,
}

impl Board {
    fn put(&self, name: &str, ticket: Later) {
        let mut tickets = self.0.by_name.lock().expect("whole");
        tickets.push((name.to_owned(), ticket));
        self.0.changed.notify_all();
    }

    fn has(&self, name: &str) -> bool {
        let tickets = self.0.by_name.lock().expect("whole");
        tickets.iter().any(|(known, _)| known == name)
    }

    /// The ticket of this name, as soon as it is there.
    fn take(&self, name: &str) -> Later {
        let tickets = self.0.by_name.lock().expect("whole");
        let absent = |tickets: &mut Vec<(String, Later)>| !tickets.iter().any(|(n, _)| n == name);
        let waited = self.0.changed.wait_timeout_while(tickets, PATIENCE, absent);
        let mut tickets = waited.expect("whole").0;
        let at = tickets.iter().position(|(known, _)| known == name);
        tickets.remove(at.expect("nobody has asked for it")).1
    }

    /// All tickets, as soon as there are so many.
    fn take_all(&self, count: usize) -> Vec<Later> {
        let tickets = self.0.by_name.lock().expect("whole");
        let fewer = |tickets: &mut Vec<(String, Later)>| tickets.len() < count;
        let waited = self.0.changed.wait_timeout_while(tickets, PATIENCE, fewer);
        let mut tickets = waited.expect("whole").0;
        assert_eq!(tickets.len(), count);
        tickets.drain(..).map(|(_, ticket)| ticket).collect()
    }
}

/// `/wait/…` and, on the pool in either mode, `/blocking/…` leave their tickets
/// on the board; the connection counts them.
fn router(board: &Board) -> Router {
    let handler = |board: Board| {
        move |_: &HttpRequest<'_>, context: &mut Context<'_>| {
            let count = context.state.take::<u8>().unwrap_or(0) + 1;
            context.state.set(count);
            let ticket = context.later();
            board.put(context.path("name"), ticket);
            let no = Status::NO_CONTENT;
            Response::later(Duration::from_secs(600), no).field("Count", count.to_string())
        }
    };
    Router::new()
        .http("GET", "/blocking/{name}", handler(board.clone()))
        .blocking()
        .http("GET", "/wait/{name}", handler(board.clone()))
        .http("GET", "/quick", |_, _| "quick\n")
}

fn rig(mode: Mode, board: &Board) -> Rig {
    Rig::with_router(mode, |config| config.workers = 1, router(board))
}

fn ask(method: &str, path: &str, fields: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

fn asked(rig: &Rig, requests: &[String]) -> TcpStream {
    let mut stream = connect(rig.http);
    stream
        .write_all(requests.concat().as_bytes())
        .expect("sent");
    stream
}

fn waits(rig: &Rig, path: &str) -> TcpStream {
    asked(rig, &[ask("GET", path, "")])
}

#[test]
fn answers_come_in_any_order() {
    both(|mode| {
        let board = Board::default();
        let rig = rig(mode, &board);
        let paths = ["/wait/a", "/blocking/b", "/wait/c", "/blocking/d"];
        let mut clients = paths.map(|path| waits(&rig, path));
        for round in 1..=2 {
            for (at, name) in [(2, "c"), (3, "d"), (0, "a"), (1, "b")] {
                let ticket = board.take(name);
                assert_eq!(get(rig.http, "/quick", "").body, b"quick\n");
                assert!(ticket.is_awaited());
                assert!(ticket.respond(format!("for {name}")));
                let answer = read_answer(&mut clients[at], false);
                assert_eq!(answer.body, format!("for {name}").into_bytes());
                assert_eq!(answer.field("count"), Some(&*round.to_string()));
                let again = ask("GET", paths[at], "");
                clients[at].write_all(again.as_bytes()).expect("sent");
            }
        }
    });
}

#[test]
fn what_is_pipelined_behind_is_answered_behind() {
    both(|mode| {
        let board = Board::default();
        let rig = rig(mode, &board);
        let quick = || ask("GET", "/quick", "");
        let wait = |path| ask("GET", path, "");
        let mut client = asked(
            &rig,
            &[
                quick(),
                wait("/wait/one"),
                quick(),
                wait("/blocking/two"),
                wait("/wait/three"),
                quick(),
            ],
        );
        assert_eq!(read_answer(&mut client, false).body, b"quick\n");
        let one = board.take("one");
        assert!(!board.has("two") && !board.has("three"));
        client.write_all(quick().as_bytes()).expect("sent");
        // More than a socket takes at once.
        let large = pattern(3 << 20);
        assert!(one.respond(large.clone()));
        assert_eq!(read_answer(&mut client, false).body, large);
        assert_eq!(read_answer(&mut client, false).body, b"quick\n");
        let two = board.take("two");
        assert!(!board.has("three"));
        assert!(two.respond("two"));
        let answer = read_answer(&mut client, false);
        assert_eq!(answer.body, b"two");
        assert_eq!(answer.field("count"), Some("2"), "its state is with it");
        assert!(board.take("three").respond("three"));
        for body in [&b"three"[..], b"quick\n", b"quick\n"] {
            assert_eq!(read_answer(&mut client, false).body, body);
        }
    });
}

#[test]
fn an_answer_may_come_before_its_handler_returns() {
    const TIMES: usize = 600;
    let early = |context: &mut Context<'_>| {
        assert!(context.later().respond("early"));
        Response::later(PATIENCE, "late")
    };
    both(|mode| {
        let router = Router::new()
            .http("GET", "/blocking", move |_, context| early(context))
            .blocking()
            .http("GET", "/early", move |_, context| early(context));
        let rig = Rig::with_router(mode, |_| {}, router);
        for path in ["/early", "/blocking"] {
            let mut client = asked(&rig, &vec![ask("GET", path, ""); TIMES]);
            for _ in 0..TIMES {
                assert_eq!(read_answer(&mut client, false).body, b"early");
            }
        }
    });
}

#[test]
fn a_ticket_that_is_dropped_answers_500() {
    both(|mode| {
        let board = Board::default();
        let rig = rig(mode, &board);
        let mut client = asked(
            &rig,
            &[ask("GET", "/wait/a", ""), ask("GET", "/wait/b", "")],
        );
        drop(board.take("a"));
        assert_eq!(read_answer(&mut client, false).status, 500);
        let ticket = board.take("b");
        let panics = thread::spawn(move || {
            let _ticket = ticket;
            panic!("a fault of the application");
        });
        assert!(panics.join().is_err());
        assert_eq!(read_answer(&mut client, false).status, 500);
        client
            .write_all(ask("GET", "/quick", "").as_bytes())
            .expect("sent");
        assert_eq!(read_answer(&mut client, false).body, b"quick\n");
    });
}

#[test]
fn another_answer_makes_the_ticket_void() {
    both(|mode| {
        let board = Board::default();
        let (otherwise, second, package_board) = (board.clone(), board.clone(), board.clone());
        let router = Router::new()
            .http("GET", "/otherwise", move |_, context| {
                otherwise.put("otherwise", context.later());
                "at once"
            })
            .http("GET", "/second", move |_, context| {
                second.put("first", context.later());
                second.put("second", context.later());
                Response::later(PATIENCE, Status::NO_CONTENT)
            })
            .http("GET", "/none", |_, _| {
                Response::later(PATIENCE, "nobody can answer")
            })
            .message(7, move |_, context| {
                package_board.put("package", context.later());
                Ok(context.answer(7, b"at once")?)
            });
        let rig = Rig::with_router(mode, |_| {}, router);
        assert_eq!(get(rig.http, "/otherwise", "").body, b"at once");
        assert!(!board.take("otherwise").respond("void"));
        assert_eq!(get(rig.http, "/none", "").body, b"nobody can answer");

        let mut client = waits(&rig, "/second");
        let second = board.take("second");
        assert!(!board.take("first").respond("void"));
        assert!(second.respond("the second"));
        assert_eq!(read_answer(&mut client, false).body, b"the second");

        let mut client = connect(rig.frame);
        client.write_all(&package(7, b"")).expect("sent");
        assert_eq!(read_package(&mut client).1, b"at once");
        assert!(!board.take("package").respond("void"));
    });
}

#[test]
fn layers_see_that_an_answer_comes_later() {
    both(|mode| {
        let board = Board::default();
        let router = router(&board)
            .layer_http(|request, context, next| {
                let response = next.run(request, context);
                match request.head.field("refuse") {
                    Some(_) => Response::from(Status::FORBIDDEN),
                    None => response.field("Layer", "was here"),
                }
            })
            .http("GET", "/outside", |_, _| "outside\n");
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut client = asked(
            &rig,
            &[
                ask("GET", "/wait/a", "Refuse: me\r\n"),
                ask("GET", "/wait/b", ""),
            ],
        );
        let refused = read_answer(&mut client, false);
        assert_eq!((refused.status, refused.field("layer")), (403, None));
        assert!(!board.take("a").respond("void"));
        assert!(
            board
                .take("b")
                .respond(Response::text("b").field("Own", "too"))
        );
        let answer = read_answer(&mut client, false);
        assert_eq!(answer.body, b"b");
        assert_eq!(
            (answer.field("layer"), answer.field("own")),
            (Some("was here"), Some("too"))
        );
    });
}

#[test]
fn an_answer_for_a_client_that_has_gone_says_so() {
    both(|mode| {
        let board = Board::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tells = told.clone();
        let router = router(&board).closed(move |reason, context| {
            let count = context.state.take::<u8>();
            tells.lock().expect("whole").push((reason, count));
        });
        let rig = Rig::with_router(mode, |_| {}, router);
        drop(waits(&rig, "/wait/closed"));
        let closed = board.take("closed");
        rig.wait_for("it is gone", |rig| rig.live() == 0);
        assert!(!closed.is_awaited() && !closed.respond("nobody is there"));
        assert_eq!(rig.closed(CloseReason::PeerClosed), 1);

        let client = waits(&rig, "/blocking/reset");
        let ticket = board.take("reset");
        reset(client);
        rig.wait_for("it is gone", |rig| rig.live() == 0);
        // Its handler may still be on its way back from the pool.
        rig.wait_for("nobody waits", |_| !ticket.is_awaited());
        assert!(!ticket.respond("nobody is there"));
        let gone = [CloseReason::PeerClosed, CloseReason::Reset];
        let both = gone.map(|reason| (reason, Some(1)));
        rig.wait_for("both are told of", |_| {
            told.lock().expect("whole").len() == 2
        });
        assert_eq!(*told.lock().expect("whole"), both);

        // Nobody else gets what was for those.
        let mut client = waits(&rig, "/wait/mine");
        assert!(board.take("mine").respond("mine"));
        assert_eq!(read_answer(&mut client, false).body, b"mine");
    });
}

#[test]
fn when_the_time_is_up_the_other_answer_is_sent() {
    both_at_once(|mode| {
        let board = Board::default();
        let putting = board.clone();
        let router = Router::new()
            .http("GET", "/wait", move |_, context| {
                putting.put("a", context.later());
                let response = Response::later(Duration::from_millis(10), Status::NO_CONTENT);
                response.field("Asked", "for long")
            })
            .http("GET", "/quick", |_, _| "quick\n");
        let rig = Rig::with_router(mode, |_| {}, router);
        let requests = [ask("GET", "/wait", ""), ask("GET", "/quick", "")];
        let mut client = asked(&rig, &requests);
        let ticket = board.take("a");
        let answer = read_answer(&mut client, false);
        assert_eq!(
            (answer.status, answer.field("asked")),
            (204, Some("for long"))
        );
        assert!(!ticket.is_awaited() && !ticket.respond("too late"));
        assert_eq!(read_answer(&mut client, false).body, b"quick\n");
    });
}

#[test]
fn idle_times_do_not_run_while_an_answer_is_awaited() {
    both_at_once(|mode| {
        let board = Board::default();
        let adjust = |config: &mut pelton::Config| {
            let short = Some(pelton::base::tick::Millis(100));
            config.timeouts.http_idle = short;
            config.timeouts.progress = short;
        };
        let rig = Rig::with_router(mode, adjust, router(&board));
        let mut client = waits(&rig, "/wait/a");
        let ticket = board.take("a");
        thread::sleep(Duration::from_secs(3));
        assert!(ticket.respond("still there"));
        assert_eq!(read_answer(&mut client, false).body, b"still there");
    });
}

#[test]
fn heads_and_last_requests_are_answered_as_such() {
    both(|mode| {
        let board = Board::default();
        let rig = rig(mode, &board);
        let head = ask("HEAD", "/wait/head", "");
        let last = ask("GET", "/wait/last", "Connection: close\r\n");
        let mut client = asked(&rig, &[head, last, ask("GET", "/wait/never", "")]);
        assert!(board.take("head").respond("twelve bytes"));
        let answer = read_answer(&mut client, true);
        assert_eq!(answer.field("content-length"), Some("12"));
        assert!(board.take("last").respond("the last"));
        let answer = read_answer(&mut client, false);
        assert_eq!(answer.body, b"the last");
        assert_eq!(answer.field("connection"), Some("close"));
        assert_eq!(read_to_end(&mut client), b"");
        assert!(!board.has("never"));

        let mut old = connect(rig.http);
        let request = b"GET /wait/old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
        old.write_all(request).expect("sent");
        assert!(board.take("old").respond("old"));
        let answer = read_answer(&mut old, false);
        assert_eq!(answer.field("connection"), Some("keep-alive"));
    });
}

#[test]
fn a_drain_waits_for_the_answer() {
    both_at_once(|mode| {
        let board = Board::default();
        let rig = rig(mode, &board);
        let requests = [ask("GET", "/wait/a", ""), ask("GET", "/wait/b", "")];
        let mut client = asked(&rig, &requests);
        let ticket = board.take("a");
        rig.handle.drain();
        thread::sleep(Duration::from_millis(1500));
        assert!(ticket.respond("the last"));
        let answer = read_answer(&mut client, false);
        assert_eq!(answer.body, b"the last");
        assert_eq!(answer.field("connection"), Some("close"));
        assert_eq!(read_to_end(&mut client), b"");
        drop(client);
        rig.wait();
        assert!(!board.has("b"));
    });
}

#[test]
fn a_drain_waits_no_longer_than_it_may() {
    both_at_once(|mode| {
        let board = Board::default();
        let adjust = |config: &mut pelton::Config| {
            config.drain = pelton::base::tick::Millis(1000);
        };
        let rig = Rig::with_router(mode, adjust, router(&board));
        let client = waits(&rig, "/wait/a");
        let ticket = board.take("a");
        rig.handle.drain();
        let took = rig.wait();
        assert!(took >= Duration::from_millis(900), "{took:?}");
        assert!(!ticket.respond("nobody is there"));
        drop(client);
    });
}

#[test]
fn one_thread_answers_a_thousand_who_wait() {
    const CLIENTS: usize = 1000;
    both(|mode| {
        let board = Board::default();
        let adjust = |config: &mut pelton::Config| config.proactor.threads = 2;
        let rig = Rig::with_router(mode, adjust, router(&board));
        let clients: Vec<TcpStream> = (0..CLIENTS)
            .map(|number| waits(&rig, &format!("/wait/{number}")))
            .collect();
        let tickets = board.take_all(CLIENTS);
        let answers = thread::spawn(move || {
            let sent = tickets.into_iter().map(|ticket| ticket.respond("news\n"));
            sent.filter(|sent| *sent).count()
        });
        for mut client in clients {
            assert_eq!(read_answer(&mut client, false).body, b"news\n");
        }
        assert_eq!(answers.join().expect("no panic"), CLIENTS);
        assert_eq!(rig.count(Count::Requests), CLIENTS as u64);
    });
}
