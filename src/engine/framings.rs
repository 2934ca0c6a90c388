//! Which framing each listener speaks: names to values.

use super::error::StartError;
use crate::config::{Listen, Protocol};
use crate::frame::{BUILT_IN, Framing, HEAD8};

/// The framings that listeners may name.
pub(super) struct Framings(Vec<&'static dyn Framing>);

impl Framings {
    /// Those that are built in.
    pub(super) fn new() -> Framings {
        Framings(BUILT_IN.to_vec())
    }

    pub(super) fn add(&mut self, framing: &'static dyn Framing) {
        self.0.push(framing);
    }

    /// What packages are in that no connection asked for: the framing of the
    /// first listener for packages.
    ///
    /// # Errors
    /// As [`Framings::of`].
    pub(super) fn usual(&self, listen: &[Listen]) -> Result<&'static dyn Framing, StartError> {
        let frames = |listen: &&Listen| listen.protocol != Protocol::Http;
        let first = listen.iter().find(frames);
        first.map_or(Ok(&HEAD8), |first| self.of(first, &HEAD8))
    }

    /// The framing of what a listener accepts, or `usual` where it speaks HTTP
    /// alone.
    ///
    /// # Errors
    /// No framing has that name, or two have, or it cannot be told from HTTP.
    pub(super) fn of(
        &self,
        listen: &Listen,
        usual: &'static dyn Framing,
    ) -> Result<&'static dyn Framing, StartError> {
        let (addr, name) = (&listen.addr, listen.framing);
        let refused = |why| Err(StartError::Framing(addr.clone(), why));
        let mut named = self.0.iter().filter(|framing| framing.name() == name);
        let Some(&framing) = named.next() else {
            let known: Vec<&str> = self.0.iter().map(|framing| framing.name()).collect();
            let known = known.join(", ");
            return refused(format!(
                "no framing is called {name:?}; name one of these: {known}; or add yours with \
                 Server::framing"
            ));
        };
        if named.next().is_some() {
            return refused(format!(
                "two framings are called {name:?}; give yours another name"
            ));
        }
        match listen.protocol {
            Protocol::Frame => Ok(framing),
            _ if framing != (&HEAD8 as &dyn Framing) => refused(format!(
                "the framing {name:?} shares no port with HTTP; listen with Protocol::Frame"
            )),
            Protocol::Auto => Ok(framing),
            Protocol::Http => Ok(usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FRAMINGS;

    fn named(name: &'static str, protocol: Protocol) -> Listen {
        Listen {
            framing: name,
            ..Listen::new(([127, 0, 0, 1], 0).into(), protocol)
        }
    }

    #[test]
    fn a_file_may_name_what_is_built_in() {
        let built_in = BUILT_IN.map(|framing| framing.name());
        assert_eq!(FRAMINGS, built_in);
        assert_eq!(
            built_in[0],
            Listen::new(([0; 4], 0).into(), Protocol::Frame).framing
        );
    }

    #[test]
    fn what_nobody_asked_for_is_in_the_first_framing_there_is() {
        let framings = Framings::new();
        let usual = |listen: &[Listen]| framings.usual(listen).expect("known").name();
        let http = named("head8", Protocol::Http);
        assert_eq!(usual(&[]), "head8");
        assert_eq!(
            usual(&[http.clone(), named("head16", Protocol::Frame)]),
            "head16"
        );
        assert_eq!(
            usual(&[http.clone(), named("head8", Protocol::Auto)]),
            "head8"
        );
        let of_http = framings.of(&http, BUILT_IN[1]).expect("known");
        assert_eq!(of_http.name(), "head16");
    }

    #[test]
    fn what_cannot_be_is_told_in_one_line() {
        let mut framings = Framings::new();
        let check = |framings: &Framings, listen, part: &str| {
            let refused = framings
                .of(&listen, &HEAD8)
                .expect_err("refused")
                .to_string();
            assert!(
                refused.contains(part) && !refused.contains('\n'),
                "{refused}"
            );
        };
        check(
            &framings,
            named("line", Protocol::Frame),
            "head8, head16; or add",
        );
        check(
            &framings,
            named("head16", Protocol::Auto),
            "Protocol::Frame",
        );
        check(
            &framings,
            named("head16", Protocol::Http),
            "Protocol::Frame",
        );
        framings.add(&HEAD8);
        check(&framings, named("head8", Protocol::Frame), "another name");
    }
}
