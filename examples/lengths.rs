//! A length, a code and a body: a framing of one's own, for server and client.
//!
//! ```text
//! cargo run --example lengths [ADDR]              serves, 127.0.0.1:9000 unless named
//! cargo run --example lengths ADDR 6 7            asks it what 6 times 7 is
//!
//!  0            4       6
//!  +------------+-------+------+
//!  | length     | code  | body |                  length: of what follows it
//!  +------------+-------+------+
//! ```

use pelton::client::{Client, Settings};
use pelton::config::{Listen, Protocol};
use pelton::frame::codec::TooLong;
use pelton::frame::{Framing, Outline, Read};
use pelton::{Config, Encode, Router, Server};
use std::error::Error;

/// The code of a multiplication: two `u32`, answered by a `u64`.
const TIMES: u16 = 7;
/// What length and code take.
const HEAD_BYTES: usize = 6;
/// What the code takes.
const CODE_BYTES: usize = 2;

#[derive(Debug)]
pub(crate) struct Lengths;

pub(crate) static LENGTHS: Lengths = Lengths;

impl Framing for Lengths {
    fn name(&self) -> &'static str {
        "lengths"
    }

    fn head(&self, input: &[u8], _seen: usize) -> Read {
        let Some(&[l0, l1, l2, l3, c0, c1]) = input.first_chunk::<HEAD_BYTES>() else {
            return Read::More;
        };
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let code = u16::from_be_bytes([c0, c1]);
        match length.checked_sub(CODE_BYTES) {
            Some(body_bytes) => Read::Whole(Outline::new(HEAD_BYTES, body_bytes, code)),
            None => Read::Broken,
        }
    }

    fn encode(&self, code: u16, _tag: u64, body: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        let most = u32::MAX as usize - CODE_BYTES;
        if body.len() > most {
            return Err(TooLong::over(most, body));
        }
        let length = (CODE_BYTES + body.len()) as u32;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(body);
        Ok(())
    }
}

fn serve(addr: &str) -> Result<(), Box<dyn Error>> {
    let router = Router::new().message_typed(TIMES, |(one, other): (u32, u32), _| {
        Ok(u64::from(one) * u64::from(other))
    });
    let listen = Listen {
        framing: LENGTHS.name(),
        ..Listen::new(addr.parse()?, Protocol::Frame)
    };
    let config = Config {
        listen: vec![listen],
        sites: Vec::new(),
        ..Config::default()
    };
    let server = Server::new(config).framing(&LENGTHS).service(router);
    let running = server.start()?;
    println!("lengths at {}", running.listeners()[0].0);
    running.wait()?;
    Ok(())
}

fn ask(addr: &str, one: &str, other: &str) -> Result<(), Box<dyn Error>> {
    let settings = Settings {
        framing: &LENGTHS,
        ..Settings::default()
    };
    let mut client = Client::with(addr.parse()?, settings)?;
    let mut body = Vec::new();
    (one.parse::<u32>()?, other.parse::<u32>()?).encode(&mut body);
    let answer = client.call(TIMES, &body)?;
    let product = answer.try_into().map_err(|_| "no number came back")?;
    println!("{}", u64::from_be_bytes(product));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => serve("127.0.0.1:9000"),
        [addr] => serve(addr),
        [addr, one, other] => ask(addr, one, other),
        _ => Err("lengths [ADDR], or lengths ADDR ONE OTHER".into()),
    }
}
