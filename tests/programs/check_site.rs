//! What `pelton check` says of sites that cannot be: every wrong key and value
//! with its line, its column, and what to write instead.

use crate::support::Folder;
use crate::support::program::run;

mod files;
mod keys;
mod rules;
mod values;

/// Name, file and lines, each without the file's name.
type Sample = (&'static str, &'static str, &'static str);

const USER: &str = "ann:$2y$10$.....................................................\n";

/// A folder in which the samples find what they name, but for what is wrong.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("www/index.html", b"index");
    folder.write("www/404.html", b"lost");
    folder.write("www/ready.html.br", b"ready");
    folder.write("www/folder/other.html", b"other");
    folder.write("www/users", USER.as_bytes());
    folder.write("conf/users", USER.as_bytes());
    folder.write("conf/nobody", b"# none yet\n");
    folder.write("conf/broken", b"# those who may\nann:secret\nbob\n");
    folder.write("conf/latin", b"\nm\xfcller:x\n");
    folder
}

/// What is told of a file, without its name.
fn told(folder: &Folder, text: &[u8]) -> Vec<String> {
    folder.write("site.toml", text);
    let ran = run(folder.path(), &["check", "--config", "site.toml"]);
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{}", ran.errors);
    let line = |line: &str| line.strip_prefix("site.toml:").unwrap_or(line).to_owned();
    ran.errors.lines().map(line).collect()
}

fn is_good(folder: &Folder, text: &str) {
    folder.write("site.toml", text.as_bytes());
    let ran = run(folder.path(), &["check", "--config", "site.toml"]);
    assert_eq!((ran.code, &*ran.errors), (Some(0), ""), "{text}");
}

#[test]
fn every_wrong_key_and_value_of_a_site_is_told() {
    let folder = folder();
    let all = [
        &keys::SAMPLES[..],
        &values::SAMPLES[..],
        &rules::SAMPLES[..],
        &files::SAMPLES[..],
    ];
    for (name, text, expected) in all.into_iter().flatten() {
        let told = told(&folder, text.trim_start().as_bytes());
        let expected: Vec<&str> = expected.trim().lines().collect();
        assert_eq!(told, expected, "{name}");
    }
}

/// The start looks where `check` does, and says the same.
#[test]
fn the_start_says_what_check_says() {
    let folder = folder();
    for (name, text, _) in &files::SAMPLES {
        let told = told(&folder, text.trim_start().as_bytes());
        let ran = run(folder.path(), &["--config", "site.toml"]);
        let line = |line: &str| line.strip_prefix("site.toml:").unwrap_or(line).to_owned();
        let lines: Vec<String> = ran.errors.lines().map(line).collect();
        assert_eq!((ran.code, lines), (Some(2), told), "{name}");
    }
}

#[test]
fn what_is_made_at_the_start_need_not_be_there() {
    let folder = folder();
    let text = "[log]\nfile = \"conf/log\"\naccess = \"access.log\"\n[master]\n\
                pid_file = \"pid\"\n[accounts]\nfile = \"conf/accounts.db\"\n[[listen]]\n\
                addr = \"unix:conf/sock\"\n[[listen]]\naddr = \"unix:@nowhere/sock\"\n";
    is_good(&folder, text);
    is_good(&folder, "[[site]]\nfallback = \"/ready.html\"\n");
    is_good(
        &folder,
        "[[site]]\nfallback = \"/\"\n[site.error_pages]\n404 = \"\"\n",
    );
    let rewrite = "[[site.rewrite]]\nfrom = \"/a\"\nto = \"/folder\"\n";
    is_good(
        &folder,
        &format!("[[site]]\nindex = [\"other.html\"]\n{rewrite}"),
    );
}

/// A later rule for fewer paths, and one for other fields, leave the first what
/// it is for.
#[test]
fn rules_that_count_are_good() {
    let folder = folder();
    let text = r#"
[[site]]
[[site.redirect]]
from = "/old/first"
to = "/first"
[[site.redirect]]
from = "/old/**"
to = "/new/{1}"
[[site.redirect]]
from = "/*/old"
to = "/new"
[[site.cache_control]]
path = "/**"
value = "no-cache"
[[site.cache_control]]
path = "/assets/**"
value = "max-age=60, x-extension=5"
[[site.header]]
path = "/a/**"
set = { X-A = "b", X-B = "c" }
[[site.header]]
path = "/**"
set = { X-A = "c" }
[[site.auth]]
path = "/a/**"
users_file = "conf/users"
[[site.auth]]
path = "/a/b/**"
users_file = "conf/users"
"#;
    is_good(&folder, text);
}

#[test]
fn a_file_that_is_no_utf_8_is_told_with_its_first_bad_byte() {
    let folder = folder();
    let line = "2:9: the byte 0xE4 here is no UTF-8: save the file as UTF-8";
    assert_eq!(told(&folder, b"[[site]]\nroot = \"\xe4\xff\"\n"), [line]);
    let line = "1:1: this is UTF-16: save the file as UTF-8";
    assert_eq!(told(&folder, b"\xff\xfe[\0[\0"), [line]);
}

#[test]
fn all_that_a_site_may_have_is_good() {
    let folder = folder();
    let shipped = include_str!("../../conf/pelton.toml");
    let line = |line: &str| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n";
    let text: String = shipped.lines().map(line).collect();
    assert!(
        text.contains("\n[site.cors]"),
        "the examples are where they are looked for"
    );
    let (_, readme) = include_str!("../../README.md")
        .split_once("## Sites and their rules\n\n```toml\n")
        .expect("an example in the README");
    let example = readme.split("```").next().expect("its end");
    for name in [
        "www/app.html",
        "example/404.html",
        "example/app.html",
        "example/index.html",
    ] {
        folder.write(name, b"page");
    }
    for text in [&text, example] {
        is_good(&folder, text);
    }
}

/// A later rule holds what is guarded back from the caches of others.
#[test]
fn a_later_rule_may_keep_what_is_guarded_from_caches() {
    let text = r#"
[[site]]
[[site.cache_control]]
path = "/**"
value = "public, max-age=60"
[[site.cache_control]]
path = "/inner/**"
value = "private, max-age=60"
[[site.auth]]
path = "/inner/**"
users = ["ann:$2y$10$....................................................."]
"#;
    is_good(&folder(), text);
}
