//! Modules that break when they meet one person, in every way a guest can (A3, A18).

use super::offender;
use crate::attack::{Attack, Tries, by_offender};
use crate::module::Offender;
use tidegate_terms::Guard;

const fn breaks(name: &'static str, rows: &'static [u8], en: &'static str, zh: &'static str, core: &'static str) -> Attack {
    by_offender(name, rows, &[Guard::TrapDefault], Tries { en, zh }, Offender::of(core))
}

pub(super) const ATTACKS: &[Attack] = &[
    breaks(
        "unreachable",
        &[3],
        "breaks when it meets the target: does the run fail?",
        "遇到目标人员时出错：运行会失败吗？",
        offender!("unreachable"),
    ),
    breaks(
        "loops",
        &[3],
        "loops for ever when it meets the target, until its fuel is gone",
        "遇到目标人员时死循环，直至燃料耗尽",
        offender!("loops"),
    ),
    breaks("grows-memory", &[3], "takes all memory when it meets the target", "遇到目标人员时占满内存", offender!("grows-memory")),
    breaks(
        "exhausts-stack",
        &[3],
        "calls itself without end when it meets the target",
        "遇到目标人员时无限递归",
        offender!("exhausts-stack"),
    ),
    breaks(
        "exhausts-table",
        &[3],
        "grows a table without end when it meets the target",
        "遇到目标人员时无限扩大函数表",
        offender!("exhausts-table"),
    ),
    breaks(
        "out-of-bounds",
        &[3],
        "reads beyond its memory when it meets the target",
        "遇到目标人员时越界读内存",
        offender!("out-of-bounds"),
    ),
    breaks(
        "wrong-call",
        &[3],
        "calls a function as what it is not when it meets the target",
        "遇到目标人员时以错误类型调用函数",
        offender!("wrong-call"),
    ),
    breaks(
        "empty-call",
        &[3],
        "calls an empty place of a table when it meets the target",
        "遇到目标人员时调用函数表的空位",
        offender!("empty-call"),
    ),
    breaks("divides-by-zero", &[3, 18], "divides by zero when it meets the target", "遇到目标人员时除以零", offender!("divides-by-zero")),
    breaks(
        "converts-nan",
        &[3, 18],
        "converts what is no number when it meets the target",
        "遇到目标人员时转换非数值",
        offender!("converts-nan"),
    ),
    breaks(
        "overflows-conversion",
        &[3, 18],
        "converts infinity when it meets the target",
        "遇到目标人员时转换无穷大",
        offender!("overflows-conversion"),
    ),
    breaks(
        "answer-outside",
        &[3, 7],
        "says that its answer lies outside its memory",
        "声称其应答位于内存之外",
        offender!("answer-outside"),
    ),
    breaks(
        "answer-misaligned",
        &[3, 7],
        "says that its answer lies at an odd address",
        "声称其应答位于未对齐的地址",
        offender!("answer-misaligned"),
    ),
    breaks(
        "answer-endless",
        &[3, 7],
        "says that its answer has four billion parts",
        "声称其应答有四十亿个部分",
        offender!("answer-endless"),
    ),
    breaks(
        "answer-unknown-kind",
        &[3, 7],
        "answers with a kind of contribution that does not exist",
        "以不存在的贡献类型应答",
        offender!("answer-unknown-kind"),
    ),
];
