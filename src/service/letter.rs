//! Letters: packages for other connections.

use crate::base::key::Key;
use crate::frame::{Framing, Packed};
use std::sync::Arc;

/// A package for other connections.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The worker that owns the recipients.
    pub worker: u16,
    /// Which of its connections.
    pub to: Recipients,
    /// The whole package, shared by all who get it.
    pub package: Packed,
}

/// The recipients of a [`Letter`], all of one worker.
#[derive(Clone, Debug)]
pub enum Recipients {
    /// One connection.
    One(Key),
    /// Several.
    Many(Arc<[Key]>),
}

impl Recipients {
    /// The keys, one by one.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        match self {
            Recipients::One(key) => std::slice::from_ref(key),
            Recipients::Many(keys) => keys,
        }
    }
}

/// The package of one letter in every framing that a recipient speaks: made
/// once for each, and shared by those who speak it. Owns what it made.
#[derive(Debug)]
pub struct Copies<'a> {
    letter: &'a Letter,
    /// `None`: it does not fit there. As many as there are framings.
    others: Vec<(&'static dyn Framing, Option<Packed>)>,
}

impl<'a> Copies<'a> {
    /// Nothing is made yet.
    #[must_use]
    pub fn of(letter: &'a Letter) -> Copies<'a> {
        Copies {
            letter,
            others: Vec::new(),
        }
    }

    /// The package in `framing`; `None` if it does not fit there.
    pub fn in_framing(&mut self, framing: &'static dyn Framing) -> Option<&Packed> {
        let package = &self.letter.package;
        if package.framing() == framing {
            return Some(package);
        }
        let known = self.others.iter().position(|(of, _)| *of == framing);
        let at = known.unwrap_or_else(|| {
            self.others.push((framing, package.repacked(framing)));
            self.others.len() - 1
        });
        self.others[at].1.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{HEAD8, HEAD16};

    #[test]
    fn those_who_speak_a_framing_share_one_copy() {
        let key = Key {
            index: 0,
            generation: 1,
        };
        let letter = Letter {
            worker: 0,
            to: Recipients::One(key),
            package: Packed::new(&HEAD8, 7, 0, b"hello").expect("short"),
        };
        let mut copies = Copies::of(&letter);
        let mut bytes = |framing| copies.in_framing(framing).expect("it fits").bytes().clone();
        assert!(Arc::ptr_eq(&bytes(&HEAD8), letter.package.bytes()));
        let long = bytes(&HEAD16);
        assert_eq!(long.len(), 21);
        assert!(Arc::ptr_eq(&bytes(&HEAD16), &long));
    }
}
