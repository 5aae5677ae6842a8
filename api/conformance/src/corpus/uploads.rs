//! Hostile uploads (A30): each is refused in bounded time, with a reason that names the part.

use super::kit::{ask, closed, first_estimate, held, people, plain_component, plain_manifest, read, refused_by, stage, write};
use crate::attack::Attack;
use crate::error::Broken;
use crate::module::assemble_component;
use crate::scene::{EMPTY, IMMEDIATELY, OPERATOR, Scene};
use crate::verdict::Outcome;
use crate::world::{World, text};
use std::time::{Duration, Instant};
use tidegate_terms::Guard;

/// A domain in which the operator may upload.
static UPLOADS: Scene = Scene { name: "uploads", alone: false, setup: |world| people(world, "uploads", IMMEDIATELY) };

/// How long a refusal may take at most, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

const GATE: &[Guard] = &[Guard::UploadGate];

/// An upload that the gate alone refuses.
const fn gate(name: &'static str, en: &'static str, zh: &'static str, attempt: super::kit::Attempt) -> Attack {
    held(name, &[30], GATE, (en, zh), &UPLOADS, attempt)
}

/// One that is refused whatever is taken away.
const fn always(name: &'static str, why: &'static str, en: &'static str, zh: &'static str, attempt: super::kit::Attempt) -> Attack {
    closed(name, &[30], why, (en, zh), &UPLOADS, attempt)
}

pub(super) const ATTACKS: &[Attack] = &[
    gate("thousands-of-functions", "uploads 200,001 functions that are as small as can be", "上传 200,001 个极小的函数", |world| {
        core(world, "functions", &"(func)".repeat(200_001), STRUCTURE)
    }),
    gate("a-flood-of-types", "uploads 50,001 types that nobody uses", "上传 50,001 个无人使用的类型", |world| {
        outer(world, "types", &"(type u32)".repeat(50_001), STRUCTURE)
    }),
    gate("components-in-components", "nests components ten levels deep", "把组件嵌套十层", |world| {
        outer(world, "nested", &format!("{}{}", "(component ".repeat(10), ")".repeat(10)), STRUCTURE)
    }),
    gate("a-flood-of-modules", "puts 70 further modules into one component", "在一个组件中放入 70 个额外模块", |world| {
        outer(world, "modules", &"(core module)".repeat(70), STRUCTURE)
    }),
    gate("a-flood-of-segments", "uploads 50,001 empty data segments", "上传 50,001 个空数据段", |world| {
        core(world, "segments", &"(data \"\")".repeat(50_001), STRUCTURE)
    }),
    gate("a-flood-of-custom-sections", "hides text in 1,001 custom sections", "在 1,001 个自定义段中夹带文字", |world| {
        core(world, "customs", &"(@custom \"note\" \"hidden\")".repeat(1_001), STRUCTURE)
    }),
    gate("ten-thousand-locals", "declares 10,001 locals in one function", "在一个函数中声明 10,001 个局部变量", |world| {
        core(world, "locals", &format!("(func (local {}))", "i64 ".repeat(10_001)), STRUCTURE)
    }),
    gate("an-enormous-function", "uploads one function of more than two megabytes", "上传一个超过两兆字节的函数", |world| {
        core(world, "body", &format!("(func {})", "(drop (i32.const 1))".repeat(700_000)), STRUCTURE)
    }),
    gate("an-enormous-name", "exports something under a name of nine kilobytes", "以九千字节长的名称导出", |world| {
        core(world, "long-name", &format!("(func (export \"{}\"))", "n".repeat(9_000)), STRUCTURE)
    }),
    gate("lifted-again-and-again", "lifts one function twenty times", "把同一函数提升二十次", |world| {
        outer(world, "lifts", &"(func (canon lift (core func $main \"nothing\")))".repeat(20), STRUCTURE)
    }),
    gate(
        "resources",
        "defines a resource, whose table of handles would grow on the host",
        "定义资源类型，其句柄表会在宿主上增长",
        |world| outer(world, "resources", "(type (resource (rep i32)))", FEATURE),
    ),
    gate(
        "calls-between-components",
        "calls through an adapter that copies on the host, where fuel does not count",
        "通过在宿主上复制数据、不计燃料的适配器相互调用",
        |world| {
            let lowered = "(func $inner (canon lift (core func $main \"nothing\"))) (core func (canon lower (func $inner)))";
            outer(world, "lowers", lowered, FEATURE)
        },
    ),
    gate("relaxed-simd", "uses instructions whose results depend on the processor", "使用结果取决于处理器的指令", |world| {
        let swizzle = "(func (result v128) (i8x16.relaxed_swizzle (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))";
        core(world, "relaxed", swizzle, INVALID)
    }),
    gate(
        "tail-calls",
        "uses a proposal that is on in the engine by default and not needed here",
        "使用引擎默认开启而此处并不需要的提案",
        |world| core(world, "tails", "(func $tail (return_call $tail))", INVALID),
    ),
    gate(
        "computed-constants",
        "uses another proposal that nobody decided to let in",
        "使用另一项无人决定放行的提案",
        |world| core(world, "constants", "(global i32 (i32.add (i32.const 1) (i32.const 2)))", INVALID),
    ),
    gate("a-second-export", "exports more than the contract", "导出合约之外的内容", |world| {
        outer(
            world,
            "extra",
            "(component $c) (instance $extra (instantiate $c)) (export \"extra\" (instance $extra))",
            &["module.extra-export"],
        )
    }),
    always("imports-a-clock", "nothing is linked, so what imports cannot be loaded", "imports a clock", "导入时钟", |world| {
        outer(world, "clock", "(import \"wasi:clocks/monotonic-clock@0.2.0\" (instance))", &["module.import"])
    }),
    always(
        "a-bomb-of-types",
        "the size of a type is bounded in the validator itself",
        "doubles the size of a type forty times, so that writing it out never ends",
        "把一个类型的大小翻倍四十次，使其永远写不完",
        bomb_of_types,
    ),
    always(
        "types-without-end",
        "what reads the structure is a process of its own, and its death is a refusal",
        "nests one type three million times, so that a parser overflows its stack",
        "把一个类型嵌套三百万层，使解析器的栈溢出",
        types_without_end,
    ),
    always(
        "slow-to-compile",
        "the limit would take minutes to be missed",
        "uploads a small file that takes minutes to compile",
        "上传需编译数分钟的小文件",
        slow_to_compile,
    ),
    always(
        "malformed-files",
        "a file that is no component cannot be compiled",
        "uploads files that are cut, changed in single bytes, compressed, empty or something else",
        "上传被截断、单字节改动、压缩、空白或其他类型的文件",
        malformed_files,
    ),
    always(
        "an-enormous-file",
        "the length is looked at before the file is read",
        "uploads 500 megabytes of nothing",
        "上传 500 兆字节的空内容",
        an_enormous_file,
    ),
    always(
        "four-gibibytes-of-memory",
        "no pool has such a slot",
        "wants four gibibytes of memory to begin with",
        "一开始就要求四吉字节内存",
        |world| core_instead_of_memory(world, "huge-memory", "(memory (export \"memory\") 65536)", &["sandbox.setup", "module.invalid"]),
    ),
    held(
        "native-code-of-another-module",
        &[30, 27],
        GATE,
        (
            "swaps two files of the cache of native code, so that other code runs than was sealed",
            "调换原生代码缓存中的两个文件，使运行的代码与封签不符",
        ),
        &EMPTY,
        native_code_of_another_module,
    ),
    held(
        "native-code-of-its-own",
        &[30, 27],
        GATE,
        ("changes one byte of native code in the cache", "改动缓存中原生代码的一个字节"),
        &EMPTY,
        native_code_of_its_own,
    ),
];

const STRUCTURE: &[&str] = &["module.structure"];
const FEATURE: &[&str] = &["module.feature"];
const INVALID: &[&str] = &["module.invalid"];

/// Uploads a component and times it.
fn judge(world: &mut World, name: &str, component: &[u8], codes: &[&str]) -> Result<Outcome, Broken> {
    let began = Instant::now();
    let said = world.upload(name, component, &plain_manifest(name))?;
    if began.elapsed() > PATIENCE {
        return Ok(Outcome::Through(format!("it took {} s", began.elapsed().as_secs())));
    }
    refused_by(&said, codes, "it was taken in")
}

/// Uploads a counting module with something more in its core module.
fn core(world: &mut World, name: &str, more: &str, codes: &[&str]) -> Result<Outcome, Broken> {
    let component = assemble_component(name, &[super::kit::COUNTS.core, "    (func (export \"nothing\"))\n", more].concat(), "")?;
    judge(world, name, &component, codes)
}

/// Uploads a counting module with something more in its component.
fn outer(world: &mut World, name: &str, more: &str, codes: &[&str]) -> Result<Outcome, Broken> {
    let component = assemble_component(name, &[super::kit::COUNTS.core, "    (func (export \"nothing\"))\n"].concat(), more)?;
    judge(world, name, &component, codes)
}

fn core_instead_of_memory(world: &mut World, name: &str, memory: &str, codes: &[&str]) -> Result<Outcome, Broken> {
    let rest = "(func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func (export \"contribute\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
        (func (export \"conclude\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))";
    let component = crate::module::assemble(name, &[memory, rest].concat())?;
    judge(world, name, &component, codes)
}

fn bomb_of_types(world: &mut World) -> Result<Outcome, Broken> {
    let mut types = "(type $t0 (tuple u32 u32))".to_owned();
    for n in 1..40 {
        types += &format!("(type $t{n} (tuple $t{} $t{}))", n - 1, n - 1);
    }
    outer(world, "type-bomb", &types, &["module.invalid", "module.compile"])
}

/// A component of one instance type that declares an instance type that declares one, and so on.
fn types_without_end(world: &mut World) -> Result<Outcome, Broken> {
    let mut section = vec![1];
    section.extend([0x42, 0x01, 0x01].repeat(3_000_000));
    section.extend([0x42, 0x00]);
    let mut component = b"\0asm\x0d\0\x01\0\x07".to_vec();
    let mut length = section.len();
    while length > 0x7f {
        component.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    component.push(length as u8);
    component.extend(section);
    let outcome = judge(world, "type-tower", &component, &["module.compile-limits", "module.invalid", "module.structure"])?;
    // The keeper is another process, and goes on.
    world.ask(&["model", "list"])?.json()?;
    Ok(outcome)
}

/// Every local lives through every loop: what allocates registers has much to do.
fn slow_to_compile(world: &mut World) -> Result<Outcome, Broken> {
    let (locals, loops) = (8_000, 900);
    let add = |local: usize| format!("(local.set {local} (i64.add (local.get {local}) (local.get {})))", (local * 7 + 1) % locals);
    let body: String = (0..locals).map(add).collect();
    let head = format!("(func (local {})", "i64 ".repeat(locals));
    let function = format!("{head}{}{body}(br_if 0 (i64.eqz (local.get 0))){})", "(loop ".repeat(loops), ")".repeat(loops));
    core(world, "slow", &function, &["module.compile-limits"])
}

fn malformed_files(world: &mut World) -> Result<Outcome, Broken> {
    let good = plain_component("malformed")?;
    let mut files: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"#!/bin/sh\nexit 0\n".to_vec(),
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0],
        good[..8].to_vec(),
        good[..good.len() / 2].to_vec(),
        [&good[..], &[0xff; 16]].concat(),
        [b"\0asm\x01\0\0\0", &good[8..]].concat(),
        vec![0; 1 << 20],
    ];
    // Lengths, counts and opcodes, one bit each.
    files.extend((0..8).map(|place| {
        let mut changed = good.clone();
        let at = 8 + place * 3;
        changed[at] ^= 0x80;
        changed
    }));
    for (place, file) in files.iter().enumerate() {
        let model = world.seal(&format!("malformed-{place}"), file, &plain_manifest("malformed"))?;
        let said = world.show(&["model", "upload", &text(&model), "--operator", OPERATOR])?;
        let code = said.refusal().unwrap_or_default();
        if said.is_done() || !(code.starts_with("module.") || code == "sandbox.setup") {
            return Ok(Outcome::Through(format!("file {place} came to `{code}`")));
        }
    }
    Ok(Outcome::Refused(format!("all {} files", files.len())))
}

fn an_enormous_file(world: &mut World) -> Result<Outcome, Broken> {
    let model = world.seal("enormous", &plain_component("enormous")?, &plain_manifest("enormous"))?;
    let failed = |error: std::io::Error| Broken::Place { detail: error.to_string() };
    let file = std::fs::OpenOptions::new().write(true).open(model.join("model.wasm")).map_err(failed)?;
    file.set_len(500 << 20).map_err(failed)?;
    let said = world.show(&["model", "upload", &text(&model), "--operator", OPERATOR])?;
    refused_by(&said, &["module.too-large"], "half a gigabyte was taken in")
}

/// The only file in the cache whose name begins with the digest of a component.
fn cached(world: &World, component: &[u8]) -> Result<std::path::PathBuf, Broken> {
    let digest = tidegate_terms::Digest::of(component).to_string();
    let entries = std::fs::read_dir(world.domain().join("cache")).into_iter().flatten().flatten();
    let mut own =
        entries.map(|entry| entry.path()).filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&digest)));
    own.next().ok_or_else(|| Broken::Answer { call: "the cache".into() })
}

/// A module that counts nobody; with the native code of one that counts everybody in its place, it counts.
fn native_code_of_another_module(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "swapped", IMMEDIATELY)?;
    let silent = crate::module::component("silent", super::offender!("says-nothing"))?;
    world.upload("silent", &silent, &plain_manifest("silent"))?.json()?;
    let counting = plain_component("swapped")?;
    let (from, to) = (cached(world, &counting)?, cached(world, &silent)?);
    write(&to, &read(&from)?)?;
    let said = world.question("run", "swapped", "silent", "8", &[])?;
    let counted = first_estimate(&said.json()?)?;
    // At epsilon 8 the noise is far below a hundred.
    Ok(Outcome::through_if(counted > 100.0, format!("{counted:.0} were counted by a module that counts nobody"), "compiled anew"))
}

fn native_code_of_its_own(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "patched", IMMEDIATELY)?;
    let path = cached(world, &plain_component("patched")?)?;
    // The tag, in front: the code is whole, but nobody vouches for it.
    let mut changed = read(&path)?;
    changed.first_mut().into_iter().for_each(|byte| *byte ^= 1);
    write(&path, &changed)?;
    ask(world, "patched", "1")?.json()?;
    let mended = read(&path)? != changed;
    Ok(Outcome::through_if(!mended, "code without its tag was loaded", "compiled anew, and written again"))
}
