//! A noise process that cheats: it asks the real one for 0.8 (or another part) of each scale. The statistical audit must catch it; the
//! product has no switch that does this.

use serde_json::Value;
use std::io::{BufReader, BufWriter, stdin, stdout};
use std::process::{Command, Stdio};
use tidegate_engine::{read_frame, write_frame};

/// So much of each scale is drawn, where the first argument says nothing else.
const FACTOR: f64 = 0.8;

fn main() {
    let factor = std::env::args().nth(1).map_or(FACTOR, |text| text.parse().expect("a factor"));
    let (mut draws, totals) = read_frame::<Value>(&mut BufReader::new(stdin()), u64::MAX).expect("a request");
    for draw in draws.as_array_mut().expect("a list of draws") {
        draw["scale"] = Value::from(draw["scale"].as_f64().expect("a scale") * factor);
    }
    let program = std::env::current_exe().expect("own path").with_file_name("tidegate");
    let mut command = Command::new(program);
    let mut real = command.args(["internal", "noise"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the noise process");
    write_frame(&mut real.stdin.take().expect("its input"), &draws, &totals).expect("ask");
    let (said, noised) = read_frame::<Value>(&mut real.stdout.take().expect("its output"), u64::MAX).expect("an answer");
    let _ = real.wait();
    write_frame(&mut BufWriter::new(stdout()), &said, &noised).expect("pass it on");
}
