//! What can be written, each as its statements.

use crate::accounts::failure::StoreError;
use crate::accounts::store::{NewAccount, NewSession};
use crate::accounts::token::Digest;
use crate::base::limits::SESSIONS_MAX;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
use rusqlite::{Connection, ErrorCode, Params, params};

/// One thing to be written.
#[derive(Debug)]
pub(super) enum Order {
    Add(NewAccount),
    Rehash(u32, String),
    Begin(NewSession),
    End(Digest),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// An account was made for this user.
    User(u32),
    /// The name is another one's.
    Taken,
    Done,
}

/// What SQLite says, for the log.
pub(super) fn failed(why: &rusqlite::Error) -> StoreError {
    StoreError::new(format!("the store has failed: {why}"))
}

/// Whether an order was refused by itself: the others in its transaction stand.
pub(super) fn is_its_own(why: &rusqlite::Error) -> bool {
    why.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

impl Order {
    /// Writes it, in the transaction that is open.
    pub(super) fn run(&self, to: &Connection) -> rusqlite::Result<Written> {
        match self {
            Order::Add(account) => add(to, account),
            Order::Rehash(user, hash) => {
                let sql = "UPDATE users SET hash = ?2 WHERE number = ?1";
                execute(to, sql, params![user, hash])?;
                Ok(Written::Done)
            }
            Order::Begin(session) => begin(to, session),
            Order::End(digest) => {
                execute(to, "DELETE FROM sessions WHERE digest = ?1", [digest.0])?;
                Ok(Written::Done)
            }
        }
    }
}

/// The constraint decides about doubles; nobody looks first. A statement that
/// it ends takes no number (one that ends in `DO NOTHING` would).
fn add(to: &Connection, account: &NewAccount) -> rusqlite::Result<Written> {
    let NewAccount {
        name,
        hash,
        kind,
        now_s,
    } = account;
    let sql = "INSERT INTO users (name, hash, kind, made_s) VALUES (?1, ?2, ?3, ?4)";
    match execute(to, sql, params![name, hash, kind, seconds(*now_s)]) {
        Err(why) if is_double(&why) => Ok(Written::Taken),
        Err(why) => Err(why),
        Ok(_) => {
            let number = to.last_insert_rowid();
            let out_of_range = |_| rusqlite::Error::IntegralValueOutOfRange(0, number);
            u32::try_from(number)
                .map(Written::User)
                .map_err(out_of_range)
        }
    }
}

fn is_double(why: &rusqlite::Error) -> bool {
    let error = why.sqlite_error();
    error.is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}

fn begin(to: &Connection, session: &NewSession) -> rusqlite::Result<Written> {
    let now_s = seconds(session.now_s);
    execute(to, "DELETE FROM sessions WHERE expires_s <= ?1", [now_s])?;
    if let Some(old) = session.replaces {
        execute(to, "DELETE FROM sessions WHERE digest = ?1", [old.0])?;
    }
    let sql = "INSERT INTO sessions (digest, user, begun_s, expires_s) VALUES (?1, ?2, ?3, ?4)";
    let expires_s = seconds(session.expires_s);
    execute(
        to,
        sql,
        params![session.digest.0, session.user, now_s, expires_s],
    )?;
    let sql = "DELETE FROM sessions WHERE user = ?1 AND digest NOT IN \
               (SELECT digest FROM sessions WHERE user = ?1 \
                ORDER BY digest = ?2 DESC, begun_s DESC LIMIT ?3)";
    let most = params![session.user, session.digest.0, SESSIONS_MAX as i64];
    execute(to, sql, most)?;
    Ok(Written::Done)
}

fn execute(to: &Connection, sql: &str, parameters: impl Params) -> rusqlite::Result<usize> {
    to.prepare_cached(sql)?.execute(parameters)
}

/// Seconds since 1970 as SQLite has numbers.
pub(super) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
