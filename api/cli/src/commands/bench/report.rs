//! Medians, goals and ratios, for people and for scripts.

use super::memory::Peaks;
use crate::output::{Output, number};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a figure must be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    pub(super) fn met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", number(most)),
            Self::AtLeast(least) => format!("≥ {}", number(least)),
        }
    }
}

/// Something measured once in every round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub(super) id: &'static str,
    pub(super) en: &'static str,
    pub(super) zh: &'static str,
    pub(super) unit: &'static str,
    pub(super) goal: Option<Goal>,
}

/// What was measured so far, in the order of first appearance.
#[derive(Default)]
pub(super) struct Samples {
    measures: Vec<(Measure, Vec<f64>)>,
    peaks: BTreeMap<&'static str, Peaks>,
}

impl Samples {
    /// Adds one round's sample.
    pub(super) fn add(&mut self, measure: Measure, value: f64) {
        match self.measures.iter_mut().find(|(known, _)| known.id == measure.id) {
            Some((_, samples)) => samples.push(value),
            None => self.measures.push((measure, vec![value])),
        }
    }

    /// Adds one round's peaks of memory; the largest of all rounds counts.
    pub(super) fn add_peaks(&mut self, size: &'static str, peaks: &Peaks) {
        let known = self.peaks.entry(size).or_default();
        for (process, peak) in peaks {
            let most = known.entry(process.clone()).or_default();
            *most = most.max(*peak);
        }
    }
}

#[derive(Serialize)]
struct Figure {
    id: &'static str,
    en: &'static str,
    zh: &'static str,
    unit: &'static str,
    median: f64,
    goal: Option<Goal>,
    met: Option<bool>,
    samples: Vec<f64>,
}

/// The report.
#[derive(Serialize)]
pub(super) struct Report {
    version: &'static str,
    cores: usize,
    rounds: usize,
    made_up_data: bool,
    missed: usize,
    figures: Vec<Figure>,
    /// The peak memory in MB of every process, by size of file.
    memory: BTreeMap<&'static str, Peaks>,
}

impl Report {
    pub(super) fn new(samples: &Samples, rounds: usize, made_up_data: bool) -> Self {
        let figures: Vec<Figure> = samples.measures.iter().map(|(measure, samples)| figure(measure, samples)).collect();
        let missed = figures.iter().filter(|figure| figure.met == Some(false)).count();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { version: env!("CARGO_PKG_VERSION"), cores, rounds, made_up_data, missed, figures, memory: samples.peaks.clone() }
    }

    /// The tables for people.
    pub(super) fn print(&self, output: Output) {
        let heads = [("measured", "测量项"), ("median", "中位数"), ("", ""), ("goal", "目标"), ("reached", "达到"), ("rounds", "各轮")];
        let mut table = output.table(&heads);
        for figure in &self.figures {
            let met = figure.met.map_or("", |met| if met { output.pick("yes", "是") } else { output.pick("missed", "未达到") });
            let samples: Vec<String> = figure.samples.iter().map(|sample| short(*sample)).collect();
            table.add_row([
                output.pick(figure.en, figure.zh).to_owned(),
                short(figure.median),
                figure.unit.to_owned(),
                figure.goal.map(Goal::text).unwrap_or_default(),
                met.to_owned(),
                samples.join(" "),
            ]);
        }
        println!("{table}");
        for (size, peaks) in &self.memory {
            let each: Vec<String> = peaks.iter().map(|(process, peak)| format!("{process} {peak:.0} MB")).collect();
            println!("{} {size}: {}", output.pick("Peak memory,", "内存峰值，"), each.join(", "));
        }
        if self.made_up_data {
            println!(
                "{}",
                output.pick(
                    "Made-up files of the shape of gen_scale.py; give its own files with --data.",
                    "数据为按 gen_scale.py 的形状生成的文件；可用 --data 指定其原始文件。"
                )
            );
        }
        if self.missed > 0 {
            println!("{} {}", output.pick("Goals missed:", "未达到的目标数："), self.missed);
        }
    }
}

fn figure(measure: &Measure, samples: &[f64]) -> Figure {
    let Measure { id, en, zh, unit, goal } = *measure;
    let median = median(samples);
    Figure { id, en, zh, unit, median, goal, met: goal.map(|goal| goal.met(median)), samples: samples.to_vec() }
}

pub(super) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len() / 2), sorted.len().is_multiple_of(2)) {
        (Some(upper), false) => *upper,
        (Some(upper), true) => (upper + sorted[sorted.len() / 2 - 1]) / 2.0,
        (None, _) => 0.0,
    }
}

/// Three digits are all that a shared machine gives.
fn short(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_counts_and_a_miss_is_shown() {
        assert_eq!([median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])], [2.0, 2.5, 0.0]);
        let mut samples = Samples::default();
        let slow = Measure { id: "a", en: "", zh: "", unit: "s", goal: Some(Goal::AtMost(1.0)) };
        [0.5, 2.0, 3.0].into_iter().for_each(|seconds| samples.add(slow, seconds));
        let report = Report::new(&samples, 3, false);
        assert_eq!((report.missed, report.figures[0].met), (1, Some(false)));
        assert!(Goal::AtLeast(1.8).met(1.8) && !Goal::AtLeast(1.8).met(1.79));
    }
}
