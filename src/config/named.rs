//! Files, folders and users that a configuration names, and where it does, for
//! those who look whether they are there.

use crate::config::problem::Problem;
use std::path::PathBuf;

/// A file, a folder or a user of the system, and where its name is in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) what: What,
    /// As it is written: for a page a path of its site, for a user or a group
    /// its name.
    pub(crate) path: PathBuf,
    line: usize,
    column: usize,
}

/// What it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The folder of a site.
    Root,
    /// A file of a site that answers for others.
    Page(Shelf),
    /// Users of a site.
    Users,
    /// Names and passwords of all accounts; made where it is not there.
    Accounts,
    /// A log, or the number of the master: likewise.
    Written,
    /// The file of a unix socket: likewise.
    Socket,
    /// Whom the serving process becomes.
    User,
    /// In which group.
    Group,
}

/// How pages of a site are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shelf {
    /// The folder of the site.
    pub(crate) root: PathBuf,
    /// Names that a folder answers with.
    pub(crate) index: Vec<String>,
    /// What lies ready-made in other codings will do.
    pub(crate) precompressed: bool,
    /// A folder will do without its slash, by its index.
    pub(crate) folders: bool,
}

impl Named {
    /// `path` for what, at byte `at` of `text`.
    pub(super) fn new(text: &str, at: usize, what: What, path: PathBuf) -> Named {
        let Problem { line, column, .. } = Problem::new(text, at, String::new());
        Named {
            what,
            path,
            line,
            column,
        }
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self, message: &str) -> Problem {
        Problem {
            line: self.line,
            column: self.column,
            message: message.replace(char::is_control, " "),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::read;

    #[test]
    fn each_is_noted_with_its_place() {
        const TEXT: &str = "\u{feff}[[site]]\nfallback = \"/\"\n[[site]]\n  root = \"a\"\n\
                            [[site.auth]]\nusers_file = \"b\"\n[log]\nfile = \"\"\naccess = 5\n";
        let named = read(TEXT, &[]).named;
        let shown: Vec<(usize, usize, &str)> = named
            .iter()
            .map(|it| (it.line, it.column, it.path.to_str().expect("UTF-8")))
            .collect();
        let expected = [(1, 1, "www"), (2, 12, "/"), (4, 10, "a"), (6, 14, "b")];
        let mut sorted = shown.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected, "what is not written is where it would be");
    }
}
