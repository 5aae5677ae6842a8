//! The domain itself: its public status, how long records are kept, how fast its machine is.

use super::through::{All, Given, decide_alone, example, may};
use crate::{Desk, Done, Kept, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts, Kind};
use tidegate_service::{CalibrationView, PurgeView, RetentionView, ServiceError};
use tidegate_store::Subject;

/// What everybody who is known here may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatusView {
    /// The origin of the log.
    pub origin: String,
    /// The key with which outsiders verify it.
    pub verifier_key: String,
    /// `open`, or `stopped` while a stop of everything stands.
    pub state: String,
    /// The rule pack in force, such as `sys`.
    pub rule_pack: String,
    /// The day, in UTC.
    pub today: String,
    /// Runs that wait or run.
    pub queued: usize,
    /// The software.
    pub software: String,
}

/// How long records are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Years {
    /// Years; at least three.
    #[schemars(range(min = 1, max = 100))]
    pub years: u32,
}

/// Records from before a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// The first day that is kept, `YYYY-MM-DD`.
    #[schemars(length(min = 10, max = 10))]
    pub before: String,
}

/// Whether what the domain keeps lies encrypted, as its custodian declares: the program does not see through to the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageRecord {
    /// Whether the files of the domain lie encrypted at rest.
    pub encrypted: bool,
    /// By what, such as the product and its algorithm.
    #[schemars(length(min = 1, max = 200))]
    pub means: String,
    /// The document that shows it, such as the report of an assessment of commercial cryptography.
    #[schemars(length(min = 1, max = 200))]
    pub document: String,
}

impl StorageRecord {
    /// Its identifier: there is one.
    pub(crate) const ID: &str = "storage";
}

impl Kept for StorageRecord {
    const KIND: Kind = Kind::Domain;
    const NAME: &'static str = "storage";

    fn state(&self) -> &'static str {
        "open"
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

fn storage_example() -> StorageRecord {
    StorageRecord { encrypted: true, means: "dm-crypt, SM4-XTS".into(), document: "密评报告 2026-7".into() }
}

operation! {
    ShowStorage = "domain.storage" in "domain";
    Get "/v1/domain/storage" [];
    summary "Whether data lie encrypted", "查看数据是否加密存储";
    says "As the custodian declared it; nothing is declared in a new domain.", "以托管方声明为准；新建数据域无声明。";
    takes All, example All {};
    gives StorageRecord, example storage_example();
    by storage;
}

operation! {
    DeclareStorage = "domain.declare-storage" in "domain";
    Put "/v1/domain/storage" [keyed];
    summary "Declare whether data lie encrypted", "声明数据是否加密存储";
    says "By the custodian, with the document that shows it. Data of a level that demands encryption are mounted, granted and run on only while it stands.", "由托管方声明并写明证明文件。要求加密的级别，仅在声明有效时可挂载、授权和运行。";
    takes StorageRecord, example storage_example();
    gives StorageRecord, example storage_example();
    by declare_storage;
}

operation! {
    ShowStatus = "domain.status" in "domain";
    Get "/v1/domain" [];
    summary "The public status of the domain", "查看数据域的公开状态";
    says "Public facts alone.", "仅含公开事实。";
    takes All, example All {};
    gives StatusView, example StatusView {
        origin: "city.example/domain".into(),
        verifier_key: "city.example/domain+1127b185+Af3Vvpe6AQq8/ydOGK/CePKyGY4idRktts7A9U/iuavt".into(),
        state: "open".into(),
        rule_pack: "sys".into(),
        today: "2026-11-22".into(),
        queued: 2,
        software: "tidegate 0.1.0".into(),
    };
    by status;
}

operation! {
    ShowRetention = "domain.retention" in "domain";
    Get "/v1/domain/retention" [];
    summary "How long records are kept", "查看记录保存期限";
    says "In years; at least three (rule H2).", "以年计；不少于三年（规则 H2）。";
    takes All, example All {};
    gives RetentionView, example example(r#"{ "years": 3, "log_position": null }"#);
    by retention;
}

operation! {
    SetRetention = "domain.set-retention" in "domain";
    Put "/v1/domain/retention" [keyed];
    summary "Set how long records are kept", "设定记录保存期限";
    says "The custodian; at least three years (rule H2).", "由公共数据服务机构设定；不少于三年（规则 H2）。";
    takes Years, example Years { years: 5 };
    gives RetentionView, example example(r#"{ "years": 5, "log_position": 21 }"#);
    by set_retention;
}

operation! {
    PurgeRecords = "domain.purge" in "domain";
    Post "/v1/domain/purge" [keyed];
    summary "Forget records from before a day", "清除某日之前的记录";
    says "The custodian, after the term is over. The log keeps that it happened.", "期满后由公共数据服务机构操作。日志保留此事实。";
    takes Before, example Before { before: "2023-01-01".into() };
    gives PurgeView, example example(r#"{ "before": "2023-01-01", "runs": 12, "runs_now": 12, "log_position": 22 }"#);
    by purge;
}

operation! {
    ShowCalibration = "domain.calibration" in "domain";
    Get "/v1/domain/calibration" [];
    summary "The numbers from which slots are computed", "查看时段计算所用的数值";
    says "Measured on this machine, or cautious ones where it was not. Measuring is done on the machine itself: `tidegate doctor --calibrate`.", "为本机测得；未测量时采用保守值。测量须在本机进行：`tidegate doctor --calibrate`。";
    takes All, example All {};
    gives super::through::Told, example super::through::Told(serde_json::json!({ "calibrated": false, "log_position": null }));
    by calibration;
}

fn thing() -> Thing<'static> {
    Thing::alone(Kind::Domain, "domain", "open")
}

async fn status(desk: &mut Desk, _: All) -> Result<Done<StatusView>, Refused> {
    let stopped = desk.read().suspended(&Subject::Everything).await.map_err(ServiceError::from)?.is_some();
    let state = if stopped { "stopped" } else { "open" };
    may(desk, Action::ShowStatus, &thing().in_state(state)).await?;
    let view = desk.domain().view();
    let status = StatusView {
        origin: view.origin,
        verifier_key: view.verifier_key,
        state: state.to_owned(),
        rule_pack: desk.rules().pack().rules().id.to_string(),
        today: desk.today().to_string(),
        queued: desk.office().queue().waiting(),
        software: concat!("tidegate ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok(status.into())
}

async fn retention(desk: &mut Desk, _: All) -> Result<Done<RetentionView>, Refused> {
    may(desk, Action::ShowStatus, &thing()).await?;
    Ok(desk.domain().retention(None).await?.into())
}

async fn set_retention(desk: &mut Desk, input: Years) -> Result<Done<RetentionView>, Refused> {
    decide_alone(desk, Action::SetRetention, &thing(), Given::default()).await?;
    Ok(desk.domain().retention(Some(input.years)).await?.into())
}

async fn storage(desk: &mut Desk, _: All) -> Result<Done<StorageRecord>, Refused> {
    may(desk, Action::ShowStatus, &thing()).await?;
    let declared = desk.get::<StorageRecord>(StorageRecord::ID).await?;
    Ok(match declared {
        Some(row) => Done::from(row.record).version(row.version),
        None => StorageRecord { encrypted: false, means: "-".into(), document: "-".into() }.into(),
    })
}

async fn declare_storage(desk: &mut Desk, input: StorageRecord) -> Result<Done<StorageRecord>, Refused> {
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ExamineMachine, &Thing::made(StorageRecord::ID, &input), facts)?;
    let version = act.put(StorageRecord::ID, &input).await?;
    act.commit(decided).await?;
    Ok(Done::from(input).version(version))
}

async fn purge(desk: &mut Desk, input: Before) -> Result<Done<PurgeView>, Refused> {
    desk.check_table(Action::PurgeRecords, &thing())?;
    let retention_over = desk.domain().is_retention_over(&input.before).await?;
    let mut act = desk.begin().await?;
    let facts = Facts { retention_over, ..act.facts(desk).await? };
    let decided = desk.decide(Action::PurgeRecords, &thing(), facts)?;
    act.commit(decided).await?;
    Ok(desk.domain().purge(&input.before).await?.into())
}

async fn calibration(desk: &mut Desk, _: All) -> Result<Done<super::through::Told>, Refused> {
    may(desk, Action::ExamineMachine, &thing()).await?;
    let view: CalibrationView = desk.domain().calibration_view().await?;
    Ok(super::through::Told::of(&view)?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers
        .with::<ShowStatus>()
        .with::<ShowRetention>()
        .with::<SetRetention>()
        .with::<PurgeRecords>()
        .with::<ShowCalibration>()
        .with::<ShowStorage>()
        .with::<DeclareStorage>()
}
