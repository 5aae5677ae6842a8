//! What can be wrong with a manifest.

use crate::ParameterError;

messages! {
    /// Why a manifest is refused.
    pub enum ManifestError {
        Syntax { detail: String } = "manifest.syntax" {
            en: "the manifest cannot be read: {detail}",
            zh: "无法读取清单：{detail}",
        },
        TooLong { bytes: usize, maximum: usize } = "manifest.too-long" {
            en: "the manifest has {bytes} bytes, but at most {maximum} are accepted: use fewer groups or shorter texts",
            zh: "清单有 {bytes} 字节，最多接受 {maximum} 字节：请减少分组或缩短文字",
        },
        HiddenCharacter = "manifest.hidden-character" {
            en: "a text of the manifest holds a control character or one that is not seen, which could change what others are shown: take it out",
            zh: "清单的某段文字含有控制字符或不可见字符，可能篡改他人看到的内容：请将其去掉",
        },
        Contract { contract: u32 } = "manifest.contract" {
            en: "the manifest asks for contract {contract}; this version of Tidegate speaks contract 1",
            zh: "清单要求合约版本 {contract}；本版本支持合约版本 1",
        },
        Texts { what: String } = "manifest.texts" {
            en: "`{what}` has at most 1000 bytes in one line, without control characters or characters that are not seen: people read it before they decide",
            zh: "`{what}` 最多 1000 字节，须为单行文字，不得含控制字符或不可见字符：审核人员据此作出决定",
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
        ReviewedBeside = "manifest.reviewed-beside" {
            en: "a manifest with `[reviewed]` has nothing beside its tables: no statistics, parameters, side tables, rounds, blocks or joins, so that its approval covers all that it does",
            zh: "含 `[reviewed]` 的清单除表格外不得有其他内容：不得有统计量、参数、附表、轮次、分块或联接，以便批准覆盖其全部行为",
        },
        ReviewedTables { maximum: usize } = "manifest.reviewed-tables" {
            en: "`[reviewed]` needs 1 to {maximum} `tables`",
            zh: "`[reviewed]` 须有 1 至 {maximum} 个 `tables`",
        },
        ReviewedAxis { table: String } = "manifest.reviewed-axis" {
            en: "table `{table}`: `rows` and `columns` each name a column that the manifest reads, not the same one twice; without `keys` it must be a category column",
            zh: "表格 `{table}`：`rows` 与 `columns` 须各指定一个清单读取的列，且不得相同；未列出 `keys` 时须为分类列",
        },
        ReviewedSum { table: String } = "manifest.reviewed-sum" {
            en: "table `{table}`: `upper` and `grid` must lie between 1e-15 and 1e15, and `upper` be 1 to 2^40 steps of `grid`; contributions below 0 are not possible",
            zh: "表格 `{table}`：`upper` 与 `grid` 须在 1e-15 至 1e15 之间，且 `upper` 为 `grid` 的 1 至 2^40 倍；不允许小于 0 的贡献",
        },
        ReviewedGrid { table: String } = "manifest.reviewed-grid" {
            en: "table `{table}`: another exact table sums the same `quantity` on another `grid`, so that they could not be checked against each other: use the same grid",
            zh: "表格 `{table}`：另一精确表格以不同的 `grid` 对同一 `quantity` 求和，二者无法相互核对：请使用相同的网格",
        },
        ReviewedCells { table: String, cells: usize, maximum: usize } = "manifest.reviewed-cells" {
            en: "table `{table}` has {cells} cells with its margins, but at most {maximum} are allowed: use fewer keys",
            zh: "表格 `{table}` 含合计共 {cells} 个单元格，最多允许 {maximum} 个：请减少键",
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
            en: "statistic `{statistic}`: `weight` must lie above 0 and be at most 1",
            zh: "统计量 `{statistic}`：`weight` 必须大于 0 且不超过 1",
        },
        Weights { given: usize, statistics: usize, sum: f64 } = "manifest.weights" {
            en: "{given} of {statistics} statistics have a `weight`, and they add up to {sum}: give all of them one, so that they add up to 1, or none",
            zh: "{statistics} 个统计量中有 {given} 个给出了 `weight`，其和为 {sum}：请全部给出且和为 1，或全部不给",
        },
        Blocks { statistic: String } = "manifest.block-measure" {
            en: "statistic `{statistic}`: with `[blocks]` every statistic is a `block_mean` or `block_median`, and without it none is",
            zh: "统计量 `{statistic}`：有 `[blocks]` 时所有统计量都须为 `block_mean` 或 `block_median`，没有时则都不得使用它们",
        },
        PostProcessing { statistic: String } = "manifest.post-processing" {
            en: "statistic `{statistic}`: `nonnegative` is for count, sum and histogram, `rounded` for count and histogram",
            zh: "统计量 `{statistic}`：`nonnegative` 只用于计数、求和与直方图，`rounded` 只用于计数与直方图",
        },
        Expected { statistic: String } = "manifest.expected" {
            en: "statistic `{statistic}`: `expected` needs a finite `count` of at least 1, and a finite `value` if any",
            zh: "统计量 `{statistic}`：`expected` 须有不小于 1 的有限 `count`；若给出 `value`，须为有限数",
        },
        Candidates { statistic: String } = "manifest.candidates" {
            en: "statistic `{statistic}`: `candidates` must be 1 to 10000 finite numbers, each larger than the one before; geometric ones above 0",
            zh: "统计量 `{statistic}`：`candidates` 须为 1 至 10000 个严格递增的有限数；等比时须大于 0",
        },
        Probabilities { statistic: String } = "manifest.probabilities" {
            en: "statistic `{statistic}`: `probabilities` must be 1 to 1000 numbers between 0 and 1, each larger than the one before",
            zh: "统计量 `{statistic}`：`probabilities` 须为 1 至 1000 个 0 与 1 之间严格递增的数",
        },
        Dimension { statistic: String, maximum: u32 } = "manifest.dimension" {
            en: "statistic `{statistic}`: `dimension` must lie between 1 and {maximum}",
            zh: "统计量 `{statistic}`：`dimension` 必须在 1 至 {maximum} 之间",
        },
        NormBound { statistic: String } = "manifest.norm-bound" {
            en: "statistic `{statistic}`: the `bound` of the norm must lie between 1e-15 and 1e15",
            zh: "统计量 `{statistic}`：范数的 `bound` 必须在 1e-15 至 1e15 之间",
        },
        VectorKeys { statistic: String } = "manifest.vector-keys" {
            en: "statistic `{statistic}`: give as many `keys` as the vector has entries, or none",
            zh: "统计量 `{statistic}`：`keys` 的个数须与向量的维数相同，或不给",
        },
        VectorGroups { statistic: String } = "manifest.vector-groups" {
            en: "statistic `{statistic}`: a vector sum has no `groups`; give the groups entries of their own",
            zh: "统计量 `{statistic}`：向量和没有 `groups`；请为各组安排各自的分量",
        },
        Discovered { statistic: String } = "manifest.discovered" {
            en: "statistic `{statistic}`: discovered keys have 1 to 256 bytes, and their `delta` lies between 1e-15 and 1e-3",
            zh: "统计量 `{statistic}`：发现的键长 1 至 256 字节，其 `delta` 在 1e-15 至 1e-3 之间",
        },
        DiscoveredMeasure { statistic: String } = "manifest.discovered-measure" {
            en: "statistic `{statistic}`: keys can be discovered for count, sum, mean and most_common only",
            zh: "统计量 `{statistic}`：只有 count、sum、mean 与 most_common 可以发现键",
        },
        Automatic { statistic: String } = "manifest.automatic" {
            en: "statistic `{statistic}`: the `share` of automatic bounds must lie above 0 and be at most 0.9, its `levels` between 4 and 400, and there is no `grid` beside it",
            zh: "统计量 `{statistic}`：自动界限的 `share` 必须大于 0 且不超过 0.9，`levels` 须在 4 至 400 之间，且不能同时给出 `grid`",
        },
        BoundsShare { share: f64 } = "manifest.bounds-share" {
            en: "automatic bounds take {share} of the budget together; at most 0.9 is allowed",
            zh: "自动界限合计占预算的 {share}；最多允许 0.9",
        },
        HierarchyParent { statistic: String, parent: String } = "manifest.hierarchy-parent" {
            en: "statistic `{statistic}`: its hierarchy names `{parent}`, which is no statistic of this manifest",
            zh: "统计量 `{statistic}`：其层级指向 `{parent}`，而清单中没有该统计量",
        },
        HierarchyMeasure { statistic: String, parent: String } = "manifest.hierarchy-measure" {
            en: "statistic `{statistic}`: it and `{parent}` must be the same of count, sum (declared bounds) or histogram, both with Gaussian noise",
            zh: "统计量 `{statistic}`：它与 `{parent}` 必须同为计数、求和（申报界限）或直方图，且都使用高斯噪声",
        },
        HierarchyKeys { statistic: String } = "manifest.hierarchy-keys" {
            en: "statistic `{statistic}`: a hierarchy needs public groups, and `parents` with one key of the statistic above for each; none where that has no groups",
            zh: "统计量 `{statistic}`：层级需要公开的分组，且 `parents` 须为每组给出上级统计量的一个键；上级没有分组时不给",
        },
        HierarchyCycle { statistic: String } = "manifest.hierarchy-cycle" {
            en: "statistic `{statistic}`: its hierarchy comes back to itself",
            zh: "统计量 `{statistic}`：其层级构成循环",
        },
        KeyTwice { statistic: String, key: String } = "manifest.key-twice" {
            en: "statistic `{statistic}`: the key `{key}` stands twice",
            zh: "统计量 `{statistic}`：键 `{key}` 出现两次",
        },
        KeyForm { statistic: String, key: String } = "manifest.key-form" {
            en: "statistic `{statistic}`: the key `{key}` must have 1 to 256 bytes, no space around it, no hidden characters, and Unicode normal form C",
            zh: "统计量 `{statistic}`：键 `{key}` 须为 1 至 256 字节、首尾无空白、不含不可见字符并采用 Unicode NFC 形式",
        },
        TooManyKeys { statistic: String, keys: usize, maximum: usize } = "manifest.too-many-keys" {
            en: "statistic `{statistic}` has {keys} keys, but at most {maximum} are allowed",
            zh: "统计量 `{statistic}` 有 {keys} 个键，最多允许 {maximum} 个",
        },
        Groups { statistic: String } = "manifest.groups" {
            en: "statistic `{statistic}`: give `groups` either `keys`, or `table` and `column` of a category column that is among the inputs, or `discovered`",
            zh: "统计量 `{statistic}`：`groups` 请给出 `keys`，或已列入输入的类别列的 `table` 和 `column`，或 `discovered`",
        },
        HistogramNeedsGroups { statistic: String } = "manifest.histogram-needs-groups" {
            en: "statistic `{statistic}`: histogram and most_common need `groups`",
            zh: "统计量 `{statistic}`：直方图与 most_common 必须有 `groups`",
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
