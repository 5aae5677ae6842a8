//! The rules about products: steps in their order, by others than the applicant; releases that exist, under grants of
//! the operator; no re-development of what was delivered; delivery of what is registered, to who acknowledged the terms.

use super::Replay;
use crate::entry::{
    Event, ProductAcknowledgement, ProductApplication, ProductDelivery, ProductKeys, ProductReceipt, ProductStep, ProductStepKind,
};
use crate::text::parse_key;
use crate::violation::Violation;
use base64::Engine as _;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_terms::{Name, parse_date};

/// The order of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Applied,
    Accepted,
    Reviewed,
    Notice,
    Coded,
    /// Refused, ended by an objection, withdrawn or revoked.
    Over,
}

struct ProductState {
    operator: Name,
    affiliates: BTreeSet<Name>,
    inputs: Vec<String>,
    runs: Vec<String>,
    stage: Stage,
    notice_day: i32,
    objections: bool,
    /// The last day of the registration, once it is coded.
    until: String,
    delivered: bool,
}

/// What the rules about products need.
pub(super) struct Products {
    coded_needed: bool,
    notice_days: u32,
    keys: bool,
    /// The position of each run's last release, or of its tables.
    released: BTreeMap<String, u64>,
    /// The grant of each reviewed run.
    reviewed_grants: BTreeMap<String, String>,
    known: BTreeMap<String, ProductState>,
    acknowledged: BTreeMap<String, String>,
    delivered: BTreeMap<String, String>,
}

impl Default for Products {
    fn default() -> Self {
        Self {
            coded_needed: true,
            notice_days: 10,
            keys: false,
            released: BTreeMap::new(),
            reviewed_grants: BTreeMap::new(),
            known: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            delivered: BTreeMap::new(),
        }
    }
}

impl Products {
    /// Remembers which runs have ended, and where.
    pub(super) fn see(&mut self, position: u64, event: &Event) {
        match event {
            Event::Release { run, last: true, .. } | Event::Tables { run, .. } => drop(self.released.insert(run.clone(), position)),
            Event::Reviewed { run, account, .. } => drop(self.reviewed_grants.insert(run.clone(), account.grant.clone())),
            _ => {}
        }
    }

    /// A delivered product of the operator or an affiliate among everything that this was made from.
    fn redeveloped(&self, operator: &Name, affiliates: &BTreeSet<Name>, inputs: &[String]) -> Option<String> {
        let (mut open, mut seen) = (inputs.to_vec(), BTreeSet::new());
        while let Some(input) = open.pop() {
            let Some(state) = self.known.get(&input).filter(|_| seen.insert(input.clone())) else { continue };
            let own = state.operator == *operator || affiliates.contains(&state.operator) || state.affiliates.contains(operator);
            if own && state.delivered {
                return Some(input);
            }
            open.extend(state.inputs.iter().cloned());
        }
        None
    }
}

/// How many days from Monday to Friday lie strictly between two days. Public holidays are not known to the log, so a
/// notice that satisfies this can still be too short; one that does not cannot be long enough.
fn weekdays_between(from: i32, to: i32) -> u32 {
    let between = (from.saturating_add(1)..to).take(3_660);
    // 1970-01-01 was a Thursday.
    u32::try_from(between.filter(|day| (day + 3).rem_euclid(7) < 5).count()).unwrap_or(u32::MAX)
}

/// The same day three years later; the last of February for a leap day.
fn three_years_later(day: &str) -> String {
    let year = day.get(..4).and_then(|year| year.parse::<u32>().ok()).unwrap_or(0) + 3;
    let rest = day.get(4..).unwrap_or_default();
    format!("{year:04}{}", if rest == "-02-29" { "-02-28" } else { rest })
}

impl Replay {
    pub(super) fn product(&mut self, at: &str, event: Event) {
        match event {
            Event::ProductPolicy(policy) => {
                (self.products.coded_needed, self.products.notice_days) = (policy.coded_needed, policy.notice_days);
            }
            Event::ProductKeys(keys) => self.product_keys(&keys),
            Event::ProductApplication(application) => self.apply_product(at, application),
            Event::ProductStep(step) => self.step_product(at, step),
            Event::ProductAcknowledgement(acknowledgement) => self.acknowledge_product(acknowledgement),
            Event::ProductDelivery(delivery) => self.deliver_product(at, delivery),
            Event::ProductReceipt(receipt) => self.receive_product(receipt),
            _ => {}
        }
    }

    fn product_keys(&mut self, keys: &ProductKeys) {
        let point = base64::engine::general_purpose::STANDARD.decode(&keys.p256).unwrap_or_default();
        let readable = parse_key(&keys.ed25519).is_some() && point.len() == 65 && point[0] == 4;
        self.check(readable, || Violation::ProductKey);
        self.products.keys = true;
    }

    /// The grants under which a run was admitted.
    fn grants_of(&self, run: &str) -> Vec<String> {
        match self.runs.get(run) {
            Some(state) => state.grants.iter().cloned().collect(),
            None => self.products.reviewed_grants.get(run).cloned().into_iter().collect(),
        }
    }

    /// Whether all grants of a run are the operator's, and valid on that day.
    fn granted(&self, run: &str, operator: &Name, day: &str) -> bool {
        let grants = self.grants_of(run);
        let valid = |grant: &String| {
            self.grants.get(grant).is_some_and(|state| {
                state.operator == *operator && !state.revoked && state.valid_from.as_str() <= day && day <= state.valid_until.as_str()
            })
        };
        !grants.is_empty() && grants.iter().all(valid)
    }

    fn apply_product(&mut self, at: &str, application: ProductApplication) {
        let ProductApplication { product, operator, affiliates, sources, inputs, .. } = application;
        let name = || product.clone();
        let day = at.get(..10).unwrap_or_default();
        self.check(!sources.is_empty(), || Violation::ProductNoRelease { product: name() });
        for source in &sources {
            let run = || source.run.clone();
            let there = self.products.released.get(&source.run) == Some(&source.position);
            self.check(there, || Violation::ProductRelease { product: name(), run: run() });
            let granted = self.granted(&source.run, &operator, day);
            self.check(!there || granted, || Violation::ProductGrant { product: name(), run: run() });
        }
        for input in &inputs {
            let known = self.products.known.contains_key(input);
            self.check(known, || Violation::ProductInput { product: name(), input: input.clone() });
        }
        let affiliates: BTreeSet<Name> = affiliates.into_iter().collect();
        if let Some(input) = self.products.redeveloped(&operator, &affiliates, &inputs) {
            self.find(Violation::ProductRedeveloped { product: name(), input });
        }
        let runs = sources.into_iter().map(|source| source.run).collect();
        let state = ProductState {
            operator,
            affiliates,
            inputs,
            runs,
            stage: Stage::Applied,
            notice_day: 0,
            objections: false,
            until: String::new(),
            delivered: false,
        };
        if self.products.known.contains_key(&product) {
            return self.find(Violation::ProductAgain { product });
        }
        self.products.known.insert(product, state);
    }

    fn step_product(&mut self, at: &str, event: ProductStep) {
        use ProductStepKind as Step;
        let ProductStep { product, step, by, .. } = event;
        let notice_days = self.products.notice_days;
        let Some(state) = self.products.known.get_mut(&product) else { return self.find(Violation::ProductUnknown { product }) };
        let day = at.get(..10).unwrap_or_default();
        let today = parse_date(day).unwrap_or(0);
        let own = by == state.operator || state.affiliates.contains(&by);
        let over_notice = !state.objections && weekdays_between(state.notice_day, today) >= notice_days;
        let next = match (state.stage, step) {
            (Stage::Applied, Step::Accepted) => Some(Stage::Accepted),
            (Stage::Accepted, Step::Reviewed) => Some(Stage::Reviewed),
            (Stage::Reviewed, Step::Notice) => Some(Stage::Notice),
            (Stage::Notice, Step::Coded) => Some(Stage::Coded),
            (Stage::Notice, Step::Objected | Step::ObjectionDismissed) => Some(Stage::Notice),
            (Stage::Notice, Step::ObjectionUpheld) => Some(Stage::Over),
            (Stage::Applied | Stage::Accepted | Stage::Reviewed | Stage::Notice, Step::Refused) => Some(Stage::Over),
            (stage, Step::Withdrawn | Step::Revoked) if stage != Stage::Over => Some(Stage::Over),
            _ => None,
        };
        let decided = matches!(step, Step::ObjectionDismissed | Step::ObjectionUpheld);
        let next = next.filter(|_| !decided || state.objections);
        let Some(next) = next else { return self.find(Violation::ProductStep { product }) };
        state.stage = next;
        match step {
            Step::Notice => state.notice_day = today,
            Step::Objected => state.objections = true,
            Step::ObjectionDismissed => state.objections = false,
            Step::Coded => state.until = three_years_later(day),
            _ => {}
        }
        let (runs, inputs) = (state.runs.clone(), state.inputs.clone());
        let (operator, affiliates) = (state.operator.clone(), state.affiliates.clone());
        self.check(!own || step == Step::Withdrawn, || Violation::ProductSelfReview { product: product.clone() });
        if step != Step::Coded {
            return;
        }
        self.check(over_notice, || Violation::ProductNotice { product: product.clone() });
        if let Some(input) = self.products.redeveloped(&operator, &affiliates, &inputs) {
            self.find(Violation::ProductRedeveloped { product: product.clone(), input });
        }
        let grants = runs.iter().flat_map(|run| self.grants_of(run));
        let ends: Vec<String> = grants.filter_map(|grant| Some(self.grants.get(&grant)?.valid_until.clone())).collect();
        if let Some(state) = self.products.known.get_mut(&product) {
            state.until = ends.into_iter().fold(state.until.clone(), std::cmp::min);
        }
    }

    fn acknowledge_product(&mut self, event: ProductAcknowledgement) {
        let ProductAcknowledgement { product, acknowledgement, .. } = event;
        match self.products.known.get(&product).map(|state| state.stage) {
            None => return self.find(Violation::ProductUnknown { product }),
            Some(Stage::Over) => return self.find(Violation::ProductStep { product }),
            Some(_) => {}
        }
        if self.products.acknowledged.insert(acknowledgement.clone(), product).is_some() {
            self.find(Violation::DeliveryAgain { delivery: acknowledgement });
        }
    }

    fn deliver_product(&mut self, at: &str, event: ProductDelivery) {
        let ProductDelivery { product, delivery, acknowledgement, .. } = event;
        let day = at.get(..10).unwrap_or_default();
        let needed = if self.products.coded_needed { Stage::Coded } else { Stage::Reviewed };
        let Some(state) = self.products.known.get_mut(&product) else { return self.find(Violation::ProductUnknown { product }) };
        state.delivered = true;
        let registered = state.stage >= needed && state.stage != Stage::Over;
        let (until, operator, runs) = (state.until.clone(), state.operator.clone(), state.runs.clone());
        let name = || product.clone();
        self.check(registered, || Violation::DeliveryEarly { product: name() });
        let expired = !until.is_empty() && day > until.as_str();
        self.check(!expired, || Violation::DeliveryExpired { product: name(), until });
        for run in runs {
            let granted = self.granted(&run, &operator, day);
            self.check(granted, || Violation::ProductGrant { product: name(), run });
        }
        let acknowledged = self.products.acknowledged.get(&acknowledgement) == Some(&product);
        self.check(acknowledged, || Violation::DeliveryUnacknowledged { product: name() });
        let keys = self.products.keys;
        self.check(keys, || Violation::DeliveryUnsigned { product: name() });
        if self.products.delivered.insert(delivery.clone(), product).is_some() {
            self.find(Violation::DeliveryAgain { delivery });
        }
    }

    /// A receipt may come after a revocation: it says that something arrived before.
    fn receive_product(&mut self, event: ProductReceipt) {
        let ProductReceipt { product, delivery, .. } = event;
        let known = self.products.delivered.get(&delivery) == Some(&product);
        self.check(known, || Violation::DeliveryUnknown { delivery });
    }
}
