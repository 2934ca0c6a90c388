//! Why somebody is neither registered nor logged in.

use std::fmt;

/// What stands in the way. [`Refusal::code`] is the result that the protocol
/// has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else has this name.
    Taken,
    /// No account can have such a name or such a password.
    Unacceptable,
    /// Name or password is wrong; which of them nobody is told.
    Wrong,
    /// Too many tries for this name or from this address.
    TooMany {
        /// Seconds until the next try may do.
        retry_after_s: u64,
    },
    /// The store, the hash or the system has failed; the log says more.
    Trouble,
}

impl Refusal {
    /// The `result` of the protocol: 1 to 5 (0 is success).
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Refusal::Taken => 1,
            Refusal::Unacceptable => 2,
            Refusal::Wrong => 3,
            Refusal::TooMany { .. } => 4,
            Refusal::Trouble => 5,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Refusal::Taken => "this name is taken",
            Refusal::Unacceptable => {
                "a name has 1 to 56 bytes that can be seen, a password 8 to 40 bytes"
            }
            Refusal::Wrong => "name or password is wrong",
            Refusal::TooMany { .. } => "too many tries; wait a little",
            Refusal::Trouble => "the server has trouble; try again later",
        })
    }
}

impl std::error::Error for Refusal {}
