//! `componentize CORE.wasm COMPONENT.wasm` makes a component of a core module that carries the contract
//! in a custom section (as `wit-bindgen` puts it there). `componentize --check COMPONENT.wasm...` checks
//! components: no import at all, and one export, the contract's interface.
//!
//! The host checks both again, and more, when a module is uploaded; here they only spare a wasted upload.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use wasmparser::{ComponentExternalKind, Parser, Payload, Validator};

const EXPORT: &str = "tidegate:analysis/model@1.0.0";

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match arguments.as_slice() {
        [flag, files @ ..] if flag.as_os_str() == "--check" => files.iter().try_for_each(|file| check_file(file)),
        [core, component] => make_component(core, component),
        _ => bail!("usage: componentize CORE.wasm COMPONENT.wasm, or componentize --check COMPONENT.wasm..."),
    }
}

fn make_component(core: &Path, component: &Path) -> Result<()> {
    let module = std::fs::read(core).with_context(|| format!("reading {}", core.display()))?;
    let mut encoder = wit_component::ComponentEncoder::default().validate(true).module(&module)?;
    let bytes = encoder.encode().with_context(|| format!("making a component of {}", core.display()))?;
    check_component(&bytes)?;
    std::fs::write(component, bytes).with_context(|| format!("writing {}", component.display()))
}

fn check_file(file: &Path) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    check_component(&bytes).with_context(|| format!("checking {}", file.display()))?;
    println!("{}: {} bytes, no import, exports {EXPORT}", file.display(), bytes.len());
    Ok(())
}

fn check_component(bytes: &[u8]) -> Result<()> {
    Validator::new().validate_all(bytes)?;
    ensure!(Parser::is_component(bytes), "this is a core module, not a component");
    let (mut depth, mut exports) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                let names: Vec<_> = section.into_iter().map(|import| Ok(import?.name.name.to_owned())).collect::<Result<_>>()?;
                bail!("imports {names:?}; a module may import nothing");
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export?;
                    exports.push((export.name.name.to_owned(), export.kind));
                }
            }
            _ => {}
        }
    }
    ensure!(exports == [(EXPORT.to_owned(), ComponentExternalKind::Instance)], "exports {exports:?}, must be {EXPORT} alone");
    Ok(())
}
