//! What goes along with the program: the container's file, the unit for
//! systemd, the manual page and the completions. What a tool of the system can
//! say of them it is asked; one that is not there is left out, and if it is a
//! usual one only unless `PELTON_REQUIRE_TOOLS` is 1.

mod container;

use crate::support::Folder;
use crate::support::program::{BINARY, run};
use container::mistakes;
use pelton::config::{self, Command};
use std::fs;
use std::io;
use std::path::Path;
use std::process::Output;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a file of the project")
}

/// Runs a tool to its end; nothing where it is not there.
fn tool(name: &str, words: &[&str]) -> Option<Output> {
    let output = std::process::Command::new(name).args(words).output();
    let told = |error: &io::Error| println!("not tried: no {name}: {error}");
    output.inspect_err(told).ok()
}

/// The same of one that may be required.
fn usual_tool(name: &str, words: &[&str]) -> Option<Output> {
    let output = tool(name, words);
    let required = std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(
        output.is_some() || !required,
        "{name} is required (PELTON_REQUIRE_TOOLS=1) and not installed"
    );
    output
}

/// What it said, of which there is nothing on standard error.
#[track_caller]
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let errors = text(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{output:?}");
    text(&output.stdout)
}

/// What the program prints.
fn printed(words: &[&str]) -> String {
    let ran = run(root(), words);
    assert_eq!((ran.code, &*ran.errors), (Some(0), ""), "{words:?}");
    ran.out
}

// --- container ---------------------------------------------------------

#[test]
fn the_containerfile_copies_and_starts_what_is_there() {
    let found = mistakes(&read("Containerfile"), root());
    assert!(found.is_empty(), "{found:#?}");
    let left_out = read(".dockerignore");
    let left_out: Vec<&str> = left_out.lines().collect();
    assert_eq!(left_out, ["/target", "/.git"], "all else may be built from");
}

#[test]
fn a_mistake_in_a_containerfile_is_found() {
    let good = read("Containerfile");
    for (part, other, found) in [
        ("RUN cargo", "RUM cargo", "RUM is no instruction"),
        (
            "FROM docker.io",
            "USER 1\nFROM docker.io",
            "before the first FROM",
        ),
        (" AS build", " AT build", "neither an image"),
        ("COPY . .", "COPY .", "from where to where"),
        ("COPY . .", "COPY sources .", "there is no sources"),
        (
            "--from=build /pelton/www",
            "--from=built /pelton/www",
            "there is no /pelton/www",
        ),
        ("/pelton/www", "/pelton/web", "there is no /pelton/web"),
        (
            "--bin pelton",
            "--bin webbench",
            "there is no /pelton/target/release/pelton",
        ),
        ("USER 65534:65534", "USER root", "not as nobody"),
        ("USER 65534:65534", "", "not as nobody"),
        (
            "EXPOSE 8080",
            "EXPOSE 80",
            "it exposes [80, 9000] and listens on [8080, 9000]",
        ),
        ("\":8080\"", "\"127.0.0.1:8080\"", "listens on [9000]"),
        (
            "ENTRYPOINT [\"/usr/local/bin/pelton\"]",
            "ENTRYPOINT pelton",
            "no list of words",
        ),
        (
            "ENTRYPOINT [\"/usr/local",
            "ENTRYPOINT [\"/usr",
            "which it does not have",
        ),
        ("\"/srv\"", "\"/www\"", "which it does not have"),
        ("--frame", "--frames", "it does not serve"),
    ] {
        assert!(good.contains(part), "{part}");
        let text = good.replacen(part, other, 1);
        let all = mistakes(&text, root());
        assert!(
            all.iter().any(|one| one.contains(found)),
            "{other}: {all:?}"
        );
    }
}

// --- systemd -----------------------------------------------------------

/// Values of a key in the unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let pairs = unit.lines().filter_map(|line| line.split_once('='));
    let of_key = pairs.filter(|(name, _)| *name == key);
    of_key.map(|(_, value)| value).collect()
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = read("conf/pelton.service");
    let [start] = values(&unit, "ExecStart")[..] else {
        panic!("one program is started: {unit}");
    };
    let Ok(Command::Serve(serve)) = config::arguments(start.split(' ')) else {
        panic!("it does not serve: {start}");
    };
    assert!(serve.master && serve.config.is_some(), "{start}");
    assert_eq!(values(&unit, "Type"), ["notify"]);
    assert!(values(&unit, "ExecReload")[0].contains(" -HUP $MAINPID"));
    assert_eq!(values(&unit, "KillSignal"), ["SIGQUIT"]);
    let stop: u64 = values(&unit, "TimeoutStopSec")[0].parse().expect("seconds");
    let drain_s = config::Config::default().drain.0 / 1000;
    assert!(
        stop > drain_s + 5,
        "what does not go in time is killed by us"
    );

    // Where the program lies for now, and nowhere else a line is touched.
    let folder = Folder::new();
    folder.write(
        "pelton.service",
        unit.replace("/usr/local/bin/pelton", BINARY).as_bytes(),
    );
    let file = folder.path().join("pelton.service").display().to_string();
    if let Some(output) = usual_tool("systemd-analyze", &["verify", "--man=no", &file]) {
        said(&output);
        // It would have told.
        let text = fs::read_to_string(&file).expect("the unit");
        folder.write("pelton.service", text.replace("Type=", "Tipe=").as_bytes());
        let output = tool("systemd-analyze", &["verify", "--man=no", &file]).expect("as before");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("Tipe"), "{errors}");
    }
}

// --- manual page and completions ---------------------------------------

/// The commands that the help names.
fn commands() -> Vec<String> {
    let help = printed(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").expect("a list");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 9, "{help}");
    names
}

/// The long options that the help of a command names.
fn options(command: &str) -> Vec<String> {
    let help = printed(&[command, "--help"]);
    let words = help.split([' ', '\n', ',']);
    let long = words.filter(|word| word.starts_with("--") && word.len() > 2);
    long.map(str::to_owned).collect()
}

#[test]
fn the_manual_page_is_set_without_a_warning_and_names_everything() {
    let folder = Folder::new();
    folder.write("pelton.1", printed(&["man"]).as_bytes());
    let page = folder.path().join("pelton.1").display().to_string();
    let words = ["-man", "-Tascii", "-P-cbou", "-ww", "-rLL=200n", &page];
    let Some(output) = usual_tool("groff", &words) else {
        return;
    };
    let text = said(&output);
    for command in commands().iter().filter(|name| *name != "help") {
        assert!(
            text.contains(&format!("PELTON {}", command.to_uppercase())),
            "{text}"
        );
        for option in options(command) {
            assert!(text.contains(&option), "{command} {option}: {text}");
        }
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let folder = Folder::new();
    folder.write("script", printed(&["completions", "bash"]).as_bytes());
    let script = folder.path().join("script").display().to_string();
    let Some(output) = usual_tool("bash", &["-n", &script]) else {
        return;
    };
    said(&output);
    let completed = |words: &[&str]| {
        let ask = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                   _pelton pelton \"${!#}\" \"${COMP_WORDS[$(($# - 2))]}\"; \
                   printf '%s\\n' \"${COMPREPLY[@]}\"";
        let words = [&["--norc", "-c", ask, "bash", &script, "pelton"], words].concat();
        let text = said(&tool("bash", &words).expect("as before"));
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed(&["re"]), ["reload", "reopen"]);
    assert_eq!(completed(&["serve", "--wo"]), ["--workers"]);
    for command in commands() {
        assert_eq!(completed(&[&command]), [&*command]);
    }
}

#[test]
fn other_shells_can_read_theirs() {
    let folder = Folder::new();
    for shell in ["zsh", "fish"] {
        folder.write(shell, printed(&["completions", shell]).as_bytes());
        let script = folder.path().join(shell).display().to_string();
        if let Some(output) = tool(shell, &["-n", &script]) {
            said(&output);
        }
    }
}
