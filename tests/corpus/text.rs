//! The corpus of an entry as text: what it is behind `#`, then an input a line,
//! escaped, in order.
//!
//! The empty input is in none of them: it needs no corpus.

use super::escaped::{bytes_of, line_of};

/// The inputs of a file.
pub fn read(text: &str) -> Vec<Vec<u8>> {
    let inputs = text.lines().filter(|line| !line.starts_with('#'));
    inputs.map(bytes_of).collect()
}

/// The file `text` with these inputs in place of its own.
pub fn write(text: &str, inputs: &[Vec<u8>]) -> String {
    let said = text.lines().filter(|line| line.starts_with('#'));
    let mut lines: Vec<String> = inputs.iter().map(|input| line(input)).collect();
    lines.retain(|line| !line.is_empty());
    lines.sort_unstable();
    lines.dedup();
    let lines = lines.iter().map(String::as_str);
    said.chain(lines).flat_map(|line| [line, "\n"]).collect()
}

/// An input's line: no comment, and nothing at its end that is not seen.
pub fn line(input: &[u8]) -> String {
    let line = line_of(input);
    let line = match line.strip_prefix('#') {
        Some(rest) => format!("\\x23{rest}"),
        None => line,
    };
    match line.strip_suffix(' ') {
        Some(rest) => format!("{rest}\\x20"),
        None => line,
    }
}

#[test]
fn what_is_written_is_read_again() {
    let inputs = [&b"# a"[..], b" ", b"#", b"a\\x ", b"\r\n"].map(<[u8]>::to_vec);
    let text = write("# what\nold\n", &inputs);
    assert_eq!(text, "# what\n\\r\\n\n\\x20\n\\x23\n\\x23 a\na\\\\x\\x20\n");
    let mut again = read(&text);
    again.sort_unstable();
    let mut sorted = inputs.to_vec();
    sorted.sort_unstable();
    assert_eq!(again, sorted);
}
