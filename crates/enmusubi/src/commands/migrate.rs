//! `migrate`: the schema, brought up to date, and on Citus distributed.

use std::process::ExitCode;

use serde_json::json;
use store_postgres::Distribution;

use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Migrates and says from which version to which; with `distribute`, what lies where.
///
/// # Errors
/// When the database cannot be used, is newer than this binary, or cannot be distributed.
pub(crate) async fn run(settings: &Settings, output: Output, distribute: bool) -> Result<ExitCode, Failure> {
    if distribute {
        let ((from, to), done) = crate::database::distribute(settings).await?;
        let json = json!({
            "from": from, "to": to, "distributed": done.placed, "already_distributed": done.already,
            "shards": done.shards, "nodes": done.nodes,
        });
        output.either(&json, format!("{}\n{}", schema(from, to), told(&done)));
        return Ok(ExitCode::SUCCESS);
    }
    let (from, to) = crate::database::migrate(settings).await?;
    output.either(&json!({"from": from, "to": to}), schema(from, to));
    Ok(ExitCode::SUCCESS)
}

fn schema(from: i64, to: i64) -> String {
    if from == to {
        format!("the schema is at version {to}")
    } else {
        format!("the schema went from version {from} to {to}")
    }
}

fn told(done: &Distribution) -> String {
    let Distribution { placed, already, shards, nodes } = done;
    let lie = format!("{shards} shards on {nodes} node(s)");
    match placed.as_slice() {
        [] => format!("all {already} tables were distributed already, over {lie}"),
        placed => format!(
            "{} tables are distributed now, {already} were already, over {lie}: {}",
            placed.len(),
            placed.join(", ")
        ),
    }
}
