//! Where accounts are kept, as the rest sees it.

use super::failure::StoreError;
use super::token::Digest;

/// Somebody who has an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// From 1 up, and never given to anybody else.
    pub number: u32,
    /// In its normal form.
    pub name: String,
    /// What they said of themselves when they registered; means what the
    /// application wants it to mean.
    pub kind: u32,
}

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub user: User,
    /// The password's hash, a PHC string.
    pub hash: String,
}

/// An account that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// In its normal form.
    pub name: String,
    /// The password's hash, a PHC string.
    pub hash: String,
    /// See [`User::kind`].
    pub kind: u32,
    /// Now, in seconds since 1970.
    pub now_s: u64,
}

/// A session that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// The digest of its token.
    pub digest: Digest,
    /// Whose it is.
    pub user: u32,
    /// Now, in seconds since 1970.
    pub now_s: u64,
    /// When it ends, likewise.
    pub expires_s: u64,
    /// The session that the client has had so far: it ends.
    pub replaces: Option<Digest>,
}

/// Keeps accounts and sessions. [`SqliteStore`](super::SqliteStore) is the one
/// that comes along; this trait is for others.
///
/// What an implementor must hold:
///
/// - It is called by many threads at once, and may block.
/// - **What it has said yes to is there after a crash**, of the process and of
///   the machine.
/// - **It decides about doubles itself, in one step**: of two that add the same
///   name at once, be they of different processes, one gets a number. Names come
///   in their normal form and are compared byte by byte.
/// - What comes in is data: it is never part of a statement.
/// - Numbers begin at 1, and are not used twice.
/// - Sessions that have expired are never found, and removed in time. One user
///   has a bounded number of them.
pub trait Store: Send + Sync + 'static {
    /// Makes an account; returns the number of its user, or `None` if the name
    /// is taken.
    ///
    /// # Errors
    /// [`StoreError`]: the account may be there or not.
    fn add(&self, account: NewAccount) -> Result<Option<u32>, StoreError>;

    /// The account with this name.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be told.
    fn find(&self, name: &str) -> Result<Option<Account>, StoreError>;

    /// Puts another hash of the same password in place of the one kept.
    ///
    /// # Errors
    /// [`StoreError`]: the hash is the old one or the new one.
    fn rehash(&self, user: u32, hash: String) -> Result<(), StoreError>;

    /// Begins a session.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be kept, or there is no such user.
    fn begin(&self, session: NewSession) -> Result<(), StoreError>;

    /// Whose session this is, if it has not expired.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be told.
    fn session(&self, digest: &Digest, now_s: u64) -> Result<Option<User>, StoreError>;

    /// Ends a session, if it is there.
    ///
    /// # Errors
    /// [`StoreError`]: it may be there still.
    fn end(&self, digest: &Digest) -> Result<(), StoreError>;
}
