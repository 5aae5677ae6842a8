//! The office: whoever decides, inside the keeper.

use crate::authentication::authenticate;
use crate::desk::{Asked, Once};
use crate::idempotency::{Earlier, Progress};
use crate::offers::{self, Offer};
use crate::queue::{self, Queue};
use crate::{Desk, Refused, Rules};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tidegate_access::AccessRules;
use tidegate_http::api::{Answer, Call, Outcome};
use tidegate_service::{Domain, ServiceError};
use tidegate_terms::messages;
use tokio::sync::{Mutex, MutexGuard};

messages! {
    /// Why the office cannot answer.
    pub enum OfficeError {
        NoOperation = "operation.unknown" {
            en: "there is no such operation: the description at /openapi.json lists them",
            zh: "没有此操作：接口描述 /openapi.json 列出了全部操作",
        },
        NoKey = "operation.no-key" {
            en: "this operation needs an `Idempotency-Key`, so that it is done once",
            zh: "此操作需要 `Idempotency-Key`，以确保只执行一次",
        },
    }
}

/// So many sign-ins wait for their turn; whoever comes then is told to try again.
const SIGN_INS_MAX: usize = 16;

/// Whoever decides, inside the keeper.
pub struct Office {
    domain: Arc<Domain>,
    access: AccessRules,
    rules: RwLock<Arc<Rules>>,
    offers: BTreeMap<&'static str, Offer>,
    progress: Progress,
    /// One password is looked at at a time.
    passwords: Mutex<()>,
    /// Who may wait for that.
    waiting_passwords: tokio::sync::Semaphore,
    queue: Arc<Queue>,
}

impl Office {
    /// Opens the office of a domain.
    pub async fn open(domain: Arc<Domain>) -> Result<Self, ServiceError> {
        let start = |refused: Refused| {
            let (problem, cause) = refused.into_parts();
            domain.note(&format!("the office cannot open: {}", cause.unwrap_or_else(|| problem.detail.en.clone())));
            ServiceError::Office { detail: problem.detail.en }
        };
        let access = AccessRules::built_in().map_err(|error| start(error.into()))?;
        let rules = Rules::of(&domain.books()).await.map_err(start)?;
        let queue = Arc::new(Queue::default());
        queue::start(Arc::clone(&domain), Arc::clone(&queue)).await.map_err(start)?;
        Ok(Self {
            domain,
            access,
            rules: RwLock::new(Arc::new(rules)),
            offers: offers::known(),
            progress: Progress::default(),
            passwords: Mutex::default(),
            waiting_passwords: tokio::sync::Semaphore::new(SIGN_INS_MAX),
            queue,
        })
    }

    /// The domain.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// The queue of runs.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// The access rules.
    pub fn access(&self) -> &AccessRules {
        &self.access
    }

    /// The rules in force now.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place among those who wait for their turn; none while many do. Who guesses passwords must not fill the office.
    pub(crate) fn password_place(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.waiting_passwords.try_acquire().ok()
    }

    /// Waits for one's turn to have a password looked at.
    pub(crate) async fn password_turn(&self) -> MutexGuard<'_, ()> {
        self.passwords.lock().await
    }

    /// Reads the rules again, after an act that changed them.
    pub(crate) async fn read_rules(&self) -> Result<(), Refused> {
        let rules = Rules::of(&self.domain.books()).await?;
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        Ok(())
    }

    /// Answers a call: authenticates, looks whether it was answered before, does it.
    pub async fn answer(self: &Arc<Self>, call: Call) -> Answer {
        let request = call.request_id.clone();
        match self.try_answer(call).await {
            Ok(answer) => answer,
            Err(refused) => {
                let (problem, cause) = refused.into_parts();
                if let Some(cause) = cause {
                    self.domain.note(&format!("request {request} failed: {cause}"));
                }
                Answer::refused(problem)
            }
        }
    }

    async fn try_answer(self: &Arc<Self>, call: Call) -> Result<Answer, Refused> {
        let offer = *self.offers.get(call.operation.as_str()).ok_or(OfficeError::NoOperation)?;
        if offer.keyed && call.idempotency_key.is_none() {
            return Err(OfficeError::NoKey.into());
        }
        let (caller, signed) = authenticate(self, &call, offer).await?;
        let scope = format!("{} {}", caller.account, call.operation);
        let once = call.idempotency_key.filter(|_| offer.changes && !caller.account.is_empty());
        let once = once.map(|key| Once { scope, key, digest: call.digest.to_string() });
        let held = match &once {
            None => None,
            Some(once) => match self.progress.begin(&self.domain.books(), once, offer.secret).await? {
                Earlier::Answered(answer) => return Ok(answer),
                Earlier::New(held) => Some(held),
            },
        };
        let asked = Asked {
            language: call.language,
            request_id: call.request_id,
            if_match: call.if_match,
            page: call.page,
            signed,
            once: once.clone(),
        };
        let mut desk = Desk { office: Arc::clone(self), caller, rules: self.rules(), today: Domain::today(), asked };
        let answer = (offer.serve)(&mut desk, call.input, call.last_event).await?;
        if let (Some(once), Outcome::Done(output)) = (&once, &answer.outcome) {
            crate::idempotency::keep(&self.domain, once, output, answer.version.as_deref(), offer.secret).await?;
        }
        drop(held);
        Ok(answer)
    }
}
