//! Every bound of the server, unit last in its name.
//!
//! A bound that a user may move has its default and its range here; the
//! configuration refuses what lies outside. Relations between bounds are
//! asserted when the crate is compiled.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// --- reading -----------------------------------------------------------

/// The buffer that all connections of a worker read into.
pub const READ_BYTES: usize = 64 * KIB;
/// Largest head (request line and field lines) that can be configured:
/// offsets into a head are `u16`.
pub const HEAD_BYTES_MAX: usize = 65_535;
/// Smallest head limit that can be configured.
pub const HEAD_BYTES_MIN: usize = 256;
/// Head limit unless set.
pub const HEAD_BYTES_DEFAULT: usize = 16 * KIB;
/// Field lines in one head; one more is answered 431.
pub const HEAD_FIELDS_MAX: usize = 100;
/// A longer head is not remembered for the next request.
pub const MEMO_BYTES_MAX: usize = 4 * KIB;
/// Largest request body that can be configured.
pub const BODY_BYTES_MAX: usize = 6 * MIB;
/// Body limit unless set.
pub const BODY_BYTES_DEFAULT: usize = MIB;
/// Chunk-size line of a chunked body, extensions included (RFC 9112 7.1.1).
pub const CHUNK_LINE_BYTES_MAX: usize = 256;
/// All chunk-size lines of one body, as far as each is longer than a size has to
/// be: a body of a few bytes cannot take forever.
pub const CHUNK_PADDING_BYTES_MAX: usize = 16 * KIB;
/// Trailer section of a chunked body, its last line apart; trailers are read and
/// dropped.
pub const TRAILER_BYTES_MAX: usize = 8 * KIB;
/// A body is collected in memory for this much of it at first, and in more as it
/// comes: what is only announced takes none.
pub const BODY_FIRST_BYTES: usize = 8 * KIB;
/// A body's deadline is renewed whenever this much more has come.
pub const BODY_PROGRESS_BYTES: usize = KIB;

// --- the binary protocol -----------------------------------------------

/// Head of a package.
pub const PACKAGE_HEAD_BYTES: usize = 8;
/// Head of a package in the framing `head16`.
pub const PACKAGE_HEAD16_BYTES: usize = 16;
/// Largest package that can be configured, in any framing: the usual head has
/// its length as a `u16`, and a whole one fits the read buffer.
pub const PACKAGE_BYTES_MAX: usize = 65_535;
/// Package limit unless set, head included.
pub const PACKAGE_BYTES_DEFAULT: usize = 30_000;
/// The bad package that closes its connection.
pub const BAD_PACKAGES_MAX: u8 = 3;
/// Heartbeats a client may miss.
pub const HEARTBEATS_MISSED_MAX: u64 = 3;
/// Grace on top of the missed heartbeats.
pub const HEARTBEAT_GRACE_S: u64 = 10;
/// A client is expected to be heard from this often unless set.
pub const HEARTBEAT_S_DEFAULT: u64 = 20;

/// Session cookies of one request that a logout ends.
pub const SESSION_COOKIES_MAX: usize = 8;

// --- what one address may take -------------------------------------------

/// Addresses of which an account is kept, where there are limits on them.
pub const VISITORS_MAX: usize = 256 * KIB;
/// Rates that can be configured, in a second.
pub const RATE_PER_S_MAX: usize = 1_000_000;
/// Fastest that one connection's answers can be told to go, in KiB a second.
pub const BANDWIDTH_KB_MAX: usize = 16 * MIB;
/// Packages within one window that can be allowed.
pub const FLOOD_PACKETS_MAX: usize = 1_000_000_000;
/// Longest window in which packages are counted.
pub const FLOOD_MS_MAX: usize = 3_600_000;

// --- a client of the binary protocol -----------------------------------

/// A client waits this long for an answer, or for a connection, unless set.
pub const CALL_S_DEFAULT: u64 = 10;
/// Read at once from a client's socket.
pub const CLIENT_READ_BYTES: usize = 16 * KIB;
/// Reads of a client in one go, before its user gets a turn.
pub const CLIENT_READ_ROUNDS: usize = 64;
/// Calls of a client that are under way or wait for a connection.
pub const CLIENT_CALLS_MAX: usize = 10_000;
/// Packages that a client has not asked for and its user has not taken.
pub const CLIENT_PUSHES_MAX: usize = 10_000;
/// Packages of a client, calls apart, that the server has not read: more are
/// not sent.
pub const CLIENT_UNREAD_BYTES_MAX: usize = 8 * MIB;
/// A lost connection is made anew after this long.
pub const RECONNECT_FIRST_MS: u64 = 100;
/// The wait doubles with each failure, up to this.
pub const RECONNECT_LAST_MS: u64 = 5_000;

// --- buffers -----------------------------------------------------------

/// Sizes that buffers come in.
pub const BUFFER_CLASS_BYTES: [usize; 7] = [
    4 * KIB,
    16 * KIB,
    64 * KIB,
    256 * KIB,
    MIB,
    4 * MIB,
    8 * MIB,
];
/// Free buffers that one pool keeps of each class.
pub const BUFFERS_KEPT_MAX: [usize; 7] = [256, 64, 16, 4, 1, 0, 0];
/// Buffer memory of all workers unless set.
pub const BUFFER_MB_DEFAULT: usize = 256;
/// Least buffer memory that can be configured.
pub const BUFFER_MB_MIN: usize = 1;

// --- answering ---------------------------------------------------------

/// Ranges in one request; a Range field with more is ignored (RFC 9110 14.2).
pub const RANGES_MAX: usize = 100;
/// Answers gathered before they are written; above it parsing stops, also of
/// bytes already held.
pub const REPLIES_HIGH_BYTES: usize = 128 * KIB;
/// Capacity that a set of answers keeps from one use to the next.
pub const REPLIES_KEPT_BYTES: usize = 256 * KIB;
/// Bodies below this are copied behind their heads; from here on they are
/// shared and leave by `writev`.
pub const COPY_BYTES_MAX: usize = 32 * KIB;
/// A connection whose outbox holds less than this reads again.
pub const OUTBOX_LOW_BYTES: usize = 64 * KIB;
/// Memory that the outbox of one connection may pin; a peer for whom that much
/// waits and more comes is dropped. Files that leave by `sendfile` do not count.
pub const OUTBOX_BYTES_MAX: usize = 16 * MIB;
/// Bytes that wait are held in buffers of so much at most.
pub const OUTBOX_CHUNK_BYTES: usize = 256 * KIB;
/// Packages that may wait for one peer unless set.
pub const QUEUED_PACKAGES_DEFAULT: usize = 400;
/// Slices in one `writev`.
pub const WRITE_SLICES_MAX: usize = 64;
/// Bytes in one `sendfile`, so that one fast reader cannot hold a loop.
pub const SENDFILE_BYTES_MAX: usize = MIB;

// --- a turn of the loop ------------------------------------------------

/// Events taken from one poll.
pub const EVENTS_MAX: usize = 1024;
/// Connections accepted from one listener in one turn.
pub const ACCEPT_BUDGET: usize = 128;
/// Path of a unix socket, or its name with the `@`: what `sockaddr_un` holds.
pub const UNIX_PATH_BYTES_MAX: usize = 107;
/// Head of the PROXY protocol's version 1, its end included (2.1 there).
pub const PROXIED_LINE_BYTES_MAX: usize = 107;
/// Head of either version: proxies say a few hundred bytes at most.
pub const PROXIED_BYTES_MAX: usize = 4 * KIB;
/// Permissions of a unix socket's file unless set.
pub const SOCKET_MODE_DEFAULT: u32 = 0o660;
/// Bytes written to one connection in one turn before others get theirs.
pub const WRITE_BUDGET_BYTES: usize = 2 * MIB;
/// Letters taken from a worker's inbox in one turn.
pub const MAIL_BUDGET: usize = 1024;
/// Letters that one worker's inbox holds.
pub const INBOX_LETTERS_MAX: usize = 4096;
/// Letters that may be stuck for one worker before what connections say that come
/// and go is dropped.
pub const NEWS_STUCK_MAX: usize = 4096;
/// Answers that came later, written by one worker in one turn.
pub const ANSWERS_BUDGET: usize = 1024;

// --- closing -----------------------------------------------------------

/// A lingering close discards at most this much: a body that is refused is on its
/// way already, and its client reads the answer when all of it is out.
pub const LINGER_BYTES_MAX: usize = 8 * MIB;
/// A lingering close lasts at most this long.
pub const LINGER_MS: u64 = 2_000;
/// A connection at rest for this long is let go while the server drains.
pub const DRAIN_QUIET_MS: u64 = 1_000;
/// So long before the end of a drain, or in the second half of a shorter one,
/// clients of the framed protocol that are still busy are let go, each at a
/// package boundary.
pub const DRAIN_LAST_MS: u64 = 2 * TICK_MS;
/// A worker looks for those this often then.
pub const DRAIN_LOOK_MS: u64 = 50;
/// Rounds of accepting before a draining server closes its listeners.
pub const DRAIN_ACCEPT_ROUNDS: usize = 64;

// --- the process ---------------------------------------------------------

/// How often what is free in the heap goes back to the system.
pub const HEAP_TRIM_MS: u64 = 5_000;

// --- the master process ------------------------------------------------

/// A serving process that is not up after this long is ended.
pub const READY_MS: u64 = 10_000;
/// A serving process that ended is started again after this long.
pub const RESTART_FIRST_MS: u64 = 100;
/// The wait doubles with each further end, up to this.
pub const RESTART_LAST_MS: u64 = 5_000;
/// A serving process that was up for this long has had a good start.
pub const RESTART_CALM_MS: u64 = 10_000;
/// Starts in a row that may fail before the master gives up.
pub const STARTS_FAILED_MAX: u32 = 5;
/// Serving processes that may be on their way out; further changes wait.
pub const LEAVING_MAX: usize = 16;
/// A serving process has this long beyond its drain before it is killed.
pub const LEAVE_MS: u64 = 5_000;

// --- time --------------------------------------------------------------

/// A loop that is awake and has not come round for this long is held up.
pub const LOOP_STUCK_MS: u64 = 5_000;

/// One step of the timing wheel's hand.
pub const TICK_MS: u64 = 1_000;
/// Buckets on the wheel's rim.
pub const WHEEL_BUCKETS: usize = 8;

// --- the log -----------------------------------------------------------

/// Trouble of one kind is told once in this time, and counted meanwhile.
pub const TOLD_MS: u64 = 60_000;
/// A longer line of the log is torn.
pub const LOG_LINE_BYTES_MAX: usize = 8 * KIB;
/// Bytes of one thing that a client says, such as its User-Agent, that a line
/// of the access log has.
pub const ACCESS_TEXT_BYTES_MAX: usize = 2 * KIB;
/// Longest line of the access log: five such texts, whose bytes are up to six
/// when they are escaped, and what stands around them.
pub const ACCESS_LINE_BYTES_MAX: usize = 5 * 6 * ACCESS_TEXT_BYTES_MAX + KIB;
/// Lines of the access log that a worker gathers before it hands them over: it
/// has buffers of this size, and one more line.
pub const ACCESS_BUFFER_BYTES: usize = 64 * KIB;
/// Buffers of the access log that a worker has: as much as it may be ahead of
/// the disk.
pub const ACCESS_BUFFERS_MAX: usize = 16;
/// Lines of the access log that a free job keeps room for.
pub const JOB_LINES_KEPT_BYTES: usize = 4 * KIB;
/// Entries of X-Forwarded-For that are looked at, from its end.
pub const FORWARDED_MAX: usize = 32;

// --- files -------------------------------------------------------------

/// A cached file, and the folder of its site, is looked at again when its last
/// look is this old.
pub const FILE_FRESH_MS: u64 = 1_000;
/// An open file that nobody used for this long is closed.
pub const FILE_UNUSED_MS: u64 = 5_000;
/// Larger files are not held in memory but sent by `sendfile`.
pub const FILE_CACHED_BYTES_MAX: usize = 4 * MIB;
/// Shorter text is not compressed: a packet's worth stays one.
pub const PRESS_BYTES_MIN: usize = KIB;
/// Files that wait to be compressed, or to have their digests made.
pub const PRESS_ORDERS_MAX: usize = 256;
/// Bytes of the text that waits to be compressed; the largest file that is held
/// in memory fits.
pub const PRESS_QUEUE_BYTES_MAX: usize = 16 * MIB;
/// Compressed or read in one go, before the end of the server is looked for.
pub const PRESS_STEP_BYTES: usize = 64 * KIB;
/// Files of which what was made is kept, beside what the threads have of it.
pub const PRESS_KEPT_MAX: usize = 4_096;
/// A longer host name is none (RFC 1035 2.3.4).
pub const HOST_BYTES_MAX: usize = 253;
/// Rules of one kind that a site may have.
pub const SITE_RULES_MAX: usize = 2_000;
/// Extensions that a site may have media types of its own for.
pub const SITE_TYPES_MAX: usize = 500;
/// Stars in one pattern of paths: each is one digit in a place.
pub const PATTERN_STARS_MAX: usize = 9;
/// Redirects in a row that a browser follows (Fetch 4.4).
pub const REDIRECTS_FOLLOWED_MAX: usize = 20;
/// Credentials that a site keeps in mind as good, so that they need no hash.
pub const ACCEPTED_MAX: usize = 1_000;
/// For so long it does after each use.
pub const ACCEPTED_MS: u64 = 600_000;
/// Files and folders that one listing of a folder shows.
pub const LISTED_ENTRIES_MAX: usize = 2_000;
/// Names that are looked at for one listing: others may be hidden.
pub const LISTED_LOOKS_MAX: usize = 4_000;
/// Listings that one thread keeps for the second in which they are fresh.
pub const LISTED_FOLDERS_MAX: usize = 4;
/// A request path longer than this names no file.
pub const PATH_BYTES_MAX: usize = 4_095;

// --- jobs (proactor) ---------------------------------------------------

/// Requests that one job carries.
pub const JOB_REQUESTS_MAX: usize = 256;
/// Free jobs that a worker keeps for reuse.
pub const JOBS_KEPT_MAX: usize = 64;
/// Room for answers that a free job keeps: there are many, and what a burst
/// needed once would stay with each of them.
pub const JOB_REPLIES_KEPT_BYTES: usize = 32 * KIB;
/// Requests that a free job keeps room for, likewise.
pub const JOB_REQUESTS_KEPT_MAX: usize = 32;
/// Field lines that a free job keeps room for, likewise.
pub const JOB_FIELDS_KEPT_MAX: usize = 256;

// --- accounts ----------------------------------------------------------

/// A name, after normalisation, in UTF-8 (and its field in a package).
pub const NAME_BYTES_MAX: usize = 56;
/// Shortest password.
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Longest password (and its field in a package).
pub const PASSWORD_BYTES_MAX: usize = 40;
/// A name and a password over HTTP, however they are encoded; a longer body is
/// answered 413.
pub const CREDENTIALS_BYTES_MAX: usize = 4 * KIB;
/// Least memory of a hash for each of its lanes: Argon2 takes no less (RFC 9106
/// 3.1).
pub const HASH_LANE_KIB_MIN: usize = 8;
/// Most memory that one hash can be told to take: a GiB.
pub const HASH_KIB_MAX: usize = 1 << 20;
/// Memory of one hash unless set: what OWASP recommends for Argon2id.
pub const HASH_KIB_DEFAULT: usize = 19 * KIB;
/// Most passes over that memory.
pub const HASH_PASSES_MAX: usize = 1_000;
/// Passes unless set, likewise.
pub const HASH_PASSES_DEFAULT: usize = 2;
/// Most lanes.
pub const HASH_LANES_MAX: usize = 64;
/// Random bytes that each hash is made with.
pub const SALT_BYTES: usize = 16;
/// Tries that can be allowed per minute.
pub const TRIES_MAX: usize = 1_000_000;
/// Tries per minute for each name and for each address unless set.
pub const TRIES_DEFAULT: usize = 10;
/// Names and addresses whose tries are remembered; while all of them are still
/// counted, those of others are refused.
pub const TRIES_KEPT_MAX: usize = 65_536;
/// Random bytes of a session's token.
pub const TOKEN_BYTES: usize = 32;
/// Longest session that can be configured, in days.
pub const SESSION_DAYS_MAX: usize = 3_650;
/// A session lasts this long unless set, in days.
pub const SESSION_DAYS_DEFAULT: usize = 30;
/// Sessions that one user may have; the oldest goes when one more begins.
pub const SESSIONS_MAX: usize = 32;
/// Connections to a store that wait for the next reader.
pub const STORE_READERS_MAX: usize = 8;
/// Another process may hold a store locked for this long.
pub const STORE_BUSY_MS: u64 = 5_000;
/// Trouble with a store is told in the log once in this time.
pub const STORE_TOLD_S: u64 = 60;

// --- machine -----------------------------------------------------------

/// Event loops in one process: a peer's address has 16 bits for its worker.
pub const WORKERS_MAX: usize = 256;
/// Pool threads in one process.
pub const POOL_THREADS_MAX: usize = 1024;
/// Jobs under way per worker that can be configured.
pub const QUEUE_LEN_MAX: usize = 65_536;
/// Open files kept free of connections: log, listeners, files being served. No
/// more than half of those that are allowed.
pub const SPARE_FILES: usize = 64;
/// Longest time that can be configured, in seconds (a week).
pub const TIMEOUT_S_MAX: u64 = 7 * 24 * 3600;

const _: () = {
    assert!(HEAD_BYTES_DEFAULT <= HEAD_BYTES_MAX);
    assert!(HEAD_BYTES_MAX <= READ_BYTES);
    assert!(HEAD_BYTES_MAX <= u16::MAX as usize);
    assert!(PACKAGE_BYTES_MAX <= READ_BYTES);
    assert!(PACKAGE_BYTES_DEFAULT <= PACKAGE_BYTES_MAX);
    // In framings that number calls there is a number for each.
    assert!(CLIENT_CALLS_MAX < u16::MAX as usize);
    assert!(RECONNECT_FIRST_MS <= RECONNECT_LAST_MS);
    assert!(RESTART_FIRST_MS <= RESTART_LAST_MS);
    assert!(BODY_BYTES_DEFAULT <= BODY_BYTES_MAX);
    // A collected request (head and body) fits the largest buffer.
    assert!(HEAD_BYTES_MAX + BODY_BYTES_MAX <= BUFFER_CLASS_BYTES[6]);
    // One read fits one buffer of a class.
    assert!(READ_BYTES == BUFFER_CLASS_BYTES[2]);
    // Below the low mark there is room for a whole batch of answers.
    assert!(OUTBOX_LOW_BYTES <= REPLIES_HIGH_BYTES);
    assert!(REPLIES_HIGH_BYTES + FILE_CACHED_BYTES_MAX < OUTBOX_BYTES_MAX);
    // The answer to any body that could be taken outlives that body.
    assert!(LINGER_BYTES_MAX > BODY_BYTES_MAX);
    assert!(FILE_CACHED_BYTES_MAX <= PRESS_QUEUE_BYTES_MAX);
    assert!(WHEEL_BUCKETS.is_power_of_two());
    // What OWASP recommends is in the range that can be configured.
    assert!(HASH_KIB_DEFAULT >= HASH_LANE_KIB_MIN && HASH_KIB_DEFAULT <= HASH_KIB_MAX);
    // Percent signs and escapes make a name and a password up to six times as long.
    assert!(6 * (NAME_BYTES_MAX + PASSWORD_BYTES_MAX) < CREDENTIALS_BYTES_MAX);
    assert!(WORKERS_MAX <= u16::MAX as usize + 1);
};
