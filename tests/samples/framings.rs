//! Packages in other framings than the usual one: those of the examples, too.

#[allow(dead_code, reason = "here it is no program")]
#[path = "../../examples/lengths.rs"]
mod lengths;
#[allow(dead_code, reason = "here it is no program")]
#[path = "../../examples/lines.rs"]
mod lines;

use super::recorder::{CODE_BAD, CODE_END};
use super::{Sample, Spoken};
use pelton::base::limits::PACKAGE_BYTES_DEFAULT;
use pelton::frame::{Framing, HEAD16};
use pelton::session::Protocol;

/// A stream in one framing.
fn sample(framing: &'static dyn Framing, bytes: impl Into<Vec<u8>>, sketch: &str) -> Sample {
    let protocol = Protocol::Frame;
    Sample::new(Spoken { protocol, framing }, bytes, sketch)
}

/// Packages of these codes, tags and bodies.
fn packages(framing: &dyn Framing, parts: &[(u16, u64, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, tag, body) in parts {
        let encoded = framing.encode(*code, *tag, body, &mut bytes);
        encoded.expect("short enough");
    }
    bytes
}

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = of_head16();
    samples.extend(of_lines());
    samples.extend(of_lengths());
    samples
}

fn of_head16() -> Vec<Sample> {
    let all = |parts: &[_], sketch: &str| sample(&HEAD16, packages(&HEAD16, parts), sketch);
    let of_length = |length: u32, sketch: &str| {
        let mut bytes = packages(&HEAD16, &[(1, 3, b"a")]);
        bytes.extend(length.to_be_bytes());
        bytes.resize(17 + 16, 0);
        sample(&HEAD16, bytes, sketch)
    };
    let cut = |bytes: usize, sketch: &str| {
        let two = packages(&HEAD16, &[(1, 1, b"a"), (2, 2, b"bc")]);
        sample(&HEAD16, &two[..bytes], sketch)
    };
    let default = vec![9; PACKAGE_BYTES_DEFAULT - 16];
    let too_large = vec![9; PACKAGE_BYTES_DEFAULT - 15];
    vec![
        all(
            &[(1, 1, b"hello"), (0, 2, b""), (0xffff, u64::MAX, b"")],
            "#1@1+5; beat@2; #ffff@ffffffffffffffff; PeerClosed",
        ),
        all(
            &[
                (CODE_BAD, 1, b"a"),
                (0, 2, b"x"),
                (1, 3, b""),
                (CODE_BAD, 4, b""),
            ],
            "#bad@1+1; bad; #1@3!!; #bad@4!!; BadPackages",
        ),
        all(&[(CODE_END, 0, b"bye"), (1, 0, b"a")], "#e4d+3; Done"),
        cut(17, "#1@1+1; PeerClosed"),
        cut(32, "#1@1+1; Truncated"),
        cut(34, "#1@1+1; Truncated"),
        of_length(15, "#1@3+1; BadLength"),
        of_length(16, "#1@3+1; beat; PeerClosed"),
        of_length(u32::MAX, "#1@3+1; BadLength"),
        all(&[(1, 0, &[7; 84]), (1, 0, b"a")], "#1+84; #1+1; PeerClosed").small(),
        all(&[(1, 0, b"a"), (1, 0, &[7; 85])], "#1+1; BadLength").small(),
        all(
            &[(1, 9, &default), (1, 8, b"")],
            "#1@9+29984; #1@8; PeerClosed",
        ),
        all(&[(1, 9, &too_large)], "BadLength"),
    ]
}

fn of_lines() -> Vec<Sample> {
    let text = |text: &str, sketch: &str| sample(&lines::LINES, text, sketch);
    let of_bytes = |bytes: usize| format!("a\n{}\n", "x".repeat(bytes - 1));
    vec![
        text("", "PeerClosed"),
        text("hello\n", "#7+5; PeerClosed"),
        text(
            "hello\r\n!all\n\n\r\n!\n \n",
            "#7+5; #8+3; beat; beat; #8; #7+1; PeerClosed",
        ),
        text("one\ntwo", "#7+3; Truncated"),
        text("\r", "Truncated"),
        text(&of_bytes(100), "#7+1; #7+99; PeerClosed").small(),
        text(&of_bytes(101), "#7+1; BadLength").small(),
        // Without an end it is over where the limit is.
        text(&"x".repeat(99), "Truncated").small(),
        text(&"x".repeat(100), "BadLength").small(),
        text(
            &of_bytes(PACKAGE_BYTES_DEFAULT),
            "#7+1; #7+29999; PeerClosed",
        ),
    ]
}

fn of_lengths() -> Vec<Sample> {
    let framing = &lengths::LENGTHS;
    let both = packages(framing, &[(7, 0, b"12345678"), (1, 0, b"")]);
    vec![
        sample(framing, both, "#7+8; #1; PeerClosed"),
        sample(framing, [0, 0, 0, 2, 0, 0], "beat; PeerClosed"),
        sample(framing, [0, 0, 0, 1, 0, 7, 0], "BadLength"),
    ]
}
