//! The command line, as it was typed, and its help.

use crate::outputs::Outputs;
use clap::error::ErrorKind;
use clap::{ArgAction, Parser};
use std::ffi::OsString;

/// Most clients that can be asked for; what the machine allows is less.
const CLIENTS_MAX: u64 = 1_000_000;

/// Longest run: a week.
const TIME_S_MAX: u64 = 7 * 86_400;

/// Most worker processes.
const PROCESSES_MAX: u64 = 1_024;

const EXAMPLES: &str = "\
Examples:
  webbench http://127.0.0.1:8080/              one client for 30 s, a connection for each request
  webbench -c 64 -t 5 -k http://127.0.0.1:8080/index.html
  webbench -2 --head http://[::1]:8080/
Exit status: 0 done, 1 server not reachable, 2 bad arguments, 3 could not fork.";

/// Load an HTTP server with many clients for a while, and count its answers.
#[derive(Clone, Debug, Parser)]
#[command(name = "webbench", version, after_help = EXAMPLES)]
#[command(disable_help_flag = true, args_override_self = true)]
pub(crate) struct Arguments {
    /// What to ask for
    #[arg(help = "What to ask for: http://HOST[:PORT][/PATH][?QUERY]")]
    pub(crate) url: String,
    /// Number of clients, each with one request under way
    #[arg(short, long, value_name = "N", default_value = "1", allow_hyphen_values = true, value_parser = clients)]
    pub(crate) clients: usize,
    /// Seconds to run
    #[arg(short, long, value_name = "S", default_value = "30", allow_hyphen_values = true, value_parser = time)]
    pub(crate) time: u64,
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
    #[arg(long, overrides_with_all = ["head", "options", "trace"])]
    pub(crate) get: bool,
    /// Ask with HEAD (HTTP/1.0 or later)
    #[arg(long, overrides_with_all = ["get", "options", "trace"])]
    pub(crate) head: bool,
    /// Ask with OPTIONS (HTTP/1.1)
    #[arg(long, overrides_with_all = ["get", "head", "trace"])]
    pub(crate) options: bool,
    /// Ask with TRACE (HTTP/1.1)
    #[arg(long, overrides_with_all = ["get", "head", "options"])]
    pub(crate) trace: bool,
    /// Send many requests on one connection (HTTP/1.1), not one on each
    #[arg(short, long, conflicts_with_all = ["http09", "http10"])]
    pub(crate) keep_alive: bool,
    /// Ask caches on the way for a fresh answer (Pragma: no-cache)
    #[arg(short, long)]
    pub(crate) reload: bool,
    /// Seconds after which a request without its whole answer has failed
    #[arg(long, value_name = "S", default_value = "30", allow_hyphen_values = true, value_parser = time)]
    pub(crate) timeout: u64,
    /// Number of worker processes [default: one per CPU]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = processes)]
    pub(crate) processes: Option<usize>,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// Print this help
    #[arg(short, short_alias = '?', long, action = ArgAction::Help)]
    help: Option<bool>,
}

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
    Arguments::try_parse_from(words).map_err(|error| Nothing::from(&error))
}

impl From<&clap::Error> for Nothing {
    fn from(error: &clap::Error) -> Nothing {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Nothing::Asked(error.to_string()),
            _ => Nothing::Refused(one_line(&error.to_string())),
        }
    }
}

/// What clap says in several lines, without the usage that it ends with.
fn one_line(told: &str) -> String {
    let told = told.strip_prefix("error: ").unwrap_or(told);
    let end = told.find("\n\nUsage:").or(told.find("\n\nFor more"));
    let words: Vec<&str> = told[..end.unwrap_or(told.len())]
        .split_whitespace()
        .collect();
    let line = words.join(" ").replace(" tip:", ";");
    format!("{line} (see webbench --help)")
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

fn within(text: &str, most: u64) -> Result<u64, String> {
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
        assert_eq!((usual.clients, usual.time, usual.processes), (1, 30, None));
        assert!(!usual.http11 && !usual.keep_alive && !usual.reload);
        let all = good("-c 64 -t 5 -2 --trace -k -r --processes 3 http://a/");
        assert_eq!((all.clients, all.time, all.processes), (64, 5, Some(3)));
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
    }

    #[test]
    fn a_refusal_is_one_line_that_helps() {
        for (text, part) in [
            ("", "<URL>"),
            ("-c 0 http://a/", "from 1 to 1000000"),
            ("-c x http://a/", "from 1 to 1000000"),
            ("-t -1 http://a/", "from 1 to"),
            ("-t 0 http://a/", "from 1 to"),
            ("--processes 0 http://a/", "from 1 to 1024"),
            ("-k -1 http://a/", "--keep-alive"),
            ("--keepalive http://a/", "--keep-alive"),
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
