//! The file: how it is opened, and what is in it.

use super::order::failed;
use crate::accounts::failure::StoreError;
use crate::base::limits::STORE_BUSY_MS;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Marks the file as one of ours: "pltn".
const APPLICATION: i32 = 0x706c_746e;
/// Of what the file holds.
const VERSION: i32 = 1;

/// A number is not used twice (AUTOINCREMENT), even after its row was removed
/// by hand.
pub(super) const TABLES: &str = "
    CREATE TABLE users (
        number INTEGER PRIMARY KEY AUTOINCREMENT CHECK (number BETWEEN 1 AND 4294967295),
        name TEXT NOT NULL UNIQUE,
        hash TEXT NOT NULL,
        kind INTEGER NOT NULL,
        made_s INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        digest BLOB PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
        begun_s INTEGER NOT NULL,
        expires_s INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of_user ON sessions (user, begun_s);
    CREATE INDEX sessions_by_end ON sessions (expires_s);
";

/// Opens the file to write, and makes it if it is not there.
pub(super) fn open_to_write(file: &Path) -> Result<Connection, StoreError> {
    make(file).map_err(|why| StoreError::new(why.to_string()))?;
    let mut connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // First a look: what another program has made is left as it is.
    let has_tables = check(&connection)?;
    set_up(&connection)?;
    // To write takes a lock, which a server that is busy may not give up soon.
    if !has_tables {
        make_tables(&mut connection).map_err(|why| failed(&why))?;
        check(&connection)?;
    }
    Ok(connection)
}

/// Makes the file, if it is not there: SQLite would let everybody read it, and
/// its other files get the mode of this. One that is there must not be opened,
/// for closing it again would take SQLite's own locks off it, if this process
/// has it open already (they are the process's, not the descriptor's).
fn make(file: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    match made {
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => Err(why),
        Err(_) if file.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        _ => Ok(()),
    }
}

/// Opens the file to read.
pub(super) fn open_to_read(file: &Path) -> Result<Connection, StoreError> {
    open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(file: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    // Each connection has one user at a time, so it needs no lock of its own.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::from_millis(STORE_BUSY_MS))?;
        Ok(connection)
    };
    open().map_err(|why: rusqlite::Error| failed(&why))
}

/// Whether the file has tables: it is new, or one of ours that holds what this
/// version knows.
fn check(connection: &Connection) -> Result<bool, StoreError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i32>(0));
    let look = || {
        let tables = number("SELECT count(*) FROM sqlite_schema")?;
        let application = number("PRAGMA application_id")?;
        let version = number("PRAGMA user_version")?;
        Ok((tables, application, version))
    };
    let seen = look().map_err(|why: rusqlite::Error| match why.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::new("it is no SQLite file"),
        _ => failed(&why),
    });
    match seen? {
        (0, ..) => Ok(false),
        (_, APPLICATION, VERSION) => Ok(true),
        (_, APPLICATION, other) => Err(StoreError::new(format!(
            "it has version {other} of the tables, and this program knows {VERSION}"
        ))),
        _ => Err(StoreError::new("another program has made it")),
    }
}

fn set_up(connection: &Connection) -> Result<(), StoreError> {
    let set = || {
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(mode)
    };
    let mode = set().map_err(|why: rusqlite::Error| failed(&why))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(StoreError::new(format!(
        "its file system has no shared memory for a write-ahead log (SQLite offers {mode}); keep \
         it on a local disk"
    )))
}

fn make_tables(connection: &mut Connection) -> rusqlite::Result<()> {
    // Another process may make the tables at the same time: one of us does.
    let making = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = "SELECT count(*) = 0 FROM sqlite_schema";
    let is_new: bool = making.query_row(sql, [], |row| row.get(0))?;
    if is_new {
        making.execute_batch(TABLES)?;
        making.pragma_update(None, "application_id", APPLICATION)?;
        making.pragma_update(None, "user_version", VERSION)?;
    }
    making.commit()
}
