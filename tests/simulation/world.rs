//! Everyone on one thread: a seed says who takes the next step.

use super::random::Random;
use super::shared::{Event, Job, Shared};
use super::sizes::{LETTERS_MAX, Sizes};
use super::worker::{Phase, Worker};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A run that takes more steps than this never comes to rest.
const STEPS_MAX: usize = 200_000;

/// A thread of the pool.
#[derive(Default)]
struct Hand {
    job: Option<Job>,
    /// It has sent a job home and has not rung yet.
    rings: Option<usize>,
}

/// Everyone, and what the clients will still do. Who is taking a step is taken
/// out meanwhile.
struct World {
    random: Random,
    shared: Arc<Shared>,
    workers: Vec<Option<Worker>>,
    pool: Vec<Option<Hand>>,
    network: Vec<VecDeque<(usize, Event)>>,
    /// Takes its turn only now and then.
    slow: Option<Actor>,
}

/// One run, until nobody can take a step.
pub(crate) fn simulate(seed: u64) {
    let mut world = World::new(seed);
    let mut steps = 0;
    while world.step() {
        steps += 1;
        assert!(steps < STEPS_MAX, "it never comes to rest");
    }
    let workers: Vec<&Worker> = world.workers.iter().flatten().collect();
    for worker in &workers {
        assert_eq!(worker.phase, Phase::Asleep);
        worker.check_done(&workers);
    }
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed);
        let sizes = Sizes::new(&mut random);
        let (shared, workers) = sizes.workers();
        let mut network: Vec<VecDeque<(usize, Event)>> = Vec::new();
        network.resize_with(sizes.workers, VecDeque::new);
        for _ in 0..random.below(sizes.reads) * sizes.workers {
            let (worker, key) = (random.below(sizes.workers), random.below(sizes.connections));
            let event = match random.below(25) {
                0 => Event::Gone,
                _ => Event::Arrives(sizes.action(&mut random)),
            };
            network[worker].push_back((key, event));
        }
        let slow = match random.below(6) {
            0 => Some(Actor::Worker(0)),
            1 => Some(Actor::Network(0)),
            2 => Some(Actor::Pool(0)),
            _ => None,
        };
        World {
            random,
            slow,
            shared,
            workers: workers.into_iter().map(Some).collect(),
            pool: (0..sizes.pool).map(|_| Some(Hand::default())).collect(),
            network,
        }
    }

    /// Somebody takes a step; `false`: nobody can.
    fn step(&mut self) -> bool {
        let able = self.able();
        if able.is_empty() {
            return false;
        }
        let mut chosen = *self.random.pick(&able);
        if Some(chosen) == self.slow && !self.random.once_in(16) {
            chosen = *self.random.pick(&able);
        }
        match chosen {
            Actor::Worker(id) => self.step_worker(id),
            Actor::Pool(number) => self.step_pool(number),
            Actor::Network(id) => self.step_network(id),
        }
        true
    }

    fn able(&self) -> Vec<Actor> {
        let awake = |worker: &Option<Worker>| worker.as_ref().is_some_and(Worker::can_step);
        let mut able: Vec<Actor> = Vec::new();
        for id in 0..self.workers.len() {
            if awake(&self.workers[id]) {
                able.push(Actor::Worker(id));
            }
            if self.has_news(id) {
                able.push(Actor::Network(id));
            }
        }
        let queued = self.shared.queued.load(Ordering::SeqCst) > 0;
        for (number, hand) in self.pool.iter().enumerate() {
            let busy = |hand: &Hand| queued || hand.job.is_some() || hand.rings.is_some();
            if hand.as_ref().is_some_and(busy) {
                able.push(Actor::Pool(number));
            }
        }
        able
    }

    /// A few steps of others in the middle of somebody's.
    fn breathe(&mut self) {
        if self.random.once_in(2) {
            for _ in 0..self.random.below(12) {
                self.step();
            }
        }
    }

    fn step_worker(&mut self, id: usize) {
        let mut worker = self.workers[id].take().expect("it is able to");
        worker.step(&mut || self.breathe());
        self.workers[id] = Some(worker);
        let all: Vec<&Worker> = self.workers.iter().flatten().collect();
        if all.len() == self.workers.len() {
            all[id].check_bounds(&all, LETTERS_MAX);
        }
    }

    fn step_pool(&mut self, number: usize) {
        let Some(hand) = &mut self.pool[number] else {
            return;
        };
        if let Some(worker) = hand.rings.take() {
            self.shared.posts[worker].bell.ring();
        } else if let Some(mut job) = hand.job.take() {
            job.parts -= 1;
            hand.rings = Some(job.worker);
            self.shared.complete(job);
        } else if let Some(job) = self.shared.jobs.try_next() {
            self.shared.queued.fetch_sub(1, Ordering::SeqCst);
            hand.job = Some(job);
        }
    }

    fn has_news(&self, id: usize) -> bool {
        let blocked = |worker: &Worker| !worker.blocked.is_empty();
        let here = self.workers[id].as_ref();
        here.is_some_and(|worker| blocked(worker) || !self.network[id].is_empty())
    }

    /// A client sends something, goes away, or reads on.
    fn step_network(&mut self, id: usize) {
        let Some(worker) = &mut self.workers[id] else {
            return;
        };
        if let Some(key) = worker.blocked.pop() {
            worker.events.push_back((key, Event::Writable));
        } else {
            worker.events.extend(self.network[id].pop_front());
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Actor {
    Worker(usize),
    Pool(usize),
    Network(usize),
}
