//! The conversation with the keeper, and what can go wrong on this side of it.

use crate::remote;
use serde::de::DeserializeOwned;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout};
use tidegate_conformance::Broken;
use tidegate_engine::{DryRunError, FrameError, MockError, read_frame, write_frame};
use tidegate_http::api::Client;
use tidegate_http::{ListenError, WitnessStateError};
use tidegate_log::{AuditError, GrowthError, MirrorError, OpeningError, ProofError, SubmissionError};
use tidegate_product::PackageError;
use tidegate_sandbox::UploadError;
use tidegate_service::children::Programs;
use tidegate_service::{CertificateError, Reply, Request, ServiceError};
use tidegate_terms::{BudgetError, Guard, ManifestError, NameError, SchemaError, SealError, Spoken, environment_without, messages};

messages! {
    /// Why a command did not do what it was asked.
    pub(crate) enum CliError {
        File { path: String, detail: String } = "cli.file" {
            en: "cannot use `{path}`: {detail}",
            zh: "无法使用 `{path}`：{detail}",
        },
        FileTooLarge { path: String, maximum: u64 } = "cli.file-too-large" {
            en: "`{path}` has more than {maximum} bytes: is it the right file?",
            zh: "`{path}` 超过 {maximum} 字节：是否选错了文件？",
        },
        NotText { path: String } = "cli.not-text" {
            en: "`{path}` is not UTF-8 text: is it the right file?",
            zh: "`{path}` 不是 UTF-8 文本：是否选错了文件？",
        },
        Exists { path: String } = "cli.exists" {
            en: "`{path}` exists already: name something that does not exist yet",
            zh: "`{path}` 已存在：请指定一个尚不存在的名称",
        },
        Key { path: String } = "cli.key" {
            en: "`{path}` is not an Ed25519 private key: make one with `tidegate key new FILE`",
            zh: "`{path}` 不是 Ed25519 私钥：请用 `tidegate key new 文件` 生成",
        },
        NotAPair { text: String } = "cli.not-a-pair" {
            en: "`{text}` is not of the form NAME=VALUE",
            zh: "`{text}` 不是“名称=值”的形式",
        },
        NotAnError { text: String } = "cli.not-an-error" {
            en: "`{text}` is no error to wish for: give a number above 0, in the statistic's unit",
            zh: "“{text}”不是可期望的误差：请给出大于 0 的数，单位与统计量相同",
        },
        TableNeeded { text: String } = "cli.table-needed" {
            en: "the dataset has several tables: write --data TABLE={text}",
            zh: "数据集有多个表：请写成 --data 表={text}",
        },
        NoKeeper { detail: String } = "cli.no-keeper" {
            en: "the keeper process cannot be started: {detail}",
            zh: "无法启动守护进程：{detail}",
        },
        KeeperDied { detail: String } = "cli.keeper-died" {
            en: "the keeper of this server has ended ({detail}), so the server ended too: start it again; runs that were waiting or under way go on then, at no new price",
            zh: "本服务的守护进程已结束（{detail}），服务随之终止：请重新启动；排队或进行中的运行届时继续，不再计费",
        },
        PlainHttp { address: String } = "cli.plain-http" {
            en: "`{address}` can be reached from other machines, and without TLS everybody on the way reads tokens: add --tls-certificate and --tls-key, or listen on 127.0.0.1",
            zh: "其他机器可访问“{address}”，而没有 TLS 时途经者都能读到令牌：请加上 --tls-certificate 和 --tls-key，或监听 127.0.0.1",
        },
        NotGoverned { path: String } = "cli.not-governed" {
            en: "`{path}` is not under governance, so nobody could sign in: found it first with `tidegate govern init`",
            zh: "“{path}”尚未纳入治理，无人可登录：请先用 `tidegate govern init` 建立",
        },
        ServerNeeded = "cli.server-needed" {
            en: "no server is named: give --server URL and --token FILE (or TIDEGATE_SERVER and TIDEGATE_TOKEN_FILE)",
            zh: "未指定服务：请给出 --server 地址和 --token 文件（或环境变量 TIDEGATE_SERVER 与 TIDEGATE_TOKEN_FILE）",
        },
        NotRemote { command: String } = "cli.not-remote" {
            en: "`{command}` is done on the domain's own machine, not through a server: leave out --server there",
            zh: "“{command}”须在数据域本机执行，不能通过服务：请在本机执行且不加 --server",
        },
        NoOperation { operation: String, near: String } = "cli.no-operation" {
            en: "there is no operation `{operation}`; near it are {near}. `tidegate call` lists them all",
            zh: "没有操作“{operation}”；相近的有 {near}。用 `tidegate call` 可列出全部",
        },
        KeeperGone = "cli.keeper-gone" {
            en: "the keeper process ended before it answered. What was paid stays paid once: the same command continues an interrupted run at no new price",
            zh: "守护进程在应答前退出。已计费的只计一次：重复同一条命令即可继续中断的运行，不再计费",
        },
        Answer { detail: String } = "cli.answer" {
            en: "the keeper's answer cannot be read: {detail}",
            zh: "无法读取守护进程的应答：{detail}",
        },
        NotADay { text: String } = "cli.not-a-day" {
            en: "`{text}` is not a day: write it like 2026-11-22",
            zh: "“{text}”不是日期：请按 2026-11-22 的形式书写",
        },
        NotInLog { what: String } = "cli.not-in-log" {
            en: "the log has no `{what}`: check the identifier, or fetch a newer copy of the log",
            zh: "日志中没有“{what}”：请核对编号，或获取较新的日志副本",
        },
        OtherOpening { run: String } = "cli.other-opening" {
            en: "the opening is not of a release of run `{run}`: open `release_commitment` of one of its release entries",
            zh: "该开示不属于运行“{run}”的发布：请开示其发布条目的 `release_commitment`",
        },
        NoAnswer { units: u64 } = "cli.no-answer" {
            en: "the model gave no usable answer for any of {units} made-up units, so a run would release noise alone: correct what is shown above (an answer needs one contribution for each statistic of the manifest, within its shape)",
            zh: "模型对全部 {units} 个模拟单元都没有给出可用的应答，运行只会发布噪声：请修正上面所示的问题（应答须为清单中每个统计量各给一项贡献，且符合其形状）",
        },
        ToolChain { detail: String } = "cli.tool-chain" {
            en: "the model cannot be built: {detail}. Either `rustup target add wasm32-unknown-unknown`, or on Debian `apt install rustc-web cargo-web rust-web-src lld-19`",
            zh: "无法构建模型：{detail}。请运行 `rustup target add wasm32-unknown-unknown`，或在 Debian 上运行 `apt install rustc-web cargo-web rust-web-src lld-19`",
        },
        Demo { detail: String } = "cli.demo" {
            en: "the demonstration did not show what it must: {detail}",
            zh: "演示未能得到应有的结果：{detail}",
        },
        Bench { detail: String } = "cli.bench" {
            en: "the measurement failed: {detail}",
            zh: "测量失败：{detail}",
        };
        Frame(FrameError),
        Audit(AuditError),
        Growth(GrowthError),
        Listen(ListenError),
        Tls(tidegate_http::api::TlsError),
        Call(tidegate_http::api::CallError),
        Table(tidegate_http::api::TableError),
        Mirror(MirrorError),
        Submission(SubmissionError),
        WitnessState(WitnessStateError),
        Certificate(CertificateError),
        Budget(BudgetError),
        Conformance(Broken),
        DryRun(DryRunError),
        Manifest(ManifestError),
        Mock(MockError),
        Opening(OpeningError),
        Proof(ProofError),
        Name(NameError),
        Package(PackageError),
        Schema(SchemaError),
        Seal(SealError),
        Service(ServiceError),
        Upload(UploadError),
        Spoken(Spoken)
    }
}

impl CliError {
    /// 2 for what the caller can correct, 3 where a log contradicts itself, 4 where it cannot be verified.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Proof(_) | Self::Certificate(_) | Self::Opening(OpeningError::Differs { .. }) => 3,
            Self::NotInLog { .. } | Self::Opening(OpeningError::NoEntry { .. }) => 5,
            Self::Audit(AuditError::Key) => 2,
            Self::Audit(error) | Self::Opening(OpeningError::Audit(error)) => crate::commands::audit::code(error.verdict()),
            Self::Growth(error) => crate::commands::audit::code_of_growth(error),
            Self::Mirror(error) => crate::commands::audit::code_of_mirror(error),
            Self::Package(error) => error.verdict().exit_code(),
            _ => 2,
        }
    }

    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), detail: error.to_string() }
    }
}

/// Who answers: a keeper process with its private pipe, or a server.
pub(crate) enum Keeper {
    /// On this machine.
    Process(Process),
    /// Somewhere else.
    Server(&'static Client),
}

/// A keeper process with its private pipe.
pub(crate) struct Process {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts the keeper of a domain, or turns to the server that was named.
    pub(crate) fn start(domain: &Path) -> Result<Self, CliError> {
        match remote::server() {
            Some(client) => Ok(Self::Server(client)),
            None => Self::start_without(domain, &[]),
        }
    }

    /// The same with some guards down, which only a weakened build can do.
    pub(crate) fn start_without(domain: &Path, down: &[Guard]) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
        let domain = std::path::absolute(domain).map_err(failed)?;
        let mut command = Programs::own().map_err(failed)?.child("keeper");
        if let Some((variable, guards)) = environment_without(down).filter(|_| !down.is_empty()) {
            command.env(variable, guards);
        }
        let mut child = command.env("TIDEGATE_DOMAIN", domain).spawn().map_err(failed)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(to), Some(from)) => Ok(Self::Process(Process { child, to: Some(to), from: BufReader::new(from) })),
            _ => Err(CliError::NoKeeper { detail: "no pipes".into() }),
        }
    }

    /// Its process, where it has one here.
    pub(crate) fn process(&self) -> u32 {
        match self {
            Self::Process(process) => process.child.id(),
            Self::Server(_) => 0,
        }
    }

    /// Asks, passes on what is said meanwhile, and reads the answer.
    pub(crate) fn ask_meanwhile<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        body: &[u8],
        mut meanwhile: impl FnMut(Reply),
    ) -> Result<T, CliError> {
        let value = match self {
            Self::Process(process) => process.ask(request, body, &mut meanwhile)?,
            Self::Server(client) => remote::ask(client, request, body, &mut meanwhile)?,
        };
        serde_json::from_value(value).map_err(|error| CliError::Answer { detail: error.to_string() })
    }

    /// Asks and reads the answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, CliError> {
        self.ask_meanwhile(request, &[], |_| {})
    }
}

impl Process {
    fn ask(&mut self, request: &Request, body: &[u8], meanwhile: &mut dyn FnMut(Reply)) -> Result<serde_json::Value, CliError> {
        let gone = |error: FrameError| if matches!(error, FrameError::Closed) { CliError::KeeperGone } else { error.into() };
        let to = self.to.as_mut().ok_or(CliError::KeeperGone)?;
        write_frame(to, request, body).map_err(gone)?;
        loop {
            match read_frame::<Reply>(&mut self.from, 0).map_err(gone)?.0 {
                Reply::Done(value) => return Ok(value),
                Reply::Refused(refusal) => return Err(refusal.into()),
                other => meanwhile(other),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The keeper ends when its pipe closes; waiting for it leaves the domain unlocked for the next command.
        self.to = None;
        let _ = self.child.wait();
    }
}

/// Asks the keeper of a domain one thing.
pub(crate) fn ask<T: DeserializeOwned>(domain: &Path, request: &Request) -> Result<T, CliError> {
    Keeper::start(domain)?.ask(request)
}

/// Reads a small text file.
pub(crate) fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read_bytes(path, 4 << 20)?).map_err(|_| CliError::NotText { path: path.display().to_string() })
}

/// Reads a file of at most so many bytes.
pub(crate) fn read_bytes(path: &Path, maximum: u64) -> Result<Vec<u8>, CliError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| CliError::file(path, &error))?;
    file.take(maximum + 1).read_to_end(&mut bytes).map_err(|error| CliError::file(path, &error))?;
    if bytes.len() as u64 > maximum {
        return Err(CliError::FileTooLarge { path: path.display().to_string(), maximum });
    }
    Ok(bytes)
}

/// Splits NAME=VALUE.
pub(crate) fn pairs(texts: &[String]) -> Result<Vec<(String, String)>, CliError> {
    let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    texts.iter().map(|text| pair(text).ok_or_else(|| CliError::NotAPair { text: text.clone() })).collect()
}

/// Splits [TABLE=]FILE. A path with an equals sign needs its table named.
pub(crate) fn table_file(text: &str) -> (Option<&str>, PathBuf) {
    match text.split_once('=') {
        Some((table, file)) if !table.contains('/') => (Some(table), PathBuf::from(file)),
        _ => (None, PathBuf::from(text)),
    }
}
