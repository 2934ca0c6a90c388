//! Sample streams of both protocols, each with what is to become of it.
//!
//! A sketch lists what the sink is told, then how the connection closes when
//! the client does: `plan /a` the body of `/a` is asked about, `GET /a` a
//! request, `+5` its body, `last` the last one; `#1+5!` a package of code 1
//! behind one bad one, `bad` another bad one; `beat`, `100`, `400`: answers of
//! the protocol's own; `@7` behind a package or a beat is its tag.
//! `Truncated 408`: a client that falls silent is told.

pub(crate) mod escaped;
mod frame;
mod framings;
mod http;
pub(crate) mod random;
pub(crate) mod recorder;
pub(crate) mod rig;

use pelton::frame::{Framing, HEAD8};
use pelton::session::{Protocol, Rules};

/// What is spoken in a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spoken {
    pub(crate) protocol: Protocol,
    pub(crate) framing: &'static dyn Framing,
}

impl From<Protocol> for Spoken {
    fn from(protocol: Protocol) -> Spoken {
        let framing = &HEAD8;
        Spoken { protocol, framing }
    }
}

/// A stream, what holds for it, and its sketch.
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    pub(crate) spoken: Spoken,
    pub(crate) rules: Rules,
    pub(crate) sketch: String,
}

impl Sample {
    fn new(spoken: impl Into<Spoken>, bytes: impl Into<Vec<u8>>, sketch: &str) -> Sample {
        Sample {
            bytes: bytes.into(),
            spoken: spoken.into(),
            rules: Rules::default(),
            sketch: sketch.to_owned(),
        }
    }

    /// The same with small limits.
    fn small(mut self) -> Sample {
        self.rules = small();
        self
    }
}

/// Limits that a few lines reach.
pub(crate) fn small() -> Rules {
    Rules {
        head_bytes: 256,
        body_bytes: 64,
        package_bytes: 100,
        ..Rules::default()
    }
}

/// Every sample.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = http::samples();
    samples.extend(frame::samples());
    samples.extend(framings::samples());
    samples
}
