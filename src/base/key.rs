//! Names for connections that stay safe when a slot is reused.

/// One connection of one worker: its slot in the slab and the generation of
/// the slot's owner. A key whose generation is not the slot's names a
/// connection that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Slot in the worker's slab.
    pub index: u32,
    /// Counts the connections that the worker has had.
    pub generation: u32,
}

impl Key {
    /// The key as one number, for an event's token.
    #[must_use]
    pub fn pack(self) -> u64 {
        (u64::from(self.generation) << 32) | u64::from(self.index)
    }

    /// The key in a number made by [`Key::pack`].
    #[must_use]
    pub fn unpack(packed: u64) -> Key {
        Key {
            index: packed as u32,
            generation: (packed >> 32) as u32,
        }
    }
}

/// The address of a connection within the server, good on any thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Peer {
    /// The worker that owns the connection.
    pub worker: u16,
    /// Which of the worker's connections.
    pub key: Key,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_packing() {
        for (index, generation) in [(0, 0), (1, 2), (u32::MAX, 0), (0, u32::MAX), (7, 1 << 31)] {
            let key = Key { index, generation };
            assert_eq!(Key::unpack(key.pack()), key);
        }
    }
}
