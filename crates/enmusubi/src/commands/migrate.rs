//! `migrate`: the schema, brought up to date.

use std::process::ExitCode;

use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Migrates and says from which version to which.
///
/// # Errors
/// When the database cannot be used or is newer than this binary.
pub(crate) async fn run(settings: &Settings, output: Output) -> Result<ExitCode, Failure> {
    let (from, to) = crate::database::migrate(settings).await?;
    let text = if from == to {
        format!("the schema is at version {to}")
    } else {
        format!("the schema went from version {from} to {to}")
    };
    output.either(&json!({"from": from, "to": to}), text);
    Ok(ExitCode::SUCCESS)
}
