//! A Containerfile, looked through without an engine: its instructions, and
//! whether what it copies, runs and starts is there.

use pelton::config::{self, Command};
use serde_json::from_str;
use std::path::Path;

/// Every instruction that there is.
const INSTRUCTIONS: &str = "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL ONBUILD \
                            RUN SHELL STOPSIGNAL USER VOLUME WORKDIR";

/// What a file says, stage by stage.
#[derive(Default)]
struct File<'a> {
    mistakes: Vec<String>,
    /// Name, working folder and built programs of each stage.
    stages: Vec<Stage<'a>>,
    /// Of the last stage: where its copies lie, and what it starts.
    copied: Vec<&'a str>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    exposed: Vec<u16>,
    user: &'a str,
}

#[derive(Default)]
struct Stage<'a> {
    name: &'a str,
    folder: &'a str,
    copies_all: bool,
    /// Programs that it builds for release.
    built: Vec<&'a str>,
}

/// What is wrong with a file of the project in `root`; nothing, mostly.
pub(crate) fn mistakes(text: &str, root: &Path) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let mut file = File::default();
    let lines = joined.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        file.take(name, rest.trim(), root);
    }
    file.check();
    file.mistakes
}

impl<'a> File<'a> {
    fn wrong(&mut self, what: impl Into<String>) {
        self.mistakes.push(what.into());
    }

    fn take(&mut self, name: &str, rest: &'a str, root: &Path) {
        if !INSTRUCTIONS
            .split_whitespace()
            .any(|known| known == name.to_uppercase())
        {
            return self.wrong(format!("{name} is no instruction"));
        }
        if rest.is_empty() {
            return self.wrong(format!("{name} says nothing"));
        }
        if self.stages.is_empty() && !matches!(name, "FROM" | "ARG") {
            return self.wrong(format!("{name} before the first FROM"));
        }
        match name {
            "FROM" => self.begin(rest),
            "COPY" => self.copy(rest, root),
            "ENTRYPOINT" => self.entrypoint = self.list(rest),
            "CMD" => self.command = self.list(rest),
            "EXPOSE" => {
                let ports = rest.split_whitespace().map(str::parse);
                match ports.collect() {
                    Ok(ports) => self.exposed = ports,
                    Err(_) => self.wrong(format!("EXPOSE {rest} is no list of ports")),
                }
            }
            "USER" => self.user = rest,
            "WORKDIR" => self.stage().folder = rest,
            "RUN" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                let releases = rest.starts_with("cargo build") && words.contains(&"--release");
                let bins = words.windows(2).filter(|pair| pair[0] == "--bin");
                let built = bins.filter(|_| releases).map(|pair| pair[1]);
                self.stage().built.extend(built);
            }
            _ => {}
        }
    }

    fn begin(&mut self, rest: &'a str) {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let name = match words[..] {
            [_] => "",
            [_, word, name] if word.eq_ignore_ascii_case("as") => name,
            _ => return self.wrong(format!("FROM {rest} is neither an image nor one AS a name")),
        };
        (self.user, self.exposed) = ("", Vec::new());
        (self.entrypoint, self.command) = (Vec::new(), Vec::new());
        self.copied = Vec::new();
        self.stages.push(Stage {
            name,
            folder: "/",
            ..Stage::default()
        });
    }

    /// The stage under way.
    fn stage(&mut self) -> &mut Stage<'a> {
        self.stages.last_mut().expect("FROM came first")
    }

    fn copy(&mut self, rest: &'a str, root: &Path) {
        let mut words: Vec<&str> = rest.split_whitespace().collect();
        let from = words[0].strip_prefix("--from=");
        words.drain(..usize::from(from.is_some()));
        let Some((to, sources)) = words
            .split_last()
            .filter(|(_, sources)| !sources.is_empty())
        else {
            return self.wrong(format!("COPY {rest} does not say from where to where"));
        };
        for source in sources {
            let is_there = match from {
                Some(stage) => self.is_in(stage, source, root),
                None => root.join(source).exists(),
            };
            if !is_there {
                self.wrong(format!("COPY {rest}: there is no {source}"));
            }
        }
        if from.is_none() && sources.contains(&".") {
            self.stage().copies_all = true;
        }
        self.copied.push(to);
    }

    /// Whether an earlier stage has this: the project's, or built by it.
    fn is_in(&self, stage: &str, path: &str, root: &Path) -> bool {
        let earlier = self.stages.iter().rev().skip(1);
        let Some(stage) = earlier.into_iter().find(|one| one.name == stage) else {
            return false;
        };
        let inner = path.strip_prefix(stage.folder);
        let Some(inner) = inner.map(|inner| inner.trim_start_matches('/')) else {
            return false;
        };
        match inner.strip_prefix("target/release/") {
            Some(program) => stage.built.contains(&program) && is_program(program, root),
            None => stage.copies_all && root.join(inner).exists(),
        }
    }

    fn list(&mut self, rest: &str) -> Vec<String> {
        from_str(rest).unwrap_or_else(|error| {
            // A text would be run by a shell, which small images do not have.
            self.wrong(format!("{rest} is no list of words: {error}"));
            Vec::new()
        })
    }

    /// What holds of the image in the end.
    fn check(&mut self) {
        match self.user.split(':').next().map(str::parse::<u32>) {
            Some(Ok(1..)) => {}
            _ => self.wrong(format!("it runs as {:?}, not as nobody", self.user)),
        }
        let program = self.entrypoint.first().cloned().unwrap_or_default();
        if !self.copied.contains(&program.as_str()) {
            self.wrong(format!("it starts {program:?}, which it does not have"));
        }
        let words = self.entrypoint.iter().chain(&self.command);
        match config::arguments(words) {
            Ok(Command::Serve(serve)) => {
                let dir = serve.dir.unwrap_or_default().display().to_string();
                if !self.copied.contains(&dir.as_str()) {
                    self.wrong(format!("it serves {dir:?}, which it does not have"));
                }
                let addrs = [serve.http, serve.frame].into_iter().flatten();
                let addrs = addrs.filter_map(|addr| addr.ip());
                let (open, closed): (Vec<_>, Vec<_>) =
                    addrs.partition(|addr| addr.ip().is_unspecified());
                let ports: Vec<u16> = open.iter().map(|addr| addr.port()).collect();
                if !closed.is_empty() || ports != self.exposed {
                    let exposed = &self.exposed;
                    self.wrong(format!("it exposes {exposed:?} and listens on {ports:?}"));
                }
            }
            other => self.wrong(format!("it does not serve: {other:?}")),
        }
    }
}

/// Whether the project has such a program.
fn is_program(name: &str, root: &Path) -> bool {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let programs = manifest["bin"].as_array().expect("its programs");
    programs
        .iter()
        .any(|one| one["name"].as_str() == Some(name))
}
