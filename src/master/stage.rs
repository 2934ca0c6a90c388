//! What a master is in the middle of.

use super::child::Child;
use super::settings::Settings;
use super::sockets::Sockets;
use std::time::Instant;

/// A serving process that is not up yet.
pub(super) struct Starting {
    pub(super) child: Child,
    pub(super) why: Why,
    /// When it has to be up; it is killed then.
    pub(super) until: Option<Instant>,
}

/// What a serving process is started for.
pub(super) enum Why {
    /// None was up.
    Start,
    /// Another configuration, and the sockets that it needs.
    Reload(Box<Settings>, Sockets),
    /// The program that is in the file now.
    Upgrade,
}

/// The master has been told to stop.
pub(super) struct End {
    /// When whatever is left is killed.
    pub(super) until: Instant,
    pub(super) is_fast: bool,
}
