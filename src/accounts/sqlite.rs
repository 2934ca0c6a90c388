//! The store that comes along: one SQLite file.
//!
//! It is in WAL mode, so readers wait for nobody, and `synchronous` is FULL: a
//! write is on the disk before anybody hears of it. One connection writes (see
//! `sqlite/writer.rs`); readers have connections of their own.

mod file;
mod order;
mod writer;

use super::failure::StoreError;
use super::store::{Account, NewAccount, NewSession, Store, User};
use super::token::Digest;
use crate::base::limits::STORE_READERS_MAX;
use order::{Order, Written, failed};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use writer::Writer;

/// Accounts and sessions in one file. Several processes may have it open.
#[derive(Debug)]
pub struct SqliteStore {
    file: PathBuf,
    writer: Writer,
    /// Those that nobody reads with. One that is missing is opened: there are
    /// never more than threads.
    readers: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner alone.
    ///
    /// # Errors
    /// It cannot be opened, is no SQLite file, or was made by something else.
    pub fn open(file: &Path) -> Result<SqliteStore, StoreError> {
        // Readers come later, when the folder may be another; and a name that
        // begins with `file:` or is `:memory:` is no file's to SQLite.
        let file = std::path::absolute(file).map_err(|why| StoreError::new(why.to_string()))?;
        Ok(SqliteStore {
            writer: Writer::new(file::open_to_write(&file)?),
            file,
            readers: Mutex::default(),
        })
    }

    /// Asks for one row.
    fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let idle = self.readers().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => file::open_to_read(&self.file)?,
        };
        let asked = reader
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(parameters, read).optional());
        let found = asked.map_err(|why| failed(&why))?;
        let mut readers = self.readers();
        if readers.len() < STORE_READERS_MAX {
            readers.push(reader);
        }
        Ok(found)
    }

    /// A list of connections is whole after any panic, so poison is no matter.
    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn add(&self, account: NewAccount) -> Result<Option<u32>, StoreError> {
        match self.writer.write(Order::Add(account))? {
            Written::User(number) => Ok(Some(number)),
            Written::Taken => Ok(None),
            Written::Done => Err(StoreError::new("an account was given no number")),
        }
    }

    fn find(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT number, name, kind, hash FROM users WHERE name = ?1";
        self.one(sql, params![name], |row| {
            Ok(Account {
                user: user(row)?,
                hash: row.get(3)?,
            })
        })
    }

    fn rehash(&self, user: u32, hash: String) -> Result<(), StoreError> {
        self.writer.write(Order::Rehash(user, hash)).map(drop)
    }

    fn begin(&self, session: NewSession) -> Result<(), StoreError> {
        self.writer.write(Order::Begin(session)).map(drop)
    }

    fn session(&self, digest: &Digest, now_s: u64) -> Result<Option<User>, StoreError> {
        let sql = "SELECT number, name, kind FROM sessions JOIN users ON number = user \
                   WHERE digest = ?1 AND expires_s > ?2";
        self.one(sql, params![digest.0, order::seconds(now_s)], user)
    }

    fn end(&self, digest: &Digest) -> Result<(), StoreError> {
        self.writer.write(Order::End(*digest)).map(drop)
    }
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        number: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
    })
}

#[cfg(test)]
mod tests;
