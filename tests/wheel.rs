//! The timing wheel against a model that looks at every key every time.

#[path = "samples/random.rs"]
mod random;

use pelton::base::tick::{Tick, Time};
use pelton::wheel::Wheel;
use random::Random;
use std::collections::BTreeMap;

const SEEDS: u64 = 4_000;
const STEPS: usize = 300;

#[test]
fn the_wheel_is_the_model() {
    for seed in 0..SEEDS {
        let mut pair = Pair::new(seed);
        for _ in 0..STEPS {
            pair.step();
        }
        pair.run_dry();
    }
}

/// What the model knows of a live key.
#[derive(Clone, Copy, Debug)]
struct Due {
    due: Time,
    /// The tick by which it must have left: that at or after its due time, or
    /// the first that the hand had yet to visit when it was set.
    by: Tick,
}

/// A wheel and the model, given the same.
struct Pair {
    seed: u64,
    random: Random,
    wheel: Wheel,
    model: BTreeMap<u32, Due>,
    now: Time,
    /// The last tick that the hand has visited.
    visited: Tick,
    /// Slots in use: a few, so that they are reused, or many.
    slots: usize,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let mut random = Random::new(seed);
        let now = Time(random.below(20_000) as u64);
        let slots = *random.pick(&[1, 3, 20, 200]);
        Pair {
            seed,
            wheel: Wheel::new(now),
            model: BTreeMap::new(),
            visited: now.tick(),
            now,
            slots,
            random,
        }
    }

    fn step(&mut self) {
        match self.random.below(10) {
            0..6 => self.set(),
            6 => self.remove(),
            _ => self.turn_later(),
        }
        self.check_shape();
    }

    fn set(&mut self) {
        let index = self.random.below(self.slots) as u32;
        let due = self.some_due(index);
        self.wheel.set(index, due);
        if due == Time::NEVER {
            self.model.remove(&index);
            return;
        }
        let next = Tick(self.visited.0 + 1);
        let by = due.tick_at_or_after().max(next);
        self.model.insert(index, Due { due, by });
    }

    /// Soon, late, at a tick's very edge, past, a little off the old one,
    /// never, or as good as never.
    fn some_due(&mut self, index: u32) -> Time {
        let now = self.now.0;
        let old = self.model.get(&index).map_or(now, |known| known.due.0);
        let off = self.random.below(3_000) as u64;
        let far = self.random.below(100_000) as u64;
        match self.random.below(9) {
            0 | 1 => Time(now + off),
            2 => Time(now + far),
            3 => Tick(self.now.tick().0 + off % 20).begins(),
            4 => Time(now.saturating_sub(far)),
            5 => Time(old.saturating_add(off)),
            6 => Time(old.saturating_sub(off)),
            7 => Time(u64::MAX - 1 - off),
            _ => Time::NEVER,
        }
    }

    fn remove(&mut self) {
        // Also slots that the wheel has never heard of.
        let index = self.random.below(self.slots + 5) as u32;
        self.wheel.remove(index);
        self.model.remove(&index);
    }

    /// The next turn: within the tick, at the time asked for, late, or very
    /// late.
    fn turn_later(&mut self) {
        let asked = self.wheel.next_turn().map_or(0, |at| at.since(self.now).0);
        let pass = match self.random.below(6) {
            0 => 0,
            1 => self.random.below(400),
            2 => asked as usize,
            3 => asked as usize + self.random.below(1_500),
            4 => self.random.below(10_000),
            _ => self.random.below(100_000),
        };
        self.turn(Time(self.now.0 + pass as u64));
    }

    fn turn(&mut self, now: Time) {
        self.now = now;
        self.visited = self.visited.max(now.tick());
        let mut expired = Vec::new();
        self.wheel.turn(now, &mut expired);
        for index in expired {
            // Not in the model: it was dropped twice, or was not on the wheel.
            let known = self.model.remove(&index);
            let in_time = known.is_some_and(|known| known.due <= now);
            assert!(
                in_time,
                "{}: {index} dropped at {now:?}: {known:?}",
                self.seed
            );
        }
        for (index, known) in &self.model {
            let waits = known.by > now.tick();
            assert!(waits, "{}: {index} left at {now:?}: {known:?}", self.seed);
        }
    }

    /// Each live key is in one bucket, and the loop is told to come back.
    fn check_shape(&self) {
        let Pair {
            seed, wheel, model, ..
        } = self;
        let linked: usize = wheel.bucket_lens().iter().sum();
        let lens = (wheel.len(), linked, wheel.is_empty());
        assert_eq!(lens, (model.len(), model.len(), model.is_empty()), "{seed}");
        let next = (!model.is_empty()).then(|| Tick(self.visited.0 + 1).begins());
        assert_eq!(wheel.next_turn(), next, "{seed}");
    }

    /// A loop that sleeps until it is asked for drops everything in its tick.
    fn run_dry(&mut self) {
        self.model.retain(|_, known| known.due.0 < u64::MAX / 2);
        for index in 0..self.slots as u32 {
            if !self.model.contains_key(&index) {
                self.wheel.remove(index);
            }
        }
        let last = self.model.values().map(|known| known.by).max();
        while let Some(at) = self.wheel.next_turn() {
            assert!(
                Some(at.tick()) <= last,
                "{}: nothing is due any more",
                self.seed
            );
            self.turn(at);
            self.check_shape();
        }
        assert!(self.model.is_empty(), "{}", self.seed);
    }
}
