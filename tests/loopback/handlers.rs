//! What handlers are spared: taking paths and bodies apart, and what is the
//! same for many of them. Each case in both modes.

use crate::support::{
    Answer, Rig, both, connect, get, package, read_answer, read_package, read_until_cut, request,
};
use pelton::engine::Count;
use pelton::http::Status;
use pelton::service::{Bad, Context, Decode, NextHttp, Response, Router, StaticSite};
use pelton::session::{CloseReason, HttpRequest};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::SocketAddr;

fn text(answer: Answer) -> (u16, String) {
    let body = String::from_utf8(answer.body).expect("UTF-8");
    (answer.status, body)
}

fn cup(_: &HttpRequest<'_>, context: &mut Context<'_>) -> Result<String, Status> {
    let id: u32 = context.path_as("id")?;
    Ok(format!("cup {id}"))
}

fn cups() -> Router {
    Router::new()
        .http("GET", "/cups/{id}", cup)
        .http("DELETE", "/cups/{id}", |_, context| {
            let gone = context.path("id") == "7";
            if gone {
                Ok(Status::NO_CONTENT)
            } else {
                Err(Status::NOT_FOUND)
            }
        })
        .http("POST", "/cups/{id}/label", |request, context| {
            let body = String::from_utf8_lossy(request.body);
            format!("{}: {body}", context.path("id"))
        })
        .http("GET", "/cups/new", |_, context| {
            format!("a new cup, not {:?}", context.path("id"))
        })
        .http("GET", "/shelves/{path..}", |_, context| {
            context.path("path").to_owned()
        })
        .site(StaticSite::new(0))
}

/// More than may wait for a client that does not read: this one has had no time.
#[test]
fn a_large_answer_arrives_whole() {
    const BYTES: usize = 20 << 20;
    both(|mode| {
        let router = Router::new().http("GET", "/much", |_, _| "a".repeat(BYTES));
        let rig = Rig::with_router(mode, |_| {}, router);
        for _ in 0..2 {
            let answer = get(rig.http, "/much", "");
            assert!(answer.body.len() == BYTES && answer.body.iter().all(|&byte| byte == b'a'));
        }
    });
}

#[test]
fn names_in_paths_stand_for_segments() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, cups());
        for (target, expected) in [
            ("/cups/7", (200, "cup 7")),
            ("/cups/%37?full", (200, "cup 7")),
            ("/cups/new", (200, "a new cup, not \"\"")),
            ("/shelves/a/b%20c/", (200, "a/b c/")),
            ("/folder/", (200, "<h1>folder</h1>\n")),
        ] {
            let answer = text(get(rig.http, target, ""));
            assert_eq!((answer.0, answer.1.as_str()), expected, "{target}");
        }
        for nowhere in [
            "/cups/seven",
            "/cups/",
            "/cups/7/",
            "/cups/%ff",
            "/shelves/",
        ] {
            assert_eq!(get(rig.http, nowhere, "").status, 404, "{nowhere}");
        }
        let slash = get(rig.http, "/cups/7%2f8", "");
        assert_eq!(slash.status, 400, "an encoded slash is refused as ever");
    });
}

#[test]
fn methods_are_told_for_patterns_as_for_paths() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, cups());
        assert_eq!(request(rig.http, "DELETE", "/cups/7", "").status, 204);
        assert_eq!(request(rig.http, "DELETE", "/cups/8", "").status, 404);
        let head = request(rig.http, "HEAD", "/cups/7", "");
        assert_eq!(
            (head.status, head.field("content-length")),
            (200, Some("5"))
        );
        for (method, status) in [("PUT", 405), ("OPTIONS", 204), ("BREW", 501)] {
            let answer = request(rig.http, method, "/cups/7", "");
            let allow = Some("GET, DELETE, HEAD, OPTIONS");
            assert_eq!((answer.status, answer.field("allow")), (status, allow));
        }
        let exact = request(rig.http, "DELETE", "/cups/new", "");
        assert_eq!(
            (exact.status, exact.field("allow")),
            (405, Some("GET, HEAD, OPTIONS"))
        );
    });
}

/// Pipelined requests share a job and its context: none sees another's values.
#[test]
fn each_request_has_its_own_values() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, cups());
        let mut stream = connect(rig.http);
        let mut all = String::new();
        for target in ["/cups/1", "/cups/new", "/cups/2"] {
            all += &format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        all += "POST /cups/3/label HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nred";
        stream.write_all(all.as_bytes()).expect("sent");
        for expected in ["cup 1", "a new cup, not \"\"", "cup 2", "3: red"] {
            assert_eq!(text(read_answer(&mut stream, false)).1, expected);
        }
    });
}

/// A label with the size of what it is on: a value made of others.
struct Label {
    size: u16,
    text: String,
}

impl Decode for Label {
    fn decode(body: &mut &[u8]) -> Result<Label, Bad> {
        let (size, text) = Decode::decode(body)?;
        Ok(Label { size, text })
    }
}

fn half(number: u32, _: &mut Context<'_>) -> Result<u32, Bad> {
    if number.is_multiple_of(2) {
        Ok(number / 2)
    } else {
        Err(Bad)
    }
}

fn speaking() -> Router {
    let suffix = " ml".to_owned();
    Router::new()
        .message_typed(7, half)
        .message_typed(8, move |label: Label, _| {
            Ok((label.size, format!("{}{suffix}", label.text)))
        })
        .message_typed(9, |(): (), _| Ok("nothing"))
        .message_typed(10, |times: u16, _| Ok(vec![b'x'; times.into()]))
}

#[test]
fn packages_are_values() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, speaking());
        let mut stream = connect(rig.frame);
        let cases: [(u16, &[u8], &[u8]); 4] = [
            (7, &[0, 0, 1, 0], &[0, 0, 0, 128]),
            (
                8,
                "\u{1}\u{2}große".as_bytes(),
                "\u{1}\u{2}große ml".as_bytes(),
            ),
            (9, b"", b"nothing"),
            (10, &[0, 3], b"xxx"),
        ];
        for (code, body, expected) in cases {
            stream.write_all(&package(code, body)).expect("sent");
            assert_eq!(read_package(&mut stream), (code, expected.to_vec()));
        }
    });
}

#[test]
fn bodies_that_are_no_such_value_are_bad_packages() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, speaking());
        let bad: [(u16, &[u8]); 6] = [
            (7, &[0, 0, 2]),
            (7, &[0, 0, 0, 0, 2]),
            (7, &[0, 0, 0, 1]),
            (8, &[0, 1, 0xff]),
            (9, b"something"),
            (10, &[0xff, 0xff]), // the answer would not fit
        ];
        for (number, three) in bad.chunks(3).enumerate() {
            let mut stream = connect(rig.frame);
            for (code, body) in &three[..2] {
                stream.write_all(&package(*code, body)).expect("sent");
            }
            stream.write_all(&package(9, b"")).expect("sent");
            assert_eq!(read_package(&mut stream).1, b"nothing", "two are forgiven");
            let (code, body) = three[2];
            stream.write_all(&package(code, body)).expect("sent");
            assert_eq!(read_until_cut(&mut stream), b"");
            drop(stream);
            let closed = number as u64 + 1;
            rig.wait_for("it is told", |rig| {
                rig.closed(CloseReason::BadPackages) == closed
            });
        }
        assert_eq!(rig.count(Count::BadPackages), 6);
    });
}

#[derive(Deserialize, Serialize)]
struct Cup {
    name: String,
    size_ml: u16,
}

fn make(cup: Cup, context: &mut Context<'_>) -> Result<Response, Status> {
    let id: u64 = context.path_as("id")?;
    if cup.size_ml == 0 {
        return Err(Status::UNPROCESSABLE_CONTENT);
    }
    let made = Response::json(&cup).status(Status::CREATED);
    Ok(made.field("Location", format!("/cups/{id}")))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    name: String,
    most: u8,
}

fn typed() -> Router {
    Router::new()
        .http_typed("PUT", "/cups/{id}", make)
        .http_typed("GET", "/cups", |search: Search, _| {
            format!("{} of {:?}", search.most, search.name)
        })
        .http_typed("POST", "/sum", |numbers: Vec<u32>, _| {
            Response::json(&numbers.iter().sum::<u32>())
        })
}

fn send(addr: SocketAddr, line: &str, media_type: &str, body: &str) -> Answer {
    let fields = format!(
        "Content-Type: {media_type}\r\nContent-Length: {}",
        body.len()
    );
    let text = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
    let mut stream = connect(addr);
    stream.write_all(text.as_bytes()).expect("sent");
    read_answer(&mut stream, false)
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn bodies_and_queries_are_values() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, typed());
        let cup = r#"{"name":"große Tasse","size_ml":300}"#;
        for (media_type, body) in [
            (JSON, cup),
            ("Application/JSON ; charset=utf-8", cup),
            (FORM, "size_ml=300&name=gro%C3%9Fe+Tasse"),
        ] {
            let made = send(rig.http, "PUT /cups/7", media_type, body);
            assert_eq!(made.field("location"), Some("/cups/7"));
            assert_eq!(made.field("content-type"), Some(JSON));
            assert_eq!(text(made), (201, format!("{cup}\n")));
        }
        let sum = send(rig.http, "POST /sum", JSON, "[1, 2, 3]");
        assert_eq!(text(sum), (200, "6\n".to_owned()));
        let found = get(rig.http, "/cups?most=5&name=a%26b", "");
        assert_eq!(text(found), (200, "5 of \"a&b\"".to_owned()));
        assert_eq!(request(rig.http, "HEAD", "/cups?most=5", "").status, 200);
    });
}

#[test]
fn bodies_that_are_no_such_value_are_answered_in_one_line() {
    both(|mode| {
        let rig = Rig::with_router(mode, |config| config.limits.body_bytes = 1000, typed());
        let put = |media_type, body| text(send(rig.http, "PUT /cups/7", media_type, body));
        let told = |(status, line): (u16, String), expected: &str| {
            assert_eq!((status, line.as_str()), (400, expected));
        };
        told(
            put(JSON, r#"{"name":"a"}"#),
            "the JSON cannot be used: missing field `size_ml` at line 1 column 12\n",
        );
        told(
            put(JSON, ""),
            "the JSON cannot be used: EOF while parsing a value at line 1 column 0\n",
        );
        told(
            put(FORM, "name=a&size_ml=big"),
            "the form cannot be used: `size_ml` must be a whole number from 0 to 65535, not \"big\"\n",
        );
        told(
            text(get(rig.http, "/cups?name=a", "")),
            "the query cannot be used: missing field `most`\n",
        );
        let line = "this takes application/json and application/x-www-form-urlencoded\n";
        assert_eq!(put("text/plain", "a cup"), (415, line.to_owned()));
        assert_eq!(put("", "a cup"), (415, line.to_owned()));
        let empty = r#"{"name":"a","size_ml":0}"#;
        assert_eq!(put(JSON, empty).0, 422);
        assert_eq!(send(rig.http, "PUT /cups/seven", JSON, empty).status, 404);
        assert_eq!(put(JSON, &" ".repeat(1001)).0, 413);
    });
}

/// Adds what it is called to what is answered, and says when it is reached.
fn named(
    name: &'static str,
) -> impl Fn(&HttpRequest<'_>, &mut Context<'_>, NextHttp<'_>) -> Response + Send + Sync + 'static {
    move |request, context, next| {
        if request.head.field("stop-at") == Some(name.as_bytes()) {
            return Response::from(Status::FORBIDDEN).field("Layer", name);
        }
        let response = next.run(request, context);
        let seen = format!("{name} saw {}", response.code());
        response.field("Layer", seen)
    }
}

fn layered() -> Router {
    let inner = Router::new()
        .http("GET", "/cups/{id}", cup)
        .http("GET", "/plain", |_, _| "plain")
        .layer_http(named("inner"))
        .http("GET", "/later", |_, _| "later")
        .layer_http(named("outer"));
    let other = Router::new().http("GET", "/other", |_, _| "other");
    inner.merge(other).site(StaticSite::new(0))
}

#[test]
fn layers_surround_what_is_set_before_them() {
    both(|mode| {
        let rig = Rig::with_router(mode, |_| {}, layered());
        let layers = |target: &str, fields: &str| {
            let answer = get(rig.http, target, fields);
            let lines = answer.head.lines();
            let layers = lines.filter_map(|line| line.strip_prefix("Layer: "));
            (answer.status, layers.collect::<Vec<_>>().join(", "))
        };
        for (target, fields, status, expected) in [
            ("/cups/7", "", 200, "inner saw 200, outer saw 200"),
            ("/cups/seven", "", 404, "inner saw 404, outer saw 404"),
            ("/plain", "Stop-At: inner\r\n", 403, "inner, outer saw 403"),
            ("/plain", "Stop-At: outer\r\n", 403, "outer"),
            ("/later", "Stop-At: inner\r\n", 200, "outer saw 200"),
            ("/other", "Stop-At: outer\r\n", 200, ""),
            ("/small.txt", "Stop-At: outer\r\n", 200, ""),
        ] {
            let found = layers(target, fields);
            assert_eq!((found.0, found.1.as_str()), (status, expected), "{target}");
        }
        let refused = request(rig.http, "PUT", "/plain", "");
        assert_eq!((refused.status, refused.field("layer")), (405, None));
    });
}

#[test]
fn layers_around_packages_may_answer_refuse_and_take_back() {
    both(|mode| {
        let router = Router::new()
            .message_typed(7, half)
            .layer_messages(|package, context, next| {
                context.answer(20, b"inner")?;
                next.run(package, context)
            })
            .layer_messages(|package, context, next| {
                let mark = context.replies.mark();
                let Err(Bad) = next.run(package, context) else {
                    return Ok(());
                };
                context.replies.truncate(mark);
                Ok(context.answer(21, b"outer")?)
            })
            .message_typed(8, |(): (), _| Ok("bare"));
        let rig = Rig::with_router(mode, |_| {}, router);
        let mut stream = connect(rig.frame);
        let mut ask = |code, body: &[u8]| stream.write_all(&package(code, body)).expect("sent");
        ask(7, &[0, 0, 0, 8]);
        ask(7, &[0, 0, 0, 1]);
        ask(8, b"");
        ask(1, b"echo");
        let expected: [(u16, &[u8]); 6] = [
            (20, b"inner"),
            (7, &[0, 0, 0, 4]),
            (21, b"outer"),
            (8, b"bare"),
            (20, b"inner"),
            (1, b"echo"),
        ];
        for (code, body) in expected {
            assert_eq!(read_package(&mut stream), (code, body.to_vec()));
        }
        assert_eq!(rig.count(Count::BadPackages), 0);
    });
}

/// A layer runs where its handler does, so one that blocks takes it along.
#[test]
fn layers_and_values_go_with_handlers_that_block() {
    both(|mode| {
        let thread = || std::thread::current().name().map(str::to_owned);
        let router = Router::new()
            .http("GET", "/cups/{id}", cup)
            .layer_http(move |request, context, next| {
                let response = next.run(request, context);
                response.field("Thread", thread().unwrap_or_default())
            })
            .blocking();
        let rig = Rig::with_router(mode, |_| {}, router);
        let answer = get(rig.http, "/cups/7", "");
        let name = answer.field("thread").expect("a name").to_owned();
        assert!(name.starts_with("pelton-slow-"), "{name}");
        assert_eq!(text(answer).1, "cup 7");
    });
}
