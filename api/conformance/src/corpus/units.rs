//! One person in many rows, and persons who move others (A10, A11).

use super::offender;
use crate::attack::{Attack, Tries, by_offender};
use crate::module::{ONE_SUM, Offender};
use tidegate_terms::Guard;

/// The mean of the answers of twenty blocks.
const BLOCKS: &str = "[[statistics]]\nname = \"answers\"\nmeasure = \"block_mean\"\nbounds = [0.0, 1.0]\n\n[blocks]\ncount = 20\n";

pub(super) const ATTACKS: &[Attack] = &[
    by_offender(
        "each-row-counts",
        &[10],
        &[Guard::UnitRows],
        Tries { en: "counts the target once for each row", zh: "将目标人员按行重复计数" },
        Offender::of(offender!("each-row-counts")).with(ONE_SUM, 1.0),
    ),
    by_offender(
        "shifts-blocks",
        &[11],
        &[Guard::KeyedAssignment],
        Tries {
            en: "lets one person more move all others to other blocks", zh: "让新增的一个人使其他人全部换到别的分块"
        },
        // One block of twenty may change its answer by one.
        Offender::of(offender!("shifts-blocks")).with(BLOCKS, 0.05),
    ),
];
