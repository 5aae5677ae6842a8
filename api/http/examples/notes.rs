//! The tests' interface as a program, for clients written by others: `cargo run --example notes [ADDRESS]`.

#[allow(dead_code, missing_docs)]
#[path = "../tests/api/notes.rs"]
mod notes;

use notes::{Behind, Notes, table};
use tidegate_http::api::{Rate, Settings, serve};
use tidegate_http::{Listening, until_stopped};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listening = Listening::on(&address).await?;
    eprintln!("http://{}", listening.address);
    let rate = Rate { burst: 1_000_000, per_minute: 1_000_000 };
    let settings = Settings { address_rate: rate, credential_rate: rate, ..Settings::default() };
    serve(listening, None, settings, table(), Behind(Notes::new()), until_stopped()).await?;
    Ok(())
}
