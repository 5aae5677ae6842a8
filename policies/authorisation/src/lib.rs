//! May this operator run this module on this dataset, today, for this purpose?
//!
//! Pure: the clock comes in as an argument. The answer is a [`LiveGrant`], which only [`authorise`] makes
//! and without which nothing further compiles, or a [`Denial`] that names its rule and article.

mod approval;

pub use approval::{Approval, ApprovalRecord, ReviewedRun, admit_reviewed, check_approver};

use serde::{Deserialize, Serialize};
use tidegate_terms::{Guard, Input, Manifest, Name, Rho, messages, stands};

messages! {
    /// Why a grant cannot be made.
    pub enum GrantError {
        Period { from: String, until: String } = "grant.period" {
            en: "the grant runs from {from} to {until}: give two dates YYYY-MM-DD, the first not after the second",
            zh: "授权期为 {from} 至 {until}：请给出两个 YYYY-MM-DD 日期，且起始不晚于结束",
        },
        Over { until: String } = "grant.over" {
            en: "the grant would be over already: {until} is in the past",
            zh: "授权已过期：{until} 早于今天",
        },
        TooLong { until: String } = "grant.too-long" {
            en: "the grant would run to {until}, more than five years (implementation rules for authorised operation, Art. 14): choose an earlier end",
            zh: "授权至 {until}，超过五年（授权运营实施规范第十四条）：请选择更早的结束日期",
        },
        NoColumns = "grant.no-columns" {
            en: "the grant covers no column: name them as `table.column`, least necessary (Zibo Art. 22)",
            zh: "授权未包含任何列：请以 `表.列` 列出，遵循最少够用原则（淄博第二十二条）",
        },
        UnknownColumn { column: String } = "grant.unknown-column" {
            en: "the dataset has no column `{column}`; `tidegate dataset show` lists them as `table.column`",
            zh: "数据集没有列 `{column}`；`tidegate dataset show` 会以 `表.列` 形式列出",
        },
        OperatorKey = "grant.operator-key" {
            en: "the operator's key is not an Ed25519 public key: give the file that `tidegate key new` wrote with the ending .pub",
            zh: "运营机构密钥不是 Ed25519 公钥：请给出 `tidegate key new` 写出的 .pub 文件",
        },
        Share { share: f64, lifetime: f64 } = "grant.share" {
            en: "the share of epsilon {share} is larger than the lifetime epsilon {lifetime} of the dataset: choose a smaller one",
            zh: "份额 epsilon {share} 大于数据集的生命周期 epsilon {lifetime}：请选择更小的份额",
        },
    }
}

messages! {
    /// Why a run is refused before anything is loaded.
    pub enum Denial {
        NoGrant { operator: String, dataset: String } = "denied.no-grant" {
            en: "operator `{operator}` has no grant for dataset `{dataset}` (Shuangyashan Art. 46: no operation outside the procedure): ask the authority for one",
            zh: "运营机构 `{operator}` 没有数据集 `{dataset}` 的授权（双鸭山第四十六条：不得在程序之外运营）：请向主管部门申请",
        },
        Revoked { grant: String, reason: String } = "denied.revoked" {
            en: "grant {grant} was revoked: {reason}. Ask the authority for a new one",
            zh: "授权 {grant} 已被撤销：{reason}。请向主管部门重新申请",
        },
        Suspended { grant: String, stop: String, through: String } = "denied.suspended" {
            en: "grant {grant} rests ({through}) while `{stop}` stands (rules I9 and F10, Shuangyashan Arts 40 and 75): nothing runs under it until that has been decided",
            zh: "授权 {grant} 因“{stop}”处于中止状态（{through}；规则 I9、F10，双鸭山第四十条、第七十五条）：在作出处理之前不得据此运行",
        },
        NotYet { grant: String, from: String } = "denied.not-yet" {
            en: "grant {grant} begins on {from}: wait, or ask the authority for an earlier date",
            zh: "授权 {grant} 自 {from} 起生效：请等待，或向主管部门申请提前",
        },
        Expired { grant: String, until: String } = "denied.expired" {
            en: "grant {grant} ended on {until}: ask the authority for a new one",
            zh: "授权 {grant} 已于 {until} 结束：请向主管部门重新申请",
        },
        Purpose { grant: String, granted: String, asked: String } = "denied.purpose" {
            en: "the module's purpose is `{asked}`, but grant {grant} is for `{granted}` (Jinan Art. 30: use must match the applied purpose)",
            zh: "模型用途为 `{asked}`，而授权 {grant} 的用途是 `{granted}`（济南第三十条：应当与申请的使用用途保持一致）",
        },
        Column { grant: String, column: String } = "denied.column" {
            en: "the module reads `{column}`, which grant {grant} does not cover (Zibo Art. 22: least necessary): read less, or ask for the column",
            zh: "模型读取 `{column}`，授权 {grant} 未包含该列（淄博第二十二条：最少够用）：请减少读取，或申请该列",
        },
        OtherKey { grant: String } = "denied.other-key" {
            en: "the module was sealed with another key than the one that grant {grant} names: seal it with that key and upload it again",
            zh: "模型封签所用密钥与授权 {grant} 所载不同：请用该密钥重新封签并上传",
        },
        Reviewed { dataset: String } = "denied.reviewed" {
            en: "the policy of dataset `{dataset}` does not let exact tables leave: ask for a module with noised statistics, or ask the authority for a policy with `[reviewed_aggregate]`",
            zh: "数据集 `{dataset}` 的策略不允许发布精确表格：请改用加噪统计量的模型，或请主管部门在策略中加入 `[reviewed_aggregate]`",
        },
        Approvals { module: String, dataset: String, found: usize, needed: usize } = "denied.approvals" {
            en: "module {module} has {found} of the {needed} approvals that exact tables of `{dataset}` need, by different approvers: ask them for `tidegate model approve`",
            zh: "模型 {module} 对 `{dataset}` 精确表格的批准为 {found} 份，需要不同批准人共 {needed} 份：请批准人运行 `tidegate model approve`",
        },
        NotAnApprover { dataset: String } = "denied.approver" {
            en: "this key is not among the approvers that the policy of `{dataset}` names: sign with one that is, or ask the authority to add it in a new version",
            zh: "该密钥不在 `{dataset}` 策略所列批准人之中：请用所列密钥签署，或请主管部门在新版本中加入",
        },
        OtherOperator { module_operator: String, operator: String } = "denied.other-operator" {
            en: "the module belongs to operator `{module_operator}`, not to `{operator}`: each operator runs its own modules",
            zh: "该模型属于运营机构 `{module_operator}`，不属于 `{operator}`：各运营机构只能运行自己的模型",
        },
    }
}

/// A grant as the authority gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// Its identifier.
    pub id: String,
    /// The dataset.
    pub dataset: Name,
    /// The operator.
    pub operator: Name,
    /// The operator's Ed25519 public key, base64.
    pub operator_key: String,
    /// The columns, as `table.column`.
    pub columns: Vec<String>,
    /// The purpose.
    pub purpose: Name,
    /// The operator's share of the lineage's budget.
    pub rho: Rho,
    /// First day, YYYY-MM-DD.
    pub valid_from: String,
    /// Last day, YYYY-MM-DD.
    pub valid_until: String,
    /// Why it was revoked, if it was.
    pub revoked: Option<String>,
    /// What holds it, while something does. Never stored with the grant: whoever reads it from the domain looks anew.
    #[serde(skip)]
    pub suspended: Option<Suspension>,
}

/// What holds a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// The stop.
    pub by: String,
    /// Through what it concerns the grant: `grant`, `dataset`, `organisation` or `everything`.
    pub through: String,
}

/// Proof that a run is authorised.
///
/// ```compile_fail
/// // Only `authorise` makes one.
/// let forged = tidegate_authorisation::LiveGrant { record: todo!() };
/// ```
#[derive(Debug, Clone)]
pub struct LiveGrant {
    record: GrantRecord,
}

impl LiveGrant {
    /// The grant behind it.
    pub fn record(&self) -> &GrantRecord {
        &self.record
    }
}

/// Checks the dates of a new grant.
pub fn check_period(from: &str, until: &str, today: jiff::civil::Date) -> Result<(), GrantError> {
    let period = || GrantError::Period { from: from.to_owned(), until: until.to_owned() };
    let date = |text: &str| text.parse::<jiff::civil::Date>().map_err(|_| period());
    let (first, last) = (date(from)?, date(until)?);
    if first > last || tidegate_terms::parse_date(from).is_none() || tidegate_terms::parse_date(until).is_none() {
        return Err(period());
    }
    if last < today {
        return Err(GrantError::Over { until: until.to_owned() });
    }
    let five_years = first.saturating_add(jiff::Span::new().years(5));
    if last > five_years { Err(GrantError::TooLong { until: until.to_owned() }) } else { Ok(()) }
}

/// Who sealed a module.
#[derive(Debug, Clone, Copy)]
pub struct SealedBy<'a> {
    /// The operator that uploaded it.
    pub operator: &'a Name,
    /// The key of its seal, base64.
    pub key: &'a str,
}

/// What a module wants of one dataset, and what for.
#[derive(Debug, Clone)]
pub struct Use<'a> {
    purpose: &'a Name,
    inputs: Vec<&'a Input>,
}

impl<'a> Use<'a> {
    /// Everything that a module reads.
    pub fn whole(manifest: &'a Manifest) -> Self {
        Self { purpose: &manifest.purpose, inputs: manifest.inputs.iter().collect() }
    }

    /// What a module that joins two datasets reads of the first, or of the second.
    pub fn of_dataset(manifest: &'a Manifest, second: bool) -> Self {
        Self { purpose: &manifest.purpose, inputs: manifest.inputs.iter().filter(|input| input.joined == second).collect() }
    }
}

/// Whether a grant still stands under a run that was admitted: neither revoked nor suspended. Its days are not looked at
/// again; they were when the run was admitted.
pub fn check_held(grant: &GrantRecord) -> Result<(), Denial> {
    let id = || grant.id.clone();
    if let Some(reason) = &grant.revoked {
        return Err(Denial::Revoked { grant: id(), reason: reason.clone() });
    }
    match &grant.suspended {
        Some(Suspension { by, through }) => Err(Denial::Suspended { grant: id(), stop: by.clone(), through: through.clone() }),
        None => Ok(()),
    }
}

/// Decides over one run. `today` is the date in UTC, as the log counts days.
pub fn authorise(
    grant: &GrantRecord,
    dataset: &Name,
    operator: &Name,
    module: &SealedBy<'_>,
    reads: &Use<'_>,
    today: jiff::civil::Date,
) -> Result<LiveGrant, Denial> {
    if !stands(Guard::Authorisation) {
        return Ok(LiveGrant { record: grant.clone() });
    }
    let id = || grant.id.clone();
    if grant.dataset != *dataset {
        return Err(Denial::NoGrant { operator: operator.to_string(), dataset: dataset.to_string() });
    }
    if module.operator != operator || grant.operator != *operator {
        return Err(Denial::OtherOperator { module_operator: module.operator.to_string(), operator: operator.to_string() });
    }
    if grant.operator_key != module.key {
        return Err(Denial::OtherKey { grant: id() });
    }
    check_held(grant)?;
    // Dates of a stored grant were checked when it was made; what cannot be read grants nothing.
    let date = |text: &str| text.parse::<jiff::civil::Date>().ok();
    if date(&grant.valid_from).is_none_or(|from| today < from) {
        return Err(Denial::NotYet { grant: id(), from: grant.valid_from.clone() });
    }
    if date(&grant.valid_until).is_none_or(|until| today > until) {
        return Err(Denial::Expired { grant: id(), until: grant.valid_until.clone() });
    }
    if *reads.purpose != grant.purpose {
        return Err(Denial::Purpose { grant: id(), granted: grant.purpose.to_string(), asked: reads.purpose.to_string() });
    }
    for input in &reads.inputs {
        for column in &input.columns {
            let column = format!("{}.{column}", input.table);
            if !grant.columns.contains(&column) {
                return Err(Denial::Column { grant: id(), column });
            }
        }
    }
    Ok(LiveGrant { record: grant.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    fn grant() -> GrantRecord {
        GrantRecord {
            id: "g1".into(),
            dataset: Name::parse("d").expect("name"),
            operator: Name::parse("op").expect("name"),
            operator_key: "key".into(),
            columns: vec!["t.a".into(), "t.b".into()],
            purpose: Name::parse("planning").expect("name"),
            rho: Rho::from_units(1),
            valid_from: "2026-01-01".into(),
            valid_until: "2026-12-31".into(),
            revoked: None,
            suspended: None,
        }
    }

    fn manifest(purpose: &str, columns: &str) -> Manifest {
        Manifest::parse(&format!(
            "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"{purpose}\"\n\
             [[inputs]]\ntable = \"t\"\ncolumns = {columns}\n[[statistics]]\nname = \"n\"\nmeasure = \"count\"\n\
             [resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536"
        ))
        .expect("manifest")
    }

    fn decide(grant: &GrantRecord, manifest: &Manifest, today: &str) -> Result<(), String> {
        let operator = Name::parse("op").expect("name");
        let today = today.parse().expect("date");
        let dataset = Name::parse("d").expect("name");
        authorise(grant, &dataset, &operator, &SealedBy { operator: &operator, key: "key" }, &Use::whole(manifest), today)
            .map(|_| ())
            .map_err(|denial| denial.code())
    }

    // clause: A1, E9, F2 both
    #[test]
    fn each_condition_is_needed() {
        let good = manifest("planning", "[\"a\"]");
        assert_eq!(decide(&grant(), &good, "2026-01-01"), Ok(()));
        assert_eq!(decide(&grant(), &good, "2026-12-31"), Ok(()));
        let denied = |code: &str| Err(format!("denied.{code}"));
        assert_eq!(decide(&grant(), &good, "2025-12-31"), denied("not-yet"));
        assert_eq!(decide(&grant(), &good, "2027-01-01"), denied("expired"));
        assert_eq!(decide(&grant(), &manifest("sales", "[\"a\"]"), "2026-06-01"), denied("purpose"));
        assert_eq!(decide(&grant(), &manifest("planning", "[\"a\", \"c\"]"), "2026-06-01"), denied("column"));
        let revoked = GrantRecord { revoked: Some("objection".into()), ..grant() };
        assert_eq!(decide(&revoked, &good, "2026-06-01"), denied("revoked"));
        let held = Suspension { by: "s-1".into(), through: "dataset".into() };
        let held = GrantRecord { suspended: Some(held), ..grant() };
        assert_eq!(decide(&held, &good, "2026-06-01"), denied("suspended"));
        let other = GrantRecord { dataset: Name::parse("e").expect("name"), ..grant() };
        assert_eq!(decide(&other, &good, "2026-06-01"), denied("no-grant"));
        let other = GrantRecord { operator_key: "another".into(), ..grant() };
        assert_eq!(decide(&other, &good, "2026-06-01"), denied("other-key"));
        let other = GrantRecord { operator: Name::parse("other").expect("name"), ..grant() };
        assert_eq!(decide(&other, &good, "2026-06-01"), denied("other-operator"));
    }

    #[test]
    fn periods_are_real_short_and_not_over() {
        let check = |from: &str, until: &str| check_period(from, until, jiff::civil::date(2026, 6, 1)).map_err(|error| error.code());
        assert_eq!(check("2026-01-01", "2031-01-01"), Ok(()));
        assert_eq!(check("2026-01-01", "2031-01-02"), Err("grant.too-long".into()));
        assert_eq!(check("2026-01-02", "2026-01-01"), Err("grant.period".into()));
        assert_eq!(check("2026-02-30", "2026-12-01"), Err("grant.period".into()));
        assert_eq!(check("2025-01-01", "2026-05-31"), Err("grant.over".into()));
    }
}
