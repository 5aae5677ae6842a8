//! Delivery packages: archives, damaged packages, and what a domain that lies could sign.

use crate::choose;
use crate::fixtures::{PACKAGE, PACKAGE_KEY};
use std::sync::OnceLock;
use tidegate_product::{Demands, Files, PackageError, PublicKeys, ReleaseContent, VerifiedPackage, fuzzing, tar_bytes, verify};

/// A byte that says which of the three.
pub fn run(bytes: &[u8]) {
    match choose(bytes, 3) {
        Some((0, archive)) => {
            if let Some(files) = fuzzing::files_of_archive(archive) {
                assert_eq!(tar_bytes(&files).ok().as_deref(), Some(archive), "an archive has one form");
                let _ = verify_package(&files);
            }
        }
        Some((1, damages)) => damaged(damages),
        Some((_, signed)) => made_again(signed),
        None => {}
    }
}

/// The package that was really delivered.
pub fn honest() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| fuzzing::files_of_archive(PACKAGE).expect("the archive of a package"))
}

/// Verifies with the key of the log behind the package.
pub fn verify_package(files: &Files) -> Result<VerifiedPackage, PackageError> {
    verify(files, &Demands { vkey: PACKAGE_KEY, ..Demands::default() })
}

/// Damages of five bytes each: which file, what is done, where (two bytes), and what is added to the byte there.
fn damaged(damages: &[u8]) {
    let mut files = honest().clone();
    let names: Vec<String> = files.keys().cloned().collect();
    for damage in damages.chunks_exact(5) {
        let name = &names[usize::from(damage[0]) % names.len()];
        let other = &names[usize::from(damage[4]) % names.len()];
        let place = usize::from(u16::from_le_bytes([damage[2], damage[3]]));
        match (damage[1] % 5, files.get_mut(name)) {
            (0, Some(file)) if !file.is_empty() => {
                let place = place % file.len();
                file[place] = file[place].wrapping_add(damage[4]);
            }
            (1, Some(file)) => file.truncate(place),
            (2, Some(_)) => drop(files.remove(name)),
            (3, Some(file)) => {
                let bytes = file.clone();
                files.insert(other.clone(), bytes);
            }
            (4, Some(file)) => {
                let bytes = file.clone();
                files.insert(format!("{name}{place}"), bytes);
            }
            _ => {}
        }
    }
    let verified = verify_package(&files).is_ok();
    assert!(!verified || files == *honest(), "a damaged package verifies");
}

/// A statement, and the releases behind it, one a line: all that is signed, and what is made from it.
fn made_again(signed: &[u8]) {
    let mut lines = signed.split(|byte| *byte == b'\n');
    let statement = lines.next().unwrap_or_default();
    let releases: Vec<ReleaseContent> = lines.take(4).filter_map(|line| ReleaseContent::parse(line).ok()).collect();
    for release in &releases {
        let _ = (release.run(), release.round(), release.notice(), release.price());
        let _ = tidegate_product::described_statistics(release);
    }
    let Some((facts, _)) = fuzzing::facts_of_statement(statement) else { return };
    static KEYS: OnceLock<PublicKeys> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let [ed25519, p256] = tidegate_product::PackageSigner::generate().expect("keys");
        tidegate_product::PackageSigner::parse(&ed25519, &p256).expect("keys").public()
    });
    let one = fuzzing::digest_made_again(&facts, &releases, keys);
    assert_eq!(one, fuzzing::digest_made_again(&facts, &releases, keys), "not a function of what was signed");
}
