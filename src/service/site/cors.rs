//! What pages of other origins may do: the CORS protocol of the Fetch standard.
//!
//! Whoever may is known at the start, so every line that is ever answered is
//! made then.

use crate::config;
use crate::http::{Head, Method};

/// The field lines of a site for other origins.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    /// For every answer, whoever asks.
    always: Vec<u8>,
    /// For the answers to a preflight, on top of the others.
    preflight: Vec<u8>,
    /// For the answers to these origins alone.
    origins: Vec<(String, Vec<u8>)>,
}

impl Cors {
    pub(super) fn new(cors: &config::Cors) -> Cors {
        let mut preflight = line("Access-Control-Allow-Methods", &cors.methods);
        preflight += &line("Access-Control-Allow-Headers", &cors.headers);
        preflight += &format!("Access-Control-Max-Age: {}\r\n", cors.max_age_s);
        let expose = line("Access-Control-Expose-Headers", &cors.expose);
        let allow = |origin: &str| format!("Access-Control-Allow-Origin: {origin}\r\n");
        if cors.origins.iter().any(|origin| origin == "*") {
            return Cors {
                always: (allow("*") + &expose).into_bytes(),
                preflight: preflight.into_bytes(),
                origins: Vec::new(),
            };
        }
        let credentials = if cors.credentials {
            "Access-Control-Allow-Credentials: true\r\n"
        } else {
            ""
        };
        let origin = |origin: &String| {
            let lines = allow(origin) + credentials + &expose;
            (origin.clone(), lines.into_bytes())
        };
        Cors {
            // A cache must not give one origin's answer to another (Fetch, "CORS
            // protocol and HTTP caches").
            always: b"Vary: Origin\r\n".to_vec(),
            preflight: preflight.into_bytes(),
            origins: cors.origins.iter().map(origin).collect(),
        }
    }

    /// The lines that go with every answer.
    pub(super) fn always(&self) -> &[u8] {
        &self.always
    }

    /// The lines that go with an answer to this request besides; none if its
    /// origin may not read it (Fetch 3.2.3). Nothing is looked at where all may.
    pub(super) fn lines(&self, head: &Head<'_>) -> &[u8] {
        if self.origins.is_empty() {
            return &[];
        }
        let Some(asking) = head.field("origin") else {
            return &[];
        };
        let known = self.origins.iter();
        let mut allowed = known.filter(|(origin, _)| origin.as_bytes() == asking);
        allowed.next().map_or(&[], |(_, lines)| lines)
    }

    /// The lines for a preflight besides those (Fetch 3.2.3); none for an origin
    /// that may not ask.
    pub(super) fn preflight(&self, head: &Head<'_>) -> &[u8] {
        if self.origins.is_empty() || !self.lines(head).is_empty() {
            &self.preflight
        } else {
            &[]
        }
    }
}

/// Whether a browser asks ahead of a request (Fetch 3.2.2).
pub(super) fn is_preflight(head: &Head<'_>) -> bool {
    let has = |name| head.field(name).is_some();
    head.method() == Method::Options && has("origin") && has("access-control-request-method")
}

/// A field line with a list; nothing without one.
fn line(name: &str, values: &[String]) -> String {
    if values.is_empty() {
        return String::new();
    }
    format!("{name}: {}\r\n", values.join(", "))
}
