//! The keys that sign packages: files of their own, made at first use and announced in the log.
//!
//! Order of durable writes: both key files (each written beside and renamed), then the entry that announces them with its
//! record in one transaction. A crash between leaves keys that the log does not know yet; the next use announces them.

use crate::{Domain, ServiceError, domain, instant};
use serde::Serialize;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use tidegate_log::{Entry, Event, ProductKeys};
use tidegate_product::PackageSigner;
use tidegate_store::ProductKeysRecord;

use super::ProductError;

const ED25519: &str = "product.ed25519.pk8";
const P256: &str = "product.p256.pk8";

/// The public keys of packages.
#[derive(Debug, Serialize)]
pub(super) struct KeysView {
    ed25519: String,
    p256: String,
    log_position: u64,
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), ServiceError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        // Readable by its owner alone from the beginning.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| ServiceError::files(path, &error))
}

impl Domain {
    fn make_product_keys(&self) -> Result<(), ServiceError> {
        let directory = self.keys_directory();
        let [ed25519, p256] = PackageSigner::generate().map_err(ProductError::from)?;
        replace(&directory.join(ED25519), &ed25519)?;
        replace(&directory.join(P256), &p256)?;
        domain::sync_directory(&directory)
    }

    fn read_product_keys(&self) -> Result<PackageSigner, ServiceError> {
        let read = |name: &str| {
            let path = self.keys_directory().join(name);
            fs::read(&path).map_err(|error| ServiceError::files(&path, &error))
        };
        Ok(PackageSigner::parse(&read(ED25519)?, &read(P256)?).map_err(ProductError::from)?)
    }

    /// The keys of packages, made and announced if need be, and where the log announces them.
    pub(super) async fn product_keys(&self, renew: bool, revoke_earlier: bool) -> Result<(PackageSigner, u64), ServiceError> {
        let directory = self.keys_directory();
        let there = [ED25519, P256].iter().all(|name| directory.join(name).exists());
        if renew || !there {
            self.make_product_keys()?;
        }
        let signer = self.read_product_keys()?;
        let (ed25519, p256) = signer.public().texts();
        if let Some(known) = self.books().product_keys().await?.filter(|known| known.ed25519 == ed25519 && known.p256 == p256) {
            return Ok((signer, known.position));
        }
        let at = instant::text(self.next_instant().await?);
        let event = ProductKeys { ed25519: ed25519.clone(), p256: p256.clone(), earlier_revoked: revoke_earlier };
        let mut act = self.store.begin().await?;
        let position = act.append(&Entry { at, event: Event::ProductKeys(event) }, &[]).await?;
        act.insert_product_keys(&ProductKeysRecord { position, ed25519, p256 }).await?;
        act.commit().await?;
        self.publish().await?;
        Ok((signer, position))
    }

    pub(super) async fn show_product_keys(&self, renew: bool, revoke_earlier: bool) -> Result<KeysView, ServiceError> {
        let renew = renew || revoke_earlier;
        let (signer, log_position) = self.product_keys(renew, revoke_earlier).await?;
        Ok(KeysView { ed25519: signer.public().ed25519_pem(), p256: signer.public().p256_pem(), log_position })
    }
}
