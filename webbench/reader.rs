//! Answers of either protocol. Pure.

use crate::answer::{Answer, Asked, BadAnswer, ClosedEarly, Memo, Taken, Whole};
use crate::package::{Packages, Wanted};

/// What kind of answer the requests of a run get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Http(Asked),
    Package(Wanted),
}

/// A reader of the answers on one connection.
#[derive(Debug)]
pub(crate) enum Reader {
    Http(Answer),
    Packages(Packages),
}

impl Reader {
    /// A reader at the start of a connection.
    pub(crate) fn new(expected: Expected) -> Reader {
        match expected {
            Expected::Http(asked) => Reader::Http(Answer::new(asked)),
            Expected::Package(wanted) => Reader::Packages(Packages::new(wanted)),
        }
    }

    /// Takes what came; after a whole answer it waits for the next one.
    ///
    /// # Errors
    /// [`BadAnswer`]; the connection is of no more use.
    pub(crate) fn take(&mut self, input: &[u8], memo: &mut Memo) -> Result<Taken, BadAnswer> {
        match self {
            Reader::Http(answer) => answer.take(input, memo),
            Reader::Packages(packages) => packages.take(input),
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// [`ClosedEarly`] where the answer is not whole by that.
    pub(crate) fn end(&mut self) -> Result<Whole, ClosedEarly> {
        match self {
            Reader::Http(answer) => answer.end(),
            Reader::Packages(_) => Err(ClosedEarly),
        }
    }
}
