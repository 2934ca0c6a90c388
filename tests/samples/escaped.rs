//! Bytes as a line that a person can read, and back.

/// The bytes as one line of ASCII, in which quotes stand for themselves.
pub(crate) fn line_of(bytes: &[u8]) -> String {
    let text_of = |byte: &u8| match byte {
        b'\'' | b'"' => char::from(*byte).to_string(),
        other => other.escape_ascii().to_string(),
    };
    bytes.iter().map(text_of).collect()
}

/// The bytes of a line.
pub(crate) fn bytes_of(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(|byte| char::from(byte.unwrap_or(0)));
                let number = u8::from_str_radix(&String::from_iter(digits), 16);
                number.expect("two hex digits behind \\x")
            }
            Some(b'\\') => b'\\',
            other => panic!("{line:?} has a backslash ahead of {other:?}"),
        });
    }
    bytes
}

#[test]
fn what_is_written_down_is_read_again() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let text = line_of(&all);
    assert!(text.is_ascii() && !text.contains(['\r', '\n']));
    assert_eq!(bytes_of(&text), all);
}
