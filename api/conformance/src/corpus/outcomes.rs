//! What a run says beside its result: messages, traces, names, use of resources (A18, A20, A21, A32).

use super::offender;
use crate::attack::{Attack, Mount, Tries, by_offender};
use crate::error::Broken;
use crate::module::{ONE_SUM, Offender, component, manifest};
use crate::scene::{DATASET, OPERATOR, PEOPLE};
use crate::verdict::Outcome;
use crate::world::World;
use tidegate_terms::Guard;

const fn tries(
    name: &'static str,
    rows: &'static [u8],
    guards: &'static [Guard],
    tries: Tries,
    attempt: fn(&mut World) -> Result<Outcome, Broken>,
) -> Attack {
    Attack { name, rows, guards, given: &[], by_construction: None, tries, scene: &PEOPLE, mount: Mount::Attempt(attempt) }
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        given: &[Guard::TrapDefault],
        ..tries(
            "names-in-traces",
            &[18, 20],
            &[Guard::OneOutcome],
            Tries {
                en: "breaks in functions with telling names, so that a message or a trace tells which",
                zh: "在名称含义明确的函数中出错，让消息或堆栈说出是哪一个",
            },
            names_in_traces,
        )
    },
    Attack {
        name: "reads-the-words",
        rows: &[18, 20],
        guards: &[Guard::TrapDefault],
        given: &[],
        by_construction: None,
        tries: Tries {
            en: "breaks when it meets the target, and reads what the program says of it in either language",
            zh: "遇到目标人员时出错，然后阅读程序以两种语言给出的说明",
        },
        scene: &PEOPLE,
        mount: Mount::Neighbours { acts: reads_the_words, moves: 1.0 },
    },
    Attack {
        by_construction: Some("custom sections are dropped when a module is compiled, so there is nothing to take away"),
        ..tries(
            "text-in-sections",
            &[20],
            &[],
            Tries {
                en: "carries text and terminal commands in custom sections of the module",
                zh: "在模型的自定义节中携带文字与终端控制序列",
            },
            text_in_sections,
        )
    },
    Attack {
        by_construction: Some("the use of resources is written down nowhere, so there is nothing to take away"),
        ..by_offender(
            "burns-fuel",
            &[21],
            &[],
            Tries {
                en: "uses most of its fuel and memory for the target alone: is the use shown?",
                zh: "只对目标人员耗用大部分燃料与内存：用量会显示出来吗？",
            },
            Offender::of(offender!("burns-fuel")),
        )
    },
    by_offender(
        "answer-bomb",
        &[3, 30, 32],
        &[Guard::AnswerLimit, Guard::Halving],
        Tries {
            en: "answers with little that is enormous once it is copied, so that the host's process dies",
            zh: "返回体积很小、复制后却极大的应答，使宿主进程崩溃",
        },
        Offender::of(offender!("answer-bomb")).memory(4 << 20).fuel(5_000_000),
    ),
    Attack {
        given: &[Guard::AnswerLimit],
        ..by_offender(
            "kills-its-worker",
            &[32],
            &[Guard::Halving],
            Tries {
                en: "kills every process that calls it for the target, so that the run could never end",
                zh: "使为目标人员调用它的每个进程都崩溃，企图让运行永不结束",
            },
            Offender::of(offender!("answer-bomb")).memory(4 << 20).fuel(5_000_000),
        )
    },
];

/// A run as people watch it, with its progress.
fn reads_the_words(world: &mut World) -> Result<(), Broken> {
    let name = "reads-the-words";
    world.upload_offender(name, &Offender::of(offender!("unreachable")))?;
    for (language, epsilon) in [("en", "0.5"), ("zh", "0.6")] {
        let question = ["run", "--dataset", DATASET, "--model", name, "--operator", OPERATOR, "--epsilon", epsilon];
        world.show_words(&[&question[..], &["--lang", language]].concat())?;
    }
    world.show_words(&["budget", "show", DATASET])?;
    Ok(())
}

/// Through if anybody outside can read how the guest broke, or where.
fn names_in_traces(world: &mut World) -> Result<Outcome, Broken> {
    let name = "names-in-traces";
    world.upload_offender(name, &Offender::of(offender!("named-trap")))?;
    let said = world.ask_with(name, DATASET, &[])?;
    world.look_around(DATASET, &said)?;
    let telling = ["secret-mark", "unreachable", "divide by zero", "wasm trap", "wasm backtrace"];
    Ok(found(world, &telling, "the same sentence whatever happened inside"))
}

/// Through if the text of a custom section is shown to anybody.
fn text_in_sections(world: &mut World) -> Result<Outcome, Broken> {
    let name = "text-in-sections";
    let section = b"leaked-text\n\x1b[2J\x1b]0;leaked-title\x07";
    let mut bytes = component(name, offender!("answers-at-once"))?;
    // A custom section: its number, its length, the length of its name, its name, its content.
    bytes.extend([0, section.len() as u8 + 12, 11]);
    bytes.extend(b"leaked-name");
    bytes.extend(section);
    let manifest = manifest(name, ONE_SUM, 100_000, 1 << 20);
    let said = world.upload(name, &bytes, &manifest)?;
    if !said.is_done() {
        return Ok(Outcome::Refused(said.refusal().unwrap_or_default()));
    }
    let said = world.ask_with(name, DATASET, &[])?;
    world.look_around(DATASET, &said)?;
    world.show_words(&["model", "list"])?;
    Ok(found(world, &["leaked", "\x1b"], "dropped before anybody sees it"))
}

fn found(world: &World, telling: &[&str], refused_by: &str) -> Outcome {
    let of = |text: &str| telling.iter().find(|word| text.contains(**word)).map(|word| word.escape_default().to_string());
    let word = world.shown().iter().find_map(|said| of(&said.out).or_else(|| of(&said.err)));
    Outcome::through_if(word.is_some(), format!("somebody outside reads `{}`", word.unwrap_or_default()), refused_by)
}
