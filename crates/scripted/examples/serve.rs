//! Serves a scenario file until it is interrupted: `cargo run -p squad-scripted --example serve -- scenario.toml [address]`.

use std::error::Error;

use squad_scripted::{Scenario, ScriptedModel};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example tells its user where it listens")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let scenario = match args.next() {
        Some(path) => Scenario::parse(&std::fs::read_to_string(path)?)?,
        None => Scenario::demo(),
    };
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    let model = ScriptedModel::start(scenario, address).await?;
    println!("{}", model.base_url);
    tokio::signal::ctrl_c().await?;
    model.stop().await;
    Ok(())
}
