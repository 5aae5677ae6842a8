//! Why a package cannot be made, read or believed: one cause each, with what it comes to for a script.

use tidegate_log::{AuditError, CheckpointError, EntryError, NoteError, ProofError};
use tidegate_terms::messages;

messages! {
    /// What is wrong with a package, or with what it is verified against.
    pub enum PackageError {
        NotFound { path: String } = "package.not-found" {
            en: "there is no package at `{path}`: name a directory or a .tar file",
            zh: "`{path}` 处没有产品包：请指定目录或 .tar 文件",
        },
        File { path: String, detail: String } = "package.file" {
            en: "cannot use `{path}`: {detail}",
            zh: "无法使用 `{path}`：{detail}",
        },
        Archive { detail: String } = "package.archive" {
            en: "the archive cannot be read ({detail}): fetch it again, do not unpack it by hand",
            zh: "无法读取归档文件（{detail}）：请重新获取，切勿手工解包",
        },
        ArchiveForm = "package.archive-form" {
            en: "the archive has bytes beside its files that a package never has: it was changed, fetch it again",
            zh: "归档文件在各文件之外另有字节，产品包不会如此：文件已被改动，请重新获取",
        },
        Path { path: String } = "package.path" {
            en: "`{path}` is no path of a package (absolute, `..`, not a regular file, or a name outside the layout): do not unpack it, ask who delivered it",
            zh: "`{path}` 不是产品包应有的路径（绝对路径、“..”、非普通文件或布局之外的名称）：请勿解包，并询问交付方",
        },
        Twice { path: String } = "package.twice" {
            en: "`{path}` is in the package twice, or in two spellings that some systems take for one: do not unpack it, ask who delivered it",
            zh: "`{path}` 在产品包中出现两次，或有某些系统视为相同的两种写法：请勿解包，并询问交付方",
        },
        TooLarge { path: String } = "package.too-large" {
            en: "`{path}` is larger than any part of a package may be: it was not read, ask who delivered it",
            zh: "`{path}` 超过产品包任何部分的大小上限：未读取，请询问交付方",
        },
        Missing { path: String } = "package.missing" {
            en: "the package lacks `{path}`: fetch it again, whole",
            zh: "产品包缺少 `{path}`：请重新获取完整的产品包",
        },
        Extra { path: String } = "package.extra" {
            en: "`{path}` is not named by the signed statement: it does not belong to the package, take it out and ask where it came from",
            zh: "签名声明中没有 `{path}`：它不属于该产品包，请移除并查明来源",
        },
        Changed { path: String } = "package.changed" {
            en: "`{path}` is not the file that was signed: it was changed, fetch the package again",
            zh: "`{path}` 不是被签名的文件：内容已被改动，请重新获取产品包",
        },
        NotDerived { path: String } = "package.not-derived" {
            en: "`{path}` was signed, but does not follow from the releases in the log: do not rely on this product, tell the authority",
            zh: "`{path}` 虽有签名，却不能由日志中的发布结果推出：请勿采信该产品，并告知主管部门",
        },
        Envelope { path: String } = "package.envelope" {
            en: "`{path}` is no DSSE envelope in the form of a package: fetch the package again",
            zh: "`{path}` 不是产品包所用形式的 DSSE 信封：请重新获取产品包",
        },
        UnknownKey { path: String } = "package.unknown-key" {
            en: "`{path}` names a key that the log does not announce for this package: do not rely on it",
            zh: "`{path}` 所列密钥并非日志为该产品包公布的密钥：请勿采信",
        },
        Signature { path: String } = "package.signature" {
            en: "the signature in `{path}` does not fit: the statement or the signature was changed, do not rely on it",
            zh: "`{path}` 中的签名不符：声明或签名已被改动，请勿采信",
        },
        StatementDiffers { path: String } = "package.statement-differs" {
            en: "`{path}` carries another statement than `statement.json`: fetch the package again",
            zh: "`{path}` 所载声明与 `statement.json` 不同：请重新获取产品包",
        },
        Statement { detail: String } = "package.statement" {
            en: "the statement cannot be read ({detail}): it is no statement of a delivered product",
            zh: "无法读取声明（{detail}）：它不是产品交付声明",
        },
        Newer { found: String } = "package.newer" {
            en: "the package has the form {found}, which this program does not know: verify with a newer Tidegate",
            zh: "产品包的格式为 {found}，本程序不认识：请用更新的 Tidegate 核验",
        },
        Key = "package.key" {
            en: "the verifier key cannot be read: give the log's key whole, as name+hash+base64, obtained by another way than the package",
            zh: "无法读取核验公钥：请完整给出日志公钥（名称+哈希+base64），且须另行取得",
        },
        WitnessKey = "package.witness-key" {
            en: "a witness's key cannot be read: give it whole, as name+hash+base64",
            zh: "无法读取见证方公钥：请完整给出，形式为 名称+哈希+base64",
        },
        OtherOrigin { found: String, expected: String } = "package.other-origin" {
            en: "the package is of the log `{found}`, but the key is of `{expected}`: check whose key this is",
            zh: "产品包属于日志“{found}”，而密钥属于“{expected}”：请查明这是谁的密钥",
        },
        OtherIndex { path: String, found: u64, expected: u64 } = "package.other-index" {
            en: "`{path}` proves entry {found}, but the statement says {expected}: the proof belongs to something else",
            zh: "`{path}` 证明的是第 {found} 条，而声明所指为第 {expected} 条：该证明属于他物",
        },
        OtherEntry { path: String } = "package.other-entry" {
            en: "`{path}` is a true entry of the log, but not the one that this package needs: do not rely on the package",
            zh: "`{path}` 是日志中的真实条目，但不是该产品包所需的那一条：请勿采信该产品包",
        },
        Opening { path: String } = "package.opening" {
            en: "`{path}` is not what the log committed to: do not rely on the package",
            zh: "`{path}` 不是日志所承诺的内容：请勿采信该产品包",
        },
        Contradicts { what: String } = "package.contradicts" {
            en: "the statement and the log disagree about {what}: do not rely on the package, tell the authority",
            zh: "声明与日志在 {what} 上不一致：请勿采信该产品包，并告知主管部门",
        },
        OtherRecipient { recipient: String } = "package.other-recipient" {
            en: "the package was delivered to `{recipient}`, nobody else may use it (Shuangyashan Art. 33, 72): ask the operator for a delivery of your own",
            zh: "该产品包交付给“{recipient}”，他人不得使用（双鸭山第三十三条、第七十二条）：请向运营机构申请交付给己方",
        },
        Quorum { found: usize, needed: usize } = "package.quorum" {
            en: "{found} of the given witnesses saw the log as this package shows it, {needed} are needed: ask for a package with newer proofs",
            zh: "所给见证方中有 {found} 个见证过该产品包所示的日志，需要 {needed} 个：请索取带有较新证明的产品包",
        },
        WitnessForged { path: String } = "package.witness-forged" {
            en: "a witness's signature in `{path}` does not fit: do not rely on the package",
            zh: "`{path}` 中见证方的签名不符：请勿采信该产品包",
        },
        Release { detail: String } = "package.release" {
            en: "an opened release cannot be read ({detail}): verify with the version of Tidegate that released it",
            zh: "无法读取已打开的发布结果（{detail}）：请用发布它的 Tidegate 版本核验",
        },
        NoNotice = "package.no-notice" {
            en: "a release does not state source and acquisition date of its data (Shuangyashan Art. 41): mount the data with both, run again, and deliver that",
            zh: "某一发布结果未注明数据的来源和获取日期（双鸭山第四十一条）：请注明二者后重新挂载、运行并交付",
        },
        Parquet { detail: String } = "package.parquet" {
            en: "a table cannot be written as Parquet: {detail}",
            zh: "无法将表格写为 Parquet：{detail}",
        },
        Randomness = "package.randomness" {
            en: "the operating system gave no random numbers: try again",
            zh: "操作系统未能提供随机数：请重试",
        },
        SigningKey = "package.signing-key" {
            en: "a key that signs packages or acknowledgements cannot be read: restore it, or make a new one with `tidegate key new` or `tidegate product keys --renew`",
            zh: "无法读取签署产品包或确认书的密钥：请恢复，或用 `tidegate key new`、`tidegate product keys --renew` 生成新密钥",
        },
        Withdrawn { product: String, at: String } = "package.withdrawn" {
            en: "the registration of product {product} was withdrawn at {at}: stop using the package and ask the operator",
            zh: "产品 {product} 的登记已于 {at} 注销：请停止使用并询问运营机构",
        },
        Revoked { product: String, at: String } = "package.revoked" {
            en: "the registration of product {product} was revoked at {at}: stop using the package and ask the authority",
            zh: "产品 {product} 的登记已于 {at} 撤销：请停止使用并询问主管部门",
        },
        KeysRevoked { at: String } = "package.keys-revoked" {
            en: "the keys that signed this package were revoked at {at}: ask the operator for a new delivery",
            zh: "签署该产品包的密钥已于 {at} 作废：请向运营机构索取新的交付",
        },
        OldKeys = "package.old-keys" {
            en: "the package is signed by keys that had been replaced before its delivery: do not rely on it, ask the operator",
            zh: "该产品包由交付之前已被替换的密钥签署：请勿采信，并询问运营机构",
        },
        LogBehind { size: u64, position: u64 } = "package.log-behind" {
            en: "the given copy of the log has {size} entries and does not reach entry {position} of this package: fetch a newer copy",
            zh: "所给日志副本有 {size} 条，未到达该产品包的第 {position} 条：请获取较新的副本",
        },
        LogDiffers { position: u64 } = "package.log-differs" {
            en: "entry {position} of the given log is another than the package proves under the same key: two histories were signed, keep both and tell the authority",
            zh: "所给日志的第 {position} 条与产品包在同一密钥下所证明的不同：签署了两段历史，请留存双方并告知主管部门",
        },
        LogRules { findings: u64 } = "package.log-rules" {
            en: "the given log breaks {findings} of its own rules; `tidegate audit verify` names them: do not rely on its products",
            zh: "所给日志违反自身规则 {findings} 处，`tidegate audit verify` 会逐一列出：请勿采信其产品",
        },
        Acknowledgement { detail: String } = "package.acknowledgement" {
            en: "the signed file cannot be read ({detail}): make it with `tidegate product acknowledgement` or `tidegate product receipt`",
            zh: "无法读取签署文件（{detail}）：请用 `tidegate product acknowledgement` 或 `tidegate product receipt` 生成",
        },
        AcknowledgementForged = "package.acknowledgement-forged" {
            en: "the signature of the file does not fit the key that it names: ask the recipient to sign it again",
            zh: "文件中的签名与其所列密钥不符：请接收方重新签署",
        };
        Proof(ProofError),
        Checkpoint(CheckpointError),
        Entry(EntryError),
        Note(NoteError),
        Log(AuditError),
    }
}

/// What a verification comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageVerdict {
    /// What was given cannot be read.
    BadInput,
    /// Something contradicts something.
    Contradiction,
    /// What would decide is missing.
    CannotVerify,
    /// There is nothing there.
    NotFound,
}

impl PackageVerdict {
    /// The exit code for scripts.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::BadInput => 2,
            Self::Contradiction => 3,
            Self::CannotVerify => 4,
            Self::NotFound => 5,
        }
    }
}

impl PackageError {
    /// What a verification that ends so comes to.
    pub fn verdict(&self) -> PackageVerdict {
        match self {
            Self::NotFound { .. } => PackageVerdict::NotFound,
            Self::File { .. } | Self::Archive { .. } | Self::Path { .. } | Self::Twice { .. } | Self::TooLarge { .. } => {
                PackageVerdict::BadInput
            }
            Self::Key | Self::WitnessKey | Self::SigningKey | Self::Acknowledgement { .. } => PackageVerdict::BadInput,
            Self::Newer { .. } | Self::Quorum { .. } | Self::LogBehind { .. } | Self::OtherOrigin { .. } => PackageVerdict::CannotVerify,
            Self::Randomness | Self::Parquet { .. } => PackageVerdict::CannotVerify,
            Self::Proof(ProofError::Checkpoint(
                CheckpointError::Note(NoteError::Unsigned { .. }) | CheckpointError::OtherOrigin { .. },
            )) => PackageVerdict::CannotVerify,
            Self::Log(error) if error.verdict() == tidegate_log::Verdict::CannotVerify => PackageVerdict::CannotVerify,
            _ => PackageVerdict::Contradiction,
        }
    }
}
