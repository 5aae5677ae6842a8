//! The upload gate: what a component must be before it is compiled.
//!
//! Guarantee: a hostile upload is refused in time and memory that its size bounds, with a reason that names the part and
//! the bound (attack A30). Two stages, in two processes: [`check_envelope`] looks at the length and the first eight
//! bytes, so the process that holds keys and records may call it; [`check_component`] reads the structure and belongs
//! into a process with walls, because a parser for hostile bytes is where a hole would be (decision 0029).

use crate::features::NEEDED;
use crate::structure::{check_parts, invalid};
use tidegate_terms::{Guard, messages, stands};
use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload, Validator};

/// The one interface that a module exports.
pub const MODEL_INTERFACE: &str = "tidegate:analysis/model@1.0.0";

/// The largest component that is accepted. StarlingMonkey and CPython guests have 12 to 19 MB.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;

messages! {
    /// Why a module is refused.
    pub enum UploadError {
        TooLarge { bytes: u64, maximum: usize } = "module.too-large" {
            en: "the module has {bytes} bytes, but at most {maximum} are accepted: strip debug information and unused code",
            zh: "模型有 {bytes} 字节，最多接受 {maximum} 字节：请去除调试信息和未使用的代码",
        },
        NotWasm = "module.not-wasm" {
            en: "the file is not WebAssembly: build it with `tidegate model build`",
            zh: "该文件不是 WebAssembly：请用 `tidegate model build` 构建",
        },
        CoreModule = "module.core-module" {
            en: "the file is a core WebAssembly module, not a component: `tidegate model build` makes a component of it",
            zh: "该文件是 WebAssembly 核心模块而不是组件：`tidegate model build` 会把它制成组件",
        },
        Invalid { detail: String } = "module.invalid" {
            en: "the component is not valid: {detail}",
            zh: "组件无效：{detail}",
        },
        Import { name: String } = "module.import" {
            en: "the component imports `{name}`, but a module may import nothing: no clock, no randomness, no files, no network. Remove what needs it (in Rust, build for wasm32-unknown-unknown; types belong into the exported interface)",
            zh: "组件导入了 `{name}`，但模型不得导入任何东西：没有时钟、随机数、文件或网络。请去掉需要它的代码（Rust 请以 wasm32-unknown-unknown 为目标构建；类型应放在导出的接口内）",
        },
        NoExport { expected: &'static str } = "module.no-export" {
            en: "the component does not export `{expected}`: build it against the contract that `tidegate model new` writes",
            zh: "组件没有导出 `{expected}`：请按 `tidegate model new` 写出的合约构建",
        },
        ExtraExport { name: String } = "module.extra-export" {
            en: "the component also exports `{name}`, which the contract does not know: export the contract's interface alone",
            zh: "组件还导出了合约之外的 `{name}`：请只导出合约接口",
        },
        Signature { function: &'static str, detail: String } = "module.signature" {
            en: "the exported `{function}` does not have the type of the contract: {detail}",
            zh: "导出的 `{function}` 与合约类型不符：{detail}",
        },
        Structure { count: u64, name: &'static str, chinese: &'static str, maximum: u64 } = "module.structure" {
            en: "the component has {count} {name}, but at most {maximum} are accepted: make it smaller, or split the work into several modules",
            zh: "组件有 {count} {chinese}，最多接受 {maximum}：请缩小组件，或把工作拆分为多个模型",
        },
        Feature { feature: &'static str, chinese: &'static str } = "module.feature" {
            en: "the component uses {feature}, which no module needs: link everything into one component without them",
            zh: "组件使用了{chinese}，模型不需要它：请把全部代码链接为一个不含它的组件",
        },
        Compile { detail: String } = "module.compile" {
            en: "the component cannot be compiled: {detail}",
            zh: "组件无法编译：{detail}",
        },
        CompileLimits { seconds: u64, clock_seconds: u64, mebibytes: u64 } = "module.compile-limits" {
            en: "checking and compiling the component took more than {seconds} s of processor time, {clock_seconds} s by the clock or {mebibytes} MiB, or its types are nested too deeply: make it smaller",
            zh: "检查和编译组件超过 {seconds} 秒处理器时间、{clock_seconds} 秒实际时间或 {mebibytes} MiB，或其类型嵌套过深：请缩小组件",
        },
    }
}

/// Checks length and kind of a file; reads nothing behind its first eight bytes.
pub fn check_envelope(bytes: &[u8]) -> Result<(), UploadError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(UploadError::TooLarge { bytes: bytes.len() as u64, maximum: COMPONENT_BYTES_MAX });
    }
    match bytes.get(..8) {
        Some([b'\0', b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([b'\0', b'a', b's', b'm', _, _, 0, 0]) => Err(UploadError::CoreModule),
        _ => Err(UploadError::NotWasm),
    }
}

/// Checks size, structure, imports and exports of a component; compiles nothing. The input is hostile: call it in a
/// process with walls, unless the component is one's own.
pub fn check_component(bytes: &[u8]) -> Result<(), UploadError> {
    check_envelope(bytes)?;
    if !stands(Guard::UploadGate) {
        return Ok(());
    }
    check_parts(bytes)?;
    check_interface(bytes)?;
    Validator::new_with_features(NEEDED).validate_all(bytes).map_err(|error| invalid(&error))?;
    Ok(())
}

/// What the outermost component imports and exports.
fn check_interface(bytes: &[u8]) -> Result<(), UploadError> {
    let mut depth = 0u32;
    let (mut exported, mut extra) = (false, None);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| invalid(&error))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            // Inner components import from the outer one; only what the outermost imports is missing inside.
            Payload::ComponentImportSection(section) if depth == 0 => {
                if let Some(import) = section.into_iter().next() {
                    let import = import.map_err(|error| invalid(&error))?;
                    return Err(UploadError::Import { name: describe(import.name.name, &import.ty) });
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(|error| invalid(&error))?;
                    if export.kind == ComponentExternalKind::Instance && export.name.name == MODEL_INTERFACE {
                        exported = true;
                    } else {
                        extra.get_or_insert_with(|| shown(export.name.name, 120));
                    }
                }
            }
            _ => {}
        }
    }
    match extra {
        _ if !exported => Err(UploadError::NoExport { expected: MODEL_INTERFACE }),
        Some(name) => Err(UploadError::ExtraExport { name }),
        None => Ok(()),
    }
}

fn describe(name: &str, ty: &ComponentTypeRef) -> String {
    let name = shown(name, 120);
    match ty {
        ComponentTypeRef::Type(_) => format!("{name} (a type)"),
        _ => name,
    }
}

/// The beginning of a text that the upload chose, fit for a terminal.
pub(crate) fn shown(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    fn code(wat: &str) -> String {
        let bytes = wat::parse_str(wat).expect("wat");
        check_component(&bytes).expect_err(wat).code()
    }

    // clause: G20 both
    #[test]
    fn each_refusal_names_its_cause() {
        assert_eq!(check_component(b"").expect_err("empty").code(), "module.not-wasm");
        assert_eq!(check_component(b"#!/bin/sh").expect_err("script").code(), "module.not-wasm");
        assert_eq!(code("(module)"), "module.core-module");
        assert_eq!(code("(component)"), "module.no-export");
        assert_eq!(code("(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)))"), "module.import");
        assert_eq!(code("(component (import \"t\" (type (sub resource))))"), "module.import");
        assert_eq!(code("(component (core module (import \"a\" \"b\" (func))))"), "module.no-export");
        let large = vec![0; COMPONENT_BYTES_MAX + 1];
        assert_eq!(check_component(&large).expect_err("large").code(), "module.too-large");
        let barred = check_envelope(b"\0asm\x0d\0\x01");
        assert_eq!(barred.expect_err("seven bytes").code(), "module.not-wasm");
        let truncated = &wat::parse_str("(component (core module (func)))").expect("wat")[..20];
        assert_eq!(check_component(truncated).expect_err("truncated").code(), "module.invalid");
    }

    // clause: G20 refused
    #[test]
    fn features_that_the_contract_does_not_need_are_off() {
        for wat in [
            "(component (core module (memory 1 1 shared)))",
            "(component (core module (memory i64 1)))",
            "(component (core module (memory 1) (memory 1)))",
            "(component (core module (type (struct))))",
            "(component (core module (func (result v128) v128.const i32x4 0 0 0 0 v128.const i32x4 0 0 0 0 i8x16.relaxed_swizzle)))",
        ] {
            let wat = wat.replacen("(component", &format!("(component (instance $i) (export \"{MODEL_INTERFACE}\" (instance $i))"), 1);
            assert_eq!(code(&wat), "module.invalid", "{wat}");
        }
    }

    #[test]
    fn what_a_refusal_quotes_is_short_and_fit_for_a_terminal() {
        let component = format!("(component (import \"{}\" (func)))", "a".repeat(5_000));
        let bytes = wat::parse_str(component).expect("wat");
        let said = check_component(&bytes).expect_err("imports").to_string();
        assert!(said.len() < 500, "{} bytes", said.len());
        assert_eq!(shown("a\u{1b}[31mb\n", 120), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(shown("abc", 2), "ab");
    }
}
