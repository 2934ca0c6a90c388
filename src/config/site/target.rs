//! Where redirects and rewrites may lead.

use crate::config::host;
use crate::config::path_pattern::check_path;

/// Variables by which users of other servers write such places.
const VARIABLES: [&str; 10] = [
    "args",
    "document_root",
    "host",
    "http_host",
    "is_args",
    "query_string",
    "request_filename",
    "request_uri",
    "scheme",
    "uri",
];

/// Whether there is a variable of another server in a text: it would be letters
/// like any others here.
pub(super) fn has_variable(text: &str) -> bool {
    text.split('$').skip(1).any(|behind| {
        let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let bare = behind.trim_start_matches('{');
        let name = bare.split(|letter| !in_name(letter)).next().unwrap_or(bare);
        VARIABLES.contains(&name)
    })
}

/// What a star stood for has a sign of its own.
pub(super) fn no_variables(text: &str) -> Result<(), String> {
    let digit = |behind: &str| behind.chars().next().filter(|it| ('1'..='9').contains(it));
    if let Some(digit) = text.split('$').skip(1).find_map(digit) {
        return Err(format!(
            "`${digit}` is nothing but letters here: write `{{{digit}}}` for what a star stood for"
        ));
    }
    match has_variable(text) {
        true => Err(format!(
            "`{text}`: variables are not understood: write `{{1}}` for what a star of `from` stood \
             for"
        )),
        false => Ok(()),
    }
}

/// Whether this is a path, as a rewrite leads to.
pub(super) fn own_path(text: &str) -> Result<(), String> {
    if text.starts_with("//") || text.contains("://") {
        return Err(format!(
            "`{text}` is on another host, where no rewrite leads: write [[site.redirect]], or a \
             path such as \"/app.html\""
        ));
    }
    check_path(text)
}

/// Whether a redirect may lead there: to a path, or to a URL whose host is
/// written out. What must be encoded in a URI is encoded already.
pub(super) fn target(text: &str) -> Result<(), String> {
    let shown = text.split("://").nth(1).unwrap_or("");
    let host = shown.split(['/', '?', '#', ' ']).next().unwrap_or(shown);
    if !host.is_ascii() {
        return host::parse(host).map(drop);
    }
    let mut good = String::new();
    for byte in text.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'|' | ..=b' ' | 0x7f.. => {
                good += &format!("%{byte:02X}");
            }
            plain => good.push(char::from(plain)),
        }
    }
    if good != text {
        return Err(format!(
            "`{text}` must be encoded as in a URL: write \"{good}\""
        ));
    }
    if text.starts_with("//") {
        return Err(format!(
            "`{text}` would lead to another host: write \"https:{text}\""
        ));
    }
    if text.starts_with('/') {
        return Ok(());
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest.filter(|rest| !rest.starts_with(['/', '?', '#']) && !rest.is_empty())
    else {
        return Err(neither(text));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if host.contains(['{', '@']) {
        return Err(format!(
            "`{text}`: the host must be written out, with a slash behind it: write \
             \"https://example.org/{{1}}\""
        ));
    }
    authority(host)
}

/// What is neither a path nor a URL, and what was likely meant.
fn neither(text: &str) -> String {
    let bare = text.trim_start_matches(['/', '?', '#']);
    let first = bare.split('/').next().unwrap_or(bare);
    let is_page = [".html", ".htm", ".php"]
        .iter()
        .any(|end| first.ends_with(end));
    let is_word = |text: &str| text.starts_with(|it: char| it.is_ascii_alphanumeric());
    let is_odd = !is_word(bare) || text.contains([':', '{']);
    let is_host = first.contains('.') && !is_page && host::parse(first).is_ok();
    let meant = match (is_odd, is_host) {
        (true, _) => "one such as \"/new/{1}\" or \"https://example.org/\"".to_owned(),
        (_, true) => format!("\"https://{text}\""),
        (_, false) => format!("\"/{text}\""),
    };
    format!("`{text}` is neither a path nor a URL: write {meant}")
}

/// Whether this is a host that is written out, and perhaps a port.
fn authority(text: &str) -> Result<(), String> {
    // The colons of an IPv6 address are not the port's.
    let end = text.rfind(']');
    let behind = end.unwrap_or(if text.starts_with('[') { text.len() } else { 0 });
    let (name, port) = match text[behind..].rfind(':') {
        Some(colon) => (&text[..behind + colon], Some(&text[behind + colon + 1..])),
        None => (text, None),
    };
    if let Some(port) = port.filter(|port| port.parse::<u16>().is_err()) {
        return Err(format!(
            "`{port}` is no port: write a number up to 65535, or leave it out: \"{name}\""
        ));
    }
    match host::parse(name) {
        Ok(name) if name.contains('*') => Err(format!("`{name}` has a star: write one host")),
        other => other.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, part: &str) {
        let message = no_variables(text).and_then(|()| target(text));
        let message = message.expect_err(text);
        assert!(message.contains(part), "{text}: {message}");
    }

    #[test]
    fn redirects_lead_to_paths_and_urls() {
        for good in [
            "/",
            "/a?b=$c",
            "/$metadata",
            "https://a.org",
            "http://[::1]:80/{1}",
        ] {
            assert_eq!(
                no_variables(good).and_then(|()| target(good)),
                Ok(()),
                "{good}"
            );
        }
        refused("new", "write \"/new\"");
        refused("index.html", "write \"/index.html\"");
        refused("www.b.org/x", "write \"https://www.b.org/x\"");
        refused("ftp://b.org/", "write one such as");
        refused("", "write one such as");
        refused("https://b.org:99999/", "`99999` is no port");
        refused("https://b.org:/", "`` is no port");
        refused("https://*.b.org/", "star");
        refused("https://größe.de/", "xn--");
        refused("https://a_b c/", "%20");
        refused("https://[::1/", "write \"[::1]\"");
        refused("/new/$1", "write `{1}`");
        refused("https://$host$request_uri", "variables");
        refused("/x/${uri}", "variables");
    }

    #[test]
    fn rewrites_lead_to_paths() {
        assert_eq!(own_path("/a"), Ok(()));
        for (bad, part) in [
            ("https://x/", "[[site.redirect]]"),
            ("//x/", "[[site.redirect]]"),
            ("a", "write \"/a\""),
        ] {
            let message = own_path(bad).expect_err(bad);
            assert!(message.contains(part), "{message}");
        }
    }
}
