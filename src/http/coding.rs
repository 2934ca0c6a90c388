//! Content codings, and which of them a client takes (RFC 9110 12.5.3).

use super::fields::elements;
use super::head::Head;

/// A content coding that a file may be stored in (RFC 9110 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878).
    Zstd,
    /// `gzip`, and `x-gzip`, which means the same.
    Gzip,
    /// None.
    Identity,
}

/// What follows a file's name in that of a file beside it, which is the same in
/// this coding.
pub const BESIDE: [(Coding, &[u8]); 3] = [
    (Coding::Brotli, b".br"),
    (Coding::Zstd, b".zst"),
    (Coding::Gzip, b".gz"),
];

/// The name of the plain file that one with this name lies beside, if it does
/// by its end.
#[must_use]
pub fn plain_name(name: &[u8]) -> Option<&[u8]> {
    BESIDE.iter().find_map(|(_, end)| name.strip_suffix(*end))
}

impl Coding {
    /// All of them, in the order that the server prefers: the smallest first.
    pub const ALL: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];

    /// Its name in Content-Encoding, where [`Coding::Identity`] is not named.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
            Coding::Identity => "identity",
        }
    }

    /// The field line that names it, its CRLF included; empty for the plain one.
    #[must_use]
    pub fn field_line(self) -> &'static [u8] {
        match self {
            Coding::Brotli => b"Content-Encoding: br\r\n",
            Coding::Zstd => b"Content-Encoding: zstd\r\n",
            Coding::Gzip => b"Content-Encoding: gzip\r\n",
            Coding::Identity => b"",
        }
    }

    fn named(name: &[u8]) -> Option<Coding> {
        let is = |coding: &Coding| name.eq_ignore_ascii_case(coding.name().as_bytes());
        let known = Coding::ALL.into_iter().find(is);
        known.or_else(|| name.eq_ignore_ascii_case(b"x-gzip").then_some(Coding::Gzip))
    }
}

/// A set of codings: those that a file is there in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codings(u8);

impl Codings {
    /// The same with one more.
    #[must_use]
    pub fn with(self, coding: Coding) -> Codings {
        Codings(self.0 | 1 << coding as u8)
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(self, coding: Coding) -> bool {
        self.0 & 1 << coding as u8 != 0
    }
}

/// Which of the codings that are `there` to send: the one that the client gives
/// the most weight, and among equals the first of [`Coding::ALL`]. Without an
/// Accept-Encoding it is the plain one.
///
/// The plain one also goes to those who exclude it: a client that asked for a
/// file rather reads it than a 406, and the RFC leaves that to the server
/// (12.4.1). `None`: it is not there, and what is there is not taken; 406.
#[must_use]
pub fn choose(head: &Head<'_>, there: Codings) -> Option<Coding> {
    let accepted = Accepted::of(head);
    let mut best: Option<(Coding, u16)> = None;
    for coding in Coding::ALL
        .into_iter()
        .filter(|&coding| there.contains(coding))
    {
        if let Some(weight) = accepted.weight(coding)
            && best.is_none_or(|(_, most)| weight > most)
        {
            best = Some((coding, weight));
        }
    }
    let plain = there.contains(Coding::Identity).then_some(Coding::Identity);
    best.map(|(coding, _)| coding).or(plain)
}

/// Weights in thousandths: what the lines of a head say of each coding, and of
/// those that they do not name.
#[derive(Clone, Copy, Debug, Default)]
struct Accepted {
    named: [Option<u16>; Coding::ALL.len()],
    others: Option<u16>,
    /// There is a line, even if nothing is in it.
    any: bool,
}

impl Accepted {
    fn of(head: &Head<'_>) -> Accepted {
        let mut accepted = Accepted::default();
        for line in head.all("accept-encoding") {
            accepted.any = true;
            elements(line).for_each(|element| accepted.take(element));
        }
        accepted
    }

    /// An element that is malformed, or of a coding that is not known here, says
    /// nothing. Of one that is named twice the lesser weight counts: what was
    /// forbidden once is not sent.
    fn take(&mut self, element: &[u8]) {
        let Some((name, weight)) = weighted(element) else {
            return;
        };
        let place = match Coding::named(name) {
            Some(coding) => &mut self.named[coding as usize],
            None if name == b"*" => &mut self.others,
            None => return,
        };
        *place = Some(place.map_or(weight, |known| known.min(weight)));
    }

    /// The weight of a coding, unless it is not taken.
    fn weight(&self, coding: Coding) -> Option<u16> {
        let given = self.named[coding as usize].or(self.others);
        match (given, coding) {
            (Some(0), _) => None,
            (Some(weight), _) => Some(weight),
            // Fine as long as nobody excludes it, but not what was asked for.
            (None, Coding::Identity) => Some(1),
            // Whoever says nothing takes anything (12.5.3), if it must be.
            (None, _) => (!self.any).then_some(0),
        }
    }
}

/// `coding [ OWS ";" OWS "q=" qvalue ]` (12.4.2 and 12.5.3).
fn weighted(element: &[u8]) -> Option<(&[u8], u16)> {
    let Some(mark) = memchr::memchr(b';', element) else {
        return Some((element, 1_000));
    };
    let name = element[..mark].trim_ascii_end();
    match element[mark + 1..].trim_ascii_start() {
        [b'q' | b'Q', b'=', value @ ..] => Some((name, thousandths(value)?)),
        _ => None,
    }
}

/// A qvalue: from 0 to 1, with three decimals at most (12.4.2).
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, decimals) = match value {
        [whole @ b'0'..=b'1'] => (whole, &[][..]),
        [whole @ b'0'..=b'1', b'.', decimals @ ..] => (whole, decimals),
        _ => return None,
    };
    if decimals.len() > 3 || !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| decimals.get(at).map_or(0, |digit| u16::from(digit - b'0'));
    let thousandths = u16::from(whole - b'0') * 1_000 + digit(0) * 100 + digit(1) * 10 + digit(2);
    (thousandths <= 1_000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::super::{head, parse};
    use super::*;
    use Coding::{Brotli, Gzip, Identity, Zstd};

    fn check(lines: &[&str], there: &[Coding], expected: Option<Coding>) {
        let there = there
            .iter()
            .fold(Codings::default(), |all, one| all.with(*one));
        let text: String = lines
            .iter()
            .map(|line| format!("Accept-Encoding: {line}\r\n"))
            .collect();
        let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{text}\r\n");
        let mut room = head::HeadRoom::new();
        let head = parse::parse(text.as_bytes(), &mut room).expect("a good head");
        assert_eq!(choose(&head, there), expected, "{lines:?} of {there:?}");
    }

    /// The choice where every coding is there.
    fn of_all(line: &str, expected: Coding) {
        check(&[line], &Coding::ALL, Some(expected));
    }

    #[test]
    fn the_examples_of_the_rfc() {
        of_all("compress, gzip", Gzip);
        of_all("", Identity);
        of_all("*", Brotli);
        of_all("compress;q=0.5, gzip;q=1.0", Gzip);
        of_all("gzip;q=1.0, identity; q=0.5, *;q=0", Gzip);
    }

    #[test]
    fn what_weighs_most_is_sent_and_among_equals_what_the_server_likes_best() {
        for (line, expected) in [
            ("gzip, deflate, br, zstd", Brotli),
            ("gzip, deflate, zstd", Zstd),
            ("gzip, deflate", Gzip),
            ("deflate", Identity),
            ("identity", Identity),
            ("gzip;q=0.9, br;q=0.8", Gzip),
            ("gzip;q=0.801, br;q=0.8", Gzip),
            ("gzip;q=0.8, br;q=0.800", Brotli),
            ("gzip;q=0.001", Gzip),
            ("gzip;q=0.5, identity", Identity),
            ("gzip;q=0.5, identity;q=0.5", Gzip),
            ("gzip;q=0.5, identity;q=0.501", Identity),
            ("*;q=0.5, gzip", Gzip),
            ("*, br;q=0", Zstd),
            ("*, br;q=0, zstd;q=0, gzip;q=0", Identity),
            ("*;q=0.3, identity;q=0.2", Brotli),
            ("GZIP", Gzip),
            ("x-gzip", Gzip),
            ("X-GZip;q=0.5", Gzip),
            ("x-gzip;q=0, gzip", Identity),
            ("gzip, gzip;q=0", Identity),
        ] {
            of_all(line, expected);
        }
    }

    #[test]
    fn names_are_compared_as_wholes() {
        for line in [
            "gzipped", "xgzip", "brotli", "b", "br br", "gzip/1", "\"gzip\"", "**", "zst",
        ] {
            of_all(line, Identity);
        }
    }

    #[test]
    fn weights_by_their_grammar() {
        for good in [
            "gzip;q=1",
            "gzip;q=1.",
            "gzip;q=1.000",
            "gzip;Q=0.5",
            "gzip ; q=0.5",
            "gzip\t;\tq=1",
            "gzip;q=0.999",
            ",, gzip ,,",
        ] {
            of_all(good, Gzip);
        }
        for none in ["gzip;q=0", "gzip;q=0.", "gzip;q=0.0", "gzip;q=0.000"] {
            of_all(none, Identity);
        }
        for bad in [
            "gzip;q=1.001",
            "gzip;q=1.0000",
            "gzip;q=0.0001",
            "gzip;q=2",
            "gzip;q=.5",
            "gzip;q=",
            "gzip;q",
            "gzip;",
            "gzip;q=-1",
            "gzip;q=+1",
            "gzip;q=0,5",
            "gzip;q =1",
            "gzip;q= 1",
            "gzip;q=1;q=1",
            "gzip;level=9",
            "gzip;q=0.5;a=b",
            "gzip;q=\"1\"",
            "gzip;q=1e0",
            ";q=1",
        ] {
            of_all(bad, Identity);
        }
        of_all("gzip;q=x, br;q=0.1", Brotli);
    }

    #[test]
    fn several_lines_are_one_list() {
        check(&["gzip;q=0.5", "br;q=0.4"], &Coding::ALL, Some(Gzip));
        check(&["gzip", "", "br"], &Coding::ALL, Some(Brotli));
        check(&["gzip;q=0", "*"], &[Gzip, Identity], Some(Identity));
    }

    #[test]
    fn what_is_there_decides_what_can_be_chosen() {
        for (lines, there, expected) in [
            (&["br, gzip"][..], &[Gzip, Identity][..], Some(Gzip)),
            (&["br"], &[Gzip, Identity], Some(Identity)),
            (&["br"], &[], None),
            // The plain one also goes to those who exclude it.
            (&["identity;q=0"], &[Identity], Some(Identity)),
            (&["*;q=0"], &[Identity], Some(Identity)),
            (&["br, *;q=0"], &[Gzip, Identity], Some(Identity)),
            (&["br, identity;q=0"], &[Gzip, Identity], Some(Identity)),
            // Without a plain one.
            (&["gzip"], &[Gzip, Brotli], Some(Gzip)),
            (&["identity"], &[Gzip], None),
            (&[""], &[Gzip], None),
            (&["*;q=0"], &[Gzip, Brotli], None),
            (&["gzip;q=0"], &[Gzip], None),
            (&[], &[Gzip, Zstd], Some(Zstd)),
            (&[], &[Gzip, Identity], Some(Identity)),
        ] {
            check(lines, there, expected);
        }
    }
}
