//! One component for each bound, just over it.

use super::*;
use crate::check_component;
use tidegate_terms::Message as _;

fn refusal(wat: &str) -> UploadError {
    check_parts(&wat::parse_str(wat).expect("assemble")).expect_err("too much")
}

#[track_caller]
fn too_many(part: &Part, wat: &str) {
    match refusal(wat) {
        UploadError::Structure { name, count, maximum, .. } => {
            assert_eq!((name, maximum), (part.name, part.maximum));
            assert!(count > maximum, "{count}");
        }
        other => panic!("{other} instead of too many {}", part.name),
    }
}

/// `count` copies of a text, in a component.
fn many(count: u64, copy: &str) -> String {
    format!("(component {})", copy.repeat(usize::try_from(count).expect("few")))
}

/// `count` copies of a text in a core module of a component.
fn many_inside(before: &str, count: u64, copy: &str) -> String {
    format!("(component (core module {before} {}))", copy.repeat(usize::try_from(count).expect("few")))
}

#[test]
fn each_part_has_a_bound() {
    too_many(&MODULES, &many(65, "(core module)"));
    too_many(&COMPONENTS, &many(65, "(component)"));
    too_many(&NESTING, &format!("{}{}", "(component ".repeat(10), ")".repeat(10)));
    too_many(&INSTANCES, &format!("(component (component $c) {})", "(instance (instantiate $c))".repeat(257)));
    too_many(&TYPES, &many(50_001, "(type u32)"));
    too_many(&FUNCTIONS, &many_inside("(type (func))", 200_001, "(func (type 0))"));
    too_many(&TABLES, &many_inside("", 65, "(table 0 funcref)"));
    too_many(&MEMORIES, &many_inside("", 17, "(memory 0)"));
    too_many(&GLOBALS, &many_inside("", 100_001, "(global i32 (i32.const 0))"));
    too_many(&IMPORTS, &many_inside("", 100_001, "(import \"a\" \"b\" (func))"));
    too_many(&ELEMENT_SEGMENTS, &many_inside("", 20_001, "(elem func)"));
    too_many(&DATA_SEGMENTS, &many_inside("", 50_001, "(data \"\")"));
    too_many(&LOCALS, &many_inside("", 1, &format!("(func (local {}))", "i32 ".repeat(10_001))));
    too_many(&FUNCTION_BYTES, &many_inside("", 1, &format!("(func {})", "(drop (i32.const 1))".repeat(700_000))));
    too_many(&NAME_BYTES, &many_inside("", 1, &format!("(func (export \"{}\"))", "n".repeat(8_193))));
    too_many(&CUSTOM_SECTIONS, &many_inside("", 1_001, "(@custom \"note\" \"x\")"));
    let exports: String = (0..200_001).map(|n| format!("(export \"{n}\" (func 0))")).collect();
    too_many(&EXPORTS, &format!("(component (core module (func) {exports}))"));
    let aliases = "(alias export $i \"a\" (func))".repeat(100_001);
    too_many(&ALIASES, &format!("(component (component $c) (instance $i (instantiate $c)) {aliases})"));
    let long: String = (0..1_100).map(|n| format!("(export \"{n:0>8000}\" (func 0))")).collect();
    too_many(&ALL_NAME_BYTES, &format!("(component (core module (func) {long}))"));
    let lifts = "(func (canon lift (core func $i \"f\")))".repeat(17);
    too_many(&LIFTS, &format!("(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) {lifts})"));
    assert_eq!(PARTS.len(), 20, "a new part needs a line above");
}

#[test]
fn a_claim_that_the_file_does_not_keep_is_refused_as_soon_as_it_is_read() {
    // A type section that claims 2^32 - 1 types and ends.
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend([7, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert!(matches!(check_parts(&bytes), Err(UploadError::Structure { count: 4_294_967_295, .. })));
}

#[test]
fn what_the_contract_does_not_need_of_components_is_refused_by_name() {
    let main = "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func $f (canon lift (core func $i \"f\")))";
    for (wat, feature) in [
        ("(component (type (resource (rep i32))))".to_owned(), "resources"),
        (format!("(component {main} (core func (canon lower (func $f))))"), "calls between its own components"),
        ("(component (core module (tag)))".to_owned(), "exceptions"),
        ("(component (core func (canon context.get i32 0)))".to_owned(), "threads or asynchronous calls"),
    ] {
        match refusal(&wat) {
            UploadError::Feature { feature: named, .. } => assert_eq!(named, feature, "{wat}"),
            other => panic!("{other}: {wat}"),
        }
    }
}

/// Custom sections are no reason for a refusal, and whatever stands in them is not read.
#[test]
fn custom_sections_are_ignored() {
    let minimal = include_str!("../../../../sample-models/bad/minimal.wat");
    let noted =
        minimal.replacen("(core module $main", "(@custom \"name\" \"\\ff\\ff\\ff\") (core module $main (@custom \"name\" \"\\ff\")", 1);
    check_component(&wat::parse_str(noted).expect("assemble")).expect("accepted");
}

/// Types that double in size at each step are small in the file and enormous when written out.
#[test]
fn a_bomb_of_types_is_refused() {
    let mut types = "(type $t0 (tuple u32 u32))".to_owned();
    for n in 1..40 {
        types += &format!("(type $t{n} (tuple $t{} $t{}))", n - 1, n - 1);
    }
    let interface = format!("(instance $i) (export \"{}\" (instance $i))", crate::MODEL_INTERFACE);
    let bytes = wat::parse_str(format!("(component {interface} {types})")).expect("assemble");
    assert_eq!(check_component(&bytes).expect_err("enormous").code(), "module.invalid");
}

#[test]
fn each_part_says_its_name_in_both_languages() {
    for part in PARTS {
        let error = check(part, part.maximum + 1).expect_err("one too many");
        assert!(error.say(tidegate_terms::Language::English).contains(part.name));
        assert!(error.say(tidegate_terms::Language::Chinese).contains(part.chinese));
        assert!(check(part, part.maximum).is_ok());
    }
}
