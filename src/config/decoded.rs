//! Bytes of a file to its text.

use crate::config::problem::Problem;

/// The text of a file, without the byte order mark that Windows editors put
/// there.
///
/// # Errors
/// The first byte that is no UTF-8, with its place.
pub(crate) fn decoded(bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = "this is UTF-16: save the file as UTF-8".to_owned();
        return Err(Problem::new("", 0, message));
    }
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()),
        Err(error) => error,
    };
    let (good, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
    let text = String::from_utf8_lossy(good);
    let byte = rest.first().copied().unwrap_or(0);
    let message = format!("the byte 0x{byte:02X} here is no UTF-8: save the file as UTF-8");
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Err(Problem::new(text, text.len(), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_is_no_text_is_told() {
        assert_eq!(decoded(b"\xef\xbb\xbfa".to_vec()), Ok("a".to_owned()));
        let place = |bytes: &[u8]| {
            let problem = decoded(bytes.to_vec()).expect_err("no text");
            assert!(
                problem.message.contains("save the file as UTF-8"),
                "{problem}"
            );
            (problem.line, problem.column)
        };
        assert_eq!(place(b"a\n\xc3\xa4\xe4\xff"), (2, 2));
        assert_eq!(place(b"\xef\xbb\xbf\xe4"), (1, 1));
        assert_eq!(place(b"\xff\xfea\0"), (1, 1));
        assert_eq!(place(b"a\xc3"), (1, 2));
    }
}
