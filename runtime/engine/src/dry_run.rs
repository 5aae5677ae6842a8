//! A dry run: a module on made-up units, with everything shown that a real run hides.
//!
//! It takes a public schema and no path to any shard, so it has no right to open one.

use crate::mock::{Generator, mock_unit};
use crate::worker::limits;
use serde::Serialize;
use tidegate_sandbox::{CompiledModule, Sandbox, SandboxError};
use tidegate_statistics::{Layout, LayoutError, Scratch, Sums};
use tidegate_terms::{Manifest, ParameterValue, PublicSchema, messages};

messages! {
    /// Why a dry run cannot begin.
    pub enum DryRunError {
        NoUnits = "dry-run.no-units" {
            en: "a dry run needs at least one made-up unit: give --units 1 or more",
            zh: "试运行至少需要一个模拟单元：请用 --units 给出 1 或更多",
        };
        Layout(LayoutError),
        Sandbox(SandboxError)
    }
}

/// A unit on which the guest trapped, with where and why.
#[derive(Debug, Clone, Serialize)]
pub struct DryTrap {
    /// Which made-up unit.
    pub unit: u64,
    /// The trap and the guest's frames.
    pub explanation: String,
}

/// What a dry run shows.
#[derive(Debug, Clone, Serialize)]
pub struct DryRun {
    /// Made-up units.
    pub units: u64,
    /// Units on which the guest trapped, or ran out of fuel or memory.
    pub traps: u64,
    /// The first few of them.
    pub first_traps: Vec<DryTrap>,
    /// Units whose answer did not fit the declared shape.
    pub misshapen: u64,
    /// The most fuel that one unit used.
    pub fuel_used_max: u64,
    /// The fuel that the manifest allows.
    pub fuel_per_unit: u64,
    /// Statistics of the made-up units, without noise.
    pub statistics: Vec<DryStatistic>,
}

/// A statistic of made-up units.
#[derive(Debug, Clone, Serialize)]
pub struct DryStatistic {
    /// Its name.
    pub statistic: String,
    /// Its groups.
    pub groups: Vec<DryGroup>,
}

/// One group of a statistic of made-up units.
#[derive(Debug, Clone, Serialize)]
pub struct DryGroup {
    /// Its public key.
    pub key: Option<String>,
    /// The estimates, by name.
    pub estimates: Vec<(String, f64)>,
}

const TRAPS_SHOWN: usize = 3;

/// Runs a module over made-up units.
pub fn dry_run(
    module: &CompiledModule,
    manifest: &Manifest,
    schema: &PublicSchema,
    parameters: &[ParameterValue],
    units: u64,
    seed: u64,
) -> Result<DryRun, DryRunError> {
    if units == 0 {
        return Err(DryRunError::NoUnits);
    }
    let layout = Layout::seal(manifest, schema)?;
    let sandbox = Sandbox::new(module, parameters, limits(manifest, &layout), true)?;
    let mut generator = Generator::new(seed);
    let mut totals = layout.empty_sums();
    let mut scratch = Scratch::default();
    let mut shown = DryRun {
        units,
        traps: 0,
        first_traps: Vec::new(),
        misshapen: 0,
        fuel_used_max: 0,
        fuel_per_unit: manifest.resources.fuel_per_unit,
        statistics: Vec::new(),
    };
    for unit in 0..units {
        let made_up = mock_unit(manifest, schema, &mut generator);
        let (answer, fuel) = sandbox.contribute_metered(&made_up);
        shown.fuel_used_max = shown.fuel_used_max.max(fuel);
        if let Err(trap) = &answer {
            shown.traps += 1;
            if shown.first_traps.len() < TRAPS_SHOWN {
                shown.first_traps.push(DryTrap { unit, explanation: trap.explain() });
            }
        }
        let taken = layout.add(answer.as_deref().ok(), &mut totals, &mut scratch);
        shown.misshapen += u64::from(answer.is_ok() && !taken);
    }
    shown.statistics = statistics(&layout, &totals);
    Ok(shown)
}

/// Estimates without noise: the totals are of made-up units, so there is nothing to protect.
fn statistics(layout: &Layout, totals: &Sums) -> Vec<DryStatistic> {
    let group = |group: tidegate_statistics::Group| DryGroup {
        key: group.key,
        estimates: group.estimates.into_iter().map(|estimate| (estimate.name, estimate.value)).collect(),
    };
    let one = |(placed, groups): (&tidegate_statistics::Placed, Vec<tidegate_statistics::Group>)| DryStatistic {
        statistic: placed.name.to_string(),
        groups: groups.into_iter().map(group).collect(),
    };
    layout.statistics().iter().zip(layout.conclude_without_noise(totals)).map(one).collect()
}
