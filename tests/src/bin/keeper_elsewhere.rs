//! The keeper under another clock and with other children than the product has: `keeper-elsewhere SECONDS PROGRAM DOMAIN`, on its
//! standard input and output. Tests make old records and cheating noise with it; the product has no switch that does this.

use std::io::{BufReader, BufWriter, stdin, stdout};
use std::path::PathBuf;
use tidegate_service::children::Programs;
use tidegate_service::{serve_keeper, shift_clock};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).expect("SECONDS");
    let program = PathBuf::from(arguments.next().expect("PROGRAM"));
    let domain = PathBuf::from(arguments.next().expect("DOMAIN"));
    shift_clock(seconds);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let served = serve_keeper(domain, Programs { program }, BufReader::new(stdin()), BufWriter::new(stdout()));
    if runtime.block_on(served).is_err() {
        std::process::exit(1);
    }
}
