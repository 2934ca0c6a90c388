//! One static site, checked.

use crate::base::limits::TRIES_DEFAULT;
use crate::config::{Etag, Listing, PathPattern, Place};
use std::path::PathBuf;

/// A folder that is served to some hosts, and by which rules.
///
/// ```
/// use pelton::config::Site;
///
/// let mut site = Site::new("www"); // for all hosts, all else as usual
/// site.fallback = Some("/index.html".into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Names in the Host header, in small letters, without a port; `*.` in
    /// front = all names below it, `*` alone = all others. No name is in two
    /// sites.
    pub hosts: Vec<String>,
    /// The folder; never empty.
    pub root: PathBuf,
    /// What a folder answers with: the first of these names that is there.
    pub index: Vec<String>,
    /// How a folder without an index is shown.
    pub listing: Listing,
    /// The path that answers, with 200, what is not there.
    pub fallback: Option<String>,
    /// Names that begin with a dot are served too.
    pub hidden: bool,
    /// What entity tags are made of.
    pub etag: Etag,
    /// Ready-made `.br`, `.zst` and `.gz` beside a file are sent to those who
    /// take them.
    pub precompressed: bool,
    /// Text is compressed once, and kept.
    pub compress: bool,
    /// Pages of the site by the status that they are for, 400 to 599.
    pub error_pages: Vec<(u16, String)>,
    /// Media types of its own: extensions without the dot, in small letters,
    /// each once, with what they stand for (RFC 9110 8.3.1).
    pub types: Vec<(String, String)>,
    /// The first one that matches is the answer.
    pub redirects: Vec<Redirect>,
    /// The first one that matches is another path for the request.
    pub rewrites: Vec<Rewrite>,
    /// All that match add their fields; for one name the last one counts.
    pub headers: Vec<HeaderRule>,
    /// The last one that matches counts.
    pub cache_control: Vec<CacheRule>,
    /// What pages of other origins may do; `None` = what browsers let them.
    pub cors: Option<Cors>,
    /// Every rule that matches must let a client in.
    pub auth: Vec<AuthRule>,
    /// Wrong passwords per minute, for each name and for each address; 0 = any
    /// number.
    pub tries_per_minute: usize,
}

impl Site {
    /// The site in this folder, for all hosts, all else as usual.
    pub fn new(root: impl Into<PathBuf>) -> Site {
        Site {
            hosts: vec!["*".to_owned()],
            root: root.into(),
            index: vec!["index.html".to_owned()],
            listing: Listing::Off,
            fallback: None,
            hidden: false,
            etag: Etag::Time,
            precompressed: true,
            compress: false,
            error_pages: vec![(404, "/404.html".to_owned())],
            types: Vec::new(),
            redirects: Vec::new(),
            rewrites: Vec::new(),
            headers: Vec::new(),
            cache_control: Vec::new(),
            cors: None,
            auth: Vec::new(),
            tries_per_minute: TRIES_DEFAULT,
        }
    }
}

/// Paths that are answered with another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Which paths.
    pub from: PathPattern,
    /// A path of this site, or a URL: text that may stand in a URI, with what
    /// the stars stood for behind the first slash of the path.
    pub to: Place,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}

/// Paths that are looked up as others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// Which paths.
    pub from: PathPattern,
    /// A path of this site.
    pub to: Place,
}

/// Fields that go with the answers for some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRule {
    /// Which paths.
    pub path: PathPattern,
    /// Names and values, checked by the grammar (RFC 9110 5.1, 5.5).
    pub set: Vec<(String, String)>,
}

/// For how long files of some paths may be kept by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheRule {
    /// Which paths.
    pub path: PathPattern,
    /// The value of Cache-Control (RFC 9111 5.2.2); directives that nobody knows
    /// are let through (5.2.3).
    pub value: String,
}

/// What pages of other origins may do with a site: the CORS protocol of the
/// Fetch standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Whose pages; `*` alone = everybody's.
    pub origins: Vec<String>,
    /// By which methods.
    pub methods: Vec<String>,
    /// Request fields that they may send.
    pub headers: Vec<String>,
    /// Answer fields that they may read.
    pub expose: Vec<String>,
    /// With cookies and the like; never where everybody may.
    pub credentials: bool,
    /// Seconds for which a browser need not ask again.
    pub max_age_s: usize,
}

/// Paths that are for those with a name and a password: the paths that are
/// asked for, and the files that answer, whatever was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthRule {
    /// Which paths.
    pub path: PathPattern,
    /// What is shown to who is asked for a password: ASCII, without quotes.
    pub realm: String,
    /// Names, each once and without a colon, and the hashes of their passwords:
    /// Argon2 as a PHC string, or bcrypt. With nobody in it nobody is let in.
    pub users: Vec<(String, String)>,
    /// A file with more of them, which the program reads at its start: see
    /// [`users`](crate::config::users).
    pub users_file: Option<PathBuf>,
}
