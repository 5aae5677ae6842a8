//! Which test proves which clause of the five municipal measures: read from comments above tests, written as a page.
//!
//! `// clause: F9, F10 refused` directly above the attributes of a test says that this test shows how the clauses are
//! kept where something is refused; `permitted` where it is allowed, `both` for both. Guarantee: the page names no test
//! that does not exist and no clause that is not in the list. Rejected: a table kept by hand, which nobody compares with
//! the tests after a month.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The list of clauses, from the root of the repository.
pub const LIST: &str = "policies/rules/clauses.toml";
/// The page, from the root of the repository.
pub const PAGE: &str = "docs/regulation.md";
const MARK: &str = "// clause:";
const SOURCES: [&str; 5] = ["api", "policies", "runtime", "sample-models", "tests"];

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Such as `F9`.
    pub id: String,
    /// Such as `shuangyashan`.
    pub text: String,
    /// The article.
    pub article: i64,
    /// `core`, `supporting` or `out-of-scope`.
    pub priority: String,
    /// What the software does, in English.
    pub en: String,
    /// The same in Chinese.
    pub zh: String,
}

/// One test that proves something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// The file, from the root of the repository.
    pub path: String,
    /// The function.
    pub name: String,
}

/// What the tests prove of one clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proofs {
    /// Tests of what is allowed.
    pub permitted: Vec<Proof>,
    /// Tests of what is refused.
    pub refused: Vec<Proof>,
}

/// Reads the list.
pub fn read_list(text: &str) -> Result<Vec<Clause>, String> {
    let table: toml::Table = text.parse().map_err(|error| format!("{LIST}: {error}"))?;
    let rows = table.get("clause").and_then(toml::Value::as_array).ok_or("no clauses")?;
    let mut clauses: Vec<Clause> = Vec::new();
    for row in rows {
        let word = |name: &str| {
            let value = row.get(name).and_then(toml::Value::as_str).filter(|value| !value.is_empty() && !value.contains(['|', '\n']));
            value.map(str::to_owned).ok_or_else(|| format!("{name} is missing in {row}"))
        };
        let article = row.get("article").and_then(toml::Value::as_integer).ok_or_else(|| format!("no article in {row}"))?;
        let clause =
            Clause { id: word("id")?, text: word("text")?, article, priority: word("priority")?, en: word("en")?, zh: word("zh")? };
        if !["core", "supporting", "out-of-scope"].contains(&clause.priority.as_str()) || text_of(&clause.text).is_none() {
            return Err(format!("{}: priority or text is unknown", clause.id));
        }
        if clauses.iter().any(|other| other.id == clause.id) {
            return Err(format!("{} stands there twice", clause.id));
        }
        clauses.push(clause);
    }
    Ok(clauses)
}

/// Adds what one source says; `path` is from the root of the repository.
pub fn read_source(path: &str, source: &str, clauses: &[Clause], found: &mut BTreeMap<String, Proofs>) -> Result<(), String> {
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut is_test = false;
    for (at, line) in source.lines().map(str::trim).enumerate() {
        let fault = |what: &str| Err(format!("{path}:{}: {what}", at + 1));
        if let Some(said) = line.strip_prefix(MARK) {
            if is_test {
                return fault("a clause stands above all attributes of its test");
            }
            let Some((ids, case)) = said.trim().rsplit_once(' ').filter(|(_, case)| ["permitted", "refused", "both"].contains(case)) else {
                return fault("a clause ends with permitted, refused or both");
            };
            for id in ids.split(',').map(str::trim) {
                if !clauses.iter().any(|clause| clause.id == id && clause.priority != "out-of-scope") {
                    return fault(&format!("there is no clause {id} to prove"));
                }
                open.push((id, case));
            }
        } else if open.is_empty() {
            is_test = false;
        } else if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            if line.starts_with("#[ignore") {
                return fault("a test that is ignored proves nothing");
            }
        } else {
            let line = line.strip_prefix("async ").unwrap_or(line);
            let name = line.strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next()).filter(|_| is_test);
            let Some(name) = name else { return fault("a clause stands above what is no test") };
            for (id, case) in open.drain(..) {
                let proofs = found.entry(id.to_owned()).or_default();
                let proof = Proof { path: path.to_owned(), name: name.to_owned() };
                for (list, other) in [(&mut proofs.permitted, "refused"), (&mut proofs.refused, "permitted")] {
                    if case != other && !list.contains(&proof) {
                        list.push(proof.clone());
                    }
                }
            }
            is_test = false;
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{path}: a clause stands above nothing")) }
}

/// Reads all sources of the repository.
pub fn read_sources(root: &Path, clauses: &[Clause]) -> Result<BTreeMap<String, Proofs>, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<_> = SOURCES.iter().map(|name| root.join(name)).collect();
    while let Some(directory) = open.pop() {
        let mut entries: Vec<_> =
            fs::read_dir(&directory).map_err(|error| format!("{}: {error}", directory.display()))?.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() {
                if name != "target" && !name.to_string_lossy().starts_with('.') {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                read_source(&shown, &text, clauses, &mut found)?;
            }
        }
    }
    for proofs in found.values_mut() {
        proofs.permitted.sort();
        proofs.refused.sort();
    }
    Ok(found)
}

/// How many of the clauses of a priority have both cases, one, none.
pub fn counts(clauses: &[Clause], found: &BTreeMap<String, Proofs>, priority: &str) -> [usize; 3] {
    let mut counts = [0; 3];
    for clause in clauses.iter().filter(|clause| clause.priority == priority) {
        let cases =
            found.get(&clause.id).map_or(0, |proofs| usize::from(!proofs.permitted.is_empty()) + usize::from(!proofs.refused.is_empty()));
        counts[2 - cases] += 1;
    }
    counts
}

/// How many of the clauses of a priority have a test that drives the program from outside, through CLI or HTTP.
pub fn driven(clauses: &[Clause], found: &BTreeMap<String, Proofs>, priority: &str) -> usize {
    let outside = |proof: &Proof| proof.path.starts_with("tests/");
    let of = |clause: &&Clause| found.get(&clause.id).is_some_and(|proofs| proofs.permitted.iter().chain(&proofs.refused).any(outside));
    clauses.iter().filter(|clause| clause.priority == priority).filter(of).count()
}

fn text_of(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "jinan" => ("Jinan", "济南"),
        "shuangyashan" => ("Shuangyashan", "双鸭山"),
        "zibo" => ("Zibo", "淄博"),
        "qibu" => ("Qibu", "起步区"),
        "binzhou" => ("Binzhou", "滨州"),
        _ => return None,
    })
}

const CHAPTERS: [(char, &str); 11] = [
    ('A', "Scope, roles, identifiers, validity 范围、角色、标识、效力"),
    ('B', "Catalogue 目录"),
    ('C', "Classification and grading 分类分级"),
    ('D', "Sharing 共享属性"),
    ('E', "Opening 开放属性"),
    ('F', "Application, purpose, suspension 申请、用途、停用"),
    ('G', "Authorised operation 授权运营"),
    ('H', "Logs and tracing 日志与溯源"),
    ('I', "Quality, correction, objection 质量、校核、异议"),
    ('J', "Security, incidents, end 安全、事件、终止"),
    ('K', "Supervision 监督"),
];

const HEAD: &str = "# What the regulations ask, what the software does, which test proves it\n\n\
    法规要求、软件行为与证明测试。\n\n\
    Made from `policies/rules/clauses.toml` and the comments `// clause:` above tests; a test holds it. Change those, then run \
    `UPDATE_REGULATION=1 cargo test --release --workspace --test regulation`. The wording is ours; the texts themselves decide. \
    Under *permitted* stand tests that show the clause where something is allowed, under *refused* where something is refused. \
    A clause without a test is not claimed to be kept.\n\n\
    本页由上述清单和测试注释生成并由测试保持一致；文字为概括，以法规原文为准。没有测试的条款不声称已满足。\n\n";

/// The page.
pub fn page(clauses: &[Clause], found: &BTreeMap<String, Proofs>) -> String {
    let mut text = String::from(HEAD);
    for (priority, zh) in [("core", "核心"), ("supporting", "辅助")] {
        let [both, one, none] = counts(clauses, found, priority);
        let total = both + one + none;
        let driven = driven(clauses, found, priority);
        let _ = writeln!(
            text,
            "- {priority} clauses {zh}: {total}, of which {both} have both cases, {one} one, {none} none; {driven} driven through CLI or HTTP"
        );
    }
    for (letter, title) in CHAPTERS {
        let _ = writeln!(
            text,
            "\n## {letter}. {title}\n\n| clause | from | what the software does | permitted | refused |\n|---|---|---|---|---|"
        );
        for clause in clauses.iter().filter(|clause| clause.id.starts_with(letter)) {
            let none = Proofs::default();
            let proofs = found.get(&clause.id).unwrap_or(&none);
            let weight = if clause.priority == "core" { "**" } else { "" };
            let (en, zh) = text_of(&clause.text).unwrap_or_default();
            let (id, article) = (&clause.id, clause.article);
            let cells = [&proofs.permitted, &proofs.refused].map(|list| {
                let names: Vec<_> = list.iter().map(|proof| format!("[{}](../{})", proof.name.replace('_', " "), proof.path)).collect();
                if names.is_empty() { "-".to_owned() } else { names.join("; ") }
            });
            let _ = writeln!(
                text,
                "| {weight}{id}{weight} | {en} {zh} {article} | {}<br>{} | {} | {} |",
                clause.en, clause.zh, cells[0], cells[1]
            );
        }
    }
    text.push_str("\nBold clauses are core. 加粗为核心条款。\n\n## Not covered 未覆盖\n\nNo test names them. 没有测试指明这些条款。\n\n");
    for priority in ["core", "supporting"] {
        let missing = clauses.iter().filter(|clause| clause.priority == priority && !found.contains_key(&clause.id));
        let names: Vec<_> = missing.map(|clause| clause.id.as_str()).collect();
        let _ = writeln!(text, "- {priority}: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    }
    text.push_str("\n## Out of scope 范围外\n\n");
    for clause in clauses.iter().filter(|clause| clause.priority == "out-of-scope") {
        let (en, zh) = text_of(&clause.text).unwrap_or_default();
        let _ = writeln!(text, "- {} ({en} {zh} {}): {}. {}。", clause.id, clause.article, clause.en, clause.zh);
    }
    text
}
