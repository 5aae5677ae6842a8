//! `docs/models.md`.

use super::{Answer, HONEST, OTHERS, Sample};
use std::fmt::Write as _;

const HEAD: &str = "# The sample models and what they answer

Made by `tidegate bench models --markdown > docs/models.md`. Each model runs once at epsilon 1 and delta 1e-6, through \
the whole path, on the RAND Health Insurance Experiment (5,912 persons, 20,190 person-years) or on the invented people \
of `datasets/clinics` and `datasets/insured`. Beside each released number stands the one without privacy, computed \
from the file by other code: nothing clamped, no noise. The next run draws other noise. Intervals cover the clamped \
statistic and the noise at 95 %; of `visits-ols`, two standard errors, which hold sampling too.
";

/// A model's README without its heading.
fn description(sample: &Sample) -> &str {
    sample.readme.split_once('\n').map_or(sample.readme, |(_, text)| text).trim()
}

/// The whole page.
pub(super) fn page(answers: &[Answer]) -> String {
    let mut page = HEAD.to_owned();
    for (sample, answer) in HONEST.iter().zip(answers) {
        let _ = write!(page, "\n## {}\n\n{}\n\n", sample.name, description(sample));
        if answer.rounds_reserved > 1 {
            let _ =
                write!(page, "Rounds: {} of {} reserved; price: epsilon {:.3}.\n\n", answer.rounds, answer.rounds_reserved, answer.epsilon);
        }
        page.push_str("| | released | interval | without privacy |\n|---|---|---|---|\n");
        for line in &answer.lines {
            let interval = line.interval.map(|[lower, upper]| format!("{} to {}", short(lower), short(upper))).unwrap_or_default();
            let _ = writeln!(page, "| {} | {} | {interval} | {} |", line.what, short(line.released), short(line.without_privacy));
        }
    }
    page.push_str("\n## Others\n\nExact tables, and models for benchmarks and tests; their READMEs say more.\n\n");
    for sample in &OTHERS {
        let first = description(sample).split("\n\n").next().unwrap_or_default();
        let _ = writeln!(page, "- `{}`: {first}", sample.name);
    }
    page
}

/// Four digits are more than the noise leaves.
fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 1_000.0 || value == 0.0 => format!("{value:.0}"),
        _ if size >= 100.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
