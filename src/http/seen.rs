//! Which fields a head has that may change the answer with a file.

/// A set of the fields that may change the answer with a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen(u8);

impl Seen {
    /// Range is there.
    pub const RANGE: Seen = Seen(1);
    /// If-Range is there.
    pub const IF_RANGE: Seen = Seen(2);
    /// If-Match is there.
    pub const IF_MATCH: Seen = Seen(4);
    /// If-None-Match is there.
    pub const IF_NONE_MATCH: Seen = Seen(8);
    /// If-Modified-Since is there.
    pub const IF_MODIFIED_SINCE: Seen = Seen(16);
    /// If-Unmodified-Since is there.
    pub const IF_UNMODIFIED_SINCE: Seen = Seen(32);

    /// Accept-Encoding is there: it changes the answer if there is a choice.
    pub const ACCEPT_ENCODING: Seen = Seen(64);

    /// Whether a precondition or a range is there. Without one, the answer is
    /// the usual one with the file, or with the variant of it that was chosen.
    #[must_use]
    pub fn has_condition(self) -> bool {
        self.0 & !Seen::ACCEPT_ENCODING.0 != 0
    }

    /// Whether all of `other` are there.
    #[must_use]
    pub fn contains(self, other: Seen) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn insert(&mut self, other: Seen) {
        self.0 |= other.0;
    }
}
