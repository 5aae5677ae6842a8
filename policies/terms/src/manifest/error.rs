//! What can be wrong with a manifest.

use crate::ParameterError;

messages! {
    /// Why a manifest is refused.
    pub enum ManifestError {
        Syntax { detail: String } = "manifest.syntax" {
            en: "the manifest cannot be read: {detail}",
            zh: "无法读取清单：{detail}",
        },
        Contract { contract: u32 } = "manifest.contract" {
            en: "the manifest asks for contract {contract}; this version of Tidegate speaks contract 1",
            zh: "清单要求合约版本 {contract}；本版本支持合约版本 1",
        },
        NoInputs = "manifest.no-inputs" {
            en: "the manifest reads no table: add `[[inputs]]` with a table and its columns",
            zh: "清单未读取任何表：请添加 `[[inputs]]`，写明表及其列",
        },
        NoColumns { table: String } = "manifest.no-columns" {
            en: "the manifest reads no column of table `{table}`: name those it needs, or leave the table out",
            zh: "清单未读取表 `{table}` 的任何列：请写明所需的列，或去掉该表",
        },
        NoStatistics = "manifest.no-statistics" {
            en: "the manifest computes nothing: add at least one `[[statistics]]`",
            zh: "清单没有任何统计量：请至少添加一个 `[[statistics]]`",
        },
        DuplicateInput { table: String, column: String } = "manifest.duplicate-input" {
            en: "`{table}.{column}` is read twice: name each table and column once",
            zh: "`{table}.{column}` 被读取两次：每个表和列只写一次",
        },
        DuplicateStatistic { name: String } = "manifest.duplicate-statistic" {
            en: "two statistics are named `{name}`",
            zh: "有两个统计量都叫 `{name}`",
        },
        DuplicateParameter { name: String } = "manifest.duplicate-parameter" {
            en: "two parameters are named `{name}`",
            zh: "有两个参数都叫 `{name}`",
        },
        ParameterRange { name: String } = "manifest.parameter-range" {
            en: "parameter `{name}`: its range is empty or infinite, or its default does not fit it",
            zh: "参数 `{name}`：范围为空或无限，或默认值不符合范围",
        },
        UnknownTable { table: String } = "manifest.unknown-table" {
            en: "the dataset has no table `{table}`; `tidegate dataset show` lists its tables",
            zh: "数据集没有表 `{table}`；`tidegate dataset show` 会列出其表",
        },
        UnknownColumn { table: String, column: String } = "manifest.unknown-column" {
            en: "table `{table}` has no column `{column}`; `tidegate dataset show` lists its columns",
            zh: "表 `{table}` 没有列 `{column}`；`tidegate dataset show` 会列出其列",
        },
        Bounds { statistic: String } = "manifest.bounds" {
            en: "statistic `{statistic}`: `bounds` must be two finite numbers, the lower one first; the larger in size and their distance must lie between 1e-15 and 1e15",
            zh: "统计量 `{statistic}`：`bounds` 必须是两个有限数，下界在前；绝对值较大者及两者之差须在 1e-15 至 1e15 之间",
        },
        PerUnit { statistic: String, what: String } = "manifest.per-unit" {
            en: "statistic `{statistic}`: `{what}` must lie between 1 and 1000000",
            zh: "统计量 `{statistic}`：`{what}` 必须在 1 至 1000000 之间",
        },
        Grid { statistic: String } = "manifest.grid" {
            en: "statistic `{statistic}`: `grid` must be above 0 and at most the largest bound, and not finer than its 2^40th part",
            zh: "统计量 `{statistic}`：`grid` 必须大于 0 且不超过最大界限，也不能细于其 2^40 分之一",
        },
        Weight { statistic: String } = "manifest.weight" {
            en: "statistic `{statistic}`: `weight` must be a finite number above 0 and at most 1000000",
            zh: "统计量 `{statistic}`：`weight` 必须是大于 0 且不超过 1000000 的有限数",
        },
        Groups { statistic: String } = "manifest.groups" {
            en: "statistic `{statistic}`: give `groups` either `keys`, 1 to 65536 different ones in Unicode normal form C, or `table` and `column` of a category column that is among the inputs",
            zh: "统计量 `{statistic}`：`groups` 请给出 `keys`（1 至 65536 个互不相同、采用 NFC 形式的键），或给出已列入输入的类别列的 `table` 和 `column`",
        },
        HistogramNeedsGroups { statistic: String } = "manifest.histogram-needs-groups" {
            en: "statistic `{statistic}`: a histogram needs `groups`",
            zh: "统计量 `{statistic}`：直方图必须有 `groups`",
        },
        Rounds { what: String, minimum: u64, maximum: u64 } = "manifest.rounds" {
            en: "`{what}` must lie between {minimum} and {maximum}",
            zh: "`{what}` 必须在 {minimum} 至 {maximum} 之间",
        },
        BlocksJoined = "manifest.blocks-joined" {
            en: "a module that is called for blocks cannot join two datasets: leave out `blocks` or `joined`",
            zh: "按分块调用的模型不能联接两个数据集：请去掉 `blocks` 或 `joined`",
        },
        AllJoined = "manifest.all-joined" {
            en: "every input says `joined`: at least one must come from the first dataset",
            zh: "所有输入都标为 `joined`：至少一个输入须来自第一个数据集",
        },
        SideTable { table: String } = "manifest.side-table" {
            en: "side table `{table}`: names of tables and columns must differ, each column needs a sound type and range and none may be nullable",
            zh: "公共附表“{table}”：表名和列名不得重复，每列须有合理的类型和范围，且不得可空",
        },
        Resources { what: String, minimum: u64, maximum: u64 } = "manifest.resources" {
            en: "`resources.{what}` must lie between {minimum} and {maximum}",
            zh: "`resources.{what}` 必须在 {minimum} 至 {maximum} 之间",
        },
        TooManyCells { cells: u64, maximum: u64 } = "manifest.too-many-cells" {
            en: "the statistics have {cells} cells together, but at most {maximum} are allowed: use fewer groups",
            zh: "各统计量共有 {cells} 个单元格，最多允许 {maximum} 个：请减少分组",
        };
        Parameter(ParameterError),
    }
}
