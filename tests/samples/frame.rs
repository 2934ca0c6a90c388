//! Packages, and ports that tell the protocols apart.

use super::Sample;
use super::recorder::{CODE_BAD, CODE_END};
use pelton::base::limits::PACKAGE_BYTES_DEFAULT;
use pelton::frame::codec;
use pelton::session::Protocol;

const BEAT: &str = "00 08 00 00 00 00 00 00";
const HELLO: &str = "00 0d 00 01 36 10 a6 86 68 65 6c 6c 6f";
const SIXTEEN: &str = "00 18 00 01 ce ce e2 88 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f";
const WORLD: &str = "00 16 00 01 29 3a 8d 9a 68 c3 a9 6c 6c 6f 2c 20 e4 b8 96 e7 95 8c";
/// `hello` under a CRC that is not its own.
const WRONG: &str = "00 0d 00 01 36 10 a6 87 68 65 6c 6c 6f";
const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

/// Bytes written in hex, as PROTOCOL.md has them.
fn hex(parts: &[&str]) -> Vec<u8> {
    let byte = |text| u8::from_str_radix(text, 16).expect("hex");
    parts
        .iter()
        .flat_map(|part| part.split(' '))
        .map(byte)
        .collect()
}

/// Packages of these codes and bodies.
fn packages(parts: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, body) in parts {
        codec::encode(*code, body, &mut bytes).expect("short enough");
    }
    bytes
}

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = examples();
    samples.extend(bad_ones());
    samples.extend(bounds());
    samples.extend(undecided());
    samples
}

fn frame(bytes: Vec<u8>, sketch: &str) -> Sample {
    Sample::new(Protocol::Frame, bytes, sketch)
}

fn examples() -> Vec<Sample> {
    vec![
        frame(Vec::new(), "PeerClosed"),
        frame(hex(&[BEAT]), "beat; PeerClosed"),
        frame(hex(&[HELLO]), "#1+5; PeerClosed"),
        frame(hex(&[SIXTEEN]), "#1+16; PeerClosed"),
        frame(hex(&[WORLD]), "#1+14; PeerClosed"),
        frame(
            hex(&[BEAT, HELLO, BEAT, SIXTEEN, WORLD]),
            "beat; #1+5; beat; #1+16; #1+14; PeerClosed",
        ),
        frame(
            packages(&[(1, b""), (2, b"ab"), (0x2000, b"c"), (0xffff, b"")]),
            "#1; #2+2; #2000+1; #ffff; PeerClosed",
        ),
        frame(
            packages(&[(1, b"a"), (CODE_END, b"bye"), (1, b"b")]),
            "#1+1; #e4d+3; Done",
        ),
        frame(hex(&[HELLO, "00 0d 00 01"]), "#1+5; Truncated"),
        frame(hex(&[BEAT, &HELLO[..29]]), "beat; Truncated"),
    ]
}

fn bad_ones() -> Vec<Sample> {
    let beat_with_body = packages(&[(0, b"x"), (1, b"a")]);
    let by_handler = packages(&[
        (CODE_BAD, b"1"),
        (CODE_BAD, b""),
        (1, b"a"),
        (CODE_BAD, b"3"),
    ]);
    let mixed = [
        hex(&[WRONG]),
        packages(&[(CODE_BAD, b"2"), (0, b"3"), (1, b"a")]),
    ]
    .concat();
    vec![
        frame(hex(&[WRONG, HELLO]), "bad; #1+5!; PeerClosed"),
        frame(
            hex(&[WRONG, HELLO, WRONG, BEAT, WRONG, HELLO]),
            "bad; #1+5!; bad; beat; bad; BadPackages",
        ),
        frame(hex(&[WRONG, WRONG, WRONG]), "bad; bad; bad; BadPackages"),
        frame(hex(&["00 08 00 01 00 00 00 01"]), "bad; PeerClosed"),
        frame(beat_with_body, "bad; #1+1!; PeerClosed"),
        frame(by_handler, "#bad+1; #bad!; #1+1!!; #bad+1!!; BadPackages"),
        frame(mixed, "bad; #bad+1!; bad; BadPackages"),
    ]
}

fn bounds() -> Vec<Sample> {
    let most = [7; 92];
    let at_limit = packages(&[(1, &most), (1, &most[1..]), (1, b"a")]);
    let over_limit = packages(&[(1, b"a"), (1, &[7; 93]), (1, b"b")]);
    let default = vec![9; PACKAGE_BYTES_DEFAULT - 8];
    let large = packages(&[(1, b"a"), (1, &default), (1, b"b")]);
    let too_large = packages(&[(1, &vec![9; PACKAGE_BYTES_DEFAULT - 7])]);
    vec![
        frame(hex(&[HELLO, "00 07 00 01 00 00 00 00"]), "#1+5; BadLength"),
        frame(hex(&["00 00 00 00 00 00 00 00"]), "BadLength"),
        frame(hex(&["ff ff 00 01 00 00 00 00 01"]), "BadLength"),
        frame(at_limit, "#1+92; #1+91; #1+1; PeerClosed").small(),
        frame(over_limit, "#1+1; BadLength").small(),
        frame(large, "#1+1; #1+29992; #1+1; PeerClosed"),
        frame(too_large, "BadLength"),
    ]
}

fn undecided() -> Vec<Sample> {
    let auto = |bytes: &[u8], sketch| Sample::new(Protocol::Undecided, bytes, sketch);
    let text = |text: &str, sketch| auto(text.as_bytes(), sketch);
    vec![
        text("", "PeerClosed"),
        text("GE", "Truncated"),
        text(&GET.repeat(2), "GET /a; GET /a; PeerClosed"),
        text(&format!("\r\n{GET}"), "GET /a; PeerClosed"),
        text(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET",
            "plan /a; POST /a+3; Truncated 408",
        ),
        // Two empty lines: the third byte is a carriage return.
        text(&format!("\r\n\r\n{GET}"), "Truncated"),
        auto(&hex(&[BEAT, HELLO]), "beat; #1+5; PeerClosed"),
        auto(&hex(&[WRONG, HELLO]), "bad; #1+5!; PeerClosed"),
        auto(&packages(&[(0x1fff, b"a")]), "#1fff+1; PeerClosed"),
        auto(&packages(&[(0x2000, b"a")]), "Truncated 408"),
        // Once told, it stays told.
        auto(
            &[hex(&[HELLO]), packages(&[(0x4745, b"a")])].concat(),
            "#1+5; #4745+1; PeerClosed",
        ),
    ]
}
