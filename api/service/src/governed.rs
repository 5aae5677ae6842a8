//! What governance needs of a domain: its one writing transaction, its clock, and the way from an entry to a checkpoint.

use crate::{Domain, ServiceError, instant, keys};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use jiff::civil::Date;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use tidegate_log::{Entry, Event};
use tidegate_store::{Opening, Transaction};

/// What the key of sealed secrets is for; nothing else may be derived with this text.
const SEALED: &[u8] = b"tidegate sealed secret v1";

impl Domain {
    /// Whether governance was founded: from then on there is an organisation.
    pub async fn is_governed(&self) -> Result<bool, ServiceError> {
        Ok(!self.books().all_governed("organisation", None, "", 1).await?.is_empty())
    }

    /// Begins an act of governance. Nobody else writes until it is committed or dropped, so no other method of the domain
    /// that writes may be called meanwhile.
    pub async fn begin_act(&self) -> Result<Transaction, ServiceError> {
        self.next_instant().await?;
        Ok(self.store.begin().await?)
    }

    /// The instant of an act that has begun, as the log writes it.
    pub fn instant_of(act: &Transaction) -> String {
        instant::text(Self::instant_in(act))
    }

    /// Ends an act whose entries were appended: commits, does what must follow at once, then waits until a signed
    /// checkpoint covers the entry.
    ///
    /// A crash between commit and checkpoint leaves a log that is longer than its checkpoint; the next start publishes it.
    pub async fn conclude_act(&self, act: Transaction, position: u64, at_once: impl FnOnce()) -> Result<(), ServiceError> {
        act.commit().await?;
        at_once();
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        Ok(())
    }

    /// Ends an act that changed nothing that the log tells of: a session, a failed proof, an answer that is kept.
    pub async fn conclude_unlogged(&self, act: Transaction) -> Result<(), ServiceError> {
        Ok(act.commit().await?)
    }

    /// An entry at the instant of an act.
    pub fn entry_of(act: &Transaction, event: Event) -> Entry {
        Entry { at: Self::instant_of(act), event }
    }

    /// What opens a commitment, with a fresh salt.
    pub fn opening(field: &'static str, content: Vec<u8>) -> Result<Opening, ServiceError> {
        Ok(Opening { field, salt: keys::random()?, content: Some(content) })
    }

    /// A fresh identifier with a letter that says of what.
    pub fn identifier(letter: char) -> Result<String, ServiceError> {
        keys::identifier(letter)
    }

    /// 256 random bits.
    pub fn random() -> Result<[u8; 32], ServiceError> {
        keys::random()
    }

    /// Seals a secret that the domain must read again, such as what makes the codes of a second factor: AES-256-GCM under a
    /// key that follows from the domain's own. Whoever has the database alone has nothing.
    pub fn seal_secret(&self, secret: &[u8]) -> Result<String, ServiceError> {
        let nonce: [u8; NONCE_LEN] = keys::random()?[..NONCE_LEN].try_into().map_err(|_| ServiceError::Randomness)?;
        let mut sealed = secret.to_vec();
        let tag = self.sealing_key()?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(SEALED), &mut sealed);
        tag.map_err(|_| ServiceError::Randomness)?;
        Ok(BASE64.encode([&nonce, sealed.as_slice()].concat()))
    }

    /// Opens what [`seal_secret`](Self::seal_secret) sealed.
    pub fn open_secret(&self, sealed: &str) -> Result<Vec<u8>, ServiceError> {
        let damaged = || ServiceError::Keys { path: "state.sqlite".into() };
        let mut bytes = BASE64.decode(sealed).map_err(|_| damaged())?;
        if bytes.len() < NONCE_LEN {
            return Err(damaged());
        }
        let mut sealed = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| damaged())?;
        let opened = self.sealing_key()?.open_in_place(nonce, Aad::from(SEALED), &mut sealed).map_err(|_| damaged())?;
        Ok(opened.to_vec())
    }

    fn sealing_key(&self) -> Result<LessSafeKey, ServiceError> {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.keys.unit), SEALED);
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| ServiceError::Randomness)?;
        Ok(LessSafeKey::new(key))
    }

    /// The clock of the domain, to the second.
    pub fn now() -> Timestamp {
        instant::now()
    }

    /// The date in UTC, as the log counts days.
    pub fn today() -> Date {
        instant::today()
    }

    /// Writes a line into the domain's private journal. What it says never leaves the domain, and names no person.
    pub fn note(&self, what: &str) {
        self.journal(what);
    }
}
