//! Figures with their goals, for people and for scripts.

use crate::commands::bench::report::Goal;
use crate::output::{Output, number};
use serde::Serialize;

/// One figure.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub(super) part: &'static str,
    pub(super) en: String,
    pub(super) zh: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// What it is compared with, where that is not the goal.
    pub(super) beside: Option<f64>,
    pub(super) goal: Option<Goal>,
    pub(super) met: Option<bool>,
}

/// All figures.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    cores: usize,
    draws: usize,
    missed: usize,
    figures: Vec<Figure>,
    notes: Vec<Note>,
}

#[derive(Debug, Serialize)]
struct Note {
    en: String,
    zh: String,
}

impl Report {
    pub(super) fn new(draws: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { version: env!("CARGO_PKG_VERSION"), cores, draws, missed: 0, figures: Vec::new(), notes: Vec::new() }
    }

    /// Adds a figure; without a goal it informs only.
    pub(super) fn add(&mut self, part: &'static str, [en, zh]: [String; 2], value: f64, unit: &'static str, goal: Option<Goal>) {
        self.add_beside(part, [en, zh], value, unit, None, goal);
    }

    /// Adds a figure beside another.
    pub(super) fn add_beside(
        &mut self,
        part: &'static str,
        [en, zh]: [String; 2],
        value: f64,
        unit: &'static str,
        beside: Option<f64>,
        goal: Option<Goal>,
    ) {
        let met = goal.map(|goal| goal.met(value));
        self.missed += usize::from(met == Some(false));
        self.figures.push(Figure { part, en, zh, value, unit, beside, goal, met });
    }

    /// Says how figures were made.
    pub(super) fn note(&mut self, en: impl Into<String>, zh: impl Into<String>) {
        self.notes.push(Note { en: en.into(), zh: zh.into() });
    }

    /// The table for people.
    pub(super) fn print(&self, output: Output) {
        let heads = [
            ("part", "部分"),
            ("measured", "测量项"),
            ("value", "数值"),
            ("", ""),
            ("beside", "对照"),
            ("goal", "目标"),
            ("reached", "达到"),
        ];
        let mut table = output.table(&heads);
        for figure in &self.figures {
            let met = figure.met.map_or("", |met| if met { output.pick("yes", "是") } else { output.pick("missed", "未达到") });
            table.add_row([
                figure.part.to_owned(),
                output.pick(&figure.en, &figure.zh).to_owned(),
                number(figure.value),
                figure.unit.to_owned(),
                figure.beside.map(number).unwrap_or_default(),
                figure.goal.map(Goal::text).unwrap_or_default(),
                met.to_owned(),
            ]);
        }
        println!("{table}");
        for note in &self.notes {
            println!("{}", output.pick(&note.en, &note.zh));
        }
        if self.missed > 0 {
            println!("{} {}", output.pick("Goals missed:", "未达到的目标数："), self.missed);
        }
    }
}
