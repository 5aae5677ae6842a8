//! What each hostile model would have shown if its wall were down, held against what was released.

use crate::front::CliError;
use serde::Serialize;
use tidegate_service::view::ReleaseView;

/// Persons in the public file.
const PERSONS: f64 = 5_912.0;

/// What became of an attack.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Verdict {
    model: String,
    pub(super) en: String,
    pub(super) zh: String,
}

/// Judges a release of an offender; an error if the attack succeeded.
pub(super) fn judge(model: &str, release: &ReleaseView) -> Result<Verdict, CliError> {
    let verdict = |en: String, zh: String| Verdict { model: model.to_owned(), en, zh };
    match model {
        "offender-keeps-state" => {
            // Kept state would make almost every contribution 2, the clamp; fresh instances make each 1.
            let worst = sums(release).map(|(value, half)| (value - PERSONS) / half.max(1.0)).fold(f64::NEG_INFINITY, f64::max);
            let shown: Vec<_> = sums(release).map(|(value, _)| format!("{value:.0}")).collect();
            check(worst < 4.0, "state survived from one unit to the next")?;
            let shown = shown.join(", ");
            Ok(verdict(
                format!("Sums {shown} for {PERSONS} persons: every instance was fresh. Kept state would give about {:.0}.", 2.0 * PERSONS),
                format!("合计 {shown}，共 {PERSONS} 人：每个实例都是全新的。若能保留状态，应约为 {:.0}。", 2.0 * PERSONS),
            ))
        }
        "offender-loops" => Ok(verdict(
            "It loops for ever when it meets one person. Fuel ended the call, the person counted as zero, the run succeeded, and the result became visible at the slot computed beforehand, as always.".into(),
            "它遇到某人时会死循环。燃料耗尽后调用结束，该人按零计；运行照常成功，结果照常在事先算定的时段可见。".into(),
        )),
        _ => {
            let most = sums(release).map(|(value, half)| value - 4.0 * half).fold(f64::NEG_INFINITY, f64::max);
            check(most <= PERSONS, "a contribution outside its bounds was added")?;
            Ok(verdict(
                format!("It returned 1e300, NaN, infinities and wrong lengths. Each became the default or was clamped: no sum is above {PERSONS}, within noise."),
                format!("它返回了 1e300、NaN、无穷大和错误长度。每一个都按默认值处理或被截断：在噪声范围内，没有合计超过 {PERSONS}。"),
            ))
        }
    }
}

fn check(holds: bool, what: &str) -> Result<(), CliError> {
    if holds { Ok(()) } else { Err(CliError::Demo { detail: what.into() }) }
}

/// The released sums, each with half the width of its interval.
fn sums(release: &ReleaseView) -> impl Iterator<Item = (f64, f64)> {
    let estimates = release.statistics.iter().flat_map(|statistic| &statistic.groups).flat_map(|group| &group.estimates);
    estimates.filter(|estimate| estimate.name == "sum").map(|estimate| (estimate.value, (estimate.upper - estimate.lower) / 2.0))
}
