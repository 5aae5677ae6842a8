//! Checkpoints: places in a module's code where the engine looks at the fuel that is left.
//!
//! The engine counts fuel everywhere, but looks at the count only where a function begins and where a loop does. Code
//! without either runs on when all fuel is spent: a function that calls itself five thousand times and does its work
//! after each return would do five thousand times that work on no fuel at all (attack A34). So the code is given more
//! places to look: an empty loop, which changes nothing, after each call and after so much fuel in a straight line.
//!
//! Guarantee: between two looks at the fuel lies at most [`STRETCH`] of it, and one operator.
//!
//! It happens between the checks of an upload and its compilation, on code that is valid already. What is sealed, logged
//! and compared is the module as it came in. Rejected: a limit on the length of functions, which would have to be so low
//! that honest modules hit it, since the depth of the stack multiplies it.

use crate::UploadError;
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser};
use wasmtime::OperatorCost;

/// Most fuel between two looks at it.
const STRETCH: i64 = 1_000;
/// An empty loop: `loop`, no type, `end`.
const LOOK: [u8; 3] = [0x03, 0x40, 0x0b];

/// Sections of a module and of a component.
const CODE: u8 = 10;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// Components inside components, and modules inside those; more than any validator accepts.
const DEPTH_MAX: u32 = 1_000;

/// The same component with checkpoints; what is not valid is refused, as it was before.
pub(crate) fn with_checkpoints(component: &[u8], prices: &OperatorCost) -> Result<Vec<u8>, UploadError> {
    nested(component, prices, DEPTH_MAX)
}

fn nested(binary: &[u8], prices: &OperatorCost, depth_left: u32) -> Result<Vec<u8>, UploadError> {
    let inner_depth = depth_left.checked_sub(1).ok_or_else(|| UploadError::Invalid { detail: "too deeply nested".into() })?;
    let is_module = Parser::is_core_wasm(binary);
    let mut reader = BinaryReader::new(binary, 0);
    let mut written = reader.read_bytes(8).map_err(invalid)?.to_vec();
    while !reader.eof() {
        let section = reader.read_u8().map_err(invalid)?;
        let content = sized(&mut reader)?;
        written.push(section);
        match (is_module, section) {
            (false, CORE_MODULE | COMPONENT) => write_sized(&mut written, &nested(content, prices, inner_depth)?),
            (true, CODE) => write_sized(&mut written, &code_with_checkpoints(content, prices)?),
            _ => write_sized(&mut written, content),
        }
    }
    Ok(written)
}

fn code_with_checkpoints(section: &[u8], prices: &OperatorCost) -> Result<Vec<u8>, UploadError> {
    let mut reader = BinaryReader::new(section, 0);
    let functions = reader.read_var_u32().map_err(invalid)?;
    let mut written = Vec::with_capacity(section.len() + section.len() / 4);
    write_number(&mut written, functions);
    for _ in 0..functions {
        write_sized(&mut written, &body_with_checkpoints(sized(&mut reader)?, prices)?);
    }
    Ok(written)
}

/// A block that is open. A branch out of it may pass over any checkpoint that stands in it.
struct Open {
    is_loop: bool,
    /// The stretch at its beginning.
    start: i64,
    /// The longest stretch at any place in it, where a branch could leave it.
    longest: i64,
}

fn body_with_checkpoints(body: &[u8], prices: &OperatorCost) -> Result<Vec<u8>, UploadError> {
    let reader = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader();
    let mut operators = reader.map_err(invalid)?;
    let mut written = Vec::with_capacity(body.len() + body.len() / 4);
    let mut open = vec![Open { is_loop: false, start: 0, longest: 0 }];
    let (mut copied, mut stretch) = (0, 0);
    while !operators.eof() {
        let operator = operators.read().map_err(invalid)?;
        let end = operators.original_position();
        stretch += prices.cost(&operator);
        if let Some(innermost) = open.last_mut() {
            innermost.longest = innermost.longest.max(stretch);
        }
        match operator {
            Operator::Block { .. } | Operator::If { .. } => open.push(Open { is_loop: false, start: stretch, longest: stretch }),
            // The engine looks here by itself.
            Operator::Loop { .. } => {
                stretch = 0;
                open.push(Open { is_loop: true, start: 0, longest: 0 });
            }
            Operator::Else => stretch = open.last().map_or(stretch, |innermost| innermost.start),
            Operator::End => {
                let closed = open.pop().ok_or_else(|| UploadError::Invalid { detail: "an end too many".into() })?;
                if !closed.is_loop {
                    stretch = stretch.max(closed.longest);
                }
                if let Some(outer) = open.last_mut() {
                    outer.longest = outer.longest.max(closed.longest);
                }
            }
            _ => {}
        }
        let returned = matches!(operator, Operator::Call { .. } | Operator::CallIndirect { .. });
        if (returned || stretch >= STRETCH) && !operators.eof() {
            written.extend_from_slice(&body[copied..end]);
            written.extend_from_slice(&LOOK);
            (copied, stretch) = (end, 0);
        }
    }
    written.extend_from_slice(&body[copied..]);
    Ok(written)
}

fn sized<'a>(reader: &mut BinaryReader<'a>) -> Result<&'a [u8], UploadError> {
    let size = reader.read_var_u32().map_err(invalid)?;
    reader.read_bytes(size as usize).map_err(invalid)
}

fn invalid(error: wasmparser::BinaryReaderError) -> UploadError {
    UploadError::Invalid { detail: error.to_string() }
}

fn write_sized(written: &mut Vec<u8>, content: &[u8]) {
    write_number(written, u32::try_from(content.len()).unwrap_or(u32::MAX));
    written.extend_from_slice(content);
}

/// LEB128.
fn write_number(written: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        written.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    written.push(number as u8);
}

#[cfg(test)]
mod tests;
