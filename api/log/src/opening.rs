//! Opening a commitment: what an entry committed to, shown to somebody who may know it.
//!
//! Guarantee: [`CommitmentOpening::check`] holds only for the very bytes that were committed to when the entry was
//! written. Which commitment may be opened to whom is a closed table ([`may_open`]); totals and shards are data and
//! are opened to nobody: their salts would let small numbers be tried out.
//!
//! Rejected: clear text in the log. It is public for ever; what regulators may read, competitors may not.

use crate::audit::{AuditError, open_log};
use crate::entry::commit;
use crate::files::{FileError, Files};
use crate::nodes::TileNodes;
use crate::tiles::{TILE_WIDTH, Tile, TileKind};
use crate::tree::{prove_inclusion, verify_inclusion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::path::Path;
use tidegate_terms::{Digest, messages};

messages! {
    /// Why an opening is not accepted.
    pub enum OpeningError {
        Malformed = "opening.malformed" {
            en: "this is not an opening: take the file as `tidegate audit open` wrote it",
            zh: "这不是承诺的开示文件：请使用 `tidegate audit open` 写出的原文件",
        },
        OtherLog { found: String, expected: String } = "opening.other-log" {
            en: "the opening is for the log `{found}`, this one is `{expected}`: give the log that it names",
            zh: "该开示属于日志“{found}”，而此日志为“{expected}”：请提供其所指的日志",
        },
        NoEntry { entry: u64, size: u64 } = "opening.no-entry" {
            en: "the log has {size} entries, none at {entry}: fetch a newer copy of the log",
            zh: "日志有 {size} 条，没有第 {entry} 条：请获取较新的日志副本",
        },
        NoField { entry: u64, field: String } = "opening.no-field" {
            en: "entry {entry} has no commitment `{field}`: look at the entry for the names of its commitments",
            zh: "第 {entry} 条没有承诺“{field}”：请查看该条目中的承诺名称",
        },
        Differs { entry: u64, field: String } = "opening.differs" {
            en: "the content is not what entry {entry} committed to in `{field}`: it was changed, do not rely on it",
            zh: "内容与第 {entry} 条在“{field}”中的承诺不符：内容已被改动，请勿采信",
        };
        Audit(AuditError),
    }
}

/// Who a commitment is opened to; the closed list of roles (design, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// The provider of the data.
    Provider,
    /// The authority.
    Authority,
    /// The operator whose grant, run or product it is.
    Operator,
    /// The regulator.
    Regulator,
    /// A data exchange.
    Exchange,
}

/// Whether a commitment may be opened to a reader. What is in no line is opened to nobody.
pub fn may_open(field: &str, reader: Reader) -> bool {
    use Reader::{Authority, Exchange, Operator, Provider, Regulator};
    let readers: &[Reader] = match field {
        "release_commitment" | "tables_commitment" => &[Authority, Operator, Regulator, Exchange],
        "parameters_commitment" => &[Authority, Operator, Regulator],
        "application_commitment" | "package_commitment" => &[Authority, Operator, Regulator, Exchange],
        "recipient_commitment" | "exchange_commitment" | "listing_commitment" | "contract_commitment" => {
            &[Authority, Operator, Regulator, Exchange]
        }
        "details_commitment" | "acknowledgement_commitment" | "receipt_commitment" => &[Authority, Operator, Regulator],
        "certificate_commitment" | "text_commitment" => &[Provider, Authority, Operator, Regulator],
        "asker_commitment" => &[Authority, Regulator],
        "reason_commitment" => &[Provider, Authority, Operator, Regulator],
        // Plans, agreements, findings: whose they are reads them as records; here the two that supervise.
        "content_commitment" => &[Authority, Regulator],
        _ => &[],
    };
    readers.contains(&reader)
}

/// A commitment with its salt and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitmentOpening {
    /// The origin of the log.
    pub origin: String,
    /// The index of the entry.
    pub entry: u64,
    /// The name of the commitment in the entry.
    pub field: String,
    /// The salt: 32 bytes in hexadecimal.
    pub salt: Digest,
    /// The content, base64.
    pub content: String,
}

impl CommitmentOpening {
    /// Reads an opening.
    pub fn parse(text: &str) -> Result<Self, OpeningError> {
        serde_json::from_str(text).map_err(|_| OpeningError::Malformed)
    }

    /// What was committed to, whether or not it is what the log says.
    pub fn unchecked_content(&self) -> Result<Vec<u8>, OpeningError> {
        BASE64.decode(&self.content).map_err(|_| OpeningError::Malformed)
    }

    /// The content, if the entry of the log committed to it and is in the signed tree.
    pub fn check(&self, directory: &Path, vkey: Option<&str>) -> Result<Vec<u8>, OpeningError> {
        let bytes = read_entry(directory, vkey, &self.origin, self.entry)?;
        let content = self.unchecked_content()?;
        let entry: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let missing = || OpeningError::NoField { entry: self.entry, field: self.field.clone() };
        let committed = entry.get(&self.field).and_then(serde_json::Value::as_str).ok_or_else(missing)?;
        if !self.field.ends_with("_commitment") {
            return Err(missing());
        }
        if commit(&self.salt.0, &content).to_string() == committed {
            Ok(content)
        } else {
            Err(OpeningError::Differs { entry: self.entry, field: self.field.clone() })
        }
    }
}

/// The bytes of one entry, proven to be in the tree of the signed checkpoint.
fn read_entry(directory: &Path, vkey: Option<&str>, origin: &str, index: u64) -> Result<Vec<u8>, OpeningError> {
    let files = Files::new(directory);
    let head = open_log(&files, vkey)?;
    if head.origin != origin {
        return Err(OpeningError::OtherLog { found: origin.to_owned(), expected: head.origin });
    }
    let missing = || OpeningError::NoEntry { entry: index, size: head.size };
    let bundle = Tile::of_tree(TileKind::Entries, index / TILE_WIDTH as u64, head.size).ok_or_else(missing)?;
    let (file, mut entries) = files.entries(bundle).map_err(AuditError::File)?;
    let inside = (index % TILE_WIDTH as u64) as usize;
    if index >= head.size || inside >= entries.len() {
        return Err(missing());
    }
    let bytes = entries.swap_remove(inside);
    let hashes = prove_inclusion(&mut TileNodes::new(&files, head.size), index, head.size).map_err(AuditError::File)?;
    if verify_inclusion(crate::hash::leaf_hash(&bytes), index, head.size, &hashes, head.root) {
        Ok(bytes)
    } else {
        Err(AuditError::File(FileError::Damaged { file }).into())
    }
}
