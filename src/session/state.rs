//! Every transition of the machine, in one table.
//!
//! ```text
//!               FirstByte                 HeadWhole
//!  HeadInit ----------------> HeadReceiving ------> BodyInit
//!   ^  ^                                             |  |
//!   |  |                 NoBody                      |  | BodyFollows
//!   |  +---------------------------------------------+  v
//!   |                   BodyWhole                   BodyReceiving
//!   +------------------------------------------------+
//!
//!  From every state: Over -> Ended
//! ```
//!
//! Both protocols are a head and then a body, so both go through these.

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Between messages: nothing of a head has come.
    HeadInit,
    /// Some of a head has come.
    HeadReceiving,
    /// A head is whole: what becomes of its body is being decided.
    BodyInit,
    /// Some of a body is still to come.
    BodyReceiving,
    /// No further message is taken.
    Ended,
}

/// What moves a session on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A byte came that belongs to a head.
    FirstByte,
    /// The head is whole.
    HeadWhole,
    /// No more of this message is to come.
    NoBody,
    /// A body follows, and is not whole yet.
    BodyFollows,
    /// The body is whole.
    BodyWhole,
    /// The last message is through, or the stream is not to be trusted.
    Over,
}

/// The table: from, event, to.
pub const TABLE: [(State, Event, State); 10] = [
    (State::HeadInit, Event::FirstByte, State::HeadReceiving),
    (State::HeadReceiving, Event::HeadWhole, State::BodyInit),
    (State::BodyInit, Event::NoBody, State::HeadInit),
    (State::BodyInit, Event::BodyFollows, State::BodyReceiving),
    (State::BodyReceiving, Event::BodyWhole, State::HeadInit),
    (State::HeadInit, Event::Over, State::Ended),
    (State::HeadReceiving, Event::Over, State::Ended),
    (State::BodyInit, Event::Over, State::Ended),
    (State::BodyReceiving, Event::Over, State::Ended),
    (State::Ended, Event::Over, State::Ended),
];

const STATES: usize = 5;
const EVENTS: usize = 6;

/// [`TABLE`] by state and event, so that a step is one look-up.
const NEXT: [[Option<State>; EVENTS]; STATES] = {
    let mut next = [[None; EVENTS]; STATES];
    let mut row = 0;
    while row < TABLE.len() {
        let (from, event, to) = TABLE[row];
        next[from as usize][event as usize] = Some(to);
        row += 1;
    }
    next
};

impl State {
    /// The state after `event`. An event that the table does not know in this
    /// state is a fault of ours: it ends the session, and fails a debug build.
    #[must_use]
    #[inline]
    pub fn next(self, event: Event) -> State {
        let next = NEXT[self as usize][event as usize];
        debug_assert!(next.is_some(), "no way out of {self:?} by {event:?}");
        next.unwrap_or(State::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrows of the diagram above, as pairs of names.
    fn drawn() -> Vec<(String, String)> {
        let source = include_str!("state.rs");
        let mut names = Vec::new();
        for line in source.lines().take_while(|line| line.starts_with("//!")) {
            for word in line.split(|c: char| !c.is_alphanumeric()) {
                names.push((word.to_owned(), line.to_owned()));
            }
        }
        names
    }

    #[test]
    fn the_diagram_names_every_state_and_event_of_the_table_and_no_other() {
        let drawn: Vec<String> = drawn().into_iter().map(|(word, _)| word).collect();
        for (from, event, to) in TABLE {
            for name in [format!("{from:?}"), format!("{event:?}"), format!("{to:?}")] {
                assert!(drawn.contains(&name), "{name} is not in the diagram");
            }
        }
        let known: Vec<String> = TABLE
            .iter()
            .flat_map(|(from, event, to)| {
                [format!("{from:?}"), format!("{event:?}"), format!("{to:?}")]
            })
            .collect();
        let compound = |word: &&String| {
            word.chars().filter(|c| c.is_uppercase()).count() > 1 && *word != "HTTP"
        };
        for word in drawn.iter().filter(compound) {
            assert!(known.contains(word), "{word} is drawn but not in the table");
        }
    }

    #[test]
    fn every_state_can_be_reached_and_left() {
        for (from, _, to) in TABLE {
            assert!(
                from == State::HeadInit || TABLE.iter().any(|row| row.2 == from && row.0 != from)
            );
            assert!(to == State::Ended || TABLE.iter().any(|row| row.0 == to && row.2 != to));
        }
    }

    #[test]
    fn no_state_has_two_ways_by_one_event() {
        for (at, (from, event, _)) in TABLE.iter().enumerate() {
            let same = TABLE[at + 1..]
                .iter()
                .any(|row| row.0 == *from && row.1 == *event);
            assert!(!same, "{from:?} by {event:?} is there twice");
        }
    }
}
