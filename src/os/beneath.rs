//! What is below a root, and never anything outside it.

use rustix::fs::{self, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Times that `openat2` is tried when a rename elsewhere disturbs it.
const TRIES: usize = 3;

/// Opens `path`, relative to `root`. Links are followed where they end below
/// the root.
///
/// # Errors
/// What the system says; `EXDEV` for a path that ends elsewhere.
pub(super) fn open(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    match beneath(root, path, flags) {
        // Some link on the way leaves the root: it is from the system's own
        // root on, or climbs. It may come back.
        Err(Errno::XDEV) => beneath(root, &way_back(root, path)?, flags),
        opened => opened,
    }
}

fn beneath(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut tries = 0;
    loop {
        match fs::openat2(root, path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) if tries < TRIES => tries += 1,
            opened => return opened,
        }
    }
}

/// The path without links, relative to the root. Nothing is opened for it, and
/// if somebody changes the links meanwhile, it still leads nowhere else.
fn way_back(root: BorrowedFd<'_>, path: &[u8]) -> Result<Vec<u8>, Errno> {
    let real = |path: &Path| path.canonicalize().map_err(|_| Errno::XDEV);
    let top = PathBuf::from(format!("/proc/self/fd/{}", root.as_raw_fd()));
    let end = real(&top.join(OsStr::from_bytes(path)))?;
    let way = end.strip_prefix(real(&top)?).map_err(|_| Errno::XDEV)?;
    Ok(match way.as_os_str().as_bytes() {
        b"" => b".".to_vec(),
        way => way.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_where_they_end_below_the_root() {
        let name = format!("pelton-beneath-{}", std::process::id());
        let all = std::env::temp_dir().join(name);
        let root = all.join("root");
        std::fs::create_dir_all(root.join("folder")).expect("folders");
        std::fs::write(root.join("folder/file"), "inside").expect("a file");
        std::fs::write(all.join("file"), "outside").expect("a file");
        for (to, link) in [
            (root.join("folder/file"), "absolute"),
            (root.join("folder"), "absolute folder"),
            (PathBuf::from("../root/folder/file"), "out and in"),
            (all.join("file"), "out"),
            (PathBuf::from("../file"), "climbs"),
            (all.clone(), "above"),
            (root.clone(), "top"),
            (PathBuf::from("/proc/self/environ"), "magic"),
            (root.join("loop"), "loop"),
        ] {
            symlink(to, root.join(link)).expect("a link");
        }
        let top = std::fs::File::open(&root).expect("the root");
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let is_there = |path: &str| open(top.as_fd(), path.as_bytes(), flags).is_ok();
        for path in [
            "folder/file",
            "absolute",
            "absolute folder/file",
            "out and in",
            "top",
            "top/folder/file",
        ] {
            assert!(is_there(path), "{path}");
        }
        for path in [
            "out",
            "climbs",
            "above",
            "above/file",
            "magic",
            "loop",
            "../file",
            "/etc/passwd",
            "absent",
        ] {
            assert!(!is_there(path), "{path}");
        }
        std::fs::remove_dir_all(all).expect("removed");
    }
}
