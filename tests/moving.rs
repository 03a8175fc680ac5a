//! Moving between engines: `enmusubi copy`, and stores that do the same on either.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

#[path = "moving/broken.rs"]
mod broken;
#[path = "moving/distributed.rs"]
mod distributed;
#[path = "moving/engines.rs"]
mod engines;
#[path = "moving/servers.rs"]
mod servers;
#[path = "moving/stores.rs"]
mod stores;

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use testkit::ServerOptions;

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

/// A server on this database, with this data folder.
fn on(database: &str, data: &Path) -> ServerOptions {
    let environment = vec![
        ("ENMUSUBI_DATABASE".to_owned(), database.to_owned()),
        ("ENMUSUBI_DATA_DIR".to_owned(), data.display().to_string()),
    ];
    ServerOptions { environment, ..ServerOptions::default() }
}

fn sqlite(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn command(from: &str, to: &str) -> std::process::Command {
    let mut command = std::process::Command::new(BINARY);
    command.args(["copy", "--json", "--from", from, "--to", to]).env("ENMUSUBI_LOG", "warn");
    command
}

fn told(output: &Output) -> (i32, String) {
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Copies, and gives what was told: it must come to its end. The secret key is found in `data`, or beside the source.
fn copy(from: &str, to: &str, data: Option<&Path>) -> Value {
    let mut command = command(from, to);
    if let Some(data) = data {
        command.arg("--data-dir").arg(data);
    }
    let output = command.output().unwrap();
    assert_eq!(told(&output), (0, String::new()));
    serde_json::from_slice(&output.stdout).unwrap()
}
