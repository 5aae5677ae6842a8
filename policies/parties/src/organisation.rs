//! Organisations and the people who act for them.

use crate::{CitizenId, CreditCode, DisplayName, NationalId, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_rules::{Clause, words};
use tidegate_terms::{Name, messages};

const ROLES: Clause = Clause::shuangyashan("A1", 3);
const OFFICER: Clause = Clause::shuangyashan("K7", 9);

messages! {
    /// Why an organisation is refused.
    pub enum OrganisationError {
        NoRole { organisation: Name, clause: Clause } = "organisation.no-role" {
            en: "organisation `{organisation}` has no role ({clause}): give it one of the closed list",
            zh: "机构“{organisation}”没有角色（{clause:#}）：请从封闭列表中指定",
        },
        Excluded { organisation: Name, one: Role, other: Role, clause: Clause } = "organisation.excluded" {
            en: "organisation `{organisation}` may not be both {one} and {other} ({clause}): who supervises, grants or keeps the machine does not operate",
            zh: "机构“{organisation}”不得同时担任“{one:#}”和“{other:#}”（{clause:#}）：监督、授权或保管者不得运营",
        },
        NoCode { organisation: Name, clause: Clause } = "organisation.no-code" {
            en: "organisation `{organisation}` needs its unified social credit code ({clause})",
            zh: "机构“{organisation}”须提供统一社会信用代码（{clause:#}）",
        },
        Region { organisation: Name, clause: Clause } = "organisation.region" {
            en: "the region of organisation `{organisation}` is not six digits (GB/T 2260; {clause}): write its administrative division",
            zh: "机构“{organisation}”的地区代码不是六位数字（GB/T 2260；{clause:#}）：请填写行政区划代码",
        },
        NoOfficer { organisation: Name, clause: Clause } = "organisation.no-officer" {
            en: "provider `{organisation}` names no responsible unit and no chief data officer ({clause}): name both",
            zh: "数据提供部门“{organisation}”未写明责任机构和首席数据官（{clause:#}）：请填写",
        },
        Twice { organisation: Name, clause: Clause } = "organisation.twice" {
            en: "an organisation with the name `{organisation}` or the same credit code exists already ({clause}): use that one",
            zh: "已有名称为“{organisation}”或信用代码相同的机构（{clause:#}）：请使用已有机构",
        },
    }
}

/// What kind of body an organisation is; enterprises need their sector regulator in some cities (rule F4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationKind {
    /// 政务部门.
    Department,
    /// 公共服务企事业单位.
    PublicService,
    /// 企业.
    Enterprise,
    /// 社会组织.
    Society,
}

words!(OrganisationKind {
    Department: "government department", "政务部门";
    PublicService: "public service body", "公共服务企事业单位";
    Enterprise: "enterprise", "企业";
    Society: "social organisation", "社会组织";
});

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The unit inside the organisation.
    pub unit: DisplayName,
    /// The chief data officer (首席数据官).
    pub officer: DisplayName,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its short name in the system.
    pub id: Name,
    /// What it is called.
    pub name: DisplayName,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its 统一社会信用代码.
    pub credit_code: Option<CreditCode>,
    /// The six digits of its administrative division; counties are told apart by it (rule G12).
    pub region: String,
    /// What it acts as.
    pub roles: BTreeSet<Role>,
    /// Identifiers of the national infrastructure.
    #[serde(default)]
    pub national_ids: Vec<NationalId>,
    /// Whom to ask.
    pub contact: Option<Contact>,
    /// The organisation under whose agreement it works, for developers (rule G18).
    pub works_under: Option<Name>,
}

impl Organisation {
    /// Checks an organisation by itself and against those that exist.
    pub fn check<'a>(&self, existing: impl IntoIterator<Item = &'a Self>) -> Result<(), OrganisationError> {
        let organisation = || self.id.clone();
        if self.roles.is_empty() {
            return Err(OrganisationError::NoRole { organisation: organisation(), clause: ROLES });
        }
        for &one in &self.roles {
            if let Some(&other) = self.roles.iter().find(|other| one.excludes(**other)) {
                return Err(OrganisationError::Excluded { organisation: organisation(), one, other, clause: ROLES });
            }
        }
        if self.credit_code.is_none() {
            return Err(OrganisationError::NoCode { organisation: organisation(), clause: Clause::shuangyashan("A5", 16) });
        }
        if self.region.len() != 6 || !self.region.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OrganisationError::Region { organisation: organisation(), clause: Clause::shuangyashan("G12", 49) });
        }
        if self.roles.contains(&Role::Provider) && self.contact.is_none() {
            return Err(OrganisationError::NoOfficer { organisation: organisation(), clause: OFFICER });
        }
        let same = |other: &Self| other.id == self.id || other.credit_code == self.credit_code;
        if existing.into_iter().any(same) {
            return Err(OrganisationError::Twice { organisation: organisation(), clause: Clause::shuangyashan("G10", 49) });
        }
        Ok(())
    }
}

/// A person who acts for an organisation. Nothing here is written to the log: it takes commitments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person's account.
    pub account: Name,
    /// What the person is called.
    pub name: DisplayName,
    /// The number, where the office must know it. It shows itself nowhere.
    pub citizen_id: Option<CitizenId>,
    /// For whom the person acts.
    pub organisation: Name,
    /// In which of its roles.
    pub roles: BTreeSet<Role>,
    /// The last day of a valid training, where one was recorded (rule K5).
    pub trained_until: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    pub(crate) fn organisation(id: &str, roles: &[Role], code: &str) -> Organisation {
        Organisation {
            id: Name::parse(id).expect("name"),
            name: DisplayName::parse("双鸭山市大数据中心").expect("name"),
            kind: OrganisationKind::Department,
            credit_code: Some(CreditCode::parse(code).expect("code")),
            region: "230500".into(),
            roles: roles.iter().copied().collect(),
            national_ids: vec![],
            contact: Some(Contact {
                unit: DisplayName::parse("数据科").expect("name"),
                officer: DisplayName::parse("李明").expect("name"),
            }),
            works_under: None,
        }
    }

    // clause: A1 both
    #[test]
    fn organisations_have_roles_that_go_together() {
        let code = "91350100M000100Y43";
        let sound = organisation("bureau", &[Role::Provider, Role::Authority], code);
        assert!(sound.check([]).is_ok());
        let refused = |organisation: &Organisation, existing: &[Organisation]| organisation.check(existing).expect_err("refused").code();
        assert_eq!(refused(&sound, std::slice::from_ref(&sound)), "organisation.twice");
        assert_eq!(refused(&organisation("x", &[], code), &[]), "organisation.no-role");
        assert_eq!(refused(&organisation("x", &[Role::Authority, Role::Operator], code), &[]), "organisation.excluded");
        assert_eq!(refused(&organisation("x", &[Role::Regulator, Role::Provider], code), &[]), "organisation.excluded");
        assert_eq!(refused(&Organisation { credit_code: None, ..sound.clone() }, &[]), "organisation.no-code");
        assert_eq!(refused(&Organisation { region: "2305".into(), ..sound.clone() }, &[]), "organisation.region");
        assert_eq!(refused(&Organisation { contact: None, ..sound.clone() }, &[]), "organisation.no-officer");
        let error = organisation("x", &[Role::Authority, Role::Operator], code).check([]).expect_err("refused");
        assert!(error.say(tidegate_terms::Language::Chinese).contains("不得同时担任“公共数据主管部门”和“运营机构”"), "{error}");
    }
}
