//! Where the corpus begins: artefacts of a domain that `tidegate demo` left, and what the samples declare.
//!
//! `UPDATE_CORPUS=DOMAIN` writes them (the domain of `tidegate demo --keep DOMAIN`); what fuzzing found since stays. Seeds
//! are real, so that a fuzzer starts behind the first checks and not before them.

use std::fs;
use std::path::{Path, PathBuf};
use tidegate_fuzz::fixtures::{SAMPLES, Sample};
use tidegate_log::{Checkpoint, Signer, decode_bundle, encode_bundle, encode_hashes, leaf_hash, prove};
use tidegate_product::{read_package, tar_bytes};

/// Writes base and seeds from a domain.
pub fn update(domain: &Path) {
    let log = domain.join("log");
    let entries = entries(&log);
    let lines: Vec<&str> = entries.iter().map(|entry| std::str::from_utf8(entry).expect("an entry")).collect();
    let package = read_package(&domain.join("demo-product")).expect("the package of the demonstration");
    let vkey = fs::read_to_string(log.join("vkey")).expect("the log's key");
    base("entries", format!("{}\n", lines.join("\n")).as_bytes());
    base("package.tar", &tar_bytes(&package).expect("an archive"));
    base("package.vkey", vkey.trim().as_bytes());

    let file = |path: &str| package.get(path).unwrap_or_else(|| panic!("no {path}")).clone();
    let one = |suffix: &str| {
        let found = package.iter().find(|(path, _)| path.starts_with("log/r") && path.ends_with(suffix));
        found.unwrap_or_else(|| panic!("no {suffix}")).1.clone()
    };
    let (statement, release) = (file("statement.json"), one(".json"));
    seed("package", "statement", &[&[2], statement.as_slice(), b"\n", &release].concat());
    for (number, damage) in [[3, 0, 10, 0, 1], [9, 1, 4, 0, 0], [12, 2, 0, 0, 0], [5, 3, 0, 0, 6], [7, 4, 1, 0, 0]].iter().enumerate() {
        seed("package", &format!("damage-{number}"), &[&[1], damage.as_slice()].concat());
    }
    let small: tidegate_product::Files = package.clone().into_iter().filter(|(path, _)| path.starts_with("keys/")).collect();
    seed("package", "archive", &[&[0], tar_bytes(&small).expect("an archive").as_slice()].concat());
    seed("package", "empty-archive", &[&[0], tar_bytes(&tidegate_product::Files::new()).expect("an archive").as_slice()].concat());

    for count in [1, 4, 12, lines.len()] {
        seed("history", &format!("first-{count}"), &[&[0], lines[..count].join("\n").as_bytes()].concat());
    }
    for (number, damage) in [[0, 3, 0, 1], [1, 40, 0, 1], [2, 9, 0, 255], [1, 0, 1, 0], [0, 100, 0, 7]].iter().enumerate() {
        seed("history", &format!("damage-{number}"), &[&[1], damage.as_slice()].concat());
    }
    log_files(&log, &entries, vkey.trim());
    declarations(&file("log/application.json"), &file("statement.ed25519.dsse.json"));
    pipes();
    modules();
}

fn entries(log: &Path) -> Vec<Vec<u8>> {
    let head = fs::read(log.join("checkpoint")).expect("a checkpoint");
    let text = String::from_utf8_lossy(&head).into_owned();
    let size: u16 = text.lines().nth(1).and_then(|line| line.parse().ok()).expect("fewer than 256 entries");
    let bundle = fs::read(log.join(format!("tile/entries/000.p/{size}"))).expect("the bundle");
    decode_bundle(&bundle, size).expect("a bundle").into_iter().map(<[u8]>::to_vec).collect()
}

fn log_files(log: &Path, entries: &[Vec<u8>], vkey: &str) {
    let mut kinds = Vec::new();
    for entry in entries {
        let value: serde_json::Value = serde_json::from_slice(entry).expect("an entry");
        let kind = value["type"].as_str().expect("its type").to_owned();
        if !kinds.contains(&kind) {
            seed("log", &format!("entry-{kind}"), &[&[0], entry.as_slice()].concat());
            kinds.push(kind);
        }
    }
    let note = fs::read(log.join("checkpoint")).expect("a checkpoint");
    let text = String::from_utf8_lossy(&note).into_owned();
    let verifier = tidegate_log::Verifier::parse(vkey).expect("the log's key");
    let proof = prove(log, &verifier, 3).expect("a proof").to_string();
    let head = text.split_once("\n\n").expect("a note").0;
    seed("log", "bundle", &[&[1], encode_bundle(&entries[..3]).expect("a bundle").as_slice()].concat());
    seed("log", "tile", &[&[1], encode_hashes(&[leaf_hash(b"a"), leaf_hash(b"b")]).as_slice()].concat());
    seed("log", "path", b"\x02tile/0/x001/234.p/7");
    seed("log", "note", &[&[3], note.as_slice()].concat());
    seed("log", "checkpoint", format!("\x04{head}\n").as_bytes());
    seed("log", "proof", format!("\x05{proof}").as_bytes());
    seed("log", "submission", format!("\x06old 3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n{text}").as_bytes());
    let signer = Signer::from_seed("fuzz.example/log", &[7; 32]).expect("a key");
    let signed = |byte: u8| {
        let head = Checkpoint { origin: signer.name().to_owned(), size: 3, root: tidegate_terms::Digest([byte; 32]), extensions: vec![] };
        head.sign(&signer).expect("sign")
    };
    let other = Signer::from_seed("fuzz.example/log", &[8; 32]).expect("a key");
    let forked = tidegate_log::ForkEvidence::of_one_size(&signed(1), &signed(2), signer.verifier()).expect("two heads").expect("a fork");
    let unsigned = forked.text().replace(&signer.verifier().to_string(), &other.verifier().to_string());
    let unsigned = unsigned.replace("\"size\": 3", "\"size\": 4");
    // Signed by a key that the target knows, it would verify; so its signatures are cut.
    seed("log", "evidence", format!("\x07{}", unsigned.replace("— fuzz", "— muzz")).as_bytes());
    seed("log", "key", format!("\x09{vkey}").as_bytes());
    seed("log", "hashes", &[&[11], [3_u64.to_le_bytes(), 7_u64.to_le_bytes()].concat().as_slice(), &[5; 96]].concat());
}

fn declarations(application: &[u8], envelope: &[u8]) {
    for (number, (manifest, schema)) in SAMPLES.iter().enumerate() {
        seed("declarations", &format!("manifest-{number}"), format!("\0{manifest}").as_bytes());
        seed("declarations", &format!("schema-{number}"), format!("\x01{schema}").as_bytes());
    }
    let policy = "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"\nwalls = [\"seccomp\"]\n\
        period = { days = 30, epsilon = 1.0 }\n";
    seed("declarations", "policy", format!("\x02{policy}").as_bytes());
    seed("declarations", "rules", b"\x03contributors_min = 10\np_percent = 10\ndominance = [{ n = 1, k_percent = 75 }]\nrounding = 5\n");
    let digest = "0".repeat(64);
    let seal = format!(
        "{{\"algorithm\":\"ed25519\",\"component\":\"{digest}\",\"manifest\":\"{digest}\",\"key\":\"AAAA\",\"signature\":\"AAAA\"}}"
    );
    seed("declarations", "seal", format!("\x04{seal}").as_bytes());
    seed("declarations", "application", &[&[5], application].concat());
    seed("declarations", "envelope", &[&[6], envelope].concat());
    for (name, text) in
        [("citizen", "11010519491231002X"), ("old-citizen", "110105491231002"), ("credit", "91350100M000100Y43"), ("integer", "+007")]
    {
        seed("declarations", name, format!("\x07{text}").as_bytes());
    }
}

fn pipes() {
    let frame =
        |head: &str, body: &[u8]| [&(head.len() as u64).to_le_bytes(), &(body.len() as u64).to_le_bytes(), head.as_bytes(), body].concat();
    for number in 0..SAMPLES.len() as u8 {
        let Sample { manifest, schema, layout } = Sample::numbered(usize::from(number));
        let zeros = layout.encode_sums(&layout.empty_sums(), 1);
        if zeros.len() <= 4_000 {
            seed("worker", &format!("sums-{number}"), &[&[number, 0, 0], zeros.as_slice()].concat());
        }
        let head = "{\"Totals\":{\"task\":{\"Units\":{\"shard\":0,\"from\":0,\"count\":1}}}}";
        seed("worker", &format!("totals-{number}"), &[&[number, 1, 0], frame(head, &zeros).as_slice()].concat());
        seed(
            "worker",
            &format!("fault-{number}"),
            &[&[number, 1, 0], frame("{\"HostFault\":{\"detail\":\"x\"}}", &[]).as_slice()].concat(),
        );
        if number % 2 == 1 {
            let orders = tidegate_engine::fuzzing::seeds(&manifest, &schema);
            seed("worker", &format!("orders-{number}"), &[&[number, 2, 0], orders.as_slice()].concat());
        }
    }
    for (name, text) in [
        ("again", "{\"Concluded\":{\"Again\":[1.0,2.5]}}"),
        ("done", "{\"Concluded\":{\"Done\":[{\"name\":\"auc\",\"value\":0.5}]}}"),
        ("failed", "{\"Concluded\":{\"Failed\":\"trapped\"}}"),
        ("fault", "{\"HostFault\":{\"detail\":\"x\"}}"),
    ] {
        seed("answers", name, &[&[0], frame(text, &[]).as_slice()].concat());
    }
    seed("answers", "noised", &[&[2, 2], frame("\"Noised\"", &[1; 32]).as_slice()].concat());
    seed("answers", "noise-failed", &[&[2, 2], frame("{\"Failed\":{\"detail\":\"x\"}}", &[]).as_slice()].concat());
    // One list of one key, one part of two narrow answers; and a wide one.
    let length = |length: u64| length.to_le_bytes();
    let kept = [&[8], length(1).as_slice(), &length(1), &length(1), b"k", &length(1), &length(2), &[3; 16]].concat();
    seed("answers", "kept", &[&[3], kept.as_slice()].concat());
    let wide = [&[16], length(0).as_slice(), &length(1), &length(1), &i128::MAX.to_le_bytes()].concat();
    seed("answers", "kept-wide", &[&[3], wide.as_slice()].concat());
}

/// Modules of readable text, assembled.
fn modules() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts =
        vec![repository.join("tests/conformance/sums-last-table.wat"), repository.join("api/cli/src/commands/bench/hostile/module.wat")];
    let bad = fs::read_dir(repository.join("sample-models/bad")).expect("bad models");
    texts.extend(bad.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|end| end == "wat")));
    for path in texts {
        if let Ok(bytes) = wat::parse_file(&path) {
            seed("upload", &path.file_stem().expect("a name").to_string_lossy(), &bytes);
        }
    }
}

fn base(name: &str, bytes: &[u8]) {
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("base").join(name), bytes).expect("write a base file");
}

fn seed(target: &str, name: &str, bytes: &[u8]) {
    let directory: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&directory).expect("make a directory");
    fs::write(directory.join(format!("seed-{name}")), bytes).expect("write a seed");
}
