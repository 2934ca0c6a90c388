//! A comparison as JSON, in a shape that is described in README.md. Pure.

use super::table::{MEASURES, Round, Spread, Turn, spread};
use crate::bench::Bench;
use crate::json::{FORMAT, Figures, as_map, text};
use crate::machine::Facts;
use crate::outcome::microseconds;
use crate::setup::Setup;
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    kind: &'static str,
    a: Target,
    b: Target,
    machine: &'a Facts,
    rounds: Vec<Row<'a>>,
    #[serde(serialize_with = "as_map")]
    ratios: Vec<(&'static str, Option<Spread>)>,
}

#[derive(Serialize)]
struct Target {
    #[serde(serialize_with = "as_map")]
    setup: Setup,
    server_pid: Option<u32>,
}

#[derive(Serialize)]
struct Row<'a> {
    first: &'static str,
    a: Side<'a>,
    b: Side<'a>,
    #[serde(serialize_with = "as_map")]
    ratios: Vec<(&'static str, Option<f64>)>,
}

#[derive(Serialize)]
struct Side<'a> {
    #[serde(flatten)]
    figures: &'a Figures,
    cpu_us_per_request: Option<f64>,
}

/// The report of these rounds.
pub(super) fn report([a, b]: &[Bench; 2], rounds: &[Round]) -> String {
    text(&Report {
        format: FORMAT,
        kind: "compare",
        a: Target::of(a),
        b: Target::of(b),
        machine: &a.facts,
        rounds: rounds.iter().map(Row::of).collect(),
        ratios: MEASURES
            .map(|measure| (measure.0, spread(rounds, measure)))
            .into(),
    })
}

impl Target {
    fn of(bench: &Bench) -> Target {
        Target {
            setup: bench.setup(),
            server_pid: bench.server,
        }
    }
}

impl<'a> Row<'a> {
    fn of(round: &'a Round) -> Row<'a> {
        let [a, b] = &round.turns;
        Row {
            first: ["a", "b"][round.first],
            a: Side::of(a),
            b: Side::of(b),
            ratios: MEASURES
                .map(|measure| (measure.0, round.ratio(measure)))
                .into(),
        }
    }
}

impl<'a> Side<'a> {
    fn of(turn: &'a Turn) -> Side<'a> {
        Side {
            figures: &turn.figures,
            cpu_us_per_request: turn.processor.map(microseconds),
        }
    }
}
