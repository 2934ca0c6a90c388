//! The corpus that fuzzing has left, and mutants of it, through each pure entry.
//!
//! `fuzz/run` looks for more, guided by coverage; this is what a few seconds
//! can do. A failing seed can be run again: it is printed.

#[path = "corpus/entries.rs"]
#[allow(dead_code, unreachable_pub, reason = "fuzz/ has its part of this")]
mod entries;
#[allow(dead_code, reason = "split.rs has its part of this")]
mod samples;

use entries::{ENTRIES, Entry};
use samples::random::Random;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Mutants of each entry.
const MUTANTS: u64 = 4_000;
/// All files of the corpus together.
const CORPUS_BYTES_MAX: usize = 200 << 10;
/// What mutants get that their entry may mean something by.
const MARKS: &[u8] = b"\r\n\0 \t:;,=-*\"%&./?#09afFW\x7f\xff";

/// Says which input it was, if an entry panics over it.
struct Culprit<'a> {
    what: String,
    input: &'a [u8],
}

impl Drop for Culprit<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {}", self.what, self.input.escape_ascii());
        }
    }
}

#[test]
fn every_entry_has_a_corpus_and_all_of_it_is_small() {
    let names: BTreeSet<String> = ENTRIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let is_folder = |path: &PathBuf| path.is_dir();
    let folders = list(&root()).into_iter().filter(is_folder);
    let there: BTreeSet<String> = folders.map(|folder| name_of(&folder)).collect();
    assert_eq!(there, names);
    let targets = list(&root().join("../../fuzz/fuzz_targets"));
    let targets: BTreeSet<String> = targets
        .iter()
        .map(|file| name_of(&file.with_extension("")))
        .collect();
    assert_eq!(targets, names, "fuzz/fuzz_targets");
    let inputs = ENTRIES.iter().flat_map(|(name, _)| corpus(name));
    let bytes: usize = inputs.map(|(_, input)| input.len()).sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn the_corpus() {
    for (name, entry) in ENTRIES {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name}");
        for (file, input) in &inputs {
            run(entry, format!("{name}/{file}"), input);
        }
    }
}

#[test]
fn mutants() {
    std::thread::scope(|scope| {
        for half in ENTRIES.chunks(ENTRIES.len().div_ceil(2)) {
            scope.spawn(move || {
                for (name, entry) in half {
                    let inputs: Vec<_> = corpus(name).into_iter().map(|(_, input)| input).collect();
                    for seed in 0..MUTANTS {
                        let input = mutant(&inputs, &mut Random::new(seed));
                        run(*entry, format!("{name}, seed {seed}"), &input);
                    }
                }
            });
        }
    });
}

fn run(entry: Entry, what: String, input: &[u8]) {
    let _culprit = Culprit { what, input };
    entry(input);
}

fn mutant(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(inputs).clone();
    for _ in 0..1 + random.below(4) {
        let (one, two) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (start, end) = (one.min(two), one.max(two));
        match random.below(6) {
            0 if one < bytes.len() => bytes[one] ^= 1 << random.below(8),
            1 if one < bytes.len() => bytes[one] = *random.pick(MARKS),
            2 => bytes.insert(one, *random.pick(MARKS)),
            3 => drop(bytes.drain(start..end.min(start + 8))),
            4 => bytes.extend_from_within(start..end.min(start + 512)),
            _ => {
                let other = random.pick(inputs);
                bytes.truncate(one);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
    }
    bytes
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The inputs of an entry, by file name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let read = |file: PathBuf| (name_of(&file), fs::read(&file).expect("an input"));
    list(&root().join(name)).into_iter().map(read).collect()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_str().expect("UTF-8").to_owned()
}
