//! F7: arguments and file to a configuration, and run. The one place that
//! exits the process.
//!
//! Exit status: 0 fine, 1 failed while running, 2 bad arguments or
//! configuration. Every refusal is one line on standard error.

use log::LevelFilter;
use pelton::accounts::Accounts;
use pelton::base::limits::PACKAGE_BYTES_MAX;
use pelton::client::{Client, Settings};
use pelton::config::{self, CallArgs, CheckArgs, Command, Config, NoCommand, ServeArgs};
use pelton::engine::{Handle, Running, Server};
use pelton::frame::{BUILT_IN, Framing, HEAD8};
use pelton::service::{Router, StaticSite};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use simplelog::{ConfigBuilder, WriteLogger};
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The file that is taken where none is named, if it is there.
const USUAL_FILE: &str = "conf/pelton.toml";

/// How the program ends, if not well: its exit status and a line that says
/// what to do.
struct Failure(u8, String);

fn main() -> ExitCode {
    let done = match config::arguments(std::env::args_os()) {
        Ok(Command::Serve(arguments)) => serve(&arguments),
        Ok(Command::Check(arguments)) => check(&arguments),
        Ok(Command::Call(arguments)) => call(&arguments),
        Err(NoCommand::Asked(text)) => {
            say(&text);
            Ok(())
        }
        Err(NoCommand::Refused(refusal)) => Err(Failure(2, refusal.to_string())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(status, line)) => {
            if !line.is_empty() {
                eprintln!("pelton: {line}");
            }
            ExitCode::from(status)
        }
    }
}

fn serve(arguments: &ServeArgs) -> Result<(), Failure> {
    let config = configuration(arguments)?;
    start_log(&config.log)?;
    // Registered before the start, so that no early signal is lost.
    let signals = Signals::new([SIGTERM, SIGINT, SIGQUIT, SIGHUP])
        .map_err(|error| Failure(1, format!("cannot watch for signals: {error}")))?;
    let running = Server::new(config.clone())
        .service(service(&config)?)
        .start()
        .map_err(|error| Failure(1, error.to_string()))?;
    tell(&config, &running);
    let handle = running.handle();
    let watch = move || watch_signals(signals, &handle);
    std::thread::Builder::new()
        .name("pelton-signals".to_owned())
        .spawn(watch)
        .map_err(|error| Failure(1, format!("cannot start a thread: {error}")))?;
    running
        .wait()
        .map_err(|error| Failure(1, format!("stopped early: {error}")))
}

/// TERM and INT stop at once, QUIT when what is under way is done; a second
/// one does not wait for that.
fn watch_signals(mut signals: Signals, handle: &Handle) {
    for signal in signals.forever() {
        match signal {
            SIGQUIT => {
                log::info!("QUIT: finishing what is under way");
                handle.drain();
            }
            SIGHUP => log::info!("HUP: there is no master process to reload; ignored"),
            _ => {
                log::info!("stopping");
                handle.stop();
            }
        }
    }
}

/// One line each: what is served where, in which mode, with how many loops.
fn tell(config: &Config, running: &Running) {
    let mut lines = String::new();
    for (listen, (addr, protocol)) in config.listen.iter().zip(running.listeners()) {
        let root = config.sites.first().map(|site| site.root.display());
        let site = root.map_or(String::new(), |root| format!("the site in {root}"));
        lines += &match protocol {
            config::Protocol::Http => format!("pelton: {site} at http://{addr}/\n"),
            config::Protocol::Frame if listen.framing != config::FRAMINGS[0] => {
                format!("pelton: packages in {} at {addr}\n", listen.framing)
            }
            config::Protocol::Frame => format!("pelton: packages at {addr}\n"),
            config::Protocol::Auto => {
                format!("pelton: {site} at http://{addr}/, and packages there too\n")
            }
        };
    }
    if let Some(file) = &config.accounts.file {
        lines += &format!("pelton: accounts in {}\n", file.display());
    }
    let loops = match running.workers() {
        1 => "1 loop".to_owned(),
        many => format!("{many} loops"),
    };
    let mode = config.mode;
    let most = running.connections_max();
    lines += &format!("pelton: {mode} mode, {loops}, up to {most} connections; ^C stops it\n");
    say(&lines);
}

/// The echo, the site, and accounts where there is a file for them.
fn service(config: &Config) -> Result<Router, Failure> {
    let mut router = Router::new();
    if !config.sites.is_empty() {
        router = router.site(StaticSite::new(0));
    }
    let Some(file) = &config.accounts.file else {
        return Ok(router);
    };
    let name = file.display();
    if config.sites.iter().any(|site| is_below(file, &site.root)) {
        let line = format!("{name} would be served to everybody: move it out of the site's folder");
        return Err(Failure(2, format!("{line}; see accounts.file")));
    }
    let accounts = Accounts::open(&config.accounts).map_err(|why| {
        let line = format!("cannot keep accounts in {name}: {why}; see accounts.file");
        Failure(2, line)
    })?;
    Ok(router.merge(accounts.router()))
}

/// Whether a file lies in a folder, whatever links say, or would if it were
/// there.
fn is_below(file: &Path, folder: &Path) -> bool {
    let parent = file.parent().filter(|parent| *parent != Path::new(""));
    let places = [file, parent.unwrap_or(Path::new("."))];
    let is_below = |folder: &Path| {
        let mut real = places.iter().flat_map(fs::canonicalize);
        real.any(|place| place.starts_with(folder))
    };
    fs::canonicalize(folder).is_ok_and(|folder| is_below(&folder))
}

/// File, then arguments over it.
fn configuration(arguments: &ServeArgs) -> Result<Config, Failure> {
    let config = match named_or_usual(arguments.config.as_deref()) {
        Some(file) => read(&file)?,
        None => Config::default(),
    };
    let config = config
        .overridden(arguments)
        .map_err(|refusal| Failure(2, refusal.to_string()))?;
    for site in &config.sites {
        if !pelton::os::file::is_directory(&site.root) {
            return Err(Failure(2, no_folder(&site.root, arguments)));
        }
    }
    Ok(config)
}

fn no_folder(root: &Path, arguments: &ServeArgs) -> String {
    let root = root.display();
    match &arguments.dir {
        Some(_) => format!("{root} is neither a folder nor a command (see pelton --help)"),
        None => format!("the folder {root} is not there; name one that is: pelton serve DIR"),
    }
}

fn check(arguments: &CheckArgs) -> Result<(), Failure> {
    let file = arguments
        .config
        .clone()
        .unwrap_or(PathBuf::from(USUAL_FILE));
    read(&file)?;
    say(&format!("{}: good\n", file.display()));
    Ok(())
}

/// Reads a configuration; every problem is a line of its own.
fn read(file: &Path) -> Result<Config, Failure> {
    let name = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure(2, format!("cannot read {name}: {error}; see --config")))?;
    config::parse(&text).map_err(|problems| {
        for problem in &problems {
            eprintln!("{name}:{}:{}: {problem}", problem.line, problem.column);
        }
        Failure(2, String::new())
    })
}

fn named_or_usual(named: Option<&Path>) -> Option<PathBuf> {
    let usual = Path::new(USUAL_FILE);
    match named {
        Some(file) => Some(file.to_owned()),
        None => usual.exists().then(|| usual.to_owned()),
    }
}

fn call(arguments: &CallArgs) -> Result<(), Failure> {
    let body = body_of(arguments)?;
    let addr = arguments.addr;
    let failed = |error: io::Error| Failure(1, format!("no answer from {addr}: {}", plain(&error)));
    let settings = Settings {
        timeout: arguments.timeout,
        package_bytes: PACKAGE_BYTES_MAX, // whatever the server's limit is
        framing: named(arguments.framing),
        ..Settings::default()
    };
    let mut client = Client::with(addr, settings).map_err(failed)?;
    let code = arguments.code;
    let answer = client.call(code, &body).map_err(failed)?;
    eprintln!("pelton: code {code}, {} bytes", answer.len());
    let mut out = io::stdout().lock();
    let shown = out.write_all(&answer).and_then(|()| {
        if out.is_terminal() && !answer.ends_with(b"\n") {
            out.write_all(b"\n")
        } else {
            Ok(())
        }
    });
    shown.map_err(|error| Failure(1, format!("cannot write the answer: {error}")))
}

fn named(framing: &str) -> &'static dyn Framing {
    let known = BUILT_IN.into_iter().find(|known| known.name() == framing);
    known.unwrap_or(&HEAD8)
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
        (_, _, Some(file)) => fs::read(file)
            .map_err(|error| Failure(2, format!("cannot read {}: {error}", file.display()))),
        _ => Ok(Vec::new()),
    }
}

fn start_log(log: &config::Log) -> Result<(), Failure> {
    if log.level == LevelFilter::Off {
        return Ok(());
    }
    let format = ConfigBuilder::new().set_time_format_rfc3339().build();
    let started = match &log.file {
        None => WriteLogger::init(log.level, format, io::stderr()),
        Some(file) => {
            let cannot = |error| {
                let name = file.display();
                Failure(
                    2,
                    format!("cannot write the log {name}: {error}; see log.file"),
                )
            };
            let opened = OpenOptions::new().create(true).append(true).open(file);
            WriteLogger::init(log.level, format, opened.map_err(cannot)?)
        }
    };
    started.map_err(|error| Failure(1, format!("cannot start the log: {error}")))
}

/// To standard output; a reader that has gone away is no reason to fail.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
