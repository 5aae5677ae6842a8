//! Doing things once: the durable record of idempotency keys.
//!
//! A key is bound to its request in the transaction of the first act that the request makes, so that whatever dies, a
//! request that changed something is known by its key. Its answer is kept afterwards.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the act | a bound key without answer | the same request is told the log entry, and does nothing again |
//! | the answer | both | the same request gets the same answer, or is told that it was a secret |
//!
//! A refusal binds nothing: it changed nothing and may become an approval. Rejected: binding the key before the act. A
//! crash between them would leave a key that nobody can use and that stands for nothing.

use crate::Refused;
use crate::desk::Once;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_http::api::{Answer, Class};
use tidegate_service::{Domain, ServiceError};
use tidegate_store::{Books, KeyRecord, StoreError};
use tidegate_terms::messages;

/// How long keys are remembered, in seconds: longer than any signature stays fresh.
const KEPT_SECONDS: i64 = 30 * 86_400;
/// The longest answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

messages! {
    /// What a key that was used before says.
    pub enum KeyError {
        Other = "key.other-request" {
            en: "this `Idempotency-Key` belongs to another request: use a new one for a new request",
            zh: "此 `Idempotency-Key` 已用于另一请求：新请求请使用新的键",
        },
        InProgress = "key.busy" {
            en: "the request with this `Idempotency-Key` is still being done: wait and send it again",
            zh: "带有此 `Idempotency-Key` 的请求仍在处理：请稍候后重发",
        },
        Done { entry: u64 } = "key.done-already" {
            en: "this request was done before (log entry {entry}), and its answer is not kept: read what it made; what was shown once can only be made anew, with a new key",
            zh: "该请求此前已执行（日志第 {entry} 条），其应答未保存：请读取其结果；只显示一次的内容只能用新的键重新生成",
        },
        Secret { entry: u64 } = "key.secret-already" {
            en: "this request was done before (log entry {entry}), and its answer held a secret, which is shown once: if you did not get it, revoke what was made and make it anew with a new key",
            zh: "该请求此前已执行（日志第 {entry} 条），其应答含只显示一次的密文：如未收到，请撤销已生成的内容，并用新的键重新生成",
        },
    }
}

/// What was answered.
#[derive(Serialize, Deserialize)]
struct Kept {
    output: Value,
    version: Option<String>,
}

/// What is known of a key.
pub(crate) enum Earlier {
    /// The answer that was given.
    Answered(Answer),
    /// Nothing: it is being done from here on.
    New(Held),
}

/// Keys whose request is being done.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<BTreeMap<(String, String), String>>>);

/// Holds a key while its request is being done.
pub(crate) struct Held {
    progress: Progress,
    key: (String, String),
}

impl Drop for Held {
    fn drop(&mut self) {
        self.progress.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Progress {
    /// Takes a key, or says what became of it: of an answer with a secret only that it was given.
    pub(crate) async fn begin(&self, books: &Books, once: &Once, secret: bool) -> Result<Earlier, Refused> {
        let held = self.take(once)?;
        match books.key_used(&once.scope, &once.key).await.map_err(ServiceError::from)? {
            None => Ok(Earlier::New(held)),
            Some(KeyRecord { digest, .. }) if digest != once.digest => Err(Refused::of(Class::Unprocessable, &KeyError::Other)),
            Some(KeyRecord { answer: Some(answer), .. }) => {
                let Kept { output, version } = serde_json::from_str(&answer).map_err(StoreError::from)?;
                let answer = Answer::done(output);
                Ok(Earlier::Answered(match version {
                    Some(version) => answer.version(version),
                    None => answer,
                }))
            }
            Some(KeyRecord { position, .. }) => {
                let entry = position.unwrap_or_default();
                let told = if secret { KeyError::Secret { entry } } else { KeyError::Done { entry } };
                Err(told.into())
            }
        }
    }

    fn take(&self, once: &Once) -> Result<Held, Refused> {
        let key = (once.scope.clone(), once.key.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&key) {
            Some(digest) if *digest != once.digest => Err(Refused::of(Class::Unprocessable, &KeyError::Other)),
            Some(_) => Err(Refused::of(Class::Conflict, &KeyError::InProgress)),
            None => {
                known.insert(key.clone(), once.digest.clone());
                Ok(Held { progress: self.clone(), key })
            }
        }
    }
}

/// Keeps the answer of a request that was done; of a secret only that it was given. Old keys are forgotten.
pub(crate) async fn keep(domain: &Domain, once: &Once, output: &Value, version: Option<&str>, secret: bool) -> Result<(), Refused> {
    let mut act = domain.begin_act().await?;
    let at = Domain::instant_of(&act);
    act.bind_key(&once.scope, &once.key, &once.digest, None, &at).await?;
    let kept = serde_json::to_string(&Kept { output: output.clone(), version: version.map(str::to_owned) }).map_err(StoreError::from)?;
    if !secret && kept.len() <= ANSWER_BYTES_MAX {
        act.answer_key(&once.scope, &once.key, &kept).await?;
    }
    let old = Domain::now().checked_sub(jiff::SignedDuration::from_secs(KEPT_SECONDS)).unwrap_or(jiff::Timestamp::MIN);
    act.forget_keys(&old.to_string()).await?;
    Ok(domain.conclude_unlogged(act).await?)
}
