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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::sqlite::file::TABLES;
    use crate::accounts::store::{NewAccount, NewSession};
    use crate::accounts::token::Digest;

    fn add(name: &str) -> Order {
        Order::Add(NewAccount {
            name: name.to_owned(),
            hash: String::new(),
            kind: 0,
            now_s: 0,
        })
    }

    fn begin(user: u32) -> Order {
        Order::Begin(NewSession {
            digest: Digest([0; 32]),
            user,
            now_s: 0,
            expires_s: 1,
            replaces: None,
        })
    }

    /// What comes of orders that are written together.
    fn outcomes(connection: &mut Connection, orders: Vec<Order>) -> Vec<Outcome> {
        let entry = |order| {
            Arc::new(Entry {
                order,
                outcome: Mutex::default(),
            })
        };
        let batch: Vec<_> = orders.into_iter().map(entry).collect();
        write_all(connection, &batch);
        let outcome = |entry: &Arc<Entry>| lock(&entry.outcome).take().expect("told");
        batch.iter().map(outcome).collect()
    }

    #[test]
    fn who_is_refused_is_refused_alone() {
        let mut connection = Connection::open_in_memory().expect("opened");
        connection.execute_batch(TABLES).expect("made");
        let orders = vec![add("ada"), begin(77), add("ada"), add("bob"), begin(2)];
        let outcomes = outcomes(&mut connection, orders);
        assert_eq!(outcomes[0], Ok(Written::User(1)));
        assert!(outcomes[1].is_err(), "there is no such user");
        assert_eq!(outcomes[2], Ok(Written::Taken));
        assert_eq!(outcomes[3..], [Ok(Written::User(2)), Ok(Written::Done)]);
    }

    #[test]
    fn a_transaction_that_fails_fails_for_all() {
        let mut connection = Connection::open_in_memory().expect("opened");
        connection.execute_batch(TABLES).expect("made");
        connection
            .execute_batch("DROP TABLE sessions")
            .expect("gone");
        let outcomes = outcomes(&mut connection, vec![add("ada"), begin(1), add("bob")]);
        assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
        let sql = "SELECT count(*) FROM users";
        let count = connection.query_row(sql, [], |row| row.get::<_, u32>(0));
        assert_eq!(count, Ok(0), "what was told is so");
    }
}
