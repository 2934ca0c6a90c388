//! The clients in `examples/clients/`, in languages of others, against our
//! server in both modes. One whose tool is missing is skipped, unless
//! `PELTON_REQUIRE_TOOLS` is 1.

use crate::support::{Folder, Rig, both};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TEXT: &str = "héllo, 世界";

fn source(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("examples/clients").join(name)
}

/// Runs a tool; `None`: it is not there, and need not be.
fn output(tool: &Path, words: &[&str]) -> Option<Output> {
    match Command::new(tool).args(words).output() {
        Ok(output) => Some(output),
        Err(error) => {
            let required = std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
            assert!(!required, "{tool:?} is required: {error}");
            println!("skipped: {tool:?}: {error}");
            None
        }
    }
}

fn speaks(tool: &Path, before: &[&str], addr: SocketAddr) {
    let (host, port) = (addr.ip().to_string(), addr.port().to_string());
    let long = "long ".repeat(5_000);
    for text in [TEXT, "", &long] {
        let words = [before, &[&host, &port, "1", text]].concat();
        let Some(ran) = output(tool, &words) else {
            return;
        };
        assert!(ran.status.success(), "{ran:?}");
        assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{text}\n"));
    }
}

#[test]
fn one_in_c_is_understood() {
    let folder = Folder::new();
    let program = folder.path().join("call");
    let (from, to) = (source("call.c"), program.display().to_string());
    let from = from.display().to_string();
    let words = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-o", &to, &from];
    let Some(compiled) = output(Path::new("gcc"), &words) else {
        return;
    };
    assert!(compiled.status.success(), "{compiled:?}");
    both(|mode| {
        let rig = Rig::start(mode, |_| {});
        speaks(&program, &[], rig.frame);
        speaks(&program, &[], rig.auto);
    });
}

#[test]
fn one_in_python_is_understood() {
    let script = source("call.py").display().to_string();
    both(|mode| {
        let rig = Rig::start(mode, |_| {});
        speaks(Path::new("python3"), &[&script], rig.frame);
        speaks(Path::new("python3"), &[&script], rig.auto);
    });
}

#[test]
fn each_fits_on_a_page() {
    for name in ["call.c", "call.py"] {
        let text = std::fs::read_to_string(source(name)).expect("it is there");
        assert!(text.lines().count() < 60, "{name}");
    }
}
