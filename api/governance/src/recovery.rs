//! The way back in, where nobody can sign in any more: one short-lived token for an account, made on the domain's own machine.
//!
//! Guarantee: one transaction ends everything with which the account acted, makes the token, writes a decision in the name of
//! `recovery`, which is no account, and a notification with the reason, for authority, regulator and auditor. Whoever can run
//! this has keys and database anyway (docs/trust.md): it gives nobody a power, it leaves a trace. Rejected: first tokens
//! without an end, which wait in a file for whoever finds them.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the commit | a token that nobody was told, and its entry | it is made again; the other one ends after a week |

use crate::decide::decide;
use crate::operations::accounts::AccountRecord;
use crate::operations::sessions::begin_anew;
use crate::{Act, Caller, Cause, FirstToken, Refused, Rules, Thing};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidegate_access::{AccessRules, Action, Facts};
use tidegate_operation::{Effect, Party};
use tidegate_rules::Clause;
use tidegate_service::Domain;
use tidegate_terms::messages;

/// In whose name it is made.
const RECOVERY: &str = "recovery";
/// So many accounts are named where another one was asked for.
const NAMED_MAX: usize = 20;

messages! {
    /// Why an account does not get a token on the domain's machine.
    pub enum RecoveryError {
        Nobody = "recovery.not-governed" {
            en: "this domain is not under governance and has no accounts: found it first with `tidegate govern init`",
            zh: "该数据域尚未纳入治理，没有账号：请先用 `tidegate govern init` 建立",
        },
        Unknown { account: String, known: String } = "recovery.unknown" {
            en: "there is no account `{account}`: name one of these by its identifier: {known}",
            zh: "没有账号“{account}”：请填写以下账号之一的编号：{known}",
        },
        Disabled { account: String } = "recovery.disabled" {
            en: "account `{account}` is disabled for good: recover an account of the authority, which can create another one",
            zh: "账号“{account}”已永久撤销：请恢复主管部门的账号，再由其新建账号",
        },
        Reason = "recovery.reason" {
            en: "no reason is given: say why nobody can sign in; authority, regulator and auditor read it",
            zh: "未说明理由：请写明无人可登录的原因，主管部门、监管与审计均可查阅",
        },
    }
}

/// An account that was let in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// Its token; told here alone.
    pub token: FirstToken,
    /// The log entry.
    pub log_position: u64,
}

/// Makes a token for an account that has not ended. Everything with which it acted ends, so that whoever has a lost token cannot
/// set the next password.
pub async fn recover(domain: &Arc<Domain>, account: &str, reason: &str) -> Result<Recovered, Refused> {
    if reason.trim().is_empty() {
        return Err(RecoveryError::Reason.into());
    }
    let rules = Rules::of(&domain.books()).await?;
    let access = AccessRules::built_in()?;
    let mut act = Act::open(domain, RECOVERY, None).await?;
    let all = act.all::<AccountRecord>().await?;
    if all.is_empty() {
        return Err(RecoveryError::Nobody.into());
    }
    let Some(row) = all.iter().find(|row| row.id == account) else {
        let enabled = all.iter().filter(|row| !row.record.disabled).take(NAMED_MAX);
        let known: Vec<_> = enabled.map(|row| format!("{} ({})", row.id, row.record.organisation)).collect();
        return Err(RecoveryError::Unknown { account: account.chars().take(64).collect(), known: known.join(", ") }.into());
    };
    if row.record.disabled {
        return Err(RecoveryError::Disabled { account: row.id.clone() }.into());
    }
    let caller = Caller {
        account: RECOVERY.to_owned(),
        organisation: row.record.organisation.clone(),
        roles: row.record.roles.clone(),
        actions: None,
        credential: String::new(),
    };
    // Also while everything is stopped: lifting the stop needs somebody who can sign in.
    let facts = Facts { system_open: true, access_open: true, ..Facts::default() };
    let decided = decide(&access, rules.pack(), Domain::today(), &caller, Action::ManageTokens, &Thing::of(row), facts);
    let decided = decided.map_err(|denial| Refused::denied(&denial))?;
    let (token, expires) = begin_anew(&mut act, &row.id, RECOVERY).await?;
    let told = Effect::Notify { whom: Party::Authority, clause: Clause::zibo("J1", 44) };
    act.carry_out(&[told], &Cause::of::<AccountRecord>(&row.id, reason)).await?;
    let log_position = act.commit(decided).await?;
    let organisation = row.record.organisation.to_string();
    Ok(Recovered { token: FirstToken { organisation, account: row.id.clone(), token, expires }, log_position })
}
