//! The limits of this process, and the processor time of any.
#![allow(unsafe_code)]

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::time::Duration;

/// Linux gives no process an id of this or more (`PID_MAX_LIMIT`).
const PID_MAX: libc::pid_t = 1 << 22;

/// How far a thread steps back.
const NICE: i32 = 10;

/// Raises the number of files this process may have open as far as it is
/// allowed, and returns what it got.
#[must_use]
pub fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // A refusal leaves the limit as it was, and that is what is returned.
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        let _ = setrlimit(Resource::Nofile, raised);
    }
    getrlimit(Resource::Nofile)
        .current
        .map_or(usize::MAX, |files| files as usize)
}

/// Lets all other threads go before this one, as far as the system's schedule
/// has it.
pub fn step_back() {
    // Of a thread, on Linux; a refusal leaves things as they were.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Processor time that process `pid` has used since it began: of all its
/// threads, those that have ended too, to the nanosecond. `/proc` has it only
/// in ticks, or without the threads that have ended.
///
/// # Errors
/// What the system says: there is no such process, mostly.
pub fn processor_time(pid: u32) -> io::Result<Duration> {
    let known = libc::pid_t::try_from(pid).ok();
    let known = known.filter(|pid| (1..PID_MAX).contains(pid));
    // A clock's id has room for no more, and 0 would be this process.
    let pid = known.ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
    let mut clock = 0;
    // SAFETY: the call writes one clock's id, where `clock` has room for it.
    let error = unsafe { libc::clock_getcpuclockid(pid, &raw mut clock) };
    if error != 0 {
        return Err(io::Error::from_raw_os_error(error));
    }
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the call writes one time, where `time` has room for it.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let nanoseconds = time.tv_sec * 1_000_000_000 + time.tv_nsec;
    Ok(Duration::from_nanos(nanoseconds.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::thread;

    #[test]
    fn the_time_of_a_thread_that_has_ended_is_counted() {
        let own = std::process::id();
        let before = processor_time(own).expect("this process is there");
        let busy = thread::spawn(|| (0..20_000_000_u64).fold(0, |sum, n| black_box(sum ^ n)));
        busy.join().expect("a sum");
        let after = processor_time(own).expect("this process is there");
        assert!(
            after > before + Duration::from_micros(100),
            "{before:?}, {after:?}"
        );
    }

    #[test]
    fn a_process_that_is_not_there_has_no_time() {
        for pid in [0, (1 << 22) - 1, 1 << 22, i32::MAX.unsigned_abs(), u32::MAX] {
            let error = processor_time(pid).expect_err("no such process");
            println!("{pid}: {error}");
        }
    }
}
