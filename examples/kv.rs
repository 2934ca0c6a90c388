//! A key-value store over both protocols; who writes needs its token.
//!
//! ```text
//! cargo run --example kv [HTTP_ADDR] [FRAME_ADDR] [TOKEN]     the token is `sesame` unless named
//! curl http://127.0.0.1:8080/keys/cup                         what is kept under `cup`
//! curl -X PUT -H 'Authorization: Bearer sesame' -d blue http://127.0.0.1:8080/keys/cup
//! curl 'http://127.0.0.1:8080/keys?prefix=c'                  the keys that begin with it, as JSON
//! pelton call 127.0.0.1:9000 --code 20 --text cup             1 and the value, or 0
//! ```
//!
//! | code | body | answer |
//! |---|---|---|
//! | 20 get | the key | 1 and the value, or 0 |
//! | 21 put | the key's length in a byte, the key, the value | 1 if the key is new, else 0 |
//! | 22 remove | the key | 1 if it was there, else 0 |
//! | 23 trust | the token; puts and removes of others are bad | nothing |

use pelton::config::{Listen, Protocol};
use pelton::http::Status;
use pelton::{Bad, Config, Context, Decode, Response, Router, Server};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

static KEYS: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());

/// A map is whole after any panic, so poison is no matter.
fn keys() -> MutexGuard<'static, BTreeMap<String, Vec<u8>>> {
    KEYS.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Entry(String, Vec<u8>);

impl Decode for Entry {
    fn decode(body: &mut &[u8]) -> Result<Entry, Bad> {
        let (len, rest): (u8, Vec<u8>) = Decode::decode(body)?;
        let (key, value) = rest.split_at_checked(len.into()).ok_or(Bad)?;
        let key = String::from_utf8(key.to_vec()).map_err(|_| Bad)?;
        Ok(Entry(key, value.to_vec()))
    }
}

/// What a search asks for: all keys, unless it says more.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    prefix: String,
}

fn search(search: Search, _: &mut Context<'_>) -> Response {
    let keys = keys();
    let found = keys.keys().filter(|key| key.starts_with(&search.prefix));
    Response::json(&found.collect::<Vec<_>>())
}

/// What a connection keeps that has said the token.
struct Trusted;

fn over_http(token: &str) -> Router {
    let wanted = format!("Bearer {token}");
    Router::new()
        .http("PUT", "/keys/{key}", |request, context| {
            let old = keys().insert(context.path("key").to_owned(), request.body.to_vec());
            old.map_or(Status::CREATED, |_| Status::NO_CONTENT)
        })
        .http("DELETE", "/keys/{key}", |_, context| {
            let old = keys().remove(context.path("key"));
            old.map(|_| Status::NO_CONTENT)
        })
        .layer_http(move |request, context, next| {
            if request.head.field("authorization") == Some(wanted.as_bytes()) {
                return next.run(request, context);
            }
            Response::from(Status::UNAUTHORIZED).field("WWW-Authenticate", "Bearer")
        })
        .http("GET", "/keys/{key}", |_, context| {
            keys().get(context.path("key")).cloned()
        })
        .http_typed("GET", "/keys", search)
}

fn over_packages(token: String) -> Router {
    Router::default()
        .message_typed(21, |Entry(key, value), _| {
            Ok(keys().insert(key, value).is_none())
        })
        .message_typed(22, |key: String, _| Ok(keys().remove(&key).is_some()))
        .layer_messages(|package, context, next| {
            context.state.get::<Trusted>().ok_or(Bad)?;
            next.run(package, context)
        })
        .message_typed(20, |key: String, _| Ok(keys().get(&key).cloned()))
        .message_typed(23, move |said: String, context| {
            (said == token)
                .then(|| context.state.set(Trusted))
                .ok_or(Bad)
        })
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at, usual| arguments.get(at).map_or(usual, String::as_str);
    let http = Listen::new(argument(0, "127.0.0.1:8080").parse()?, Protocol::Http);
    let frame = Listen::new(argument(1, "127.0.0.1:9000").parse()?, Protocol::Frame);
    let config = Config {
        listen: vec![http, frame],
        sites: Vec::new(),
        ..Config::default()
    };
    let token = argument(2, "sesame").to_owned();
    let router = over_http(&token).merge(over_packages(token));
    let running = Server::new(config).service(router).start()?;
    for (addr, protocol) in running.listeners() {
        println!("{protocol} at {addr}");
    }
    running.wait()?;
    Ok(())
}
