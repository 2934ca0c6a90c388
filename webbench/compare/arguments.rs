//! The command line of a comparison: that of a run, and some more.

use crate::arguments::{self, Nothing, refused};
use clap::{CommandFactory, FromArgMatches, Parser};
use std::ffi::OsString;

/// How long a turn takes unless the user says when it ends.
const TIME_S_DEFAULT: u64 = 5;

/// Most rounds.
const ROUNDS_MAX: u64 = 10_000;

const PROGRAM: &str = "webbench compare";

const ABOUT: &str = "Load two servers in turn, A B, B A, A B …, and tell the ratio of each round \
and their median.\nAll options of a run are for both.";

const EXAMPLES: &str = "\
Examples:
  webbench compare -c 64 -k http://127.0.0.1:8080/ http://127.0.0.1:8081/
  webbench compare --rounds 9 -t 3 --fail-below 0.9 http://new/ http://old/
Exit status: 0 done, 1 server not reachable, 2 bad arguments, 3 could not fork,
4 --fail-below missed.";

/// What is compared, and how often.
#[derive(Clone, Debug, Parser)]
#[command(name = PROGRAM)]
pub(crate) struct Comparing {
    #[command(flatten)]
    pub(crate) load: arguments::Arguments,
    /// The other one, by which the figures of A are divided
    #[arg(index = 2, value_name = "B")]
    pub(crate) other: String,
    /// Number of rounds, each of a turn for A and one for B
    #[arg(long, value_name = "N", default_value = "5", allow_hyphen_values = true, value_parser = rounds)]
    #[arg(help_heading = "Comparison")]
    pub(crate) rounds: u32,
    /// Compare the processor time of these servers' processes too
    #[arg(long, value_name = "PID", allow_hyphen_values = true, value_parser = crate::outputs::pid)]
    #[arg(help_heading = "Comparison", requires = "pid_b")]
    pub(crate) pid_a: Option<u32>,
    /// See --pid-a
    #[arg(long, value_name = "PID", allow_hyphen_values = true, value_parser = crate::outputs::pid)]
    #[arg(help_heading = "Comparison", requires = "pid_a")]
    pub(crate) pid_b: Option<u32>,
    /// End with status 4 if the median of the rates A/B is below this
    #[arg(long, value_name = "RATIO", allow_hyphen_values = true, value_parser = ratio)]
    #[arg(help_heading = "Comparison")]
    pub(crate) fail_below: Option<f64>,
}

/// Reads the command line, of which the first word is `compare`.
///
/// # Errors
/// The text for `--help` and `--version`, or what is wrong.
pub(crate) fn read(words: &[OsString]) -> Result<Comparing, Nothing> {
    let read = command()
        .try_get_matches_from(words)
        .and_then(|matches| Comparing::from_arg_matches(&matches));
    let mut arguments = read.map_err(|error| refused(&error, PROGRAM))?;
    let outputs = &arguments.load.outputs;
    let wrong = match () {
        () if outputs.csv.is_some() => "--csv is for single runs: take --json",
        () if outputs.html.is_some() => "--html is for single runs: take --json",
        () if outputs.server_pid.is_some() => "there are two servers: take --pid-a and --pid-b",
        () => "",
    };
    if !wrong.is_empty() {
        return Err(Nothing::Refused(wrong.to_owned()));
    }
    if arguments.load.time.is_none() && arguments.load.requests.is_none() {
        arguments.load.time = Some(TIME_S_DEFAULT);
    }
    Ok(arguments)
}

/// The options of a run, told as they are meant here.
fn command() -> clap::Command {
    let mut command = Comparing::command()
        .bin_name(PROGRAM)
        .about(ABOUT)
        .after_help(EXAMPLES)
        .mut_arg("url", |url| {
            url.index(1)
                .value_name("A")
                .help("The one server, as in a run")
        })
        .mut_arg("time", |time| {
            time.help("Seconds of a turn [default: 5, if nothing else ends it]")
        });
    for single in ["csv", "html", "server_pid"] {
        command = command.mut_arg(single, |option| option.hide(true));
    }
    command
}

fn rounds(text: &str) -> Result<u32, String> {
    arguments::within(text, ROUNDS_MAX).map(|rounds| rounds as u32)
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok();
    let ratio = ratio.filter(|ratio: &f64| ratio.is_finite() && *ratio > 0.0);
    ratio.ok_or_else(|| "write a ratio such as 0.9".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Comparing, Nothing> {
        let words = std::iter::once("compare").chain(text.split_whitespace());
        read(&words.map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_shapes_hold_together() {
        command().debug_assert();
    }

    #[test]
    fn options_of_a_run_and_of_a_comparison() {
        let usual = words("http://a/ http://b/").expect("good");
        assert_eq!(
            (usual.load.url.as_str(), usual.other.as_str()),
            ("http://a/", "http://b/")
        );
        assert_eq!((usual.rounds, usual.load.time), (5, Some(5)));
        let all = "-c 3 http://a/ --rounds 2 -k --requests 9 --pid-a 1 --pid-b 2 http://b/ --fail-below .9";
        let all = words(all).expect("good");
        assert_eq!((all.rounds, all.load.clients, all.load.time), (2, 3, None));
        assert_eq!(
            (all.pid_a, all.pid_b, all.fail_below),
            (Some(1), Some(2), Some(0.9))
        );
    }

    #[test]
    fn a_refusal_is_one_line_that_helps() {
        for (text, part) in [
            ("http://a/", "<B>"),
            ("", "<A>"),
            ("http://a/ http://b/ http://c/", "http://c/"),
            ("--rounds 0 http://a/ http://b/", "from 1 to"),
            ("--pid-a 1 http://a/ http://b/", "--pid-b"),
            (
                "--pid-a 0 --pid-b 1 http://a/ http://b/",
                "number of a process",
            ),
            ("--fail-below x http://a/ http://b/", "0.9"),
            ("--fail-below -1 http://a/ http://b/", "0.9"),
            ("--html x http://a/ http://b/", "--json"),
            ("--csv x http://a/ http://b/", "--json"),
            ("--server-pid 1 http://a/ http://b/", "--pid-a"),
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
    fn help_is_of_both() {
        let Err(Nothing::Asked(help)) = words("--help") else {
            panic!("no help");
        };
        for part in [
            "webbench compare [OPTIONS] <A> <B>",
            "--fail-below",
            "--keep-alive",
            "B A",
        ] {
            assert!(help.contains(part), "no {part} in {help}");
        }
        assert!(
            !help.contains("--html") && !help.contains("--server-pid"),
            "{help}"
        );
    }
}
