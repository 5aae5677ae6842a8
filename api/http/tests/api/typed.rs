//! The client, with the same operations.

use crate::notes::{
    AddCount, AddNote, Amount, ChangeNote, Filter, FollowCount, GetCount, GetNote, Kind, ListNotes, NewNote, NewText, OneNote, RemoveNote,
};
use crate::server::Server;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tidegate_http::api::{CallError, Class, Nothing, Options};
use tidegate_terms::{Language, Message as _};

fn new(text: &str) -> NewNote {
    NewNote { text: text.into(), tags: vec!["海 & more".into()], kind: Kind::Urgent }
}

fn key() -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("a key");
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key")
}

#[test]
fn every_kind_of_operation_goes_both_ways() {
    let server = Server::start();
    let client = server.client();
    let made = client.call::<AddNote>(&new("Tide"), &Options::default()).unwrap();
    assert_eq!((made.output.note, made.output.tags[0].as_str(), made.version.as_deref()), (1, "海 & more", Some("1")));
    let change = NewText { note: 1, text: "Ebb".into() };
    let changed = client.call::<ChangeNote>(&change, &Options { if_match: made.version, ..Options::default() }).unwrap();
    assert_eq!((changed.output.text.as_str(), changed.version.as_deref()), ("Ebb", Some("2")));
    assert_eq!(client.call::<GetNote>(&OneNote { note: 1 }, &Options::default()).unwrap().output.text, "Ebb");
    client.call::<RemoveNote>(&OneNote { note: 1 }, &Options::default()).unwrap();
    assert_eq!(client.call::<GetCount>(&Nothing {}, &Options::default()).unwrap().output.count, 0);
    match client.speaking(Language::Chinese).call::<GetNote>(&OneNote { note: 1 }, &Options::default()) {
        Err(CallError::Refused(problem)) => {
            assert_eq!((problem.class, problem.code.as_str()), (Class::Unknown, "note.unknown"));
            assert_eq!(problem.say(Language::English), "there is no note 1; read the notes first");
            assert_eq!(problem.say(Language::Chinese), "没有编号为 1 的便签；请先读取便签");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_key_is_the_same_call() {
    let server = Server::start();
    let options = Options { idempotency_key: Some("typed-key-1".into()), ..Options::default() };
    let first = server.client().call::<AddNote>(&new("Tide"), &options).unwrap();
    let again = server.client().call::<AddNote>(&new("Tide"), &options).unwrap();
    assert_eq!((first.replayed, again.replayed, server.notes.notes()), (false, true, 1));
    assert_eq!(first.output, again.output);
}

// clause: K9 both
#[test]
fn what_binds_is_signed_by_the_operator_and_by_nobody_else() {
    let server = Server::start();
    let (operator, stranger) = (key(), key());
    *server.notes.operator.lock().unwrap() = Some(operator.public_key().as_ref().to_vec());
    let add = |client: tidegate_http::api::Client| match client.call::<AddCount>(&Amount { amount: 2 }, &Options::default()) {
        Ok(called) => Ok(called.output.count),
        Err(error) => Err(error.code()),
    };
    assert_eq!(add(server.client().signing(operator, "operator-1")), Ok(2));
    assert_eq!(add(server.client().signing(stranger, "operator-1")), Err("note.stranger".into()));
    assert_eq!(add(server.client()), Err("signature.needed".into()));
    assert_eq!(server.notes.count(), 2);
    let asked = server.ask("POST /v1/counter", &[("idempotency-key", "unsigned-1")], r#"{"amount":1}"#);
    assert!(asked.header("accept-signature").is_some_and(|wanted| wanted.contains("ed25519")), "{asked:?}");
}

#[test]
fn a_list_is_read_page_by_page() {
    let server = Server::start();
    let client = server.client();
    for number in 0..7 {
        client.call::<AddNote>(&new(&format!("note {number}")), &Options::default()).unwrap();
    }
    let page = server.ask("GET /v1/notes?limit=3&kind=urgent", &[], "");
    let next = page.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(page.json()["items"].as_array().unwrap().len(), 3);
    assert!(page.header("link").unwrap().contains(&format!("</v1/notes?kind=urgent&limit=3&cursor={next}>; rel=\"next\"").to_lowercase()));
    let second = server.ask(&format!("GET /v1/notes?kind=urgent&limit=3&cursor={next}"), &[], "");
    assert_eq!(second.json()["items"][0]["note"], 4);
    let last = second.json()["next"].as_str().unwrap().to_owned();
    let third = server.ask(&format!("GET /v1/notes?kind=urgent&limit=3&cursor={last}"), &[], "");
    assert_eq!((third.json()["items"].as_array().unwrap().len(), third.json().get("next")), (1, None));
    // The cursor of one list is none of another.
    assert_eq!(server.ask(&format!("GET /v1/notes?kind=plain&cursor={last}"), &[], "").code(), "page.cursor");
    assert_eq!(
        client.call::<ListNotes>(&Filter { kind: Some(Kind::Plain), longer_than: Some(1) }, &Options::default()).unwrap().output.items,
        []
    );
}

#[test]
fn a_stream_is_followed_to_its_end() {
    let server = Server::start();
    server.notes.bump(1);
    server.notes.bump(1);
    let client = server.client();
    let mut counts = Vec::new();
    let last = client.follow::<FollowCount>(&Nothing {}, None, |event| {
        counts.push(event.data["count"].as_u64().unwrap());
        counts.len() < 2
    });
    assert_eq!((last.unwrap(), counts.as_slice()), (Some(2), [1, 2].as_slice()));
    server.notes.bump(98);
    let mut rest = Vec::new();
    let last = client.follow::<FollowCount>(&Nothing {}, Some(2), |event| {
        rest.push(event.id);
        false
    });
    assert_eq!((last.unwrap(), rest.as_slice()), (Some(3), [3].as_slice()));
}
