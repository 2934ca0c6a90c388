//! Things that are kept for reuse, and not longer than they are of use.

/// A stack of free things: who asks gets the one that came back last. What
/// nobody has needed for a while is let go, the coldest first, so that the most
/// that were ever needed at once do not stay for good.
#[derive(Debug)]
pub struct Kept<T> {
    free: Vec<T>,
    /// The fewest there were since the last [`Kept::unneeded`]: so many were
    /// not needed at all.
    least: usize,
}

impl<T> Kept<T> {
    /// Nothing is kept.
    #[must_use]
    pub const fn new() -> Kept<T> {
        Kept {
            free: Vec::new(),
            least: 0,
        }
    }

    /// The one that came back last.
    #[must_use]
    pub fn take(&mut self) -> Option<T> {
        let one = self.free.pop()?;
        self.least = self.least.min(self.free.len());
        Some(one)
    }

    /// Keeps one more.
    pub fn give(&mut self, one: T) {
        self.free.push(one);
    }

    /// Number of things kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.free.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    /// Half of what nobody has needed since this was last asked, to be let go.
    pub fn unneeded(&mut self) -> impl Iterator<Item = T> {
        let count = self.least.div_ceil(2);
        self.least = self.free.len() - count;
        self.free.drain(..count)
    }

    /// All that is kept, to be let go.
    pub fn all(&mut self) -> impl Iterator<Item = T> {
        self.least = 0;
        self.free.drain(..)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_needs_is_let_go_by_halves_and_the_coldest_first() {
        let mut kept = Kept::new();
        for number in 0..10 {
            kept.give(number);
        }
        let ask = |kept: &mut Kept<i32>| kept.unneeded().collect::<Vec<_>>();
        assert!(ask(&mut kept).is_empty(), "they have just come");
        // Two are in use at a time: eight were never needed.
        let busy = [kept.take(), kept.take()];
        for one in busy.into_iter().flatten().rev() {
            kept.give(one);
        }
        assert_eq!(ask(&mut kept), [0, 1, 2, 3]);
        assert_eq!(kept.take(), Some(9));
        kept.give(9);
        assert_eq!(ask(&mut kept), [4, 5, 6]);
        assert_eq!(ask(&mut kept), [7, 8]);
        assert_eq!((ask(&mut kept), kept.len()), (vec![9], 0));
        assert!(ask(&mut kept).is_empty() && kept.take().is_none());
    }
}
