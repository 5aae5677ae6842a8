//! What people and scripts read.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use tidegate_terms::Language;

/// How to speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) language: Language,
}

impl Output {
    /// One of the two languages. Both stand side by side, so neither can be missing.
    pub(crate) fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self.language {
            Language::English => en,
            Language::Chinese => zh,
        }
    }

    /// Prints JSON if asked for; else lets `people` print.
    pub(crate) fn show<T: Serialize>(self, view: &T, people: impl FnOnce(&T)) {
        if self.json {
            // A view has string keys and finite numbers only, so it always has a JSON form.
            println!("{}", serde_json::to_string_pretty(view).unwrap_or_default());
        } else {
            people(view);
        }
    }

    /// An empty table with these heads.
    pub(crate) fn table(self, heads: &[(&str, &str)]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(heads.iter().map(|(en, zh)| self.pick(en, zh)));
        table
    }
}

/// A number with the digits that a person can use.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if (value.fract() == 0.0 && size < 1e15) || size >= 100_000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 0.001 {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}
