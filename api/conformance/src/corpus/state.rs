//! Modules that try to remember one person while they are called for another (A1).

use super::offender;
use crate::attack::{Attack, Tries, by_offender};
use crate::module::{ONE_SUM, Offender};
use tidegate_terms::Guard;

const fn keeps(name: &'static str, en: &'static str, zh: &'static str, core: &'static str) -> Attack {
    by_offender(name, &[1], &[Guard::FreshInstance], Tries { en, zh }, Offender::of(core))
}

pub(super) const ATTACKS: &[Attack] = &[
    keeps(
        "keeps-global",
        "remembers the target in a global, and lets everybody after say so",
        "用全局变量记住目标人员，让其后的每个人都说出来",
        offender!("keeps-global"),
    ),
    keeps("keeps-memory", "leaves a mark in memory when it meets the target", "遇到目标人员时在内存中留下记号", offender!("keeps-memory")),
    keeps(
        "keeps-table",
        "puts another function into a table when it meets the target",
        "遇到目标人员时替换函数表中的函数",
        offender!("keeps-table"),
    ),
    keeps(
        "keeps-size",
        "grows its memory when it meets the target, and tells the size later",
        "遇到目标人员时扩大内存，此后报告内存大小",
        offender!("keeps-size"),
    ),
    keeps(
        "keeps-grown-table",
        "grows a table when it meets the target, and tells the size later",
        "遇到目标人员时扩大函数表，此后报告其大小",
        offender!("keeps-grown-table"),
    ),
    keeps(
        "keeps-in-grown-memory",
        "leaves a mark in grown pages: is a pool slot clean for the next person?",
        "在新增内存页中留下记号：下一个人得到的内存池位置是否干净？",
        offender!("keeps-in-grown-memory"),
    ),
    keeps(
        "keeps-past-start",
        "looks in its start function for what an earlier instance left",
        "在启动函数中查找先前实例留下的内容",
        offender!("keeps-past-start"),
    ),
    by_offender(
        "keeps-dropped-segment",
        &[1],
        &[Guard::FreshInstance],
        Tries {
            en: "drops a data segment when it meets the target, so that later calls break",
            zh: "遇到目标人员时丢弃数据段，使其后的调用出错",
        },
        // For the target itself it says nothing, so nothing may move.
        Offender::of(offender!("keeps-dropped-segment")).with(ONE_SUM, 0.0),
    ),
    by_offender(
        "honest-when-watched",
        &[1, 29],
        &[Guard::FreshInstance],
        Tries {
            en: "behaves on made-up data, and remembers the target on real data",
            zh: "在模拟数据上规规矩矩，在真实数据上记住目标人员",
        },
        Offender::of(offender!("honest-when-watched")),
    ),
];
