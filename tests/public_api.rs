//! The public face of the library, as it is written: a change of it is seen.
//!
//! Lists what the source calls `pub`, variants, trait functions and impls of
//! traits included, and holds that against `tests/golden/public_api.txt`. Where
//! the change is meant, this writes the list anew, to be read in the diff:
//!
//! ```sh
//! PELTON_GOLDEN=write cargo test --test public_api
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Rooms that only the tests and the program reach.
const HIDDEN: [&str; 4] = ["net", "os", "wheel.rs", "main.rs"];

#[test]
fn the_public_face_is_the_one_that_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("tests/golden/public_api.txt");
    let mut files = BTreeMap::new();
    collect(&root.join("src"), "", &mut files);
    assert!(files.len() > 40, "the source is where it is looked for");
    let mut listed = String::new();
    for (name, text) in &files {
        let items = items(text);
        if items.iter().any(|item| item.contains("pub ")) {
            writeln!(listed, "{name}").expect("it fits");
            for item in items {
                writeln!(listed, "    {item}").expect("it fits");
            }
        }
    }
    if std::env::var_os("PELTON_GOLDEN").is_some() {
        fs::write(&golden, &listed).expect("the list is written");
    }
    let known = fs::read_to_string(&golden).expect("the list that is known");
    let new = listed.lines().filter(|line| !known.contains(*line));
    let gone = known.lines().filter(|line| !listed.contains(*line));
    let changes: Vec<String> = new
        .map(|line| format!("+ {line}"))
        .chain(gone.map(|line| format!("- {line}")))
        .collect();
    assert!(
        known == listed,
        "the public face has changed; if it should, write it down by \
         `PELTON_GOLDEN=write cargo test --test public_api`:\n{}\n",
        changes.join("\n")
    );
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder of src") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name in UTF-8");
        if prefix.is_empty() && HIDDEN.contains(&name) || name == "tests.rs" {
            continue;
        }
        let named = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{named}/"), files);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            files.insert(named, text);
        }
    }
}

/// The public items of one file, a line each. It is formatted by rustfmt, so an
/// item begins its line, and how far it is indented says what it is in.
fn items(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut inside = "";
    let mut lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    while let Some(line) = lines.next() {
        let item = line.trim_start();
        let indent = line.len() - item.len();
        if indent == 0 && !item.is_empty() {
            inside = item;
        }
        let is_impl = indent == 0 && item.starts_with("impl") && item.contains(" for ");
        let starts = |words: &[&str]| words.iter().any(|word| item.starts_with(word));
        let is_inner = indent == 4
            && (inside.starts_with("pub trait") && starts(&["fn ", "type ", "const "])
                || inside.starts_with("pub enum") && starts_upper(item));
        if !item.starts_with("pub ") && !is_impl && !is_inner {
            continue;
        }
        let mut whole = item.to_owned();
        while !is_whole(&whole)
            && let Some(more) = lines.next()
        {
            whole.push(' ');
            whole.push_str(more.trim());
        }
        let whole = whole.trim_end_matches([' ', '{', ';', ',']);
        items.push(format!("{:indent$}{whole}", ""));
    }
    items
}

fn starts_upper(item: &str) -> bool {
    item.chars().next().is_some_and(char::is_uppercase)
}

/// Whether an item's head ends here: all brackets are closed, and it does not
/// go on in the next line.
fn is_whole(item: &str) -> bool {
    let count = |wanted: &[char]| item.chars().filter(|c| wanted.contains(c)).count();
    let closed = count(&['(', '[']) == count(&[')', ']']);
    let ends: &[char] = match item.starts_with("pub use ") {
        true => &[';'],
        false => &['{', '}', ';', ','],
    };
    closed && item.ends_with(ends)
}

#[test]
fn items_are_told_from_what_is_none() {
    let text = "\
/// pub fn in_a_comment() {}
pub struct Cup {
    pub size: u8,
    inner: Vec<u8>,
}

impl Cup {
    pub fn fill(
        &mut self,
        with: &[u8],
    ) -> bool
    where
        u8: Copy,
    {
        let pub_is_no_word = 1;
    }

    fn private(&self) {}
}

pub enum Kind {
    Small,
    Of(u8),
}

pub trait Pour {
    fn pour(&self) -> u8;
}

impl Pour for Cup {
    fn pour(&self) -> u8 {
        0
    }
}

pub use inner::{
    One, Two,
};
pub(crate) fn unseen() {}

#[cfg(test)]
pub fn in_tests() {}
";
    let expected = [
        "pub struct Cup",
        "    pub size: u8",
        "    pub fn fill( &mut self, with: &[u8], ) -> bool where u8: Copy, ",
        "pub enum Kind",
        "    Small",
        "    Of(u8)",
        "pub trait Pour",
        "    fn pour(&self) -> u8",
        "impl Pour for Cup",
        "pub use inner::{ One, Two, }",
    ];
    let found = items(text);
    assert_eq!(
        found,
        expected.map(|item| item.trim_end_matches([' ', ',']))
    );
}
