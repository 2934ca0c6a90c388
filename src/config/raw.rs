//! The command line: its shapes, and its help.

use crate::base::limits::{TIMEOUT_S_MAX, WORKERS_MAX};
use crate::base::tick::Millis;
use crate::config::choice::any_of;
use crate::config::nearest::nearest;
use crate::config::{Address, FRAMINGS, Mode, Refusal, address};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the user wants the program to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve a folder, or what a file says (the word may be left out)
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Print every mistake in a configuration file, and its place
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Send one package to a server and print the answer
    #[command(after_help = CALL_EXAMPLES)]
    Call(CallArgs),
    /// Have the master read its configuration again, and serve by it
    Reload(SignalArgs),
    /// Have the master finish what is under way, and stop
    Quit(SignalArgs),
    /// Have the master stop at once
    Stop(SignalArgs),
    /// Have the master and the serving process open their logs anew
    Reopen(SignalArgs),
    /// Have the master run the program that is in its file now
    Upgrade(SignalArgs),
    /// Read a password and print what a site's `users` need of it
    #[command(after_help = PASSWORD_EXAMPLES)]
    Password(PasswordArgs),
    /// Print a script by which a shell completes these words
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page
    #[command(after_help = MAN_EXAMPLES)]
    Man,
}

/// Arguments of `pelton completions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Arguments of `pelton password`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct PasswordArgs {
    /// Name that the password is for [default: none, just the hash]
    #[arg(value_parser = user_name)]
    pub name: Option<String>,
}

/// Arguments of `pelton serve`; what is given here goes before the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct ServeArgs {
    /// Folder to serve, instead of the site's root in the file
    pub dir: Option<PathBuf>,
    /// Configuration [default: conf/pelton.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Serve HTTP at PORT, :PORT, IP:PORT, unix:PATH
    #[arg(long, value_name = "ADDR")]
    pub http: Option<Address>,
    /// The same for the binary protocol
    #[arg(long, value_name = "ADDR")]
    pub frame: Option<Address>,
    /// Answer on the loops, or on a pool of threads
    #[arg(long, value_name = "reactor|proactor")]
    pub mode: Option<Mode>,
    /// Number of event loops; 0 = one per CPU
    #[arg(long, value_name = "N", value_parser = workers)]
    pub workers: Option<usize>,
    /// With a master process (master.enable)
    #[arg(long)]
    pub master: bool,
}

/// Arguments of `pelton check`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct CheckArgs {
    /// Configuration file [default: conf/pelton.toml]
    pub file: Option<PathBuf>,
    /// The same, as the other commands name it
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub config: Option<PathBuf>,
}

/// Arguments of the commands that signal a master.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct SignalArgs {
    /// The master's pid file [default: as configured]
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// File that names it [default: conf/pelton.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Bytes that were given as hexadecimal digits.
// A name of its own, since clap takes a `Vec` for an argument that repeats.
pub type HexBytes = Vec<u8>;

/// Arguments of `pelton call`. At most one of `text`, `hex` and `file` is
/// given; without them the package has no body.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct CallArgs {
    /// Address of the server: PORT, IP:PORT or localhost:PORT
    #[arg(value_parser = address::parse)]
    pub addr: SocketAddr,
    /// Code of the package, such as 1 (echo) or 0x2001
    #[arg(long, value_name = "N", value_parser = code)]
    pub code: u16,
    /// How packages are framed
    #[arg(long, value_name = "head8|head16", default_value = FRAMINGS[0], value_parser = framing)]
    pub framing: &'static str,
    /// Body: this text
    #[arg(long, value_name = "BODY", group = "body", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// Body: these bytes, two digits each
    #[arg(long, value_name = "HEX", group = "body", value_parser = hex)]
    pub hex: Option<HexBytes>,
    /// Body: what is in this file
    #[arg(long, value_name = "FILE", group = "body")]
    pub file: Option<PathBuf>,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub timeout: Millis,
}

const EXAMPLES: &str = "\
Examples:
  pelton                          serve what conf/pelton.toml says
  pelton www --http 8080          serve the folder www here, at port 8080
  pelton check                    look for mistakes in conf/pelton.toml
  pelton call 9000 --code 1 --text hello
  pelton reload                   the running server reads its file again
  pelton serve --help             all that can be said about serving
A folder with the name of a command is written ./check.";

const SERVE_EXAMPLES: &str = "\
Examples:
  pelton serve                    what conf/pelton.toml says
  pelton www --http 8080          the folder www, on this machine alone
  pelton www --http :80           the same, on every IPv4 interface
  pelton www --http [::1]:0       a free port of the IPv6 loopback
  pelton www --http unix:a.sock   a unix socket
  pelton --config my.toml --mode proactor --workers 2
--http and --frame stand in place of all such listeners of the file.";

const CHECK_EXAMPLES: &str = "\
Examples:
  pelton check
  pelton check my.toml            exit status 0: no mistakes, 2: mistakes";

const CALL_EXAMPLES: &str = "\
Examples:
  pelton call 9000 --code 0                       a heartbeat
  pelton call 9000 --code 1 --text hello          an echo
  pelton call [::1]:9000 --code 0x2001 --hex '00 ff 10'
  pelton call 10.0.0.7:9000 --code 7 --file body.bin --timeout 2
  pelton call 9001 --framing head16 --code 1 --text hello";

const PASSWORD_EXAMPLES: &str = "\
Examples:
  pelton password ann             asks twice, without showing what is typed
  pelton password ann < secret    the first line of a file
  pelton password ann >> conf/users";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  pelton completions bash > ~/.local/share/bash-completion/completions/pelton
  pelton completions zsh > ~/.zfunc/_pelton
  pelton completions fish > ~/.config/fish/completions/pelton.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  pelton man | man -l -
  pelton man > /usr/local/share/man/man1/pelton.1";

/// Serve static sites over HTTP and binary clients over a framed protocol.
#[derive(Parser)]
#[command(name = "pelton", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Why arguments give nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCommand {
    /// The user asked for this text (help or version): print it, exit with 0.
    Asked(String),
    /// The arguments are wrong: print this line, exit with 2.
    Refused(Refusal),
}

/// Reads the command line, of which the first word is the program's name.
///
/// ```
/// # use pelton::config::{self, Command};
/// let Ok(Command::Serve(serve)) = config::arguments(["pelton", "www", "--http", "80"]) else {
///     panic!("`serve` may be left out");
/// };
/// assert_eq!(serve.http.map(|addr| addr.to_string()).as_deref(), Some("127.0.0.1:80"));
/// ```
///
/// # Errors
///
/// The text for `--help` and `--version`, or what is wrong with the arguments.
pub fn arguments<I>(words: I) -> Result<Command, NoCommand>
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
    match Cli::try_parse_from(&words) {
        Ok(Cli {
            command: Some(command),
            ..
        }) => Ok(command),
        Ok(Cli {
            command: None,
            serve,
        }) => Ok(Command::Serve(serve)),
        Err(error) => Err(match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                NoCommand::Asked(error.to_string())
            }
            ErrorKind::ArgumentConflict if error.to_string().contains("the subcommand") => {
                let order =
                    "give one folder at most, and a command (serve, check, call, ...) first";
                NoCommand::Refused(Refusal(one_line(order, "")))
            }
            _ => {
                let first = words.get(1).and_then(|word| word.to_str());
                let command = commands().into_iter().find(|name| first == Some(name));
                let command = command.map_or(String::new(), |name| format!(" {name}"));
                NoCommand::Refused(Refusal(one_line(&error.to_string(), &command)))
            }
        }),
    }
}

/// The names of all commands.
fn commands() -> Vec<String> {
    let shapes = Cli::command();
    let names = shapes
        .get_subcommands()
        .map(|one| one.get_name().to_owned());
    names.collect()
}

/// The command that a word was likely meant to be.
pub(crate) fn command_like(word: &str) -> Option<String> {
    nearest(word, commands().iter().map(String::as_str)).map(str::to_owned)
}

/// What clap says in several lines, without the usage that it ends with, and
/// the help of which command says more (a blank ahead of it; empty: of all).
fn one_line(told: &str, command: &str) -> String {
    let told = told.strip_prefix("error: ").unwrap_or(told);
    let end = told
        .find("\n\nUsage:")
        .or(told.find("\n\nFor more"))
        .unwrap_or(told.len());
    let words: Vec<&str> = told[..end].split_whitespace().collect();
    format!(
        "{} (see pelton{command} --help)",
        words.join(" ").replace(" tip:", ";")
    )
}

fn user_name(text: &str) -> Result<String, String> {
    let bad = text.is_empty() || text.starts_with('#') || text.trim() != text;
    if bad || text.contains(|letter: char| letter == ':' || letter.is_control()) {
        return Err("write a name without colons, such as ann".to_owned());
    }
    Ok(text.to_owned())
}

fn workers(text: &str) -> Result<usize, String> {
    let within = text.parse().ok().filter(|workers| *workers <= WORKERS_MAX);
    within.ok_or_else(|| format!("write a whole number from 0 to {WORKERS_MAX}"))
}

fn code(text: &str) -> Result<u16, String> {
    let code = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => text.parse(),
    };
    code.map_err(|_| "write a number from 0 to 65535, such as 1 or 0x2001".to_owned())
}

fn framing(text: &str) -> Result<&'static str, String> {
    let known = FRAMINGS.into_iter().find(|name| *name == text);
    known.ok_or_else(|| format!("write {}", any_of(FRAMINGS.into_iter())))
}

fn seconds(text: &str) -> Result<Millis, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=TIMEOUT_S_MAX).contains(seconds));
    seconds
        .map(Millis::seconds)
        .ok_or_else(|| format!("write whole seconds from 1 to {TIMEOUT_S_MAX}"))
}

fn hex(text: &str) -> Result<HexBytes, String> {
    let wrong = || "write two hexadecimal digits for each byte, such as 00ff10".to_owned();
    let mut bytes = HexBytes::new();
    for word in text.split_whitespace() {
        let digits = word.chars().map(|letter| letter.to_digit(16));
        let digits: Option<Vec<u32>> = digits.collect();
        let (pairs, rest) = digits.as_deref().ok_or_else(wrong)?.as_chunks();
        if !rest.is_empty() {
            return Err(wrong());
        }
        bytes.extend(pairs.iter().map(|[high, low]| (high << 4 | low) as u8));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Command, NoCommand> {
        arguments(std::iter::once("pelton").chain(words.split_whitespace()))
    }

    fn serve(words: &str) -> ServeArgs {
        match read(words) {
            Ok(Command::Serve(serve)) => serve,
            other => panic!("{words}: {other:?}"),
        }
    }

    fn refused(words: &str, part: &str) {
        match read(words) {
            Err(NoCommand::Refused(Refusal(line))) => {
                assert!(
                    line.contains(part) && !line.contains('\n'),
                    "{words}: {line}"
                );
            }
            other => panic!("{words}: {other:?}"),
        }
    }

    #[test]
    fn the_shapes_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_may_be_left_out() {
        assert_eq!(serve(""), ServeArgs::default());
        for words in [
            "",
            "www",
            "www --http :80",
            "--workers 3 --mode proactor www",
        ] {
            assert_eq!(serve(words), serve(&format!("serve {words}")), "{words}");
        }
        assert_eq!(serve("./check").dir, Some("./check".into()));
        assert_eq!(
            serve("--frame [::1]:9").frame.map(|addr| addr.to_string()),
            Some("[::1]:9".into())
        );
        assert_eq!(serve("--config a.toml").config, Some("a.toml".into()));
    }

    #[test]
    fn check_and_call_are_read() {
        let config = Some("a.toml".into());
        assert_eq!(
            read("check --config a.toml"),
            Ok(Command::Check(CheckArgs { config, file: None }))
        );
        let Ok(Command::Check(check)) = read("check a.toml") else {
            panic!("a good check");
        };
        assert_eq!((check.file, check.config), (Some("a.toml".into()), None));
        let Ok(Command::Call(call)) = read("call 9000 --code 0x2001 --hex 00fF --timeout 2") else {
            panic!("a good call");
        };
        assert_eq!(
            (call.code, call.hex, call.timeout, call.framing),
            (0x2001, Some(vec![0, 255]), Millis(2000), "head8")
        );
        assert!(
            read("call 9000 --code 1 --text -x").is_ok(),
            "a body may begin with a hyphen"
        );
        assert_eq!(hex("00 ff 10ff"), Ok(vec![0, 255, 16, 255]));
        assert!(hex("0 f").is_err(), "a blank is between bytes");
    }

    #[test]
    fn a_refusal_is_one_line_that_helps() {
        refused("--htp 80", "--http");
        refused("--http", "--http");
        refused("--http example.com:80", "no IP address");
        refused("--workers 257", "from 0 to 256");
        refused("--workers -1", "-1");
        refused("--mode both", "\"reactor\" or \"proactor\"");
        refused("a b", "one folder");
        refused("www check", "a command (serve, check, call, ...) first");
        refused("reload now", "now");
        refused("check a.toml --config b.toml", "--config");
        refused("call", "--code");
        refused("call", "(see pelton call --help)");
        refused("call 9000 --code x", "(see pelton call --help)");
        refused("--htp 80", "(see pelton --help)");
        refused("www --workers x", "(see pelton --help)");
        refused("call 9000 --code 65536", "from 0 to 65535");
        refused("call 9000 --code 1 --hex 0", "two hexadecimal");
        refused("call 9000 --code 1 --hex 0g", "two hexadecimal");
        refused("call 9000 --code 1 --timeout 0", "from 1");
        refused(
            "call 9000 --code 1 --framing head4",
            "\"head8\" or \"head16\"",
        );
        refused("call 9000 --code 1 --text a --file b", "--file");
    }

    #[test]
    fn help_and_version_are_no_mistakes() {
        for (words, part) in [
            ("--help", "pelton check"),
            ("serve --help", "--workers"),
            ("call --help", "--timeout"),
            ("--version", "pelton "),
        ] {
            assert!(matches!(read(words), Err(NoCommand::Asked(text)) if text.contains(part)));
        }
    }
}
