//! `tidegate model`.

mod build;
mod new;

use crate::args::{ModelArguments, ModelCommand};
use crate::commands::key;
use crate::front::{CliError, Keeper, ask, pairs, read_bytes, read_text};
use crate::output::{Output, number};
use std::path::{Path, PathBuf};
use tidegate_engine::{DryQuestion, DryRun, ask_dry_run};
use tidegate_sandbox::{COMPONENT_BYTES_MAX, CompiledModule};
use tidegate_service::children::{self, Programs};
use tidegate_service::view::{ApprovalView, ModuleView};
use tidegate_service::{Request, ServiceError};
use tidegate_terms::{Manifest, Name, Seal, sign_approval};

/// A model's files, read.
struct Model {
    component: Vec<u8>,
    manifest_text: String,
    manifest: Manifest,
    seal: PathBuf,
}

impl Model {
    fn read(arguments: &ModelArguments) -> Result<Self, CliError> {
        let component = arguments.component.clone().unwrap_or_else(|| arguments.directory.join("model.wasm"));
        let manifest_text = read_text(&arguments.directory.join("manifest.toml"))?;
        let manifest = Manifest::parse(&manifest_text)?;
        let size = std::fs::metadata(&component).map_err(|error| CliError::file(&component, &error))?.len();
        if size > COMPONENT_BYTES_MAX as u64 {
            return Err(tidegate_sandbox::UploadError::TooLarge { bytes: size, maximum: COMPONENT_BYTES_MAX }.into());
        }
        let component = read_bytes(&component, COMPONENT_BYTES_MAX as u64)?;
        let seal = arguments.seal.clone().unwrap_or_else(|| arguments.directory.join("seal.json"));
        Ok(Self { component, manifest_text, manifest, seal })
    }

    /// Compiles it under the same limits as the domain: whose model it is does not say what is in it.
    fn compile(&self) -> Result<CompiledModule, CliError> {
        let programs = Programs::own().map_err(|error| CliError::NoKeeper { detail: error.to_string() })?;
        Ok(children::compile(&programs, &self.component, self.manifest.resources.memory_bytes)?)
    }
}

/// Runs a `model` command.
pub(crate) fn run(domain: &Path, command: ModelCommand, output: Output) -> Result<(), CliError> {
    match command {
        ModelCommand::New { directory } => new::new(&directory, output),
        ModelCommand::Build { directory } => build::build(&directory, output),
        ModelCommand::Check(model) => check(&model, output),
        ModelCommand::Sign { model, key } => sign(&model, &key, output),
        ModelCommand::Upload { model, operator } => {
            let model = Model::read(&model)?;
            let seal = read_text(&model.seal)?;
            let view = upload(&mut Keeper::start(domain)?, operator, model.component, model.manifest_text, seal)?;
            output.show(&view, |view| show_modules(std::slice::from_ref(view), output));
            Ok(())
        }
        ModelCommand::Approve { model, dataset, operator, key } => approve(domain, &model, dataset, operator, &key, output),
        ModelCommand::List => {
            let views: Vec<ModuleView> = ask(domain, &Request::ModelList)?;
            output.show(&views, |views| show_modules(views, output));
            Ok(())
        }
        ModelCommand::DryRun { model, schema, dataset, units, seed, parameters } => {
            let schema = super::dataset::public_schema(domain, schema, dataset)?;
            let model = Model::read(&model)?;
            model.manifest.check_against(&schema)?;
            let parameters = model.manifest.parse_parameters(&pairs(&parameters)?)?;
            let programs = Programs::own().map_err(|error| CliError::NoKeeper { detail: error.to_string() })?;
            let module = model.compile()?;
            let question = DryQuestion { manifest: model.manifest, schema, parameters, units, seed };
            let shown = ask_dry_run(&question, &module, &mut programs.child("dry-run"))?;
            output.show(&shown, |shown| show_dry_run(shown, output));
            if shown.traps + shown.misshapen == shown.units { Err(CliError::NoAnswer { units: shown.units }) } else { Ok(()) }
        }
    }
}

/// Uploads a sealed model.
pub(crate) fn upload(
    keeper: &mut Keeper,
    operator: tidegate_terms::Name,
    component: Vec<u8>,
    manifest: String,
    seal: String,
) -> Result<ModuleView, CliError> {
    keeper.ask_meanwhile(&Request::ModelUpload { operator, manifest, seal }, &component, |_| {})
}

fn check(arguments: &ModelArguments, output: Output) -> Result<(), CliError> {
    let model = Model::read(arguments)?;
    model.compile()?;
    output.show(&model.manifest, |manifest| {
        println!("{} {}: {}", manifest.name, manifest.version, manifest.title.get(output.language));
        println!(
            "{}",
            output.pick(
                "The component imports nothing and exports the contract; the manifest is in order.",
                "组件没有任何导入并导出合约接口；清单无误。"
            )
        );
        let mut table =
            output.table(&[("statistic", "统计量"), ("measure", "度量"), ("groups per unit", "每单元分组数"), ("mechanism", "机制")]);
        for statistic in &manifest.statistics {
            let groups = statistic.groups.as_ref().map_or_else(|| "-".to_owned(), |groups| groups.per_unit.to_string());
            table.add_row([statistic.name.to_string(), format!("{:?}", statistic.measure), groups, format!("{:?}", statistic.mechanism)]);
        }
        for exact in manifest.reviewed.iter().flat_map(|reviewed| &reviewed.tables) {
            let mode = output.pick("exact, under disclosure control", "精确，经披露控制").to_owned();
            table.add_row([exact.name.to_string(), format!("{:?}", exact.measure), exact.per_unit.to_string(), mode]);
        }
        println!("{table}");
        for parameter in &manifest.parameters {
            println!("--param {}=… ({:?}) {}", parameter.name, parameter.kind, parameter.description);
        }
    });
    Ok(())
}

fn sign(arguments: &ModelArguments, key: &Path, output: Output) -> Result<(), CliError> {
    let model = Model::read(arguments)?;
    let seal = Seal::sign(&model.component, model.manifest_text.as_bytes(), &key::read(key)?);
    let text = serde_json::to_string_pretty(&seal).unwrap_or_default();
    std::fs::write(&model.seal, text + "\n").map_err(|error| CliError::file(&model.seal, &error))?;
    output.show(&seal, |_| println!("{} {}", output.pick("Sealed:", "已封签："), model.seal.display()));
    Ok(())
}

/// Signs the digest of an uploaded model; what is signed is what the domain holds.
fn approve(domain: &Path, model: &str, dataset: Name, operator: Name, key: &Path, output: Output) -> Result<(), CliError> {
    let key = key::read(key)?;
    let mut keeper = Keeper::start(domain)?;
    let views: Vec<ModuleView> = keeper.ask(&Request::ModelList)?;
    let named = |view: &ModuleView| view.name.as_str() == model || model.len() >= 8 && view.module.to_string().starts_with(model);
    let found = views.into_iter().find(|view| view.operator == operator && named(view));
    let unknown = || ServiceError::UnknownModule { module: model.to_owned(), operator: operator.to_string() };
    let module = found.ok_or_else(unknown)?.module;
    let (approver, signature) = (key::public(&key), sign_approval(&key, module, &dataset));
    let view: ApprovalView = keeper.ask(&Request::ModelApprove { module, dataset, operator, approver, signature })?;
    output.show(&view, |view| {
        println!("{} {} {}", output.pick("Approved for exact tables:", "已批准制作精确表格："), view.name, view.module);
        println!("{} {}", output.pick("Approvals so far (two are needed):", "现有批准数（需要两份）："), view.approvers.len());
    });
    Ok(())
}

fn show_modules(views: &[ModuleView], output: Output) {
    let mut table =
        output.table(&[("model", "模型"), ("name", "名称"), ("version", "版本"), ("operator", "运营机构"), ("uploaded", "上传时间")]);
    for view in views {
        table.add_row([view.module.short(), view.name.to_string(), view.version.clone(), view.operator.to_string(), view.at.clone()]);
    }
    println!("{table}");
}

fn show_dry_run(shown: &DryRun, output: Output) {
    println!(
        "{}",
        output.pick(
            "Made-up data from the public schema; no shard was opened, no budget was spent.",
            "数据由公开模式模拟生成；未打开任何分片，未花费预算。"
        )
    );
    println!(
        "{} {}, {} {}, {} {}, {} {} / {}",
        output.pick("units", "单元"),
        shown.units,
        output.pick("traps", "陷阱"),
        shown.traps,
        output.pick("misshapen answers", "形状不符的应答"),
        shown.misshapen,
        output.pick("fuel used at most", "最多用燃料"),
        shown.fuel_used_max,
        shown.fuel_per_unit
    );
    for trap in &shown.first_traps {
        println!("{} {}:\n{}", output.pick("unit", "单元"), trap.unit, trap.explanation);
    }
    let mut table = output.table(&[
        ("statistic", "统计量"),
        ("group", "分组"),
        ("estimate", "估计量"),
        ("value (made-up data, no noise)", "值（模拟数据，无噪声）"),
    ]);
    for statistic in &shown.statistics {
        for group in &statistic.groups {
            for (name, value) in &group.estimates {
                table.add_row([statistic.statistic.clone(), group.key.clone().unwrap_or_default(), name.clone(), number(*value)]);
            }
        }
    }
    println!("{table}");
}
