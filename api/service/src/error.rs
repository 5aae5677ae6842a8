//! What the outside may read when something is refused.

use crate::CertificateError;
use crate::products::ProductError;
use tidegate_accountant::AdmissionError;
use tidegate_authorisation::{Denial, GrantError};
use tidegate_engine::{ConcludeError, EngineError, FrameError};
use tidegate_gate::{CalibrationError, GateError};
use tidegate_log::{ProofError, PublishError, SubmissionError};
use tidegate_sandbox::{SandboxError, UploadError};
use tidegate_shards::SideTableError;
use tidegate_statistics::LayoutError;
use tidegate_store::StoreError;
use tidegate_terms::{ApprovalError, BudgetError, ManifestError, NameError, PolicyError, SchemaError, SealError, Spoken, messages};

messages! {
    /// Why a request was refused. After admission every cause inside a run becomes [`RunHeld`](Self::RunHeld).
    pub enum ServiceError {
        NotADomain { path: String } = "domain.missing" {
            en: "`{path}` is not a Tidegate domain: make one with `tidegate init {path}`, or name another with --domain",
            zh: "`{path}` 不是潮闸数据域：请用 `tidegate init {path}` 创建，或用 --domain 指定其他目录",
        },
        Governed = "domain.governed" {
            en: "this domain is under governance, so this is decided by the office: ask its server with --server URL --token FILE",
            zh: "该数据域已纳入治理，此操作须经治理机构决定：请用 --server 地址 --token 文件 向其服务提出",
        },
        DomainExists { path: String } = "domain.exists" {
            en: "`{path}` exists already: name a directory that does not exist yet",
            zh: "`{path}` 已存在：请指定一个尚不存在的目录",
        },
        DomainFormat { path: String, found: String } = "domain.format" {
            en: "the domain `{path}` has format {found}, this program uses format 1: use the program that made it",
            zh: "数据域 `{path}` 的格式为 {found}，本程序使用格式 1：请使用创建它的程序版本",
        },
        Locked { path: String } = "domain.locked" {
            en: "the domain `{path}` is in use by another process: wait until it has finished",
            zh: "数据域 `{path}` 正被另一进程使用：请等待其结束",
        },
        Files { path: String, detail: String } = "domain.files" {
            en: "cannot use `{path}`: {detail}",
            zh: "无法使用 `{path}`：{detail}",
        },
        DiskFull { path: String } = "domain.disk-full" {
            en: "the disk that holds `{path}` is full; nothing was changed. Free some space and try again",
            zh: "`{path}` 所在磁盘已满；未作任何更改。请释放空间后重试",
        },
        Keys { path: String } = "domain.keys" {
            en: "the key file `{path}` is damaged: restore it from a backup",
            zh: "密钥文件 `{path}` 已损坏：请从备份恢复",
        },
        Origin { origin: String } = "domain.origin" {
            en: "`{origin}` cannot be the origin of a log: use a host name and path such as data.example.gov/tidegate, without spaces or plus signs",
            zh: "`{origin}` 不能作为日志来源名：请使用主机名加路径，例如 data.example.gov/tidegate，不含空格和加号",
        },
        ClockBack { now: String, last: String } = "domain.clock-back" {
            en: "the clock says {now}, but the log already has an entry of {last}: set the clock right, nothing can be logged before",
            zh: "系统时钟为 {now}，而日志已有 {last} 的条目：请校正时钟，在此之前无法写入日志",
        },
        Randomness = "domain.randomness" {
            en: "the operating system gives no random numbers; nothing was done",
            zh: "操作系统无法提供随机数；未执行任何操作",
        },
        Office { detail: String } = "office.start" {
            en: "the office of this domain cannot open: {detail}",
            zh: "该数据域的治理服务无法启动：{detail}",
        },
        UnknownDataset { dataset: String } = "dataset.unknown" {
            en: "there is no dataset `{dataset}`; `tidegate dataset list` shows what there is",
            zh: "没有数据集 `{dataset}`；`tidegate dataset list` 会列出现有数据集",
        },
        LineageCap { lineage: String } = "dataset.lineage-cap" {
            en: "lineage `{lineage}` has an account already, and a new version cannot change its lifetime epsilon or delta: give the policy the same values",
            zh: "数据谱系 `{lineage}` 已有账户，新版本不能改变其生命周期 epsilon 或 delta：请在策略中给出相同的值",
        },
        LifetimeTooLarge { epsilon: f64, delta: f64 } = "dataset.lifetime-too-large" {
            en: "the lifetime epsilon {epsilon} is so large that of delta {delta:e} nothing is left for the rounding of noise, so no run could ever be paid: choose a smaller epsilon or a larger delta",
            zh: "生命周期 epsilon {epsilon} 过大，delta {delta:e} 中没有余量可用于噪声的离散化，任何运行都无法计费：请选择更小的 epsilon 或更大的 delta",
        },
        LineageOfDataset { dataset: String, lineage: String } = "dataset.lineage" {
            en: "dataset `{dataset}` belongs to lineage `{lineage}`; all its versions draw on that one account",
            zh: "数据集 `{dataset}` 属于谱系 `{lineage}`；其所有版本都使用同一账户",
        },
        LineageUnit { lineage: String } = "dataset.lineage-unit" {
            en: "lineage `{lineage}` protects another privacy unit or another kind of identifier: one lineage has one unit; mount the data under a lineage of their own, or state the unit as before",
            zh: "谱系 `{lineage}` 保护的是另一种隐私单元或标识类型：一个谱系只有一种单元；请将数据挂载到另一谱系，或按原样申报单元",
        },
        UnknownGrant { grant: String } = "grant.unknown" {
            en: "there is no grant `{grant}`; `tidegate grant list` shows what there is",
            zh: "没有授权 `{grant}`；`tidegate grant list` 会列出现有授权",
        },
        GrantExists { grant: String } = "grant.exists" {
            en: "the same grant exists already as {grant}; nothing was changed. For a second share choose another epsilon, period or purpose",
            zh: "相同的授权已存在，编号 {grant}；未作更改。如需第二份份额，请选择不同的 epsilon、期限或用途",
        },
        RevokedAlready { grant: String } = "grant.revoked-already" {
            en: "grant {grant} was revoked before; nothing was changed",
            zh: "授权 {grant} 此前已被撤销；未作更改",
        },
        NoReason = "grant.no-reason" {
            en: "a revocation needs a reason (Shuangyashan Art. 73): give --reason",
            zh: "撤销授权必须说明理由（双鸭山第七十三条）：请用 --reason 给出",
        },
        UnknownModule { module: String, operator: String } = "module.unknown" {
            en: "operator `{operator}` has no module `{module}`; `tidegate model upload` brings one in",
            zh: "运营机构 `{operator}` 没有模型 `{module}`；可用 `tidegate model upload` 上传",
        },
        ModuleExists { module: String } = "module.exists" {
            en: "this very module ({module}) was uploaded before; nothing was changed",
            zh: "该模型（{module}）此前已上传；未作更改",
        },
        UnknownSigner { operator: String } = "module.unknown-signer" {
            en: "no grant of operator `{operator}` names the key that sealed this module: sign with the granted key, or ask the authority to grant this one",
            zh: "运营机构 `{operator}` 的授权中没有签署此模型的密钥：请用已获授权的密钥签署，或请主管部门对该密钥授权",
        },
        UnknownRun { run: String } = "run.unknown" {
            en: "there is no run `{run}`; `tidegate budget show` lists the runs of a dataset",
            zh: "没有运行 `{run}`；`tidegate budget show` 会列出数据集的各次运行",
        },
        NotReleased { run: String, slot: String } = "run.not-released" {
            en: "run {run} has no visible result yet; its slot is {slot}. If it was interrupted, the same `tidegate run` command continues it at no new price",
            zh: "运行 {run} 尚无可见结果；其时段为 {slot}。若曾中断，重复同一条 `tidegate run` 命令即可继续，不再计费",
        },
        RunHeld { run: String } = "run.held" {
            en: "run {run} was admitted and paid, but has no result; the cause stays in the domain. The same `tidegate run` command continues it at no new price, or says why that cannot be",
            zh: "运行 {run} 已准入并计费，但没有结果；原因留在数据域内。重复同一条 `tidegate run` 命令即可继续且不再计费，若不能继续则会说明原因",
        },
        TablesHeld { run: String } = "run.tables-held" {
            en: "run {run} was admitted, but has no result; the cause stays in the domain. The same `tidegate run` command continues it, or says why that cannot be",
            zh: "运行 {run} 已准入，但没有结果；原因留在数据域内。重复同一条 `tidegate run` 命令即可继续，若不能继续则会说明原因",
        },
        SlotMissed { slot: String } = "run.slot-missed" {
            en: "the slot {slot} was over before there was a result",
            zh: "时段 {slot} 已过而结果尚未得出",
        },
        LineageFrozen { lineage: String, incident: String, entry: u64 } = "lineage.frozen" {
            en: "lineage `{lineage}` is frozen by incident {incident} (log entry {entry}): nothing new reads it until the authority closes the incident. Nothing was charged",
            zh: "谱系 `{lineage}` 已被事件 {incident} 冻结（日志第 {entry} 条）：在主管部门关闭该事件之前，任何新的运行都不得读取。未扣除任何预算",
        },
        RunStopped { run: String, incident: String, entry: u64 } = "run.stopped" {
            en: "this question was run {run}, which was stopped without a result (incident {incident}, log entry {entry}); what it paid stays paid. Ask another question, with a module that needs less time",
            zh: "该问题即运行 {run}，已被停止且没有结果（事件 {incident}，日志第 {entry} 条）；已付预算不退。请用耗时更少的模型另提问题",
        },
        RunStoppedBy { run: String, stop: String } = "run.stopped-by" {
            en: "this question was run {run}, which `{stop}` ended without a result; what it paid stays paid. Ask another question, or ask the authority about `{stop}`",
            zh: "该问题即运行 {run}，已由“{stop}”终止且没有结果；已付预算不退。请另提问题，或就“{stop}”询问主管部门",
        },
        RequestStopped = "run.request-stopped" {
            en: "the request was stopped, or everything is: nothing was begun for it and nothing charged",
            zh: "该请求已被停止，或全部运行已停止：未开始任何运行，也未计费",
        },
        AttemptStopped { run: String } = "run.attempt-stopped" {
            en: "run {run} was stopped by a decision before it had a result",
            zh: "运行 {run} 在得出结果之前被决定停止",
        },
        UnknownIncident { incident: String } = "incident.unknown" {
            en: "there is no incident `{incident}`; `tidegate incident list` shows them",
            zh: "没有事件 `{incident}`；`tidegate incident list` 会列出",
        },
        IncidentClosed { incident: String, entry: u64 } = "incident.closed" {
            en: "incident {incident} was closed before (log entry {entry}); nothing was changed",
            zh: "事件 {incident} 此前已关闭（日志第 {entry} 条）；未作更改",
        },
        IncidentReason = "incident.no-reason" {
            en: "closing an incident needs a reason and who decides it: give --reason and --by",
            zh: "关闭事件须说明理由与决定者：请用 --reason 与 --by 给出",
        },
        NotCovered { run: String } = "run.not-covered" {
            en: "the result of run {run} is not shown, because no signed checkpoint covers it yet; try again",
            zh: "运行 {run} 的结果尚未被已签名的检查点覆盖，暂不显示；请重试",
        },
        MayNotOpen { field: String } = "opening.not-allowed" {
            en: "`{field}` may not be opened to this role; totals and shards are opened to nobody. docs/trust.md says who may read what",
            zh: "不得向该角色开示“{field}”；总量与分片不向任何人开示。谁可阅读什么见 docs/trust.md",
        },
        UnknownCommitment { entry: u64, field: String } = "opening.unknown" {
            en: "entry {entry} has no commitment `{field}` that can be opened: `tidegate audit search` shows the entries",
            zh: "第 {entry} 条没有可开示的承诺“{field}”：`tidegate audit search` 可查看条目",
        },
        NotWitnessed { run: String, found: usize, quorum: u32 } = "run.not-witnessed" {
            en: "the result of run {run} is not shown yet: {found} of the {quorum} witnesses that the policy demands have cosigned the log. Nothing is lost and nothing is paid again: the same command asks the witnesses again, `tidegate log witness list` shows them",
            zh: "运行 {run} 的结果暂不显示：策略要求 {quorum} 个见证方，目前有 {found} 个联署了日志。没有任何丢失，也不会再次计费：重复同一条命令即可再次询问见证方，`tidegate log witness list` 可查看",
        },
        WitnessKey = "log.witness-key" {
            en: "this is no witness's verifier key: copy it whole, as `tidegate witness show` prints it (name+hash+base64)",
            zh: "这不是见证方核验公钥：请按 `tidegate witness show` 的输出完整复制（名称+哈希+base64）",
        },
        WitnessUrl { url: String } = "log.witness-url" {
            en: "`{url}` is no address of a witness: write it like https://witness.example.gov",
            zh: "“{url}”不是见证方地址：请写成 https://witness.example.gov 的形式",
        },
        WitnessExists { witness: String } = "log.witness-exists" {
            en: "the witness `{witness}` has this name or this key already: remove it first if its key or address changed",
            zh: "见证方“{witness}”已使用该名称或密钥：如其密钥或地址有变，请先移除",
        },
        UnknownWitness { witness: String } = "log.witness-unknown" {
            en: "there is no witness `{witness}`; `tidegate log witness list` shows them",
            zh: "没有见证方“{witness}”；`tidegate log witness list` 会列出",
        },
        WitnessAnswer { status: u16 } = "log.witness-answer" {
            en: "the witness did not cosign (status {status}): ask its operator",
            zh: "见证方未联署（状态 {status}）：请询问其运营者",
        },
        JoinMissing = "run.join-missing" {
            en: "the module joins two datasets: name the second one with --join",
            zh: "该模型联接两个数据集：请用 --join 指定第二个数据集",
        },
        JoinUndeclared = "run.join-undeclared" {
            en: "the module does not join two datasets (no input with `joined = true` in its manifest): leave --join out",
            zh: "该模型不联接两个数据集（清单中没有 `joined = true` 的输入）：请去掉 --join",
        },
        JoinUnit = "run.join-unit" {
            en: "the two datasets protect different privacy units, or name them by different identifiers: they cannot be joined",
            zh: "两个数据集保护的隐私单元或其标识类型不同：无法联接",
        },
        JoinTable { table: String } = "run.join-table" {
            en: "table `{table}` must stand in exactly one of the two datasets, in the second one where the input says `joined`: check the manifest",
            zh: "表“{table}”必须只存在于两个数据集之一；输入标为 `joined` 时应在第二个数据集中：请检查清单",
        },
        NoExpectedError { statistic: String } = "quote.no-expected-error" {
            en: "the error of `{statistic}` cannot be foretold: name a statistic of the module, and give `expected` in its manifest where the error follows from a count",
            zh: "无法预计“{statistic}”的误差：请指定模型的统计量；若误差取决于计数，请在清单中给出 `expected`",
        },
        EpsilonMissing = "run.epsilon-missing" {
            en: "a run with noised statistics needs a price: give --epsilon",
            zh: "带加噪统计量的运行须有价格：请给出 --epsilon",
        },
        EpsilonGiven = "run.epsilon-given" {
            en: "exact tables have no price in epsilon, because they are not differentially private: leave --epsilon out",
            zh: "精确表格不具备差分隐私，没有 epsilon 价格：请去掉 --epsilon",
        },
        ReviewedQuote = "quote.reviewed" {
            en: "the module makes exact tables, which have no price and no noise to quote: they need approvals, see `tidegate model approve`",
            zh: "该模型制作精确表格，没有可报价的价格与噪声：它需要批准，见 `tidegate model approve`",
        },
        NotReviewed { module: String } = "approval.not-reviewed" {
            en: "module {module} makes no exact tables (no `[reviewed]` in its manifest): it needs no approval",
            zh: "模型 {module} 不制作精确表格（清单中没有 `[reviewed]`）：无需批准",
        },
        ApprovedAlready { module: String, dataset: String } = "approval.twice" {
            en: "this key approved module {module} for `{dataset}` before; nothing was changed. The second approval must come from another person",
            zh: "该密钥此前已批准模型 {module} 用于 `{dataset}`；未作更改。第二份批准须由另一人给出",
        },
        VersionSealed { dataset: String, version: u32, entry: u64 } = "dataset.sealed" {
            en: "version {version} of `{dataset}` is sealed (log entry {entry}): no new run reads it and nothing of it is destroyed until `tidegate dataset unseal`",
            zh: "`{dataset}` 版本 {version} 已封存（日志第 {entry} 条）：在 `tidegate dataset unseal` 之前不得用于新的运行，也不得销毁",
        },
        VersionDestroying { dataset: String, version: u32 } = "dataset.destroying" {
            en: "version {version} of `{dataset}` is being destroyed: no run reads it any more, wait for its certificate",
            zh: "`{dataset}` 版本 {version} 正在销毁：不再用于任何运行，请等待其销毁证明",
        },
        VersionDestroyed { dataset: String, version: u32, entry: u64 } = "dataset.destroyed" {
            en: "the data of version {version} of `{dataset}` were destroyed (log entry {entry}); `tidegate dataset certificate {dataset} --version {version}` shows the certificate. Ask about another version",
            zh: "`{dataset}` 版本 {version} 的数据已销毁（日志第 {entry} 条）；`tidegate dataset certificate {dataset} --version {version}` 可查看销毁证明。请改用其他版本",
        },
        SealedAlready { dataset: String, version: u32 } = "dataset.sealed-already" {
            en: "version {version} of `{dataset}` is sealed already; nothing was changed",
            zh: "`{dataset}` 版本 {version} 此前已封存；未作更改",
        },
        NotSealed { dataset: String, version: u32 } = "dataset.not-sealed" {
            en: "version {version} of `{dataset}` is not sealed; nothing was changed",
            zh: "`{dataset}` 版本 {version} 并未封存；未作更改",
        },
        RunsOpen { dataset: String, version: u32, runs: usize, run: String } = "dataset.runs-open" {
            en: "{runs} runs on version {version} of `{dataset}` have not ended, among them {run}: finish them with their own `tidegate run` commands first. Nothing was destroyed",
            zh: "`{dataset}` 版本 {version} 上有 {runs} 次运行尚未结束（如 {run}）：请先重复其 `tidegate run` 命令使之结束。未销毁任何内容",
        },
        NoCertificate { dataset: String, version: u32 } = "dataset.no-certificate" {
            en: "version {version} of `{dataset}` was not destroyed, so there is no certificate",
            zh: "`{dataset}` 版本 {version} 未被销毁，没有销毁证明",
        },
        CustodyReason = "dataset.custody-reason" {
            en: "sealing, unsealing and destruction need a reason, and destruction a witness (Zibo Art. 42): give --reason, and --witness",
            zh: "封存、解封与销毁须有事由，销毁还须有监销人（淄博第四十二条）：请用 --reason 与 --witness 给出",
        },
        RetentionShort { years: u32, known: u32 } = "retention.short" {
            en: "records must be kept {known} years at least (Shuangyashan Art. 20: three years, and a domain never promises less than before), not {years}: give a larger number",
            zh: "记录至少须保存 {known} 年（《双鸭山市公共数据管理暂行办法》第二十条规定不少于三年，且不得缩短），不能设为 {years} 年：请给出更大的数",
        },
        PurgeYoung { before: String, years: u32 } = "retention.young" {
            en: "records from just before {before} are not {years} years old yet, and must be kept so long (Shuangyashan Art. 20): name an earlier day. Nothing was forgotten",
            zh: "{before} 之前的记录尚未满 {years} 年，须继续保存（《双鸭山市公共数据管理暂行办法》第二十条）：请指定更早的日期。未清除任何内容",
        },
        Purged { run: String, at: String, entry: u64 } = "run.purged" {
            en: "the records of run {run} were purged on {at} under retention (log entry {entry}); its entries in the log stay. Ask a new question for a new answer",
            zh: "运行 {run} 的记录已于 {at} 按保存期限清除（日志第 {entry} 条）；其日志条目仍在。如需新的答案，请提出新的问题",
        },
        NotADate { text: String } = "date.wrong" {
            en: "`{text}` is not a date: write it as YYYY-MM-DD",
            zh: "“{text}”不是日期：请写成 YYYY-MM-DD",
        },
        ReplayUnknown { run: String } = "replay.unknown-run" {
            en: "the log has no run `{run}`: look it up with `tidegate budget show` or in the log",
            zh: "日志中没有运行 `{run}`：请用 `tidegate budget show` 或在日志中查找",
        },
        ReplayNone = "replay.none" {
            en: "no run was admitted in that period: choose another one",
            zh: "该期间没有准入任何运行：请选择其他期间",
        },
        ReplayHeld { replay: String } = "replay.held" {
            en: "replay {replay} began but found no answer; the domain's journal has the cause. Ask for another replay",
            zh: "重放 {replay} 已开始但未能得出结果；原因记录在数据域日志中。请重新提出重放",
        },
        EffectText { maximum: usize } = "effect.text" {
            en: "a statement of effect has at least one word and at most {maximum} bytes: give --text",
            zh: "应用成效说明不得为空，且不超过 {maximum} 字节：请用 --text 给出",
        },
        WallDown { wall: String, detail: String } = "run.wall-down" {
            en: "the dataset's policy demands the wall `{wall}`, which does not stand on this machine ({detail}); `tidegate doctor` shows all walls. Nothing was charged",
            zh: "数据集策略要求防护墙 `{wall}`，而本机未能建立（{detail}）；`tidegate doctor` 可查看所有防护墙。未扣除任何预算",
        },
        RotationUnderWay { until: String } = "log.rotation-under-way" {
            en: "the log's key is being changed already; both keys sign until {until}: change it again after that",
            zh: "日志密钥正在更换，两把密钥同时签名至 {until}：请在此之后再更换",
        },
        OverlapDays { days: u32 } = "log.overlap-days" {
            en: "both keys cannot sign for {days} days: choose 1 to 3650, long enough for everybody who verifies to learn of the new key",
            zh: "两把密钥不能同时签名 {days} 天：请选择 1 至 3650 天，使所有核验者来得及得知新密钥",
        },
        Child { detail: String } = "domain.child" {
            en: "a process of the domain failed: {detail}",
            zh: "数据域的一个进程出错：{detail}",
        };
        Admission(AdmissionError),
        Certificate(CertificateError),
        Denied(Denial),
        Grant(GrantError),
        Engine(EngineError),
        Conclude(ConcludeError),
        SideTable(SideTableError),
        Frame(FrameError),
        Calibration(CalibrationError),
        Gate(GateError),
        Proof(ProofError),
        Publish(PublishError),
        Submission(SubmissionError),
        Sandbox(SandboxError),
        Upload(UploadError),
        Layout(LayoutError),
        Store(StoreError),
        Approval(ApprovalError),
        Budget(BudgetError),
        Manifest(ManifestError),
        Name(NameError),
        Policy(PolicyError),
        Product(ProductError),
        Schema(SchemaError),
        Seal(SealError),
        Spoken(Spoken)
    }
}

impl ServiceError {
    /// An error of the file system at a path.
    pub(crate) fn files(path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.display().to_string();
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Files { path, detail: error.to_string() },
        }
    }
}
