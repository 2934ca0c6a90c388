//! The plan of the house, held against its source: floors and imports, pure
//! rooms, sizes, `unsafe`, bounds, and what the documents say of all this.
//!
//! A small scanner reads words and paths; comments, strings and unit tests
//! are no code to it. Every check is shown at the end to be able to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Lines that a file may have, its unit tests not counted.
const LINES_MAX: usize = 400;

/// The rooms that ask neither the system nor a clock.
const PURE: [&str; 7] = [
    "base", "config", "frame", "http", "service", "session", "wheel",
];

/// What a pure room does not name.
const IMPURE: [&str; 16] = [
    "mio",
    "libc",
    "rustix",
    "socket2",
    "signal_hook",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "Instant",
    "SystemTime",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
];

/// What ends a program that serves others: not in the server's code.
const PANICS: [&str; 5] = ["panic", "todo", "unimplemented", "unreachable", "dbg"];

/// Crates whose types are nobody's business but ours: the next version may do
/// without them.
const INNER_CRATES: [&str; 5] = ["mio", "slab", "rustls", "rusqlite", "argon2"];

/// What a bound's name may end in: its unit, or which bound it is.
const BOUND_ENDS: [&str; 11] = [
    "BYTES", "MB", "MS", "S", "BUCKETS", "FILES", "ROUNDS", "MAX", "MIN", "DEFAULT", "BUDGET",
];

// --- the house as it is ---------------------------------------------------

fn house() -> House {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    House::of(files)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root)
                .expect("below src")
                .to_str()
                .expect("UTF-8");
            files.push((
                name.to_owned(),
                fs::read_to_string(&path).expect("a source file"),
            ));
        }
    }
}

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).expect("a document of the project")
}

fn holds(violations: Vec<String>) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_room_states_its_floor() {
    let house = house();
    assert!(
        house.files.len() > 50,
        "the source is where it is looked for"
    );
    holds(house.floors().1);
}

#[test]
fn imports_between_rooms_go_down() {
    holds(house().upward_imports());
}

#[test]
fn no_imports_run_in_a_circle() {
    holds(house().circles());
}

#[test]
fn pure_rooms_ask_neither_the_system_nor_a_clock() {
    let house = house();
    let says_so: Vec<&str> = house.rooms().filter(|room| house.says_pure(room)).collect();
    assert_eq!(says_so, PURE, "the rooms whose first line ends in `Pure.`");
    holds(house.impurities());
}

#[test]
fn the_clients_are_for_any_event_loop() {
    for (file, source) in &house().files {
        let loops = ["mio", "slab", "rustls"];
        let named = words(&source.code).find(|word| loops.contains(word));
        let is_client = room_of(file) == Some("client");
        assert!(!is_client || named.is_none(), "{file} names {named:?}");
    }
}

#[test]
fn unsafe_is_in_os_alone_and_explained() {
    holds(house().unsafe_places());
}

#[test]
fn no_file_is_too_long_and_its_tests_come_last() {
    holds(house().sizes());
}

#[test]
fn nothing_in_the_server_ends_it_by_a_panic() {
    holds(house().panics());
}

#[test]
fn no_public_signature_names_a_type_of_the_crates_inside() {
    holds(house().inner_types());
}

#[test]
fn every_bound_has_its_unit_and_is_used() {
    holds(house().bounds());
}

#[test]
fn the_documents_show_the_house_as_it_is() {
    let house = house();
    let plan: String = house.files["lib.rs"].text.replace("//! ", "");
    let architecture = document("ARCHITECTURE.md");
    holds(house.plan("src/lib.rs", &plan));
    holds(house.plan("ARCHITECTURE.md", &architecture));
    holds(house.listed_files(&architecture));
}

// --- checks ---------------------------------------------------------------

/// The source by path below `src/`, with `/` between the parts.
struct House {
    files: BTreeMap<String, Source>,
}

/// One file of the source.
struct Source {
    text: String,
    /// The text without comments, strings and unit tests; lines stay.
    code: String,
    paths: Vec<Import>,
}

impl House {
    fn of(files: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> House {
        let source = |(name, text): (String, String)| {
            let code = if name.ends_with("/tests.rs") {
                String::new()
            } else {
                before_tests(&blank(&text)).to_owned()
            };
            let paths = imports(&code);
            (name, Source { text, code, paths })
        };
        let named = files
            .into_iter()
            .map(|(name, text)| (name.into(), text.into()));
        House {
            files: named.map(source).collect(),
        }
    }

    /// The rooms, by name: folders and lone files.
    fn rooms(&self) -> impl Iterator<Item = &str> {
        let rooms: BTreeSet<&str> = self.files.keys().filter_map(|file| room_of(file)).collect();
        rooms.into_iter()
    }

    /// The first line of the file that a room shows to others.
    fn first_line(&self, room: &str) -> &str {
        let face = [format!("{room}/mod.rs"), format!("{room}.rs")];
        let source = face.iter().find_map(|file| self.files.get(file));
        source
            .and_then(|source| source.text.lines().next())
            .unwrap_or("")
    }

    fn says_pure(&self, room: &str) -> bool {
        self.first_line(room).ends_with("Pure.")
    }

    /// The floor of each room, and what is wrong with the first lines.
    fn floors(&self) -> (BTreeMap<&str, u8>, Vec<String>) {
        let mut floors = BTreeMap::new();
        let mut violations = Vec::new();
        for room in self.rooms() {
            match floor_in(self.first_line(room)) {
                Some(floor) => _ = floors.insert(room, floor),
                None => violations.push(format!("{room}: the first line is not `//! F<n>: …`")),
            }
        }
        for (file, source) in &self.files {
            let floor = source.text.lines().next().and_then(floor_in);
            match (file.as_str(), floor) {
                ("lib.rs", Some(_)) => {
                    violations.push("lib.rs is the plan: it has no floor".to_owned());
                }
                ("main.rs", floor) if floor != Some(7) => {
                    violations.push("main.rs is floor 7".to_owned());
                }
                (name, None) if name.ends_with("/mod.rs") => {
                    violations.push(format!("{name}: no floor in the first line"));
                }
                _ => {}
            }
        }
        (floors, violations)
    }

    fn upward_imports(&self) -> Vec<String> {
        let (floors, _) = self.floors();
        let mut violations = Vec::new();
        for (file, import, target) in self.edges() {
            let (Some(from), Some(to)) = (room_of(file), room_of(target)) else {
                continue;
            };
            if from == to {
                continue;
            }
            let (Some(above), Some(below)) = (floors.get(from), floors.get(to)) else {
                continue;
            };
            if above <= below {
                let path = import.segments.join("::");
                violations.push(format!(
                    "{file} (F{above}) imports {path} of {to} (F{below})"
                ));
            }
        }
        violations
    }

    /// Circles of files, within rooms: between rooms there can be none once
    /// all imports go down.
    fn circles(&self) -> Vec<String> {
        let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (file, _, target) in self.edges() {
            if file != target && room_of(file) == room_of(target) {
                next.entry(file).or_default().insert(target);
            }
        }
        let mut violations = Vec::new();
        let mut done = BTreeSet::new();
        for file in self.files.keys() {
            follow(file, &next, &mut Vec::new(), &mut done, &mut violations);
        }
        violations
    }

    /// Every import in code, with the file where the imported thing is. What a
    /// file only hands on (`pub use`) is its face and no import of its own.
    fn edges(&self) -> Vec<(&str, &Import, &str)> {
        let mut edges = Vec::new();
        for (file, source) in &self.files {
            for import in &source.paths {
                if import.handed_on && !is_named_outside_uses(&source.code, &import.name) {
                    continue;
                }
                if let Some(target) = self.resolve(file, &import.segments, 0) {
                    edges.push((file.as_str(), import, target));
                }
            }
        }
        edges
    }

    /// The file in which the thing at a path is defined; `None` if it is of
    /// another crate.
    fn resolve(&self, file: &str, path: &[String], depth: usize) -> Option<&str> {
        let mut module = module_of(file);
        let mut segments = path.iter().map(String::as_str).peekable();
        match segments.peek().copied()? {
            "crate" | "pelton" => {
                module.clear();
                segments.next();
            }
            "self" => _ = segments.next(),
            "super" => {}
            child => {
                module.push(child.to_owned());
                let is_child = self.file_of(&module).is_some();
                module.pop();
                if !is_child {
                    return None;
                }
            }
        }
        while segments.next_if_eq(&"super").is_some() {
            module.pop()?;
        }
        // `pub(super)` and the like name nothing.
        segments.peek()?;
        for segment in segments.filter(|segment| *segment != "self") {
            module.push(segment.to_owned());
            if self.file_of(&module).is_some() {
                continue;
            }
            module.pop();
            let (holder, source) = self.file_of(&module)?;
            let alias = source
                .paths
                .iter()
                .find(|import| import.is_use && import.name == segment);
            let followed = alias
                .filter(|_| depth < 8)
                .and_then(|alias| self.resolve(holder, &alias.segments, depth + 1));
            return Some(followed.unwrap_or(holder));
        }
        self.file_of(&module).map(|(file, _)| file)
    }

    fn file_of(&self, module: &[String]) -> Option<(&str, &Source)> {
        let joined = module.join("/");
        let names = if module.is_empty() {
            ["lib.rs".to_owned(), "mod.rs".to_owned()]
        } else {
            [format!("{joined}.rs"), format!("{joined}/mod.rs")]
        };
        let found = names.iter().find_map(|name| self.files.get_key_value(name));
        found.map(|(name, source)| (name.as_str(), source))
    }

    fn impurities(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (file, source) in &self.files {
            if !room_of(file).is_some_and(|room| PURE.contains(&room)) {
                continue;
            }
            let words: BTreeSet<&str> = words(&source.code).collect();
            let joined: Vec<String> = source
                .paths
                .iter()
                .map(|import| import.segments.join("::") + "::")
                .collect();
            for impure in IMPURE {
                let prefix = format!("{impure}::");
                let is_named = if impure.contains("::") {
                    joined.iter().any(|path| path.starts_with(&prefix))
                } else {
                    words.contains(impure)
                };
                if is_named {
                    violations.push(format!("{file} is of a pure room and names {impure}"));
                }
            }
        }
        violations
    }

    fn unsafe_places(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (file, source) in &self.files {
            let lines: Vec<&str> = source.text.lines().collect();
            for (number, line) in blank(&source.text).lines().enumerate() {
                let is_unsafe = words(line).any(|word| word == "unsafe");
                let is_allowed = words(line).any(|word| word == "unsafe_code");
                let place = format!("{file}:{}", number + 1);
                if (is_unsafe || is_allowed) && room_of(file) != Some("os") {
                    violations.push(format!("{place}: `unsafe` outside of os/"));
                }
                let above = lines[..number].iter().rev().map(|line| line.trim_start());
                let mut comment = above.take_while(|line| line.starts_with("//"));
                if is_unsafe && !comment.any(|line| line.starts_with("// SAFETY: ")) {
                    violations.push(format!("{place}: no `// SAFETY: …` right above"));
                }
            }
        }
        violations
    }

    fn sizes(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (file, source) in &self.files {
            let lines = source.code.lines().count();
            if lines > LINES_MAX {
                violations.push(format!("{file} has {lines} lines, over {LINES_MAX}"));
            }
            let rest = &blank(&source.text)[source.code.len()..];
            if !file.ends_with("/tests.rs") && !is_tests(rest) {
                violations.push(format!("{file}: code follows what is under `#[cfg(test)]`"));
            }
        }
        violations
    }

    fn panics(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (file, source) in &self.files {
            let tokens = tokens(&source.code);
            for (at, token) in tokens.iter().enumerate().skip(1) {
                let Token::Word(word) = token else { continue };
                let before = &tokens[at - 1];
                let after = tokens.get(at + 1);
                let bad = match (*word, before) {
                    ("unwrap" | "expect", Token::PathSep) => true,
                    ("unwrap" | "expect", Token::Other('.')) => after == Some(&Token::Other('(')),
                    (word, _) => PANICS.contains(&word) && after == Some(&Token::Other('!')),
                };
                if bad {
                    violations.push(format!("{file}: {word} in code that serves"));
                }
            }
        }
        violations
    }

    /// Public items, outside of the rooms and files that the documentation
    /// hides, whose signatures name what is imported from an inner crate.
    fn inner_types(&self) -> Vec<String> {
        let faces = ["lib.rs", "engine/mod.rs"].map(|face| self.files.get(face));
        let faces: Vec<&str> = faces.iter().flatten().map(|face| &face.text[..]).collect();
        let mut violations = Vec::new();
        for (file, source) in &self.files {
            let is_hidden = module_of(file).iter().any(|module| {
                let hidden = format!("#[doc(hidden)]\npub mod {module};");
                faces.iter().any(|face| face.contains(&hidden))
            });
            if is_hidden || file == "main.rs" {
                continue;
            }
            let inner = source
                .paths
                .iter()
                .filter(|path| path.is_use && INNER_CRATES.contains(&path.segments[0].as_str()));
            let mut inner: Vec<&str> = inner.map(|path| path.name.as_str()).collect();
            inner.extend(INNER_CRATES);
            for (at, _) in source.code.match_indices("pub ") {
                let item = &source.code[at..];
                let end = item.find(['{', ';', '\u{7d}']).unwrap_or(item.len());
                let signature = &item[..end];
                let named = words(signature).find(|word| inner.contains(word));
                if let Some(named) = named.filter(|_| !signature.starts_with("pub use")) {
                    let line = signature.lines().next().unwrap_or_default();
                    violations.push(format!("{file}: {named} in {line:?}"));
                }
            }
        }
        violations
    }

    fn bounds(&self) -> Vec<String> {
        const HOME: &str = "base/limits.rs";
        let Some(home) = self.files.get(HOME) else {
            return vec![format!("{HOME} is gone")];
        };
        let elsewhere: BTreeSet<&str> = self
            .files
            .iter()
            .filter(|(file, _)| *file != HOME)
            .flat_map(|(_, source)| words(&source.code))
            .collect();
        let mut violations = Vec::new();
        let all: Vec<&str> = words(&home.code).collect();
        for window in all.windows(3) {
            let ["pub", "const", name] = window else {
                continue;
            };
            let end = name.rsplit('_').next().unwrap_or(name);
            if !BOUND_ENDS.contains(&end) {
                violations.push(format!("{name} does not end in its unit, _MAX, _MIN, …"));
            }
            if !elsewhere.contains(name) {
                violations.push(format!("{name} bounds nothing: no other file names it"));
            }
        }
        violations
    }

    /// Holds the rows `| F<n> | `room`, `room` | … |` of a text against the
    /// floors.
    fn plan(&self, name: &str, text: &str) -> Vec<String> {
        let mut drawn = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("| F")) {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let floor = cells
                .next()
                .and_then(|cell| cell.strip_prefix('F')?.parse::<u8>().ok());
            let (Some(floor), Some(rooms)) = (floor, cells.next()) else {
                continue;
            };
            for room in rooms.split('`').skip(1).step_by(2) {
                drawn.insert(room, floor);
            }
        }
        let (floors, _) = self.floors();
        let mut violations = Vec::new();
        for (room, floor) in &floors {
            if drawn.get(room) != Some(floor) {
                violations.push(format!("{name} does not show {room} on floor {floor}"));
            }
        }
        for room in drawn.keys().filter(|room| !floors.contains_key(*room)) {
            violations.push(format!("{name} shows a room that is not there: {room}"));
        }
        violations
    }

    /// Holds the files that a text names, as `room/file.rs`, against those
    /// that are there.
    fn listed_files(&self, text: &str) -> Vec<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.');
        let words = text
            .split(|c: char| !is_part(c))
            .map(|word| word.trim_end_matches('.'));
        let named: BTreeSet<&str> = words.filter(|word| word.ends_with(".rs")).collect();
        let mut violations = Vec::new();
        for file in self
            .files
            .keys()
            .filter(|file| !named.contains(file.as_str()))
        {
            violations.push(format!("ARCHITECTURE.md does not name {file}"));
        }
        let is_elsewhere = |name: &str| {
            ["tests/", "examples/", "webbench/"]
                .iter()
                .any(|folder| name.starts_with(folder))
        };
        for name in named.into_iter().filter(|name| !is_elsewhere(name)) {
            let path = name.strip_prefix("src/").unwrap_or(name);
            if !self.files.contains_key(path) {
                violations.push(format!("ARCHITECTURE.md names {name}, which is not there"));
            }
        }
        violations
    }
}

/// Follows imports from `file`; a file that is met again on the way is a circle.
fn follow<'a>(
    file: &'a str,
    next: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
    violations: &mut Vec<String>,
) {
    if let Some(start) = way.iter().position(|passed| *passed == file) {
        violations.push(format!("a circle: {} -> {file}", way[start..].join(" -> ")));
        return;
    }
    if done.contains(file) {
        return;
    }
    way.push(file);
    for target in next.get(file).into_iter().flatten() {
        follow(target, next, way, done, violations);
    }
    way.pop();
    done.insert(file);
}

/// The room of a file; `lib.rs` is in none.
fn room_of(file: &str) -> Option<&str> {
    let room = file.split('/').next()?;
    (room != "lib.rs").then(|| room.strip_suffix(".rs").unwrap_or(room))
}

/// The module that a file is.
fn module_of(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    let parts = path
        .split('/')
        .filter(|part| !matches!(*part, "lib" | "mod"));
    parts.map(str::to_owned).collect()
}

fn floor_in(line: &str) -> Option<u8> {
    let (floor, what) = line.strip_prefix("//! F")?.split_once(": ")?;
    (!what.is_empty()).then(|| floor.parse().ok())?
}

// --- the scanner ----------------------------------------------------------

/// The text with comments and the insides of strings and characters blanked.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => (at..chars.len())
                .find(|&at| chars[at] == '\n')
                .unwrap_or(chars.len()),
            '/' if chars.get(at + 1) == Some(&'*') => end_of_comment(&chars, at),
            '"' => end_of_string(&chars, at + 1, '"'),
            'r' if !is_word_before(&chars, at) => end_of_raw_string(&chars, at),
            '\'' if chars.get(at + 1) == Some(&'\\') => end_of_string(&chars, at + 1, '\''),
            '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(
                chars[at..end]
                    .iter()
                    .map(|&c| if c == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    out
}

fn is_word_before(chars: &[char], at: usize) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    // The b of a raw byte string is no word of its own.
    at > 0 && is_word(chars[at - 1]) && !matches!(chars[at - 1], 'b' | 'c')
}

fn end_of_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn end_of_string(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// One past a raw string that starts at `start`, or `start` if none does.
fn end_of_raw_string(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let ends = |at: usize| {
        chars[at] == '"' && chars[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes
    };
    (open + 1..chars.len())
        .find(|&at| ends(at))
        .map_or(chars.len(), |at| at + 1 + hashes)
}

/// What stands before the unit tests.
fn before_tests(code: &str) -> &str {
    &code[..code.find("#[cfg(test)]").unwrap_or(code.len())]
}

/// Whether a blanked text is nothing but items under `#[cfg(test)]`.
fn is_tests(text: &str) -> bool {
    let mut rest = text.trim();
    while let Some(item) = rest.strip_prefix("#[cfg(test)]") {
        rest = item[end_of_item(item)..].trim();
    }
    rest.is_empty()
}

/// One past the brace or semicolon that ends the item at the front.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(c, '}' | ';') {
            return at + 1;
        }
    }
    text.len()
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    PathSep,
    Other(char),
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = if is_word(first) {
            let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(&rest[..len]));
            len
        } else if rest.starts_with("::") {
            tokens.push(Token::PathSep);
            2
        } else {
            tokens.push(Token::Other(first));
            first.len_utf8()
        };
        rest = rest[len..].trim_start();
    }
    tokens
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c| !is_word(c))
        .filter(|word| !word.is_empty())
}

/// A path in code: of a `use`, or where it stands.
#[derive(Clone, Debug, PartialEq)]
struct Import {
    segments: Vec<String>,
    /// What it is called here.
    name: String,
    is_use: bool,
    /// It is handed on under its name: `pub use`.
    handed_on: bool,
}

/// Every path of two segments or more; the trees of `use` are spread out.
fn imports(code: &str) -> Vec<Import> {
    let tokens = tokens(code);
    let mut imports = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_use = before == Some(&Token::Word("use"));
        let starts = matches!(tokens[at], Token::Word(_))
            && !matches!(before, Some(Token::PathSep | Token::Other('.')));
        if starts || is_use {
            let handed_on = is_use
                && at >= 2
                && matches!(tokens[at - 2], Token::Word("pub") | Token::Other(')'));
            let from = imports.len();
            at = tree(&tokens, at, &[], &mut imports);
            for import in &mut imports[from..] {
                (import.is_use, import.handed_on) = (is_use, handed_on);
            }
        } else {
            at += 1;
        }
    }
    imports.retain(|import| import.segments.len() > 1);
    imports
}

/// Reads one tree that starts at `at`; returns where it ends.
fn tree(tokens: &[Token<'_>], mut at: usize, prefix: &[String], out: &mut Vec<Import>) -> usize {
    let mut segments = prefix.to_vec();
    let start = at;
    loop {
        match tokens.get(at) {
            Some(Token::Word(word)) => segments.push((*word).to_owned()),
            Some(Token::Other('*')) if at > start || !prefix.is_empty() => {
                segments.push("*".to_owned());
            }
            Some(Token::Other('{')) if at > start => {
                at += 1;
                while !matches!(tokens.get(at), None | Some(Token::Other('}'))) {
                    at = match tokens[at] {
                        Token::Other(',') => at + 1,
                        _ => tree(tokens, at, &segments, out),
                    };
                }
                return at + 1;
            }
            _ => return at.max(start + 1),
        }
        at += 1;
        if tokens.get(at) == Some(&Token::PathSep) {
            // `Vec::<u8>` goes no further.
            if matches!(tokens.get(at + 1), Some(Token::Other('<'))) {
                break;
            }
            at += 1;
        } else {
            break;
        }
    }
    let mut name = segments
        .iter()
        .rev()
        .find(|segment| *segment != "self")
        .cloned();
    if let (Some(Token::Word("as")), Some(Token::Word(alias))) =
        (tokens.get(at), tokens.get(at + 1))
    {
        name = Some((*alias).to_owned());
        at += 2;
    }
    let name = name.unwrap_or_default();
    out.push(Import {
        segments,
        name,
        is_use: false,
        handed_on: false,
    });
    at
}

/// Whether code names a word outside of its `use` items.
fn is_named_outside_uses(code: &str, name: &str) -> bool {
    let mut in_use = false;
    tokens(code).iter().any(|token| {
        match token {
            Token::Word("use") => in_use = true,
            Token::Other(';') => in_use = false,
            _ => {}
        }
        !in_use && *token == Token::Word(name)
    })
}

// --- each check can fail --------------------------------------------------

#[cfg(test)]
mod made_up {
    use super::*;

    const PLAN: (&str, &str) = ("lib.rs", "//! The plan.\npub mod low;\npub mod high;\n");

    fn of(files: &[(&str, &str)]) -> House {
        House::of(files.iter().chain([&PLAN]).copied())
    }

    fn check(violations: Vec<String>, expected: &[&str]) {
        assert_eq!(violations, expected);
    }

    #[test]
    fn code_is_told_from_comments_and_strings() {
        let text =
            "a /* b /* c */ d */ e // f\n\"g \\\" h\" 'i' b'\\'' r#\"j \" k\"# 'l m::n br\"o\"";
        let left: Vec<String> = words(&blank(text)).map(str::to_owned).collect();
        assert_eq!(left, ["a", "e", "b", "l", "m", "n", "b"]);
        assert_eq!(blank("a\n/*\n*/\nb").lines().count(), 4, "lines stay");
        assert_eq!(blank("r#type + for_r\"x\"").trim(), "r#type + for_r");
    }

    #[test]
    fn trees_are_spread_out() {
        let code = "pub use crate::{a, b::{self, c as d}, e::*}; fn f() { super::g::<u8>(h::I) }";
        let found: Vec<(String, String, bool)> = imports(code)
            .into_iter()
            .map(|import| (import.segments.join("::"), import.name, import.handed_on))
            .collect();
        let expected = [
            ("crate::a", "a", true),
            ("crate::b::self", "b", true),
            ("crate::b::c", "d", true),
            ("crate::e::*", "*", true),
            ("super::g", "g", false),
            ("h::I", "I", false),
        ];
        let expected = expected.map(|(path, name, pub_)| (path.to_owned(), name.to_owned(), pub_));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_room_without_a_floor_is_found() {
        let house = of(&[("low.rs", "//! Low.\n"), ("high/mod.rs", "//! F2: high.\n")]);
        check(
            house.floors().1,
            &["low: the first line is not `//! F<n>: …`"],
        );
        let house = House::of([
            ("lib.rs", "//! F9: a plan\n"),
            ("main.rs", "//! F6: main\n"),
        ]);
        let found = ["lib.rs is the plan: it has no floor", "main.rs is floor 7"];
        check(house.floors().1, &found);
        let house = of(&[
            ("low/mod.rs", "//! F0: low\n"),
            ("low/in/mod.rs", "//! in\n"),
        ]);
        check(
            house.floors().1,
            &["low/in/mod.rs: no floor in the first line"],
        );
    }

    #[test]
    fn an_import_that_runs_up_or_sideways_is_found() {
        let high = (
            "high/mod.rs",
            "//! F2: high\npub mod a;\npub use a::Thing;\n",
        );
        let thing = ("high/a.rs", "pub struct Thing;\n");
        for (import, shown) in [
            ("use crate::high::Thing;", "crate::high::Thing"),
            ("use crate::{base, high::{a, b}};", "crate::high::a"),
            ("fn f() { super::high::a::g() }", "super::high::a::g"),
            ("fn f() { crate::high::a::g() }", "crate::high::a::g"),
        ] {
            let text = format!("//! F1: low\n{import}\n");
            let house = of(&[high, thing, ("low.rs", &text)]);
            let found = format!("low.rs (F1) imports {shown} of high (F2)");
            assert_eq!(house.upward_imports().first(), Some(&found), "{import}");
        }
        let aside = ("low.rs", "//! F2: low\nuse crate::high;\n");
        let found = ["low.rs (F2) imports crate::high of high (F2)"];
        check(of(&[high, thing, aside]).upward_imports(), &found);
        for good in [
            "// use crate::high::Thing;",
            "/// [`crate::high::Thing`]",
            "const TEXT: &str = \"crate::high::Thing\";",
            "pub(super) fn f() {}",
            "#[cfg(test)]\nmod tests { use crate::high::Thing; }",
        ] {
            let text = format!("//! F1: low\n{good}\n");
            check(of(&[high, thing, ("low.rs", &text)]).upward_imports(), &[]);
        }
        let main = ("main.rs", "//! F1: main\nuse pelton::high::Thing;\n");
        let found = ["main.rs (F1) imports pelton::high::Thing of high (F2)"];
        check(of(&[high, thing, main]).upward_imports(), &found);
    }

    #[test]
    fn a_circle_is_found_also_through_a_face() {
        let face = (
            "low/mod.rs",
            "//! F0: low\nmod a;\nmod b;\npub use a::A;\npub use b::B;\n",
        );
        let a = ("low/a.rs", "use super::B;\npub struct A(B);\n");
        let b = ("low/b.rs", "use super::a::A;\npub struct B(Box<A>);\n");
        check(
            of(&[face, a, b]).circles(),
            &["a circle: low/a.rs -> low/b.rs -> low/a.rs"],
        );
        let b = ("low/b.rs", "pub struct B;\n");
        check(of(&[face, a, b]).circles(), &[]);
        let used = (
            "low/mod.rs",
            "//! F0: low\nmod a;\npub use a::A;\npub struct C(A);\n",
        );
        let a = ("low/a.rs", "use super::C;\npub struct A(Box<C>);\n");
        check(
            of(&[used, a]).circles(),
            &["a circle: low/a.rs -> low/mod.rs -> low/a.rs"],
        );
    }

    #[test]
    fn an_impure_word_is_found() {
        let text = "//! F1: wheel. Pure.\nuse std::{fs, io};\nuse std::time::Instant;\n\
                    fn f() { libc::getpid(); }\n#[cfg(test)]\nmod tests { use mio::Poll; }\n";
        let house = of(&[
            ("wheel.rs", text),
            ("net/mod.rs", "//! F4: net\nuse mio::Poll;\n"),
        ]);
        let found = ["libc", "Instant", "std::fs"];
        let found = found.map(|word| format!("wheel.rs is of a pure room and names {word}"));
        assert_eq!(house.impurities(), found);
        assert!(house.says_pure("wheel") && !house.says_pure("net"));
    }

    #[test]
    fn unsafe_out_of_place_or_unexplained_is_found() {
        let code = "fn f() {\n    unsafe { g() }\n}\n";
        let house = of(&[("low.rs", code)]);
        let found = [
            "low.rs:2: `unsafe` outside of os/",
            "low.rs:2: no `// SAFETY: …` right above",
        ];
        check(house.unsafe_places(), &found);
        let house = of(&[("os/a.rs", code)]);
        check(
            house.unsafe_places(),
            &["os/a.rs:2: no `// SAFETY: …` right above"],
        );
        let good = "fn f() {\n    // SAFETY: because\n    // of this.\n    unsafe { g() }\n}\n";
        check(
            of(&[("os/a.rs", good), ("low.rs", "// unsafe\n")]).unsafe_places(),
            &[],
        );
    }

    #[test]
    fn a_long_file_and_a_test_that_is_not_last_are_found() {
        let long = "fn f() {}\n".repeat(LINES_MAX + 1);
        check(
            of(&[("low.rs", &long)]).sizes(),
            &["low.rs has 401 lines, over 400"],
        );
        let tests = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        check(
            of(&[("low.rs", &tests), ("low/tests.rs", &long)]).sizes(),
            &[],
        );
        let two = "#[cfg(test)]\nfn f(a: [u8; 1]) {}\n#[cfg(test)]\nmod tests;\n";
        check(of(&[("low.rs", two)]).sizes(), &[]);
        let hidden = "#[cfg(test)]\nmod tests {}\nfn f() {}\n";
        let found = ["low.rs: code follows what is under `#[cfg(test)]`"];
        check(of(&[("low.rs", hidden)]).sizes(), &found);
    }

    #[test]
    fn a_panic_is_found() {
        let code = "fn f() { a.unwrap(); b.expect(c); Option::unwrap(d); todo!() }\n";
        let house = of(&[("low.rs", code)]);
        let found = ["unwrap", "expect", "unwrap", "todo"];
        let found = found.map(|word| format!("low.rs: {word} in code that serves"));
        assert_eq!(house.panics(), found);
        let good = "#[expect(dead_code)]\nfn f() { a.unwrap_or(1); &b[..expect]; } // .unwrap()\n";
        check(of(&[("low.rs", good)]).panics(), &[]);
    }

    #[test]
    fn an_inner_type_in_a_public_signature_is_found() {
        let face = "pub mod open;\n#[doc(hidden)]\npub mod hidden;\n";
        let code = "use mio::{Poll, Token as T};\npub fn f(\n    p: &Poll,\n) {}\npub struct S {\n    \
                    pub t: T,\n    q: Poll,\n}\npub(crate) fn g(p: Poll) {}\nfn h(t: T) {}\n\
                    pub fn i() -> slab::Slab<u8> { todo() }\npub fn j() { Poll::new(); }\n";
        let house = of(&[
            ("engine/mod.rs", face),
            ("engine/open.rs", code),
            ("engine/hidden.rs", code),
        ]);
        let found = [
            "engine/open.rs: Poll in \"pub fn f(\"",
            "engine/open.rs: T in \"pub t: T,\"",
            "engine/open.rs: slab in \"pub fn i() -> slab::Slab<u8> \"",
        ];
        check(house.inner_types(), &found);
    }

    #[test]
    fn a_bound_without_a_unit_or_a_use_is_found() {
        let limits =
            "pub const A_BYTES: usize = 1;\npub const B_SIZE: usize = 2;\nconst K: u8 = 1;\n";
        let user = ("low.rs", "fn f() { g(B_SIZE) } // A_BYTES\n");
        let found = [
            "A_BYTES bounds nothing: no other file names it",
            "B_SIZE does not end in its unit, _MAX, _MIN, …",
        ];
        check(of(&[("base/limits.rs", limits), user]).bounds(), &found);
    }

    #[test]
    fn a_document_that_is_behind_is_found() {
        let house = of(&[
            ("low.rs", "//! F0: low\n"),
            ("high/mod.rs", "//! F2: high\n"),
        ]);
        let good = "| F2 | [`high`] | what |\n| F0 | `low` | what |\n";
        check(house.plan("it", good), &[]);
        let bad = "| F1 | `high`, `gone` | what `it` is |\n";
        let found = [
            "it does not show high on floor 2",
            "it does not show low on floor 0",
            "it shows a room that is not there: gone",
        ];
        check(house.plan("it", bad), &found);
        let found = [
            "ARCHITECTURE.md does not name high/mod.rs",
            "ARCHITECTURE.md does not name lib.rs",
            "ARCHITECTURE.md names high/old.rs, which is not there",
        ];
        check(
            house.listed_files("`low.rs`, tests/house.rs and high/old.rs."),
            &found,
        );
    }
}
