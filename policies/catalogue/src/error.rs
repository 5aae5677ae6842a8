//! Why an entry is refused.

use crate::entry::Secret;
use tidegate_parties::DutyError;
use tidegate_rules::{Clause, Field, LegalRank};
use tidegate_terms::messages;

messages! {
    /// Why an entry is refused.
    pub enum EntryError {
        Syntax { detail: String } = "catalogue.syntax" {
            en: "the entry cannot be read: {detail}",
            zh: "无法读取目录条目：{detail}",
        },
        Missing { field: Field, clause: Clause } = "catalogue.incomplete" {
            en: "the field `{field}` is missing ({clause}): fill it in",
            zh: "缺少字段“{field:#}”（{clause:#}）：请填写",
        },
        Text { field: String } = "catalogue.text" {
            en: "`{field}` is longer than 2000 characters or holds control characters: write plain text",
            zh: "“{field}”超过 2000 个字符或含有控制字符：请使用普通文本",
        },
        Secret { secret: Secret, clause: Clause } = "catalogue.secret" {
            en: "a {secret} is not public data ({clause}): it may not be catalogued, and nothing overrides this",
            zh: "{secret:#}不属于公共数据（{clause:#}）：不得编目，且不可豁免",
        },
        NoUnit { clause: Clause } = "catalogue.no-unit" {
            en: "the entry declares no privacy unit, or its item is not among the data items ({clause}): name the item that identifies a person, enterprise, household, card or meter",
            zh: "条目未申报隐私单元，或其标识项不在数据项中（{clause:#}）：请写明标识个人、企业、户、卡或表的数据项",
        },
        Item { item: String } = "catalogue.item" {
            en: "the data item `{item}` stands twice or lacks its format: name each once, with its format",
            zh: "数据项“{item}”重复或缺少格式：每项只列一次并写明格式",
        },
        NoBasis { clause: Clause } = "catalogue.no-basis" {
            en: "the sharing type needs a legal basis with law and article ({clause}): give one, or choose unconditional sharing",
            zh: "该共享类型须有法律依据及条文（{clause:#}）：请提供，或改为无条件共享",
        },
        LowBasis { needed: LegalRank, clause: Clause } = "catalogue.low-basis" {
            en: "the legal basis is too low: at least a {needed} is needed ({clause}); give a higher one, or choose a wider type",
            zh: "法律依据层级不足：至少须为{needed:#}（{clause:#}）；请提供更高层级依据，或改为更宽的类型",
        },
        NoConditions { clause: Clause } = "catalogue.no-conditions" {
            en: "conditional sharing states its scope and purpose ({clause}): write both",
            zh: "有条件共享须列明共享范围和使用用途（{clause:#}）：请填写",
        },
        Closed { clause: Clause } = "catalogue.closed" {
            en: "data with personal or trade secrets are not opened ({clause}): choose `not_opened`, or record how they were treated or consented to",
            zh: "涉及商业秘密、个人隐私的数据不予开放（{clause:#}）：请选择不予开放，或登记脱敏处理或权利人同意",
        },
        NotGraded { clause: Clause } = "catalogue.not-graded" {
            en: "the entry has no class and level ({clause}): grade the data before publishing",
            zh: "条目未分类分级（{clause:#}）：请在发布前定类定级",
        },
        UnknownLevel { level: String, clause: Clause } = "catalogue.unknown-level" {
            en: "`{level}` is no level of the matrix ({clause}): use one of its names",
            zh: "“{level}”不是级别限制表中的级别（{clause:#}）：请使用表中名称",
        },
        NoApproval { clause: Clause } = "catalogue.no-approval" {
            en: "bought data need the reference of their approval ({clause}): give it",
            zh: "采购的数据须有批准文号（{clause:#}）：请填写",
        },
        NoConversion { clause: Clause } = "catalogue.no-conversion" {
            en: "what was not shared or not opened becomes wider only with a record of treatment or consent ({clause}): record it first",
            zh: "不予共享、不予开放的数据须先有脱密脱敏处理或权利人同意的记录（{clause:#}）：请先登记",
        },
        NoConsent { clause: Clause } = "catalogue.no-consent" {
            en: "the data were got by sharing, and their provider has not consented to authorised operation ({clause}): record the consent",
            zh: "数据系通过共享取得，提供部门尚未同意用于授权运营（{clause:#}）：请登记其同意",
        },
        NoEmergency { clause: Clause } = "catalogue.no-emergency" {
            en: "the rules of this place know no relaxation for a time ({clause}): change the sharing type instead",
            zh: "本地规则未规定共享属性临时性调整（{clause:#}）：请改用共享类型变更",
        },
        EmergencyDates { clause: Clause } = "catalogue.emergency-dates" {
            en: "a relaxation for a time needs an incident, a first and a last day in order, at most 366 days, and a wider type ({clause})",
            zh: "临时性调整须有事件、先后合理且不超过 366 天的起止日期，以及更宽的类型（{clause:#}）",
        };
        Duty(DutyError),
    }
}
