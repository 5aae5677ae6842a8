//! `tidegate model build`: one command for both tool chains.

use crate::front::CliError;
use crate::output::Output;
use std::path::{Path, PathBuf};
use std::process::Command;

const TRIPLE: &str = "wasm32-unknown-unknown";

/// A tool chain that can build for `wasm32-unknown-unknown`.
enum ToolChain {
    /// rustup's, with the target installed.
    Rustup,
    /// Debian's packages, which build the standard library from source.
    Debian,
}

/// Builds a model written in Rust and makes a component of it.
pub(super) fn build(directory: &Path, output: Output) -> Result<(), CliError> {
    let failed = |detail: String| CliError::ToolChain { detail };
    let chain = find().ok_or_else(|| failed(format!("no tool chain for {TRIPLE} was found")))?;
    let target = std::path::absolute(directory.join("target")).map_err(|error| CliError::file(directory, &error))?;
    let mut command = match chain {
        ToolChain::Rustup => Command::new("cargo"),
        ToolChain::Debian => {
            let mut command = Command::new("/usr/bin/cargo");
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("/usr/bin:{path}")).env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19");
            command
        }
    };
    command.args(["build", "--release", "--target", TRIPLE]).current_dir(directory).env("CARGO_TARGET_DIR", &target);
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("RUSTUP_TOOLCHAIN");
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Clink-arg=-zstack-size=16384");
    if matches!(chain, ToolChain::Debian) {
        command.arg("-Zbuild-std=core,alloc");
    }
    let status = command.status().map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(format!("cargo ended with {status}")));
    }
    let module = find_module(&target.join(TRIPLE).join("release"))
        .ok_or_else(|| failed("cargo made no .wasm file; is crate-type cdylib?".into()))?;
    let component = componentize(&std::fs::read(&module).map_err(|error| CliError::file(&module, &error))?)?;
    tidegate_sandbox::check_component(&component)?;
    let into = directory.join("model.wasm");
    std::fs::write(&into, &component).map_err(|error| CliError::file(&into, &error))?;
    let view = serde_json::json!({ "component": into, "bytes": component.len() });
    output.show(&view, |_| println!("{} {} ({} B)", output.pick("Built", "已构建"), into.display(), component.len()));
    Ok(())
}

fn find() -> Option<ToolChain> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.join("lib/rustlib").join(TRIPLE).join("lib").is_dir() {
        return Some(ToolChain::Rustup);
    }
    let debian = ["/usr/bin/cargo", "/usr/bin/rustc", "/usr/bin/wasm-ld-19", "/usr/lib/rustlib/src"];
    debian.iter().all(|path| Path::new(path).exists()).then_some(ToolChain::Debian)
}

fn find_module(directory: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?;
    let modules = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "wasm"));
    modules.max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
}

/// Makes a component of a core module that carries its interface in a custom section.
fn componentize(module: &[u8]) -> Result<Vec<u8>, CliError> {
    let encoder = wit_component::ComponentEncoder::default().validate(true).module(module);
    let component = encoder.and_then(|mut encoder| encoder.encode());
    component.map_err(|error| CliError::ToolChain { detail: format!("{error:#}") })
}
