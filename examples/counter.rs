//! A counter that speaks two protocols: the smallest server of your own.
//!
//! ```text
//! cargo run --example counter [HTTP_ADDR] [FRAME_ADDR]
//! curl http://127.0.0.1:8080/count              what the counter says
//! curl -X POST http://127.0.0.1:8080/count      one more
//! pelton call 127.0.0.1:9000 --code 7           one more, as eight bytes
//! ```

use pelton::config::{Listen, Protocol};
use pelton::{Config, Router, Server};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

const INCREMENT: u16 = 7;

static COUNT: AtomicU64 = AtomicU64::new(0);

fn increment() -> u64 {
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

fn page(count: u64) -> String {
    format!("{count}\n")
}

fn router() -> Router {
    Router::new()
        .http("GET", "/count", |_, _| page(COUNT.load(Ordering::Relaxed)))
        .http("POST", "/count", |_, _| page(increment()))
        .message_typed(INCREMENT, |(): (), _| Ok(increment()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = |at, usual| arguments.get(at).map_or(usual, String::as_str).parse();
    let config = Config {
        listen: vec![
            Listen::new(addr(0, "127.0.0.1:8080")?, Protocol::Http),
            Listen::new(addr(1, "127.0.0.1:9000")?, Protocol::Frame),
        ],
        sites: Vec::new(), // no files, only handlers
        ..Config::default()
    };
    let running = Server::new(config).service(router()).start()?;
    for (addr, protocol) in running.listeners() {
        println!("{protocol} at {addr}");
    }
    running.wait()?;
    Ok(())
}
