//! Files below the roots of the sites: open files and the contents of small
//! ones, cached, and looked at again at most once a second each.
//!
//! One [`FileCache`] belongs to one thread (a loop or a pool thread), so there
//! is no lock. A hit that was looked at less than a second ago costs no system
//! call. A file that was edited, replaced or removed shows within a second, and so
//! does a root.

use super::folders::Folders;
use super::look::{Looked, look_at, read, why};
use super::notes::{Notes, Trouble};
use super::press::Press;
use super::pressing;
use super::roots::{Known, Roots};
use crate::base::limits::{FILE_FRESH_MS, FILE_UNUSED_MS, PATH_BYTES_MAX};
use crate::base::tick::Time;
use crate::http::coding::Coding;
use crate::os::file::Identity;
use crate::service::{Content, FileError, Files, Folder, Found, Variant};
use foldhash::HashMap;
use slab::Slab;
use std::sync::Arc;

#[derive(Debug)]
struct Entry {
    root: usize,
    path: Arc<[u8]>,
    found: Found,
    /// Of each file that it was found in.
    states: Vec<(Coding, Identity)>,
    /// When the disk was last asked, of the file and of its root.
    checked: Time,
    /// Something is still to be made of it by the press.
    waits: bool,
    used: Time,
    /// Used since the eviction's hand last came by.
    warm: bool,
}

/// The files one thread knows. Owns their descriptors and contents.
///
/// Invariants: every entry is in its root's map under its path, and nothing
/// else is; `total_bytes` is the sum of the contents in memory.
#[derive(Debug)]
pub struct FileCache {
    roots: Arc<Roots>,
    folders: Vec<Known>,
    notes: Arc<Notes>,
    press: Arc<Press>,
    /// By path. Only files that are there get in, so nobody can choose the
    /// keys to collide, and a fast hash will do.
    by_path: Vec<HashMap<Arc<[u8]>, usize>>,
    entries: Slab<Entry>,
    files_max: usize,
    bytes_max: usize,
    total_bytes: usize,
    /// Descriptors that entries hold.
    open: usize,
    hand: usize,
    /// The entry that was found last.
    last: usize,
    scratch: Vec<u8>,
    /// Folders that were listed.
    listed: Folders,
}

impl FileCache {
    /// An empty cache of at most `files` files and `bytes` of contents. With
    /// `files` 0 every request asks the disk.
    #[must_use]
    pub fn new(
        roots: Arc<Roots>,
        notes: Arc<Notes>,
        press: Arc<Press>,
        files: usize,
        bytes: usize,
    ) -> FileCache {
        let folders = roots.known();
        let by_path = folders.iter().map(|_| HashMap::default()).collect();
        FileCache {
            roots,
            folders,
            notes,
            press,
            by_path,
            entries: Slab::new(),
            files_max: files,
            bytes_max: bytes,
            total_bytes: 0,
            open: 0,
            hand: 0,
            last: 0,
            scratch: Vec::new(),
            listed: Folders::default(),
        }
    }

    /// Closes the descriptors that nobody has used for a while.
    pub fn tick(&mut self, now: Time) {
        if self.open == 0 {
            return;
        }
        let unused = |entry: &Entry| {
            descriptors(&entry.found) > 0 && now.since(entry.used).0 >= FILE_UNUSED_MS
        };
        let stale: Vec<usize> = self
            .entries
            .iter()
            .filter(|(_, entry)| unused(entry))
            .map(|(id, _)| id)
            .collect();
        for id in stale {
            self.remove(id);
        }
    }

    /// Whether [`FileCache::tick`] has something to wait for.
    #[must_use]
    pub fn wants_tick(&self) -> bool {
        self.open > 0
    }

    /// Closes every cached descriptor: a loop that is out of them asks.
    pub fn shed(&mut self) {
        self.tick(Time::NEVER);
    }

    /// The entry of `path`, if there is one. Requests for one file come in
    /// runs, so the last one is tried ahead of the map.
    #[inline]
    fn entry(&self, root: usize, path: &[u8]) -> Option<usize> {
        match self.entries.get(self.last) {
            Some(entry) if entry.root == root && *entry.path == *path => Some(self.last),
            _ => self.by_path.get(root)?.get(path).copied(),
        }
    }

    /// The file of an entry that is used now.
    fn used(&mut self, id: usize, now: Time) -> &mut Found {
        self.last = id;
        let entry = &mut self.entries[id];
        entry.used = now;
        entry.warm = true;
        &mut entry.found
    }

    /// Whether the disk was asked about this entry a moment ago.
    fn is_fresh(&self, id: usize, now: Time) -> bool {
        now.since(self.entries[id].checked).0 < FILE_FRESH_MS && self.files_max > 0
    }

    /// Asks the disk about `path` and brings the entry up to date.
    fn look(
        &mut self,
        root: usize,
        path: &[u8],
        known: Option<usize>,
        now: Time,
    ) -> Result<usize, FileError> {
        let mut opened = self.open(root, path, now);
        if matches!(opened, Err(FileError::Busy)) && self.open > 0 {
            // What is kept open for others is not worth an error.
            self.shed();
            opened = self.open(root, path, now);
        }
        let opened = opened.inspect_err(|error| tell(&self.notes, *error, path, now));
        let known = known.filter(|&id| self.entries.contains(id));
        match (opened, known) {
            (Ok(looked), Some(id)) if self.entries[id].is(&looked) && !self.is_made(id, now) => {
                self.entries[id].checked = looked.checked;
                Ok(id)
            }
            (Ok(looked), known) => {
                if let Some(id) = known {
                    self.remove(id);
                }
                let inserted = self.insert(root, path, looked, now);
                inserted.inspect_err(|error| tell(&self.notes, *error, path, now))
            }
            // There is nothing to look with: what is known is better than an
            // error, and the next request looks again.
            (Err(FileError::Busy), Some(id)) => Ok(id),
            (Err(error), known) => {
                if let Some(id) = known {
                    self.remove(id);
                }
                Err(error)
            }
        }
    }

    fn open(&mut self, root: usize, path: &[u8], now: Time) -> Result<Looked, FileError> {
        if path.len() > PATH_BYTES_MAX {
            return Err(FileError::NotFound);
        }
        let folder = self.roots.folder(root, &mut self.folders, now);
        let (folder, checked) = folder.ok_or(FileError::NotFound)?;
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let beside = self.roots.wanted(root).precompressed;
        if !path.is_empty() && !path.ends_with(b"/") {
            return Ok(Looked {
                files: look_at(&folder, path, beside)?,
                index: None,
                checked,
            });
        }
        for name in self.roots.index(root) {
            self.scratch.clear();
            self.scratch.extend_from_slice(path);
            self.scratch.extend_from_slice(name);
            match look_at(&folder, &self.scratch, beside) {
                // A folder named index.html is no reason for a redirect.
                Err(FileError::NotFound | FileError::Directory) => {}
                Err(error) => return Err(error),
                Ok(files) => {
                    return Ok(Looked {
                        files,
                        index: Some(name.clone()),
                        checked,
                    });
                }
            }
        }
        Err(FileError::NotFound)
    }

    fn insert(
        &mut self,
        root: usize,
        path: &[u8],
        looked: Looked,
        now: Time,
    ) -> Result<usize, FileError> {
        let wanted = self.roots.wanted(root);
        let mut room = self.bytes_max;
        let mut files = looked.files.into_iter();
        let Some(first) = files.next() else {
            return Err(FileError::NotFound);
        };
        let (main, state) = read(first, &mut room, wanted.digests)?;
        let mut states = vec![(main.coding, state)];
        let mut others = Vec::new();
        for file in files {
            let (variant, state) = read(file, &mut room, wanted.digests)?;
            states.push((variant.coding, state));
            others.push(variant);
        }
        let mut found = Found {
            varies: !others.is_empty() || main.coding != Coding::Identity,
            main,
            others,
            index: looked.index,
        };
        let jobs = pressing::jobs(&found, path, &states, &wanted);
        let waits = pressing::take(&self.press, &mut found, &states, jobs, &mut room, now);
        self.make_room(self.bytes_max - room);
        self.total_bytes += self.bytes_max - room;
        self.open += descriptors(&found);
        let path: Arc<[u8]> = path.into();
        let entry = Entry {
            root,
            path: path.clone(),
            found,
            states,
            checked: looked.checked,
            waits,
            used: now,
            warm: true,
        };
        let id = self.entries.insert(entry);
        self.by_path[root].insert(path, id);
        Ok(id)
    }

    /// Whether the press has made what an entry waits for.
    fn is_made(&self, id: usize, now: Time) -> bool {
        let entry = &self.entries[id];
        if !entry.waits {
            return false;
        }
        let wanted = self.roots.wanted(entry.root);
        let jobs = pressing::jobs(&entry.found, &entry.path, &entry.states, &wanted);
        pressing::is_made(&self.press, jobs, now)
    }

    /// Makes room for one more entry with `bytes` of contents, coldest first:
    /// the hand goes round, and passes what was used since it last came by.
    fn make_room(&mut self, bytes: usize) {
        let mut steps = 2 * self.entries.capacity() + 1;
        while steps > 0
            && !self.entries.is_empty()
            && (self.entries.len() >= self.files_max.max(1)
                || self.total_bytes + bytes > self.bytes_max)
        {
            steps -= 1;
            self.hand = (self.hand + 1) % self.entries.capacity().max(1);
            match self.entries.get_mut(self.hand) {
                Some(entry) if entry.warm => entry.warm = false,
                Some(_) => self.remove(self.hand),
                None => {}
            }
        }
    }

    fn remove(&mut self, id: usize) {
        let entry = self.entries.remove(id);
        self.by_path[entry.root].remove(&entry.path);
        self.total_bytes -= entry.found.variants().map(held).sum::<usize>();
        self.open -= descriptors(&entry.found);
    }
}

impl Files for FileCache {
    fn find(&mut self, root: usize, path: &[u8], now: Time) -> Result<&mut Found, FileError> {
        let known = self.entry(root, path);
        let id = match known {
            Some(id) if self.is_fresh(id, now) => id,
            _ => self.look(root, path, known, now)?,
        };
        Ok(self.used(id, now))
    }

    fn known(&mut self, root: usize, path: &[u8], now: Time) -> Option<&mut Found> {
        let id = self.entry(root, path)?;
        self.is_fresh(id, now).then(|| self.used(id, now))
    }

    fn list(
        &mut self,
        root: usize,
        path: &[u8],
        hidden: bool,
        now: Time,
    ) -> Result<&mut Folder, FileError> {
        let folder = self.roots.folder(root, &mut self.folders, now);
        let (folder, checked) = folder.ok_or(FileError::NotFound)?;
        let listed = self.listed.list(&folder, root, path, hidden, now, checked);
        let listed = listed.map_err(|error| why(&error));
        listed.inspect_err(|error| tell(&self.notes, *error, path, now))
    }
}

impl Entry {
    /// Whether a look has found what is known already.
    fn is(&self, looked: &Looked) -> bool {
        let states = looked.files.iter().map(|file| (file.coding, file.identity));
        self.states.iter().copied().eq(states) && self.found.index == looked.index
    }
}

/// Bytes that a variant holds in memory.
fn held(variant: &Variant) -> usize {
    match &variant.content {
        Content::Memory(bytes) => bytes.len(),
        Content::File(_) => 0,
    }
}

fn descriptors(found: &Found) -> usize {
    let is_open = |variant: &&Variant| matches!(variant.content, Content::File(_));
    found.variants().filter(is_open).count()
}

/// The server's own trouble is told; what a path leads to is not.
fn tell(notes: &Notes, error: FileError, path: &[u8], now: Time) {
    let trouble = match error {
        FileError::Busy => Trouble::NoFiles,
        FileError::Broken => Trouble::Disk,
        FileError::NotFound | FileError::Directory | FileError::Forbidden => return,
    };
    let path = String::from_utf8_lossy(path);
    notes.note(trouble, now, format_args!("{path:?}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Site;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn roots(root: &Path) -> Arc<Roots> {
        let mut site = Site::new(root);
        site.index = ["index.html", "index.htm"].map(str::to_owned).to_vec();
        Roots::open(&[site]).expect("the root opens")
    }

    fn caching(root: &Path, files: usize, bytes: usize) -> FileCache {
        FileCache::new(roots(root), Arc::default(), Press::new(0, 0), files, bytes)
    }

    /// A folder of this test's own, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("pelton-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }

        fn write(&self, name: &str, content: &str) {
            fs::write(self.0.join(name), content).expect("a file");
        }

        fn cache(&self, files: usize, bytes: usize) -> FileCache {
            caching(&self.0, files, bytes)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn text(cache: &mut FileCache, path: &str, now: u64) -> Result<String, FileError> {
        let found = cache.find(0, path.as_bytes(), Time(now))?;
        match &found.main.content {
            Content::Memory(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Content::File(_) => Ok(format!("file of {}", found.main.meta.len)),
        }
    }

    #[test]
    fn a_change_shows_within_a_second_and_not_at_the_cost_of_a_look_per_request() {
        let folder = Folder::new("fresh");
        folder.write("a.txt", "one");
        let mut cache = folder.cache(10, 1 << 20);
        assert_eq!(text(&mut cache, "/a.txt", 0).as_deref(), Ok("one"));
        folder.write("a.txt", "three");
        assert_eq!(
            text(&mut cache, "/a.txt", 999).as_deref(),
            Ok("one"),
            "no look yet"
        );
        assert_eq!(text(&mut cache, "/a.txt", 1_000).as_deref(), Ok("three"));
        folder.write("b.txt", "renamed over");
        fs::rename(folder.0.join("b.txt"), folder.0.join("a.txt")).expect("renamed");
        assert_eq!(
            text(&mut cache, "/a.txt", 2_000).as_deref(),
            Ok("renamed over")
        );
        fs::remove_file(folder.0.join("a.txt")).expect("removed");
        assert_eq!(
            text(&mut cache, "/a.txt", 2_999).as_deref(),
            Ok("renamed over")
        );
        assert_eq!(text(&mut cache, "/a.txt", 3_000), Err(FileError::NotFound));
        assert_eq!(
            (
                cache.total_bytes,
                cache.entries.len(),
                cache.by_path[0].len()
            ),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_root_that_goes_and_comes_back_shows_within_a_second() {
        let folder = Folder::new("root");
        let [root, aside] = ["root", "aside"].map(|name| folder.0.join(name));
        let make = |content: &str| {
            fs::create_dir(&root).expect("a folder");
            fs::write(root.join("a.txt"), content).expect("a file");
        };
        make("one");
        let (mut one, mut two) = {
            let roots = roots(&root);
            let cache =
                || FileCache::new(roots.clone(), Arc::default(), Press::new(0, 0), 10, 1 << 20);
            (cache(), cache())
        };
        let mut check = |now, expected: Result<&str, FileError>| {
            for cache in [&mut one, &mut two] {
                let got = text(cache, "/a.txt", now);
                assert_eq!(got.as_deref().map_err(|error| *error), expected, "at {now}");
            }
        };
        check(500, Ok("one"));
        fs::rename(&root, &aside).expect("renamed");
        check(999, Ok("one")); // no fresher than the look at its root
        check(1_000, Err(FileError::NotFound));
        make("two");
        check(1_999, Err(FileError::NotFound));
        check(2_000, Ok("two"));
        // One in the place of the other.
        fs::remove_dir_all(&aside).expect("removed");
        fs::rename(&root, &aside).expect("renamed");
        make("three");
        check(3_000, Ok("three"));
        // What is no folder is as good as nothing.
        fs::remove_dir_all(&root).expect("removed");
        fs::write(&root, "a file").expect("a file");
        check(4_000, Err(FileError::NotFound));
        fs::remove_file(&root).expect("removed");
        std::os::unix::fs::symlink("aside", &root).expect("a link");
        check(5_000, Ok("two"));
    }

    #[test]
    fn a_folder_answers_with_the_first_index_that_is_there() {
        let folder = Folder::new("index");
        fs::create_dir(folder.0.join("index.html")).expect("a folder");
        folder.write("index.htm", "second");
        let mut cache = folder.cache(10, 1 << 20);
        assert_eq!(text(&mut cache, "/", 0).as_deref(), Ok("second"));
        assert!(cache.known(0, b"/", Time(999)).is_some());
        assert!(cache.known(0, b"/", Time(1_000)).is_none(), "too old");
        assert!(cache.known(0, b"/index.htm", Time(0)).is_none());
        fs::remove_dir(folder.0.join("index.html")).expect("removed");
        fs::hard_link(folder.0.join("index.htm"), folder.0.join("index.html")).expect("a link");
        let found = cache.find(0, b"/", Time(1_000)).expect("it is there");
        assert_eq!(found.index.as_deref(), Some(&b"index.html"[..]));
    }

    #[test]
    fn files_and_bytes_are_bounded_and_what_is_in_use_stays() {
        let folder = Folder::new("bounds");
        for name in 0..20 {
            folder.write(&format!("{name}"), &"x".repeat(100));
        }
        let mut cache = folder.cache(5, 450);
        for round in 0..20 {
            assert!(text(&mut cache, "/0", 0).is_ok());
            assert!(text(&mut cache, &format!("/{round}"), 0).is_ok());
            assert!(cache.entries.len() <= 4 && cache.total_bytes <= 450);
        }
        assert!(
            cache.by_path[0].contains_key(&b"/0"[..]),
            "the warm one is still there"
        );
    }

    #[test]
    fn what_lies_beside_a_file_comes_and_goes_within_a_second() {
        let folder = Folder::new("beside");
        folder.write("a.txt", "plain");
        let mut cache = folder.cache(10, 1 << 20);
        let mut check = |now, expected: &[(Coding, usize)]| {
            let found = cache.find(0, b"/a.txt", Time(now)).ok();
            let there: Vec<(Coding, usize)> = found
                .iter()
                .flat_map(|found| found.variants())
                .map(|one| (one.coding, held(one)))
                .collect();
            assert_eq!(there, expected, "at {now}");
            let bytes: usize = expected.iter().map(|(_, bytes)| bytes).sum();
            assert_eq!((cache.total_bytes, cache.open), (bytes, 0), "at {now}");
        };
        let (plain, gzip) = ((Coding::Identity, 5), (Coding::Gzip, 4));
        check(0, &[plain]);
        folder.write("a.txt.gz", "gzip");
        folder.write("a.txt.br", "br");
        check(999, &[plain]);
        check(1_000, &[plain, (Coding::Brotli, 2), gzip]);
        fs::remove_file(folder.0.join("a.txt.br")).expect("removed");
        check(2_000, &[plain, gzip]);
        fs::remove_file(folder.0.join("a.txt")).expect("removed");
        check(3_000, &[gzip]);
        fs::remove_file(folder.0.join("a.txt.gz")).expect("removed");
        check(4_000, &[]);
    }

    #[test]
    fn large_files_stay_open_only_while_they_are_used() {
        let folder = Folder::new("large");
        folder.write("large", &"x".repeat(5_000));
        let mut cache = folder.cache(5, 4_000);
        assert_eq!(text(&mut cache, "/large", 0).as_deref(), Ok("file of 5000"));
        cache.tick(Time(4_999));
        assert!(cache.wants_tick());
        cache.tick(Time(5_000));
        assert!(!cache.wants_tick() && cache.entries.is_empty());
    }

    #[test]
    fn what_is_no_file_below_the_root_is_not_opened() {
        let folder = Folder::new("beneath");
        folder.write("secret", "outside");
        fs::create_dir(folder.0.join("root")).expect("a folder");
        let root = folder.0.join("root");
        fs::create_dir(root.join("folder")).expect("a folder");
        fs::write(root.join("inside"), "inside").expect("a file");
        std::os::unix::fs::symlink("inside", root.join("good")).expect("a link");
        std::os::unix::fs::symlink("../secret", root.join("bad")).expect("a link");
        std::os::unix::fs::symlink(folder.0.join("secret"), root.join("worse")).expect("a link");
        std::os::unix::fs::symlink("loop", root.join("loop")).expect("a link");
        let fifo = std::process::Command::new("mkfifo")
            .arg(root.join("fifo"))
            .status();
        assert!(fifo.is_ok_and(|status| status.success()));
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).expect("bound");
        let mut cache = caching(&root, 10, 1 << 20);
        let mut check = |path: &str, expected: Result<&str, FileError>| {
            let got = text(&mut cache, path, 0);
            assert_eq!(got.as_deref().map_err(|error| *error), expected, "{path}");
        };
        check("/good", Ok("inside"));
        for path in [
            "/bad",
            "/worse",
            "/loop",
            "/fifo",
            "/socket",
            "/inside/x",
            "/..",
            "/../secret",
        ] {
            check(path, Err(FileError::NotFound));
        }
        check("/folder", Err(FileError::Directory));
        check("/folder/", Err(FileError::NotFound));
        check(
            &format!("/{}", "long".repeat(500)),
            Err(FileError::NotFound),
        );
        check(
            &format!("/{}", "a/".repeat(4_000)),
            Err(FileError::NotFound),
        );
    }
}
