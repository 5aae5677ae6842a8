//! Sealing and destruction of mounted versions.

use super::through::{Given, decide_alone, example, link, may};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_service::{CertificateFile, CustodyView};
use tidegate_terms::Name;

/// A version, and why something is done to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionAct {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    #[schemars(range(min = 1))]
    pub version: u32,
    /// Why.
    #[schemars(length(min = 1, max = 1000))]
    pub reason: String,
}

/// A version to be destroyed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionDestruction {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    #[schemars(range(min = 1))]
    pub version: u32,
    /// Why.
    #[schemars(length(min = 1, max = 1000))]
    pub reason: String,
    /// Before whom.
    #[schemars(length(min = 1, max = 200))]
    pub witness: String,
}

/// A version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneVersion {
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    #[schemars(range(min = 1))]
    pub version: u32,
}

fn act_example() -> VersionAct {
    example(r#"{ "dataset": "rand-hie", "version": 1, "reason": "under review" }"#)
}

fn view_example(state: &str) -> CustodyView {
    example(&format!(r#"{{ "dataset": "rand-hie", "version": 1, "state": {state}, "log_position": 6 }}"#))
}

fn certificate_example() -> CertificateFile {
    example(
        r#"{ "certificate": "tidegate.example/certificate\n…", "salt": "0000000000000000000000000000000000000000000000000000000000000000" }"#,
    )
}

operation! {
    SealDataset = "datasets.seal" in "datasets";
    Post "/v1/datasets/{dataset}/versions/{version}/seal" [keyed];
    summary "Seal a version: no run reads it", "封存数据版本：任何运行不得读取";
    says "The provider or the authority; it can be undone. Runs that have been admitted end.", "由数据提供部门或主管部门操作；可以解封。";
    takes VersionAct, example act_example();
    gives CustodyView, example view_example("\"sealed\"");
    by seal;
}

operation! {
    UnsealDataset = "datasets.unseal" in "datasets";
    Post "/v1/datasets/{dataset}/versions/{version}/unseal" [keyed];
    summary "Take the seal off a version", "解封数据版本";
    says "The provider or the authority.", "由数据提供部门或主管部门操作。";
    takes VersionAct, example act_example();
    gives CustodyView, example view_example("null");
    by unseal;
}

operation! {
    DestroyDataset = "datasets.destroy" in "datasets";
    Post "/v1/datasets/{dataset}/versions/{version}/destroy" [keyed];
    summary "Destroy a version, with a certificate", "销毁数据版本并出具证明";
    says "The provider alone. It cannot be undone: the files are overwritten and removed, and the log says so.", "仅限数据提供部门。不可撤回：文件被覆写并删除，日志予以记录。";
    takes VersionDestruction, example example(r#"{ "dataset": "rand-hie", "version": 1, "reason": "the contract ended", "witness": "city archive" }"#);
    gives CertificateFile, example certificate_example();
    by destroy;
}

operation! {
    ShowCertificate = "datasets.certificate" in "datasets";
    Get "/v1/datasets/{dataset}/versions/{version}/certificate" [];
    summary "The certificate of a destruction", "查看销毁证明";
    says "Signed by the domain; `tidegate audit check-certificate` holds it against the log.", "由数据域签署；可用 `tidegate audit check-certificate` 对照日志核验。";
    takes OneVersion, example OneVersion { dataset: super::through::example("\"rand-hie\""), version: 1 };
    gives CertificateFile, example certificate_example();
    by certificate;
}

async fn seal(desk: &mut Desk, input: VersionAct) -> Result<Done<CustodyView>, Refused> {
    seal_or_not(desk, input, true).await
}

async fn unseal(desk: &mut Desk, input: VersionAct) -> Result<Done<CustodyView>, Refused> {
    seal_or_not(desk, input, false).await
}

async fn seal_or_not(desk: &mut Desk, input: VersionAct, sealed: bool) -> Result<Done<CustodyView>, Refused> {
    let VersionAct { dataset, version, reason } = input;
    let link = link(desk, &dataset).await?;
    let thing = Thing::of(&link).in_state(if sealed { "mounted" } else { "sealed" });
    decide_alone(desk, Action::SealDataset, &thing, Given { reason: Some(&reason) }).await?;
    Ok(desk.domain().seal_version(&dataset, version, &reason, sealed).await?.into())
}

async fn destroy(desk: &mut Desk, input: VersionDestruction) -> Result<Done<CertificateFile>, Refused> {
    let VersionDestruction { dataset, version, reason, witness } = input;
    let link = link(desk, &dataset).await?;
    decide_alone(desk, Action::DestroyDataset, &Thing::of(&link), Given { reason: Some(&reason) }).await?;
    Ok(desk.domain().destroy_version(&dataset, version, &reason, &witness).await?.into())
}

async fn certificate(desk: &mut Desk, input: OneVersion) -> Result<Done<CertificateFile>, Refused> {
    may(desk, Action::ReadDataset, &Thing::alone(Kind::Dataset, input.dataset.as_str(), "destroyed")).await?;
    Ok(desk.domain().certificate(&input.dataset, input.version).await?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<SealDataset>().with::<UnsealDataset>().with::<DestroyDataset>().with::<ShowCertificate>()
}
