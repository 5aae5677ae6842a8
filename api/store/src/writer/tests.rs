use super::*;
use crate::Store;
use tidegate_log::Event;

async fn store() -> (tempfile::TempDir, Store) {
    let place = tempfile::tempdir().expect("directory");
    let store = Store::create(&place.path().join("state.sqlite")).await.expect("create");
    (place, store)
}

fn entry(name: &str) -> Entry {
    entry_at(name, "2026-11-21T10:00:00Z")
}

fn entry_at(name: &str, at: &str) -> Entry {
    Entry { at: at.into(), event: Event::Revoke { grant: name.into(), reason_commitment: tidegate_terms::Digest([7; 32]) } }
}

fn opening() -> Opening {
    Opening { field: "reason", salt: [7; 32], content: None }
}

/// The names in the log, in its order, and their instants.
async fn log(store: &Store) -> Vec<(String, String)> {
    let size = store.books().log_size().await.expect("size");
    let entries = store.books().log_entries(0, size).await.expect("entries");
    assert_eq!(entries.len() as u64, size, "a gap");
    let read = |bytes: &Vec<u8>| match Entry::decode(bytes).expect("entry") {
        Entry { at, event: Event::Revoke { grant, .. } } => (grant, at),
        other => panic!("{other:?}"),
    };
    entries.iter().map(read).collect()
}

async fn names(store: &Store) -> Vec<String> {
    log(store).await.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_commits_and_each_finds_its_entry_where_it_was_told() {
    let (_place, store) = store().await;
    let callers = (0..64).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut told = Vec::new();
            for number in 0..5 {
                let name = format!("c{caller}-{number}");
                // Half of them as acts, half as plain entries.
                let position = if (caller + number) % 2 == 0 {
                    let mut act = store.begin().await.expect("begin");
                    let position = act.append(&entry(&name), &[opening()]).await.expect("append");
                    act.commit().await.expect("commit");
                    position
                } else {
                    store.append(entry(&name), vec![opening()]).await.expect("append")
                };
                told.push((position, name));
            }
            told
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut told = Vec::new();
    for caller in callers {
        told.extend(caller.await.expect("caller"));
    }
    told.sort();
    let log = names(&store).await;
    let expected: Vec<String> = told.iter().map(|(_, name)| name.clone()).collect();
    assert_eq!(log, expected);
    assert!(told.iter().enumerate().all(|(place, (position, _))| place as u64 == *position), "each place once");
    assert!(store.commits() < 320 / 2, "{} commits for 320 acts", store.commits());
    for position in 0..320 {
        assert!(store.books().opening(position, "reason").await.expect("opening").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_fails_or_is_given_up_is_undone_alone() {
    let (_place, store) = store().await;
    let mut first = store.begin().await.expect("begin");
    first.append(&entry("first"), &[]).await.expect("append");
    let (first, rest) = tokio::join!(first.commit(), async {
        // In the same batch, if the lock is quick; in any case not visible.
        let mut given_up = store.begin().await.expect("begin");
        given_up.append(&entry("given-up"), &[]).await.expect("append");
        drop(given_up);
        let mut failing = store.begin().await.expect("begin");
        failing.append(&entry("failing"), &[]).await.expect("append");
        // The same commitment is opened twice.
        let opening = [opening(), opening()];
        assert!(failing.append(&entry("failing-too"), &opening).await.is_err());
        drop(failing);
        let mut last = store.begin().await.expect("begin");
        let position = last.append(&entry("last"), &[]).await.expect("append");
        last.commit().await.map(|()| position)
    });
    first.expect("first");
    assert_eq!(rest.expect("last"), 1);
    assert_eq!(names(&store).await, ["first", "last"]);
    // Given up last, with nobody after it: the next batch begins clean.
    let mut given_up = store.begin().await.expect("begin");
    given_up.append(&entry("given-up"), &[]).await.expect("append");
    drop(given_up);
    assert_eq!(store.append(entry("plain"), vec![]).await.expect("append"), 2);
    assert_eq!(names(&store).await, ["first", "last", "plain"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_act_is_committed_even_if_its_caller_goes_away() {
    let (_place, store) = store().await;
    let mut act = store.begin().await.expect("begin");
    act.append(&entry("finished"), &[]).await.expect("append");
    {
        let mut commit = std::pin::pin!(act.commit());
        // Polled until it waits, then dropped.
        let waits = tokio::time::timeout(std::time::Duration::ZERO, &mut commit).await;
        drop(waits);
    }
    let mut found = Vec::new();
    for _ in 0..500 {
        found = names(&store).await;
        if !found.is_empty() {
            break;
        }
        // Dropped before the savepoint was released, it was given up, which a later act shows.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    store.append(entry("next"), vec![]).await.expect("append");
    let after = names(&store).await;
    assert!(after == ["finished", "next"] || after == ["next"] && found.is_empty(), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_never_run_backwards_in_the_log() {
    let (_place, store) = store().await;
    store.append(entry_at("late", "2026-11-21T10:00:05Z"), vec![]).await.expect("append");
    store.append(entry_at("early", "2026-11-21T10:00:01Z"), vec![]).await.expect("append");
    let mut act = store.begin().await.expect("begin");
    assert_eq!(act.newest(), "2026-11-21T10:00:05Z");
    act.append(&entry_at("earlier", "2026-11-21T10:00:00Z"), &[]).await.expect("append");
    act.append(&entry_at("later", "2026-11-21T10:00:06Z"), &[]).await.expect("append");
    act.commit().await.expect("commit");
    let instants: Vec<String> = log(&store).await.into_iter().map(|(_, at)| at[17..19].to_owned()).collect();
    assert_eq!(instants, ["05", "05", "05", "06"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_entry_is_refused_alone_and_a_closed_store_takes_nothing() {
    let (place, store) = store().await;
    let wrong = Entry { at: "yesterday".into(), event: entry("x").event };
    assert!(store.append(wrong, vec![]).await.is_err());
    store.append(entry("good"), vec![]).await.expect("append");
    store.close().await;
    assert!(store.begin().await.is_err());
    assert!(store.append(entry("after"), vec![]).await.is_err());
    let again = Store::open(&place.path().join("state.sqlite")).await.expect("open");
    assert_eq!(names(&again).await, ["good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_is_given_up_keeps_nobody_from_the_database() {
    let (place, store) = store().await;
    let options = SqliteConnectOptions::new().filename(place.path().join("state.sqlite")).busy_timeout(std::time::Duration::from_secs(20));
    let mut elsewhere = SqliteConnection::connect_with(&options).await.expect("a second connection");
    for _ in 0..3 {
        let mut act = store.begin().await.expect("begin");
        act.append(&entry("given-up"), &[]).await.expect("append");
        drop(act);
        // Nobody calls the store meanwhile.
        let mut transaction = elsewhere.begin_with("BEGIN IMMEDIATE").await.expect("the database is free");
        sqlx::query("UPDATE lineage SET name = name").execute(&mut *transaction).await.expect("write");
        transaction.commit().await.expect("commit");
    }
    store.append(entry("after"), vec![]).await.expect("append");
    assert_eq!(names(&store).await, ["after"]);
}
