//! A worker that is killed by certain units: the engine's own, but it aborts before a range that holds one.
//!
//! `worker-that-dies SHARD:UNIT…` names them; a block has the shard 4294967295. Without arguments it is an ordinary worker.

use std::io::{BufReader, BufWriter, stdin, stdout};
use tidegate_engine::Task;

fn main() {
    let deadly: Vec<(u32, u64)> = std::env::args().skip(1).map(|text| parse(&text)).collect();
    let die = |task: &Task| {
        let inside = |(shard, unit): &(u32, u64)| match task {
            Task::Units { shard: of, from, count } => shard == of && (*from..from + count).contains(unit),
            Task::Block { block } => *shard == u32::MAX && *unit == u64::from(*block),
        };
        if deadly.iter().any(inside) {
            std::process::abort();
        }
    };
    let served = tidegate_engine::serve(BufReader::new(stdin()), BufWriter::new(stdout()), die);
    if served.is_err() {
        std::process::exit(1);
    }
}

fn parse(text: &str) -> (u32, u64) {
    let (shard, unit) = text.split_once(':').expect("SHARD:UNIT");
    (shard.parse().expect("shard"), unit.parse().expect("unit"))
}
