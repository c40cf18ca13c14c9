//! Measuring in pairs, and showing what came of it.

use std::fmt;
use std::time::{Duration, Instant};

/// What was measured, beside its limits.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    notes: String,
}

impl Report {
    /// Shows and keeps a number that may be no larger than `limit`.
    pub(crate) fn at_most(
        &mut self,
        what: impl Into<String>,
        measured: f64,
        limit: f64,
        unit: &'static str,
        notes: impl Into<String>,
    ) {
        let row = Row {
            what: what.into(),
            measured,
            limit,
            unit,
            notes: notes.into(),
        };
        println!("{row}");
        self.rows.push(row);
    }

    /// Whether all limits are kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.rows.iter().all(Row::is_kept)
    }
}

impl Row {
    fn is_kept(&self) -> bool {
        self.measured <= self.limit
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_kept() { "kept" } else { "MISSED" };
        write!(
            f,
            "{:<44} {:>7.2} {:<2} (limit {:>5.2}) {verdict:<6}  {}",
            self.what, self.measured, self.unit, self.limit, self.notes
        )
    }
}

/// How long something takes, and something else beside it.
pub(crate) struct Pair {
    /// The middle of the ratios of the rounds.
    pub(crate) ratio: f64,
    /// The middle of the first one's times.
    pub(crate) first: Duration,
    /// The middle of the second one's times.
    pub(crate) second: Duration,
}

/// Runs two things in turn, round by round, so that whatever else the machine does
/// disturbs both. The first round warms up and doesn't count.
pub(crate) fn paired(rounds: usize, mut first: impl FnMut(), mut second: impl FnMut()) -> Pair {
    paired_times(rounds, || time(&mut first), || time(&mut second))
}

/// As [`paired`], of things that say themselves how long they took.
pub(crate) fn paired_times(
    rounds: usize,
    mut first: impl FnMut() -> Duration,
    mut second: impl FnMut() -> Duration,
) -> Pair {
    let mut times = Vec::new();
    for round in 0..=rounds {
        let pair = if round % 2 == 0 {
            let a = first();
            (a, second())
        } else {
            let b = second();
            (first(), b)
        };
        if round > 0 {
            times.push(pair);
        }
    }
    Pair {
        ratio: middle(times.iter().map(|(a, b)| a.as_secs_f64() / b.as_secs_f64())),
        first: middle_time(times.iter().map(|(a, _)| *a)),
        second: middle_time(times.iter().map(|(_, b)| *b)),
    }
}

fn time(work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn middle_time(times: impl Iterator<Item = Duration>) -> Duration {
    Duration::from_secs_f64(middle(times.map(|time| time.as_secs_f64())))
}

/// The middle one of some numbers.
pub(super) fn middle(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_or_missed() {
        let mut report = Report::default();
        report.at_most("fast", 1.0, 1.1, "x", "");
        assert!(report.is_kept());
        report.at_most("slow", 1.2, 1.1, "x", "");
        assert!(!report.is_kept());
        assert!(report.rows[1].to_string().contains("MISSED"));
    }

    #[test]
    fn the_middle_is_not_moved_by_one() {
        assert_eq!(middle([1.0, 9.0, 2.0].into_iter()), 2.0);
        let mut runs = (0, 0);
        paired(3, || runs.0 += 1, || runs.1 += 1);
        assert_eq!(runs, (4, 4));
    }
}
