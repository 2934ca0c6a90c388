//! Registering, logging in, and who is logged in: what both protocols share.

use super::cookie;
use super::failure::StoreError;
use super::hash::{self, Hasher, Verdict};
use super::name::Name;
use super::refusal::Refusal;
use super::sqlite::SqliteStore;
use super::store::{NewAccount, NewSession, Store, User};
use super::token::Token;
use crate::base::limits::STORE_TOLD_S;
use crate::base::tick::Time;
use crate::base::tries::{Tries, What};
use crate::config::Accounts as Settings;
use crate::http::Head;
use crate::service::Context;
use crate::session::HttpRequest;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const DAY_S: u64 = 24 * 3600;

/// The accounts of a server. Owns their store and the count of tries; cheap to
/// clone, and all clones are one.
#[derive(Clone)]
pub struct Accounts(Arc<Shared>);

struct Shared {
    store: Box<dyn Store>,
    hasher: Hasher,
    tries: Mutex<Tries>,
    session_s: u64,
    /// When trouble was last told, in seconds since 1970.
    told_s: AtomicU64,
    /// How often it came since.
    untold: AtomicU64,
}

/// A name and a password, as somebody has sent them. Nothing prints them.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// In any form.
    pub name: &'a str,
    /// 8 to 40 bytes, taken as they are.
    pub password: &'a str,
}

/// Who tries, and when.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Where from: tries are counted by it.
    pub address: IpAddr,
    /// Now, on the server's own clock.
    pub now: Time,
    /// Now, in seconds since 1970.
    pub unix_s: u64,
}

impl Caller {
    /// The one of this call.
    #[must_use]
    pub fn of(context: &Context<'_>) -> Caller {
        Caller {
            address: context.address.ip(),
            now: context.now,
            unix_s: context.unix_s,
        }
    }
}

impl Accounts {
    /// Accounts in the SQLite file that the settings name, which is made if it
    /// is not there.
    ///
    /// # Errors
    /// No file is named, it cannot be used, or no hash has the cost that is set.
    pub fn open(settings: &Settings) -> Result<Accounts, StoreError> {
        let file = settings.file.as_deref();
        let file = file.ok_or_else(|| StoreError::new("no file is named"))?;
        Accounts::with_store(settings, SqliteStore::open(file)?)
    }

    /// The same in a store of your own; the settings' file is not looked at.
    ///
    /// # Errors
    /// No hash has the cost that is set, or the system gives no randomness.
    pub fn with_store(settings: &Settings, store: impl Store) -> Result<Accounts, StoreError> {
        Ok(Accounts(Arc::new(Shared {
            store: Box::new(store),
            hasher: Hasher::new(settings)?,
            tries: Mutex::new(Tries::new(settings.tries_per_minute)),
            session_s: (settings.session_days as u64).saturating_mul(DAY_S),
            told_s: AtomicU64::new(0),
            untold: AtomicU64::new(0),
        })))
    }

    /// Makes an account and returns the number of its user. Blocks, for a hash
    /// and a write; when it returns, the account is kept for good.
    ///
    /// # Errors
    /// All but [`Refusal::Wrong`]. After [`Refusal::Trouble`] the account may
    /// be there or not.
    pub fn register(
        &self,
        asked: Credentials<'_>,
        kind: u32,
        caller: Caller,
    ) -> Result<u32, Refusal> {
        let name = Name::new(asked.name);
        self.count_try(name.as_ref(), caller)?;
        let name = name.ok_or(Refusal::Unacceptable)?;
        if !hash::is_acceptable(asked.password) {
            return Err(Refusal::Unacceptable);
        }
        let Shared { store, hasher, .. } = &*self.0;
        let added = hasher.hash(asked.password).and_then(|hash| {
            store.add(NewAccount {
                name: name.as_str().to_owned(),
                hash,
                kind,
                now_s: caller.unix_s,
            })
        });
        self.told(added, caller.unix_s)?.ok_or(Refusal::Taken)
    }

    /// Whether name and password are those of an account, and whose. Blocks,
    /// for a hash; it takes as long whether there is such a name or not (but for
    /// accounts whose hash is of an older cost, up to their next login).
    ///
    /// # Errors
    /// [`Refusal::Wrong`], also for what no account can have,
    /// [`Refusal::TooMany`] or [`Refusal::Trouble`].
    pub fn login(&self, asked: Credentials<'_>, caller: Caller) -> Result<User, Refusal> {
        let name = Name::new(asked.name);
        self.count_try(name.as_ref(), caller)?;
        let found = match name {
            Some(name) => self.told(self.0.store.find(name.as_str()), caller.unix_s)?,
            None => None,
        };
        let kept = found.as_ref().map(|account| &*account.hash);
        let verified = self.0.hasher.verify(asked.password, kept);
        let verdict = self.told(verified, caller.unix_s)?;
        match (found, verdict) {
            (Some(account), Verdict::Right) => {
                self.give_back_try(&account.user);
                Ok(account.user)
            }
            (Some(account), Verdict::Outdated) => {
                self.give_back_try(&account.user);
                self.rehash(&account.user, asked.password, caller);
                Ok(account.user)
            }
            _ => Err(Refusal::Wrong),
        }
    }

    /// Who is logged in, by the session cookie of a request. Blocks, for a look
    /// into the store: set handlers that ask as
    /// [`blocking`](crate::Router::blocking).
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be told; it is in the log by then.
    pub fn user(
        &self,
        request: &HttpRequest<'_>,
        context: &Context<'_>,
    ) -> Result<Option<User>, StoreError> {
        let Some(token) = cookie::token(request.head) else {
            return Ok(None);
        };
        let found = self.0.store.session(&token.digest(), context.unix_s);
        found.inspect_err(|why| self.tell(why, context.unix_s))
    }

    /// How many logins tried a dummy hash, since there was no such name.
    #[must_use]
    pub fn dummy_hashes(&self) -> u64 {
        self.0.hasher.dummies()
    }

    /// Begins a session for somebody who has just logged in, always with a new
    /// token; the one that the request came with ends. Returns its cookie.
    pub(super) fn begin(
        &self,
        user: &User,
        head: &Head<'_>,
        unix_s: u64,
    ) -> Result<String, Refusal> {
        let begun = Token::new().and_then(|token| {
            let session = NewSession {
                digest: token.digest(),
                user: user.number,
                now_s: unix_s,
                expires_s: unix_s.saturating_add(self.0.session_s),
                replaces: cookie::token(head).map(|old| old.digest()),
            };
            self.0.store.begin(session)?;
            Ok(cookie::set(&token, self.0.session_s))
        });
        self.told(begun, unix_s)
    }

    /// Ends the session of a request, if it has one; of several that its cookies
    /// name, each.
    pub(super) fn end(&self, head: &Head<'_>, unix_s: u64) -> Result<(), Refusal> {
        for token in cookie::tokens(head) {
            self.told(self.0.store.end(&token.digest()), unix_s)?;
        }
        Ok(())
    }

    /// A try counts for its address and for its name, whatever comes of it.
    fn count_try(&self, name: Option<&Name>, caller: Caller) -> Result<(), Refusal> {
        let tries = self.0.tries.lock();
        // A table of numbers is whole after any panic, so poison is no matter.
        let mut tries = tries.unwrap_or_else(PoisonError::into_inner);
        let mut count = |what| {
            let counted = tries.count(what, caller.now);
            counted.map_err(|retry_after_s| Refusal::TooMany { retry_after_s })
        };
        count(What::address(caller.address))?;
        name.map_or(Ok(()), |name| count(What::Name(name.as_str().as_bytes())))
    }

    /// Who knows the password does not use up the tries at a name.
    fn give_back_try(&self, user: &User) {
        let tries = self.0.tries.lock();
        let mut tries = tries.unwrap_or_else(PoisonError::into_inner);
        tries.give_back(What::Name(user.name.as_bytes()));
    }

    /// The cost was changed since: the hash is made anew. A failure is no
    /// matter, for the old one does as well.
    fn rehash(&self, user: &User, password: &str, caller: Caller) {
        let made = self.0.hasher.hash(password);
        let kept = made.and_then(|hash| self.0.store.rehash(user.number, hash));
        let _ = self.told(kept, caller.unix_s);
    }

    fn told<T>(&self, result: Result<T, StoreError>, unix_s: u64) -> Result<T, Refusal> {
        result.map_err(|why| {
            self.tell(&why, unix_s);
            Refusal::Trouble
        })
    }

    /// Trouble in the log, once a minute: it seldom comes alone.
    fn tell(&self, why: &StoreError, unix_s: u64) {
        let last = self.0.told_s.load(Ordering::Relaxed);
        // However the clock was set meanwhile.
        if unix_s.abs_diff(last) < STORE_TOLD_S {
            self.0.untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.0.told_s.store(unix_s, Ordering::Relaxed);
        match self.0.untold.swap(0, Ordering::Relaxed) {
            0 => log::error!("accounts: {why}"),
            more => log::error!("accounts: {why} ({more} more like it since that was last told)"),
        }
    }
}
