//! F7: arguments and file to a configuration, and run. The one place that
//! exits the process.
//!
//! Exit status: 0 fine, 1 failed while running, 2 bad arguments or
//! configuration. Every refusal is one line on standard error.

use pelton::accounts::{self, Accounts};
use pelton::base::limits::PACKAGE_BYTES_MAX;
use pelton::client::{Client, Settings as ClientSettings};
use pelton::config::{
    self, CallArgs, CheckArgs, Command, Config, NoCommand, PasswordArgs, ServeArgs, SignalArgs,
};
use pelton::engine::Server;
use pelton::frame::{BUILT_IN, Framing, HEAD8};
use pelton::master::{self, Failure, Role, Settings, USUAL_FILE};
use pelton::os::{heap, terminal};
use pelton::service::Router;
use rustix::process::Signal;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in &failure.lines {
                eprintln!("{line}");
            }
            ExitCode::from(failure.status)
        }
    }
}

fn run() -> Result<(), Failure> {
    let (role, words) = master::role()?;
    match config::arguments(words.clone()) {
        Ok(Command::Serve(arguments)) => serve(role, &arguments, words),
        Ok(Command::Check(arguments)) => check(&arguments),
        Ok(Command::Call(arguments)) => call(&arguments),
        Ok(Command::Reload(arguments)) => tell(
            &arguments,
            Signal::HUP,
            "reload; its log says whether it did",
        ),
        Ok(Command::Quit(arguments)) => tell(&arguments, Signal::QUIT, "finish and stop"),
        Ok(Command::Stop(arguments)) => tell(&arguments, Signal::TERM, "stop"),
        Ok(Command::Reopen(arguments)) => tell(&arguments, Signal::USR1, "reopen its logs"),
        Ok(Command::Password(arguments)) => password(&arguments),
        Ok(Command::Completions(arguments)) => print(Ok(config::completions(arguments.shell))),
        Ok(Command::Man) => print(config::manual()),
        Ok(Command::Upgrade(arguments)) => tell(&arguments, Signal::USR2, "upgrade"),
        Err(NoCommand::Asked(text)) => {
            say(&text);
            Ok(())
        }
        Err(NoCommand::Refused(refusal)) => Err(Failure::new(2, refusal)),
    }
}

fn serve(role: Role, arguments: &ServeArgs, words: Vec<OsString>) -> Result<(), Failure> {
    heap::keep_small();
    match role {
        Role::Plain => {
            let settings = Settings::read(arguments)?;
            if settings.config.master.enable {
                return master::launch(&settings, words);
            }
            master::serve(&settings, server)
        }
        Role::Master(handoff) => master::run(handoff, arguments),
        Role::Serving(handoff) => master::serve_supervised(handoff, arguments, server),
    }
}

/// The server that a configuration asks for.
fn server(config: Config) -> Result<Server, Failure> {
    let service = service(&config)?;
    Ok(Server::new(config).service(service))
}

/// The echo, the sites, and accounts where there is a file for them.
fn service(config: &Config) -> Result<Router, Failure> {
    let router = Router::new().site(config);
    let Some(file) = &config.accounts.file else {
        return Ok(router);
    };
    let accounts = Accounts::open(&config.accounts).map_err(|why| {
        let name = file.display();
        let line = format!("cannot keep accounts in {name}: {why}; see accounts.file");
        Failure::new(2, line)
    })?;
    Ok(router.merge(accounts.router()))
}

/// Tells a master what to do.
fn tell(arguments: &SignalArgs, signal: Signal, what: &str) -> Result<(), Failure> {
    let pid = master::tell(arguments, signal)?;
    say(&format!("pelton: told process {pid} to {what}\n"));
    Ok(())
}

fn check(arguments: &CheckArgs) -> Result<(), Failure> {
    let usual = PathBuf::from(USUAL_FILE);
    let named = arguments.file.as_ref().or(arguments.config.as_ref());
    let file = named.cloned().unwrap_or(usual);
    master::check(&file)?;
    say(&format!("{}: good\n", file.display()));
    Ok(())
}

fn call(arguments: &CallArgs) -> Result<(), Failure> {
    let body = body_of(arguments)?;
    let addr = arguments.addr;
    let failed =
        |error: io::Error| Failure::new(1, format!("no answer from {addr}: {}", plain(&error)));
    let settings = ClientSettings {
        timeout: arguments.timeout,
        package_bytes: PACKAGE_BYTES_MAX, // whatever the server's limit is
        framing: named(arguments.framing),
        ..ClientSettings::default()
    };
    let mut client = Client::with(addr, settings).map_err(failed)?;
    let code = arguments.code;
    let answer = client.call(code, &body).map_err(failed)?;
    let unit = if answer.len() == 1 { "byte" } else { "bytes" };
    eprintln!("pelton: code {code}, {} {unit}", answer.len());
    let mut out = io::stdout().lock();
    let shown = out.write_all(&answer).and_then(|()| {
        if out.is_terminal() && !answer.ends_with(b"\n") {
            out.write_all(b"\n")
        } else {
            Ok(())
        }
    });
    shown.map_err(|error| Failure::new(1, format!("cannot write the answer: {error}")))
}

fn named(framing: &str) -> &'static dyn Framing {
    let known = BUILT_IN.into_iter().find(|known| known.name() == framing);
    known.unwrap_or(&HEAD8)
}

/// Prints `NAME:HASH`, as the users of a site are written.
fn password(arguments: &PasswordArgs) -> Result<(), Failure> {
    let read = if io::stdin().is_terminal() {
        typed()
    } else {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        read.map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
    };
    let password =
        read.map_err(|error| Failure::new(1, format!("cannot read a password: {error}")))?;
    if password.is_empty() {
        return Err(Failure::new(2, "the password is empty: type one"));
    }
    if password.contains(char::is_control) {
        let line = "there is a control character in the password: type another";
        return Err(Failure::new(2, line));
    }
    let hash = accounts::hashed(&password, &Config::default().accounts)
        .map_err(|why| Failure::new(1, why))?;
    let name = arguments.name.iter();
    let line = name.map(|name| format!("{name}:")).collect::<String>() + &hash + "\n";
    print(Ok(line.into_bytes()))
}

/// Asks for a password twice, for nobody sees what is typed.
fn typed() -> io::Result<String> {
    eprint!("Password: ");
    let password = terminal::read_unseen()?;
    eprint!("Once more: ");
    if terminal::read_unseen()? == password {
        return Ok(password);
    }
    Err(io::Error::other("the two are not the same: try again"))
}

/// An error of a call in words that say what to look at.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there; is the server up?".to_owned(),
        io::ErrorKind::TimedOut => "time is up; no handler for this code? see --timeout".to_owned(),
        io::ErrorKind::UnexpectedEof => {
            "it closed the connection; does it speak packages, in this framing? see --framing"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

fn body_of(arguments: &CallArgs) -> Result<Vec<u8>, Failure> {
    match (&arguments.text, &arguments.hex, &arguments.file) {
        (Some(text), _, _) => Ok(text.clone().into_bytes()),
        (_, Some(bytes), _) => Ok(bytes.clone()),
        (_, _, Some(file)) => {
            fs::read(file).map_err(|error| Failure::unread(file, &error, "; see --file"))
        }
        _ => Ok(Vec::new()),
    }
}

/// To standard output, where somebody wants to have all of it.
fn print(text: io::Result<Vec<u8>>) -> Result<(), Failure> {
    let printed = text.and_then(|text| io::stdout().write_all(&text));
    printed.map_err(|error| Failure::new(1, format!("cannot print that: {error}")))
}

/// To standard output; a reader that has gone away is no reason to fail.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
