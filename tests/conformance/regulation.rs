//! The page that says which test proves which clause is the one that the tests themselves make.

use std::collections::BTreeMap;
use std::fs;
use tidegate_tests::clauses::{Clause, LIST, PAGE, counts, driven, page, read_list, read_source, read_sources};
use tidegate_tests::program::repository;

fn list() -> Vec<Clause> {
    read_list(&fs::read_to_string(repository(LIST)).expect(LIST)).expect("the list can be read")
}

#[test]
fn the_page_is_the_one_that_the_tests_make() {
    let clauses = list();
    assert_eq!(clauses.iter().filter(|clause| clause.priority == "core").count(), 72);
    assert_eq!(clauses.iter().filter(|clause| clause.priority == "supporting").count(), 65);
    let found = read_sources(&repository(""), &clauses).expect("annotations");
    let made = page(&clauses, &found);
    if std::env::var_os("UPDATE_REGULATION").is_some() {
        fs::write(repository(PAGE), &made).expect("write the page");
    }
    let [both, one, none] = counts(&clauses, &found, "core");
    let driven = driven(&clauses, &found, "core");
    println!("core clauses with both cases: {both}, with one: {one}, with none: {none}; {driven} driven from outside");
    let committed = fs::read_to_string(repository(PAGE)).expect(PAGE);
    assert!(committed == made, "run UPDATE_REGULATION=1 cargo test --release --workspace --test regulation");
}

#[test]
fn what_is_no_test_or_no_clause_is_refused() {
    let clauses = list();
    let read = |source: &str| {
        let mut found = BTreeMap::new();
        read_source("a.rs", source, &clauses, &mut found).map(|()| found)
    };
    let found =
        read("    // clause: F9, G1 refused\n    // clause: G2 both\n    #[test]\n    #[cfg(unix)]\n    fn stops() {}\n").expect("read");
    assert_eq!(found.len(), 3);
    assert_eq!((found["F9"].permitted.len(), found["F9"].refused.len()), (0, 1));
    assert_eq!((found["G2"].permitted[0].name.as_str(), found["G2"].refused.len()), ("stops", 1));
    assert!(read("// clause: F9 permitted\n#[tokio::test(flavor = \"x\")]\nasync fn stops() {}\n").is_ok());
    // What drives the program from outside lies below `tests`.
    for (path, outside) in [("tests/journeys/a.rs", 1), ("api/tests/a.rs", 0)] {
        let mut found = BTreeMap::new();
        read_source(path, "// clause: F9, B8 permitted\n#[test]\nfn stops() {}\n", &clauses, &mut found).expect("read");
        assert_eq!((driven(&clauses, &found, "core"), driven(&clauses, &found, "supporting")), (outside, outside), "{path}");
    }
    for (source, said) in [
        ("// clause: F99 refused\n#[test]\nfn stops() {}\n", "no clause F99"),
        ("// clause: X1 refused\n#[test]\nfn stops() {}\n", "no clause X1"),
        ("// clause: F9\n#[test]\nfn stops() {}\n", "permitted, refused or both"),
        ("// clause: F9 refused\nfn stops() {}\n", "no test"),
        ("// clause: F9 refused\n#[test]\nconst A: u8 = 0;\n", "no test"),
        ("// clause: F9 refused\n\n#[test]\nfn stops() {}\n", "no test"),
        ("// clause: F9 refused\n#[test]\n#[ignore]\nfn stops() {}\n", "ignored"),
        ("// clause: F9 refused\n#[inline]\nfn stops() {}\n", "no test"),
        ("// clause: F9 refused\n", "above nothing"),
        ("// clause: F9 refused\n#[test]\n// clause: F9 refused\nfn stops() {}\n", "above all attributes"),
    ] {
        let refused = read(source).expect_err(source);
        assert!(refused.contains(said), "{source}: {refused}");
    }
}

#[test]
fn a_list_with_holes_or_doubles_is_refused() {
    let row = "[[clause]]\nid = \"A1\"\ntext = \"jinan\"\narticle = 3\npriority = \"core\"\nen = \"x\"\nzh = \"x\"\n";
    assert_eq!(read_list(row).expect("a list").len(), 1);
    for text in [
        row.repeat(2),
        row.replace("jinan", "nowhere"),
        row.replace("core", "some"),
        row.replace("en = \"x\"", ""),
        row.replace("3", "\"3\""),
    ] {
        assert!(read_list(&text).is_err(), "{text}");
    }
}
