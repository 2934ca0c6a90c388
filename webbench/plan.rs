//! What a run does, checked: whom it asks, with which bytes, by how many
//! clients. Pure.

use crate::answer::Asked;
use crate::arguments::Arguments;
use crate::url::Target;
use std::fmt;
use std::time::Duration;

/// Descriptors that a worker process needs besides its clients' sockets.
const FILES_RESERVED: usize = 32;

/// A run, as the user wants it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The URL as it was typed.
    pub(crate) url: String,
    /// Where it leads.
    pub(crate) target: Target,
    /// How it is asked for.
    pub(crate) method: Method,
    /// In which version of HTTP.
    pub(crate) version: Version,
    /// Many requests on one connection.
    pub(crate) keep_alive: bool,
    /// Caches are told to ask for a fresh answer.
    pub(crate) reload: bool,
    /// Requests under way at any time.
    pub(crate) clients: usize,
    /// How long it runs.
    pub(crate) time: Duration,
    /// A request without its whole answer has failed after this.
    pub(crate) timeout: Duration,
    /// Worker processes, if the user says how many.
    pub(crate) processes: Option<usize>,
}

/// A method of the classic options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Options,
    Trace,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    Http09,
    Http10,
    Http11,
}

impl Plan {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A line that says what to do.
    pub(crate) fn new(arguments: Arguments) -> Result<Plan, String> {
        let target = Target::parse(&arguments.url)?;
        let method = match () {
            () if arguments.head => Method::Head,
            () if arguments.options => Method::Options,
            () if arguments.trace => Method::Trace,
            () => Method::Get,
        };
        let asked = match () {
            () if arguments.http09 => Version::Http09,
            () if arguments.http11 || arguments.keep_alive => Version::Http11,
            () => Version::Http10,
        };
        Ok(Plan {
            target,
            method,
            version: asked.max(method.first_version()),
            keep_alive: arguments.keep_alive,
            reload: arguments.reload,
            clients: arguments.clients,
            time: Duration::from_secs(arguments.time),
            timeout: Duration::from_secs(arguments.timeout),
            processes: arguments.processes,
            url: arguments.url,
        })
    }

    /// The bytes of a request.
    pub(crate) fn request(&self) -> Vec<u8> {
        let (method, path) = (self.method, &self.target.path);
        if self.version == Version::Http09 {
            return format!("{method} {path}\r\n").into_bytes();
        }
        let mut head = format!(
            "{method} {path} {}\r\nHost: {}\r\nUser-Agent: webbench/{}\r\n",
            self.version,
            self.target.authority,
            env!("CARGO_PKG_VERSION"),
        );
        if self.reload {
            head += "Pragma: no-cache\r\n";
        }
        if self.version == Version::Http11 && !self.keep_alive {
            head += "Connection: close\r\n";
        }
        head += "\r\n";
        head.into_bytes()
    }

    /// What kind of answer a request gets.
    pub(crate) fn asked(&self) -> Asked {
        match (self.version, self.method) {
            (Version::Http09, _) => Asked::Bare,
            (_, Method::Head) => Asked::Head,
            _ => Asked::Body,
        }
    }

    /// What each worker process gets.
    ///
    /// # Errors
    /// A line that says what does not fit on `machine`, and what does.
    pub(crate) fn shares(&self, machine: Machine) -> Result<Vec<Share>, String> {
        let Machine { cpus, files, ports } = machine;
        let clients = self.clients;
        if clients > ports {
            return Err(format!(
                "{clients} clients need as many local ports, and there are {ports}: take -c \
                 {ports} or fewer, or widen net.ipv4.ip_local_port_range"
            ));
        }
        let room = files.saturating_sub(FILES_RESERVED).max(1);
        let needed = clients.div_ceil(room);
        let processes = self.processes.unwrap_or(cpus.max(needed)).min(clients);
        if processes < needed {
            let most = processes * room;
            return Err(format!(
                "{clients} clients do not fit into {processes} processes of {files} open files: \
                 take --processes {needed} or more, -c {most} or fewer, or raise `ulimit -n`"
            ));
        }
        let (each, rest) = (clients / processes, clients % processes);
        let share = |number| {
            let clients = each + usize::from(number < rest);
            Share {
                clients,
                spare_files: room.saturating_sub(clients),
            }
        };
        Ok((0..processes).map(share).collect())
    }
}

/// The part of a run that one worker process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) clients: usize,
    /// Files that it may have open besides one for each client.
    pub(crate) spare_files: usize,
}

/// What a machine allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// Processors.
    pub(crate) cpus: usize,
    /// Files that a process may have open.
    pub(crate) files: usize,
    /// Local ports for connections to one address.
    pub(crate) ports: usize,
}

impl Method {
    /// The version that it came with.
    fn first_version(self) -> Version {
        match self {
            Method::Get => Version::Http09,
            Method::Head => Version::Http10,
            Method::Options | Method::Trace => Version::Http11,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Version::Http09 => "HTTP/0.9",
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments;

    fn plan(words: &str) -> Plan {
        let words = std::iter::once("webbench").chain(words.split_whitespace());
        Plan::new(arguments::read(words).expect("good arguments")).expect("a good plan")
    }

    #[test]
    fn requests() {
        let agent = concat!("User-Agent: webbench/", env!("CARGO_PKG_VERSION"), "\r\n");
        for (words, line, more) in [
            ("http://a:1/b?c", "GET /b?c HTTP/1.0", ""),
            ("-1 -r http://a:1", "GET / HTTP/1.0", "Pragma: no-cache\r\n"),
            ("-2 http://a:1", "GET / HTTP/1.1", "Connection: close\r\n"),
            ("-k http://a:1", "GET / HTTP/1.1", ""),
            ("-9 --head http://a:1", "HEAD / HTTP/1.0", ""),
            (
                "--trace http://a:1",
                "TRACE / HTTP/1.1",
                "Connection: close\r\n",
            ),
            (
                "-1 --options http://a:1",
                "OPTIONS / HTTP/1.1",
                "Connection: close\r\n",
            ),
        ] {
            let expected = format!("{line}\r\nHost: a:1\r\n{agent}{more}\r\n");
            assert_eq!(
                String::from_utf8(plan(words).request()).expect("text"),
                expected
            );
        }
        assert_eq!(plan("-9 -r http://a").request(), b"GET /\r\n");
    }

    #[test]
    fn kinds_of_answers() {
        assert_eq!(plan("-9 http://a").asked(), Asked::Bare);
        assert_eq!(plan("-9 --head http://a").asked(), Asked::Head);
        assert_eq!(plan("--trace http://a").asked(), Asked::Body);
    }

    #[test]
    fn what_fits_is_shared_and_what_does_not_is_said() {
        let machine = Machine {
            cpus: 2,
            files: 132,
            ports: 1000,
        };
        let shares = |words: &str| {
            let shares = plan(&format!("{words} http://a")).shares(machine)?;
            assert!(
                shares
                    .iter()
                    .all(|share| share.clients + share.spare_files == 100)
            );
            Ok::<_, String>(shares.iter().map(|share| share.clients).collect::<Vec<_>>())
        };
        assert_eq!(shares("-c 1"), Ok(vec![1]));
        assert_eq!(shares("-c 5"), Ok(vec![3, 2]));
        assert_eq!(shares("-c 5 --processes 9"), Ok(vec![1; 5]));
        assert_eq!(shares("-c 200"), Ok(vec![100, 100]));
        assert_eq!(
            shares("-c 201"),
            Ok(vec![67; 3]),
            "more processes than CPUs"
        );
        assert!(shares("-c 101 --processes 1").is_err_and(|line| line.contains("--processes 2")));
        assert!(shares("-c 1001").is_err_and(|line| line.contains("-c 1000 or fewer")));
    }
}
