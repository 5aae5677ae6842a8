//! All operations, each with its handler: one list for the front's table, the description, the client and the keeper.

use crate::{Desk, Done, Refused};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use tidegate_http::api::{Answer, Event, Operation, Table, TableBuilder, TableError, Words};
use tidegate_store::StoreError;
use tokio::sync::mpsc::Receiver;

/// One operation's work in the keeper.
pub trait Serve: Operation<Input: Send, Output: Send> {
    /// Does it, or says why not.
    fn serve(desk: &mut Desk, input: Self::Input) -> impl Future<Output = Result<Done<Self::Output>, Refused>> + Send;
}

/// One operation that answers with events.
pub trait Follow: Operation<Input: Send, Output: Send> {
    /// Gives events after the last one that the caller has seen, or says why not.
    fn follow(desk: &mut Desk, input: Self::Input, last: Option<u64>) -> impl Future<Output = Result<Receiver<Event>, Refused>> + Send;
}

type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Refused>> + Send + 'a>>;

/// An operation as the office knows it.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) open: bool,
    pub(crate) keyed: bool,
    pub(crate) binding: bool,
    pub(crate) changes: bool,
    pub(crate) secret: bool,
    pub(crate) serve: for<'a> fn(&'a mut Desk, Value, Option<u64>) -> Answering<'a>,
}

impl Offer {
    fn of<O: Operation>(serve: for<'a> fn(&'a mut Desk, Value, Option<u64>) -> Answering<'a>) -> Self {
        let changes = !matches!(O::VERB, tidegate_http::api::Verb::Get);
        Self { open: O::OPEN, keyed: O::KEYED, binding: O::BINDING, changes, secret: O::SECRET, serve }
    }
}

/// All operations in the making.
pub struct Offers {
    table: TableBuilder,
    known: BTreeMap<&'static str, Offer>,
}

impl Offers {
    fn new() -> Self {
        let title = Words { en: "Tidegate", zh: "潮闸" };
        let description = Words {
            en: "Authorised operation of public data: catalogue, grants, runs, products, supervision. Raw data never leave the domain.",
            zh: "公共数据授权运营：目录、授权、运行、产品与监管。原始数据不出域。",
        };
        Self { table: TableBuilder::new(title, description), known: BTreeMap::new() }
    }

    /// Adds an operation.
    #[must_use]
    pub fn with<O: Serve>(mut self) -> Self {
        self.known.insert(O::ID, Offer::of::<O>(serve::<O>));
        self.table = self.table.with::<O>();
        self
    }

    /// Adds an operation that answers with events.
    #[must_use]
    pub fn with_events<O: Follow>(mut self) -> Self {
        self.known.insert(O::ID, Offer::of::<O>(follow::<O>));
        self.table = self.table.with::<O>();
        self
    }
}

fn serve<O: Serve>(desk: &mut Desk, input: Value, _: Option<u64>) -> Answering<'_> {
    Box::pin(async move {
        let input: O::Input = serde_json::from_value(input).map_err(StoreError::from)?;
        let Done { output, version, next } = O::serve(desk, input).await?;
        let answer = Answer::done(serde_json::to_value(output).map_err(StoreError::from)?).next(next);
        Ok(match version {
            Some(version) => answer.version(version.to_string()),
            None => answer,
        })
    })
}

fn follow<O: Follow>(desk: &mut Desk, input: Value, last: Option<u64>) -> Answering<'_> {
    Box::pin(async move {
        let input: O::Input = serde_json::from_value(input).map_err(StoreError::from)?;
        O::follow(desk, input, last).await.map(Answer::events)
    })
}

/// All operations, for front, client and document.
pub fn table() -> Result<Table, TableError> {
    crate::operations::all(Offers::new()).table.build()
}

/// All operations, for the keeper.
pub(crate) fn known() -> BTreeMap<&'static str, Offer> {
    crate::operations::all(Offers::new()).known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound_and_has_what_the_keeper_serves() {
        let table = table().expect("a table");
        let document = table.openapi();
        let paths = document["paths"].as_object().expect("paths");
        let described: usize = paths
            .values()
            .filter_map(Value::as_object)
            .map(|path| path.keys().filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str())).count())
            .sum();
        assert!(known().len() <= described, "{} served, {described} described", known().len());
    }

    #[test]
    fn what_shows_a_secret_once_is_marked() {
        let marked: Vec<_> = known().into_iter().filter(|(_, offer)| offer.secret).map(|(id, _)| id).collect();
        assert_eq!(marked, ["accounts.create", "password.reset", "password.set", "sessions.begin", "tokens.issue"]);
    }

    #[test]
    fn what_changes_something_has_a_key() {
        for (id, offer) in known() {
            assert!(!offer.changes || offer.keyed || offer.open, "{id} changes something and takes no idempotency key");
        }
    }
}
