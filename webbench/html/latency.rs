//! The picture of a histogram: shares of requests by how long they took, on a
//! logarithmic axis, with percentiles. Pure.

use super::scale;
use crate::histogram::{Histogram, PERCENTILES};
use crate::units;
use std::fmt::Write;
use std::time::Duration;

/// Size of the picture, in its own units.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 330.0;

/// Edges of the field in which the bars are; above it are the names of the
/// percentiles, one below the other.
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 112.0;
const BOTTOM: f64 = HEIGHT - 34.0;

/// From the name of one percentile to the next.
const ROW: f64 = 17.0;

const BARS: usize = 96;

/// A bar is seen however few there are in it.
const BAR_HEIGHT_MIN: f64 = 1.5;

/// The times between the ends of the axis, in nanoseconds.
struct Axis {
    from: f64,
    to: f64,
}

/// Draws a histogram.
pub(super) fn picture(histogram: &Histogram) -> String {
    let drawn = if histogram.len() == 0 {
        let (x, y) = ((LEFT + RIGHT) / 2.0, HEIGHT / 2.0);
        format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">Nothing was timed.</text>\n")
    } else {
        let axis = Axis::of(histogram);
        bars(histogram, &axis) + &times(&axis) + &percentiles(histogram, &axis)
    };
    format!(
        "<div class=\"scroll\">\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Shares of requests by latency\">\n{drawn}</svg>\n</div>\n"
    )
}

impl Axis {
    /// From the shortest time to the longest, and some space around.
    fn of(histogram: &Histogram) -> Axis {
        let times = || histogram.counts().map(|(time, _)| nanoseconds(time));
        let shortest = times().next().unwrap_or(1.0);
        let longest = times().last().unwrap_or(1.0);
        let space = (longest / shortest).powf(0.03).max(1.5);
        Axis {
            from: shortest / space,
            to: longest * space,
        }
    }

    /// How far along the axis, from 0 to 1.
    fn part(&self, nanoseconds: f64) -> f64 {
        ((nanoseconds / self.from).ln() / (self.to / self.from).ln()).clamp(0.0, 1.0)
    }

    fn x(&self, nanoseconds: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * self.part(nanoseconds)
    }
}

/// The bars and the axis of shares.
fn bars(histogram: &Histogram, axis: &Axis) -> String {
    let mut shares = [0.0; BARS];
    for (time, count) in histogram.counts() {
        let place = (axis.part(nanoseconds(time)) * BARS as f64) as usize;
        shares[place.min(BARS - 1)] += count as f64 / histogram.len() as f64;
    }
    let marks = scale::linear(100.0 * shares.iter().copied().fold(0.0, f64::max), 5);
    let most = marks.last().copied().unwrap_or(100.0);
    let mut out = String::new();
    for mark in marks {
        let y = BOTTOM - (BOTTOM - TOP) * mark / most;
        let class = if mark > 0.0 { "grid" } else { "axis" };
        let text = units::rate(mark);
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text} %</text>",
            LEFT - 9.0,
            y + 4.0,
        );
    }
    let width = (RIGHT - LEFT) / BARS as f64;
    for (place, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        let height = ((BOTTOM - TOP) * share * 100.0 / most).max(BAR_HEIGHT_MIN);
        let _ = writeln!(
            out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            LEFT + width * place as f64 + 0.5,
            BOTTOM - height,
            width - 1.0,
        );
    }
    out
}

/// The axis of times.
fn times(axis: &Axis) -> String {
    let mut out = String::new();
    for mark in scale::logarithmic(axis.from, axis.to) {
        let (x, text) = (axis.x(mark), units::time(Duration::from_nanos(mark as u64)));
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{BOTTOM}\" y2=\"{:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            BOTTOM + 5.0,
            BOTTOM + 20.0,
            text.replace(".00", "").replace(".0 ", " "),
        );
    }
    out
}

/// A line for each percentile, its name to the left of it. The names of longer
/// times are higher: so no line goes through a name.
fn percentiles(histogram: &Histogram, axis: &Axis) -> String {
    let mut out = String::new();
    for (row, (name, of_hundred)) in (1..).zip(PERCENTILES) {
        let time = histogram.percentile(of_hundred);
        let (x, y) = (axis.x(nanoseconds(time)), TOP - ROW * f64::from(row));
        let _ = writeln!(
            out,
            "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y:.1}\" y2=\"{BOTTOM}\"/>\
             <text class=\"marked\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name} {}</text>",
            x - 5.0,
            y + 11.0,
            units::time(time),
        );
    }
    out
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attribute of each element of a class, as a number.
    fn numbers(picture: &str, class: &str, attribute: &str) -> Vec<f64> {
        let elements = picture
            .split('<')
            .filter(|element| element.contains(&format!("class=\"{class}\"")));
        let number = |element: &str| {
            let (_, rest) = element
                .split_once(&format!(" {attribute}=\""))
                .expect("attribute");
            rest.split_once('"')
                .expect("its end")
                .0
                .parse()
                .expect("a number")
        };
        elements.map(number).collect()
    }

    #[test]
    fn bars_are_where_the_times_are_and_percentiles_rise() {
        let mut histogram = Histogram::default();
        for number in 1..=1_000 {
            histogram.add(Duration::from_micros(number));
        }
        let picture = picture(&histogram);
        let bars = numbers(&picture, "bar", "x");
        assert!(bars.len() > 40 && bars.is_sorted(), "{bars:?}");
        assert!(bars.iter().all(|x| (LEFT..RIGHT).contains(x)));
        let heights = numbers(&picture, "bar", "height");
        assert!(
            heights
                .iter()
                .all(|height| (BAR_HEIGHT_MIN..=BOTTOM - TOP).contains(height))
        );
        let marks = numbers(&picture, "mark", "x1");
        assert_eq!(marks.len(), PERCENTILES.len());
        assert!(marks.is_sorted() && marks[5] <= RIGHT);
        assert!(
            picture.contains(">max 1.00 ms<") && picture.contains(">100 µs<"),
            "{picture}"
        );
    }

    #[test]
    fn one_time_and_none() {
        let mut histogram = Histogram::default();
        assert!(picture(&histogram).contains("Nothing was timed"));
        histogram.add(Duration::ZERO);
        let drawn = picture(&histogram);
        assert_eq!(numbers(&drawn, "bar", "x").len(), 1);
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }
}
