//! Clients that others wrote, over the running server: curl, wget, a browser,
//! Python and Node.
//!
//! A tool that is missing is told of and its test passes, unless
//! `PELTON_REQUIRE_TOOLS` is 1; nothing is ever installed from here.

mod page;
mod scripts;

use crate::chromium::{self, Chromium};
use crate::support::program::wait_for;
use crate::support::tools::has;
use crate::support::{Folder, Rig, both, pattern};
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::service::{Router, StaticSite};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

/// Files of the site that is copied as a whole.
const MIRRORED_FILES: usize = 2_000;
/// Of which a page links so many.
const LINKS: usize = 50;

/// Runs a tool in `folder` to its end; its home is there too.
fn run(tool: &str, arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(tool);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder);
    command.env("no_proxy", "*").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let (out, errors) = (child.stdout.take(), child.stderr.take());
    let collect = |from: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.expect("it was piped").read_to_end(&mut bytes);
            bytes
        })
    };
    let out = collect(out.map(|from| Box::new(from) as _));
    let errors = collect(errors.map(|from| Box::new(from) as _));
    let status = wait_for(&mut child);
    Output {
        status,
        stdout: out.join().expect("bytes"),
        stderr: errors.join().expect("bytes"),
    }
}

/// What the tool wrote; it has to end well.
fn output(tool: &str, arguments: &[&str], folder: &Path) -> Vec<u8> {
    let ran = run(tool, arguments, folder);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{tool} {arguments:?}: {}: {errors}",
        ran.status
    );
    ran.stdout
}

#[test]
fn curl() {
    if !has("curl") {
        return;
    }
    both(|mode| {
        let rig = Rig::start(mode, |_| {});
        rig.folder.date("large.bin", 1_000_000_000);
        let folder = Folder::new();
        let url = |path: &str| format!("http://{}{path}", rig.http);
        let curl = |arguments: &[&str], path: &str| {
            let url = url(path);
            let arguments = [&["-sS", "--max-time", "20"], arguments, &[&url]].concat();
            output("curl", &arguments, folder.path())
        };
        let status = |arguments: &[&str], path: &str| {
            let arguments = [
                &["-o", "ignored", "-w", "%{http_code} %{size_download}"],
                arguments,
            ];
            String::from_utf8(curl(&arguments.concat(), path)).expect("text")
        };
        let large = pattern(300_000);
        assert!(curl(&[], "/large.bin") == large);
        assert!(curl(&["-r", "1000-1999"], "/large.bin") == large[1000..2000]);
        assert!(curl(&["-r", "-5"], "/large.bin") == large[299_995..]);
        let parts = curl(&["-r", "0-9,1000-1009"], "/large.bin");
        for part in [&large[..10], &large[1000..1010]] {
            assert!(parts.windows(10).any(|window| window == part));
        }
        assert_eq!(
            status(&["-r", "300000-"], "/large.bin").get(..3),
            Some("416")
        );
        // What has come already is not sent again.
        folder.write("half", &large[..123_456]);
        let resumed = curl(
            &[
                "-C",
                "-",
                "-o",
                "half",
                "-w",
                "%{http_code} %{size_download}",
            ],
            "/large.bin",
        );
        assert_eq!(resumed, format!("206 {}", 300_000 - 123_456).as_bytes());
        assert!(fs::read(folder.path().join("half")).expect("a file") == large);
        assert_eq!(status(&["--http1.0"], "/small.txt"), "200 1024");
        assert_eq!(
            status(&["--http1.0", "-H", "Host:"], "/small.txt"),
            "200 1024"
        );
        assert_eq!(status(&["-I"], "/large.bin"), "200 0");
        assert_eq!(
            status(&["-z", "Sun, 09 Sep 2001 01:46:40 GMT"], "/large.bin"),
            "304 0"
        );
        assert_eq!(
            status(&["-z", "Sun, 09 Sep 2001 01:46:39 GMT"], "/large.bin"),
            "200 300000"
        );
        let unless_later = status(&["-z", "-Sun, 09 Sep 2001 01:46:39 GMT"], "/large.bin");
        assert_eq!(unless_later.get(..3), Some("412"));
        // The tag of one time is that of the next.
        assert_eq!(status(&["--etag-save", "tag"], "/large.bin"), "200 300000");
        assert_eq!(status(&["--etag-compare", "tag"], "/large.bin"), "304 0");
        assert!(curl(&["--compressed"], "/large.bin") == large);
        assert_eq!(status(&["-L"], "/folder"), "200 16");
        let posted = status(&["-d", &"x".repeat(5_000)], "/small.txt");
        assert_eq!(posted.get(..3), Some("405"));
        let expecting = ["-H", "Expect: 100-continue", "-d", "x"];
        assert_eq!(status(&expecting, "/small.txt").get(..3), Some("405"));
        // Many with one connection.
        let before = rig.count(Count::Accepted);
        let many: Vec<String> = (0..50).map(|_| url("/small.txt")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let bodies = output("curl", &[&["-sS"], &many[..]].concat(), folder.path());
        assert!(bodies == pattern(1024).repeat(50));
        assert_eq!(rig.count(Count::Accepted) - before, 1);
    });
}

#[test]
fn wget_mirrors_a_site() {
    if !has("wget") {
        return;
    }
    let site = Folder::new();
    let names = many_files(&site);
    let rig = Rig::start(Mode::Reactor, |config| {
        config.sites[0].root = site.path().to_owned();
    });
    let folder = Folder::new();
    let url = format!("http://{}/", rig.http);
    output(
        "wget",
        &["-q", "-m", "-nH", "--tries=1", "-T", "20", &url],
        folder.path(),
    );
    for name in &names {
        let copy =
            fs::read(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            copy == fs::read(site.path().join(name)).expect("a file"),
            "{name}"
        );
    }
    assert_eq!(count_files(folder.path()), names.len());
    // What has not changed since is not sent again.
    let first = rig.count(Count::WrittenBytes);
    output(
        "wget",
        &["-q", "-m", "-nH", "--tries=1", "-T", "20", &url],
        folder.path(),
    );
    let again = rig.count(Count::WrittenBytes) - first;
    assert!(again > 0 && again < first / 10, "{first}, then {again}");
}

/// Writes pages that lead to all the others; returns the files' names.
fn many_files(site: &Folder) -> Vec<String> {
    let name = |number: usize| match number {
        0 => "index.html".to_owned(),
        n if n % LINKS == 1 => format!("part{}/page {n}.html", n / LINKS % 7),
        n => format!("part{}/{}/file{n}.txt", n / LINKS % 7, n % 11),
    };
    let link = |number: usize| format!("<a href=\"/{}\">", name(number).replace(' ', "%20"));
    let pages = || (1..MIRRORED_FILES).step_by(LINKS);
    for number in 0..MIRRORED_FILES {
        let content = match number {
            0 => pages().map(link).collect::<String>().into_bytes(),
            n if n % LINKS == 1 => {
                let links = (n..(n + LINKS).min(MIRRORED_FILES)).map(link);
                links.collect::<String>().into_bytes()
            }
            n => pattern(n % 97 * n),
        };
        site.write(&name(number), &content);
        site.date(&name(number), 1_000_000_000 + number as u64);
    }
    (0..MIRRORED_FILES).map(name).collect()
}

fn count_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let count = |path: std::path::PathBuf| if path.is_dir() { count_files(&path) } else { 1 };
    paths.map(count).sum()
}

/// Runs a script with the address, and checks how few `connections` were enough
/// for all its requests.
fn keeps_alive(tool: &str, flag: &str, script: &str, connections: u64) {
    if !has(tool) {
        return;
    }
    both(|mode| {
        let rig = Rig::start(mode, |_| {});
        let (folder, addr) = (Folder::new(), rig.http.to_string());
        let said = output(tool, &[flag, script, &addr], folder.path());
        assert_eq!(String::from_utf8_lossy(&said), "well\n");
        assert!(
            rig.count(Count::Accepted) <= connections,
            "{}",
            rig.count(Count::Accepted)
        );
        assert_eq!(rig.count(Count::Requests), 200, "requests");
    });
}

#[test]
fn pythons_client_keeps_its_connection() {
    keeps_alive("python3", "-c", scripts::PYTHON, 1);
}

#[test]
fn nodes_fetch_keeps_its_connection() {
    // Its pool may open a second one while the first is on its way back.
    keeps_alive("node", "-e", scripts::NODE, 2);
}

#[test]
fn a_browser_takes_fonts_seeks_in_sound_and_keeps_a_worker() {
    if !chromium::is_there() {
        return;
    }
    let site = Folder::new();
    page::write(&site);
    let (send, said) = mpsc::channel();
    let router = Router::new()
        .http("POST", "/said", move |request, _| {
            let _ = send.send(String::from_utf8_lossy(request.body).into_owned());
            "thanks"
        })
        .site(StaticSite::new(0));
    let adjust = |config: &mut Config| config.sites[0].root = site.path().to_owned();
    let rig = Rig::with_router(Mode::Reactor, adjust, router);
    let folder = Folder::new();
    let url = format!("http://{}/", rig.http);
    // With a port for a debugger it stays until it is ended.
    let browser = Chromium::open(&url, folder.path(), &["--remote-debugging-port=0"]);
    let said = said.recv_timeout(chromium::PATIENCE);
    let said = said.expect("the page says something");
    drop(browser);
    assert_eq!(said, page::SAID);
    // It took what it needed.
    assert!(rig.count(Count::WrittenBytes) < page::SOUND_BYTES / 2);
}
