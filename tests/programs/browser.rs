//! A real browser loads the site from a running server and shows it.
//!
//! It needs `chromium`. Where that is not installed the tests say so and pass,
//! unless `PELTON_REQUIRE_TOOLS` is 1; nothing is ever installed from here.

use crate::chromium::{self, Chromium};
use crate::support::Folder;
use crate::support::program::{Program, config_text};
use pelton::config::Mode;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 800;

/// A picture of one colour, of that size, takes far less.
const PICTURE_BYTES_MIN: usize = 12_000;

/// Loads `url` with a profile of its own below `folder`; returns what the
/// browser prints.
#[track_caller]
fn load(url: &str, folder: &Path, arguments: &[&str]) -> String {
    let size = format!("--window-size={WIDTH},{HEIGHT}");
    let usual = ["--hide-scrollbars", "--virtual-time-budget=5000", &size];
    println!("chromium loads {url}");
    Chromium::open(url, folder, &[&usual, arguments].concat()).wait()
}

/// The site of this project, served by the program.
fn site(mode: &str) -> Program {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("www");
    let root = root.to_str().expect("a path in UTF-8");
    Program::start(
        Path::new("/"),
        &[root, "--http", "0", "--frame", "0", "--mode", mode],
    )
}

#[track_caller]
fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "no {part:?} in:\n{page}");
    }
}

#[test]
fn a_browser_loads_the_site_in_either_mode() {
    if !chromium::is_there() {
        return;
    }
    for mode in ["reactor", "proactor"] {
        let folder = Folder::new();
        let program = site(mode);
        let at = |path: &str| format!("http://{}{path}", program.http());
        let page = load(&at("/"), folder.path(), &["--dump-dom"]);
        has(
            &page,
            &[
                "<title>Pelton: static sites and binary clients",
                "<h1>One wheel, two",
            ],
        );
        let page = load(&at("/guide/"), folder.path(), &["--dump-dom"]);
        has(&page, &["<h1", "Guide"]);
        let page = load(&at("/nowhere/at-all"), folder.path(), &["--dump-dom"]);
        has(&page, &["<title>Not found", "class=\"page lost\""]);
    }
}

/// What stands between `before` and the next tag or quote.
fn behind<'a>(page: &'a str, before: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| {
        panic!("no {before:?} in:\n{page}");
    });
    rest.split(['<', '"', ')']).next().unwrap_or_default()
}

/// The page asks for its numbers by script: under load they move from one look
/// to the next, and the wheel turns.
#[test]
fn the_status_page_moves_under_load() {
    if !chromium::is_there() {
        return;
    }
    let folder = Folder::new();
    folder.write("small.txt", b"small");
    folder.write(
        "pelton.toml",
        b"[[listen]]\naddr = \"127.0.0.1:0\"\n[[site]]\nroot = \".\"\n\
          [status]\npath = \"/_pelton/\"\n",
    );
    let program = Program::start(folder.path(), &["--config", "pelton.toml"]);
    let addr = program.http();
    let over = AtomicBool::new(false);
    let url = format!("http://{addr}/_pelton/");
    let dark = folder.path().join("dark.png");
    let (first, second) = thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = crate::support::connect(addr);
            while !over.load(Ordering::Relaxed) {
                let asked = stream.write_all(b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
                asked.expect("sent");
                assert_eq!(
                    crate::support::read_answer(&mut stream, false).body,
                    b"small"
                );
            }
        });
        // The first look has the loops begin to gather; then ticks go by.
        crate::support::get(addr, "/_pelton/status.json", "");
        let tick = || thread::sleep(Duration::from_millis(1_500));
        tick();
        let first = load(&url, folder.path(), &["--dump-dom"]);
        tick();
        let second = load(&url, folder.path(), &["--dump-dom"]);
        let shot = format!("--screenshot={}", dark.display());
        let scheme = "--blink-settings=preferredColorScheme=0";
        load(&url, folder.path(), &[&shot, "--force-dark-mode", scheme]);
        over.store(true, Ordering::Relaxed);
        (first, second)
    });
    let requests = |page: &str| -> u64 {
        let digits = behind(page, "<td>requests</td><td>").replace(',', "");
        digits.parse().expect("a number")
    };
    assert!(requests(&second) > requests(&first) && requests(&first) > 0);
    let turned = |page: &str| behind(page, "rotate(").to_owned();
    assert_ne!(turned(&first), turned(&second));
    assert_ne!(behind(&second, "id=\"live\">"), "0");
    let rate = behind(&second, "id=\"requests\">");
    assert!(rate.starts_with(|c: char| c.is_ascii_digit()), "{rate:?}");
    has(&second, &["cup next", "id=\"line\" d=\"M"]);
    let picture = fs::read(&dark).expect("a picture");
    assert!(picture.len() >= PICTURE_BYTES_MIN, "{}", picture.len());
}

#[test]
fn a_browser_shows_the_site() {
    if !chromium::is_there() {
        return;
    }
    let folder = Folder::new();
    let program = site("reactor");
    for (path, name) in [
        ("/", "home.png"),
        ("/nowhere", "lost.png"),
        ("/account/#registered", "account.png"),
    ] {
        let url = format!("http://{}{path}", program.http());
        let file = folder.path().join(name);
        load(
            &url,
            folder.path(),
            &[&format!("--screenshot={}", file.display())],
        );
        let picture = fs::read(&file).expect("a screenshot");
        assert_eq!(size_of_png(&picture), Some((WIDTH, HEIGHT)), "{path}");
        println!("{path}: {} bytes", picture.len());
        assert!(
            picture.len() >= PICTURE_BYTES_MIN,
            "{path} is blank: {} bytes",
            picture.len()
        );
    }
}

/// The site with accounts, and a page that sends a form by itself.
fn site_with_accounts(folder: &Folder, form: &str) -> Program {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("www");
    for name in ["account/index.html", "account/account.js", "style.css"] {
        let content = fs::read(www.join(name)).expect("a file of the site");
        folder.write(&format!("site/{name}"), &content);
    }
    let page = format!("<!doctype html>{form}<script>document.forms[0].submit()</script>");
    folder.write("site/send.html", page.as_bytes());
    let accounts = "[accounts]\nfile = \"a.db\"\nhash_kib = 8\n";
    let text = config_text(Mode::Reactor, &folder.path().join("site"), accounts);
    folder.write("my.toml", text.as_bytes());
    Program::start(folder.path(), &["--config", "my.toml"])
}

fn form(action: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\"><input name=\"name\" value=\"Zoë &lt;b&gt;\">\
         <input name=\"password\" value=\"correct horse\"></form>"
    )
}

#[test]
fn a_browser_registers_and_logs_in_by_forms() {
    if !chromium::is_there() {
        return;
    }
    let folder = Folder::new();
    let send = |form: &str| {
        let program = site_with_accounts(&folder, form);
        let url = format!("http://{}/send.html", program.http());
        let page = load(&url, folder.path(), &["--dump-dom"]);
        (program, page)
    };
    let (_, page) = send(&form("/api/register"));
    has(&page, &["<title>Account", "One name, for the browser"]);
    assert!(!page.contains("said shown"), "accounts are on");
    let (program, page) = send(&form("/api/login"));
    has(&page, &["You are logged in as Zoë &lt;b&gt;."]);
    // The same form in a page of another origin: it is refused, and the browser
    // keeps who it is.
    let url = format!("http://{}/api/logout", program.http());
    let (_other, page) = send(&form(&url));
    has(&page, &["403", "a page of another site"]);
    let url = format!("http://{}/account/", program.http());
    let page = load(&url, folder.path(), &["--dump-dom"]);
    has(&page, &["You are logged in as Zoë &lt;b&gt;."]);
}

#[test]
fn a_page_says_that_accounts_are_off() {
    if !chromium::is_there() {
        return;
    }
    let folder = Folder::new();
    let program = site("reactor");
    let url = format!("http://{}/account/", program.http());
    let page = load(&url, folder.path(), &["--dump-dom"]);
    has(
        &page,
        &[
            "class=\"said shown\" id=\"off-now\"",
            "file = \"accounts.db\"",
        ],
    );
}

/// Width and height, from the header that a PNG begins with.
fn size_of_png(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let header = rest.get(4..)?.strip_prefix(b"IHDR")?;
    let number = |at: usize| {
        let bytes = header.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    Some((number(0)?, number(4)?))
}
