//! What can be wrong with a log whose files and signature are right: one sentence for each broken rule.

use crate::custody::CustodyViolation;
use crate::entry::EntryError;
use crate::incident::IncidentViolation;
use crate::replay::{CalibrationViolation, DecidedViolation, WitnessViolation};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};
use tidegate_terms::{Language, Message as _, messages};

messages! {
    /// A rule that an entry breaks.
    pub enum Violation {
        NoDomain = "audit.no-domain" {
            en: "the log does not begin with its domain: ask the publisher for the whole log",
            zh: "日志不是以所属域的条目开始：请向发布方索取完整日志",
        },
        Origin { origin: String, expected: String } = "audit.origin" {
            en: "the entry names the domain `{origin}`, the checkpoint `{expected}`: ask whose log this is",
            zh: "条目中的域为“{origin}”，检查点中为“{expected}”：请查明这是谁的日志",
        },
        Backward { at: String } = "audit.backward" {
            en: "the time {at} lies before that of an earlier entry: ask the custodian about the clock",
            zh: "时间 {at} 早于此前的条目：请向保管方核实时钟",
        },
        Delta { dataset: String, delta: f64, limit: f64 } = "audit.delta" {
            en: "`{dataset}` is mounted with delta {delta:e}, but at most 1/(10 x units) = {limit:e} is allowed: ask the authority to correct the policy",
            zh: "“{dataset}”挂载时 delta 为 {delta:e}，最多允许 1/(10×单元数) = {limit:e}：请主管部门更正策略",
        },
        Cap { dataset: String, epsilon: f64, declared: f64 } = "audit.cap" {
            en: "the lifetime cap of `{dataset}` comes to epsilon {epsilon:.6}, but {declared:.6} is declared: ask the authority to correct the policy",
            zh: "“{dataset}”的生命周期总额折合 epsilon {epsilon:.6}，而申报值为 {declared:.6}：请主管部门更正策略",
        },
        CapChanged { lineage: String } = "audit.cap-changed" {
            en: "the lifetime cap or delta of the lineage `{lineage}` changed: ask the authority, a cap never changes",
            zh: "谱系“{lineage}”的生命周期总额或 delta 发生变化：总额不得改变，请询问主管部门",
        },
        Version { dataset: String, version: u32, expected: usize } = "audit.version" {
            en: "`{dataset}` is mounted as version {version}, but {expected} comes next: ask the provider for the version between",
            zh: "“{dataset}”挂载为版本 {version}，应为 {expected}：请向提供方询问缺失的版本",
        },
        LineageChanged { dataset: String, lineage: String } = "audit.lineage-changed" {
            en: "`{dataset}` moved to the lineage `{lineage}`, away from what it had spent: ask the authority",
            zh: "“{dataset}”改挂到谱系“{lineage}”，脱离了已有的支出：请询问主管部门",
        },
        NotMounted { dataset: String } = "audit.not-mounted" {
            en: "`{dataset}` is used but was never mounted: ask the provider",
            zh: "使用了从未挂载的“{dataset}”：请询问提供方",
        },
        OperatorKey { grant: String } = "audit.operator-key" {
            en: "the grant `{grant}` has no readable operator key: ask the authority to grant again",
            zh: "授权“{grant}”中的运营机构密钥无法读取：请主管部门重新授权",
        },
        GrantDates { grant: String } = "audit.grant-dates" {
            en: "the dates of the grant `{grant}` are no period: ask the authority to grant again",
            zh: "授权“{grant}”的起止日期不成立：请主管部门重新授权",
        },
        GrantAgain { grant: String } = "audit.grant-again" {
            en: "the grant `{grant}` is given twice: ask the authority which one holds",
            zh: "授权“{grant}”出现两次：请主管部门说明以哪一次为准",
        },
        UnknownGrant { grant: String } = "audit.unknown-grant" {
            en: "the grant `{grant}` was never given: ask the authority",
            zh: "授权“{grant}”从未授予：请询问主管部门",
        },
        RevokedAgain { grant: String } = "audit.revoked-again" {
            en: "the grant `{grant}` was revoked already: ask the authority whether another was meant",
            zh: "授权“{grant}”此前已撤销：请主管部门确认是否另有所指",
        },
        Seal { module: String } = "audit.seal" {
            en: "the module {module} is not the seal of its component and manifest: ask the operator to upload it again",
            zh: "模型 {module} 不是其组件与清单的封签：请运营机构重新上传",
        },
        OtherLineage { run: String, lineage: String } = "audit.other-lineage" {
            en: "run `{run}` charged the lineage `{lineage}`, which is not its dataset's: ask the custodian, the right account was spared",
            zh: "运行“{run}”扣减了谱系“{lineage}”，并非其数据集所属谱系：应扣的账户未被扣减，请询问保管方",
        },
        RunCap { run: String, rho: f64, cap: f64 } = "audit.run-cap" {
            en: "run `{run}` costs rho {rho:.12}, above the {cap:.12} that one run may: ask the custodian why it was admitted",
            zh: "运行“{run}”花费 rho {rho:.12}，超过单次上限 {cap:.12}：请询问保管方为何准入",
        },
        LineageCap { lineage: String, spent: f64, cap: f64 } = "audit.lineage-cap" {
            en: "the lineage `{lineage}` has spent rho {spent:.12} of {cap:.12}: stop further runs and ask the authority",
            zh: "谱系“{lineage}”已支出 rho {spent:.12}，总额为 {cap:.12}：请停止后续运行并询问主管部门",
        },
        GrantCap { grant: String, spent: f64, cap: f64 } = "audit.grant-cap" {
            en: "the grant `{grant}` has spent rho {spent:.12} of its share {cap:.12}: stop further runs and ask the authority",
            zh: "授权“{grant}”已支出 rho {spent:.12}，份额为 {cap:.12}：请停止后续运行并询问主管部门",
        },
        LineageDelta { lineage: String, spent: f64, cap: f64 } = "audit.lineage-delta" {
            en: "the lineage `{lineage}` has spent {spent:e} of its account of delta, which has {cap:e}: stop further runs and ask the authority",
            zh: "谱系“{lineage}”的 delta 账户已支出 {spent:e}，总额为 {cap:e}：请停止后续运行并询问主管部门",
        },
        GrantDelta { grant: String, spent: f64, cap: f64 } = "audit.grant-delta" {
            en: "the grant `{grant}` has spent {spent:e} of the account of delta, above its share {cap:e}: stop further runs and ask the authority",
            zh: "授权“{grant}”在 delta 账户中已支出 {spent:e}，超过其份额 {cap:e}：请停止后续运行并询问主管部门",
        },
        PeriodCap { lineage: String, days: u32, spent: f64, cap: f64 } = "audit.period-cap" {
            en: "the lineage `{lineage}` has spent rho {spent:.12} within {days} days, above the {cap:.12} of the policy: ask the custodian why the run was admitted",
            zh: "谱系“{lineage}”在 {days} 天内支出 rho {spent:.12}，超过策略规定的 {cap:.12}：请询问保管方为何准入",
        },
        PeriodDelta { lineage: String, days: u32, spent: f64, cap: f64 } = "audit.period-delta" {
            en: "the lineage `{lineage}` has spent {spent:e} of its account of delta within {days} days, above the {cap:e} of the policy: ask the custodian why the run was admitted",
            zh: "谱系“{lineage}”的 delta 账户在 {days} 天内支出 {spent:e}，超过策略规定的 {cap:e}：请询问保管方为何准入",
        },
        Accounts { run: String, accounts: usize } = "audit.accounts" {
            en: "run `{run}` names {accounts} datasets, but reads one or joins two: ask the custodian who paid",
            zh: "运行“{run}”列出 {accounts} 个数据集，而一次运行只能读取一个或联合两个：请询问保管方由谁支付",
        },
        GrantDataset { run: String, grant: String, dataset: String } = "audit.grant-dataset" {
            en: "run `{run}` used `{dataset}` under the grant `{grant}`, which is for another dataset: ask the custodian",
            zh: "运行“{run}”以授权“{grant}”使用“{dataset}”，而该授权针对其他数据集：请询问保管方",
        },
        GrantRevoked { run: String, grant: String } = "audit.grant-revoked" {
            en: "run `{run}` was admitted under the grant `{grant}` after its revocation: ask the custodian",
            zh: "运行“{run}”在授权“{grant}”撤销后仍被准入：请询问保管方",
        },
        GrantDay { run: String, grant: String, day: String } = "audit.grant-day" {
            en: "run `{run}` was admitted on {day}, outside the period of the grant `{grant}`: ask the custodian",
            zh: "运行“{run}”于 {day} 被准入，不在授权“{grant}”的有效期内：请询问保管方",
        },
        UnknownModule { run: String, module: String, operator: String } = "audit.unknown-module" {
            en: "run `{run}` used the module {module}, which `{operator}` had not uploaded: ask the custodian what ran",
            zh: "运行“{run}”使用了模型 {module}，而“{operator}”并未上传：请询问保管方实际运行了什么",
        },
        NoCharges { run: String } = "audit.no-charges" {
            en: "run `{run}` names nothing that it pays for: ask the custodian what it released",
            zh: "运行“{run}”未列出任何付费项：请询问保管方其发布了什么",
        },
        Sum { run: String, rho: f64, sum: f64 } = "audit.sum" {
            en: "run `{run}` paid rho {rho:.12}, but its charges sum to {sum:.12}: ask the custodian",
            zh: "运行“{run}”支付 rho {rho:.12}，而各项之和为 {sum:.12}：请询问保管方",
        },
        Underpriced { run: String, statistic: String, booked: f64, needed: f64 } = "audit.underpriced" {
            en: "`{statistic}` of run `{run}` paid rho {booked:.12}, but its noise needs {needed:.12}: the loss of privacy is larger than booked, stop and ask the authority",
            zh: "运行“{run}”的“{statistic}”支付 rho {booked:.12}，而其噪声需要 {needed:.12}：隐私损失大于记账，请停止并询问主管部门",
        },
        DeltaSum { run: String, delta: f64, sum: f64 } = "audit.delta-sum" {
            en: "run `{run}` took {delta:e} from the account of delta, but its charges sum to {sum:e}: ask the custodian",
            zh: "运行“{run}”从 delta 账户扣除 {delta:e}，而各项之和为 {sum:e}：请询问保管方",
        },
        DeltaUnderpriced { run: String, statistic: String, booked: f64, needed: f64 } = "audit.delta-underpriced" {
            en: "`{statistic}` of run `{run}` took {booked:e} from the account of delta, but its noise is {needed:e} away from what it is priced as: the loss of privacy is larger than booked, stop and ask the authority",
            zh: "运行“{run}”的“{statistic}”从 delta 账户扣除 {booked:e}，而其噪声与计价所依据的机制相差 {needed:e}：隐私损失大于记账，请停止并询问主管部门",
        },
        Rounds { run: String, rounds: u32, paid: u32 } = "audit.rounds" {
            en: "run `{run}` reserved {rounds} rounds, but its charges pay for {paid}: ask the custodian",
            zh: "运行“{run}”预留 {rounds} 轮，而各项支付了 {paid} 轮：请询问保管方",
        },
        NoRound { run: String, statistic: String } = "audit.no-round" {
            en: "`{statistic}` of run `{run}` is drawn in no round that exists: ask the custodian what it paid for",
            zh: "运行“{run}”的“{statistic}”不属于任何存在的轮次：请询问保管方其支付了什么",
        },
        SlotPast { run: String, slot: String } = "audit.slot-past" {
            en: "the slot {slot} of run `{run}` comes sooner after its reservation than one round takes: ask the custodian how it was computed",
            zh: "运行“{run}”的时段 {slot} 距其预留不足一轮所需时间：请询问保管方时段如何计算",
        },
        RunAgain { run: String } = "audit.run-again" {
            en: "run `{run}` reserved twice: ask the custodian which reservation it used",
            zh: "运行“{run}”预留了两次：请询问保管方使用的是哪一次",
        },
        NotReserved { run: String } = "audit.not-reserved" {
            en: "run `{run}` released without a reservation: stop the domain and ask the authority",
            zh: "运行“{run}”未经预留即发布：请停止该域并询问主管部门",
        },
        ReleaseAgain { run: String, round: u32 } = "audit.release-again" {
            en: "run `{run}` released its round {round} more than once, but paid for it once: stop the domain and ask the authority",
            zh: "运行“{run}”的第 {round} 轮发布了不止一次，却只支付了一次：请停止该域并询问主管部门",
        },
        RoundSkipped { run: String, round: u32, expected: u32 } = "audit.round-skipped" {
            en: "run `{run}` released its round {round}, but round {expected} comes next: ask the custodian for the round between",
            zh: "运行“{run}”发布了第 {round} 轮，而接下来应为第 {expected} 轮：请向保管方询问缺失的轮次",
        },
        AfterLast { run: String, round: u32 } = "audit.after-last" {
            en: "run `{run}` released a round {round} after its last: stop the domain and ask the authority",
            zh: "运行“{run}”在最后一轮之后又发布了第 {round} 轮：请停止该域并询问主管部门",
        },
        ApprovedAgain { module: String, dataset: String } = "audit.approved-again" {
            en: "the module {module} is approved twice for `{dataset}` by the same key: ask the custodian, one person counts once",
            zh: "模型 {module} 被同一密钥对“{dataset}”批准两次：同一人只计一次，请询问保管方",
        },
        ApprovedUnknown { module: String } = "audit.approved-unknown" {
            en: "the module {module} is approved but was never uploaded: ask the custodian what was approved",
            zh: "模型 {module} 获得批准却从未上传：请询问保管方批准的是什么",
        },
        ApproverKey { module: String } = "audit.approver-key" {
            en: "an approval of the module {module} has no readable key: ask the custodian who approved it",
            zh: "对模型 {module} 的批准中密钥无法读取：请询问保管方由谁批准",
        },
        TooFewApprovers { run: String, approvers: usize } = "audit.too-few-approvers" {
            en: "run `{run}` made exact tables with {approvers} different approvers, but two are needed: stop the domain and ask the authority",
            zh: "运行“{run}”制作精确表格时只有 {approvers} 名不同批准人，须有两名：请停止该域并询问主管部门",
        },
        NotApproved { run: String } = "audit.not-approved" {
            en: "run `{run}` names an approver who had not approved its module for its dataset: stop the domain and ask the authority",
            zh: "运行“{run}”列出的批准人并未批准其模型用于该数据集：请停止该域并询问主管部门",
        },
        TablesNotAllowed { run: String, dataset: String } = "audit.tables-not-allowed" {
            en: "run `{run}` made exact tables of `{dataset}`, whose policy lets none leave: stop the domain and ask the authority",
            zh: "运行“{run}”制作了“{dataset}”的精确表格，而其策略不允许：请停止该域并询问主管部门",
        },
        NotAnApprover { run: String } = "audit.not-an-approver" {
            en: "run `{run}` names an approver whom the dataset's policy does not list: ask the authority who that is",
            zh: "运行“{run}”列出的批准人不在数据集策略之中：请向主管部门询问其身份",
        },
        OtherRules { run: String } = "audit.other-rules" {
            en: "run `{run}` made exact tables under other rules than the dataset's policy has: ask the custodian",
            zh: "运行“{run}”制作精确表格所用规则与数据集策略不同：请询问保管方",
        },
        NotAdmitted { run: String } = "audit.not-admitted" {
            en: "run `{run}` made exact tables without having been admitted for them: stop the domain and ask the authority",
            zh: "运行“{run}”未经准入即制作精确表格：请停止该域并询问主管部门",
        },
        TablesAgain { run: String } = "audit.tables-again" {
            en: "run `{run}` made its exact tables more than once: stop the domain and ask the authority",
            zh: "运行“{run}”不止一次制作精确表格：请停止该域并询问主管部门",
        },
        OpenedLater { opened: u64 } = "audit.opened-later" {
            en: "a commitment of entry {opened} is opened before that entry exists: ask the custodian",
            zh: "第 {opened} 条尚不存在，其承诺却已被开示：请询问保管方",
        },
        OpenedToOthers { opened: u64, field: String } = "audit.opened-to-others" {
            en: "`{field}` of entry {opened} was opened to a role that may not read it: stop the domain and ask the authority",
            zh: "第 {opened} 条的“{field}”被开示给无权阅读的角色：请停止该域并询问主管部门",
        },
        Early { run: String, slot: String } = "audit.early" {
            en: "run `{run}` released before its slot {slot}, so its duration may have shown something: ask the custodian",
            zh: "运行“{run}”早于时段 {slot} 发布，其耗时可能泄露信息：请询问保管方",
        },
        RotatedKey { key: String } = "audit.rotated-key" {
            en: "the log was given the key `{key}`, which is no verifier key of its origin: ask the custodian who signs now",
            zh: "日志换用的密钥“{key}”不是其来源名下的验证密钥：请询问保管方现由谁签名",
        },
        RotationDates { until: String } = "audit.rotation-dates" {
            en: "the key before stops signing at {until}, which is not after its replacement: ask the custodian for the overlap",
            zh: "旧密钥于 {until} 停止签名，并不晚于其更换时刻：请向保管方询问重叠期",
        },
        RotatedAgain { key: String } = "audit.rotated-again" {
            en: "the log was given the key {key} a second time: ask the custodian, a key is used in one period only",
            zh: "日志第二次换用密钥 {key}：每把密钥只用于一个时期，请询问保管方",
        },
        RotationOverlaps { at: String } = "audit.rotation-overlaps" {
            en: "the log's key was changed at {at}, while the change before was still under way: ask the custodian which keys sign",
            zh: "日志密钥于 {at} 再次更换，而上一次更换尚在重叠期内：请询问保管方由哪些密钥签名",
        },
        KeyEarly { key: String, size: u64 } = "audit.key-early" {
            en: "the key {key} signed a checkpoint of {size} entries, from before it was the log's key: ask the custodian who held it",
            zh: "密钥 {key} 签署了含 {size} 条的检查点，而当时它尚不是该日志的密钥：请询问保管方由谁持有",
        },
        KeyLate { key: String, until: String, size: u64 } = "audit.key-late" {
            en: "the key {key} signed a checkpoint of {size} entries with entries from after {until}, when it should have been destroyed: ask the custodian who holds it",
            zh: "密钥 {key} 签署了含 {size} 条的检查点，其中有 {until} 之后的条目，而该密钥届时应已销毁：请询问保管方由谁持有",
        },
        ProductAgain { product: String } = "audit.product-again" {
            en: "the product `{product}` was applied for more than once under one identifier: ask the custodian",
            zh: "产品“{product}”以同一编号申请登记不止一次：请询问保管方",
        },
        ProductUnknown { product: String } = "audit.product-unknown" {
            en: "`{product}` is no product that was applied for: ask the custodian for the whole log",
            zh: "“{product}”不是已申请登记的产品：请向保管方索取完整日志",
        },
        ProductNoRelease { product: String } = "audit.product-no-release" {
            en: "the product `{product}` is made of no release: ask the operator what it contains",
            zh: "产品“{product}”不含任何发布结果：请向运营机构询问其内容",
        },
        ProductRelease { product: String, run: String } = "audit.product-release" {
            en: "the product `{product}` names run `{run}`, which has no finished release at that position of the log: do not accept the product",
            zh: "产品“{product}”所列运行“{run}”在日志该位置没有已完成的发布结果：请勿接受该产品",
        },
        ProductGrant { product: String, run: String } = "audit.product-grant" {
            en: "the product `{product}` uses run `{run}`, which ran under no valid grant of its operator: stop its delivery and ask the authority",
            zh: "产品“{product}”使用的运行“{run}”不在其运营机构的有效授权之下：请停止交付并询问主管部门",
        },
        ProductInput { product: String, input: String } = "audit.product-input" {
            en: "the product `{product}` was made from `{input}`, which is not registered here: ask the operator where it comes from",
            zh: "产品“{product}”所用的“{input}”未在此登记：请向运营机构询问来源",
        },
        ProductRedeveloped { product: String, input: String } = "audit.product-redeveloped" {
            en: "the product `{product}` re-develops `{input}`, which its own operator or an affiliate delivered (Shuangyashan Art. 51): stop it and ask the authority",
            zh: "产品“{product}”对其运营机构或关联方已交付的“{input}”进行再开发（双鸭山第五十一条）：请停止并询问主管部门",
        },
        ProductStep { product: String } = "audit.product-step" {
            en: "a step of the registration of `{product}` does not follow from the one before it: ask the registration body",
            zh: "产品“{product}”的登记步骤与前一步不衔接：请询问登记机构",
        },
        ProductSelfReview { product: String } = "audit.product-self-review" {
            en: "the operator of `{product}`, or an affiliate, decided on its own registration: ask the registration body",
            zh: "产品“{product}”的运营机构或关联方审核了自己的登记：请询问登记机构",
        },
        ProductNotice { product: String } = "audit.product-notice" {
            en: "`{product}` got its code before the public notice was over, or with an objection open: ask the registration body",
            zh: "产品“{product}”在公示期满前或有异议未决时即被赋码：请询问登记机构",
        },
        ProductKey = "audit.product-key" {
            en: "a key that signs packages cannot be read: ask the custodian, and accept no package under it",
            zh: "签署产品包的密钥无法读取：请询问保管方，且勿接受其签署的产品包",
        },
        DeliveryEarly { product: String } = "audit.delivery-early" {
            en: "`{product}` was delivered before it was registered as far as the authority demands: ask the operator and the authority",
            zh: "产品“{product}”在达到主管部门要求的登记状态之前即被交付：请询问运营机构与主管部门",
        },
        DeliveryExpired { product: String, until: String } = "audit.delivery-expired" {
            en: "`{product}` was delivered after its registration ended on {until}: ask the operator to renew it",
            zh: "产品“{product}”在登记于 {until} 到期后仍被交付：请运营机构续展",
        },
        DeliveryUnacknowledged { product: String } = "audit.delivery-unacknowledged" {
            en: "`{product}` was delivered without an acknowledgement of its terms: ask the operator for it",
            zh: "产品“{product}”在未确认使用条款的情况下交付：请向运营机构索取确认",
        },
        DeliveryUnsigned { product: String } = "audit.delivery-unsigned" {
            en: "`{product}` was delivered before any key that signs packages was in the log: do not accept the package",
            zh: "产品“{product}”在日志尚无产品包签署密钥时即被交付：请勿接受该产品包",
        },
        DeliveryAgain { delivery: String } = "audit.delivery-again" {
            en: "the identifier `{delivery}` is used more than once: ask the custodian which delivery or acknowledgement it means",
            zh: "编号“{delivery}”被重复使用：请询问保管方其所指的交付或确认",
        },
        DeliveryUnknown { delivery: String } = "audit.delivery-unknown" {
            en: "a receipt names the delivery `{delivery}`, which is not in the log: ask the custodian for the whole log",
            zh: "回执所列交付“{delivery}”不在日志中：请向保管方索取完整日志",
        };
        Entry(EntryError),
        Witness(WitnessViolation),
        Custody(CustodyViolation),
        Incident(IncidentViolation),
        Calibration(CalibrationViolation),
        Decided(DecidedViolation),
    }
}

/// A broken rule and the entry that breaks it.
#[derive(Debug)]
pub struct Finding {
    /// The entry's index in the log.
    pub entry: u64,
    /// What is wrong.
    pub violation: Violation,
}

/// For machines: index, code and both sentences.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut finding = serializer.serialize_struct("Finding", 4)?;
        finding.serialize_field("entry", &self.entry)?;
        finding.serialize_field("code", &self.violation.code())?;
        finding.serialize_field("en", &self.violation.say(Language::English))?;
        finding.serialize_field("zh", &self.violation.say(Language::Chinese))?;
        finding.end()
    }
}
