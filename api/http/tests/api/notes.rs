//! A small interface with every kind of operation: notes and a counter in memory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tidegate_http::api::{
    Answer, Backend, Call, Class, Event, Nothing, Operation, Page, Problem, Success, Table, TableBuilder, Verb, Words,
};
use tidegate_terms::{Message, messages};
use tokio::sync::{Semaphore, broadcast, mpsc};

messages! {
    pub enum NoteError {
        NoSuchNote { note: u32 } = "note.unknown" { en: "there is no note {note}", zh: "没有编号为 {note} 的便签" },
        Token = "note.token" { en: "the token is not known", zh: "令牌未知" },
        Changed = "note.changed" { en: "the note has changed", zh: "便签已更改" },
        Signature = "note.stranger" { en: "the signature is not that of the operator", zh: "签名不是该运营机构的" },
    }
}

const fn words(en: &'static str, zh: &'static str) -> Words {
    Words { en, zh }
}

/// What a note is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Plain,
    Urgent,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    #[schemars(length(min = 1, max = 200))]
    pub text: String,
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub tags: Vec<String>,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    pub note: u32,
    pub text: String,
    pub tags: Vec<String>,
    pub kind: Kind,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneNote {
    pub note: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewText {
    pub note: u32,
    #[schemars(length(min = 1, max = 200))]
    pub text: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longer_than: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    #[schemars(range(min = 1, max = 10))]
    pub amount: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    pub count: u64,
}

macro_rules! operation {
    ($(#[$meta:meta])* $name:ident: $id:literal, $verb:ident $path:literal, $input:ty => $output:ty, $in_example:expr, $out_example:expr, { $($constant:ident: $type:ty = $value:expr),* }) => {
        $(#[$meta])*
        pub struct $name;
        impl Operation for $name {
            const ID: &'static str = $id;
            const VERB: Verb = Verb::$verb;
            const PATH: &'static str = $path;
            const TAG: &'static str = "notes";
            const SUMMARY: Words = words($id, $id);
            const DESCRIPTION: Words = words("For tests.", "测试用。");
            $(const $constant: $type = $value;)*
            type Input = $input;
            type Output = $output;
            fn input_example() -> $input { $in_example }
            fn output_example() -> $output { $out_example }
        }
    };
}

fn note() -> Note {
    Note { note: 1, text: "Tide".into(), tags: vec!["a".into()], kind: Kind::Plain }
}

operation!(AddNote: "notes.add", Post "/v1/notes", NewNote => Note, NewNote { text: "Tide".into(), tags: vec!["a".into()], kind: Kind::Plain }, note(), { KEYED: bool = true, SUCCESS: Success = Success::Created, BODY_BYTES_MAX: usize = 4096 });
operation!(TakeTicket: "tickets.take", Post "/v1/tickets", Nothing => Note, Nothing {}, note(), { KEYED: bool = true, SECRET: bool = true });
operation!(GetNote: "notes.get", Get "/v1/notes/{note}", OneNote => Note, OneNote { note: 1 }, note(), {});
operation!(ChangeNote: "notes.change", Put "/v1/notes/{note}", NewText => Note, NewText { note: 1, text: "Ebb".into() }, note(), { VERSIONED: bool = true });
operation!(RemoveNote: "notes.remove", Delete "/v1/notes/{note}", OneNote => Nothing, OneNote { note: 1 }, Nothing {}, { SUCCESS: Success = Success::Nothing });
operation!(ListNotes: "notes.list", Get "/v1/notes", Filter => Page<Note>, Filter::default(), Page { items: vec![note()], next: None }, { PAGED: bool = true });
operation!(AddCount: "counter.add", Post "/v1/counter", Amount => Count, Amount { amount: 1 }, Count { count: 1 }, { KEYED: bool = true, BINDING: bool = true, ON_DATA: bool = true });
operation!(GetCount: "counter.get", Get "/v1/counter", Nothing => Count, Nothing {}, Count { count: 1 }, { OPEN: bool = true });
operation!(FollowCount: "counter.follow", Get "/v1/counter/events", Nothing => Count, Nothing {}, Count { count: 1 }, { STREAMS: bool = true });

/// The table.
pub fn table() -> Table {
    let builder = TableBuilder::new(words("Notes", "便签"), words("An interface for tests.", "测试用接口。"));
    let builder = builder.with::<AddNote>().with::<GetNote>().with::<ChangeNote>().with::<RemoveNote>().with::<ListNotes>();
    builder.with::<AddCount>().with::<GetCount>().with::<FollowCount>().with::<TakeTicket>().build().expect("a table")
}

pub const TOKEN: &str = "good-token";

#[derive(Default)]
struct State {
    notes: BTreeMap<u32, (Note, u32)>,
    count: u64,
    last: u32,
}

/// What is behind the interface.
pub struct Notes {
    state: Mutex<State>,
    history: Mutex<Vec<Event>>,
    sender: broadcast::Sender<Event>,
    /// Notes with the text `wait` take one of these before they are made.
    pub gate: Semaphore,
    /// The operator's public key, if signatures are to be verified.
    pub operator: Mutex<Option<Vec<u8>>>,
    pub calls: AtomicUsize,
}

impl Notes {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            history: Mutex::default(),
            sender: broadcast::channel(64).0,
            gate: Semaphore::new(0),
            operator: Mutex::default(),
            calls: AtomicUsize::new(0),
        })
    }

    pub fn count(&self) -> u64 {
        self.state.lock().expect("lock").count
    }

    pub fn notes(&self) -> usize {
        self.state.lock().expect("lock").notes.len()
    }

    /// Adds to the counter and says so to who follows.
    pub fn bump(&self, amount: u64) -> u64 {
        let count = {
            let mut state = self.state.lock().expect("lock");
            state.count += amount;
            state.count
        };
        let mut history = self.history.lock().expect("lock");
        let event = Event { id: history.len() as u64 + 1, kind: "count".into(), data: json!({ "count": count }) };
        history.push(event.clone());
        let _ = self.sender.send(event);
        count
    }

    fn follow(&self, last: Option<u64>) -> Answer {
        let (to, from) = mpsc::channel(64);
        let history = self.history.lock().expect("lock");
        let mut live = self.sender.subscribe();
        for event in history.iter().filter(|event| event.id > last.unwrap_or(0)) {
            let _ = to.try_send(event.clone());
        }
        drop(history);
        tokio::spawn(async move {
            while let Ok(event) = live.recv().await {
                let is_end = event.data["count"].as_u64() == Some(100);
                if to.send(event).await.is_err() || is_end {
                    return;
                }
            }
        });
        Answer::events(from)
    }
}

fn refused(class: Class, message: &impl Message) -> Answer {
    Answer::refused(Problem::new(class, message, words("read the notes first", "请先读取便签")).under("SYS Art. 20"))
}

/// The backend over shared notes.
pub struct Behind(pub Arc<Notes>);

impl Backend for Behind {
    async fn ready(&self) -> bool {
        true
    }

    async fn call(&self, call: Call) -> Answer {
        // As over the pipe to a keeper: what is said there is all that there is.
        let text = serde_json::to_string(&call).expect("a call is text");
        let call: Call = serde_json::from_str(&text).expect("and back");
        let notes = &self.0;
        notes.calls.fetch_add(1, SeqCst);
        let token = call.credentials.bearer.as_ref().map(|token| token.expose());
        let known = call.operation == "counter.get" || token.is_some_and(|token| token.starts_with(TOKEN));
        if !known {
            return refused(Class::Unauthenticated, &NoteError::Token);
        }
        let done = |note: &Note, version: u32| Answer::done(serde_json::to_value(note).expect("JSON")).version(version.to_string());
        match call.operation.as_str() {
            "notes.add" => {
                let new = call.input::<AddNote>().expect("shaped");
                assert!(new.text != "__panic__", "as it was told");
                if new.text == "wait" {
                    notes.gate.acquire().await.expect("open").forget();
                }
                let mut state = notes.state.lock().expect("lock");
                state.last += 1;
                let note = Note { note: state.last, text: new.text, tags: new.tags, kind: new.kind };
                state.notes.insert(note.note, (note.clone(), 1));
                done(&note, 1)
            }
            "notes.get" => {
                let note = call.input::<GetNote>().expect("shaped").note;
                let state = notes.state.lock().expect("lock");
                state
                    .notes
                    .get(&note)
                    .map_or_else(|| refused(Class::Unknown, &NoteError::NoSuchNote { note }), |(note, version)| done(note, *version))
            }
            "notes.change" => {
                let new = call.input::<ChangeNote>().expect("shaped");
                let mut state = notes.state.lock().expect("lock");
                let Some((note, version)) = state.notes.get_mut(&new.note) else {
                    return refused(Class::Unknown, &NoteError::NoSuchNote { note: new.note });
                };
                if !call.if_match.is_some_and(|wanted| wanted.fits(Some(&version.to_string()))) {
                    return refused(Class::Changed, &NoteError::Changed);
                }
                note.text = new.text;
                *version += 1;
                done(note, *version)
            }
            "notes.remove" => {
                let note = call.input::<RemoveNote>().expect("shaped").note;
                match notes.state.lock().expect("lock").notes.remove(&note) {
                    Some(_) => Answer::done(json!({})),
                    None => refused(Class::Unknown, &NoteError::NoSuchNote { note }),
                }
            }
            "notes.list" => {
                let filter = call.input::<ListNotes>().expect("shaped");
                let page = call.page.expect("a list");
                let after: u32 = page.after.and_then(|after| after.parse().ok()).unwrap_or(0);
                let state = notes.state.lock().expect("lock");
                let fits = |note: &&Note| {
                    filter.kind.is_none_or(|kind| kind == note.kind)
                        && filter.longer_than.is_none_or(|least| note.text.len() > least as usize)
                };
                let mut items: Vec<&Note> =
                    state.notes.range(after + 1..).map(|(_, (note, _))| note).filter(fits).take(page.limit as usize + 1).collect();
                let more = items.len() > page.limit as usize;
                items.truncate(page.limit as usize);
                let next = items.last().filter(|_| more).map(|note| note.note.to_string());
                Answer::done(json!({ "items": items })).next(next)
            }
            "counter.add" => {
                let amount = call.input::<AddCount>().expect("shaped").amount;
                let operator = notes.operator.lock().expect("lock").clone();
                let signature = call.signature.expect("the front sees to that");
                if operator.is_some_and(|key| !signature.is_by(&key)) {
                    return refused(Class::Forbidden, &NoteError::Signature);
                }
                Answer::done(json!({ "count": notes.bump(amount.into()) }))
            }
            "tickets.take" => Answer::done(serde_json::to_value(note()).expect("JSON")),
            "counter.get" => Answer::done(json!({ "count": notes.count() })),
            "counter.follow" => notes.follow(call.last_event),
            other => panic!("no operation {other}"),
        }
    }
}
