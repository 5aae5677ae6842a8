//! The founding of governance: the first authority and the custodian, each with one account and one token.
//!
//! From then on a domain is governed: everything is decided here. Guarantee: it happens once, in one transaction with one
//! entry. Rejected: a built-in administrator. Whoever may do everything cannot be held to anything.

use crate::decide::decide;
use crate::operations::accounts::{AccountRecord, check_roles, make_account};
use crate::operations::organisations::{OrganisationInput, OrganisationRecord};
use crate::operations::settings::{PLACE, SettingRecord};
use crate::{Act, Caller, Refused, Rules, Thing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use tidegate_access::{AccessRules, Action, Facts, Kind};
use tidegate_parties::{DisplayName, Role, check_distinct};
use tidegate_service::Domain;
use tidegate_terms::messages;

messages! {
    /// Why a domain's governance is not founded.
    pub enum FoundingError {
        Governed = "founding.done-already" {
            en: "this domain is governed already: its authority registers whoever else takes part",
            zh: "该数据域已纳入治理：其他参与方由其主管部门登记",
        },
        File { which: &'static str, detail: String } = "founding.file" {
            en: "the file of the {which} cannot be read: {detail}",
            zh: "无法读取 {which} 文件：{detail}",
        },
        Role { which: &'static str } = "founding.role" {
            en: "the organisation in the file of the {which} does not have the role {which}: add it to `roles`",
            zh: "{which} 文件中的机构没有 {which} 角色：请在 `roles` 中加入",
        },
    }
}

/// A file of one founder, TOML.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Founder {
    /// Who acts for it first.
    account: String,
    /// The place whose rules apply; the authority's file alone has it.
    pack: Option<String>,
    /// The organisation.
    organisation: OrganisationInput,
}

/// The first token of a founder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstToken {
    /// The organisation.
    pub organisation: String,
    /// Its first account.
    pub account: String,
    /// The token; told here alone.
    pub token: String,
    /// When it ends.
    pub expires: String,
}

/// What was founded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founded {
    /// The authority.
    pub authority: FirstToken,
    /// The custodian.
    pub custodian: FirstToken,
    /// The rule pack in force.
    pub pack: String,
    /// The log entry.
    pub log_position: u64,
}

fn read(which: &'static str, text: &str) -> Result<Founder, Refused> {
    Ok(toml::from_str(text).map_err(|error| FoundingError::File { which, detail: error.message().to_owned() })?)
}

fn record(which: &'static str, role: Role, founder: &Founder) -> Result<(OrganisationRecord, AccountRecord), Refused> {
    let organisation = founder.organisation.parse()?;
    organisation.organisation.check([])?;
    if !organisation.organisation.roles.contains(&role) {
        return Err(FoundingError::Role { which }.into());
    }
    let account = AccountRecord {
        name: DisplayName::parse(&founder.account)?,
        organisation: organisation.organisation.id.clone(),
        roles: organisation.organisation.roles.clone(),
        trained_until: None,
        disabled: false,
    };
    check_roles(&account, &organisation)?;
    Ok((organisation, account))
}

/// Founds the governance of a domain with the files of its authority and its custodian.
pub async fn found(domain: &Arc<Domain>, authority: &str, custodian: &str) -> Result<Founded, Refused> {
    let (first, second) = (read("authority", authority)?, read("custodian", custodian)?);
    let (authority, authority_account) = record("authority", Role::Authority, &first)?;
    let (custodian, custodian_account) = record("custodian", Role::Custodian, &second)?;
    custodian.organisation.check([&authority.organisation])?;
    check_distinct(&custodian.organisation.name, [&authority.organisation.name])?;
    let mut rules = Rules::built_in()?;
    if let Some(pack) = &first.pack {
        rules.choose(pack)?;
    }
    let access = AccessRules::built_in()?;

    let mut act = Act::open(domain, "founding", None).await?;
    if !act.all::<OrganisationRecord>().await?.is_empty() {
        return Err(FoundingError::Governed.into());
    }
    let mut tokens = Vec::new();
    for (organisation, account) in [(&authority, &authority_account), (&custodian, &custodian_account)] {
        act.put(organisation.organisation.id.as_str(), organisation).await?;
        let (account, made, expires) = make_account(&mut act, account).await?;
        tokens.push(FirstToken { organisation: organisation.organisation.id.to_string(), account, token: made.text, expires });
    }
    let pack = rules.pack().rules().id.to_string();
    act.put(PLACE, &SettingRecord { setting: PLACE.to_owned(), text: pack.clone() }).await?;
    let (Some(of_custodian), Some(of_authority)) = (tokens.pop(), tokens.pop()) else { return Err(FoundingError::Governed.into()) };
    let caller = Caller {
        account: of_custodian.account.clone(),
        organisation: custodian.organisation.id.clone(),
        roles: BTreeSet::from([Role::Custodian]),
        actions: None,
        credential: String::new(),
    };
    let thing = Thing::alone(Kind::Domain, "domain", "open");
    let facts = Facts { system_open: true, access_open: true, ..Facts::default() };
    let decided = decide(&access, rules.pack(), Domain::today(), &caller, Action::InitDomain, &thing, facts);
    let decided = decided.map_err(|denial| Refused::denied(&denial))?;
    let log_position = act.commit(decided).await?;
    Ok(Founded { authority: of_authority, custodian: of_custodian, pack, log_position })
}

/// Whether a domain is governed: somebody is registered.
pub async fn is_governed(domain: &Domain) -> Result<bool, Refused> {
    let one = domain.books().all_governed("organisation", None, "", 1).await.map_err(tidegate_service::ServiceError::from)?;
    Ok(!one.is_empty())
}
