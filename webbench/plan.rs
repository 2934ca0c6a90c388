//! What a run does, checked: whom it asks, with which bytes, by how many
//! clients and until when. Pure.

mod asked;
mod request;
mod shares;

pub(crate) use request::Script;
pub(crate) use shares::{Machine, Share};

use crate::answer::Asked;
use crate::arguments::Arguments;
use crate::package::Wanted;
use crate::reader::Expected;
use crate::url::{Scheme, Target, split_port};
use std::fmt;
use std::time::Duration;

/// How long a run takes unless the user says when it ends.
const TIME_DEFAULT: Duration = Duration::from_secs(30);

/// What a network takes in one segment: bytes beyond it would wait for an
/// acknowledgement of those before.
const SEGMENT_BYTES: usize = 1_400;

/// A run, as the user wants it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The URL as it was typed.
    pub(crate) url: String,
    /// Where it leads.
    pub(crate) target: Target,
    /// Host and port of the proxy on the way.
    proxy: Option<(String, u16)>,
    /// How it is asked for.
    pub(crate) method: Method,
    /// In which version of HTTP, or by packages.
    pub(crate) version: Version,
    /// Many requests on one connection.
    pub(crate) keep_alive: bool,
    /// Requests that are sent at once.
    pub(crate) pipeline: usize,
    /// Caches are told to ask for a fresh answer.
    pub(crate) reload: bool,
    /// Answers are not waited for.
    pub(crate) force: bool,
    /// What a connection's end has left without an answer may be sent again.
    pub(crate) repeats: bool,
    /// The requests' bytes.
    pub(crate) script: Script,
    /// What kind of answer they get.
    pub(crate) expected: Expected,
    /// Requests under way at any time, or batches of them.
    pub(crate) clients: usize,
    /// How long the measured part lasts, at most.
    pub(crate) time: Option<Duration>,
    /// How many requests are begun in it.
    pub(crate) requests: Option<u64>,
    /// Goes before the measured part.
    pub(crate) warm_up: Duration,
    /// The clients' starts are spread over this.
    pub(crate) ramp: Duration,
    /// Requests that are due in a second, all clients together.
    pub(crate) rate: Option<u64>,
    /// Clients rest this long between two signs of life, and send nothing else.
    pub(crate) heartbeat: Option<Duration>,
    /// A request without its whole answer has failed after this.
    pub(crate) timeout: Duration,
    /// Worker processes, if the user says how many.
    pub(crate) processes: Option<usize>,
    /// One of them for each client.
    pub(crate) fork_per_client: bool,
}

/// A method, or what stands in its place for packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Method(String);

/// A version of HTTP, or the other protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    Http09,
    Http10,
    Http11,
    Packages,
}

impl Plan {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A line that says what to do.
    pub(crate) fn new(arguments: Arguments) -> Result<Plan, String> {
        let target = Target::parse(&arguments.url)?;
        let pipeline = arguments.pipeline.unwrap_or(1);
        let proxy = arguments.proxy.as_deref().map(proxy).transpose()?;
        let (method, version, requests) = match target.scheme {
            Scheme::Http => asked::http(&arguments, &target)?,
            Scheme::Frame(package) => asked::packages(&arguments, package)?,
        };
        let script = Script::new(&requests, pipeline)?;
        let expected = match (version, method.0.as_str()) {
            (Version::Packages, _) => Expected::Package(Wanted::by(script.batch(0, 1))),
            (Version::Http09, _) => Expected::Http(Asked::Bare),
            (_, "HEAD") => Expected::Http(Asked::Head),
            _ => Expected::Http(Asked::Body),
        };
        let time = arguments.time.map(Duration::from_secs);
        let unending = arguments.requests.is_none();
        Ok(Plan {
            target,
            repeats: repeats(&method, version) && arguments.heartbeat.is_none(),
            proxy,
            method,
            version,
            keep_alive: asked::is_kept(&arguments) || version == Version::Packages,
            pipeline,
            reload: arguments.reload,
            force: arguments.force,
            script,
            expected,
            clients: arguments.clients,
            time: time.or(unending.then_some(TIME_DEFAULT)),
            requests: arguments.requests,
            warm_up: Duration::from_secs(arguments.warm_up.unwrap_or(0)),
            ramp: Duration::from_secs(arguments.ramp.unwrap_or(0)),
            rate: arguments.rate,
            heartbeat: arguments.heartbeat.map(Duration::from_secs),
            timeout: Duration::from_secs(arguments.timeout),
            processes: arguments.processes,
            fork_per_client: arguments.fork_per_client,
            url: arguments.url,
        })
    }

    /// Host and port that are connected to.
    pub(crate) fn server(&self) -> (&str, u16) {
        match &self.proxy {
            Some((host, port)) => (host, *port),
            None => (&self.target.host, self.target.port),
        }
    }

    /// Whether what is sent at once must not wait for acknowledgements.
    pub(crate) fn is_large(&self) -> bool {
        self.script.batch_bytes_max(self.pipeline) > SEGMENT_BYTES
    }

    /// When the measured part ends, in words.
    pub(crate) fn end(&self) -> String {
        let seconds = self.time.map(|time| format!("{} sec", time.as_secs()));
        let requests = self.requests.map(|requests| format!("{requests} requests"));
        let ends: Vec<String> = seconds.into_iter().chain(requests).collect();
        ends.join(" or ")
    }
}

/// RFC 9110 9.2.2: what may be asked for twice as well as once. A package may:
/// it is let go unread where its connection ends between two.
fn repeats(method: &Method, version: Version) -> bool {
    let twice = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
    version == Version::Packages || twice.contains(&method.0.as_str())
}

fn proxy(text: &str) -> Result<(String, u16), String> {
    let known = split_port(text).and_then(|(host, port)| Some((host, port?)));
    let (host, port) = known.ok_or_else(|| format!("-p {text:?}: write HOST:PORT"))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

impl Method {
    fn of(arguments: &Arguments, has_body: bool) -> Result<Method, String> {
        let name = match &arguments.method {
            Some(name) if !request::is_token(name) || name == "CONNECT" => {
                return Err(format!("--method {name:?}: write a method such as PUT"));
            }
            Some(name) => name,
            None if arguments.head => "HEAD",
            None if arguments.options => "OPTIONS",
            None if arguments.trace => "TRACE",
            None if has_body && !arguments.get => "POST",
            None => "GET",
        };
        Ok(Method(name.to_owned()))
    }

    /// The version that it came with.
    fn first_version(&self) -> Version {
        match self.0.as_str() {
            "GET" => Version::Http09,
            "OPTIONS" | "TRACE" => Version::Http11,
            _ => Version::Http10,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Version::Http09 => "HTTP/0.9",
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
            Version::Packages => "packages",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments;

    /// The plan behind these words.
    pub(super) fn plan(words: &str) -> Plan {
        tried(words).unwrap_or_else(|line| panic!("{words}: {line}"))
    }

    fn tried(words: &str) -> Result<Plan, String> {
        let words = std::iter::once("webbench").chain(words.split_whitespace());
        Plan::new(arguments::read(words).expect("good arguments"))
    }

    fn request(words: &str) -> String {
        let plan = plan(words);
        let bytes = plan.script.batch(0, plan.script.count());
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[test]
    fn requests() {
        let agent = concat!("User-Agent: webbench/", env!("CARGO_PKG_VERSION"), "\r\n");
        let close = "Connection: close\r\n";
        for (words, line, more) in [
            ("http://a:1/b?c", "GET /b?c HTTP/1.0", ""),
            ("-1 -r http://a:1", "GET / HTTP/1.0", "Pragma: no-cache\r\n"),
            ("-2 http://a:1", "GET / HTTP/1.1", close),
            ("-k http://a:1", "GET / HTTP/1.1", ""),
            ("--pipeline 3 http://a:1", "GET / HTTP/1.1", ""),
            ("-9 --head http://a:1", "HEAD / HTTP/1.0", ""),
            ("--trace http://a:1", "TRACE / HTTP/1.1", close),
            ("-1 --options http://a:1", "OPTIONS / HTTP/1.1", close),
            ("--method PURGE -k http://a:1/x", "PURGE /x HTTP/1.1", ""),
            ("-9 -p b:2 http://a:1/x", "GET http://a:1/x HTTP/1.0", ""),
            ("-9 -H X:y http://a:1", "GET / HTTP/1.0", "X: y\r\n"),
            (
                "-H A:b -H A:c --body xyz http://a:1",
                "POST / HTTP/1.0",
                "Content-Length: 3\r\nA: b\r\nA: c\r\n",
            ),
        ] {
            let body = if words.contains("xyz") { "xyz" } else { "" };
            let expected = format!("{line}\r\nHost: a:1\r\n{agent}{more}\r\n{body}");
            assert_eq!(request(words), expected);
        }
        assert_eq!(request("-9 -r http://a"), "GET /\r\n");
    }

    #[test]
    fn given_fields_replace_ours() {
        let words = "-2 -H host:x -H USER-AGENT:y -H Connection:z -H content-length:0 \
                     --method PUT --body w http://a";
        let expected = "PUT / HTTP/1.1\r\nhost: x\r\nUSER-AGENT: y\r\nConnection: z\r\n\
                        content-length: 0\r\n\r\nw";
        assert_eq!(request(words), expected);
        assert!(tried("-H X http://a").is_err_and(|line| line.contains("Name: value")));
    }

    #[test]
    fn kinds_of_answers() {
        let expected = |words: &str| plan(words).expected;
        assert_eq!(expected("-9 http://a"), Expected::Http(Asked::Bare));
        assert_eq!(expected("-9 --head http://a"), Expected::Http(Asked::Head));
        assert_eq!(expected("--trace http://a"), Expected::Http(Asked::Body));
        assert!(matches!(expected("frame://a:1"), Expected::Package(_)));
    }

    #[test]
    fn packages() {
        for (words, name, bytes) in [
            ("frame://a:1?bytes=5", "ECHO", "\0\r\0\u{1}"),
            (
                "frame://a:1?code=9&bytes=0",
                "CODE 9",
                "\0\u{8}\0\t\0\0\0\0",
            ),
            (
                "--heartbeat frame://a:1",
                "HEARTBEAT",
                "\0\u{8}\0\0\0\0\0\0",
            ),
        ] {
            let plan = plan(words);
            assert_eq!(plan.method.to_string(), name);
            assert!(plan.keep_alive && plan.version == Version::Packages);
            assert!(
                plan.script.batch(0, 1).starts_with(bytes.as_bytes()),
                "{words}"
            );
        }
        for words in [
            "-2", "--head", "-H a:b", "--body x", "-r", "-p b:1", "-f", "--get",
        ] {
            let line = tried(&format!("{words} frame://a:1")).expect_err(words);
            assert!(line.starts_with("frame:// goes without"), "{line}");
        }
        assert!(tried("--heartbeat http://a").is_err_and(|line| line.contains("frame://")));
    }

    #[test]
    fn ends() {
        assert_eq!(plan("http://a").end(), "30 sec");
        assert_eq!(plan("--requests 7 http://a").end(), "7 requests");
        assert_eq!(
            plan("--requests 7 -t 2 http://a").end(),
            "2 sec or 7 requests"
        );
    }

    #[test]
    fn the_way_there() {
        assert_eq!(plan("http://a").server(), ("a", 80));
        assert_eq!(plan("-p [::1]:8 http://a").server(), ("::1", 8));
        for words in ["-p a", "-p a:", "-p :1", "-p http://a:1/"] {
            let line = tried(&format!("{words} http://a")).expect_err(words);
            assert!(line.contains("HOST:PORT"), "{line}");
        }
        assert!(!plan("http://a").is_large() && plan("--pipeline 40 http://a").is_large());
    }
}
