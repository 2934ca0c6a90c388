//! What is done by the path: redirects, rewrites, fields, and how long a file
//! may be kept.

use crate::config::{self, CacheRule, Part, PathPattern, Place, Redirect, Rewrite, Stretches};
use crate::http::{Status, target};

/// The rules of a site by pattern.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    redirects: Vec<Redirect>,
    rewrites: Vec<Rewrite>,
    headers: Vec<(PathPattern, Vec<Field>)>,
    cache_control: Vec<CacheRule>,
}

/// A field line that a rule sets, and its name in small letters.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    line: Vec<u8>,
}

impl Rules {
    pub(super) fn new(site: &config::Site) -> Rules {
        let field = |(name, value): &(String, String)| Field {
            name: name.to_ascii_lowercase(),
            line: format!("{name}: {value}\r\n").into_bytes(),
        };
        let header = |rule: &config::HeaderRule| {
            let fields = rule.set.iter().map(field).collect();
            (rule.path.clone(), fields)
        };
        Rules {
            redirects: site.redirects.clone(),
            rewrites: site.rewrites.clone(),
            headers: site.headers.iter().map(header).collect(),
            cache_control: site.cache_control.clone(),
        }
    }

    /// Whether requests for a path are answered with anything but its file.
    pub(super) fn moves(&self, path: &[u8]) -> bool {
        let mut from = self.redirects.iter().map(|rule| &rule.from);
        let mut other = self.rewrites.iter().map(|rule| &rule.from);
        from.any(|from| from.matches(path)) || other.any(|from| from.matches(path))
    }

    /// Status and Location where a path has moved (RFC 9110 15.4): the first rule
    /// counts. The query goes along, unless the place has one.
    pub(super) fn redirect(&self, path: &[u8], query: Option<&[u8]>) -> Option<(Status, String)> {
        let (rule, stretches) = self.redirects.iter().find_map(|rule| {
            let stretches = rule.from.stretches(path)?;
            Some((rule, stretches))
        })?;
        let status = Status::new(rule.status)?;
        Some((status, location(&rule.to, path, &stretches, query)))
    }

    /// The path whose file answers for this one, resolved, where there is a
    /// rule: the first one counts, and it counts once. `scratch` holds it.
    pub(super) fn rewrite<'s>(&self, path: &[u8], scratch: &'s mut Vec<u8>) -> Option<&'s [u8]> {
        let (rule, stretches) = self.rewrites.iter().find_map(|rule| {
            let stretches = rule.from.stretches(path)?;
            Some((rule, stretches))
        })?;
        let mut plain = Vec::new();
        for part in rule.to.parts() {
            match part {
                Part::Text(text) => plain.extend_from_slice(text.as_bytes()),
                Part::Star(star) => plain.extend_from_slice(stretch(path, &stretches, *star)),
            }
        }
        // Two stretches side by side may make a segment of dots.
        target::resolve(&plain, scratch).ok()?;
        Some(scratch)
    }

    /// The field lines for what has any of these paths: where several rules
    /// set one name, the last one counts.
    pub(super) fn lines(&self, paths: &[&[u8]]) -> Vec<u8> {
        let mut set: Vec<&Field> = Vec::new();
        for (pattern, fields) in &self.headers {
            if !paths.iter().any(|path| pattern.matches(path)) {
                continue;
            }
            for field in fields {
                match set.iter_mut().find(|known| known.name == field.name) {
                    Some(known) => *known = field,
                    None => set.push(field),
                }
            }
        }
        set.iter().flat_map(|field| &field.line).copied().collect()
    }

    /// Whether a rule says how long a file with any of these paths is kept.
    pub(super) fn keeps(&self, paths: &[&[u8]]) -> bool {
        let mut rules = self.cache_control.iter();
        rules.any(|rule| paths.iter().any(|path| rule.path.matches(path)))
    }

    /// The same as [`Rules::lines`] with Cache-Control, for a file: as it was written
    /// (RFC 9111 5.2.2; `immutable` is RFC 8246).
    pub(super) fn file_lines(&self, paths: &[&[u8]]) -> Vec<u8> {
        let mut lines = self.lines(paths);
        let fits = |rule: &&CacheRule| paths.iter().any(|path| rule.path.matches(path));
        if let Some(rule) = self.cache_control.iter().rev().find(fits) {
            lines.extend_from_slice(format!("Cache-Control: {}\r\n", rule.value).as_bytes());
        }
        lines
    }
}

/// What a star stood for.
fn stretch<'a>(path: &'a [u8], stretches: &Stretches, star: usize) -> &'a [u8] {
    let stretch = stretches
        .get(star)
        .and_then(|(start, end)| path.get(*start..*end));
    stretch.unwrap_or(&[])
}

/// Where a path is led to. What a star stood for is encoded as the part of the
/// URL needs it that it comes to stand in.
fn location(to: &Place, path: &[u8], stretches: &Stretches, query: Option<&[u8]>) -> String {
    let mut place: Vec<u8> = Vec::new();
    for part in to.parts() {
        match part {
            Part::Text(text) => place.extend_from_slice(text.as_bytes()),
            Part::Star(star) => {
                let text = stretch(path, stretches, *star);
                let in_path = !place.iter().any(|byte| matches!(byte, b'?' | b'#'));
                let plain: &[u8] = if in_path { target::PATH_MARKS } else { b"-._~" };
                target::encode(text, plain, &mut place);
            }
        }
    }
    // Two slashes in front would lead to another host.
    let slashes = place.iter().take_while(|byte| **byte == b'/').count();
    place.drain(..slashes.saturating_sub(1));
    let fragment = memchr::memchr(b'#', &place).unwrap_or(place.len());
    if let Some(query) = query.filter(|_| memchr::memchr(b'?', &place[..fragment]).is_none()) {
        let query = [b"?", query].concat();
        place.splice(fragment..fragment, query);
    }
    String::from_utf8_lossy(&place).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};

    fn rules(text: &str) -> Rules {
        let text = format!("[[site]]\n{text}");
        let config: Config = parse(&text).expect("a good site");
        Rules::new(&config.sites[0])
    }

    fn redirect(from: &str, to: &str) -> Rules {
        rules(&format!(
            "[[site.redirect]]\nfrom = \"{from}\"\nto = \"{to}\""
        ))
    }

    #[test]
    fn a_location_is_encoded_and_keeps_the_query() {
        let check = |from: &str, to: &str, path: &str, query: Option<&str>, expected: &str| {
            let query = query.map(str::as_bytes);
            let found = redirect(from, to).redirect(path.as_bytes(), query);
            let place = found.map(|(_, place)| place);
            assert_eq!(place.as_deref(), Some(expected), "{from} {to} {path}");
        };
        check("/old/**", "/new/{1}", "/old/a/b", None, "/new/a/b");
        check(
            "/old/**",
            "/new/{1}",
            "/old/a b/é?",
            None,
            "/new/a%20b/%C3%A9%3F",
        );
        check(
            "/old/**",
            "/new/{1}",
            "/old/\r\nX: y",
            None,
            "/new/%0D%0AX:%20y",
        );
        check("/a", "/b", "/a", Some("x=1&y"), "/b?x=1&y");
        check("/a", "/b?z", "/a", Some("x=1"), "/b?z");
        check("/a", "/b#c", "/a", Some("x=1"), "/b?x=1#c");
        check("/a", "/b#c?", "/a", Some("x"), "/b?x#c?");
        check(
            "/find/*",
            "/search?q={1}",
            "/find/a&b=c d",
            None,
            "/search?q=a%26b%3Dc%20d",
        );
        check(
            "/x/**",
            "https://h.example/{1}",
            "/x/a",
            Some("q"),
            "https://h.example/a?q",
        );
    }

    #[test]
    fn nobody_is_led_to_another_host_by_what_they_ask_for() {
        let check = |from: &str, to: &str, path: &str, expected: &str| {
            let place = redirect(from, to).redirect(path.as_bytes(), None);
            assert_eq!(place.map(|(_, place)| place).as_deref(), Some(expected));
        };
        check("/a**", "/{1}", "/a/evil.example", "/evil.example");
        check("/a*/**", "/{1}/{2}", "/a/evil.example", "/evil.example");
        check("/a**", "/{1}", "/a\\evil.example", "/%5Cevil.example");
        check(
            "/a/**",
            "https://h.example/{1}",
            "/a/@evil.example",
            "https://h.example/@evil.example",
        );
    }

    #[test]
    fn the_first_rewrite_counts_and_its_place_is_resolved() {
        let rules = rules(
            "[[site.rewrite]]\nfrom = \"/app/**\"\nto = \"/app.html\"\n\
             [[site.rewrite]]\nfrom = \"/**\"\nto = \"/all/{1}\"\n",
        );
        let check = |path: &str, expected: &str| {
            let mut scratch = Vec::new();
            let found = rules.rewrite(path.as_bytes(), &mut scratch);
            assert_eq!(found, Some(expected.as_bytes()), "{path}");
        };
        check("/app/x/y", "/app.html");
        check("/a", "/all/a");
        check("/", "/all/");
        assert!(rules.moves(b"/a") && rules.redirect(b"/a", None).is_none());
        let dots = self::rules("[[site.rewrite]]\nfrom = \"/x*y*\"\nto = \"/a/{1}{2}/b\"\n");
        let mut scratch = Vec::new();
        assert_eq!(dots.rewrite(b"/x.y.", &mut scratch), Some(&b"/b"[..]));
        let out = self::rules("[[site.rewrite]]\nfrom = \"/x*\"\nto = \"/{1}\"\n");
        assert_eq!(out.rewrite(b"/x..", &mut scratch), None, "above the root");
    }

    #[test]
    fn of_one_name_the_last_rule_counts() {
        let rules = rules(
            "[[site.header]]\npath = \"/**\"\nset = { X-A = \"1\", X-B = \"2\" }\n\
             [[site.header]]\npath = \"/a\"\nset = { x-a = \"3\" }\n\
             [[site.cache_control]]\npath = \"/**\"\nvalue = \"no-cache\"\n\
             [[site.cache_control]]\npath = \"/a\"\nvalue = \"max-age=5\"\n",
        );
        let text = |lines: Vec<u8>| String::from_utf8(lines).expect("ASCII");
        assert_eq!(text(rules.lines(&[b"/a"])), "x-a: 3\r\nX-B: 2\r\n");
        assert_eq!(text(rules.lines(&[b"/b"])), "X-A: 1\r\nX-B: 2\r\n");
        let cached = "X-A: 1\r\nX-B: 2\r\nCache-Control: no-cache\r\n";
        assert_eq!(text(rules.file_lines(&[b"/b"])), cached);
        assert!(text(rules.file_lines(&[b"/a"])).ends_with("max-age=5\r\n"));
        assert!(text(rules.file_lines(&[b"/b", b"/a"])).ends_with("max-age=5\r\n"));
    }
}
