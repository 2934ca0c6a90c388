//! The reports of `webbench`: their figures against what it says and what a
//! server saw, their files, and comparisons, against our own program.

use crate::support::program::{Program, Ran, wait_for};
use crate::support::{Folder, PATIENCE};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where cargo has put it.
const WEBBENCH: &str = env!("CARGO_BIN_EXE_webbench");

/// A process id that Linux never gives.
const NOBODY: &str = "4194305";

/// Our own program over a small site.
struct Site {
    program: Program,
    folder: Folder,
}

impl Site {
    fn start() -> Site {
        let folder = Folder::site();
        let root = folder.path().to_str().expect("a path in UTF-8").to_owned();
        Site {
            program: Program::start(Path::new("/"), &[&root, "--http", "0", "--frame", "0"]),
            folder,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.program.http())
    }

    /// A file of a report, and its name for the command line.
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn pid(&self) -> String {
        self.program.id().as_raw_nonzero().to_string()
    }
}

fn start(words: &[&str]) -> Child {
    let mut command = Command::new(WEBBENCH);
    command.args(words).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("webbench starts")
}

fn run(words: &[&str]) -> Ran {
    finish(start(words))
}

/// Waits for its end.
fn finish(mut child: Child) -> Ran {
    let collect = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).map(|_| text).expect("text")
        })
    };
    let out = collect(Box::new(child.stdout.take().expect("it was piped")));
    let errors = collect(Box::new(child.stderr.take().expect("it was piped")));
    Ran {
        code: wait_for(&mut child).code(),
        out: out.join().expect("text"),
        errors: errors.join().expect("text"),
    }
}

/// What is on standard output as susceed and failed.
fn counts(ran: &Ran) -> (u64, u64) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (_, line) = ran.out.rsplit_once("Requests: ").expect("the last line");
    let (good, rest) = line.split_once(" susceed, ").expect("a count");
    let (bad, end) = rest.split_once(" failed.").expect("a count");
    assert_eq!(end, "\n");
    (
        good.parse().expect("a number"),
        bad.parse().expect("a number"),
    )
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A number at a path of a report.
#[track_caller]
fn number(report: &Value, path: &str) -> f64 {
    let found = report.pointer(path).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number {path} in {report:#}"))
}

#[track_caller]
fn is_near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-3 * b.abs().max(1.0), "{a} is not {b}");
}

/// p99 in milliseconds of a load on a server that freezes for one second in
/// five.
fn p99_over_a_freeze(words: &[&str]) -> f64 {
    let site = Site::start();
    let id = Pid::from_raw(site.pid().parse().expect("an id")).expect("not 0");
    let url = site.url("small.txt");
    let load = ["-t", "5", "-c", "4", "-k", "--json", "-"];
    let child = start(&[&load, words, &[&url]].concat());
    thread::sleep(Duration::from_secs(2));
    kill_process(id, Signal::STOP).expect("it is there");
    thread::sleep(Duration::from_secs(1));
    kill_process(id, Signal::CONT).expect("it is there");
    let ran = finish(child);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    number(&json(&ran.out), "/latency_us/whole/p99") / 1e3
}

#[test]
fn a_freeze_shows_at_a_constant_rate_and_hides_without_one() {
    let shown = p99_over_a_freeze(&["--rate", "400"]);
    assert!(shown >= 300.0, "p99 is {shown} ms");
    // Without one only the four that were under way have seen it.
    let hidden = p99_over_a_freeze(&[]);
    assert!(hidden < 300.0, "p99 is {hidden} ms");
}

#[test]
fn json_and_csv_say_what_the_classic_lines_say() {
    let site = Site::start();
    let (json_file, csv_file) = (site.file("a.json"), site.file("a.csv"));
    fs::write(&json_file, "old and long ".repeat(10_000)).expect("a file");
    let url = site.url("small.txt");
    let words = [
        "-t", "2", "-c", "4", "-k", "--json", &json_file, "--csv", &csv_file, &url,
    ];
    let ran = run(&words);
    let (good, bad) = counts(&ran);
    assert!(good > 0 && bad == 0, "{ran:?}");
    let report = json(&fs::read_to_string(&json_file).expect("the report"));
    is_near(number(&report, "/counts/succeeded"), good as f64);
    is_near(number(&report, "/counts/failed"), 0.0);
    is_near(number(&report, "/setup/clients"), 4.0);
    assert_eq!(report["setup"]["url"], url);
    assert_eq!(report["server"], Value::Null);
    is_near(number(&report, "/latency_us/whole/count"), good as f64);
    let seconds = number(&report, "/elapsed_s");
    assert!((1.9..10.0).contains(&seconds), "{seconds}");
    is_near(number(&report, "/rate_per_s"), good as f64 / seconds);
    let times = ["p50", "p75", "p90", "p99", "p99_9", "max"];
    let times = times.map(|name| number(&report, &format!("/latency_us/whole/{name}")));
    assert!(times[0] > 1.0 && times.is_sorted(), "{times:?}");
    let series = report["series"].as_array().expect("samples");
    assert!((1..=10).contains(&series.len()), "{series:?}");
    let sum = series
        .iter()
        .map(|sample| number(sample, "/succeeded"))
        .sum();
    is_near(sum, good as f64);

    let csv = fs::read_to_string(&csv_file).expect("the report");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    let value = |name: &str| {
        let place = lines[0].split(',').position(|column| column == name);
        lines[1].split(',').nth(place.expect(name)).expect(name)
    };
    assert_eq!(
        (value("succeeded"), value("url")),
        (good.to_string().as_str(), url.as_str())
    );
    is_near(value("whole_p99_us").parse().expect("a number"), times[3]);
    assert_eq!(value("server_cpu_us"), "");

    // On standard error stands the table, and of the figures the same ones.
    let lines: Vec<&str> = ran.errors.lines().collect();
    assert!(
        lines[0].starts_with("Latency ") && lines[0].ends_with(" max"),
        "{ran:?}"
    );
    let names = ["connect ", "first byte ", "whole "];
    assert!(
        lines[1..]
            .iter()
            .zip(names)
            .all(|(line, name)| line.starts_with(name)),
        "{ran:?}"
    );
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{ran:?}"
    );
}

#[test]
fn failures_are_in_every_report_by_kind() {
    let site = Site::start();
    let (csv, html) = (site.file("a.csv"), site.file("a.html"));
    let url = site.url("nothing");
    let words = [
        "--requests",
        "50",
        "--json",
        "-",
        "--csv",
        &csv,
        "--html",
        &html,
        &url,
    ];
    let ran = run(&words);
    let report = json(&ran.out);
    is_near(number(&report, "/counts/failed"), 50.0);
    is_near(number(&report, "/counts/failures/status_4xx"), 50.0);
    assert_eq!(report["latency_us"]["whole"]["p50"], Value::Null);
    assert_eq!(ran.errors, "Failed: 50 status 4xx.\n");
    let csv = fs::read_to_string(csv).expect("the report");
    assert!(csv.contains(",failed_status_4xx,"), "{csv}");
    let html = fs::read_to_string(html).expect("the report");
    assert!(html.contains("status 4xx</th><td>50</td>"), "{html}");
}

#[test]
fn standard_output_carries_a_report_alone() {
    let site = Site::start();
    let url = site.url("small.txt");
    for (option, start, end) in [
        ("--json", "{\n  \"format\": 1,", "}\n"),
        ("--csv", "unix_s,url,", "\n"),
        ("--html", "<!DOCTYPE html>\n", "</html>\n"),
    ] {
        let ran = run(&["--requests", "20", option, "-", &url]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(
            ran.out.starts_with(start) && ran.out.ends_with(end),
            "{ran:?}"
        );
        assert!(!ran.out.contains("susceed") && !ran.out.contains("Benchmarking"));
    }
}

#[test]
fn what_cannot_be_is_said_before_a_request_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("its address"));
    for (words, part) in [
        (&["--json", "/nowhere/a.json"][..], "/nowhere/a.json"),
        (&["--html", "/"], "--html"),
        (&["--json", "-", "--csv", "-"], "--json and --csv"),
        (
            &["--csv", "/dev/null", "--html", "/dev/null"],
            "--csv and --html",
        ),
        (&["--server-pid", NOBODY], NOBODY),
        (&["--server-pid", "self"], "number of a process"),
    ] {
        let mut words = words.to_vec();
        words.extend(["-t", "1", &url]);
        let ran = run(&words);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        assert!(
            ran.errors.starts_with("webbench: ") && ran.errors.contains(part),
            "{ran:?}"
        );
        assert_eq!(ran.errors.lines().count(), 1, "{ran:?}");
    }
    // The connection that is tried before a run says nothing.
    listener.set_nonblocking(true).expect("it does not wait");
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nonblocking(false).expect("it waits");
        assert_eq!(
            stream.read(&mut [0; 100]).ok(),
            Some(0),
            "a request was sent"
        );
    }
}

#[test]
fn the_server_s_processor_time_and_memory() {
    let site = Site::start();
    let before = site.program.processor_time();
    let url = site.url("small.txt");
    let pid = site.pid();
    let words = [
        "-t",
        "2",
        "-c",
        "8",
        "-k",
        "--server-pid",
        &pid,
        "--json",
        "-",
        &url,
    ];
    let ran = run(&words);
    let seen = site.program.processor_time() - before;
    let report = json(&ran.out);
    let used = number(&report, "/server/cpu_us");
    assert!(
        used > 1_000.0,
        "a server that is loaded does something: {report:#}"
    );
    let ticks = 50_000.0; // which is how coarse the other way to measure is
    assert!(
        (used - seen.as_micros() as f64).abs() < ticks + 0.2 * used,
        "{used} and {seen:?}"
    );
    let requests = number(&report, "/counts/succeeded");
    is_near(
        number(&report, "/server/cpu_us_per_request"),
        used / requests,
    );
    for name in ["before", "max", "after"] {
        let bytes = number(&report, &format!("/server/memory_{name}_bytes"));
        assert!((100_000.0..1e9).contains(&bytes), "{name}: {report:#}");
    }
    assert!(
        ran.errors.contains(&format!("Server process {pid}: ")),
        "{ran:?}"
    );
    assert!(ran.errors.contains("Server memory: "), "{ran:?}");
}

#[test]
fn the_time_of_a_warm_up_is_not_counted() {
    let site = Site::start();
    let (url, pid) = (site.url("small.txt"), site.pid());
    let before = site.program.processor_time();
    let words = [
        "-t",
        "1",
        "--warm-up",
        "2",
        "-c",
        "8",
        "-k",
        "--server-pid",
        &pid,
    ];
    let ran = run(&[&words[..], &["--json", "-", &url]].concat());
    let seen = (site.program.processor_time() - before).as_micros() as f64;
    let used = number(&json(&ran.out), "/server/cpu_us");
    // A third of it, were the machine alike all the time.
    assert!(used > 0.05 * seen && used < 0.75 * seen, "{used} of {seen}");
}

#[test]
fn a_server_compared_with_itself_is_as_fast() {
    let site = Site::start();
    let (url, pid) = (site.url("small.txt"), site.pid());
    let common = [
        "compare", "-t", "1", "-c", "4", "-k", "--rounds", "2", &url, &url,
    ];
    let ran = run(&common);
    assert_eq!((ran.code, ran.errors.as_str()), (Some(0), ""), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[1].starts_with("Comparing A: GET http://"), "{ran:?}");
    let median = lines.iter().find_map(|line| line.strip_prefix("median "));
    let median: Vec<&str> = median.expect("medians").split_whitespace().collect();
    let rate: f64 = median[0].parse().expect("a ratio");
    assert!((0.2..5.0).contains(&rate), "{ran:?}");
    assert_eq!(
        (median.len(), median[3]),
        (4, "–"),
        "no processes are known: {ran:?}"
    );

    let more = ["--pid-a", &pid, "--pid-b", &pid, "--json", "-"];
    let ran = run(&[&common[..], &more].concat());
    let report = json(&ran.out);
    assert_eq!(report["kind"], "compare");
    let rounds = report["rounds"].as_array().expect("rounds");
    let first: Vec<&Value> = rounds.iter().map(|round| &round["first"]).collect();
    assert_eq!(first, ["a", "b"], "they begin by turns");
    for (place, round) in rounds.iter().enumerate() {
        let rate = |side| number(round, &format!("/{side}/rate_per_s"));
        is_near(number(round, "/ratios/rate"), rate("a") / rate("b"));
        let cpu = |side| number(round, &format!("/{side}/cpu_us_per_request"));
        assert!(
            cpu("a") > 0.0 && cpu("b") > 0.0,
            "round {place} of {report:#}"
        );
    }
    for measure in ["rate", "p50", "p99", "cpu"] {
        let figure = |name| number(&report, &format!("/ratios/{measure}/{name}"));
        let [min, median, max] = ["min", "median", "max"].map(figure);
        assert!(min <= median && median <= max, "{report:#}");
        assert!(
            measure == "p99" || (0.2..5.0).contains(&median),
            "{measure}: {report:#}"
        );
    }
}

#[test]
fn a_ratio_that_is_too_low_is_status_4() {
    let site = Site::start();
    let url = site.url("small.txt");
    let common = ["compare", "--requests", "200", "--rounds", "1", &url, &url];
    let ran = run(&[&common[..], &["--fail-below", "1000"]].concat());
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(
        ran.errors
            .starts_with("webbench: the median of rate A/B is "),
        "{ran:?}"
    );
    assert!(ran.errors.ends_with(", below 1000\n") && ran.errors.lines().count() == 1);
    let ran = run(&[&common[..], &["--fail-below", "0.001"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // What does not fit is said before.
    let ran = run(&[&common[..], &["--pid-a", NOBODY, "--pid-b", NOBODY]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
}

#[test]
fn an_interrupt_ends_a_comparison_and_rounds_that_are_done_are_told() {
    let site = Site::start();
    let url = site.url("small.txt");
    let mut child = start(&[
        "compare", "-t", "1", "-c", "2", "-k", "--rounds", "1000", &url, &url,
    ]);
    let mut out = child.stdout.take().expect("it was piped");
    let mut text = String::new();
    // Until the line of the first round.
    while !text.contains("\n    1 ") {
        let mut byte = [0; 256];
        let count = out.read(&mut byte).expect("more");
        assert!(count > 0, "it ended early: {text}");
        text += &String::from_utf8_lossy(&byte[..count]);
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it is there");
    out.read_to_string(&mut text).expect("the rest");
    assert_eq!(wait_for(&mut child).code(), Some(0));
    assert!(
        text.contains("\nmedian ") && text.contains("\nmost "),
        "{text}"
    );
}

#[test]
fn a_bar_is_shown_on_a_terminal_and_nowhere_else() {
    let site = Site::start();
    let (url, json_file) = (site.url("small.txt"), site.file("a.json"));
    let piped = run(&["-t", "1", "-k", &url]);
    assert!(
        !piped.errors.contains("requests/s") && !piped.errors.contains('\x1b'),
        "{piped:?}"
    );
    // `script` gives it a terminal of this size.
    let line = format!(
        "stty rows 24 cols 100; exec {WEBBENCH} -t 2 -k --json {json_file} {url} > /dev/null"
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm");
    script
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ran = match script.spawn() {
        Ok(child) => finish(child),
        Err(error) => return assert!(!is_required(), "no script: {error}"),
    };
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [" requests/s · 0 failed", " s left · ", "█"] {
        assert!(ran.out.contains(part), "no {part:?}: {ran:?}");
    }
    let (_, after) = ran
        .out
        .rsplit_once("\x1b[2K")
        .expect("a line that is cleared");
    assert!(
        after.contains("Latency ") && !after.contains("requests/s"),
        "{ran:?}"
    );
    assert!(
        number(
            &json(&fs::read_to_string(json_file).expect("a report")),
            "/rate_per_s"
        ) > 0.0
    );
}

// --- the page, in a browser -----------------------------------------------

/// Whether tools that are not there are a failure.
fn is_required() -> bool {
    std::env::var("PELTON_REQUIRE_TOOLS").is_ok_and(|value| value == "1")
}

/// Whether the browser is there; if not, says what is skipped for want of it.
fn has_chromium() -> bool {
    let version = Command::new("chromium").arg("--version").output();
    let found = version.is_ok_and(|output| output.status.success());
    assert!(
        found || !is_required(),
        "chromium is required (PELTON_REQUIRE_TOOLS=1) and not installed"
    );
    if !found {
        println!("skipped: chromium is not installed (Debian's package: chromium)");
    }
    found
}

/// What the browser makes of a page, where the user prefers dark colours or
/// not.
fn browse(folder: &Path, page: &Path, is_dark: bool) -> String {
    let mut browser = Command::new("chromium");
    browser.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ]);
    browser.args([
        "--no-first-run",
        "--disable-background-networking",
        "--disable-sync",
    ]);
    browser.args([
        "--disable-component-update",
        "--dump-dom",
        "--virtual-time-budget=5000",
    ]);
    browser.arg(format!(
        "--blink-settings=preferredColorScheme={}",
        u8::from(!is_dark)
    ));
    browser.arg(format!(
        "--user-data-dir={}",
        folder.join("profile").display()
    ));
    browser.arg(format!("file://{}", page.display()));
    browser
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null());
    browser.stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = browser.spawn().expect("chromium starts");
    let mut out = child.stdout.take().expect("it was piped");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).map(|_| text).expect("text")
    });
    assert!(wait_for(&mut child).success(), "chromium fails");
    println!("chromium took {:?}", start.elapsed());
    reader.join().expect("text")
}

/// Writes what is drawn, and how, to the end of the page.
const LOOK: &str = "<script>addEventListener('load', () => {
    const size = one => { const box = one.getBoundingClientRect(); return [box.width, box.height]; };
    const style = (one, name) => getComputedStyle(document.querySelector(one))[name];
    const seen = {
        svg: [...document.querySelectorAll('svg')].map(size),
        area: size(document.querySelector('.area')),
        bars: document.querySelectorAll('.bar').length,
        marks: [...document.querySelectorAll('.marked')].map(one => one.textContent),
        background: style('html', 'backgroundColor'), ink: style('h1', 'color'),
        sheet: style('section', 'backgroundColor'), bar: style('.bar', 'fill'),
        wide: document.documentElement.scrollWidth - innerWidth,
        text: document.body.innerText,
    };
    const out = document.createElement('pre');
    out.id = 'seen'; out.textContent = JSON.stringify(seen); document.body.append(out);
});</script></html>";

#[test]
fn a_browser_shows_the_page_in_light_and_dark() {
    if !has_chromium() {
        return;
    }
    let site = Site::start();
    let (url, file, pid) = (
        site.url("small.txt?a=<b>&amp;"),
        site.file("a.html"),
        site.pid(),
    );
    let words = [
        "-t",
        "2",
        "-c",
        "4",
        "-k",
        "--html",
        &file,
        "--server-pid",
        &pid,
    ];
    let url = url.replace('<', "%3C").replace('>', "%3E");
    let ran = run(&[&words[..], &[&url]].concat());
    let (good, _) = counts(&ran);
    let page = fs::read_to_string(&file).expect("the page");
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("href="));
    let watched = site.folder.path().join("watched.html");
    fs::write(&watched, page.replace("</html>", LOOK)).expect("a page");
    let looks = [false, true].map(|is_dark| {
        let dom = browse(site.folder.path(), &watched, is_dark);
        let (_, seen) = dom.split_once("<pre id=\"seen\">").expect("what was seen");
        let seen = seen.split_once("</pre>").expect("its end").0;
        json(
            &seen
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
        )
    });
    for look in &looks {
        let pictures = look["svg"].as_array().expect("pictures");
        assert_eq!(pictures.len(), 2);
        for picture in pictures {
            assert!(
                number(picture, "/0") > 300.0 && number(picture, "/1") > 100.0,
                "{look:#}"
            );
        }
        assert!(
            number(look, "/area/0") > 200.0 && number(look, "/area/1") > 20.0,
            "{look:#}"
        );
        assert!(number(look, "/bars") >= 2.0, "{look:#}");
        assert_eq!(look["marks"].as_array().map(Vec::len), Some(6), "{look:#}");
        assert!(
            number(look, "/wide") <= 0.0,
            "the page is not wider than the window: {look:#}"
        );
        let text = look["text"].as_str().expect("text");
        let count = thousands(good);
        for part in [
            &count,
            "requests/s",
            "&amp;",
            "p99.9",
            "Server",
            "keep alive",
            &pid,
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
    let [light, dark] = &looks;
    for name in ["background", "ink", "sheet", "bar"] {
        assert_ne!(
            light[name], dark[name],
            "{name} is the same in light and dark"
        );
    }
    let brightness = |look: &Value, name: &str| {
        let colour = look[name].as_str().expect("a colour");
        let parts = colour
            .trim_matches(|c: char| !c.is_ascii_digit())
            .split(", ");
        parts
            .map(|part| part.parse::<u32>().expect(colour))
            .sum::<u32>()
    };
    assert!(brightness(light, "background") > 600 && brightness(light, "ink") < 200);
    assert!(brightness(dark, "background") < 150 && brightness(dark, "ink") > 600);
}

/// A number as the page writes it.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let parts = digits.as_bytes().rchunks(3).rev();
    let parts: Vec<&str> = parts
        .map(|part| std::str::from_utf8(part).expect("digits"))
        .collect();
    parts.join(",")
}

#[test]
fn a_server_that_goes_away_is_reported_all_the_same() {
    let site = Site::start();
    let (url, pid) = (site.url("small.txt"), site.pid());
    let start = Instant::now();
    // A server that goes away in the middle: the report is there all the same.
    let words = ["-t", "10", "-k", "--server-pid", &pid, "--json", "-", &url];
    let child = self::start(&words);
    site.program.wait_for("it is loaded", |program| {
        program.processor_time() > Duration::from_millis(50)
    });
    site.program.signal(Signal::KILL);
    let ran = finish(child);
    assert!(start.elapsed() < PATIENCE);
    let report = json(&ran.out);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(number(&report, "/counts/failed") > 0.0, "{report:#}");
    assert!(number(&report, "/server/cpu_us") > 0.0, "{report:#}");
    is_near(number(&report, "/server/memory_after_bytes"), 0.0);
}
