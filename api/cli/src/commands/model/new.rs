//! `tidegate model new`: a model that builds, with the SDK beside it.

use crate::front::CliError;
use crate::output::Output;
use std::path::Path;

/// The SDK travels in the program, so that a new model needs nothing but a tool chain.
const SDK: &[(&str, &str)] = &[
    ("Cargo.toml", SDK_CARGO),
    ("src/accumulators.rs", include_str!("../../../../../sample-models/sdk/src/accumulators.rs")),
    ("src/arena.rs", include_str!("../../../../../sample-models/sdk/src/arena.rs")),
    ("src/bindings.rs", include_str!("../../../../../sample-models/sdk/src/bindings.rs")),
    ("src/grouped.rs", include_str!("../../../../../sample-models/sdk/src/grouped.rs")),
    ("src/inputs.rs", include_str!("../../../../../sample-models/sdk/src/inputs.rs")),
    ("src/lib.rs", include_str!("../../../../../sample-models/sdk/src/lib.rs")),
    ("src/parameters.rs", include_str!("../../../../../sample-models/sdk/src/parameters.rs")),
    ("src/rows.rs", include_str!("../../../../../sample-models/sdk/src/rows.rs")),
    ("src/runtime.rs", include_str!("../../../../../sample-models/sdk/src/runtime.rs")),
];

/// The SDK's own manifest inherits from the workspace of the sample models; outside of it this one serves.
const SDK_CARGO: &str = r#"[package]
name = "tidegate-sdk"
version = "0.1.0"
edition = "2024"

[features]
std = []

[dependencies]
wit-bindgen = { version = "=0.61.1", default-features = false, features = ["realloc"] }
"#;

const CARGO: &str = r#"[package]
name = "NAME"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
tidegate-sdk = { path = "sdk" }

[profile.release]
lto = true
codegen-units = 1
opt-level = 3
panic = "abort"
strip = true

[workspace]
"#;

const SOURCE: &str = r#"//! Counts the rows of all units, by group. Change it, then: tidegate model build . && tidegate model check .

#![no_std]

use tidegate_sdk::prelude::*;

fn contribute(_: &Parameters, unit: &Unit) -> Vec<Contribution> {
    let mut rows = Grouped::new(Count::default());
    for group in unit.table(0).categories(0).flatten() {
        rows.group(group).add(1);
    }
    vec![rows.into()]
}

model!(contribute);
"#;

const MANIFEST: &str = r#"# What the model reads, what it computes and within which bounds. It is sealed with the component.
contract = 1
name = "NAME"
version = "0.1.0"
title = { zh = "按组计数", en = "Rows by group" }
purpose = "planning"

[[inputs]]
table = "rows"
columns = ["group"]

[[statistics]]
name = "rows"
measure = "count"
per_unit = 10
groups = { table = "rows", column = "group", per_unit = 3 }

[resources]
fuel_per_unit = 100000
memory_bytes = 262144
"#;

/// Writes a new model.
pub(super) fn new(directory: &Path, output: Output) -> Result<(), CliError> {
    if directory.exists() {
        return Err(CliError::Exists { path: directory.display().to_string() });
    }
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = tidegate_terms::Name::parse(&name)?;
    let named = |text: &str| text.replace("NAME", name.as_str());
    let mut files = vec![
        ("Cargo.toml".to_owned(), named(CARGO)),
        ("manifest.toml".to_owned(), named(MANIFEST)),
        ("src/lib.rs".to_owned(), SOURCE.to_owned()),
        ("analysis.wit".to_owned(), include_str!("../../../../../runtime/wit/analysis.wit").to_owned()),
    ];
    files.extend(SDK.iter().map(|(path, text)| (format!("sdk/{path}"), (*text).to_owned())));
    for (path, text) in files {
        let path = directory.join(path);
        let write = || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(&path, &text)
        };
        write().map_err(|error| CliError::file(&path, &error))?;
    }
    let view = serde_json::json!({ "directory": directory, "name": name });
    output.show(&view, |_| {
        let next = output.pick(
            "New model. Next: edit manifest.toml and src/lib.rs, then tidegate model build",
            "已新建模型。下一步：编辑 manifest.toml 和 src/lib.rs，然后运行 tidegate model build",
        );
        println!("{next} {}", directory.display());
    });
    Ok(())
}
