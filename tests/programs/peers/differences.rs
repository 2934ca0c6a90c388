//! The list of differences, `differences.txt`, and what of it is true.

use std::collections::BTreeSet;

/// A difference that was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Difference<'a> {
    /// The request's name.
    pub(crate) request: &'a str,
    pub(crate) peer: &'a str,
    /// `status`, or the name of what differs besides.
    pub(crate) what: &'a str,
    pub(crate) ours: &'a str,
    pub(crate) theirs: &'a str,
}

/// Answers that differ in one way, for one reason.
struct Known<'a> {
    /// Where it stands.
    line: usize,
    peer: &'a str,
    what: &'a str,
    ours: &'a str,
    theirs: Vec<&'a str>,
    /// Names of requests, with stars in them, and where they stand.
    requests: Vec<(usize, &'a str)>,
}

/// The list, and which parts of it have held so far.
pub(crate) struct Differences<'a> {
    all: Vec<Known<'a>>,
    /// As in `claims`.
    used: BTreeSet<Claim<'a>>,
}

/// The number of a line, a peer, and what is said of it there.
type Claim<'a> = (usize, &'a str, &'a str);

impl<'a> Differences<'a> {
    /// Reads the list.
    pub(crate) fn read(text: &'a str) -> Differences<'a> {
        let mut all: Vec<Known<'a>> = Vec::new();
        // Where those begin that the next requests are for.
        let mut from = 0;
        for (at, line) in text.lines().enumerate() {
            let at = at + 1;
            if let Some(request) = line.strip_prefix("    ") {
                assert!(from < all.len(), "line {at}: what differs there?");
                let these = &mut all[from..];
                these
                    .iter_mut()
                    .for_each(|known| known.requests.push((at, request)));
            } else {
                from = all.len();
                if let Some(head) = line.strip_prefix("  ") {
                    all.extend(heads(at, head).unwrap_or_else(|| panic!("line {at}: {line:?}")));
                }
            }
        }
        let used = BTreeSet::new();
        Differences { all, used }
    }

    /// Whether the difference is in the list; the first line that has it is true.
    pub(crate) fn explain(&mut self, one: &Difference<'_>) -> bool {
        let found = self
            .all
            .iter()
            .find_map(|known| Some((known, known.covers(one)?)));
        let Some((known, claims)) = found else {
            return false;
        };
        let peer = known.peer;
        self.used
            .extend(claims.map(|(line, words)| (line, peer, words)));
        true
    }

    /// What is said of these peers and has not been true.
    pub(crate) fn stale(&self, peers: &[&str]) -> Vec<String> {
        let said = self.all.iter().filter(|known| peers.contains(&known.peer));
        let unused = said
            .flat_map(Known::claims)
            .filter(|claim| !self.used.contains(claim));
        unused
            .map(|(line, peer, words)| format!("differences.txt:{line}: {peer}: {words}"))
            .collect()
    }
}

/// `peer, peer: what ours, not theirs or theirs`: one for each peer.
fn heads(line: usize, head: &str) -> Option<Vec<Known<'_>>> {
    let (peers, rest) = head.split_once(": ")?;
    let (what, rest) = rest.split_once(' ')?;
    let (ours, theirs) = rest.split_once(", not ")?;
    let known = |peer| Known {
        line,
        peer,
        what,
        ours,
        theirs: theirs.split(" or ").collect(),
        requests: Vec::new(),
    };
    Some(peers.split(", ").map(known).collect())
}

impl<'a> Known<'a> {
    /// The answer and the request that this one is in the list by.
    fn covers(&self, one: &Difference<'_>) -> Option<[(usize, &'a str); 2]> {
        let alike = (self.peer, self.what, self.ours) == (one.peer, one.what, one.ours);
        let theirs = self
            .theirs
            .iter()
            .find(|theirs| alike && **theirs == one.theirs)?;
        let mut requests = self.requests.iter();
        let request = requests.find(|(_, pattern)| fits(pattern, one.request))?;
        Some([(self.line, theirs), *request])
    }

    fn claims(&self) -> impl Iterator<Item = Claim<'a>> {
        let theirs = self.theirs.iter().map(|theirs| (self.line, *theirs));
        let all = theirs.chain(self.requests.iter().copied());
        all.map(|(line, words)| (line, self.peer, words))
    }
}

/// Whether a pattern, in which a star stands for anything, is that of a name.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits(rest, &name[at..]))
        }),
    }
}

#[test]
fn what_is_listed_and_not_true_is_told() {
    let text = "Why.\n  a, b: status 200, not 404 or 500\n    x/* 1\n    x/y\n";
    let seen = |peer, request, theirs| Difference {
        request,
        peer,
        what: "status",
        ours: "200",
        theirs,
    };
    let mut list = Differences::read(text);
    assert!(list.explain(&seen("a", "x/* 1", "404")));
    assert!(list.explain(&seen("a", "x/z 1", "500")));
    assert!(!list.explain(&seen("a", "x/z 2", "500")));
    assert!(!list.explain(&seen("a", "x/y", "301")));
    assert!(list.explain(&seen("b", "x/y", "404")));
    let of_a = ["differences.txt:4: a: x/y"];
    assert_eq!(list.stale(&["a"]), of_a);
    let of_b = ["differences.txt:2: b: 500", "differences.txt:3: b: x/* 1"];
    assert_eq!(list.stale(&["b"]), of_b);
}
