//! Groups of peers that get the same packages.

use super::letter::{Letter, Recipients};
use crate::base::key::{Key, Peer};
use crate::frame::Packed;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A set of peers, of any workers. Owns their addresses; a peer that is gone
/// costs nothing but its place, and leaves when the service's
/// [`closed`](super::Service::closed) says so.
///
/// ```
/// use pelton::Router;
/// use pelton::service::Group;
/// use std::sync::Arc;
///
/// let room = Arc::new(Group::new());
/// let (joins, leaves) = (room.clone(), room.clone());
/// let router = Router::new()
///     .message(7, move |package, context| {
///         joins.join(context.peer);
///         Ok(context.broadcast(&joins, 7, package.body)?) // to all, the sender too
///     })
///     .closed(move |_, context| {
///         leaves.leave(context.peer);
///     });
/// # let _ = router;
/// ```
#[derive(Debug, Default)]
pub struct Group {
    members: Mutex<BTreeSet<Peer>>,
}

impl Group {
    /// An empty group.
    #[must_use]
    pub fn new() -> Group {
        Group::default()
    }

    /// Adds a peer; `false` if it was in.
    pub fn join(&self, peer: Peer) -> bool {
        self.members().insert(peer)
    }

    /// Removes a peer; `false` if it was not in.
    pub fn leave(&self, peer: Peer) -> bool {
        self.members().remove(&peer)
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Whether nobody is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// One letter for each worker that owns members.
    pub(crate) fn letters(&self, package: &Packed) -> Vec<Letter> {
        let members: Vec<Peer> = self.members().iter().copied().collect();
        let of_one_worker = |peers: &[Peer]| {
            let keys: Arc<[Key]> = peers.iter().map(|peer| peer.key).collect();
            let to = Recipients::Many(keys);
            Letter {
                worker: peers[0].worker,
                to,
                package: package.clone(),
            }
        };
        members
            .chunk_by(|a, b| a.worker == b.worker)
            .map(of_one_worker)
            .collect()
    }

    /// A set of addresses is whole after any panic, so poison is no matter.
    fn members(&self) -> MutexGuard<'_, BTreeSet<Peer>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::HEAD8;

    #[test]
    fn members_of_one_worker_share_a_letter_and_all_share_the_package() {
        let group = Group::new();
        for index in 0..10 {
            let key = Key {
                index,
                generation: 7,
            };
            assert!(group.join(Peer {
                worker: (index % 2) as u16,
                key
            }));
        }
        let gone = Peer {
            worker: 0,
            key: Key {
                index: 0,
                generation: 7,
            },
        };
        assert!(!group.join(gone), "nobody is in twice");
        assert!(group.leave(gone) && !group.leave(gone));
        let package = Packed::new(&HEAD8, 7, 0, b"package").expect("short");
        let letters = group.letters(&package);
        let counts: Vec<_> = letters
            .iter()
            .map(|letter| letter.to.keys().len())
            .collect();
        assert_eq!((group.len(), counts), (9, vec![4, 5]));
        assert!(
            letters
                .iter()
                .all(|letter| Arc::ptr_eq(letter.package.bytes(), package.bytes()))
        );
    }
}
