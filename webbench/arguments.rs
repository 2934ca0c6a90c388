//! The command line, as it was typed, with the files that it names, and its
//! help.

use crate::outputs::Outputs;
use clap::error::ErrorKind;
use clap::{ArgAction, Parser};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;

/// Most clients that can be asked for; what the machine allows is less.
const CLIENTS_MAX: u64 = 1_000_000;

/// Longest run: a week.
const TIME_S_MAX: u64 = 7 * 86_400;

/// Most worker processes.
const PROCESSES_MAX: u64 = 1_024;

/// Most requests of a run.
const REQUESTS_MAX: u64 = 1_000_000_000_000;

/// Most requests a second.
const RATE_MAX: u64 = 100_000_000;

/// Most requests that a client sends at once.
const PIPELINE_MAX: u64 = 1_000;

/// Longest file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

const EXAMPLES: &str = "\
Examples:
  webbench http://127.0.0.1:8080/       one client, 30 s, no connection kept
  webbench -c 64 -t 5 -k http://127.0.0.1:8080/index.html
  webbench -c 64 -t 5 --rate 20000 http://127.0.0.1:8080/index.html
  webbench -c 64 --pipeline 16 'frame://127.0.0.1:9000?bytes=64'
  webbench compare http://127.0.0.1:8080/ http://127.0.0.1:8081/
                                        two in turn (see webbench compare --help)
Exit status: 0 done, 1 server not reachable, 2 bad arguments, 3 could not fork.";

/// Load an HTTP server with many clients for a while, and count its answers.
#[derive(Clone, Debug, Parser)]
#[command(name = "webbench", version, after_help = EXAMPLES)]
#[command(disable_help_flag = true, args_override_self = true)]
pub(crate) struct Arguments {
    /// What to ask for
    #[arg(
        help = "What to ask for: http://HOST[:PORT][/PATH][?QUERY], or frame://HOST:PORT[?code=N][&bytes=N]"
    )]
    pub(crate) url: String,
    /// Number of clients, each with one request under way, or one batch
    #[arg(short, long, value_name = "N", default_value = "1", allow_hyphen_values = true, value_parser = clients)]
    pub(crate) clients: usize,
    /// Seconds to run [default: 30, if nothing else ends the run]
    #[arg(short, long, value_name = "S", allow_hyphen_values = true, value_parser = time)]
    pub(crate) time: Option<u64>,
    /// End when so many requests are answered or have failed
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = requests)]
    pub(crate) requests: Option<u64>,
    /// Speak HTTP/0.9
    #[arg(short = '9', long, overrides_with_all = ["http10", "http11"])]
    pub(crate) http09: bool,
    /// Speak HTTP/1.0 (so it does unless told otherwise)
    #[arg(short = '1', long, overrides_with_all = ["http09", "http11"])]
    pub(crate) http10: bool,
    /// Speak HTTP/1.1
    #[arg(short = '2', long, overrides_with_all = ["http09", "http10"])]
    pub(crate) http11: bool,
    /// Ask with GET (so it does unless told otherwise)
    #[arg(long, overrides_with_all = ["head", "options", "trace", "method"])]
    pub(crate) get: bool,
    /// Ask with HEAD (HTTP/1.0 or later)
    #[arg(long, overrides_with_all = ["get", "options", "trace", "method"])]
    pub(crate) head: bool,
    /// Ask with OPTIONS (HTTP/1.1)
    #[arg(long, overrides_with_all = ["get", "head", "trace", "method"])]
    pub(crate) options: bool,
    /// Ask with TRACE (HTTP/1.1)
    #[arg(long, overrides_with_all = ["get", "head", "options", "method"])]
    pub(crate) trace: bool,
    /// Ask with this method
    #[arg(long, value_name = "NAME", overrides_with_all = ["get", "head", "options", "trace"])]
    pub(crate) method: Option<String>,
    /// Send this field, in place of ours where we have one; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// Send this body, with POST unless told otherwise
    #[arg(long, value_name = "TEXT", overrides_with = "body_file")]
    pub(crate) body: Option<String>,
    /// Send what is in this file
    #[arg(long, value_name = "FILE", overrides_with = "body", value_parser = content)]
    pub(crate) body_file: Option<Content>,
    /// Ask in turn for the paths, or URLs of the same server, in this file
    #[arg(long, value_name = "FILE", value_parser = list)]
    pub(crate) urls: Option<List>,
    /// Send many requests on one connection (HTTP/1.1), not one on each
    #[arg(short, long, conflicts_with_all = ["http09", "http10"])]
    pub(crate) keep_alive: bool,
    /// Send so many requests at once, on connections that are kept
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = pipeline)]
    #[arg(conflicts_with_all = ["http09", "http10", "rate", "force"])]
    pub(crate) pipeline: Option<usize>,
    /// Requests a second, whatever the server does; times count from when one was due
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = rate)]
    pub(crate) rate: Option<u64>,
    /// Hold connections, and send a sign of life every S seconds (frame:// only)
    #[arg(long, value_name = "S", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "10", value_parser = time, conflicts_with_all = ["rate", "pipeline"])]
    pub(crate) heartbeat: Option<u64>,
    /// Send requests, and wait for no answers
    #[arg(short, long, conflicts_with = "keep_alive")]
    pub(crate) force: bool,
    /// Ask caches on the way for a fresh answer (Pragma: no-cache)
    #[arg(short, long)]
    pub(crate) reload: bool,
    /// Ask by way of this proxy
    #[arg(short, long, value_name = "HOST:PORT")]
    pub(crate) proxy: Option<String>,
    /// Seconds of load before it is measured
    #[arg(long, value_name = "S", allow_hyphen_values = true, value_parser = time)]
    pub(crate) warm_up: Option<u64>,
    /// Seconds over which the clients start
    #[arg(long, value_name = "S", allow_hyphen_values = true, value_parser = time)]
    pub(crate) ramp: Option<u64>,
    /// Seconds after which a request without its whole answer has failed
    #[arg(long, value_name = "S", default_value = "30", allow_hyphen_values = true, value_parser = time)]
    pub(crate) timeout: u64,
    /// Number of worker processes [default: one per CPU]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = processes)]
    pub(crate) processes: Option<usize>,
    /// A worker process for each client, as of old
    #[arg(long, conflicts_with = "processes")]
    pub(crate) fork_per_client: bool,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// Print this help
    #[arg(short, short_alias = '?', long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub(crate) struct Content(pub(crate) Vec<u8>);

/// The lines of a file, without those that are empty or begin with `#`; there
/// is one at least.
#[derive(Clone, Debug)]
pub(crate) struct List(pub(crate) Vec<String>);

/// Why arguments give nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// The user asked for this text (help or version): print it, exit with 0.
    Asked(String),
    /// The arguments are wrong: print this line, exit with 2.
    Refused(String),
}

/// Reads the command line, of which the first word is the program's name.
///
/// # Errors
/// The text for `--help` and `--version`, or what is wrong.
pub(crate) fn read<I>(words: I) -> Result<Arguments, Nothing>
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    Arguments::try_parse_from(words).map_err(|error| match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let line = "name a URL, such as http://127.0.0.1:8080/";
            Nothing::Refused(one_line(line, "webbench"))
        }
        _ => refused(&error, "webbench"),
    })
}

/// What clap says, of the command line of this program.
pub(crate) fn refused(error: &clap::Error, program: &str) -> Nothing {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Nothing::Asked(error.to_string()),
        _ => Nothing::Refused(one_line(&error.to_string(), program)),
    }
}

/// What clap says in several lines, without the usage that it ends with.
fn one_line(told: &str, program: &str) -> String {
    let told = told.strip_prefix("error: ").unwrap_or(told);
    let end = told.find("\n\nUsage:").or(told.find("\n\nFor more"));
    let words: Vec<&str> = told[..end.unwrap_or(told.len())]
        .split_whitespace()
        .collect();
    let line = words.join(" ").replace(" tip:", ";");
    format!("{line} (see {program} --help)")
}

fn clients(text: &str) -> Result<usize, String> {
    within(text, CLIENTS_MAX).map(|clients| clients as usize)
}

fn processes(text: &str) -> Result<usize, String> {
    within(text, PROCESSES_MAX).map(|processes| processes as usize)
}

fn time(text: &str) -> Result<u64, String> {
    within(text, TIME_S_MAX)
}

fn requests(text: &str) -> Result<u64, String> {
    within(text, REQUESTS_MAX)
}

fn rate(text: &str) -> Result<u64, String> {
    within(text, RATE_MAX)
}

fn pipeline(text: &str) -> Result<usize, String> {
    within(text, PIPELINE_MAX).map(|pipeline| pipeline as usize)
}

fn content(path: &str) -> Result<Content, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("take a file of at most {FILE_BYTES_MAX} bytes"));
    }
    Ok(Content(bytes))
}

fn list(path: &str) -> Result<List, String> {
    let Content(bytes) = content(path)?;
    let text = String::from_utf8(bytes).map_err(|_| "take a file of text".to_owned())?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Err("write a path into it, such as /index.html".to_owned());
    }
    Ok(List(lines))
}

/// A whole number from 1 on.
pub(crate) fn within(text: &str, most: u64) -> Result<u64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("write a whole number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn words(words: &str) -> Result<Arguments, Nothing> {
        read(std::iter::once("webbench").chain(words.split_whitespace()))
    }

    fn good(text: &str) -> Arguments {
        words(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn the_shapes_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn classic_options() {
        let usual = good("http://a/");
        assert_eq!(
            (usual.clients, usual.time, usual.processes),
            (1, None, None)
        );
        assert!(!usual.http11 && !usual.keep_alive && !usual.reload);
        let all = good("-c 64 -t 5 -2 --trace -k -r --processes 3 http://a/");
        assert_eq!(
            (all.clients, all.time, all.processes),
            (64, Some(5), Some(3))
        );
        assert!(all.http11 && all.trace && all.keep_alive && all.reload);
        assert!(good("-9 http://a/").http09 && good("--http10 http://a/").http10);
        assert!(good("http://a/ -c64").clients == 64, "in any order");
    }

    #[test]
    fn the_last_word_wins() {
        let last = good("-c 2 -c 3 -9 -1 -2 --head --get http://a/");
        assert_eq!(last.clients, 3);
        assert!(last.http11 && !last.http10 && !last.http09);
        assert!(last.get && !last.head);
        let last = good("--head --method PUT --pipeline 2 --pipeline 3 http://a/");
        assert!(!last.head && last.method.as_deref() == Some("PUT"));
        assert_eq!(last.pipeline, Some(3));
        assert_eq!(
            good("-H a:b -H c:d http://a/").headers,
            ["a:b", "c:d"],
            "not these"
        );
    }

    #[test]
    fn signs_of_life_take_a_number_or_none() {
        assert_eq!(good("--heartbeat frame://a:1").heartbeat, Some(10));
        assert_eq!(good("--heartbeat=3 frame://a:1").heartbeat, Some(3));
        assert_eq!(good("frame://a:1").heartbeat, None);
    }

    #[test]
    fn a_refusal_is_one_line_that_helps() {
        for (text, part) in [
            ("", "name a URL"),
            ("-c 2", "name a URL"),
            ("-c 0 http://a/", "from 1 to 1000000"),
            ("-c x http://a/", "from 1 to 1000000"),
            ("-t -1 http://a/", "from 1 to"),
            ("-t 0 http://a/", "from 1 to"),
            ("--processes 0 http://a/", "from 1 to 1024"),
            ("-k -1 http://a/", "--keep-alive"),
            ("--keepalive http://a/", "--keep-alive"),
            ("--pipeline 0 http://a/", "from 1 to 1000"),
            ("--pipeline 2 --rate 5 http://a/", "--rate"),
            ("--requests 0 http://a/", "from 1 to"),
            ("--rate 1.5 http://a/", "whole number"),
            ("-f -k http://a/", "--force"),
            ("--fork-per-client --processes 2 http://a/", "--processes"),
            ("--body-file /nowhere/at/all http://a/", "No such file"),
            ("--urls /nowhere/at/all http://a/", "No such file"),
            ("--urls /dev/null http://a/", "write a path"),
            ("--urls /dev/zero http://a/", "at most"),
            ("http://a/ http://b/", "http://b/"),
        ] {
            match words(text) {
                Err(Nothing::Refused(line)) => {
                    assert!(
                        line.contains(part) && !line.contains('\n'),
                        "{text}: {line}"
                    );
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn help_and_version_are_no_mistakes() {
        for (text, part) in [
            ("--help", "--keep-alive"),
            ("-h", "--keep-alive"),
            ("-?", "--keep-alive"),
            ("-V", "webbench "),
            ("--version", "webbench "),
        ] {
            let asked = words(text).expect_err("no arguments");
            assert!(
                matches!(&asked, Nothing::Asked(told) if told.contains(part)),
                "{asked:?}"
            );
        }
    }
}
