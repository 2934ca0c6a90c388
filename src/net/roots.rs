//! The folders of the sites. What counts is the path: a folder that was removed,
//! renamed or put in the place of another is noticed within a second of asking.
//!
//! All threads share the [`Roots`]. One of them looks, at most once a second; the
//! others compare a number, and take the lock only when that has changed.

use crate::base::limits::FILE_FRESH_MS;
use crate::base::tick::Time;
use crate::config::{Etag, Site};
use crate::http::mime::MediaTypes;
use crate::os::file::{self, Place};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The roots of the sites, in the order of the configuration. Owns the open
/// folders.
#[derive(Debug)]
pub struct Roots(Vec<Root>);

#[derive(Debug)]
struct Root {
    path: PathBuf,
    /// What folders answer with: the first that is there.
    index: Vec<Arc<[u8]>>,
    wanted: Wanted,
    /// When somebody last looked what is at the path, in milliseconds.
    looked: AtomicU64,
    /// How often that was something else than before.
    changes: AtomicU64,
    /// Nothing while there is no folder.
    folder: Mutex<Option<Folder>>,
}

/// What else is wanted of the files below a root.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// What lies ready-made in other codings beside them.
    pub(super) precompressed: bool,
    /// What their bytes come to.
    pub(super) digests: bool,
    /// Text in fewer bytes.
    pub(super) compress: bool,
    /// Which of them are text.
    pub(super) types: MediaTypes,
}

/// While it is open its place is taken: no other folder gets the same number.
#[derive(Debug)]
struct Folder {
    place: Place,
    open: Arc<OwnedFd>,
}

/// One thread's knowledge of one root.
#[derive(Debug)]
pub(super) struct Known {
    changes: u64,
    folder: Option<Arc<OwnedFd>>,
}

impl Roots {
    /// Opens the folders, in the order of the sites, each with the names that
    /// its folders answer with.
    ///
    /// # Errors
    /// The number of the folder that cannot be opened, and why.
    pub fn open(sites: &[Site]) -> Result<Arc<Roots>, (usize, io::Error)> {
        let open = |(number, site)| Root::open(site).map_err(|error| (number, error));
        let roots = sites
            .iter()
            .enumerate()
            .map(open)
            .collect::<Result<_, _>>()?;
        Ok(Arc::new(Roots(roots)))
    }

    /// What folders below a root answer with, the first that is there.
    pub(super) fn index(&self, root: usize) -> &[Arc<[u8]>] {
        self.0.get(root).map_or(&[], |root| &root.index)
    }

    /// What else is wanted of the files below a root.
    pub(super) fn wanted(&self, root: usize) -> Wanted {
        self.0
            .get(root)
            .map_or(Wanted::default(), |root| root.wanted.clone())
    }

    /// What a thread knows of each at its start.
    pub(super) fn known(&self) -> Vec<Known> {
        self.0.iter().map(Root::known).collect()
    }

    /// The folder of a root, if it has one, and when that was last looked at.
    pub(super) fn folder(
        &self,
        root: usize,
        known: &mut [Known],
        now: Time,
    ) -> Option<(Arc<OwnedFd>, Time)> {
        let (root, known) = (self.0.get(root)?, known.get_mut(root)?);
        let looked = root.look(now);
        if known.changes != root.changes.load(Ordering::Acquire) {
            *known = root.known();
        }
        Some((known.folder.clone()?, looked))
    }
}

impl Root {
    fn open(site: &Site) -> io::Result<Root> {
        let index = site.index.iter();
        Ok(Root {
            path: site.root.clone(),
            index: index.map(|name| name.as_bytes().into()).collect(),
            wanted: Wanted {
                precompressed: site.precompressed,
                digests: site.etag == Etag::Content,
                compress: site.compress,
                types: MediaTypes::new(&site.types),
            },
            looked: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            folder: Mutex::new(Some(Folder::open(&site.root)?)),
        })
    }

    fn known(&self) -> Known {
        let folder = self.lock();
        Known {
            changes: self.changes.load(Ordering::Acquire),
            folder: folder.as_ref().map(|folder| folder.open.clone()),
        }
    }

    /// Looks what is at the path, if nobody has within a second; says when
    /// somebody did.
    fn look(&self, now: Time) -> Time {
        let looked = self.looked.load(Ordering::Relaxed);
        if now.since(Time(looked)).0 < FILE_FRESH_MS {
            return Time(looked);
        }
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        if self
            .looked
            .compare_exchange(looked, now.0, set, get)
            .is_err()
        {
            return Time(looked); // another thread is at it, and not done yet
        }
        self.follow();
        now
    }

    /// Follows the path to the folder that is there now.
    fn follow(&self) {
        let mut folder = self.lock();
        let there = file::place_at(&self.path);
        if let (Ok(there), Some(folder)) = (&there, &*folder)
            && *there == folder.place
        {
            return;
        }
        let name = self.path.display();
        match there.and_then(|_| Folder::open(&self.path)) {
            Ok(new) => {
                match folder.replace(new) {
                    Some(_) => log::info!("the folder {name} is another one now: it is served"),
                    None => log::info!("the folder {name} is back, and served again"),
                }
                self.changes.fetch_add(1, Ordering::Release);
            }
            // Nothing is known of it: the next second may tell more.
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                if folder.take().is_some() {
                    log::error!(
                        "the folder {name} is gone: {error}; what is asked of it is answered 404 \
                         until it is back"
                    );
                    self.changes.fetch_add(1, Ordering::Release);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Folder>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folder {
    fn open(path: &Path) -> io::Result<Folder> {
        let open = file::open_root(path)?;
        Ok(Folder {
            place: file::place(&open)?,
            open: Arc::new(open),
        })
    }
}

/// Whether an error says something of the system, and not of the folder.
fn is_passing(error: &io::Error) -> bool {
    let error = Errno::from_io_error(error);
    matches!(
        error,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::INTR | Errno::IO)
    )
}
