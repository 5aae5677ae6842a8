//! What must stay true of the workspace itself: the crate arrows, the features, the schemas, the commands of the
//! READMEs, the bytes of the sample models.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use tidegate_terms::Manifest;
use tidegate_tests::program::{repository, tidegate};

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn metadata() -> Value {
    let arguments = ["metadata", "--format-version", "1", "--offline", "--manifest-path"];
    let output = cargo().args(arguments).arg(repository("Cargo.toml")).output().expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("no list `{name}`"))
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}`"))
}

/// The room of a member: `api`, `runtime`, `policies` or `tests`.
fn rooms(metadata: &Value) -> BTreeMap<&str, &str> {
    let root = word(metadata, "workspace_root");
    let members: BTreeSet<&str> = list(metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    let packages = list(metadata, "packages").iter().filter(|package| members.contains(word(package, "id")));
    let room =
        |package: &'_ Value| -> Option<String> { word(package, "manifest_path").strip_prefix(root)?.split('/').nth(1).map(str::to_owned) };
    packages
        .map(|package| {
            (
                word(package, "name"),
                ["api", "runtime", "policies", "tests"]
                    .into_iter()
                    .find(|known| room(package).as_deref() == Some(known))
                    .expect("a known room"),
            )
        })
        .collect()
}

#[test]
fn crates_depend_one_way() {
    let metadata = metadata();
    let rooms = rooms(&metadata);
    assert!(rooms.len() >= 14, "{rooms:?}");
    let height = |room: &str| ["policies", "runtime", "api", "tests"].iter().position(|known| *known == room).expect("room");
    let mut arrows = 0;
    for package in list(&metadata, "packages") {
        let Some(from) = rooms.get(word(package, "name")) else { continue };
        for dependency in list(package, "dependencies") {
            let Some(to) = rooms.get(word(dependency, "name")) else { continue };
            arrows += 1;
            assert!(
                height(from) >= height(to) && *to != "tests",
                "{} ({from}) must not depend on {} ({to})",
                package["name"],
                dependency["name"]
            );
        }
    }
    assert!(arrows > 20, "{arrows}");
    // The log shares no code with what it audits.
    let log = list(&metadata, "packages").iter().find(|package| package["name"] == "tidegate-log").expect("tidegate-log");
    let own: Vec<&str> =
        list(log, "dependencies").iter().map(|dependency| word(dependency, "name")).filter(|name| rooms.contains_key(name)).collect();
    assert_eq!(own, ["tidegate-terms"]);
}

/// The packages that are compiled into `tidegate`, each with its features.
fn compiled(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"], "nodes").iter().map(|node| (word(node, "id"), node)).collect();
    let names: BTreeMap<&str, &str> =
        list(metadata, "packages").iter().map(|package| (word(package, "id"), word(package, "name"))).collect();
    let root = names.iter().find(|(_, name)| **name == "tidegate").expect("tidegate").0;
    let (mut found, mut open, mut seen) = (BTreeMap::new(), vec![*root], BTreeSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let features = list(nodes[id], "features").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        found.insert(names[id].to_owned(), features);
        for dependency in list(nodes[id], "deps") {
            let linked = list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null() && runs_here(&kind["target"]));
            if linked {
                open.push(word(dependency, "pkg"));
            }
        }
    }
    found
}

/// Dependencies for other systems than Linux are resolved too, but not compiled here.
fn runs_here(target: &Value) -> bool {
    target.as_str().is_none_or(|target| {
        !["windows", "wasm", "macos", "apple", "emscripten"].iter().any(|other| target.contains(other)) || target.contains("not(")
    })
}

#[test]
fn the_program_is_not_weakened_and_its_noise_is_secure() {
    let metadata = metadata();
    let compiled = compiled(&metadata);
    assert!(compiled.len() > 100, "{}", compiled.len());
    let weak = |name: &str| ["weak", "test", "insecure", "mock"].iter().any(|mark| name.contains(mark));
    for name in rooms(&metadata).keys().filter(|name| **name != "tidegate-tests") {
        let package = list(&metadata, "packages").iter().find(|package| package["name"] == **name).expect("package");
        let features: Vec<&String> = package["features"].as_object().expect("features").keys().filter(|feature| weak(feature)).collect();
        // One feature of one crate takes guards away, for tests/weakened; nothing in this workspace turns it on.
        let known: &[&str] = if *name == "tidegate-terms" { &["weakened"] } else { &[] };
        assert_eq!(features, known, "{name} has a feature that may weaken it");
    }
    assert_eq!(compiled["tidegate-terms"], BTreeSet::new(), "no guard of the product can be taken away");
    let opendp = &compiled["opendp"];
    assert!(opendp.contains("use-openssl"), "without it OpenDP's generator is not secure: {opendp:?}");
    assert!(compiled.contains_key("openssl"), "and it is really linked");
    assert!(!opendp.contains("polars") && !opendp.contains("honest-but-curious"), "{opendp:?}");
}

/// A clock that can be set would forge retention and slots: only the test program `keeper-elsewhere` calls for it.
#[test]
fn nothing_in_the_product_sets_the_clock() {
    let (mut found, mut read) = (Vec::new(), 0);
    let mut directories: Vec<_> = ["api", "runtime", "policies"].map(repository).to_vec();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                read += 1;
                let uses = fs::read_to_string(&path).expect("source").matches("shift_clock").count();
                if uses > 0 {
                    found.push((path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(), uses));
                }
            }
        }
    }
    found.sort();
    // Its definition with a mention above it, and its export.
    assert!(read > 100, "{read}");
    assert_eq!(found, [("instant.rs".to_owned(), 2), ("lib.rs".to_owned(), 1)]);
}

/// Asked of `cargo tree`: metadata also lists optional dependencies that no feature turns on.
fn tree(more: &[&str]) -> BTreeSet<String> {
    let fixed = ["tree", "--workspace", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--offline", "--manifest-path"];
    let output = cargo().args(fixed).arg(repository("Cargo.toml")).args(more).output().expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("text");
    tree.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).filter(|name| !name.is_empty()).collect()
}

/// Connections go out from one place; that a domain without witnesses connects to nobody is tested in `offline.rs`.
#[test]
fn only_the_room_of_http_can_connect() {
    let names = tree(&[]);
    assert!(names.contains("wasmtime") && names.contains("tidegate"), "{}", names.len());
    for client in ["attohttpc", "curl", "isahc", "minreq", "reqwest", "surf"] {
        assert!(!names.contains(client), "{client} is compiled");
    }
    let users: Vec<String> = tree(&["--invert", "ureq", "--depth", "1"]).into_iter().collect();
    assert_eq!(users, ["tidegate-http", "ureq"]);
}

#[test]
fn the_schema_of_manifests_is_published() {
    let path = repository("docs/manifest.schema.json");
    let mut made = serde_json::to_string_pretty(&Manifest::json_schema()).expect("JSON");
    made.push('\n');
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::write(&path, &made).expect("write the schema");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(published, made, "docs/manifest.schema.json is old: run the tests with UPDATE_SCHEMAS=1");
}

#[test]
fn the_schemas_of_products_are_published() {
    for (file, schema) in
        [("product-application", tidegate_product::Application::json_schema()), ("product-predicate", tidegate_product::facts_schema())]
    {
        let path = repository(&format!("docs/{file}.schema.json"));
        let made = format!("{}\n", serde_json::to_string_pretty(&schema).expect("JSON"));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::write(&path, &made).expect("write the schema");
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(published, made, "docs/{file}.schema.json is old: run the tests with UPDATE_SCHEMAS=1");
    }
}

/// The calls of `tidegate` in the shell blocks of a text, each as its words.
fn calls(text: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    let (mut inside, mut line) = (false, String::new());
    for part in text.lines() {
        if part.starts_with("```") {
            inside = part == "```sh";
            continue;
        }
        if !inside {
            continue;
        }
        line.push_str(part.trim_end_matches('\\'));
        if part.ends_with('\\') {
            continue;
        }
        let command = line.split(" #").next().unwrap_or_default().trim().to_owned();
        line.clear();
        if command.starts_with("tidegate ") {
            // Only the shape counts here; CI runs the tour itself.
            let dated = command.replace("\"$(date -d '+1 year' +%F)\"", "2027-01-01");
            calls.push(dated.split_whitespace().skip(1).map(str::to_owned).collect());
        }
    }
    calls
}

#[test]
fn the_commands_of_the_readmes_are_commands() {
    let mut tours = Vec::new();
    for readme in ["README.md", "README.zh.md"] {
        let calls = calls(&fs::read_to_string(repository(readme)).expect("README"));
        assert!(calls.len() >= 14, "{readme}: {}", calls.len());
        for call in &calls {
            let said = tidegate(&[call.as_slice(), &["--help".to_owned()]].concat());
            assert_eq!(said.code, Some(0), "{readme}: tidegate {}: {}", call.join(" "), said.err);
        }
        tours.push(calls);
    }
    assert_eq!(tours[0], tours[1], "both languages show the same tour");
    assert_eq!(tidegate(&["run", "--epsilonn", "1", "--help"]).code, Some(2), "an unknown option is found this way");
}

#[test]
fn the_sample_models_are_what_their_sources_make() {
    let output = Command::new(repository("sample-models/check-rebuild")).output().expect("check-rebuild");
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(77) => println!("SKIPPED: {said}"),
        code => assert_eq!(code, Some(0), "{said}"),
    }
}
