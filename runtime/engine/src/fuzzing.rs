//! The readers of the pipes between processes, with bytes in place of a process: for `tests/fuzz` alone.
//!
//! They are the functions that runs use, not copies. Rejected: making the messages public, which would let other
//! crates make them.

use crate::conclude::{read_concluded, read_question};
use crate::coordinator::read_totals;
use crate::worker::{Order, Setup};
use crate::{Concluded, FrameError, Stage, Task, read_frame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate_statistics::Layout;
use tidegate_terms::{Manifest, PublicSchema};

/// What a coordinator takes from a worker as the answer to a task: the totals, encoded again.
pub fn totals_from_worker(mut bytes: &[u8], task: &Task, layout: &Layout) -> Option<Vec<u8>> {
    let sums = read_totals(&mut bytes, task, layout).ok()?;
    Some(layout.encode_sums(&sums, task.calls()))
}

/// What the keeper takes from the process of `conclude`.
pub fn concluded_from_process(mut bytes: &[u8], manifest: &Manifest) -> Option<Concluded> {
    read_concluded(&mut bytes, manifest).ok()
}

/// Whether bytes are a question to `conclude`, and reading what was read gives the same again.
pub fn question_to_conclude(bytes: &[u8]) -> Option<bool> {
    read_question(bytes)
}

/// What a worker takes from a coordinator: a setup and orders, until something is none. Gives the layouts of the rounds
/// that it would begin, as lengths of totals; `None` if what was read does not read as itself again.
pub fn orders_to_worker(mut bytes: &[u8], manifest: &Manifest, schema: &PublicSchema) -> Option<Vec<usize>> {
    let from = &mut bytes;
    let mut begun = Vec::new();
    if let Ok((setup, _)) = read_frame::<Setup>(from, u64::MAX) {
        same_again(&setup)?;
    }
    loop {
        match read_frame::<Order>(from, 1 << 20) {
            Ok((order, _)) => {
                same_again(&order)?;
                if let Order::Begin { stage, .. } = &order {
                    begun.extend(stage.layout(manifest, schema).map(|layout| layout.totals_len()).ok());
                }
            }
            Err(FrameError::Closed) => return Some(begun),
            Err(_) => {}
        }
    }
}

/// A frame with a setup that nobody serves, and one with an order to begin a round: where a fuzzer starts.
pub fn seeds(manifest: &Manifest, schema: &PublicSchema) -> Vec<u8> {
    let setup = Setup { manifest: manifest.clone(), schema: schema.clone(), parameters: vec![], side_tables: vec![], sources: vec![] };
    let mut bytes = Vec::new();
    let orders = [
        Order::Begin { of_module: 1, stage: Stage::Declared },
        Order::Begin { of_module: 1, stage: Stage::Bounds },
        Order::Begin { of_module: 2, stage: Stage::Within(tidegate_statistics::ChosenBounds { bounds: vec![Some([0.0, 1.0]), None] }) },
        Order::Do(Task::Units { shard: 0, from: 0, count: 3 }),
        Order::Do(Task::Block { block: 1 }),
    ];
    let written = crate::write_frame(&mut bytes, &setup, b"module");
    let written = written.and_then(|()| orders.iter().try_for_each(|order| crate::write_frame(&mut bytes, order, &[])));
    written.map_or_else(|_| Vec::new(), |()| bytes)
}

fn same_again<T: Serialize + DeserializeOwned>(read: &T) -> Option<()> {
    let written = serde_json::to_vec(read).ok()?;
    let again: T = serde_json::from_slice(&written).ok()?;
    (serde_json::to_vec(&again).ok()? == written).then_some(())
}
