//! The sites of a server, and which of them a request is for: by the host
//! that it names.

use super::StaticSite;
use crate::base::limits::HOST_BYTES_MAX;
use crate::config::{self, Config};
use crate::http::{Head, Status};
use crate::service::context::Context;
use crate::service::response::Response;
use crate::session::HttpRequest;
use foldhash::HashMap;
use std::io::Write;
use std::net::Ipv6Addr;

/// The sites of a configuration, each for its hosts. A host without a site is
/// answered `421 Misdirected Request` (RFC 9110 7.4).
///
/// ```
/// use pelton::service::Sites;
/// use pelton::{Config, Router, Server};
///
/// // Handlers first; what none is for is a file of the host's site.
/// let config = Config::default();
/// let router = Router::new()
///     .http("GET", "/time", |_, context| format!("{}\n", context.unix_s))
///     .site(Sites::from(&config)); // or .site(&config)
/// let server = Server::new(config).service(router);
/// # let _ = server;
/// ```
#[derive(Clone, Debug)]
pub struct Sites {
    hosts: Hosts,
    sites: Vec<StaticSite>,
}

impl From<&Config> for Sites {
    fn from(config: &Config) -> Sites {
        let site = |(number, site)| StaticSite::with(number, site);
        Sites {
            hosts: Hosts::new(&config.sites),
            sites: config.sites.iter().enumerate().map(site).collect(),
        }
    }
}

/// One site, for all hosts.
impl From<StaticSite> for Sites {
    fn from(site: StaticSite) -> Sites {
        Sites {
            hosts: Hosts::all(),
            sites: vec![site],
        }
    }
}

impl Sites {
    /// Whether there are requests that block.
    pub(crate) fn has_blocking(&self) -> bool {
        self.sites.iter().any(StaticSite::is_guarded)
    }

    /// Whether answering this request may take long.
    pub(crate) fn blocks(&self, head: &Head<'_>) -> bool {
        let number = self.hosts.find(|| head.host());
        let site = number.and_then(|number| self.sites.get(number));
        site.is_some_and(|site| site.blocks(head))
    }

    /// Answers a request for a file.
    pub(crate) fn answer(&self, request: &HttpRequest<'_>, context: &mut Context<'_>) {
        let number = self.hosts.find(|| request.head.host());
        match number.and_then(|number| self.sites.get(number)) {
            Some(site) => site.answer(request, context),
            None if self.sites.is_empty() => {
                context.respond(request, &Status::NOT_FOUND.into());
            }
            None => {
                let hint = "no site has this name here";
                let response = Response::error(Status::MISDIRECTED_REQUEST, hint);
                context.respond(request, &response);
            }
        }
    }
}

/// The numbers of the sites by their hosts. The names are the configuration's,
/// so nobody can choose them to collide, and a fast hash will do.
#[derive(Clone, Debug, Default)]
struct Hosts {
    names: HashMap<Box<[u8]>, usize>,
    /// `*.example.org` as `.example.org`.
    below: HashMap<Box<[u8]>, usize>,
    others: Option<usize>,
}

impl Hosts {
    fn new(sites: &[config::Site]) -> Hosts {
        let mut hosts = Hosts::default();
        for (number, site) in sites.iter().enumerate() {
            for host in &site.hosts {
                match (host.as_str(), host.strip_prefix('*')) {
                    ("*", _) => hosts.others = Some(number),
                    (_, Some(end)) => _ = hosts.below.insert(end.as_bytes().into(), number),
                    (name, None) => _ = hosts.names.insert(name.as_bytes().into(), number),
                }
            }
        }
        hosts
    }

    /// One site for all hosts.
    fn all() -> Hosts {
        Hosts {
            others: Some(0),
            ..Hosts::default()
        }
    }

    /// The site of an authority: that of the very name, else that of the
    /// longest end with a star ahead of it, else the one for all others. A
    /// site for all hosts alone needs no look.
    #[inline]
    fn find<'a>(&self, authority: impl FnOnce() -> Option<&'a [u8]>) -> Option<usize> {
        if self.names.is_empty() && self.below.is_empty() {
            return self.others;
        }
        authority()
            .and_then(|authority| self.named(authority))
            .or(self.others)
    }

    #[inline(never)]
    fn named(&self, authority: &[u8]) -> Option<usize> {
        let mut room = [0; HOST_BYTES_MAX];
        let host = normal(authority, &mut room)?;
        if let Some(site) = self.names.get(host) {
            return Some(*site);
        }
        if self.below.is_empty() {
            return None;
        }
        let ends = memchr::memchr_iter(b'.', host).filter(|dot| *dot > 0);
        ends.filter_map(|dot| self.below.get(&host[dot..]).copied())
            .next()
    }
}

/// The host of an authority in the form that names are compared in: without
/// its port and the dot at its end, in small letters; an IPv6 address as it is
/// usually written. `None` if it is longer than any name.
fn normal<'r>(authority: &[u8], room: &'r mut [u8; HOST_BYTES_MAX]) -> Option<&'r [u8]> {
    if let Some(inner) = authority.strip_prefix(b"[") {
        let end = memchr::memchr(b']', inner)?;
        let text = std::str::from_utf8(&inner[..end]).ok()?;
        let address: Ipv6Addr = text.parse().ok()?;
        let mut left = &mut room[..];
        write!(left, "[{address}]").ok()?;
        let len = HOST_BYTES_MAX - left.len();
        return Some(&room[..len]);
    }
    let end = memchr::memchr(b':', authority).unwrap_or(authority.len());
    let host = &authority[..end];
    let host = host.strip_suffix(b".").unwrap_or(host);
    let room = room.get_mut(..host.len())?;
    room.copy_from_slice(host);
    room.make_ascii_lowercase();
    Some(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(sites: &[&[&str]]) -> Hosts {
        let site = |hosts: &&[&str]| config::Site {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..config::Site::new(".")
        };
        Hosts::new(&sites.iter().map(site).collect::<Vec<_>>())
    }

    #[test]
    fn the_very_name_then_the_longest_end_then_the_rest() {
        let hosts = hosts(&[
            &["example.org", "[::1]"],
            &["*.example.org"],
            &["*.a.example.org", "127.0.0.1"],
            &["*"],
        ]);
        for (authority, expected) in [
            ("example.org", 0),
            ("EXAMPLE.org.", 0),
            ("example.org:8080", 0),
            ("example.org.:8080", 0),
            ("[::1]", 0),
            ("[0:0::1]:80", 0),
            ("b.example.org", 1),
            ("a.example.org", 1),
            ("x.b.Example.org", 1),
            ("b.a.example.org", 2),
            ("c.b.a.example.org", 2),
            ("127.0.0.1:80", 2),
            (".example.org", 3),
            ("badexample.org", 3),
            ("[::2]", 3),
            ("org", 3),
            ("%65xample.org", 3),
        ] {
            let found = hosts.find(|| Some(authority.as_bytes()));
            assert_eq!(found, Some(expected), "{authority}");
        }
        assert_eq!(hosts.find(|| Some(&[b'a'; 300])), Some(3));
        assert_eq!(hosts.find(|| None), Some(3));
    }

    #[test]
    fn without_a_site_for_the_rest_there_is_none() {
        let hosts = hosts(&[&["example.org"]]);
        assert_eq!(hosts.find(|| Some(b"example.org")), Some(0));
        assert_eq!(hosts.find(|| Some(b"a.example.org")), None);
        assert_eq!(hosts.find(|| None), None);
        assert_eq!(Hosts::all().find(|| None), Some(0));
    }
}
