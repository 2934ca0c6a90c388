//! The corpus that fuzzing has left, and mutants of it, through each pure entry.
//!
//! `fuzz/run` looks for more, guided by coverage; this is what a few seconds
//! can do. A failing seed can be run again: it is printed.
//!
//! The corpus is a file of text for each entry, with an input a line.
//! `fuzz/pack` writes what was found into it.

#[path = "corpus/entries.rs"]
#[allow(dead_code, unreachable_pub, reason = "fuzz/ has its part of this")]
mod entries;
#[allow(dead_code, reason = "split.rs has its part of this")]
mod samples;
#[path = "corpus/text.rs"]
#[allow(unreachable_pub, reason = "fuzz/ has its part of this")]
mod text;

use entries::{ENTRIES, Entry};
use samples::escaped;
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
    assert_eq!(named(&root(), "txt"), names);
    let targets = root().join("../../fuzz/fuzz_targets");
    assert_eq!(named(&targets, "rs"), names, "fuzz/fuzz_targets");
    let bytes: usize = names.iter().map(|name| file(name).len()).sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn every_corpus_is_as_it_is_written() {
    for (name, _) in ENTRIES {
        let known = file(name);
        assert!(known.starts_with("# "), "{name} does not say what it is");
        let written = text::write(&known, &text::read(&known));
        assert!(
            known == written,
            "{name} is not in its order: `fuzz/pack {name}`"
        );
    }
}

#[test]
fn the_corpus() {
    for (name, entry) in ENTRIES {
        let inputs = corpus(name);
        assert!(!inputs.is_empty(), "{name}");
        run(entry, format!("{name}, nothing"), b"");
        for input in &inputs {
            run(entry, name.to_owned(), input);
        }
    }
}

#[test]
fn mutants() {
    std::thread::scope(|scope| {
        for half in ENTRIES.chunks(ENTRIES.len().div_ceil(2)) {
            scope.spawn(move || {
                for (name, entry) in half {
                    let inputs = corpus(name);
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

/// The corpus of an entry as it is kept.
fn file(name: &str) -> String {
    fs::read_to_string(root().join(name).with_extension("txt")).expect("a corpus")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    text::read(&file(name))
}

/// What the files with this ending in a folder are called.
fn named(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let named = paths.filter(|path| path.extension().is_some_and(|found| found == ending));
    let name = |path: PathBuf| path.file_stem()?.to_str().map(str::to_owned);
    named.filter_map(name).collect()
}
