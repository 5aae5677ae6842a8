//! Texts that people write and others read: manifests, schemas, policies, seals, applications, openings.

use crate::choose;
use crate::fixtures::Sample;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate_log::CommitmentOpening;
use tidegate_product::{Application, Envelope, PublicKeys, read_acknowledgement, read_receipt};
use tidegate_statistics::Layout;
use tidegate_terms::{DisclosureRules, IdentifierKind, Manifest, PublicSchema, ReleasePolicy, Seal, canonical_identifier};

/// A byte that says what the text is, and the text.
pub fn run(bytes: &[u8]) {
    let Some((kind, rest)) = choose(bytes, 8) else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match kind {
        0 => manifest(text),
        1 => schema(text),
        2 => {
            if let Ok(policy) = ReleasePolicy::parse(text, 1_000) {
                again(&policy);
            }
        }
        3 => {
            if let Ok(rules) = DisclosureRules::parse(text) {
                again(&rules);
            }
        }
        4 => {
            if let Ok(seal) = Seal::parse(text) {
                again(&seal);
                assert!(seal.check(b"another", b"module").is_err(), "nobody signed this");
            }
        }
        5 => {
            if let Ok(application) = Application::parse(text) {
                again(&application);
            }
        }
        6 => {
            if let Ok(opening) = CommitmentOpening::parse(text) {
                again(&opening);
                let _ = opening.unchecked_content();
            }
            if let Some(envelope) = Envelope::parse(rest) {
                assert_eq!(envelope.bytes(), rest, "an envelope has one spelling");
            }
            if let Some((one, other)) = text.split_once('\n') {
                let _ = PublicKeys::parse(one, other);
            }
            assert!(read_acknowledgement(rest).is_err() || read_receipt(rest).is_err(), "one file, two meanings");
        }
        _ => identifier(text),
    }
}

fn manifest(text: &str) {
    let Ok(manifest) = Manifest::parse(text) else { return };
    again(&manifest);
    for number in 0..4 {
        let Sample { schema, .. } = Sample::numbered(number);
        if let Ok(layout) = Layout::seal(&manifest, &schema) {
            assert_eq!(layout.empty_sums().fixed.len(), layout.totals_len(), "the totals have their length");
        }
    }
    let given: Vec<(String, String)> = manifest.parameters.iter().map(|parameter| (parameter.name.to_string(), "1".into())).collect();
    let _ = (manifest.parse_parameters(&given), manifest.parse_parameters(&[]));
}

fn schema(text: &str) {
    let Ok(schema) = PublicSchema::parse(text) else { return };
    again(&schema);
    assert!(schema.check().is_ok(), "what was parsed was checked");
    let _ = Layout::seal(&Sample::numbered(0).manifest, &schema);
}

/// A canonical identifier is its own canonical form.
fn identifier(text: &str) {
    for kind in [IdentifierKind::Integer, IdentifierKind::Text, IdentifierKind::CitizenId, IdentifierKind::CreditCode] {
        if let Some(canonical) = canonical_identifier(kind, text) {
            assert_eq!(canonical_identifier(kind, &canonical).as_ref(), Some(&canonical), "it has another canonical form");
        }
    }
}

/// What was read is written, and read as the same.
fn again<T: Serialize + DeserializeOwned>(read: &T) {
    let written = serde_json::to_string(read).expect("what was read can be written");
    let reread: T = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error} in {written}"));
    assert_eq!(serde_json::to_string(&reread).ok().as_ref(), Some(&written), "it reads as another");
}
