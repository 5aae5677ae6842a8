//! The corpus as a page of the documentation.

use crate::corpus::{CORPUS, ROWS, attacks, uncovered};
use tidegate_terms::Guard;

/// docs/conformance.md.
pub fn page() -> String {
    let mut page = format!(
        "# The conformance corpus\n\n\
         Made from the corpus itself; a test keeps it true (`UPDATE_SCHEMAS=1 cargo test --release --workspace --lib the_page_of_attacks`). \
         `tidegate conformance` mounts all of these attacks on an installation; the rows are those of the list of attacks, \
         A{} to A{}. What holds an attack are guards that the weakened build of `tests/weakened` can take away: with all of them \
         down, it succeeds. Where nothing can be taken away, the table says why.\n\n\
         {} attacks, {} guards, {} of {} rows.\n\n\
         | attack | rows | held by | what it tries |\n|---|---|---|---|\n",
        ROWS.start(),
        ROWS.end(),
        attacks().count(),
        Guard::ALL.iter().filter(|guard| attacks().any(|attack| attack.guards.contains(guard))).count(),
        ROWS.count() - uncovered().len(),
        ROWS.count(),
    );
    for attack in CORPUS.iter().copied().flatten() {
        let rows: Vec<String> = attack.rows.iter().map(|row| format!("A{row}")).collect();
        let guards: Vec<String> = attack.guards.iter().map(|guard| format!("`{}`", guard.name())).collect();
        let held = attack.by_construction.map_or_else(|| guards.join(", "), |why| format!("by construction: {why}"));
        page.push_str(&format!("| `{}` | {} | {held} | {} |\n", attack.name, rows.join(", "), attack.tries.en));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_attacks_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(path, page()).expect("write the page");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(written, page(), "docs/conformance.md is old: run the tests with UPDATE_SCHEMAS=1");
    }
}
