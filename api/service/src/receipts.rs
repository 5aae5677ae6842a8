//! What a run leaves in writing: the log's entry of its reservation, and its releases as people read them.

use crate::plan::{Decision, Next};
use crate::quotes::Checked;
use crate::view::{Notice, PriceView, ReleaseView, RoundView};
use tidegate_accountant::Price;
use tidegate_engine::{Round, Stage, Totals};
use tidegate_gate::Release;
use tidegate_log::{Charge as LoggedCharge, Event, Payer, commit};
use tidegate_store::{Opening, RunMount, RunRecord};
use tidegate_terms::{Digest, UnitKind};

const INTERVALS_COVER: &str = "the statistic of clamped contributions; sampling error and what the clamp removes are not in them";

/// What a round made.
pub(crate) struct ReleasedRound {
    pub(crate) totals: Totals,
    pub(crate) release: Release,
    pub(crate) decision: Decision,
}

/// What the log says of a price.
pub(crate) fn logged_charges(price: &Price) -> Vec<LoggedCharge> {
    let charge = |charge: &tidegate_accountant::Charge| LoggedCharge {
        statistic: charge.statistic.clone(),
        part: charge.part.clone(),
        mechanism: charge.mechanism,
        scale: charge.scale,
        sensitivity: charge.sensitivity,
        cells: charge.cells,
        rho: charge.rho,
        delta: charge.delta,
        first_round: charge.first_round,
        rounds: charge.rounds,
    };
    price.charges.iter().map(charge).collect()
}

pub(crate) fn reserve_event(run: &RunRecord, parameters: &Opening, engine: Digest) -> Event {
    let account = |mount: &RunMount| Payer {
        dataset: mount.dataset.clone(),
        version: mount.version,
        lineage: mount.lineage.clone(),
        grant: mount.grant.clone(),
    };
    Event::Reserve {
        run: run.id.clone(),
        accounts: run.mounts.iter().map(account).collect(),
        module: run.module,
        parameters_commitment: commit(&parameters.salt, parameters.content.as_deref().unwrap_or_default()),
        side_tables: run.side_tables.iter().map(|table| Digest::of(table)).collect(),
        rho: run.price.rho(),
        delta: run.price.delta(),
        charges: logged_charges(&run.price),
        rounds: run.price.rounds(),
        slot: run.slot.clone(),
        slot_seconds: run.slot_seconds,
        engine,
    }
}

pub(crate) fn release_view(
    checked: &Checked,
    run: &RunRecord,
    round: &Round,
    released: &ReleasedRound,
    visible_at: &str,
    exact_tables_released: bool,
) -> ReleaseView {
    let first = checked.first();
    let (report, failure, last) = match &released.decision.next {
        Next::Round { .. } => (Vec::new(), None, false),
        Next::End { report, failure } => (report.clone(), *failure, true),
    };
    ReleaseView {
        run: released.release.run().to_owned(),
        dataset: run.mounts[0].dataset.clone(),
        version: run.mounts[0].version,
        join: run.mounts.get(1).map(|mount| (mount.dataset.clone(), mount.version)),
        module: run.module,
        module_name: checked.module.name.clone(),
        operator: checked.module.operator.clone(),
        purpose: checked.manifest.purpose.clone(),
        parameters: run.parameters.clone(),
        visible_at: visible_at.to_owned(),
        visibility: if checked.waits() { "at_slot".into() } else { "immediately: the running time of this run was visible".into() },
        round: RoundView { number: round.number, reserved: checked.plan.rounds(), last, finds_bounds: round.stage == Stage::Bounds },
        price: PriceView::new(&run.price, round.number, first.policy.delta),
        confidence: released.release.confidence(),
        intervals_cover: INTERVALS_COVER.into(),
        guarantee: format!(
            "Gaussian differential privacy for adding or removing one {} with all its rows",
            unit_name(first.schema.privacy_unit.kind)
        ),
        statistics: released.release.statistics().to_vec(),
        report,
        failure,
        exact_tables_released,
        noised_commitment: None,
        notice: checked
            .mounted
            .iter()
            .map(|mounted| Notice { source: mounted.schema.source.clone(), acquired: mounted.schema.acquired.clone() })
            .collect(),
    }
}

fn unit_name(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Person => "person",
        UnitKind::Household => "household",
        UnitKind::Enterprise => "enterprise",
        UnitKind::Card => "card",
        UnitKind::Meter => "meter",
    }
}
