//! Attacks on seals, grants and names: what somebody may run who was not allowed to (A9, A31).

use super::kit::{ask_of, closed, held, honest, people, plain_component, plain_manifest, read, refused_by, stage, write};
use crate::attack::Attack;
use crate::error::Broken;
use crate::program::Said;
use crate::scene::{EMPTY, IMMEDIATELY, OPERATOR, PURPOSE, rows};
use crate::verdict::Outcome;
use crate::world::{World, text};
use std::path::Path;
use tidegate_terms::Guard;

pub(super) const ATTACKS: &[Attack] = &[
    held(
        "bounds-changed-after-sealing",
        &[9, 31],
        &[Guard::SealedManifest],
        ("widens the bounds in the manifest after it was sealed", "在封签之后放宽清单中的界限"),
        &EMPTY,
        bounds_changed_after_sealing,
    ),
    held(
        "code-swapped-after-sealing",
        &[9, 31],
        &[Guard::SealedManifest],
        ("puts other code under a seal that was checked", "在已核验的封签之下换上另一份代码"),
        &EMPTY,
        code_swapped_after_sealing,
    ),
    held(
        "seal-without-signature",
        &[31],
        &[Guard::SealedManifest],
        ("uploads a seal whose signature is somebody else's", "上传签名属于他人的封签"),
        &EMPTY,
        seal_without_signature,
    ),
    held(
        "unknown-signer",
        &[31],
        &[Guard::Authorisation],
        ("seals a module with a key that no grant names, in the operator's name", "以运营机构名义、用任何授权都未列出的密钥封签模型"),
        &EMPTY,
        unknown_signer,
    ),
    held(
        "module-of-another-operator",
        &[31],
        &[Guard::Authorisation],
        ("runs the module of another operator under its own grant", "在自己的授权下运行另一运营机构的模型"),
        &EMPTY,
        module_of_another_operator,
    ),
    held(
        "revoked-grant",
        &[31],
        &[Guard::Authorisation],
        ("asks again after its grant was revoked", "授权被撤销之后再次提问"),
        &EMPTY,
        revoked_grant,
    ),
    held(
        "grant-that-has-not-begun",
        &[31],
        &[Guard::Authorisation],
        ("asks under a grant outside its dates", "在授权期限之外提问"),
        &EMPTY,
        grant_that_has_not_begun,
    ),
    held(
        "column-that-was-not-granted",
        &[31],
        &[Guard::Authorisation],
        ("reads a column that the grant does not cover", "读取授权未包含的列"),
        &EMPTY,
        column_that_was_not_granted,
    ),
    held(
        "other-purpose",
        &[31],
        &[Guard::Authorisation],
        ("uses a grant for another purpose than it was given for", "将授权用于其他用途"),
        &EMPTY,
        other_purpose,
    ),
    held(
        "stored-answer-without-grant",
        &[31, 37],
        &[Guard::Authorisation],
        ("asks for a stored answer after its grant was revoked, since that costs nothing", "授权撤销之后索取已存答案，因为它不花费预算"),
        &EMPTY,
        stored_answer_without_grant,
    ),
    closed(
        "expired-grant",
        &[31],
        "the clock of an installation cannot be set here; dates of the past are refused when a grant is made",
        ("asks the authority's command for a grant that is over already", "申请一份已经到期的授权"),
        &EMPTY,
        expired_grant,
    ),
    closed(
        "paths-as-names",
        &[31],
        "names and identifiers are parsed before anything is opened, and no path is made of what was not",
        (
            "gives paths out of the domain where names belong: datasets, models, runs, columns, entries",
            "在名称处填写指向域外的路径：数据集、模型、运行、列、条目",
        ),
        &EMPTY,
        paths_as_names,
    ),
    closed(
        "upload-replayed",
        &[31],
        "a module is its seal's digest, which the database has once",
        ("uploads the same sealed module again, to have it counted or logged twice", "重复上传同一封签模型，企图使其被重复计入或记录"),
        &EMPTY,
        upload_replayed,
    ),
    closed(
        "seal-of-another-module",
        &[31],
        "the signature covers both digests",
        ("puts the seal of one module beside the files of another", "把一个模型的封签放到另一个模型的文件旁"),
        &EMPTY,
        seal_of_another_module,
    ),
];

/// Uploads a model as it lies beside the domain.
fn upload(world: &mut World, model: &Path) -> Result<Said, Broken> {
    world.show(&["model", "upload", &text(model), "--operator", OPERATOR])
}

fn sealed(world: &World, name: &str) -> Result<std::path::PathBuf, Broken> {
    world.seal(name, &plain_component(name)?, &plain_manifest(name))
}

fn bounds_changed_after_sealing(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "bounds-changed", IMMEDIATELY)?;
    let model = sealed(world, "bounds-changed")?;
    let wider = plain_manifest("bounds-changed").replace("bounds = [0.0, 1.0]", "bounds = [0.0, 1000.0]");
    write(&model.join("manifest.toml"), wider.as_bytes())?;
    refused_by(&upload(world, &model)?, &["seal.other-manifest"], "wider bounds than were sealed")
}

fn code_swapped_after_sealing(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "code-swapped", IMMEDIATELY)?;
    let model = sealed(world, "code-swapped")?;
    write(&model.join("model.wasm"), &crate::module::component("code-swapped", super::offender!("all-but-the-target"))?)?;
    refused_by(&upload(world, &model)?, &["seal.other-component"], "other code than was sealed")
}

fn seal_without_signature(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "no-signature", IMMEDIATELY)?;
    let model = sealed(world, "no-signature")?;
    let seal = model.join("seal.json");
    let mut value: serde_json::Value = serde_json::from_slice(&read(&seal)?).map_err(|_| Broken::Answer { call: "model sign".into() })?;
    // A well-formed signature over something else: all zeros but for its form.
    value["signature"] = "A".repeat(86).into();
    value["signature"] = format!("{}==", value["signature"].as_str().unwrap_or_default()).into();
    write(&seal, value.to_string().as_bytes())?;
    refused_by(&upload(world, &model)?, &["seal.signature"], "a module that nobody signed")
}

fn other_key(world: &World) -> Result<String, Broken> {
    let key = world.beside("stranger.key");
    if !key.exists() {
        world.ask(&["key", "new", &text(&key)])?.json()?;
    }
    Ok(text(&key))
}

fn unknown_signer(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "unknown-signer", IMMEDIATELY)?;
    let model = sealed(world, "unknown-signer")?;
    let key = other_key(world)?;
    world.ask(&["model", "sign", &text(&model), "--key", &key])?.json()?;
    refused_by(&upload(world, &model)?, &["module.unknown-signer"], "a module that no operator sealed")
}

/// Grants an operator the people of a dataset; more arguments come last.
fn grant(world: &World, dataset: &str, operator: &str, key: &str, terms: [&str; 2], more: &[&str]) -> Result<String, Broken> {
    let public = format!("{key}.pub");
    let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(300)).to_string();
    let [columns, purpose] = terms;
    let fixed = ["grant", "add", "--dataset", dataset, "--operator", operator, "--operator-key", &public];
    let terms = ["--columns", columns, "--purpose", purpose, "--epsilon", "10", "--until", &until];
    let grants = world.ask(&[&fixed[..], &terms, more].concat())?.json()?;
    let grants = grants.as_array().cloned().unwrap_or_default();
    let id = grants.first().and_then(|grant| grant["id"].as_str().map(str::to_owned));
    id.ok_or_else(|| Broken::Answer { call: "grant add".into() })
}

/// All columns of the people, for the purpose of all modules.
const ALL: [&str; 2] = ["visits.mark,visits.amount", PURPOSE];

/// People, without a grant; a grant of the operator with other terms; a module that counts.
fn granted(world: &mut World, name: &str, terms: [&str; 2], more: &[&str]) -> Result<String, Broken> {
    world.mount(name, &super::kit::schema_in(name), IMMEDIATELY, &rows(world.has_target()))?;
    let key = text(&world.beside("operator.key"));
    let id = grant(world, name, OPERATOR, &key, terms, more)?;
    honest(world, name)?;
    Ok(id)
}

fn module_of_another_operator(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "others-module", IMMEDIATELY)?;
    let key = other_key(world)?;
    grant(world, "others-module", "stranger", &key, ALL, &[])?;
    let question = ["run", "--dataset", "others-module", "--model", "others-module", "--operator", "stranger", "--epsilon", "1"];
    refused_by(&world.show(&question)?, &["module.unknown", "denied.other-operator"], "somebody else's module ran")
}

fn revoked_grant(world: &mut World) -> Result<Outcome, Broken> {
    let id = granted(world, "revoked", ALL, &[])?;
    world.ask(&["grant", "revoke", &id, "--reason", "misuse"])?.json()?;
    let said = world.question("run", "revoked", "revoked", "1", &[])?;
    refused_by(&said, &["denied.revoked"], "a run under a revoked grant")
}

fn grant_that_has_not_begun(world: &mut World) -> Result<Outcome, Broken> {
    let from = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(9)).to_string();
    granted(world, "not-begun", ALL, &["--from", &from])?;
    let said = world.question("run", "not-begun", "not-begun", "1", &[])?;
    refused_by(&said, &["denied.not-yet"], "a run before its grant began")
}

fn column_that_was_not_granted(world: &mut World) -> Result<Outcome, Broken> {
    granted(world, "not-granted", ["visits.amount", PURPOSE], &[])?;
    let said = world.question("run", "not-granted", "not-granted", "1", &[])?;
    refused_by(&said, &["denied.column"], "a column that nobody granted was read")
}

fn other_purpose(world: &mut World) -> Result<Outcome, Broken> {
    granted(world, "other-purpose", ["visits.mark,visits.amount", "something-else"], &[])?;
    let said = world.question("run", "other-purpose", "other-purpose", "1", &[])?;
    refused_by(&said, &["denied.purpose"], "a run for another purpose")
}

fn stored_answer_without_grant(world: &mut World) -> Result<Outcome, Broken> {
    let id = granted(world, "stored-revoked", ALL, &[])?;
    world.question("run", "stored-revoked", "stored-revoked", "1", &[])?.json()?;
    world.ask(&["grant", "revoke", &id, "--reason", "misuse"])?.json()?;
    let said = world.question("run", "stored-revoked", "stored-revoked", "1", &[])?;
    refused_by(&said, &["denied.revoked"], "the stored answer under a revoked grant")
}

fn expired_grant(world: &mut World) -> Result<Outcome, Broken> {
    world.mount("expired", &super::kit::schema_in("expired"), IMMEDIATELY, &rows(false))?;
    let public = text(&world.beside("operator.key.pub"));
    let fixed = ["grant", "add", "--dataset", "expired", "--operator", OPERATOR, "--operator-key", &public, "--purpose", PURPOSE];
    let terms = ["--columns", "visits.mark", "--epsilon", "1", "--from", "2020-01-01", "--until", "2020-02-01"];
    refused_by(&world.show(&[&fixed[..], &terms].concat())?, &["grant.over"], "a grant for the past")
}

fn paths_as_names(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "paths", IMMEDIATELY)?;
    let outside = text(&world.beside("operator.key"));
    let tricks = ["../../operator.key", "..", "/etc/passwd", "paths/../paths", "paths\u{0}x", "keys/log.pk8", &outside, "paths%2f..", "-"];
    for trick in tricks.iter().filter(|trick| !trick.contains('\u{0}')) {
        let column = format!("{trick}.mark");
        for call in [
            vec!["run", "--dataset", trick, "--model", "paths", "--operator", OPERATOR, "--epsilon", "1"],
            vec!["run", "--dataset", "paths", "--model", trick, "--operator", OPERATOR, "--epsilon", "1"],
            vec!["run", "--dataset", "paths", "--model", "paths", "--operator", trick, "--epsilon", "1"],
            vec!["release", "show", trick],
            vec!["dataset", "show", trick],
            vec!["dataset", "report", trick],
            vec!["grant", "revoke", trick, "--reason", "x"],
            vec![
                "grant",
                "add",
                "--dataset",
                "paths",
                "--operator",
                OPERATOR,
                "--operator-key",
                "x",
                "--columns",
                &column,
                "--purpose",
                "p",
                "--epsilon",
                "1",
                "--until",
                "2099-01-01",
            ],
        ] {
            let said = world.ask(&call)?;
            if said.is_done() {
                return Ok(Outcome::Through(format!("`{trick}` was taken by `{}`", call[..2].join(" "))));
            }
            let told = [said.out, said.err].concat();
            if told.contains("root:x:") || told.contains("PRIVATE") {
                return Ok(Outcome::Through(format!("`{trick}` showed a file")));
            }
        }
    }
    // The domain goes on, and nothing stands beside it that was not there.
    let whole = ask_of(world, &world.domain(), &["budget", "show", "paths"])?.is_done();
    let stray = ["passwd", "log.pk8"].iter().any(|name| world.beside(name).exists());
    Ok(Outcome::through_if(!whole || stray, "the domain was damaged", "every path was refused as a name"))
}

fn upload_replayed(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "replayed", IMMEDIATELY)?;
    let model = sealed(world, "replayed")?;
    upload(world, &model)?.json()?;
    let before = world.tree_size();
    let again = upload(world, &model)?;
    if world.tree_size() != before {
        return Ok(Outcome::Through("the module was logged twice".into()));
    }
    refused_by(&again, &["module.exists"], "the module was taken twice")
}

fn seal_of_another_module(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "others-seal", IMMEDIATELY)?;
    let (one, other) = (sealed(world, "others-seal")?, sealed(world, "others-seal-too")?);
    write(&one.join("seal.json"), &read(&other.join("seal.json"))?)?;
    let said = upload(world, &one)?;
    refused_by(&said, &["seal.other-manifest", "seal.other-component"], "a module under the seal of another")
}
