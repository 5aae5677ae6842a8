//! A worker that was taken over: it does nothing that it is told and answers every task with totals that no data can have.

use serde_json::{Value, json};
use std::io::{BufReader, stdin, stdout};
use tidegate_engine::{read_frame, write_frame};

fn main() {
    let (mut from, mut to) = (BufReader::new(stdin()), stdout());
    let Ok(_setup) = read_frame::<Value>(&mut from, u64::MAX) else { return };
    let mut said = write_frame(&mut to, &"Ready", &[]);
    while said.is_ok() {
        let Ok((order, _)) = read_frame::<Value>(&mut from, u64::MAX) else { return };
        if let Some(task) = order.get("Do") {
            // One number, far more than there are units.
            said = write_frame(&mut to, &json!({ "Totals": { "task": task } }), &i64::MAX.to_le_bytes());
        }
    }
}
