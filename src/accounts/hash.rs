//! Passwords and their hashes: Argon2id (RFC 9106), as PHC strings.

use super::failure::StoreError;
use super::slots::Slots;
use crate::base::limits::{PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, SALT_BYTES};
use crate::config::Accounts as Settings;
use argon2::password_hash::Error;
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes hashes at the cost that is configured, and holds passwords against
/// them. Owns the hash that stands in for those of accounts that are not there.
pub(super) struct Hasher {
    argon2: Argon2<'static>,
    slots: Slots,
    dummy: String,
    /// How often the dummy was tried.
    dummies: AtomicU64,
}

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Wrong,
    Right,
    /// Right, but its hash was made at another cost than today's.
    Outdated,
}

/// Whether an account can have this password: 8 to 40 bytes, and no NUL, which
/// a package could not tell from its padding.
pub(super) fn is_acceptable(password: &str) -> bool {
    (PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&password.len()) && !password.contains('\0')
}

impl Hasher {
    /// # Errors
    /// The cost is none that Argon2 takes, or the system gives no randomness or
    /// memory.
    pub(super) fn new(settings: &Settings) -> Result<Hasher, StoreError> {
        let mut hasher = Hasher {
            argon2: argon2(settings)?,
            slots: Slots::new(),
            dummy: String::new(),
            dummies: AtomicU64::new(0),
        };
        // Nobody knows what it is the hash of.
        let unknown = random::<PASSWORD_BYTES_MAX>()?;
        hasher.dummy = hasher.make(&unknown)?;
        Ok(hasher)
    }

    /// The hash of a password, with the salt and the cost in it.
    pub(super) fn hash(&self, password: &str) -> Result<String, StoreError> {
        self.make(password.as_bytes())
    }

    /// Holds a password against what is kept of it. Without that the dummy is
    /// tried, so that it takes as long, and the password is wrong.
    pub(super) fn verify(&self, password: &str, kept: Option<&str>) -> Result<Verdict, StoreError> {
        let hash = PasswordHash::new(kept.unwrap_or(&self.dummy))
            .map_err(|why| StoreError::new(format!("a hash in the store is none: {why}")))?;
        let verified = {
            let _slot = self.slots.take();
            self.argon2.verify_password(password.as_bytes(), &hash)
        };
        if kept.is_none() {
            self.dummies.fetch_add(1, Ordering::Relaxed);
        }
        match verified {
            Ok(()) if kept.is_none() => Ok(Verdict::Wrong),
            Ok(()) if self.is_todays(&hash) => Ok(Verdict::Right),
            Ok(()) => Ok(Verdict::Outdated),
            Err(Error::PasswordInvalid) => Ok(Verdict::Wrong),
            Err(why) => Err(cannot(&why)),
        }
    }

    pub(super) fn dummies(&self) -> u64 {
        self.dummies.load(Ordering::Relaxed)
    }

    fn make(&self, password: &[u8]) -> Result<String, StoreError> {
        let _slot = self.slots.take();
        salted(&self.argon2, password)
    }

    fn is_todays(&self, hash: &PasswordHash) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let is_ours = hash.algorithm.as_str() == Algorithm::Argon2id.as_str();
        let params = Params::try_from(hash);
        is_ours && params.is_ok_and(|params| cost(&params) == cost(self.argon2.params()))
    }
}

/// The hash of a password for a site's users, at the cost that accounts have.
///
/// # Errors
/// [`StoreError`] where the settings are no cost that Argon2 takes.
pub fn hashed(password: &str, settings: &Settings) -> Result<String, StoreError> {
    salted(&argon2(settings)?, password.as_bytes())
}

fn argon2(settings: &Settings) -> Result<Argon2<'static>, StoreError> {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let params = Params::new(
        number(settings.hash_kib),
        number(settings.hash_passes),
        number(settings.hash_lanes),
        None,
    );
    let params = params.map_err(|why| StoreError::new(format!("no hash has this cost: {why}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn salted(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, StoreError> {
    let salt = random::<SALT_BYTES>()?;
    let hash = argon2.hash_password_with_salt(password, &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|why| cannot(&why))
}

fn cannot(why: &Error) -> StoreError {
    StoreError::new(format!("cannot hash a password: {why}"))
}

/// Bytes from the system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|why| StoreError::new(format!("the system gives no randomness: {why}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn hasher(hash_kib: usize) -> Hasher {
        let settings = Settings {
            hash_kib,
            hash_passes: 1,
            ..Config::default().accounts
        };
        Hasher::new(&settings).expect("a cost that Argon2 takes")
    }

    #[test]
    fn a_password_is_right_for_its_own_hash_alone() {
        let hasher = hasher(8);
        let hash = hasher.hash("correct horse").expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        let verify = |password, kept| hasher.verify(password, kept).expect("verified");
        assert_eq!(verify("correct horse", Some(&hash)), Verdict::Right);
        assert_eq!(verify("correct house", Some(&hash)), Verdict::Wrong);
        assert_ne!(hasher.hash("correct horse").expect("hashed"), hash);
        assert_eq!(hasher.dummies(), 0);
        assert_eq!(verify("correct horse", None), Verdict::Wrong);
        assert_eq!(hasher.dummies(), 1);
        assert!(hasher.verify("correct horse", Some("$argon2id$")).is_err());
    }

    #[test]
    fn a_hash_of_another_cost_is_known_as_such() {
        let old = hasher(8).hash("correct horse").expect("hashed");
        let today = hasher(16);
        let verdict = today.verify("correct horse", Some(&old));
        assert_eq!(verdict.expect("verified"), Verdict::Outdated);
        let verdict = today.verify("wrong horse", Some(&old));
        assert_eq!(verdict.expect("verified"), Verdict::Wrong);
    }

    #[test]
    fn passwords_have_8_to_40_bytes() {
        for (password, expected) in [
            ("1234567", false),
            ("12345678", true),
            ("\u{20ac}\u{20ac}\u{20ac}", true),
            (&"a".repeat(40), true),
            (&"a".repeat(41), false),
            ("with \0 in it", false),
        ] {
            assert_eq!(is_acceptable(password), expected, "{password:?}");
        }
    }
}
