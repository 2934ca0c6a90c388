//! What one process hands to the next, as text in its environment: a line for
//! each thing, its words separated by spaces and written so that they have none.

use crate::config::Address;
use crate::os::inherit;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// The environment variable that a master is begun with.
pub(super) const TO_MASTER: &str = "PELTON_MASTER";
/// The one that a serving process is begun with.
pub(super) const TO_SERVING: &str = "PELTON_SERVING";
/// The form of the text. A program that knows another one does not come up,
/// and the one that runs goes on.
const FORM: &str = "1";

/// What a process is begun with. Names descriptors by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handoff {
    /// The arguments, without the program's name.
    pub(super) arguments: Vec<OsString>,
    /// Where the program is, for an upgrade.
    pub(super) program: PathBuf,
    /// The name of the configuration file, and a descriptor of its text.
    pub(super) file: Option<(RawFd, PathBuf)>,
    /// Its listening sockets.
    pub(super) listen: Vec<Listening>,
    /// It is to leave the terminal when it is up.
    pub(super) daemon: bool,
    /// Whoever waits until it is up: a pipe.
    pub(super) report: Option<RawFd>,
    /// To serving: it says on standard output where it listens.
    pub(super) says: bool,
    /// To serving: the way to its master.
    pub(super) control: Option<RawFd>,
    /// To a master after an upgrade: its pid file, locked.
    pub(super) pid_file: Option<(RawFd, PathBuf)>,
    /// To a master after an upgrade: its serving processes.
    pub(super) children: Vec<Inherited>,
    /// To a master after an upgrade: a reload was asked for meanwhile.
    pub(super) reload: bool,
}

/// The sockets of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    /// As the configuration has it; port 0 may be another in truth.
    pub(super) addr: Address,
    /// They came from elsewhere, and there can be no more of them.
    pub(super) given: bool,
    pub(super) sockets: Vec<RawFd>,
}

/// A serving process that has another master now: the same process, upgraded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inherited {
    pub(super) pid: i32,
    pub(super) control: RawFd,
    /// It is on its way out, and is killed after so many milliseconds.
    pub(super) leaving_ms: Option<u64>,
}

impl Handoff {
    /// What this process was begun with, if with any of this.
    pub(super) fn from_environment(variable: &str) -> Option<Result<Handoff, String>> {
        let text = env::var_os(variable)?;
        let read = text.to_str().and_then(Handoff::decode);
        let broken = || format!("{variable} is not from a program of this version");
        Some(read.ok_or_else(broken))
    }

    pub(super) fn encode(&self) -> String {
        let mut lines = Lines(String::new());
        lines.add("form", [FORM]);
        lines.add("arguments", &self.arguments);
        lines.add("program", [&self.program]);
        for (name, file) in [("file", &self.file), ("pid_file", &self.pid_file)] {
            if let Some((descriptor, path)) = file {
                lines.add(name, [descriptor.to_string().as_ref(), path.as_os_str()]);
            }
        }
        for listening in &self.listen {
            let given = if listening.given { "given" } else { "own" };
            let mut words = vec![listening.addr.to_string(), given.to_owned()];
            words.extend(listening.sockets.iter().map(RawFd::to_string));
            lines.add("listen", words);
        }
        for (name, descriptor) in [("report", self.report), ("control", self.control)] {
            if let Some(descriptor) = descriptor {
                lines.add(name, [descriptor.to_string()]);
            }
        }
        let flags = [
            ("daemon", self.daemon),
            ("says", self.says),
            ("reload", self.reload),
        ];
        for (name, is_set) in flags {
            if is_set {
                lines.add(name, [""; 0]);
            }
        }
        for child in &self.children {
            let mut words = vec![child.pid.to_string(), child.control.to_string()];
            words.extend(child.leaving_ms.map(|left| left.to_string()));
            lines.add("child", words);
        }
        lines.0
    }

    fn decode(text: &str) -> Option<Handoff> {
        let mut lines = text.lines();
        if lines.next()? != format!("form {FORM}") {
            return None;
        }
        let mut handoff = Handoff::default();
        for line in lines {
            let mut words = line.split(' ');
            let name = words.next()?;
            let words: Vec<OsString> = words.map(unescape).collect::<Option<_>>()?;
            handoff.take(name, words)?;
        }
        Some(handoff)
    }

    /// Takes one line; `None` if it is not as [`Handoff::encode`] writes it.
    fn take(&mut self, name: &str, words: Vec<OsString>) -> Option<()> {
        let word = |at: usize| words.get(at).and_then(|word| word.to_str());
        let number = |at: usize| word(at)?.parse().ok();
        let file = || Some((number(0)?, PathBuf::from(words.get(1)?)));
        match name {
            "arguments" => self.arguments = words,
            "program" => self.program = PathBuf::from(words.first()?),
            "file" => self.file = Some(file()?),
            "pid_file" => self.pid_file = Some(file()?),
            "report" => self.report = Some(number(0)?),
            "control" => self.control = Some(number(0)?),
            "daemon" => self.daemon = true,
            "says" => self.says = true,
            "reload" => self.reload = true,
            "listen" => self.listen.push(Listening {
                addr: word(0)?.parse().ok()?,
                given: word(1)? == "given",
                sockets: (2..words.len()).map(number).collect::<Option<_>>()?,
            }),
            "child" => self.children.push(Inherited {
                pid: number(0)?,
                control: number(1)?,
                leaving_ms: word(2).map(str::parse).transpose().ok()?,
            }),
            _ => return None,
        }
        Some(())
    }
}

/// The environment for a program that takes the place of this one: as it is,
/// with `text` for its master.
pub(super) fn environment(text: String, keeps_sockets: bool) -> Vec<(OsString, OsString)> {
    let is_ours = |name: &OsStr| name == TO_MASTER || name == TO_SERVING;
    let is_unit = |name: &OsStr| name.as_bytes().starts_with(b"LISTEN_");
    env::vars_os()
        .filter(|(name, _)| !is_ours(name) && (keeps_sockets || !is_unit(name)))
        .chain([(TO_MASTER.into(), text.into())])
        .collect()
}

/// The numbers of descriptors.
pub(super) fn numbers(sockets: &[OwnedFd]) -> Vec<RawFd> {
    sockets.iter().map(inherit::number).collect()
}

/// Lines under way.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, words: impl IntoIterator<Item = impl AsRef<OsStr>>) {
        self.0 += name;
        for word in words {
            self.0.push(' ');
            escape(word.as_ref(), &mut self.0);
        }
        self.0.push('\n');
    }
}

/// Bytes that are no plain letters are written as `%` and two digits.
fn escape(word: &OsStr, out: &mut String) {
    for &byte in word.as_bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            out.push(char::from(byte));
        } else {
            *out += &format!("%{byte:02x}");
        }
    }
}

fn unescape(word: &str) -> Option<OsString> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Handoff {
        let odd = OsString::from_vec(b"a b%\n\xff=".to_vec());
        Handoff {
            arguments: vec!["serve".into(), odd.clone(), "".into()],
            program: "/usr/bin/pelton".into(),
            file: Some((7, "conf/my pelton.toml".into())),
            listen: vec![
                Listening {
                    addr: Address::Ip(([127, 0, 0, 1], 80).into()),
                    given: false,
                    sockets: vec![8, 9],
                },
                Listening {
                    addr: "[::1]:0".parse().expect("an address"),
                    given: true,
                    sockets: vec![10],
                },
                Listening {
                    addr: "unix:/run/a b".parse().expect("a path"),
                    given: false,
                    sockets: vec![13],
                },
            ],
            daemon: true,
            report: Some(3),
            says: true,
            control: Some(4),
            pid_file: Some((5, odd.into())),
            children: vec![
                Inherited {
                    pid: 100,
                    control: 11,
                    leaving_ms: None,
                },
                Inherited {
                    pid: 101,
                    control: 12,
                    leaving_ms: Some(30_000),
                },
            ],
            reload: true,
        }
    }

    #[test]
    fn what_is_handed_down_arrives() {
        for handoff in [full(), Handoff::default()] {
            let text = handoff.encode();
            assert_eq!(Handoff::decode(&text), Some(handoff), "{text}");
        }
    }

    #[test]
    fn another_form_is_not_guessed_at() {
        let text = full().encode();
        for (part, other) in [
            ("form 1", "form 2"),
            ("report 3", "report x"),
            ("says", "sings"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("%20", "%2"),
        ] {
            assert!(text.contains(part), "{part} in {text}");
            assert_eq!(Handoff::decode(&text.replace(part, other)), None, "{other}");
        }
        assert_eq!(Handoff::decode(""), None);
    }
}
