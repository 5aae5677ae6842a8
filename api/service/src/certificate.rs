//! The certificate of a destruction (销毁证明): a signed note that anybody can check offline against the published log.
//!
//! The note's text is one line that says what it is and one JSON object, so that the signature can never be taken for that
//! of a checkpoint. The log has a salted commitment to the note, because the note names a reason and a witness; whoever is
//! given the certificate gets the salt with it.

use serde::{Deserialize, Serialize};
use std::path::Path;
use tidegate_log::{AuditError, Event, Note, NoteError, commit, log_keys, read_history, verify};
use tidegate_terms::{Bilingual, Digest, Language, Name, messages};

/// The first line of a certificate's note.
pub(crate) const HEADER: &str = "tidegate destruction certificate v1\n";

messages! {
    /// Why a certificate does not hold.
    pub enum CertificateError {
        Malformed = "certificate.malformed" {
            en: "this is not a destruction certificate: ask for the file again, as `tidegate dataset certificate` wrote it",
            zh: "这不是销毁证明：请重新索取由 `tidegate dataset certificate` 输出的文件",
        },
        OtherEntry { entry: u64 } = "certificate.other-entry" {
            en: "entry {entry} of the log does not commit to this certificate: it was changed or belongs to another log, do not rely on it",
            zh: "日志第 {entry} 条并未承诺此证明：证明已被改动或属于另一日志，请勿采信",
        },
        NotCovered { entry: u64, size: u64 } = "certificate.not-covered" {
            en: "the log has {size} entries, the certificate names entry {entry}: take a newer copy of the log",
            zh: "该日志有 {size} 条，而证明所指为第 {entry} 条：请取较新的日志副本",
        };
        Note(NoteError),
        Audit(AuditError),
    }
}

/// A file that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestroyedFile {
    /// Its name, below the directory of the version.
    pub file: String,
    /// SHA-256 of a salt and its bytes. The salt was destroyed with it, so nobody can try contents.
    #[schemars(with = "String")]
    pub salted_digest: Digest,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The domain: the origin of its log.
    pub origin: String,
    /// The dataset.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// The population.
    pub lineage: Name,
    /// When the version was mounted.
    pub mounted_at: String,
    /// When its destruction was decided.
    pub decided_at: String,
    /// When it was done.
    pub destroyed_at: String,
    /// What was destroyed.
    pub files: Vec<DestroyedFile>,
    /// What else was forgotten.
    #[schemars(with = "serde_json::Value")]
    pub forgotten: Bilingual,
    /// How.
    #[schemars(with = "serde_json::Value")]
    pub method: Bilingual,
    /// What this method does not do.
    #[schemars(with = "serde_json::Value")]
    pub limits: Bilingual,
    /// What was kept.
    #[schemars(with = "serde_json::Value")]
    pub kept: Bilingual,
    /// Why.
    pub reason: String,
    /// Who witnessed it.
    pub witness: String,
    /// The clauses.
    pub clauses: Vec<String>,
    /// The entry of the log that commits to this certificate.
    pub log_position: u64,
}

/// A certificate as it is handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateFile {
    /// The signed note.
    pub certificate: String,
    /// The salt of the log's commitment to it, as 64 hexadecimal digits.
    #[schemars(with = "String")]
    pub salt: Digest,
}

impl CertificateFile {
    /// What the certificate says, whoever signed it.
    pub fn read(&self) -> Result<Certificate, CertificateError> {
        let note = Note::parse(self.certificate.as_bytes())?;
        Certificate::of_text(note.unverified_text())
    }
}

impl Certificate {
    fn of_text(text: &str) -> Result<Self, CertificateError> {
        let json = text.strip_prefix(HEADER).ok_or(CertificateError::Malformed)?;
        serde_json::from_str(json).map_err(|_| CertificateError::Malformed)
    }

    /// The text that is signed.
    pub(crate) fn text(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{HEADER}{}\n", serde_json::to_string_pretty(self)?))
    }

    /// For print.
    pub fn printed(&self, language: Language) -> String {
        let pick = |en: &'static str, zh: &'static str| if language == Language::Chinese { zh } else { en };
        let of = |text: &Bilingual| if language == Language::Chinese { text.zh.clone() } else { text.en.clone() };
        let lines = [
            (pick("Domain", "数据域"), self.origin.clone()),
            (pick("Dataset", "数据集"), format!("{} v{}", self.dataset, self.version)),
            (pick("Lineage", "谱系"), self.lineage.to_string()),
            (pick("Mounted", "挂载时间"), self.mounted_at.clone()),
            (pick("Decided", "决定时间"), self.decided_at.clone()),
            (pick("Destroyed", "销毁时间"), self.destroyed_at.clone()),
            (pick("Reason", "事由"), self.reason.clone()),
            (pick("Witness", "监销人"), self.witness.clone()),
            (pick("Method", "方式"), of(&self.method)),
            (pick("Also forgotten", "一并清除"), of(&self.forgotten)),
            (pick("Kept", "保留"), of(&self.kept)),
            (pick("Not claimed", "不作保证"), of(&self.limits)),
            (pick("Clauses", "依据"), self.clauses.join("；")),
            (pick("Log entry", "日志条目"), self.log_position.to_string()),
        ];
        let mut text = format!("{}\n\n", pick("CERTIFICATE OF DESTRUCTION", "数据销毁证明"));
        lines.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\n")));
        text.push_str(&format!("{}:\n", pick("Files, with the salted digests of what they held", "文件及其内容的加盐摘要")));
        self.files.iter().for_each(|file| text.push_str(&format!("  {}  {}\n", file.salted_digest, file.file)));
        text
    }
}

/// Checks a certificate offline against a published log: the log itself, the signature, and the commitment in the entry
/// that the certificate names.
pub fn check_certificate(file: &CertificateFile, log: &Path, vkey: &str) -> Result<Certificate, CertificateError> {
    let report = verify(log, Some(vkey))?;
    let keys = log_keys(log, Some(vkey))?;
    let note = Note::parse(file.certificate.as_bytes())?;
    let certificate = Certificate::of_text(note.verify(keys.keys())?)?;
    let entry = certificate.log_position;
    let mut event = None;
    read_history(log, Some(vkey), |index, _, decoded| {
        if index == entry {
            event = decoded.ok().map(|decoded| decoded.event);
        }
    })?;
    if entry >= report.entries {
        return Err(CertificateError::NotCovered { entry, size: report.entries });
    }
    let committed = commit(&file.salt.0, file.certificate.as_bytes());
    match event {
        Some(Event::DestroyVersion { dataset, version, certificate_commitment })
            if dataset == certificate.dataset
                && version == certificate.version
                && certificate_commitment == committed
                && certificate.origin == report.origin =>
        {
            Ok(certificate)
        }
        _ => Err(CertificateError::OtherEntry { entry }),
    }
}
