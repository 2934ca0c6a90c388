//! The store against what its trait asks for.

use super::*;
use crate::base::limits::SESSIONS_MAX;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A file of a test's own, which is removed at the end.
struct File(PathBuf);

impl File {
    fn new() -> File {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pelton-store-{}-{number}.db", std::process::id());
        File(std::env::temp_dir().join(name))
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.0).expect("opened")
    }

    fn refused(&self) -> String {
        SqliteStore::open(&self.0).expect_err("refused").to_string()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        hash: format!("hash of {name}"),
        kind: 7,
        now_s: 1_000,
    }
}

fn add(store: &SqliteStore, name: &str) -> Option<u32> {
    store.add(account(name)).expect("written")
}

fn begin(store: &SqliteStore, user: u32, digest: u8, now_s: u64) -> Result<(), StoreError> {
    store.begin(NewSession {
        digest: Digest([digest; 32]),
        user,
        now_s,
        expires_s: now_s + 100,
        replaces: None,
    })
}

fn user_of(store: &SqliteStore, digest: u8, now_s: u64) -> Option<u32> {
    let user = store.session(&Digest([digest; 32]), now_s).expect("read");
    user.map(|user| user.number)
}

#[test]
fn accounts_are_found_by_their_bytes() {
    let file = File::new();
    let store = file.open();
    for (name, number) in [("ada", 1), ("Ada", 2), ("zo\u{eb}", 3), ("' OR 1; --", 4)] {
        assert_eq!(add(&store, name), Some(number));
    }
    assert_eq!(add(&store, "ada"), None);
    assert_eq!(add(&store, "bob"), Some(5), "a refusal takes no number");
    let found = store.find("Ada").expect("read").expect("it is there");
    let user = User {
        number: 2,
        name: "Ada".to_owned(),
        kind: 7,
    };
    assert_eq!((found.user, &*found.hash), (user, "hash of Ada"));
    for name in ["ADA", "ad", "ada ", "%", "' OR '1'='1"] {
        assert_eq!(store.find(name), Ok(None), "{name}");
    }
    store.rehash(2, "another".to_owned()).expect("written");
    let found = store.find("Ada").expect("read").expect("it is there");
    assert_eq!(found.hash, "another");
}

#[test]
fn of_many_that_add_the_same_names_each_name_has_one() {
    const NAMES: usize = 40;
    let file = File::new();
    let stores = [file.open(), file.open()]; // as two processes have it open
    let won = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..8 {
            let (store, won) = (&stores[number % 2], &won);
            scope.spawn(move || {
                for name in 0..NAMES {
                    if add(store, &format!("name {name}")).is_some() {
                        won.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(won.into_inner(), NAMES);
    for name in 0..NAMES {
        let found = stores[0].find(&format!("name {name}")).expect("read");
        let number = found.expect("it is there").user.number as usize;
        assert!((1..=NAMES).contains(&number));
    }
}

#[test]
fn sessions_end_and_expire_and_are_bounded() {
    let file = File::new();
    let store = file.open();
    let (ada, bob) = (add(&store, "ada"), add(&store, "bob"));
    let (Some(ada), Some(bob)) = (ada, bob) else {
        panic!("both are new");
    };
    begin(&store, ada, 1, 1_000).expect("written");
    begin(&store, bob, 2, 1_050).expect("written");
    assert_eq!(user_of(&store, 1, 1_099), Some(ada));
    assert_eq!(user_of(&store, 1, 1_100), None, "it has expired");
    assert_eq!(user_of(&store, 2, 1_100), Some(bob));
    assert!(
        begin(&store, 77, 3, 1_050).is_err(),
        "there is no such user"
    );
    store.end(&Digest([2; 32])).expect("written");
    store.end(&Digest([2; 32])).expect("it is gone already");
    assert_eq!(user_of(&store, 2, 1_060), None);
    // All in the same second, so that the newest is not told by its time.
    for digest in 100..100 + SESSIONS_MAX as u8 + 5 {
        begin(&store, ada, digest, 2_000).expect("written");
        assert_eq!(user_of(&store, digest, 2_000), Some(ada));
    }
    let kept = (0..=255).filter(|digest| user_of(&store, *digest, 2_000).is_some());
    assert_eq!(kept.count(), SESSIONS_MAX);
}

#[test]
fn a_session_takes_the_place_of_another() {
    let file = File::new();
    let store = file.open();
    let ada = add(&store, "ada").expect("new");
    begin(&store, ada, 1, 1_000).expect("written");
    let next = NewSession {
        digest: Digest([2; 32]),
        user: ada,
        now_s: 1_001,
        expires_s: 1_100,
        replaces: Some(Digest([1; 32])),
    };
    store.begin(next).expect("written");
    assert_eq!(user_of(&store, 1, 1_001), None);
    assert_eq!(user_of(&store, 2, 1_001), Some(ada));
}

#[test]
fn a_file_is_its_owners_and_opened_again() {
    let file = File::new();
    assert_eq!(add(&file.open(), "ada"), Some(1));
    let mode = fs::metadata(&file.0).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let store = file.open();
    assert_eq!((add(&store, "ada"), add(&store, "bob")), (None, Some(2)));
}

#[test]
fn what_is_written_is_on_the_disk() {
    let file = File::new();
    let connection = file::open_to_write(&file.0).expect("opened");
    let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
    assert_eq!(mode.as_deref(), Ok("wal"));
    let full = connection.query_row("PRAGMA synchronous", [], |row| row.get::<_, i32>(0));
    assert_eq!(full, Ok(2));
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_alone() {
    let file = File::new();
    fs::write(
        &file.0,
        "not a database, but long enough to be looked at\n".repeat(20),
    )
    .expect("written");
    assert_eq!(file.refused(), "it is no SQLite file");
    fs::remove_file(&file.0).expect("removed");
    let other = Connection::open(&file.0).expect("opened");
    other.execute_batch("CREATE TABLE t (a)").expect("made");
    assert_eq!(file.refused(), "another program has made it");
    drop(other);
    fs::remove_file(&file.0).expect("removed");
    drop(file.open());
    let other = Connection::open(&file.0).expect("opened");
    other.pragma_update(None, "user_version", 9).expect("set");
    assert!(file.refused().contains("version 9"));
    let nowhere = File("/nowhere/accounts.db".into());
    assert!(nowhere.refused().contains("No such file"));
}
