//! What a fresh instance costs before any code of the module runs, which no fuel is paid for.
//!
//! The engine makes globals, elements of tables and links between instances anew for each unit, one by one; a module may
//! declare a hundred thousand of them. So a slot counts them, and the machine's rates say how long one takes at worst.
//! Rejected: a low limit at the upload gate. Interpreters of other languages have thousands of them, for good reasons.

use crate::UploadError;
use wasmparser::{BinaryReaderError, DataKind, ElementItems, Instance, Operator, Parser, Payload};

/// Bytes that are copied in about the time of one item.
const BYTES_PER_ITEM: u64 = 64;

/// How many things the engine makes for each fresh instance of a component, at most: each module counts as often as any is
/// instantiated.
pub fn instantiation_items(component: &[u8]) -> Result<u64, UploadError> {
    count(component).map_err(|error| UploadError::Invalid { detail: error.to_string() })
}

fn count(component: &[u8]) -> Result<u64, BinaryReaderError> {
    let (mut links, mut instances, mut in_modules) = (0_u64, 0_u64, 0_u64);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::InstanceSection(section) => {
                for instance in section {
                    instances += 1;
                    links += match instance? {
                        Instance::Instantiate { args, .. } => args.len() as u64,
                        Instance::FromExports(exports) => exports.len() as u64,
                    };
                }
            }
            Payload::ComponentAliasSection(section) => links += u64::from(section.count()),
            Payload::ComponentCanonicalSection(section) => links += u64::from(section.count()),
            Payload::ComponentInstanceSection(section) => links += u64::from(section.count()),
            Payload::ComponentExportSection(section) => links += u64::from(section.count()),
            Payload::GlobalSection(section) => in_modules += u64::from(section.count()),
            Payload::ImportSection(section) => in_modules += u64::from(section.count()),
            Payload::ElementSection(section) => {
                for element in section {
                    in_modules += 1 + match element?.items {
                        ElementItems::Functions(functions) => u64::from(functions.count()),
                        ElementItems::Expressions(_, expressions) => u64::from(expressions.count()),
                    };
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    // What has a place that is known beforehand is mapped as an image; the rest is copied each time.
                    let mapped = match data.kind {
                        DataKind::Passive => true,
                        DataKind::Active { offset_expr, .. } => {
                            matches!(offset_expr.get_operators_reader().read()?, Operator::I32Const { .. })
                        }
                    };
                    let bytes = if mapped { 0 } else { data.data.len() as u64 };
                    in_modules += 1 + bytes / BYTES_PER_ITEM;
                }
            }
            _ => {}
        }
    }
    Ok(links.saturating_add(in_modules.saturating_mul(instances.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_made_anew_is_counted() {
        let items = |wat: &str| instantiation_items(&wat::parse_str(wat).expect("wat")).expect("valid");
        assert_eq!(items("(component)"), 0);
        assert_eq!(items("(component (core module (global i32 (i32.const 0)) (global i32 (i32.const 0))))"), 2);
        let elements = "(table 9 funcref) (func $f) (elem (i32.const 0) func $f $f $f) (elem funcref (ref.func $f) (ref.null func))";
        assert_eq!(items(&format!("(component (core module {elements}))")), 4 + 3);
        let twice = "(core module $m (global i32 (i32.const 0))) (core instance (instantiate $m)) (core instance (instantiate $m))";
        assert_eq!(items(&format!("(component {twice})")), 2);
        let text = "a".repeat(6_400);
        let mapped = format!("(component (core module (memory 1) (data (i32.const 0) \"{text}\")))");
        let copied = format!("(component (core module (import \"a\" \"b\" (global $g i32)) (memory 1) (data (global.get $g) \"{text}\")))");
        assert_eq!((items(&mapped), items(&copied)), (1, 1 + 1 + 100));
        assert!(instantiation_items(&[0, 1, 2]).is_err());
    }

    #[test]
    fn honest_modules_have_few() {
        let component = include_bytes!("../../../sample-models/built/visits-ols.wasm");
        let items = instantiation_items(component).expect("valid");
        assert!((1..300).contains(&items), "{items}");
    }
}
