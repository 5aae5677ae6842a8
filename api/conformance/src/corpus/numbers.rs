//! Modules whose numbers are not what was declared (A8, A26).

use super::offender;
use crate::attack::{Attack, Tries, by_offender};
use crate::module::Offender;
use tidegate_terms::Guard;

/// A sum with room for all of a row.
const WIDE_SUM: &str = "[[statistics]]\nname = \"total\"\nmeasure = \"sum\"\nbounds = [0.0, 1000000000.0]\n";
/// A thousand entries, together no longer than one.
const VECTOR: &str = "[[statistics]]\nname = \"gradient\"\nmeasure = \"vector_sum\"\ndimension = 1000\nnorm = \"l2\"\nbound = 1.0\n";

/// Held twice: by the clamp, and by the check on integers after it.
const TWICE: &[Guard] = &[Guard::Clamp, Guard::ExactCheck];
/// What is no number is no answer.
const NO_NUMBER: &[Guard] = &[Guard::Shape];

const fn says(name: &'static str, guards: &'static [Guard], en: &'static str, zh: &'static str, core: &'static str) -> Attack {
    by_offender(name, &[8], guards, Tries { en, zh }, Offender::of(core))
}

/// Numbers that are inside the bounds, however odd.
const fn oddly(name: &'static str, why: &'static str, en: &'static str, zh: &'static str, core: &'static str) -> Attack {
    Attack { by_construction: Some(why), ..says(name, &[], en, zh, core) }
}

pub(super) const ATTACKS: &[Attack] = &[
    says("huge-value", TWICE, "says a million where the bounds say one", "界限为一时返回一百万", offender!("huge-value")),
    says(
        "negative-value",
        TWICE,
        "says a million below zero where the bounds say zero",
        "下界为零时返回负一百万",
        offender!("negative-value"),
    ),
    says("largest-value", TWICE, "says the largest number that there is", "返回最大的浮点数", offender!("largest-value")),
    says("nan", NO_NUMBER, "returns a NaN with a message in its bits", "返回在比特中藏有消息的 NaN", offender!("nan")),
    says("infinity", NO_NUMBER, "returns infinity", "返回无穷大", offender!("infinity")),
    says("minus-infinity", NO_NUMBER, "returns minus infinity", "返回负无穷大", offender!("minus-infinity")),
    oddly(
        "minus-zero",
        "integers have one zero, so there is nothing to take away",
        "returns minus zero for the target and zero for all others",
        "对目标人员返回负零，对其他人返回零",
        offender!("minus-zero"),
    ),
    oddly(
        "subnormal",
        "on the grid it is zero, so there is nothing to take away",
        "returns the smallest number that there is",
        "返回最小的浮点数",
        offender!("subnormal"),
    ),
    oddly(
        "grid-edge",
        "without its guards it exceeds the bound by less than a step of the grid",
        "returns the number just above the bound: does rounding end above it?",
        "返回略高于上界的数：取整后会越界吗？",
        offender!("grid-edge"),
    ),
    Attack {
        by_construction: Some("the number stays inside its declared bounds, and the noise is priced for all of them"),
        ..by_offender(
            "encoded-row",
            &[26],
            &[],
            Tries { en: "puts all of the target's row into one number", zh: "将目标人员的整行数据编码进一个数" },
            Offender::of(offender!("encoded-row")).with(WIDE_SUM, 1e9),
        )
    },
    by_offender(
        "long-vector",
        &[26],
        TWICE,
        Tries {
            en: "returns a thousand ones where the whole vector may have length one", zh: "向量总长上限为一，却返回一千个一"
        },
        // The square root of a thousand: as much as entries of length one may come to together.
        Offender::of(offender!("long-vector")).with(VECTOR, 31.7),
    ),
];
