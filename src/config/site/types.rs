//! What kind of file an extension stands for, where a site says otherwise.

use crate::base::limits::SITE_TYPES_MAX;
use crate::config::field::is_token;
use crate::config::nearest::nearest;
use crate::config::section::Section;

const EXAMPLE: &str = "md = \"text/markdown; charset=utf-8\"";

/// What stands ahead of the slash (RFC 9110 8.3.1, and the registry of IANA).
const LARGE: [&str; 10] = [
    "application",
    "audio",
    "font",
    "haptics",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
];

/// `[site.types]`, up to the bound.
pub(super) fn types(keys: &mut Section<'_, '_>) -> Vec<(String, String)> {
    let mut known = Vec::new();
    let once = |text: &str| {
        let name = extension(text)?;
        if known.contains(&name) {
            return Err(format!("`{name}` is there twice: remove one of the two"));
        }
        known.push(name.clone());
        Ok(name)
    };
    let mut types = keys.pairs("site.types", EXAMPLE, once, media_type);
    if types.len() > SITE_TYPES_MAX {
        let message = format!("a site has at most {SITE_TYPES_MAX} types of its own: remove some");
        keys.problem(keys.at("types"), message);
        types.truncate(SITE_TYPES_MAX);
    }
    let types = types.into_iter().map(|pair| (pair.name, pair.value));
    types.collect()
}

/// What stands behind the last dot of a name, in small letters.
fn extension(text: &str) -> Result<String, String> {
    let last = text.rsplit('.').next().unwrap_or(text);
    let is_other = |letter: char| matches!(letter, '/' | '*' | '{') || letter.is_control();
    let is_good = !last.is_empty() && !last.contains(is_other);
    if !is_good {
        return Err(format!(
            "`{}` is no extension: write what is behind a name's dot, such as md",
            text.escape_debug()
        ));
    }
    if last.len() < text.len() {
        return Err(format!(
            "an extension is what is behind the last dot: write `{last}`"
        ));
    }
    Ok(text.to_ascii_lowercase())
}

/// Two tokens with a slash between, and parameters (RFC 9110 8.3.1).
fn media_type(text: &str) -> Result<String, String> {
    let (kind, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
    let kind = kind.trim_end_matches([' ', '\t']);
    // Blanks at the end are no part of a field.
    let ends = !text.ends_with([' ', '\t']);
    let halves = kind.split_once('/').filter(|_| ends);
    let is_kind = halves.is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    if !is_kind {
        return Err(format!(
            "`{}` is no media type: write one such as \"text/markdown; charset=utf-8\"",
            text.escape_debug()
        ));
    }
    if kind.contains('*') {
        return Err(format!(
            "`{kind}` is many media types: write the one that is meant, such as \"text/plain\""
        ));
    }
    let (large, sub) = halves.unwrap_or_default();
    let small = large.to_ascii_lowercase();
    if let Some(near) = nearest(&small, LARGE.into_iter()).filter(|near| *near != small) {
        return Err(format!(
            "`{large}` is no kind of media: did you mean \"{near}/{sub}\"?"
        ));
    }
    if !are_parameters(rest) {
        return Err(format!(
            "what follows `{kind}` are no parameters: write \"{kind}; charset=utf-8\", or \
             \"{kind}\""
        ));
    }
    Ok(text.to_owned())
}

/// Each has a semicolon ahead, a name, and a token or text in quotes (RFC 9110
/// 5.6.6).
fn are_parameters(mut rest: &str) -> bool {
    while let Some(parameter) = rest.strip_prefix(';') {
        let Some((name, value)) = parameter.trim_start_matches([' ', '\t']).split_once('=') else {
            return false;
        };
        let behind = match value.strip_prefix('"') {
            Some(quoted) => behind_quotes(quoted),
            None => {
                let (token, behind) =
                    value.split_at(value.find([';', ' ', '\t']).unwrap_or(value.len()));
                is_token(token).then_some(behind)
            }
        };
        let Some(behind) = behind.filter(|_| is_token(name)) else {
            return false;
        };
        rest = behind.trim_start_matches([' ', '\t']);
    }
    rest.is_empty()
}

/// What follows the closing quote, if all up to there is ASCII on one line.
fn behind_quotes(text: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\t' | b' '..=b'~' if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return text.get(at + 1..),
            b'\t' | b' '..=b'~' => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_as_in_their_field() {
        for good in [
            "text/plain",
            "image/svg+xml",
            "text/markdown; charset=utf-8",
            "text/x;a=b ;\tc=\"d; \\\"e\"",
        ] {
            assert_eq!(media_type(good), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "text",
            "text/*",
            "*/*",
            "txet/plain",
            "aplication/json",
            "text/",
            "/plain",
            "text/a/b",
            "text/plain ",
            "text/plain\r\nX: y",
            "text/plain;",
            "text/plain; charset",
            "text/plain; charset = utf-8",
            "text/plain; charset=utf-8 ",
            "text/plain; a=b c=d",
            "text/plain; a=\"b",
            "text/plain; a=\"b\u{7f}\"",
            "text/plain; a=\"\u{e4}\"",
        ] {
            assert!(media_type(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn extensions_have_no_dot() {
        assert_eq!(extension("MD"), Ok("md".to_owned()));
        for (bad, part) in [
            ("", "`` is no extension"),
            (".", "is no extension"),
            ("a/b", "is no extension"),
            ("*", "is no extension"),
            ("a\n", "is no extension"),
            (".md", "write `md`"),
            ("tar.gz", "write `gz`"),
        ] {
            let message = extension(bad).expect_err(bad);
            assert!(message.contains(part), "{message}");
        }
    }
}
