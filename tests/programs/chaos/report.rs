//! What is said of a run.

use super::memory::Flat;
use super::place::Counts;
use super::target::Target;
use super::{asked, crowd, packages, patient, rude};
use pelton::os::process::processor_time;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// The table at the end: a column for each server.
pub(crate) fn print(targets: &[Target], counts: &[Counts]) {
    println!();
    of_each("", targets, |target| target.name.clone());
    section("answered as they should");
    for kind in asked::KINDS.into_iter().chain(packages::KINDS) {
        of_each(kind, counts, |counts| number(counts.answered.get(kind)));
    }
    let answered = |counts: &Counts| counts.answered.values().sum::<u64>().to_string();
    of_each("in all", counts, answered);
    section("chaos");
    for kind in rude::KINDS
        .into_iter()
        .chain([crowd::KIND])
        .chain(patient::KINDS)
    {
        of_each(kind, counts, |counts| number(counts.chaos.get(kind)));
    }
    section("connections ended");
    let closed: Vec<Vec<(String, u64)>> = targets.iter().map(Target::closed).collect();
    for (at, (kind, _)) in closed[0].iter().enumerate() {
        of_each(kind, &closed, |closed| closed[at].1.to_string());
    }
    if targets.iter().any(Target::has_ended_early) {
        return; // the time may be too short to say anything of memory
    }
    memory("under load", targets, Target::under_load);
    memory("at rest", targets, Target::at_rest);
    section("and");
    of_each("resident, KiB", targets, |target| {
        let last = target.samples.last();
        number(last.map(|sample| sample.resident_kib as u64).as_ref())
    });
    of_each("descriptors at most", targets, |target| {
        let all = target.samples.iter().map(|sample| sample.descriptors);
        all.max().unwrap_or_default().to_string()
    });
    of_each("before, after", targets, |target| {
        format!("{}, {}", target.before.serving, target.descriptors())
    });
    of_each("processor, s", targets, |target| {
        format!("{:.1}", target.processor_time().as_secs_f64())
    });
    let own = processor_time(std::process::id()).unwrap_or_default();
    println!("{:24}{:>17.1}", "that of all clients, s", own.as_secs_f64());
    of_each("log lines", targets, |target| {
        target.log_lines().to_string()
    });
}

/// All samples, for those who would see them drawn.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_samples(path: &str, targets: &[Target]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "server;second;own_kib;resident_kib;descriptors")?;
    for target in targets {
        for sample in &target.samples {
            writeln!(
                file,
                "{};{:.1};{};{};{}",
                target.name,
                sample.at.as_secs_f64(),
                sample.own_kib,
                sample.resident_kib,
                sample.descriptors
            )?;
        }
    }
    file.flush()
}

fn memory(when: &str, targets: &[Target], flat: fn(&Target) -> Flat) {
    section(&format!("memory of its own {when}, KiB"));
    let flats: Vec<Flat> = targets.iter().map(flat).collect();
    for (number, name) in ["at first", "in the middle", "at the end"]
        .iter()
        .enumerate()
    {
        of_each(name, &flats, |flat| format!("{:.0}", flat.path()[number]));
    }
    of_each("spread, %", &flats, |flat| percent(flat.spread()));
    of_each("trend in all, %", &flats, |flat| percent(flat.rise()));
    for (target, flat) in targets.iter().zip(&flats) {
        println!("{}, all: {:.0?}", target.name, flat.kib);
    }
}

/// A line for each server.
pub(crate) fn print_minute(minute: u64, targets: &[Target]) {
    for target in targets {
        let Some(last) = target.samples.last() else {
            continue;
        };
        eprintln!(
            "minute {minute}, {}: {} KiB of its own, {} resident, {} descriptors, {} answers",
            target.name,
            last.own_kib,
            last.resident_kib,
            last.descriptors,
            target.answered()
        );
    }
}

fn section(name: &str) {
    println!("-- {name}");
}

fn of_each<T>(name: &str, all: &[T], text: impl Fn(&T) -> String) {
    let columns: String = all.iter().map(|one| format!("{:>17}", text(one))).collect();
    println!("{name:24}{columns}");
}

fn number(count: Option<&u64>) -> String {
    count.copied().unwrap_or_default().to_string()
}

fn percent(part: f64) -> String {
    format!("{:.2}", 100.0 * part)
}
