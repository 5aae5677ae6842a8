//! What must stand in an entry, by the rules of its place.

use crate::entry::{Entry, Origin};
use crate::error::EntryError;
use std::collections::BTreeSet;
use tidegate_rules::{Clause, Field, LevelMatrix, OpeningType, Pack, SharingType};

const SECRET: Clause = Clause::shuangyashan("A2", 3);
const CONSENT: Clause = Clause::shuangyashan("D11", 43);
const UNIT: Clause = Clause::shuangyashan("A5", 16);

impl Entry {
    /// Everything that is wrong for a draft to be submitted, in the order of the fields. Empty means sound.
    pub fn check(&self, pack: &Pack, levels: &LevelMatrix) -> Vec<EntryError> {
        let mut found = Vec::new();
        if let Some(secret) = self.secret {
            // First and alone: nothing else about a secret is discussed.
            return vec![EntryError::Secret { secret, clause: SECRET }];
        }
        let rules = pack.rules();
        let missing = rules.catalogue.mandatory.iter().filter(|field| !self.has(**field, pack));
        found.extend(missing.map(|field| EntryError::Missing { field: *field, clause: pack.clause(&rules.catalogue.ground) }));
        found.extend(self.texts().into_iter().filter(|(_, text)| !is_plain(text)).map(|(field, _)| EntryError::Text { field }));
        self.check_items(&mut found);
        self.check_sharing(pack, &mut found);
        let closed = self.contains_personal || self.contains_trade_secret;
        if closed && self.opening.kind.is_some_and(|kind| kind != OpeningType::NotOpened) && self.conversions.is_empty() {
            found.push(EntryError::Closed { clause: pack.clause_or(rules.opening.closed_content.as_ref(), "E3") });
        }
        if let Origin::Purchased { approval } = &self.origin
            && approval.as_deref().unwrap_or_default().trim().is_empty()
        {
            found.push(EntryError::NoApproval { clause: pack.clause_or(rules.catalogue.purchased.as_ref(), "B13") });
        }
        if let Some(level) = &self.security_level
            && levels.rank(level.as_str()).is_none()
        {
            found.push(EntryError::UnknownLevel { level: level.to_string(), clause: Clause::shuangyashan("C2", 11) });
        }
        self.check_emergency(pack, &mut found);
        found.extend(self.duties.check(pack).err().map(EntryError::Duty));
        found
    }

    /// What is wrong beyond that for an entry to be published: class and level (rule C1).
    pub fn check_graded(&self, pack: &Pack) -> Result<(), EntryError> {
        let graded = !self.category.trim().is_empty() && self.security_level.is_some();
        let clause = || pack.clause_or(pack.rules().catalogue.grading.as_ref(), "C1");
        if graded { Ok(()) } else { Err(EntryError::NotGraded { clause: clause() }) }
    }

    /// Whether the data may enter authorised operation at all: no secret, graded, and with their provider's consent where
    /// they were got by sharing (rules G32 and D11). Open objections are for the caller to know.
    pub fn check_operable(&self, pack: &Pack) -> Result<(), EntryError> {
        if let Some(secret) = self.secret {
            return Err(EntryError::Secret { secret, clause: SECRET });
        }
        self.check_graded(pack)?;
        let operation = pack.rules().operation.as_ref().and_then(|operation| operation.shared_data_consent.as_ref());
        match &self.origin {
            Origin::Shared { consent } if consent.as_deref().unwrap_or_default().trim().is_empty() => {
                Err(EntryError::NoConsent { clause: operation.map_or(CONSENT, |ground| pack.clause(ground)) })
            }
            _ => Ok(()),
        }
    }

    /// Whether a field is filled in, where it applies.
    fn has(&self, field: Field, pack: &Pack) -> bool {
        let (sharing, opening) = (&self.sharing, &self.opening);
        let given = |text: &str| !text.trim().is_empty();
        match field {
            Field::Name => given(&self.name),
            Field::Summary => given(&self.summary),
            Field::Format => given(&self.format),
            Field::Industry => given(&self.industry),
            Field::TimeCoverage => given(&self.time_coverage),
            Field::AreaCoverage => given(&self.area_coverage),
            Field::UpdateFrequency => self.update_frequency.is_some(),
            Field::ProviderName => given(&self.provider.name),
            Field::ProviderCode => true,
            // Rule D3: what is unstated counts as something, where the text says so.
            Field::SharingType => sharing.kind.is_some() || pack.rules().sharing.unstated.is_some(),
            Field::SharingConditions => sharing.kind != Some(SharingType::Conditional) || given(&sharing.conditions),
            Field::SharingWay => sharing.kind == Some(SharingType::NotShared) || given(&sharing.way),
            Field::OpenToSociety | Field::OpeningType => opening.kind.is_some(),
            Field::OpeningConditions => opening.kind != Some(OpeningType::Conditional) || given(&opening.conditions),
            Field::OperationStatus => true,
            Field::OperationScenarios => {
                self.operation_status == crate::OperationStatus::NotPlanned || self.operation_scenarios.iter().any(|text| given(text))
            }
            Field::ItemNames => !self.items.is_empty(),
            Field::ItemFormats => !self.items.is_empty() && self.items.iter().all(|item| given(&item.format)),
            Field::Category => given(&self.category),
            Field::SecurityLevel => self.security_level.is_some(),
            Field::UsageRequirements => given(&self.usage_requirements),
            Field::OpeningScope => !self.opened() || given(&opening.scope),
            Field::OpeningContent => !self.opened() || given(&opening.content),
            Field::OpeningForm => !self.opened() || given(&opening.form),
        }
    }

    /// 是否向社会开放.
    pub fn opened(&self) -> bool {
        self.opening.kind.is_some_and(|kind| kind != OpeningType::NotOpened)
    }

    fn check_items(&self, found: &mut Vec<EntryError>) {
        let mut names = BTreeSet::new();
        for item in &self.items {
            if item.name.trim().is_empty() || item.format.trim().is_empty() || !names.insert(item.name.as_str()) {
                found.push(EntryError::Item { item: item.name.chars().take(80).collect() });
            }
        }
        if !self.unit.as_ref().is_some_and(|unit| names.contains(unit.item.as_str())) {
            found.push(EntryError::NoUnit { clause: UNIT });
        }
    }

    fn check_sharing(&self, pack: &Pack, found: &mut Vec<EntryError>) {
        let rule = &pack.rules().sharing;
        let (basis_rule, own) = match self.sharing.kind {
            Some(SharingType::Conditional) => (&rule.conditional_basis, "D2"),
            Some(SharingType::NotShared) => (&rule.not_shared_basis, "D5"),
            None | Some(SharingType::Unconditional) => return,
        };
        let named = self.sharing.basis.iter().filter(|basis| !basis.law.trim().is_empty() && !basis.article.trim().is_empty());
        let best = named.map(|basis| basis.rank).min();
        let clause = || pack.clause_or(basis_rule.as_ref().map(|rule| &rule.ground), own);
        match (best, basis_rule) {
            (None, _) => found.push(EntryError::NoBasis { clause: clause() }),
            (Some(rank), Some(rule)) if rank > rule.lowest => {
                found.push(EntryError::LowBasis { needed: rule.lowest, clause: clause() });
            }
            _ => {}
        }
        let stated = [&self.sharing.scope, &self.sharing.purpose].iter().all(|text| !text.trim().is_empty());
        if self.sharing.kind == Some(SharingType::Conditional) && !stated {
            found.push(EntryError::NoConditions { clause: clause() });
        }
    }

    fn check_emergency(&self, pack: &Pack, found: &mut Vec<EntryError>) {
        let Some(emergency) = &self.emergency else { return };
        let Some(ground) = &pack.rules().sharing.emergency else {
            found.push(EntryError::NoEmergency { clause: Clause::own("D10") });
            return;
        };
        let days = emergency.last.since(emergency.first).map_or(-1, |span| span.get_days());
        let wider = self.sharing.kind.is_some_and(|kind| emergency.kind < kind);
        if emergency.incident.trim().is_empty() || !(0..=366).contains(&days) || !wider {
            found.push(EntryError::EmergencyDates { clause: pack.clause(ground) });
        }
    }

    /// All free texts, each with the name of its field.
    fn texts(&self) -> Vec<(String, &str)> {
        let (sharing, opening) = (&self.sharing, &self.opening);
        let mut found: Vec<(String, &str)> = [
            ("name", &self.name),
            ("summary", &self.summary),
            ("format", &self.format),
            ("industry", &self.industry),
            ("time_coverage", &self.time_coverage),
            ("area_coverage", &self.area_coverage),
            ("provider.name", &self.provider.name),
            ("sharing.conditions", &sharing.conditions),
            ("sharing.scope", &sharing.scope),
            ("sharing.purpose", &sharing.purpose),
            ("sharing.way", &sharing.way),
            ("opening.conditions", &opening.conditions),
            ("opening.scope", &opening.scope),
            ("opening.content", &opening.content),
            ("opening.form", &opening.form),
            ("category", &self.category),
            ("usage_requirements", &self.usage_requirements),
        ]
        .into_iter()
        .map(|(field, text)| (field.to_owned(), text.as_str()))
        .collect();
        found.extend(self.operation_scenarios.iter().map(|text| ("operation_scenarios".to_owned(), text.as_str())));
        found.extend(self.items.iter().flat_map(|item| [("items".to_owned(), item.name.as_str()), ("items".to_owned(), &item.format)]));
        found
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().count() <= 2_000 && !text.chars().any(char::is_control)
}
