//! How the heap gives memory back.
#![allow(unsafe_code)]

/// Blocks from this size on are the system's own, and go back to it when they
/// are freed. Without a bound glibc learns to keep ever larger ones, and a
/// process that has once been busy stays large.
#[cfg(target_env = "gnu")]
const RETURNED_BYTES: libc::c_int = 32 << 10;

/// Heaps that threads share. A request for a cached file allocates nothing, so
/// threads need none of their own, each with its own slack.
#[cfg(target_env = "gnu")]
const HEAPS: libc::c_int = 2;

/// Has freed memory go back to the system, so that a process which runs for
/// years stays as large as what it holds. To be called before other threads
/// are there. Whoever has tuned the heap from outside (`GLIBC_TUNABLES`) is
/// obeyed.
pub fn keep_small() {
    #[cfg(target_env = "gnu")]
    if std::env::var_os("GLIBC_TUNABLES").is_none() {
        for (what, value) in [
            (libc::M_MMAP_THRESHOLD, RETURNED_BYTES),
            (libc::M_ARENA_MAX, HEAPS),
        ] {
            // SAFETY: it sets one number of the allocator, and takes its own
            // lock for that. A refusal leaves it as it was.
            unsafe { libc::mallopt(what, value) };
        }
    }
}
