//! However a stream is cut, a session tells the same of it.
//!
//! The reference is the stream in one piece, uncopied; against it stand all
//! the ways of cutting it, fed as a connection feeds them. What is compared is
//! all that the sink is told (heads with every offset, bodies, refusals), what
//! ended it, how many bytes were consumed, and what the session waits for.

mod samples;

use pelton::base::buffer::{Budget, Pool};
use pelton::base::tick::{Millis, Time};
use pelton::frame::{Framing, HEAD8};
use pelton::http::HeadMemo;
use pelton::session::{Means, Protocol, Rules, Session, Traffic};
use samples::random::Random;
use samples::recorder::{Event, Recorder};
use samples::rig::{Offer, Record, Rig};
use samples::{Sample, Spoken};

/// Up to this length every pair of cuts is tried.
const PAIRS_BYTES_MAX: usize = 512;
/// Pairs tried of what is longer.
const PAIRS_DRAWN: usize = 2_000;
/// Mutants per test function, of which there are two.
const MUTANTS: u64 = 125_000;
/// A mutant is no longer than this, so that a great many can be tried.
const MUTANT_BYTES_MAX: usize = 2_048;

#[test]
fn samples_are_what_their_sketches_say() {
    let mut rig = Rig::new();
    for sample in samples::all() {
        let record = rig.whole(sample.spoken, &sample.rules, &sample.bytes);
        assert_eq!(record.sketch(), sample.sketch, "{}", show(&sample.bytes));
    }
}

/// On a port for both protocols as well, and whichever it turns out to be.
#[test]
fn a_drip_does_not_put_the_deadline_of_a_head_off() {
    let rules = Rules::default();
    let mut pool = Pool::new(Budget::new(1 << 20));
    for protocol in [Protocol::Http, Protocol::Undecided] {
        let (mut memo, mut traffic) = (HeadMemo::new(), Traffic::default());
        let mut sink = Recorder {
            events: Vec::new(),
            rules: &rules,
            pauses: false,
        };
        let begun = Time(5_000);
        let mut session = Session::new(protocol, &HEAD8, Time(0));
        for (late_s, end) in (0..).zip(1..="GET / HT".len()) {
            let mut means = Means {
                now: begun + Millis::seconds(late_s),
                rules: &rules,
                pool: &mut pool,
                memo: &mut memo,
                traffic: &mut traffic,
            };
            let progress = session.receive(&b"GET / HT"[..end], &mut means, &mut sink);
            assert_eq!(progress.map(|progress| progress.consumed), Ok(0));
            let due = begun + rules.http_head.expect("it has one");
            assert_eq!(session.deadline(&rules), due, "{protocol:?}, {end} bytes");
        }
    }
}

#[test]
fn cut_at_every_byte() {
    let mut rig = Rig::new();
    for sample in samples::all() {
        let whole = rig.whole(sample.spoken, &sample.rules, &sample.bytes);
        for at in 0..=sample.bytes.len() {
            for pauses in [false, true] {
                let forgets = at % 2 == 0;
                check_offer(
                    &mut rig,
                    &sample,
                    &whole,
                    Offer {
                        cuts: &[at],
                        pauses,
                        forgets,
                    },
                );
            }
        }
        let every: Vec<usize> = (1..sample.bytes.len()).collect();
        for pauses in [false, true] {
            check_offer(
                &mut rig,
                &sample,
                &whole,
                Offer {
                    cuts: &every,
                    pauses,
                    forgets: true,
                },
            );
        }
    }
}

#[test]
fn cut_at_every_pair_of_bytes() {
    let mut rig = Rig::new();
    let mut random = Random::new(1);
    for sample in samples::all() {
        let whole = rig.whole(sample.spoken, &sample.rules, &sample.bytes);
        let len = sample.bytes.len();
        if len <= PAIRS_BYTES_MAX {
            let pairs = (0..len).flat_map(|one| (one..len).map(move |two| [one, two]));
            check_pairs(&mut rig, &sample, &whole, pairs);
        } else {
            let drawn = (0..PAIRS_DRAWN).map(|_| sorted([random.below(len), random.below(len)]));
            check_pairs(&mut rig, &sample, &whole, drawn);
        }
    }
}

#[test]
fn nothing_is_told_later_than_its_last_byte() {
    let (mut rig, mut other) = (Rig::new(), Rig::new());
    for sample in samples::all() {
        let Sample {
            bytes,
            spoken,
            rules,
            ..
        } = &sample;
        if bytes.len() > PAIRS_BYTES_MAX {
            continue;
        }
        rig.drip(*spoken, rules, bytes, |so_far, told: &[Event]| {
            let whole = other.whole(*spoken, rules, &bytes[..so_far]);
            assert_eq!(whole.events, told, "{} of {}", so_far, show(bytes));
        });
    }
}

#[test]
fn mutants_of_even_seeds() {
    try_mutants((0..MUTANTS).map(|number| number * 2));
}

#[test]
fn mutants_of_odd_seeds() {
    try_mutants((0..MUTANTS).map(|number| number * 2 + 1));
}

fn check_pairs(
    rig: &mut Rig,
    sample: &Sample,
    whole: &Record,
    pairs: impl Iterator<Item = [usize; 2]>,
) {
    for (number, cuts) in pairs.enumerate() {
        let (pauses, forgets) = (number % 2 == 1, number % 3 == 0);
        check_offer(
            rig,
            sample,
            whole,
            Offer {
                cuts: &cuts,
                pauses,
                forgets,
            },
        );
    }
}

fn check_offer(rig: &mut Rig, sample: &Sample, whole: &Record, how: Offer<'_>) {
    let cut = rig.cut(sample.spoken, &sample.rules, &sample.bytes, how);
    if cut != *whole {
        let bytes = show(&sample.bytes);
        panic!("{how:?} of {bytes}\n  cut: {cut:?}\nwhole: {whole:?}");
    }
}

/// What a mutant is made of: samples that are not long, of all that is spoken.
struct Nursery {
    samples: Vec<Sample>,
}

/// A stream that nobody has written down.
struct Mutant {
    bytes: Vec<u8>,
    spoken: Spoken,
    rules: Rules,
    cuts: Vec<usize>,
}

/// Says which mutant it was, if a session panics over it.
struct Culprit<'a> {
    seed: u64,
    mutant: &'a Mutant,
}

impl Drop for Culprit<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Mutant {
                bytes,
                spoken,
                cuts,
                ..
            } = self.mutant;
            eprintln!(
                "seed {}, {spoken:?}, cut at {cuts:?}: {}",
                self.seed,
                show(bytes)
            );
        }
    }
}

fn try_mutants(seeds: impl Iterator<Item = u64>) {
    let nursery = Nursery::new();
    // Heads that the other streams left behind are remembered in one rig.
    let (mut fresh, mut shared) = (Rig::new(), Rig::new());
    for seed in seeds {
        let mut random = Random::new(seed);
        let mutant = nursery.mutant(&mut random);
        let _culprit = Culprit {
            seed,
            mutant: &mutant,
        };
        let Mutant {
            bytes,
            spoken,
            rules,
            cuts,
        } = &mutant;
        let whole = fresh.whole(*spoken, rules, bytes);
        let how = Offer {
            cuts,
            pauses: random.once_in(3),
            forgets: false,
        };
        let cut = shared.cut(*spoken, rules, bytes, how);
        assert!(cut == whole, "\n  cut: {cut:?}\nwhole: {whole:?}");
    }
}

impl Nursery {
    fn new() -> Nursery {
        let mut samples = samples::all();
        samples.retain(|sample| sample.bytes.len() <= MUTANT_BYTES_MAX);
        Nursery { samples }
    }

    fn mutant(&self, random: &mut Random) -> Mutant {
        let sample = random.pick(&self.samples);
        let mut bytes = sample.bytes.clone();
        for _ in 0..1 + random.below(4) {
            self.mutate(&mut bytes, random);
        }
        bytes.truncate(MUTANT_BYTES_MAX);
        let usual = sample.spoken.framing == (&HEAD8 as &dyn Framing);
        if usual && sample.spoken.protocol != Protocol::Http && random.once_in(2) {
            mend(&mut bytes);
        }
        let stays = !random.once_in(8);
        Mutant {
            spoken: if stays {
                sample.spoken
            } else {
                random.pick(&self.samples).spoken
            },
            rules: if random.once_in(4) {
                samples::small()
            } else {
                sample.rules.clone()
            },
            cuts: cuts(bytes.len(), random),
            bytes,
        }
    }

    fn mutate(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        let (at, to) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (start, end) = (at.min(to), at.max(to));
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = *random.pick(b"\r\n\0 :;,0159afF\x7f\xff"),
            2 => bytes.insert(at, *random.pick(b"\r\n\0 :;,0159afF\x7f\xff")),
            3 => drop(bytes.drain(start..end.min(start + 8))),
            4 => bytes.extend_from_within(start..end),
            5 => {
                let other = &random.pick(&self.samples).bytes;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ => bytes.truncate(bytes.len() - random.below(20).min(bytes.len())),
        }
    }
}

/// Gives every package its right CRC, so that more than its head is tried.
fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some([high, low]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let Some([_, _, _, _, crc @ ..]) = bytes.get_mut(at..at + len) else {
            return;
        };
        if let Some((crc, body)) = crc.split_at_mut_checked(4) {
            crc.copy_from_slice(&pelton::frame::codec::crc(body).to_be_bytes());
        } else {
            return;
        }
        at += len;
    }
}

/// None, a few, or all places to cut at.
fn cuts(len: usize, random: &mut Random) -> Vec<usize> {
    if random.once_in(16) {
        return (0..len).collect();
    }
    let mut cuts: Vec<usize> = (0..random.below(7))
        .map(|_| random.below(len + 1))
        .collect();
    cuts.sort_unstable();
    cuts
}

fn sorted(mut pair: [usize; 2]) -> [usize; 2] {
    pair.sort_unstable();
    pair
}

/// Bytes as a Rust literal; the middle of many is left out.
fn show(bytes: &[u8]) -> String {
    let whole = bytes.escape_ascii().to_string();
    if whole.len() <= 4_000 {
        return whole;
    }
    format!("{} … {} bytes", &whole[..400], bytes.len())
}
