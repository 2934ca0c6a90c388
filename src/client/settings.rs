//! What a client may be told: its times and its limit.

use crate::base::limits::{
    CALL_S_DEFAULT, HEARTBEAT_GRACE_S, HEARTBEAT_S_DEFAULT, HEARTBEATS_MISSED_MAX,
    PACKAGE_BYTES_DEFAULT,
};
use crate::base::tick::Millis;
use crate::frame::{Framing, HEAD8};

/// How a client behaves. The defaults are those of the server.
///
/// ```
/// use pelton::base::tick::Millis;
/// use pelton::client::Settings;
///
/// let settings = Settings {
///     timeout: Millis::seconds(2),
///     ..Settings::default()
/// };
/// assert_eq!(settings.silence(), Some(Millis::seconds(70)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// After this much quiet a heartbeat is sent, 20 s unless set; `None`
    /// switches heartbeats off, and with them giving up on a silent server.
    pub heartbeat: Option<Millis>,
    /// How long a call may wait for its answer, and a connection until it is
    /// made: 10 s unless set.
    pub timeout: Millis,
    /// Bytes of the longest package that is taken, head included: 30,000
    /// unless set, 65,535 at most.
    pub package_bytes: usize,
    /// How packages stand in the stream: as the server's listener has it, in
    /// [`HEAD8`] unless set.
    pub framing: &'static dyn Framing,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            heartbeat: Some(Millis::seconds(HEARTBEAT_S_DEFAULT)),
            timeout: Millis::seconds(CALL_S_DEFAULT),
            package_bytes: PACKAGE_BYTES_DEFAULT,
            framing: &HEAD8,
        }
    }
}

impl Settings {
    /// How long a server may be silent: three heartbeats and ten seconds.
    #[must_use]
    pub fn silence(&self) -> Option<Millis> {
        let missed = |beat: Millis| beat.0.saturating_mul(HEARTBEATS_MISSED_MAX);
        let grace = Millis::seconds(HEARTBEAT_GRACE_S).0;
        let silence = |beat| Millis(missed(beat).saturating_add(grace));
        self.heartbeat.map(silence)
    }
}
