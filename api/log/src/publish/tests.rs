use super::*;
use crate::files::tests::Fault;
use crate::tiles::decode_bundle;
use crate::tree::root_of;
use std::collections::BTreeMap;
use std::fs;

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("entry {number}").into_bytes()).collect()
}

fn signer() -> Signer {
    Signer::from_seed("log.example", &[7; 32]).expect("key")
}

fn root(entries: &[Vec<u8>]) -> Digest {
    root_of(entries.iter().map(Vec::as_slice))
}

/// A source that counts what is read from it.
struct Counted(Vec<Vec<u8>>, u64);

impl EntrySource for Counted {
    fn size(&mut self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        self.0.size()
    }
    fn read(&mut self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        self.1 += to - from;
        self.0.read(from, to)
    }
}

/// All files with their bytes, without those that only a writer needs.
fn snapshot(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = Files::new(directory);
    let paths = files.tiles().expect("tiles").into_iter().chain([CHECKPOINT.to_owned(), VKEY.to_owned()]);
    paths.filter_map(|path| Some((path.clone(), files.read(&path).expect("read")?))).collect()
}

#[test]
fn a_log_that_grows_step_by_step_is_the_log_made_at_once() {
    let (grown, at_once) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    let all = entries(600);
    let mut before = 0;
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513, 600] {
        let published = publish(grown.path(), &signer(), &mut all[..size].to_vec()).expect("publish");
        assert_eq!((published.checkpoint.size, published.added), (size as u64, (size - before) as u64));
        assert_eq!(published.checkpoint.root, root(&all[..size]));
        before = size;
    }
    publish(at_once.path(), &signer(), &mut all.clone()).expect("publish");
    let (grown, at_once) = (snapshot(grown.path()), snapshot(at_once.path()));
    for (path, bytes) in &at_once {
        assert_eq!(grown.get(path), Some(bytes), "{path}");
    }
    // Partial files beside full ones are gone, those of the open bundle stay.
    assert!(
        grown.keys().all(|path| !path.contains("000.p/") && !path.contains("001.p/") || path.contains("tile/1/")),
        "{:?}",
        grown.keys()
    );
    assert!(grown.contains_key("tile/0/002.p/1") && grown.contains_key("tile/0/002.p/88"));
    let bundle = decode_bundle(&grown["tile/entries/001"], 256).expect("bundle");
    assert_eq!(bundle[0], all[256]);
}

#[test]
fn publishing_reads_what_is_new_and_one_bundle_however_long_the_log() {
    let directory = tempfile::tempdir().expect("dir");
    let mut all = entries(1_500);
    publish(directory.path(), &signer(), &mut all).expect("publish");
    all.push(b"one more".to_vec());
    let mut source = Counted(all, 0);
    publish(directory.path(), &signer(), &mut source).expect("publish");
    assert!(source.1 <= 512, "{} entries read", source.1);
    source.1 = 0;
    let before = snapshot(directory.path());
    let published = publish(directory.path(), &signer(), &mut source).expect("publish");
    assert_eq!((published.added, published.checkpoint.size), (0, 1_501));
    assert!(source.1 <= 256, "{} entries read", source.1);
    assert_eq!(snapshot(directory.path()), before);
    source.1 = 0;
    republish(directory.path(), &signer(), &mut source).expect("republish");
    assert!(source.1 > 1_500);
    assert_eq!(snapshot(directory.path()), before);
}

#[test]
fn a_restored_backup_is_refused() {
    let directory = tempfile::tempdir().expect("dir");
    publish(directory.path(), &signer(), &mut entries(300)).expect("publish");
    let before = snapshot(directory.path());
    let refused = publish(directory.path(), &signer(), &mut entries(299));
    assert_eq!(refused, Err(PublishError::DatabaseBehind { published: 300, held: 299 }));
    // Nor does it help to lose the checkpoint as well.
    fs::remove_file(directory.path().join(CHECKPOINT)).expect("remove");
    let refused = publish(directory.path(), &signer(), &mut entries(299));
    assert_eq!(refused, Err(PublishError::DatabaseBehind { published: 300, held: 299 }));
    publish(directory.path(), &signer(), &mut entries(300)).expect("publish");
    assert_eq!(snapshot(directory.path()), before);
}

#[test]
fn a_changed_entry_is_refused_wherever_it_is() {
    for (changed, file) in [(299, "tile/0/001.p/44"), (256, "tile/0/001.p/44"), (0, "tile/0/000")] {
        let directory = tempfile::tempdir().expect("dir");
        let mut all = entries(300);
        publish(directory.path(), &signer(), &mut all).expect("publish");
        let before = snapshot(directory.path());
        all[changed] = b"other".to_vec();
        all.push(b"next".to_vec());
        // The quick way compares the last bundle; the thorough way compares all.
        let refused = if changed < 256 { republish } else { publish }(directory.path(), &signer(), &mut all);
        assert_eq!(refused, Err(PublishError::EntriesChanged { published: 300, file: file.into() }));
        assert_eq!(snapshot(directory.path()), before);
    }
}

#[test]
fn another_key_and_a_changed_checkpoint_are_refused() {
    let directory = tempfile::tempdir().expect("dir");
    publish(directory.path(), &signer(), &mut entries(3)).expect("publish");
    let other_key = Signer::from_seed("log.example", &[8; 32]).expect("key");
    let other_origin = Signer::from_seed("other.example", &[7; 32]).expect("key");
    for other in [&other_key, &other_origin] {
        assert!(matches!(publish(directory.path(), other, &mut entries(4)), Err(PublishError::OtherKey { .. })));
    }
    fs::remove_file(directory.path().join(VKEY)).expect("remove");
    assert!(matches!(publish(directory.path(), &other_origin, &mut entries(4)), Err(PublishError::OtherKey { .. })));
    assert!(matches!(publish(directory.path(), &other_key, &mut entries(4)), Err(PublishError::CheckpointChanged)));
    let path = directory.path().join(CHECKPOINT);
    let note = fs::read(&path).expect("read");
    for at in 0..note.len() {
        let mut changed = note.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).expect("write");
        let refused = publish(directory.path(), &signer(), &mut entries(4));
        assert!(matches!(refused, Err(PublishError::CheckpointChanged | PublishError::OtherKey { .. })), "byte {at}: {refused:?}");
    }
    fs::write(&path, note).expect("write");
    publish(directory.path(), &signer(), &mut entries(4)).expect("publish");
}

#[test]
fn a_changed_file_at_the_edge_is_named_and_a_missing_one_is_made_again() {
    let directory = tempfile::tempdir().expect("dir");
    publish(directory.path(), &signer(), &mut entries(300)).expect("publish");
    let before = snapshot(directory.path());
    for (path, bytes) in &before {
        if path == CHECKPOINT || path == VKEY {
            continue;
        }
        let file = directory.path().join(path);
        let mut changed = bytes.clone();
        changed[5] ^= 4;
        fs::write(&file, &changed).expect("write");
        let refused = republish(directory.path(), &signer(), &mut entries(300));
        assert_eq!(refused, Err(PublishError::FileChanged { file: path.clone() }));
        if path.contains(".p/") {
            let refused = publish(directory.path(), &signer(), &mut entries(300));
            assert_eq!(refused, Err(PublishError::FileChanged { file: path.clone() }), "quick");
        }
        fs::remove_file(&file).expect("remove");
        republish(directory.path(), &signer(), &mut entries(300)).expect("republish");
        assert_eq!(snapshot(directory.path()), before);
    }
}

#[test]
fn entries_that_do_not_fit_or_do_not_come_are_refused() {
    let directory = tempfile::tempdir().expect("dir");
    let mut long = entries(3);
    long[1] = vec![0; 65_536];
    assert_eq!(publish(directory.path(), &signer(), &mut long), Err(PublishError::TooLong { index: 1 }));
    struct Short;
    impl EntrySource for Short {
        fn size(&mut self) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
            Ok(2)
        }
        fn read(&mut self, _: u64, _: u64) -> Result<Vec<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
            Ok(vec![Vec::new()])
        }
    }
    assert!(matches!(publish(directory.path(), &signer(), &mut Short), Err(PublishError::Source { .. })));
}

/// Every durable step fails once, before and after it took effect; the next publication must finish the work.
#[test]
fn whatever_dies_the_next_publication_finishes() {
    let (whole, all) = (tempfile::tempdir().expect("dir"), entries(515));
    publish(whole.path(), &signer(), &mut all[..250].to_vec()).expect("publish");
    publish(whole.path(), &signer(), &mut all.clone()).expect("publish");
    let whole = snapshot(whole.path());
    for (first, persists) in [(0, false), (0, true), (250, false), (250, true)] {
        let mut steps = 0;
        for after in 0.. {
            let directory = tempfile::tempdir().expect("dir");
            if first > 0 {
                publish(directory.path(), &signer(), &mut all[..first].to_vec()).expect("publish");
            }
            let files = Files::new(directory.path());
            files.fault.set(Some(Fault { after, persists }));
            let died = Publisher { files: &files, keys: SigningKeys::one(&signer()), source: &mut all.clone() }.run(false);
            drop(files);
            // What is visible after the crash is a true log: a published head, if any, has its files.
            if let Some(note) = Files::new(directory.path()).read(CHECKPOINT).expect("read") {
                let head = Checkpoint::verify(&note, signer().verifier()).expect("head");
                assert!([first as u64, 515].contains(&head.size));
                let tree = read_edge(&Files::new(directory.path()), head.size).expect("edge").expect("edge");
                assert_eq!(tree.root(), root(&all[..head.size as usize]));
            }
            let published = publish(directory.path(), &signer(), &mut all.clone()).expect("second publication");
            assert_eq!(published.checkpoint.root, root(&all));
            let after_all = snapshot(directory.path());
            for (path, bytes) in &whole {
                assert!(path.contains(".p/") && first == 0 || after_all.get(path) == Some(bytes), "{path} after fault {after}");
            }
            steps = after;
            if died.is_ok() && after > 40 {
                break;
            }
        }
        assert!(steps > 10, "{steps} steps");
    }
}
