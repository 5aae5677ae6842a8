//! Modules that nobody wrote: core modules of wasm-smith (`generator`), wrapped into components of the contract.
//!
//! A random module would hardly ever take its arguments or give an answer that the host can read, and all of them would
//! end before anything happens. So the memory, with what allocates in it and an answer that reads, is another module's;
//! the generated one gets that memory and does to it what it likes, and a wrapper decides where the host reads.

use crate::upload::{self, Calls};
use std::sync::OnceLock;
use tidegate_sandbox::compile;

/// Where the host reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Where the generated function says.
    Anywhere,
    /// There, but within the first page and aligned.
    Near,
    /// Where an answer that reads was before the generated function ran.
    Prepared,
}

/// All of them.
pub const ANSWERS: [Answer; 3] = [Answer::Anywhere, Answer::Near, Answer::Prepared];

/// The contract around a core module: text, of which `$generated` is a place to fill.
const CONTRACT: &str = include_str!("../../conformance/sums-last-table.wat");

fn template(answer: Answer) -> &'static [u8] {
    static TEMPLATES: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    let templates = TEMPLATES.get_or_init(|| {
        ["", "i32.const 0xfff8 i32.and", "drop i32.const 16"].map(|place| {
            let contract = CONTRACT.split_once("(core instance $main").expect("the contract's text").1;
            let contract = contract.split_once('\n').expect("its first line").1;
            let text = format!(
                "(component
                (core module $memory
                  (memory (export \"memory\") 1 16)
                  (global $next (mut i32) (i32.const 1024))
                  (func (export \"realloc\") (param i32 i32 i32 i32) (result i32)
                    (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.get $next)
                    (global.set $next (i32.add (global.get $next) (local.get 3))))
                  (data (i32.const 16) \"\\50\\00\\00\\00\\01\\00\\00\\00\")
                  (data (i32.const 32) \"\\01\")
                  (data (i32.const 80) \"\\00\\00\\00\\00\\40\\00\\00\\00\\01\\00\\00\\00\"))
                (core module $generated
                  (import \"host\" \"memory\" (memory 1 16))
                  (func (export \"contribute\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable))
                (core module $wrapper
                  (import \"host\" \"memory\" (memory 1 16))
                  (import \"host\" \"realloc\" (func $realloc (param i32 i32 i32 i32) (result i32)))
                  (import \"generated\" \"contribute\" (func $contribute (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
                  (export \"memory\" (memory 0))
                  (export \"realloc\" (func $realloc))
                  (func (export \"contribute\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
                    (call $contribute (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
                      (local.get 6) (local.get 7) (local.get 8))
                    {place})
                  (func (export \"conclude\") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 32)))
                (core instance $host (instantiate $memory))
                (core instance $inner (instantiate $generated (with \"host\" (instance $host))))
                (core instance $main (instantiate $wrapper (with \"host\" (instance $host)) (with \"generated\" (instance $inner))))
                {contract}"
            );
            wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
        })
    });
    &templates[answer as usize]
}

/// A component of the contract around a generated core module.
pub fn component(core: &[u8], answer: Answer) -> Vec<u8> {
    let bytes = template(answer);
    let (mut made, mut at, mut modules) = (bytes[..8].to_vec(), 8, 0);
    while at < bytes.len() {
        let id = bytes[at];
        let (length, width) = read_length(&bytes[at + 1..]);
        let end = at + 1 + width + length;
        // Section 1 is a core module; the second is the generated one's place.
        modules += u32::from(id == 1);
        if id == 1 && modules == 2 {
            made.push(1);
            write_length(core.len(), &mut made);
            made.extend(core);
        } else {
            made.extend(&bytes[at..end]);
        }
        at = end;
    }
    made
}

/// LEB128.
fn read_length(bytes: &[u8]) -> (usize, usize) {
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (length, at + 1);
        }
    }
    (length, bytes.len())
}

fn write_length(mut length: usize, to: &mut Vec<u8>) {
    while length >= 0x80 {
        to.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    to.push(length as u8);
}

/// Compiles and calls a generated module in each of the three ways.
///
/// # Panics
/// If the upload gate refuses it (wasm-smith makes nothing that the contract does not allow), or if [`upload::call`] does.
pub fn survive(core: &[u8]) -> [Calls; 3] {
    ANSWERS.map(|answer| {
        let component = component(core, answer);
        let module = compile(&component).unwrap_or_else(|error| panic!("{answer:?} is refused: {error}"));
        upload::call(&module)
    })
}
