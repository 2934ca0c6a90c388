//! A message board that clients poll for long: who asks for news waits until
//! there are some.
//!
//! ```text
//! cargo run --example poll [HTTP_ADDR]
//! curl 'http://127.0.0.1:8080/news?after=0'                   waits for the first message
//! curl -d 'the kettle is on' http://127.0.0.1:8080/news       everybody who waits has it
//! ```
//!
//! News are answered as JSON, the count of all messages and those after the
//! one asked for; where none came for half a minute, with 204.

use pelton::config::{Listen, Protocol};
use pelton::http::Status;
use pelton::service::Later;
use pelton::{Config, Context, Response, Router, Server};
use serde::Deserialize;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// Messages that are kept.
const MESSAGES_MAX: usize = 100;

#[derive(Default)]
struct Board {
    count: usize,
    messages: Vec<String>,
    waiting: Vec<Later>,
}

impl Board {
    /// The messages after number `after`, or `None` where there is none yet.
    fn news(&self, after: usize) -> Option<Response> {
        let new = self.count.checked_sub(after).filter(|&new| new > 0)?;
        let kept = &self.messages[self.messages.len().saturating_sub(new)..];
        Some(Response::json(&(self.count, kept)))
    }

    /// Whoever waits has asked for what comes after the last message.
    fn post(&mut self, message: String) {
        self.count += 1;
        self.messages.push(message);
        if self.messages.len() > MESSAGES_MAX {
            self.messages.remove(0);
        }
        if let Some(news) = self.news(self.count - 1) {
            for ticket in self.waiting.drain(..) {
                ticket.respond(news.clone());
            }
        }
    }

    fn wait(&mut self, ticket: Later) {
        self.waiting.retain(Later::is_awaited); // others have gone meanwhile
        self.waiting.push(ticket);
    }
}

/// What a client has seen already: nothing, unless it says more.
#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    after: usize,
}

/// A board is whole after any panic, so poison is no matter.
fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router() -> Router {
    let board = Arc::new(Mutex::new(Board::default()));
    let posts = board.clone();
    Router::new()
        .http_typed(
            "GET",
            "/news",
            move |seen: Seen, context: &mut Context<'_>| {
                let mut board = lock(&board);
                board.news(seen.after).unwrap_or_else(|| {
                    board.wait(context.later());
                    Response::later(PATIENCE, Status::NO_CONTENT)
                })
            },
        )
        .http("POST", "/news", move |request, _| {
            lock(&posts).post(String::from_utf8_lossy(request.body).into_owned());
            Status::NO_CONTENT
        })
        .layer_http(|request, context, next| {
            next.run(request, context)
                .field("Cache-Control", "no-store")
        })
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");
    let config = Config {
        listen: vec![Listen::new(address.parse()?, Protocol::Http)],
        sites: Vec::new(),
        ..Config::default()
    };
    let running = Server::new(config).service(router()).start()?;
    println!("news at http://{}/", running.listeners()[0].0);
    running.wait()?;
    Ok(())
}
