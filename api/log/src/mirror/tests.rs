//! A mirror is brought up over honest, forked, changed, dying and shrinking publishers.

use super::*;
use crate::key::Signer;
use crate::publish::publish;
use crate::tiles::TILE_WIDTH;
use std::collections::BTreeMap;
use std::fs;

struct Publisher {
    directory: tempfile::TempDir,
    signer: Signer,
    entries: Vec<Vec<u8>>,
}

/// A source that dies after so many files.
struct Dying {
    source: DirectorySource,
    left: usize,
}

impl Source for Dying {
    fn fetch(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let dead = SourceError::Unavailable { file: path.into(), detail: "dead".into() };
        self.left = self.left.checked_sub(1).ok_or(dead)?;
        self.source.fetch(path, bytes_max)
    }
}

impl Publisher {
    fn new() -> Self {
        let signer = Signer::from_seed("log.example", &[7; 32]).expect("key");
        Self { directory: tempfile::tempdir().expect("directory"), signer, entries: Vec::new() }
    }

    fn grow(&mut self, size: usize) -> DirectorySource {
        for number in self.entries.len()..size {
            self.entries.push(format!("entry {number}").into_bytes());
        }
        publish(self.directory.path(), &self.signer, &mut self.entries.clone()).expect("publish");
        DirectorySource::new(self.directory.path())
    }

    fn vkey(&self) -> String {
        self.signer.verifier().to_string()
    }
}

fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = Files::new(directory);
    let paths = files.tiles().expect("tiles").into_iter().chain([CHECKPOINT.into(), VKEY.into()]);
    paths.filter_map(|path| Some((path.clone(), files.read(&path).expect("read")?))).collect()
}

#[test]
fn a_mirror_grows_to_the_same_files() {
    let (mut publisher, mirror) = (Publisher::new(), tempfile::tempdir().expect("mirror"));
    let mut before = 0;
    for size in [1, 2, 255, 256, 257, 700, 66_000, 66_001] {
        let mut source = publisher.grow(size);
        let report = pull(&mut source, mirror.path(), Some(&publisher.vkey())).expect("pull");
        assert_eq!((report.entries_before, report.entries), (before, size as u64));
        let needed = size.div_ceil(TILE_WIDTH) - before as usize / TILE_WIDTH;
        assert_eq!(report.bundles_fetched, needed as u64, "{size}: only what is new is fetched");
        let again = pull(&mut source, mirror.path(), None).expect("again");
        assert_eq!((again.entries, again.bundles_fetched), (size as u64, 0));
        before = size as u64;
    }
    let (ours, theirs) = (tree(mirror.path()), tree(publisher.directory.path()));
    assert!(ours.iter().all(|(path, bytes)| path.contains(".p/") || theirs.get(path) == Some(bytes)));
    assert!(theirs.keys().all(|path| path.contains(".p/") || ours.contains_key(path)));
}

#[test]
fn a_pull_that_dies_anywhere_is_finished_by_the_next() {
    let mut publisher = Publisher::new();
    let mirror = tempfile::tempdir().expect("mirror");
    pull(&mut publisher.grow(300), mirror.path(), Some(&publisher.vkey())).expect("first");
    let source = publisher.grow(1_000);
    let vkey = publisher.vkey();
    let mut left = 0;
    loop {
        let mut dying = Dying { source: source.clone(), left };
        let outcome = pull(&mut dying, mirror.path(), Some(&vkey));
        // Whatever lies there leads to a signed root: the mirror is always a whole log.
        let head = fs::read(mirror.path().join(CHECKPOINT)).expect("checkpoint");
        let head = SignedHead::parse(&head, &publisher.signer.verifier().into()).expect("signed").checkpoint;
        let mut own = DirectorySource::new(mirror.path());
        Authentic::open(&mut own, None, &head).expect("rooted");
        assert!(head.size == 300 || outcome.is_ok());
        match outcome {
            Ok(report) => break assert!(report.bundles_fetched < 3, "bundles kept from before are not fetched again"),
            Err(error) => assert!(matches!(error, MirrorError::Source(_) | MirrorError::Authentic(_)), "{error}"),
        }
        left += 1;
    }
    assert!(left > 6, "{left}");
}

#[test]
fn a_changed_byte_anywhere_is_refused_and_nothing_of_it_kept() {
    let mut small = Publisher::new();
    small.grow(1_000);
    let every: Vec<String> = Files::new(small.directory.path()).tiles().expect("tiles").into_iter().chain([CHECKPOINT.into()]).collect();
    change_and_pull(&small, &every, 1_000);
    let mut large = Publisher::new();
    large.grow(66_000);
    change_and_pull(&large, &["tile/0/100".into(), "tile/1/000".into(), "tile/1/001.p/1".into(), "tile/entries/256".into()], 66_000);
}

fn change_and_pull(publisher: &Publisher, paths: &[String], size: u64) {
    let mut source = DirectorySource::new(publisher.directory.path());
    for path in paths {
        let mirror = tempfile::tempdir().expect("mirror");
        let file = publisher.directory.path().join(path);
        let good = fs::read(&file).expect("read");
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 4;
        fs::write(&file, &bad).expect("write");
        let refused = pull(&mut source, mirror.path(), Some(&publisher.vkey())).expect_err(path);
        assert!(refused.to_string().contains("changed") || path == CHECKPOINT, "{refused}");
        assert!(!mirror.path().join(CHECKPOINT).exists() && fs::read(mirror.path().join(path)).map_or(true, |kept| kept != bad));
        fs::write(&file, &good[..good.len() - 1]).expect("write");
        pull(&mut source, mirror.path(), Some(&publisher.vkey())).expect_err("cut");
        fs::write(&file, &good).expect("write");
        assert_eq!(pull(&mut source, mirror.path(), Some(&publisher.vkey())).expect("whole again").entries, size);
    }
}

#[test]
fn another_history_is_refused_and_kept_as_evidence() {
    for (ours, theirs, changed) in [(300, 300, 10), (300, 1_000, 299), (1_000, 300, 0), (256, 512, 255), (5, 66_000, 4)] {
        let (mut publisher, mut liar) = (Publisher::new(), Publisher::new());
        let mirror = tempfile::tempdir().expect("mirror");
        pull(&mut publisher.grow(ours), mirror.path(), Some(&publisher.vkey())).expect("pull");
        let before = tree(mirror.path());
        liar.entries = (0..changed).map(|number| format!("entry {number}").into_bytes()).chain([b"lie".to_vec()]).collect();
        let error = pull(&mut liar.grow(theirs), mirror.path(), None).expect_err("fork");
        let MirrorError::Fork { kept, shown, evidence } = error else { panic!("{error}") };
        assert_eq!((kept, shown), (ours as u64, theirs as u64));
        assert_eq!(tree(mirror.path()), before, "nothing was changed");
        let evidence = crate::growth::ForkEvidence::parse(&fs::read_to_string(evidence).expect("evidence")).expect("evidence");
        assert!(!evidence.verify(liar.signer.verifier()).expect("it holds").consistent);
        let other = Signer::from_seed("log.example", &[8; 32]).expect("key");
        assert!(evidence.verify(other.verifier()).is_err(), "under another key it proves nothing");
        let (mut honest, mut spoilt) = (evidence.clone(), evidence.clone());
        honest.larger.clone_from(&evidence.smaller);
        honest.prefix_root = SignedHead::parse(evidence.smaller.as_bytes(), &liar.signer.verifier().into()).expect("head").checkpoint.root;
        honest.proof.clear();
        assert_eq!(honest.verify(liar.signer.verifier()), Err(crate::growth::GrowthError::EvidenceFails));
        spoilt.prefix_root = Digest([3; 32]);
        assert_eq!(spoilt.verify(liar.signer.verifier()), Err(crate::growth::GrowthError::EvidenceFails));
    }
}

#[test]
fn an_old_copy_and_another_key_change_nothing() {
    let (mut publisher, mirror, copy) = (Publisher::new(), tempfile::tempdir().expect("mirror"), tempfile::tempdir().expect("copy"));
    let vkey = publisher.vkey();
    pull(&mut publisher.grow(300), copy.path(), Some(&vkey)).expect("copy");
    pull(&mut publisher.grow(400), mirror.path(), Some(&vkey)).expect("pull");
    let older = pull(&mut DirectorySource::new(copy.path()), mirror.path(), Some(&vkey));
    assert_eq!(older, Err(MirrorError::Older { kept: 400, shown: 300 }));
    let other = Signer::from_seed("log.example", &[9; 32]).expect("key").verifier().to_string();
    let refused = pull(&mut publisher.grow(401), mirror.path(), Some(&other));
    assert_eq!(refused, Err(MirrorError::OtherKey { kept: vkey }));
    let empty = tempfile::tempdir().expect("empty");
    let error = pull(&mut publisher.grow(401), empty.path(), Some(&other)).expect_err("unsigned");
    assert!(matches!(error, MirrorError::Checkpoint(_)), "{error}");
}
