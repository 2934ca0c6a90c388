//! What is in folders below the roots of the sites: a few listings per thread,
//! each kept for the second in which it is fresh.

use crate::base::limits::{
    FILE_FRESH_MS, LISTED_ENTRIES_MAX, LISTED_FOLDERS_MAX, LISTED_LOOKS_MAX,
};
use crate::base::tick::Time;
use crate::os::folder::{self, Named};
use crate::service::{Entry, Folder};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// The folders that one thread has listed lately. Owns what is made of them.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// The one that was read last is at the end.
    listed: Vec<Listed>,
}

#[derive(Debug)]
struct Listed {
    root: usize,
    path: Box<[u8]>,
    hidden: bool,
    /// When the disk was asked, of the folder and of its root.
    checked: Time,
    folder: Folder,
}

impl Folders {
    /// What is in the folder at `path`, below a root that was last looked at
    /// when `checked` says.
    pub(super) fn list(
        &mut self,
        folder: &OwnedFd,
        root: usize,
        path: &[u8],
        hidden: bool,
        now: Time,
        checked: Time,
    ) -> io::Result<&mut Folder> {
        let fresh = |listed: &Listed| now.since(listed.checked).0 < FILE_FRESH_MS;
        self.listed.retain(fresh);
        let same = |listed: &Listed| {
            (listed.root, listed.hidden) == (root, hidden) && *listed.path == *path
        };
        let at = match self.listed.iter().position(same) {
            Some(at) => at,
            None => {
                let listed = Listed {
                    root,
                    path: path.into(),
                    hidden,
                    checked,
                    folder: read(folder, path, hidden)?,
                };
                if self.listed.len() == LISTED_FOLDERS_MAX {
                    self.listed.remove(0);
                }
                self.listed.push(listed);
                self.listed.len() - 1
            }
        };
        Ok(&mut self.listed[at].folder)
    }
}

fn read(folder: &OwnedFd, path: &[u8], hidden: bool) -> io::Result<Folder> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let is_hidden = |name: &[u8]| {
        // What has a control character in its name cannot be asked for.
        let unspoken = name.iter().any(u8::is_ascii_control);
        let dotted = name.starts_with(b".") && name != b".well-known";
        unspoken || (dotted && !hidden)
    };
    let (most, looks) = (LISTED_ENTRIES_MAX, LISTED_LOOKS_MAX);
    let (named, more) = folder::list_beneath(folder.as_fd(), path, most, looks, is_hidden)?;
    Ok(Folder {
        entries: named.into_iter().map(entry).collect(),
        more,
        prepared: None,
    })
}

fn entry(named: Named) -> Entry {
    Entry {
        name: named.name,
        is_folder: named.is_folder,
        len: named.len,
        modified_s: u64::try_from(named.modified_s).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::file;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// A folder of this test's own, removed at the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let path = std::env::temp_dir().join(format!("pelton-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(path.join("root")).expect("a folder");
            Place(path)
        }

        fn root(&self) -> PathBuf {
            self.0.join("root")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn names(root: &Path, folders: &mut Folders, path: &str, hidden: bool, now: u64) -> String {
        let open = file::open_root(root).expect("a root");
        let found = folders.list(&open, 0, path.as_bytes(), hidden, Time(now), Time(now));
        let mut names: Vec<String> = found
            .expect("a folder")
            .entries
            .iter()
            .map(|entry| {
                let slash = if entry.is_folder { "/" } else { "" };
                format!("{}{slash}", String::from_utf8_lossy(&entry.name))
            })
            .collect();
        names.sort();
        names.join(" ")
    }

    #[test]
    fn links_out_of_the_root_and_what_is_no_file_are_not_in_it() {
        let place = Place::new("folders");
        let root = place.root();
        fs::create_dir_all(root.join("in/deep")).expect("folders");
        for name in ["a", "in/b", "in/.c", "in/new\nline", "in/deep/d"] {
            fs::write(root.join(name), "x").expect("a file");
        }
        fs::write(place.0.join("secret"), "x").expect("a file");
        for (to, name) in [
            ("../a", "in/up"),
            ("deep", "in/to"),
            ("../../secret", "in/out"),
            ("/etc/passwd", "in/far"),
            ("nothing", "in/dangling"),
            ("loop", "in/loop"),
        ] {
            std::os::unix::fs::symlink(to, root.join(name)).expect("a link");
        }
        let _socket = std::os::unix::net::UnixListener::bind(root.join("in/sock")).expect("bound");
        let mut folders = Folders::default();
        assert_eq!(
            names(&root, &mut folders, "/in/", false, 0),
            "b deep/ to/ up"
        );
        assert_eq!(
            names(&root, &mut folders, "/in/", true, 0),
            ".c b deep/ to/ up"
        );
        assert_eq!(names(&root, &mut folders, "/", false, 0), "a in/");
        let open = file::open_root(&root).expect("a root");
        for path in ["/a/", "/nothing/", "/../", "/in/out/", "/in/far/"] {
            let found = folders.list(&open, 0, path.as_bytes(), false, Time(0), Time(0));
            assert!(found.is_err(), "{path}");
        }
    }

    #[test]
    fn a_listing_is_kept_for_a_second_and_few_are() {
        let place = Place::new("folders-kept");
        let root = place.root();
        let mut folders = Folders::default();
        assert_eq!(names(&root, &mut folders, "/", false, 0), "");
        fs::write(root.join("a"), "x").expect("a file");
        assert_eq!(names(&root, &mut folders, "/", false, 999), "");
        assert_eq!(names(&root, &mut folders, "/", false, 1_000), "a");
        for number in 0..2 * LISTED_FOLDERS_MAX {
            let name = format!("d{number}");
            fs::create_dir(root.join(&name)).expect("a folder");
            names(&root, &mut folders, &format!("/{name}/"), false, 1_000);
        }
        assert_eq!(folders.listed.len(), LISTED_FOLDERS_MAX);
    }

    #[test]
    fn a_huge_folder_is_listed_as_far_as_the_bound() {
        let place = Place::new("folders-huge");
        let root = place.root();
        for number in 0..LISTED_ENTRIES_MAX + 2 {
            fs::write(root.join(format!("{number}")), "").expect("a file");
        }
        let open = file::open_root(&root).expect("a root");
        let mut folders = Folders::default();
        let found = folders.list(&open, 0, b"/", false, Time(0), Time(0));
        let found = found.expect("a folder");
        assert_eq!(
            (found.entries.len(), found.more),
            (LISTED_ENTRIES_MAX, true)
        );
        for number in 0..2 {
            fs::remove_file(root.join(format!("{number}"))).expect("removed");
        }
        let found = folders.list(&open, 0, b"/", false, Time(1_000), Time(1_000));
        let found = found.expect("a folder");
        assert_eq!(
            (found.entries.len(), found.more),
            (LISTED_ENTRIES_MAX, false)
        );
    }
}
