//! `tidegate demo`: the whole path on a real, public dataset, in a temporary domain.
//!
//! Every step is the request that the command shown above it sends; nothing is arranged behind the scenes.
//! True values are printed beside noised ones only here, and only because the file is public.

pub(crate) mod material;
mod offenders;
mod tampering;
mod truth;

use crate::args::QuestionArguments;
use crate::commands::audit;
use crate::commands::model::upload;
use crate::commands::run::{run_question, show_budget, show_quote};
use crate::front::{CliError, Keeper};
use crate::output::{Output, number};
use material::{HONEST, MATERIAL_POLICY, MATERIAL_SCHEMA, OFFENDERS, Sample};
use ring::signature::Ed25519KeyPair;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tidegate_log::{AuditReport, Verdict, verify};
use tidegate_service::Request;
use tidegate_service::view::{BudgetView, DomainView, GrantView, ImportView, QuoteView, ReleaseShown};
use tidegate_terms::{Epsilon, Name, Seal};
use truth::Truth;

/// What `demo --json` prints.
#[derive(Serialize)]
struct Shown {
    releases: Vec<Compared>,
    offenders: Vec<offenders::Verdict>,
    account: BudgetView,
    log: AuditReport,
    tampering: String,
}

/// A release beside the truth.
#[derive(Serialize)]
struct Compared {
    release: ReleaseShown,
    comparison: Vec<truth::Line>,
}

/// Plays the demonstration; with `keep`, the domain stays there.
pub(crate) fn run(keep: Option<PathBuf>, output: Output) -> Result<(), CliError> {
    let place = tempfile::tempdir().map_err(|error| CliError::file(&std::env::temp_dir(), &error))?;
    let domain = keep.clone().unwrap_or_else(|| place.path().join("domain"));
    let stage = Stage { output, place: place.path(), domain: &domain, kept: keep.is_some() };
    stage.play()
}

struct Stage<'a> {
    output: Output,
    place: &'a Path,
    domain: &'a Path,
    kept: bool,
}

impl Stage<'_> {
    fn play(&self) -> Result<(), CliError> {
        let truth = Truth::of_the_public_file()?;
        let (mut keeper, domain) = self.found_domain()?;
        self.mount(&mut keeper)?;
        let key = self.grant(&mut keeper)?;
        let mut releases = Vec::new();
        for sample in HONEST {
            releases.push(self.honest(&mut keeper, sample, &key, &truth)?);
        }
        let offenders = self.offenders(&mut keeper, &key)?;
        let account = self.account(&mut keeper)?;
        drop(keeper);
        let log = self.verify_log(&domain)?;
        let tampering = self.tamper(&domain)?;
        self.next_steps();
        let shown = Shown { releases, offenders, account, log, tampering };
        if self.output.json {
            self.output.show(&shown, |_| {});
        }
        Ok(())
    }

    fn say(&self, en: &str, zh: &str) {
        if !self.output.json {
            println!("{}", self.output.pick(en, zh));
        }
    }

    fn heading(&self, en: &str, zh: &str, command: &str) {
        if !self.output.json {
            println!("\n== {}\n$ {command}", self.output.pick(en, zh));
        }
    }

    fn found_domain(&self) -> Result<(Keeper, DomainView), CliError> {
        self.heading("The data holder makes a domain", "数据持有方新建数据域", "tidegate init");
        let mut keeper = Keeper::start(self.domain)?;
        let view: DomainView = keeper.ask(&Request::Init { origin: "demo.tidegate.example/domain".into() })?;
        self.say(&format!("Verifier key: {}", view.verifier_key), &format!("核验公钥：{}", view.verifier_key));
        Ok((keeper, view))
    }

    fn mount(&self, keeper: &mut Keeper) -> Result<(), CliError> {
        self.heading(
            "The provider mounts the RAND Health Insurance Experiment (a public file)",
            "数据提供部门挂载兰德健康保险实验数据（公开文件）",
            "tidegate dataset add rand-hie --schema schema.toml --policy policy.toml --data rand_hie.csv",
        );
        let file = self.place.join("rand_hie.csv");
        std::fs::write(&file, material::CSV).map_err(|error| CliError::file(&file, &error))?;
        let request = Request::DatasetAdd {
            dataset: name("rand-hie")?,
            schema: MATERIAL_SCHEMA.into(),
            policy: MATERIAL_POLICY.into(),
            files: vec![(name("person-years")?, file)],
        };
        let view: ImportView = keeper.ask_meanwhile(&request, &[], |_| {})?;
        let (units, rows) = (view.report.units, view.report.tables.iter().map(|table| table.rows_kept).sum::<u64>());
        self.say(
            &format!("Import report, for the provider alone: {rows} rows of {units} persons."),
            &format!("导入报告（仅供数据提供部门）：{units} 人，{rows} 行。"),
        );
        Ok(())
    }

    fn grant(&self, keeper: &mut Keeper) -> Result<Ed25519KeyPair, CliError> {
        let columns = ["plan", "mdvis", "meddol", "income", "xage"].map(|column| format!("person-years.{column}"));
        self.heading(
            "The authority grants an operator five columns, for one purpose, with a share of the budget",
            "主管部门授权运营机构使用五列数据，限定用途与预算份额",
            &format!("tidegate grant add --dataset rand-hie --operator acme --operator-key acme.pub --columns {} --purpose health-planning --epsilon 4 --until …", columns.join(",")),
        );
        let file = self.place.join("acme");
        let public = crate::commands::key::new(&file)?;
        let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(90)).to_string();
        let request = Request::GrantAdd {
            dataset: name("rand-hie")?,
            operator: name("acme")?,
            operator_key: public,
            columns: columns.into(),
            purpose: name("health-planning")?,
            epsilon: Epsilon::parse(4.0)?,
            valid_from: None,
            valid_until: until,
        };
        let view: GrantView = keeper.ask(&request)?;
        self.say(
            &format!("Grant {} until {}.", view.record.id, view.record.valid_until),
            &format!("授权 {}，有效至 {}。", view.record.id, view.record.valid_until),
        );
        crate::commands::key::read(&file)
    }

    /// Seals and uploads a model, as `model sign` and `model upload` do.
    fn bring_in(&self, keeper: &mut Keeper, sample: &Sample, key: &Ed25519KeyPair) -> Result<(), CliError> {
        let seal = Seal::sign(sample.component, sample.manifest.as_bytes(), key);
        let seal = serde_json::to_string(&seal).unwrap_or_default();
        upload(keeper, name("acme")?, sample.component.to_vec(), sample.manifest.to_owned(), seal).map(drop)
    }

    fn question(&self, sample: &Sample, epsilon: f64) -> Result<QuestionArguments, CliError> {
        Ok(QuestionArguments {
            dataset: name("rand-hie")?,
            join: None,
            side_tables: Vec::new(),
            version: None,
            model: sample.name.into(),
            operator: name("acme")?,
            epsilon: Some(epsilon),
            parameters: Vec::new(),
            workers: None,
        })
    }

    fn honest(&self, keeper: &mut Keeper, sample: &Sample, key: &Ed25519KeyPair, truth: &Truth) -> Result<Compared, CliError> {
        self.heading(
            &format!("The operator seals, uploads, quotes and runs `{}` at epsilon 1", sample.name),
            &format!("运营机构封签、上传、报价并以 epsilon 1 运行 `{}`", sample.name),
            &format!("tidegate quote|run --dataset rand-hie --model {} --operator acme --epsilon 1", sample.name),
        );
        self.bring_in(keeper, sample, key)?;
        let question = self.question(sample, 1.0)?.question()?;
        let quote: QuoteView = keeper.ask(&Request::Quote(question.clone(), None))?;
        if !self.output.json {
            show_quote(&quote, self.output);
        }
        let release: ReleaseShown = run_question(keeper, question, self.output)?;
        let comparison = truth.compare(&release.release);
        self.show_comparison(&comparison);
        Ok(Compared { release, comparison })
    }

    fn show_comparison(&self, lines: &[truth::Line]) {
        if self.output.json {
            return;
        }
        let heads = [
            ("group", "分组"),
            ("estimate", "估计量"),
            ("released", "发布值"),
            ("95 % interval", "95 % 区间"),
            ("true, clamped", "真值（截断后）"),
            ("true, unclamped", "真值（未截断）"),
        ];
        let mut table = self.output.table(&heads);
        for line in lines {
            let interval = format!("[{}, {}]", number(line.lower), number(line.upper));
            let unclamped = line.unclamped.map(number).unwrap_or_default();
            table.add_row([line.group.clone(), line.estimate.clone(), number(line.released), interval, number(line.clamped), unclamped]);
        }
        println!("{table}");
        let covered = lines.iter().filter(|line| line.covered).count();
        self.say(
            &format!(
                "{covered} of {} intervals cover the clamped truth. True values are shown only because this file is public.",
                lines.len()
            ),
            &format!("{} 个区间中有 {covered} 个覆盖截断后的真值。仅因该文件公开，才在此显示真值。", lines.len()),
        );
    }

    fn offenders(&self, keeper: &mut Keeper, key: &Ed25519KeyPair) -> Result<Vec<offenders::Verdict>, CliError> {
        let mut verdicts = Vec::new();
        for sample in OFFENDERS {
            self.heading(
                &format!("A hostile model: `{}`", sample.name),
                &format!("恶意模型：`{}`", sample.name),
                &format!("tidegate run --dataset rand-hie --model {} --operator acme --epsilon 0.5", sample.name),
            );
            self.bring_in(keeper, sample, key)?;
            let shown: ReleaseShown = run_question(keeper, self.question(sample, 0.5)?.question()?, self.output)?;
            let verdict = offenders::judge(sample.name, &shown.release)?;
            self.say(&verdict.en, &verdict.zh);
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    fn account(&self, keeper: &mut Keeper) -> Result<BudgetView, CliError> {
        self.heading("The account of the population", "数据谱系的预算账户", "tidegate budget show rand-hie");
        let view: BudgetView = keeper.ask(&Request::BudgetShow { dataset: name("rand-hie")? })?;
        if !self.output.json {
            show_budget(&view, self.output);
        }
        Ok(view)
    }

    fn verify_log(&self, domain: &DomainView) -> Result<AuditReport, CliError> {
        self.heading(
            "A regulator verifies the log, offline, with the key alone",
            "监管方仅凭公钥离线核验日志",
            "tidegate audit verify domain/log --key …",
        );
        let report = verify(&self.domain.join("log"), Some(&domain.verifier_key))?;
        if report.verdict() != Verdict::Verified {
            return Err(CliError::Demo { detail: "the log has findings".into() });
        }
        if !self.output.json {
            audit::verify::show(&report, self.output);
        }
        Ok(report)
    }

    fn tamper(&self, domain: &DomainView) -> Result<String, CliError> {
        self.heading(
            "Somebody changes one byte in a copy of the log",
            "有人改动了日志副本中的一个字节",
            "tidegate audit verify copy --key …",
        );
        let refusal = tampering::change_one_byte(&self.domain.join("log"), &self.place.join("copy"), &domain.verifier_key)?;
        let said = tidegate_terms::Message::say(&refusal, self.output.language);
        self.say(&format!("Caught: {said}"), &format!("已发现：{said}"));
        Ok(said)
    }

    fn next_steps(&self) {
        self.say(
            "\nWhat to try next:\n  tidegate model new my-model     write your own model\n  tidegate demo --keep DIR        keep this domain and ask it more\n  tidegate --lang zh demo         the same in Chinese\n  README.md                       the same path, step by step",
            "\n接下来可以尝试：\n  tidegate model new my-model     编写自己的模型\n  tidegate demo --keep 目录        保留此数据域并继续提问\n  tidegate --lang en demo         英文演示\n  README.zh.md                    同样的流程，逐步说明",
        );
        if self.kept {
            self.say(&format!("The domain stays in {}.", self.domain.display()), &format!("数据域保留在 {}。", self.domain.display()));
        }
    }
}

fn name(text: &str) -> Result<Name, CliError> {
    Ok(Name::parse(text)?)
}
