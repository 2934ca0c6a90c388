//! What pages of other origins may do with a site.

use crate::base::limits::TIMEOUT_S_MAX;
use crate::config::nearest::nearest;
use crate::config::section::Section;
use crate::config::{Cors, field, host};

const METHODS: [&str; 2] = ["GET", "HEAD"];
const SCHEMES: [&str; 2] = ["https", "http"];

/// `[site.cors]`, if it is there.
pub(super) fn cors(keys: &mut Section<'_, '_>) -> Option<Cors> {
    const EXAMPLE: &str = "[\"https://example.org\"]";
    keys.need("origins", &format!("origins = {EXAMPLE}"));
    let origins = keys.list("origins", 1, EXAMPLE, origin);
    let methods = keys.list("methods", 1, "[\"GET\"]", field::method);
    let headers = keys.list("headers", 0, "[\"Content-Type\"]", field::name);
    let expose = keys.list("expose", 0, "[\"ETag\"]", field::name);
    let usual = || METHODS.map(str::to_owned).to_vec();
    let cors = Cors {
        origins: values(origins.as_ref()),
        methods: methods.map_or_else(usual, |methods| values(Some(&methods))),
        headers: values(headers.as_ref()),
        expose: values(expose.as_ref()),
        credentials: keys.flag("credentials", false),
        max_age_s: keys.count("max_age_s", 0..=TIMEOUT_S_MAX as usize, 86_400),
    };
    alone(keys, origins.as_deref().unwrap_or(&[]));
    if cors.credentials {
        without_stars(keys, &cors);
    }
    keys.is_there().then_some(cors)
}

fn values(list: Option<&Vec<(usize, String)>>) -> Vec<String> {
    let list = list.into_iter().flatten();
    list.map(|(_, value)| value.clone()).collect()
}

/// A star is everybody, so others beside it say nothing.
fn alone(keys: &mut Section<'_, '_>, origins: &[(usize, String)]) {
    let star = origins.iter().find(|(_, origin)| origin == "*");
    if let Some((at, _)) = star.filter(|_| origins.len() > 1) {
        let message = "`*` is everybody: write it alone, or remove it";
        keys.problem(*at, message.to_owned());
    }
}

/// With credentials a star stands for nobody, or for the name `*` (Fetch 3.2.5).
fn without_stars(keys: &mut Section<'_, '_>, cors: &Cors) {
    let lists = [
        ("origins", &cors.origins),
        ("methods", &cors.methods),
        ("headers", &cors.headers),
        ("expose", &cors.expose),
    ];
    for (key, list) in lists {
        if list.iter().any(|value| value == "*") {
            let message = format!(
                "`{key}` = [\"*\"] means nothing with `credentials` = true: name each, or \
                 write credentials = false"
            );
            keys.problem(keys.at(key), message);
        }
    }
}

/// An origin as browsers write it: scheme, host, and a port that is not the
/// usual one.
fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let small = text.to_ascii_lowercase();
    let Some((scheme, rest)) = small.split_once("://") else {
        return Err(format!(
            "`{text}` is no origin: write one such as \"https://example.org\", or \"*\""
        ));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    };
    let host = host::parse(host)?;
    if host.contains('*') {
        return Err(format!(
            "`{text}` has a star: origins are written out, or are \"*\" alone"
        ));
    }
    if scheme == "file" {
        let message = "pages that lie on a disk have no origin: write \"*\" to let them in as well";
        return Err(message.to_owned());
    }
    if let Some(near) = nearest(scheme, SCHEMES.into_iter()).filter(|near| *near != scheme)
        && !SCHEMES.contains(&scheme)
    {
        return Err(format!(
            "`{scheme}` is no scheme of browsers: did you mean \"{near}://{host}\"?"
        ));
    }
    if let Some(port) = port.filter(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
        return Err(format!(
            "no port is as large as {port}: write one up to 65535"
        ));
    }
    let usual = match scheme {
        "http" => "80",
        "https" => "443",
        _ => "",
    };
    let port = port.filter(|port| *port != usual && !port.is_empty());
    let port = port.map_or(String::new(), |port| format!(":{port}"));
    let good = format!("{scheme}://{host}{port}");
    if good != text {
        return Err(format!(
            "browsers write this origin otherwise: write \"{good}\""
        ));
    }
    Ok(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), &str>) {
        match (origin(text), expected) {
            (Ok(got), Ok(())) => assert_eq!(got, text),
            (Err(message), Err(part)) => assert!(message.contains(part), "{text}: {message}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn origins_are_as_browsers_write_them() {
        check("*", Ok(()));
        check("https://a.example", Ok(()));
        check("http://localhost:8080", Ok(()));
        check("http://[::1]:3000", Ok(()));
        check("https://a.example/", Err("write \"https://a.example\""));
        check("https://a.example:443", Err("write \"https://a.example\""));
        check("HTTPS://A.example", Err("write \"https://a.example\""));
        check("a.example", Err("no origin"));
        check("null", Err("no origin"));
        check("https://*.example", Err("has a star"));
        check("capacitor://localhost", Ok(()));
        check(
            "htps://a.example",
            Err("did you mean \"https://a.example\"?"),
        );
        check("https://a.example:99999", Err("up to 65535"));
        check("file://x", Err("no origin"));
        check("https://", Err("no host name"));
        check("https://a b", Err("no host name"));
    }
}
