//! The fields that catalogue entries may be asked for.

use serde::{Deserialize, Serialize};

/// A field of a catalogue entry. The first 18 are those of Shuangyashan Art. 12, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Field {
    Name,
    Summary,
    Format,
    Industry,
    TimeCoverage,
    AreaCoverage,
    UpdateFrequency,
    ProviderName,
    ProviderCode,
    SharingType,
    SharingConditions,
    SharingWay,
    OpenToSociety,
    OpeningConditions,
    OperationStatus,
    OperationScenarios,
    ItemNames,
    ItemFormats,
    Category,
    SecurityLevel,
    UsageRequirements,
    OpeningType,
    OpeningScope,
    OpeningContent,
    OpeningForm,
}

crate::words!(Field {
    Name: "name of the resource", "数据资源名称";
    Summary: "summary", "数据资源摘要";
    Format: "data format", "数据格式";
    Industry: "industry", "行业分类";
    TimeCoverage: "period covered", "数据覆盖时间";
    AreaCoverage: "area covered", "数据覆盖地域";
    UpdateFrequency: "update frequency", "更新频率";
    ProviderName: "provider's name", "数据资源提供方名称";
    ProviderCode: "provider's code", "数据资源提供方代码";
    SharingType: "sharing type", "共享类型";
    SharingConditions: "sharing conditions", "共享条件";
    SharingWay: "way of sharing", "共享方式";
    OpenToSociety: "open to society", "是否向社会开放";
    OpeningConditions: "opening conditions", "开放条件";
    OperationStatus: "status of authorised operation", "授权运营状态";
    OperationScenarios: "scenarios of authorised operation", "授权运营应用场景";
    ItemNames: "names of data items", "数据项名称";
    ItemFormats: "formats of data items", "数据项格式";
    Category: "category", "类别";
    SecurityLevel: "security level", "安全级别";
    UsageRequirements: "requirements of use", "使用要求";
    OpeningType: "opening type", "开放类型";
    OpeningScope: "opening scope", "开放范围";
    OpeningContent: "opened content", "开放内容";
    OpeningForm: "form of the opened data", "数据形式";
});
