//! From bytes to a pack: what the types cannot say is checked here.

use crate::pack::{Ground, Pack, PackRules};
use crate::{Both, Clause, Process, SharingType};
use jiff::civil::Date;
use std::collections::BTreeSet;
use tidegate_terms::{Digest, messages};

messages! {
    /// Why a rule pack is refused, or does not apply on a day.
    pub enum PackError {
        Syntax { detail: String } = "pack.syntax" {
            en: "the rule pack cannot be read: {detail}",
            zh: "无法读取规则包：{detail}",
        },
        NotText = "pack.not-text" {
            en: "the rule pack is not UTF-8 text: save it as UTF-8",
            zh: "规则包不是 UTF-8 文本：请以 UTF-8 保存",
        },
        Format { format: u32 } = "pack.format" {
            en: "the rule pack has format {format}, this program knows 1: use a newer Tidegate",
            zh: "规则包格式为 {format}，本程序只认识 1：请使用更新的 Tidegate",
        },
        Dates = "pack.dates" {
            en: "the last day of the rule pack lies before its first: correct `validity`",
            zh: "规则包的失效日早于生效日：请更正 `validity`",
        },
        Twice { what: String } = "pack.twice" {
            en: "the rule pack gives {what} twice: keep one",
            zh: "规则包中 {what} 出现两次：请保留一处",
        },
        Ground { rule: String } = "pack.ground" {
            en: "the ground of rule `{rule}` lacks its rule, article or phrase: every rule needs its source",
            zh: "规则“{rule}”的依据缺少规则编号、条文或原文：每条规则都须注明来源",
        },
        Number { what: String } = "pack.number" {
            en: "{what} is out of range: working days are 1 to 250, months 1 to 120, years 3 to 100, month of the annual report 1 to 12",
            zh: "{what} 超出范围：工作日为 1 至 250，月数为 1 至 120，年数为 3 至 100，年度报告月份为 1 至 12",
        },
        Types { what: String } = "pack.types" {
            en: "{what} is incomplete: a pack needs all three sharing types and at least two opening types",
            zh: "{what} 不完整：规则包须有全部三种共享类型和至少两种开放类型",
        },
        NotYet { city: Both, effective: Date, clause: Clause } = "pack.not-yet" {
            en: "the rules of {city} are in force from {effective} ({clause}): choose a later date",
            zh: "{city:#}的规则自 {effective} 起施行（{clause:#}）：请选择更晚的日期",
        },
        Expired { city: Both, last_day: Date, clause: Clause } = "pack.expired" {
            en: "the rules of {city} were in force until {last_day} ({clause}): load the pack of the text that follows, or set `when_expired = \"warn\"`",
            zh: "{city:#}的规则有效期至 {last_day}（{clause:#}）：请载入后续文件的规则包，或设置 `when_expired = \"warn\"`",
        },
    }
}

/// The five packs that come with the program, in the order of their names.
pub fn built_in_packs() -> Result<Vec<Pack>, PackError> {
    let files: [&[u8]; 5] = [
        include_bytes!("../../packs/bz.toml"),
        include_bytes!("../../packs/jn.toml"),
        include_bytes!("../../packs/qb.toml"),
        include_bytes!("../../packs/sys.toml"),
        include_bytes!("../../packs/zb.toml"),
    ];
    files.into_iter().map(Pack::parse).collect()
}

impl Pack {
    /// Reads a pack from the bytes of its TOML file and checks it.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        let text = std::str::from_utf8(bytes).map_err(|_| PackError::NotText)?;
        let rules: PackRules = toml::from_str(text).map_err(|error| PackError::Syntax { detail: error.to_string() })?;
        if rules.format != 1 {
            return Err(PackError::Format { format: rules.format });
        }
        if rules.validity.last_day.is_some_and(|last_day| last_day < rules.validity.effective) {
            return Err(PackError::Dates);
        }
        check_types(&rules)?;
        check_numbers(&rules)?;
        for ground in grounds(&rules) {
            if ground.rule.is_empty() || ground.article == 0 || ground.phrase.trim().is_empty() {
                return Err(PackError::Ground { rule: ground.rule.clone() });
            }
        }
        Ok(Self::of(rules, Digest::of(bytes)))
    }
}

fn check_types(rules: &PackRules) -> Result<(), PackError> {
    let sharing: BTreeSet<_> = rules.sharing.types.iter().collect();
    let opening: BTreeSet<_> = rules.opening.types.iter().collect();
    for (what, found, listed, needed) in [
        ("`sharing.types`", sharing.len(), rules.sharing.types.len(), SharingType::ALL.len()),
        ("`opening.types`", opening.len(), rules.opening.types.len(), 2),
    ] {
        if found < listed {
            return Err(PackError::Twice { what: what.to_owned() });
        }
        if found < needed {
            return Err(PackError::Types { what: what.to_owned() });
        }
    }
    let mut processes = BTreeSet::new();
    match rules.deadlines.iter().find(|deadline| !processes.insert(deadline.process)) {
        Some(deadline) => Err(PackError::Twice { what: deadline.process.to_string() }),
        None => Ok(()),
    }
}

fn check_numbers(rules: &PackRules) -> Result<(), PackError> {
    let wrong = |what: &str| Err(PackError::Number { what: what.to_owned() });
    let days = |days: u16| (1..=250).contains(&days);
    let months = |months: u16| (1..=120).contains(&months);
    if let Some(deadline) = rules.deadlines.iter().find(|deadline| !days(deadline.working_days)) {
        return wrong(&format!("`working_days` of: {}", Process::shown(deadline.process).en));
    }
    if rules.review_steps.iter().any(|step| step.working_days.is_some_and(|found| !days(found))) {
        return wrong("`review_steps.working_days`");
    }
    if rules.rectification.as_ref().is_some_and(|rule| !months(rule.unused_months)) {
        return wrong("`rectification.unused_months`");
    }
    if rules.sharing.assessment.as_ref().is_some_and(|rule| !months(rule.months)) {
        return wrong("`sharing.assessment.months`");
    }
    if rules.log_retention.as_ref().is_some_and(|rule| !(3..=100).contains(&rule.years)) {
        return wrong("`log_retention.years`");
    }
    if rules.annual_report.as_ref().is_some_and(|rule| !(1..=12).contains(&rule.month)) {
        return wrong("`annual_report.month`");
    }
    Ok(())
}

/// Every ground of a pack.
pub(crate) fn grounds(rules: &PackRules) -> Vec<&Ground> {
    let (sharing, opening, catalogue) = (&rules.sharing, &rules.opening, &rules.catalogue);
    let mut found = vec![&rules.validity.ground, &catalogue.ground, &catalogue.review, &sharing.ground];
    found.extend(rules.deadlines.iter().map(|rule| &rule.ground));
    found.extend(rules.review_steps.iter().map(|rule| &rule.ground));
    found.extend(
        [
            &catalogue.grading,
            &catalogue.purchased,
            &sharing.not_shared_approvals_ground,
            &sharing.stricter_needs_review,
            &sharing.conversion,
            &sharing.emergency,
            &opening.ground,
            &opening.stricter_needs_review,
            &opening.closed_content,
            &opening.conversion,
            &opening.secrecy_review,
        ]
        .into_iter()
        .flatten(),
    );
    found.extend(catalogue.alteration.iter().map(|rule| &rule.ground));
    found.extend(sharing.unstated.iter().map(|rule| &rule.ground));
    found.extend([&sharing.conditional_basis, &sharing.not_shared_basis].into_iter().flatten().map(|rule| &rule.ground));
    found.extend(sharing.assessment.iter().map(|rule| &rule.ground));
    found.extend(rules.objection.iter().flat_map(|rule| [Some(&rule.ground), rule.appeal.as_ref().map(|appeal| &appeal.ground)]).flatten());
    found.extend(rules.rectification.iter().map(|rule| &rule.ground));
    let demanded = [&rules.closing, &rules.registration_before_delivery, &rules.risk_assessment, &rules.purpose];
    found.extend(demanded.into_iter().flatten().map(|rule| &rule.ground));
    found.extend(rules.delivery.iter().map(|rule| &rule.ground));
    found.extend(rules.log_retention.iter().map(|rule| &rule.ground));
    found.extend(rules.annual_report.iter().map(|rule| &rule.ground));
    found.extend(rules.duties.iter().map(|rule| &rule.ground));
    if let Some(operation) = &rules.operation {
        found.push(&operation.ground);
        found.extend(
            [
                &operation.modes,
                &operation.selection,
                &operation.filing,
                &operation.rights,
                &operation.scenario_assessment,
                &operation.no_redevelopment,
                &operation.no_third_party,
                &operation.registration,
                &operation.shared_data_consent,
            ]
            .into_iter()
            .flatten(),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exchange, OpeningType, Standing};
    use jiff::civil::date;
    use tidegate_terms::Message as _;

    fn pack(id: &str) -> Pack {
        let packs = built_in_packs().expect("packs");
        packs.into_iter().find(|pack| pack.rules().id.as_str() == id).expect("pack")
    }

    // clause: E1 both
    #[test]
    fn the_five_packs_differ_where_the_texts_differ() {
        let stops = |id| pack(id).rules().objection.as_ref().map(|rule| rule.stops_at_once);
        assert_eq!([stops("sys"), stops("bz"), stops("zb")], [Some(true), Some(false), None]);
        let exchange = |id| pack(id).rules().delivery.as_ref().map(|rule| rule.at_exchange);
        assert_eq!(
            [exchange("sys"), exchange("zb"), exchange("bz"), exchange("jn")],
            [Some(Exchange::Duty), Some(Exchange::Encouraged), Some(Exchange::Permitted), None]
        );
        let opening = |id| pack(id).rules().opening.parse_type("依申请开放");
        assert_eq!([opening("jn"), opening("qb"), opening("sys")], [Some(OpeningType::Conditional), Some(OpeningType::Conditional), None]);
        assert_eq!(pack("sys").rules().opening.parse_type("不予开放"), Some(OpeningType::NotOpened));
        assert_eq!(pack("qb").rules().sharing.not_shared_approvals.len(), 2);
        assert_eq!(pack("sys").rules().rectification.as_ref().map(|rule| rule.unused_months), Some(3));
        assert_eq!(pack("qb").rules().annual_report.as_ref().map(|rule| rule.month), Some(2));
        assert_eq!(pack("sys").rules().catalogue.mandatory.len(), 18);
        assert!(built_in_packs().expect("packs").iter().all(|pack| pack.log_retention_years() == 3));
    }

    // clause: A7, A8 both
    #[test]
    fn a_pack_ends_on_its_last_day() {
        let standing = |id: &str, day: Date| pack(id).standing(day).map_err(|error| error.code());
        let left = |days| Ok(Standing::InForce { days_left: Some(days) });
        assert_eq!(standing("qb", date(2026, 11, 30)), left(0));
        assert_eq!(standing("qb", date(2026, 12, 1)), Err("pack.expired".into()));
        assert_eq!(standing("qb", date(2023, 11, 30)), Err("pack.not-yet".into()));
        assert_eq!(standing("sys", date(2028, 2, 10)), left(0));
        assert_eq!(standing("sys", date(2028, 2, 11)), Err("pack.expired".into()));
        assert_eq!(standing("sys", date(2026, 2, 10)), Err("pack.not-yet".into()));
        assert_eq!(standing("jn", date(2999, 1, 1)), Ok(Standing::InForce { days_left: None }));
        let warned = include_str!("../../packs/qb.toml").replace("when_expired = \"refuse\"", "when_expired = \"warn\"");
        let warned = Pack::parse(warned.as_bytes()).expect("pack");
        let last_day = date(2026, 11, 30);
        assert_eq!(warned.standing(date(2026, 12, 1)).expect("warns"), Standing::ExpiredWithWarning { last_day });
        assert_ne!(warned.digest(), pack("qb").digest());
        let refusal = pack("qb").standing(date(2026, 12, 1)).expect_err("over");
        assert!(refusal.say(tidegate_terms::Language::Chinese).contains("规则 A8，起步区第四十五条"));
        assert!(refusal.to_string().contains("rule A8, Qibu Art. 45"));
    }

    #[test]
    fn wrong_packs_say_what_is_wrong() {
        let text = include_str!("../../packs/sys.toml");
        let code = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Pack::parse(text.replacen(from, to, 1).as_bytes()).expect_err("refused").code()
        };
        assert_eq!(code("format = 1", "format = 2"), "pack.format");
        assert_eq!(code("last_day = \"2028-02-10\"", "last_day = \"2025-02-10\""), "pack.dates");
        assert_eq!(code("last_day = \"2028-02-10\"", "last_day = \"2028-02-30\""), "pack.syntax");
        assert_eq!(code("working_days = 1\n", "working_days = 0\n"), "pack.number");
        assert_eq!(code("years = 3", "years = 2"), "pack.number");
        assert_eq!(code("unused_months = 3", "unused_months = 0"), "pack.number");
        assert_eq!(code("process = \"catalogue_review\"", "process = \"catalogue_update\""), "pack.twice");
        assert_eq!(code("\"conditional\", \"not_shared\"]", "\"conditional\"]"), "pack.types");
        assert_eq!(code("\"conditional\", \"not_shared\"]", "\"not_shared\", \"not_shared\"]"), "pack.twice");
        assert_eq!(code("应当立即中止开放并进行核实", " "), "pack.ground");
        assert_eq!(code("article = 56", "article = 0"), "pack.ground");
        assert_eq!(code("stops_at_once = true", "stops_at_once = true\nstops = 1"), "pack.syntax");
        assert_eq!(Pack::parse(b"\xff").expect_err("refused").code(), "pack.not-text");
        assert_eq!(Pack::parse(b"").expect_err("refused").code(), "pack.syntax");
    }
}
