//! The picture of requests over time. Pure.

use super::scale;
use crate::series::Sample;
use crate::units;
use std::fmt::Write;
use std::time::Duration;

/// Size of the picture, in its own units.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 270.0;

/// Edges of the field in which the lines are.
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 34.0;

/// A failure is seen however few there are.
const FAIL_HEIGHT_MIN: f64 = 4.0;

/// Where a moment and a rate lie.
struct Field {
    /// The whole time, in seconds.
    time: f64,
    /// The rate at the top.
    most: f64,
}

/// Draws the samples of a run.
pub(super) fn picture(samples: &[Sample]) -> String {
    let rates = samples
        .iter()
        .map(|sample| sample.rate().max(sample.failures_rate()));
    let marks = scale::linear(rates.fold(0.0, f64::max), 5);
    let end = samples.last().map_or(Duration::ZERO, |sample| sample.to);
    let field = Field {
        time: end.as_secs_f64().max(1e-3),
        most: marks.last().copied().unwrap_or(1.0),
    };
    format!(
        "<div class=\"scroll\">\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Requests a second over time\">\n{}{}{}{}</svg>\n</div>\n\
         <p class=\"key\"><span><i></i>succeeded/s</span><span><i class=\"red\"></i>failed/s</span></p>\n",
        field.rates(&marks),
        field.line(samples),
        field.failures(samples),
        field.times(),
    )
}

impl Field {
    fn x(&self, moment: Duration) -> f64 {
        LEFT + (RIGHT - LEFT) * (moment.as_secs_f64() / self.time).min(1.0)
    }

    fn y(&self, rate: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * rate / self.most
    }

    /// The axis of rates, with a line across at each mark.
    fn rates(&self, marks: &[f64]) -> String {
        let mut out = String::new();
        for &mark in marks {
            let (y, text) = (self.y(mark), units::rate(mark));
            let class = if mark > 0.0 { "grid" } else { "axis" };
            let _ = writeln!(
                out,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 9.0,
                y + 4.0,
            );
        }
        out
    }

    /// The axis of time.
    fn times(&self) -> String {
        let mut out = String::new();
        for mark in scale::linear(self.time, 10) {
            let x = self.x(Duration::from_secs_f64(mark));
            if mark <= self.time {
                // The step is 1, 2 or 5 times a power of ten.
                let text = format!("{mark:.3}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                let _ = writeln!(
                    out,
                    "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text} s</text>",
                    BOTTOM + 20.0
                );
            }
        }
        out
    }

    /// What succeeded: a level for each sample, and what is below it.
    fn line(&self, samples: &[Sample]) -> String {
        let mut path = String::new();
        for sample in samples {
            let lead = if path.is_empty() { 'M' } else { 'L' };
            let (from, to, y) = (
                self.x(sample.from),
                self.x(sample.to),
                self.y(sample.rate()),
            );
            let _ = write!(path, "{lead}{from:.1} {y:.1}H{to:.1}");
        }
        format!(
            "<path class=\"area\" d=\"{path}V{BOTTOM}H{LEFT}Z\"/>\n<path class=\"line\" d=\"{path}\"/>\n"
        )
    }

    fn failures(&self, samples: &[Sample]) -> String {
        let mut out = String::new();
        for sample in samples.iter().filter(|sample| sample.failed > 0) {
            let (from, to) = (self.x(sample.from), self.x(sample.to));
            let height = (BOTTOM - self.y(sample.failures_rate())).max(FAIL_HEIGHT_MIN);
            let _ = writeln!(
                out,
                "<rect class=\"fail\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\">\
                 <title>{} failed from {:.1} s to {:.1} s</title></rect>",
                BOTTOM - height,
                (to - from).max(1.0),
                units::count(sample.failed),
                sample.from.as_secs_f64(),
                sample.to.as_secs_f64(),
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_for_each_sample_and_a_mark_for_failures() {
        let outcome = crate::outcome::example();
        let picture = picture(&outcome.series);
        assert_eq!(picture.matches('M').count(), 2, "the area and the line");
        assert_eq!(picture.matches("class=\"fail\"").count(), 1);
        assert!(
            picture.contains("<title>5 failed from 1.0 s to 2.0 s</title>"),
            "{picture}"
        );
        assert!(
            picture.contains(">1,500</text>") && picture.contains(">1.4 s</text>"),
            "{picture}"
        );
        let half = (LEFT + RIGHT) / 2.0;
        assert!(
            picture.contains(&format!("H{half:.1}L{half:.1} ")),
            "{picture}"
        );
    }
}
