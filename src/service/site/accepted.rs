//! Who was let in lately, so that it needs no hash.

use crate::base::limits::{ACCEPTED_MAX, ACCEPTED_MS};
use crate::base::tick::Time;
use crate::http::credentials::Credentials;
use foldhash::HashMap;
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Debug};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Credentials that were let in lately, by which rule. What is kept of them is
/// a digest with a key that is nowhere else.
pub(super) struct Accepted {
    key: [u8; 32],
    /// When each was last let in.
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
    pub(super) fn knows(&self, rule: usize, credentials: &Credentials) -> bool {
        self.since().contains_key(&self.digest(rule, credentials))
    }

    /// Lets in what is known, and goes on to know it: whoever is let in is not
    /// held up by others who try that name. What has become old is let in this
    /// once more: it was on its way here while it was known, and hashes are made
    /// elsewhere.
    pub(super) fn admits(&self, rule: usize, credentials: &Credentials, now: Time) -> bool {
        let digest = self.digest(rule, credentials);
        let mut since = self.since();
        let Some(last) = since.get_mut(&digest) else {
            return false;
        };
        if now.since(*last).0 >= ACCEPTED_MS {
            since.remove(&digest);
        } else {
            *last = now;
        }
        true
    }

    /// Past the bound the oldest gives way.
    pub(super) fn add(&self, rule: usize, credentials: &Credentials, now: Time) {
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
        let last = ACCEPTED_MS - 1;
        assert!(accepted.admits(0, &credentials(AB), Time(last)));
        assert!(accepted.admits(0, &credentials(AB), Time(2 * last)));
        let old = Time(2 * last + ACCEPTED_MS);
        assert!(accepted.admits(0, &credentials(AB), old));
        assert!(
            !accepted.knows(0, &credentials(AB)),
            "it was let in once more"
        );
        assert!(!accepted.admits(0, &credentials(AB), old));
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
}
