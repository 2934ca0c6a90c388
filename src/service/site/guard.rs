//! Who may see what: names and passwords for some paths (RFC 7617).
//!
//! To hold a password against its hash takes long, so requests that need it go
//! to threads that may block. Who was let in lately is known by a digest, and
//! answered where all others are.

use crate::base::limits::{ACCEPTED_MAX, ACCEPTED_MS};
use crate::base::tick::Time;
use crate::config::{self, PathPattern};
use crate::http::credentials::Credentials;
use crate::http::{Head, Status};
use crate::service::response::Response;
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use foldhash::HashMap;
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Debug};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The rules of a site for who may see what. Whatever a rule says of the path
/// that is asked for, or of the file that would answer, must be met.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    rules: Arc<[Rule]>,
    /// What folders answer with.
    index: Vec<Vec<u8>>,
    accepted: Arc<Accepted>,
    /// Random keys: whose hash stands in for a name that nobody has.
    keys: RandomState,
}

#[derive(Debug)]
struct Rule {
    path: PathPattern,
    /// The value of WWW-Authenticate.
    challenge: String,
    /// Names and hashes.
    users: Vec<(String, String)>,
}

impl Guard {
    /// Nothing where a site has no such rules.
    pub(super) fn new(site: &config::Site) -> Option<Guard> {
        let rule = |rule: &config::AuthRule| Rule {
            path: rule.path.clone(),
            challenge: format!("Basic realm=\"{}\", charset=\"UTF-8\"", rule.realm),
            users: rule.users.clone(),
        };
        let index = |name: &String| name.as_bytes().to_vec();
        (!site.auth.is_empty()).then(|| Guard {
            rules: site.auth.iter().map(rule).collect(),
            index: site.index.iter().map(index).collect(),
            accepted: Arc::default(),
            keys: RandomState::new(),
        })
    }

    /// Whether anything of these paths is guarded.
    pub(super) fn covers(&self, paths: &[&[u8]]) -> bool {
        self.rules_for(paths).next().is_some()
    }

    /// Whether answering may take a hash, where any of these paths may come to
    /// be looked at, or the index of a folder among them.
    pub(super) fn blocks(&self, head: &Head<'_>, paths: &[&[u8]]) -> bool {
        let Some(credentials) = Credentials::of(head) else {
            return false;
        };
        let folders = paths.iter().filter(|path| path.ends_with(b"/"));
        let index = |path: &&[u8]| -> Vec<Vec<u8>> {
            let names = self.index.iter();
            names.map(|name| [*path, name].concat()).collect()
        };
        let files: Vec<Vec<u8>> = folders.flat_map(index).collect();
        let mut all = paths.to_vec();
        all.extend(files.iter().map(Vec::as_slice));
        let mut rules = self.rules_for(&all);
        rules.any(|(number, _)| !self.accepted.knows(number, &credentials))
    }

    /// Why a request for what has these paths is not answered, if it is not.
    pub(super) fn refuses(&self, head: &Head<'_>, paths: &[&[u8]], now: Time) -> Option<Response> {
        let credentials = Credentials::of(head);
        for (number, rule) in self.rules_for(paths) {
            let lets_in = |credentials: &Credentials| self.lets_in(number, rule, credentials, now);
            if !credentials.as_ref().is_some_and(lets_in) {
                let hint = "a name and a password are needed here";
                let response = Response::error(Status::UNAUTHORIZED, hint);
                return Some(response.field("WWW-Authenticate", rule.challenge.clone()));
            }
        }
        None
    }

    fn rules_for(&self, paths: &[&[u8]]) -> impl Iterator<Item = (usize, &Rule)> {
        let fits =
            move |(_, rule): &(usize, &Rule)| paths.iter().any(|path| rule.path.matches(path));
        self.rules.iter().enumerate().filter(fits)
    }

    fn lets_in(&self, number: usize, rule: &Rule, credentials: &Credentials, now: Time) -> bool {
        if self.accepted.admits(number, credentials, now) {
            return true;
        }
        let known = rule.users.iter();
        let mut known = known.filter(|(name, _)| name.as_bytes() == credentials.name());
        // A name that nobody has costs as much as a wrong password: that of
        // somebody, the same for each name.
        let stand_in = || {
            let number = self.keys.hash_one(credentials.name());
            let users = rule.users.len() as u64;
            let at = number.checked_rem(users)? as usize;
            rule.users.get(at).map(|(_, hash)| (hash, false))
        };
        let known = known.next().map(|(_, hash)| (hash, true));
        let Some((hash, is_known)) = known.or_else(stand_in) else {
            return false;
        };
        let lets_in = fits(credentials.password(), hash) && is_known;
        if lets_in {
            self.accepted.add(number, credentials, now);
        }
        lets_in
    }
}

/// Whether a password is the one that a hash was made of. Takes long.
fn fits(password: &[u8], hash: &str) -> bool {
    if hash.starts_with("$argon2") {
        let hash = PasswordHash::new(hash);
        return hash.is_ok_and(|hash| {
            let argon2 = Argon2::default(); // the cost is in the hash
            argon2.verify_password(password, &hash).is_ok()
        });
    }
    bcrypt::verify(password, hash).unwrap_or(false)
}

/// Credentials that were let in lately, by which rule. What is kept of them is
/// a digest with a key that is nowhere else.
struct Accepted {
    key: [u8; 32],
    since: Mutex<HashMap<[u8; 32], Time>>,
}

impl Default for Accepted {
    fn default() -> Accepted {
        let mut key = [0; 32];
        for (number, part) in key.chunks_exact_mut(8).enumerate() {
            // Keyed by the system's randomness.
            part.copy_from_slice(&RandomState::new().hash_one(number).to_ne_bytes());
        }
        Accepted {
            key,
            since: Mutex::default(),
        }
    }
}

impl Accepted {
    /// Whether a request with these is let in without a hash.
    fn knows(&self, rule: usize, credentials: &Credentials) -> bool {
        self.since().contains_key(&self.digest(rule, credentials))
    }

    /// Lets in what is known. What has become old is let in this once more: it
    /// was on its way here while it was known, and hashes are made elsewhere.
    fn admits(&self, rule: usize, credentials: &Credentials, now: Time) -> bool {
        let digest = self.digest(rule, credentials);
        let mut since = self.since();
        let known = since.get(&digest).copied();
        if known.is_some_and(|then| now.since(then).0 >= ACCEPTED_MS) {
            since.remove(&digest);
        }
        known.is_some()
    }

    /// Past the bound the oldest gives way.
    fn add(&self, rule: usize, credentials: &Credentials, now: Time) {
        let digest = self.digest(rule, credentials);
        let mut since = self.since();
        if since.len() >= ACCEPTED_MAX {
            let oldest = since.iter().min_by_key(|(_, then)| **then);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                since.remove(&oldest);
            }
        }
        since.insert(digest, now);
    }

    fn digest(&self, rule: usize, credentials: &Credentials) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.key);
        hasher.update(rule.to_le_bytes());
        hasher.update(credentials.both());
        hasher.finalize().into()
    }

    /// Digests are whole after any panic, so poison is no matter.
    fn since(&self) -> MutexGuard<'_, HashMap<[u8; 32], Time>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the key.
impl Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(value: &str) -> Credentials {
        Credentials::parse(value.as_bytes()).expect("credentials")
    }

    const AB: &str = "Basic YTpi";
    const AC: &str = "Basic YTpj";

    #[test]
    fn what_was_let_in_is_known_by_rule_and_for_a_while() {
        let accepted = Accepted::default();
        accepted.add(0, &credentials(AB), Time(0));
        assert!(accepted.knows(0, &credentials(AB)));
        assert!(!accepted.knows(0, &credentials(AC)), "another password");
        assert!(!accepted.knows(1, &credentials(AB)), "another rule");
        assert!(accepted.admits(0, &credentials(AB), Time(ACCEPTED_MS - 1)));
        assert!(accepted.admits(0, &credentials(AB), Time(ACCEPTED_MS)));
        assert!(
            !accepted.knows(0, &credentials(AB)),
            "it was let in once more"
        );
        assert!(!accepted.admits(0, &credentials(AB), Time(ACCEPTED_MS)));
    }

    #[test]
    fn few_are_known_and_the_oldest_gives_way() {
        let accepted = Accepted::default();
        for number in 0..ACCEPTED_MAX + 3 {
            accepted.add(number, &credentials(AB), Time(number as u64));
        }
        assert_eq!(accepted.since().len(), ACCEPTED_MAX);
        assert!(!accepted.knows(2, &credentials(AB)) && accepted.knows(3, &credentials(AB)));
    }

    #[test]
    fn two_keys_are_two() {
        let digest = |accepted: &Accepted| accepted.digest(0, &credentials(AB));
        assert_ne!(digest(&Accepted::default()), digest(&Accepted::default()));
    }

    #[test]
    fn hashes_of_either_kind_are_held_against_passwords() {
        // Of "open sesame", as `htpasswd -B` and `pelton password` write them.
        let bcrypt = bcrypt::hash_with_salt("open sesame", 4, *b"sixteen of salt.");
        let bcrypt = bcrypt
            .expect("a hash")
            .format_for_version(bcrypt::Version::TwoY);
        assert!(bcrypt.starts_with("$2y$04$"), "{bcrypt}");
        assert!(fits(b"open sesame", &bcrypt) && !fits(b"open sesam", &bcrypt));
        assert!(!fits(b"open sesame", "$2y$04$") && !fits(b"open sesame", "$argon2id$"));
    }
}
