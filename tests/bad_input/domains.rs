//! Domains that cannot be opened or written: another format, another process, a full disk, a damaged file.

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tidegate_tests::domain::{Domain, IMMEDIATELY, place, question, rand_hie_schema, text};
use tidegate_tests::processes::children;
use tidegate_tests::program::{Said, command, repository, tidegate};
use tidegate_tests::unchanged::listing;

const QUESTIONS: [&[&str]; 3] = [&["dataset", "list"], &["grant", "list"], &["budget", "show", "rand-hie"]];

#[track_caller]
fn refuses_everything(domain: &Domain, code: &str) {
    let before = listing(domain.directory());
    for arguments in QUESTIONS {
        domain.ask(arguments).refused(code);
    }
    domain.run("expensive-years", "0.1", &[]).refused(code);
    assert_eq!(listing(domain.directory()), before, "{code} left something behind");
}

#[test]
fn a_recovery_where_there_are_no_accounts_leaves_no_file() {
    let domain = Domain::empty();
    let tokens = domain.beside("tokens");
    fs::create_dir(&tokens).expect("directory");
    let recover = ["govern", "recover", "--account", "a0", "--reason", "x", "--tokens", text(&tokens)];
    domain.ask(&recover).refused("recovery.not-governed");
    assert_eq!(fs::read_dir(&tokens).expect("directory").count(), 0);
}

#[test]
fn a_domain_of_another_version() {
    let domain = Domain::empty();
    let header = domain.directory().join("domain.json");
    let good = fs::read_to_string(&header).expect("header");
    for (from, to, code) in [
        ("\"format\": 1", "\"format\": 2", "domain.format"),
        ("\"format\": 1", "\"format\": \"1\"", "domain.format"),
        ("{", "", "domain.format"),
    ] {
        assert!(good.contains(from));
        fs::write(&header, good.replacen(from, to, 1)).expect("write");
        refuses_everything(&domain, code);
    }
    fs::write(&header, &good).expect("write");
    domain.ask(&["dataset", "list"]).json();
    // Tables of another version: SQLite keeps `user_version` at offset 60, big-endian.
    let database = domain.directory().join("state.sqlite");
    let mut bytes = fs::read(&database).expect("database");
    let version = u32::from_be_bytes(bytes[60..64].try_into().expect("four bytes"));
    bytes[60..64].copy_from_slice(&(version + 1).to_be_bytes());
    fs::write(&database, &bytes).expect("write");
    refuses_everything(&domain, "store.version");
    fs::write(&database, "not a database at all, but long enough to look at").expect("write");
    assert!(domain.ask(&["dataset", "list"]).refusal().code.starts_with("store."));
}

#[test]
fn a_domain_without_its_parts() {
    for (part, code) in
        [("domain.json", "domain.missing"), ("keys/log.pk8", "domain.files"), ("keys/unit.key", "domain.files"), ("lock", "domain.files")]
    {
        let domain = Domain::empty();
        fs::remove_file(domain.directory().join(part)).expect("remove");
        refuses_everything(&domain, code);
    }
    let domain = Domain::empty();
    fs::write(domain.directory().join("keys/log.pk8"), "short").expect("write");
    refuses_everything(&domain, "domain.keys");
}

#[test]
fn a_domain_that_another_process_holds() {
    let domain = Domain::with_rand_hie(&IMMEDIATELY.replace("immediately", "at_slot"));
    let held = File::open(domain.directory().join("lock")).expect("lock file");
    held.lock().expect("lock");
    refuses_everything(&domain, "domain.locked");
    drop(held);
    // Two keepers: the first waits for its slot, the second is refused, the first ends as if alone.
    domain.grant("person-years.meddol", "4");
    domain.upload_samples(&["expensive-years"]);
    let arguments = question("run", "expensive-years", "0.5", &["--json", "--domain", text(domain.directory())]);
    let first = command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start");
    let deadline = Instant::now() + Duration::from_secs(20);
    while children(first.id(), "keeper").first().is_none_or(|keeper| children(*keeper, "worker").is_empty()) {
        assert!(Instant::now() < deadline, "the run begins");
        std::thread::sleep(Duration::from_millis(1));
    }
    domain.ask(&["dataset", "list"]).refused("domain.locked");
    domain.run("expensive-years", "0.5", &[]).refused("domain.locked");
    let release = Said::of(first.wait_with_output().expect("wait")).json();
    assert_eq!(release["stored"], false);
    assert_eq!(domain.account()["lines"].as_array().map(Vec::len), Some(1));
    domain.audit();
}

#[test]
fn places_where_no_domain_can_be_made() {
    let place = place();
    let ask = |directory: &str, origin: &str| tidegate(&["init", "--json", "--domain", directory, "--origin", origin]);
    let inside = |name: &str| text(&place.path().join(name)).to_owned();
    fs::write(place.path().join("file"), "").expect("write");
    let before = listing(place.path());
    ask(&inside("file"), "a.example/b").refused("domain.exists");
    ask(text(place.path()), "a.example/b").refused("domain.exists");
    ask(&inside("none/domain"), "a.example/b").refused("domain.files");
    ask(&inside("file/domain"), "a.example/b").refused("domain.files");
    for origin in ["", "two words", "plus+sign", "new\nline"] {
        ask(&inside("new"), origin).refused("domain.origin");
    }
    assert_eq!(listing(place.path()), before);
    tidegate(&["dataset", "list", "--json", "--domain", &inside("nowhere")]).refused("domain.missing");
}

/// A small file system in memory, if this process may mount one.
struct Disk {
    at: PathBuf,
    _place: tempfile::TempDir,
}

impl Disk {
    fn of(size: &str) -> Option<Self> {
        let place = place();
        let at = place.path().join("disk");
        fs::create_dir(&at).expect("mount point");
        let options = std::ffi::CString::new(format!("size={size}")).expect("options");
        match mount("tmpfs", &at, "tmpfs", MountFlags::empty(), Some(options.as_c_str())) {
            Ok(()) => Some(Self { at, _place: place }),
            Err(error) => {
                println!("SKIPPED: no small disk can be mounted here ({error})");
                None
            }
        }
    }

    /// Fills it to the last byte; the file that does so can be removed again.
    fn fill(&self) -> PathBuf {
        let ballast = self.at.join("ballast");
        let mut file = File::create(&ballast).expect("ballast");
        for block in [vec![0u8; 1 << 16], vec![0; 1]] {
            while std::io::Write::write(&mut file, &block).is_ok_and(|written| written > 0) {}
        }
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = unmount(&self.at, UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk() {
    let Some(disk) = Disk::of("12m") else { return };
    let inside = tempfile::Builder::new().prefix("domain-").tempdir_in(&disk.at).expect("directory");
    let ballast = disk.fill();
    let before = listing(inside.path());
    let new = inside.path().join("new");
    let refusal = tidegate(&["init", "--json", "--domain", text(&new), "--origin", "a.example/b"]).refusal();
    assert!(["domain.disk-full", "store.full"].contains(&refusal.code.as_str()), "{}: {}", refusal.code, refusal.en);
    assert_eq!(listing(inside.path()), before, "init left something behind");
    fs::remove_file(ballast).expect("free the disk");

    // An import that does not fit.
    let domain = Domain::under(inside);
    let big = place();
    let data = fs::read_to_string(repository("sample-models/datasets/rand-hie/rand_hie.csv")).expect("data");
    let (head, rows) = data.split_once('\n').expect("header");
    let many: String = (0..8).map(|copy| rows.replace(",125", &format!(",{copy}25"))).collect();
    fs::write(big.path().join("big.csv"), format!("{head}\n{many}")).expect("write");
    let ballast = disk.fill();
    fs::OpenOptions::new().write(true).open(&ballast).and_then(|file| file.set_len(9 << 20)).expect("leave a little room");
    let before = listing(domain.directory());
    let schema =
        rand_hie_schema().replace("units_max = 6000", "units_max = 60000").replace("rows_per_unit_max = 5", "rows_per_unit_max = 100");
    let policy = IMMEDIATELY;
    let (schema_file, policy_file) = (big.path().join("schema.toml"), big.path().join("policy.toml"));
    fs::write(&schema_file, schema).and_then(|()| fs::write(&policy_file, policy)).expect("write");
    let csv = big.path().join("big.csv");
    let add = ["dataset", "add", "big", "--schema", text(&schema_file), "--policy", text(&policy_file), "--data", text(&csv)];
    domain.ask(&add).refused("import.disk-full");
    assert_eq!(listing(domain.directory()), before, "the import left something behind");
    fs::remove_file(ballast).expect("free the disk");

    // A charge that cannot be made durable is no charge, and nothing runs.
    domain.mount_rand_hie(IMMEDIATELY);
    domain.key("operator.key");
    domain.grant("person-years.meddol", "4");
    domain.upload_samples(&["expensive-years"]);
    let ballast = disk.fill();
    let mut refused = 0;
    for at in 0..40 {
        // Room in the database's own files may be left for a few entries.
        let said = domain.run("expensive-years", &format!("0.0{}", at + 10), &[]);
        if said.code != Some(0) {
            let refusal = said.refusal();
            let full = ["store.full", "domain.disk-full", "file.unreadable", "run.held"].contains(&refusal.code.as_str());
            assert!(full, "{}: {}", refusal.code, refusal.en);
            refused += 1;
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "a full disk stops runs");
    fs::remove_file(ballast).expect("free the disk");
    // With room again everything goes on, and the account is that of the log.
    domain.run("expensive-years", "0.5", &[]).json();
    let (account, audit) = (domain.account(), domain.audit());
    assert_eq!(audit["lineages"]["rand-hie"]["spent"].as_u64(), Some(tidegate_tests::domain::units(&account["spent"])));
    assert_eq!(audit["runs"].as_u64().map(|runs| runs as usize), account["lines"].as_array().map(Vec::len));
}
