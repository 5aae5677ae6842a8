//! What the HTTP layer itself refuses, before the keeper hears of it.
//!
//! None of these depends on data: they are functions of the request and of how many requests came.

use super::operation::Words;
use super::problem::{Class, Problem};
use tidegate_terms::messages;

messages! {
    /// A refusal of the HTTP layer.
    #[derive(Clone, PartialEq, Eq)]
    pub(crate) enum Refusal {
        Path = "http.path" {
            en: "the path can be read in more than one way",
            zh: "该路径可作多种解读",
        },
        TargetTooLong { maximum: usize } = "http.target-too-long" {
            en: "path and query have more than {maximum} bytes",
            zh: "路径与查询超过 {maximum} 字节",
        },
        NoSuchPath = "http.no-such-path" {
            en: "there is nothing at this path",
            zh: "此路径下没有内容",
        },
        Method { allowed: String } = "http.method" {
            en: "this method is not possible here; possible are {allowed}",
            zh: "此处不允许该方法；允许的方法有 {allowed}",
        },
        Host = "http.host" {
            en: "the request must have exactly one `Host`, and the target must agree with it",
            zh: "请求必须有且仅有一个 `Host`，且与目标一致",
        },
        OtherHost = "http.other-host" {
            en: "this server does not answer under the name in `Host`",
            zh: "本服务不使用 `Host` 所示的名称应答",
        },
        Framing = "http.framing" {
            en: "the length of the body is said in more than one way",
            zh: "正文长度有多种说法",
        },
        HeaderTwice { header: &'static str } = "http.header-twice" {
            en: "`{header}` stands more than once, or is not plain text",
            zh: "`{header}` 出现多次，或不是普通文本",
        },
        Header { header: &'static str } = "http.header" {
            en: "`{header}` cannot be read",
            zh: "无法读取 `{header}`",
        },
        QueryForm = "query.form" {
            en: "the query is not of the form name=value&name=value in percent-encoded UTF-8",
            zh: "查询不是“名称=值&名称=值”形式的百分号编码 UTF-8",
        },
        QueryTwice { name: String } = "query.twice" {
            en: "`{name}` stands more than once in the query",
            zh: "“{name}”在查询中出现多次",
        },
        MediaType = "body.media-type" {
            en: "the body must be JSON",
            zh: "正文必须是 JSON",
        },
        Encoding = "body.encoding" {
            en: "compressed bodies are not taken",
            zh: "不接受压缩的正文",
        },
        BodyTooLarge { maximum: usize } = "body.too-large" {
            en: "the body has more than {maximum} bytes",
            zh: "正文超过 {maximum} 字节",
        },
        BodySlow = "body.slow" {
            en: "the body came too slowly",
            zh: "正文传输过慢",
        },
        BodyCut = "body.cut" {
            en: "the body broke off or was badly framed",
            zh: "正文中断或分帧有误",
        },
        BodyUnwanted = "body.unwanted" {
            en: "this operation takes no body",
            zh: "该操作不接受正文",
        },
        BodyDigest = "body.digest" {
            en: "`Content-Digest` does not agree with the body",
            zh: "`Content-Digest` 与正文不符",
        },
        NotUtf8 = "json.not-utf8" {
            en: "the body is not UTF-8",
            zh: "正文不是 UTF-8",
        },
        NotJson { line: usize, column: usize } = "json.not-json" {
            en: "the body is not JSON (line {line}, column {column})",
            zh: "正文不是 JSON（第 {line} 行第 {column} 列）",
        },
        KeyTwice { line: usize, column: usize } = "json.key-twice" {
            en: "a key stands twice in one object (line {line}, column {column})",
            zh: "同一对象中有重复的键（第 {line} 行第 {column} 列）",
        },
        TooDeep { maximum: usize } = "json.depth" {
            en: "the JSON is nested more than {maximum} deep",
            zh: "JSON 嵌套超过 {maximum} 层",
        },
        TooManyValues { maximum: usize } = "json.values" {
            en: "the JSON has more than {maximum} values",
            zh: "JSON 中的值超过 {maximum} 个",
        },
        Input { wrong: usize } = "input.wrong" {
            en: "the input does not fit the operation: {wrong} of its fields are wrong",
            zh: "输入不符合该操作：有 {wrong} 处错误",
        },
        Value = "input.value" {
            en: "a value has the right type and is still none that is possible here",
            zh: "某个值类型正确，但在此处不可用",
        },
        NoCredential = "credential.missing" {
            en: "this operation needs a credential",
            zh: "该操作需要身份凭证",
        },
        Credential = "credential.form" {
            en: "the credential cannot be read, or there is more than one",
            zh: "身份凭证无法读取，或不止一个",
        },
        OtherSite = "credential.other-site" {
            en: "a page of another site may not act in a session",
            zh: "其他站点的页面不得在会话中操作",
        },
        NoSignature = "signature.needed" {
            en: "this operation binds the operator and needs its signature",
            zh: "该操作对运营机构具有约束力，需要其签名",
        },
        Signature { what: &'static str } = "signature.form" {
            en: "the signature cannot be used: {what}",
            zh: "签名不可用：{what}",
        },
        NoKey = "idempotency.missing" {
            en: "this operation needs an `Idempotency-Key`",
            zh: "该操作需要 `Idempotency-Key`",
        },
        Key = "idempotency.form" {
            en: "an `Idempotency-Key` has 8 to 128 letters, digits, `-` or `_`",
            zh: "`Idempotency-Key` 由 8 至 128 个字母、数字、`-` 或 `_` 组成",
        },
        KeyOfOther = "idempotency.other-request" {
            en: "this `Idempotency-Key` was used for another request",
            zh: "该 `Idempotency-Key` 已用于另一请求",
        },
        KeyInProgress = "idempotency.in-progress" {
            en: "a request with this `Idempotency-Key` is still being answered",
            zh: "带有该 `Idempotency-Key` 的请求仍在处理中",
        },
        KeysFull = "idempotency.full" {
            en: "too many requests are being answered",
            zh: "正在处理的请求过多",
        },
        NoVersion = "version.missing" {
            en: "this operation needs `If-Match` with the `ETag` that you read",
            zh: "该操作需要 `If-Match`，其值为所读取的 `ETag`",
        },
        Version = "version.form" {
            en: "`If-Match` and `If-None-Match` take `*` or strong tags such as \"7\"",
            zh: "`If-Match` 和 `If-None-Match` 的值为 `*` 或强标签，例如 \"7\"",
        },
        Changed = "version.changed" {
            en: "what you read has changed meanwhile",
            zh: "所读内容期间已被更改",
        },
        Cursor = "page.cursor" {
            en: "the cursor is not one that this list gave",
            zh: "该游标不是此列表给出的",
        },
        TooMany { seconds: u64 } = "rate.too-many" {
            en: "too many requests: the next is possible in {seconds} s",
            zh: "请求过多：{seconds} 秒后方可再次请求",
        },
        Late = "answer.late" {
            en: "the answer takes longer than this server waits; what began goes on",
            zh: "应答超过本服务的等待时间；已开始的操作仍在继续",
        },
        Broken = "answer.broken" {
            en: "the server failed in answering",
            zh: "服务在应答时发生故障",
        },
        Stopping = "answer.stopping" {
            en: "the server is being stopped",
            zh: "服务正在停止",
        },
    }
}

impl Refusal {
    /// The kind, and what to do.
    fn advice(&self) -> (Class, Words) {
        let words = |en, zh| Words { en, zh };
        let described = words("read /docs, correct the request and send it again", "请参阅 /docs，更正请求后重新发送");
        let later = words(
            "try again later, with the same `Idempotency-Key` where there was one",
            "请稍后重试；若带有 `Idempotency-Key`，请沿用同一个",
        );
        match self {
            Self::Path => (
                Class::Malformed,
                words(
                    "write each segment once, without dots, semicolons, doubled or encoded slashes, and without a slash at the end",
                    "路径各段应书写唯一，不得含点段、分号、重复或编码的斜杠，末尾不得有斜杠",
                ),
            ),
            Self::TargetTooLong { .. } => {
                (Class::Malformed, words("put less into the query, or page through the list", "请减少查询内容，或分页读取"))
            }
            Self::NoSuchPath => {
                (Class::Unknown, words("the paths are listed at /docs and /openapi.json", "可用路径见 /docs 和 /openapi.json"))
            }
            Self::Method { .. } => (Class::NotAllowed, words("use one of the possible methods", "请使用允许的方法")),
            Self::MediaType => {
                (Class::MediaType, words("send `Content-Type: application/json`", "请发送 `Content-Type: application/json`"))
            }
            Self::Encoding => (Class::MediaType, words("send the body as it is", "请直接发送未压缩的正文")),
            Self::BodyTooLarge { .. } => (Class::TooLarge, words("send less, or send it in parts", "请减小正文或分次发送")),
            Self::BodySlow => (Class::Slow, words("try again over a faster connection", "请在更快的连接上重试")),
            Self::Host | Self::Framing | Self::HeaderTwice { .. } | Self::Header { .. } | Self::BodyCut => (
                Class::Malformed,
                words(
                    "send the request once, as HTTP/1.1 demands; check proxies on the way",
                    "请按 HTTP/1.1 规定发送请求，并检查途经的代理",
                ),
            ),
            Self::OtherHost => (
                Class::Misdirected,
                words("use an address that the server was started for (`--host`)", "请使用服务启动时指定的名称（`--host`）"),
            ),
            Self::NoCredential => {
                (Class::Unauthenticated, words("send `Authorization: Bearer TOKEN`", "请发送 `Authorization: Bearer 令牌`"))
            }
            Self::Credential => (Class::Unauthenticated, words("send one token or one session, not both", "请只发送一个令牌或一个会话")),
            Self::OtherSite => {
                (Class::Forbidden, words("act from the console of this server, or with a token", "请在本服务的控制台操作，或使用令牌"))
            }
            Self::NoSignature => (
                Class::Unauthenticated,
                words(
                    "sign the request (RFC 9421, Ed25519) over the components in `Accept-Signature`",
                    "请按 `Accept-Signature` 所列组成部分对请求签名（RFC 9421，Ed25519）",
                ),
            ),
            Self::Signature { .. } => (Class::Unauthenticated, words("see the description of signatures at /docs", "签名方法见 /docs")),
            Self::KeyOfOther => (Class::Unprocessable, words("take a new key for a new request", "新请求请使用新的键")),
            Self::BodyDigest | Self::Cursor | Self::Value => (Class::Unprocessable, described),
            Self::KeyInProgress => {
                (Class::Conflict, words("wait for its answer, then send the same request again", "请等待其应答，然后重发同一请求"))
            }
            Self::NoVersion => {
                (Class::VersionNeeded, words("read it, and send its `ETag` as `If-Match`", "请先读取，并以其 `ETag` 作为 `If-Match` 发送"))
            }
            Self::Changed => (Class::Changed, words("read it again, and decide again", "请重新读取后再作决定")),
            Self::TooMany { .. } => (Class::TooMany, words("wait as long as `Retry-After` says", "请按 `Retry-After` 所示时间等待")),
            Self::KeysFull | Self::Stopping => (Class::Busy, later),
            Self::Late => (Class::Late, later),
            Self::Broken => (Class::Failed, later),
            Self::QueryForm
            | Self::QueryTwice { .. }
            | Self::BodyUnwanted
            | Self::NotUtf8
            | Self::NotJson { .. }
            | Self::KeyTwice { .. }
            | Self::TooDeep { .. }
            | Self::TooManyValues { .. }
            | Self::Input { .. }
            | Self::NoKey
            | Self::Key
            | Self::Version => (Class::Malformed, described),
        }
    }

    /// The problem that says so.
    pub(crate) fn problem(&self) -> Problem {
        let (class, remedy) = self.advice();
        let mut problem = Problem::new(class, self, remedy);
        problem.retry_after = match self {
            Self::TooMany { seconds } => Some(*seconds),
            Self::KeyInProgress | Self::KeysFull | Self::Stopping => Some(1),
            _ => None,
        };
        problem
    }
}

impl From<Refusal> for Box<Problem> {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.problem())
    }
}
