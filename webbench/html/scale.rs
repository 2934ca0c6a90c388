//! Where figures lie on an axis, and which of them are written there. Pure.

/// The marks of an axis from zero that has room for `most`: 0, a step, two
/// steps and so on, up to the end of the axis; about so many.
pub(super) fn linear(most: f64, marks: u32) -> Vec<f64> {
    if !(most.is_finite() && most > 0.0) {
        return vec![0.0, 1.0];
    }
    let rough = most / f64::from(marks);
    let ten = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * ten);
    let step = steps.into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * ten);
    let count = (most / step).ceil() as u32;
    (0..=count.max(1))
        .map(|number| f64::from(number) * step)
        .collect()
}

/// The marks of a logarithmic axis between two figures, both above zero:
/// powers of ten, and where these are few, twice and five times them too.
pub(super) fn logarithmic(from: f64, to: f64) -> Vec<f64> {
    let factors: &[f64] = match to / from {
        ..200.0 => &[1.0, 2.0, 5.0],
        ..3e5 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let (first, last) = (from.log10().floor() as i32, to.log10().ceil() as i32);
    let all = (first..=last).flat_map(|power| {
        factors
            .iter()
            .map(move |factor| factor * 10_f64.powi(power))
    });
    all.filter(|mark| (from..=to).contains(mark)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_figures_up_to_the_most() {
        for (most, expected) in [
            (0.0, &[0.0, 1.0][..]),
            (f64::NAN, &[0.0, 1.0]),
            (5.0, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            (7.0, &[0.0, 2.0, 4.0, 6.0, 8.0]),
            (120_000.0, &[0.0, 50_000.0, 100_000.0, 150_000.0]),
        ] {
            assert_eq!(linear(most, 5), expected);
        }
        for most in (1..200).map(|power| 1.1_f64.powi(power)) {
            let marks = linear(most, 5);
            assert!((2..=7).contains(&marks.len()), "{most}: {marks:?}");
            assert!(marks.last() >= Some(&most), "{most}: {marks:?}");
        }
    }

    #[test]
    fn powers_of_ten_and_what_lies_between_if_there_is_room() {
        assert_eq!(logarithmic(9.0, 99.0), [10.0, 20.0, 50.0]);
        assert_eq!(
            logarithmic(1.0, 1e6),
            [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6]
        );
        assert_eq!(
            logarithmic(90.0, 95_000.0),
            [100.0, 300.0, 1e3, 3e3, 1e4, 3e4]
        );
    }
}
