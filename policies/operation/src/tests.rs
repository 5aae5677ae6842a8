//! Plans, agreements and applications in `paperwork`, everything that stops in `stops`.

mod paperwork;
mod stops;

use tidegate_rules::{Calendar, Pack, built_in_packs};
use tidegate_terms::Name;

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn pack(id: &str) -> Pack {
    built_in_packs().expect("packs").into_iter().find(|pack| pack.rules().id.as_str() == id).expect("pack")
}

fn calendar() -> Calendar {
    Calendar::built_in().expect("calendar")
}
