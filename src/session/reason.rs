//! Every way in which a connection can end.

/// Why a connection ends. The names are those of the counters and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CloseReason {
    /// The last answer asked for it (`Connection: close`, HTTP/1.0), or the
    /// service did.
    Done,
    /// The client closed between two messages, or while it waited for an answer
    /// that comes later.
    PeerClosed,
    /// The client closed in the middle of a message.
    Truncated,
    /// The client reset the connection.
    Reset,
    /// Nothing came between two requests for too long.
    Idle,
    /// A head or a body did not come in time.
    Slow,
    /// A frame client gave no sign of life.
    Silent,
    /// The client did not take its answers in time.
    SlowReader,
    /// Too much waits for a client that does not read.
    QueueFull,
    /// A request broke the rules; it was answered, and the stream is not to be
    /// trusted any more.
    BadRequest,
    /// A connection by a proxy does not begin with a good head of the PROXY
    /// protocol.
    BadProxyHead,
    /// The length of a package is out of bounds.
    BadLength,
    /// One bad package too many.
    BadPackages,
    /// Too many packages in too short a time (`limits.flood_packets`).
    Flood,
    /// There was no memory to receive into.
    NoMemory,
    /// A file became shorter while it was sent.
    FileTruncated,
    /// The server is going away.
    Stopping,
}

impl CloseReason {
    /// Every reason, in the order of the counters.
    pub const ALL: [CloseReason; 17] = [
        CloseReason::Done,
        CloseReason::PeerClosed,
        CloseReason::Truncated,
        CloseReason::Reset,
        CloseReason::Idle,
        CloseReason::Slow,
        CloseReason::Silent,
        CloseReason::SlowReader,
        CloseReason::QueueFull,
        CloseReason::BadRequest,
        CloseReason::BadProxyHead,
        CloseReason::BadLength,
        CloseReason::BadPackages,
        CloseReason::Flood,
        CloseReason::NoMemory,
        CloseReason::FileTruncated,
        CloseReason::Stopping,
    ];

    /// The reason's name for scrapers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CloseReason::Done => "done",
            CloseReason::PeerClosed => "peer_closed",
            CloseReason::Truncated => "truncated",
            CloseReason::Reset => "reset",
            CloseReason::Idle => "idle",
            CloseReason::Slow => "slow",
            CloseReason::Silent => "silent",
            CloseReason::SlowReader => "slow_reader",
            CloseReason::QueueFull => "queue_full",
            CloseReason::BadRequest => "bad_request",
            CloseReason::BadProxyHead => "bad_proxy_head",
            CloseReason::BadLength => "bad_length",
            CloseReason::BadPackages => "bad_packages",
            CloseReason::Flood => "flood",
            CloseReason::NoMemory => "no_memory",
            CloseReason::FileTruncated => "file_truncated",
            CloseReason::Stopping => "stopping",
        }
    }

    /// The reason in words, for the log.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            CloseReason::Done => "answered",
            CloseReason::PeerClosed => "closed by the client",
            CloseReason::Truncated => "closed by the client in the middle of a message",
            CloseReason::Reset => "reset by the client",
            CloseReason::Idle => "idle for too long",
            CloseReason::Slow => "a request did not come in time",
            CloseReason::Silent => "no sign of life from a frame client",
            CloseReason::SlowReader => "answers were not taken in time",
            CloseReason::QueueFull => "too much waits for a client that does not read",
            CloseReason::BadRequest => "a request that cannot be trusted",
            CloseReason::BadProxyHead => "no good head of the PROXY protocol (proxy_protocol)",
            CloseReason::BadLength => "a package whose length is out of bounds",
            CloseReason::BadPackages => "too many bad packages",
            CloseReason::Flood => "a flood of packages (limits.flood_packets)",
            CloseReason::NoMemory => "no buffer memory left (limits.buffer_mb)",
            CloseReason::FileTruncated => "a file became shorter while it was sent",
            CloseReason::Stopping => "the server is stopping",
        }
    }

    /// Whether this is a fault, of a client or of ours, that the log tells.
    /// Clients that come and go, slowly or suddenly, are the life of a network.
    #[must_use]
    pub fn is_fault(self) -> bool {
        matches!(
            self,
            CloseReason::QueueFull
                | CloseReason::BadRequest
                | CloseReason::BadProxyHead
                | CloseReason::BadLength
                | CloseReason::BadPackages
                | CloseReason::Flood
                | CloseReason::NoMemory
                | CloseReason::FileTruncated
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_listed_at_its_own_number() {
        for (number, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
        }
    }
}
