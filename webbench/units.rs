//! Figures as people read them: times, sizes and counts in a few letters. Pure.

use std::time::Duration;

/// Units of time and their length in nanoseconds.
const TIMES: [(&str, f64); 4] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];

/// Units of size, each 1,024 of the one before.
const SIZES: [(&str, f64); 4] = [
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// A time to three figures, such as `31.2 µs`.
pub(crate) fn time(time: Duration) -> String {
    scaled(time.as_nanos() as f64, &TIMES)
}

/// A number of bytes to three figures, such as `4.02 MiB`.
pub(crate) fn size(bytes: f64) -> String {
    scaled(bytes, &SIZES)
}

/// A number with its thousands apart, such as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How often something happened in a second: whole, unless there is little.
pub(crate) fn rate(per_s: f64) -> String {
    if per_s < 99.95 && per_s.fract() > 0.0 {
        figures(per_s)
    } else {
        count(per_s.round() as u64)
    }
}

/// In the largest unit of which there is one.
fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    if value <= 0.0 {
        return "0".to_owned();
    }
    // What rounds to 1,000 is one of the next unit.
    let fits = units
        .iter()
        .rev()
        .find(|(_, length)| value >= length * 0.9995);
    let &(unit, length) = fits.unwrap_or(&units[0]);
    if length > 1.0 {
        format!("{} {unit}", figures(value / length))
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Three figures, or all those before the point.
fn figures(value: f64) -> String {
    let places = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (nanoseconds, text) in [
            (0, "0"),
            (7, "7 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (31_249, "31.2 µs"),
            (999_400, "999 µs"),
            (999_600, "1.00 ms"),
            (1_240_000, "1.24 ms"),
            (999_900_000, "1.00 s"),
            (12_345_000_000, "12.3 s"),
            (3_600_000_000_000, "3600 s"),
        ] {
            let told = time(Duration::from_nanos(nanoseconds));
            assert_eq!(told, text);
            assert!(told.chars().count() <= 8, "{told}: eight fit into a column");
        }
    }

    #[test]
    fn sizes_counts_and_rates() {
        assert_eq!(size(512.0), "512 B");
        assert_eq!(size(4_215_000.0), "4.02 MiB");
        assert_eq!(size(5e12), "4657 GiB");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(rate(0.0), "0");
        assert_eq!(rate(3.456), "3.46");
        assert_eq!(rate(123_456.7), "123,457");
    }
}
