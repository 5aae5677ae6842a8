//! The upload gate: what a component must be before it is compiled.
//!
//! Only the structure is read here, in one pass and without recursion into the code, so that a hostile
//! upload is refused in time and memory that its size bounds (attack A30).

use tidegate_terms::messages;
use wasmparser::{ComponentExternalKind, ComponentTypeRef, Parser, Payload, Validator, WasmFeatures};

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
        Functions { functions: u32, maximum: u32 } = "module.functions" {
            en: "the component has {functions} functions, but at most {maximum} are accepted",
            zh: "组件有 {functions} 个函数，最多接受 {maximum} 个",
        },
        Compile { detail: String } = "module.compile" {
            en: "the component cannot be compiled: {detail}",
            zh: "组件无法编译：{detail}",
        },
        CompileLimits { seconds: u64, mebibytes: u64 } = "module.compile-limits" {
            en: "compiling the component took more than {seconds} s or {mebibytes} MiB: make it smaller",
            zh: "编译组件超过 {seconds} 秒或 {mebibytes} MiB：请缩小组件",
        },
    }
}

const FUNCTIONS_MAX: u32 = 200_000;

/// What WebAssembly the contract needs; everything else is refused.
fn features() -> WasmFeatures {
    let base = WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::SIMD
        | WasmFeatures::FLOATS;
    base | WasmFeatures::COMPONENT_MODEL
}

/// Checks size, structure, imports and exports of a component; compiles nothing.
pub fn check_component(bytes: &[u8]) -> Result<(), UploadError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(UploadError::TooLarge { bytes: bytes.len() as u64, maximum: COMPONENT_BYTES_MAX });
    }
    if bytes.get(..4) != Some(b"\0asm") {
        return Err(UploadError::NotWasm);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(UploadError::CoreModule);
    }
    check_structure(bytes)?;
    Validator::new_with_features(features()).validate_all(bytes).map_err(|error| UploadError::Invalid { detail: error.to_string() })?;
    Ok(())
}

fn check_structure(bytes: &[u8]) -> Result<(), UploadError> {
    let invalid = |error: wasmparser::BinaryReaderError| UploadError::Invalid { detail: error.to_string() };
    let mut depth = 0u32;
    let mut functions = 0u32;
    let (mut exported, mut extra) = (false, None);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::FunctionSection(section) => functions = functions.saturating_add(section.count()),
            // Inner components import from the outer one; only what the outermost imports is missing inside.
            Payload::ComponentImportSection(section) if depth == 0 => {
                if let Some(import) = section.into_iter().next() {
                    let import = import.map_err(invalid)?;
                    return Err(UploadError::Import { name: describe(import.name.name, &import.ty) });
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(invalid)?;
                    if export.kind == ComponentExternalKind::Instance && export.name.name == MODEL_INTERFACE {
                        exported = true;
                    } else {
                        extra.get_or_insert_with(|| export.name.name.chars().take(120).collect());
                    }
                }
            }
            _ => {}
        }
    }
    if functions > FUNCTIONS_MAX {
        return Err(UploadError::Functions { functions, maximum: FUNCTIONS_MAX });
    }
    match extra {
        _ if !exported => Err(UploadError::NoExport { expected: MODEL_INTERFACE }),
        Some(name) => Err(UploadError::ExtraExport { name }),
        None => Ok(()),
    }
}

fn describe(name: &str, ty: &ComponentTypeRef) -> String {
    let name: String = name.chars().take(120).collect();
    match ty {
        ComponentTypeRef::Type(_) => format!("{name} (a type)"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    fn code(wat: &str) -> String {
        let bytes = wat::parse_str(wat).expect("wat");
        check_component(&bytes).expect_err(wat).code()
    }

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
        let truncated = &wat::parse_str("(component (core module (func)))").expect("wat")[..20];
        assert_eq!(check_component(truncated).expect_err("truncated").code(), "module.invalid");
    }

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
}
