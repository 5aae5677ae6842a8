//! The second wall, tried from inside (attack A27), and policies that demand it; what servers can reach; what children
//! inherit.

use serde_json::Value;
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tidegate_engine::read_frame;
use tidegate_service::children::Programs;
use tidegate_tests::domain::{Domain, IMMEDIATELY, place, text};
use tidegate_tests::program::{command, program, repository, tidegate};
use tidegate_tests::servers::{Server, ask};

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Nothing gets through, whichever walls this kernel has; that the same attempts succeed without walls is
/// tested beside them, in `runtime/walls`.
// clause: A4, G20 refused
#[test]
fn nothing_gets_through_the_walls_of_this_machine() {
    let said = tidegate(&["doctor", "--json"]);
    let doctor: Value = serde_json::from_str(&said.out).expect("JSON");
    let attempts = list(&doctor, "attempts");
    assert_eq!(attempts.len(), 6, "{doctor}");
    for tried in attempts {
        assert_ne!(tried["outcome"], "through", "{tried}");
    }
    let down: Vec<_> = list(&doctor, "walls").iter().filter(|wall| wall["stands"] != true).collect();
    println!("walls that do not stand here: {down:?}");
    let server = list(&doctor["server"], "walls");
    let whole = server.len() == 4 && server.iter().all(|wall| wall["stands"] == true);
    assert_eq!(said.code, Some(i32::from(!(down.is_empty() && whole))), "the exit code says whether all stand");
    for tried in list(&doctor["server"], "attempts").iter().filter(|_| whole) {
        assert_ne!(tried["outcome"], "through", "{tried}");
    }
}

/// Whether a server of a directory, behind its walls, can read a file.
fn server_reads(directory: &Path, file: &Path) -> bool {
    const THROUGH: i32 = 42;
    let mut child = Programs { program: program() }.child("server-attempt");
    let status = child.args([file, directory]).status().expect("start an attempt");
    status.code() == Some(THROUGH)
}

/// Every line of `/proc/PID/task/*/status` with this name.
fn status_lines(pid: u32, name: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("tasks").flatten();
    let statuses = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    statuses.filter_map(|status| status.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))).collect()
}

// clause: E4, J1 refused
#[test]
fn who_serves_the_log_cannot_open_keys_or_data() {
    let doctor: Value = serde_json::from_str(&tidegate(&["doctor", "--json"]).out).expect("JSON");
    let stands =
        |wall: &str| list(&doctor["server"], "walls").iter().any(|standing| standing["wall"] == wall && standing["stands"] == true);
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let (directory, log) = (domain.directory(), domain.directory().join("log"));
    let version = fs::read_dir(directory.join("data")).expect("data").flatten().next().expect("a version").path();
    let shard = fs::read_dir(version).expect("shards").flatten().next().expect("a shard").path();
    let secrets = ["keys/log.pk8", "keys/unit.key", "state.sqlite", "domain.json"].map(|name| directory.join(name));
    for secret in secrets.iter().chain([&shard]) {
        assert!(fs::read(secret).is_ok(), "without walls it can be read: {}", secret.display());
        assert!(!stands("landlock") || !server_reads(&log, secret), "{}", secret.display());
    }
    assert!(server_reads(&log, &log.join("checkpoint")), "what it serves it reads");

    // The real servers, thread by thread; both still answer.
    let server = Server::start(&["log", "serve", text(&log)], "127.0.0.1:0");
    let witness = place();
    let witness = witness.path().join("witness");
    tidegate(&["witness", "init", text(&witness), "--name", "witness.example/w1", "--json"]).json();
    let other = Server::start(&["witness", "serve", text(&witness)], "127.0.0.1:0");
    assert_eq!((ask(&server.address, "GET", "/checkpoint", b"").0, ask(&other.address, "GET", "/vkey", b"").0), (200, 200));
    for pid in [server.id(), other.id()] {
        for (wall, name, value) in [("no_new_privileges", "NoNewPrivs:", "1"), ("seccomp", "Seccomp:", "2")] {
            let lines = status_lines(pid, name);
            assert!(lines.len() >= 2 && (!stands(wall) || lines.iter().all(|line| line == value)), "{name} {lines:?}");
        }
    }
    assert_eq!((server.stop(), other.stop()), (Some(0), Some(0)));
}

/// What a child of the keeper has from its parent, said by itself.
fn inside(command: &mut Command) -> Value {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start a child");
    let said = read_frame::<Value>(&mut BufReader::new(child.stdout.take().expect("pipe")), 0).expect("an answer").0;
    assert!(child.wait().expect("wait").success());
    said
}

#[test]
fn children_inherit_neither_descriptors_nor_environment() {
    // SAFETY: two system calls on numbers; the copies stay open, on purpose and across exec, until this process ends.
    let (open, high) = unsafe { (libc::dup(0), libc::fcntl(0, libc::F_DUPFD, 200)) };
    assert!(open > 2 && high >= 200);
    let seen = Command::new("ls").arg("/proc/self/fd").output().expect("ls");
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(
        [open, high].iter().all(|number| seen.split_whitespace().any(|word| word == number.to_string())),
        "others inherit them: {seen}"
    );

    let of_keeper = inside(&mut Programs { program: program() }.child("inside"));
    assert_eq!((list(&of_keeper, "variables").len(), list(&of_keeper, "descriptors").len()), (0, 0), "{of_keeper}");
    // The observer sees what is there: a child that was not started so has its parent's environment.
    let plain = inside(Command::new(program()).args(["internal", "inside"]).env("TIDEGATE_SEEN", "1"));
    assert!(list(&plain, "variables").iter().any(|name| name == "TIDEGATE_SEEN"), "{plain}");
}

/// A policy that demands walls admits a run where they stand; where one does not, it is refused uncharged.
#[test]
fn a_policy_can_demand_walls() {
    let doctor: Value = serde_json::from_str(&tidegate(&["doctor", "--json"]).out).expect("JSON");
    let all_stand = list(&doctor, "walls").iter().all(|wall| wall["stands"] == true);
    let policy = format!("{IMMEDIATELY}walls = [\"namespaces\", \"user\", \"no_new_privileges\", \"landlock\", \"limits\", \"seccomp\"]\n");
    let domain = Domain::with_rand_hie(&policy);
    domain.grant("person-years.meddol", "10");
    domain.upload_samples(&["expensive-years"]);
    let said = domain.run("expensive-years", "1", &[]);
    if all_stand {
        assert_eq!(said.code, Some(0), "{}", said.err);
    } else {
        assert!(said.err.contains("run.wall-down"), "{}", said.err);
        assert_eq!(domain.account()["spent"], 0.0, "nothing was charged");
    }
}

#[test]
fn a_wall_that_does_not_exist_cannot_be_demanded() {
    let domain = Domain::empty();
    let schema = std::fs::read_to_string(repository("sample-models/datasets/rand-hie/schema.toml")).expect("schema");
    let data = repository("sample-models/datasets/rand-hie/rand_hie.csv");
    let said = domain.mount("rand-hie", &schema, &format!("{IMMEDIATELY}walls = [\"moat\"]\n"), &data);
    assert!(said.err.contains("policy.syntax"), "{}", said.err);
}

/// A keeper that is killed while it starts a run may die before its stand-ins are tied to it. They see their pipe end.
#[test]
fn a_stand_in_ends_with_its_pipe() {
    let mut stand_in = command();
    stand_in.args(["internal", "load"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut stand_in = stand_in.spawn().expect("start");
    let pipe = stand_in.stdin.take();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(stand_in.try_wait().expect("state"), None, "it keeps a processor busy");
    drop(pipe);
    let deadline = Instant::now() + Duration::from_secs(60);
    while stand_in.try_wait().expect("state").is_none() {
        if Instant::now() > deadline {
            stand_in.kill().expect("kill");
            panic!("it goes on alone");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
