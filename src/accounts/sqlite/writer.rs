//! One connection writes for all: whoever gets it writes what all the others
//! have put down meanwhile, in one transaction, so that they share its wait for
//! the disk.
//!
//! ```text
//!  A: put down, lock ── write A ──────── unlock
//!  B:      put down, wait ────────────── lock ── write B, C ── unlock
//!  C:           put down, wait ───────────────────────────────── lock: it is done
//! ```

use super::order::{Order, Written, failed, is_its_own};
use crate::accounts::failure::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connection that writes, and what is to be written: never more than
/// there are threads, for each waits for its own.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Mutex<Connection>,
    waiting: Mutex<Vec<Arc<Entry>>>,
}

/// An order, and what came of it when somebody has written it.
#[derive(Debug)]
struct Entry {
    order: Order,
    outcome: Mutex<Option<Outcome>>,
}

type Outcome = Result<Written, StoreError>;

impl Writer {
    pub(super) fn new(connection: Connection) -> Writer {
        Writer {
            connection: Mutex::new(connection),
            waiting: Mutex::default(),
        }
    }

    /// Writes an order, and returns when it is on the disk.
    pub(super) fn write(&self, order: Order) -> Outcome {
        let entry = Arc::new(Entry {
            order,
            outcome: Mutex::default(),
        });
        lock(&self.waiting).push(entry.clone());
        let mut connection = lock(&self.connection);
        let already = lock(&entry.outcome).take();
        if let Some(outcome) = already {
            return outcome; // somebody was here, and has written it along
        }
        let batch = std::mem::take(&mut *lock(&self.waiting));
        write_all(&mut connection, &batch);
        let outcome = lock(&entry.outcome).take();
        // Who had it before us has panicked over it.
        outcome.unwrap_or_else(|| Err(StoreError::new("a write was lost")))
    }
}

/// Writes a batch in one transaction, and tells each of its entries.
fn write_all(connection: &mut Connection, batch: &[Arc<Entry>]) {
    let outcomes = transact(connection, batch).unwrap_or_else(|why| {
        let failed = failed(&why);
        batch.iter().map(|_| Err(failed.clone())).collect()
    });
    for (entry, outcome) in batch.iter().zip(outcomes) {
        *lock(&entry.outcome) = Some(outcome);
    }
}

/// An error of the transaction as a whole is returned: nothing is written then.
fn transact(connection: &mut Connection, batch: &[Arc<Entry>]) -> rusqlite::Result<Vec<Outcome>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for entry in batch {
        outcomes.push(match entry.order.run(&transaction) {
            Err(why) if is_its_own(&why) => Err(failed(&why)),
            other => Ok(other?),
        });
    }
    transaction.commit()?;
    Ok(outcomes)
}

/// SQLite takes back what a panic leaves unfinished, and the lists are whole
/// after any, so poison is no matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
