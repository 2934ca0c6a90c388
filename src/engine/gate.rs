//! Accepting starts when every thread has reported that it is up.

use std::sync::{Condvar, Mutex, PoisonError};

/// Opens when enough threads stand before it, or is shut for good.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug)]
struct State {
    missing: usize,
    shut: bool,
}

impl Gate {
    /// A gate for `threads` threads.
    pub(super) fn new(threads: usize) -> Gate {
        let state = Mutex::new(State {
            missing: threads,
            shut: false,
        });
        Gate {
            state,
            bell: Condvar::new(),
        }
    }

    /// Reports that this thread is up, and waits for the others. `false`: one
    /// of them could not be started; go home.
    pub(super) fn pass(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.missing = state.missing.saturating_sub(1);
        if state.missing == 0 {
            self.bell.notify_all();
        }
        while state.missing > 0 && !state.shut {
            state = self
                .bell
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.shut
    }

    /// Sends everybody home.
    pub(super) fn shut(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .shut = true;
        self.bell.notify_all();
    }
}
