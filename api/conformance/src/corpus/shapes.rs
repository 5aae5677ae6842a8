//! Modules that return something else than the sealed manifest declares (A7).

use super::offender;
use crate::attack::{Attack, Tries, by_offender};
use crate::module::{ONE_SUM, Offender};
use tidegate_terms::Guard;

/// Counts in three groups, of which one person may touch one.
const THREE_GROUPS: &str =
    "[[statistics]]\nname = \"persons\"\nmeasure = \"count\"\ngroups = { keys = [\"a\", \"b\", \"c\"], per_unit = 1 }\n";

const fn returns(name: &'static str, en: &'static str, zh: &'static str, core: &'static str, statistics: &'static str) -> Attack {
    by_offender(name, &[7], &[Guard::Shape], Tries { en, zh }, Offender::of(core).with(statistics, 1.0))
}

pub(super) const ATTACKS: &[Attack] = &[
    returns("no-output", "returns nothing for the target", "对目标人员不返回任何贡献", offender!("no-output"), ONE_SUM),
    returns("extra-output", "returns a second statistic for the target", "对目标人员多返回一个统计量", offender!("extra-output"), ONE_SUM),
    returns("empty-output", "returns no cell for the target", "对目标人员返回空单元格", offender!("empty-output"), ONE_SUM),
    returns("long-output", "returns three hundred cells instead of one", "返回三百个单元格而非一个", offender!("long-output"), ONE_SUM),
    returns("wrong-kind", "answers with keys where there are none", "在没有键的统计量上以键应答", offender!("wrong-kind"), ONE_SUM),
    returns("duplicate-cells", "returns the same cell twice", "将同一单元格返回两次", offender!("duplicate-cells"), ONE_SUM),
    returns("cell-outside", "returns a cell that does not exist", "返回不存在的单元格", offender!("cell-outside"), ONE_SUM),
    returns("every-group", "puts one person into every group", "将一个人计入所有分组", offender!("every-group"), THREE_GROUPS),
];
