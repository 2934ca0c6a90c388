//! Reading the packages that come as answers, in pieces cut anywhere, and
//! checking them: length, code and CRC. Pure.

use crate::answer::{BadAnswer, Taken, Whole};
use pelton::base::limits::{PACKAGE_BYTES_MAX, PACKAGE_HEAD_BYTES};
use pelton::frame::layout::PackageHead;
use pelton::frame::{ECHO, HEARTBEAT, codec};

/// A heartbeat, which either side may send at any time.
const SIGN_OF_LIFE: [u8; PACKAGE_HEAD_BYTES] = [0, 8, 0, 0, 0, 0, 0, 0];

/// What an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    code: u16,
    /// The very head that was sent, where the body comes back as it is.
    echo: Option<PackageHead>,
}

/// A reader of the packages on one connection. It owns memory only where a
/// package is cut.
#[derive(Debug)]
pub(crate) struct Packages {
    wanted: Wanted,
    /// The start of a package whose end has not come yet.
    begun: Vec<u8>,
}

impl Wanted {
    /// What answers this request, which is a whole package.
    pub(crate) fn by(request: &[u8]) -> Wanted {
        let head = PackageHead::read(request);
        Wanted {
            code: head.map_or(HEARTBEAT, |head| head.code),
            echo: head.filter(|head| head.code == ECHO),
        }
    }
}

impl Packages {
    /// A reader at the start of a connection.
    pub(crate) fn new(wanted: Wanted) -> Packages {
        Packages {
            wanted,
            begun: Vec::new(),
        }
    }

    /// Takes what came; after a whole answer it waits for the next one.
    ///
    /// # Errors
    /// [`BadAnswer`]; the connection is of no more use.
    pub(crate) fn take(&mut self, input: &[u8]) -> Result<Taken, BadAnswer> {
        let mut at = 0;
        while at < input.len() {
            let rest = &input[at..];
            let bytes = if self.begun.is_empty() {
                let Some(package) = self.whole(rest)? else {
                    self.begun.extend_from_slice(rest);
                    break;
                };
                at += package.len();
                self.check(package)?
            } else {
                at += self.fill(rest)?;
                match self.whole(&self.begun)? {
                    Some(package) => {
                        let bytes = self.check(package)?;
                        self.begun = Vec::new(); // a client at rest owns none
                        bytes
                    }
                    None => continue,
                }
            };
            if let Some(bytes) = bytes {
                let whole = Whole {
                    status: 200,
                    keeps: true,
                    bytes,
                };
                return Ok(Taken::Whole(whole, self.answers(&input[at..]).len()));
            }
        }
        Ok(Taken::More)
    }

    /// What comes behind an answer, without the signs of life that nobody asked
    /// for.
    fn answers<'a>(&self, mut input: &'a [u8]) -> &'a [u8] {
        while self.wanted.code != HEARTBEAT
            && let Some(rest) = input.strip_prefix(&SIGN_OF_LIFE)
        {
            input = rest;
        }
        input
    }

    /// Takes what the package that is begun lacks, its head first; says how
    /// much that was.
    fn fill(&mut self, input: &[u8]) -> Result<usize, BadAnswer> {
        let wanted = match PackageHead::read(&self.begun) {
            Some(head) => self.len(head)?,
            None => PACKAGE_HEAD_BYTES,
        };
        let count = (wanted - self.begun.len()).min(input.len());
        self.begun.extend_from_slice(&input[..count]);
        Ok(count)
    }

    /// The package at the front of `input`, or none while it is not whole.
    fn whole<'a>(&self, input: &'a [u8]) -> Result<Option<&'a [u8]>, BadAnswer> {
        match PackageHead::read(input) {
            Some(head) => Ok(input.get(..self.len(head)?)),
            None => Ok(None),
        }
    }

    /// Length of the whole package that this head begins, if it may come: as
    /// an answer, or as a sign of life.
    fn len(&self, head: PackageHead) -> Result<usize, BadAnswer> {
        let body = head.body_len(PACKAGE_BYTES_MAX).ok_or(BadAnswer)?;
        let answers =
            head.code == self.wanted.code && self.wanted.echo.is_none_or(|echo| head == echo);
        let lives = head.code == HEARTBEAT && body == 0;
        (answers || lives)
            .then_some(PACKAGE_HEAD_BYTES + body)
            .ok_or(BadAnswer)
    }

    /// The length of a whole package that is an answer; none for a sign of
    /// life that was not asked for.
    fn check(&self, package: &[u8]) -> Result<Option<u64>, BadAnswer> {
        let head = PackageHead::read(package).ok_or(BadAnswer)?;
        codec::check(head, &package[PACKAGE_HEAD_BYTES..]).ok_or(BadAnswer)?;
        let answers = head.code == self.wanted.code;
        Ok(answers.then_some(package.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(code: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        codec::encode(code, body, &mut bytes).expect("short enough");
        bytes
    }

    /// How many right answers `parts` are to `request`.
    fn read<'a>(request: &[u8], parts: impl Iterator<Item = &'a [u8]>) -> Result<usize, BadAnswer> {
        let mut packages = Packages::new(Wanted::by(request));
        let mut count = 0;
        for part in parts {
            let mut rest = part;
            while let Taken::Whole(whole, behind) = packages.take(rest)? {
                assert!(whole.keeps && whole.status == 200);
                rest = &rest[rest.len() - behind..];
                count += 1;
            }
        }
        Ok(count)
    }

    #[test]
    fn answers_cut_anywhere() {
        for request in [package(1, b"hello"), package(0, b""), package(9, b"what")] {
            let other = package(request[3].into(), if request[3] == 9 { b"is" } else { b"" });
            let answer = if request[3] == 9 { &other } else { &request };
            let stream = [&answer[..], answer, answer].concat();
            assert_eq!(read(&request, [&stream[..]].into_iter()), Ok(3));
            for size in 1..stream.len() {
                assert_eq!(read(&request, stream.chunks(size)), Ok(3), "by {size}");
            }
        }
    }

    #[test]
    fn a_sign_of_life_in_between_is_no_answer() {
        let echo = package(1, b"hello");
        let stream = [package(0, b""), echo.clone(), package(0, b"")].concat();
        let mut packages = Packages::new(Wanted::by(&echo));
        let taken = packages.take(&stream).expect("an answer");
        assert!(matches!(taken, Taken::Whole(_, 0)), "and nothing behind it");
        assert_eq!(SIGN_OF_LIFE[..], package(0, b"")[..]);
        for size in 1..=stream.len() {
            assert_eq!(read(&echo, stream.chunks(size)), Ok(1), "by {size}");
        }
    }

    #[test]
    fn wrong_answers() {
        let echo = package(1, b"hello");
        let mut broken = echo.clone();
        broken[12] ^= 1;
        for answer in [
            package(1, b"hallo"),
            package(1, b"hello!"),
            package(2, b"hello"),
            broken,
            vec![0, 7, 0, 1, 0, 0, 0, 0],
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec().repeat(1_000),
        ] {
            assert_eq!(
                read(&echo, [&answer[..]].into_iter()),
                Err(BadAnswer),
                "{answer:?}"
            );
            assert_eq!(
                read(&echo, answer.chunks(3)),
                Err(BadAnswer),
                "in pieces: {answer:?}"
            );
        }
    }
}
