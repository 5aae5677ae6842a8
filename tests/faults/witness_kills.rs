//! kill -9 of a witness at random moments while two histories of one log race for it: whatever it ever answered lies on
//! one of them, and what it answered it still knows.

use std::fs;
use std::path::Path;
use std::time::Duration;
use tidegate_log::{DirectorySource, ForkEvidence, SignedHead, Signer, Submission, Witness, compare_heads, cosignature_line, publish};
use tidegate_tests::domain::{place, text};
use tidegate_tests::program::tidegate;
use tidegate_tests::servers::{Server, ask};

const KILLS: u64 = 20;

/// A history that grows by one entry at a time.
struct History<'a> {
    directory: &'a Path,
    signer: &'a Signer,
    entries: Vec<Vec<u8>>,
    name: &'static str,
}

impl History<'_> {
    fn grow_to(&mut self, size: u64) {
        while (self.entries.len() as u64) < size {
            self.entries.push(format!("{} {}", self.name, self.entries.len()).into_bytes());
        }
        publish(self.directory, self.signer, &mut self.entries.clone()).expect("publish");
    }
}

#[test]
fn a_killed_witness_never_cosigns_two_histories() {
    let place = place();
    let directory = place.path().join("witness");
    let made = tidegate(&["witness", "init", text(&directory), "--name", "w.example", "--json"]).json();
    let witness = Witness::parse(made["vkey"].as_str().expect("vkey")).expect("witness");
    let (signer, _) = Signer::generate("log.example").expect("key");
    tidegate(&["witness", "add-log", text(&directory), "--key", &signer.verifier().to_string(), "--json"]).json();
    let logs = ["one", "two"].map(|name| place.path().join(name));
    let mut histories =
        [("one", &logs[0]), ("two", &logs[1])].map(|(name, directory)| History { directory, signer: &signer, entries: Vec::new(), name });
    let (mut answered, mut known): (Vec<(usize, SignedHead)>, u64) = (Vec::new(), 0);
    for round in 0..KILLS {
        let server = Server::start(&["witness", "serve", text(&directory)], "127.0.0.1:0");
        let address = server.address.clone();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(40 + round * 37 % 200));
            drop(server);
        });
        while !killer.is_finished() {
            for (which, history) in histories.iter_mut().enumerate() {
                history.grow_to(known + 1);
                let Ok(request) = Submission::of_published(&logs[which], signer.verifier(), &witness, known) else { continue };
                let (status, answer) = ask(&address, "POST", "/add-checkpoint", request.to_string().as_bytes());
                let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                match status {
                    200 => {
                        cosignature_line(&request.checkpoint, body, &witness).expect("its cosignature");
                        let head = SignedHead::parse(request.checkpoint.as_bytes(), &signer.verifier().into()).expect("head");
                        known = head.checkpoint.size;
                        answered.push((which, head));
                    }
                    409 => known = known.max(body.trim().parse().unwrap_or(0)),
                    _ => {}
                }
            }
        }
        killer.join().expect("killer");
        let view = tidegate(&["witness", "show", text(&directory), "--json"]).json();
        let last = answered.last().map_or(0, |(_, head)| head.checkpoint.size);
        assert!(view["logs"][0]["size"].as_u64().is_some_and(|size| size >= last), "it forgot what it answered: {view}");
    }
    assert!(answered.len() > 5, "{}", answered.len());
    let (which, newest) = answered.last().expect("an answer").clone();
    for (_, head) in &answered {
        let mut source = DirectorySource::new(&logs[which]);
        let growth = compare_heads(head, &newest, Some(&mut source), &signer.verifier().into());
        assert!(growth.expect("compared").consistent, "{head:?} is on another history");
    }
    let evidence = tidegate(&["witness", "show", text(&directory), "--json"]).json()["logs"][0]["evidence"].clone();
    for file in evidence.as_array().expect("evidence") {
        let evidence = ForkEvidence::parse(&fs::read_to_string(file.as_str().expect("path")).expect("read")).expect("evidence");
        assert!(!evidence.verify(signer.verifier()).expect("it holds").consistent);
    }
}
