//! The pipe between coordinator and worker, in both directions.

use crate::choose;
use crate::fixtures::Sample;
use std::sync::OnceLock;
use tidegate_engine::{Task, fuzzing};

fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| (0..4).map(Sample::numbered).collect())
}

/// A byte for the sample, one for the direction, one for the number of units, and what is on the pipe.
pub fn run(bytes: &[u8]) {
    let Some((number, rest)) = choose(bytes, 4) else { return };
    let Some((direction, rest)) = choose(rest, 3) else { return };
    let Some((units, rest)) = choose(rest, 4) else { return };
    let (sample, units) = (&samples()[usize::from(number)], u64::from(units) + 1);
    let task = Task::Units { shard: 0, from: 0, count: units };
    match direction {
        0 => totals(rest, &task, units, sample),
        1 => frame(rest, &task, sample),
        _ => {
            let begun = fuzzing::orders_to_worker(rest, &sample.manifest, &sample.schema);
            let begun = begun.expect("what was read reads as itself again");
            assert!(begun.iter().all(|length| *length <= 1 << 24), "a round of another size");
        }
    }
}

/// The body of an answer alone: as long as it must be, its bytes from the input again and again.
fn totals(bytes: &[u8], task: &Task, units: u64, sample: &Sample) {
    let length = usize::try_from(sample.layout.sums_bytes(units)).expect("a length");
    let mut body = bytes.to_vec();
    body.resize(length, 0);
    if let Ok(sums) = sample.layout.decode_sums(&body, units) {
        assert!(sample.layout.in_range(&sums, units), "{task:?} out of range");
        assert_eq!(sample.layout.encode_sums(&sums, units), body, "totals have one encoding");
        let mut twice = sums.clone();
        twice.merge(&sums);
        assert!(sample.layout.in_range(&twice, 2 * units), "the sum of two is within twice the bounds");
    }
}

/// A whole frame.
fn frame(bytes: &[u8], task: &Task, sample: &Sample) {
    let Some(encoded) = fuzzing::totals_from_worker(bytes, task, &sample.layout) else { return };
    let length = |at: usize| usize::try_from(u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))).expect("a length");
    let body = &bytes[16 + length(0)..][..length(8)];
    assert_eq!(encoded, body, "totals have one encoding");
}
