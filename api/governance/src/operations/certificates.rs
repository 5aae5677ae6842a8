//! Certificates of clients: what a program shows in TLS instead of a token. The front hands over the digest of one that is
//! under the authority that it was given; here it is tied to an account.

use crate::authentication::Scope;
use crate::offers::Offers;
use crate::operations::accounts::{AccountError, AccountRecord};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Action;
use tidegate_service::Domain;
use tidegate_store::{CredentialRecord, StoreError};
use tidegate_terms::{Digest, messages};

messages! {
    /// Why a certificate is not tied to an account.
    pub enum CertificateRefusal {
        Digest = "certificate.digest" {
            en: "the fingerprint is not SHA-256 in 64 lower-case hexadecimal digits: take that of the certificate's DER form",
            zh: "指纹不是 64 位小写十六进制的 SHA-256：请使用证书 DER 形式的指纹",
        },
        Known = "certificate.exists" {
            en: "this certificate is tied to an account already, or was: use a fresh one",
            zh: "该证书已经或曾经关联账号：请使用新的证书",
        },
    }
}

/// A certificate to be tied to the account that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateInput {
    /// What it is for.
    #[schemars(length(min = 1, max = 120))]
    pub title: String,
    /// SHA-256 of its DER form, hexadecimal.
    #[schemars(length(min = 64, max = 64))]
    pub fingerprint: String,
    /// For how many days it counts.
    #[schemars(range(min = 1, max = 365))]
    pub days: u32,
}

/// A certificate that counts for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateView {
    /// Its identifier; it is revoked like a token.
    pub token: String,
    /// What it is for.
    pub title: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// When it counts no more.
    pub expires: String,
}

operation! {
    RegisterCertificate = "certificates.register" in "tokens";
    Post "/v1/certificates" [keyed, created];
    summary "Tie a client's certificate to one's account", "将客户端证书关联到本账号";
    says "It then counts like a token, with the rights of the credential that asks; like a token it ends no later than a token that asks, and with it. It is listed and revoked among the tokens.", "此后等同于令牌，权限与当前凭证相同；以令牌关联的，到期不晚于该令牌，并随其撤销；在令牌列表中显示并撤销。";
    takes CertificateInput, example CertificateInput { title: "front of the exchange".into(), fingerprint: "0".repeat(64), days: 90 };
    gives CertificateView, example CertificateView {
        token: "x0123456789abcdef0123".into(), title: "front of the exchange".into(), fingerprint: "0".repeat(64), expires: "2027-02-20T08:00:00Z".into()
    };
    by register;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    offers.with::<RegisterCertificate>()
}

async fn register(desk: &mut Desk, input: CertificateInput) -> Result<Done<CertificateView>, Refused> {
    let digest = Digest::parse(&input.fingerprint).map_err(|_| CertificateRefusal::Digest)?;
    let caller = desk.caller();
    let actions = caller.actions.as_ref().map(|actions| actions.iter().map(|action| action.name().to_owned()).collect());
    let scope = Scope { title: input.title.clone(), roles: Some(caller.roles.clone()), actions, made_by: Some(caller.credential.clone()) };
    let account = caller.account.clone();
    let mut act = desk.begin().await?;
    let row = act.get::<AccountRecord>(&account).await?.ok_or_else(|| AccountError::Unknown { account: account.clone() })?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ManageTokens, &Thing::of(&row), facts)?;
    // The hash is one of a kind in the table; who writes is alone, so what is read here is still true then.
    if desk.read().credential_of_hash("certificate", &digest.0).await.map_err(tidegate_service::ServiceError::from)?.is_some() {
        return Err(CertificateRefusal::Known.into());
    }
    let expires = act.heir_until(desk, input.days).await?.to_string();
    let record = CredentialRecord {
        id: Domain::identifier('x')?,
        account,
        kind: "certificate".into(),
        hash: Some(digest.0.to_vec()),
        content: serde_json::to_string(&scope).map_err(StoreError::from)?,
        at: act.at().to_owned(),
        expires: Some(expires.clone()),
        revoked: None,
    };
    act.transaction.insert_credential(&record).await?;
    act.commit(decided).await?;
    Ok(Done::from(CertificateView { token: record.id, title: input.title, fingerprint: input.fingerprint, expires }))
}
