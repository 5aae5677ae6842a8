//! True values of the public file, computed here and now, to be held beside the releases.

use crate::commands::demo::material::CSV;
use crate::front::CliError;
use serde::Serialize;
use std::collections::BTreeMap;
use tidegate_service::view::ReleaseView;

const VISITS_MAX: f64 = 30.0;
const DOLLARS_MAX: f64 = 5_000.0;
const EXPENSIVE: f64 = 500.0;

/// A released number beside the truth.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    pub(super) group: String,
    pub(super) estimate: String,
    pub(super) released: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
    /// What the interval is about.
    pub(super) clamped: f64,
    /// What one would like to know, where clamping makes a difference.
    pub(super) unclamped: Option<f64>,
    pub(super) covered: bool,
}

/// The person-years of the public file, as far as the sample models read them.
pub(super) struct Truth {
    rows: Vec<Row>,
}

struct Row {
    person: String,
    plan: String,
    visits: f64,
    dollars: f64,
}

impl Truth {
    /// Reads the public file.
    pub(super) fn of_the_public_file() -> Result<Self, CliError> {
        let broken = || CliError::Demo { detail: "the public file cannot be read".into() };
        let text = std::str::from_utf8(CSV).map_err(|_| broken())?;
        let mut lines = text.lines();
        let header: Vec<_> = lines.next().ok_or_else(broken)?.split(',').collect();
        let place = |name: &str| header.iter().position(|column| *column == name).ok_or_else(broken);
        let (person, plan, visits, dollars) = (place("zper")?, place("plan")?, place("mdvis")?, place("meddol")?);
        let row = |line: &str| {
            let cells: Vec<_> = line.split(',').collect();
            let cell = |at: usize| cells.get(at).map(|cell| (*cell).to_owned()).ok_or_else(broken);
            let value = |at: usize| cell(at)?.parse::<f64>().map_err(|_| broken());
            Ok(Row { person: cell(person)?, plan: cell(plan)?, visits: value(visits)?, dollars: value(dollars)? })
        };
        Ok(Self { rows: lines.map(row).collect::<Result<_, CliError>>()? })
    }

    /// The estimates of a release beside the truth; groups whose noise is all there is are left out.
    pub(super) fn compare(&self, release: &ReleaseView) -> Vec<Line> {
        let mut lines = Vec::new();
        for statistic in &release.statistics {
            for group in &statistic.groups {
                for estimate in &group.estimates {
                    let key = group.key.as_deref().unwrap_or_default();
                    let Some((clamped, unclamped)) = self.value(release.module_name.as_str(), key, &estimate.name) else { continue };
                    lines.push(Line {
                        group: key.to_owned(),
                        estimate: estimate.name.clone(),
                        released: estimate.value,
                        lower: estimate.lower,
                        upper: estimate.upper,
                        clamped,
                        unclamped: (clamped != unclamped).then_some(unclamped),
                        covered: (estimate.lower..=estimate.upper).contains(&clamped),
                    });
                }
            }
        }
        lines
    }

    /// The truth of one estimate: of clamped and of raw values.
    fn value(&self, model: &str, key: &str, estimate: &str) -> Option<(f64, f64)> {
        match (model, estimate) {
            ("visits-by-plan", "mean") => {
                let visits: Vec<_> = self.rows.iter().filter(|row| row.plan == key).map(|row| row.visits).collect();
                (!visits.is_empty()).then(|| (mean(visits.iter().map(|visits| visits.min(VISITS_MAX))), mean(visits.iter().copied())))
            }
            ("expensive-years", "count") => {
                let persons = self.persons_with(key.parse().ok()?);
                Some((persons, persons))
            }
            ("expenditure", name) => {
                let clamped: Vec<_> = self.rows.iter().map(|row| row.dollars.clamp(0.0, DOLLARS_MAX)).collect();
                let raw: Vec<_> = self.rows.iter().map(|row| row.dollars).collect();
                let of = |values: &[f64]| match name {
                    "mean" => Some(mean(values.iter().copied())),
                    "variance" => Some(variance(values)),
                    "count" => Some(values.len() as f64),
                    _ => None,
                };
                Some((of(&clamped)?, of(&raw)?))
            }
            _ => None,
        }
    }

    /// How many persons have so many expensive years.
    fn persons_with(&self, years: usize) -> f64 {
        let mut expensive: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.rows {
            *expensive.entry(&row.person).or_default() += usize::from(row.dollars > EXPENSIVE);
        }
        expensive.values().filter(|count| **count == years).count() as f64
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|value| (value - centre).powi(2)))
}
