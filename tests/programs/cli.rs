//! The program as a user sees it: what it says, what it refuses, how it ends.

use crate::support::program::{Program, Ran, config_text, run};
use crate::support::{
    Folder, connect, connect_narrow, get, package, pattern, read_answer, read_package, read_to_end,
};
use pelton::config::Mode;
use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

/// Arguments as one text.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Runs the program in `folder` to its end, which is a refusal of one line
/// with every one of `parts` in it.
#[track_caller]
fn refused(folder: &Folder, arguments: &str, code: i32, parts: &[&str]) {
    let ran = run(folder.path(), &words(arguments));
    assert_eq!(
        (ran.code, &*ran.out),
        (Some(code), ""),
        "{arguments}: {ran:?}"
    );
    assert_eq!(ran.errors.lines().count(), 1, "{arguments}: {}", ran.errors);
    for part in parts {
        assert!(ran.errors.contains(part), "no {part:?} in {}", ran.errors);
    }
}

/// Port of 127.0.0.1 on which nobody listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.local_addr().expect("its address").port()
}

// --- serving -----------------------------------------------------------

#[test]
fn a_folder_is_served_and_the_first_lines_say_where() {
    let folder = Folder::site();
    for (arguments, mode, loops) in [
        (". --http 0 --frame 0 --workers 2", "reactor", "2 loops"),
        (
            "serve . --http 0 --frame 0 --mode proactor --workers 1",
            "proactor",
            "1 loop,",
        ),
    ] {
        let program = Program::start(folder.path(), &words(arguments));
        let lines = program.lines.join("\n");
        assert_eq!(program.lines.len(), 3, "{lines}");
        assert!(lines.contains(mode) && lines.contains(loops), "{lines}");
        assert!(
            program.http().port() != 0 && program.frame().port() != 0,
            "{lines}"
        );
        assert_eq!(get(program.http(), "/small.txt", "").body, pattern(1024));
        let mut stream = connect(program.frame());
        stream.write_all(&package(1, b"hello")).expect("sent");
        assert_eq!(read_package(&mut stream), (1, b"hello".to_vec()));
    }
}

#[test]
fn the_usual_file_is_taken_where_it_is() {
    let folder = Folder::site();
    let text = config_text(Mode::Proactor, folder.path(), "");
    folder.write("conf/pelton.toml", text.as_bytes());
    let program = Program::start(folder.path(), &[]);
    assert!(
        program.lines.iter().any(|line| line.contains("proactor")),
        "{:?}",
        program.lines
    );
    assert_eq!(get(program.http(), "/small.txt", "").body, pattern(1024));
}

#[test]
fn without_a_file_and_a_folder_one_line_says_what_to_do() {
    let folder = Folder::new();
    refused(&folder, "", 2, &["www", "pelton serve DIR"]);
    refused(
        &folder,
        "nowhere",
        2,
        &["nowhere", "neither a folder nor a command"],
    );
    refused(
        &folder,
        "--config nowhere.toml",
        2,
        &["cannot read nowhere.toml", "--config"],
    );
    refused(
        &folder,
        "check",
        2,
        &["cannot read conf/pelton.toml: it is not there; name one that is: pelton check FILE"],
    );
    folder.write("here.toml", b"");
    refused(
        &folder,
        "check her.toml",
        2,
        &["did you mean \"here.toml\"?"],
    );
    refused(&folder, "chek", 2, &["did you mean pelton check?"]);
    refused(&folder, "no/such", 2, &["no/such is no folder"]);
}

#[test]
fn a_root_that_is_not_there_is_told_with_its_place() {
    let folder = Folder::new();
    folder.write("my.toml", b"[[site]]\nroot = \"nowhere\"\n");
    let place = "my.toml:2:8: the folder nowhere is not there: make it, or write a root that is";
    refused(&folder, "--config my.toml", 2, &[place]);
    folder.write("usual.toml", b"[[site]]\n");
    let usual = "usual.toml:1:1: the folder www is not there: make it, or write a root that is";
    refused(&folder, "--config usual.toml", 2, &[usual]);
    folder.write("www/index.html", b"");
    refused(
        &folder,
        "nowhere --config usual.toml",
        2,
        &["nowhere is neither"],
    );
}

#[test]
fn wrong_arguments_are_one_line_each() {
    let folder = Folder::site();
    refused(&folder, "--htp 80", 2, &["--htp", "--http"]);
    refused(&folder, ". --workers many", 2, &["from 0 to 256"]);
    refused(
        &folder,
        ". --mode both",
        2,
        &["\"reactor\" or \"proactor\""],
    );
    refused(&folder, ". --http example.com:80", 2, &["no IP address"]);
    refused(&folder, "call 9000", 2, &["--code"]);
    refused(
        &folder,
        "call 9000 --code 1 --file nowhere.bin",
        2,
        &["cannot read nowhere.bin"],
    );
}

#[test]
fn help_and_version_are_said_on_standard_output() {
    let folder = Folder::new();
    for (arguments, part) in [
        ("--help", "pelton check"),
        ("serve --help", "--workers"),
        ("--version", "pelton 0."),
    ] {
        let ran = run(folder.path(), &words(arguments));
        assert_eq!((ran.code, &*ran.errors), (Some(0), ""), "{arguments}");
        assert!(ran.out.contains(part), "{}", ran.out);
    }
}

#[test]
fn an_address_that_is_taken_is_refused() {
    let folder = Folder::site();
    let program = Program::start(folder.path(), &words(". --http 0 --frame 0"));
    let http = format!(". --http {} --frame 0", program.http());
    refused(
        &folder,
        &http,
        1,
        &[&program.http().to_string(), "another program"],
    );
    let frame = format!(". --http 0 --frame {}", program.frame());
    refused(
        &folder,
        &frame,
        1,
        &[&program.frame().to_string(), "another program"],
    );
    for _ in 0..20 {
        assert_eq!(
            get(program.http(), "/small.txt", "").status,
            200,
            "the first one goes on"
        );
    }
    let elsewhere = ". --http 192.0.2.1:80 --frame 0";
    refused(
        &folder,
        elsewhere,
        1,
        &["192.0.2.1:80", "does not have that address"],
    );
}

// --- checking ----------------------------------------------------------

#[test]
fn a_good_file_is_called_good() {
    let folder = Folder::new();
    folder.write("conf/pelton.toml", include_bytes!("../../conf/pelton.toml"));
    folder.write("www/index.html", b"");
    let ran = run(folder.path(), &["check"]);
    assert_eq!((ran.code, &*ran.errors), (Some(0), ""));
    assert_eq!(ran.out, "conf/pelton.toml: good\n");
    folder.write("my.toml", b"");
    let ran = run(folder.path(), &["check", "my.toml"]);
    assert_eq!((ran.code, &*ran.out), (Some(0), "my.toml: good\n"));
}

#[test]
fn five_mistakes_are_five_lines_with_their_places() {
    let folder = Folder::new();
    let text = "mode = reactor\nworkers = 9999\n\n[[listen]]\nadr = \"127.0.0.1:8080\"\n\
                addr = \"127.0.0.1\"\n\n[timeuots]\nhttp_idle_s = 8\n";
    folder.write("bad.toml", text.as_bytes());
    folder.write("www/index.html", b"");
    for arguments in ["check bad.toml", "--config bad.toml"] {
        let Ran { code, out, errors } = run(folder.path(), &words(arguments));
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!((code, &*out, lines.len()), (Some(2), "", 5), "{errors}");
        let places = [
            "bad.toml:1:8: ",
            "bad.toml:2:11: ",
            "bad.toml:5:1: ",
            "bad.toml:6:8: ",
            "bad.toml:8:2: ",
        ];
        for (line, place) in lines.iter().zip(places) {
            assert!(line.starts_with(place), "{line}");
        }
    }
}

// --- calling -----------------------------------------------------------

#[test]
fn packages_are_sent_by_hand() {
    let folder = Folder::site();
    let program = Program::start(folder.path(), &words(". --http 0 --frame 0"));
    let frame = program.frame();
    let call = |arguments: &str| {
        let ran = run(folder.path(), &words(&format!("call {frame} {arguments}")));
        assert_eq!(ran.code, Some(0), "{arguments}: {}", ran.errors);
        assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
        ran
    };
    assert!(call("--code 1 --text hello").out.contains("hello"));
    assert!(call("--code 1 --hex 68c3a9").out.contains("hé"));
    assert!(call("--code 0").errors.contains("code 0, 0 bytes"));
    assert!(
        call("--code 1 --text a")
            .errors
            .ends_with("code 1, 1 byte\n")
    );
    folder.write("body", "from a file".as_bytes());
    assert!(call("--code 1 --file body").out.contains("from a file"));
}

#[test]
fn packages_in_another_framing_are_told_at_the_start_and_sent_by_hand() {
    let folder = Folder::site();
    let text = "[[listen]]\naddr = \"0\"\nprotocol = \"frame\"\nframing = \"head16\"\n\
                [[listen]]\naddr = \"0\"\nprotocol = \"frame\"\n[[site]]\nroot = \".\"\n";
    folder.write("my.toml", text.as_bytes());
    let program = Program::start(folder.path(), &words("--config my.toml"));
    let addr = program.address("packages in head16 at ");
    let call = |arguments: &str| {
        let arguments = format!("call {addr} --framing head16 {arguments}");
        let ran = run(folder.path(), &words(&arguments));
        assert_eq!(ran.code, Some(0), "{arguments}: {}", ran.errors);
        ran
    };
    assert!(call("--code 1 --text hello").out.contains("hello"));
    assert!(call("--code 0").errors.contains("code 0, 0 bytes"));
    let usual = format!("call {} --code 1 --text hello", program.frame());
    assert_eq!(run(folder.path(), &words(&usual)).code, Some(0));
    let other = format!("call {addr} --code 1 --text hello --framing head4");
    refused(&folder, &other, 2, &["\"head8\" or \"head16\""]);
}

#[test]
fn a_call_that_nobody_answers_fails_in_one_line() {
    let folder = Folder::site();
    let nobody = format!("call {} --code 1 --text hello", free_port());
    refused(&folder, &nobody, 1, &["no answer from"]);
    let program = Program::start(folder.path(), &words(". --http 0 --frame 0"));
    let http = format!("call {} --code 1 --text hello --timeout 5", program.http());
    refused(&folder, &http, 1, &["no answer from"]);
    let unknown = format!("call {} --code 77 --timeout 1", program.frame());
    refused(&folder, &unknown, 1, &["no answer from"]);
    let large = vec![b'x'; 70_000];
    folder.write("large", &large);
    let large = format!("call {} --code 1 --file large", program.frame());
    refused(&folder, &large, 1, &[]);
}

// --- signals -----------------------------------------------------------

#[test]
fn signals_end_it_well() {
    let folder = Folder::site();
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        for mode in ["reactor", "proactor"] {
            let arguments = format!(". --http 0 --frame 0 --mode {mode}");
            let program = Program::start(folder.path(), &words(&arguments));
            assert_eq!(get(program.http(), "/small.txt", "").status, 200);
            program.signal(signal);
            let (status, errors) = program.wait();
            assert_eq!(
                status.code(),
                Some(0),
                "{signal:?} in {mode} mode: {errors}"
            );
        }
    }
}

#[test]
fn hup_and_usr2_are_told_and_change_nothing() {
    let folder = Folder::site();
    let mut program = Program::start(folder.path(), &words(". --http 0 --frame 0"));
    let mut stream = connect(program.http());
    for signal in [Signal::HUP, Signal::USR1, Signal::USR2] {
        program.signal(signal);
        thread::sleep(Duration::from_millis(200));
        assert!(program.is_running(), "{signal:?}");
    }
    stream
        .write_all(b"GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    assert_eq!(read_answer(&mut stream, false).status, 200);
    program.signal(Signal::TERM);
    let (status, errors) = program.wait();
    assert_eq!(status.code(), Some(0));
    assert!(errors.contains("HUP"), "{errors}");
    assert!(errors.contains("USR2"), "{errors}");
}

/// Begins a download of this many bytes and reads its head, slowly enough that
/// most of it is still to come.
fn begun_download(program: &Program, len: u64) -> std::net::TcpStream {
    let mut stream = connect_narrow(program.http(), 64 << 10);
    stream
        .write_all(b"GET /vast.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("sent");
    let answer = read_answer(&mut stream, true);
    assert_eq!(answer.field("content-length"), Some(&*len.to_string()));
    stream
}

#[test]
fn quit_finishes_a_download_first_and_term_does_not() {
    const LEN: u64 = 64 << 20;
    let folder = Folder::site();
    let vast = File::create(folder.path().join("vast.bin"));
    vast.and_then(|file| file.set_len(LEN))
        .expect("a sparse file");
    for mode in ["reactor", "proactor"] {
        let arguments = format!(". --http 0 --frame 0 --mode {mode}");
        let mut program = Program::start(folder.path(), &words(&arguments));
        let mut stream = begun_download(&program, LEN);
        program.signal(Signal::QUIT);
        thread::sleep(Duration::from_millis(1_500));
        assert!(program.is_running(), "{mode}");
        assert!(
            std::net::TcpStream::connect(program.http()).is_err(),
            "it takes no more"
        );
        assert_eq!(read_to_end(&mut stream).len() as u64, LEN, "{mode}");
        assert_eq!(program.wait().0.code(), Some(0), "{mode}");

        let program = Program::start(folder.path(), &words(&arguments));
        let mut stream = begun_download(&program, LEN);
        program.signal(Signal::TERM);
        assert_eq!(program.wait().0.code(), Some(0), "{mode}");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest); // the end may be a reset
        assert!((rest.len() as u64) < LEN, "{mode}");
    }
}

/// Whoever cannot wait for a drain says so once more.
#[test]
fn a_second_signal_cuts_a_drain() {
    const LEN: u64 = 64 << 20;
    let folder = Folder::site();
    let vast = File::create(folder.path().join("vast.bin"));
    vast.and_then(|file| file.set_len(LEN))
        .expect("a sparse file");
    let program = Program::start(folder.path(), &words(". --http 0 --frame 0"));
    let stream = begun_download(&program, LEN);
    program.signal(Signal::QUIT);
    thread::sleep(Duration::from_millis(300));
    program.signal(Signal::INT);
    assert_eq!(program.wait().0.code(), Some(0));
    drop(stream);
}
