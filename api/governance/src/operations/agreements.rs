//! Agreements of authorised operation: items, selection, notice, collective decision, signing by both, filings.
//!
//! Guarantee: an agreement is in force only when plan, selection, evidence and both signatures were there on the day of
//! signing. Ending one stops its runs and disables accounts, tokens and keys in the same transaction (rule J9).

use super::agreement_views::*;
use super::reads::Reads;
use super::shared::{At, conclude, identifier, new_thing, page, the};
use crate::facts::plan_in_force;
use crate::offers::Offers;
use crate::records::{AgreementRecord, GrantLink, GrantStanding, Stage};
use crate::{Act, Cause, Desk, Done, Kept, Refused, Row, Thing};
use std::collections::BTreeSet;
use tidegate_access::{Action, Facts};
use tidegate_http::api::Page;
use tidegate_operation::{Agreement, Effect, Qualification, Selection};
use tidegate_parties::Role;
use tidegate_store::Subject;
use tidegate_terms::{Name, messages};

messages! {
    /// Why a step of an agreement is refused.
    pub enum AgreementRefusal {
        Signed = "agreements.signed-already" {
            en: "this side has signed already (rule G7, Shuangyashan Art. 48): the other one signs",
            zh: "该方已签订（规则 G7，双鸭山第四十八条）：请另一方签订",
        },
        NotAParty = "agreements.not-a-party" {
            en: "only the authority that authorises and the operator sign (rule G7, Shuangyashan Art. 48)",
            zh: "仅授权的主管部门和运营机构可以签订（规则 G7，双鸭山第四十八条）",
        },
        NoDocument = "agreements.no-document" {
            en: "the step names no document (rule G7, Shuangyashan Art. 48): give its number",
            zh: "未写明文件（规则 G7，双鸭山第四十八条）：请填写文号",
        },
        SameParties = "agreements.same-parties" {
            en: "the authority cannot be the operator (rule G3, Shuangyashan Art. 44): name another organisation",
            zh: "主管部门不得同时为运营机构（规则 G3，双鸭山第四十四条）：请另指定机构",
        },
        NoDeveloper { developer: Name } = "agreements.no-developer" {
            en: "`{developer}` is not registered as a developer that works under this operator (rule G18, Shuangyashan Art. 53): have the authority register it",
            zh: "“{developer}”未登记为本运营机构下的开发利用主体（规则 G18，双鸭山第五十三条）：请先由主管部门登记",
        },
        DeveloperTwice { developer: Name } = "agreements.developer-exists" {
            en: "developer `{developer}` is under this agreement already (rule G18, Shuangyashan Art. 53)",
            zh: "开发利用主体“{developer}”已在本协议下（规则 G18，双鸭山第五十三条）",
        },
    }
}

operation! {
    PrepareAgreement = "agreements.prepare" in "agreements";
    Post "/v1/agreements" [keyed, created];
    summary "Prepare an agreement", "拟定授权运营协议";
    says "By the authority, under a plan. Thirteen items, the scope in one of three modes, at most five years, the three rights.", "由主管部门依据实施方案拟定：十三项内容、三种授权模式之一的范围、不超过五年的期限、三权归属。";
    takes AgreementInput, example input_example();
    gives AgreementView, example view_example();
    by prepare;
}

operation! {
    EditAgreement = "agreements.edit" in "agreements";
    Put "/v1/agreements/{agreement}" [keyed, versioned];
    summary "Replace the text of an agreement that is being prepared", "修改拟定中的协议";
    says "Before the public notice alone.", "仅限公示之前。";
    takes AgreementEdit, example AgreementEdit { agreement: id_example(), content: input_example() };
    gives AgreementView, example view_example();
    by edit;
}

operation! {
    GiveNotice = "agreements.notice" in "agreements";
    Post "/v1/agreements/{agreement}/notice" [keyed];
    summary "Give public notice of the selection", "公示遴选结果";
    says "With the document of the competition and the last day of the notice.", "写明公平竞争遴选文件和公示截止日。";
    takes NoticeInput, example notice_example();
    gives AgreementView, example view_example();
    by notice;
}

operation! {
    DecideAgreement = "agreements.decide" in "agreements";
    Post "/v1/agreements/{agreement}/decision" [keyed];
    summary "Record the collective decision", "登记集体决策";
    says "After the notice is over, with the number of objections that are still open; with any, nothing is signed.", "公示期满后登记，写明未处理的异议数；有未处理异议的不得签订。";
    takes CollectiveInput, example collective_example();
    gives AgreementView, example view_example();
    by decide;
}

operation! {
    RecordQualification = "agreements.qualify" in "agreements";
    Post "/v1/agreements/{agreement}/qualifications" [keyed];
    summary "Record evidence of qualification", "登记资质证明";
    says "While the agreement is prepared, or renewed afterwards. Evidence that has expired keeps new runs out.", "可在拟定时登记，或签订后更新；过期即不得发起新的运行。";
    takes QualificationInput, example qualification_example();
    gives AgreementView, example view_example();
    by qualify;
}

operation! {
    SignAgreement = "agreements.sign" in "agreements";
    Post "/v1/agreements/{agreement}/signature" [keyed, binding];
    summary "Sign an agreement", "签订协议";
    says "By the authority and by the operator, each with a signed request. It is in force once both have signed.", "由主管部门和运营机构各自以签名请求签订；双方签订后生效。";
    takes OneAgreement, example one();
    gives AgreementView, example view_example();
    by sign;
}

operation! {
    FileAgreement = "agreements.file" in "agreements";
    Post "/v1/agreements/{agreement}/filings" [keyed];
    summary "Record that an agreement was filed", "登记协议备案";
    says "With the receipt; what a county still lacks is shown as a warning.", "写明回执；县（区）缺失的备案以警示列出。";
    takes AgreementFilingInput, example filing_example();
    gives AgreementView, example view_example();
    by file;
}

operation! {
    AddDeveloper = "agreements.add_developer" in "agreements";
    Post "/v1/agreements/{agreement}/developers" [keyed];
    summary "Add a developer's agreement", "登记开发利用协议";
    says "By the operator; scope and term lie inside its own.", "由运营机构登记；范围和期限不得超出授权运营协议。";
    takes DeveloperInput, example developer_example();
    gives AgreementView, example view_example();
    by add_developer;
}

operation! {
    SuspendAgreement = "agreements.suspend" in "agreements";
    Post "/v1/agreements/{agreement}/suspension" [keyed];
    summary "Suspend an agreement", "中止协议";
    says "With a reason. What its operator and developers run is stopped.", "须说明理由；运营机构和开发利用主体的运行即停止。";
    takes AgreementReason, example reason_example();
    gives AgreementView, example view_example();
    by suspend;
}

operation! {
    ResumeAgreement = "agreements.resume" in "agreements";
    Post "/v1/agreements/{agreement}/resumption" [keyed];
    summary "Lift the suspension of an agreement", "恢复协议";
    says "With a reason.", "须说明理由。";
    takes AgreementReason, example reason_example();
    gives AgreementView, example view_example();
    by resume;
}

operation! {
    EndAgreement = "agreements.end" in "agreements";
    Post "/v1/agreements/{agreement}/end" [keyed];
    summary "End an agreement", "终止协议";
    says "With a reason. Runs stop; accounts, tokens and keys of the operator and of developers without another agreement end with it, in the same transaction; what they hold is to be destroyed.", "须说明理由。运行停止；运营机构及无其他协议的开发利用主体的账号、令牌和密钥在同一事务中撤销，其持有数据须销毁。";
    takes AgreementReason, example reason_example();
    gives AgreementView, example view_example();
    by end;
}

operation! {
    ShowAgreement = "agreements.show" in "agreements";
    Get "/v1/agreements/{agreement}" [];
    summary "Show an agreement", "查看协议";
    says "For its parties and those who supervise; providers see it from the notice on.", "协议各方和监督方可见；数据提供部门自公示起可见。";
    takes OneAgreement, example one();
    gives AgreementView, example view_example();
    by show;
}

operation! {
    ListAgreements = "agreements.list" in "agreements";
    Get "/v1/agreements" [paged];
    summary "List agreements", "列出协议";
    says "Those that the caller may read.", "仅列出调用方可查看的。";
    takes AgreementFilter, example AgreementFilter { state: Some("signed".to_owned()), operator: None };
    gives Page<AgreementView>, example Page { items: vec![view_example()], next: None };
    by list;
}

fn record_of(input: AgreementInput, authority: Name) -> Result<AgreementRecord, Refused> {
    if input.operator == authority {
        return Err(AgreementRefusal::SameParties.into());
    }
    let parties: BTreeSet<Name> = [input.operator.clone()].into_iter().chain(input.affiliates.iter().cloned()).collect();
    input.rights.check(&parties)?;
    let agreement = Agreement {
        number: input.number,
        operator: input.operator,
        scope: input.scope,
        first: input.first,
        last: input.last,
        items: input.items.into_iter().map(|one| (one.item, one.text)).collect(),
        selection: Selection::default(),
        signed: None,
        ended: None,
        developers: Vec::new(),
    };
    Ok(AgreementRecord {
        authority,
        plan: input.plan,
        agreement,
        stage: Stage::Draft,
        signed_by_authority: None,
        signed_by_operator: None,
        rights: input.rights,
        affiliates: input.affiliates,
        demanded: input.qualifications_demanded,
        qualifications: Vec::new(),
        county: input.county,
        filings: Vec::new(),
    })
}

async fn prepare(desk: &mut Desk, input: AgreementInput) -> Result<Done<AgreementView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let id = identifier('a')?;
    let facts = act.facts(desk).await?;
    let thing = new_thing::<AgreementRecord>(&id, "draft", &input.operator, "");
    let decided = desk.decide(Action::PrepareAgreement, &thing, facts)?;
    the::<crate::records::PlanRecord>(&mut act, &input.plan).await?;
    the::<super::organisations::OrganisationRecord>(&mut act, input.operator.as_str()).await?;
    let record = record_of(input, at.organisation)?;
    let version = conclude(act, decided, &id, &record, &[], "").await?;
    Ok(Done { output: view(desk, &id, &record), version: Some(version), next: None })
}

/// One step of an agreement: decided, changed, carried out and kept in one transaction.
async fn step(
    desk: &mut Desk,
    id: &str,
    action: Action,
    why: &str,
    change: impl FnOnce(&Desk, &At, AgreementRecord) -> Result<(AgreementRecord, Vec<Effect>), Refused> + Send,
) -> Result<Done<AgreementView>, Refused> {
    let at = At::of(desk)?;
    let mut act = desk.begin().await?;
    let row = the::<AgreementRecord>(&mut act, id).await?;
    desk.expect_version(row.version)?;
    let facts = facts_of(desk, &mut act, &row.record, why).await?;
    let decided = desk.decide(action, &Thing::of(&row), facts)?;
    let (record, effects) = change(desk, &at, row.record)?;
    let version = conclude(act, decided, id, &record, &effects, why).await?;
    Ok(Done { output: view(desk, id, &record), version: Some(version), next: None })
}

async fn facts_of(desk: &Desk, act: &mut Act, record: &AgreementRecord, why: &str) -> Result<Facts, Refused> {
    let today = desk.today();
    Ok(Facts {
        plan_approved: plan_in_force(act, &record.plan).await?,
        selection_complete: record.agreement.selection.check(today).is_ok(),
        qualified: record.check_qualified(today).is_ok(),
        agreement_active: record.is_active_for(&record.agreement.operator, today),
        reason_given: !why.trim().is_empty(),
        ..act.facts(desk).await?
    })
}

async fn edit(desk: &mut Desk, input: AgreementEdit) -> Result<Done<AgreementView>, Refused> {
    step(desk, &input.agreement, Action::PrepareAgreement, "", |_, _, record| {
        let next = record_of(input.content, record.authority.clone())?;
        Ok((AgreementRecord { qualifications: record.qualifications, filings: record.filings, ..next }, Vec::new()))
    })
    .await
}

async fn notice(desk: &mut Desk, input: NoticeInput) -> Result<Done<AgreementView>, Refused> {
    step(desk, &input.agreement, Action::PrepareAgreement, "", |_, _, mut record| {
        if input.competition.trim().is_empty() {
            return Err(AgreementRefusal::NoDocument.into());
        }
        record.agreement.selection.competition = input.competition;
        record.agreement.selection.notice_until = Some(input.notice_until);
        record.stage = Stage::Notice;
        Ok((record, Vec::new()))
    })
    .await
}

async fn decide(desk: &mut Desk, input: CollectiveInput) -> Result<Done<AgreementView>, Refused> {
    step(desk, &input.agreement, Action::DecideAgreement, "", |desk, _, mut record| {
        if record.stage != Stage::Notice {
            return Err(super::shared::ActRefusal::State.into());
        }
        record.agreement.selection.objections_open = input.objections_open;
        record.agreement.selection.decision = Some((input.document, input.on));
        record.agreement.selection.check(desk.today())?;
        record.stage = Stage::Decided;
        Ok((record, Vec::new()))
    })
    .await
}

async fn qualify(desk: &mut Desk, input: QualificationInput) -> Result<Done<AgreementView>, Refused> {
    let row = the::<AgreementRecord>(&mut desk.read(), &input.agreement).await?;
    let action = match row.record.stage {
        Stage::Signed | Stage::Suspended => Action::FileAgreement,
        Stage::Notice | Stage::Decided => Action::DecideAgreement,
        Stage::Draft | Stage::Ended => Action::PrepareAgreement,
    };
    step(desk, &input.agreement, action, "", |_, _, mut record| {
        if input.document.trim().is_empty() {
            return Err(AgreementRefusal::NoDocument.into());
        }
        let organisation = record.agreement.operator.clone();
        let evidence = Qualification { organisation, what: input.what, document: input.document, valid_until: input.valid_until };
        record.qualifications.push(evidence);
        Ok((record, Vec::new()))
    })
    .await
}

async fn sign(desk: &mut Desk, input: OneAgreement) -> Result<Done<AgreementView>, Refused> {
    step(desk, &input.agreement, Action::SignAgreement, "", |_, at, mut record| {
        if let Some(error) = record.agreement.check(at.today).into_iter().next() {
            return Err(error.into());
        }
        let side = if at.organisation == record.authority {
            &mut record.signed_by_authority
        } else if at.organisation == record.agreement.operator {
            &mut record.signed_by_operator
        } else {
            return Err(AgreementRefusal::NotAParty.into());
        };
        if side.is_some() {
            return Err(AgreementRefusal::Signed.into());
        }
        *side = Some(at.person.clone());
        if record.signed_by_authority.is_some() && record.signed_by_operator.is_some() {
            record.agreement.signed = Some(at.today);
            record.stage = Stage::Signed;
        }
        Ok((record, Vec::new()))
    })
    .await
}

async fn file(desk: &mut Desk, input: AgreementFilingInput) -> Result<Done<AgreementView>, Refused> {
    step(desk, &input.agreement, Action::FileAgreement, "", |_, _, mut record| {
        if input.filing.receipt.trim().is_empty() {
            return Err(AgreementRefusal::NoDocument.into());
        }
        record.filings.push(input.filing);
        Ok((record, Vec::new()))
    })
    .await
}

async fn add_developer(desk: &mut Desk, input: DeveloperInput) -> Result<Done<AgreementView>, Refused> {
    // Ending the agreement ends the accounts of who works under it: nobody else may be put there.
    let known = desk.get::<super::organisations::OrganisationRecord>(input.developer.developer.as_str()).await?;
    step(desk, &input.agreement, Action::AddSubAgreement, "", |_, _, mut record| {
        let developer = input.developer;
        let is_developer = known.is_some_and(|row| {
            let of = row.record.organisation;
            of.roles.iter().all(|role| *role == Role::Developer)
                && of.works_under.is_none_or(|operator| operator == record.agreement.operator)
        });
        if !is_developer {
            return Err(AgreementRefusal::NoDeveloper { developer: developer.developer }.into());
        }
        if record.agreement.developers.iter().any(|known| known.developer == developer.developer) {
            return Err(AgreementRefusal::DeveloperTwice { developer: developer.developer }.into());
        }
        record.agreement.add_developer(developer)?;
        Ok((record, Vec::new()))
    })
    .await
}

/// Everybody who works under an agreement.
fn under(record: &AgreementRecord) -> impl Iterator<Item = &Name> {
    std::iter::once(&record.agreement.operator).chain(record.agreement.developers.iter().map(|one| &one.developer))
}

async fn suspend(desk: &mut Desk, input: AgreementReason) -> Result<Done<AgreementView>, Refused> {
    rest(desk, input, Stage::Suspended).await
}

async fn resume(desk: &mut Desk, input: AgreementReason) -> Result<Done<AgreementView>, Refused> {
    rest(desk, input, Stage::Signed).await
}

/// Suspends an agreement with the grants under it, or lifts that.
async fn rest(desk: &mut Desk, input: AgreementReason, next: Stage) -> Result<Done<AgreementView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<AgreementRecord>(&mut act, &input.agreement).await?;
    desk.expect_version(row.version)?;
    let facts = facts_of(desk, &mut act, &row.record, &input.reason).await?;
    let decided = desk.decide(Action::SuspendAgreement, &Thing::of(&row), facts)?;
    if row.record.stage == next {
        return Err(super::shared::ActRefusal::State.into());
    }
    let mut record = row.record;
    record.stage = next;
    let mut effects = Vec::new();
    if next == Stage::Suspended {
        effects.extend(under(&record).map(|organisation| Effect::StopRunsOf(organisation.clone())));
        let cause = Cause::new(&input.agreement, &input.reason);
        for link in act.all::<GrantLink>().await? {
            if link.record.agreement == input.agreement {
                act.suspend(Subject::Grant(link.id), &cause).await?;
            }
        }
    } else {
        act.lift(&input.agreement).await?;
    }
    let version = conclude(act, decided, &input.agreement, &record, &effects, &input.reason).await?;
    Ok(Done { output: view(desk, &input.agreement, &record), version: Some(version), next: None })
}

async fn end(desk: &mut Desk, input: AgreementReason) -> Result<Done<AgreementView>, Refused> {
    let mut act = desk.begin().await?;
    let row = the::<AgreementRecord>(&mut act, &input.agreement).await?;
    desk.expect_version(row.version)?;
    let facts = facts_of(desk, &mut act, &row.record, &input.reason).await?;
    let decided = desk.decide(Action::EndAgreement, &Thing::of(&row), facts)?;
    let today = desk.today();
    let others: Vec<AgreementRecord> =
        act.all::<AgreementRecord>().await?.into_iter().filter(|other| other.id != row.id).map(|other| other.record).collect();
    let elsewhere = |organisation: &Name| others.iter().any(|other| other.is_active_for(organisation, today));
    let mut record = row.record;
    let (agreement, mut effects) = record.agreement.end(&input.reason, elsewhere)?;
    // What was granted under it ends with it: a run that waits finds no grant.
    for link in act.all::<GrantLink>().await? {
        let standing = GrantStanding::Ended;
        if link.record.agreement == input.agreement && link.record.standing != standing {
            effects.push(Effect::RevokeGrant(link.id.clone()));
            act.put(&link.id, &GrantLink { standing, ..link.record }).await?;
        }
    }
    record.agreement = agreement;
    record.stage = Stage::Ended;
    let version = conclude(act, decided, &input.agreement, &record, &effects, &input.reason).await?;
    Ok(Done { output: view(desk, &input.agreement, &record), version: Some(version), next: None })
}

/// The thing that a reader asks for: a developer that is not the first is the counterpart too.
fn for_reader<'a>(desk: &Desk, row: &'a Row<AgreementRecord>) -> Thing<'a> {
    let own = &desk.caller().organisation;
    let developer = row.record.agreement.developers.iter().find(|one| one.developer == *own);
    let thing = Thing::of(row);
    match developer {
        Some(one) => thing.with_counterpart(one.developer.to_string()),
        None => thing,
    }
}

async fn show(desk: &mut Desk, input: OneAgreement) -> Result<Done<AgreementView>, Refused> {
    let row = the::<AgreementRecord>(&mut desk.read(), &input.agreement).await?;
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::ReadAgreement, &for_reader(desk, &row), facts)?;
    Ok(Done { output: view(desk, &row.id, &row.record), version: Some(row.version), next: None })
}

async fn list(desk: &mut Desk, input: AgreementFilter) -> Result<Done<Page<AgreementView>>, Refused> {
    let facts = desk.facts().await?;
    let fits = |row: &Row<AgreementRecord>| {
        input.state.as_deref().is_none_or(|state| row.record.state() == state)
            && input.operator.as_ref().is_none_or(|operator| row.record.agreement.operator == *operator)
            && desk.decide(Action::ReadAgreement, &for_reader(desk, row), facts).is_ok()
    };
    let rows: Vec<_> = desk.read().every::<AgreementRecord>().await?.into_iter().filter(fits).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| view(desk, &row.id, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<PrepareAgreement>()
        .with::<EditAgreement>()
        .with::<GiveNotice>()
        .with::<DecideAgreement>()
        .with::<RecordQualification>()
        .with::<SignAgreement>()
        .with::<FileAgreement>()
        .with::<AddDeveloper>()
        .with::<SuspendAgreement>()
        .with::<ResumeAgreement>()
        .with::<EndAgreement>()
        .with::<ShowAgreement>()
        .with::<ListAgreements>()
}
