//! `tidegate call`: any operation of a server, by its name.

use crate::args::CallArguments;
use crate::front::{CliError, pairs, read_text};
use crate::output::Output;
use crate::remote;
use serde_json::{Map, Value, json};
use std::io::Read as _;
use std::path::Path;
use tidegate_http::api::{Options, Table};

/// The longest input from standard input, in bytes.
const INPUT_BYTES_MAX: u64 = 96 << 20;
/// How many names are offered for one that does not exist.
const NEAR_MAX: usize = 5;

/// Calls an operation, describes it, or lists all.
pub(crate) fn run(arguments: &CallArguments, output: Output) -> Result<(), CliError> {
    let table = tidegate_governance::table()?;
    let Some(operation) = &arguments.operation else {
        list(&table, output);
        return Ok(());
    };
    let described =
        table.describe(operation).ok_or_else(|| CliError::NoOperation { operation: operation.clone(), near: near(&table, operation) })?;
    if arguments.describe {
        print(&described);
        return Ok(());
    }
    let options = Options { idempotency_key: arguments.idempotency_key.clone(), if_match: arguments.if_match.clone() };
    let answer = remote::needed()?.call_by_name(operation, &input(arguments)?, &options)?;
    print(&answer.output);
    if let (false, Some(version)) = (output.json, answer.version) {
        eprintln!("{} {version}", output.pick("Version:", "版本："));
    }
    Ok(())
}

fn print(value: &Value) {
    println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
}

fn list(table: &Table, output: Output) {
    let all: Vec<_> = table.names().collect();
    let view: Vec<_> = all.iter().map(|(id, summary)| json!({ "operation": id, "en": summary.en, "zh": summary.zh })).collect();
    output.show(&view, |_| {
        let mut table = output.table(&[("operation", "操作"), ("what it does", "作用")]);
        for (id, summary) in &all {
            table.add_row([*id, summary.get(output.language)]);
        }
        println!("{table}");
    });
}

/// Names that have a part in common with one that does not exist.
fn near(table: &Table, wanted: &str) -> String {
    let parts: Vec<&str> = wanted.split(['.', '-']).filter(|part| part.len() > 2).collect();
    let alike = |(id, _): &(&'static str, _)| parts.iter().any(|part| id.contains(&part[..part.len().min(4)]));
    let near: Vec<_> = table.names().filter(alike).map(|(id, _)| id).take(NEAR_MAX).collect();
    if near.is_empty() { "-".to_owned() } else { near.join(", ") }
}

/// The input from a file, with fields over it.
fn input(arguments: &CallArguments) -> Result<Value, CliError> {
    let text = match arguments.input.as_deref() {
        None => "{}".to_owned(),
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            let read = std::io::stdin().take(INPUT_BYTES_MAX).read_to_string(&mut text);
            read.map_err(|error| CliError::file(path, &error))?;
            text
        }
        Some(path) => read_text(path)?,
    };
    let name = arguments.input.as_deref().map_or_else(String::new, |path| path.display().to_string());
    let mut input: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| CliError::File { path: name, detail: error.to_string() })?;
    for (field, text) in pairs(&arguments.fields)? {
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        input.insert(field, value);
    }
    Ok(Value::Object(input))
}
