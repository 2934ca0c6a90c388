//! How the heap gives memory back.
#![allow(unsafe_code)]

/// What tunes the heap of a process from outside, when it starts.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// Blocks from this size on are the system's own, and go back to it when they
/// are freed. Without a bound glibc learns to keep ever larger ones, and a
/// process that has once been busy stays large.
const RETURNED_BYTES: i32 = 32 << 10;

/// Heaps that threads share. A request for a cached file allocates nothing, so
/// threads need none of their own, each with its own slack.
const HEAPS: i32 = 1;

/// Has freed memory go back to the system, so that a process which runs for
/// years stays as large as what it holds. To be called before other threads
/// are there. Whoever has tuned the heap from outside (`GLIBC_TUNABLES`) is
/// obeyed.
pub fn keep_small() {
    #[cfg(target_env = "gnu")]
    if std::env::var_os(TUNABLES).is_none() {
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

/// A variable of the environment for a process that is started to run for years;
/// in it [`keep_small`] has nothing to add. It also takes the caches away that
/// threads have of small blocks, up to 230 KiB each: they fill for as long as the
/// process runs, and nothing empties them. `None` where it would mean nothing, or
/// somebody has tuned the heap already.
#[must_use]
pub fn tuning() -> Option<(&'static str, String)> {
    let is_ours = cfg!(target_env = "gnu") && std::env::var_os(TUNABLES).is_none();
    let values = [
        ("tcache_count", 0),
        ("mmap_threshold", RETURNED_BYTES),
        ("arena_max", HEAPS),
    ];
    let words = values.map(|(name, value)| format!("glibc.malloc.{name}={value}"));
    is_ours.then(|| (TUNABLES, words.join(":")))
}

/// Gives back what is free within the heap, not at its end alone, where a single
/// small block that stays keeps all below it. For a thread that is no loop: who
/// allocates meanwhile waits. `false`: this heap is not one that has to be told.
pub fn give_back() -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: it takes the allocator's own locks and touches only pages on
        // which nothing is allocated.
        unsafe { libc::malloc_trim(0) };
    }
    cfg!(target_env = "gnu")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::hint::black_box;

    const BLOCK_BYTES: usize = 8 << 10;
    const BLOCKS: usize = 8_192;

    /// Memory of its own that this process has written to, in KiB.
    fn own_kib() -> usize {
        let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("it is there");
        let line = rollup
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("a number")
    }

    #[test]
    fn what_is_free_between_blocks_that_stay_goes_back() {
        let block = |_| black_box(vec![1; BLOCK_BYTES]);
        let blocks: Vec<Vec<u8>> = (0..BLOCKS).map(block).collect();
        // Some stay, the last among them: nothing of it is at the heap's end.
        let stays = |(number, block)| (number % 128 == 127).then_some(block);
        let stay: Vec<Vec<u8>> = blocks.into_iter().enumerate().filter_map(stays).collect();
        let before = own_kib();
        if !give_back() {
            return; // this heap does it by itself, or not at all
        }
        let freed = before.saturating_sub(own_kib());
        let most = BLOCKS * BLOCK_BYTES / 1_024;
        assert!(freed > most / 2, "{freed} KiB of {most} went back");
        assert_eq!(stay.len(), BLOCKS / 128);
    }
}
