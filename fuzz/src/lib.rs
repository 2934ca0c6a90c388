//! The entries that are fuzzed, which the tests have too.

#[path = "../../tests/corpus/entries.rs"]
pub mod entries;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/samples/mod.rs"]
mod samples;
