//! Packages that were changed, mixed, or forged by those who hold the keys: each refused, and named for what it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tidegate_log::{Checkpoint, Note, WitnessSigner};
use tidegate_product::{Demands, Files, PackageError, read_package, tar_bytes, verify};
use tidegate_terms::Message as _;
use tidegate_tests::domain::text;
use tidegate_tests::products::{RECIPIENT, Shop, failed};

fn code(files: &Files, vkey: &str) -> Result<(), String> {
    let verified = verify(files, &Demands { vkey, ..Demands::default() });
    verified.map(drop).map_err(|error: PackageError| error.code())
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

// clause: G29 refused
#[test]
fn no_bit_of_any_file_is_free() {
    let shop = Shop::open();
    let (_, package) = shop.delivered("package");
    let files = read_package(&package).expect("package");
    assert_eq!(code(&files, &shop.vkey), Ok(()));
    let mut flips = 0;
    for (path, bytes) in &files {
        // Evenly over the file, and every bit of the short ones that nothing else covers.
        let bits = bytes.len() * 8;
        let delivery = path.starts_with("log/delivery.") || path.starts_with("statement.");
        let step = (bits / if delivery { 400 } else { 12 }).max(1);
        for bit in (0..bits).step_by(step) {
            let mut changed = files.clone();
            changed.get_mut(path).expect("file")[bit / 8] ^= 1 << (bit % 8);
            assert!(code(&changed, &shop.vkey).is_err(), "bit {bit} of {path}");
            flips += 1;
        }
    }
    assert!(flips > 1_500, "{flips}");
    for path in files.keys() {
        let mut less = files.clone();
        less.remove(path);
        assert_eq!(code(&less, &shop.vkey), Err("package.missing".into()), "{path}");
    }
    for extra in ["note.txt", "data/more.csv", "log/more.entry"] {
        let mut more = files.clone();
        more.insert(extra.into(), b"more".to_vec());
        assert_eq!(code(&more, &shop.vkey), Err("package.extra".into()), "{extra}");
    }
}

#[test]
fn archives_and_directories_with_tricks_are_refused() {
    let shop = Shop::open();
    let (_, package) = shop.delivered("package.tar");
    let bytes = fs::read(&package).expect("archive");
    let refused = |name: &str, bytes: &[u8], exit: i32, code: &str| {
        let file = shop.domain.write(name, bytes);
        failed(&shop.verify(&file, &[]), exit, code);
    };
    refused("longer.tar", &[bytes.as_slice(), &[0; 1024]].concat(), 3, "package.archive-form");
    refused("cut.tar", &bytes[..bytes.len() / 2 + 100], 2, "package.archive");
    refused("empty.tar", &[], 3, "package.archive-form");
    // The first header names the first file; its kind and path are changed with a right checksum.
    let header = |change: &dyn Fn(&mut [u8])| {
        let mut changed = bytes.clone();
        change(&mut changed[..512]);
        changed[148..156].fill(b' ');
        let sum: u32 = changed[..512].iter().map(|byte| u32::from(*byte)).sum();
        changed[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        changed
    };
    let named = |name: &'static str| {
        header(&move |head: &mut [u8]| {
            head[..100].fill(0);
            head[..name.len()].copy_from_slice(name.as_bytes());
        })
    };
    for (at, name) in ["/etc/passwd", "../outside", "data/../../outside", "data/a/b", "other/a", "a\\b", "."].into_iter().enumerate() {
        refused(&format!("path{at}.tar"), &named(name), 2, "package.path");
    }
    refused("case.tar", &named("INDEX.html"), 2, "package.twice");
    refused("double.tar", &named("index.html"), 2, "package.twice");
    for (at, kind) in [b'1', b'2', b'3', b'4', b'6', b'L', b'x', b'g'].into_iter().enumerate() {
        refused(&format!("kind{at}.tar"), &header(&|head: &mut [u8]| head[156] = kind), 2, "package.path");
    }
    refused("owner.tar", &header(&|head: &mut [u8]| head[110] = b'7'), 3, "package.archive-form");
    let files = read_package(&package).expect("package");
    let directory = shop.domain.beside("unpacked");
    unpack(&files, &directory);
    assert_eq!(shop.verify(&directory, &[]).code, Some(0));
    std::os::unix::fs::symlink("index.html", directory.join("link.html")).expect("link");
    failed(&shop.verify(&directory, &[]), 2, "package.path");
    fs::remove_file(directory.join("link.html")).expect("remove");
    fs::write(directory.join("index.HTML"), "x").expect("write");
    failed(&shop.verify(&directory, &[]), 2, "package.twice");
}

fn unpack(files: &Files, to: &Path) {
    for (path, bytes) in files {
        let path = to.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(path, bytes).expect("write");
    }
}

// clause: G29 refused
#[test]
fn parts_of_another_package_are_named() {
    let shop = Shop::open();
    let (product, package) = shop.delivered("first");
    shop.deliver(&product, RECIPIENT, "second").json();
    let (first, second) = (read_package(&package).expect("first"), read_package(&shop.domain.beside("second")).expect("second"));
    let mixed = |names: &[&str]| {
        let mut files = first.clone();
        names.iter().for_each(|name| drop(files.insert((*name).into(), second[*name].clone())));
        code(&files, &shop.vkey).expect_err("mixed")
    };
    assert_eq!(mixed(&["statement.json"]), "package.statement-differs");
    assert_eq!(mixed(&["statement.ed25519.dsse.json"]), "package.statement-differs");
    let statement = ["statement.json", "statement.ed25519.dsse.json", "statement.p256.dsse.json"];
    assert_eq!(mixed(&statement), "package.changed", "a statement for other files");
    assert_eq!(mixed(&["log/delivery.entry", "log/delivery.salt", "log/delivery.tlog-proof"]), "package.other-entry");
    assert_eq!(mixed(&["log/delivery.entry"]), "proof.not-included");
    assert_eq!(mixed(&["log/delivery.salt"]), "package.opening");
    let mut swapped = first.clone();
    swapped.insert("statement.p256.dsse.json".into(), first["statement.ed25519.dsse.json"].clone());
    assert_eq!(code(&swapped, &shop.vkey), Err("package.unknown-key".into()));
    let mut keys = first.clone();
    for part in ["entry", "tlog-proof"] {
        keys.insert(format!("log/keys.{part}"), first[&format!("log/application.{part}")].clone());
    }
    assert_eq!(code(&keys, &shop.vkey), Err("package.other-entry".into()));
    // Of another domain altogether.
    let stranger = Shop::open();
    assert_eq!(code(&first, &stranger.vkey), Err("note.unsigned".into()));
    assert_eq!(code(&first, "no key"), Err("package.key".into()));
}

/// Signs a package again after a change, as somebody can who holds the domain's keys of packages.
fn sign_again(domain: &Path, files: &Files, change: impl Fn(&mut Value)) -> Files {
    let mut files = files.clone();
    let mut statement: Value = serde_json::from_slice(&files["statement.json"]).expect("statement");
    change(&mut statement);
    // SHA256SUMS first: the statement covers it.
    let covered: Vec<String> =
        files.keys().filter(|path| !path.starts_with("statement.") && !path.starts_with("log/delivery.")).cloned().collect();
    let lines = covered.iter().filter(|path| *path != "SHA256SUMS").map(|path| format!("{}  {path}\n", hex(&files[path])));
    let sums: String = lines.collect();
    files.insert("SHA256SUMS".into(), sums.into_bytes());
    // In the one order that the form has, which a map does not keep.
    let subject: Vec<String> =
        covered.iter().map(|path| format!("{{\"name\":\"{path}\",\"digest\":{{\"sha256\":\"{}\"}}}}", hex(&files[path]))).collect();
    let original = String::from_utf8(files["statement.json"].clone()).expect("text");
    let predicate = match statement.get("forged").and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None => original.split_once("\"predicate\":").expect("predicate").1.trim_end_matches('}').to_owned(),
    };
    let closing = "}".repeat(predicate.matches('{').count() - predicate.matches('}').count() + 1);
    let text = format!(
        "{{\"_type\":{},\"subject\":[{}],\"predicateType\":{},\"predicate\":{predicate}{closing}",
        statement["_type"],
        subject.join(","),
        statement["predicateType"]
    );
    let payload = text.into_bytes();
    let kind = "application/vnd.in-toto+json";
    let message = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), &payload].concat();
    let key = |name: &str| fs::read(domain.join("keys").join(name)).expect("key");
    let ed25519 = Ed25519KeyPair::from_pkcs8(&key("product.ed25519.pk8")).expect("key");
    let random = SystemRandom::new();
    let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key("product.p256.pk8"), &random).expect("key");
    let signatures =
        [("ed25519", ed25519.sign(&message).as_ref().to_vec()), ("p256", p256.sign(&random, &message).expect("sign").as_ref().to_vec())];
    for (name, signature) in signatures {
        let path = format!("statement.{name}.dsse.json");
        let old: Value = serde_json::from_slice(&files[&path]).expect("envelope");
        let envelope = format!(
            "{{\"payload\":\"{}\",\"payloadType\":\"{kind}\",\"signatures\":[{{\"keyid\":{},\"sig\":\"{}\"}}]}}\n",
            BASE64.encode(&payload),
            old["signatures"][0]["keyid"],
            BASE64.encode(&signature)
        );
        files.insert(path, envelope.into_bytes());
    }
    files.insert("statement.json".into(), payload);
    files
}

/// Who holds the keys of packages cannot deliver what the gate did not release.
// clause: E6, G31 refused
#[test]
fn signed_lies_are_found() {
    let shop = Shop::open();
    let (_, package) = shop.delivered("package");
    let files = read_package(&package).expect("package");
    let domain = shop.domain.directory();
    let forged = |change: &dyn Fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        code(&sign_again(domain, &files, |_| {}), &shop.vkey)
    };
    // Unchanged, only the delivery's commitment to the statement could differ, and it does not: the same bytes.
    assert_eq!(forged(&|_| {}), Ok(()), "signing again changes nothing but the signature");
    let csv = files.keys().find(|path| path.ends_with(".csv")).expect("a table").clone();
    let parquet = files.keys().find(|path| path.ends_with(".parquet")).expect("a table").clone();
    let release = format!("log/{}-1.json", shop.run);
    let edit = |path: &str, from: &'static str, to: &'static str| {
        let path = path.to_owned();
        move |files: &mut Files| {
            let text = String::from_utf8(files[&path].clone()).expect("text");
            assert!(text.contains(from), "{from} in {path}");
            files.insert(path.clone(), text.replacen(from, to, 1).into_bytes());
        }
    };
    assert_eq!(forged(&edit(&csv, "group,", "group,1")), Err("package.not-derived".into()));
    assert_eq!(forged(&edit("privacy.json", "\"epsilon\"", "\"epsilom\"")), Err("package.not-derived".into()));
    assert_eq!(forged(&edit("index.html", "<h1>", "<h1>!")), Err("package.not-derived".into()));
    assert_eq!(forged(&|files: &mut Files| drop(files.insert(parquet.clone(), b"PAR1".to_vec()))), Err("package.not-derived".into()));
    assert_eq!(
        forged(&|files: &mut Files| drop(files.insert("data/invented.csv".into(), b"1".to_vec()))),
        Err("package.not-derived".into())
    );
    assert_eq!(forged(&edit(&release, "\"run\"", "\"rum\"")), Err("package.opening".into()));
    assert_eq!(forged(&edit("log/application.json", "高费用人年", "低费用人年")), Err("package.opening".into()));
    let lie = |from: &'static str, to: &'static str| {
        let original = String::from_utf8(files["statement.json"].clone()).expect("text");
        let predicate = original.split_once("\"predicate\":").expect("predicate").1.trim_end_matches('}').to_owned();
        assert!(predicate.contains(from), "{from}");
        let predicate = predicate.replacen(from, to, 1);
        code(&sign_again(domain, &files, |statement| statement["forged"] = predicate.clone().into()), &shop.vkey)
    };
    assert_eq!(lie("\"acquired\":\"2026-11-21\"", "\"acquired\":\"2026-11-22\""), Err("package.contradicts".into()));
    assert_eq!(lie("\"mechanism\":\"gaussian\"", "\"mechanism\":\"laplace\""), Err("package.contradicts".into()));
    assert_eq!(lie("\"fen\":0", "\"fen\":1"), Err("package.contradicts".into()));
    assert_eq!(lie("\"format\":1", "\"format\":2"), Err("package.newer".into()));
    assert_eq!(lie("DP-230500-1", "DP-230500-2"), Err("package.contradicts".into()));
    assert_eq!(lie("\"position\":", "\"position\":1"), Err("package.contradicts".into()));
    assert_eq!(lie("\"application\":{", "\"Application\":{"), Err("package.statement".into()));
    // What only the page shows convicts it too.
    assert_eq!(lie("\"exchange\":\"Harbin", "\"exchange\":\"Urumqi"), Err("package.not-derived".into()));
}

#[test]
fn witnesses_are_counted_and_their_forgeries_seen() {
    let shop = Shop::open();
    let product = shop.coded(&shop.application(|text| text));
    shop.acknowledge(&product).json();
    shop.ask(&["keys"]).json();
    // A witness signs the present checkpoint, and the packages made from it carry that.
    let (witness, _) = WitnessSigner::generate("witness.example").expect("key");
    let (absent, _) = WitnessSigner::generate("absent.example").expect("key");
    let path = shop.domain.directory().join("log/checkpoint");
    let checkpoint = fs::read_to_string(&path).expect("checkpoint");
    let text_of = Note::parse(checkpoint.as_bytes()).expect("note").unverified_text().to_owned();
    assert!(Checkpoint::parse(&text_of).is_ok());
    fs::write(&path, format!("{checkpoint}{}", witness.cosign(&text_of, 1_800_000_000))).expect("write");
    shop.deliver(&product, RECIPIENT, "package.tar").json();
    let package = shop.domain.beside("package.tar");
    let (known, unknown) = (witness.witness().to_string(), absent.witness().to_string());
    let seen = shop.verify(&package, &["--witness", &known]).json();
    assert_eq!(seen["witnesses"][0]["witness"], "witness.example", "{seen}");
    shop.verify(&package, &["--witness", &known, "--witness", &unknown, "--quorum", "1"]).json();
    failed(&shop.verify(&package, &["--witness", &known, "--witness", &unknown]), 4, "package.quorum");
    failed(&shop.verify(&package, &["--witness", &unknown]), 4, "package.quorum");
    failed(&shop.verify(&package, &["--quorum", "1"]), 4, "package.quorum");
    failed(&shop.verify(&package, &["--witness", "nonsense"]), 2, "package.witness-key");
    let mut files = read_package(&package).expect("package");
    let proof = String::from_utf8(files["log/keys.tlog-proof"].clone()).expect("text");
    let line = proof.lines().find(|line| line.contains("witness.example")).expect("a cosignature");
    let mut letters: Vec<char> = line.chars().collect();
    let at = letters.len() - 20;
    letters[at] = if letters[at] == 'A' { 'B' } else { 'A' };
    let forged: String = letters.into_iter().collect();
    files.insert("log/keys.tlog-proof".into(), proof.replace(line, &forged).into_bytes());
    let file = shop.domain.write("forged.tar", tar_bytes(&files).expect("archive"));
    failed(&shop.verify(&file, &["--witness", &known]), 3, "package.witness-forged");
    assert!(!text(&file).is_empty());
}
