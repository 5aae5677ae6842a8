//! Destruction (销毁) of a version: intention, overwriting, forgetting, certificate; in this order, whatever dies.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the intention | a version that nobody reads, its files whole or not | the next start goes on where it stopped |
//! | some files | the same | the same: a file that is gone is done |
//! | the certificate | an entry without checkpoint | the next start publishes it |
//!
//! Overwriting is what Shuangyashan Art. 62 asks for (以数据覆写…不可逆方式). What it does not do on flash memory and
//! copying file systems stands in the certificate itself and in `docs/trust.md`.
//!
//! Rejected: destroying a key instead. Nothing is encrypted at rest yet, so there is none.

use crate::certificate::{Certificate, CertificateFile, DestroyedFile};
use crate::domain::sync_directory;
use crate::{Domain, ServiceError, instant, keys};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use tidegate_log::{Entry, Event, commit, sign};
use tidegate_store::{CustodyRecord, CustodyState, MountRecord, Opening, StoreError};
use tidegate_terms::{Bilingual, Digest, Name};

/// Why a version is to be destroyed, and before whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Destruction {
    pub(crate) reason: String,
    pub(crate) witness: String,
    pub(crate) decided_at: String,
    pub(crate) files: Vec<DestroyedFile>,
}

const CLAUSES: [&str; 3] =
    ["淄博市公共数据管理办法 第四十二条", "双鸭山市公共数据管理暂行办法 第六十二条", "双鸭山市公共数据管理暂行办法 第二十条"];

impl Domain {
    /// Destroys the data of a version and returns the certificate.
    pub async fn destroy_version(
        &self,
        dataset: &Name,
        version: u32,
        reason: &str,
        witness: &str,
    ) -> Result<CertificateFile, ServiceError> {
        if reason.trim().is_empty() || witness.trim().is_empty() {
            return Err(ServiceError::CustodyReason);
        }
        let record = self.mounted(dataset, Some(version)).await?.record;
        let known = self.books().custody(dataset, version).await?;
        crate::custody::check_readable(known)?;
        let open = self.books().open_runs(dataset, version).await?;
        if let Some(run) = open.first() {
            return Err(ServiceError::RunsOpen { dataset: dataset.to_string(), version, runs: open.len(), run: run.clone() });
        }
        let files = self.files_of(&record)?;
        let decided_at = instant::text(self.next_instant().await?);
        let intention = Destruction { reason: reason.to_owned(), witness: witness.to_owned(), decided_at, files };
        let record = serde_json::to_string(&intention).map_err(StoreError::from)?;
        let begun = CustodyRecord { dataset: dataset.clone(), version, state: CustodyState::Destroying, position: None, record };
        let mut act = self.store.begin().await?;
        act.put_custody(&begun).await?;
        // From here on no run reads it, and it will be destroyed whatever happens to this process.
        act.commit().await?;
        self.complete_destruction(&begun).await
    }

    /// Goes on with what an interrupted process began.
    pub(crate) async fn complete_destructions(&self) -> Result<(), ServiceError> {
        for custody in self.books().custodies().await? {
            if custody.state == CustodyState::Destroying {
                self.complete_destruction(&custody).await?;
            }
        }
        Ok(())
    }

    async fn complete_destruction(&self, begun: &CustodyRecord) -> Result<CertificateFile, ServiceError> {
        let intention: Destruction = serde_json::from_str(&begun.record).map_err(StoreError::from)?;
        let (dataset, version) = (&begun.dataset, begun.version);
        let missing = || ServiceError::UnknownDataset { dataset: dataset.to_string() };
        let mount = self.books().mount(dataset, Some(version)).await?.ok_or_else(missing)?;
        let directory = self.data_directory().join(&mount.directory);
        tokio::task::block_in_place(|| destroy_directory(&directory))?;
        let past = self.past(|_, _| false).await?;
        let mount_position = past.mounts.get(&(dataset.clone(), version)).map(|mount| mount.position);
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        act.forget_version(dataset, version, mount_position).await?;
        let position = act.next_position().await?;
        let file = self.certify(&mount, intention, &at, position)?;
        let opening = Opening { field: "certificate_commitment", salt: file.salt.0, content: None };
        let certificate_commitment = commit(&file.salt.0, file.certificate.as_bytes());
        let event = Event::DestroyVersion { dataset: dataset.clone(), version, certificate_commitment };
        act.append(&Entry { at, event }, &[opening]).await?;
        let record = serde_json::to_string(&file).map_err(StoreError::from)?;
        let done = CustodyRecord { state: CustodyState::Destroyed, position: Some(position), record, ..begun.clone() };
        act.put_custody(&done).await?;
        act.commit().await?;
        self.publish().await?;
        self.store.empty_write_ahead_log().await?;
        Ok(file)
    }

    /// The files of a version with the salted digests of what they hold.
    fn files_of(&self, mount: &MountRecord) -> Result<Vec<DestroyedFile>, ServiceError> {
        let directory = self.data_directory().join(&mount.directory);
        let failed = |error: std::io::Error| ServiceError::files(&directory, &error);
        let mut files = Vec::new();
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let bytes = fs::read(entry.path()).map_err(failed)?;
            let salted_digest = Digest::of_parts(&[&mount.salt, &bytes]);
            files.push(DestroyedFile { file: entry.file_name().to_string_lossy().into_owned(), salted_digest });
        }
        files.sort_by(|one, other| one.file.cmp(&other.file));
        Ok(files)
    }

    fn certify(&self, mount: &MountRecord, intention: Destruction, at: &str, position: u64) -> Result<CertificateFile, ServiceError> {
        let both = |en: &str, zh: &str| Bilingual { en: en.to_owned(), zh: zh.to_owned() };
        let certificate = Certificate {
            origin: self.keys.signer.name().to_owned(),
            dataset: mount.dataset.clone(),
            version: mount.version,
            lineage: mount.lineage.clone(),
            mounted_at: mount.at.clone(),
            decided_at: intention.decided_at,
            destroyed_at: at.to_owned(),
            files: intention.files,
            forgotten: both(
                "the salts of these digests and of the commitments to exact totals and shards; exact counts of rows and units by shard",
                "上述摘要的盐值，精确合计承诺与分片承诺的盐值，各分片的精确行数与单元数",
            ),
            method: both(
                "each file was overwritten once with random bytes of its length, synced to the disk, and removed; the directory was synced",
                "每个文件以等长随机字节覆写一次，同步至磁盘后删除，并同步目录",
            ),
            limits: both(
                "flash memory, copy-on-write and journalling file systems, snapshots and backups may keep older copies of blocks that no program can reach: destroy those media and copies as their own rules say",
                "闪存、写时复制或日志式文件系统、快照与备份可能保留程序无法触及的旧数据块：请按相应规定另行销毁这些介质与副本",
            ),
            kept: both(
                "log, releases, records of runs, and the exact cells of published tables that later tables of the lineage must be checked against",
                "日志、发布结果、运行记录，以及同谱系后续表格核对所需的已发布表格的精确单元格",
            ),
            reason: intention.reason,
            witness: intention.witness,
            clauses: CLAUSES.map(str::to_owned).to_vec(),
            log_position: position,
        };
        let text = certificate.text().map_err(StoreError::from)?;
        let note = sign(&text, &[self.keys.present_signer(instant::now())]).map_err(|_| ServiceError::CustodyReason)?;
        Ok(CertificateFile { certificate: note, salt: Digest(keys::random()?) })
    }
}

/// Overwrites and removes every file of a directory, then the directory. What is gone already is done.
fn destroy_directory(directory: &Path) -> Result<(), ServiceError> {
    let failed = |error: std::io::Error| ServiceError::files(directory, &error);
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        overwrite(&path)?;
        fs::remove_file(&path).map_err(|error| ServiceError::files(&path, &error))?;
    }
    sync_directory(directory)?;
    fs::remove_dir(directory).map_err(failed)?;
    directory.parent().map_or(Ok(()), sync_directory)
}

/// Writes random bytes over a file, in place, and waits until they are on the disk.
fn overwrite(path: &Path) -> Result<(), ServiceError> {
    const CHUNK: usize = 1 << 20;
    let failed = |error: std::io::Error| ServiceError::files(path, &error);
    let length = fs::metadata(path).map_err(failed)?.len();
    let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    let (mut left, random, mut chunk) = (length, SystemRandom::new(), vec![0; CHUNK]);
    while left > 0 {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
        random.fill(&mut chunk[..take]).map_err(|_| ServiceError::Randomness)?;
        file.write_all(&chunk[..take]).map_err(failed)?;
        left -= take as u64;
    }
    file.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    // clause: J10 permitted
    #[test]
    fn what_is_destroyed_is_overwritten_before_it_is_removed() {
        let place = tempfile::tempdir().expect("directory");
        let directory = place.path().join("version");
        fs::create_dir(&directory).expect("make");
        let secret = b"SECRET ROW ".repeat(200_000);
        let (file, witness) = (directory.join("00000.shard"), place.path().join("witness"));
        fs::write(&file, &secret).expect("write");
        // A second name of the same blocks sees what happens to them.
        fs::hard_link(&file, &witness).expect("link");
        destroy_directory(&directory).expect("destroy");
        let left = fs::read(&witness).expect("read");
        assert_eq!(left.len(), secret.len());
        assert!(!left.windows(10).any(|window| window == &secret[..10]), "old bytes are left");
        assert!(!directory.exists());
        destroy_directory(&directory).expect("what is gone is done");
    }
}
