//! Rounds, their ratios, and the table of them. Pure.

use crate::json::{self, Figures};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::units;
use std::fmt::Write;
use std::time::Duration;

/// What was found in a turn.
pub(super) struct Turn {
    pub(super) figures: Figures,
    rate: f64,
    /// Of whole answers, if there are any.
    p50: Option<Duration>,
    p99: Option<Duration>,
    /// Processor time for each request, if the server was watched.
    pub(super) processor: Option<Duration>,
}

/// A turn of A and one of B.
pub(super) struct Round {
    /// Which one began: 0 is A.
    pub(super) first: usize,
    pub(super) turns: [Turn; 2],
}

/// Of what there are ratios: a name, and how to get it of a turn.
pub(super) type Measure = (&'static str, fn(&Turn) -> Option<f64>);

/// All of them; the rate is the first.
pub(super) const MEASURES: [Measure; 4] = [
    ("rate", |turn| Some(turn.rate)),
    ("p50", |turn| turn.p50.map(|time| time.as_secs_f64())),
    ("p99", |turn| turn.p99.map(|time| time.as_secs_f64())),
    ("cpu", |turn| turn.processor.map(|time| time.as_secs_f64())),
];

/// The ratios of several rounds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Turn {
    pub(super) fn of(outcome: &Outcome) -> Turn {
        let whole = &outcome.record.times.whole;
        let percentile = |of_hundred| (whole.len() > 0).then(|| whole.percentile(of_hundred));
        Turn {
            figures: json::figures(outcome),
            rate: outcome.rate(),
            p50: percentile(50.0),
            p99: percentile(99.0),
            processor: outcome.processor_per_request(),
        }
    }
}

impl Round {
    /// A by B; none where one of them is not known, or B is zero.
    pub(super) fn ratio(&self, (_, of): Measure) -> Option<f64> {
        let (a, b) = of(&self.turns[0]).zip(of(&self.turns[1]))?;
        (b > 0.0).then(|| a / b)
    }
}

/// The median and the ends of a measure's ratios; none if there is no ratio.
pub(super) fn spread(rounds: &[Round], measure: Measure) -> Option<Spread> {
    let ratios = rounds.iter().filter_map(|round| round.ratio(measure));
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    let middle = ratios.len() / 2;
    let (&min, &max, &upper) = (ratios.first()?, ratios.last()?, ratios.get(middle)?);
    let lower = ratios[middle - usize::from(ratios.len().is_multiple_of(2))];
    Some(Spread {
        median: f64::midpoint(lower, upper),
        min,
        max,
    })
}

/// The lines before the rounds.
pub(super) fn opening([a, b]: [&Plan; 2], rounds: u32) -> String {
    let clients = match a.clients {
        1 => "1 client".to_owned(),
        clients => format!("{clients} clients"),
    };
    let mut text = format!(
        "\nComparing A: {} {}\n          B: {} {}\n{rounds} rounds, {clients}, each turn {}.\n\n\
         Round   A requests/s   B requests/s",
        a.method,
        a.url,
        b.method,
        b.url,
        a.end(),
    );
    for (name, _) in MEASURES {
        let _ = write!(text, "{:>11}", format!("{name} A/B")); // a String takes all
    }
    text + "\n"
}

/// The line of a round.
pub(super) fn row(number: u32, round: &Round) -> String {
    let [a, b] = round.turns.each_ref().map(|turn| units::rate(turn.rate));
    let ratios = MEASURES.map(|measure| cell(round.ratio(measure)));
    format!("{number:>5}{a:>15}{b:>15}{}\n", ratios.concat())
}

/// The lines after the rounds.
pub(super) fn closing(rounds: &[Round]) -> String {
    if rounds.is_empty() {
        return "No round was finished: there is nothing to compare.\n".to_owned();
    }
    let spreads = MEASURES.map(|measure| spread(rounds, measure));
    let line = |name: &str, of: fn(Spread) -> f64| {
        let cells = spreads.map(|spread| cell(spread.map(of)));
        format!("{name:<35}{}\n", cells.concat())
    };
    [
        line("median", |spread| spread.median),
        line("least", |spread| spread.min),
        line("most", |spread| spread.max),
    ]
    .concat()
}

fn cell(ratio: Option<f64>) -> String {
    let text = ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.3}"));
    format!("{text:>11}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A round in which A has this rate, and B one of 100.
    pub(in crate::compare) fn round(rate: f64, p99_ms: u64) -> Round {
        let turn = |rate, p99_ms| {
            let mut turn = Turn::of(&crate::outcome::example());
            turn.rate = rate;
            turn.p99 = Some(Duration::from_millis(p99_ms));
            turn.processor = None;
            turn
        };
        Round {
            first: 0,
            turns: [turn(rate, p99_ms), turn(100.0, 10)],
        }
    }

    #[test]
    fn medians_and_ends() {
        let [rate, p50, p99, cpu] = MEASURES;
        let rounds = [round(90.0, 20), round(120.0, 10), round(100.0, 30)];
        let found = spread(&rounds, rate).expect("ratios");
        assert_eq!((found.median, found.min, found.max), (1.0, 0.9, 1.2));
        let found = spread(&rounds[..2], p99).expect("ratios");
        assert_eq!((found.median, found.min, found.max), (1.5, 1.0, 2.0));
        assert_eq!(spread(&rounds, p50).map(|spread| spread.median), Some(1.0));
        assert_eq!(spread(&rounds, cpu), None);
        assert_eq!(spread(&[], rate), None);
        let mut none = round(1.0, 1);
        none.turns[1].rate = 0.0;
        assert_eq!(none.ratio(rate), None, "nothing to divide by");
    }

    #[test]
    fn lines() {
        let rounds = [round(90.0, 20), round(123_456.0, 10)];
        assert_eq!(
            row(7, &rounds[1]),
            "    7        123,456            100   1234.560      1.000      1.000          –\n"
        );
        let text = closing(&rounds);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("median ") && lines[0].contains("  617.730  "),
            "{text}"
        );
        assert!(lines.len() == 3 && lines.iter().all(|line| line.chars().count() <= 80));
        assert!(closing(&[]).starts_with("No round"));
    }
}
