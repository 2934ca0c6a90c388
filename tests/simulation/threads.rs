//! The same with threads, and two of the queues alone under pressure.

use super::random::Random;
use super::shared::{Action, Event, Letter, Post, Shared};
use super::sizes::Sizes;
use super::worker::Worker;
use pelton::engine::inbox::Outgoing;
use pelton::engine::queue::{JobQueue, Next};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Who is not woken for so long has been forgotten.
const PATIENCE: Duration = Duration::from_secs(60);
/// Whose turn it is goes on at once within this, so that the narrow windows
/// are met; later others get the core.
const SPIN: Duration = Duration::from_micros(20);

/// One round with threads: all input is there at once, and what happens after
/// is up to the queues.
pub(crate) fn run(seed: u64) {
    let mut random = Random::new(seed);
    let sizes = Sizes::new(&mut random);
    let (shared, mut workers) = sizes.workers();
    let mut left = 0;
    for worker in &mut workers {
        for _ in 0..random.below(sizes.reads) {
            let action = sizes.action(&mut random);
            left += count(&action);
            let key = random.below(sizes.connections);
            worker.events.push_back((key, Event::Arrives(action)));
        }
    }
    shared.left.store(left, Ordering::SeqCst);
    let (worker_done, workers_done) = mpsc::channel();
    let (hand_done, hands_done) = mpsc::channel();
    for _ in 0..sizes.pool {
        let (shared, done) = (shared.clone(), hand_done.clone());
        thread::spawn(move || {
            run_pool(&shared);
            done.send(())
        });
    }
    for worker in workers.into_iter().map(Box::new) {
        let (shared, done) = (shared.clone(), worker_done.clone());
        thread::spawn(move || done.send(run_worker(worker, &shared, seed)));
    }
    let workers: Vec<Box<Worker>> = (0..sizes.workers).map(|_| wait(&workers_done)).collect();
    let hangs = shared.hangs.load(Ordering::SeqCst);
    assert!(!hangs, "somebody was not woken");
    let all: Vec<&Worker> = workers.iter().map(|worker| &**worker).collect();
    for worker in &workers {
        worker.check_done(&all);
    }
    thread::spawn(move || shared.jobs.close());
    (0..sizes.pool).for_each(|_| wait(&hands_done));
}

/// Letters and jobs that an action makes.
fn count(action: &Action) -> usize {
    match action {
        Action::Nothing => 0,
        Action::Mail(mail) => mail.len(),
        Action::Job { mail, .. } => 1 + mail.len(),
    }
}

/// A worker until all is done everywhere, or somebody was forgotten.
fn run_worker(mut worker: Box<Worker>, shared: &Shared, seed: u64) -> Box<Worker> {
    let mut random = Random::new(seed ^ (worker.id as u64 + 1));
    loop {
        worker.step(&mut || dawdle(&mut random));
        for key in worker.blocked.drain(..) {
            worker.events.push_back((key, Event::Writable));
        }
        if worker.can_step() {
            continue;
        }
        let all_done = shared.left.load(Ordering::SeqCst) == 0;
        if all_done || shared.hangs.load(Ordering::SeqCst) {
            shared.posts.iter().for_each(|post| post.alarm.ring());
            return worker;
        }
        if !shared.posts[worker.id].alarm.wait(PATIENCE) {
            shared.hangs.store(true, Ordering::SeqCst);
        }
    }
}

fn run_pool(shared: &Shared) {
    loop {
        // Longer than the workers', who thus notice if a thread here sleeps on.
        match shared.jobs.next(PATIENCE * 4) {
            Next::Job(mut job) => {
                job.parts -= 1;
                let worker = job.worker;
                shared.complete(job);
                shared.posts[worker].bell.ring();
            }
            Next::Quiet => {} // another thread was quicker
            Next::Closed => return,
        }
    }
}

/// As many threads of a pool as workers, who push a job each at about the same
/// time. A job is done when the others have begun: a thread that sleeps on
/// while one waits is found out.
struct Rounds {
    width: usize,
    jobs: JobQueue<usize>,
    begun: AtomicUsize,
    done: AtomicUsize,
}

pub(crate) fn run_rounds(width: usize, rounds: usize) {
    let shared = Arc::new(Rounds {
        width,
        jobs: JobQueue::new(width),
        begun: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
    });
    let (done, all_done) = mpsc::channel();
    for seed in 0..width as u64 {
        let (shared, done) = (shared.clone(), done.clone());
        thread::spawn(move || {
            shared.push(rounds, seed);
            done.send(())
        });
    }
    for _ in 0..width {
        let shared = shared.clone();
        thread::spawn(move || shared.run());
    }
    (0..width).for_each(|_| wait(&all_done));
    shared.jobs.close();
}

impl Rounds {
    fn push(&self, rounds: usize, seed: u64) {
        let mut random = Random::new(seed);
        for round in 0..rounds {
            // The pool is about to sleep, or asleep.
            (0..random.below(4)).for_each(|_| dawdle(&mut random));
            assert_eq!(self.jobs.push(round), Ok(()));
            await_count(&self.done, self.width * (round + 1));
        }
    }

    fn run(&self) {
        loop {
            match self.jobs.next(PATIENCE * 4) {
                Next::Job(round) => {
                    self.begun.fetch_add(1, Ordering::SeqCst);
                    await_count(&self.begun, self.width * (round + 1));
                    self.done.fetch_add(1, Ordering::SeqCst);
                }
                Next::Quiet => {}
                Next::Closed => return,
            }
        }
    }
}

/// One worker writes to another, whose inbox holds one letter: both sleep and
/// wake each other all the time.
pub(crate) fn run_letters(letters: usize) {
    let shared = Arc::new(Shared::new(2, 1, 1));
    let (done, all_done) = mpsc::channel();
    let (sender, receiver) = (shared.clone(), shared);
    let sent = done.clone();
    thread::spawn(move || {
        send_letters(&sender.posts, letters);
        sent.send(())
    });
    thread::spawn(move || {
        receive_letters(&receiver.posts, letters);
        done.send(())
    });
    (0..2).for_each(|_| wait(&all_done));
}

fn send_letters(posts: &[Post], letters: usize) {
    let mut random = Random::new(1);
    let mut outgoing = Outgoing::new(0, 2);
    for number in 0..letters {
        let (from, to) = (0, 1);
        let letter = Letter { from, to, number };
        outgoing.send(to, letter, &posts[to].inbox, &posts[to].bell);
        dawdle(&mut random);
        while outgoing.is_stuck() {
            let inboxes = || posts.iter().map(|post| &post.inbox);
            sleep(&posts[from], || !outgoing.is_called(inboxes()));
            outgoing.retry(to, &posts[to].inbox, &posts[to].bell);
        }
    }
}

fn receive_letters(posts: &[Post], letters: usize) {
    let mut random = Random::new(2);
    let post = &posts[1];
    let mut received = 0;
    while received < letters {
        while let Some(letter) = post.inbox.take() {
            assert_eq!(letter.number, received, "a letter is lost");
            received += 1;
            let senders = post.inbox.waiting_senders();
            senders.for_each(|sender| posts[sender].bell.ring());
            dawdle(&mut random);
        }
        if received < letters {
            sleep(post, || post.inbox.is_empty());
        }
    }
}

/// Sleeps as a worker does: by its doorbell's leave, until its alarm rings.
fn sleep(post: &Post, is_idle: impl FnOnce() -> bool) {
    if post.bell.may_sleep(is_idle) {
        assert!(post.alarm.wait(PATIENCE), "somebody was not woken");
    }
    post.alarm.consume();
    post.bell.awake();
}

/// Passes a little time, never the same.
fn dawdle(random: &mut Random) {
    match random.below(64) {
        0 => thread::yield_now(),
        spins => (0..spins).for_each(|_| std::hint::spin_loop()),
    }
}

fn await_count(counter: &AtomicUsize, count: usize) {
    let began = Instant::now();
    while counter.load(Ordering::SeqCst) < count {
        assert!(began.elapsed() < PATIENCE, "a thread sleeps on");
        if began.elapsed() > SPIN {
            thread::yield_now();
        }
    }
}

/// What a thread sends when it is done. Threads are not joined, so that one
/// which waits for ever fails the test and does not hold it up. Each of their
/// own waits has its limit; all of them together take long where others are
/// busy.
fn wait<T>(done: &mpsc::Receiver<T>) -> T {
    done.recv_timeout(PATIENCE * 12)
        .expect("a thread has come to its end")
}
