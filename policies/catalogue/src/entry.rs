//! What stands in an entry.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_parties::{CreditCode, DutyBearers, NationalId};
use tidegate_rules::{LegalRank, OpeningType, SharingType, add_months, words};
use tidegate_terms::{Name, UnitKind};

/// Who provides data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// 数据资源提供方名称.
    pub name: String,
    /// 数据资源提供方代码.
    pub code: CreditCode,
}

/// A data item: 数据项名称 and 数据项格式.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
}

/// A legal basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// The law.
    pub law: String,
    /// The article.
    pub article: String,
    /// Its rank.
    pub rank: LegalRank,
}

/// How the data are shared among departments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sharing {
    /// 共享类型; where it is absent, the city says what it counts as.
    #[serde(rename = "type")]
    pub kind: Option<SharingType>,
    /// 共享条件.
    pub conditions: String,
    /// The scope of conditional sharing (rule D2).
    pub scope: String,
    /// The purpose of conditional sharing (rule D2).
    pub purpose: String,
    /// 共享方式.
    pub way: String,
    /// Why it is not unconditional.
    pub basis: Vec<LegalBasis>,
    /// When conditional sharing is assessed next (rule D8).
    pub review_due: Option<Date>,
}

/// How the data are opened to society.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Opening {
    /// 开放类型; 是否向社会开放 follows from it.
    #[serde(rename = "type")]
    pub kind: Option<OpeningType>,
    /// 开放条件.
    pub conditions: String,
    /// 开放范围.
    pub scope: String,
    /// 开放内容.
    pub content: String,
    /// 数据形式.
    pub form: String,
}

/// 授权运营状态.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// Not meant for authorised operation.
    #[default]
    NotPlanned,
    /// Meant for it, nobody has it.
    Planned,
    /// Somebody has it.
    Authorised,
    /// Stopped.
    Suspended,
}

words!(OperationStatus {
    NotPlanned: "not planned", "未纳入";
    Planned: "planned", "拟授权";
    Authorised: "authorised", "已授权";
    Suspended: "suspended", "已中止";
});

/// Where data come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "from", deny_unknown_fields)]
pub enum Origin {
    /// Collected or produced by the provider in its duties.
    #[default]
    OwnDuties,
    /// Got by sharing; operation needs the consent of their provider (rule D11).
    Shared {
        /// The reference of the consent, where it was given.
        consent: Option<String>,
    },
    /// Bought (rule B13).
    Purchased {
        /// The reference of the approval.
        approval: Option<String>,
    },
}

/// A secret that keeps data out of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// 国家秘密.
    State,
    /// 工作秘密.
    Work,
}

words!(Secret {
    State: "state secret", "国家秘密";
    Work: "work secret", "工作秘密";
});

/// The privacy unit of the data (rule A5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// The item that identifies it; never an output and never a key of groups.
    pub item: String,
    /// What it is.
    pub kind: UnitKind,
}

/// How data became shareable or openable (rule D9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversionWay {
    /// 脱密.
    Declassified,
    /// 脱敏.
    Desensitised,
    /// 权利人同意.
    Consented,
}

words!(ConversionWay {
    Declassified: "declassified", "脱密";
    Desensitised: "desensitised", "脱敏";
    Consented: "consented by those entitled", "权利人同意";
});

/// A record that data were treated or consented to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// How.
    pub way: ConversionWay,
    /// The method, or the reference of the consent.
    pub reference: String,
    /// When.
    pub on: Date,
    /// By whom.
    pub by: Name,
}

/// A relaxation of sharing for a time (rule D10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The incident.
    pub incident: String,
    /// Its first day.
    pub first: Date,
    /// Its last day; afterwards the type is what it was.
    pub last: Date,
    /// Who approved it.
    pub approver: Name,
    /// The type meanwhile.
    pub kind: SharingType,
}

/// 更新频率.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Frequency {
    RealTime,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
    Irregular,
}

words!(Frequency {
    RealTime: "in real time", "实时";
    Daily: "daily", "每日";
    Weekly: "weekly", "每周";
    Monthly: "monthly", "每月";
    Quarterly: "quarterly", "每季度";
    Yearly: "yearly", "每年";
    Irregular: "irregular", "不定期";
});

impl Frequency {
    /// The last day on which data of a day are fresh; `None` where nothing is promised (rule I8).
    pub fn fresh_until(self, updated: Date) -> Option<Date> {
        let days = |days: i64| updated.checked_add(jiff::Span::new().days(days)).ok();
        match self {
            Self::RealTime | Self::Daily => days(1),
            Self::Weekly => days(7),
            Self::Monthly => add_months(updated, 1),
            Self::Quarterly => add_months(updated, 3),
            Self::Yearly => add_months(updated, 12),
            Self::Irregular => None,
        }
    }
}

/// An entry of the catalogue. A text that is empty counts as missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its short name in the system.
    pub id: Name,
    /// 数据资源名称.
    pub name: String,
    /// 数据资源摘要.
    #[serde(default)]
    pub summary: String,
    /// 数据格式.
    #[serde(default)]
    pub format: String,
    /// 行业分类.
    #[serde(default)]
    pub industry: String,
    /// 数据覆盖时间.
    #[serde(default)]
    pub time_coverage: String,
    /// 数据覆盖地域.
    #[serde(default)]
    pub area_coverage: String,
    /// 更新频率.
    pub update_frequency: Option<Frequency>,
    /// 数据资源提供方.
    pub provider: Provider,
    /// 共享.
    #[serde(default)]
    pub sharing: Sharing,
    /// 开放.
    #[serde(default)]
    pub opening: Opening,
    /// 授权运营状态.
    #[serde(default)]
    pub operation_status: OperationStatus,
    /// 授权运营应用场景.
    #[serde(default)]
    pub operation_scenarios: Vec<String>,
    /// 数据项.
    #[serde(default)]
    pub items: Vec<Item>,
    /// 类别.
    #[serde(default)]
    pub category: String,
    /// 安全级别: the name of a level of the matrix.
    pub security_level: Option<Name>,
    /// 使用要求.
    #[serde(default)]
    pub usage_requirements: String,
    /// The privacy unit.
    pub unit: Option<Unit>,
    /// Where the data come from.
    #[serde(default)]
    pub origin: Origin,
    /// The department whose authoritative source this is (rule B12), if it is one.
    pub standard_source: Option<String>,
    /// A secret; nothing overrides its refusal (rule A2).
    pub secret: Option<Secret>,
    /// Whether personal data are in it.
    #[serde(default)]
    pub contains_personal: bool,
    /// Whether trade secrets are in it.
    #[serde(default)]
    pub contains_trade_secret: bool,
    /// Whether its use needs a risk assessment (rule G30).
    #[serde(default)]
    pub specific_scope: bool,
    /// Treatments and consents.
    #[serde(default)]
    pub conversions: Vec<Conversion>,
    /// A relaxation for a time.
    pub emergency: Option<Emergency>,
    /// Who answers for it.
    #[serde(default)]
    pub duties: DutyBearers,
    /// Identifiers of the national infrastructure.
    #[serde(default)]
    pub national_ids: Vec<NationalId>,
}
