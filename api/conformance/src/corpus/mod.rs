//! The attacks, by theme. A theme is a file with a table; a new one is added to [`CORPUS`].

mod history;
mod kit;
mod money;
mod numbers;
mod outcomes;
mod products;
mod releases;
mod sealed;
mod secrets;
mod shapes;
mod snapshots;
mod state;
mod tables;
mod time;
mod traps;
mod units;
mod uploads;
mod walls;

use crate::attack::Attack;

/// All themes.
pub const CORPUS: &[&[Attack]] = &[
    state::ATTACKS,
    time::ATTACKS,
    traps::ATTACKS,
    shapes::ATTACKS,
    numbers::ATTACKS,
    units::ATTACKS,
    releases::ATTACKS,
    outcomes::ATTACKS,
    products::ATTACKS,
    money::ATTACKS,
    snapshots::ATTACKS,
    sealed::ATTACKS,
    secrets::ATTACKS,
    tables::ATTACKS,
    uploads::ATTACKS,
    walls::ATTACKS,
    history::ATTACKS,
];

/// The rows of the list of attacks: A1 to A40.
pub const ROWS: std::ops::RangeInclusive<u8> = 1..=40;

/// All attacks, theme by theme.
pub fn attacks() -> impl Iterator<Item = &'static Attack> + Clone {
    CORPUS.iter().copied().flatten()
}

/// Rows for which there is no attack.
pub fn uncovered() -> Vec<u8> {
    ROWS.filter(|row| !attacks().any(|attack| attack.rows.contains(row))).collect()
}

/// The text of an offender's core module.
macro_rules! offender {
    ($name:literal) => {
        include_str!(concat!("../../../../sample-models/offenders/", $name, ".wat"))
    };
}
use offender;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Mount;
    use std::collections::BTreeSet;
    use tidegate_terms::Manifest;

    #[test]
    fn every_attack_can_be_read_and_told_from_the_others() {
        let mut names = BTreeSet::new();
        for attack in attacks() {
            let fits = attack.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            assert!(fits && names.insert(attack.name), "{}", attack.name);
            assert!(!attack.rows.is_empty() && attack.rows.iter().all(|row| ROWS.contains(row)), "{}", attack.name);
            assert!(attack.tries.en.len() > 12 && !attack.tries.zh.is_ascii(), "{}", attack.name);
            assert_eq!(attack.guards.is_empty(), attack.by_construction.is_some(), "{}: a guard, or why there is none", attack.name);
        }
    }

    #[test]
    fn every_offender_is_a_component_with_a_manifest() {
        for attack in attacks() {
            let Mount::Module(offender) = attack.mount else { continue };
            let component = crate::module::component(attack.name, offender.core).expect(attack.name);
            assert!(component.len() > 1000, "{}", attack.name);
            let text = crate::module::manifest(attack.name, offender.statistics, offender.fuel, offender.memory);
            Manifest::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", attack.name));
        }
    }
}
