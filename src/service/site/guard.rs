//! Who may see what: names and passwords for some paths (RFC 7617).
//!
//! To hold a password against its hash takes long, so requests that need it go
//! to threads that may block. Who was let in lately is known by a digest, and
//! answered where all others are. Wrong passwords are counted, and past a limit
//! nothing is held against a hash.

use super::accepted::Accepted;
use crate::base::tick::Time;
use crate::base::tries::{Tries, What};
use crate::config::{self, PathPattern};
use crate::http::coding::plain_name;
use crate::http::credentials::Credentials;
use crate::http::{Head, Status};
use crate::service::context::Context;
use crate::service::response::Response;
use argon2::{Argon2, PasswordHash, PasswordVerifier};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The rules of a site for who may see what. Whatever a rule says of the path
/// that is asked for, or of the file that would answer, must be met.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    rules: Arc<[Rule]>,
    /// What folders answer with.
    index: Vec<Vec<u8>>,
    accepted: Arc<Accepted>,
    /// Wrong passwords, by name and by address.
    tries: Arc<Mutex<Tries>>,
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

/// Who asks, and when.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    address: IpAddr,
    now: Time,
}

impl Caller {
    pub(super) fn of(context: &Context<'_>) -> Caller {
        Caller {
            address: context.address.ip(),
            now: context.now,
        }
    }
}

/// What became of a name and a password.
enum Verdict {
    Right,
    Wrong,
    /// They were not looked at: too many before them were wrong.
    TooMany {
        /// When to try again, in seconds.
        retry_s: u64,
    },
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
            tries: Arc::new(Mutex::new(Tries::new(site.tries_per_minute))),
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
    pub(super) fn refuses(
        &self,
        head: &Head<'_>,
        paths: &[&[u8]],
        caller: Caller,
    ) -> Option<Response> {
        let credentials = Credentials::of(head);
        let refuses = |(number, rule): (usize, &Rule)| {
            let verdict = match &credentials {
                Some(credentials) => self.judge(number, rule, credentials, caller),
                None => Verdict::Wrong,
            };
            match verdict {
                Verdict::Right => None,
                Verdict::Wrong => Some(rule.challenged()),
                Verdict::TooMany { retry_s } => Some(too_many(retry_s)),
            }
        };
        self.rules_for(paths).find_map(refuses)
    }

    /// What lies compressed beside a file is the same file.
    fn rules_for(&self, paths: &[&[u8]]) -> impl Iterator<Item = (usize, &Rule)> {
        let is_of = |rule: &Rule, path: &[u8]| {
            let plain = plain_name(path);
            rule.path.matches(path) || plain.is_some_and(|plain| rule.path.matches(plain))
        };
        let fits = move |(_, rule): &(usize, &Rule)| paths.iter().any(|path| is_of(rule, path));
        self.rules.iter().enumerate().filter(fits)
    }

    /// A try is counted ahead of its hash, and given back if it was none: so
    /// those that are made at once are too many as well.
    fn judge(
        &self,
        number: usize,
        rule: &Rule,
        credentials: &Credentials,
        caller: Caller,
    ) -> Verdict {
        let Caller { address, now } = caller;
        if self.accepted.admits(number, credentials, now) {
            return Verdict::Right;
        }
        let tried = [What::address(address), What::Name(credentials.name())];
        if let Err(retry_s) = self.count_try(tried, now) {
            return Verdict::TooMany { retry_s };
        }
        if !self.lets_in(rule, credentials) {
            return Verdict::Wrong;
        }
        let mut tries = self.tries();
        tried.into_iter().for_each(|what| tries.give_back(what));
        drop(tries);
        self.accepted.add(number, credentials, now);
        Verdict::Right
    }

    /// An address past its limit uses up no tries at the name.
    fn count_try(&self, tried: [What<'_>; 2], now: Time) -> Result<(), u64> {
        let mut tries = self.tries();
        tried
            .into_iter()
            .try_for_each(|what| tries.count(what, now))
    }

    /// A table of numbers is whole after any panic, so poison is no matter.
    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes long.
    fn lets_in(&self, rule: &Rule, credentials: &Credentials) -> bool {
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
        fits(credentials.password(), hash) && is_known
    }
}

impl Rule {
    /// Asks for a name and a password (RFC 9110 15.5.2).
    fn challenged(&self) -> Response {
        let hint = "a name and a password are needed here";
        let response = Response::error(Status::UNAUTHORIZED, hint);
        response.field("WWW-Authenticate", self.challenge.clone())
    }
}

/// RFC 6585 4.
fn too_many(retry_s: u64) -> Response {
    let hint = format!("too many passwords were wrong: try again in {retry_s} s");
    let response = Response::error(Status::TOO_MANY_REQUESTS, &hint);
    response.field("Retry-After", retry_s.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

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
