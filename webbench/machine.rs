//! On what and when a run took place, for those who read its report later.

use std::fs;
use std::time::{Duration, SystemTime};

/// What is known of a machine and a moment.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct Facts {
    /// When the run was begun, as HTTP writes dates.
    pub(crate) date: String,
    /// The same in seconds since 1970.
    pub(crate) unix_s: u64,
    pub(crate) webbench: &'static str,
    /// As it was typed.
    pub(crate) command: String,
    /// The processor's name.
    pub(crate) processor: String,
    /// Processors that this program may use.
    pub(crate) processors: usize,
    pub(crate) kernel: String,
    pub(crate) memory_bytes: u64,
    /// Files that a process may have open.
    pub(crate) open_files: usize,
    /// How TCP adapts to congestion.
    pub(crate) congestion_control: String,
}

impl Facts {
    /// Reads what the system says. What it does not say is empty.
    pub(crate) fn read(processors: usize, open_files: usize) -> Facts {
        let now = SystemTime::now();
        let since = now.duration_since(SystemTime::UNIX_EPOCH);
        let words = std::env::args_os().map(|word| quoted(&word.to_string_lossy()));
        let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Facts {
            date: httpdate::fmt_http_date(now),
            unix_s: since.unwrap_or(Duration::ZERO).as_secs(),
            webbench: env!("CARGO_PKG_VERSION"),
            command: words.collect::<Vec<String>>().join(" "),
            processor: value(&file("/proc/cpuinfo"), "model name"),
            processors,
            kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
            memory_bytes: kib(&value(&file("/proc/meminfo"), "MemTotal")) * 1024,
            open_files,
            congestion_control: file("/proc/sys/net/ipv4/tcp_congestion_control")
                .trim()
                .to_owned(),
        }
    }
}

/// The value of the first line `name : value`.
fn value(text: &str, name: &str) -> String {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.find(|(left, _)| left.trim_end() == name);
    found.map_or(String::new(), |(_, value)| value.trim().to_owned())
}

fn kib(text: &str) -> u64 {
    let number = text.split_whitespace().next();
    number.and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=./:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc() {
        let text = "processor\t: 0\nmodel name\t: A: B\nmodel name\t: C\nMemTotal:  24 kB\n";
        assert_eq!(value(text, "model name"), "A: B");
        assert_eq!(kib(&value(text, "MemTotal")), 24);
        assert_eq!((value(text, "model"), kib("")), (String::new(), 0));
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, text) in [
            ("--json=a/b.c", "--json=a/b.c"),
            ("http://[::1]:80/?a", "'http://[::1]:80/?a'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), text);
        }
    }

    #[test]
    fn the_system_says_something() {
        let machine = Facts::read(1, 2);
        assert!(machine.memory_bytes > 1 << 20 && machine.kernel.contains('.'));
        assert!(machine.date.ends_with(" GMT") && machine.unix_s > 1_600_000_000);
    }
}
