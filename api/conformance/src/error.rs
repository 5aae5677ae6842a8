//! What keeps an attack from being mounted at all.

use tidegate_terms::messages;

messages! {
    /// Why an attack says nothing about the installation: it could not be mounted.
    pub enum Broken {
        Start { detail: String } = "conformance.start" {
            en: "the program cannot be started: {detail}",
            zh: "无法启动程序：{detail}",
        },
        Place { detail: String } = "conformance.place" {
            en: "no temporary domain can be made: {detail}. Free some space in the directory for temporary files, or name another with TMPDIR",
            zh: "无法建立临时数据域：{detail}。请在临时目录中释放空间，或用 TMPDIR 指定其他目录",
        },
        Refused { call: String, answer: String } = "conformance.refused" {
            en: "the attack was not mounted, because `{call}` answered: {answer}",
            zh: "攻击未能发起：`{call}` 的应答为：{answer}",
        },
        Answer { call: String } = "conformance.answer" {
            en: "the attack was not mounted, because the answer of `{call}` cannot be read",
            zh: "攻击未能发起：无法读取 `{call}` 的应答",
        },
        Offender { name: String, detail: String } = "conformance.offender" {
            en: "the offender `{name}` cannot be assembled: {detail}",
            zh: "无法汇编攻击模型“{name}”：{detail}",
        },
        UnknownAttack { word: String } = "conformance.unknown-attack" {
            en: "there is no attack `{word}`: `tidegate conformance --list` shows names and rows",
            zh: "没有攻击“{word}”：`tidegate conformance --list` 会列出名称与编号",
        },
        UnknownGuard { word: String } = "conformance.unknown-guard" {
            en: "there is no guard `{word}` that holds an attack: `tidegate conformance --list` shows the guards of each",
            zh: "没有守住任何攻击的防护“{word}”：`tidegate conformance --list` 会列出各攻击的防护",
        },
    }
}
