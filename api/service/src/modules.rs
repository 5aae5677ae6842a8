//! Modules: what an operator brings in, sealed.

use crate::view::ModuleView;
use crate::{Domain, ServiceError, children, instant};
use std::fs;
use tidegate_authorisation::GrantRecord;
use tidegate_log::{Entry, Event};
use tidegate_sandbox::{CompiledModule, engine_digest, open_cached, seal_cached};
use tidegate_store::ModuleRecord;
use tidegate_terms::{Digest, Guard, Manifest, Name, Seal, stands};

impl Domain {
    /// Takes in a sealed module: the seal must hold, its key must be one that a grant of the operator names,
    /// and the component must compile under limits. Only then is anything written.
    pub async fn upload(&self, operator: Name, component: Vec<u8>, manifest: String, seal: &str) -> Result<ModuleView, ServiceError> {
        let seal = Seal::parse(seal)?;
        let digest = match seal.check(&component, manifest.as_bytes()) {
            // Whatever was sealed, what is here is what will run.
            Err(_) if !stands(Guard::SealedManifest) => Seal::digest_of(&component, manifest.as_bytes()),
            checked => checked?,
        };
        let read = Manifest::parse(&manifest)?;
        let grants = self.books().grants(None, Some(&operator)).await?;
        let today = instant::today().to_string();
        // Dates are written YYYY-MM-DD, so their order is that of their texts.
        let live = |grant: &GrantRecord| grant.revoked.is_none() && grant.valid_until >= today;
        if stands(Guard::Authorisation) && !grants.iter().any(|grant| live(grant) && grant.operator_key == seal.public_key) {
            return Err(ServiceError::UnknownSigner { operator: operator.to_string() });
        }
        if self.books().module_of(digest).await?.is_some() {
            return Err(ServiceError::ModuleExists { module: digest.short() });
        }
        tokio::task::block_in_place(|| self.compiled(&component, &read))?;
        let at = instant::text(self.next_instant().await?);
        let event = Event::Module {
            module: digest,
            component: seal.component,
            manifest: seal.manifest,
            name: read.name.clone(),
            operator: operator.clone(),
        };
        let signer = seal.public_key;
        let record = ModuleRecord { digest, name: read.name.clone(), operator, signer, component, manifest, at: at.clone() };
        let mut act = self.store.begin().await?;
        act.insert_module(&record).await?;
        self.conclude(act, &Entry { at, event }, &[]).await?;
        module_view(&record)
    }

    /// All modules.
    pub async fn module_views(&self) -> Result<Vec<ModuleView>, ServiceError> {
        self.books().modules("").await?.iter().map(module_view).collect()
    }

    /// An operator's module by name (the newest) or by the beginning of its digest.
    pub(crate) async fn module(&self, reference: &str, operator: &Name) -> Result<(ModuleRecord, Manifest), ServiceError> {
        let (record, manifest) = self.module_head(reference, operator).await?;
        let unknown = || ServiceError::UnknownModule { module: reference.to_owned(), operator: operator.to_string() };
        Ok((self.books().module_of(record.digest).await?.ok_or_else(unknown)?, manifest))
    }

    /// The same, for who does not need its component, which may be left empty.
    pub(crate) async fn module_head(&self, reference: &str, operator: &Name) -> Result<(ModuleRecord, Manifest), ServiceError> {
        let unknown = || ServiceError::UnknownModule { module: reference.to_owned(), operator: operator.to_string() };
        if reference.is_empty() {
            return Err(unknown());
        }
        // A whole digest means that module, whatever others are called.
        let modules = match Digest::parse(reference) {
            Ok(digest) => self.books().module_of(digest).await?.into_iter().collect(),
            Err(_) => self.books().modules(reference).await?,
        };
        let record =
            modules.into_iter().find(|module| module.operator == *operator || !stands(Guard::Authorisation)).ok_or_else(unknown)?;
        let manifest = Manifest::parse(&record.manifest)?;
        Ok((record, manifest))
    }

    /// The native code of a component: from the cache if this domain and engine made it, else compiled.
    pub(crate) fn compiled(&self, component: &[u8], manifest: &Manifest) -> Result<CompiledModule, ServiceError> {
        let engine = self.engine()?;
        let digest = Digest::of(component);
        let memory_bytes = manifest.resources.memory_bytes;
        // The limits under which it was loaded once are part of the name.
        let path = self.cache_directory().join(format!("{digest}-{}-{memory_bytes}.module", engine.short()));
        if let Ok(entry) = fs::read(&path)
            && let Ok(module) = open_cached(&self.keys.cache, digest, engine, &entry)
        {
            return Ok(module);
        }
        let module = children::compile(&self.programs, component, memory_bytes)?;
        // A cache entry torn by a crash does not open, and is made again.
        if let Err(error) = fs::write(&path, seal_cached(&self.keys.cache, digest, engine, &module)) {
            tracing::warn!(%error, "the compiled module cannot be cached");
        }
        Ok(module)
    }

    /// The digest of the engine that runs modules here.
    pub(crate) fn engine(&self) -> Result<Digest, ServiceError> {
        engine_digest().map_err(|error| ServiceError::Child { detail: format!("{error:#}") })
    }
}

fn module_view(record: &ModuleRecord) -> Result<ModuleView, ServiceError> {
    let version = Manifest::parse(&record.manifest)?.version;
    Ok(ModuleView { module: record.digest, name: record.name.clone(), version, operator: record.operator.clone(), at: record.at.clone() })
}
