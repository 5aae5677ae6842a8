//! The closed lists that packs choose from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens after the last day of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expired {
    /// Decisions under it are refused.
    Refuse,
    /// Decisions are made and say that the pack has expired.
    Warn,
}

/// How data may be shared among departments; the wider, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SharingType {
    /// 无条件共享.
    Unconditional,
    /// 有条件共享.
    Conditional,
    /// 不予共享.
    NotShared,
}

crate::words!(SharingType {
    Unconditional: "unconditional sharing", "无条件共享";
    Conditional: "conditional sharing", "有条件共享";
    NotShared: "not shared", "不予共享";
});

/// How data may be opened to society; the wider, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpeningType {
    /// 无条件开放.
    Unconditional,
    /// 有条件开放.
    Conditional,
    /// 不予开放.
    NotOpened,
}

crate::words!(OpeningType {
    Unconditional: "unconditional opening", "无条件开放";
    Conditional: "conditional opening", "有条件开放";
    NotOpened: "not opened", "不予开放";
});

/// The rank of a legal basis; the higher, the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegalRank {
    /// 法律.
    Law,
    /// 行政法规.
    AdministrativeRegulation,
    /// 地方性法规.
    LocalRegulation,
    /// 规章.
    Rules,
    /// 有关规定.
    Provision,
}

crate::words!(LegalRank {
    Law: "law", "法律";
    AdministrativeRegulation: "administrative regulation", "行政法规";
    LocalRegulation: "local regulation", "地方性法规";
    Rules: "rules", "规章";
    Provision: "other provision", "有关规定";
});

/// Who approves or reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewBy {
    /// 公共数据主管部门 (大数据主管部门).
    Authority,
    /// 数据提供部门.
    Provider,
    /// 行业主管部门.
    SectorRegulator,
    /// 管委会 or the people's government.
    Government,
    /// The city's authority, above a county's.
    CityAuthority,
}

crate::words!(ReviewBy {
    Authority: "authority", "公共数据主管部门";
    Provider: "provider", "数据提供部门";
    SectorRegulator: "sector regulator", "行业主管部门";
    Government: "government or management committee", "人民政府或管委会";
    CityAuthority: "city authority", "市级主管部门";
});

/// To which applications a step of review applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepFor {
    /// All.
    All,
    /// Those for conditionally shared data.
    Conditional,
    /// Those of enterprises.
    Enterprise,
}

/// How strongly delivery at an exchange is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// 应当.
    Duty,
    /// 鼓励.
    Encouraged,
    /// 可以.
    Permitted,
}

/// A way to bear responsibility for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// 谁收集（采集）谁负责.
    Collect,
    /// 谁提供谁负责.
    Provide,
    /// 谁持有谁负责.
    Hold,
    /// 谁管理谁负责.
    Manage,
    /// 谁流转谁负责.
    Circulate,
    /// 谁使用谁负责.
    Use,
    /// 谁运营谁负责.
    Operate,
}

crate::words!(Duty {
    Collect: "collects", "收集";
    Provide: "provides", "提供";
    Hold: "holds", "持有";
    Manage: "manages", "管理";
    Circulate: "circulates", "流转";
    Use: "uses", "使用";
    Operate: "operates", "运营";
});
