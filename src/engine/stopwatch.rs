//! How long requests take, where there is a status page to show it; elsewhere
//! no clock is read for it.

/// Times the turns of a loop. What is read in a turn and answered in it has
/// taken that turn; what went to the pool, from that turn to the one that
/// takes the answer.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    /// When the turn began, in microseconds of the server's clock.
    pub(super) turn_us: u64,
    /// Requests and packages that had come by then.
    pub(super) come: u64,
    /// Of those since, how many are with the pool.
    pub(super) handed_over: u64,
}
